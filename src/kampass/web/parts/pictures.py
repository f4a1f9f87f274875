"""What the pictures are given: a chart's specification, the steps of a bridge, cohorts, a ranking
in bands, what happened month by month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kampass.render.charts import Chart
from kampass.web.parts.figures import Badge, Interval


@dataclass(frozen=True)
class Picture:
    """A chart for a page: what it shows in words for those who cannot see it, the lines to read it
    by, and the specification without the title, which the page's own heading says.
    """

    said: str
    words: tuple[str, ...]
    specification: dict[str, object]


def picture(chart: Chart) -> Picture:
    """The chart without what the page says itself; a single one takes the width of its place."""
    left = {"title", "usermeta", *(("width",) if "layer" in chart or "mark" in chart else ())}
    bare = {name: value for name, value in chart.items() if name not in left}
    return Picture(str(chart.get("description", "")), tuple(chart.words), bare)


@dataclass(frozen=True)
class BridgeStep:
    """One step between two figures: start and end stand on zero, every other one hangs on the level
    before. `value` is only drawn, `text` is read.
    """

    kind: Literal["start", "up", "down", "transfer", "end"]
    label: str
    value: float
    text: str = ""
    href: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class HeatCell:
    """A cell that is shaded by its value; `reason` says why there is none."""

    value: float | None
    text: str
    href: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class CohortRow:
    """One cohort over the periods; it may be shorter than the columns."""

    label: str
    cells: Sequence[HeatCell]
    n: str | None = None


@dataclass(frozen=True)
class CohortMap:
    """Cohorts beneath each other, shaded on the scale from `least` to `most`."""

    columns: Sequence[str] = ()
    rows: Sequence[CohortRow] = ()
    least: float = 0.0
    most: float = 100.0


@dataclass(frozen=True)
class RankRow:
    """One place in a ranking, with the interval that decides what it can be told apart from."""

    name: str
    text: str
    interval: Interval
    href: str | None = None
    n: str | None = None
    note: str | None = None
    why: str | None = None
    current: bool = False


@dataclass(frozen=True)
class RankBand:
    """Those who share a place, because chance could have swapped them."""

    label: str
    rows: Sequence[RankRow]
    note: str | None = None


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened; `kind` names its icon."""

    kind: str
    title: str
    when: str
    iso: str
    text: str | None = None
    who: str | None = None
    href: str | None = None
    quote: str | None = None
    badge: Badge | None = None
    zone: str | None = None


@dataclass(frozen=True)
class TimelineMonth:
    """What happened in one month, the latest first."""

    label: str
    entries: Sequence[TimelineEntry]
