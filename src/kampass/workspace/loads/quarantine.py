"""What is set aside, as people see it: grouped with its effect on the KPIs, row by row, or as a CSV
to mend in a spreadsheet.

How far a figure would move nobody can say before a row is mended; what can be said is said: how
many rows of how many a KPI lacks, and in which months they fall where a row's own date reads.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from kampass.engine.backend import Backend
from kampass.engine.duckdb_backend import DuckDBBackend
from kampass.errors import DataError, QuestionError, UnknownName
from kampass.model import TABLES
from kampass.model.conform import literal, quoted, typed
from kampass.store import Snapshot
from kampass.workspace.home import Home

By = Literal["reason", "table", "load"]
META = ("_id", "_line", "_column", "_value", "_reason")
"""The columns a CSV of the quarantine has beside the source's own."""
_EXAMPLES = 3
_SEVERAL = {"reason": ("table", "reason"), "table": ("table",), "load": ("table", "load")}


@dataclass(frozen=True)
class SetAside:
    """One row that is set aside: where it stands, which cell is wrong and why, and the whole row as
    it stood.

    `id` names it, also in later loads of the same file; `row` is None for a line that is no row;
    `mended_by` is the load that mends it although the file still holds it, or that says that it is
    `dismissed`: no row at all.
    """

    table: str
    source: str
    load: int
    line: int | None
    column: str
    value: str | None
    reason: str
    row: Mapping[str, str | None] | None
    id: str
    mended_by: int | None = None
    dismissed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The row, ready for JSON."""
        return asdict(self) | {"row": None if self.row is None else dict(self.row)}

    @property
    def meta(self) -> tuple[object, ...]:
        """What a CSV says of the row under META."""
        return (self.id, self.line or "", self.column, self.value or "", self.reason)


@dataclass(frozen=True)
class Group:
    """Rows that are set aside for one reason (or in one table, or by one load), with the first of
    them.
    """

    table: str
    reason: str | None
    load: int | None
    rows: int
    lines: tuple[int, ...]
    example: str | None


@dataclass(frozen=True)
class QuarantineEffect:
    """What a KPI lacks of one table: `rows` of `of` are set aside, in `months` where a date reads,
    `undated` where none does.
    """

    kpi: str
    on: bool
    table: str
    rows: int
    of: int
    months: tuple[str, ...]
    undated: int

    @property
    def share(self) -> float:
        """The rows set aside in a hundred of the table's."""
        return 100 * self.rows / self.of


