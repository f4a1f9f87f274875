"""What a KPI computes: the figure before status and period are put around it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

Z = 1.959964


@dataclass
class Figure:
    """A value with its parts. ``is_ratio`` says ratio or mean; ``window_open`` provisional."""

    n: int
    value: Fraction | None
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    is_ratio: bool = False
    rate_missing: bool = False
    suppressed: bool = False
    window_open: bool = False
    low: float | None = None
    high: float | None = None


def count(number: int) -> Figure:
    """A count: it is its own numerator and n."""
    return Figure(number, Fraction(number), Fraction(number))


def total(amounts: Sequence[Fraction], n: int) -> Figure:
    """A sum."""
    value = sum(amounts, Fraction(0))
    return Figure(n, value, value)


def money_total(amounts: Sequence[Fraction | None], n: int) -> Figure:
    """A sum of money; an amount of None had no rate."""
    if has_gap(amounts):
        return missing_rate(n)
    return total([plus(amounts)], n)


def ratio(
    numerator: Fraction | int, denominator: Fraction | int, n: int, scale: int = 100
) -> Figure:
    """scale x numerator / denominator; no value when the denominator is 0."""
    top, bottom = Fraction(numerator), Fraction(denominator)
    value = None if bottom == 0 else scale * top / bottom
    return Figure(n, value, top, bottom, is_ratio=True)


def mean(values: Sequence[Fraction]) -> Figure:
    """The mean of the values."""
    return ratio(sum(values, Fraction(0)), len(values), len(values), scale=1)


def quantile(values: Sequence[Fraction], share: Fraction) -> Figure:
    """A linear-interpolated quantile; it has no numerator and no denominator."""
    if not values:
        return Figure(0, None)
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = math.ceil(position)
    value = ordered[below] + (ordered[above] - ordered[below]) * (position - below)
    return Figure(len(ordered), value)


def missing_rate(n: int) -> Figure:
    """No value because an amount had no rate."""
    return Figure(n, None, rate_missing=True)


def plus(amounts: Iterable[Fraction | None]) -> Fraction:
    """The sum of amounts that all have a rate."""
    result = Fraction(0)
    for amount in amounts:
        if amount is None:
            raise ValueError("an amount has no rate")
        result += amount
    return result


def has_gap(amounts: Sequence[Fraction | None]) -> bool:
    """Whether an amount had no rate."""
    return any(amount is None for amount in amounts)


def wilson(figure: Figure) -> Figure:
    """Adds the Wilson interval of a share."""
    if figure.numerator is None or not figure.denominator:
        return figure
    n = float(figure.denominator)
    p = float(figure.numerator) / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    margin = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    figure.low = max(0.0, 100 * (centre - margin))
    figure.high = min(100.0, 100 * (centre + margin))
    return figure


def adjusted_wald(figure: Figure, promoters: int, detractors: int) -> Figure:
    """Adds the interval of a net promoter score: 3 more answers, 3/4, 3/2 and 3/4."""
    if not figure.denominator:
        return figure
    n = float(figure.denominator) + 3
    p = (promoters + 0.75) / n
    d = (detractors + 0.75) / n
    centre = p - d
    margin = Z * math.sqrt((p + d - centre * centre) / n)
    figure.low = max(-100.0, 100 * (centre - margin))
    figure.high = min(100.0, 100 * (centre + margin))
    return figure
