"""What every picture shares: the specification as a value, its title and words, its ticks, its
labels, its looks.

Text that people typed stands in data and titles only. No expression holds any of it, so a page can
draw the specification with Vega's interpreter, which evaluates no code.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from textwrap import wrap
from typing import Any, Literal

from kampass.engine.answer import Answer, Result
from kampass.periods import label
from kampass.render import words
from kampass.render.display import show_value

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH = 640
BAR, LETTER = 26, 7.2
Layer = dict[str, Any]
Row = dict[str, Any]
_STEPS = (1, 2, 2.5, 5, 10)
_LONGEST = 28
_LINE = 108
Theme = Literal["light", "dark", "print"]
FONT = "Inter, Liberation Sans, Arial, sans-serif"
_LIGHT = ("#2757c4", "#c2410c", "#0f766e", "#8b3fb0", "#9a6b00", "#d6336c", "#3a4152")
_DARK = ("#7aa7ff", "#ff9a5c", "#4fd1bd", "#d19bf0", "#f0c14b", "#ff8fb3", "#d5dae3")
_PRINT = ("#123a8f", "#a63a00", "#00675e", "#6d2491", "#6f4d00", "#a3144d", "#000000")
_INKS = {
    "light": {
        "paper": "#ffffff",
        "ink": "#171c26",
        "quiet": "#5c6475",
        "line": "#e3e6ec",
        "gain": "#0f766e",
        "loss": "#c2410c",
    },
    "dark": {
        "paper": "#12151c",
        "ink": "#eef1f6",
        "quiet": "#a3abba",
        "line": "#2b313d",
        "gain": "#4fd1bd",
        "loss": "#ff9a5c",
    },
    "print": {
        "paper": "#ffffff",
        "ink": "#000000",
        "quiet": "#444444",
        "line": "#cccccc",
        "gain": "#00675e",
        "loss": "#a63a00",
    },
}
_COLOURS = {"light": _LIGHT, "dark": _DARK, "print": _PRINT}


class Chart(dict[str, Any]):
    """A Vega-Lite specification that notebooks draw by themselves."""

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {
            "application/vnd.vegalite.v6+json": dict(self),
            "text/plain": self.get("description", "A Vega-Lite chart of Kampass answers"),
        }

    @property
    def words(self) -> list[str]:
        """The lines under the title, for a page that has its own heading."""
        return list(self["usermeta"]["words"])


@dataclass(frozen=True)
class Scale:
    """Where a value axis begins and ends, its ticks, and their format."""

    low: float
    high: float
    step: float

    @classmethod
    def of(cls, values: Iterable[float], *, zero: bool, whole: bool = False) -> "Scale":
        """Round ends around the values; from zero where bars need it, or where zero is not far.

        >>> Scale.of([83.2, 97.5], zero=False).ticks
        [80.0, 85.0, 90.0, 95.0, 100.0]
        """
        known = list(values) or [0.0]
        low, high = min(known), max(known)
        if zero or 0 <= low <= high / 4:
            low, high = min(low, 0.0), max(high, 0.0)
        rough = ((high - low) or abs(high) or 1.0) / 4
        unit = 10.0 ** floor(log10(rough))
        step = next(unit * each for each in _STEPS if unit * each >= rough * 0.999)
        if whole:
            step = max(1.0, float(ceil(step)))
        below, above = floor(low / step), ceil(high / step)
        if below == above:  # one value alone stands in the middle, or on zero
            below, above = below - bool(below and not zero), above + 1
        return cls(below * step, above * step, step)

    @property
    def ticks(self) -> list[float]:
        """The values that are written on the axis."""
        count = round((self.high - self.low) / self.step)
        return [float(f"{self.low + index * self.step:.10g}") for index in range(count + 1)]

    def encoding(
        self,
        field: str,
        axis: dict[str, Any] | None = None,
        **scale: Any,
    ) -> dict[str, Any]:
        """The position channel of a value."""
        places = next(
            (at for at in range(7) if abs(round(self.step, at) - self.step) < self.step * 1e-6), 6
        )
        written = {
            "title": None,
            "values": self.ticks,
            "format": f",.{places}f",
            "domain": False,
            "ticks": False,
            "labelFlush": False,
        }
        return {
            "field": field,
            "type": "quantitative",
            "title": None,
            "axis": written | (axis or {}),
            "scale": {"domain": [self.low, self.high], "nice": False, "zero": False, **scale},
        }


def finish(body: dict[str, Any], title: str, words: Iterable[str], said: str = "") -> Chart:
    """A whole specification: the body under a title, what one must know to read it, and the
    sentence for those who cannot see it.
    """
    lines = [line for each in words if each for line in wrap(each, _LINE)]
    heading = {"text": title, "subtitle": lines, "anchor": "start", "frame": "bounds"}
    description = ". ".join([title, *lines, *([said] if said else [])])
    return Chart(
        {
            "$schema": SCHEMA,
            "description": description,
            "title": heading,
            "usermeta": {"words": lines},
            **body,
        }
    )


def nothing(title: str, reasons: Iterable[str | None]) -> Chart:
    """A picture of no value at all: it says so, and why."""
    named = ", ".join(dict.fromkeys(why(reason) for reason in reasons if reason))
    said = f"No value to draw: {named}" if named else "No value to draw: nothing was found"
    mark = {"type": "text", "style": "muted", "fontSize": 14, "align": "left"}
    body = {"data": {"values": [{"text": said}]}, "mark": mark, "width": WIDTH, "height": 60}
    return finish(
        body
        | {
            "encoding": {
                "text": {"field": "text", "type": "nominal"},
                "x": {"value": 0},
                "y": {"value": 30},
            }
        },
        title,
        [],
    )


def slice_of(result: Result, answer: Answer) -> str:
    """What an answer is about, as people read it."""
    return ", ".join(result.shown(answer, name) for name in answer.dimensions) or "All"


def name_of(result: Result, answer: Answer) -> str:
    """The KPI's name."""
    return result.names.get(answer.kpi, answer.kpi)


