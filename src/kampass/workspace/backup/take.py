"""Takes a backup: settings, own KPIs, the application database and every file it names, in one
archive.

The writer's lock is held only while the database is copied: journal files never change once they
are named, so the long part runs beside readers and writers, and the archive is still the workspace
of one moment.
"""

import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

from kampass.errors import DataError
from kampass.store import Snapshot, faults
from kampass.store.disk import fsync
from kampass.store.progress import heard
from kampass.store.records import Load, to_text
from kampass.store.snapshots.build import SHAPE
from kampass.version import VERSION
from kampass.workspace.backup import rows
from kampass.workspace.backup.archive import (
    CONTENTS,
    DATABASE,
    SETTINGS,
    Backup,
    BackupContents,
    Member,
    Packer,
)
from kampass.workspace.home import Home
from kampass.workspace.loads import export

Tell = Callable[[str], None]


def take(
    workspace: Home,
    file: Path,
    *,
    now: datetime,
    pinned: bool = False,
    tell: Tell = lambda _: None,
) -> Backup:
    """Write the whole workspace to `file`, which is there only once it is complete and on disk;
    `pinned` packs pinned snapshots too.
    """
    if file.exists():
        raise DataError(
            f"{file} exists already.",
            code="file_exists",
            hint="A backup never overwrites anything: name another file.",
        )
    if not file.parent.is_dir():
        raise DataError(
            f"There is no folder {file.parent}.",
            code="no_folder",
            hint="Make it, or name another file.",
        )
    part = file.with_name(f".{file.name}.part")
    try:
        part.touch(mode=0o600)
        with zipfile.ZipFile(part, "w") as archive:
            packing = _Packing(workspace, Packer(archive), tell)
            contents = packing.pack(now, pinned=pinned)
            archive.writestr(zipfile.ZipInfo(CONTENTS), contents.to_json())
        fsync(part)
        faults.reach("backup.before_rename")
        part.rename(file)
        fsync(file.parent)
        faults.reach("backup.renamed")
    finally:
        part.unlink(missing_ok=True)
    return Backup(file, file.stat().st_size, contents, tuple(packing.notices))


class _Packing:
    """One backup on its way into its archive."""

    def __init__(self, workspace: Home, packer: Packer, tell: Tell) -> None:
        self.workspace, self.packer, self.tell = workspace, packer, tell
        self.notices: list[str] = []

    def pack(self, now: datetime, *, pinned: bool) -> BackupContents:
        """Pack everything; what the archive then holds."""
        with ExitStack() as held:
            with self.workspace.writing():
                snapshot = self._answering()
                if snapshot:
                    held.enter_context(closing(snapshot))
                pins = (
                    [held.enter_context(closing(found)) for found in self._pinned()]
                    if pinned
                    else []
                )
                self.tell("Packing the settings and the database")
                loads = self.workspace.manifest.loads(states=("complete", "held", "dropped"))
                self._pack_database()
                faults.reach("backup.database_copied")
                self._pack_settings()
            self._pack_journal(loads)
            for found in pins:
                self.tell(f"Packing snapshot {found.id}")
                self._pack_file(found.file, f".kampass/snapshots/{found.file.name}")
            self.tell("Working out the digest of the tables")
            digest = export.digest(snapshot) if snapshot else None
        self._name_absolute_sources()
        members = tuple(self.packer.members)
        return BackupContents(
            VERSION,
            to_text(now),
            snapshot.id if snapshot else None,
            SHAPE,
            digest,
            len(loads),
            members,
        )

    def _answering(self) -> Snapshot | None:
        """The snapshot that answers, published first where loads wait for it."""
        manifest, snapshots = self.workspace.manifest, self.workspace.snapshots
        if not manifest.loads():
            return None
        self.tell("Publishing")
        return (snapshots.current() if manifest.current() else None) or snapshots.publish()

    def _pinned(self) -> Iterator[Snapshot]:
        for snapshot_id in sorted(self.workspace.manifest.pins()):
            found = self.workspace.snapshots.by_id(snapshot_id)
            if found is not None:
                yield found

    def _pack_database(self) -> None:
        """Pack a copy of one moment; what an interrupted backup left of one goes."""
        place = self.workspace.folder / ".kampass"
        for left in place.glob(".backup-*"):
            left.unlink(missing_ok=True)
        copy = place / f".backup-{os.getpid()}.db"
        try:
            rows.save(self.workspace.manifest.engine, copy)
            self._pack_file(copy, DATABASE)
        finally:
            copy.unlink(missing_ok=True)

    def _pack_settings(self) -> None:
        """Pack what people bring: settings, own KPIs and the files they uploaded."""
        folder = self.workspace.folder
        for path in [
            folder / SETTINGS,
            folder / ".gitignore",
            *sorted(folder.glob("kpis/**/*")),
            *sorted(folder.glob("uploads/**/*")),
        ]:
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                self.notices.append(f"{name} is a link and was left out")
            elif path.is_file():
                self._pack_file(path, name)

    def _pack_journal(self, loads: Iterable[Load]) -> None:
        """Pack every file the manifest names, each once, and none that is damaged."""
        files = {row.file: row.file_sha256 for load in loads for row in load.tables if row.file}
        files |= {
            row.quarantine_file: row.quarantine_sha256
            for load in loads
            for row in load.tables
            if row.quarantine_file
        }
        for number, (name, sha256) in enumerate(sorted(files.items()), start=1):
            self.tell(f"Packing file {number} of {len(files)} of the journal")
            heard(self.tell).count(number - 1, len(files), "files")
            try:
                member = self._pack_file(
                    self.workspace.journal.folder / name, f".kampass/journal/{name}"
                )
            except FileNotFoundError:
                raise _damaged(name, "is gone") from None
            if sha256 is not None and member.sha256 != sha256:
                raise _damaged(name, "is not what was written")
            heard(self.tell).count(number, len(files), "files")
            faults.reach("backup.member_written")

    def _pack_file(self, file: Path, name: str) -> Member:
        with file.open("rb") as stream:
            return self.packer.add(name, stream)

    def _name_absolute_sources(self) -> None:
        """A word on each source whose path stays what it is wherever the workspace goes."""
        for source in self.workspace.settings.sources:
            path = source.options.get("path")
            if isinstance(path, str) and Path(path).is_absolute():
                self.notices.append(
                    f"source '{source.name}' reads {path}, which is not in the backup; a "
                    "restored workspace reads it there too"
                )


def _damaged(name: str, what: str) -> DataError:
    return DataError(
        f"The journal file {name} {what}: a backup of it would be worthless.",
        code="damaged_journal",
        hint="'kampass verify' says what is damaged, and the way out.",
    )
