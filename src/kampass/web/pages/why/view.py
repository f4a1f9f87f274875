"""An explanation in an account manager's words: the formula with its values, what is in and out,
how far the data reaches, what it rests on.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from kampass.catalogue import Kpi
from kampass.facts import FACTS
from kampass.insight.explain import Explanation
from kampass.insight.explain.explanation import MeasureCount, Reached
from kampass.render.display import show_value
from kampass.web.parts import spans
from kampass.web.parts.question import Asking
from kampass.web.parts.wording import (
    change_of,
    counted,
    status_words,
    table_word,
    through_day,
    why_none,
)
from kampass.web.rendering import moment

Part = Literal["numerator", "denominator", "excluded"]
_PLACES: Final = {
    "numerator": "above the line",
    "denominator": "below the line",
    "both": "above and below",
    "beside": "beside",
}
_WINDOWS: Final = {"previous": ", the period before", "year": ", the year up to the end"}


@dataclass(frozen=True)
class TakenApart:
    """One figure, ready for pages/why_part.html."""

    value: str | None
    reason: str | None
    about: str
    interval: str | None
    status: dict[str, str] | None
    n: str
    change: dict[str, str] | None
    bridge: str | None
    words: str
    filled: str
    result: str
    proof: bool | None
    from_rows: str
    measures: list[dict[str, Any]]
    reached: list[dict[str, Any]]
    notes: list[str]
    facts: list[tuple[str, Any]]
    sql: str
    parameters: list[tuple[str, str]]
    ways: list[tuple[str, str]] = field(default_factory=list)
    hidden: bool = False


def taken_apart(asking: Asking, kpi: Kpi, made: Explanation) -> TakenApart:
    """An explanation in words."""
    answer, sight = made.answer, asking.sight
    hidden = any(FACTS[measure.fact].origin.hidden for measure in kpi.measures.values())
    value = None if answer.value is None else show_value(answer.value, kpi.unit, made.currency)
    interval = (
        None
        if answer.low is None
        else (
            f"{show_value(answer.low, kpi.unit, made.currency)} to "
            f"{show_value(answer.high, kpi.unit, made.currency)}"
        )
    )
    before = answer.change and spans.said(answer.change.period_start, answer.change.period_end)
    steps = made.calculation.split(" = ")
    return TakenApart(
        value=value,
        reason=why_none(sight, kpi, answer) if value is None else None,
        about=_slice(made),
        interval=interval,
        status=status_words(answer, through_day(sight, answer)),
        n=counted(kpi, answer.n),
        change=change_of(kpi, answer, made.currency, f"on {before}"),
        bridge=_bridge(asking, kpi)
        if answer.change and answer.change.difference is not None
        else None,
        words=made.words,
        filled=" = ".join(steps[1:-1]) or steps[0],
        result=steps[-1],
        proof=made.adds_up if made.calculation else None,
        from_rows="no value" if made.from_rows is None else f"{made.from_rows!r}",
        measures=[_measure(measure) for measure in made.measures],
        reached=[_reached(asking, each) for each in made.coverage],
        notes=[_note(text) for text in made.notes],
        facts=_facts(asking, kpi, made),
        sql=made.sql,
        parameters=[(name, ", ".join(map(str, given))) for name, given in made.parameters.items()],
        ways=[] if hidden else _ways(asking, kpi),
        hidden=hidden,
    )


def _slice(made: Explanation) -> str:
    return ", ".join(
        "Unknown" if value is None else str(value) for value in made.answer.dimensions.values()
    )


def _bridge(asking: Asking, kpi: Kpi) -> str:
    """The way to what lies between this figure and the one before."""
    ends = {
        "before": spans.before(asking.period, asking.sight.settings.calendar),
        "after": asking.period,
    }
    return asking.url(f"/bridge/{kpi.id}", more=ends, period="")


def _measure(measure: MeasureCount) -> dict[str, Any]:
    """One measure's counts: candidates = in + out."""
    return {
        "name": measure.name.replace("_", " "),
        "about": measure.about + _WINDOWS.get(measure.window, ""),
        "place": _PLACES[measure.part],
        "value": "-" if measure.value is None else f"{measure.value:,.2f}".removesuffix(".00"),
        "candidates": "-" if measure.candidates is None else f"{measure.candidates:,}",
        "table": table_word(measure.table),
        "in": "-" if measure.counted is None else f"{measure.counted:,}",
        "out": [(reason, f"{rows:,}") for reason, rows in measure.left_out],
    }


def _reached(asking: Asking, reached: Reached) -> dict[str, Any]:
    """How far one table's data reaches."""
    calendar = asking.sight.settings.calendar
    covered = "-"
    if reached.covered_from is not None and reached.covered_to is not None:
        covered = (
            f"{spans.day(calendar.local_date(reached.covered_from))} to "
            f"{spans.day(calendar.last_date_before(reached.covered_to))}"
        )
    loaded = (
        "not connected"
        if reached.loaded_at is None
        else moment(reached.loaded_at, calendar.timezone)
    )
    aside = (
        {"text": f"{reached.set_aside:,}", "href": f"/data/quarantine?table={reached.table}"}
        if reached.set_aside
        else "none"
    )
    covered_cell = (
        {"text": covered, "note": "assumed from the first row to the load"}
        if reached.assumed
        else covered
    )
    return {
        "cells": {
            "table": table_word(reached.table).capitalize(),
            "rows": f"{reached.rows:,}",
            "covered": covered_cell,
            "loaded": loaded,
            "aside": aside,
        }
    }


def _note(text: str) -> str:
    """A note without what is said to people at a terminal."""
    return text.partition(": 'kampass")[0].rstrip(".") + "."


def _facts(asking: Asking, kpi: Kpi, made: Explanation) -> list[tuple[str, Any]]:
    """What the figure rests on."""
    zone = asking.sight.settings.calendar.timezone
    settings = made.settings
    return [
        ("Definition", {"text": made.answer.definition, "href": f"/catalogue/{kpi.id}"}),
        ("Snapshot", made.answer.snapshot),
        ("As known at", {"text": moment(made.answer.known_at, zone), "note": zone}),
        ("Data reaches to", through_day(asking.sight, made.answer)),
        ("Time zone", settings["timezone"]),
        ("Currency", settings["currency"]),
        ("Week starts", str(settings["week_start"]).capitalize()),
        ("Settings", str(settings.get("settings_digest", "-"))),
    ]


def _ways(asking: Asking, kpi: Kpi) -> list[tuple[str, str]]:
    """The links to the rows."""
    names = [
        ("numerator", "Rows above the line" if kpi.denominator else "Rows counted"),
        *([("denominator", "Rows below the line")] if kpi.denominator else []),
    ]
    return [
        (text, asking.url(f"/why/{kpi.id}/rows", more={"part": part}))
        for part, text in [*names, ("excluded", "Rows left out")]
    ]