@dataclass(frozen=True)
class Quarantine:
    """What is set aside now; `rows` is filled where they were asked for. `mended`: wrong lines that
    somebody mended by hand; `dismissed`: lines that are no rows, as somebody has said.
    """

    snapshot: str
    total: int
    mended: int
    dismissed: int
    groups: tuple[Group, ...]
    effects: tuple[QuarantineEffect, ...]
    rows: tuple[SetAside, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The whole, ready for JSON."""
        effects = [asdict(effect) | {"share": effect.share} for effect in self.effects]
        return asdict(self) | {"effects": effects, "rows": [row.to_dict() for row in self.rows]}

    def to_csv(self) -> str:
        """The rows of one table and source as CSV: its own columns, and META; mend it and give it
        to `kampass data replay --from`.
        """
        places = sorted({(row.table, row.source) for row in self.rows})
        if len(places) > 1:
            named = ", ".join(f"{table} from {source}" for table, source in places)
            raise QuestionError(
                f"A CSV holds the rows of one table and source; here are {named}.",
                code="several_tables",
                hint="Add --table, or --source.",
            )
        own = list(dict.fromkeys(name for row in self.rows for name in row.row or ())) or [
            name for table, _ in places for name in TABLES[table].names
        ]
        taken = [name for name in own if name in META]
        if taken:
            raise DataError(
                f"'{places[0][0]}' has a column '{taken[0]}' of its own.",
                code="bad_header",
                hint="Rename it in the source, or use --format json.",
            )
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([*own, *META])
        for row in self.rows:
            cells = row.row or {}
            writer.writerow([*(cells.get(name) or "" for name in own), *row.meta])
        return text.getvalue()


@dataclass(frozen=True)
class Wish:
    """Which of the rows are meant: of a table, a source, a load, with these words in the reason."""

    table: str | None = None
    source: str | None = None
    load: int | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """UnknownName for a table that does not exist."""
        if self.table is not None and self.table not in TABLES:
            raise UnknownName("table", self.table, TABLES)

    @property
    def where(self) -> str:
        """The condition, with parameters of the fields' names."""
        same = [
            f'($w_{name} IS NULL OR "{name}" = $w_{name})' for name in ("table", "source", "load")
        ]
        return " AND ".join(
            [*same, "($w_reason IS NULL OR contains(lower(reason), lower($w_reason)))"]
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """Their values."""
        return {f"w_{name}": value for name, value in asdict(self).items()}


def examine(workspace: Home, wish: Wish, *, by: By = "reason", rows: bool = False) -> Quarantine:
    """What is set aside in the current snapshot."""
    if by not in get_args(By):
        raise QuestionError(
            f"The quarantine is not grouped by '{by}'.", hint=f"One of {', '.join(get_args(By))}."
        )
    snapshot = workspace.snapshot()
    backend = DuckDBBackend(snapshot)
    total, mended, dismissed = (
        _count(backend, f"{name} WHERE {wish.where}", wish.parameters)
        for name in (
            "_quarantine",
            "(FROM _mended WHERE NOT dismissed)",
            "(FROM _mended WHERE dismissed)",
        )
    )
    found = listed(snapshot, wish) if rows else ()
    return Quarantine(
        snapshot.id,
        total,
        mended,
        dismissed,
        tuple(_groups(backend, wish, by)),
        tuple(_effects(workspace, backend, wish)),
        found,
    )


def listed(
    snapshot: Snapshot,
    wish: Wish,
    *,
    mended: bool = True,
    page: tuple[int, int] | None = None,
) -> tuple[SetAside, ...]:
    """The rows, those mended by hand last; with a page (how many to skip, how many at most) only
    these.
    """
    cells = '"table", source, load, line, "column", value, reason, raw, mark'
    parts = [f"SELECT {cells}, NULL::BIGINT AS mended_by, false AS dismissed FROM _quarantine"] + (
        [f"SELECT {cells}, mended_by, dismissed FROM _mended"] if mended else []
    )
    sql = (
        f"SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE {wish.where} ORDER BY mended_by IS "
        'NOT NULL, "table", source, load, line, mark'
    )
    if page is not None:
        sql += f" LIMIT {int(page[1])} OFFSET {int(page[0])}"
    rows = DuckDBBackend(snapshot).run(sql, wish.parameters).all()
    return tuple(_row(row) for row in rows)


def places(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """Each table and source with rows set aside, and how many."""
    grouped = 'SELECT "table", source, count(*) FROM _quarantine GROUP BY ALL ORDER BY ALL'
    found = DuckDBBackend(snapshot).run(grouped)
    return [(table, source, rows) for table, source, rows in found.all()]


def one(snapshot: "Snapshot", mark: str) -> SetAside | None:
    """The row of that `_id`, if it is still set aside."""
    cells = '"table", source, load, line, "column", value, reason, raw, mark, NULL::BIGINT, false'
    row = (
        DuckDBBackend(snapshot)
        .run(
            f"SELECT {cells} FROM _quarantine WHERE mark = $mark ORDER BY load LIMIT 1",
            {"mark": mark},
        )
        .first()
    )
    return _row(row) if row else None


def _row(cells: Sequence[Any]) -> SetAside:
    table, source, load, line, column, value, reason, raw, mark, mended_by, dismissed = cells
    return SetAside(
        table,
        source,
        load,
        line,
        column,
        value,
        reason,
        json.loads(raw) if raw else None,
        mark,
        mended_by,
        dismissed,
    )


def _count(backend: Backend, what: str, parameters: dict[str, Any]) -> int:
    ((rows,),) = backend.run(f"SELECT count(*) FROM {what}", parameters).all()
    return int(rows)


def _groups(backend: Backend, wish: Wish, by: By) -> list[Group]:
    names = [name if name in _SEVERAL[by] else "NULL" for name in ("table", "reason", "load")]
    keys = ", ".join(quoted(name) if name != "NULL" else name for name in names)
    found = backend.run(
        f"SELECT {keys}, count(*), list_slice(list_sort(list(line) FILTER (line IS NOT NULL)), "
        f"1, {_EXAMPLES}), arg_min(value, (line, load))"
        f' FROM _quarantine WHERE {wish.where} GROUP BY ALL ORDER BY "table", count(*) DESC, 2, 3',
        wish.parameters,
    )
    return [
        Group(table, reason, load, rows, tuple(lines or ()), example)
        for table, reason, load, rows, lines, example in found.all()
    ]


def _effects(workspace: Home, backend: Backend, wish: Wish) -> list[QuarantineEffect]:
    """For each table with rows set aside, the KPIs that need it; those switched on come first."""
    found = []
    enabled = workspace.settings.enabled
    tables = backend.run(
        f'SELECT "table", count(*) FROM _quarantine WHERE {wish.where} GROUP BY 1 ORDER BY 1',
        wish.parameters,
    ).all()
    for table, rows in tables:
        of = rows + _count(backend, quoted(table), {})
        months, undated = _months(backend, wish, table, workspace.settings.timezone)
        needing = [kpi.id for kpi in workspace.catalogue if table in kpi.needs]
        ordered = [kpi for kpi in enabled if kpi in needing] + [
            kpi for kpi in needing if kpi not in enabled
        ]
        found += [
            QuarantineEffect(kpi, kpi in enabled, table, rows, of, months, undated)
            for kpi in ordered
        ]
    return sorted(found, key=lambda effect: not effect.on)


def _months(backend: Backend, wish: Wish, table: str, timezone: str) -> tuple[tuple[str, ...], int]:
    """The months in which the rows' own dates lie, and how many rows have none that reads."""
    dated = [
        column
        for column in TABLES[table].columns
        if column.required and column.type in {"date", "instant"}
    ]
    if not dated:
        return (), 0
    column = dated[0]
    cell = (
        f"json_extract_string(raw, {literal('$.' + json.dumps(column.name))}) AS "
        f"{quoted(column.name)}"
    )
    day = typed(column, "VARCHAR", timezone)
    local = f"timezone({literal(timezone)}, {day})" if column.type == "instant" else day
    sql = (
        f"SELECT strftime({local}, '%Y-%m') AS month, count(*) FROM (SELECT {cell} FROM "
        f'_quarantine WHERE {wish.where} AND "table" = $t) GROUP BY 1 ORDER BY 1'
    )
    months = backend.run(sql, wish.parameters | {"t": table}).all()
    return tuple(month for month, _ in months if month), sum(
        count for month, count in months if month is None
    )
