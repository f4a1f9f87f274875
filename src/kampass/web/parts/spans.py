"""Periods as pages offer them: the latest one that is over, those before it for a trend, how each
is spelled and how it is said.

A page without a question shows the latest period that is over in the data, never the running one:
half a quarter looks like a bad one.
"""

from datetime import date, datetime, timedelta
from typing import Final

from kampass.periods import Calendar, Period, Unit, add_months, cut, label, parse
from kampass.workspace.view import Sight

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_BACK: Final = {"day": 31, "week": 70, "month": 400, "quarter": 800, "year": 1500}
_OFFERED: Final[tuple[Unit, ...]] = ("month", "quarter", "year")


def reach(sight: Sight) -> datetime:
    """How far the data reaches: the latest load, or where the last table ends if that is
    earlier.
    """
    found = sight.engine()
    ends = [stretch.end for stretches in found.coverage.stretches.values() for stretch in stretches]
    return min(found.known_at, max(ends, default=found.known_at))


def latest(sight: Sight, grain: Unit) -> str:
    """The latest period of a grain that is over in the data, as a question spells it."""
    calendar = sight.settings.calendar
    today = calendar.local_date(reach(sight))
    pieces = cut(Period(today - timedelta(days=_BACK[grain]), today, "day"), grain, calendar)
    whole = [piece for piece in pieces if piece.whole and piece.end <= today]
    return spelled(whole[-1], calendar)


def trail(text: str, calendar: Calendar, count: int = 12) -> tuple[str, Unit]:
    """The stretch whose pieces make a trend up to a period, and their grain: `count` periods of its
    kind, or a range's own pieces.

    >>> trail("2025-Q4", Calendar(), 4), trail("2025-01..2025-06", Calendar())
    (('2025-Q1..2025-Q4', 'quarter'), ('2025-01..2025-06', 'month'))
    """
    period = parse(text, calendar)
    if period.count > 1:
        return text, period.unit
    first = period
    for _ in range(count - 1):
        first = first.previous()
    return spelled(
        Period(first.start, period.end, period.unit, count, fiscal=period.fiscal), calendar
    ), period.unit


def before(text: str, calendar: Calendar) -> str:
    """The period before, as a question spells it.

    >>> before("2026-Q1", Calendar()), before("2025-01..2025-02", Calendar())
    ('2025-Q4', '2024-11..2024-12')
    """
    return spelled(parse(text, calendar).previous(), calendar)


def spelled(period: Period, calendar: Calendar) -> str:
    """A period as a question spells it; what is no whole unit is spelled by its days.

    >>> spelled(parse("FY2026-Q1", Calendar(fiscal_start=4)), Calendar(fiscal_start=4))
    'FY2026-Q1'
    """
    ends = (period.start, _last(period))
    names = [_named(start, period, calendar) for start in ends]
    if not period.whole or None in names:
        names = [period.start.isoformat(), (period.end - timedelta(days=1)).isoformat()]
    return str(names[0]) if names[0] == names[1] else "..".join(map(str, names))


def offered(sight: Sight) -> list[str]:
    """The periods that a page suggests: the latest years, quarters and months that are over."""
    return sight.kept("periods offered", lambda: _offered(sight))


def _offered(sight: Sight) -> list[str]:
    calendar = sight.settings.calendar
    found = []
    for grain, count in zip(_OFFERED, (6, 6, 2), strict=True):
        text = latest(sight, grain)
        for _ in range(count):
            found.append(text)
            text = before(text, calendar)
    return [*found, trail(found[0], calendar)[0], trail(latest(sight, "quarter"), calendar, 8)[0]]


def _last(period: Period) -> date:
    """The first day of the period's last unit."""
    if period.unit in _MONTHS:
        return add_months(period.end, -_MONTHS[period.unit])
    return period.end - timedelta(days=7 if period.unit == "week" else 1)


def _named(start: date, period: Period, calendar: Calendar) -> str | None:
    """One unit by its name; None where it has none."""
    if period.unit == "day":
        return start.isoformat()
    if period.unit == "week":
        return "{}-W{:02}".format(*start.isocalendar()[:2]) if start.weekday() == 0 else None
    if period.fiscal and period.unit != "month":
        return _fiscal(start, period.unit, calendar.fiscal_start)
    return label(start, add_months(start, _MONTHS[period.unit]))


def _fiscal(start: date, unit: Unit, first: int) -> str:
    """A fiscal year or quarter by the year in which the fiscal year ends."""
    year = start.year + (first > 1 and start.month >= first)
    return f"FY{year}" if unit == "year" else f"FY{year}-Q{(start.month - first) % 12 // 3 + 1}"
