"""One question, one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from .book import Book
from .coverage import reach
from .customers import acquisition_source_mix
from .dimensions import Condition, Cut, QuestionError, allowed_dimensions, read_condition
from .figures import Figure
from .known import Known
from .kpis import KPIS
from .populations import Period
from .times import Calendar

SMALL = 30
DISTRIBUTION = "acquisition_source_mix"


def answer(
    book: Book,
    kpi: str,
    start: date,
    end: date,
    *,
    by: Sequence[str] = (),
    where: Sequence[str] = (),
    total: bool = False,
    known_at: datetime | None = None,
    calendars: Mapping[str | None, Calendar] | None = None,
) -> list[dict[str, Any]]:
    """The rows of one KPI over [start, end)."""
    if kpi not in KPIS:
        raise QuestionError(f"unknown KPI: {kpi}")
    if start >= end:
        raise QuestionError("the period is empty")
    known = book.known(book.latest if known_at is None else known_at)
    conditions = [read_condition(text) for text in where]
    allowed = allowed_dimensions(known, KPIS[kpi].dimensions, KPIS[kpi].needs)
    for dimension in [*by, *(condition.dimension for condition in conditions)]:
        if dimension not in allowed:
            raise QuestionError(f"{kpi} has no dimension {dimension}")
    reason, through = reach(known, kpi, KPIS[kpi].needs, start, end)
    head = {
        "kpi": kpi,
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "through": None if through is None else written(through),
    }
    if reason is not None:
        if by and not total:
            return []
        return [{**head, **_without_value(kpi, {}, Figure(0, None), reason)}]
    assert through is not None
    period = _period(known, start, end, through, calendars)
    rows = (
        _distribution(period, by, conditions, total)
        if kpi == DISTRIBUTION
        else _figures(period, kpi, by, conditions, total)
    )
    return [{**head, **row} for row in rows]


def written(at: datetime) -> str:
    """An instant in ISO 8601 with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _period(
    known: Known,
    start: date,
    end: date,
    through: datetime,
    calendars: Mapping[str | None, Calendar] | None,
) -> Period:
    if calendars:
        return Period(known, start, end, through, calendars)
    key = ("period", start, end, through)
    if key not in known.cache:
        known.cache[key] = Period(known, start, end, through)
    return known.cache[key]


def _slices(
    period: Period, kpi: str, by: Sequence[str], conditions: Sequence[Condition]
) -> list[tuple[str | None, ...]]:
    """The slices that hold anything, by code point with null last."""
    everything = Cut(period.known, conditions, by)
    KPIS[kpi].compute(period, everything)
    return sorted(everything.found, key=lambda values: [_order(value) for value in values])


def _order(value: str | None) -> tuple[bool, str]:
    return (value is None, value or "")


def _figures(
    period: Period, kpi: str, by: Sequence[str], conditions: Sequence[Condition], total: bool
) -> list[dict[str, Any]]:
    rows = []
    if by:
        for values in _slices(period, kpi, by, conditions):
            figure = KPIS[kpi].compute(period, Cut(period.known, conditions, by, values))
            if figure.n >= 1:
                rows.append(_row(period, kpi, dict(zip(by, values, strict=True)), figure))
    if total or not by:
        figure = KPIS[kpi].compute(period, Cut(period.known, conditions))
        rows.append(_row(period, kpi, {}, figure))
    return rows


def _distribution(
    period: Period, by: Sequence[str], conditions: Sequence[Condition], total: bool
) -> list[dict[str, Any]]:
    """One row per source of new customers, in each slice."""
    compute = acquisition_source_mix
    outer = [dimension for dimension in by if dimension != "acquisition_source"]
    order = list(by) if "acquisition_source" in by else [*by, "acquisition_source"]
    rows = []
    if by:
        for values in _slices(period, DISTRIBUTION, outer, conditions):
            cut = Cut(period.known, conditions, outer, values)
            for source, figure in compute(period, cut):
                held = dict(zip(outer, values, strict=True)) | {"acquisition_source": source}
                dimensions = {dimension: held[dimension] for dimension in order}
                rows.append(_row(period, DISTRIBUTION, dimensions, figure))
        rows.sort(key=lambda row: [_order(value) for value in row["dimensions"].values()])
    if total or not by:
        whole = compute(period, Cut(period.known, conditions))
        for source, figure in sorted(whole, key=lambda pair: _order(pair[0])):
            rows.append(_row(period, DISTRIBUTION, {"acquisition_source": source}, figure))
        if not whole:
            empty = Figure(0, None, Fraction(0), Fraction(0), is_ratio=True)
            rows.append(_row(period, DISTRIBUTION, {}, empty))
    return rows


def _row(
    period: Period, kpi: str, dimensions: dict[str, str | None], figure: Figure
) -> dict[str, Any]:
    if figure.rate_missing:
        return _without_value(kpi, dimensions, figure, "missing_rate")
    if figure.suppressed:
        return _without_value(kpi, dimensions, figure, "suppressed_small_n")
    if figure.value is None:
        return _without_value(kpi, dimensions, figure, "zero_denominator")
    if period.through < period.e:
        status = "partial"
    elif figure.window_open:
        status = "provisional"
    elif figure.is_ratio and figure.n < SMALL:
        status = "low_n"
    else:
        status = "ok"
    return {
        "dimensions": dimensions,
        "value": float(figure.value),
        "unit": KPIS[kpi].unit,
        "numerator": _float(figure.numerator),
        "denominator": _float(figure.denominator),
        "n": figure.n,
        "low": figure.low,
        "high": figure.high,
        "status": status,
        "reason": None,
    }


def _without_value(
    kpi: str, dimensions: dict[str, str | None], figure: Figure, reason: str
) -> dict[str, Any]:
    """A row without a value; only a zero denominator shows its parts."""
    shown = reason == "zero_denominator"
    return {
        "dimensions": dimensions,
        "value": None,
        "unit": KPIS[kpi].unit,
        "numerator": _float(figure.numerator) if shown else None,
        "denominator": _float(figure.denominator) if shown else None,
        "n": figure.n,
        "low": None,
        "high": None,
        "status": "no_value",
        "reason": reason,
    }


def _float(number: Fraction | None) -> float | None:
    return None if number is None else float(number)
