"""What a load that the deletion brake holds would change if somebody let it count.

The figures come from a snapshot built for the purpose: it is never current, on no list, and gone
when the answer is there.
"""

import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kampass.engine import Engine, Question
from kampass.engine.answer import instant_text
from kampass.errors import DataError
from kampass.model import TABLES, Table
from kampass.model.conform import literal, quoted
from kampass.model.keys import same
from kampass.store import Snapshot
from kampass.store.disk import connect
from kampass.store.records import Load, LoadedTable
from kampass.store.snapshots.build import SnapshotBuilder
from kampass.store.versions import winners
from kampass.workspace.home import Home
from kampass.workspace.loads.replay import current

_KEYS = 5
_MONTHS = 3


@dataclass(frozen=True)
class HeldTable:
    """What the load would do to one table: `deleted` of the source's `of` rows (the first of them
    by key), `added`, `changed`; `set_aside` and `conflicting` are counted as in the load's sum.
    """

    table: str
    deleted: int
    of: int
    first: tuple[str, ...]
    added: int
    changed: int
    set_aside: int = 0
    conflicting: int = 0


@dataclass(frozen=True)
class HeldReason:
    """Why rows of the load are set aside, how many, and what stands in the first of them."""

    table: str
    column: str
    reason: str
    rows: int
    line: int | None
    example: str | None


@dataclass(frozen=True)
class HeldFigure:
    """A KPI in a closed month, as it is and as it would be."""

    kpi: str
    name: str
    month: str
    unit: str
    now: float | None
    then: float | None


@dataclass(frozen=True)
class Held:
    """One load that waits, and what it would change."""

    load: int
    source: str
    recorded_at: str
    why: str
    tables: tuple[HeldTable, ...]
    reasons: tuple[HeldReason, ...]
    figures: tuple[HeldFigure, ...]

    def to_dict(self) -> dict[str, Any]:
        """The load, ready for JSON."""
        return asdict(self)


def held(workspace: Home, number: int | None = None) -> tuple[Held, ...]:
    """The loads that wait, or the one of that number."""
    waiting = [
        load for load in workspace.manifest.loads(states=("held",)) if number in {None, load.id}
    ]
    if number is not None and not waiting:
        raise DataError(
            f"Load {number} is not held.",
            code="load_not_held",
            hint="'kampass data loads' says which load waits.",
        )
    return tuple(_held(workspace, load) for load in waiting)


def _held(workspace: Home, load: Load) -> Held:
    with workspace.writing():
        before = [other for other in workspace.manifest.loads() if other.id < load.id]
        touched = [row for row in load.tables if row.file or row.quarantined or row.deleted]
        tables = tuple(_table(workspace, load, row, before) for row in touched)
        now = current(workspace) if before else None
        file = workspace.snapshots.folder / f".building-preview-{os.getpid()}"
        try:
            figures = tuple(_figures(workspace, now, _preview(workspace, load, file)))
        finally:
            file.unlink(missing_ok=True)
    recorded_at = instant_text(load.recorded_at) or ""
    reasons = _reasons(workspace, load)
    return Held(load.id, load.source, recorded_at, load.why, tables, reasons, figures)


def _reasons(workspace: Home, load: Load) -> tuple[HeldReason, ...]:
    """Why rows of a load are set aside, the most frequent reason first."""
    with connect(workspace.snapshots.folder) as connection:
        found = connection.execute(
            'SELECT "table", "column", reason, count(*), min(line), arg_min(value, line) FROM '
            f"({workspace.journal.quarantine([load])}) GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"
        ).fetchall()
    return tuple(HeldReason(*row) for row in found)


def _preview(workspace: Home, load: Load, file: Path) -> Snapshot:
    """A snapshot of the loads that count and this one."""
    file.unlink(missing_ok=True)
    loads = sorted([*workspace.manifest.loads(), load], key=lambda other: other.id)
    made_in, rules = workspace.snapshots.settings, workspace.snapshots.rules
    SnapshotBuilder(workspace.journal, loads, made_in, rules).build(file)
    return Snapshot("preview", file, max(other.recorded_at for other in loads))


