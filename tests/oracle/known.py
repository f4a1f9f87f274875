"""What was known at an instant: references, deletions and tests judged, lines with their runs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

from .book import Book, Row, by_key
from .schema import COLUMNS, ENTITY_TABLES, SPAN_TABLES, TABLES
from .times import Zone


class Known:
    """The rows that hold at an instant of knowledge: references, deletions and tests judged."""

    def __init__(self, book: Book, at: datetime) -> None:
        self.book = book
        self.at = at
        self.zone = book.zone
        self.fillers = {
            table: [one for one in fillers if one.recorded_at <= at]
            for table, fillers in book.fillers.items()
        }
        self.quarantine: list[tuple[str, int, str]] = list(book.quarantine)
        self.tables: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.cache: dict[Any, Any] = {}
        self._judge_required_references()
        self._forget_unknown_optional_references()
        self._apply_deletions()
        self.kept = {table: list(rows) for table, rows in self.tables.items()}
        self._leave_out_test_accounts()

    def connected(self, table: str) -> bool:
        """Whether a file of this table had been loaded."""
        return bool(self.fillers[table])

    def lost_lines(self, table: str) -> int:
        """How many lines lost to a different line of their key though nothing orders them."""
        return sum(self.book.lost[told.name, table] for told in self.fillers[table])

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    # -- judging ---------------------------------------------------------------------------

    def _judge_required_references(self) -> None:
        """Quarantine rows whose required reference is unknown, then let one row per key win."""
        for table in TABLES:
            kept = []
            for row in self.book.rows[table]:
                if row.told.recorded_at > self.at:
                    continue
                reason = self._refusal(table, row)
                if reason is None:
                    kept.append(copy.copy(row))
                else:
                    self.quarantine.append((table, row.line, reason))
            winners = by_key(table, kept).values()
            self.tables[table] = sorted(winners, key=lambda row: (row.told.recorded_at, row.line))

    def _refusal(self, table: str, row: Row) -> str | None:
        for column in COLUMNS[table]:
            if column.required and column.refers_to is not None:
                if getattr(row, column.name) not in self._ids(column.refers_to):
                    return f"{column.name} is unknown"
        if table == "responses":
            survey = next(one for one in self["surveys"] if one.id == row.survey_id)
            if not survey.scale_min <= row.score <= survey.scale_max:
                return "the score lies outside the survey's scale"
            if survey.kind in ("nps", "enps") and row.score.denominator != 1:
                return "the score is fractional"
        return None

    def _ids(self, table: str) -> set[str]:
        key = ("ids", table)
        if key not in self.cache:
            self.cache[key] = {row.id for row in self[table]}
        return self.cache[key]

    def _forget_unknown_optional_references(self) -> None:
        for table, rows in self.tables.items():
            for column in COLUMNS[table]:
                if column.refers_to is None or column.required:
                    continue
                if column.refers_to == "contacts" and not self.connected("contacts"):
                    continue
                for row in rows:
                    if getattr(row, column.name) not in self._ids(column.refers_to):
                        setattr(row, column.name, None)

    def _apply_deletions(self) -> None:
        """End deleted spans, keep deleted entities, forget other deleted rows; drop empty spans."""
        for table, rows in self.tables.items():
            for row in rows:
                row.stated_to = getattr(row, "valid_to", None)
            if table in SPAN_TABLES:
                for row in rows:
                    if row.deleted_at is not None:
                        last = self.zone.local_date(row.deleted_at)
                        row.valid_to = last if row.valid_to is None else min(row.valid_to, last)
            elif table not in ENTITY_TABLES:
                rows[:] = [
                    row for row in rows if row.deleted_at is None or row.deleted_at > self.at
                ]
            if table in SPAN_TABLES or table == "contracts":
                rows[:] = [row for row in rows if not _empty_span(row)]

    def _leave_out_test_accounts(self) -> None:
        """Every row of a test account goes; its contacts stay as names for other rows."""
        tests = {row.id for row in self["accounts"] if row.is_test}
        for table, rows in self.tables.items():
            if table == "accounts":
                rows[:] = [row for row in rows if row.id not in tests]
            elif table == "referrals":
                rows[:] = [row for row in rows if row.referrer_account_id not in tests]
            elif table == "goal_measurements":
                goals = {row.id for row in self["goals"]}
                rows[:] = [row for row in rows if row.goal_id in goals]
            elif table != "contacts":
                rows[:] = [row for row in rows if getattr(row, "account_id", None) not in tests]

    # -- money -----------------------------------------------------------------------------

    def money(self, amount: Fraction, currency: str | None, on: date) -> Fraction | None:
        """The amount in workspace currency at the latest rate of that day; None without a rate."""
        if currency is None or currency == self.book.currency:
            return amount
        rates = [
            row for row in self["fx_rates"] if row.currency == currency and row.valid_from <= on
        ]
        if not rates:
            return None
        return amount * max(rates, key=lambda row: row.valid_from).rate

    # -- lines -----------------------------------------------------------------------------

    @cached_property
    def paid_lines(self) -> dict[str, list[Row]]:
        """The paid lines of each account: mrr above 0 and no trial; with the grace they have."""
        lines = self._lines(lambda row: row.mrr > 0 and not row.is_trial)
        for found in lines.values():
            bridge_gaps(found, self.book.grace_days, self.zone)
        return lines

    @cached_property
    def trial_lines(self) -> dict[str, list[Row]]:
        """The trial lines of each account, whatever they would cost."""
        return self._lines(lambda row: bool(row.is_trial))

    def _lines(self, counts: Callable[[Row], bool]) -> dict[str, list[Row]]:
        first = self.zone.first_instant
        lines: dict[str, list[Row]] = {}
        for row in self["subscriptions"]:
            if counts(row):
                row.begins = first(row.valid_from)
                row.ends = None if row.valid_to is None else first(row.valid_to)
                row.money = self.money(row.mrr, row.currency, self.run_begins[row.id])
                lines.setdefault(row.account_id, []).append(row)
        return lines

    @cached_property
    def run_begins(self) -> dict[str, date]:
        """The first day of the unbroken run of each subscription, by its id."""
        runs: dict[tuple[str, str | None, str], list[Row]] = {}
        for row in self["subscriptions"]:
            key = (row.account_id, row.product_id, row.currency)
            runs.setdefault(key, []).append(row)
        return {
            row.id: day
            for rows in runs.values()
            for row, day in zip(*first_days(rows), strict=True)
        }

    def lines_at(self, account: str, t: datetime) -> list[Row]:
        """The account's paid lines that count just before t."""
        return [line for line in self.paid_lines.get(account, []) if counts_at(line, t)]

    def active_before(self, account: str, t: datetime) -> bool:
        """Whether the account has a paid line that begins before t."""
        return any(line.begins < t for line in self.paid_lines.get(account, []))

    def by_id(self, table: str) -> dict[str, Row]:
        """The rows of a table by id."""
        key = ("by id", table)
        if key not in self.cache:
            self.cache[key] = {row.id: row for row in self[table]}
        return self.cache[key]


