"""Published snapshots: immutable DuckDB files with names of their own, made current by one pointer
update.

A snapshot is a function of a set of loads and the settings it depends on; its name is their digest.
Readers open it read-only and never wait; while one has it, its file stays. A killed build leaves a
file no manifest names.
"""

import fcntl
import hashlib
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from kampass.errors import DataError, UnknownName
from kampass.store import faults
from kampass.store.disk import fsync
from kampass.store.journal import Journal
from kampass.store.progress import SILENT, Progress
from kampass.store.quarantine import newly_set_aside
from kampass.store.records import EVERY_STATE, Load, SnapshotRow, to_text
from kampass.store.snapshots.build import SHAPE, Rules, SnapshotBuilder, SnapshotSettings
from kampass.store.snapshots.retention import Aged, kept

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
    _hold: Callable[[], object] = field(default=lambda: None, repr=False)

    @property
    def settings(self) -> SnapshotSettings:
        """The time zone and the currency that it was made in."""
        row = self.cursor().execute("SELECT timezone, currency FROM _settings").fetchone()
        assert row is not None
        return SnapshotSettings(*row)

    @property
    def is_of_this_version(self) -> bool:
        """Whether the file has the tables that this version reads."""
        shape = (
            "SELECT 1 FROM duckdb_columns() WHERE table_name = '_settings' "
            "AND column_name = 'shape'"
        )
        cursor = self.cursor()
        if cursor.execute(shape).fetchone() is None:
            return False
        return cursor.execute("SELECT shape FROM _settings").fetchone() == (SHAPE,)

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has that a load ever stated."""
        return dict(self.cursor().execute('SELECT "table", kept FROM _reconciliation').fetchall())

    @property
    def sets_aside(self) -> bool:
        """Whether any row is set aside."""
        return self.cursor().execute("SELECT 1 FROM _quarantine LIMIT 1").fetchone() is not None

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
        self._hold()


class Snapshots:
    """The snapshots of a workspace, under `folder`."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        settings: SnapshotSettings,
        *,
        clock: Callable[[], datetime],
        rules: Rules,
    ) -> None:
        self.folder, self.journal, self.settings = folder, journal, settings
        self.clock, self.rules = clock, rules
        self.manifest = journal.manifest
        folder.mkdir(parents=True, exist_ok=True)

    def publish(self, progress: Progress = SILENT) -> Snapshot:
        """Build what the complete loads say, unless it exists, make it current, and let files go
        that retention does not keep.
        """
        snapshot = self._of(self._loads(), self.settings, progress)
        self.manifest.publish(
            snapshot.id, self.clock(), self.rules.wordings(), self._newly_set_aside(snapshot)
        )
        faults.reach("publish.pointed")
        self.prune()
        return snapshot

    def _newly_set_aside(self, snapshot: Snapshot) -> dict[str, int]:
        """How many rows of each table a snapshot sets aside and the current one does not; none
        where that one cannot be read.
        """
        current = self.manifest.current()
        if current == snapshot.id or not snapshot.sets_aside:
            return {}
        before = self.folder / f"{current}.duckdb"
        return newly_set_aside(before if current and before.exists() else None, snapshot.file)

    def withdraw(self) -> None:
        """Nothing answers any more: the last load was dropped."""
        self.manifest.withdraw()

    def prune(self) -> list[str]:
        """Remove the files that nothing keeps and nobody reads; the ids of what can from now on be
        built again only.
        """
        files = {file.name: file for file in self.folder.glob("*.duckdb")}
        rows = [row for row in self.manifest.snapshots() if row.file in files]
        aged = [Aged(row.id, row.recorded_at, row.published_at) for row in rows]
        stay = (
            kept(aged, ZoneInfo(self.settings.timezone))
            | self.manifest.pins().keys()
            | {self.manifest.current()}
        )
        staying = {row.file for row in rows if row.id in stay}
        return [
            file.stem
            for name, file in sorted(files.items())
            if name not in staying and _removed(file)
        ]

    def current(self, *, build: bool = False) -> Snapshot | None:
        """What answers when nobody asks for another; None where its loads or settings have changed
        and it may not build.
        """
        if build:
            return self.publish()
        found = self.manifest.current()
        if found is None:
            self.journal.refuse_unknown()
            raise DataError(
                "Nothing has been published yet.",
                code="nothing_published",
                hint="Run 'kampass sync', or 'kampass init DIR --from FOLDER'.",
            )
        row = next(row for row in self.manifest.snapshots() if row.id == found)
        loads = [load for load in self.manifest.loads() if load.id <= row.last_load]
        if not loads or self._name(loads, self.settings) != found:
            return None
        return self._open(found, row.recorded_at)

    def by_id(self, snapshot_id: str, *, build: bool = False) -> Snapshot | None:
        """A published snapshot by its id, or the start of it; None where its file is gone, or is
        one of an earlier version, and it may not build.
        """
        row = self.row(snapshot_id)
        there = self._open(row.id, row.recorded_at)
        if there is not None and not there.is_of_this_version:
            there.close()
            there = None
        return self._rebuild(row) if there is None and build else there

    def row(self, snapshot_id: str) -> SnapshotRow:
        """What the manifest says of the snapshot whose id is this, or starts like this."""
        rows = self.manifest.snapshots()
        found = [row for row in rows if row.id.startswith(snapshot_id)] if snapshot_id else []
        if len(found) > 1:
            raise UnknownName(
                "snapshot",
                snapshot_id,
                (),
                hint=f"{len(found)} ids start like this: {', '.join(row.id for row in found[:5])}.",
            )
        if not found:
            raise UnknownName(
                "snapshot",
                snapshot_id,
                [row.id for row in rows],
                hint="'kampass snapshot list' shows every snapshot.",
            )
        return found[0]

    def rebuildable(self, rows: Iterable[SnapshotRow]) -> frozenset[str]:
        """Those of these snapshots that the journal still holds all of, so that they can be built
        again: under their names, or where an earlier version made them under one of today's.
        """
        loads = self.manifest.loads(states=EVERY_STATE)
        lines = {load.id: _line(load) for load in loads}
        named = (
            (row.id, [lines[load.id] for load in _made_of(row, loads)], self._settings_of(row))
            for row in rows
        )
        return frozenset(
            snapshot_id
            for snapshot_id, made_of, settings in named
            if made_of
            and any(_name(made_of, settings, shape) == snapshot_id for shape in range(SHAPE, 0, -1))
        )

    def known_at(self, instant: datetime, *, build: bool = False) -> Snapshot | None:
        """The snapshot of the loads recorded until then; None where it is not there yet and it may
        not build.
        """
        loads = [load for load in self._loads() if load.recorded_at <= instant]
        if not loads:
            raise DataError(
                f"Nothing was known at {to_text(instant)}: the first load came later.",
                code="not_known_yet",
            )
        there = self._open(self._name(loads, self.settings), loads[-1].recorded_at)
        return self._of(loads, self.settings) if there is None and build else there

    def sweep(self) -> None:
        """Remove what an interrupted build left behind."""
        for file in self.folder.glob(".building-*"):
            file.unlink(missing_ok=True)
        for file in self.folder.glob("duckdb_temp_*"):
            file.unlink(missing_ok=True)

    def _loads(self) -> list[Load]:
        loads = self.manifest.loads()
        if not loads:
            self.journal.refuse_unknown()
            raise DataError(
                "There is no load yet.",
                code="no_load",
                hint="Run 'kampass sync', or 'kampass init DIR --from FOLDER'.",
            )
        return loads

    def loads_of(self, row: SnapshotRow) -> list[Load]:
        """The loads a snapshot was made of, also those that were taken back since."""
        return _made_of(row, self.manifest.loads(states=EVERY_STATE))

    def _settings_of(self, row: SnapshotRow) -> SnapshotSettings:
        """The settings a snapshot was made in."""
        return SnapshotSettings(
            row.timezone or self.settings.timezone, row.currency or self.settings.currency
        )

    def _open(self, snapshot_id: str, known_at: datetime) -> Snapshot | None:
        """A snapshot whose file cannot go before it is closed; None where it has gone."""
        file = self.folder / f"{snapshot_id}.duckdb"
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except FileNotFoundError:
            return None
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if not os.fstat(descriptor).st_nlink:
            os.close(descriptor)
            return None
        snapshot = Snapshot(snapshot_id, file, known_at)
        # Its own, given at birth.
        snapshot._hold = weakref.finalize(snapshot, os.close, descriptor)  # noqa: SLF001
        return snapshot

    def _of(
        self, loads: Sequence[Load], settings: SnapshotSettings, progress: Progress = SILENT
    ) -> Snapshot:
        snapshot_id = self._name(loads, settings)
        file = self.folder / f"{snapshot_id}.duckdb"
        recorded_at = loads[-1].recorded_at
        if not file.exists():
            self._build(loads, settings, file, progress)
        opened = self._open(snapshot_id, recorded_at)
        assert opened is not None
        numbers = tuple(load.id for load in loads)
        made_in = (settings.timezone, settings.currency)
        self.manifest.add_snapshot(
            SnapshotRow(
                snapshot_id,
                file.name,
                recorded_at,
                self.clock(),
                numbers[-1],
                numbers,
                *made_in,
                opened.rows,
            )
        )
        faults.reach("publish.recorded")
        return opened

    def _rebuild(self, row: SnapshotRow) -> Snapshot:
        if not self.rebuildable([row]):
            raise DataError(
                (
                    f"The file of snapshot {row.id} is gone, and its loads or settings have "
                    "changed "
                    "since."
                ),
                code="snapshot_gone",
                hint=f"'--known-at {to_text(row.recorded_at)}' answers from the loads recorded "
                "until then.",
            )
        return self._of(self.loads_of(row), self._settings_of(row))

    def _build(
        self, loads: Sequence[Load], settings: SnapshotSettings, file: Path, progress: Progress
    ) -> None:
        building = self.folder / f".building-{file.stem}-{os.getpid()}"
        building.unlink(missing_ok=True)
        try:
            SnapshotBuilder(self.journal, loads, settings, self.rules).build(building, progress)
            faults.reach("publish.built")
            fsync(building)
            faults.reach("publish.before_rename")
            building.rename(file)
            fsync(self.folder)
            faults.reach("publish.renamed")
        finally:
            building.unlink(missing_ok=True)
            building.with_name(building.name + ".wal").unlink(missing_ok=True)

    def _name(self, loads: Sequence[Load], settings: SnapshotSettings) -> str:
        return _name([_line(load) for load in loads], settings)


