"""Data: what was loaded and when, what waits for a person, what each table is covered for and what
is missing.

Account managers and leads see how fresh and how complete the data is; counts over everybody's
accounts are for those who see them all.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.access import NotFound
from kampass.errors import DataError
from kampass.server.rules import ANALYSING, CHANGING_DATA, DEFINING, SIGNED_IN, Call
from kampass.web.parts import jobs as shown
from kampass.web.parts import loads as loaded
from kampass.web.rendering import PageHead, fragment, go, render
from kampass.workspace.jobs import RUNNING, Order
from kampass.workspace.loads import doctor
from kampass.workspace.loads.loads import loads, sources

router = APIRouter()
_LOADS, _JOBS = 20, 10
Number = Annotated[int, Path(ge=1, le=2**53)]
JobId = Annotated[str, Path(max_length=64)]


@router.get("/data")
def show(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """The page."""
    assert call.person is not None
    whole = call.person.role.sees_everything
    health = _health(call)
    every = loads(call.workspace)
    tables = loaded.table_rows(health, call.workspace, whole=whole) if health else []
    least, most = loaded.drawn(tables)
    running = [
        shown.progress(job) for job in call.workspace.jobs.unfinished() if job.state == RUNNING
    ]
    jobs = [
        shown.row(job, call.workspace) for job in call.workspace.jobs.seen_by(call.person, _JOBS)
    ]
    return render(
        call,
        "pages/data/page.html",
        PageHead("Can the numbers be trusted?", "Data"),
        lead=loaded.lead(call.workspace, health),
        sources=[loaded.source_row(source, call.workspace) for source in sources(call.workspace)],
        whole=whole,
        may=call.person.role in DEFINING,
        loads=[loaded.load_row(load, call.workspace) for load in every[:_LOADS]] if whole else [],
        tables=tables,
        least=least,
        most=most,
        tiles=loaded.tiles(health, call.workspace, every, whole=whole) if health else [],
        missing=loaded.missing(health, call.workspace) if health else [],
        aside=loaded.set_aside(call.workspace, health) if whole and health else [],
        running=running,
        jobs=jobs,
        notices=health.notices if health and whole else (),
    )


@router.post("/data/sync")
def sync(
    call: Annotated[Call, Depends(CHANGING_DATA)], source: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Read the sources, or one of them, and publish."""
    call.workspace.sources(source or None)
    call.record("data.sync", source or "every source")
    title = f"Reading {source}" if source else "Reading every source"
    return work(call, "sync", title, source=source or None)


@router.get("/data/loads/{number}")
def one_load(call: Annotated[Call, Depends(ANALYSING)], number: Number) -> Response:
    """One load: its tables, and what it would change where it waits."""
    found = next((load for load in loads(call.workspace) if load.number == number), None)
    if found is None:
        raise NotFound(f"There is no load {number}.")
    held = call.workspace.held(number)[0] if found.state == "held" else None
    return render(
        call,
        "pages/data/load.html",
        PageHead(
            f"What did load {number} bring?" if held is None else f"Shall load {number} count?",
            "Data",
        ),
        load=loaded.load_row(found, call.workspace),
        tables=loaded.of_tables(found),
        held=held,
        figures=loaded.held_figures(held, call.workspace) if held else [],
    )


@router.post("/data/loads/{number}/confirm")
def confirm(call: Annotated[Call, Depends(CHANGING_DATA)], number: Number) -> Response:
    """Let a load count that waits."""
    _must_wait(call, number)
    call.record("data.confirm", f"load {number}")
    return work(call, "decision", f"Letting load {number} count", load=number, drops=False)


@router.post("/data/loads/{number}/drop")
def drop(call: Annotated[Call, Depends(CHANGING_DATA)], number: Number) -> Response:
    """Take a load back that waits."""
    _must_wait(call, number)
    call.record("data.drop", f"load {number}")
    return work(call, "decision", f"Dropping load {number}", load=number, drops=True)


@router.get("/data/jobs/{job_id}")
def one_job(call: Annotated[Call, Depends(ANALYSING)], job_id: JobId) -> Response:
    """How far a piece of work is, and what came of it."""
    assert call.person is not None
    job = call.workspace.jobs.find(job_id, call.person)
    values: dict[str, Any] = {"job": shown.progress(job), "came": shown.came(job, call.workspace)}
    if "hx-request" in call.request.headers:
        found = fragment(call, "pages/data/progress.html", **values)
        if job.over:
            found.headers["HX-Refresh"] = "true"
        return found
    return render(call, "pages/data/job.html", PageHead(job.title, "Data"), **values)


def work(call: Call, kind: str, title: str, **what: Any) -> Response:  # noqa: ANN401
    """Ask for work in the background and go to where its progress is."""
    assert call.person is not None
    order = Order(kind, title, call.person.id, call.person.name, what)
    return go(f"/data/jobs/{call.workspace.jobs.ask(order).id}")


def _must_wait(call: Call, number: int) -> None:
    if not any(load.id == number for load in call.workspace.manifest.loads(states=("held",))):
        raise DataError(
            f"Load {number} does not wait.",
            code="load_not_held",
            hint="Somebody may have decided already; the page Data shows its state.",
        )


def _health(call: Call) -> doctor.Examination | None:
    """What the viewer's data can answer; None where nothing has been published."""
    try:
        sight = call.sight
    except DataError as wrong:
        if wrong.code != "nothing_published":
            raise
        return None
    return sight.kept("examination", lambda: doctor.examine(call.workspace, sight.engine()))
