"""The journal: every load as immutable Parquet files, and what could not be read, set aside with its reason.

A batch is written, fsynced and renamed into place before one transaction makes it count. The state of a table is a
fold over the loads in order: the latest version of a key wins, unless its updated_at is older.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from kampass.errors import DataError
from kampass.model import SQL_TYPES, TABLES, Table
from kampass.model.conform import Check, checks, literal, present, quoted, typed
from kampass.model.scan import Scan, Source
from kampass.store.manifest import Load, LoadedTable, Manifest, to_text

BRAKE = 0.20
TableReport = LoadedTable


@dataclass(frozen=True)
class LoadReport:
    """What one load did, table by table, and whether it counts or waits."""

    number: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    tables: tuple[LoadedTable, ...]


def lineage_columns(table: Table) -> list[str]:
    """The columns of a journal file beside the table's own."""
    return ["_line", "_deleted", *(["_extra"] if table.name == "accounts" else [])]


def connect(folder: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A private connection that keeps UTC and spills beside the journal."""
    connection = duckdb.connect(config={"threads": 2, "preserve_insertion_order": True})
    connection.execute("SET TimeZone = 'UTC'")
    if folder is not None:
        connection.execute(f"SET temp_directory = {literal(str(folder))}")
    return connection


class Journal:
    """The loads of a workspace: `folder` holds their files, the manifest says which count."""

    def __init__(self, folder: Path, manifest: Manifest, *, timezone: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.timezone = timezone
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, source: Source, *, recorded_at: datetime, tell: Callable[[str], None] = lambda _: None) -> LoadReport:
        """Read every table the source states, as one load that counts whole or not at all."""
        recorded_at = recorded_at.astimezone(UTC)
        loads = self.manifest.loads(states=("complete", "held"))
        latest = max((load.recorded_at for load in loads), default=recorded_at)
        if recorded_at < latest:
            raise DataError(
                f"A load recorded at {to_text(recorded_at)} would lie before an earlier load's {to_text(latest)}.",
                code="recorded_before", hint="Loads are recorded in order; leave --recorded-at out, or date it later.",
            )  # fmt: skip
        before = [load for load in loads if load.state == "complete"]
        with self._batch() as (name, folder):
            tables = tuple(self._told(table, source, before, folder, tell) for table in source.tables())
            why = self._brake(tables, source.name, before)
            _fsync_folder(folder)
            state = "held" if why else "complete"
            final = self._keep(name, folder) if any(folder.iterdir()) else name
            placed = tuple(_placed(table, final) for table in tables)
            held = [load.id for load in loads if load.state == "held" and load.source == source.name]
            number = self.manifest.add_load(Load(0, source.name, recorded_at, state, why, placed), instead_of=held)
        return LoadReport(number, source.name, recorded_at, state, why, placed)

    def _told(self, table: str, source: Source, before: Sequence[Load], folder: Path, tell: Callable[[str], None]) -> LoadedTable:
        tell(f"Loading {table}")
        return self._load_table(source.scan(table), source.name, before, folder)

    def drop(self, number: int) -> None:
        """Take a load back. Later loads of the same source were compared with it, so they go first."""
        load = self._find(number)
        later = [other.id for other in self.manifest.loads(states=("complete", "held")) if other.source == load.source and other.id > number]
        if later:
            raise DataError(
                f"Load {number} cannot be dropped yet: load {later[-1]} of the same source came after it.",
                code="load_in_use", hint=f"Drop load {later[-1]} first.",
            )  # fmt: skip
        self.manifest.set_state(number, "dropped")

    def confirm(self, number: int) -> None:
        """Let a load count that the deletion brake holds."""
        load = self._find(number)
        if load.state != "held":
            raise DataError(f"Load {number} is not held: it is {load.state}.", code="load_not_held")
        self.manifest.set_state(number, "complete")

    def sweep(self) -> None:
        """Remove what an interrupted load left behind: folders no load names."""
        kept = {
            Path(table.file or table.quarantine_file or "").parts[0]
            for load in self.manifest.loads(states=("complete", "held", "dropped"))
            for table in load.tables
            if table.file or table.quarantine_file
        }
        for folder in self.folder.iterdir():
            if folder.is_dir() and folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def versions(self, table: Table, loads: Sequence[Load]) -> str | None:
        """The SQL of every version of a table's rows that these loads hold; None where none states the table.

        Beside the table's columns: `_line`, `_deleted`, `_load`, `_source`. A repeated line of one load is a version too.
        """
        files = [(load, row) for load in loads for row in load.tables if row.table == table.name]
        parts = [self._part(table, load, row.file) for load, row in files if row.file]
        return " UNION ALL BY NAME ".join(parts or [_nothing(table)]) if files else None

    def quarantine(self, loads: Sequence[Load]) -> str:
        """The SQL of what is set aside now: each source's latest word on each table."""
        latest: dict[tuple[str, str], tuple[Load, LoadedTable]] = {}
        for load in loads:
            for row in load.tables:
                latest[(load.source, row.table)] = (load, row)
        parts = [
            f'SELECT {literal(row.table)} AS "table", {load.id} AS load, {literal(load.source)} AS source, line, "column", value, reason'
            f" FROM read_parquet({literal(str(self.folder / row.quarantine_file))})"
            for load, row in latest.values()
            if row.quarantine_file
        ]
        nothing = "SELECT '' AS \"table\", 0 AS load, '' AS source, 0::BIGINT AS line, '' AS \"column\", '' AS value, '' AS reason WHERE false"
        return " UNION ALL ".join(parts) or nothing

    def _find(self, number: int) -> Load:
        for load in self.manifest.loads(states=("complete", "held")):
            if load.id == number:
                return load
        raise DataError(f"There is no load {number}.", code="unknown_load", hint="'kampass data loads' lists them.")

    @contextmanager
    def _batch(self) -> Iterator[tuple[str, Path]]:
        name = uuid.uuid4().hex
        folder = self.folder / f".{name}"
        folder.mkdir()
        try:
            yield name, folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _keep(self, name: str, folder: Path) -> str:
        folder.rename(self.folder / name)
        _fsync_folder(self.folder)
        return name

    def _brake(self, tables: Sequence[LoadedTable], source: str, before: Sequence[Load]) -> str:
        """Why the load must wait for a person, or nothing."""
        for row in tables:
            if not row.deleted:
                continue
            had = row.deleted + row.unchanged + self._still_there(row, source, before)
            if row.deleted > BRAKE * had:
                return f"{row.deleted} of {had} rows of '{row.table}' would be deleted"
        return ""

    def _still_there(self, row: LoadedTable, source: str, before: Sequence[Load]) -> int:
        """Rows of the earlier state that this load changes rather than deletes or repeats."""
        table = TABLES[row.table]
        with connect() as connection:
            versions = self.versions(table, before)
            query = f"SELECT count(*) FROM ({winners(versions or '', table)}) WHERE NOT _deleted AND _source = {literal(source)}"
            found = connection.execute(query).fetchone() if versions else None
        return (found[0] if found else 0) - row.deleted - row.unchanged

    def _part(self, table: Table, load: Load, file: str) -> str:
        path = literal(str(self.folder / file))
        names = ", ".join(quoted(name) for name in [*table.names, *lineage_columns(table)])
        return f"SELECT {names}, {load.id}::BIGINT AS _load, {literal(load.source)} AS _source FROM read_parquet({path})"

    def _load_table(self, scan: Scan, source: str, before: Sequence[Load], folder: Path) -> LoadedTable:
        digest = hashlib.sha256(f"{scan.digest}|{self.timezone}".encode()).hexdigest()
        last = next((row for load in reversed(before) if load.source == source for row in load.tables if row.table == scan.table), None)
        if last is not None and last.digest == digest:
            kept = last.loaded + last.unchanged
            return LoadedTable(scan.table, last.read, 0, kept, last.superseded, last.quarantined, 0, digest, None, None, last.quarantine_file)
        with connect(folder) as connection:
            return _TableLoad(self, connection, scan, source, before).write(folder, digest)


def may_be_set_aside(table: Table) -> bool:
    """Whether publishing may set rows of this table aside: it judges required references and the scores of responses."""
    return table.name == "responses" or any(column.required and column.refers_to for column in table.columns)


def _nothing(table: Table) -> str:
    extra = ", NULL::MAP(VARCHAR, VARCHAR) AS _extra" if table.name == "accounts" else ""
    cells = ", ".join(f"NULL::{SQL_TYPES[column.type]} AS {quoted(column.name)}" for column in table.columns)
    return f"SELECT {cells}{extra}, NULL::BIGINT AS _line, false AS _deleted, 0::BIGINT AS _load, '' AS _source WHERE false"


def winners(versions: str, table: Table) -> str:
    """The SQL of each key's winning version: the later one, unless its updated_at is older.

    A version without updated_at is never older, so only those after a key's last such version compete by it.
    """
    key = ", ".join(quoted(name) for name in table.key)
    later = f"count(*) FILTER (WHERE updated_at IS NULL) OVER (PARTITION BY {key} ORDER BY _load DESC, _line DESC)"
    order = "_later, updated_at DESC NULLS FIRST, _load DESC, _line DESC"
    return f"SELECT * EXCLUDE (_later) FROM (SELECT *, {later} AS _later FROM ({versions})) QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"


class _TableLoad:
    """One table of one load on its way into the journal: read, conformed, compared, written."""

    def __init__(self, journal: Journal, connection: duckdb.DuckDBPyConnection, scan: Scan, source: str, before: Sequence[Load]) -> None:
        self.journal, self.connection, self.scan, self.source, self.before = journal, connection, scan, source, before
        self.table = TABLES[scan.table]
        self.key = ", ".join(quoted(name) for name in self.table.key)
        self.line_of: Mapping[int, int] = {}
        self.first_line = 1
        for name, value in scan.objects.items():
            connection.register(name, value)

    def write(self, folder: Path, digest: str) -> LoadedTable:
        """Conform, compare with what is known, write the batch and its quarantine; the counts."""
        self._require_columns()
        rules = self._conform()
        self._find_lines()
        quarantined = self._quarantine(rules, folder)
        read = self._count("staged") + len(self.scan.rejects)
        superseded = self._settle_repeats()
        unchanged, stale, deleted = self._compare()
        loaded = self._count("fresh WHERE NOT _deleted")
        self._keep_beaten()
        file = self._write_rows(folder) if self._count("fresh") else None
        quarantine_file = "quarantine_" + self.scan.table + ".parquet" if quarantined else None
        return LoadedTable(
            self.scan.table, read, loaded, unchanged, superseded + stale, quarantined, deleted, digest,
            file, _sha256(folder / file) if file else None, quarantine_file,
        )  # fmt: skip

    def _count(self, what: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        assert row is not None
        return int(row[0])

    def _require_columns(self) -> None:
        missing = [column.name for column in self.table.columns if column.required and column.name not in self.scan.columns]
        if missing:
            raise DataError(
                f"{self.scan.place} has no column '{missing[0]}', which '{self.table.name}' requires.",
                code="missing_column", hint=f"'kampass template {self.table.name}' shows every column.",
            )  # fmt: skip

    def _conform(self) -> list[Check]:
        """Stage every row typed, with the number of the first rule it breaks (null: none)."""
        columns = self.scan.columns
        cells, filled = [], []
        for column in self.table.columns:
            name = quoted(column.name)
            if column.name in columns:
                cells.append(f"{typed(column, columns[column.name], self.journal.timezone)} AS {name}")
                filled.append(f"{present(column, columns[column.name])} AS {quoted('?' + column.name)}")
            else:
                cells.append(f"NULL::{SQL_TYPES[column.type]} AS {name}")
        if self.table.name == "accounts":
            cells.append(f"{self._extra()} AS _extra")
        rules = checks(self.table, columns)
        broken = " ".join(f"WHEN {rule.offends} THEN {index}" for index, rule in enumerate(rules))
        read = f"SELECT row_number() OVER () AS _line, {', '.join([*cells, *filled])} FROM ({self.scan.relation})"
        kept = ", ".join(f"t.{quoted(name)}" for name in self._columns())
        self.connection.execute(f"CREATE TEMP TABLE staged AS SELECT t._line, {kept}, CASE {broken} END AS _broken FROM ({read}) t")
        return rules

    def _columns(self) -> list[str]:
        return [*self.table.names, *(["_extra"] if self.table.name == "accounts" else [])]

    def _extra(self) -> str:
        """Unknown columns of accounts, kept as attributes."""
        extra = [name for name in self.scan.columns if not self.table.has(name)]
        if not extra:
            return "NULL::MAP(VARCHAR, VARCHAR)"
        names = ", ".join(literal(name) for name in extra)
        values = ", ".join(f"nullif(CAST({quoted(name)} AS VARCHAR), '')" for name in extra)
        return f"map([{names}], [{values}])"

    def _find_lines(self) -> None:
        """Learn on which line of its file each row starts: most files have one line a row, so two rows tell."""
        count = self._count("staged")
        ends = self.scan.lines([1, count]) if count else {}
        if count and ends[count] - ends[1] == count - 1:
            self.first_line = ends[1]
        elif count:
            import pyarrow as pa

            self.line_of = self.scan.lines(range(1, count + 1))
            table = pa.table({"number": pa.array(self.line_of.keys(), pa.int64()), "line": pa.array(self.line_of.values(), pa.int64())})
            self.connection.register("line_of", table)

    def _line(self, row: int) -> int:
        return self.line_of[row] if self.line_of else self.first_line + row - 1

    def _quarantine(self, rules: list[Check], folder: Path) -> int:
        """Write what is set aside, with line, column, value and reason; how many rows."""
        rows = self.connection.execute("SELECT _line, _broken FROM staged WHERE _broken IS NOT NULL ORDER BY 1").fetchall()
        if not rows and not self.scan.rejects:
            return 0
        values = self._offending_values(rules)
        found = [(self._line(line), rules[broken].column, values.get(line), rules[broken].reason) for line, broken in rows]
        found += [(reject.line, "", reject.value, reject.reason) for reject in self.scan.rejects]
        parts = [list(part) for part in zip(*sorted(found, key=lambda item: item[0]), strict=True)]
        cells = 'unnest($1::BIGINT[]) AS line, unnest($2::VARCHAR[]) AS "column", unnest($3::VARCHAR[]) AS value, unnest($4::VARCHAR[]) AS reason'
        file = folder / f"quarantine_{self.scan.table}.parquet"
        self.connection.execute(f"CREATE TEMP TABLE aside AS SELECT {cells}", parts)
        self.connection.execute(f"COPY aside TO {literal(str(file))} (FORMAT parquet)")
        _fsync(file)
        return len(found)

    def _offending_values(self, rules: list[Check]) -> dict[int, str | None]:
        """The cell each broken row was set aside for, as it stood."""
        stated = [name for name in self.table.names if name in self.scan.columns]
        cells = " ".join(f"WHEN {index} THEN r.{quoted(rule.column)}" for index, rule in enumerate(rules) if rule.column in stated)
        choose = cells or "WHEN -1 THEN ''"
        raw = ", ".join(["SELECT row_number() OVER () AS _line", *(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in stated)])
        raw = f"{raw} FROM ({self.scan.relation})"
        query = f"SELECT r._line, CASE s._broken {choose} END FROM ({raw}) r JOIN staged s USING (_line) WHERE s._broken IS NOT NULL"
        return dict(self.connection.execute(query).fetchall())

    def _settle_repeats(self) -> int:
        """Stage the winning line of each key as `stated` and the losing ones as `repeats`; how many lost."""
        line = "line_of.line" if self.line_of else f"_line + {self._line(1) - 1}"
        join = "JOIN line_of ON line_of.number = staged._line" if self.line_of else ""
        rows = f"SELECT staged.* EXCLUDE (_broken) REPLACE ({line} AS _line), 0 AS _load FROM staged {join} WHERE _broken IS NULL"
        self.connection.execute(f"CREATE TEMP VIEW good AS {rows}")
        if not self._count(f"(SELECT {self.key} FROM good GROUP BY ALL HAVING count(*) > 1)"):
            self.connection.execute("CREATE TEMP VIEW stated AS SELECT * EXCLUDE (_load) FROM good")
            self.connection.execute("CREATE TEMP VIEW repeats AS SELECT * FROM stated WHERE false")
            return 0
        self.connection.execute(f"CREATE TEMP TABLE stated AS SELECT * EXCLUDE (_load) FROM ({winners('SELECT * FROM good', self.table)})")
        self.connection.execute("CREATE TEMP TABLE repeats AS SELECT * EXCLUDE (_load) FROM good ANTI JOIN stated USING (_line)")
        return self._count("repeats")

    def _compare(self) -> tuple[int, int, int]:
        """Stage what differs from the known state as `fresh`; how many rows are unchanged, stale, deleted."""
        versions = self.journal.versions(self.table, self.before)
        if versions is None:
            self.connection.execute("CREATE TEMP TABLE fresh AS SELECT *, false AS _deleted FROM stated")
            self.connection.execute("CREATE TEMP VIEW beaten AS SELECT * FROM repeats")
            return 0, 0, 0
        self.connection.execute(f"CREATE TEMP TABLE known AS {winners(versions, self.table)}")
        same = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM k.{quoted(name)}" for name in self._columns())
        match = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM k.{quoted(name)}" for name in self.table.key)
        joined = f"stated n LEFT JOIN known k ON {match}"
        is_same = f"(k._source = {literal(self.source)} AND NOT k._deleted AND {same})"
        is_stale = f"(NOT {is_same} AND coalesce(n.updated_at < k.updated_at, false))"
        self.connection.execute(f"CREATE TEMP TABLE fresh AS SELECT n.*, false AS _deleted FROM {joined} WHERE NOT {is_same} AND NOT {is_stale}")
        row = self.connection.execute(f"SELECT count(*) FILTER (WHERE {is_same}), count(*) FILTER (WHERE {is_stale}) FROM {joined}").fetchone()
        assert row is not None
        deleted = self._delete_gone(match)
        stated = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM v.{quoted(name)}" for name in self._columns())
        earlier = f"EXISTS (SELECT 1 FROM ({versions}) v WHERE v._source = {literal(self.source)} AND NOT v._deleted AND {stated})"
        stale = f"SELECT n.* FROM {joined} WHERE {is_stale}"
        self.connection.execute(f"CREATE TEMP VIEW beaten AS SELECT * FROM ({stale} UNION ALL BY NAME SELECT * FROM repeats) n WHERE NOT {earlier}")
        return int(row[0]), int(row[1]), deleted

    def _keep_beaten(self) -> None:
        """Add the versions that lost to a better one which publishing may yet set aside: then they win.

        The winner of such a key goes beside them, also when it is known, so that their order is that of this load.
        """
        if not may_be_set_aside(self.table):
            return
        match = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM b.{quoted(name)}" for name in self.table.key)
        rows = "SELECT * FROM repeats UNION ALL BY NAME SELECT * FROM stated"
        group = f"SELECT n.* FROM ({rows}) n SEMI JOIN beaten b ON {match}"
        self.connection.execute(
            f"INSERT INTO fresh BY NAME SELECT *, false AS _deleted FROM ({group}) WHERE _line NOT IN (SELECT _line FROM fresh WHERE NOT _deleted)"
        )

    def _delete_gone(self, match: str) -> int:
        """Mark keys this source stated before and states no more (a quarantined line still states its key)."""
        columns = ", ".join(quoted(name) for name in self._columns())
        self.connection.execute(
            f"INSERT INTO fresh (_line, {columns}, _deleted) SELECT k._line, {columns}, true FROM known k"
            f" WHERE NOT k._deleted AND k._source = {literal(self.source)}"
            f" AND NOT EXISTS (SELECT 1 FROM staged n WHERE {match})"
        )
        return self._count("fresh WHERE _deleted")

    def _write_rows(self, folder: Path) -> str:
        file = f"{self.scan.table}.parquet"
        names = ", ".join(quoted(name) for name in [*self.table.names, *lineage_columns(self.table)])
        self.connection.execute(f"COPY (SELECT {names} FROM fresh) TO {literal(str(folder / file))} (FORMAT parquet, COMPRESSION zstd)")
        _fsync(folder / file)
        return file


def _placed(table: LoadedTable, folder: str) -> LoadedTable:
    """The same counts with file names that say which batch they lie in."""
    quarantine = table.quarantine_file
    if quarantine and "/" not in quarantine:
        quarantine = f"{folder}/{quarantine}"
    file = f"{folder}/{table.file}" if table.file else None
    return LoadedTable(**(table.__dict__ | {"file": file, "quarantine_file": quarantine}))


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fsync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fsync_folder(folder: Path) -> None:
    _fsync(folder)
