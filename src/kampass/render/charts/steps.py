"""From one figure to another, step by step: a bridge, or the revenue movements of a period.

Where the steps would vanish beside the figures (104 to 103), the steps alone are drawn, from zero.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import fsum

from kampass.engine.answer import Answer, Result, worded
from kampass.insight.change.bridge import Bridge
from kampass.insight.change.splits import is_member
from kampass.render import words
from kampass.render.charts.chart import (
    BAR,
    LETTER,
    WIDTH,
    Chart,
    Layer,
    Row,
    Scale,
    amount,
    apart,
    finish,
    name_of,
    named_axis,
    nothing,
    period_words,
    short,
    tooltip,
)
from kampass.render.display import show_difference, show_value

MOST_STEPS = 8
_VISIBLE = 0.1
_KINDS = words.EFFECTS | {"measure": "Measures"}
SIGNS = {
    "new_mrr": 1,
    "reactivation_mrr": 1,
    "expansion_mrr": 1,
    "transfer_in_mrr": 1,
    "contraction_mrr": -1,
    "churned_mrr": -1,
    "transfer_out_mrr": -1,
}


def levels(steps: Iterable[tuple[float, bool]]) -> Iterator[tuple[float, float]]:
    """From where to where each step of a waterfall reaches: an end stands on zero, a movement hangs
    on the level before it.

    >>> list(levels([(8.0, True), (2.0, False), (10.0, True)]))
    [(0.0, 8.0), (8.0, 10.0), (0.0, 10.0)]
    """
    level = 0.0
    for value, stands in steps:
        before, level = (0.0, value) if stands else (level, level + value)
        yield before, level


def vanish(amounts: Iterable[float], ends: Iterable[float]) -> bool:
    """Whether movements are too low to be seen beside the levels that they lie between."""
    return max(map(abs, amounts), default=0.0) < _VISIBLE * max(map(abs, ends))


@dataclass(frozen=True)
class _Step:
    """One bar of a waterfall: a level that stands on zero, or a movement."""

    name: str
    amount: float
    level: bool = False


def waterfall(moved: Bridge | Result) -> Chart:
    """The steps from one figure to another: of a bridge, or of the revenue movements of one period
    without slices (mrr_start to mrr_end).
    """
    return _of_bridge(moved) if isinstance(moved, Bridge) else _of_movements(moved)


def _of_movements(result: Result) -> Chart:
    found = {answer.kpi: answer for answer in result if not answer.dimensions}
    start, end = found.get("mrr_start"), found.get("mrr_end")
    if start is None or end is None or start.value is None or end.value is None:
        return nothing("Monthly recurring revenue", (answer.reason for answer in found.values()))
    steps = [
        _Step(name_of(result, answer), sign * answer.value)
        for kpi, sign in SIGNS.items()
        if (answer := found.get(kpi)) and answer.value
    ]
    rest = end.value - fsum([start.value, *(step.amount for step in steps)])
    if abs(rest) > abs(end.value) * 1e-9:
        steps.append(_Step("Not asked for", rest))
    ends = (
        _Step(name_of(result, start), start.value, level=True),
        _Step(name_of(result, end), end.value, level=True),
    )
    return _between(ends, steps, "Monthly recurring revenue", end, result.currency)


def _of_bridge(bridge: Bridge) -> Chart:
    before, after = bridge.before, bridge.after
    if before.value is None or after.value is None or bridge.difference is None:
        return nothing(bridge.name, [bridge.reason])
    ends = (
        _Step(period_words(before), before.value, level=True),
        _Step(period_words(after), after.value, level=True),
    )
    return _between(ends, _effects(bridge), bridge.name, after, bridge.currency)


def _between(
    ends: tuple[_Step, _Step], steps: list[_Step], title: str, answer: Answer, currency: str
) -> Chart:
    """Both levels and the steps, or the steps alone where they would vanish beside the levels."""
    first, last = ends
    if not vanish((step.amount for step in steps), (first.amount, last.amount)):
        return _steps(
            [first, *steps, last],
            (
                title,
                f"{words.unit_label(answer.unit, currency)}, {period_words(answer)}".removeprefix(
                    ", "
                ),
            ),
            answer,
            currency,
        )
    said = [f"{end.name} ({show_value(end.amount, answer.unit, currency)})" for end in ends]
    total = _Step("Difference", last.amount - first.amount, level=True)
    return _steps(
        [*steps, total],
        (title, f"What lies between {said[0]} and {said[1]}, {period_words(answer)}"),
        answer,
        currency,
    )


def _effects(bridge: Bridge) -> list[_Step]:
    """The largest effects by name where they are few or members were asked for, the rest together;
    else the sums by kind.
    """
    if bridge.dimensions in {(), ("account",)} and len(bridge.effects) > MOST_STEPS:
        return [
            _Step(_KINDS.get(kind, kind), amount)
            for kind, amount in bridge.summary.items()
            if amount
        ]
    ranked = sorted(
        (effect for effect in bridge.effects if effect.effect),
        key=lambda effect: -abs(effect.effect),
    )
    kept, rest = ranked[:MOST_STEPS], ranked[MOST_STEPS:]
    steps = [
        _Step(
            _label(bridge, effect.label, member=is_member(effect, bridge.dimensions)), effect.effect
        )
        for effect in kept
    ]
    return [
        *steps,
        *([_Step(f"{len(rest)} others", fsum(effect.effect for effect in rest))] if rest else []),
    ]


def _label(bridge: Bridge, parts: Sequence[str | None], *, member: bool) -> str:
    if not member:
        return ", ".join(str(part) for part in parts).replace("_", " ")
    named = zip(bridge.dimensions, parts, strict=True)
    return ", ".join(
        "Unknown" if part is None else bridge.labels.get((name, part)) or worded(part)
        for name, part in named
    )


def _steps(steps: Sequence[_Step], head: tuple[str, str], answer: Answer, currency: str) -> Chart:
    rows: list[Row] = []
    names = apart([short(step.name) for step in steps])
    reached = levels((step.amount, step.level) for step in steps)
    for place, (step, name, (start, end)) in enumerate(zip(steps, names, reached, strict=True)):
        kind = "level" if step.level else "gain" if step.amount >= 0 else "loss"
        shown = (show_value if step.level and step.name != "Difference" else show_difference)(
            step.amount, answer.unit, currency
        )
        rows.append(
            {
                "slice": name,
                "order": place,
                "from": start,
                "to": end,
                "kind": kind,
                "shown": shown,
                "end": max(start, end),
            }
        )
    scale = Scale.of([row[name] for row in rows for name in ("from", "to")], zero=True)
    room = round(14 + LETTER * max(len(row["shown"]) for row in rows))
    y = named_axis()
    tip = tooltip(("slice", "Step"), ("shown", "Amount"))
    layers: list[Layer] = []
    for kind in ("level", "gain", "loss"):
        x = (
            scale.encoding(
                "from", {"orient": "top"}, rangeMax={"expr": f"max(width - {room}, width * 0.5)"}
            )
            if kind == "level"
            else amount("from")
        )
        mark = {"type": "bar", "height": {"band": 0.6}, "style": kind}
        layers.append(
            {
                "mark": mark,
                "transform": [{"filter": f"datum.kind === '{kind}'"}],
                "encoding": {"y": y, "x": x, "x2": {"field": "to"}, "tooltip": tip},
            }
        )
    layers.append(
        {
            "mark": {"type": "text", "style": "label", "align": "left", "dx": 6},
            "encoding": {"y": y, "x": amount("end"), "text": {"field": "shown", "type": "nominal"}},
        }
    )
    body = {"data": {"values": rows}, "layer": layers, "width": WIDTH, "height": {"step": BAR}}
    return finish(
        body, head[0], [head[1]], "; ".join(f"{row['slice']} {row['shown']}" for row in rows)
    )
