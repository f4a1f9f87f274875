"""Accounts: search, narrow, sort, choose columns of any KPI, save what was narrowed, take it along
as a file.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.book import accounts as book
from kampass.people.errors import BadField
from kampass.server.rules import EXPORTING, SIGNED_IN, WRITING, Call
from kampass.web.pages.accounts.view import PATH, WORDS, Listing, Picked, account_list
from kampass.web.parts.attachment import TableFile, table_attachment
from kampass.web.parts.question import Asked, cannot_ask
from kampass.web.rendering import PageHead, go, render

router = APIRouter()
_TITLE, _QUESTION = "Accounts", "Which accounts do we have?"


@router.get(PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    picked: Annotated[Picked, Depends(Picked)],
    asked: Asked,
) -> Response:
    """The page."""
    page = PageHead(_QUESTION, _TITLE)
    if not book.accounts(call.sight):
        return render(call, "pages/accounts/lonely.html", page, call.viewer.scope)
    listing = Listing.of(call, picked, asked)
    if listing.asking.wrong:
        return cannot_ask(call, listing.asking, title=_TITLE, question=_QUESTION, path=PATH)
    view = account_list(listing)
    return render(call, "pages/accounts/page.html", replace(page, link=view.link), view)


@router.get("/accounts/export")
def export(
    call: Annotated[Call, Depends(EXPORTING)],
    picked: Annotated[Picked, Depends(Picked)],
    asked: Asked,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The whole list as a file, every page of it."""
    listing = Listing.of(call, picked, asked)
    if listing.asking.wrong:
        raise listing.asking.wrong
    own = book.attributes(call.sight)
    columns = [
        "id",
        "name",
        "state",
        *WORDS,
        "account_manager_name",
        "team_name",
        "since",
        *own,
        "mrr",
        *(kpi.id for kpi in listing.kpis),
    ]
    figures = [listing.answers[kpi.id] for kpi in listing.kpis]
    lines = [
        [
            a.id,
            a.name,
            a.state,
            *(a.value(name) for name in WORDS),
            a.manager_name,
            a.team_name,
            a.since,
            *(a.attributes.get(name) for name in own),
            a.mrr,
            *(found[a.id].value if a.id in found else None for found in figures),
        ]
        for a in listing.rows
    ]
    definitions = {kpi.label: f"{kpi.name}: {kpi.question} {kpi.formula}" for kpi in listing.kpis}
    file = TableFile("accounts", listing.said, listing.url(), columns, lines, definitions)
    return table_attachment(call, file, form)


@router.post("/accounts/segments")
def save(
    call: Annotated[Call, Depends(WRITING)],
    name: Annotated[str, Form(max_length=120)],
    query: Annotated[str, Form(max_length=2000)],
) -> Response:
    """Keep what is narrowed under a name, for oneself."""
    if query != PATH and not query.startswith(f"{PATH}?"):
        raise BadField("That is no list of accounts.", hint="Save it from the page Accounts.")
    assert call.person is not None
    made = call.library.saved.add(call.person, name, query)
    call.record("saved a question", made.name, query=query)
    return go(query, f"Saved as '{made.name}'.")


@router.post("/accounts/segments/{saved}/remove")
def forget(saved: Annotated[int, Path(ge=1)], call: Annotated[Call, Depends(WRITING)]) -> Response:
    """Forget a saved segment; the accounts stay."""
    assert call.person is not None
    call.library.saved.remove(saved, call.person)
    call.record("removed a saved question", str(saved))
    return go(PATH, "Forgotten.")
