"""The workspace: what a caller must know to read its figures, and the names behind ids."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from kampass.api import models
from kampass.engine.answer import instant_text
from kampass.engine.values import NAMED
from kampass.errors import UnknownName
from kampass.server.answering import as_json, tagged
from kampass.server.rules import SIGNED_IN, Call

router = APIRouter(tags=["workspace"])
Reader = Annotated[Call, Depends(SIGNED_IN)]


@router.get("/api/v1/workspace", response_model=models.Thing)
def workspace(call: Reader) -> Response:
    """Currency, time zone and fiscal year, the KPIs switched on, the snapshot that answers."""

    def answer() -> Response:
        settings: dict[str, Any] = call.sight.settings.shown
        known = {"enabled": list(call.workspace.settings.enabled), "labelled": sorted(NAMED)}
        return as_json(
            settings
            | known
            | {"snapshot": call.sight.snapshot_id, "known_at": instant_text(call.sight.known_at)}
        )

    return tagged(call, answer)


@router.get("/api/v1/labels/{dimension}", response_model=dict[str, str])
def labels(dimension: Annotated[str, Path(max_length=60)], call: Reader) -> Response:
    """The names behind the ids of a dimension, as far as they are the caller's to see."""
    if dimension not in NAMED:
        raise UnknownName(
            "dimension",
            dimension,
            NAMED,
            hint=f"Names stand behind the ids of {', '.join(sorted(NAMED))}.",
        )

    def answer() -> Response:
        return as_json(call.sight.engine().names_of(dimension))

    return tagged(call, answer)
