"""What a workspace is made of: its folder with settings, definitions, journal, snapshots and the
application database. Reading never waits for writing; writers take turns.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kampass.catalogue import Catalogue, stored, with_own
from kampass.engine import Engine, Settings
from kampass.engine.around import Around, HeldLoad
from kampass.errors import DataError, KampassError, QuestionError, UnknownName
from kampass.facts import prepared
from kampass.intake import kinds
from kampass.model.messages import Source
from kampass.store import (
    Journal,
    Manifest,
    Rules,
    Snapshot,
    Snapshots,
    SnapshotSettings,
    trouble,
)
from kampass.store.records import Wording
from kampass.workspace import digests, repair
from kampass.workspace import settings as settings_file
from kampass.workspace.passed import Passed
from kampass.workspace.settings import WorkspaceSettings

if TYPE_CHECKING:
    from kampass.library import Library
    from kampass.people import People


class Home:
    """The folder and everything in it; functions about a workspace take this."""

    def __init__(self, folder: Path, settings: WorkspaceSettings | None = None) -> None:
        self.folder = folder.resolve()
        self.settings = settings or settings_file.read(self.folder)
        self._data = self.folder / ".kampass"
        self._data.mkdir(mode=0o700, exist_ok=True)
        self.manifest = Manifest(self.settings.database.of(self._data))
        self.journal = Journal(
            self._data / "journal", self.manifest, timezone=self.settings.timezone
        )
        made_in = SnapshotSettings(self.settings.timezone, self.settings.currency)
        self.snapshots = Snapshots(
            self._data / "snapshots",
            self.journal,
            made_in,
            clock=now,
            rules=Rules(prepared.statements, self._wordings),
        )
        repair.OPEN.add(self)

    def refresh(self) -> None:
        """Read settings and definitions again where their files have changed."""
        self.settings = settings_file.read(self.folder)
        for name in ("catalogue", "settings_digest", "catalogue_digest"):
            self.__dict__.pop(name, None)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The shipped KPIs and the workspace's own."""
        catalogue = with_own(self.folder / "kpis", Passed(self.folder).unless)
        for kpi_id in self.settings.enabled:
            if kpi_id not in catalogue.kpis:
                raise UnknownName(
                    "KPI",
                    kpi_id,
                    catalogue.kpis,
                    hint="It is switched on in kampass.toml, under [kpis].",
                )
        return catalogue

    @property
    def enabled(self) -> tuple[str, ...]:
        """The KPIs that are switched on."""
        return self.settings.enabled

    @cached_property
    def settings_digest(self) -> str:
        """Sixteen hex digits that change when the settings would change an answer."""
        return digests.digest(digests.settings_text(self.settings))

    @cached_property
    def catalogue_digest(self) -> str:
        """Sixteen hex digits that change when a definition does."""
        return digests.digest(stored.catalogue_text(self.catalogue))

    @cached_property
    def library(self) -> "Library":
        """What people make and keep."""
        from kampass.library import Library

        return Library(self.manifest.engine, now)

    @cached_property
    def people(self) -> "People":
        """Who may sign in."""
        from kampass.people import People

        return People(self.manifest.engine, now)

    def close(self) -> None:
        """Let go of the files."""
        self.manifest.close()

    def sources(self, name: str | None = None) -> list[Source]:
        """The sources of the settings, or the one of that name."""
        found = [source for source in self.settings.sources if name in {None, source.name}]
        if name is not None and not found:
            raise UnknownName("source", name, [source.name for source in self.settings.sources])
        return [kinds.make(source, self.folder, self._data / "scratch") for source in found]

    def _meaning(self, name: str) -> str:
        """A digest of what the settings make of a source's rows (see `kinds.meaning`)."""
        found = next((source for source in self.settings.sources if source.name == name), None)
        return kinds.meaning(found) if found else ""

    def snapshot(
        self, *, known_at: datetime | None = None, snapshot: str | None = None
    ) -> Snapshot:
        """The snapshot that answers: the current one, one by its id, or what was known at an
        instant.
        """
        found = there(self, known_at, snapshot)
        if found is None:
            with self.writing():
                found = self._built(known_at, snapshot)
        return found

    def _built(self, known_at: datetime | None, snapshot: str | None) -> Snapshot:
        """The same, built; where a damaged journal is in the way of the current one, an older one
        that is whole.
        """
        try:
            found = there(self, known_at, snapshot, build=True)
        except DataError as damage:
            if damage.code != "damaged_journal" or known_at is not None or snapshot is not None:
                raise
            return repair.older(self, damage)
        assert found is not None
        return found

    def engine(self, *, known_at: datetime | None = None, snapshot: str | None = None) -> Engine:
        """An engine on the snapshot that answers."""
        found = self.snapshot(known_at=known_at, snapshot=snapshot)
        settings = settings_of(self, found) if snapshot else self.settings.engine
        return Engine(found, self.catalogue, settings, known_at, self._around(known_at))

    def _around(self, known_at: datetime | None) -> Around:
        return Around(self._digests, lambda: held_loads(self, known_at))

    def _digests(self) -> dict[str, str]:
        return {"settings_digest": self.settings_digest, "catalogue_digest": self.catalogue_digest}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One writer at a time; the lock goes with the process, however it ends."""
        with locked(self._data):
            self.journal.sweep()
            self.snapshots.sweep()
            yield

    def _next_instant(self) -> datetime:
        """Now, or the latest load's instant where the clock is behind it."""
        recorded = [load.recorded_at for load in self.manifest.loads(states=("complete", "held"))]
        return max([now(), *recorded])

    def _wordings(self) -> tuple[Wording, ...]:
        """Today's settings and definitions, to be kept with what is published; a definition that
        cannot be read stops no load.
        """
        settings = digests.settings_text(self.settings)
        found = [Wording("settings", digests.digest(settings), settings)]
        try:
            catalogue = stored.catalogue_text(self.catalogue)
        except KampassError:
            return tuple(found)
        return (*found, Wording("catalogue", digests.digest(catalogue), catalogue))


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """The writers' lock of the workspace that keeps its data in this folder, held."""
    with trouble.naming(), (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def there(
    home: Home, known_at: datetime | None, snapshot: str | None, *, build: bool = False
) -> Snapshot | None:
    """The snapshot asked for; None where it would have to be built first, which only a writer
    may.
    """
    if known_at is not None and snapshot is not None:
        raise QuestionError(
            "Ask either as known at an instant or from a snapshot, not both.",
            code="bad_question",
        )
    if snapshot is not None:
        return home.snapshots.by_id(snapshot, build=build)
    if known_at is not None:
        return home.snapshots.known_at(known_at, build=build)
    return home.snapshots.current(build=build)


def settings_of(home: Home, snapshot: Snapshot) -> Settings:
    """Today's settings, with the time zone and the currency a snapshot was made in: its days
    were cut and its money converted by these.
    """
    settings, made_in = home.settings.engine, snapshot.settings
    if (settings.calendar.timezone, settings.currency) == (made_in.timezone, made_in.currency):
        return settings
    return replace(
        settings,
        calendar=replace(settings.calendar, timezone=made_in.timezone),
        currency=made_in.currency,
    )


def held_loads(home: Home, known_at: datetime | None) -> tuple[HeldLoad, ...]:
    """The loads that wait for a person, of those that had come by an instant."""
    return tuple(
        HeldLoad(load.id, load.source, frozenset(row.table for row in load.tables), load.why)
        for load in home.manifest.loads(states=("held",))
        if known_at is None or load.recorded_at <= known_at
    )


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)
