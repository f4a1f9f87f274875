"""What the overview says and draws, asked of the engine: the sentence, the revenue bridge, the
cohorts, the slices, the revenue at risk.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kampass.book.cohorts import Cohort, Step, cohorts
from kampass.book.renewals import AHEAD, renewals
from kampass.engine import Question, Result
from kampass.engine.answer import Answer
from kampass.engine.question import Filter
from kampass.engine.words import instant_of
from kampass.render.charts import waterfall
from kampass.render.display import show_difference, show_value
from kampass.web.parts import spans
from kampass.web.parts.picture import Picture, picture
from kampass.web.parts.question import Asking, conditions_of
from kampass.web.parts.tiles import Figure
from kampass.web.parts.wording import counted, dimension_word, why_none

_SIGNS: Final = {
    "new_mrr": ("New", 1),
    "reactivation_mrr": ("Returned", 1),
    "expansion_mrr": ("Expansion", 1),
    "contraction_mrr": ("Contraction", -1),
    "churned_mrr": ("Churned", -1),
    "transfer_in_mrr": ("Moved in", 1),
    "transfer_out_mrr": ("Moved out", -1),
}
MOVEMENTS: Final = ("mrr_start", *_SIGNS, "mrr_end")
_ALWAYS: Final = frozenset({"new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"})
_SLICED: Final = (
    "mrr_end",
    "new_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
    "nrr",
    "grr",
    "customer_churn_rate",
)
_PERIODS, _LISTED = 8, 8
_VISIBLE = 0.1
_OPEN: Final = ("mrr_end", "ticket_backlog", "interaction_gap")


def lead(found: Mapping[str, Figure], asking: Asking) -> str:
    """How it went, in one sentence: recurring revenue first, then retention."""
    said = [
        text
        for text in (
            _revenue(found.get("mrr_end")),
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


def _revenue(figure: Figure | None) -> str:
    """What became of recurring revenue."""
    if figure is None or figure.text is None or figure.now.change is None:
        return ""
    change = figure.changes[0]
    period = spans.said(figure.now.period_start, figure.now.period_end)
    if change["direction"] == "none":
        return (
            f"Recurring revenue is {figure.text} at the end of {period}, "
            f"{change['text'][:1].lower()}{change['text'][1:]} {change['against']}"
        )
    verb = "grew" if change["direction"] == "up" else "fell"
    return f"Recurring revenue {verb} by {change['text'].lstrip('+-')} to {figure.text} in {period}"


def _short(figure: Figure | None, name: str) -> str:
    if figure is None or figure.text is None:
        return ""
    return ", ".join(
        [
            f"{name} {figure.text}",
            *(
                f"{each['text'][:1].lower()}{each['text'][1:]} {each['against']}"
                for each in figure.changes[:1]
            ),
        ]
    )


def pictures(asking: Asking, by: str, follow: str, step: Step) -> dict[str, Any]:
    """Everything below the headlines, worked out once for a snapshot, a scope and a question."""
    sight = asking.sight
    return {
        "bridge": sight.kept("revenue bridge", lambda: revenue_bridge(asking), asking.key),
        "cohorts": sight.kept(
            "cohort map", lambda: cohort_map(asking, follow, step), asking.key, follow, step
        ),
        "slices": sight.kept("revenue slices", lambda: slices(asking, by), asking.key, by),
        "risk": sight.kept("revenue at risk", lambda: at_risk(asking), asking.key),
    }


def revenue_bridge(asking: Asking) -> dict[str, Any]:
    """From revenue at the start to revenue at the end, for ui.bridge; or why there is none."""
    catalogue = asking.sight.catalogue
    if not all(asking.takes(catalogue.get(kpi)) for kpi in MOVEMENTS):
        return {
            "reason": "What moved revenue is counted by account: it cannot be told for this "
            "filter. "
            "Take it away to see the bridge.",
            "steps": [],
            "way": None,
        }
    result = asking.sight.kpi(MOVEMENTS, **asking.spelled(compare="previous"), **asking.clock)
    found = {answer.kpi: answer for answer in result}
    lacking = next((answer for answer in found.values() if answer.value is None), None)
    if lacking:
        return {
            "reason": why_none(asking.sight, catalogue.get(lacking.kpi), lacking),
            "steps": [],
            "way": None,
        }
    steps = [
        _step(asking, found[kpi], result.currency)
        for kpi in _SIGNS
        if kpi in _ALWAYS or found[kpi].value
    ]
    ends = [
        _end(asking, found[kpi], result.currency, kind)
        for kpi, kind in (("mrr_start", "start"), ("mrr_end", "end"))
    ]
    said = f"From {ends[0]['text']} to {ends[1]['text']}"
    net = _net(asking, found["mrr_end"], found["mrr_start"], result.currency)
    shown = [*steps, net] if net and _vanish(steps, ends) else [ends[0], *steps, ends[1]]
    return {
        "reason": None,
        "steps": shown,
        "said": said,
        "way": asking.url("/bridge/mrr_end", more=_last_two(asking)),
    }


def _vanish(steps: Sequence[Mapping[str, Any]], ends: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the steps are too low to be seen beside the levels."""
    return bool(
        max(abs(step["value"]) for step in steps)
        < _VISIBLE * max(abs(end["value"]) for end in ends)
    )


