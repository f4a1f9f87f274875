"""The pages, one file for each, in folders by what they are about; `ROUTERS` lists them."""

from kampass.web import rendering
from kampass.web.pages import home, styleguide
from kampass.web.pages.book import account, accounts, portfolio, team
from kampass.web.pages.definitions import catalogue, editor
from kampass.web.pages.desk import dashboard_editing, dashboards, notes, saved, search
from kampass.web.pages.doors import audit, people, settings, signing, tokens
from kampass.web.pages.figures import bridge, kpi, overview, why
from kampass.web.pages.loads import data, quarantine, snapshots, upload

ROUTERS = (
    rendering.router,
    accounts.router,  # before account: /accounts/export is no account
    account.router,
    audit.router,
    bridge.router,
    editor.router,  # before catalogue: /catalogue/new is no KPI
    catalogue.router,
    dashboard_editing.router,
    dashboards.router,
    data.router,
    home.router,
    kpi.router,
    notes.router,
    overview.router,
    people.router,
    portfolio.router,
    quarantine.router,
    saved.router,
    search.router,
    settings.router,
    signing.router,
    snapshots.router,
    styleguide.router,
    team.router,
    tokens.router,
    upload.router,
    why.router,
)
