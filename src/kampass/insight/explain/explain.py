"""Takes figures apart: the answer as the engine gives it, and beside it what its rows say, measure
by measure.

The figure and its explanation are two ways through the same facts: one aggregates, the other judges
row by row. Whether both give the same value is worked out every time and stands in the explanation.
"""

import re
from collections.abc import Mapping

from kampass.catalogue import Kpi
from kampass.catalogue.expressions import names_in
from kampass.engine.answer import Answer
from kampass.engine.engine import Engine
from kampass.engine.figure import Figure
from kampass.engine.planning.plan import FEWEST_EMPLOYEES
from kampass.engine.question import Asked, Question
from kampass.facts import FACTS
from kampass.insight.ask import ask
from kampass.insight.explain.context import Context
from kampass.insight.explain.explanation import Explanation, MeasureCount
from kampass.insight.explain.tally import Place, Tally, Values, from_measures, tally

_UNREACHED = {"not_connected", "not_covered"}
_UNPRICED = {*_UNREACHED, "missing_rate", "suppressed_small_n"}


def explain(engine: Engine, question: Question) -> list[Explanation]:
    """The explanation of every answer to a question, in the answers' order."""
    question = engine.understood(question)
    periods = engine.periods(question)
    numbers = {period.start: number for number, period in enumerate(periods)}
    made = []
    for kpi_id in question.kpis:
        kpi = engine.catalogue.get(kpi_id)
        alone = question.about(kpi_id)
        context = Context(engine, kpi, alone)
        tallies: dict[tuple[str, ...], dict[str, Tally]] = {}
        for answer in ask(engine, alone):
            by = question.by if set(question.by) <= answer.dimensions.keys() else ()
            if by not in tallies:
                tallies[by] = tally(engine, kpi, Asked(periods, by, question.where))
            made.append(_explained(context, answer, tallies[by], numbers[answer.period_start]))
    return made


def _explained(
    context: Context, answer: Answer, tallies: Mapping[str, Tally], number: int
) -> Explanation:
    kpi, engine = context.kpi, context.engine
    places = {
        name: (number, tuple(answer.dimensions.get(dimension) for dimension in counted.judged.by))
        for name, counted in tallies.items()
    }
    priced = answer.reason not in _UNPRICED
    values = (
        {name: counted.value(places[name]) for name, counted in tallies.items()} if priced else {}
    )
    shown = {} if answer.reason in {*_UNREACHED, "suppressed_small_n"} else tallies
    measures = tuple(
        _measure(kpi, name, values, shown.get(name), places.get(name)) for name in kpi.measures
    )
    return Explanation(
        answer,
        kpi.name,
        kpi.formula,
        _calculation(kpi, values, answer) if values else "",
        measures,
        _from_rows(kpi, values) if values else None,
        context.coverage,
        context.remarks(answer),
        context.sql,
        context.parameters,
        context.definition,
        context.settings,
        engine.settings.currency,
    )


def _measure(
    kpi: Kpi, name: str, values: Values, counted: Tally | None, place: Place | None
) -> MeasureCount:
    measure = kpi.measures[name]
    fact, value = FACTS[measure.fact], values.get(name)
    candidates: int | None = None
    rows: int | None = None
    left_out: tuple[tuple[str, int], ...] = ()
    if counted is not None and place is not None:
        rows, left_out = counted.counted(place), counted.left_out(place)
        others = sum(number for _, number in left_out)
        candidates = rows + others
        if fact.origin.hidden and 0 < others < FEWEST_EMPLOYEES:
            candidates, left_out = None, ()
    return MeasureCount(
        name,
        _part(kpi, name),
        measure.of,
        fact.name,
        fact.about,
        fact.origin.table,
        measure.window,
        None if value is None else float(value),
        candidates,
        rows,
        left_out,
    )


def _part(kpi: Kpi, name: str) -> str:
    """Which part of the figure a measure makes."""
    if name in names_in(kpi.value):
        return "both" if name in names_in(kpi.denominator) else "numerator"
    return "denominator" if name in names_in(kpi.denominator) else "beside"


def _from_rows(kpi: Kpi, values: Values) -> float | None:
    """The figure that the rows make, by the engine's own rule."""
    value, bottom = from_measures(kpi, values)
    figure = Figure(kpi, value, bottom, 0)
    return None if figure.reason(missing=False) else figure.shown


def _calculation(kpi: Kpi, values: Values, answer: Answer) -> str:
    """The formula, the same with its values, and the value."""
    top = f"({kpi.value})" if kpi.form == "ratio" and " " in kpi.value else kpi.value
    written = (
        top
        if kpi.denominator is None
        else f"{_number(kpi.scale)} * {top} / {_grouped(kpi.denominator)}".removeprefix("1 * ")
    )
    filled = re.sub(r"(?<![\w.])[A-Za-z_]\w*", lambda match: _number(values[match[0]]), written)
    shown = _number(answer.value)
    return " = ".join([written, filled] if filled == shown else [written, filled, shown])


def _grouped(formula: str) -> str:
    return f"({formula})" if " " in formula else formula


def _number(value: object) -> str:
    """A number for people to check by hand."""
    if value is None:
        return "no value"
    return f"{float(value):,.6f}".rstrip("0").rstrip(".")  # type: ignore[arg-type]
