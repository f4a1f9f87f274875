"""What My portfolio says: which accounts need somebody today and why, what renews soon, how the
figures stand, what changed this week.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from kampass.access import NotFound, Role
from kampass.book.accounts import ListedAccount, accounts
from kampass.book.attention import ORDER, Needing, attention
from kampass.book.managers import Manager, managers, own
from kampass.book.reasons import RULES, Kind, day_words, days
from kampass.book.renewals import AHEAD, Renewal, renewals
from kampass.book.today import ACTIVITY, enabled, today
from kampass.book.week import Changed, week
from kampass.render.display import show_value
from kampass.server.rules import Call
from kampass.web.parts.figures import Badge, FigureTile
from kampass.web.parts.forms import Filters
from kampass.web.parts.links import Link, exports
from kampass.web.parts.pictures import TimelineEntry, TimelineMonth
from kampass.web.parts.question import Asked, Asking
from kampass.web.parts.reasons import ReasonItem, reason_items
from kampass.web.parts.tables import DataTable, Heading, TableCell, TableRow, numbers
from kampass.web.parts.tiles import tiles

PATH: Final = "/portfolio"
_SHOWN, _CHANGES, _RENEWALS = 10, 12, 12
_HEADINGS: Final = {
    "activity": "Activity: what was done",
    "objective": "Objectives: what came of it",
    "moneyball": "Moneyball: what tells early where it goes",
}
_REASONS: Final[dict[Kind, str]] = {
    "renewal": "Renewals",
    "silence": "Silence",
    "ticket": "Tickets",
    "answer": "Unhappy",
    "usage": "Use fell",
    "ended": "Lines ended",
    "goal": "Goals",
}
_TONES: Final = {"bad": Badge("Look at this", "bad"), "warn": Badge("High priority", "warn")}
_DUE: Final = (
    Heading("account", "Account"),
    Heading("due", "Due"),
    Heading("value", "Contract value", "number"),
    Heading("auto", "Renews by itself"),
)
_MANAGERS: Final = (
    Heading("name", "Account manager"),
    Heading("team", "Team"),
    *numbers(
        ("accounts", "Accounts that pay"), ("needing", "Need somebody"), ("urgent", "Urgently")
    ),
)


@dataclass(frozen=True)
class ManagersBook:
    """The accounts that the page is about: one account manager's, or those of everybody the viewer
    may look at.
    """

    call: Call
    whose: Manager | None
    everybody: tuple[Manager, ...]

    @classmethod
    def of(cls, call: Call, who: str | None) -> "ManagersBook":
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
    def accounts(self) -> list[ListedAccount]:
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


@dataclass(frozen=True)
class NoAccounts:
    """The page of somebody without accounts: whether an admin could connect them."""

    personal: bool


@dataclass(frozen=True)
class ManagerChoice:
    """The page of those who have no accounts of their own: every account manager."""

    managers: DataTable


@dataclass(frozen=True)
class NeedItem:
    """An account that needs somebody."""

    name: str
    href: str
    about: Sequence[str]
    reasons: Sequence[ReasonItem]


@dataclass(frozen=True)
class Attention:
    """Who needs somebody today, and how that is found."""

    today: str
    narrow: Sequence[Link]
    needs: Sequence[NeedItem]
    left: int
    more: str
    order: str
    rules: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Portfolio:
    """The page of a book."""

    question: str
    lead: str
    link: str
    people: Sequence[Link]
    attention: Attention
    renewals: DataTable
    renewals_left: int
    filters: Filters
    figures: Sequence[tuple[str, Sequence[FigureTile]]]
    week: Sequence[TimelineMonth]
    week_left: int
    exports: Sequence[Link]
    ahead: int = AHEAD


def asking_of(call: Call, asked: Asked) -> Asking:
    """The question of the figures."""
    ids = [kpi for kpis in _kinds(call).values() for kpi in kpis]
    return Asking.of(call, asked, kpis=ids, grain="quarter")


def portfolio(book: ManagersBook, asking: Asking, reason: str | None, *, more: bool) -> Portfolio:
    """The page; `reason` narrows the list, `more` shows all of it."""
    call = book.call
    ids = {account.id for account in book.accounts}
    due = [renewal for renewal in renewals(call.sight) if renewal.account in ids]
    changes = [one for one in week(call.sight) if book.holds(one.manager)]
    filters = asking.filters(PATH, "Figures", cuts=0, grains=False)
    asked = kept(book, reason)
    return Portfolio(
        question=book.question,
        lead=book.lead,
        link=asking.url(PATH),
        people=_people(book, asking),
        attention=_attention(book, asking, reason, more=more),
        renewals=DataTable(
            [*_DUE, *([] if book.whose else [Heading("manager", "Account manager")])],
            [_renewal(book, one) for one in due[:_RENEWALS]],
        ),
        renewals_left=max(0, len(due) - _RENEWALS),
        filters=replace(filters, hidden={**filters.hidden, **asked}),
        figures=_figures(call, asking, book.where),
        week=_week(call, changes[:_CHANGES]),
        week_left=max(0, len(changes) - _CHANGES),
        exports=exports(lambda form: f"/portfolio/export?{urlencode(asked | {'format': form})}"),
    )


def choice(call: Call) -> ManagerChoice:
    """Every account manager, with how many of their accounts need somebody."""
    found = attention(call.sight)
    counts = Counter(needing.account.manager for needing in found)
    urgent = Counter(needing.account.manager for needing in found if needing.urgent)
    rows = [
        TableRow(
            {
                "name": one.name,
                "team": one.team,
                "accounts": f"{one.active}",
                "needing": f"{counts[one.id]}",
                "urgent": f"{urgent[one.id]}",
            },
            f"{PATH}?{urlencode({'manager': one.id})}",
        )
        for one in managers(call.sight)
    ]
    return ManagerChoice(DataTable(_MANAGERS, rows))


def _attention(book: ManagersBook, asking: Asking, reason: str | None, *, more: bool) -> Attention:
    listed = [
        needing
        for needing in book.needing
        if not reason or any(one.kind == reason for one in needing.reasons)
    ]
    return Attention(
        day_words(today(book.call.sight)),
        _narrow(book, asking, reason),
        [_need(book.call, one) for one in listed[: None if more else _SHOWN]],
        0 if more else max(0, len(listed) - _SHOWN),
        _url(asking, book, reason=reason or "", more="1"),
        ORDER,
        [(_REASONS[kind], text) for kind, text in RULES],
    )


def kept(book: ManagersBook, reason: str | None) -> dict[str, str]:
    """What every link of the page keeps."""
    given = {
        "manager": book.whose.id if book.whose and not book.mine else "",
        "reason": reason or "",
    }
    return {name: value for name, value in given.items() if value}


def _url(asking: Asking, book: ManagersBook, **changes: str) -> str:
    return asking.url(
        PATH, more={name: value for name, value in (kept(book, None) | changes).items() if value}
    )


def _people(book: ManagersBook, asking: Asking) -> list[Link]:
    """The switch between people; none for account managers, who have their own accounts alone."""
    if book.mine or len(book.everybody) <= 1:
        return []
    everybody = (
        [Link("The team", _url(asking, book, manager=""), book.whose is None)]
        if book.call.viewer.role is Role.TEAM_LEAD
        else []
    )
    return everybody + [
        Link(one.name, _url(asking, book, manager=one.id), book.whose == one)
        for one in book.everybody
    ]


def _narrow(book: ManagersBook, asking: Asking, reason: str | None) -> list[Link]:
    """The reasons that there are, with how many accounts have each."""
    counts = Counter(
        kind for needing in book.needing for kind in {one.kind for one in needing.reasons}
    )
    every = [Link(f"All {len(book.needing)}", _url(asking, book), not reason)]
    return every + [
        Link(f"{name} {counts[kind]}", _url(asking, book, reason=kind), reason == kind)
        for kind, name in _REASONS.items()
        if counts[kind]
    ]


def _need(call: Call, needing: Needing) -> NeedItem:
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
    reasons = reason_items(needing.reasons)
    return NeedItem(account.name, f"/accounts/{account.id}", about, reasons)


def _renewal(book: ManagersBook, due: Renewal) -> TableRow:
    account = next(one for one in book.accounts if one.id == due.account)
    when = (
        f"in {days(due.days)}"
        if due.days > 0
        else "today"
        if due.days == 0
        else f"{days(-due.days)} ago, no answer yet"
    )
    return TableRow(
        {
            "account": TableCell(account.name, note=due.product),
            "due": TableCell(day_words(due.due), note=when),
            "value": None if due.value is None else _money(book.call, due.value),
            "auto": None if due.auto_renew is None else "Yes" if due.auto_renew else "No",
            "manager": account.manager_name,
        },
        f"/accounts/{due.account}",
    )


def _kinds(call: Call) -> dict[str, list[str]]:
    """The KPIs that are switched on, by kind."""
    return {
        kind: [kpi.id for kpi in enabled(call.sight, kind, ACTIVITY if kind == "activity" else ())]
        for kind in _HEADINGS
    }


def _figures(
    call: Call, asking: Asking, where: Sequence[str]
) -> list[tuple[str, list[FigureTile]]]:
    """The tiles of each kind, asked for together."""
    kinds = _kinds(call)
    ids = [kpi for kpis in kinds.values() for kpi in kpis]
    made = iter(
        tiles(call, ids, period=asking.period, where=[*asking.where, *where], clock=asking.clock)
    )
    return [(_HEADINGS[kind], [next(made) for _ in kpis]) for kind, kpis in kinds.items() if kpis]


def _week(call: Call, changes: Sequence[Changed]) -> list[TimelineMonth]:
    """What changed in the last seven days."""
    entries = [
        TimelineEntry(
            one.mark,
            one.name,
            day_words(one.on),
            one.on.isoformat(),
            text=f"{one.title}. {one.text}" if one.text else one.title,
            href=f"/accounts/{one.account}",
            quote=one.quote,
            badge=_TONES.get(one.tone or ""),
        )
        for one in changes
    ]
    return [TimelineMonth(f"To {day_words(today(call.sight))}", entries)] if entries else []


def _money(call: Call, amount: float | None) -> str:
    return show_value(amount, "money", call.sight.settings.currency)
