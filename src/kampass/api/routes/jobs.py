"""Jobs: long work that is done, waits or was done. People see their own; those who see every
account see everybody's.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from kampass.api import models
from kampass.server.answering import Pieces, as_json
from kampass.server.rules import SIGNED_IN, Call

router = APIRouter(tags=["jobs"])
Reader = Annotated[Call, Depends(SIGNED_IN)]


@router.get("/api/v1/jobs", response_model=models.Page)
def jobs(call: Reader, piece: Pieces) -> Response:
    """The jobs that are the caller's to see, the latest first; `total` is null as long as nobody
    knows it.
    """
    assert call.person is not None
    found = call.workspace.jobs.seen_by(call.person, piece.limit + 1, piece.offset)
    items = [job.to_dict() for job in found[: piece.limit]]
    return as_json(piece.page(call.request, items, piece.snapshot, more=len(found) > piece.limit))


@router.get("/api/v1/jobs/{job_id}", response_model=models.Thing)
def one(job_id: Annotated[str, Path(max_length=64)], call: Reader) -> Response:
    """One job: how much of how much is done in its own unit, and what came of it."""
    assert call.person is not None
    return as_json(call.workspace.jobs.find(job_id, call.person).to_dict())
