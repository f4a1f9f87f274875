"""Accounts: search, narrow, sort, choose columns of any KPI, save what was narrowed, take it along
as a file.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.access import Role
from kampass.book import accounts as book
from kampass.book.accounts import Listed
from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.people.errors import BadField
from kampass.render.display import show_value
from kampass.render.files import About, write_table
from kampass.server.rules import EXPORTING, SIGNED_IN, WRITING, Call
from kampass.web.pages.accounts.view import PATH, STATES, WORDS, Listing, Picked, can_stand, plain
from kampass.web.pages.portfolio.page import short_name
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, cannot_ask
from kampass.web.parts.wording import counted, unit_word
from kampass.web.rendering import go, render

router = APIRouter()
PAGE = 50
_TITLE, _QUESTION = "Accounts", "Which accounts do we have?"


@router.get(PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    picked: Annotated[Picked, Depends(Picked)],
    asked: Asked,
) -> Response:
    """The page."""
    if not book.accounts(call.sight):
        return render(
            call,
            "pages/accounts/page.html",
            title=_TITLE,
            question=_QUESTION,
            lonely=True,
            everything=call.viewer.scope.everything,
        )
    listing = Listing.of(call, picked, asked)
    if listing.asking.wrong:
        return cannot_ask(call, listing.asking, title=_TITLE, question=_QUESTION, path=PATH)
    first = (picked.page - 1) * PAGE
    found = listing.rows[first : first + PAGE]
    last = first + len(found)
    paging = f"{first + 1:,} to {last:,} of {len(listing.rows):,}" if found else "None"
    saved = (
        [one for one in call.library.saved.all(call.person) if one.query.startswith(PATH)]
        if call.person
        else []
    )
    return render(
        call,
        "pages/accounts/page.html",
        title=_TITLE,
        question=_QUESTION,
        lonely=False,
        listing=listing,
        lead=_lead(listing),
        path=PATH,
        states=_states(listing),
        columns=list(_columns(listing)),
        rows=[_row(listing, account) for account in found],
        paging=paging,
        saved=saved,
        here=listing.url(),
        link=listing.url(period=listing.asking.period),
        earlier=listing.url(page=picked.page - 1) if picked.page > 1 else None,
        later=listing.url(page=picked.page + 1) if last < len(listing.rows) else None,
        search={"name": "q", "value": picked.words, "label": "Search accounts"},
        choices=_choices(listing),
        downloads=_downloads(listing),
        hidden={name: value for name, value in listing.kept.items() if name != "q"},
        form_hidden={
            name: value
            for name, value in listing.kept.items()
            if name
            in {"q", "state", "sort", "column", "chosen", "where"} | set(listing.asking.hidden)
        },
        column_hidden={
            name: value for name, value in listing.kept.items() if name not in {"column", "chosen"}
        }
        | {"chosen": "1"},
    )


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
    about = About(
        listing.said,
        call.sight.snapshot_id,
        call.sight.known_at,
        definitions,
        call.serving.url + listing.url(),
    )
    return attachment(
        call,
        write_table(columns, lines, form, name="accounts", about=about, for_spreadsheets=True),
        call.serving.url + listing.url(),
    )


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


def _lead(listing: Listing) -> str:
    every, kept = len(book.accounts(listing.call.sight)), listing.narrowed
    active = sum(account.state == "active" for account in kept)
    fits = (
        f"{len(kept):,} of {every:,} accounts fit" if len(kept) < every else f"{every:,} accounts"
    )
    return f"{fits}, {active:,} of which pay now."


def _states(listing: Listing) -> list[tuple[str, str, bool]]:
    counts = {
        state: sum(not state or account.state == state for account in listing.narrowed)
        for state in STATES
    }
    return [
        (f"{words} {counts[state]:,}", listing.url(state=state), listing.picked.state == state)
        for state, words in STATES.items()
        if counts[state] or not state
    ]


def _columns(listing: Listing) -> Iterator[dict[str, Any]]:
    def column(
        key: str, label: str, hint: str | None = None, *, number: bool = False
    ) -> dict[str, Any]:
        now = listing.picked.sort or "name"
        there = now.removeprefix("-") == key
        back = (not now.startswith("-")) if there else number
        return {
            "key": key,
            "label": label,
            "kind": "number" if number else "text",
            "hint": hint,
            "sort": listing.url(sort=f"-{key}" if back else key),
            "sorted": ("desc" if now.startswith("-") else "asc") if there else None,
        }

    yield column("name", "Account")
    yield column("segment", "Segment")
    yield column("region", "Region")
    yield column("tier", "Tier")
    if listing.call.viewer.role is not Role.ACCOUNT_MANAGER:
        yield column("manager", "Account manager")
    yield column("mrr", "MRR now", "monthly recurring revenue at the end of the data", number=True)
    for kpi in listing.kpis:
        yield column(
            kpi.id,
            short_name(kpi),
            f"{kpi.name}: {kpi.question} {listing.asking.period_words}",
            number=True,
        )


def _row(listing: Listing, account: Listed) -> dict[str, Any]:
    badge = {
        "lost": {"text": "Lost", "tone": "bad"},
        "prospect": {"text": "Never paid", "tone": "neutral"},
    }.get(account.state)
    currency = listing.call.sight.settings.currency
    cells: dict[str, Any] = {
        "name": {"text": account.name, "note": account.id, "badge": badge},
        "segment": plain(account.shown("segment")),
        "region": account.shown("region"),
        "tier": plain(account.shown("tier")),
        "manager": account.manager_name or {"text": None, "reason": "Nobody looks after it"},
        "mrr": show_value(account.mrr, "money", currency)
        if account.mrr is not None
        else {"text": None, "reason": "It pays nothing now"},
    }
    for kpi in listing.kpis:
        answer = listing.answers[kpi.id].get(account.id)
        if answer is None or answer.value is None:
            cells[kpi.id] = {
                "text": None,
                "reason": f"Nothing to count in {listing.asking.period_words}",
            }
        else:
            why = listing.asking.url(f"/why/{kpi.id}", also=f"account={account.id}")
            cells[kpi.id] = {
                "text": show_value(answer.value, kpi.unit, currency),
                "why": why,
                "note": _behind(kpi, answer),
            }
    return {"href": f"/accounts/{account.id}", "cells": cells}


def _behind(kpi: Kpi, answer: Answer) -> str | None:
    """How much is behind a figure; nothing where that is the account itself, or the figure."""
    return None if kpi.form == "total" or unit_word(kpi) == "accounts" else counted(kpi, answer.n)


def _choices(listing: Listing) -> list[tuple[str, str, bool]]:
    """Every KPI that can be a column, those shown first."""
    shown = [kpi.id for kpi in listing.kpis]
    able = sorted(
        (kpi for kpi in listing.call.sight.catalogue if can_stand(kpi)),
        key=lambda kpi: (kpi.id not in shown, kpi.name.casefold()),
    )
    return [(kpi.id, kpi.name, kpi.id in shown) for kpi in able]


def _downloads(listing: Listing) -> list[tuple[str, str]]:
    return [
        (text, listing.url("/accounts/export", format=form))
        for text, form in (
            ("CSV", "csv"),
            ("Excel", "xlsx"),
            ("Parquet", "parquet"),
            ("JSON", "json"),
        )
    ]
