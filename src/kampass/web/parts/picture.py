"""A chart for a page: the specification without the title, which the page's own heading says, and
the words under it.
"""

from dataclasses import dataclass
from typing import Any

from kampass.render.charts import Chart


@dataclass(frozen=True)
class Picture:
    """What `pages/chart.html` draws: what the picture shows in words for those who cannot see it,
    the lines to read it by, the specification.
    """

    said: str
    words: tuple[str, ...]
    specification: dict[str, Any]


def picture(chart: Chart) -> Picture:
    """The chart without what the page says itself; a single one takes the width of its place."""
    left = {"title", "usermeta", *(("width",) if "layer" in chart or "mark" in chart else ())}
    bare = {name: value for name, value in chart.items() if name not in left}
    return Picture(str(chart.get("description", "")), tuple(chart.words), bare)
