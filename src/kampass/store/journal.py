"""The journal: every load as immutable Parquet files, and what could not be read, set aside with
its reason.

A batch is written, fsynced and renamed into place before one transaction makes it count. The state
of a table is a fold over the loads in order: the latest version of a key wins, unless its
updated_at is older.
"""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from kampass.errors import DataError
from kampass.model import TABLES, Table
from kampass.model.conform import literal, quoted
from kampass.model.scan import Scan, Source
from kampass.store import faults, integrity
from kampass.store import quarantine as aside
from kampass.store.batch import Known, TableBatch
from kampass.store.disk import READING, connect, fsync
from kampass.store.manifest import Load, LoadedTable, Manifest, to_text
from kampass.store.versions import lineage_columns, nothing

BRAKE = 0.20
TableReport = LoadedTable
_BY_HAND = "by hand: "


class Reading(StrEnum):
    """How a load reads its source."""

    changed = "changed"
    """Whole tables; one whose file has not changed is not read again."""
    again = "again"
    """Whole tables, also where the file has not changed."""
    mended = "mended"
    """Rows mended by hand, each with the `_id` of the one it mends; what is not stated is not
    deleted.
    """


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

    def load(
        self,
        source: Source,
        *,
        recorded_at: datetime,
        tell: Callable[[str], None] = lambda _: None,
        reading: Reading = Reading.changed,
    ) -> LoadReport:
        """Read every table the source states, as one load that counts whole or not at all."""
        recorded_at = recorded_at.astimezone(UTC)
        loads = self.manifest.loads(states=("complete", "held"))
        latest = max((load.recorded_at for load in loads), default=recorded_at)
        if recorded_at < latest:
            raise DataError(
                (
                    f"A load recorded at {to_text(recorded_at)} would lie before an earlier load's "
                    f"{to_text(latest)}."
                ),
                code="recorded_before",
                hint="Loads are recorded in order; leave --recorded-at out, or date it later.",
            )
        before = [load for load in loads if load.state == "complete"]
        tables: list[LoadedTable] = []
        notices: list[str] = []
        why = ""
        with self._batch() as (name, folder):
            faults.reach("load.batch_open")
            for table in source.tables():
                tell(f"Loading {table}")
                scan = source.scan(table)
                notices += _unknown_columns(scan)
                row, had = self._load_table(scan, _Past(source.name, before, reading), folder)
                tables.append(row)
                why = why or _brake(row, had)
                faults.reach("load.table_written")
            fsync(folder)
            faults.reach("load.files_synced")
            state = "held" if why else "complete"
            final = self._keep(name, folder) if any(folder.iterdir()) else name
            placed = tuple(_placed(table, final) for table in tables)
            held = [
                load.id
                for load in loads
                if load.state == "held"
                and load.source == source.name
                and reading is not Reading.mended
            ]
            notices += [
                f"load {replaced}, which waited, was dropped: this load states the same source anew"
                for replaced in held
            ]
            number = self.manifest.add_load(
                Load(0, source.name, recorded_at, state, why, placed), instead_of=held
            )
            faults.reach("load.committed")
        return LoadReport(number, source.name, recorded_at, state, why, placed, tuple(notices))

    def drop(self, number: int) -> None:
        """Take a load back. Later loads of the same source were compared with it, so they go
        first.
        """
        load = self._find(number)
        later = [
            other.id
            for other in self.manifest.loads(states=("complete", "held"))
            if other.source == load.source and other.id > number
        ]
        if later:
            raise DataError(
                (
                    f"Load {number} cannot be dropped yet: load {later[-1]} of the same source "
                    "came "
                    "after it."
                ),
                code="load_in_use",
                hint=f"Drop load {later[-1]} first.",
            )
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
        """The SQL of every version of a table's rows that these loads hold; None where none states
        the table.

        Beside the table's columns: `_line`, `_deleted`, `_load`, `_source`. A repeated line of one
        load is a version too.
        """
        files = [(load, row) for load in loads for row in load.tables if row.table == table.name]
        parts = [
            self._part(table, load, self._whole(load, row, row.file, row.file_sha256))
            for load, row in files
            if row.file
        ]
        return " UNION ALL BY NAME ".join(parts or [nothing(table)]) if files else None

    def quarantine(self, loads: Sequence[Load]) -> str:
        """The SQL of what is set aside now: each source's latest word on each table. What was
        mended by hand since is among it.
        """
        latest = {
            (load.source, row.table): (load, row)
            for load in loads
            for row in load.tables
            if not is_by_hand(row)
        }
        parts = [
            f'SELECT {literal(row.table)} AS "table", {load.id}::BIGINT AS load, '
            f"{literal(load.source)} AS source,"
            f' line, "column", value, reason, raw, mark FROM ({self._aside(load, row)})'
            for load, row in latest.values()
            if row.quarantine_file
        ]
        nothing = (
            "SELECT '' AS \"table\", 0::BIGINT AS load, '' AS source, line, \"column\", value, "
            f"reason, raw, mark FROM (SELECT {aside.SHAPE}) WHERE false"
        )
        return " UNION ALL ".join(parts) or nothing

    def mends(self, loads: Sequence[Load]) -> str | None:
        """The SQL of the rows mended by hand that read: `table`, `source`, `load`, `number` (their
        line there), `mark` (of what they mend).
        """
        parts = [
            f'SELECT {literal(row.table)} AS "table", {literal(load.source)} AS source, '
            f"{load.id}::BIGINT AS load, number, mends AS mark"
            f" FROM ({self._aside(load, row)}) WHERE mended"
            for load in loads
            for row in load.tables
            if is_by_hand(row) and row.quarantine_file
        ]
        return " UNION ALL ".join(parts) or None

    def _aside(self, load: Load, row: LoadedTable) -> str:
        assert row.quarantine_file is not None
        return aside.read(
            str(self.folder / self._whole(load, row, row.quarantine_file, row.quarantine_sha256))
        )

    def _find(self, number: int) -> Load:
        for load in self.manifest.loads(states=("complete", "held")):
            if load.id == number:
                return load
        if any(load.id == number for load in self.manifest.loads(states=("dropped",))):
            raise DataError(
                f"Load {number} was dropped.",
                code="unknown_load",
                hint="'kampass data loads' says which loads count; 'kampass sync' reads the "
                "source anew.",
            )
        raise DataError(
            f"There is no load {number}.",
            code="unknown_load",
            hint="'kampass data loads' lists them.",
        )

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
        faults.reach("load.before_rename")
        folder.rename(self.folder / name)
        fsync(self.folder)
        faults.reach("load.after_rename")
        return name

    def _whole(self, load: Load, row: LoadedTable, file: str, digest: str | None) -> str:
        """The same file's name, once its bytes are those that were written."""
        integrity.check_journal_file(
            self.folder, file, digest, of=f"load {load.id}, table '{row.table}'"
        )
        return file

    def _part(self, table: Table, load: Load, file: str) -> str:
        path = literal(str(self.folder / file))
        names = ", ".join(quoted(name) for name in [*table.names, *lineage_columns(table)])
        return (
            f"SELECT {names}, {load.id}::BIGINT AS _load, {literal(load.source)} AS _source "
            f"FROM read_parquet({path})"
        )

    def _load_table(self, scan: Scan, past: "_Past", folder: Path) -> tuple[LoadedTable, int]:
        """The table's part of the load, and how many rows its source had stated, where some are
        deleted.
        """
        digest = hashlib.sha256(f"{scan.digest}|{self.timezone}".encode()).hexdigest()
        if past.reading is Reading.mended:
            digest = _BY_HAND + digest
        last = past.last(scan.table)
        if last is not None and last.digest == digest and past.reading is Reading.changed:
            kept = last.loaded + last.unchanged
            aside = last.quarantine_file, last.quarantine_sha256
            return LoadedTable(
                scan.table,
                last.read,
                0,
                kept,
                last.superseded,
                last.quarantined,
                0,
                digest,
                None,
                None,
                *aside,
            ), 0
        own = [
            replace(load, tables=tuple(row for row in load.tables if row.table == scan.table))
            for load in past.loads
            if load.source == past.source
        ]
        known = Known(
            self.versions(TABLES[scan.table], past.loads),
            self.mends(own),
            past.reading is Reading.mended,
        )
        with connect(folder, memory=READING) as connection:
            batch = TableBatch(connection, scan, past.source, known, self.timezone)
            return batch.write(folder, digest), batch.had


