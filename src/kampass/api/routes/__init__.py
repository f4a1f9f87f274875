"""The routes of `/api/v1`, one file for each noun; `ROUTERS` lists them."""

from kampass.api.routes import (
    accounts,
    catalogue,
    dashboards,
    description,
    jobs,
    kpis,
    loads,
    notes,
    people,
    workspace,
)

ROUTERS = (
    accounts.router,
    catalogue.router,
    dashboards.router,
    description.router,
    jobs.router,
    kpis.router,
    loads.router,
    notes.router,
    people.router,
    workspace.router,
)
