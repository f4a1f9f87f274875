"""A condition over a file's headers, as SQL over its cells: they are read as the table reads them,
and what cannot be compared is refused in words.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from kampass.conditions import columns_in, parsed, unknown
from kampass.errors import DataError, DefinitionError
from kampass.intake.mapping.amounts import has_signs, number
from kampass.intake.mapping.convert import NUMBERS, column_of, trimmed, zones
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.readers.formats import OFFSET, bound, iso_day
from kampass.intake.readers.raw import FILE, LINE, RawTable
from kampass.model.conform import literal

if TYPE_CHECKING:
    from sqlglot import exp

_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?"
_KINDS = {"day": _DAY, "clock": _DAY + _CLOCK, "instant": f"{_DAY}{_CLOCK}({OFFSET})"}
READS = {
    "number": "number",
    "day": "ISO day (2026-03-01)",
    "clock": "ISO time (2026-03-01T09:30)",
    "instant": "ISO time with an offset (2026-03-01T09:30:00Z)",
}


@dataclass(frozen=True)
class UnreadCells:
    """The cells of a header that a condition compares and that do not read: what they should be,
    the SQL of the cell, and the SQL that is true of them.
    """

    header: str
    what: str
    cell: str
    holds: str


@dataclass(frozen=True)
class RowCondition:
    """A condition over a file's headers: the SQL that is true where it holds, the headers it reads,
    and which of their cells it cannot read.
    """

    sql: str
    headers: frozenset[str]
    unread: tuple[UnreadCells, ...] = ()


@dataclass(frozen=True)
class CellReadings:
    """How cells are read: a header that fills a column alone as that column is, any other as the
    table says; with `flags` some are typed by their file. Of `asked` headers, which fill numbers,
    the preview asks how they are written.
    """

    index: Mapping[str, int]
    of: Mapping[str, Filling]
    other: Filling
    flags: bool
    asked: frozenset[str]

    def filling(self, header: str) -> Filling:
        """How the cells of a header are read."""
        return Filling("") if header in {LINE, FILE} else self.of.get(header, self.other)

    def text(self, header: str) -> str:
        """The SQL of a cell's text; null where it is empty."""
        known = {LINE: "CAST(_line AS VARCHAR)", FILE: "_file"}
        filling = self.filling(header)
        cell = known.get(header) or f"c{self.index[header]}"
        cell = trimmed(cell) if filling.trim else cell
        empty = ", ".join(literal(word) for word in ("", *filling.null))
        return f"CASE WHEN {cell} NOT IN ({empty}) THEN {cell} END"

    def number(self, header: str) -> str:
        """The SQL of a cell's number; null where it is none."""
        filling, text = self.filling(header), self.text(header)
        plain = f"TRY_CAST({text} AS DECIMAL(38, 9))"
        if not has_signs(filling):
            return plain
        read = bound(text, "w_", lambda at: f"TRY_CAST({number(filling, at)} AS DECIMAL(38, 9))")
        if not (self.flags and header in self.index):
            return read
        return f"CASE WHEN t{self.index[header]} THEN {plain} ELSE {read} END"

    def moment(self, header: str, kind: str) -> str:
        """The SQL of a cell's day or time, of the kind that it is compared with; null where it is
        none.
        """
        zone, hung = zones(self.filling(header))

        def read(at: str) -> str:
            instant = f"TRY_CAST({at} AS TIMESTAMPTZ)"
            offset = f"regexp_full_match({at}, {literal(_KINDS['instant'])})"
            plain = f"regexp_full_match({at}, {literal(f'{_DAY}({_CLOCK})?')})"
            clock = f"CASE WHEN {plain} THEN TRY_CAST({at} AS TIMESTAMP) END"
            if kind == "instant":
                at_zone = f"timezone({literal(hung or zone)}, {clock})"
                return f"CASE WHEN {offset} THEN {instant} ELSE {at_zone} END"
            if kind == "clock":
                local = f"timezone({literal(hung or zone)}, {instant})"
                return f"CASE WHEN {offset} THEN {local} ELSE {clock} END"
            day = f"regexp_full_match({at}, '{_DAY}')"
            return f"TRY_CAST(CASE WHEN {day} THEN {at} ELSE {iso_day(at, zone, hung)} END AS DATE)"

        return bound(self.text(header), "w_", read)


def readings(mapping: TableMapping, raw: RawTable) -> CellReadings:
    """How a mapping reads the cells of a file."""
    index = {header: position for position, header in enumerate(raw.headers)}
    said = {key: value for key, value in mapping.defaults.items() if key != "pivot"}
    other = Filling("", home=mapping.zone, **said)
    of: dict[str, Filling] = {}
    asked = set()
    for filling in mapping.fillings if mapping.select is None else ():
        if len(filling.columns) == 1:
            kind = column_of(mapping.model.name, filling.name).type
            header = filling.columns[0]
            if header not in of or kind in NUMBERS:
                of[header] = filling
            asked |= {header} if kind in NUMBERS else set()
    return CellReadings(index, of, other, raw.flags, frozenset(asked))