def _net(asking: Asking, end: Answer, start: Answer, currency: str) -> dict[str, Any] | None:
    """All steps together, as the engine compares the end with the period before; None where that
    one is not where this one starts.
    """
    if end.change is None or end.change.difference is None or end.change.value != start.value:
        return None
    text = show_difference(end.change.difference, "money", currency)
    return {
        "kind": "end",
        "label": "Net change",
        "value": end.change.difference,
        "text": text,
        "href": asking.url("/bridge/mrr_end", more=_last_two(asking)),
    }


def _last_two(asking: Asking) -> dict[str, str]:
    """The ends of a bridge that leads here: the period before and this one."""
    return {
        "before": spans.before(asking.period, asking.sight.settings.calendar),
        "after": asking.period,
    }


def _step(asking: Asking, answer: Answer, currency: str) -> dict[str, Any]:
    name, sign = _SIGNS[answer.kpi]
    amount = sign * (answer.value or 0.0)
    kind = "transfer" if answer.kpi.startswith("transfer") else "up" if sign > 0 else "down"
    note = counted(asking.sight.catalogue.get(answer.kpi), answer.n)
    return {
        "kind": kind,
        "label": name,
        "value": amount,
        "text": show_difference(amount, "money", currency),
        "href": asking.url(f"/why/{answer.kpi}"),
        "note": note,
    }


def _end(asking: Asking, answer: Answer, currency: str, kind: str) -> dict[str, Any]:
    name = "Start" if kind == "start" else "End"
    return {
        "kind": kind,
        "label": name,
        "value": answer.value,
        "text": show_value(answer.value, "money", currency),
        "href": asking.url(f"/why/{answer.kpi}"),
    }


def cohort_map(asking: Asking, kpi: str, step: Step) -> dict[str, Any]:
    """A retention KPI of each cohort over the last eight periods, for ui.cohorts."""
    if not asking.takes(asking.sight.catalogue.get(kpi)):
        return {"rows": [], "columns": [], "least": 0.0, "most": 0.0, "name": kpi.upper()}
    period, grain = spans.trail(asking.period, asking.sight.settings.calendar, _PERIODS)
    found = cohorts(asking.sight, step)
    answers = [(cohort, _of_cohort(asking, cohort, (kpi, period, grain))) for cohort in found]
    known = [
        (cohort, result)
        for cohort, result in answers
        if any(answer.value is not None for answer in result)
    ]
    values = [answer.value for _, result in known for answer in result if answer.value is not None]
    rows = [
        {
            "label": asking.changed(period=cohort.name).period_words,
            "n": f"{len(cohort.accounts):,}",
            "cells": [_cell(asking, cohort, a) for a in result],
        }
        for cohort, result in known
    ]
    columns = (
        [spans.said(answer.period_start, answer.period_end) for answer in known[0][1]]
        if known
        else []
    )
    return {
        "rows": rows,
        "columns": columns,
        "least": min(values, default=0.0),
        "most": max(values, default=100.0),
        "name": kpi.upper(),
    }


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


def _cell(asking: Asking, cohort: Cohort, answer: Answer) -> dict[str, Any]:
    """A cell; its words are the figure and how much is behind it."""
    if answer.value is None:
        nothing = (
            "nobody of them paid yet"
            if answer.reason == "zero_denominator"
            else why_none(asking.sight, asking.sight.catalogue.get(answer.kpi), answer)
        )
        return {"value": None, "text": "-", "reason": f"{cohort.name}: {nothing}"}
    return {
        "value": answer.value,
        "text": show_value(answer.value, "percent", "").removesuffix(" %"),
    }


def slices(asking: Asking, dimension: str) -> dict[str, Any]:
    """Revenue and what moved it for each value of a dimension: a picture of who moved it, and the
    table.
    """
    sliced = asking.changed(by=dimension)
    kpis = [kpi for name in _SLICED if sliced.takes(kpi := asking.sight.catalogue.get(name))]
    if not kpis:
        return {
            "reason": f"Revenue cannot be cut by {dimension_word(dimension).lower()} here.",
            "rows": [],
            "columns": [],
            "picture": None,
        }
    result = asking.sight.kpi([kpi.id for kpi in kpis], **sliced.spelled(), **asking.clock)
    found: dict[str | None, dict[str, Answer]] = {}
    for answer in result:
        found.setdefault(answer.dimensions.get(dimension), {})[answer.kpi] = answer
    first = kpis[0].id
    order = sorted(
        found,
        key=lambda value: -(found[value][first].value or 0.0) if first in found[value] else 0.0,
    )
    columns = [
        {"key": "slice", "label": dimension_word(dimension)},
        *({"key": kpi.id, "label": _SHORT.get(kpi.id, kpi.name), "kind": "number"} for kpi in kpis),
    ]
    none = {kpi.id: {"text": None, "reason": "none here in this period"} for kpi in kpis}
    rows = [{"cells": none | _slice(asking, dimension, result, found[value])} for value in order]
    return {"reason": None, "rows": rows, "columns": columns, "picture": _moved(sliced, dimension)}


