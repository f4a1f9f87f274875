"""Health, readiness and measures: what a proxy, a container runtime and Prometheus ask."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import PlainTextResponse, Response

from kampass.server.rules import ADMINS, MEASURES, Call, Rule, bearer
from kampass.server.watch.log import RequestLog
from kampass.server.watch.metrics import Metrics
from kampass.server.watch.readiness import READY, WORDS, Readiness
from kampass.server.watch.requests import Observing
from kampass.workspace import Workspace

router = APIRouter(include_in_schema=False)
NOT_KEPT = {"cache-control": "no-store"}
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Probing(Rule):
    """Anybody, and nobody looks who it is: that would take the database."""

    async def _held(self, request: Request) -> Call:
        found = request.state.call = Call(request)
        return found


@dataclass(frozen=True)
class Measuring(Rule):
    """As the rule says, or with the server's own token for measures, which opens nothing else."""

    async def _held(self, request: Request) -> Call:
        own, given = request.app.state.serving.metrics_token, bearer(request)
        if own and given and hmac.compare_digest(given.encode(), own.encode()):
            found = request.state.call = Call(request)
            return found
        return await super()._held(request)


PROBE = Probing(None)
MEASURE = Measuring(ADMINS, "admin")


@router.get("/healthz")
@router.get("/health")
async def health(call: Annotated[Call, Depends(PROBE)]) -> Response:
    """Whether the process answers; nothing else is looked at."""
    assert call.request
    return PlainTextResponse("ok", headers=NOT_KEPT)


@router.get("/ready")
def ready(call: Annotated[Call, Depends(PROBE)]) -> Response:
    """Whether a question would be answered: the database is reached, the snapshot opens."""
    readiness: Readiness = call.request.app.state.readiness
    found = readiness.obstacle()
    if found == READY:
        return PlainTextResponse("ready", headers=NOT_KEPT)
    return PlainTextResponse(f"not ready: {WORDS[found]}", 503, headers=NOT_KEPT)


@router.get(MEASURES)
def measures(call: Annotated[Call, Depends(MEASURE)]) -> Response:
    """What Prometheus reads."""
    metrics: Metrics = call.request.app.state.metrics
    return Response(metrics.text(), media_type=_TEXT, headers=NOT_KEPT)


def watch(app: FastAPI, workspace: Workspace) -> None:
    """Observe every request from outside of everything else that is in its way."""
    app.state.readiness, app.state.metrics = Readiness(workspace), Metrics(workspace)
    app.add_middleware(Observing, hearers=(app.state.metrics.hear, RequestLog()))
