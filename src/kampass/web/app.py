"""The whole application: pages and API on one port."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from kampass.api.routes import ROUTERS as API
from kampass.server.app import make_app
from kampass.server.serving import Serving
from kampass.web import rendering
from kampass.web.pages import ROUTERS as PAGES
from kampass.web.warming import Warming
from kampass.workspace import Workspace


def application(workspace: Workspace, serving: Serving) -> FastAPI:
    """Pages and API of a workspace."""
    return make_app(workspace, serving, [*PAGES, *API], shown=rendering.show, beside=_warming)


@contextmanager
def _warming(app: FastAPI) -> Iterator[None]:
    """The first pages are worked out as long as the application is served."""
    thread = Warming(app)
    thread.start()
    try:
        yield
    finally:
        thread.end()
