"""Every route of the real router with an address that can be called; a route that somebody adds is
attacked from then on.
"""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from kampass.api.routes import ROUTERS as API
from kampass.server.rules import MEASURES, Rule, rule_of
from kampass.server.watch.routes import router as watching
from kampass.web.pages import ROUTERS as PAGES

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
KNOWN = {
    "account": "A1",
    "kpi": "nrr",
    "kpis": "nrr,grr",
    "dimension": "segment",
    "number": "1",
    "load": "1",
    "digest": "x",
    "path": "css/base.css",
    "upload_id": "nope",
    "batch_id": "nope",
    "row_id": "nope",
    "job_id": "nope",
    "snapshot": "nope",
}
"""What stands in a path; whatever is not named here is the number of something that nobody has."""
NOBODYS = "987654"


@dataclass(frozen=True)
class Route:
    """A method and a path as the router knows them, and the rule that was declared for them."""

    method: str
    path: str
    rule: Rule | None
    names: tuple[str, ...]
    asks: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def at(self, **values: str) -> str:
        """The address, with a known value for each part of the path that is not given."""
        found = self.path
        for name in self.names:
            value = values.get(name) or (
                NOBODYS if self.method in UNSAFE and name == "number" else KNOWN.get(name, NOBODYS)
            )
            found = found.replace(f"{{{name}:path}}", value).replace(
                f"{{{name}}}", quote(value, safe=",")
            )
        return found

    @property
    def is_api(self) -> bool:
        """Whether tokens are taken."""
        return self.path.startswith("/api/") or self.path == MEASURES


def _routes() -> list[Route]:
    found = []
    for route in (route for router in (watching, *PAGES, *API) for route in router.routes):
        assert isinstance(route, APIRoute)
        names = tuple(parameter.name for parameter in route.dependant.path_params)
        found += [
            Route(method, route.path, rule_of(route), names, _asks(route.dependant))
            for method in sorted(route.methods - {"HEAD"})
        ]
    return found


def _asks(needed: Dependant) -> tuple[str, ...]:
    """The parameters of the query, those of everything it depends on too."""
    own = [parameter.alias for parameter in needed.query_params]
    return (*own, *(asked for inner in needed.dependencies for asked in _asks(inner)))


ROUTES = _routes()
READING = [route for route in ROUTES if route.method == "GET"]
CHANGING = [route for route in ROUTES if route.method in UNSAFE]
OF_ACCOUNTS = [route for route in ROUTES if "account" in route.names]
SIGNING = ("/sign-in", "/sign-out", "/set-up", "/invitation", "/reset")


def name(route: Route) -> str:
    """How a test calls a route."""
    return str(route)