def counts_at(line: Row, t: datetime) -> bool:
    """Whether the line counts just before t."""
    return line.begins < t and (line.ends is None or line.ends >= t)


def first_days(lines: list[Row]) -> tuple[list[Row], list[date]]:
    """Lines of one account, product and currency by their beginning, each with the first day of its
    unbroken run: a line goes on with the run where it begins no later than the latest end so far.
    """
    ordered = sorted(lines, key=lambda line: line.valid_from)
    days: list[date] = []
    latest: date | None = date.min
    for line in ordered:
        goes_on = latest is None or line.valid_from <= latest
        days.append(days[-1] if goes_on else line.valid_from)
        if not goes_on:
            latest = line.valid_to
        elif latest is not None:
            latest = None if line.valid_to is None else max(latest, line.valid_to)
    return ordered, days


def bridge_gaps(lines: list[Row], grace_days: int, zone: Zone) -> None:
    """Where the next paid line of an account begins at most so many days after its latest end so
    far, what ended then counts until that beginning.
    """
    ordered = sorted(lines, key=lambda line: line.valid_from)
    for place, line in enumerate(ordered):
        ends = [earlier.valid_to for earlier in ordered[:place]]
        if not ends or None in ends:
            continue
        latest = max(ends)
        if 0 < (line.valid_from - latest).days <= grace_days:
            for earlier in ordered[:place]:
                if earlier.valid_to == latest:
                    earlier.ends = zone.first_instant(line.valid_from)


def _empty_span(row: Row) -> bool:
    return row.valid_to is not None and row.valid_to <= row.valid_from
