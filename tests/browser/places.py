"""Every page: its address with sample values, who looks at it, and in which company. A test
compares this list with the router.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kampass.access import Role

NO_PAGES = frozenset(
    {
        "/",
        "/health",
        "/healthz",
        "/ready",
        "/static/{digest}/{path:path}",
        "/sign-in/provider",
        "/sign-in/return",
        "/palette",
    }
)
"""What answers a browser with something else than a page: a redirect, a file, a word, a part of a
page.
"""
IN_STORIES = frozenset({"/set-up", "/sign-in/code"})
"""Steps of coming in, which have no address of their own to begin at: test_coming_in looks at them
as it passes.
"""


@dataclass(frozen=True)
class Place:
    """A page. `route` as the router knows it, `query` with sample values; `busy`: in the company
    where something was just loaded.
    """

    name: str
    route: str
    query: str = ""
    role: Role | None = Role.ADMIN
    busy: bool = False
    kpi: str = "nrr"
    number: str = ""

    def address(self, known: Mapping[str, str]) -> str:
        """The path and the question, with the ids of a company."""
        values = known | {
            "kpi": self.kpi.format_map(known),
            "number": self.number.format_map(known),
        }
        return self.route.format_map(values) + (
            f"?{self.query.format_map(values)}" if self.query else ""
        )


PLACES = (
    Place("sign-in", "/sign-in", role=None),
    Place("invitation", "/invitation", "ticket={invite}", role=None),
    Place("forgotten", "/reset-password", role=None),
    Place("reset", "/reset", "ticket={reset}", role=None),
    Place("portfolio", "/portfolio", role=Role.ACCOUNT_MANAGER),
    Place("portfolio-choice", "/portfolio"),
    Place("overview", "/overview", role=Role.EXECUTIVE),
    Place("kpi", "/kpis/{kpi}", role=Role.EXECUTIVE),
    Place("kpi-by-segment", "/kpis/{kpi}", "by=segment", role=Role.EXECUTIVE),
    Place("kpi-duration", "/kpis/{kpi}", role=Role.EXECUTIVE, kpi="time_to_resolution"),
    Place("why", "/why/{kpi}", role=Role.EXECUTIVE),
    Place("why-rows", "/why/{kpi}/rows", "part=denominator", role=Role.EXECUTIVE),
    Place("bridge", "/bridge/{kpi}", "before=2025-Q3&after=2025-Q4", role=Role.EXECUTIVE),
    Place("accounts", "/accounts", role=Role.EXECUTIVE),
    Place("account", "/accounts/{account}", role=Role.ACCOUNT_MANAGER),
    Place("team", "/team", role=Role.EXECUTIVE),
    Place("dashboards", "/dashboards", role=Role.EXECUTIVE),
    Place("dashboard", "/dashboards/{number}", role=Role.EXECUTIVE, number="{board}"),
    Place("dashboard-edit", "/dashboards/{number}/edit", role=Role.EXECUTIVE, number="{board}"),
    Place(
        "dashboard-tile", "/dashboards/{number}/tiles/{tile}", role=Role.EXECUTIVE, number="{board}"
    ),
    Place(
        "dashboard-tile-new",
        "/dashboards/{number}/tiles/new",
        role=Role.EXECUTIVE,
        number="{board}",
    ),
    Place("note", "/notes/{number}", role=Role.EXECUTIVE, number="{note}"),
    Place("saved", "/saved", role=Role.EXECUTIVE),
    Place("search", "/search", "q=labs", role=Role.EXECUTIVE),
    Place("catalogue", "/catalogue", role=Role.ANALYST),
    Place("catalogue-kpi", "/catalogue/{kpi}", role=Role.ANALYST),
    Place("kpi-new", "/catalogue/new", role=Role.ANALYST),
    Place("kpi-edit", "/catalogue/{kpi}/edit", role=Role.ANALYST, kpi="{own}"),
    Place("kpi-delete", "/catalogue/{kpi}/delete", role=Role.ANALYST, kpi="{own}"),
    Place("data", "/data", busy=True),
    Place("data-load", "/data/loads/{number}", busy=True, number="3"),
    Place("data-job", "/data/jobs/{job_id}", busy=True),
    Place("data-upload", "/data/upload", busy=True),
    Place("data-mapping", "/data/upload/{upload_id}", busy=True),
    Place("data-uploads", "/data/uploads/{batch_id}", busy=True),
    Place("data-quarantine", "/data/quarantine", busy=True),
    Place("data-row", "/data/quarantine/rows/{row_id}", busy=True),
    Place("data-snapshots", "/data/snapshots", busy=True),
    Place("data-compare", "/data/snapshots/compare", "a={before}&b={after}", busy=True),
    Place("data-definitions", "/data/definitions", busy=True),
    Place("settings", "/settings"),
    Place("settings-people", "/settings/people"),
    Place("settings-person", "/settings/people/{number}", number="{person}"),
    Place("settings-tokens", "/settings/tokens"),
    Place("settings-workspace", "/settings/workspace"),
    Place("settings-access", "/settings/access"),
    Place("settings-audit", "/settings/audit"),
    Place("styleguide", "/styleguide"),
    Place("not-found", "/accounts/{nobodys}"),
)
