"""My portfolio, an account manager's home: which accounts need somebody today and why, what renews
soon, how the figures stand, what changed this week.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.access import NotFound, Role
from kampass.book.accounts import Listed, accounts
from kampass.book.attention import ORDER, Needing, attention
from kampass.book.managers import Manager, managers, own
from kampass.book.reasons import RULES, Kind, day_words, days
from kampass.book.renewals import AHEAD, Renewal, renewals
from kampass.book.today import enabled, today
from kampass.book.week import Changed, week
from kampass.catalogue import Kpi
from kampass.render.display import show_value
from kampass.render.files import About, write_table
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.parts.tiles import tiles
from kampass.web.rendering import render

router = APIRouter()
_PATH, _TITLE = "/portfolio", "My portfolio"
_SHOWN, _CHANGES, _RENEWALS = 10, 12, 12
ACTIVITY: Final = ("success_touches", "clients_touched_distinct", "interaction_time")
"""What account managers do, where no activity KPI is switched on."""
HEADINGS: Final = {
    "activity": "Activity: what was done",
    "objective": "Objectives: what came of it",
    "moneyball": "Moneyball: what tells early where it goes",
}
WORDS: Final[dict[Kind, str]] = {
    "renewal": "Renewals",
    "silence": "Silence",
    "ticket": "Tickets",
    "answer": "Unhappy",
    "usage": "Use fell",
    "ended": "Lines ended",
    "goal": "Goals",
}
MARKS: Final[dict[Kind, str]] = {
    "renewal": "calendar",
    "silence": "call",
    "ticket": "ticket",
    "answer": "survey",
    "usage": "usage",
    "ended": "contract",
    "goal": "goal",
}
Who = Annotated[
    str | None, Query(max_length=200, description="the account manager whose accounts are shown")
]
Why = Annotated[str | None, Query(max_length=20, description="only accounts with this reason")]


@dataclass(frozen=True)
class Book:
    """The accounts that the page is about: one account manager's, or those of everybody the viewer
    may look at.
    """

    call: Call
    whose: Manager | None
    everybody: tuple[Manager, ...]

    @classmethod
    def of(cls, call: Call, who: str | None) -> "Book":
        """The book of that account manager, or the viewer's own; NotFound where there is no such
        manager for the viewer.
        """
        found = own(call.sight, call.viewer)
        if not who:
            mine = found[0] if call.viewer.role is Role.ACCOUNT_MANAGER and found else None
            return cls(call, mine, tuple(found))
        whose = next((manager for manager in found if manager.id == who), None)
        if whose is None:
            raise NotFound(
                "There is no account manager like this.",
                hint="Choose one from the list under My portfolio.",
            )
        return cls(call, whose, tuple(found))

    @property
    def mine(self) -> bool:
        """Whether the viewer looks at their own accounts."""
        return self.call.viewer.role is Role.ACCOUNT_MANAGER

    @property
    def ids(self) -> frozenset[str] | None:
        """The managers whose accounts count; None: every account in sight, also those that nobody
        looks after.
        """
        return frozenset({self.whose.id}) if self.whose and not self.mine else None

    def holds(self, manager: str | None) -> bool:
        """Whether an account of that manager belongs to the book."""
        return self.ids is None or manager in self.ids

    @property
    def where(self) -> list[str]:
        """The filter that asks a KPI about this book."""
        return [f"account_manager={self.whose.id}"] if self.whose and not self.mine else []

    @cached_property
    def accounts(self) -> list[Listed]:
        """Its accounts."""
        return [account for account in accounts(self.call.sight) if self.holds(account.manager)]

    @cached_property
    def needing(self) -> list[Needing]:
        """Those that need somebody today."""
        return [
            needing for needing in attention(self.call.sight) if self.holds(needing.account.manager)
        ]

    @property
    def question(self) -> str:
        """What the page answers."""
        if self.mine:
            return "Which of my accounts need me today?"
        return (
            f"Which of {self.whose.name}'s accounts need somebody today?"
            if self.whose
            else "Which of our accounts need us today?"
        )

    @property
    def lead(self) -> str:
        """The answer in one sentence."""
        active = sum(account.state == "active" for account in self.accounts)
        if not self.needing:
            return f"None of the {active} accounts that pay has a reason to worry today."
        urgent = sum(needing.urgent > 0 for needing in self.needing)
        first = self.needing[0]
        most = (
            "1 of them urgently"
            if urgent == 1
            else f"{urgent} of them urgently"
            if urgent
            else "none of them urgently"
        )
        reason = first.reasons[0].text
        return (
            f"{len(self.needing)} of {len(self.accounts)} accounts, {most}. First "
            f"{first.account.name}: {reason[:1].lower() + reason[1:]}."
        )


@router.get(_PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    *,
    manager: Who = None,
    reason: Why = None,
    more: bool = False,
) -> Response:
    """The page."""
    book = Book.of(call, manager)
    if not book.everybody or (book.mine and not book.accounts):
        return render(
            call,
            "pages/portfolio/page.html",
            title=_TITLE,
            question="Which of my accounts need me today?",
            state="lonely",
            role=call.viewer.role,
        )
    if call.viewer.role not in {Role.ACCOUNT_MANAGER, Role.TEAM_LEAD} and book.whose is None:
        return render(
            call,
            "pages/portfolio/page.html",
            title=_TITLE,
            question="Whose accounts do you want to see?",
            state="choice",
            choices=_choices(call),
        )
    kinds = {
        kind: enabled(call.sight, kind, ACTIVITY if kind == "activity" else ()) for kind in HEADINGS
    }
    asking = Asking.of(
        call, asked, kpis=[kpi.id for kpis in kinds.values() for kpi in kpis], grain="quarter"
    )
    if asking.wrong:
        return cannot_ask(call, asking, title=_TITLE, question=book.question, path=_PATH)
    listed = [
        needing
        for needing in book.needing
        if not reason or any(one.kind == reason for one in needing.reasons)
    ]
    due = [
        renewal
        for renewal in renewals(call.sight)
        if renewal.account in {account.id for account in book.accounts}
    ]
    return render(
        call,
        "pages/portfolio/page.html",
        title=_TITLE,
        question=book.question,
        state="book",
        book=book,
        asking=asking,
        path=_PATH,
        lead=book.lead,
        today=day_words(today(call.sight)),
        fields=asking.fields(cuts=0, grains=False),
        hidden=asking.hidden | _kept(book, reason),
        people=_people(book, asking),
        narrow=_narrow(book, asking, reason),
        needs=[_need(call, one) for one in listed[: None if more else _SHOWN]],
        left=0 if more else max(0, len(listed) - _SHOWN),
        more_href=_url(asking, book, reason=reason or "", more="1"),
        rules=RULES,
        order=ORDER,
        words=WORDS,
        renewals=[_renewal(book, one) for one in due[:_RENEWALS]],
        renewals_left=max(0, len(due) - _RENEWALS),
        ahead=AHEAD,
        figures=_figures(call, asking, kinds, book.where),
        week=_week([one for one in week(call.sight) if book.holds(one.manager)]),
        exports=[
            (text, f"/portfolio/export?{urlencode(_kept(book, reason) | {'format': form})}")
            for text, form in (
                ("CSV", "csv"),
                ("Excel", "xlsx"),
                ("Parquet", "parquet"),
                ("JSON", "json"),
            )
        ],
    )


@router.get("/portfolio/export")
def export(
    call: Annotated[Call, Depends(EXPORTING)],
    *,
    manager: Who = None,
    reason: Why = None,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The accounts that need somebody, a line for each reason."""
    book = Book.of(call, manager)
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
    link = f"{call.serving.url}{_PATH}?{urlencode(_kept(book, reason))}"
    about = About(book.question, call.sight.snapshot_id, call.sight.known_at, link=link)
    return attachment(
        call,
        write_table(
            columns, lines, form, name="needs-attention", about=about, for_spreadsheets=True
        ),
        link,
    )


