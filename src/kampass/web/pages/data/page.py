"""Data: what was loaded and when, what waits for a person, what each table is covered for and what
is missing.

Account managers and leads see how fresh and how complete the data is; counts over everybody's
accounts are for those who see them all.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.errors import DataError
from kampass.server.rules import ANALYSING, CHANGING_DATA, SIGNED_IN, Call
from kampass.web.pages.data.view import data_page, job_page, load_page
from kampass.web.parts.jobs import work
from kampass.web.rendering import PageHead, fragment, render

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=2**53)]
JobId = Annotated[str, Path(max_length=64)]


@router.get("/data")
def show(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """The page."""
    page = PageHead("Can the numbers be trusted?", "Data")
    return render(call, "pages/data/page.html", page, data_page(call))


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
    view = load_page(call, number)
    asks = f"Shall load {number} count?" if view.load.held else f"What did load {number} bring?"
    return render(call, "pages/data/load.html", PageHead(asks, "Data"), view)


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
    view = job_page(call, job)
    if "hx-request" not in call.request.headers:
        return render(call, "pages/data/job.html", PageHead(job.title, "Data"), view)
    found = fragment(call, "pages/data/progress.html", view)
    if job.over:
        found.headers["HX-Refresh"] = "true"
    return found


def _must_wait(call: Call, number: int) -> None:
    if not any(load.id == number for load in call.workspace.manifest.loads(states=("held",))):
        raise DataError(
            f"Load {number} does not wait.",
            code="load_not_held",
            hint="Somebody may have decided already; the page Data shows its state.",
        )
