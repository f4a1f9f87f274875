"""A workspace: one folder with its settings, journal, snapshots and own KPIs, behind one object."""

import fcntl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from kampass.engine import Engine, Question, Result, parse_filter
from kampass.engine.question import Comparison
from kampass.errors import DataError, QuestionError, UnknownName
from kampass.kpis import Catalogue, with_own
from kampass.model.scan import Source
from kampass.sources.files import FileSource
from kampass.store import Journal, LoadReport, Manifest, Snapshot, Snapshots, SnapshotSettings
from kampass.workspace import settings as settings_file
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

_GITIGNORE = "# Data and snapshots stay out of version control; settings and own KPIs belong in it.\n.kampass/\n"


class Workspace:
    """One workspace. Reading never waits for writing; writers take turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.settings = settings_file.read(self.folder)
        self._data = self.folder / ".kampass"
        self._data.mkdir(exist_ok=True)
        self.manifest = Manifest(self._data / "app.db")
        self.journal = Journal(self._data / "journal", self.manifest, timezone=self.settings.timezone)
        self.snapshots = Snapshots(self._data / "snapshots", self.journal, SnapshotSettings(self.settings.timezone, self.settings.currency), clock=_now)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The shipped KPIs and the workspace's own."""
        catalogue = with_own(self.folder / "kpis")
        for kpi_id in self.settings.enabled:
            if kpi_id not in catalogue.kpis:
                raise UnknownName("KPI", kpi_id, catalogue.kpis, hint="It is switched on in kampass.toml, under [kpis].")
        return catalogue

    def close(self) -> None:
        """Let go of the files."""
        self.manifest.close()

    def sources(self, name: str | None = None) -> list[Source]:
        """The sources of the settings, or the one of that name."""
        found = [source for source in self.settings.sources if name in {None, source.name}]
        if name is not None and not found:
            raise UnknownName("source", name, [source.name for source in self.settings.sources])
        return [self._source(source) for source in found]

    def sync(self, name: str | None = None, *, recorded_at: datetime | None = None, tell: Callable[[str], None] = lambda _: None) -> list[LoadReport]:
        """Load what the sources state now, then publish it; `tell` hears what is going on."""
        reports: list[LoadReport] = []
        with self._writing():
            for source in self.sources(name):
                if _states_history(source):
                    reports += self._sync_history(source, tell)
                else:
                    report = self.journal.load(source, recorded_at=recorded_at or self._next_instant(), tell=tell)
                    reports.append(replace(report, notices=(*report.notices, *_strangers(source))))
            if any(report.state == "complete" for report in reports):
                tell("Publishing")
                self.snapshots.publish()
        return reports

    def publish(self) -> Snapshot:
        """Make a snapshot of the complete loads current."""
        with self._writing():
            return self.snapshots.publish()

    def drop(self, load: int) -> Snapshot | None:
        """Take a load back and publish what remains (None: nothing remains)."""
        with self._writing():
            self.journal.drop(load)
            if self.manifest.loads():
                return self.snapshots.publish()
            self.snapshots.withdraw()
            return None

    def confirm(self, load: int) -> Snapshot:
        """Let a held load count, and publish."""
        with self._writing():
            self.journal.confirm(load)
            return self.snapshots.publish()

    def snapshot(self, *, known_at: datetime | None = None, snapshot: str | None = None) -> Snapshot:
        """The snapshot that answers: the current one, one by its id, or what was known at an instant."""
        if known_at is not None and snapshot is not None:
            raise QuestionError("Ask either as known at an instant or from a snapshot, not both.", code="bad_question")
        found = self._find(known_at, snapshot, build=False)
        if found is None:
            with self._writing():
                found = self._find(known_at, snapshot, build=True)
        assert found is not None
        return found

    def _find(self, known_at: datetime | None, snapshot: str | None, *, build: bool) -> Snapshot | None:
        """The snapshot asked for; None where it would have to be built first, which only a writer may."""
        if snapshot is not None:
            return self.snapshots.by_id(snapshot, build=build)
        if known_at is not None:
            return self.snapshots.known_at(known_at, build=build)
        return self.snapshots.current(build=build)

    def engine(self, *, known_at: datetime | None = None, snapshot: str | None = None) -> Engine:
        """An engine on the snapshot that answers."""
        return Engine(self.snapshot(known_at=known_at, snapshot=snapshot), self.catalogue, self.settings.engine, known_at)

    def kpi(  # noqa: PLR0913 - the question, spelled as the contract spells it
        self,
        kpis: str | Iterable[str],
        *,
        period: str,
        grain: str | None = None,
        by: str | Sequence[str] = (),
        where: str | Sequence[str] = (),
        total: bool = False,
        compare: Comparison | None = None,
        known_at: datetime | str | None = None,
        snapshot: str | None = None,
    ) -> Result:
        """Ask for one or more KPIs, as `kampass kpi` does."""
        question = Question(
            (kpis,) if isinstance(kpis, str) else tuple(kpis), period, grain, _several(by),
            tuple(parse_filter(text) for text in _several(where)), total, compare,
        )  # fmt: skip
        instant = parse_instant(known_at) if isinstance(known_at, str) else known_at
        return self.engine(known_at=instant, snapshot=snapshot).ask(question)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time; the lock goes with the process, however it ends."""
        with (self._data / "lock").open("w") as lock:
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
            from kampass.sources.company import SampleSource

            return SampleSource(source.name, **source.options)
        return FileSource(source.name, (self.folder / str(source.options["path"])).resolve())

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
        raise DataError(f"{folder} is a workspace already.", code="workspace_exists", hint="Use another folder, or 'kampass sync' in this one.")
    for source in settings.sources:
        if source.kind == "folder" and not Path(source.options["path"]).is_dir():
            raise DataError(f"There is no folder {source.options['path']}.", code="no_folder", hint="Give --from a folder of canonical files.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kpis").mkdir(exist_ok=True)
    if not (folder / ".gitignore").exists():
        (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    settings_file.write(folder, settings)
    return Workspace(folder)


def parse_instant(text: str) -> datetime:
    """An instant with an offset or Z.

    >>> parse_instant("2026-01-03T00:00:00Z").isoformat()
    '2026-01-03T00:00:00+00:00'
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise QuestionError(f"'{text}' is no instant.", code="bad_instant", hint="Write 2026-01-03T00:00:00Z.") from None
    raise QuestionError(f"'{text}' has no offset.", code="bad_instant", hint="Write 2026-01-03T00:00:00Z, or +01:00 instead of Z.")


def _strangers(source: Source) -> list[str]:
    """A word on each file that names no table."""
    names = source.strangers() if isinstance(source, FileSource) else []
    return [f"{name} names no table and was left alone" for name in names]


def _states_history(source: Source) -> bool:
    return hasattr(source, "history")


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _now() -> datetime:
    return datetime.now(UTC)
