"""The journal: every load as immutable Parquet files, and what could not be read, set aside with its reason.

A batch is written, fsynced and renamed into place before one transaction makes it count. The state of a table is a
fold over the loads in order: the latest version of a key wins, unless its updated_at is older.
"""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kampass.errors import DataError
from kampass.model import TABLES, Table
from kampass.model.conform import literal, quoted
from kampass.model.scan import Scan, Source
from kampass.store.batch import TableBatch
from kampass.store.disk import connect, fsync
from kampass.store.manifest import Load, LoadedTable, Manifest, to_text
from kampass.store.versions import lineage_columns, nothing, winners

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
    notices: tuple[str, ...] = ()


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
        tables: list[LoadedTable] = []
        notices: list[str] = []
        with self._batch() as (name, folder):
            for table in source.tables():
                tell(f"Loading {table}")
                scan = source.scan(table)
                notices += _unknown_columns(scan)
                tables.append(self._load_table(scan, source.name, before, folder))
            why = self._brake(tables, source.name, before)
            fsync(folder)
            state = "held" if why else "complete"
            final = self._keep(name, folder) if any(folder.iterdir()) else name
            placed = tuple(_placed(table, final) for table in tables)
            held = [load.id for load in loads if load.state == "held" and load.source == source.name]
            number = self.manifest.add_load(Load(0, source.name, recorded_at, state, why, placed), instead_of=held)
        return LoadReport(number, source.name, recorded_at, state, why, placed, tuple(notices))

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
        return " UNION ALL BY NAME ".join(parts or [nothing(table)]) if files else None

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
        fsync(self.folder)
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
            return TableBatch(connection, scan, source, self.versions(TABLES[scan.table], before), self.timezone).write(folder, digest)


def _unknown_columns(scan: Scan) -> list[str]:
    """A word on each column that is ignored; those of accounts become attributes instead."""
    if scan.table == "accounts":
        known = {name.casefold(): name for name in TABLES["accounts"].names}
        near = [name for name in scan.columns if name not in known.values() and name.strip().casefold() in known]
        return [f"{scan.place}: '{name}' is kept as an attribute of its own; did you mean '{known[name.strip().casefold()]}'?" for name in near]
    return [f"{scan.place}: the column '{name}' is not known and was left out" for name in scan.columns if not TABLES[scan.table].has(name)]


def _placed(table: LoadedTable, folder: str) -> LoadedTable:
    """The same counts with file names that say which batch they lie in."""
    quarantine = table.quarantine_file
    if quarantine and "/" not in quarantine:
        quarantine = f"{folder}/{quarantine}"
    file = f"{folder}/{table.file}" if table.file else None
    return LoadedTable(**(table.__dict__ | {"file": file, "quarantine_file": quarantine}))