def told(result: Result, answer: Answer) -> Row:
    """What a tooltip says of an answer, in the words of every other face."""
    low, high = (show_value(end, answer.unit, result.currency) for end in (answer.low, answer.high))
    return {
        "shown": show_value(answer.value, answer.unit, result.currency),
        "interval": f"{low} to {high}" if answer.low is not None else "-",
        "label": period_words(answer),
        "behind": f"{answer.n:,}",
        "said": why(answer.reason) or words.STATUS.get(answer.status, "-"),
    }


def why(reason: str | None) -> str:
    """Why there is no value, in words."""
    return words.REASON.get(reason, reason.replace("_", " ")) if reason else ""


def period_words(answer: Answer) -> str:
    """The period for people: Mar 2025, Q1 2025, else as the question spells it.

    >>> short("a name that is longer than what fits beside a line")
    'a name that is longer than …'
    """
    named = label(answer.period_start, answer.period_end)
    if re.fullmatch(r"\d{4}-\d\d", named):
        return f"{answer.period_start:%b %Y}"
    return re.sub(r"^(\d{4})-(Q\d)$", r"\2 \1", named)


def tooltip(*fields: tuple[str, str]) -> list[dict[str, str]]:
    """What is shown where a pointer rests: fields with their titles."""
    return [{"field": field, "type": "nominal", "title": title} for field, title in fields]


TIP = tooltip(
    ("kpi", "KPI"),
    ("slice", "For"),
    ("label", "Period"),
    ("shown", "Value"),
    ("interval", "95 % interval"),
    ("behind", "n"),
    ("said", "Note"),
)
"""What a bar or a point says of itself."""


def named_axis() -> dict[str, Any]:
    """The names of bars, in the order of their rows."""
    axis = {"domain": False, "ticks": False, "labelLimit": 220}
    return {
        "field": "slice",
        "type": "nominal",
        "sort": {"field": "order", "op": "min"},
        "title": None,
        "axis": axis,
    }


def amount(field: str) -> dict[str, Any]:
    """A value on the scale that another layer holds."""
    return {"field": field, "type": "quantitative", "title": None}


def short(text: str, most: int = _LONGEST) -> str:
    """A name that fits beside what it names."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def apart(names: Sequence[str]) -> list[str]:
    """Names that differ, for an axis on which two of a name would lie on top of each other.

    >>> apart(["Acme", "Bolt", "Acme"])
    ['Acme', 'Bolt', 'Acme (2)']
    """
    seen: dict[str, int] = {}
    made: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        wanted, count = name, seen[name]
        while count > 1 and (wanted := f"{name} ({count})") in seen:
            count += 1
        seen.setdefault(wanted, 1)
        made.append(wanted)
    return made


def theme(name: Theme = "light") -> dict[str, Any]:
    """The looks of an image: light and dark for screens, print for paper. Pages take theirs from
    style sheets.

    The six colours differ in lightness as well as hue; the seventh belongs to the total. `style`
    holds what a specification asks for by name.
    """
    colours, ink = _COLOURS[name], _INKS[name]
    axis = {
        "labelFont": FONT,
        "labelFontSize": 12,
        "labelColor": ink["quiet"],
        "gridColor": ink["line"],
        "domainColor": ink["quiet"],
        "tickColor": ink["quiet"],
        "labelPadding": 6,
    }
    title = {
        "font": FONT,
        "fontSize": 18,
        "fontWeight": 600,
        "color": ink["ink"],
        "subtitleFont": FONT,
        "subtitleFontSize": 13,
        "subtitleColor": ink["quiet"],
        "subtitlePadding": 6,
        "subtitleLineHeight": 18,
        "offset": 18,
    }
    return {
        "background": ink["paper"],
        "font": FONT,
        "padding": 20,
        "range": {"category": list(colours)},
        "axis": axis,
        "title": title,
        "mark": {"color": colours[0]},
        "text": {"font": FONT, "fontSize": 12, "color": ink["ink"]},
        "view": {"stroke": None},
        "header": {
            "labelFont": FONT,
            "labelFontSize": 13,
            "labelFontWeight": 600,
            "labelColor": ink["ink"],
            "labelPadding": 6,
        },
        "style": _styles(ink, colours[0]),
    }


def _styles(ink: dict[str, str], accent: str) -> dict[str, dict[str, Any]]:
    """The looks that specifications ask for by name."""
    return {
        "open": {"fill": ink["paper"]},
        "ring": {"color": ink["ink"]},
        "note": {"color": ink["quiet"]},
        "note-rule": {"color": ink["quiet"]},
        "label": {"fontWeight": 600},
        "muted": {"color": ink["quiet"]},
        "whole": {"color": ink["ink"]},
        "whole-words": {"color": ink["ink"]},
        "whisker": {"color": ink["ink"]},
        "level": {"color": accent},
        "gain": {"color": ink["gain"]},
        "loss": {"color": ink["loss"]},
    }
