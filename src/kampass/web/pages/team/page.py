"""Team: account managers side by side, and fairly: whoever chance could have swapped shares a band,
and the page says how far chance alone would spread them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.access import Role
from kampass.book.comparison import Comparison, comparable, compare, load
from kampass.book.managers import Manager, own
from kampass.book.today import enabled
from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.insight.bands import FEWEST, Ranked
from kampass.render.display import show_difference, show_value
from kampass.render.files import About, write_table
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.portfolio.page import ACTIVITY, short_name
from kampass.web.parts import spans
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.parts.tiles import tiles
from kampass.web.parts.wording import counted, why_none
from kampass.web.rendering import render

router = APIRouter()
OUTCOMES: Final = ("contract_renewal_rate", "nrr", "csat")
"""What is compared first, and all that is where no such KPI is switched on."""
_PATH, _TITLE, _QUESTION = "/team", "Team", "Who does better, and is it more than luck?"
_QUARTERS = 4
PAIR = 2
"""A comparison, and a choice, take two."""
Outcome = Annotated[str, Query(max_length=200, description="the KPI that is compared")]
Team = Annotated[str, Query(max_length=200, description="only those who are in this team now")]


@dataclass(frozen=True)
class Side:
    """Who stands side by side, and by what."""

    call: Call
    asking: Asking
    outcomes: tuple[Kpi, ...]
    everybody: tuple[Manager, ...]
    outcome: str
    team: str

    @classmethod
    def of(cls, call: Call, asked: Asked, outcome: str, team: str) -> "Side":
        """The page's question; the last four quarters where it names no period. UnknownName where
        the outcome is no KPI.
        """
        if not (asked.one["period"] or "").strip():
            asked.one["period"] = spans.trail(
                spans.latest(call.sight, "quarter"), call.sight.settings.calendar, _QUARTERS
            )[0]
        outcomes = _outcomes(call, outcome)
        asking = Asking.of(call, asked, kpis=[kpi.id for kpi in outcomes])
        return cls(call, asking, outcomes, tuple(own(call.sight, call.viewer)), outcome, team)

    @cached_property
    def members(self) -> list[Manager]:
        """Those compared, by name."""
        return [one for one in self.everybody if not self.team or one.team_id == self.team]

    @property
    def kpi(self) -> Kpi:
        """The KPI that is compared."""
        return next((kpi for kpi in self.outcomes if kpi.id == self.outcome), self.outcomes[0])

    @cached_property
    def compared(self) -> dict[str, Comparison]:
        """Every outcome of everybody, by KPI."""
        ids = [one.id for one in self.members]
        return compare(
            self.call.sight,
            self.outcomes,
            ids,
            period=self.asking.period,
            where=self.asking.where,
            known_at=self.asking.known_at,
            snapshot=self.asking.snapshot,
        )

    def url(self, path: str = _PATH, **changes: str) -> str:
        """A link to the same comparison but for these."""
        given = {"outcome": self.outcome, "team": self.team} | changes
        return self.asking.url(path, more={name: value for name, value in given.items() if value})

    def shown(self, kpi: Kpi, value: float | None) -> str:
        """A value with its unit."""
        return show_value(value, kpi.unit, self.call.sight.settings.currency)

    def gap(self, value: float) -> str:
        """A difference of the compared KPI, without its sign."""
        return show_difference(
            value, self.kpi.unit, self.call.sight.settings.currency
        ).removeprefix("+")


@router.get(_PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)], asked: Asked, outcome: Outcome = "", team: Team = ""
) -> Response:
    """The page."""
    side = Side.of(call, asked, outcome, team)
    if side.asking.wrong:
        return cannot_ask(call, side.asking, title=_TITLE, question=_QUESTION, path=_PATH)
    if not side.everybody:
        return render(
            call,
            "pages/team/page.html",
            title=_TITLE,
            question=_QUESTION,
            state="lonely",
            role=call.viewer.role,
        )
    about: dict[str, Any] = {
        "side": side,
        "path": _PATH,
        "asking": side.asking,
        "fields": side.asking.fields(cuts=0, grains=False),
    }
    if call.viewer.role is Role.ACCOUNT_MANAGER:
        made = tiles(
            call,
            [*(kpi.id for kpi in _activity(call)), *(kpi.id for kpi in side.outcomes)],
            period=side.asking.period,
            where=[*side.asking.where, f"account_manager={side.everybody[0].id}"],
            clock=side.asking.clock,
        )
        return render(
            call,
            "pages/team/page.html",
            title=_TITLE,
            question="How do my figures stand?",
            state="alone",
            tiles=made,
            hidden=side.asking.hidden,
            **about,
        )
    found = side.compared[side.kpi.id]
    return render(
        call,
        "pages/team/page.html",
        title=_TITLE,
        question=_QUESTION,
        state="side",
        lead=_lead(side, found),
        ranked=_ranked(side, found),
        luck=_luck(side, found),
        few=[one.name for one in side.members if one.id in found.few],
        fewest=FEWEST,
        adds_up=found.adds_up,
        columns=_columns(side),
        rows=[*_rows(side)],
        outcomes=[
            (short_name(kpi), side.url(outcome=kpi.id), kpi is side.kpi) for kpi in side.outcomes
        ],
        teams=_teams(side),
        hidden=side.asking.hidden
        | {name: value for name, value in (("outcome", outcome), ("team", team)) if value},
        exports=[
            (text, side.url("/team/export", format=form))
            for text, form in (
                ("CSV", "csv"),
                ("Excel", "xlsx"),
                ("Parquet", "parquet"),
                ("JSON", "json"),
            )
        ],
        **about,
    )


@router.get("/team/export")
def export(
    call: Annotated[Call, Depends(EXPORTING)],
    asked: Asked,
    outcome: Outcome = "",
    team: Team = "",
    *,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The compared figures with their bands, a line for each manager and outcome."""
    side = Side.of(call, asked, outcome, team)
    if side.asking.wrong:
        raise side.asking.wrong
    alone = call.viewer.role is Role.ACCOUNT_MANAGER
    lines = []
    for kpi in side.outcomes:
        found = side.compared[kpi.id]
        places: dict[str, Ranked] = {} if alone else {one.name: one for one in found.bands.ranked}
        for one in side.members:
            answer, place = found.answers.get(one.id), places.get(one.id)
            value, n = (answer.value, answer.n) if answer else (None, 0)
            lines.append(
                (
                    one.id,
                    one.name,
                    one.team,
                    kpi.id,
                    value,
                    n,
                    place and place.accounts,
                    place and place.low,
                    place and place.high,
                    place and place.band,
                )
            )
    columns = (
        "account_manager",
        "name",
        "team",
        "kpi",
        "value",
        "n",
        "accounts",
        "comparison_low",
        "comparison_high",
        "band",
    )
    link = call.serving.url + side.url()
    about = About(
        side.asking.words(_TITLE),
        call.sight.snapshot_id,
        call.sight.known_at,
        {kpi.label: f"{kpi.name}: {kpi.formula}" for kpi in side.outcomes},
        link,
    )
    return attachment(
        call,
        write_table(columns, lines, form, name="team", about=about, for_spreadsheets=True),
        link,
    )


