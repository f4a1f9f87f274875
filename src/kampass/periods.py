"""Days to fiscal years as calendar arithmetic; never minus 365 days.

A period is half-open in local dates. Instants are worked out once, here, from the workspace's time
zone: a local day starts at its first instant, which is not always midnight (in a few zones the
clocks jump over it).
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kampass.errors import QuestionError

Unit = Literal["day", "week", "month", "quarter", "year"]
UNITS: tuple[Unit, ...] = ("day", "week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS_PER_MONTH = 30.4375
_EXAMPLES = (
    "Write 2026, 2026-Q1, 2026-03, 2026-W09, 2026-03-14, FY2026, FY2026-Q1, or two of the same "
    "kind as 2025-01..2025-12."
)


@dataclass(frozen=True)
class Calendar:
    """How a workspace cuts time: zone, first day of the week, first month of the fiscal year."""

    timezone: str = "UTC"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
    fiscal_start: int = 1

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone's rules."""
        return ZoneInfo(self.timezone)

    def first_instant(self, day: date) -> datetime:
        """The UTC instant at which the local day starts.

        >>> Calendar("America/New_York").first_instant(date(2026, 3, 1)).isoformat()
        '2026-03-01T05:00:00+00:00'
        """
        local = datetime.combine(day, time.min, tzinfo=self.zone)
        instant = local.astimezone(UTC)
        if instant.astimezone(self.zone).replace(tzinfo=None) == datetime.combine(day, time.min):
            return instant
        # Midnight is skipped: the day starts where the offset changes.
        before, after = instant - timedelta(hours=3), instant + timedelta(hours=3)
        while after - before > timedelta(microseconds=1):
            middle = before + (after - before) / 2
            before, after = (
                (before, middle) if middle.astimezone(self.zone).date() >= day else (middle, after)
            )
        return after

    def local_date(self, instant: datetime) -> date:
        """The local date an instant falls on."""
        return instant.astimezone(self.zone).date()

    def last_date_before(self, instant: datetime) -> date:
        """The local date of the last instant before this one: where "the state at a boundary" is
        read.
        """
        return self.local_date(instant - timedelta(microseconds=1))

    def months_between(self, start: date, instant: datetime) -> float:
        """Months of [start, instant): whole calendar months where it is made of them, else days /
        30.4375.
        """
        end = self.local_date(instant)
        at_midnight = self.first_instant(end) == instant
        if at_midnight and start.day == 1 and end.day == 1:
            return float((end.year - start.year) * 12 + end.month - start.month)
        wall = instant.astimezone(self.zone).replace(tzinfo=None)
        clock = timedelta() if at_midnight else wall - datetime.combine(end, time.min)
        return ((end - start) + clock) / timedelta(days=_DAYS_PER_MONTH)


