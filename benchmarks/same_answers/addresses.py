"""Addresses that are asked for; names in braces are ids of the company."""

from itertools import product

_ASKED = (
    *("", "?period=2025-Q3", "?period=2025-Q4&compare=year-ago", "?period=2025-11&by=segment"),
    *(
        "?period=2025&grain=quarter&by=account_manager",
        "?period=2025-Q4&where=segment%3Denterprise",
    ),
    *("?period=2025-10&known_at=2025-11-05T00:00:00Z", "?period=2025-W40", "?period=2025-W90"),
)
_SPREAD = (
    "nrr",
    "mrr_end",
    "csat",
    "nps",
    "time_to_resolution",
    "acquisition_source_mix",
    "interaction_gap",
)
PAGES = (
    *("/", "/healthz", "/portfolio", "/portfolio?who={manager}", "/portfolio?why=renewal"),
    *(
        "/portfolio?why=silence",
        "/overview",
        "/overview?period=2025-Q3",
        "/overview?period=2025-10&follow=grr",
    ),
    *("/overview?cohort=quarter", "/overview?by=segment", "/overview?where=segment%3Denterprise"),
    *(
        "/accounts",
        "/accounts?q=a",
        "/accounts?sort=mrr",
        "/accounts?sort=-mrr",
        "/accounts?page=2",
    ),
    *(
        "/accounts/{account_0}",
        "/accounts/{account_1}",
        "/accounts/{account_2}",
        "/accounts/{account_3}",
    ),
    *(
        "/accounts/{account_4}",
        "/accounts/{account_5}",
        "/team",
        "/team?period=2025-Q3",
        "/team?by=team",
    ),
    *(
        "/dashboards",
        "/dashboards/1",
        "/dashboards/1?period=2025-Q2",
        "/dashboards/2",
        "/dashboards/3",
    ),
    *(
        "/dashboards/1/edit",
        "/dashboards/1/tiles/new",
        "/dashboards/2/edit",
        "/notes/1",
        "/notes/2",
        "/saved",
    ),
    *("/search?q=labs", "/search?q=nrr", "/search?q=", "/palette", "/palette?q=nr"),
    *(
        "/catalogue",
        "/catalogue?q=churn",
        "/catalogue/new",
        "/catalogue/nrr/edit",
        "/catalogue/nrr/delete",
    ),
    *("/data", "/data/loads/1", "/data/loads/2", "/data/upload", "/data/quarantine"),
    *(
        "/data/quarantine?by=table",
        "/data/snapshots",
        "/data/snapshots/compare",
        "/data/definitions",
    ),
    *(
        "/settings",
        "/settings/people",
        "/settings/people/1",
        "/settings/people/2",
        "/settings/tokens",
    ),
    *(
        "/settings/workspace",
        "/settings/access",
        "/settings/audit",
        "/styleguide",
        "/sign-in",
        "/reset-password",
    ),
    *(f"/kpis/{kpi}{asked}" for kpi, asked in product(_SPREAD[:4], _ASKED[1:])),
    *(f"/why/{kpi}{asked}" for kpi, asked in product(_SPREAD[:3], _ASKED[1:])),
    *(
        f"/why/{kpi}/rows?part={part}"
        for kpi, part in product(_SPREAD, ("numerator", "denominator", "excluded"))
    ),
    *(
        "/why/nrr/rows?part=denominator&offset=50&limit=10",
        "/why/nrr/rows?period=2025-Q3&where=tier%3D1",
    ),
    *(f"/bridge/{kpi}?before=2025-Q3&after=2025-Q4" for kpi in _SPREAD),
    *("/bridge/nrr", "/bridge/mrr_end?before=2025-10&after=2025-11&by=segment"),
)
BY_KPI = ("/kpis/{kpi}", "/why/{kpi}", "/catalogue/{kpi}")
_FORMS = ("csv", "json", "svg", "xlsx")
EXPORTS = (
    *(f"/kpis/nrr/export?period=2025&grain=month&by=segment&format={form}" for form in _FORMS),
    *(f"/why/nrr/rows/export?period=2025-Q4&part=denominator&format={form}" for form in _FORMS[:2]),
    *(f"/bridge/nrr/export?before=2025-Q3&after=2025-Q4&format={form}" for form in _FORMS[:2]),
    *(
        "/overview/export",
        "/overview/export?period=2025-Q3&format=json",
        "/team/export",
        "/portfolio/export",
    ),
    *(
        "/accounts/export",
        "/accounts/{account_0}/export",
        "/accounts/{account_1}/export?format=json",
    ),
    *("/settings/audit/export", "/data/quarantine/rows.csv"),
)
WRONG_PAGES = (
    *(
        "/accounts/nobody",
        "/kpis/nrrr",
        "/why/nrrr",
        "/bridge/nrrr",
        "/catalogue/nrrr",
        "/nowhere",
        "/notes/99",
    ),
    *(
        "/dashboards/99",
        "/data/loads/99",
        "/data/jobs/gone",
        "/data/upload/gone",
        "/settings/people/99",
    ),
    *(
        "/kpis/nrr?period=soon",
        "/kpis/nrr?by=agent",
        "/kpis/nrr?where=x",
        "/kpis/nrr?known_at=2019-01-01T00:00:00Z",
    ),
    *(
        "/kpis/nrr?snapshot=zzzz",
        "/why/nrr/rows?part=some",
        "/kpis/nrr/export?format=doc",
        "/invitation?ticket=no",
    ),
    *(
        "/set-up?ticket=no",
        "/reset?ticket=no",
        "/portfolio?who=nobody",
        "/data/snapshots/compare?a=z&b=y",
    ),
    *(
        "/kpis/nrr/export?period=soon&format=csv",
        "/overview?period=soon",
        "/why/enps/rows?part=numerator",
    ),
)
_QUESTIONS = (
    *(
        "nrr?period=2025-Q4",
        "nrr,csat?period=2025&grain=month&by=segment&total=true",
        "nps?period=2025-Q4&by=account_manager",
    ),
    *(
        "mrr_end?period=2025-10&known_at=2025-11-05T00:00:00Z",
        "grr?period=2025-Q4&compare=previous",
    ),
    *(
        "time_to_resolution?period=2025&grain=quarter&where=segment%3Denterprise",
        "mrr_end?period=2025-Q4&by=account",
    ),
    *("nrr?period=2025-Q4&snapshot={snapshot}",),
)
REST = (
    *(f"/api/v1/kpis/{asked}" for asked in _QUESTIONS),
    *(f"/api/v1/kpis/{asked.replace('?', '/explanation?')}" for asked in _QUESTIONS),
    *(f"/api/v1/kpis/{asked}&format=csv" for asked in _QUESTIONS[:3]),
    *(
        f"/api/v1/kpis/{kpi}/rows?period=2025-Q4&part={part}&limit=20"
        for kpi in _SPREAD
        for part in ("numerator", "denominator")
    ),
    *(
        "/api/v1/kpis/nrr/rows?period=2025-Q4&part=excluded",
        "/api/v1/kpis/nrr/rows?period=2025-Q4&format=csv",
    ),
    *(f"/api/v1/kpis/{kpi}/bridge?before=2025-Q3&after=2025-Q4" for kpi in _SPREAD),
    *(
        "/api/v1/kpis/nrr/bridge?before=2025-Q3&after=2025-Q4&by=segment",
        "/api/v1/accounts",
        "/api/v1/accounts?limit=5",
    ),
    *(
        "/api/v1/accounts/{account_0}",
        "/api/v1/accounts/{account_1}",
        "/api/v1/accounts/{account_2}",
    ),
    *("/api/v1/catalogue", "/api/v1/catalogue/nrr", "/api/v1/catalogue/csat", "/api/v1/workspace"),
    *(
        f"/api/v1/labels/{dimension}"
        for dimension in ("account", "account_manager", "team", "segment", "product")
    ),
    *(
        "/api/v1/me",
        "/api/v1/loads",
        "/api/v1/loads/1",
        "/api/v1/snapshots",
        "/api/v1/snapshots/{snapshot}",
    ),
    *(
        "/api/v1/restatements?before={earlier}&after={snapshot}",
        "/api/v1/notes",
        "/api/v1/notes?kpi=nrr",
    ),
    *(
        "/api/v1/dashboards",
        "/api/v1/dashboards/1",
        "/api/v1/people",
        "/api/v1/people/1",
        "/api/v1/openapi.json",
    ),
)
WRONG_REST = (
    *(
        "/api/v1/kpis/nrrr?period=2025",
        "/api/v1/kpis/nrr",
        "/api/v1/kpis/nrr?period=soon",
        "/api/v1/kpis/nrr?period=2025&by=agent",
    ),
    *(
        "/api/v1/kpis/nrr?period=2025&grain=eon",
        "/api/v1/kpis/nrr?period=2025&where=x",
        "/api/v1/kpis/nrr?period=2025&compare=x",
    ),
    *(
        "/api/v1/kpis/nrr?period=2025&known_at=soon",
        "/api/v1/kpis/nrr?period=2025&snapshot=zz",
        "/api/v1/kpis/nrr?period=2025&format=doc",
    ),
    *(
        "/api/v1/kpis/nrr/rows?period=2025&part=x",
        "/api/v1/kpis/enps/rows?period=2025-Q4",
        "/api/v1/kpis/customers_end/rows?period=2025&part=denominator",
    ),
    *(
        "/api/v1/kpis/nrr/bridge",
        "/api/v1/kpis/nrr/bridge?before=2025-Q1&after=2025-02",
        "/api/v1/accounts/nobody",
    ),
    *(
        "/api/v1/accounts?limit=0",
        "/api/v1/accounts?limit=99999",
        "/api/v1/accounts?after=x",
        "/api/v1/catalogue/nrrr",
        "/api/v1/labels/x",
    ),
    *(
        "/api/v1/loads/99",
        "/api/v1/snapshots/zz",
        "/api/v1/restatements",
        "/api/v1/restatements?before=a&after=b",
    ),
    *(
        "/api/v1/people/99",
        "/api/v1/dashboards/99",
        "/api/v1/nothing",
        "/api/v2/kpis/nrr?period=2025",
    ),
)
