"""Answers as pictures: Vega-Lite 6 specifications that page, image and PDF share.

Colours and fonts stand in no specification: they come from `theme`, or from the page's own
configuration.
"""

from kampass.render.charts.bars import breakdown, distribution
from kampass.render.charts.chart import Chart, Theme, theme
from kampass.render.charts.lines import multiples, trend
from kampass.render.charts.steps import waterfall

__all__ = [
    "Chart",
    "Theme",
    "breakdown",
    "distribution",
    "multiples",
    "theme",
    "trend",
    "waterfall",
]