def is_zone(name: str) -> bool:
    """Whether a time zone has that IANA name.

    >>> is_zone("Europe/Berlin"), is_zone("Europe/Bonn")
    (True, False)
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day.

    >>> add_months(date(2024, 2, 29), 12)
    datetime.date(2025, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9998:  # noqa: PLR2004 - the years that dates can hold
        raise QuestionError(
            f"The year {year} lies outside the calendar.", code="bad_period", hint=_EXAMPLES
        )
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Period:
    """A half-open stretch of local dates: `count` units of one kind, or a clipped piece of one."""

    start: date
    end: date
    unit: Unit
    count: int = 1
    whole: bool = True
    fiscal: bool = False

    @property
    def days(self) -> int:
        """How many local days the period holds."""
        return (self.end - self.start).days

    def previous(self) -> "Period":
        """The period before, of the same kind; a clipped piece: the same number of days before."""
        start = (
            _shift(self.start, self.unit, -self.count)
            if self.whole
            else self.start - timedelta(days=self.days)
        )
        return Period(start, self.start, self.unit, self.count, self.whole, self.fiscal)

    def year_ago(self) -> "Period":
        """The same period a year earlier (weeks: the same ISO week of the year before, or its
        last).
        """
        if self.unit == "week" and self.whole:
            start = _week_a_year_ago(self.start)
            return Period(start, start + timedelta(weeks=self.count), "week", self.count)
        if (
            self.unit == "day" and self.whole
        ):  # from date to date, so that one day stays one day beside 29 February
            start, last = add_months(self.start, -12), add_months(self.end - timedelta(days=1), -12)
            return Period(start, last + timedelta(days=1), "day", (last - start).days + 1)
        return Period(
            add_months(self.start, -12),
            add_months(self.end, -12),
            self.unit,
            self.count,
            self.whole,
            self.fiscal,
        )


def parse(text: str, calendar: Calendar) -> Period:
    """Read `2026`, `2026-Q1`, `2026-03`, `2026-W09`, `2026-03-14`, `FY2026`, `FY2026-Q1` or a range
    of two of a kind.

    >>> parse("2025-01..2025-03", Calendar()).end
    datetime.date(2025, 4, 1)
    """
    first, dots, last = text.strip().partition("..")
    one = _single(first, calendar)
    if not dots:
        return one
    two = _single(last, calendar)
    if (one.unit, one.fiscal) != (two.unit, two.fiscal):
        raise QuestionError(f"'{text}' is a range of two kinds.", code="bad_period", hint=_EXAMPLES)
    if two.start < one.start:
        raise QuestionError(
            f"'{text}' ends before it starts.", code="bad_period", hint=f"Write {last}..{first}."
        )
    count = 1
    while _shift(one.start, one.unit, count) < two.end:
        count += 1
    return Period(one.start, two.end, one.unit, count, fiscal=one.fiscal)


def spoken(of: date) -> str:
    """A date as people say it.

    >>> spoken(date(2026, 1, 5))
    '5 January 2026'
    """
    return f"{of.day} {of:%B %Y}"


def label(start: date, end: date) -> str:
    """How a person names the stretch: 2026, 2026-Q1, 2026-03, 2026-W09, 2026-03-14, else both ends.

    >>> label(date(2026, 1, 1), date(2026, 4, 1))
    '2026-Q1'
    """
    if start.day == 1 and end == add_months(start, 12) and start.month == 1:
        return f"{start.year}"
    if start.day == 1 and end == add_months(start, 3) and start.month % 3 == 1:
        return f"{start.year}-Q{(start.month + 2) // 3}"
    if start.day == 1 and end == add_months(start, 1):
        return f"{start:%Y-%m}"
    if start.weekday() == 0 and (end - start).days == 7:  # noqa: PLR2004 - an ISO week
        return "{}-W{:02}".format(*start.isocalendar()[:2])
    if (end - start).days == 1:
        return start.isoformat()
    return f"{start} to {end - timedelta(days=1)}"


def cut(period: Period, grain: str | None, calendar: Calendar) -> list[Period]:
    """The period itself, or its pieces of a finer grain, clipped to it."""
    if grain is None:
        return [period]
    if grain not in UNITS:
        raise QuestionError(
            f"There is no grain called '{grain}'.",
            code="bad_grain",
            hint=f"One of {', '.join(UNITS)}.",
        )
    if _shift(period.start, grain, 1) > period.end:
        raise QuestionError(
            f"The grain '{grain}' is coarser than the period.",
            code="bad_grain",
            hint="Leave --grain out, or widen --period.",
        )
    return list(_pieces(period, grain, calendar))


def _pieces(period: Period, grain: Unit, calendar: Calendar) -> Iterator[Period]:
    start = _floor(period.start, grain, calendar, fiscal=period.fiscal)
    while start < period.end:
        end = _shift(start, grain, 1)
        left, right = max(start, period.start), min(end, period.end)
        yield Period(left, right, grain, whole=(left, right) == (start, end), fiscal=period.fiscal)
        start = end


def _floor(day: date, unit: Unit, calendar: Calendar, *, fiscal: bool) -> date:
    if unit == "day":
        return day
    if unit == "week":
        first = {"monday": 0, "sunday": 6, "saturday": 5}[calendar.week_start]
        return day - timedelta(days=(day.weekday() - first) % 7)
    months = _MONTHS[unit]
    offset = (calendar.fiscal_start - 1) if fiscal else 0
    return add_months(day.replace(day=1), -((day.month - 1 - offset) % months))


def _shift(day: date, unit: Unit, count: int) -> date:
    if unit in _MONTHS:
        return add_months(day, _MONTHS[unit] * count)
    return day + timedelta(days=count * (7 if unit == "week" else 1))


def _week_a_year_ago(start: date) -> date:
    year, week, weekday = start.isocalendar()
    last = date(year - 1, 12, 28).isocalendar().week
    return date.fromisocalendar(year - 1, min(week, last), weekday)


def _single(text: str, calendar: Calendar) -> Period:
    for pattern, make in _FORMS:
        match = re.fullmatch(pattern, text, re.ASCII)
        if match:
            try:
                return make([int(group) for group in match.groups()], calendar)
            except (ValueError, OverflowError) as wrong:
                raise QuestionError(
                    f"'{text}' is not in the calendar: {wrong}.", code="bad_period", hint=_EXAMPLES
                ) from None
    raise QuestionError(f"'{text}' is not a period.", code="bad_period", hint=_EXAMPLES)


def _months(start: date, unit: Unit, *, fiscal: bool = False) -> Period:
    return Period(start, add_months(start, _MONTHS[unit]), unit, fiscal=fiscal)


def _fiscal_start(year: int, calendar: Calendar) -> date:
    # A fiscal year is named by the year in which it ends.
    return date(year if calendar.fiscal_start == 1 else year - 1, calendar.fiscal_start, 1)


def _quarter(number: int) -> int:
    if not 1 <= number <= 4:  # noqa: PLR2004 - a year has four quarters
        raise ValueError(f"there is no quarter {number}")
    return 3 * (number - 1)


def _week(year: int, week: int) -> Period:
    start = date.fromisocalendar(year, week, 1)
    return Period(start, start + timedelta(days=7), "week")


def _day(start: date) -> Period:
    return Period(start, start + timedelta(days=1), "day")


_FORMS: list[tuple[str, Callable[[list[int], Calendar], Period]]] = [
    (r"([1-9]\d{3})", lambda g, _: _months(date(g[0], 1, 1), "year")),
    (r"([1-9]\d{3})-Q(\d)", lambda g, _: _months(date(g[0], 1 + _quarter(g[1]), 1), "quarter")),
    (r"([1-9]\d{3})-(\d\d)", lambda g, _: _months(date(g[0], g[1], 1), "month")),
    (r"([1-9]\d{3})-W(\d\d)", lambda g, _: _week(g[0], g[1])),
    (r"([1-9]\d{3})-(\d\d)-(\d\d)", lambda g, _: _day(date(g[0], g[1], g[2]))),
    (r"FY([1-9]\d{3})", lambda g, c: _months(_fiscal_start(g[0], c), "year", fiscal=True)),
    (
        r"FY([1-9]\d{3})-Q(\d)",
        lambda g, c: _months(
            add_months(_fiscal_start(g[0], c), _quarter(g[1])), "quarter", fiscal=True
        ),
    ),
]
