"""The whole application: pages and API on one port."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from kampass.api.routes import ROUTERS as API
from kampass.server.app import make_app
from kampass.server.serving import Serving
from kampass.server.watch.routes import router as watching
from kampass.web import rendering
from kampass.web.pages import ROUTERS as PAGES
from kampass.workspace import Workspace
from kampass.workspace.events import EventReader
from kampass.workspace.jobs.runner import Runner
from kampass.workspace.warming.warming import Warming


def application(workspace: Workspace, serving: Serving) -> FastAPI:
    """Pages and API of a workspace."""
    routers = [watching, *PAGES, *API]
    return make_app(workspace, serving, routers, shown=rendering.show, beside=_beside)


@contextmanager
def _beside(app: FastAPI) -> Iterator[None]:
    """Jobs are done, and what happens is followed, as long as the application is served."""
    workspace: Workspace = app.state.workspace
    warming = Warming(workspace)
    threads = Runner(workspace), EventReader(workspace, (warming,), warming.begin)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        warming.end()
        for thread in threads:
            thread.end()