def _outcomes(call: Call, asked: str) -> tuple[Kpi, ...]:
    """The KPIs that can be compared: those switched on, the usual ones first, and the one asked
    for.
    """
    catalogue = call.sight.catalogue
    usual = [catalogue.get(name) for name in OUTCOMES if name in catalogue.kpis]
    on = [
        kpi
        for kind in ("objective", "moneyball")
        for kpi in enabled(call.sight, kind)
        if comparable(kpi)
    ]
    named = [catalogue.get(asked)] if asked else []
    found = list(dict.fromkeys([*(kpi for kpi in usual if kpi in on), *on]))
    return tuple(dict.fromkeys([*(found or usual), *(kpi for kpi in named if comparable(kpi))]))


def _activity(call: Call) -> list[Kpi]:
    return [kpi for kpi in enabled(call.sight, "activity", ACTIVITY) if not kpi.distribution][:3]


def _lead(side: Side, found: Comparison) -> str:
    bands, name = found.bands, short_name(side.kpi)
    if not found.adds_up:
        return (
            f"{name} is not the sum of what single accounts add, so nobody can say what luck "
            "would do to it: look at the figures, not at an order."
        )
    if len(bands.ranked) < PAIR:
        return (
            f"There is nobody to compare on {name}: fewer than two have {FEWEST} accounts to count."
        )
    best, worst = (
        next(one.name for one in side.members if one.id == bands.ranked[place].name)
        for place in (0, -1)
    )
    if bands.count == 1:
        return (
            f"On {name}, nobody can be told apart: {best} and {worst} lie "
            f"{side.gap(bands.spread)} apart, and luck alone makes {side.gap(bands.luck)} on "
            "average."
        )
    first, last = (sum(one.band == band for one in bands.ranked) for band in (1, bands.count))
    return (
        f"On {name}, {first} of {len(bands.ranked)} lie in a higher band than the "
        f"other{'s' if len(bands.ranked) - first > 1 else ''}; the lowest band holds {last}."
    )


def _ranked(side: Side, found: Comparison) -> dict[str, Any]:
    """The parameters of ui.ranked."""
    ranked, kpi = found.bands.ranked, side.kpi
    ends = [end for one in ranked for end in (one.low, one.high)]
    least, most = (0.0, 100.0) if kpi.is_share else (min(ends, default=0.0), max(ends, default=1.0))
    names = {one.id: one for one in side.members}
    made, first = [], 1
    for _, group in groupby(ranked, key=lambda one: one.band):
        band = list(group)
        last = first + len(band) - 1
        note = (
            "nobody to compare with"
            if len(ranked) == 1
            else "nobody here can be told from the others"
            if len(band) > 1
            else "told apart from everybody"
        )
        rows = [
            _place(side, found, names[one.name], one)
            for one in sorted(band, key=lambda one: names[one.name].name)
        ]
        made.append(
            {
                "label": f"{first} to {last}" if last > first else str(first),
                "note": note,
                "rows": rows,
            }
        )
        first = last + 1
    return {"bands": made, "least": least, "most": most, "mark": _everybody(side)}


