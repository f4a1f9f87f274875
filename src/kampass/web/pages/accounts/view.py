"""The list of accounts that an address asks for: words, filters, columns of any KPI, order; read
for the page and its export alike.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query

from kampass.access import Role
from kampass.book import accounts as book
from kampass.book.accounts import Listed, Wanted
from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.server.rules import Call
from kampass.web.parts.question import Asked, Asking

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
    def narrowed(self) -> list[Listed]:
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
    def rows(self) -> list[Listed]:
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
    def kept(self) -> dict[str, Any]:
        """What every link of the page carries, but for the page's number."""
        own = {
            f"{'' if name in WORDS else _OWN}{name}": value for name, value in self.values.items()
        }
        question = {
            "period": self.call.request.query_params.get("period", ""),
            "where": list(self.asking.where),
            **self.asking.hidden,
        }
        columns = (
            {"column": [kpi.id for kpi in self.kpis], "chosen": "1"}
            if self.picked.columns is not None
            else {}
        )
        made = (
            {"q": self.picked.words, "state": self.picked.state, "sort": self.picked.sort}
            | own
            | columns
            | question
        )
        return {name: value for name, value in made.items() if value}

    def url(self, path: str = PATH, **changes: str | int) -> str:
        """A link to the same list but for these; an empty one is left out."""
        given = {name: value for name, value in (self.kept | changes).items() if value}
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
    def fields(self) -> list[dict[str, Any]]:
        """The fields of the filter form."""
        own = book.attributes(self.call.sight)
        names = [
            name
            for name in (*WORDS, *own)
            if not (name in {"manager", "team"} and self.call.viewer.role is Role.ACCOUNT_MANAGER)
        ]
        made: list[dict[str, Any]] = []
        for name in names:
            choices = book.choices(self.call.sight, name)
            if len(choices) > 1 or name in self.values:
                options = [("", "Any"), *((value, plain(shown)) for value, shown in choices)]
                made.append(
                    {
                        "name": name if name in WORDS else f"{_OWN}{name}",
                        "label": WORDS.get(name, name.replace("_", " ").capitalize()),
                        "value": self.values.get(name, ""),
                        "options": options,
                    }
                )
        return [
            *made,
            *(
                field
                for field in self.asking.fields(cuts=0, grains=False)
                if field["name"] == "period"
            ),
        ]

    def _shown(self, name: str, value: str) -> str:
        return plain(dict(book.choices(self.call.sight, name)).get(value, value))


def can_stand(kpi: Kpi) -> bool:
    """Whether a KPI has one figure for each account, so that it can be a column."""
    return kpi.takes_any_account_dimension and not (kpi.distribution or kpi.suppress_below)


def plain(text: str) -> str:
    """A value as people write it.

    >>> plain("mid_market"), plain("EMEA")
    ('Mid market', 'EMEA')
    """
    return text.replace("_", " ").capitalize() if text.islower() else text
