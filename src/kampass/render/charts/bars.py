"""Figures side by side: a breakdown of one period, and how durations spread. Bars begin at zero,
always.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from kampass.engine.answer import Answer, Result
from kampass.render import words
from kampass.render.charts.chart import (
    BAR,
    LETTER,
    TIP,
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
    slice_of,
    told,
    tooltip,
)
from kampass.render.display import show_value

MOST_BARS = 30
_BINS, _FEW = 20, 30


def breakdown(result: Result, *, period: date | None = None) -> Chart:
    """The first KPI's slices in one period (the last that holds a value, unless its start is
    given), the total as a rule.
    """
    if not len(result):
        return nothing("No slices", [])
    answers = [answer for answer in result if answer.kpi == result[0].kpi]
    title = name_of(result, answers[0])
    starts = {answer.period_start for answer in answers if answer.value is not None}
    if not starts:
        return nothing(title, (answer.reason for answer in answers))
    found = [answer for answer in answers if answer.period_start == (period or max(starts))]
    total = next((answer for answer in found if not answer.dimensions and result.dimensions), None)
    slices = sorted(
        (answer for answer in found if answer is not total),
        key=lambda answer: (answer.value is None, -(answer.value or 0.0)),
    )
    if all(answer.value is None for answer in slices):
        return nothing(title, (answer.reason for answer in found))
    kept = slices[:MOST_BARS]
    words = [
        _heading(result, found[0]),
        *_reading(result, kept, total),
        f"The {len(kept)} highest of {len(slices)}" if len(kept) < len(slices) else "",
    ]
    rows = _bars(result, kept)
    body = {
        "data": {"values": rows},
        "layer": _bar_layers(result, rows, total),
        "width": WIDTH,
        "height": {"step": BAR},
    }
    return finish(body, title, words, "; ".join(f"{row['slice']} {row['shown']}" for row in rows))


def _heading(result: Result, answer: Answer) -> str:
    by = " and ".join(name.replace("_", " ") for name in result.dimensions)
    return ", ".join(
        filter(
            None,
            [
                words.unit_label(answer.unit, result.currency),
                f"by {by}" if by else "",
                period_words(answer),
            ],
        )
    )


def _reading(result: Result, kept: Sequence[Answer], total: Answer | None) -> list[str]:
    reads = {
        "thin lines: 95 % interval": any(answer.low is not None for answer in kept),
        "dashed outline: not over in the data, or may still change": any(
            answer.status in {"partial", "provisional"} for answer in kept
        ),
        "° fewer than 30 behind it": any(answer.status == "low_n" for answer in kept),
        (
            "upright line: all together, "
            f"{show_value(total.value, total.unit, result.currency) if total else ''}"
        ): total is not None and total.value is not None,
    }
    said = "; ".join(word for word, used in reads.items() if used)
    return [said[:1].upper() + said[1:]]


def _bars(result: Result, kept: Sequence[Answer]) -> list[Row]:
    names = apart([short(slice_of(result, answer)) for answer in kept])
    rows = []
    for place, (answer, name) in enumerate(zip(kept, names, strict=True)):
        row = told(result, answer) | {
            "kpi": name_of(result, answer),
            "slice": name,
            "order": place,
            "value": answer.value,
            "low": answer.low,
            "high": answer.high,
        }
        mark = "°" if answer.status == "low_n" else " so far" if answer.status == "partial" else ""
        row |= {
            "open": answer.status in {"partial", "provisional"},
            "text": row["shown"] + mark if answer.value is not None else row["said"],
        }
        rows.append(row)
    return rows


def _bar_layers(result: Result, rows: list[Row], total: Answer | None) -> list[Layer]:
    ends = [
        row[name] for row in rows for name in ("value", "low", "high") if row[name] is not None
    ] + ([total.value] if total and total.value is not None else [])
    scale = Scale.of(ends, zero=True)
    room = round(14 + LETTER * max(len(row["text"]) for row in rows))
    y = named_axis()
    x = scale.encoding(
        "value", {"orient": "top"}, rangeMax={"expr": f"max(width - {room}, width * 0.5)"}
    )
    fat = {"type": "bar", "height": {"band": 0.6}, "style": "level"}
    layers: list[Layer] = [
        {
            "mark": fat,
            "transform": [{"filter": "!datum.open"}],
            "encoding": {"y": y, "x": x, "tooltip": TIP},
        },
        {
            "mark": fat | {"filled": False, "strokeWidth": 1.5, "strokeDash": [4, 3]},
            "transform": [{"filter": "datum.open"}],
            "encoding": {"y": y, "x": amount("value"), "tooltip": TIP},
        },
        {
            "mark": {"type": "rule", "style": "whisker", "strokeWidth": 1.5},
            "transform": [{"filter": "datum.low != null"}],
            "encoding": {"y": y, "x": amount("low"), "x2": {"field": "high"}},
        },
    ]
    if total and total.value is not None:
        data = {
            "values": [
                told(result, total) | {"kpi": rows[0]["kpi"], "slice": "All", "value": total.value}
            ]
        }
        layers.append(
            {
                "data": data,
                "mark": {"type": "rule", "style": "whole", "strokeWidth": 2},
                "encoding": {"x": amount("value"), "tooltip": TIP},
            }
        )
    text = {
        "mark": {"type": "text", "style": "label", "align": "right"},
        "encoding": {"y": y, "x": {"value": "width"}, "text": {"field": "text", "type": "nominal"}},
    }
    return [*layers, text]


def distribution(
    values: Sequence[float],
    *,
    title: str,
    unit: str = "hours",
    marks: Mapping[str, float] | None = None,
) -> Chart:
    """How values spread: bars of counts, or one tick each below 30; `marks` are figures to draw
    across, such as the median that the engine gave.
    """
    if not values:
        return nothing(title, [])
    known, drawn = sorted(values), marks or {}
    if len(known) < _FEW:
        return _strip(known, title, unit, drawn)
    scale = Scale.of([*drawn.values(), known[0], known[len(known) * 98 // 100 - 1]], zero=True)
    rows = _counted(known, scale, unit)
    upright = Scale.of([float(row["count"]) for row in rows], zero=True, whole=True)
    place = {
        "x": scale.encoding("from", {"grid": False}),
        "x2": {"field": "to"},
        "y": upright.encoding("count", rangeMax=22),
        "y2": {"datum": 0},
    }
    tip = tooltip(("label", "Between"), ("count", "How many"))
    bars = {
        "mark": {"type": "bar", "style": "level", "binSpacing": 1},
        "encoding": {**place, "tooltip": tip},
    }
    over = sum(value > scale.high for value in known)
    beyond = (
        (
            f"Not drawn: {over:,} above {scale.high:,.6g} {unit}, at most "
            f"{show_value(known[-1], unit, '')}"
        )
        if over
        else ""
    )
    body = {
        "data": {"values": rows},
        "layer": [bars, *_across(drawn, unit)],
        "width": WIDTH,
        "height": 240,
    }
    said = ", ".join(f"{name} {show_value(value, unit, '')}" for name, value in drawn.items())
    return finish(body, title, [f"How many of {len(known):,}, by {unit}", beyond], said)


def _counted(known: Sequence[float], scale: Scale, unit: str) -> list[Row]:
    """How many values lie in each of about twenty equal stretches of the scale; its end belongs to
    the last.
    """
    width = scale.step / max(1, _BINS // max(1, len(scale.ticks) - 1))
    last = round((scale.high - scale.low) / width) - 1
    held: dict[int, int] = {}
    for value in known:
        if value <= scale.high:
            place = min(int((value - scale.low) / width), last)
            held[place] = held.get(place, 0) + 1
    rows = []
    for place, count in sorted(held.items()):
        start, end = scale.low + place * width, scale.low + (place + 1) * width
        rows.append(
            {
                "from": start,
                "to": end,
                "count": count,
                "label": f"{start:,.6g} to {end:,.6g} {unit}",
            }
        )
    return rows


def _strip(known: Sequence[float], title: str, unit: str, marks: Mapping[str, float]) -> Chart:
    scale = Scale.of([*known, *marks.values()], zero=True)
    rows = [{"value": value, "shown": show_value(value, unit, "")} for value in known]
    ticks = {
        "mark": {"type": "tick", "style": "level", "thickness": 2, "size": 34, "opacity": 0.6},
        "encoding": {
            "x": scale.encoding("value"),
            "y": {"value": 54},
            "tooltip": tooltip(("shown", "Value")),
        },
    }
    body = {
        "data": {"values": rows},
        "layer": [ticks, *_across(marks, unit)],
        "width": WIDTH,
        "height": 84,
    }
    return finish(body, title, [f"Each of {len(known)}, in {unit}"])


def _across(marks: Mapping[str, float], unit: str) -> list[Layer]:
    """Figures as rules with their names, each a line lower, so that near ones stay legible."""
    layers: list[Layer] = []
    for place, (name, value) in enumerate(marks.items()):
        data = {"values": [{"value": value, "text": f"{name} {show_value(value, unit, '')}"}]}
        text = {"type": "text", "style": "whole-words", "align": "left", "baseline": "top", "dx": 5}
        words = {
            "x": amount("value"),
            "y": {"value": 2 + 16 * place},
            "text": {"field": "text", "type": "nominal"},
        }
        layers.append(
            {
                "data": data,
                "mark": {"type": "rule", "style": "whole", "strokeWidth": 1.5},
                "encoding": {"x": amount("value")},
            }
        )
        layers.append({"data": data, "mark": text, "encoding": words})
    return layers
