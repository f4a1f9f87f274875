"""The pages, a folder each; `ROUTERS` lists them in the order in which addresses are tried."""

from kampass.web import rendering
from kampass.web.pages.access import page as access
from kampass.web.pages.account import page as account
from kampass.web.pages.accounts import page as accounts
from kampass.web.pages.audit import page as audit
from kampass.web.pages.bridge import page as bridge
from kampass.web.pages.catalogue import page as catalogue
from kampass.web.pages.dashboards import editing as dashboard_editing
from kampass.web.pages.dashboards import page as dashboards
from kampass.web.pages.data import page as data
from kampass.web.pages.editor import page as editor
from kampass.web.pages.home import page as home
from kampass.web.pages.kpi import page as kpi
from kampass.web.pages.notes import page as notes
from kampass.web.pages.overview import page as overview
from kampass.web.pages.people import page as people
from kampass.web.pages.portfolio import page as portfolio
from kampass.web.pages.quarantine import page as quarantine
from kampass.web.pages.saved import page as saved
from kampass.web.pages.search import page as search
from kampass.web.pages.settings import page as settings
from kampass.web.pages.sign_in import page as sign_in
from kampass.web.pages.snapshots import page as snapshots
from kampass.web.pages.styleguide import page as styleguide
from kampass.web.pages.team import page as team
from kampass.web.pages.tokens import page as tokens
from kampass.web.pages.upload import page as upload
from kampass.web.pages.uploads import page as uploads
from kampass.web.pages.why import page as why

ROUTERS = (
    rendering.router,
    access.router,
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
    sign_in.router,
    snapshots.router,
    styleguide.router,
    team.router,
    tokens.router,
    upload.router,
    uploads.router,
    why.router,
)