def _place(side: Side, found: Comparison, manager: Manager, one: Ranked) -> dict[str, Any]:
    answer = found.answers.get(manager.id)
    n = f"{counted(side.kpi, answer.n)} of {one.accounts} accounts" if answer else None
    where = side.asking.url(f"/why/{side.kpi.id}", also=f"account_manager={manager.id}")
    return {
        "name": manager.name,
        "href": f"/portfolio?manager={manager.id}",
        "note": manager.team,
        "text": side.shown(side.kpi, one.value),
        "n": n,
        "low": max(one.low, 0.0) if side.kpi.is_share else one.low,
        "value": one.value,
        "high": min(one.high, 100.0) if side.kpi.is_share else one.high,
        "why": where,
    }


def _everybody(side: Side) -> float | None:
    """The figure of all accounts together, drawn as a line through every row."""
    found: Sequence[Answer] = side.call.sight.kpi(
        side.kpi.id,
        period=side.asking.period,
        where=side.asking.where,
        known_at=side.asking.known_at,
        snapshot=side.asking.snapshot,
    )
    return found[0].value


def _luck(side: Side, found: Comparison) -> dict[str, Any] | None:
    """How far best and worst lie apart, against what dealing out the accounts at random makes."""
    bands = found.bands
    if len(bands.ranked) < PAIR:
        return None
    beyond = bands.spread > bands.luck_at_most
    return {
        "spread": side.gap(bands.spread),
        "luck": side.gap(bands.luck),
        "most": side.gap(bands.luck_at_most),
        "beyond": beyond,
        "count": len(bands.ranked),
        "bar": {
            "low": 0,
            "value": bands.spread,
            "high": bands.luck_at_most,
            "least": 0,
            "most": max(bands.spread, bands.luck_at_most),
            "mark": bands.luck,
        },
    }


def _columns(side: Side) -> list[dict[str, Any]]:
    number = [
        (kpi.id, short_name(kpi), kpi.question) for kpi in (*_activity(side.call), *side.outcomes)
    ]
    return [
        {"key": "name", "label": "Account manager"},
        {"key": "accounts", "label": "Accounts now", "kind": "number"},
        {"key": "mrr", "label": "MRR now", "kind": "number"},
        *(
            {"key": key, "label": label, "kind": "number", "hint": hint}
            for key, label, hint in number
        ),
    ]


def _rows(side: Side) -> list[dict[str, Any]]:
    """Everybody by name, with load, activity and outcomes."""
    sight, ids = side.call.sight, [one.id for one in side.members]
    mrr, activity = load(sight, ids), _activity(side.call)
    asked = (
        sight.kpi(
            [kpi.id for kpi in activity],
            period=side.asking.period,
            by="account_manager",
            where=side.asking.where,
            known_at=side.asking.known_at,
            snapshot=side.asking.snapshot,
        )
        if activity
        else ()
    )
    answers = {(answer.kpi, answer.dimensions["account_manager"]): answer for answer in asked}
    answers |= {
        (kpi.id, member): answer
        for kpi in side.outcomes
        for member, answer in side.compared[kpi.id].answers.items()
    }
    made = []
    for one in side.members:
        cells: dict[str, Any] = {
            "name": {
                "text": one.name,
                "note": one.team,
                "badge": {"text": "Has left", "tone": "neutral"} if one.gone else None,
            },
            "accounts": f"{one.active:,}",
            "mrr": side.shown(sight.catalogue.get("mrr_end"), mrr[one.id].value)
            if one.id in mrr
            else None,
        }
        for kpi in (*activity, *side.outcomes):
            cells[kpi.id] = _cell(side, kpi, one.id, answers.get((kpi.id, one.id)))
        made.append({"href": f"/portfolio?manager={one.id}", "cells": cells})
    return made


def _cell(side: Side, kpi: Kpi, member: str, answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"text": None, "reason": f"Nothing to count in {side.asking.period_words}"}
    if answer.value is None:
        return {"text": None, "reason": why_none(side.call.sight, kpi, answer)}
    why = side.asking.url(f"/why/{kpi.id}", also=f"account_manager={member}")
    few = kpi in side.outcomes and member in side.compared[kpi.id].few
    return {
        "text": side.shown(kpi, answer.value),
        "why": why,
        "note": "too few to tell"
        if few
        else counted(kpi, answer.n)
        if kpi.form == "ratio"
        else None,
    }


def _teams(side: Side) -> list[tuple[str, str, bool]]:
    """The teams to choose from; none where there is one."""
    found = sorted(
        {(one.team_id, one.team or one.team_id) for one in side.everybody if one.team_id},
        key=lambda pair: str(pair[1]),
    )
    if len(found) < PAIR and not side.team:
        return []
    return [
        ("All teams", side.url(team=""), not side.team),
        *((str(name), side.url(team=str(key)), side.team == key) for key, name in found),
    ]