def condition(place: str, text: str, cells: CellReadings) -> RowCondition:
    """Read a condition over headers, which stand in double quotes.

    An empty cell is the empty text, and null to `is null`. Beside a number a cell is read as a
    number, and ordered against an ISO day as a day; one that is none is unknown, and its row is
    left out. To the right of a sign a word in double quotes that is no header is a text.
    """
    from sqlglot import exp

    known = {LINE, FILE, *cells.index}
    try:
        tree = _with_texts(parsed(text).copy(), known)
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
    whole = exp.Paren(this=tree)
    _can_be_told(place, whole, cells)
    moments = _moments(place, whole)
    filler = tuple(whole.find_all(exp.Coalesce, exp.Least, exp.Greatest, exp.Case))
    unread = []
    for column in list(whole.find_all(exp.Column)):
        sql, what = _read(column, cells, moments.get(id(column), ""))
        if what:
            stands = cells.text(column.name)
            unread.append(
                UnreadCells(column.name, what, stands, f"{stands} IS NOT NULL AND {sql} IS NULL")
            )
        column.replace(exp.Var(this=f"({sql})"))
    for one in list(whole.find_all(exp.Literal)):
        if kind := moments.get(id(one)):
            one.replace(exp.Var(this=_constant(one.name, kind)))
    sql = whole.sql(dialect="duckdb")
    hangs = "true" if filler else f"{sql} IS NULL"
    told = {
        (one.header, one.what): replace(one, holds=f"{hangs} AND {one.holds}") for one in unread
    }
    return RowCondition(f"coalesce({sql}, false)", used, tuple(told.values()))


def _with_texts(tree: "exp.Expression", known: set[str]) -> "exp.Expression":
    """The tree with texts in place of quoted words that are no header, to the right of a sign."""
    from sqlglot import exp

    for node in list(tree.find_all(exp.Column)):
        quoted = isinstance(node.this, exp.Identifier) and node.this.quoted
        if node.name in known or node.table or not quoted:
            continue
        beside = node.parent.this if node.parent is not None else None
        signs = exp.EQ | exp.NEQ | exp.In | exp.GT | exp.GTE | exp.LT | exp.LTE | exp.Between
        right = isinstance(node.parent, signs) and beside is not node
        if not (right and isinstance(beside, exp.Expression) and beside.find(exp.Column)):
            raise unknown(node, sorted(known))
        node.replace(exp.Literal.string(node.name))
    return tree


def _can_be_told(place: str, tree: "exp.Expression", cells: CellReadings) -> None:
    """Refuse a text that no cell can hold, as the cells are read."""
    from sqlglot import exp

    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        texts = {one.name for one in node.find_all(exp.Literal) if one.is_string} - {""}
        for column in node.find_all(exp.Column):
            filling = cells.filling(column.name)
            empty = texts & set(filling.null)
            blank = {text for text in texts if filling.trim and text != text.strip()}
            for text in sorted(empty | blank):
                why = "means empty by null" if text in empty else "has blanks that trim takes away"
                raise DataError(
                    f"{place}: '{text}' {why}, so no cell of '{column.name}' is ever that.",
                    code="bad_settings",
                    hint="Compare with the empty text, '', or without the blanks.",
                )


def _read(column: "exp.Column", cells: CellReadings, moment: str) -> tuple[str, str]:
    """A header as the SQL of its cell, by what it stands beside; and what the cell should be, where
    not every cell is that.
    """
    from sqlglot import exp

    if moment:
        return cells.moment(column.name, moment), READS[moment]
    if _beside_a_number(column):
        return cells.number(column.name), READS["number"]
    text = cells.text(column.name)
    return (
        text if isinstance(column.parent, exp.Is | exp.Coalesce) else f"coalesce({text}, '')"
    ), ""


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
    return compared and node is not None and _numeric(node)


def _numeric(node: "exp.Expression") -> bool:
    from sqlglot import exp

    literals = node.find_all(exp.Literal)
    reckoned = node.find(exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs)
    return reckoned is not None or any(not one.is_string for one in literals)


def _moments(place: str, tree: "exp.Expression") -> dict[int, str]:
    """Of the nodes that are ordered by day or time, which of the two; DataError where texts are
    ordered, which goes letter by letter.
    """
    from sqlglot import exp

    found: dict[int, str] = {}
    for node in tree.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between):
        if _numeric(node) or not node.find(exp.Column):
            continue
        sides = [_bare(side) for side in _sides(node)]
        kinds = {_kind(side) for side in sides if not isinstance(side, exp.Column)}
        if len(kinds) != 1 or "" in kinds:
            raise DataError(
                f"{place}: '{node.sql(dialect='duckdb')}' would order texts letter by letter.",
                code="bad_settings",
                hint="< and > compare with a number, which stands without quotes, or with an ISO "
                "day, '2026-03-01', where the cells are ISO days too; two headers that are numbers "
                'are compared as "a" - "b" > 0. A SELECT reads days that are written otherwise.',
            )
        found |= dict.fromkeys(map(id, sides), kinds.pop())
    return found


def _sides(node: "exp.Expression") -> "Iterator[exp.Expression]":
    yield from (
        node.args[name] for name in ("this", "expression", "low", "high") if name in node.args
    )


def _bare(side: "exp.Expression") -> "exp.Expression":
    from sqlglot import exp

    while isinstance(side, exp.Paren):
        side = side.this
    return side


def _kind(side: "exp.Expression") -> str:
    """What a text that is compared with says; nothing where it is no ISO day or time."""
    from sqlglot import exp

    if not (isinstance(side, exp.Literal) and side.is_string):
        return ""
    try:
        date.fromisoformat(side.name[:10])
    except ValueError:
        return ""
    return next((kind for kind, form in _KINDS.items() if re.fullmatch(form, side.name)), "")


def _constant(text: str, kind: str) -> str:
    sort = {"day": "DATE", "clock": "TIMESTAMP", "instant": "TIMESTAMPTZ"}[kind]
    return f"CAST({literal(text)} AS {sort})"
