"""My portfolio, an account manager's home: which accounts need somebody today and why, what renews
soon, how the figures stand, what changed this week.
"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.access import Role
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.portfolio.view import (
    PATH,
    ManagersBook,
    NoAccounts,
    asking_of,
    choice,
    kept,
    portfolio,
)
from kampass.web.parts.attachment import TableFile, table_attachment
from kampass.web.parts.question import Asked, cannot_ask
from kampass.web.rendering import PageHead, render

router = APIRouter()
_TITLE, _THEIRS = "My portfolio", frozenset({Role.ACCOUNT_MANAGER, Role.TEAM_LEAD})
Who = Annotated[
    str | None, Query(max_length=200, description="the account manager whose accounts are shown")
]
Why = Annotated[str | None, Query(max_length=20, description="only accounts with this reason")]


@router.get(PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    *,
    manager: Who = None,
    reason: Why = None,
    more: bool = False,
) -> Response:
    """The page."""
    book = ManagersBook.of(call, manager)
    if not book.everybody or (book.mine and not book.accounts):
        page = PageHead("Which of my accounts need me today?", _TITLE)
        lonely = NoAccounts(call.viewer.role in _THEIRS)
        return render(call, "pages/portfolio/lonely.html", page, lonely)
    if call.viewer.role not in _THEIRS and book.whose is None:
        page = PageHead("Whose accounts do you want to see?", _TITLE)
        return render(call, "pages/portfolio/choice.html", page, choice(call))
    asking = asking_of(call, asked)
    if asking.wrong:
        return cannot_ask(call, asking, title=_TITLE, question=book.question, path=PATH)
    view = portfolio(book, asking, reason, more=more)
    page = PageHead(view.question, _TITLE, view.link)
    return render(call, "pages/portfolio/page.html", page, view)


@router.get("/portfolio/export")
def export(
    call: Annotated[Call, Depends(EXPORTING)],
    *,
    manager: Who = None,
    reason: Why = None,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The accounts that need somebody, a line for each reason."""
    book = ManagersBook.of(call, manager)
    found = [
        (needing.account, one)
        for needing in book.needing
        for one in needing.reasons
        if not reason or one.kind == reason
    ]
    lines = [
        (
            account.id,
            account.name,
            account.manager_name,
            account.mrr,
            one.kind,
            "urgent" if one.urgent else "",
            one.text,
            one.source,
            one.on,
            one.quote,
        )
        for account, one in found
    ]
    columns = (
        "account",
        "name",
        "account_manager",
        "mrr",
        "reason",
        "urgent",
        "text",
        "source",
        "on",
        "quote",
    )
    path = f"{PATH}?{urlencode(kept(book, reason))}"
    file = TableFile("needs-attention", book.question, path, columns, lines)
    return table_attachment(call, file, form)
