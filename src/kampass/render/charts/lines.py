"""Figures over time: one picture of up to six lines, or small multiples where there are more.

A line breaks where there is no value. What is not over in the data is joined by a dashed line and
ends in an open point, since Vega has no hatching; slices differ in shape as well as colour, and
their names stand at the ends of their lines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from kampass.engine.answer import Result
from kampass.periods import label
from kampass.render.charts.chart import (
    SCHEMA,
    TIP,
    WIDTH,
    Chart,
    Layer,
    Row,
    finish,
    nothing,
    short,
    tooltip,
)
from kampass.render.charts.series import TOTAL, Restated, Series, series_of, spread

Note = tuple[date, str]
MOST_PANELS = 24
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "circle"]
_HEIGHT, _SMALL_WIDTH, _SMALL_HEIGHT = 260, 190, 96
_LABEL_GAP, _NOTE_GAP, _LETTER = 16.0, 16, 7.2
_DOTTED = 40
_TICKS = 8
_STEPS = (1, 2, 3, 4, 6, 12, 24, 52)
_LONGEST_PANEL, _LONGEST_NOTE = 20, 44
_ROOM = 130
_BREAK = "break-paths-show-domains"


def trend(result: Result, *, notes: Sequence[Note] = (), restated: Restated = ()) -> Chart:
    """Every KPI over the periods, a line per slice; `restated` names the (KPI, period start) whose
    figures are not what was published.
    """
    found = series_of(result, restated)
    drawn = [_of(series, notes, several=len(found) > 1) for series in found]
    if len(drawn) < 2:  # noqa: PLR2004 - one picture needs no frame
        return drawn[0] if drawn else nothing("No KPI", [])
    parts = [
        {key: value for key, value in each.items() if key not in {"$schema", "usermeta"}}
        for each in drawn
    ]
    said = "; ".join(each["description"] for each in drawn)
    return Chart(
        {
            "$schema": SCHEMA,
            "description": said,
            "usermeta": {"words": []},
            "vconcat": parts,
            "spacing": 32,
        }
    )


def multiples(result: Result, *, notes: Sequence[Note] = (), restated: Restated = ()) -> Chart:
    """The first KPI over the periods, a small picture per slice, all on the same scale."""
    found = series_of(result, restated)
    return (
        _Drawing(replace(found[0], apart=True), tuple(notes)).multiples()
        if found
        else nothing("No KPI", [])
    )


def _of(series: Series, notes: Sequence[Note], *, several: bool) -> Chart:
    """One picture, or small ones where the lines are too many for one."""
    if series.crowded:
        return _Drawing(replace(series, apart=True), tuple(notes)).multiples()
    return _Drawing(series, tuple(notes), several).panel()


@dataclass(frozen=True)
class _Drawing:
    """How one KPI's lines are drawn; `several` where its picture is one of several below each
    other.
    """

    series: Series
    notes: tuple[Note, ...]
    several: bool = False

    def panel(self) -> Chart:
        """All lines in one picture."""
        if not self.series.periods:
            return nothing(self.series.title, (answer.reason for answer in self.series.answers))
        notes, top = self._notes()
        labels = self._labels(_HEIGHT - top)
        room = round(16 + _LETTER * max(len(row["text"]) for row in labels))
        if self.several:
            room = max(room, _ROOM)  # so that the time axes below each other agree
        end = {
            "rangeMax": WIDTH - room
            if self.several
            else {"expr": f"max(width - {room}, width * 0.5)"}
        }  # a page may set the width of a picture by itself
        encoding = {"x": self._x(end), "color": _colour()}
        layer = [
            *self._marks(self.series.rows, {"rangeMax": top}, single=len(self.series.slices) == 1),
            *(layer for note in notes for layer in _note(note)),
            _text(labels),
        ]
        body = {
            "data": {"values": self.series.rows},
            "encoding": encoding,
            "layer": layer,
            "width": WIDTH,
            "height": _HEIGHT,
        }
        return finish(body, self.series.title, self.series.words, self.series.said)

    def multiples(self) -> Chart:
        """A small picture for each line."""
        if not self.series.periods:
            return nothing(self.series.title, (answer.reason for answer in self.series.answers))
        panels = [self._small(name) for name in self.series.names[:MOST_PANELS]]
        words = self.series.words
        if len(panels) < len(self.series.names):
            words.append(f"The {len(panels)} of {len(self.series.names)} that end highest")
        return finish(
            {"concat": panels, "columns": 3, "spacing": {"row": 20, "column": 28}},
            self.series.title,
            words,
            self.series.said,
        )

    def _small(self, name: str) -> dict[str, Any]:
        """One line's picture, its last value in its title."""
        rows = [row | {"line": 0} for row in self.series.rows if row["slice"] == name]
        last = next(row["shown"] for row in reversed(rows) if row["value"] is not None)
        title = {
            "text": f"{short(name, _LONGEST_PANEL)}  {last}",
            "anchor": "start",
            "frame": "group",
            "fontSize": 13,
            "offset": 8,
        }
        encoding = {"x": self._x({"rangeMax": _SMALL_WIDTH - 8}, most=2), "color": _colour()}
        marks = self._marks(rows, {}, single=True)
        return {
            "title": title,
            "data": {"values": rows},
            "encoding": encoding,
            "layer": marks,
            "width": _SMALL_WIDTH,
            "height": _SMALL_HEIGHT,
        }

    def _x(self, scale: dict[str, Any], most: int = _TICKS) -> dict[str, Any]:
        """The time axis, labelled at starts of periods, in the words of their grain."""
        starts = [start for start, _ in self.series.periods]
        every = next((step for step in _STEPS if step * most >= len(starts)), len(starts))
        axis = {
            "title": None,
            "values": [_moment(start) for start in starts[::-1][::every][::-1]],
            "format": _time_format(*self.series.periods[0]),
            "grid": False,
            "labelOverlap": True,
            "labelFlush": False,
        }
        ends = (
            [starts[0], starts[-1]]
            if len(starts) > 1
            else [starts[0] - timedelta(days=1), starts[0] + timedelta(days=1)]
        )
        return {
            "field": "period",
            "type": "temporal",
            "axis": axis,
            "scale": {
                "type": "utc",
                "domain": [_moment(end) for end in ends],
                "nice": False,
                "rangeMin": 12,
                **scale,
            },
        }

    def _marks(self, rows: list[Row], room: dict[str, Any], *, single: bool) -> list[Layer]:
        """Lines, band, points, rings and gaps; the first holds the scale for all."""
        axis = {"minExtent": 56} if self.several else {}
        scaled = self.series.scale.encoding("solid", axis, **room)
        marks: list[Layer] = [
            {
                "mark": {"type": "line", "strokeWidth": 2, "invalid": _BREAK},
                "encoding": {"y": scaled},
            }
        ]
        if single and any(row["low"] is not None for row in rows):
            ends = _y("low") | {"y2": {"field": "high"}}
            marks.append(
                {
                    "mark": {"type": "area", "opacity": 0.16, "invalid": _BREAK, "tooltip": False},
                    "encoding": ends,
                }
            )
            lonely = {"transform": [{"filter": "datum.alone && datum.low != null"}]}
            marks.append(
                {"mark": {"type": "rule", "opacity": 0.45, "strokeWidth": 2}, "encoding": ends}
                | lonely
            )
        marks.append(
            {
                "mark": {"type": "line", "strokeWidth": 2, "strokeDash": [3, 3], "invalid": _BREAK},
                "encoding": _y("dashed"),
            }
        )
        marks += _points(dots=len(self.series.periods) <= _DOTTED)
        if any(row["restated"] for row in rows):
            marks.append(_rings())
        if single and any(row["gap"] for row in rows):
            marks.append(_gaps(self.series.scale.low))
        return marks

    def _labels(self, height: int) -> list[Row]:
        """The name and last value at the end of each line, moved apart where they would overlap."""
        ends = self.series.ends
        unit = (self.series.scale.high - self.series.scale.low) / height
        wanted = sorted(ends, key=lambda row: row["value"])
        places = spread(
            [row["value"] / unit for row in wanted], _LABEL_GAP, self.series.scale.low / unit + 4
        )
        labels = []
        for row, place in zip(wanted, places, strict=True):
            alone = row["shown"] + (" so far" if row["partial"] else "")
            text = alone if len(ends) == 1 else f"{short(row['slice'])} {row['shown']}"
            labels.append(
                {"period": row["period"], "line": row["line"], "at": place * unit, "text": text}
            )
        return labels

    def _notes(self) -> tuple[list[Row], int]:
        """The notes of the periods that are drawn, each at its period, and the room that they need
        above the lines.
        """
        rows: list[Row] = []
        middle = self.series.periods[len(self.series.periods) // 2][0]
        placed = [
            (start, day, text)
            for day, text in self.notes
            for start, end in self.series.periods
            if start <= day < end
        ]
        early, late = (
            sorted(note for note in placed if (note[0] > middle) is side) for side in (False, True)
        )
        for start, day, text in [
            *early,
            *late[::-1],
        ]:  # so that few words are crossed by another note's rule
            said = {
                "text": short(f"{day:%-d %b %Y}: {text}", _LONGEST_NOTE),
                "full": text,
                "day": f"{day:%-d %b %Y}",
            }
            rows.append(
                said
                | {
                    "period": start.isoformat(),
                    "down": _NOTE_GAP * len(rows),
                    "late": start > middle,
                }
            )
        return rows, 4 + _NOTE_GAP * (len(rows) + bool(rows))


def _moment(day: date) -> dict[str, int | bool]:
    """A day part by part: Vega's interpreter takes a number of milliseconds for a year."""
    return {"year": day.year, "month": day.month, "date": day.day, "utc": True}


def _time_format(start: date, end: date) -> str:
    """How d3 writes the start of such a period."""
    named = label(start, end)
    if "Q" in named:
        return "Q%q %Y"
    if named == f"{start.year}":
        return "%Y"
    return "%b %Y" if named == f"{start:%Y-%m}" or end - start > timedelta(days=31) else "%-d %b %Y"


def _colour() -> dict[str, Any]:
    return {
        "field": "line",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": list(range(TOTAL + 1))},
    }


def _y(field: str) -> dict[str, Any]:
    """A value on the scale that the first layer holds."""
    return {"y": {"field": field, "type": "quantitative", "title": None}}


def _rings() -> Layer:
    """A ring around each point that was restated."""
    ring = {
        "type": "point",
        "style": "ring",
        "shape": "circle",
        "size": 190,
        "strokeWidth": 1.5,
        "opacity": 1,
    }
    return {
        "mark": ring,
        "transform": [{"filter": "datum.restated"}],
        "encoding": _y("value") | {"tooltip": TIP, "color": None},
    }


def _gaps(low: float) -> Layer:
    """A cross at the bottom where a period has no value."""
    cross = {
        "type": "point",
        "style": "muted",
        "shape": "cross",
        "filled": True,
        "size": 30,
        "opacity": 0.7,
    }
    bottom = {
        "y": {"datum": low, "type": "quantitative", "title": None},
        "tooltip": TIP,
        "color": None,
    }
    return {"mark": cross, "transform": [{"filter": "datum.gap"}], "encoding": bottom}


def _points(*, dots: bool) -> list[Layer]:
    """Closed points, each in its line's shape, and open ones; without dots only those that no line
    reaches.
    """
    shape = {
        "shape": {
            "field": "line",
            "type": "nominal",
            "legend": None,
            "scale": {"domain": list(range(TOTAL + 1)), "range": _SHAPES},
        }
    }
    size = {"size": {"condition": {"test": "datum.few", "value": 18}, "value": 46}}
    closed = "!datum.open && !datum.gap" + ("" if dots else " && (datum.alone || datum.restated)")
    encoding = _y("value") | shape | {"tooltip": TIP}
    return [
        {
            "mark": {"type": "point", "filled": True, "opacity": 1},
            "transform": [{"filter": closed}],
            "encoding": encoding | size,
        },
        {
            "mark": {"type": "point", "style": "open", "opacity": 1, "size": 56, "strokeWidth": 2},
            "transform": [{"filter": "datum.open && !datum.gap"}],
            "encoding": encoding,
        },
    ]


def _text(rows: Iterable[Row]) -> Layer:
    """Words beside the ends of lines."""
    mark = {"type": "text", "style": "label", "align": "left", "dx": 9}
    return {
        "data": {"values": list(rows)},
        "mark": mark,
        "encoding": _y("at") | {"text": {"field": "text", "type": "nominal"}},
    }


def _note(note: Row) -> list[Layer]:
    """A note as a rule at its period, its words beside it."""
    tip = tooltip(("day", "Date"), ("full", "Note"))
    side = {"align": "right", "dx": -5} if note["late"] else {"align": "left", "dx": 5}
    top = {"y": {"value": note["down"]}, "tooltip": tip, "color": None}
    rule = {"type": "rule", "style": "note-rule", "strokeWidth": 1, "strokeDash": [1, 2]}
    text = {"type": "text", "style": "note", "baseline": "top", **side}
    data = {"values": [note]}
    return [
        {"data": data, "mark": rule, "encoding": {**top, "y2": {"value": "height"}}},
        {
            "data": data,
            "mark": text,
            "encoding": {**top, "text": {"field": "text", "type": "nominal"}},
        },
    ]
