"""The rows in which two snapshots differ, each with the load that brought the change.

Read where they lie, in one DuckDB over both files. A row that only the later snapshot knows is late
if it is about a day the earlier one had already answered for, else new (also where a row has no day
of its own). Others changed (a column differs), were deleted (ended or gone, as their source said),
set aside (a required reference went away) or withdrawn (their load no longer counts). A change that
no load states of the row itself came by reference: the row it points to became known, or went.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import uuid4

from kampass.model import TABLES, Table
from kampass.model.conform import literal, quoted
from kampass.store.disk import connect
from kampass.store.journal import Journal
from kampass.store.records import Load
from kampass.store.snapshots.snapshot import Snapshot

KINDS = ("late", "changed", "deleted", "set_aside", "withdrawn", "new")
_BATCH = 10_000


@dataclass(frozen=True)
class Count:
    """How many rows of a table differ in one way; `past` of them are about days before the earlier
    snapshot, `derived` came by reference.
    """

    table: str
    kind: str
    rows: int
    past: int
    derived: int


@dataclass(frozen=True)
class RowChange:
    """One row that differs. `line` is where `load` states it, if it does; `columns` holds the old
    and the new value of what changed.
    """

    table: str
    kind: str
    key: dict[str, Any]
    load: int | None
    source: str | None
    line: int | None
    day: date | None
    derived: bool
    columns: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class QuarantineChange:
    """A line that was in quarantine in one of the two snapshots only."""

    table: str
    load: int
    source: str
    line: int
    column: str
    value: str | None
    reason: str


class Difference:
    """What separates two snapshots, from `before` to `after`; `loads` are those of `after`. A
    context manager.
    """

    def __init__(
        self, before: Snapshot, after: Snapshot, journal: Journal, loads: Sequence[Load]
    ) -> None:
        self.before, self.after, self._journal, self._loads = before, after, journal, loads
        self._gone: set[str] = set()
        self._connection = connect()
        for name, snapshot in (("a", before), ("b", after)):
            self._connection.execute(f"ATTACH {literal(str(snapshot.file))} AS {name} (READ_ONLY)")
        self._lock_down()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def counts(self) -> list[Count]:
        """How many rows differ, by table and kind, in the tables' written order."""
        found = []
        for table in TABLES.values():
            rows = self._connection.execute(
                f"SELECT kind, count(*), count(*) FILTER (WHERE day < {self._first_open_day()}), "
                "count(*) FILTER (WHERE derived)"
                f" FROM ({self._differing(table)}) GROUP BY kind"
            ).fetchall()
            found += [
                Count(table.name, *row) for row in sorted(rows, key=lambda row: KINDS.index(row[0]))
            ]
        return found

    def rows(
        self, table: str, *, kind: str | None = None, limit: int | None = None
    ) -> Iterator[RowChange]:
        """The rows of one table that differ, by kind and key."""
        declared = TABLES[table]
        columns = _compared(declared)
        key = ", ".join(f"{quoted('k.' + name)} NULLS FIRST" for name in declared.key)
        order = " ".join(f"WHEN {literal(name)} THEN {number}" for number, name in enumerate(KINDS))
        with self._cursor() as cursor:
            cursor.execute(
                (
                    f"SELECT * FROM ({self._caused(declared)}) WHERE $kind IS NULL OR kind = $kind "
                    f"ORDER BY CASE kind {order} END, {key} LIMIT $most"
                ),
                {"kind": kind, "most": limit},
            )
            while batch := cursor.fetchmany(_BATCH):
                for row in batch:
                    yield _change(declared, columns, row)

    def mended(self, *, limit: int | None = None) -> list[QuarantineChange]:
        """The lines that were set aside before and are no more."""
        return self._set_aside("a", "b", limit)

    def newly_set_aside(self, *, limit: int | None = None) -> list[QuarantineChange]:
        """The lines that are set aside now and were not before."""
        return self._set_aside("b", "a", limit)

    def _set_aside(self, there: str, not_there: str, limit: int | None) -> list[QuarantineChange]:
        same = " AND ".join(
            f"x.{quoted(name)} IS NOT DISTINCT FROM y.{quoted(name)}"
            for name in ("table", "source", "line", "column", "value", "reason")
        )
        query = (
            'SELECT x."table", load, source, line, "column", value, reason FROM '
            f"{there}._quarantine x"
        )
        query += (
            f" WHERE NOT EXISTS (SELECT 1 FROM {not_there}._quarantine y WHERE {same}) ORDER BY "
            'x."table", load, line LIMIT $most'
        )
        return [
            QuarantineChange(*row)
            for row in self._connection.execute(query, {"most": limit}).fetchall()
        ]

    def _lock_down(self) -> None:
        """From here on only the two files and the journal's own can be read."""
        files = {row.file for load in self._loads for row in load.tables if row.file}
        paths = ", ".join(literal(str(self._journal.folder / file)) for file in sorted(files))
        self._connection.execute(
            "SET temp_directory = "
            f"{literal(str(self.after.file.parent / f'.difference-{uuid4().hex}'))}"
        )
        self._connection.execute(f"SET allowed_paths = [{paths}]")
        for setting in (
            "python_enable_replacements = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def _first_open_day(self) -> str:
        """The local day on which the earlier snapshot was taken."""
        return "(SELECT CAST(timezone(timezone, known_at) AS DATE) FROM a._settings)"

    def _differing(self, table: Table) -> str:
        """The SQL of the rows that differ: their kind, both versions, and whether no load states
        the change of the row itself.
        """
        name = quoted(table.name)
        match = " AND ".join(
            f"x.{quoted(part)} IS NOT DISTINCT FROM y.{quoted(part)}" for part in table.key
        )
        unequal = " OR ".join(
            f"x.{quoted(part)} IS DISTINCT FROM y.{quoted(part)}" for part in _compared(table)
        )
        aside = (
            f'EXISTS (SELECT 1 FROM b._quarantine q WHERE q."table" = {literal(table.name)} AND '
            "(q.load, q.line) = (x._load, x._line))"
        )
        return f"""
SELECT CASE
    WHEN x._load IS NULL THEN CASE WHEN y._day < {self._first_open_day()} THEN 'late' ELSE 'new' END
    WHEN y._load IS NULL AND x._load NOT IN (SELECT id FROM b._load) THEN 'withdrawn'
    WHEN y._load IS NULL AND {aside} THEN 'set_aside'
    WHEN y._load IS NULL OR (x.deleted_at IS NULL AND y.deleted_at IS NOT NULL) THEN 'deleted'
    ELSE 'changed' END AS kind,
  coalesce(y._day, x._day) AS day,
  coalesce(CASE WHEN x._load IS NULL THEN y._load IN (SELECT id FROM a._load)
    ELSE (x._load, x._line) = (y._load, y._line) AND y.deleted_at IS NOT DISTINCT
      FROM x.deleted_at END, false) AS derived,
  x, y
FROM a.{name} x FULL JOIN b.{name} y ON {match}
WHERE x._load IS NULL OR y._load IS NULL OR {unequal}"""

    def _caused(self, table: Table) -> str:
        """The same with the load that brought each change, and the line where that load states the
        row.
        """
        self._stage_gone(table)
        references = [column for column in table.columns if column.refers_to]
        joins, came, went = [], ["NULL::BIGINT"], ["NULL::BIGINT"]
        for column in references:
            target, name = str(column.refers_to), quoted(column.name)
            self._stage_gone(TABLES[target])
            came_from, gone_from = quoted("came " + column.name), quoted("gone " + column.name)
            joins.append(
                f"LEFT JOIN b.{quoted(target)} {came_from} ON {came_from}.id = y.{name} AND "
                f"x.{name} IS DISTINCT FROM y.{name}"
            )
            joins.append(
                f"LEFT JOIN {quoted('gone ' + target)} {gone_from} ON {gone_from}.id = x.{name} "
                f"AND y.{name} IS NULL"
            )
            came.append(f"{came_from}._load")
            went.append(f"{gone_from}._load")
        match = " AND ".join(
            f"g.{quoted(part)} IS NOT DISTINCT FROM coalesce(x.{quoted(part)}, y.{quoted(part)})"
            for part in table.key
        )
        by_reference = (
            f"nullif(greatest({', '.join(f'coalesce({load}, 0)' for load in [*came, *went])}), 0)"
        )
        load = f"""CASE d.kind
      WHEN 'withdrawn' THEN x._load
      WHEN 'deleted' THEN coalesce(g._load, y._load, {by_reference})
      WHEN 'set_aside' THEN {by_reference}
      ELSE CASE WHEN d.derived THEN coalesce({by_reference}, y._load) ELSE y._load END END"""
        keys = ", ".join(
            f"coalesce(x.{quoted(part)}, y.{quoted(part)}) AS {quoted('k.' + part)}"
            for part in table.key
        )
        cells = ", ".join(
            f"{side}.{quoted(part)} AS {quoted(f'{side}.{part}')}"
            for part in _compared(table)
            for side in "xy"
        )
        stated = (
            "CASE WHEN bringing = coalesce(y._load, x._load) THEN coalesce(y._line, x._line) END"
        )
        return f"""
SELECT kind, bringing, coalesce(lb.source, la.source) AS source, {stated} AS line, day, derived,
  {keys}, {cells}
FROM (SELECT d.*, {load} AS bringing FROM ({self._differing(table)}) d
  LEFT JOIN {quoted("gone " + table.name)} g ON d.kind = 'deleted' AND {match} {" ".join(joins)})
LEFT JOIN b._load lb ON lb.id = bringing LEFT JOIN a._load la ON la.id = bringing"""

    def _stage_gone(self, table: Table) -> None:
        """Stage the keys that were deleted between the two, each with the load that said so."""
        if table.name in self._gone:
            return
        self._gone.add(table.name)
        key = ", ".join(quoted(part) for part in table.key)
        match = " AND ".join(
            f"v.{quoted(part)} IS NOT DISTINCT FROM d.{quoted(part)}" for part in table.key
        )
        deleted = (
            f"SELECT {', '.join(f'x.{quoted(part)} AS {quoted(part)}' for part in table.key)} "
            f"FROM ({self._differing(table)}) WHERE kind = 'deleted'"
        )
        stage = f"CREATE TABLE {quoted('gone ' + table.name)} AS"
        count = self._connection.execute(f"SELECT count(*) FROM ({deleted})").fetchone()
        versions = self._journal.versions(table, self._loads) if count and count[0] else None
        if versions is None:
            self._connection.execute(
                f"{stage} SELECT {key}, NULL::BIGINT AS _load FROM b.{quoted(table.name)} WHERE "
                "false"
            )
            return
        self._connection.execute(f"""{stage}
WITH version AS (SELECT v.*, v._deleted OR v.deleted_at IS NOT NULL AS dead
  FROM ({versions}) v SEMI JOIN ({deleted}) d ON {match}),
  alive AS (SELECT *, coalesce(max(_load) FILTER (WHERE NOT dead) OVER (PARTITION BY {key}), 0) AS
    last FROM version)
SELECT {key}, coalesce(min(_load) FILTER (WHERE dead AND _load >= last),
  max(_load) FILTER (WHERE dead)) AS _load FROM alive GROUP BY {key}""")


def _compared(table: Table) -> list[str]:
    """The columns in which versions of a row can differ."""
    return [
        *(name for name in table.names if name not in table.key),
        *table.more_columns,
    ]


def _change(table: Table, columns: Sequence[str], row: Sequence[Any]) -> RowChange:
    kind, load, source, line, day, derived, *rest = row
    key, cells = dict(zip(table.key, rest, strict=False)), rest[len(table.key) :]
    pairs = zip(columns, cells[::2], cells[1::2], strict=True)
    return RowChange(
        table.name,
        kind,
        key,
        load,
        source,
        line,
        day,
        derived,
        {name: (old, new) for name, old, new in pairs if old != new},
    )
