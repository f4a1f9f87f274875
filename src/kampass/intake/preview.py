"""What a source would become before anything is loaded: each column with examples, and the rows
that would be set aside.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from kampass.errors import UnknownName
from kampass.intake import cells
from kampass.intake.cells import Texts
from kampass.intake.mapping.convert import RAW, column_of
from kampass.intake.mapping.questions import OpenQuestion
from kampass.intake.mapping.source import MappedSource
from kampass.intake.mapping.view import View
from kampass.intake.readers.memory import in_memory
from kampass.intake.spans import last_days
from kampass.model import TABLES
from kampass.model.conform import Check, judged, quoted
from kampass.model.keys import conflicting, key_of, ranked, same, state_columns
from kampass.model.messages import Batch, Source, TableSource
from kampass.model.scan import FileCount, Scan

if TYPE_CHECKING:
    from kampass.intake.readers.memory import Connection

_EXAMPLES = 3
_CELLS = 100_000
_MESSAGES = 1_000


@dataclass(frozen=True)
class Aside:
    """A row that would be set aside: where it stands, what stands there, why."""

    file: str
    line: int | None
    column: str
    value: str | None
    reason: str


@dataclass(frozen=True)
class ColumnPreview:
    """One canonical column: what fills it, how it is read, examples before and after; how many
    cells are `empty` in the file, hold a word that means nothing (`nulls`, each with its cells), or
    do not read (`set_aside`, `unread` the texts that do not, the most frequent first).
    """

    column: str
    type: str
    required: bool
    attribute: bool
    source: str
    format: str
    examples: tuple[tuple[str, str | None], ...]
    empty: int
    set_aside: int
    nulls: Texts = ()
    unread: Texts = ()


@dataclass(frozen=True)
class TablePreview:
    """One table: its file, what each column becomes, what would be set aside, what is left open.

    `files` says what became of each file's records; `conflicting` rows differ from the one of their
    key that would count, with nothing to order them.
    """

    table: str
    file: str
    form: str
    rows: int
    torn: int
    set_aside: int
    columns: tuple[ColumnPreview, ...]
    aside: tuple[Aside, ...]
    unmapped: tuple[str, ...]
    unfilled: tuple[str, ...]
    missing: tuple[str, ...]
    questions: tuple[OpenQuestion, ...]
    notices: tuple[str, ...]
    files: tuple[FileCount, ...]
    conflicting: int

    @property
    def kept(self) -> int:
        """How many rows would not be set aside."""
        return self.rows - self.set_aside

    def to_dict(self) -> dict[str, Any]:
        """The preview, ready for JSON."""
        return asdict(self) | {"files": [file.to_dict() for file in self.files]}


@dataclass(frozen=True)
class Preview:
    """A source's tables as they would be loaded."""

    source: str
    tables: tuple[TablePreview, ...]

    @property
    def keeps_nothing(self) -> bool:
        """Whether rows were read and none of them would be kept: a load of them would wait."""
        rows = sum(table.rows for table in self.tables)
        return rows > 0 and not any(table.kept for table in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """The preview, ready for JSON."""
        return {"source": self.source, "tables": [table.to_dict() for table in self.tables]}


def preview(
    source: Source,
    table: str | None = None,
    *,
    timezone: str,
    rows: int = 5,
    tell: Callable[[str], None] = lambda _: None,
) -> Preview:
    """Read a source's tables, or one of them, and say what they would become; nothing is loaded."""
    stated = _scans(source)
    if table is not None and table not in stated:
        raise UnknownName(
            "table",
            table,
            stated,
            hint=f"The source '{source.name}' states {', '.join(stated) or 'no table'}.",
        )
    found = []
    for name in [table] if table else stated:
        tell(f"Reading {name}")
        view = source.view(name) if isinstance(source, MappedSource) else None
        found.append(_table(view.scan if view else stated[name](), view, timezone, rows))
    return Preview(source.name, tuple(found))


def _scans(source: Source) -> dict[str, Callable[[], Scan]]:
    """How to have a look at each table: the whole of it, or what a feed of changes says of it
    first.
    """
    if isinstance(source, TableSource):
        return {name: partial(source.scan, name) for name in source.tables()}
    found: dict[str, Callable[[], Scan]] = {}
    for message in islice(source.read(None), _MESSAGES):
        if isinstance(message, Batch) and message.scan.table not in found:
            found[message.scan.table] = partial(lambda scan: scan, message.scan)
    return found


def _table(scan: Scan, view: View | None, timezone: str, rows: int) -> TablePreview:
    table = TABLES[scan.table]
    with in_memory(scan.objects) as connection:
        mapped = view is not None and _has_raw(connection, scan)
        rules = _stage(connection, scan, timezone, mapped=mapped)
        counts = _count(connection, scan, rules, mapped=mapped)
        unread = cells.unread(connection, rules) if counts.set_aside else {}
        seen = {} if view else _first(connection, scan)
        columns = tuple(
            replace(
                _column(connection, scan, view, name, counts, seen.get(name)),
                unread=unread.get(name, ()),
            )
            for name in scan.columns
            if table.has(name) or table.more
        )
        aside = _aside(connection, scan, rules, rows, anything=counts.set_aside > 0)
        differing = _conflicting(connection, scan, timezone)
        told = last_days(scan)
        notices = (view.notices if view else ()) + _blanks(scan, counts) + ((told,) if told else ())
    return TablePreview(
        table.name,
        scan.place,
        view.raw.form if view else "canonical",
        counts.rows + len(scan.rejects),
        len(scan.rejects),
        counts.set_aside + len(scan.rejects),
        columns,
        aside,
        view.unmapped
        if view
        else tuple(name for name in scan.columns if not (table.has(name) or table.more)),
        tuple(
            column.name
            for column in table.columns
            if column.name not in scan.columns and not column.required
        ),
        tuple(
            column.name
            for column in table.columns
            if column.name not in scan.columns and column.required
        ),
        view.questions if view else (),
        notices,
        scan.counts or (FileCount(scan.place, counts.rows + len(scan.rejects)),),
        differing,
    )


def _has_raw(connection: "Connection", scan: Scan) -> bool:
    """Whether beside every column stands what its file says: not where several lines make a row."""
    described = connection.execute(f"DESCRIBE {scan.relation}").fetchall()
    return {RAW + name for name in scan.columns} <= {str(row[0]) for row in described}


def _stage(connection: "Connection", scan: Scan, timezone: str, *, mapped: bool) -> list[Check]:
    """Judge every row as loading does, beside it the value that breaks a rule; the rules."""
    as_stated = [quoted("=" + name) for name in scan.columns]
    read = [f"CAST({quoted(name)} AS VARCHAR) AS {quoted('=' + name)}" for name in scan.columns]
    if mapped:
        as_stated += [quoted("<" + name) for name in scan.columns]
        read += [f"{quoted(RAW + name)} AS {quoted('<' + name)}" for name in scan.columns]
    rules, rows = judged(scan, timezone, read=read, kept=as_stated)
    value = " ".join(
        f"WHEN {index} THEN {quoted('=' + rule.column)}"
        for index, rule in enumerate(rules)
        if rule.column in scan.columns
    )
    connection.execute(
        f"CREATE TEMP VIEW judged AS SELECT _row, _broken, CASE _broken "
        f"{value or 'WHEN -1 THEN NULL'} END AS _value, {', '.join(as_stated)} FROM ({rows})"
    )
    return rules


def _conflicting(connection: "Connection", scan: Scan, timezone: str) -> int:
    """How many rows lose to one of their key that differs, with nothing to order the two."""
    table = TABLES[scan.table]
    state = state_columns(table)
    more = [quoted(name) for name in scan.columns if not table.has(name)]
    said = ", ".join(["''", *(f"nullif(CAST({name} AS VARCHAR), '')" for name in more)])
    read = [f"CAST(({said}) AS VARCHAR) AS _extra"]
    _, rows = judged(scan, timezone, read=read, kept=map(quoted, state))
    good = f"FROM ({rows}) WHERE _broken IS NULL"
    several = f"SELECT {key_of(table)} {good} GROUP BY ALL HAVING count(*) > 1"
    connection.execute(f"CREATE TEMP TABLE rival AS {several}")
    if not connection.execute("SELECT 1 FROM rival LIMIT 1").fetchall():
        return 0
    narrow = (
        f"SELECT j.*, 0 AS _load, j._row AS _line FROM (SELECT * {good}) j SEMI JOIN rival r ON "
        f"{same(table.key, 'j', 'r')}"
    )
    connection.execute(
        f"CREATE TEMP TABLE ranked AS {ranked(narrow, table, first=scan.keep == 'first')}"
    )
    lost, won = (f"SELECT * FROM ranked WHERE _rank {sign} 1" for sign in (">", "="))
    counted = f"SELECT count(*) FROM ({conflicting(lost, won, table)})"
    return int(connection.execute(counted).fetchall()[0][0])


@dataclass(frozen=True)
class _Counts:
    """What one pass over the judged rows counts."""

    rows: int
    set_aside: int
    broken: dict[str, int]
    empty: dict[str, int]
    emptied: dict[str, int]
    blank: dict[str, int]
    unseen: dict[str, int]


_UNSEEN = (
    r"[\x{0001}-\x{0008}\x{000E}-\x{001F}\x{0080}-\x{009F}\x{00AD}\x{200B}-\x{200F}"
    r"\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}]"
)


def _count(connection: "Connection", scan: Scan, rules: list[Check], *, mapped: bool) -> _Counts:
    """Count everything in one pass: a file may be large, and judging a row is most of the work."""
    texts = [
        name
        for name in scan.columns
        if column_of(scan.table, name).type == "text" and scan.columns[name] == "VARCHAR"
    ]
    counted = ["count(*)"] + [
        f"count(*) FILTER (WHERE _broken = {index})" for index in range(len(rules))
    ]
    for meaning in (cells.empty, cells.emptied):
        counted += [
            f"count(*) FILTER (WHERE {meaning(name, mapped=mapped)})" for name in scan.columns
        ]
    for name in texts:
        cell = (
            f"(CASE WHEN NOT contains({quoted('=' + name)}, chr(0)) THEN {quoted('=' + name)} END)"
        )
        counted.append(f"count(*) FILTER (WHERE {cell} <> trim({cell}, ' ' || chr(9)))")
        counted.append(f"count(*) FILTER (WHERE regexp_matches({cell}, '{_UNSEEN}'))")
    row = connection.execute(f"SELECT {', '.join(counted)} FROM judged").fetchone()
    assert row is not None
    found = [int(number) for number in row]
    broken, rest = found[1 : len(rules) + 1], found[len(rules) + 1 :]
    by_column: dict[str, int] = {}
    for rule, number in zip(rules, broken, strict=True):
        by_column[rule.column] = by_column.get(rule.column, 0) + number
    width = len(scan.columns)
    odd = rest[2 * width :]
    return _Counts(
        found[0],
        sum(broken),
        by_column,
        dict(zip(scan.columns, rest[:width], strict=True)),
        dict(zip(scan.columns, rest[width : 2 * width], strict=True)),
        dict(zip(texts, odd[::2], strict=True)),
        dict(zip(texts, odd[1::2], strict=True)),
    )


def _first(connection: "Connection", scan: Scan) -> dict[str, tuple[tuple[str, str | None], ...]]:
    """The first different values of every column, in one look: a file may have ten thousand
    columns.
    """
    kept = ", ".join(quoted("=" + name) for name in scan.columns)
    rows = connection.execute(
        f"SELECT {kept} FROM judged LIMIT {max(20, _CELLS // len(scan.columns))}"
    ).fetchall()
    columns = [dict.fromkeys(filter(None, column)) for column in zip(*rows, strict=True)] or [
        {} for _ in scan.columns
    ]
    return {
        name: tuple((text, text) for text in list(found)[:_EXAMPLES])
        for name, found in zip(scan.columns, columns, strict=True)
    }


def _column(  # noqa: PLR0913, PLR0917 - what is known of one column
    connection: "Connection",
    scan: Scan,
    view: View | None,
    name: str,
    counts: _Counts,
    seen: tuple[tuple[str, str | None], ...] | None,
) -> ColumnPreview:
    column = column_of(scan.table, name)
    filling = (
        next((filling for filling in view.mapping.fillings if filling.name == name), None)
        if view
        else None
    )
    return ColumnPreview(
        name,
        column.type,
        column.required,
        not TABLES[scan.table].has(name),
        scan.origin.get(name, name),
        _format(filling, column.type),
        _examples(connection, view.pairs, name) if view else seen or (),
        counts.empty[name],
        counts.broken.get(name, 0),
        cells.words_for_nothing(connection, name) if counts.emptied[name] else (),
    )


def _examples(
    connection: "Connection", pairs: str, name: str
) -> tuple[tuple[str, str | None], ...]:
    """The first different values, before and after; what does not read becomes nothing."""
    before, after = quoted(RAW + name), quoted(name)
    rows = connection.execute(
        "SELECT b, a FROM (SELECT b, any_value(a) AS a, min(n) AS n FROM (SELECT row_number() "
        f"OVER () AS n, * FROM (SELECT {before} AS b, {after} AS a"
        f" FROM ({pairs}) WHERE coalesce({before}, '') <> '' LIMIT 1000)) GROUP BY b) ORDER BY n "
        f"LIMIT {_EXAMPLES}"
    ).fetchall()
    return tuple(
        (
            before.partition("\0")[0] or before.strip("\0").partition("\0")[0],
            None if after is None or after.startswith("\0") else after,
        )
        for before, after in rows
    )


def _format(filling: Any, kind: str) -> str:
    """How a column is read, in a few words."""
    if filling is None or not filling.columns:
        return ""
    forms = filling.date or filling.timestamp
    zone = (
        f" in {filling.timezone}"
        if filling.timezone and kind == "instant" and not filling.date
        else ""
    )
    if forms:
        return " or ".join(form.text for form in forms) + zone
    if filling.values:
        return f"{len(filling.values)} values, else {filling.otherwise}"
    if filling.true or filling.false:
        return f"true: {', '.join(filling.true)}; false: {', '.join(filling.false)}"
    if kind in {"decimal", "rate", "integer"} and (filling.decimal or filling.thousands):
        return f"decimal {filling.decimal or '.'}" + (
            f" thousands {filling.thousands!r}" if filling.thousands else ""
        )
    return "as it stands" + zone


def _aside(
    connection: "Connection",
    scan: Scan,
    rules: list[Check],
    rows: int,
    *,
    anything: bool,
) -> tuple[Aside, ...]:
    """The first rows that would be set aside, in the order of the file."""
    found = (
        []
        if not anything
        else connection.execute(
            f"SELECT _row, _broken, _value FROM judged WHERE _broken IS NOT NULL LIMIT {int(rows)}"
        ).fetchall()
    )
    lines = scan.lines([row for row, _, _ in found]) if found else {}
    known = [
        (lines[row], rules[broken].column, value, rules[broken].reason)
        for row, broken, value in found
    ]
    known += [(reject.line, "", reject.value, reject.reason) for reject in scan.rejects[:rows]]
    return tuple(
        Aside(scan.place_of(line)[0], *scan.told(line, column, value, reason))
        for line, column, value, reason in sorted(known, key=lambda item: item[0])[:rows]
    )


def _blanks(scan: Scan, counts: _Counts) -> tuple[str, ...]:
    """A word on each text column with blanks at an end, or with letters that nobody sees."""
    found = []
    for name, blank in counts.blank.items():
        told = scan.origin.get(name, name)
        found += (
            [
                (
                    f"{told}: {blank:,} values begin or end with a blank, which is kept; trim = "
                    "true "
                    "takes it away"
                )
            ]
            if blank
            else []
        )
        found += (
            [f"{told}: {counts.unseen[name]:,} values hold invisible or control characters"]
            if counts.unseen[name]
            else []
        )
    return tuple(found)
