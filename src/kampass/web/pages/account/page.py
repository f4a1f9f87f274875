"""Account 360: one account with what stands behind it."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.book.account import dossier, find
from kampass.book.timeline import Event, timeline
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.account.view import AccountFile, account_page
from kampass.web.parts.attachment import TableFile, table_attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.rendering import PageHead, render

router = APIRouter()
AccountId = Annotated[str, Path(max_length=400)]
MOST = 12


@router.get("/accounts/{account}")
def show(
    account: AccountId,
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    *,
    kind: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The page."""
    file = dossier(call.sight, account)
    call.record("looked at", f"account {account}")
    ids = [kpi for kpi in call.workspace.settings.enabled if _one_figure(call, kpi)][:MOST]
    asking = Asking.of(call, asked, kpis=ids, grain="quarter")
    shown, name = AccountFile(call, file, asking), file.account.name
    question = f"How is {name} doing?"
    if asking.wrong:
        return cannot_ask(call, asking, title=name, question=question, path=shown.path)
    view = account_page(shown, kind, page)
    return render(call, "pages/account/page.html", PageHead(question, name, view.link), view)


@router.get("/accounts/{account}/export")
def export(
    account: AccountId,
    call: Annotated[Call, Depends(EXPORTING)],
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """Everything that happened with an account, as a file."""
    listed = find(call.sight, account)
    events: list[Event] = []
    page = 1
    while (found := timeline(call.sight, account, page=page)).events:
        events += found.events
        if not found.more:
            break
        page += 1
    columns = ("account", "at", "kind", "title", "text", "who", "quote")
    lines = [
        (listed.id, one.at, one.kind, one.title, one.text, one.who, one.quote) for one in events
    ]
    question = f"Everything that happened with {listed.name}"
    path = f"/accounts/{quote(account, safe='')}"
    file = TableFile(f"account-{listed.id}", question, path, columns, lines)
    return table_attachment(call, file, form)


def _one_figure(call: Call, kpi: str) -> bool:
    found = call.sight.catalogue.kpis.get(kpi)
    return (
        found is not None
        and found.takes_any_account_dimension
        and not (found.distribution or found.suppress_below)
    )