def _made_of(row: SnapshotRow, loads: Sequence[Load]) -> list[Load]:
    """The loads of a snapshot; where nobody wrote them down, those that counted then and still
    do.
    """
    if row.loads is None:
        return [load for load in loads if load.id <= row.last_load and load.state == "complete"]
    numbers = set(row.loads)
    return [load for load in loads if load.id in numbers]


def _line(load: Load) -> str:
    """All of a load that a snapshot depends on."""
    tables = ",".join(f"{row.table}:{row.digest}:{row.file_sha256}" for row in load.tables)
    return f"{load.id}|{load.source}|{to_text(load.recorded_at)}|{tables}"


def _name(lines: Sequence[str], settings: SnapshotSettings, shape: int = SHAPE) -> str:
    """A name that says which loads and settings a snapshot is made of."""
    return hashlib.sha256(
        "\n".join([f"shape {shape}", settings.timezone, settings.currency, *lines]).encode()
    ).hexdigest()[:16]


def _removed(file: Path) -> bool:
    """Remove a file, unless it is gone, somebody holds it, or it is a folder."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        faults.reach("retention.before_unlink")
        file.unlink()
        faults.reach("retention.unlinked")
    except (BlockingIOError, IsADirectoryError):
        return False
    finally:
        os.close(descriptor)
    return True
