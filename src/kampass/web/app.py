"""The whole application: pages and API on one port."""

from fastapi import FastAPI

from kampass.api.app import make_app
from kampass.api.routes import ROUTERS as API
from kampass.api.serving import Serving
from kampass.web import rendering
from kampass.web.pages import ROUTERS as PAGES
from kampass.workspace import Workspace


def application(workspace: Workspace, serving: Serving) -> FastAPI:
    """Pages and API of a workspace."""
    return make_app(workspace, serving, [*PAGES, *API], shown=rendering.show)
