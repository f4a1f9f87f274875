"""Jobs in words: how far one is, and what came of it for loads, rows set aside and figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from kampass.errors import KampassError
from kampass.render.display import show_amount
from kampass.server.rules import Call
from kampass.store.records import EVERY_STATE
from kampass.web.parts.figures import Badge
from kampass.web.parts.links import Link
from kampass.web.parts.loads import (
    Instant,
    LoadTableView,
    MovedFigure,
    figure,
    of_tables,
    plain,
    when,
)
from kampass.web.rendering import go
from kampass.workspace import Workspace
from kampass.workspace.jobs.jobs import Came, Job, Order
from kampass.workspace.jobs.runner import compared
from kampass.workspace.loads.loads import LoadCard, card
from kampass.workspace.loads.quarantine import SetAside, one

_STATES = {
    "waiting": Badge("waits its turn"),
    "running": Badge("being done", "accent"),
    "done": Badge("done", "good"),
    "failed": Badge("failed", "bad"),
    "interrupted": Badge("interrupted", "warn"),
}


@dataclass(frozen=True)
class JobProgress:
    """How far a job is: its step in words, and the count in its own unit (`value` of `most`, None
    where nobody knows).
    """

    id: int
    title: str
    state: str
    over: bool
    said: str
    told: str
    value: int | None
    most: int
    error: KampassError | None


@dataclass(frozen=True)
class JobRow:
    """A job on the list."""

    progress: JobProgress
    state: Badge
    asked_by: str
    when: Instant | None
    finished: Instant | None
    message: str


@dataclass(frozen=True)
class LoadCame:
    """A load that a job has made, with a word on what it met."""

    number: int
    source: str
    state: str
    why: str
    tables: Sequence[LoadTableView]
    aside: int
    notices: tuple[str, ...]


@dataclass(frozen=True)
class FiguresBecame:
    """What a job did to the figures, between two snapshots."""

    possible: Sequence[Link]
    moved: Sequence[MovedFigure]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class JobCame:
    """What came of a job that is done."""

    said: str
    loads: tuple[LoadCame, ...]
    mended: int | None
    remain: int
    rows: tuple[SetAside, ...]
    skipped: tuple[str, ...]
    became: FiguresBecame | None


def work(call: Call, kind: str, title: str, **what: Any) -> Response:
    """Ask for work in the background and go to where its progress is."""
    assert call.person is not None
    order = Order(kind, title, call.person.id, call.person.name, what)
    return go(f"/data/jobs/{call.workspace.jobs.ask(order).id}")


def progress(job: Job) -> JobProgress:
    """How far a job is."""
    begins = job.step or "Begins"
    said = {"waiting": "Waits until other work is done", "running": begins}.get(job.state, "")
    value = job.done if job.total and not job.over else None
    told = "" if job.over else show_amount(job.done, job.total, job.unit)
    most = job.total or 100
    return JobProgress(job.id, job.title, job.state, job.over, said, told, value, most, job.error)


def row(job: Job, workspace: Workspace) -> JobRow:
    """A job on the list."""
    ends, asked = when(job.finished_at, workspace), when(job.asked_at, workspace)
    state = _STATES[job.state]
    return JobRow(progress(job), state, job.asked_by, asked, ends, job.message)


def came(job: Job, workspace: Workspace) -> JobCame | None:
    """What came of a job that is done: its loads, what was mended and what remains, and what it did
    to the figures.
    """
    found = job.came
    if found is None:
        return None
    said = "" if found.loads else found.said
    loads, rows = tuple(_loads(found, workspace)), tuple(_rows(found.rows, workspace))
    return JobCame(
        said, loads, found.mended, found.remain, rows, found.skipped, _became(found, workspace)
    )


def _became(found: Came, workspace: Workspace) -> FiguresBecame | None:
    """What it did to the figures; None where those of before cannot be had any more."""
    try:
        outcome = compared(workspace, found.before, found.after)
    except KampassError:
        return None
    return FiguresBecame(
        [Link(workspace.catalogue.get(kpi).name, f"/kpis/{kpi}") for kpi in outcome.possible],
        [figure(one, workspace) for one in outcome.moved],
        outcome.before,
        outcome.after,
    )


def _loads(found: Came, workspace: Workspace) -> list[LoadCame]:
    cards = {load.id: card(load) for load in workspace.manifest.loads(states=EVERY_STATE)}
    return [
        _load(cards[number], found.notices.get(str(number), ()))
        for number in found.loads
        if number in cards
    ]


def _load(load: LoadCard, notices: tuple[str, ...]) -> LoadCame:
    tables = of_tables(load)
    aside = load.total.quarantined
    return LoadCame(load.number, load.source, load.state, load.why, tables, aside, notices)


def _rows(ids: Sequence[str], workspace: Workspace) -> list[SetAside]:
    """The rows that remain set aside, as far as they still do."""
    if not ids:
        return []
    snapshot = workspace.snapshot()
    found = (one(snapshot, row_id) for row_id in ids)
    return [replace(row, reason=plain(row.reason)) for row in found if row is not None]
