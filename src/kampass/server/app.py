"""The application: the routes it is given, who may call them, errors as problems, headers that keep
browsers strict.

What pages add (templates, words for errors) they bring along; nothing here knows of HTML.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kampass.errors import KampassError
from kampass.server import problems, rules
from kampass.server.limits import Buckets
from kampass.server.reading import BOUNDS, Budgets
from kampass.server.second_factor import FirstSteps
from kampass.server.serving import Serving
from kampass.server.watch.hosts import KnownHosts
from kampass.server.watch.requests import HEADER, id_of
from kampass.server.watch.routes import watch
from kampass.store.turns import Builds
from kampass.workspace import Workspace

_EXPECTED = (
    KampassError,
    RequestValidationError,
    HTTPException,
    ClientDisconnect,
    SQLAlchemyError,
    sqlite3.Error,
    OSError,
)
"""What is answered and not raised again: with a full disk a server would fill its log."""
Beside = Callable[[FastAPI], AbstractContextManager[object]]

LARGEST_BODY = 1 << 20
"""Bytes of a request; a route that takes files says how many more it takes."""

BACK = "/sign-in/return"
"""Where a provider sends people back to."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
}


class StrictHeaders:
    """Adds the headers; what a signed-in person gets is kept by nobody else."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self._headers = [
            (name.encode(), value.encode()) for name, value in strict(secure=secure).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                kept = (
                    []
                    if b"cache-control" in given
                    else [
                        (b"cache-control", b"private, no-cache"),
                        (b"vary", b"Cookie, Authorization, Accept"),
                    ]
                )
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in self._headers if name not in given),
                    *kept,
                ]
            await send(message)

        await self.app(scope, receive, answer if scope["type"] == "http" else send)


def strict(*, secure: bool) -> dict[str, str]:
    """The headers of every answer."""
    return HEADERS | ({"strict-transport-security": "max-age=31536000"} if secure else {})


def make_app(
    workspace: Workspace,
    serving: Serving,
    routers: Sequence[APIRouter],
    *,
    shown: problems.Shown = problems.as_json,
    beside: Beside = nullcontext,
) -> FastAPI:
    """The application of a workspace. AssertionError where a route has no rule.

    `shown` words a problem for whoever called; `beside` goes on as long as the application is
    served.
    """
    app = FastAPI(
        title="Kampass",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST_BODY,
        lifespan=_living,
    )
    app.state.workspace, app.state.serving, app.state.beside = workspace, serving, beside
    app.state.buckets, app.state.first_steps = Buckets(serving.allowed), FirstSteps()
    app.state.provider = _provider(serving)
    if not serving.development:
        workspace.sights.builds = Builds()
    for router in routers:
        app.router.routes.extend(router.routes)
    for kind in (*_EXPECTED, Exception):
        app.add_exception_handler(kind, _handler(shown))
    if not serving.development:
        app.add_middleware(Budgets, bounds=BOUNDS)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(
        KnownHosts,
        allowed_hosts=[*serving.hosts, *(["testserver"] if serving.development else [])],
        www_redirect=False,
    )
    app.add_middleware(StrictHeaders, secure=serving.secure)
    watch(app, workspace)
    rules.check(app)
    return app


def _provider(serving: Serving) -> object:
    """The identity provider of the server, if it has one; who has none need not load what it
    takes.
    """
    if serving.identity is None:
        return None
    from kampass.server.sso import Provider

    return Provider(serving.identity, f"{serving.url}{BACK}")


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    with app.state.beside(app):
        yield
    app.state.workspace.close()


def _handler(shown: problems.Shown) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        response = shown(request, problems.of(error))
        response.headers[HEADER] = id_of(request.scope)  # a bug is answered outside of Observing
        for name, value in (
            strict(secure=request.app.state.serving.secure) | {"cache-control": "no-store"}
        ).items():
            response.headers.setdefault(name, value)  # a bug is answered outside of StrictHeaders
        return response

    return handle
