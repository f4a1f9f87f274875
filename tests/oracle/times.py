"""Local days, months and business hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Zone:
    """The workspace's time zone."""

    name: str

    @property
    def info(self) -> ZoneInfo:
        return ZoneInfo(self.name)

    def first_instant(self, day: date) -> datetime:
        """The local day's first instant, in UTC."""
        return self.instant(day, time(0, 0))

    def instant(self, day: date, at: time) -> datetime:
        """The instant at which local clocks show this time of this day."""
        return datetime.combine(day, at, tzinfo=self.info).astimezone(UTC)

    def local_date(self, at: datetime) -> date:
        """The local date of an instant."""
        return at.astimezone(self.info).date()

    def local_clock(self, at: datetime) -> datetime:
        """What local clocks show; the first instant of a day counts as its midnight."""
        day = self.local_date(at)
        if self.first_instant(day) == at:
            return datetime.combine(day, time(0, 0))
        return at.astimezone(self.info).replace(tzinfo=None)


@dataclass(frozen=True)
class Calendar:
    """When business is open: weekdays (Monday is 0), hours and closed days."""

    weekdays: Sequence[int] = (0, 1, 2, 3, 4)
    opens: time = time(9, 0)
    closes: time = time(17, 0)
    holidays: Sequence[date] = field(default=())


def hours(length: timedelta) -> Fraction:
    """A length of time in hours, exactly."""
    return Fraction(length // timedelta(microseconds=1), 3_600_000_000)


def business_hours(zone: Zone, calendar: Calendar, begin: datetime, finish: datetime) -> Fraction:
    """The open hours between two instants; nothing when they are in the wrong order."""
    total = Fraction(0)
    day = zone.local_date(begin)
    last = zone.local_date(finish)
    while day <= last:
        if day.weekday() in calendar.weekdays and day not in calendar.holidays:
            opened = max(begin, zone.instant(day, calendar.opens))
            closed = min(finish, zone.instant(day, calendar.closes))
            if opened < closed:
                total += hours(closed - opened)
        day += timedelta(days=1)
    return total


def shift_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    first_of_next = date(year + (month == 12), month % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return date(year, month, min(day.day, last_day))


def twelve_months_before(zone: Zone, at: datetime) -> datetime:
    """The same clock time of the day 12 months earlier."""
    clock = zone.local_clock(at)
    return zone.instant(shift_months(clock.date(), -12), clock.time())


def whole_months(start: date, end: date) -> int | None:
    """How many calendar months [start, end) is made of, if it is made of whole ones."""
    if start.day != 1 or end.day != 1:
        return None
    return (end.year - start.year) * 12 + end.month - start.month


def previous_period(start: date, end: date) -> tuple[date, date]:
    """The period before of the same kind: k months before for k months, else k days before."""
    months = whole_months(start, end)
    if months is not None:
        return shift_months(start, -months), start
    return start - (end - start), start
