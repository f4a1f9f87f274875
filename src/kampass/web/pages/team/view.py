"""What Team tells: the bands of one outcome, how far luck alone would go, everybody side by
side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Final

from kampass.book.comparison import Comparison, comparable, compare, load
from kampass.book.managers import Manager, own
from kampass.book.today import ACTIVITY, enabled
from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.insight.bands import FEWEST, Ranked
from kampass.render import words
from kampass.render.display import show_difference, show_value
from kampass.server.rules import Call
from kampass.web.parts import spans
from kampass.web.parts.figures import Badge, FigureTile, Interval
from kampass.web.parts.forms import Filters
from kampass.web.parts.links import Link, exports
from kampass.web.parts.pictures import RankBand, RankRow
from kampass.web.parts.question import Asked, Asking
from kampass.web.parts.tables import DataTable, Heading, TableCell, TableRow
from kampass.web.parts.tiles import tiles, why_none

PATH: Final = "/team"
OUTCOMES: Final = ("contract_renewal_rate", "nrr", "csat")
"""What is compared first, and all that is where no such KPI is switched on."""
_QUARTERS = 4
PAIR = 2
"""A comparison, and a choice, take two."""


@dataclass(frozen=True)
class SideBySide:
    """Who stands side by side, and by what."""

    call: Call
    asking: Asking
    outcomes: tuple[Kpi, ...]
    everybody: tuple[Manager, ...]
    outcome: str
    team: str

    @classmethod
    def of(cls, call: Call, asked: Asked, outcome: str, team: str) -> "SideBySide":
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

    def url(self, path: str = PATH, **changes: str) -> str:
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


@dataclass(frozen=True)
class NoManagers:
    """The page where the viewer sees no account manager: whether an admin could connect them."""

    personal: bool


@dataclass(frozen=True)
class MyFigures:
    """The page of an account manager: their own figures."""

    filters: Filters
    period: str
    tiles: Sequence[FigureTile]


@dataclass(frozen=True)
class Luck:
    """How far best and worst lie apart, against what dealing out the accounts at random makes."""

    spread: str
    luck: str
    most: str
    beyond: bool
    count: int
    bar: Interval


@dataclass(frozen=True)
class TeamPage:
    """The page."""

    filters: Filters
    period: str
    lead: str
    name: str
    teams: Sequence[Link]
    outcomes: Sequence[Link]
    luck: Luck | None
    bands: Sequence[RankBand]
    adds_up: bool
    few: Sequence[str]
    table: DataTable
    exports: Sequence[Link]
    fewest: int = FEWEST


def my_figures(side: SideBySide) -> MyFigures:
    """The figures of the account manager who looks."""
    made = tiles(
        side.call,
        [*(kpi.id for kpi in _activity(side.call)), *(kpi.id for kpi in side.outcomes)],
        period=side.asking.period,
        where=[*side.asking.where, f"account_manager={side.everybody[0].id}"],
        clock=side.asking.clock,
    )
    filters = side.asking.filters(PATH, "My figures", cuts=0, grains=False)
    return MyFigures(filters, side.asking.period_words, made)


def team_page(side: SideBySide) -> TeamPage:
    """Everybody side by side."""
    found, asked = side.compared[side.kpi.id], {"outcome": side.outcome, "team": side.team}
    filters = side.asking.filters(PATH, "Account managers", cuts=0, grains=False)
    kept = {name: value for name, value in asked.items() if value}
    return TeamPage(
        filters=replace(filters, hidden={**filters.hidden, **kept}),
        period=side.asking.period_words,
        lead=_lead(side, found),
        name=side.kpi.name,
        teams=_teams(side),
        outcomes=[
            Link(words.short(kpi), side.url(outcome=kpi.id), kpi is side.kpi)
            for kpi in side.outcomes
        ],
        luck=_luck(side, found),
        bands=_bands(side, found),
        adds_up=found.adds_up,
        few=[one.name for one in side.members if one.id in found.few],
        table=DataTable(_columns(side), _rows(side)),
        exports=exports(lambda form: side.url("/team/export", format=form)),
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


def _lead(side: SideBySide, found: Comparison) -> str:
    bands, name = found.bands, words.short(side.kpi)
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


def _bands(side: SideBySide, found: Comparison) -> list[RankBand]:
    """The bands, the highest first."""
    ranked, scale = found.bands.ranked, _scale(side, found)
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
            _place(side, found, names[one.name], (one, scale))
            for one in sorted(band, key=lambda one: names[one.name].name)
        ]
        made.append(RankBand(f"{first} to {last}" if last > first else str(first), rows, note))
        first = last + 1
    return made


def _scale(side: SideBySide, found: Comparison) -> Interval:
    """The scale of every interval, with the line of all accounts together."""
    ends = [end for one in found.bands.ranked for end in (one.low, one.high)]
    least, most = (
        (0.0, 100.0) if side.kpi.is_share else (min(ends, default=0.0), max(ends, default=1.0))
    )
    return Interval(least, None, most, least, most, mark=_everybody(side))


def _place(
    side: SideBySide, found: Comparison, manager: Manager, placed: tuple[Ranked, Interval]
) -> RankRow:
    (one, scale), answer = placed, found.answers.get(manager.id)
    share = side.kpi.is_share
    return RankRow(
        manager.name,
        side.shown(side.kpi, one.value),
        replace(
            scale,
            low=max(one.low, 0.0) if share else one.low,
            value=one.value,
            high=min(one.high, 100.0) if share else one.high,
        ),
        href=f"/portfolio?manager={manager.id}",
        n=f"{words.counted(side.kpi, answer.n)} of {one.accounts} accounts" if answer else None,
        note=manager.team,
        why=side.asking.url(f"/why/{side.kpi.id}", also=f"account_manager={manager.id}"),
    )


def _everybody(side: SideBySide) -> float | None:
    """The figure of all accounts together, drawn as a line through every row."""
    found: Sequence[Answer] = side.call.sight.kpi(
        side.kpi.id,
        period=side.asking.period,
        where=side.asking.where,
        known_at=side.asking.known_at,
        snapshot=side.asking.snapshot,
    )
    return found[0].value


def _luck(side: SideBySide, found: Comparison) -> Luck | None:
    bands = found.bands
    if len(bands.ranked) < PAIR:
        return None
    most = max(bands.spread, bands.luck_at_most)
    return Luck(
        side.gap(bands.spread),
        side.gap(bands.luck),
        side.gap(bands.luck_at_most),
        beyond=bands.spread > bands.luck_at_most,
        count=len(bands.ranked),
        bar=Interval(0.0, bands.spread, bands.luck_at_most, 0.0, most, mark=bands.luck),
    )


def _columns(side: SideBySide) -> list[Heading]:
    kpis = (*_activity(side.call), *side.outcomes)
    return [
        Heading("name", "Account manager"),
        Heading("accounts", "Accounts now", "number"),
        Heading("mrr", "MRR now", "number"),
        *(Heading(kpi.id, words.short(kpi), "number", hint=kpi.question) for kpi in kpis),
    ]


def _rows(side: SideBySide) -> list[TableRow]:
    """Everybody by name, with load, activity and outcomes."""
    activity = _activity(side.call)
    answers = _answers(side, activity)
    mrr = load(side.call.sight, [one.id for one in side.members])
    end = side.call.sight.catalogue.get("mrr_end")
    made = []
    for one in side.members:
        cells: dict[str, TableCell | str | None] = {
            "name": TableCell(
                one.name, note=one.team, badge=Badge("Has left") if one.gone else None
            ),
            "accounts": f"{one.active:,}",
            "mrr": side.shown(end, mrr[one.id].value) if one.id in mrr else None,
        }
        for kpi in (*activity, *side.outcomes):
            cells[kpi.id] = _cell(side, kpi, one.id, answers.get((kpi.id, one.id)))
        made.append(TableRow(cells, f"/portfolio?manager={one.id}"))
    return made


def _answers(side: SideBySide, activity: Sequence[Kpi]) -> dict[tuple[str, str | None], Answer]:
    """Activity and outcomes, by KPI and account manager."""
    asked: Sequence[Answer] = (
        side.call.sight.kpi(
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
    return answers | {
        (kpi.id, member): answer
        for kpi in side.outcomes
        for member, answer in side.compared[kpi.id].answers.items()
    }


def _cell(side: SideBySide, kpi: Kpi, member: str, answer: Answer | None) -> TableCell:
    if answer is None:
        return TableCell(reason=f"Nothing to count in {side.asking.period_words}")
    if answer.value is None:
        return TableCell(reason=why_none(side.call.sight, kpi, answer))
    few = kpi in side.outcomes and member in side.compared[kpi.id].few
    counted = words.counted(kpi, answer.n) if kpi.form == "ratio" else None
    return TableCell(
        side.shown(kpi, answer.value),
        why=side.asking.url(f"/why/{kpi.id}", also=f"account_manager={member}"),
        note="too few to tell" if few else counted,
    )


def _teams(side: SideBySide) -> list[Link]:
    """The teams to choose from; none where there is one."""
    found = sorted(
        {(one.team_id, one.team or one.team_id) for one in side.everybody if one.team_id},
        key=lambda pair: str(pair[1]),
    )
    if len(found) < PAIR and not side.team:
        return []
    return [
        Link("All teams", side.url(team=""), not side.team),
        *(Link(str(name), side.url(team=str(key)), side.team == key) for key, name in found),
    ]
