"""Dashboards: the caller's own, and those shared with the caller's role."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import JSONResponse, Response

from kampass.api import models
from kampass.engine.answer import instant_text
from kampass.library.dashboards import Dashboard
from kampass.server.rules import SIGNED_IN, WRITING, Call

router = APIRouter(tags=["dashboards"])
Reader = Annotated[Call, Depends(SIGNED_IN)]
Writer = Annotated[Call, Depends(WRITING)]
Number = Annotated[int, Path(ge=1, le=1 << 40)]


@router.get("/api/v1/dashboards", response_model=models.Listed)
def dashboards(call: Reader) -> dict[str, Any]:
    """The dashboards that are the caller's to see, by name."""
    assert call.person is not None
    return {"items": [_dashboard(one) for one in call.library.dashboards.visible(call.person)]}


@router.post("/api/v1/dashboards", response_model=models.Thing, status_code=HTTPStatus.CREATED)
def make(dashboard: models.DashboardWritten, call: Writer) -> Response:
    """Make a dashboard."""
    assert call.person is not None
    made = call.library.dashboards.add(
        call.person, dashboard.name, dashboard.layout, dashboard.shared_with
    )
    call.record("made a dashboard", str(made.id), name=made.name)
    return JSONResponse(_dashboard(made), HTTPStatus.CREATED)


@router.get("/api/v1/dashboards/{dashboard_id}", response_model=models.Thing)
def one(dashboard_id: Number, call: Reader) -> dict[str, Any]:
    """One dashboard; what its tiles show, the caller asks within their own rights."""
    assert call.person is not None
    return _dashboard(call.library.dashboards.get(dashboard_id, call.person))


@router.put("/api/v1/dashboards/{dashboard_id}", response_model=models.Thing)
def change(
    dashboard_id: Number, dashboard: models.DashboardWritten, call: Writer
) -> dict[str, Any]:
    """Write a dashboard again."""
    assert call.person is not None
    given = {
        "name": dashboard.name,
        "layout": dashboard.layout,
        "shared_with": dashboard.shared_with,
    }
    made = call.library.dashboards.change(
        dashboard_id,
        call.person,
        **given,  # type: ignore[arg-type]
    )
    call.record("changed a dashboard", str(made.id))
    return _dashboard(made)


@router.delete("/api/v1/dashboards/{dashboard_id}", status_code=HTTPStatus.NO_CONTENT)
def remove(dashboard_id: Number, call: Writer) -> None:
    """Take a dashboard away."""
    assert call.person is not None
    call.library.dashboards.remove(dashboard_id, call.person)
    call.record("removed a dashboard", str(dashboard_id))


def _dashboard(dashboard: Dashboard) -> dict[str, Any]:
    told = {
        "created_at": instant_text(dashboard.created_at),
        "changed_at": instant_text(dashboard.changed_at),
        "shared_with": sorted(dashboard.shared_with),
    }
    return asdict(dashboard) | told
