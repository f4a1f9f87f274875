"""What Data says: how fresh and complete it is, one load, one piece of work.

Account managers and leads see how fresh and how complete the data is; counts over everybody's
accounts are for those who see them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kampass.access import NotFound
from kampass.errors import DataError
from kampass.insight.plausibility import Contradiction, ContradictoryRow
from kampass.server.rules import DEFINING, Call
from kampass.web.parts import jobs as told
from kampass.web.parts import loads as loaded
from kampass.web.parts.figures import FigureTile
from kampass.web.parts.jobs import JobCame, JobProgress, JobRow
from kampass.web.parts.loads import (
    AsideTable,
    HeldFigureView,
    LoadLine,
    LoadTableView,
    MissingTables,
    SourceLine,
    TableLine,
)
from kampass.workspace.jobs.jobs import RUNNING, Job
from kampass.workspace.loads import doctor
from kampass.workspace.loads.loads import loads, sources

_LOADS, _JOBS, _REASONS = 20, 10, 20
_JOB_LEADS: Final = {
    "waiting": "It waits for its turn.",
    "running": "It is being done; nothing changes until all of it is there.",
    "done": "It is done.",
    "failed": "It could not be done.",
    "interrupted": "It was not done.",
}


@dataclass(frozen=True)
class ContradictionView:
    """Rows that contradict each other: how many, what to do, and the first of them."""

    title: str
    count: str
    advice: str
    rows: Sequence[ContradictoryRow]
    more: str


@dataclass(frozen=True)
class DataPage:
    """The page; `whole` for those who see every account, `may` for those who may load."""

    lead: str
    whole: bool
    may: bool
    tiles: Sequence[FigureTile]
    running: Sequence[JobProgress]
    sources: Sequence[SourceLine]
    aside: Sequence[AsideTable]
    loads: Sequence[LoadLine]
    jobs: Sequence[JobRow]
    tables: Sequence[TableLine]
    missing: Sequence[MissingTables]
    notices: Sequence[str]
    contradictions: Sequence[ContradictionView]


@dataclass(frozen=True)
class HeldTableView:
    """What a load that waits would do to the rows of one table."""

    table: str
    deleted: str
    of: str
    added: str
    changed: str
    set_aside: str
    conflicting: str
    first: str


@dataclass(frozen=True)
class LoadPage:
    """One load; where it waits, what it would do to rows and figures."""

    load: LoadLine
    lead: str
    tables: Sequence[LoadTableView]
    held: Sequence[HeldTableView]
    reasons: Sequence[str]
    figures: Sequence[HeldFigureView]


@dataclass(frozen=True)
class JobPage:
    """One piece of work, and what came of it."""

    lead: str
    job: JobProgress
    came: JobCame | None


def data_page(call: Call) -> DataPage:
    """The page for whoever is signed in."""
    assert call.person is not None
    workspace, whole, health = call.workspace, call.person.role.sees_everything, _health(call)
    every = loads(workspace)
    unfinished = workspace.jobs.unfinished()
    return DataPage(
        lead=loaded.lead(workspace, health),
        whole=whole,
        may=call.person.role in DEFINING,
        tiles=loaded.tiles(health, workspace, every, whole=whole) if health else [],
        running=[told.progress(job) for job in unfinished if job.state == RUNNING],
        sources=[loaded.source_line(source, workspace) for source in sources(workspace)],
        aside=loaded.set_aside(workspace, health) if whole and health else [],
        loads=[loaded.load_line(load, workspace) for load in every[:_LOADS]] if whole else [],
        jobs=[told.row(job, workspace) for job in workspace.jobs.seen_by(call.person, _JOBS)],
        tables=loaded.table_lines(health, workspace, whole=whole) if health else [],
        missing=loaded.missing(health, workspace) if health else [],
        notices=health.notices if health and whole else (),
        contradictions=[_contradiction(found) for found in health.contradictions] if health else [],
    )


def _contradiction(found: Contradiction) -> ContradictionView:
    further = found.count - len(found.rows)
    more = f"and {further:,} more" if further else ""
    return ContradictionView(found.title, found.counted, found.advice, found.rows, more)


def _health(call: Call) -> doctor.Examination | None:
    """What the viewer's data can answer; None where nothing has been published."""
    try:
        sight = call.sight
    except DataError as wrong:
        if wrong.code != "nothing_published":
            raise
        return None
    whole = sight.scope.everything
    return sight.kept(
        "examination", lambda: doctor.examine(call.workspace, sight.engine(), whole=whole)
    )


def load_page(call: Call, number: int) -> LoadPage:
    """One load; NotFound where there is none."""
    found = next((load for load in loads(call.workspace) if load.number == number), None)
    if found is None:
        raise NotFound(f"There is no load {number}.")
    load = loaded.load_line(found, call.workspace)
    if not load.held:
        lead = f"From {load.source}, {load.when.text}; it {load.state.text}."
        return LoadPage(load, lead, loaded.of_tables(found), (), (), ())
    held = call.workspace.held(number)[0]
    tables = [
        HeldTableView(
            one.table.replace("_", " ").capitalize(),
            f"{one.deleted:,}",
            f"{one.of:,}",
            f"{one.added:,}",
            f"{one.changed:,}",
            f"{one.set_aside:,}",
            f"{one.conflicting:,}",
            ", ".join(map(str, one.first)),
        )
        for one in held.tables
    ]
    return LoadPage(
        load,
        f"It waits because {load.why}. Nothing of it counts yet.",
        loaded.of_tables(found),
        tables,
        [loaded.held_reason(reason) for reason in held.reasons[:_REASONS]],
        loaded.held_figures(held, call.workspace),
    )


def job_page(call: Call, job: Job) -> JobPage:
    """One piece of work."""
    return JobPage(_JOB_LEADS[job.state], told.progress(job), told.came(job, call.workspace))
