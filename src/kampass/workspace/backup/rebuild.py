"""`kampass repair`: writes the application database again from what the journal says of itself.

It only adds: loads under the numbers they had, and states that loads have come to since. Nothing is
deleted; what nobody can place is moved beside the journal.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from kampass.errors import DataError
from kampass.store import Manifest, faults, integrity
from kampass.store.database import FILE, Database
from kampass.store.journal import Journal, batches_of
from kampass.store.loading.incoming import is_by_hand
from kampass.store.records import EVERY_STATE, Load
from kampass.workspace import settings as settings_file
from kampass.workspace.home import locked

Tell = Callable[[str], None]
UNPLACED = "unplaced"
"""The folder beside the journal for batches that no line names, and lines that cannot be read."""


@dataclass(frozen=True)
class Rebuilt:
    """What was put back, by the numbers of loads, and what was not there to be."""

    loads: tuple[int, ...]
    states: tuple[int, ...]
    missing: tuple[int, ...]
    unplaced: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing, so that the journal's word is all there was."""
        return not self.missing and not self.unplaced

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return asdict(self) | {"whole": self.whole}


def rebuild(folder: Path, *, tell: Tell = lambda _: None) -> Rebuilt:
    """Make the database of a workspace know what its journal knows. DataError, and nothing is
    changed, where the database is another workspace's or a file of the journal is damaged.
    """
    settings = settings_file.read(folder)
    data = folder.resolve() / ".kampass"
    if not (data / "journal").is_dir():
        raise DataError(
            "There is no journal to repair from.",
            code="no_journal",
            hint="'kampass sync' loads the sources; 'kampass restore' puts a backup back.",
        )
    with locked(data), _opened(settings.database.of(data)) as (manifest, notices):
        journal = Journal(data / "journal", manifest, timezone=settings.timezone)
        return _Repair(journal, tell).run(notices)


@contextmanager
def _opened(database: Database) -> Iterator[tuple[Manifest, list[str]]]:
    """The database that is there, or an empty one where it is gone or damaged."""
    notices: list[str] = []
    if database.url is not None:
        with database.connected() as engine, engine.begin() as connection:
            from kampass.store.server import owner_of

            if owner_of(connection) is None:
                database.claim(connection)
    try:
        manifest = Manifest(database)
    except DataError as wrong:
        if wrong.code != "damaged_database":
            raise
        aside = f"{FILE}.damaged-{uuid4().hex[:8]}"
        for ending in ("", "-journal"):
            if (database.folder / (FILE + ending)).exists():
                (database.folder / (FILE + ending)).rename(database.folder / (aside + ending))
        notices.append(f"the damaged database is kept as .kampass/{aside}")
        manifest = Manifest(database)
    try:
        yield manifest, notices
    finally:
        manifest.close()


class _Repair:
    """One repair of a journal's database."""

    def __init__(self, journal: Journal, tell: Tell) -> None:
        self.journal, self.tell = journal, tell
        self.known = {load.id: load for load in journal.manifest.loads(states=EVERY_STATE)}
        lines, self.unread = journal.lines.read()
        there = {folder.name for folder in journal.batches()}
        self.lines = [line for line in lines if batches_of([line.load]) <= there]
        self.alone = [line for line in lines if line not in self.lines]
        self.loads = [line.load for line in self.lines if line.load.id not in self.known]

    def run(self, notices: list[str]) -> Rebuilt:
        """Put back what the database does not know."""
        self._refuse_another()
        self._refuse_damaged()
        missing = self._missing()
        unplaced = self.journal.unknown([*self.known.values(), *self.loads])
        unplaced += [self.journal.lines.folder / name for name in self.unread]
        unplaced += [self.journal.lines.file(line.load) for line in self.alone]
        ahead = set(self.journal.lines.ahead_of(self.known.values())) & self.known.keys()
        lines = (line.load for line in self.lines)
        states = {load.id: load.state for load in lines if load.id in ahead}
        whole = not missing and not unplaced
        loads = self.loads if whole else [_started_over(load) for load in self.loads]
        self.journal.manifest.put_back(loads, states)
        faults.reach("repair.put_back")
        self._move_aside(unplaced)
        faults.reach("repair.moved")
        self.journal.sweep()
        if not self.known and self.loads:
            notices.append(
                "who signs in, notes, saved questions, dashboards, pins and the list of what was "
                "published when are not in the journal: only a backup has them"
            )
        notices += [f"journal/loads/{name} could not be read" for name in self.unread]
        return Rebuilt(
            tuple(load.id for load in self.loads),
            tuple(states),
            tuple(missing),
            tuple(each.name for each in unplaced),
            tuple(notices),
        )

    def _refuse_another(self) -> None:
        """DataError where a load of the database is not the journal's load of that number."""
        there = {folder.name for folder in self.journal.batches()}
        lines = {line.load.id: line.load for line in self.lines}
        for number, load in self.known.items():
            said = lines.get(number)
            differs = said is not None and _what(said) != _what(load)
            gone = said is None and not batches_of([load]) <= there
            if differs or gone:
                raise DataError(
                    f"Load {number} of the database is not load {number} of this journal: they "
                    "belong to different workspaces. Nothing was changed.",
                    code="another_database",
                    hint="Put the database that belongs here back, or move .kampass/app.db "
                    "elsewhere and run 'kampass repair' again.",
                )

    def _refuse_damaged(self) -> None:
        """DataError where a file that would count is not what was written."""
        for number, load in enumerate(self.loads, start=1):
            self.tell(f"Checking load {number} of {len(self.loads)}")
            for row in load.tables:
                for name, digest in (
                    (row.file, row.file_sha256),
                    (row.quarantine_file, row.quarantine_sha256),
                ):
                    if name:
                        self._refuse(f"load {load.id}, table '{row.table}'", name, digest)

    def _refuse(self, of: str, name: str, digest: str | None) -> None:
        what = integrity.journal_damage(self.journal.folder, name, digest)
        if what:
            raise DataError(
                f"The journal file {name} ({of}) {what}. Nothing was changed.",
                code="damaged_journal",
                hint=f"Put it back, or move the folder {Path(name).parts[0]} elsewhere and run "
                "'kampass repair' again: the load is missing then, and sources are read anew.",
            )

    def _missing(self) -> list[int]:
        """The loads that came before others which are here, and are nowhere; or of which only the
        line is here.
        """
        numbers = {*self.known, *(line.load.id for line in self.lines)}
        before = {line.after for line in (*self.lines, *self.alone) if line.after}
        return sorted((before | {line.load.id for line in self.alone}) - numbers)

    def _move_aside(self, unplaced: Sequence[Path]) -> None:
        place = self.journal.folder.with_name(UNPLACED)
        for each in unplaced:
            place.mkdir(mode=0o700, exist_ok=True)
            each.rename(place / each.name)


def _what(load: Load) -> tuple[object, ...]:
    """What never changes of a load."""
    files = sorted((row.table, row.file or "") for row in load.tables)
    return load.source, load.recorded_at, tuple(files)


def _started_over(load: Load) -> Load:
    """The same load, after which its source is read whole: something is missing beside it."""
    tables = (row if is_by_hand(row) else replace(row, digest="") for row in load.tables)
    return replace(load, tables=tuple(tables), cursor=None)
