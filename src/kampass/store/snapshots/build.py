"""Builds one snapshot file from the journal: winners, references judged, deletions applied, tables
prepared.

Everything here is a function of the loads and two settings (time zone, currency); building twice
gives equal tables.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kampass.errors import DataError
from kampass.model import SQL_TYPES, TABLES, Column, Table
from kampass.model.conform import Check, literal, quoted
from kampass.model.keys import same
from kampass.model.scan import line_of
from kampass.store import faults, quarantine
from kampass.store.conflicts import conflicting
from kampass.store.disk import BUILDING, connect
from kampass.store.journal import Journal
from kampass.store.loading.incoming import is_by_hand
from kampass.store.progress import SILENT, Progress
from kampass.store.records import Load, Wording, to_text
from kampass.store.snapshots import filled, replaced, rescaled
from kampass.store.versions import winners

SHAPE = 8
"""Which tables a snapshot has: a file with others is built again."""


@dataclass(frozen=True)
class SnapshotSettings:
    """The settings a snapshot depends on."""

    timezone: str = "UTC"
    currency: str = "USD"


@dataclass(frozen=True)
class Rules:
    """What a workspace hands down: the statements that prepare a snapshot's tables for questions,
    and the wording of its settings and definitions, kept with what is published.
    """

    prepare: Callable[[SnapshotSettings], Iterable[str]]
    wordings: Callable[[], Sequence[Wording]] = tuple


def _is_part(column: Column) -> bool:
    """Whether a row is part of what the column refers to, and goes with it when that is deleted:
    what keeps its history and its names takes nothing along.
    """
    refers_to = column.refers_to if column.required else None
    return refers_to is not None and TABLES[refers_to].deletion == "gone"


_WHOLES = {
    column.refers_to for table in TABLES.values() for column in table.columns if _is_part(column)
}
_SCORE_RULES = (
    Check(
        "score",
        "s.id IS NOT NULL AND (t.score < s.scale_min OR t.score > s.scale_max)",
        "lies outside the survey's scale",
    ),
    Check(
        "score",
        "s.kind IN ('nps', 'enps') AND t.score <> floor(t.score)",
        "is fractional, and the survey counts whole scores",
    ),
)


class SnapshotBuilder:
    """Builds a snapshot of loads, prepared for questions."""

    def __init__(
        self, journal: Journal, loads: Sequence[Load], settings: SnapshotSettings, rules: Rules
    ) -> None:
        self.journal, self.loads, self.settings = journal, loads, settings
        self.rules = rules
        self.as_of = max(load.recorded_at for load in loads)
        self.connected = {
            row.table: load.recorded_at
            for load in loads
            for row in load.tables
            if not is_by_hand(row)
        }

    def build(self, file: Path, progress: Progress = SILENT) -> None:
        """Write the whole snapshot to the file, which must not exist yet, and close it; how many
        rows there will be is known at its end.
        """
        built = 0
        with connect(file.parent, memory=BUILDING) as connection:
            # What a build that ends early has written is thrown away: no log helps it.
            connection.execute(
                f"ATTACH {literal(str(file))} AS snapshot (RECOVERY_MODE NO_WAL_WRITES)"
            )
            connection.execute("USE snapshot")
            self._registers(connection)
            faults.reach("publish.building")
            for table in TABLES.values():
                built += self._table(connection, table)
                progress.count(built, None, "rows")
                faults.reach("publish.table_built")
            for statement in self.rules.prepare(self.settings):
                connection.execute(statement)
            self._coverage(connection)
            self._take_out_mended(connection)
            self._reconcile(connection)
            progress.count(built, built, "rows")
            connection.execute("USE memory")
            connection.execute("DETACH snapshot")

    def _registers(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(
            "CREATE TABLE _load (id BIGINT, source VARCHAR, recorded_at TIMESTAMPTZ)"
        )
        for load in self.loads:
            connection.execute(
                "INSERT INTO _load VALUES (?, ?, ?)", [load.id, load.source, load.recorded_at]
            )
        connection.execute('CREATE TABLE _connected ("table" VARCHAR, loaded_at TIMESTAMPTZ)')
        for name, recorded_at in self.connected.items():
            connection.execute("INSERT INTO _connected VALUES (?, ?)", [name, recorded_at])
        connection.execute(
            "CREATE TABLE _settings (timezone VARCHAR, currency VARCHAR, known_at TIMESTAMPTZ, "
            "shape INTEGER)"
        )
        connection.execute(
            "INSERT INTO _settings VALUES (?, ?, ?, ?)",
            [self.settings.timezone, self.settings.currency, self.as_of, SHAPE],
        )
        connection.execute(
            'CREATE TABLE _notice ("table" VARCHAR, "column" VARCHAR, "rows" BIGINT, what VARCHAR)'
        )
        connection.execute('CREATE TEMP TABLE went ("table" VARCHAR, id VARCHAR)')
        connection.execute(replaced.CREATED)
        connection.execute(rescaled.CREATED)
        connection.execute(f"CREATE TABLE _quarantine AS {self.journal.quarantine(self.loads)}")
        connection.execute(
            'CREATE TABLE _reconciliation ("table" VARCHAR, journal BIGINT, kept BIGINT, gone '
            "BIGINT, set_aside BIGINT)"
        )

    def _table(self, connection: duckdb.DuckDBPyConnection, table: Table) -> int:
        """One table: the journal's winners, then references and rules that need other tables; how
        many rows it has.
        """
        versions = self.journal.versions(table, self.loads)
        if versions is None:
            connection.execute(f"CREATE TABLE {quoted(table.name)} ({_columns(table)})")
            return 0
        rows = (
            f"SELECT j.* REPLACE ({self._deleted_at()} AS deleted_at) FROM ({versions}) j JOIN "
            "_load ON _load.id = j._load"
        )
        connection.execute(f"CREATE TEMP TABLE version AS {rows}")
        self._set_aside(connection, table)
        self._settle(connection, table)
        gone = self._gone(table)
        connection.execute(self._create(table, self._kept(table, gone)))
        if table.name in _WHOLES:
            connection.execute(
                f"INSERT INTO went SELECT {literal(table.name)}, id FROM state WHERE {gone}"
            )
        self._notice(connection, table, gone)
        count = "SELECT count(*) FROM"
        keys = (
            f"({count} (SELECT DISTINCT {_key(table)} FROM version)), ({count} "
            f"{quoted(table.name)}), ({count} state WHERE {gone})"
        )
        lost = (
            f"({count} (SELECT {_key(table)} FROM version EXCEPT SELECT {_key(table)} FROM state))"
        )
        connection.execute(
            f"INSERT INTO _reconciliation SELECT {literal(table.name)}, {keys}, {lost}"
        )
        connection.execute("DROP TABLE state; DROP TABLE aside; DROP TABLE version")
        (rows,) = connection.execute(f"{count} {quoted(table.name)}").fetchone() or (0,)
        return int(rows)

    def _gone(self, table: Table) -> str:
        """What is true of a row that is gone: it was deleted, or what it cannot be without was."""
        if table.deletion != "gone":
            return "false"
        deleted = f"coalesce(deleted_at <= {literal(to_text(self.as_of))}::TIMESTAMPTZ, false)"
        with_another = (
            f"{quoted(column.name)} IN ({_went(column)})"
            for column in table.columns
            if _is_part(column)
        )
        return f"({' OR '.join([deleted, *with_another])})"

    def _settle(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        """Stage the winning good version of each key, the few with rivals apart; one that its
        source states no more was deleted then at the latest.

        A deletion is never set aside, whatever version it meant: it ends the last good one.
        """
        connection.execute(
            f"CREATE TEMP TABLE repeated AS SELECT {_key(table)} FROM version GROUP BY ALL "
            "HAVING count(*) > 1"
        )
        good = "SELECT * FROM version g ANTI JOIN aside USING (_load, _line) WHERE NOT _deleted"
        if connection.execute("FROM repeated LIMIT 1").fetchone() is None:
            connection.execute(f"CREATE TEMP TABLE state AS {good}; DROP TABLE repeated")
            return
        match = " AND ".join(
            f"g.{quoted(name)} IS NOT DISTINCT FROM l.{quoted(name)}" for name in table.key
        )
        several = f"EXISTS (SELECT 1 FROM repeated l WHERE {match})"
        connection.execute(f"CREATE TEMP TABLE rival AS SELECT * FROM version g WHERE {several}")
        standing = "SELECT * FROM rival ANTI JOIN aside USING (_load, _line) WHERE NOT _deleted"
        connection.execute(
            "CREATE TEMP VIEW contending AS "
            f"{standing} UNION ALL SELECT * FROM rival WHERE _deleted"
        )
        connection.execute(
            f"CREATE TEMP TABLE latest AS {winners('SELECT * FROM contending', table)}"
        )
        replaced.keep_replaced(connection, table, self.loads)
        rescaled.keep_rescaled(connection, table, self.loads)
        ended = (
            f"SELECT g.* REPLACE (least(g.deleted_at, l.deleted_at) AS deleted_at)"
            f" FROM ({winners(standing, table)}) g JOIN latest l ON {match} WHERE l._deleted"
        )
        connection.execute(
            f"CREATE TEMP TABLE state AS {good} AND NOT {several} UNION ALL SELECT * FROM latest "
            f"WHERE NOT _deleted UNION ALL {ended}"
        )
        connection.execute(
            "DROP VIEW contending; DROP TABLE latest; DROP TABLE rival; DROP TABLE repeated"
        )

    def _deleted_at(self) -> str:
        """When a row ended: as it says, or as its source said of its deletion; else as of its
        load.
        """
        ended = "coalesce(j.deleted_at, _load.recorded_at)"
        return f"CASE WHEN j._deleted THEN {ended} ELSE j.deleted_at END"

    def _create(self, table: Table, rows: str) -> str:
        order = ", ".join(quoted(name) for name in table.order)
        return (
            f"CREATE TABLE {quoted(table.name)} AS SELECT {self._day(table)} AS _day, * FROM "
            f"({rows}) ORDER BY {order}"
        )

    def _day(self, table: Table) -> str:
        """The local date of the table's main moment."""
        if table.start is None:
            return "NULL::DATE"
        return filled.day_of(table, table.start, self.settings.timezone)

    def _set_aside(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        """Stage the versions whose required reference is unknown, or which break a rule across
        tables.

        A version set aside supersedes nothing. It is shown in quarantine unless a good one of its
        load beats it, or a later load says otherwise.
        """
        rules = [
            Check(
                column.name,
                f"t.{quoted(column.name)} NOT IN (SELECT id FROM {quoted(column.refers_to)} UNION "
                f"ALL {_went(column)})",
                f"is unknown in {column.refers_to}",
            )
            for column in table.columns
            if column.required and column.refers_to
        ]
        join = ""
        if table.name == "responses":
            rules += _SCORE_RULES
            join = "LEFT JOIN surveys s ON s.id = t.survey_id"
        if not rules:
            connection.execute(
                "CREATE TEMP TABLE aside AS SELECT _load, _line FROM version WHERE false"
            )
            return
        broken = " ".join(f"WHEN {rule.offends} THEN {index}" for index, rule in enumerate(rules))
        cells = " ".join(
            f"WHEN {index} THEN CAST({quoted(rule.column)} AS VARCHAR)"
            for index, rule in enumerate(rules)
        )
        names = " ".join(
            f"WHEN {index} THEN {literal(rule.column)}" for index, rule in enumerate(rules)
        )
        reasons = " ".join(
            f"WHEN {index} THEN {literal(rule.reason)}" for index, rule in enumerate(rules)
        )
        connection.execute(
            f"CREATE TEMP TABLE aside AS SELECT t.*, CASE {broken} END AS broken FROM version t "
            f"{join} WHERE NOT _deleted AND CASE {broken} END IS NOT NULL"
        )
        same_key = same(table.key, "v", "a")
        later = "v._line > a._line AND NOT coalesce(v.updated_at < a.updated_at, false)"
        beats = (
            "NOT EXISTS (FROM aside b WHERE (b._load, b._line) = (v._load, v._line)) AND "
            f"({later} OR coalesce(v.updated_at > a.updated_at, false))"
        )
        canonical = quarantine.canonical_cells(table, "a")
        connection.execute(
            f"INSERT INTO _quarantine SELECT {literal(table.name)}, _load, _source, "
            f"{line_of('_line')}, CASE broken {names} END,"
            f" CASE broken {cells} END, CASE broken {reasons} END, "
            f"{quarantine.raw_of(canonical)}, {quarantine.mark_of(canonical)} FROM aside a"
            f" WHERE NOT EXISTS (SELECT 1 FROM version v WHERE {same_key} AND v._load > a._load)"
            f" AND NOT EXISTS (SELECT 1 FROM version v WHERE {same_key} AND v._load = a._load "
            f"AND {beats})"
        )

    def _kept(self, table: Table, gone: str) -> str:
        """The rows that stay, with unknown optional references as null."""
        cells, joins = [], []
        judged = self._optional_references(table)
        for column in table.columns:
            name = quoted(column.name)
            if column.refers_to and column in judged:
                alias = quoted("ref_" + column.name)
                source = (
                    f"state WHERE NOT {gone}"
                    if column.refers_to == table.name
                    else quoted(column.refers_to)
                )
                joins.append(
                    f"LEFT JOIN (SELECT id FROM {source}) {alias} ON {alias}.id = t.{name}"
                )
                cells.append(f"{alias}.id AS {name}")
            else:
                cells.append(f"t.{name}")
        extra = [f"t.{name}" for name in table.more_columns]
        rows = f"(SELECT * FROM state WHERE NOT {gone})"
        return (
            f"SELECT {', '.join([*cells, *extra, 't._load', 't._line', 't._source'])} FROM "
            f"{rows} t {' '.join(joins)}"
        )

    def _notice(self, connection: duckdb.DuckDBPyConnection, table: Table, gone: str) -> None:
        """Count the optional references that turned out unknown."""
        for column in self._optional_references(table):
            name = quoted(column.name)
            lost = (
                f"(SELECT count({name}) FROM state WHERE NOT {gone}) - (SELECT count({name}) "
                f"FROM {quoted(table.name)})"
            )
            what = literal(f"unknown in {column.refers_to}, kept empty")
            row = f"SELECT {literal(table.name)}, {literal(column.name)}, {lost} AS n, {what}"
            connection.execute(f"INSERT INTO _notice SELECT * FROM ({row}) WHERE n > 0")

    def _optional_references(self, table: Table) -> list[Column]:
        """The columns of which an unknown reference is kept empty. Without a table of contacts
        their ids stand as they are, so that one person's answers are still one person's.
        """
        return [
            column
            for column in table.columns
            if column.refers_to
            and not column.required
            and (column.refers_to != "contacts" or "contacts" in self.connected)
        ]

    def _coverage(self, connection: duckdb.DuckDBPyConnection) -> None:
        """What `coverage` says of each table, and what each source's rows show of it."""
        zone = literal(self.settings.timezone)
        connection.execute(f"""
CREATE TABLE coverage_span AS
WITH stated AS (
    SELECT *, max(covered_to) OVER (PARTITION BY "table" ORDER BY covered_from,
      covered_to ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM coverage WHERE covered_to > covered_from),
  numbered AS (
    SELECT *, count(*) FILTER (WHERE before IS NULL OR covered_from > before) OVER
      (PARTITION BY "table" ORDER BY covered_from, covered_to) AS stretch
    FROM stated),
  joined AS (SELECT "table", min(covered_from) AS covered_from, max(covered_to) AS covered_to
    FROM numbered GROUP BY "table", stretch)
SELECT "table", timezone({zone}, CAST(covered_from AS TIMESTAMP)) AS covered_from,
  timezone({zone}, CAST(covered_to AS TIMESTAMP)) AS covered_to
FROM joined WHERE "table" IN (SELECT "table" FROM _connected) ORDER BY 1, 2""")
        connection.execute(
            'CREATE TEMP TABLE stating ("table" VARCHAR, source VARCHAR, loaded_at TIMESTAMPTZ)'
        )
        latest = {
            (row.table, load.source): (load.recorded_at, row.changes or row.read > row.dismissed)
            for load in self.loads
            for row in load.tables
            if not is_by_hand(row)
        }
        for (table, source), (at, fills) in latest.items():
            if fills:
                connection.execute("INSERT INTO stating VALUES (?, ?, ?)", [table, source, at])
        connection.execute('CREATE TABLE _conflict ("table" VARCHAR, lines BIGINT)')
        for table, lines in conflicting(self.loads).items():
            connection.execute("INSERT INTO _conflict VALUES (?, ?)", [table, lines])
        loaded = {row.table for load in self.loads for row in load.tables}
        shown = filled.sql(self.settings.timezone, loaded)
        connection.execute(f"CREATE TABLE _filled AS {shown}")
        connection.execute("DROP TABLE stating")

    def _take_out_mended(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Move wrong lines that somebody mended by hand, or `dismissed` as no rows, from
        `_quarantine` to `_mended`, with the load that says so.
        """
        mends = self.journal.mends(self.loads)
        dismissed = self.journal.dismissed(self.loads)
        said = [
            """SELECT '' AS "table", '' AS source, '' AS mark, 0 AS load, false AS no_row
            WHERE false"""
        ]
        if mends:
            said.append(f'SELECT "table", source, mark, load, false FROM ({mends})')
        if dismissed:
            named = f"SELECT *, {quarantine.content()} AS dismisses FROM _quarantine"
            said.append(
                f'SELECT "table", source, mark, d.load, true FROM ({named}) JOIN ({dismissed}) d '
                'USING ("table", source, dismisses)'
            )
        latest = (
            'SELECT "table", source, mark, max(load) AS mended_by, arg_max(no_row, load) AS '
            f"dismissed FROM ({' UNION ALL '.join(said)}) GROUP BY ALL"
        )
        connection.execute(
            "CREATE TABLE _mended AS SELECT q.*, m.mended_by, m.dismissed FROM _quarantine q JOIN "
            f'({latest}) m USING ("table", source, mark)'
        )
        if mends or dismissed:
            connection.execute(
                'DELETE FROM _quarantine q WHERE EXISTS (FROM _mended m WHERE (m."table", '
                'm.source, m.mark) = (q."table", q.source, q.mark))'
            )

    def _reconcile(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Every winner of the journal is kept, gone, or set aside; anything else stops the
        publishing.
        """
        wrong = connection.execute(
            'SELECT "table" FROM _reconciliation WHERE journal <> kept + gone + set_aside'
        ).fetchall()
        if wrong:
            raise DataError(
                f"The snapshot does not reconcile with the journal in '{wrong[0][0]}'.",
                code="not_reconciled",
            )


def _went(column: Column) -> str:
    """The ids of what a column refers to that were deleted."""
    return f'SELECT id FROM went WHERE "table" = {literal(str(column.refers_to))}'


def _key(table: Table) -> str:
    return ", ".join(quoted(name) for name in table.key)


def _columns(table: Table) -> str:
    """The columns of a table that no load stated."""
    stated = [f"{quoted(column.name)} {SQL_TYPES[column.type]}" for column in table.columns]
    extra = ["_extra MAP(VARCHAR, VARCHAR)"] if table.more else []
    told = ("_load BIGINT", "_line BIGINT", "_source VARCHAR")
    return ", ".join(["_day DATE", *stated, *extra, *told])
