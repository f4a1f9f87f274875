"""What the overview says and draws, asked of the engine: the sentence, the revenue bridge, the
cohorts, the slices, the revenue at risk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kampass.book.cohorts import Cohort, Step, cohorts
from kampass.book.renewals import AHEAD, Renewal, renewals
from kampass.engine import Question, Result
from kampass.engine.answer import Answer
from kampass.engine.question import Filter
from kampass.engine.words import instant_of
from kampass.render import words
from kampass.render.display import chance, show_difference, show_value
from kampass.server.rules import Call
from kampass.web.pages.overview.revenue import RevenueBridge, RevenueSlices, revenue_bridge, slices
from kampass.web.parts import spans
from kampass.web.parts.figures import FigureTile
from kampass.web.parts.forms import Filters
from kampass.web.parts.links import Link, exports
from kampass.web.parts.pictures import (
    CohortMap,
    CohortRow,
    HeatCell,
)
from kampass.web.parts.question import Asking, conditions_of
from kampass.web.parts.tables import (
    NO_ROWS,
    DataTable,
    Detail,
    Heading,
    TableCell,
    TableRow,
    numbers,
)
from kampass.web.parts.tiles import TileFigure, figures, tiles_of, why_none

PATH: Final = "/overview"
MOST = 12
DIMENSIONS: Final = ("segment", "region", "tier", "product", "account_manager", "team")
Follow = Literal["nrr", "grr"]
_PERIODS, _LISTED = 8, 8
_OPEN: Final = ("mrr_end", "ticket_backlog", "interaction_gap")
_DUE: Final = (
    Heading("account", "Account"),
    Heading("due", "Due"),
    *numbers(("mrr_end", "MRR"), ("ticket_backlog", "Open tickets")),
    Heading("interaction_gap", "Last contact", "number", hint="days since the last real contact"),
)


@dataclass(frozen=True)
class Cohorts:
    """A retention KPI by when accounts first paid, and the small choices of what to follow."""

    name: str
    map: CohortMap
    follow: Sequence[Link]
    steps: Sequence[Link]


@dataclass(frozen=True)
class Risk:
    """The contracts that come due without an answer."""

    period: str = ""
    count: int = 0
    more: int = 0
    facts: Sequence[Detail] = ()
    table: DataTable = NO_ROWS
    ahead: int = AHEAD


@dataclass(frozen=True)
class Overview:
    """The page."""

    filters: Filters
    period: str
    lead: str
    tiles: Sequence[FigureTile]
    bridge: RevenueBridge
    cuts: Sequence[Link]
    slices: RevenueSlices
    cohorts: Cohorts
    risk: Risk
    exports: Sequence[Link]
    question: str
    link: str


def overview(call: Call, asking: Asking, follow: Follow, step: Step) -> Overview:
    """The page for a question; what stands below the headlines is worked out once for a snapshot, a
    scope and a question.
    """
    sight, shown = asking.sight, headlines(call)
    found = figures(sight, shown, period=asking.period, where=asking.where, clock=asking.clock)
    by = asking.by[0] if asking.by else DIMENSIONS[0]
    whole = asking.changed(by=(), grain=None, compare=None)
    chosen: dict[str, object] = {"follow": follow, "cohort": step}
    return Overview(
        filters=asking.filters(PATH, grains=False),
        period=asking.period_words,
        lead=lead(found, whole),
        tiles=tiles_of(call, whole, {kpi: found.get(kpi) for kpi in shown}),
        bridge=sight.kept("revenue bridge", lambda: revenue_bridge(whole), whole.key),
        cuts=_cuts(asking, by, chosen),
        slices=sight.kept("revenue slices", lambda: slices(whole, by), whole.key, by),
        cohorts=Cohorts(
            follow.upper(),
            sight.kept(
                "cohort map", lambda: cohort_map(whole, follow, step), whole.key, follow, step
            ),
            _choices(asking, chosen, "follow", {"nrr": "NRR", "grr": "GRR"}),
            _choices(asking, chosen, "cohort", {"year": "By year", "quarter": "By quarter"}),
        ),
        risk=sight.kept("revenue at risk", lambda: at_risk(whole), whole.key),
        exports=exports(lambda form: asking.url("/overview/export", more={"format": form})),
        question=asking.words("Overview"),
        link=asking.url(PATH),
    )


def headlines(call: Call) -> Sequence[str]:
    """The KPIs that are switched on, as far as there is room."""
    return [kpi for kpi in call.workspace.settings.enabled if kpi in call.sight.catalogue.kpis][
        :MOST
    ]


def _choices(
    asking: Asking, chosen: Mapping[str, object], name: str, offered: Mapping[str, str]
) -> list[Link]:
    """A small choice of the page, each a link that keeps the rest of the question."""
    return [
        Link(text, f"{asking.url(PATH, more={**chosen, name: key})}#cohorts", key == chosen[name])
        for key, text in offered.items()
    ]


def _cuts(asking: Asking, by: str, chosen: Mapping[str, object]) -> list[Link]:
    """By what revenue can be cut, the workspace's own attributes last."""
    own = asking.sight.engine().attributes - {*DIMENSIONS, "industry", "acquisition_source"}
    names = [name for name in (*DIMENSIONS, *sorted(own)) if name in asking.dimensions]
    return [
        Link(
            words.dimension(name),
            f"{asking.url(PATH, by=[name], more=chosen)}#slices",
            name == by,
        )
        for name in names
    ]