def _kept(book: Book, reason: str | None) -> dict[str, str]:
    """What every link of the page keeps."""
    given = {
        "manager": book.whose.id if book.whose and not book.mine else "",
        "reason": reason or "",
    }
    return {name: value for name, value in given.items() if value}


def _url(asking: Asking, book: Book, **changes: str) -> str:
    return asking.url(
        _PATH, more={name: value for name, value in (_kept(book, None) | changes).items() if value}
    )


def _people(book: Book, asking: Asking) -> list[tuple[str, str, bool]]:
    """The switch between people; none for account managers, who have their own accounts alone."""
    if book.mine or len(book.everybody) <= 1:
        return []
    everybody = (
        [("The team", _url(asking, book, manager=""), book.whose is None)]
        if book.call.viewer.role is Role.TEAM_LEAD
        else []
    )
    return everybody + [
        (one.name, _url(asking, book, manager=one.id), book.whose == one) for one in book.everybody
    ]


def _narrow(book: Book, asking: Asking, reason: str | None) -> list[tuple[str, str, bool]]:
    """The reasons that there are, with how many accounts have each."""
    counts = Counter(
        kind for needing in book.needing for kind in {one.kind for one in needing.reasons}
    )
    every = [(f"All {len(book.needing)}", _url(asking, book), not reason)]
    return every + [
        (f"{words} {counts[kind]}", _url(asking, book, reason=kind), reason == kind)
        for kind, words in WORDS.items()
        if counts[kind]
    ]


