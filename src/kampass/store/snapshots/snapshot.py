"""Published snapshots: immutable DuckDB files with names of their own, made current by one pointer update.

A snapshot is a function of a set of loads and the settings it depends on; its name is their digest. Readers open it
read-only and never wait. A killed build leaves a file no manifest names.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from kampass.errors import DataError, UnknownName
from kampass.store.disk import fsync
from kampass.store.journal import Journal
from kampass.store.manifest import Load, SnapshotRow, to_text
from kampass.store.snapshots.build import SnapshotBuilder, SnapshotSettings

SHAPE = 1
LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}
"""How a snapshot is read: DuckDB's read_only alone would still reach any file."""


@dataclass
class Snapshot:
    """One snapshot, open for reading."""

    id: str
    file: Path
    known_at: datetime
    _connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own to the locked-down, read-only snapshot."""
        with self._lock:
            if self._connection is None:
                connection = duckdb.connect(str(self.file), read_only=True, config=LOCKED)
                self._connection = connection
            return self._connection.cursor()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Snapshots:
    """The snapshots of a workspace, under `folder`."""

    def __init__(self, folder: Path, journal: Journal, settings: SnapshotSettings, *, clock: Callable[[], datetime]) -> None:
        self.folder, self.journal, self.settings, self.clock = folder, journal, settings, clock
        self.manifest = journal.manifest
        folder.mkdir(parents=True, exist_ok=True)

    def publish(self) -> Snapshot:
        """Build what the complete loads say, unless it exists, and make it current."""
        snapshot = self._of(self._loads())
        self.manifest.point_to(snapshot.id)
        return snapshot

    def withdraw(self) -> None:
        """Nothing answers any more: the last load was dropped."""
        self.manifest.point_to(None)

    def current(self, *, build: bool = False) -> Snapshot | None:
        """What answers when nobody asks for another; None where its loads or settings have changed and it may not build."""
        if build:
            return self.publish()
        found = self.manifest.current()
        if found is None:
            raise DataError("Nothing has been published yet.", code="nothing_published", hint="Run 'kampass sync', or 'kampass init DIR --from FOLDER'.")
        row = next(row for row in self.manifest.snapshots() if row.id == found)
        loads = [load for load in self.manifest.loads() if load.id <= row.last_load]
        file = self.folder / row.file
        if not loads or self._name(loads) != found or not file.exists():
            return None
        return Snapshot(found, file, row.recorded_at)

    def by_id(self, snapshot_id: str, *, build: bool = False) -> Snapshot | None:
        """A published snapshot by its id, or the start of it; None where its file is gone and it may not build."""
        rows = self.manifest.snapshots()
        found = [row for row in rows if row.id.startswith(snapshot_id)] if snapshot_id else []
        if len(found) != 1:
            raise UnknownName("snapshot", snapshot_id, [row.id for row in rows], hint="'kampass doctor' names the current one.")
        file = self.folder / found[0].file
        if not file.exists():
            return self._rebuild(found[0]) if build else None
        return Snapshot(found[0].id, file, found[0].recorded_at)

    def known_at(self, instant: datetime, *, build: bool = False) -> Snapshot | None:
        """The snapshot of the loads recorded until then; None where it is not there yet and it may not build."""
        loads = [load for load in self._loads() if load.recorded_at <= instant]
        if not loads:
            raise DataError(f"Nothing was known at {to_text(instant)}: the first load came later.", code="not_known_yet")
        name = self._name(loads)
        file = self.folder / f"{name}.duckdb"
        if file.exists():
            return Snapshot(name, file, loads[-1].recorded_at)
        return self._of(loads) if build else None

    def sweep(self) -> None:
        """Remove what an interrupted build left behind."""
        for file in self.folder.glob(".building-*"):
            file.unlink(missing_ok=True)
        for file in self.folder.glob("duckdb_temp_*"):
            file.unlink(missing_ok=True)

    def _loads(self) -> list[Load]:
        loads = self.manifest.loads()
        if not loads:
            raise DataError("There is no load yet.", code="no_load", hint="Run 'kampass sync', or 'kampass init DIR --from FOLDER'.")
        return loads

    def _of(self, loads: Sequence[Load]) -> Snapshot:
        snapshot_id = self._name(loads)
        file = self.folder / f"{snapshot_id}.duckdb"
        recorded_at = loads[-1].recorded_at
        if not file.exists():
            self._build(loads, file)
        self.manifest.add_snapshot(SnapshotRow(snapshot_id, file.name, recorded_at, self.clock(), loads[-1].id))
        return Snapshot(snapshot_id, file, recorded_at)

    def _rebuild(self, row: SnapshotRow) -> Snapshot:
        loads = [load for load in self._loads() if load.id <= row.last_load]
        if not loads or self._name(loads) != row.id:
            raise DataError(f"The file of snapshot {row.id} is gone, and its loads or settings have changed since.", code="snapshot_gone")
        return self._of(loads)

    def _build(self, loads: Sequence[Load], file: Path) -> None:
        building = self.folder / f".building-{file.stem}-{os.getpid()}"
        building.unlink(missing_ok=True)
        try:
            SnapshotBuilder(self.journal, loads, self.settings, building).build()
            fsync(building)
            building.rename(file)
            fsync(self.folder)
        finally:
            building.unlink(missing_ok=True)
            building.with_name(building.name + ".wal").unlink(missing_ok=True)

    def _name(self, loads: Sequence[Load]) -> str:
        """A name that says which loads and settings the snapshot is made of."""
        parts = [f"shape {SHAPE}", self.settings.timezone, self.settings.currency]
        for load in loads:
            tables = ",".join(f"{row.table}:{row.digest}:{row.file_sha256}" for row in load.tables)
            parts.append(f"{load.id}|{load.source}|{to_text(load.recorded_at)}|{tables}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
