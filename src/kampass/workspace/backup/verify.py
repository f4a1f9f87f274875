"""Checks a workspace where it lies, or a backup, and changes nothing: every digest, every count,
every name.

The database is examined in a copy: even opening SQLite's file after a crash would finish the
interrupted transaction, and opening one on a server would migrate it.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kampass.errors import DataError
from kampass.store import Manifest, integrity
from kampass.store.database import FILE, Database
from kampass.store.journal import lines_of, unknown_batches
from kampass.store.reading import HEAD, ServerReader
from kampass.store.records import EVERY_STATE, Load, LoadedTable, SnapshotRow
from kampass.store.server import owner_of
from kampass.workspace import settings as settings_file
from kampass.workspace.backup import rows
from kampass.workspace.backup.archive import DATABASE, Archive, Member, opened

Tell = Callable[[str], None]
_Found = tuple[list[Load], list[SnapshotRow], list["DamageFinding"]]

_JOURNAL = "Restore a backup, or drop the source's loads back to this one and sync again."


@dataclass(frozen=True)
class DamageFinding:
    """One thing that is not as it was written, and the way out."""

    place: str
    what: str
    way_out: str


@dataclass(frozen=True)
class Verification:
    """What was checked, and what was found."""

    checked: str
    files: int
    loads: int
    snapshots: int
    findings: tuple[DamageFinding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return asdict(self) | {
            "whole": self.whole,
            "findings": [asdict(finding) for finding in self.findings],
        }


def verify_workspace(folder: Path, *, tell: Tell = lambda _: None) -> Verification:
    """Check every file of a workspace against what was recorded of it."""
    data = folder.resolve() / ".kampass"
    database = settings_file.read(folder).database.of(data)
    loads, snapshots, findings = _of_workspace(database)
    findings += [] if findings else _unknown(data / "journal", loads)
    files = list(_journal_files(loads))
    for number, (load, row, name, digest) in enumerate(files, start=1):
        tell(f"Checking file {number} of {len(files)} of the journal")
        what = integrity.journal_damage(data / "journal", name, digest)
        findings += (
            [_of_journal(name, load, row, what)]
            if what
            else _counts(data / "journal", load, row, name)
        )
    there = [snapshot for snapshot in snapshots if (data / "snapshots" / snapshot.file).exists()]
    for snapshot in there:
        tell(f"Checking snapshot {snapshot.id}")
        findings += _snapshot(data / "snapshots" / snapshot.file, snapshot)
    return Verification(
        str(folder), len(files) + len(there), len(loads), len(there), tuple(findings)
    )


def _unknown(journal: Path, loads: Sequence[Load]) -> list[DamageFinding]:
    """What the journal knows and the database does not."""
    way_out = "Put the database that belongs here back, or run 'kampass repair'."
    batches = [
        DamageFinding(f"journal/{folder.name}", "is a batch that no load names", way_out)
        for folder in unknown_batches(journal, loads)
    ]
    return batches or [
        DamageFinding(f"load {number}", "is known to the journal and not so here", way_out)
        for number in lines_of(journal).ahead_of(loads)
    ]


def verify_backup(file: Path, *, tell: Tell = lambda _: None) -> Verification:
    """Check every member of a backup, and that they belong together."""
    with opened(file) as archive, tempfile.TemporaryDirectory(prefix="kampass-") as place:
        members = archive.contents.members
        findings: list[DamageFinding] = []
        for number, member in enumerate(members, start=1):
            tell(f"Checking file {number} of {len(members)}")
            findings += _member(archive, member, Path(place))
        loads, _, of_database = _manifest(Path(place) / FILE)
        findings += of_database + _missing(archive.contents.members, loads)
        return Verification(str(file), len(members), len(loads), 0, tuple(findings))


def _member(archive: Archive, member: Member, place: Path) -> list[DamageFinding]:
    target = place / FILE if member.name == DATABASE else None
    try:
        with _written(target) as write:
            for chunk in archive.read(member):
                write(chunk)
    except DataError as wrong:
        return [DamageFinding(member.name, wrong.message, wrong.hint)]
    return []


@contextmanager
def _written(target: Path | None) -> Iterator[Callable[[bytes], object]]:
    if target is None:
        yield lambda _: None
        return
    with target.open("wb") as stream:
        yield stream.write


def _of_workspace(database: Database) -> _Found:
    """The loads and snapshots of a workspace's database, which is left alone: it is examined in a
    copy.
    """
    with tempfile.TemporaryDirectory(prefix="kampass-") as place:
        copy = Path(place) / FILE
        if database.url is not None:
            wrong = _from_server(database, copy)
            return (
                ([], [], [DamageFinding(str(database), wrong, "Restore a backup.")])
                if wrong
                else _manifest(copy)
            )
        for name in (FILE, f"{FILE}-journal"):
            if (database.folder / name).exists():
                shutil.copyfile(database.folder / name, Path(place) / name)
        return _manifest(copy)


def _from_server(database: Database, copy: Path) -> str:
    """Read every row, and with it the server's own checksums; what is wrong, or nothing."""
    with database.connected() as engine:
        with engine.connect() as connection:
            owner = owner_of(connection)
        if owner is None or owner != database.mark():
            return "is not this workspace's"
        found = ServerReader(engine).version()
        if found != HEAD:
            return f"is of version {found}, and this Kampass works with {HEAD}"
        try:
            rows.save(engine, copy)
        except sa.exc.SQLAlchemyError as wrong:
            return str(wrong).split("\n")[0]
    return ""


