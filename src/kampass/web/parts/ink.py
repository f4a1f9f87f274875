"""Where the ink of a part goes: points, positions and shades. Only geometry is worked out here;
every number that is read as a number comes from the engine.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import jinja2

from kampass.render.charts.steps import levels
from kampass.web.parts.pictures import BridgeStep

SPARK_WIDTH: Final = 120
SPARK_HEIGHT: Final = 32
SPARK_MARGIN: Final = 4
SHADES: Final = 7
BRIDGE_HEAD: Final = 12.0
LABEL_WIDTH: Final = 13


@dataclass(frozen=True)
class Spark:
    """A sparkline in its own box: one path per run without a gap, the last point, a target line,
    and the path of what is not over yet.
    """

    runs: tuple[str, ...]
    open_run: str | None
    last: tuple[float, float] | None
    target: float | None
    width: int = SPARK_WIDTH
    height: int = SPARK_HEIGHT


def spark(
    values: Sequence[float | None], *, target: float | None = None, partial: bool = False
) -> Spark:
    """A line through the values; a gap stays a gap, and the step to a partial last value is drawn
    apart.

    >>> spark([0.0, 1.0, None, 1.0]).runs
    ('M0 28 L40 4', 'M120 4')
    """
    known = [value for value in values if value is not None]
    if not known:
        return Spark((), None, None, None)
    low, high = (limit([*known, *([] if target is None else [target])]) for limit in (min, max))
    places = [
        None if value is None else (_across(i, len(values)), _down(value, low, high))
        for i, value in enumerate(values)
    ]
    closed = places[:-1] if partial else places
    ends = places[-2:] if partial else []
    joined = [place for place in ends if place is not None]
    return Spark(
        runs=tuple(_path(run) for run in _runs(closed)),
        open_run=_path(joined) if len(joined) > 1 else None,
        last=next((place for place in reversed(places) if place is not None), None),
        target=None if target is None else _down(target, low, high),
    )


def _across(index: int, count: int) -> float:
    return round(index * SPARK_WIDTH / max(count - 1, 1), 2)


def _down(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return round(SPARK_HEIGHT - SPARK_MARGIN - share * (SPARK_HEIGHT - 2 * SPARK_MARGIN), 2)


def _runs(places: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if run]


def _path(run: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:g} {y:g}" for x, y in run)


def along(value: float | None, least: float, most: float) -> float:
    """How far along a scale a value lies, 0 to 100, kept within it.

    >>> along(2.0, 0.0, 8.0), along(9.0, 0.0, 8.0), along(None, 0.0, 8.0)
    (25.0, 100, 0.0)
    """
    if value is None or most <= least:
        return 0.0
    return round(min(max((value - least) / (most - least) * 100, 0), 100), 3)


def shade(value: float | None, least: float, most: float) -> int:
    """Which of the seven shades a cell has; 0 where there is no value.

    >>> [shade(v, 0.0, 100.0) for v in (None, 0.0, 50.0, 100.0)]
    [0, 1, 4, 7]
    """
    if value is None:
        return 0
    return min(int(along(value, least, most) * SHADES / 100), SHADES - 1) + 1


@dataclass(frozen=True)
class Bar:
    """One step of a bridge, in percent of the picture's box; `ahead` and `length` lay it on its
    side.
    """

    x: float
    width: float
    middle: float
    y: float
    height: float
    lines: tuple[str, ...]
    ahead: float
    length: float
    join: float


@dataclass(frozen=True)
class Waterfall:
    """A bridge: its bars, the height of zero, and the lines that carry a level to the next bar."""

    bars: tuple[Bar, ...]
    zero: float
    joins: tuple[tuple[float, float, float], ...]


def waterfall(steps: Sequence[BridgeStep]) -> Waterfall:
    """Bars from the steps of a bridge: `kind` start and end stand on zero, every other one hangs on
    the level before it.

    >>> steps = [BridgeStep("start", "a", 8.0), BridgeStep("up", "b", 2.0)]
    >>> [(bar.y, bar.height) for bar in waterfall(steps).bars]
    [(29.6, 70.4), (12.0, 17.6)]
    """
    spans = _spans(steps)
    least, most = (
        min([0.0, *(low for low, _, _ in spans)]),
        max([0.0, *(high for _, high, _ in spans)]),
    )
    slot = 100 / max(len(steps), 1)
    bars = tuple(
        _bar(step, span, (index * slot, slot), (least, most))
        for index, (step, span) in enumerate(zip(steps, spans, strict=True))
    )
    joins = tuple((round(a.x + a.width, 3), b.x, a.join) for a, b in pairwise(bars))
    return Waterfall(bars, _height(0.0, least, most), joins)


def _spans(steps: Sequence[BridgeStep]) -> list[tuple[float, float, float]]:
    """The lower and the upper end of each bar, and the level that it leads to."""
    reached = levels((step.value, step.kind in {"start", "end"}) for step in steps)
    return [(min(ends), max(ends), ends[1]) for ends in reached]


def _height(value: float, least: float, most: float) -> float:
    share = (most - value) / (most - least) if most > least else 1.0
    return round(BRIDGE_HEAD + share * (100 - BRIDGE_HEAD), 3)


def _bar(
    step: BridgeStep,
    span: tuple[float, float, float],
    slot: tuple[float, float],
    scale: tuple[float, float],
) -> Bar:
    low, high, level = span
    left, wide = slot
    top, foot = _height(high, *scale), _height(low, *scale)
    ahead = along(low, *scale)
    return Bar(
        x=round(left + wide * 0.16, 3),
        width=round(wide * 0.68, 3),
        middle=round(left + wide / 2, 3),
        y=top,
        height=round(foot - top, 3),
        lines=tuple(textwrap.wrap(step.label, LABEL_WIDTH)),
        ahead=ahead,
        length=round(along(high, *scale) - ahead, 3),
        join=_height(level, *scale),
    )


def equip(environment: jinja2.Environment) -> None:
    """Give templates the drawing functions that the macros in templates/parts use, under the one
    name `draw`.
    """
    environment.globals["draw"] = {
        "spark": spark,
        "along": along,
        "shade": shade,
        "waterfall": waterfall,
    }