def _table(workspace: Home, load: Load, row: LoadedTable, before: list[Load]) -> HeldTable:
    table = TABLES[row.table]
    judged = (row.quarantined, row.conflicting)
    if not row.file:
        return HeldTable(row.table, row.deleted, 0, (), 0, 0, *judged)
    stated = workspace.journal.versions(table, [load])
    with connect(workspace.snapshots.folder) as connection:
        known = workspace.journal.versions(table, before)
        connection.execute(
            f"CREATE TEMP VIEW known AS SELECT * FROM ({winners(known, table)}) WHERE NOT _deleted"
            if known
            else _none(stated)
        )
        connection.execute(
            f"CREATE TEMP TABLE stated AS SELECT {_key_text(table)} AS name, * FROM ({stated}) s"
        )
        match = same(table.key, "s", "k")
        counts = connection.execute(
            f"SELECT (SELECT count(*) FROM known WHERE _source = {literal(load.source)}),"
            " (SELECT count(DISTINCT name) FROM stated s WHERE NOT _deleted AND NOT EXISTS "
            f"(FROM known k WHERE {match})),"
            " (SELECT count(DISTINCT name) FROM stated s WHERE NOT _deleted AND EXISTS (FROM "
            f"known k WHERE {match}))"
        ).fetchone()
        gone = "SELECT name FROM stated WHERE _deleted"
        if row.anew:
            mine = f"k._source = {literal(load.source)}"
            named = _key_text(table, "k")
            gone = f"SELECT {named} AS name FROM known k ANTI JOIN stated s ON {match} WHERE {mine}"
        first = connection.execute(f"{gone} ORDER BY name LIMIT {_KEYS}").fetchall()
    assert counts is not None
    return HeldTable(
        row.table,
        row.deleted,
        counts[0],
        tuple(name for (name,) in first),
        counts[1],
        counts[2],
        *judged,
    )


def _none(stated: str | None) -> str:
    return f"CREATE TEMP VIEW known AS SELECT * FROM ({stated}) WHERE false"


def _key_text(table: Table, of: str = "s") -> str:
    cells = ", ".join(f"CAST({of}.{quoted(name)} AS VARCHAR)" for name in table.key)
    return f"concat_ws(' / ', {cells})"


def _figures(workspace: Home, now: Snapshot | None, then: Snapshot) -> list[HeldFigure]:
    """The KPIs switched on in the last closed months, from both."""
    question = Question(
        tuple(workspace.settings.enabled),
        _months(workspace.settings.engine.calendar.local_date(then.known_at)),
        "month",
    )
    settings = workspace.settings.engine
    try:
        sides = [
            Engine(snapshot, workspace.catalogue, settings).ask(question)
            for snapshot in (now, then)
            if snapshot
        ]
    finally:
        then.close()
    values = [
        {
            (answer.kpi, answer.period_start, *answer.dimensions.values()): answer
            for answer in side
            if not answer.dimensions
        }
        for side in sides
    ]
    before = values[0] if now else {}
    return [
        HeldFigure(
            answer.kpi,
            sides[-1].names.get(answer.kpi, answer.kpi),
            answer.period_start.strftime("%Y-%m"),
            answer.unit,
            before[key].value if key in before else None,
            answer.value,
        )
        for key, answer in values[-1].items()
    ]


def _months(today: date) -> str:
    """The last closed months before a day, as a period.

    >>> _months(date(2026, 2, 10))
    '2025-11..2026-01'
    """
    count = today.year * 12 + today.month - 1
    first, last = count - _MONTHS, count - 1
    return f"{first // 12}-{first % 12 + 1:02}..{last // 12}-{last % 12 + 1:02}"
