"""The values of an answer, an explanation and a bridge, made again from their JSON.

What JSON has no type for comes back as what it says: instants and dates as such, decimals as the
nearest double.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kampass.engine.answer import Answer, Change
from kampass.insight.change.bridge import Bridge
from kampass.insight.change.splits import Effect
from kampass.insight.explain import Explanation, Row
from kampass.insight.explain.explanation import MeasureCount, Reached, SourceRow

Found = Mapping[str, Any]


def answer(found: Found) -> Answer:
    """An answer."""
    change = found.get("change")
    return Answer(
        found["kpi"],
        date.fromisoformat(found["period_start"]),
        date.fromisoformat(found["period_end"]),
        _instant(found["through"]),
        dict(found["dimensions"]),
        found["value"],
        found["unit"],
        found["numerator"],
        found["denominator"],
        found["n"],
        found["low"],
        found["high"],
        found["status"],
        found["reason"],
        found["definition"],
        found["snapshot"],
        _moment(found["known_at"]),
        None if change is None else _change(change),
    )


def explanation(found: Found, currency: str) -> Explanation:
    """An explanation."""
    return Explanation(
        answer(found),
        found["name"],
        found["formula"],
        found["calculation"],
        tuple(map(_measure, found["measures"])),
        found["from_rows"],
        tuple(map(_reached, found["coverage"])),
        tuple(found["notes"]),
        found["sql"],
        found["parameters"],
        found["definition_text"],
        found["settings"],
        currency,
    )


def row(found: Found) -> Row:
    """A source row with what stands behind it."""
    return Row(
        found["kpi"],
        date.fromisoformat(found["period_start"]),
        date.fromisoformat(found["period_end"]),
        dict(found["dimensions"]),
        found["measure"],
        _origin(found),
        dict(found["computed"]),
        found["amount"],
        found["reason"],
        tuple(map(_origin, found["evidence"])),
    )


def bridge(found: Found, currency: str, labels: Mapping[tuple[str, str], str]) -> Bridge:
    """A bridge."""
    effects = found["effects"]
    dimensions = next(
        (tuple(effect["dimensions"]) for effect in effects if "dimensions" in effect), ()
    )
    return Bridge(
        answer(found["before"]),
        answer(found["after"]),
        found["name"],
        dimensions,
        found["difference"],
        found["method"],
        tuple(map(_effect, effects)),
        dict(found["summary"]),
        dict(found["members"]),
        found["residual"],
        found["reason"],
        currency,
        labels,
    )


def _change(found: Found) -> Change:
    start, end = (date.fromisoformat(found[name]) for name in ("period_start", "period_end"))
    rest = (
        found[name]
        for name in ("value", "difference", "low", "high", "method", "detectable", "reason")
    )
    return Change(found["with"], start, end, *rest)


def _measure(found: Found) -> MeasureCount:
    window = "" if found["window"] == "period" else found["window"]
    return MeasureCount(
        found["measure"],
        found["part"],
        found["of"],
        found["fact"],
        found["about"],
        found["table"],
        window,
        found["value"],
        found["candidates"],
        found["in"],
        tuple((each["reason"], each["rows"]) for each in found["out"]),
    )


def _reached(found: Found) -> Reached:
    reach = (
        _instant(found["covered_from"]),
        _instant(found["covered_to"]),
        found["assumed"],
        _instant(found["loaded_at"]),
    )
    return Reached(found["table"], found["connected"], *reach, found["rows"], found["set_aside"])


def _origin(found: Found) -> SourceRow:
    return SourceRow(
        found["table"],
        {"id": found["id"]},
        found["source"],
        found["load"],
        found["line"],
        dict(found["fields"]),
        found.get("about", ""),
    )


def _effect(found: Found) -> Effect:
    label: Sequence[Any] = (
        list(found["dimensions"].values()) if "dimensions" in found else found["step"]
    )
    return Effect(found["kind"], tuple(label), found["effect"], found["mix"], found["rate"])


def _instant(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
