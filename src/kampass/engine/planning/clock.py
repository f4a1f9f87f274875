"""The periods of a question with their bounds, and the period tables that carry them into SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from kampass.errors import QuestionError
from kampass.periods import Calendar, Period, add_months

COLUMNS = "i, previous_s, s, e, u, through, first_day, before, last_day, months"


@dataclass(frozen=True)
class Clock:
    """One period of a question with its bounds as instants and as local dates."""

    number: int
    period: Period
    start: datetime
    end: datetime
    through: datetime
    calendar: Calendar

    @property
    def until(self) -> datetime:
        """What happens "at the end" happens here: the earlier of the period's end and how far the
        data reaches.
        """
        return min(self.end, self.through)

    def row(self, window: str) -> str:
        """The period table's row for a window of this period."""
        # The previous period is read to its own end, which is this one's start; the twelve months
        # end where this period is known to, so that both halves of a figure reach equally far.
        if window == "previous":
            before = self.period.previous()
            start = self.calendar.first_instant(before.start)
            return self._row(start, before.start, self.start, self._start_before(before))
        if window == "year":
            start = a_year_before(self.until, self.calendar)
            return self._row(
                start,
                self.calendar.local_date(start),
                self.until,
                self._unless_before_all_time(lambda: a_year_before(start, self.calendar), start),
                before=self.calendar.last_date_before(start),
            )
        earlier = self._start_before(self.period)
        return self._row(self.start, self.period.start, self.until, earlier)

    def _start_before(self, period: Period) -> datetime:
        """The first instant of the period before."""
        start = self.calendar.first_instant(period.start)
        return self._unless_before_all_time(
            lambda: self.calendar.first_instant(period.previous().start), start
        )

    @staticmethod
    def _unless_before_all_time(earlier: Callable[[], datetime], start: datetime) -> datetime:
        """An earlier instant, or the start itself where the calendar begins after it."""
        try:
            return earlier()
        except (OverflowError, QuestionError):
            return start

    def _row(
        self,
        start: datetime,
        first_day: date,
        until: datetime,
        earlier: datetime,
        *,
        before: date | None = None,
    ) -> str:
        last_day = self.calendar.last_date_before(until)
        months = self.calendar.months_between(first_day, until)
        cells = [
            str(self.number),
            _instant(earlier),
            _instant(start),
            _instant(self.end),
            _instant(until),
            _instant(self.through),
            _date(first_day),
            _date(before or first_day - timedelta(days=1)),
            _date(last_day),
            f"CAST({months!r} AS DOUBLE)",
        ]
        return f"({', '.join(cells)})"


def a_year_before(instant: datetime, calendar: Calendar) -> datetime:
    """The instant twelve calendar months before, by the local wall clock."""
    # By the wall clock, because minus 365 days would drift over leap years and clock changes. A
    # midnight that a clock change skipped begins with the day's first instant.
    wall = instant.astimezone(calendar.zone)
    day = add_months(wall.date(), -12)
    if wall.time() == time.min:
        return calendar.first_instant(day)
    return datetime.combine(day, wall.time(), tzinfo=calendar.zone).astimezone(UTC)


def period_table(clocks: Sequence[Clock], window: str) -> str:
    """A period table's rows as VALUES."""
    return "VALUES " + ",\n    ".join(clock.row(window) for clock in clocks)


def _instant(moment: datetime) -> str:
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).isoformat(sep=' ')}'"


def _date(day: date) -> str:
    return f"DATE '{day.isoformat()}'"