def _manifest(file: Path) -> _Found:
    """The loads and snapshots of a database, or what is wrong with it."""
    if not file.exists():
        return [], [], [DamageFinding(FILE, "is gone", "Restore a backup.")]
    try:
        with closing(Manifest(file)) as manifest:
            return manifest.loads(states=EVERY_STATE), manifest.snapshots(), []
    except (DataError, sqlite3.Error, sa.exc.SQLAlchemyError) as wrong:
        return [], [], [DamageFinding(FILE, str(wrong).split("\n")[0], "Restore a backup.")]


def _journal_files(loads: Sequence[Load]) -> Iterator[tuple[Load, LoadedTable, str, str | None]]:
    """Every file the loads name, with its digest; one that several loads name counts once."""
    seen: set[str] = set()
    for load in loads:
        for row in load.tables:
            for name, digest in (
                (row.file, row.file_sha256),
                (row.quarantine_file, row.quarantine_sha256),
            ):
                if name and name not in seen:
                    seen.add(name)
                    yield load, row, name, digest


def _of_journal(name: str, load: Load, row: LoadedTable, what: str) -> DamageFinding:
    return DamageFinding(
        f"journal/{name}", f"load {load.id}, table '{row.table}': {what}", _JOURNAL
    )


def _counts(folder: Path, load: Load, row: LoadedTable, name: str) -> list[DamageFinding]:
    """What the load says it holds is what the file holds, and all that was read is accounted
    for.
    """
    if row.read != row.loaded + row.unchanged + row.superseded + row.quarantined:
        return [
            _of_journal(
                name, load, row, "read is not loaded + unchanged + superseded + quarantined"
            )
        ]
    rows = integrity.rows_in(folder / name)
    short = rows < row.loaded + row.deleted if name == row.file else rows != row.quarantined
    return (
        [_of_journal(name, load, row, f"holds {rows} rows, which is not what the load counted")]
        if short
        else []
    )


def _snapshot(file: Path, row: SnapshotRow) -> list[DamageFinding]:
    """A snapshot is readable to its last block, made of the loads it is recorded with, and adds up
    to them.
    """
    place, way_out = (
        f"snapshots/{file.name}",
        "The next question that meets it builds it again from the journal.",
    )
    what = integrity.snapshot_damage(file)
    if what:
        return [DamageFinding(place, what, way_out)]
    made_of, wrong = integrity.made_of(file)
    if row.loads is not None and made_of != tuple(sorted(row.loads)):
        return [DamageFinding(place, f"is made of loads {made_of} instead of {row.loads}", way_out)]
    return [
        DamageFinding(place, f"'{name}' does not add up to the journal", way_out) for name in wrong
    ]


def _missing(members: Sequence[Member], loads: Sequence[Load]) -> list[DamageFinding]:
    """Every file the database names is in the backup, as the database knows it."""
    packed: Mapping[str, str] = {member.name: member.sha256 for member in members}
    findings = []
    for load, row, name, digest in _journal_files(loads):
        found = packed.get(f".kampass/journal/{name}")
        if found is None or (digest and found != digest):
            findings.append(
                _of_journal(
                    name,
                    load,
                    row,
                    "is not in the backup" if found is None else "is not what the load wrote",
                )
            )
    return findings
