"""A workspace: one folder with its settings, journal, snapshots and own KPIs, behind one object."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kampass.access import EVERYTHING, NotSignedIn, Scope, Viewer
from kampass.catalogue import Catalogue, stored, with_own
from kampass.engine import Engine
from kampass.errors import DataError, QuestionError, UnknownName
from kampass.facts import prepared
from kampass.model.scan import Source
from kampass.store import (
    Journal,
    LoadReport,
    Manifest,
    Rules,
    Snapshot,
    Snapshots,
    SnapshotSettings,
    faults,
)
from kampass.workspace import digests, published, repair, trouble
from kampass.workspace import settings as settings_file
from kampass.workspace.answers import Answers
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

if TYPE_CHECKING:
    from kampass.intake.preview import Preview
    from kampass.library import Library
    from kampass.people import People, Person
    from kampass.workspace.backup import Backup
    from kampass.workspace.loads.held import Held
    from kampass.workspace.loads.quarantine import By, Quarantine
    from kampass.workspace.loads.replay import Replay
    from kampass.workspace.view import Sight, Sights

_GITIGNORE = (
    "# Data and snapshots stay out of version control; settings and own KPIs belong in "
    "it.\n.kampass/\n"
)


class Workspace(Answers):
    """One workspace. Reading never waits for writing; writers take turns."""

    def __init__(self, folder: Path, settings: WorkspaceSettings | None = None) -> None:
        self.folder = folder.resolve()
        self.settings = settings or settings_file.read(self.folder)
        self._data = self.folder / ".kampass"
        self._data.mkdir(exist_ok=True)
        self.manifest = Manifest(self.settings.database.of(self._data))
        self.journal = Journal(
            self._data / "journal", self.manifest, timezone=self.settings.timezone
        )
        made_in = SnapshotSettings(self.settings.timezone, self.settings.currency)
        self.snapshots = Snapshots(
            self._data / "snapshots",
            self.journal,
            made_in,
            clock=_now,
            rules=Rules(prepared.statements, lambda: published.rules(self)),
        )
        repair.OPEN.add(self)

    @property
    def home(self) -> "Workspace":
        """Itself."""
        return self

    def forget(self) -> None:
        """Let go of the snapshots that viewers read."""
        if "sights" in self.__dict__:
            self.sights.forget()

    @cached_property
    def sights(self) -> "Sights":
        """What viewers see of it: snapshots, engines and answers are kept for the next question."""
        from kampass.workspace.view import Sights

        return Sights(self)

    def sight(self, scope: Scope = EVERYTHING) -> "Sight":
        """What one viewer may ask now: everything within the scope, all from the snapshot that is
        current as this is called.
        """
        return self.sights.through(scope)

    def viewer(self, person: "Person") -> Viewer:
        """A person with what they may see now; who they are in the data an admin says, or their
        e-mail address.
        """
        user_id, team_id = self.sights.place_of(person.email, person.user_id, person.team_id)
        scope = self.sights.scope_of(person.role, user_id, team_id)
        return Viewer(person.id, person.email, person.name, person.role, scope, user_id, team_id)

    def sight_of(self, email: str) -> "Sight":
        """What the person of that address may ask now; NotSignedIn where nobody has it (any
        more).
        """
        person = self.people.accounts.by_email(email)
        if person is None:
            raise NotSignedIn(f"Nobody has the address {email}.")
        return self.sight(self.viewer(person).scope)

    def refresh(self) -> None:
        """Read settings and definitions again where their files have changed."""
        self.settings = settings_file.read(self.folder)
        for name in ("catalogue", "settings_digest", "catalogue_digest"):
            self.__dict__.pop(name, None)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The shipped KPIs and the workspace's own."""
        catalogue = with_own(self.folder / "kpis")
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

        return Library(self.manifest.engine, _now)

    @cached_property
    def people(self) -> "People":
        """Who may sign in."""
        from kampass.people import People

        return People(self.manifest.engine, _now)

    def close(self) -> None:
        """Let go of the files."""
        self.manifest.close()

    def sources(self, name: str | None = None) -> list[Source]:
        """The sources of the settings, or the one of that name."""
        found = [source for source in self.settings.sources if name in {None, source.name}]
        if name is not None and not found:
            raise UnknownName("source", name, [source.name for source in self.settings.sources])
        return [self._source(source) for source in found]

    def sync(
        self,
        name: str | None = None,
        *,
        recorded_at: datetime | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> list[LoadReport]:
        """Load what the sources state now, then publish it; `tell` hears what is going on."""
        reports: list[LoadReport] = []
        with self.writing():
            for source in self.sources(name):
                if _states_history(source):
                    reports += self._sync_history(source, tell)
                else:
                    report = self.journal.load(
                        source, recorded_at=recorded_at or self._next_instant(), tell=tell
                    )
                    reports.append(replace(report, notices=(*report.notices, *_strangers(source))))
            if any(report.state == "complete" for report in reports):
                tell("Publishing")
                self.snapshots.publish()
        return reports

    def preview(
        self,
        source: str | None = None,
        table: str | None = None,
        *,
        rows: int = 5,
        tell: Callable[[str], None] = lambda _: None,
    ) -> "list[Preview]":
        """What the sources, or one of them, would become; nothing is loaded."""
        from kampass.intake.preview import preview

        return [
            preview(found, table, timezone=self.settings.timezone, rows=rows, tell=tell)
            for found in self.sources(source)
        ]

    def publish(self) -> Snapshot:
        """Make a snapshot of the complete loads current."""
        with self.writing():
            return self.snapshots.publish()

    def drop(self, load: int) -> Snapshot | None:
        """Take a load back and publish what remains (None: nothing remains)."""
        with self.writing():
            self.journal.drop(load)
            faults.reach("drop.before_publish")
            if self.manifest.loads():
                return self.snapshots.publish()
            self.snapshots.withdraw()
            return None

    def confirm(self, load: int) -> Snapshot:
        """Let a held load count, and publish."""
        with self.writing():
            self.journal.confirm(load)
            faults.reach("confirm.before_publish")
            return self.snapshots.publish()

    def held(self, load: int | None = None) -> "tuple[Held, ...]":
        """What the loads that the deletion brake holds, or one of them, would change if they
        counted.
        """
        from kampass.workspace.loads.held import held

        return held(self, load)

    @repair.mending
    def quarantine(  # noqa: PLR0913 - the filters of `kampass data quarantine`
        self,
        *,
        table: str | None = None,
        source: str | None = None,
        load: int | None = None,
        reason: str | None = None,
        by: "By" = "reason",
        rows: bool = False,
    ) -> "Quarantine":
        """What is set aside, grouped and with its effect on the KPIs; `rows` adds the rows
        themselves.
        """
        from kampass.workspace.loads.quarantine import Wish, examine

        return examine(self, Wish(table, source, load, reason), by=by, rows=rows)

    def replay(
        self,
        *,
        table: str | None = None,
        source: str | None = None,
        file: Path | None = None,
        recorded_at: datetime | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> "Replay":
        """Read again what is set aside: from its sources, or from a CSV of mended rows."""
        from kampass.workspace.loads.quarantine import Wish
        from kampass.workspace.loads.replay import replay

        self.sources(source)
        return replay(
            self, Wish(table, source), file, lambda: recorded_at or self._next_instant(), tell
        )

    def backup(
        self, file: Path, *, pinned: bool = False, tell: Callable[[str], None] = lambda _: None
    ) -> "Backup":
        """Write everything the workspace is made of into one file; `pinned` packs the snapshots
        that are pinned too.
        """
        from kampass.workspace.backup import take

        return take(self, file, now=_now(), pinned=pinned, tell=tell)

    def snapshot(
        self, *, known_at: datetime | None = None, snapshot: str | None = None
    ) -> Snapshot:
        """The snapshot that answers: the current one, one by its id, or what was known at an
        instant.
        """
        if known_at is not None and snapshot is not None:
            raise QuestionError(
                "Ask either as known at an instant or from a snapshot, not both.",
                code="bad_question",
            )
        found = self._find(known_at, snapshot, build=False)
        if found is None:
            with self.writing():
                found = self._built(known_at, snapshot)
        return found

    def _built(self, known_at: datetime | None, snapshot: str | None) -> Snapshot:
        """The same, built; where a damaged journal is in the way of the current one, an older one
        that is whole.
        """
        try:
            found = self._find(known_at, snapshot, build=True)
        except DataError as damage:
            if damage.code != "damaged_journal" or known_at is not None or snapshot is not None:
                raise
            return repair.older(self, damage)
        assert found is not None
        return found

    def _find(
        self, known_at: datetime | None, snapshot: str | None, *, build: bool
    ) -> Snapshot | None:
        """The snapshot asked for; None where it would have to be built first, which only a writer
        may.
        """
        if snapshot is not None:
            return self.snapshots.by_id(snapshot, build=build)
        if known_at is not None:
            return self.snapshots.known_at(known_at, build=build)
        return self.snapshots.current(build=build)

    def engine(self, *, known_at: datetime | None = None, snapshot: str | None = None) -> Engine:
        """An engine on the snapshot that answers."""
        found = self.snapshot(known_at=known_at, snapshot=snapshot)
        settings = published.settings_for(self, found) if snapshot else self.settings.engine
        return Engine(found, self.catalogue, settings, known_at, self._digests)

    def _digests(self) -> dict[str, str]:
        return {"settings_digest": self.settings_digest, "catalogue_digest": self.catalogue_digest}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One writer at a time; the lock goes with the process, however it ends."""
        with trouble.naming(), (self._data / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.journal.sweep()
            self.snapshots.sweep()
            yield

    def _next_instant(self) -> datetime:
        """Now, or the latest load's instant where the clock is behind it."""
        recorded = [load.recorded_at for load in self.manifest.loads(states=("complete", "held"))]
        return max([_now(), *recorded])

    def _source(self, source: SourceSettings) -> Source:
        if source.kind == "sample":
            from kampass.intake.sources.company import SampleSource

            return SampleSource(source.name, **source.options)
        folder, scratch = (
            (self.folder / str(source.options["path"])).resolve(),
            self._data / "scratch",
        )
        if source.kind == "mapped":
            from kampass.intake.mapping import MappedSource

            return MappedSource(source.name, folder, source.mappings, scratch)
        from kampass.intake.sources.folder import FileSource

        return FileSource(source.name, folder, scratch)

    def _sync_history(self, source: Source, tell: Callable[[str], None]) -> list[LoadReport]:
        """A source that states its own history is loaded once, at the instants it names."""
        known = {load.recorded_at for load in self.manifest.loads() if load.source == source.name}
        return [
            self.journal.load(load, recorded_at=load.recorded_at, tell=tell)
            for load in source.history()  # type: ignore[attr-defined]
            if load.recorded_at not in known
        ]


def create(folder: Path, settings: WorkspaceSettings) -> Workspace:
    """Make a workspace; DataError where there is one already."""
    settings_file.checked(settings)
    if (folder / settings_file.FILE).exists():
        raise DataError(
            f"{folder} is a workspace already.",
            code="workspace_exists",
            hint="Use another folder, or 'kampass sync' in this one.",
        )
    for source in settings.sources:
        if source.kind == "folder" and not Path(source.options["path"]).is_dir():
            raise DataError(
                f"There is no folder {source.options['path']}.",
                code="no_folder",
                hint="Give --from a folder of canonical files.",
            )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kpis").mkdir(exist_ok=True)
    if not (folder / ".gitignore").exists():
        (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    settings_file.write(folder, settings)
    return Workspace(folder)


def _strangers(source: Source) -> list[str]:
    """A word on each file that names no table."""
    from kampass.intake.sources.folder import FileSource

    names = source.strangers() if isinstance(source, FileSource) else []
    return [f"{name} names no table and was left alone" for name in names]


def _states_history(source: Source) -> bool:
    return hasattr(source, "history")


def _now() -> datetime:
    return datetime.now(UTC)
