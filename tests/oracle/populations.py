"""A period over what was known, with the populations that several KPIs share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from .book import Row
from .dimensions import Cut, Place, account_place, row_place
from .figures import has_gap, plus
from .known import Known
from .times import DAY, Calendar, whole_months


class Period:
    """[start, end) in local dates; s and u are the instants at which states are taken."""

    def __init__(
        self,
        known: Known,
        start: date,
        end: date,
        through: datetime,
        calendars: Mapping[str | None, Calendar] | None = None,
    ) -> None:
        self.known = known
        self.zone = known.zone
        self.start = start
        self.end = end
        self.through = through
        self.calendars = calendars or {}
        self.cache: dict[Any, Fraction] = {}
        self.s = known.zone.first_instant(start)
        self.e = known.zone.first_instant(end)
        self.u = min(self.e, through)
        self.last_day = known.zone.local_date(self.u - timedelta(microseconds=1))

    def contains(self, at: datetime | None) -> bool:
        """s <= instant < u."""
        return at is not None and self.s <= at < self.u

    def contains_date(self, day: date | None) -> bool:
        """s <= the day's first instant < u."""
        return day is not None and self.contains(self.zone.first_instant(day))

    def window_open(self, days: int) -> bool:
        """Whether a window of so many days after the period's end is open at through."""
        return self.through < self.e + days * DAY

    @cached_property
    def months(self) -> Fraction:
        """The months of [s, u): whole calendar months, else days / 30.4375."""
        clock = self.zone.local_clock(self.u)
        if (clock.hour, clock.minute, clock.second, clock.microsecond) == (0, 0, 0, 0):
            months = whole_months(self.start, clock.date())
            if months is not None:
                return Fraction(months)
        length = clock - datetime(self.start.year, self.start.month, self.start.day)
        microseconds = length // timedelta(microseconds=1)
        return Fraction(microseconds, 86_400_000_000) / Fraction("30.4375")

    # -- places ----------------------------------------------------------------------------

    def at_start(self, account: str) -> Place:
        """The account anchored at s."""
        return account_place(self.known, account, self.start)

    def at_end(self, account: str) -> Place:
        """The account anchored at the last instant before u."""
        return account_place(self.known, account, self.last_day)

    def at_event_of_account(self, account: str, day: date) -> Place:
        """The account anchored at a day."""
        return account_place(self.known, account, day)

    def at_event(self, table: str, row: Row, at: datetime | date) -> Place:
        """The row anchored at its event."""
        day = self.zone.local_date(at) if isinstance(at, datetime) else at
        return row_place(self.known, table, row, day)

    def rows(self, table: str, column: str, cut: Cut) -> list[Row]:
        """The rows whose event lies in P, anchored there, that the cut keeps."""
        kept = []
        for row in self.rows_in(table, column):
            if cut.keeps(self.at_event(table, row, getattr(row, column))):
                kept.append(row)
        return kept

    def rows_in(self, table: str, column: str) -> list[Row]:
        """The rows whose event lies in P."""
        key = ("rows in", self.s, self.u, table, column)
        if key not in self.known.cache:
            found = []
            for row in self.known[table]:
                at = getattr(row, column)
                if self.contains(at) if isinstance(at, datetime) else self.contains_date(at):
                    found.append(row)
            self.known.cache[key] = found
        return self.known.cache[key]

    # -- customers -------------------------------------------------------------------------

    @cached_property
    def opening_lines(self) -> dict[str, list[Row]]:
        """The paid lines that count at s, by account."""
        return self._lines_at(self.s)

    @cached_property
    def closing_lines(self) -> dict[str, list[Row]]:
        """The paid lines that count at u, by account."""
        return self._lines_at(self.u)

    def _lines_at(self, t: datetime) -> dict[str, list[Row]]:
        found = {}
        for account in self.known.paid_lines:
            lines = self.known.lines_at(account, t)
            if lines:
                found[account] = lines
        return found

    @cached_property
    def opening(self) -> set[str]:
        """S: active at s."""
        return set(self.opening_lines)

    @cached_property
    def closing(self) -> set[str]:
        """E: active at u."""
        return set(self.closing_lines)

    @cached_property
    def lost(self) -> set[str]:
        """In S, not in E."""
        return self.opening - self.closing

    @cached_property
    def new(self) -> set[str]:
        """In E, not in S, never active before s."""
        return {
            account
            for account in self.closing - self.opening
            if not self.known.active_before(account, self.s)
        }

    @cached_property
    def reactivated(self) -> set[str]:
        """In E, not in S, active before s."""
        return self.closing - self.opening - self.new

    @cached_property
    def transient(self) -> set[str]:
        """Never active before s, a paid line that begins in [s, u), not in E."""
        return {
            account
            for account, lines in self.known.paid_lines.items()
            if account not in self.closing
            and not self.known.active_before(account, self.s)
            and any(self.contains(line.begins) for line in lines)
        }

    def first_paid_day(self, account: str) -> date:
        """The day of the account's first paid line."""
        return min(line.valid_from for line in self.known.paid_lines[account])

    def opening_mrr(self, account: str) -> Fraction | None:
        """The account's MRR at s; None when a line has no rate."""
        return _mrr(self.opening_lines.get(account, []))

    def closing_mrr(self, account: str) -> Fraction | None:
        """The account's MRR at u; None when a line has no rate."""
        return _mrr(self.closing_lines.get(account, []))

    def kept_at_start(self, accounts: set[str], cut: Cut) -> list[str]:
        """The accounts that the cut keeps by their place at s."""
        return [account for account in sorted(accounts) if cut.keeps(self.at_start(account))]

    def kept_at_end(self, accounts: set[str], cut: Cut) -> list[str]:
        """The accounts that the cut keeps by their place just before u."""
        return [account for account in sorted(accounts) if cut.keeps(self.at_end(account))]


def _mrr(lines: list[Row]) -> Fraction | None:
    amounts = [line.money for line in lines]
    return None if has_gap(amounts) else plus(amounts)
