"""Answers as pictures: Vega-Lite 6 specifications that page, image and PDF share.

Colours and fonts stand in no specification: they come from `theme`, or from the page's own configuration.
"""

from kampass.engine.pictures.bars import breakdown, distribution
from kampass.engine.pictures.chart import Chart, Theme, theme
from kampass.engine.pictures.lines import multiples, trend
from kampass.engine.pictures.steps import waterfall

__all__ = ["Chart", "Theme", "breakdown", "distribution", "multiples", "theme", "trend", "waterfall"]