def lead(found: Mapping[str, TileFigure], asking: Asking) -> str:
    """How it went, in one sentence: recurring revenue first, then retention."""
    said = [
        text
        for text in (
            _revenue(found.get("mrr_end"), asking.sight.settings.currency),
            _short(found.get("nrr"), "NRR"),
            _short(found.get("grr"), "GRR"),
        )
        if text
    ]
    if not said:
        known = next((figure for figure in found.values() if figure.text), None)
        said = (
            [f"{known.kpi.name} is {known.text}"]
            if known
            else [f"There are no figures for {asking.period_words}"]
        )
    return f"{'; '.join(said)}."


def _revenue(figure: TileFigure | None, currency: str) -> str:
    """What became of recurring revenue."""
    if figure is None or figure.text is None or figure.now.change is None:
        return ""
    shown = figure.changes[0]
    period = words.period(figure.now.period_start, figure.now.period_end)
    difference = figure.now.change.difference
    if shown.direction == "none" or difference is None:
        return f"Recurring revenue is {figure.text} at the end of {period}, {shown.said}"
    verb = "grew" if shown.direction == "up" else "fell"
    moved = show_difference(abs(difference), figure.now.unit, currency).lstrip("+")
    said = f"Recurring revenue {verb} by {moved} to {figure.text} in {period}"
    thought = chance(figure.now)
    return f"{said}, {thought}" if thought else said


def _short(figure: TileFigure | None, name: str) -> str:
    if figure is None or figure.text is None:
        return ""
    return ", ".join([f"{name} {figure.text}", *(each.said for each in figure.changes[:1])])


def cohort_map(asking: Asking, kpi: str, step: Step) -> CohortMap:
    """A retention KPI of each cohort over the last eight periods."""
    if not asking.takes(asking.sight.catalogue.get(kpi)):
        return CohortMap()
    period, grain = spans.trail(asking.period, asking.sight.settings.calendar, _PERIODS)
    answers = [
        (cohort, _of_cohort(asking, cohort, (kpi, period, grain)))
        for cohort in cohorts(asking.sight, step)
    ]
    known = [
        (cohort, result)
        for cohort, result in answers
        if any(answer.value is not None for answer in result)
    ]
    values = [answer.value for _, result in known for answer in result if answer.value is not None]
    return CohortMap(
        [words.period(answer.period_start, answer.period_end) for answer in known[0][1]]
        if known
        else (),
        [
            CohortRow(
                asking.changed(period=cohort.name).period_words,
                [_cell(asking, cohort, answer) for answer in result],
                f"{len(cohort.accounts):,}",
            )
            for cohort, result in known
        ],
        min(values, default=0.0),
        max(values, default=100.0),
    )


def _of_cohort(asking: Asking, cohort: Cohort, about: tuple[str, str, str]) -> Result:
    kpi, period, grain = about
    where = (*conditions_of(asking), Filter("account", "in", cohort.accounts))
    return asking.sight.ask(
        Question(
            (kpi,),
            period,
            grain,
            where=where,
            known_at=instant_of(asking.known_at),
            snapshot=asking.snapshot,
        )
    )


def _cell(asking: Asking, cohort: Cohort, answer: Answer) -> HeatCell:
    """The figure, or why there is none."""
    if answer.value is None:
        nothing = (
            "nobody of them paid yet"
            if answer.reason == "zero_denominator"
            else why_none(asking.sight, asking.sight.catalogue.get(answer.kpi), answer)
        )
        return HeatCell(None, "-", reason=f"{cohort.name}: {nothing}")
    return HeatCell(answer.value, show_value(answer.value, "percent", "").removesuffix(" %"))


def at_risk(asking: Asking) -> Risk:
    """The contracts that come due within 90 days without an answer, with what their accounts pay
    and what is open with them.
    """
    sight = asking.sight
    due = renewals(sight)
    if not due:
        return Risk()
    accounts = tuple(dict.fromkeys(each.account for each in due))
    period = spans.latest(sight, "month")
    where = (*conditions_of(asking), Filter("account", "in", accounts))
    kpis = tuple(kpi for kpi in _OPEN if asking.takes(sight.catalogue.get(kpi)))
    each = sight.ask(Question(kpis, period, None, ("account",), where))
    found: dict[str, dict[str, Answer]] = {}
    for answer in each:
        found.setdefault(str(answer.dimensions["account"]), {})[answer.kpi] = answer
    kept = sorted(
        (one for one in due if one.account in found), key=lambda one: -_paid(found[one.account])
    )
    rows = [_due(each, found[one.account], one) for one in kept[:_LISTED]]
    return Risk(
        asking.changed(period=period).period_words,
        len(kept),
        len(kept) - len(rows),
        [
            Detail(
                sight.catalogue.get(answer.kpi).name,
                show_value(answer.value, answer.unit, each.currency),
            )
            for answer in sight.ask(Question(kpis, period, None, (), where))
            if answer.value is not None
        ],
        DataTable(_DUE, rows),
    )


def _paid(answers: Mapping[str, Answer]) -> float:
    return (answers["mrr_end"].value or 0.0) if "mrr_end" in answers else 0.0


def _due(result: Result, answers: Mapping[str, Answer], contract: Renewal) -> TableRow:
    """One contract at risk."""
    any_answer = next(iter(answers.values()))
    days = contract.days
    when = (
        f"in {days:,} days"
        if days > 1
        else "tomorrow"
        if days == 1
        else "today"
        if days == 0
        else f"{-days:,} days ago, no answer"
    )
    cells: dict[str, TableCell | str | None] = {
        "account": TableCell(
            result.shown(any_answer, "account"),
            f"/accounts/{any_answer.dimensions['account']}",
            contract.product,
        ),
        "due": TableCell(words.day(contract.due), note=when),
    }
    for kpi, answer in answers.items():
        cells[kpi] = (
            show_value(answer.value, answer.unit, result.currency)
            if answer.value is not None
            else None
        )
    return TableRow(cells)
