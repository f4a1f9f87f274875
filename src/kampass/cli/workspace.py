"""Commands that make, fill, check and export a workspace."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.cli.terminal import harmless
from kampass.errors import UnknownName
from kampass.intake.kinds import SourceSettings
from kampass.model import TABLES
from kampass.render import words
from kampass.render.display import show_amount
from kampass.store import LoadReport
from kampass.store.progress import SILENT, Progress
from kampass.store.records import LoadedTable
from kampass.workspace import create, open_workspace, parse_instant
from kampass.workspace.loads.loads import counts
from kampass.workspace.settings import WorkspaceSettings

if TYPE_CHECKING:
    from kampass.engine import Engine
    from kampass.workspace import Workspace
    from kampass.workspace.jobs.runner import Doing

HELD = 3


class Narration(Progress):
    """Writes the step, and how far it is, where somebody looks."""

    def __init__(self, update: Callable[[str], None], step: str) -> None:
        self._update, self._step = update, step

    def __call__(self, step: str) -> None:
        """Show the step."""
        self._step = step
        self._update(step)

    def count(self, done: int, total: int | None, unit: str) -> None:
        """Show it beside the step."""
        self._update(f"{self._step} ({show_amount(done, total, unit)})")


@contextmanager
def busy(what: str) -> Iterator[Progress]:
    """Show that something is going on, where somebody looks; what is yielded hears the next
    step.
    """
    if not sys.stderr.isatty():
        yield SILENT
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield Narration(status.update, what)


@contextmanager
def working(workspace: "Workspace", kind: str, title: str) -> Iterator["Doing"]:
    """The same for work that is a job, which everybody sees."""
    from kampass.workspace.jobs.jobs import Order
    from kampass.workspace.jobs.runner import as_job

    with busy(title) as tell, as_job(workspace, Order(kind, title), tell) as doing:
        yield doing


def say(text: str) -> None:
    """Narrate on stderr."""
    print(harmless(text), file=sys.stderr)


def init_workspace(
    folder: Path,
    source: Path | None,
    recorded_at: str | None,
    scale: float | None,
    **options: Any,
) -> int:
    """Make a workspace, load what was named, publish it; the exit code says whether a load waits
    for a person.
    """
    instant = parse_instant(recorded_at) if recorded_at else None
    sources: list[SourceSettings] = []
    if source is not None:
        sources.append(SourceSettings("files", "folder", {"path": str(source.resolve())}))
    if scale is not None:
        sources.append(SourceSettings("sample", "sample", {"scale": scale}))
    workspace = create(folder, WorkspaceSettings(sources=tuple(sources), **options))
    if not sources:
        say(
            f"Made a workspace in {folder}. Add a source to {folder / 'kampass.toml'}, then run "
            f"'kampass sync --workspace {folder}'."
        )
        return 0
    with busy("Loading") as tell:
        reports = workspace.sync(recorded_at=instant, tell=tell)
    tell_loads(reports)
    if any(report.state == "complete" for report in reports):
        _doubt(workspace)
    waits = any(report.state == "held" for report in reports)
    following = "data held" if waits else "doctor"
    say(f"Made a workspace in {folder}. Next: 'kampass {following} --workspace {folder}'.")
    return HELD if waits else 0


def sync_workspace(folder: Path, source: str | None, recorded_at: str | None) -> int:
    """Load and publish; the exit code says whether a load waits for a person."""
    from kampass.workspace.jobs.work import of_reports

    opened, instant = open_workspace(folder), parse_instant(recorded_at) if recorded_at else None
    opened.sources(source)
    with working(opened, "sync", f"Reading {source or 'every source'}") as doing:
        reports = opened.sync(source, recorded_at=instant, tell=doing)
        doing.came = of_reports(reports)
    if not reports:
        say("Nothing to load: kampass.toml names no source, or its history is loaded already.")
    tell_loads(reports)
    if any(report.state == "complete" for report in reports):
        _doubt(opened)
    return HELD if any(report.state == "held" for report in reports) else 0


def _doubt(opened: "Workspace") -> None:
    """Say what is missing or in doubt in what was published."""
    from kampass.insight.notes import doubts

    engine = opened.engine()
    tell_replaced(engine)
    for text in doubts(engine):
        say(f"  note: {text}.")


def tell_replaced(engine: "Engine") -> None:
    """Say whose rows took the place of another source's."""
    from kampass.insight.notes import replaced

    for text in replaced(engine):
        say(f"  {text}.")


def publish_workspace(folder: Path) -> None:
    """Publish and print the snapshot's id."""
    from kampass.workspace.jobs.jobs import Came

    opened = open_workspace(folder)
    with working(opened, "publish", "Publishing") as doing:
        snapshot = opened.publish(tell=doing)
        doing.came = Came(f"Snapshot {snapshot.id} is current.")
    print(snapshot.id)


def export_workspace(
    folder: Path, target: Path, known_at: str | None, snapshot: str | None
) -> None:
    """Export a snapshot."""
    from kampass.workspace.loads.export import export

    workspace = open_workspace(folder)
    chosen = workspace.snapshot(
        known_at=parse_instant(known_at) if known_at else None, snapshot=snapshot
    )
    with busy("Exporting"):
        written = export(chosen, target)
    say(
        f"Wrote {len(written)} tables with {sum(written.values()):,} rows of snapshot "
        f"{chosen.id} to {target}."
    )


def doctor_workspace(folder: Path, *, as_json: bool) -> None:
    """Print the examination."""
    from kampass.cli.views.show import show_doctor
    from kampass.workspace.loads.doctor import examine

    examination = examine(open_workspace(folder))
    if as_json:
        print(json.dumps(examination.to_dict(), indent=2, ensure_ascii=False))
    else:
        show_doctor(examination)


def print_template(table: str, *, explain: bool) -> None:
    """Print a table's header line, and what its columns mean."""
    from kampass.workspace.loads.template import explanation, header

    if table not in TABLES:
        raise UnknownName("table", table, TABLES, hint=f"Tables: {', '.join(TABLES)}.")
    if explain:
        print(explanation(TABLES[table]))
        return
    print(header(TABLES[table]))
    say(explanation(TABLES[table]))


def _report_table(table: LoadedTable) -> None:
    """What of a table's rows a person should know of."""
    for file in table.files:
        if file.left_out:
            say(f"  {table.table}: {words.accounted(file)}.")
    if aside := table.quarantined - table.dismissed:
        rows = "a row was" if aside == 1 else f"{aside:,} rows were"
        say(f"  {table.table}: {rows} set aside; 'kampass data quarantine' says why.")
    if table.dismissed:
        say(f"  {table.table}: {table.dismissed:,} lines are no rows, as was said of them before.")
    if table.conflicting:
        say(f"  {table.table}: {words.conflicting(table.conflicting)}.")


def tell_loads(reports: Sequence[LoadReport]) -> None:
    """Say what each load read and what became of it."""
    for report in reports:
        say(f"Load {report.number} from {report.source}: {words.rows_read(counts(report.tables))}.")
        for table in report.tables:
            _report_table(table)
        for aside in report.aside:
            rows = "a row" if aside.rows == 1 else f"{aside.rows:,} rows"
            say(f"  {aside.table}: publishing set {rows} aside: {aside.column} {aside.reason}.")
        for notice in report.notices:
            say(f"  note: {notice}.")
        if report.state == "held":
            say(
                f"  The load waits: {report.why}. 'kampass data confirm {report.number}' lets it "
                f"count, 'kampass data drop {report.number}' takes it back."
            )
