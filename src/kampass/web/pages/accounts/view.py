"""The list of accounts that an address asks for: words, filters, columns of any KPI, order; read
for the page and its export alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query

from kampass.access import Role
from kampass.book import accounts as book
from kampass.book.accounts import ListedAccount, Wanted
from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.library.saved import Saved
from kampass.render import words
from kampass.render.display import show_value
from kampass.server.rules import Call
from kampass.web.parts.figures import Badge
from kampass.web.parts.forms import Filters, FormField
from kampass.web.parts.links import Link, exports
from kampass.web.parts.question import Asked, Asking
from kampass.web.parts.tables import DataTable, Heading, TableCell, TableRow

PAGE = 50
MOST_COLUMNS = 8
USUAL: Final = ("nrr", "csat", "interaction_gap", "ticket_backlog")
STATES: Final = {"": "All", "active": "Pay now", "lost": "Lost", "prospect": "Never paid"}
WORDS: Final = {
    "segment": "Segment",
    "industry": "Industry",
    "region": "Region",
    "tier": "Tier",
    "acquisition_source": "Came through",
    "manager": "Account manager",
    "team": "Team",
}
PATH = "/accounts"
_OWN = "a."
_Short = Annotated[str, Query(max_length=200)]


class Picked:
    """What the address says of the list besides the question: words, filters, columns, order,
    page.
    """

    def __init__(
        self,
        *,
        q: _Short = "",
        state: Annotated[str, Query(max_length=20)] = "",
        segment: _Short = "",
        industry: _Short = "",
        region: _Short = "",
        tier: _Short = "",
        acquisition_source: _Short = "",
        manager: _Short = "",
        team: _Short = "",
        column: Annotated[
            list[Annotated[str, Query(max_length=200)]] | None, Query(max_length=100)
        ] = None,
        chosen: bool = False,
        sort: Annotated[str, Query(max_length=200)] = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> None:
        named = {
            "segment": segment,
            "industry": industry,
            "region": region,
            "tier": tier,
            "acquisition_source": acquisition_source,
        }
        self.values = {
            name: value
            for name, value in (named | {"manager": manager, "team": team}).items()
            if value
        }
        self.words, self.state, self.sort, self.page = (
            q.strip(),
            state if state in STATES else "",
            sort,
            page,
        )
        self.columns = None if column is None and not chosen else tuple(dict.fromkeys(column or ()))


@dataclass(frozen=True)
class Listing:
    """The list that an address asks for."""

    call: Call
    picked: Picked
    asking: Asking
    kpis: tuple[Kpi, ...]

    @classmethod
    def of(cls, call: Call, picked: Picked, asked: Asked) -> "Listing":
        """The list; UnknownName where a column is no KPI."""
        usual = [name for name in USUAL if name in call.sight.catalogue.kpis]
        kpis = tuple(
            call.sight.catalogue.get(name)
            for name in (usual if picked.columns is None else picked.columns[:MOST_COLUMNS])
        )
        kpis = tuple(kpi for kpi in kpis if can_stand(kpi))
        return cls(
            call,
            picked,
            Asking.of(call, asked, kpis=[kpi.id for kpi in kpis], grain="quarter"),
            kpis,
        )

    @cached_property
    def values(self) -> dict[str, str]:
        """The filters in force; those on further attributes are spelled `a.name`."""
        given = {
            name: self.call.request.query_params.get(f"{_OWN}{name}", "")[:200]
            for name in book.attributes(self.call.sight)
        }
        return self.picked.values | {name: value for name, value in given.items() if value}

    @cached_property
    def narrowed(self) -> list[ListedAccount]:
        """The accounts that fit, whatever their state."""
        wanted = Wanted(self.picked.words, values=tuple(self.values.items()))
        return [account for account in book.accounts(self.call.sight) if wanted.takes(account)]

    @cached_property
    def answers(self) -> dict[str, dict[str, Answer]]:
        """The answers of every column by account, asked for in one question."""
        found: dict[str, dict[str, Answer]] = {kpi.id: {} for kpi in self.kpis}
        asking = self.asking
        ids = [kpi.id for kpi in self.kpis]
        asked = (
            self.call.sight.kpi(
                ids,
                period=asking.period,
                by="account",
                where=asking.where,
                known_at=asking.known_at,
                snapshot=asking.snapshot,
            )
            if ids
            else ()
        )
        for answer in asked:
            found[answer.kpi][answer.dimensions["account"] or ""] = answer
        return found

    @cached_property
    def rows(self) -> list[ListedAccount]:
        """The accounts in the order asked for."""
        figures = {
            kpi: {account: a.value for account, a in answers.items() if a.value is not None}
            for kpi, answers in self.answers.items()
        }
        key = self.picked.sort.removeprefix("-")
        known = {"name", "state", "mrr", "since", *WORDS, *figures}
        kept = [
            account
            for account in self.narrowed
            if not self.picked.state or account.state == self.picked.state
        ]
        return book.ordered(
            kept,
            key if key in known else "name",
            figures,
            downwards=self.picked.sort.startswith("-") and key in known,
        )

    @property
    def kept(self) -> dict[str, str | list[str]]:
        """What every link of the page carries, but for the page's number."""
        own = {
            f"{'' if name in WORDS else _OWN}{name}": value for name, value in self.values.items()
        }
        question: dict[str, str | list[str]] = {
            "period": self.call.request.query_params.get("period", ""),
            "where": list(self.asking.where),
            **self.asking.hidden,
        }
        made: dict[str, str | list[str]] = {
            "q": self.picked.words,
            "state": self.picked.state,
            "sort": self.picked.sort,
            **own,
        }
        if self.picked.columns is not None:
            made |= {"column": [kpi.id for kpi in self.kpis], "chosen": "1"}
        made |= question
        return {name: value for name, value in made.items() if value}

    def url(self, path: str = PATH, **changes: str | int) -> str:
        """A link to the same list but for these; an empty one is left out."""
        changed: dict[str, str | int | list[str]] = {**self.kept, **changes}
        given = {name: value for name, value in changed.items() if value}
        return f"{path}?{urlencode(given, doseq=True, errors='surrogatepass')}" if given else path

    @property
    def said(self) -> str:
        """What is listed, in words."""
        parts = [
            f"{WORDS.get(name, name)} {self._shown(name, value)}"
            for name, value in self.values.items()
        ]
        lead = {
            "": "All accounts",
            "active": "Accounts that pay now",
            "lost": "Lost accounts",
            "prospect": "Accounts that never paid",
        }[self.picked.state]
        return ", ".join(
            [
                lead,
                *parts,
                *([f"with '{self.picked.words}'"] if self.picked.words else []),
                f"figures of {self.asking.period_words}",
            ]
        )

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Each filter in force with the link without it."""
        made = [
            (
                f"{WORDS.get(name, name)}: {self._shown(name, value)}",
                self.url(**{name if name in WORDS else f"{_OWN}{name}": ""}),
            )
            for name, value in self.values.items()
        ]
        return [
            *made,
            *([(f"Holds: {self.picked.words}", self.url(q=""))] if self.picked.words else []),
        ]

    @property
    def fields(self) -> list[FormField]:
        """The fields of the filter form."""
        own = book.attributes(self.call.sight)
        names = [
            name
            for name in (*WORDS, *own)
            if not (name in {"manager", "team"} and self.call.viewer.role is Role.ACCOUNT_MANAGER)
        ]
        made = []
        for name in names:
            choices = book.choices(self.call.sight, name)
            if len(choices) > 1 or name in self.values:
                made.append(
                    FormField(
                        name if name in WORDS else f"{_OWN}{name}",
                        WORDS.get(name, words.dimension(name)),
                        self.values.get(name, ""),
                        options=[
                            ("", "Any"),
                            *((value, words.plain(shown)) for value, shown in choices),
                        ],
                    )
                )
        asked = self.asking.fields(cuts=0, grains=False)
        return [*made, *(one for one in asked if one.name == "period")]

    def _shown(self, name: str, value: str) -> str:
        return words.plain(dict(book.choices(self.call.sight, name)).get(value, value))


@dataclass(frozen=True)
class AccountList:
    """The page. `hidden`, `column_hidden` and the filters' hold what each form keeps of the
    list.
    """

    filters: Filters
    lead: str
    link: str
    here: str
    path: str
    words: str
    hidden: Mapping[str, str | Sequence[str]]
    states: Sequence[Link]
    saved: Sequence[Saved]
    table: DataTable
    paging: str
    previous: str | None
    next: str | None
    choices: Sequence[tuple[str, str, bool]]
    column_hidden: Mapping[str, str | Sequence[str]]
    downloads: Sequence[Link]


def account_list(listing: Listing) -> AccountList:
    """One page of the list."""
    call, picked, kept = listing.call, listing.picked, listing.kept
    first = (picked.page - 1) * PAGE
    found = listing.rows[first : first + PAGE]
    last = first + len(found)
    saved = call.library.saved.all(call.person) if call.person else []
    forms = {"q", "state", "sort", "column", "chosen", "where", *listing.asking.hidden}
    return AccountList(
        filters=Filters(
            listing.said,
            listing.fields,
            PATH,
            {name: value for name, value in kept.items() if name in forms},
            listing.chips,
            submit="Show these",
        ),
        lead=_lead(listing),
        link=listing.url(period=listing.asking.period),
        here=listing.url(),
        path=PATH,
        words=picked.words,
        hidden={name: value for name, value in kept.items() if name != "q"},
        states=_states(listing),
        saved=[one for one in saved if one.query.startswith(PATH)],
        table=DataTable(list(_columns(listing)), [_row(listing, account) for account in found]),
        paging=f"{first + 1:,} to {last:,} of {len(listing.rows):,}" if found else "None",
        previous=listing.url(page=picked.page - 1) if picked.page > 1 else None,
        next=listing.url(page=picked.page + 1) if last < len(listing.rows) else None,
        choices=_choices(listing),
        column_hidden={
            **{name: value for name, value in kept.items() if name not in {"column", "chosen"}},
            "chosen": "1",
        },
        downloads=exports(lambda form: listing.url("/accounts/export", format=form)),
    )


def can_stand(kpi: Kpi) -> bool:
    """Whether a KPI has one figure for each account, so that it can be a column."""
    return kpi.takes_any_account_dimension and not (kpi.distribution or kpi.suppress_below)


def _lead(listing: Listing) -> str:
    every, kept = len(book.accounts(listing.call.sight)), listing.narrowed
    active = sum(account.state == "active" for account in kept)
    fits = (
        f"{len(kept):,} of {every:,} accounts fit" if len(kept) < every else f"{every:,} accounts"
    )
    return f"{fits}, {active:,} of which pay now."


def _states(listing: Listing) -> list[Link]:
    counts = {
        state: sum(not state or account.state == state for account in listing.narrowed)
        for state in STATES
    }
    return [
        Link(f"{name} {counts[state]:,}", listing.url(state=state), listing.picked.state == state)
        for state, name in STATES.items()
        if counts[state] or not state
    ]


def _columns(listing: Listing) -> Iterator[Heading]:
    yield _column(listing, "name", "Account")
    yield _column(listing, "segment", "Segment")
    yield _column(listing, "region", "Region")
    yield _column(listing, "tier", "Tier")
    if listing.call.viewer.role is not Role.ACCOUNT_MANAGER:
        yield _column(listing, "manager", "Account manager")
    yield _column(listing, "mrr", "MRR now", "monthly recurring revenue at the end of the data")
    for kpi in listing.kpis:
        hint = f"{kpi.name}: {kpi.question} {listing.asking.period_words}"
        yield _column(listing, kpi.id, words.short(kpi), hint)


def _column(listing: Listing, key: str, label: str, hint: str | None = None) -> Heading:
    """A column with the link that sorts by it; numbers, which have a hint, the largest first."""
    now = listing.picked.sort or "name"
    there, down = now.removeprefix("-") == key, now.startswith("-")
    turn = not down if there else hint is not None
    return Heading(
        key,
        label,
        "number" if hint else "text",
        sort=listing.url(sort=f"-{key}" if turn else key),
        sorted=("desc" if down else "asc") if there else None,
        hint=hint,
    )


_BADGES: Final = {"lost": Badge("Lost", "bad"), "prospect": Badge("Never paid")}


def _row(listing: Listing, account: ListedAccount) -> TableRow:
    currency = listing.call.sight.settings.currency
    cells: dict[str, TableCell | str | None] = {
        "name": TableCell(account.name, note=account.id, badge=_BADGES.get(account.state)),
        "segment": words.plain(account.shown("segment")),
        "region": account.shown("region"),
        "tier": words.plain(account.shown("tier")),
        "manager": account.manager_name or TableCell(reason="Nobody looks after it"),
        "mrr": show_value(account.mrr, "money", currency)
        if account.mrr is not None
        else TableCell(reason="It pays nothing now"),
    }
    for kpi in listing.kpis:
        answer = listing.answers[kpi.id].get(account.id)
        cells[kpi.id] = (
            TableCell(reason=f"Nothing to count in {listing.asking.period_words}")
            if answer is None or answer.value is None
            else TableCell(
                show_value(answer.value, kpi.unit, currency),
                why=listing.asking.url(f"/why/{kpi.id}", also=f"account={account.id}"),
                note=_behind(kpi, answer),
            )
        )
    return TableRow(cells, f"/accounts/{account.id}")


def _behind(kpi: Kpi, answer: Answer) -> str | None:
    """How much is behind a figure; nothing where that is the account itself, or the figure."""
    return (
        None
        if kpi.form == "total" or words.noun(kpi) == "accounts"
        else words.counted(kpi, answer.n)
    )


def _choices(listing: Listing) -> list[tuple[str, str, bool]]:
    """Every KPI that can be a column, those shown first."""
    shown = [kpi.id for kpi in listing.kpis]
    able = sorted(
        (kpi for kpi in listing.call.sight.catalogue if can_stand(kpi)),
        key=lambda kpi: (kpi.id not in shown, kpi.name.casefold()),
    )
    return [(kpi.id, kpi.name, kpi.id in shown) for kpi in able]
