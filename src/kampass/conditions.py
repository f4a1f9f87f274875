"""Conditions as people write them, in definitions and in mappings: parsed, held against an
allow-list, written anew from the tree.

No person's text ever reaches the database: only nodes that are listed here do, and columns that are
there.
"""

from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from kampass.errors import DefinitionError

if TYPE_CHECKING:
    from sqlglot import exp

LONGEST = 2000
GREATEST = 1e16
"""Beyond it, neighbouring whole numbers are one number."""
_LANGUAGE = (
    "Use columns, literals, comparisons, and, or, not, in, between, is null, arithmetic, coalesce, "
    "abs, least, greatest, lower, upper, case."
)


@lru_cache(maxsize=4096)
def parsed(text: str) -> "exp.Expression":
    """The tree of an expression; DefinitionError where it is none, is too long, holds a comment or
    a number beyond what a figure can be.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if len(text) > LONGEST:
        raise DefinitionError(
            f"An expression is longer than {LONGEST} characters.",
            hint="Split it into several measures.",
        )
    try:
        tree = sqlglot.parse_one(str(text), dialect="duckdb")
    except (SqlglotError, RecursionError) as wrong:
        raise DefinitionError(f"'{text}' cannot be read: {str(wrong).split(chr(10))[0]}") from None
    if any(node.comments for node in tree.walk()):
        raise DefinitionError(f"'{text}' holds a comment.", hint="Say it in the formula or a trap.")
    for number in tree.find_all(exp.Literal):
        if number.is_number and not float(number.this) <= GREATEST:
            raise DefinitionError(
                f"The number {number.this} in '{text}' is too large.",
                hint="Sixteen digits are told apart, no more: divide it, or change the unit.",
            )
    return tree


def columns_in(tree: "exp.Expression", columns: Collection[str], text: str) -> frozenset[str]:
    """The columns that a condition reads; DefinitionError names the word that is not allowed."""
    from sqlglot import exp

    allowed, used = _allowed(), set()
    for node in tree.walk():
        if not isinstance(node, allowed):
            raise DefinitionError(f"'{node.sql()}' is not allowed in '{text}'.", hint=_LANGUAGE)
        if isinstance(node, exp.Column):
            if node.table or node.name not in columns:
                raise unknown(node, columns)
            used.add(node.name)
    return frozenset(used)


def unknown(column: "exp.Column", columns: Collection[str]) -> DefinitionError:
    """The error of a column that is not there."""
    close = get_close_matches(column.name, list(columns), n=1)
    near = f" Did you mean '{close[0]}'?" if close else f" Columns: {', '.join(columns)}."
    return DefinitionError(f"There is no column '{column.sql()}' here.{near}")


def _allowed() -> tuple[type, ...]:
    from sqlglot import exp

    return (
        exp.And,
        exp.Or,
        exp.Not,
        exp.EQ,
        exp.NEQ,
        exp.GT,
        exp.GTE,
        exp.LT,
        exp.LTE,
        exp.In,
        exp.Is,
        exp.Between,
        exp.Null,
        exp.Boolean,
        exp.Literal,
        exp.Column,
        exp.Identifier,
        exp.Paren,
        exp.Add,
        exp.Sub,
        exp.Mul,
        exp.Neg,
        exp.Coalesce,
        exp.Abs,
        exp.Least,
        exp.Greatest,
        exp.Lower,
        exp.Upper,
        exp.Case,
        exp.If,
    )