_SHORT: Final = {
    "mrr_end": "MRR",
    "new_mrr": "New",
    "expansion_mrr": "Expansion",
    "contraction_mrr": "Contraction",
    "churned_mrr": "Churned",
    "nrr": "NRR",
    "grr": "GRR",
    "customer_churn_rate": "Accounts lost",
}


def _slice(
    asking: Asking, dimension: str, result: Result, answers: Mapping[str, Answer]
) -> dict[str, Any]:
    """One row of the slices."""
    any_answer = next(iter(answers.values()))
    value = any_answer.dimensions[dimension]
    condition = f"{dimension} is unknown" if value is None else f"{dimension}={value}"
    cells: dict[str, Any] = {
        "slice": {
            "text": result.shown(any_answer, dimension),
            "href": asking.url("/overview", also=condition),
        }
    }
    for kpi, answer in answers.items():
        shown = (
            show_value(answer.value, answer.unit, result.currency)
            if answer.value is not None
            else None
        )
        reason = None if shown else why_none(asking.sight, asking.sight.catalogue.get(kpi), answer)
        note = f"of {answer.n:,}" if answer.status == "low_n" else None
        cells[kpi] = (
            {"text": shown, "why": asking.url(f"/why/{kpi}", also=condition), "note": note}
            if shown
            else {"text": None, "reason": reason}
        )
    return cells


def _moved(sliced: Asking, dimension: str) -> Picture | None:
    """Which slices moved revenue since the period before."""
    ends = _last_two(sliced)
    made = sliced.sight.bridge(
        "mrr_end", ends["before"], ends["after"], by=dimension, where=sliced.where, **sliced.clock
    )
    return None if not made or made[0].reason else picture(waterfall(made[0]))


def at_risk(asking: Asking) -> dict[str, Any]:
    """The contracts that come due within 90 days without an answer, with what their accounts pay
    and what is open with them.
    """
    sight = asking.sight
    due = renewals(sight)
    if not due:
        return {"rows": [], "tiles": [], "count": 0, "ahead": AHEAD, "more": 0}
    accounts = tuple(dict.fromkeys(each.account for each in due))
    period = spans.latest(sight, "month")
    where = (*conditions_of(asking), Filter("account", "in", accounts))
    kpis = tuple(kpi for kpi in _OPEN if asking.takes(sight.catalogue.get(kpi)))
    each = sight.ask(Question(kpis, period, None, ("account",), where))
    whole = sight.ask(Question(kpis, period, None, (), where))
    found: dict[str, dict[str, Answer]] = {}
    for answer in each:
        found.setdefault(str(answer.dimensions["account"]), {})[answer.kpi] = answer
    kept = sorted(
        (one for one in due if one.account in found), key=lambda one: -_paid(found[one.account])
    )
    rows = [
        _due(each, found[one.account], {"due": one.due, "days": one.days, "product": one.product})
        for one in kept[:_LISTED]
    ]
    facts = [
        (sight.catalogue.get(answer.kpi).name, show_value(answer.value, answer.unit, each.currency))
        for answer in whole
        if answer.value is not None
    ]
    return {
        "rows": rows,
        "facts": facts,
        "count": len(kept),
        "ahead": AHEAD,
        "more": len(kept) - len(rows),
        "period": asking.changed(period=period).period_words,
    }


def _paid(answers: Mapping[str, Answer]) -> float:
    return (answers["mrr_end"].value or 0.0) if "mrr_end" in answers else 0.0


def _due(
    result: Result, answers: Mapping[str, Answer], contract: Mapping[str, Any]
) -> dict[str, Any]:
    """One contract at risk."""
    any_answer = next(iter(answers.values()))
    account = any_answer.dimensions["account"]
    days = contract["days"]
    when = (
        f"in {days:,} days"
        if days > 1
        else "tomorrow"
        if days == 1
        else "today"
        if days == 0
        else f"{-days:,} days ago, no answer"
    )
    cells: dict[str, Any] = {
        "account": {
            "text": result.shown(any_answer, "account"),
            "href": f"/accounts/{account}",
            "note": contract["product"],
        }
    }
    cells["due"] = {"text": spans.day(contract["due"]), "note": when}
    for kpi, answer in answers.items():
        cells[kpi] = (
            show_value(answer.value, answer.unit, result.currency)
            if answer.value is not None
            else None
        )
    return {"cells": cells}