@dataclass(frozen=True)
class _Past:
    """What a load is compared with: its source's name, the loads before, and how it reads."""

    source: str
    loads: Sequence[Load]
    reading: Reading

    def last(self, table: str) -> LoadedTable | None:
        """The source's latest word on a whole table."""
        own = (
            row
            for load in reversed(self.loads)
            if load.source == self.source
            for row in load.tables
        )
        return next((row for row in own if row.table == table and not is_by_hand(row)), None)


def is_by_hand(row: LoadedTable) -> bool:
    """Whether a load states only rows that somebody mended, and not the whole table."""
    return row.digest.startswith(_BY_HAND)


def _brake(row: LoadedTable, had: int) -> str:
    """Why the load must wait for a person, or nothing."""
    return (
        f"{row.deleted} of {had} rows of '{row.table}' would be deleted"
        if row.deleted > BRAKE * had
        else ""
    )


def _unknown_columns(scan: Scan) -> list[str]:
    """A word on each column that is ignored; those of accounts become attributes instead."""
    if scan.table == "accounts":
        known = {name.casefold(): name for name in TABLES["accounts"].names}
        near = [
            name
            for name in scan.columns
            if name not in known.values() and name.strip().casefold() in known
        ]
        return [
            (
                f"{scan.place}: '{name}' is kept as an attribute of its own; did you mean "
                f"'{known[name.strip().casefold()]}'?"
            )
            for name in near
        ]
    return [
        f"{scan.place}: the column '{name}' is not known and was left out"
        for name in scan.columns
        if not TABLES[scan.table].has(name)
    ]


def _placed(table: LoadedTable, folder: str) -> LoadedTable:
    """The same counts with file names that say which batch they lie in."""
    quarantine = table.quarantine_file
    if quarantine and "/" not in quarantine:
        quarantine = f"{folder}/{quarantine}"
    file = f"{folder}/{table.file}" if table.file else None
    return LoadedTable(**(table.__dict__ | {"file": file, "quarantine_file": quarantine}))
