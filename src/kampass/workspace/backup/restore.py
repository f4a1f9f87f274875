"""Puts a workspace back from a backup, and proves that it is the same: equal snapshot, equal
export.

`kampass.toml` gets its name last, by one rename: until then the folder is no workspace, whatever
happens. It waits as `.kampass/kampass.toml` from the start, which marks the folder as a restore's
own. `landing` puts the database on a server.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kampass.errors import DataError
from kampass.store import faults
from kampass.store.database import MARK, Database
from kampass.store.disk import fsync
from kampass.store.snapshots.build import SHAPE
from kampass.workspace import settings as settings_file
from kampass.workspace.backup import landing
from kampass.workspace.backup.archive import SETTINGS, Archive, BackupContents, Member, opened
from kampass.workspace.home import Home
from kampass.workspace.loads import export
from kampass.workspace.settings import WorkspaceSettings

_OURS = {".kampass", "kpis", "uploads", ".gitignore"}
_KEPT = {"lock", MARK}
"""What stays from an interrupted restore: by the mark, the next one knows what that left on a
server.
"""

_ROOM = 64 << 20
"""Free space beyond the files themselves below which a restore does not begin."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """A restored workspace and what was proved of it."""

    folder: Path
    snapshot: str | None
    export_sha256: str | None
    files: int
    notices: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return asdict(self) | {"folder": str(self.folder), "notices": list(self.notices)}


def restore(file: Path, folder: Path, *, tell: Tell = lambda _: None) -> Restored:
    """Unpack a backup into a folder that is empty or not there, check every digest, and prove the
    result.
    """
    folder = folder.resolve()
    with opened(file) as archive, _claimed(folder):
        faults.reach("restore.begun")
        _check_room(archive, folder)
        members = archive.contents.members
        for number, member in enumerate(
            sorted(members, key=lambda member: member.name != SETTINGS), start=1
        ):
            tell(f"Unpacking file {number} of {len(members)}")
            _unpack(archive, member, folder)
        faults.reach("restore.unpacked")
        # Not before every digest held: the settings of an archive say whom to connect to.
        landing.check_free(_database(folder))
        with landing.landed(_database(folder)):
            tell("Building the snapshot again")
            notices = _prove(folder, archive.contents)
            faults.reach("restore.proved")
            _sync_folders(folder)
            faults.reach("restore.before_swap")
            _waiting(folder).rename(folder / SETTINGS)
            fsync(folder)
        faults.reach("restore.swapped")
    contents = archive.contents
    return Restored(
        folder, contents.snapshot, contents.export_sha256, len(contents.members), tuple(notices)
    )


def _waiting(folder: Path) -> Path:
    return folder / ".kampass" / SETTINGS


def _database(folder: Path) -> Database:
    """Where the settings that wait, or the environment, want the database."""
    return settings_file.read(folder / ".kampass").database.of(folder / ".kampass")


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """The folder as this restore's own; whatever fails, it is left as it was found."""
    made = not folder.exists()
    _check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".kampass").mkdir(mode=0o700, exist_ok=True)
    with (folder / ".kampass" / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"Another restore into {folder} is going on.",
                code="restore_running",
                hint="Wait until it ends.",
            ) from None
        _check_free(folder)
        _clear(folder)
        _waiting(folder).touch()
        try:
            yield
        except BaseException:
            if not (folder / SETTINGS).exists():
                _clear(folder)
                shutil.rmtree(folder if made else folder / ".kampass", ignore_errors=True)
            raise


def _check_free(folder: Path) -> None:
    """Only a folder that is not there, empty, or left by an interrupted restore."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise DataError(
            f"{folder} is no folder.",
            code="folder_not_empty",
            hint="Name a folder that does not exist yet.",
        )
    found = {entry.name for entry in folder.iterdir()}
    ours = _waiting(folder).exists() or (
        found == {".kampass"} and {entry.name for entry in (folder / ".kampass").iterdir()} <= _KEPT
    )
    if found and not (ours and found <= _OURS):
        raise DataError(
            f"{folder} is not empty.",
            code="folder_not_empty",
            hint="Name a folder that is empty or does not exist yet.",
        )


def _clear(folder: Path) -> None:
    """Take away what an interrupted restore unpacked, its mark last."""
    for name in _OURS - {".kampass"}:
        _remove(folder / name)
    for entry in (folder / ".kampass").iterdir():
        if entry.name not in {*_KEPT, SETTINGS}:
            _remove(entry)
    _waiting(folder).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _check_room(archive: Archive, folder: Path) -> None:
    needed = sum(member.size for member in archive.contents.members) + _ROOM
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"{folder} has {free >> 20:,} MB free, and the backup needs {needed >> 20:,} MB.",
            code="disk_full",
            hint="Make room. Nothing was changed.",
        )


def _unpack(archive: Archive, member: Member, folder: Path) -> None:
    target = _waiting(folder) if member.name == SETTINGS else folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        for chunk in archive.read(member):
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())


def _prove(folder: Path, contents: BackupContents) -> list[str]:
    """Build the snapshot from what was unpacked; DataError unless it and its export are those of
    the backup.
    """
    settings = settings_file.read(folder / ".kampass")
    with closing(Home(folder, settings)) as workspace:
        loads = len(workspace.manifest.loads(states=("complete", "held", "dropped")))
        if loads != contents.loads:
            raise _unproved(f"it holds {loads} loads instead of {contents.loads}")
        if contents.snapshot is not None:
            _prove_snapshot(workspace, contents)
        return _absent_sources(workspace) + _other_database(settings, workspace)


def _prove_snapshot(workspace: Home, contents: BackupContents) -> None:
    assert contents.snapshot is not None
    same = contents.shape == SHAPE
    built = (
        workspace.snapshots.by_id(contents.snapshot, build=True)
        if same
        else workspace.snapshots.publish()
    )
    assert built is not None
    with closing(built) as snapshot:
        if same and snapshot.id != contents.snapshot:
            raise _unproved(f"its snapshot is {snapshot.id} instead of {contents.snapshot}")
        found = export.digest(snapshot)
    if found != contents.export_sha256:
        raise _unproved(
            f"its export has the digest {found} instead of {contents.export_sha256} (taken with "
            f"Kampass {contents.kampass})"
        )


def _unproved(what: str) -> DataError:
    return DataError(
        f"The restored workspace is not the one that was backed up: {what}.",
        code="not_proved",
        hint="Nothing was left behind. Report it.",
    )


def _absent_sources(workspace: Home) -> list[str]:
    """A word on each source whose files are not where its path leads from here."""
    notices = []
    for source in workspace.settings.sources:
        path = source.options.get("path")
        if isinstance(path, str) and not (workspace.folder / path).exists():
            notices.append(
                f"source '{source.name}' reads {path}, which is not there: put its files there "
                f"or change the path in {SETTINGS} before the next sync"
            )
    return notices


def _other_database(settings: WorkspaceSettings, workspace: Home) -> list[str]:
    """A word where the environment says that the database is elsewhere than the settings do."""
    stated = settings.database.of(workspace.folder / ".kampass", environment={})
    used = settings.database.of(workspace.folder / ".kampass")
    if stated == used:
        return []
    return [
        (
            f"the database is {used} as the environment says, and {SETTINGS} names {stated}: "
            "change "
            "[database] there, or keep the environment so"
        )
    ]


def _sync_folders(folder: Path) -> None:
    """Make every folder's list of files durable."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            fsync(path)
    fsync(folder)
