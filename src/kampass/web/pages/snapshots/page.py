"""Snapshots: what was known when, what is kept, and the restatement report between two: which
closed figures moved, and because of which rows.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.access import Role
from kampass.periods import Unit
from kampass.server.rules import ANALYSING, CHANGING_DATA, Call, Rule
from kampass.web.pages.snapshots.view import Sides, changed, comparison, snapshot_list
from kampass.web.rendering import PageHead, go, render
from kampass.workspace import published

router = APIRouter()
SEEING_ALL = Rule(frozenset(role for role in Role if role.sees_everything))
SnapshotId = Annotated[str, Path(max_length=64)]


@router.get("/data/snapshots")
def show(call: Annotated[Call, Depends(SEEING_ALL)]) -> Response:
    """The list."""
    page = PageHead("What was known when?", "Data")
    return render(call, "pages/snapshots/page.html", page, snapshot_list(call))


@router.post("/data/snapshots/{snapshot}/pin")
def pin(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    snapshot: SnapshotId,
    why: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keep a snapshot's file, with a reason."""
    if not why.strip():
        return go(
            "/data/snapshots",
            "Say what the snapshot is kept for, such as 'board report Q3'. It was not pinned.",
            kind="bad",
        )
    row = published.pin(call.workspace, snapshot, why.strip(), call.viewer.email, datetime.now(UTC))
    call.record("data.pin", row.id, why=why.strip())
    return go("/data/snapshots", f"Snapshot {row.id} stays until somebody unpins it.")


@router.post("/data/snapshots/{snapshot}/unpin")
def unpin(call: Annotated[Call, Depends(CHANGING_DATA)], snapshot: SnapshotId) -> Response:
    """Leave a snapshot to retention again."""
    row = published.unpin(call.workspace, snapshot)
    call.record("data.unpin", row.id)
    return go("/data/snapshots", f"Snapshot {row.id} stays as long as others of its age do.")


@router.get("/data/snapshots/compare")
def compare(
    call: Annotated[Call, Depends(SEEING_ALL)],
    a: Annotated[str, Query(max_length=64)] = "",
    b: Annotated[str, Query(max_length=64)] = "",
    period: Annotated[str, Query(max_length=40)] = "",
    grain: Annotated[Unit | None, Query()] = None,
) -> Response:
    """The restatement report from one snapshot to another."""
    view = comparison(call, Sides(a, b, period, grain))
    page = PageHead("What moved between two snapshots?", "Data")
    status = view.wrong.status if view.wrong else 200
    return render(call, "pages/snapshots/compare.html", page, view, status=status)


@router.get("/data/definitions")
def definitions(
    call: Annotated[Call, Depends(ANALYSING)], against: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """What today's definitions do to the numbers that were published under others."""
    page = PageHead("What does a changed definition do to the numbers?", "Data")
    return render(call, "pages/snapshots/definitions.html", page, changed(call, against))