def _need(call: Call, needing: Needing) -> dict[str, Any]:
    """One account of the list, in words."""
    account = needing.account
    state = (
        f"{_money(call, account.mrr)} a month"
        if account.mrr is not None
        else "does not pay any more"
        if account.state == "lost"
        else "does not pay yet"
    )
    about = [account.shown("segment").replace("_", " ").capitalize(), state]
    if call.viewer.role is not Role.ACCOUNT_MANAGER:
        about.append(account.manager_name or "nobody looks after it")
    reasons = [
        {
            "mark": MARKS[one.kind],
            "text": one.text,
            "source": one.source,
            "urgent": one.urgent,
            "quote": one.quote,
        }
        for one in needing.reasons
    ]
    return {
        "name": account.name,
        "href": f"/accounts/{account.id}",
        "about": about,
        "reasons": reasons,
    }


def _renewal(book: Book, due: Renewal) -> dict[str, Any]:
    account = next(one for one in book.accounts if one.id == due.account)
    when = (
        f"in {days(due.days)}"
        if due.days > 0
        else "today"
        if due.days == 0
        else f"{days(-due.days)} ago, no answer yet"
    )
    by_itself = {True: "Yes", False: "No", None: None}[due.auto_renew]
    return {
        "href": f"/accounts/{due.account}",
        "cells": {
            "account": {"text": account.name, "note": due.product},
            "due": {"text": day_words(due.due), "note": when},
            "value": None if due.value is None else _money(book.call, due.value),
            "auto": by_itself,
            "manager": account.manager_name,
        },
    }


def _figures(
    call: Call, asking: Asking, kinds: dict[str, list[Kpi]], where: Sequence[str]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The tiles of each kind, asked for together."""
    ids = [kpi.id for kpis in kinds.values() for kpi in kpis]
    made = iter(
        tiles(call, ids, period=asking.period, where=[*asking.where, *where], clock=asking.clock)
    )
    return [(HEADINGS[kind], [next(made) for _ in kpis]) for kind, kpis in kinds.items() if kpis]


def _week(changes: list[Changed]) -> dict[str, Any]:
    """What changed, for ui.timeline."""
    tones = {
        "good": None,
        "bad": {"text": "Look at this", "tone": "bad"},
        "warn": {"text": "High priority", "tone": "warn"},
        None: None,
    }
    entries = [
        {
            "kind": one.mark,
            "title": one.name,
            "text": f"{one.title}. {one.text}" if one.text else one.title,
            "when": day_words(one.on),
            "iso": one.on.isoformat(),
            "href": f"/accounts/{one.account}",
            "quote": one.quote,
            "badge": tones[one.tone],
        }
        for one in changes[:_CHANGES]
    ]
    return {"entries": entries, "left": max(0, len(changes) - _CHANGES)}


def _choices(call: Call) -> list[dict[str, Any]]:
    """Every account manager, for those who have no accounts of their own."""
    counts = Counter(needing.account.manager for needing in attention(call.sight))
    urgent = Counter(needing.account.manager for needing in attention(call.sight) if needing.urgent)
    return [
        {
            "href": f"{_PATH}?{urlencode({'manager': one.id})}",
            "cells": {
                "name": one.name,
                "team": one.team,
                "accounts": f"{one.active}",
                "needing": f"{counts[one.id]}",
                "urgent": f"{urgent[one.id]}",
            },
        }
        for one in managers(call.sight)
    ]


def _money(call: Call, amount: float | None) -> str:
    return show_value(amount, "money", call.sight.settings.currency)


def short_name(kpi: Kpi) -> str:
    """A KPI's name as people say it.

    >>> from kampass.catalogue import shipped
    >>> short_name(shipped().get("nrr")), short_name(shipped().get("customer_referral_rate"))
    ('NRR', 'Customer Referral Rate')
    """
    name, _, rest = kpi.name.partition(" (")
    return rest.removesuffix(")") if rest.removesuffix(")").isupper() else name
