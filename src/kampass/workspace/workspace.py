"""A workspace: one folder with its settings, journal, snapshots and own KPIs, behind one object."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kampass.access import EVERYTHING, NotSignedIn, Scope, Viewer
from kampass.errors import DataError
from kampass.model.messages import HistorySource
from kampass.store import (
    LoadReport,
    Snapshot,
    faults,
    quarantine,
)
from kampass.store.progress import heard
from kampass.workspace import repair
from kampass.workspace import settings as settings_file
from kampass.workspace.answers import Answers
from kampass.workspace.home import Home, now
from kampass.workspace.loads.measured import Measured
from kampass.workspace.settings import WorkspaceSettings

if TYPE_CHECKING:
    from kampass.intake.preview import Preview
    from kampass.people import Person
    from kampass.workspace.backup import Backup
    from kampass.workspace.jobs.jobs import Jobs
    from kampass.workspace.loads.held import Held
    from kampass.workspace.loads.quarantine import By, Quarantine, SetAside
    from kampass.workspace.loads.replay import Replay
    from kampass.workspace.view import Sight, Sights

_GITIGNORE = (
    "# Data and snapshots stay out of version control; settings and own KPIs belong in "
    "it.\n.kampass/\n"
)


class Workspace(Home, Answers):
    """One workspace. Reading never waits for writing; writers take turns."""

    @property
    def home(self) -> Home:
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

    @property
    def locks(self) -> Path:
        """Where the processes at work on it hold their locks."""
        return self._data / "held"

    @cached_property
    def jobs(self) -> "Jobs":
        """The long work that is done, waits, or was done."""
        from kampass.workspace.jobs.jobs import Jobs

        return Jobs(self.manifest.engine, self.locks, now)

    def sync(
        self,
        name: str | None = None,
        *,
        recorded_at: datetime | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> list[LoadReport]:
        """Load what the sources state now, then publish it; `tell` hears what is going on."""
        reports: list[LoadReport] = []
        progress = heard(tell)
        with self.writing():
            for source in self.sources(name):
                if isinstance(source, HistorySource):
                    reports += self._sync_history(source, tell)
                else:
                    at = recorded_at or self._next_instant()
                    read = Measured(source, progress)
                    means = self._meaning(source.name)
                    reports.append(
                        self.journal.load(read, recorded_at=at, tell=tell, meaning=means)
                    )
            if any(report.state == "complete" for report in reports):
                tell("Publishing")
                reports = self._judged(self.snapshots.publish(progress), reports)
        return reports

    def _judged(self, snapshot: Snapshot, reports: Sequence[LoadReport]) -> list[LoadReport]:
        """The reports with what publishing set aside; of several of a source the last says it."""
        loading = self.journal.quarantine(self.manifest.loads())
        found = quarantine.judged_aside(snapshot.file, loading)
        last = {report.source: report.number for report in reports}
        return [
            replace(report, aside=tuple(found.get(report.source, ())))
            if last[report.source] == report.number
            else report
            for report in reports
        ]

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

    def publish(self, *, tell: Callable[[str], None] = lambda _: None) -> Snapshot:
        """Make a snapshot of the complete loads current."""
        with self.writing():
            return self.snapshots.publish(heard(tell))

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

    def dismiss(
        self,
        *ids: str,
        table: str | None = None,
        source: str | None = None,
        reason: str | None = None,
        recorded_at: datetime | None = None,
    ) -> "tuple[SetAside, ...]":
        """Say that what is set aside and fits, or the rows of these ids, is no row: neither now nor
        when it comes again; what was dismissed.
        """
        from kampass.workspace.loads.dismissing import dismiss
        from kampass.workspace.loads.quarantine import Wish

        wish = Wish(table, source, None, reason)
        return dismiss(self, wish, ids, lambda: recorded_at or self._next_instant())

    def backup(
        self, file: Path, *, pinned: bool = False, tell: Callable[[str], None] = lambda _: None
    ) -> "Backup":
        """Write everything the workspace is made of into one file; `pinned` packs the snapshots
        that are pinned too.
        """
        from kampass.workspace.backup import take

        return take(self, file, now=now(), pinned=pinned, tell=tell)

    def _sync_history(self, source: HistorySource, tell: Callable[[str], None]) -> list[LoadReport]:
        """A source that states its own history is loaded once, at the instants it names."""
        known = {load.recorded_at for load in self.manifest.loads() if load.source == source.name}
        return [
            self.journal.load(load, recorded_at=load.recorded_at, tell=tell)
            for load in source.history()
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
