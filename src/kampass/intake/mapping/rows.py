"""Which rows of a file count: those of a condition over its headers, above a footer, and on no line
that is said to be none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kampass.conditions import columns_in, parsed, unknown
from kampass.errors import DataError, DefinitionError
from kampass.intake.readers.raw import FILE, LINE

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True)
class RowCondition:
    """A condition over a file's headers: the SQL that is true where it holds, and the headers it
    reads.
    """

    sql: str
    headers: frozenset[str]


def condition(place: str, text: str, index: Mapping[str, int]) -> RowCondition:
    """Read a condition over headers, which stand in double quotes.

    An empty cell is the empty text, and null to `is null`. Beside a number a cell is read as a
    number; one that is none is unknown, and its row is left out. To the right of a sign a word in
    double quotes that is no header is a text.
    """
    known = {LINE: "CAST(_line AS VARCHAR)", FILE: "_file"}
    known |= {header: f"c{position}" for header, position in index.items()}
    try:
        tree = _with_texts(parsed(text), known)
        used = columns_in(tree, known, text)
    except DefinitionError as wrong:
        raise DataError(
            f"{place}: {wrong.message}",
            code="bad_settings",
            hint=wrong.hint or """Headers stand in "double quotes", texts in 'single' ones.""",
        ) from None
    if not used:
        raise DataError(
            f"{place}: '{text}' names no header.",
            code="bad_settings",
            hint="""Write "Header" = 'text'.""",
        )
    written = tree.transform(lambda node: _written(node, known))
    return RowCondition(f"coalesce({written.sql(dialect='duckdb')}, false)", used)


def _with_texts(tree: "exp.Expression", known: Mapping[str, str]) -> "exp.Expression":
    """The tree with texts in place of quoted words that are no header, to the right of a sign."""
    from sqlglot import exp

    for node in list(tree.find_all(exp.Column)):
        quoted = isinstance(node.this, exp.Identifier) and node.this.quoted
        if node.name in known or node.table or not quoted:
            continue
        beside = node.parent.this if node.parent is not None else None
        right = isinstance(node.parent, exp.EQ | exp.NEQ | exp.In) and beside is not node
        if not (right and isinstance(beside, exp.Expression) and beside.find(exp.Column)):
            raise unknown(node, known)
        node.replace(exp.Literal.string(node.name))
    return tree


def _written(node: "exp.Expression", known: Mapping[str, str]) -> "exp.Expression":
    """A header as the SQL of its cell, by what it stands beside."""
    import sqlglot
    from sqlglot import exp

    if not isinstance(node, exp.Column):
        return node
    cell = known[node.name]
    if _beside_a_number(node):
        cell = f"TRY_CAST(nullif({cell}, '') AS DECIMAL(38, 9))"
    elif isinstance(node.parent, exp.Is | exp.Coalesce):
        cell = f"nullif({cell}, '')"
    else:
        cell = f"coalesce({cell}, '')"
    return sqlglot.parse_one(cell, dialect="duckdb")


def _beside_a_number(column: "exp.Column") -> bool:
    """Whether a header is reckoned with, or compared with a number."""
    from sqlglot import exp

    node: exp.Expression | None = column.parent
    while isinstance(node, exp.Paren | exp.Coalesce | exp.Least | exp.Greatest):
        node = node.parent
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Neg | exp.Abs):
        return True
    compared = isinstance(node, exp.Binary | exp.Between | exp.In) and not isinstance(
        node, exp.Connector | exp.Is
    )
    literals = node.find_all(exp.Literal) if compared and node else ()
    return any(not one.is_string for one in literals)
