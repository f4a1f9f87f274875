"""What moved revenue, and where growth and churn come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kampass.engine import Result
from kampass.engine.answer import Answer
from kampass.render import words
from kampass.render.charts import waterfall
from kampass.render.charts.steps import SIGNS, vanish
from kampass.render.display import show_difference, show_value
from kampass.web.parts import spans
from kampass.web.parts.pictures import (
    BridgeStep,
    Picture,
    picture,
)
from kampass.web.parts.question import Asking
from kampass.web.parts.tables import (
    NO_ROWS,
    DataTable,
    Heading,
    TableCell,
    TableRow,
    numbers,
)
from kampass.web.parts.tiles import why_none

_NAMES: Final = {
    "new_mrr": "New",
    "reactivation_mrr": "Returned",
    "expansion_mrr": "Expansion",
    "contraction_mrr": "Contraction",
    "churned_mrr": "Churned",
    "transfer_in_mrr": "Moved in",
    "transfer_out_mrr": "Moved out",
}
MOVEMENTS: Final = ("mrr_start", *_NAMES, "mrr_end")
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


@dataclass(frozen=True)
class RevenueBridge:
    """What moved revenue; or why there is no bridge."""

    steps: Sequence[BridgeStep] = ()
    said: str = ""
    way: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class RevenueSlices:
    """Revenue and what moved it for each value of a dimension."""

    dimension: str
    table: DataTable = NO_ROWS
    picture: Picture | None = None
    reason: str | None = None


def revenue_bridge(asking: Asking) -> RevenueBridge:
    """From revenue at the start to revenue at the end; or why there is none."""
    catalogue = asking.sight.catalogue
    if not all(asking.takes(catalogue.get(kpi)) for kpi in MOVEMENTS):
        return RevenueBridge(
            reason="What moved revenue is counted by account: it cannot be told for this filter. "
            "Take it away to see the bridge."
        )
    result = asking.sight.kpi(MOVEMENTS, **asking.spelled(compare="previous"), **asking.clock)
    found = {answer.kpi: answer for answer in result}
    lacking = next((answer for answer in found.values() if answer.value is None), None)
    if lacking:
        return RevenueBridge(reason=why_none(asking.sight, catalogue.get(lacking.kpi), lacking))
    steps = [
        _step(asking, found[kpi], result.currency)
        for kpi in _NAMES
        if kpi in _ALWAYS or found[kpi].value
    ]
    start = _end(asking, found["mrr_start"], result.currency, "start")
    end = _end(asking, found["mrr_end"], result.currency, "end")
    net = _net(asking, found["mrr_end"], found["mrr_start"], result.currency)
    return RevenueBridge(
        steps=[*steps, net]
        if net and vanish((step.value for step in steps), (start.value, end.value))
        else [start, *steps, end],
        said=f"From {start.text} to {end.text}",
        way=asking.url("/bridge/mrr_end", more=_last_two(asking)),
    )


def _net(asking: Asking, end: Answer, start: Answer, currency: str) -> BridgeStep | None:
    """All steps together, as the engine compares the end with the period before; None where that
    one is not where this one starts.
    """
    if end.change is None or end.change.difference is None or end.change.value != start.value:
        return None
    return BridgeStep(
        "end",
        "Net change",
        end.change.difference,
        show_difference(end.change.difference, "money", currency),
        asking.url("/bridge/mrr_end", more=_last_two(asking)),
    )


def _last_two(asking: Asking) -> dict[str, str]:
    """The ends of a bridge that leads here: the period before and this one."""
    return {
        "before": spans.before(asking.period, asking.sight.settings.calendar),
        "after": asking.period,
    }


def _step(asking: Asking, answer: Answer, currency: str) -> BridgeStep:
    sign = SIGNS[answer.kpi]
    amount = sign * (answer.value or 0.0)
    return BridgeStep(
        "transfer" if answer.kpi.startswith("transfer") else "up" if sign > 0 else "down",
        _NAMES[answer.kpi],
        amount,
        show_difference(amount, "money", currency),
        asking.url(f"/why/{answer.kpi}"),
        words.counted(asking.sight.catalogue.get(answer.kpi), answer.n),
    )


def _end(
    asking: Asking, answer: Answer, currency: str, kind: Literal["start", "end"]
) -> BridgeStep:
    return BridgeStep(
        kind,
        kind.capitalize(),
        answer.value or 0.0,
        show_value(answer.value, "money", currency),
        asking.url(f"/why/{answer.kpi}"),
    )


def slices(asking: Asking, dimension: str) -> RevenueSlices:
    """Revenue and what moved it for each value of a dimension: a picture of who moved it, and the
    table.
    """
    sliced = asking.changed(by=dimension)
    kpis = [kpi for name in _SLICED if sliced.takes(kpi := asking.sight.catalogue.get(name))]
    if not kpis:
        reason = f"Revenue cannot be cut by {words.dimension(dimension).lower()} here."
        return RevenueSlices(dimension, reason=reason)
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
        Heading("slice", words.dimension(dimension)),
        *numbers(*((kpi.id, _SHORT.get(kpi.id, kpi.name)) for kpi in kpis)),
    ]
    none = {kpi.id: TableCell(reason="none here in this period") for kpi in kpis}
    rows = [TableRow(none | _slice(asking, dimension, result, found[value])) for value in order]
    return RevenueSlices(dimension, DataTable(columns, rows), _moved(sliced, dimension))


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
) -> dict[str, TableCell]:
    """One row of the slices."""
    any_answer = next(iter(answers.values()))
    value = any_answer.dimensions[dimension]
    condition = f"{dimension} is unknown" if value is None else f"{dimension}={value}"
    href = asking.url("/overview", also=condition)
    cells = {"slice": TableCell(result.shown(any_answer, dimension), href)}
    for kpi, answer in answers.items():
        if answer.value is None:
            reason = why_none(asking.sight, asking.sight.catalogue.get(kpi), answer)
            cells[kpi] = TableCell(reason=reason)
            continue
        cells[kpi] = TableCell(
            show_value(answer.value, answer.unit, result.currency),
            why=asking.url(f"/why/{kpi}", also=condition),
            note=f"of {answer.n:,}" if answer.status == "low_n" else None,
        )
    return cells


def _moved(sliced: Asking, dimension: str) -> Picture | None:
    """Which slices moved revenue since the period before."""
    ends = _last_two(sliced)
    made = sliced.sight.bridge(
        "mrr_end", ends["before"], ends["after"], by=dimension, where=sliced.where, **sliced.clock
    )
    return None if not made or made[0].reason else picture(waterfall(made[0]))
