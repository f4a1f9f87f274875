"""Reads a canonical folder into typed rows and states what was known at an instant."""

from __future__ import annotations

import copy
import csv
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .schema import (
    COLUMNS,
    ENTITY_TABLES,
    FACT_STARTS,
    SPAN_TABLES,
    TABLES,
    key_columns,
    read_field,
)
from .times import Zone


class Row(SimpleNamespace):
    """One row of a canonical table: an attribute per column, null is None."""


class Book:
    """The conforming rows of one load of every file of a folder."""

    def __init__(
        self,
        zone: Zone,
        currency: str,
        rows: dict[str, list[Row]],
        quarantine: list[tuple[str, int, str]],
        loaded_at: dict[str, datetime],
    ) -> None:
        self.zone = zone
        self.currency = currency
        self.rows = rows
        self.quarantine = quarantine
        self.loaded_at = loaded_at
        self._known: dict[datetime, Known] = {}

    @property
    def latest(self) -> datetime:
        """The recorded instant of the latest load."""
        return max(self.loaded_at.values())

    def known(self, at: datetime) -> Known:
        """The book as it was known at an instant."""
        if at not in self._known:
            self._known[at] = Known(self, at)
        return self._known[at]


def read_book(
    folder: Path,
    *,
    timezone: str = "UTC",
    currency: str = "USD",
    recorded_at: datetime,
    loaded_at: dict[str, datetime] | None = None,
) -> Book:
    """Read every ``<table>.csv`` of the folder; a missing file is a table that is not connected."""
    zone = Zone(timezone)
    rows: dict[str, list[Row]] = {}
    quarantine: list[tuple[str, int, str]] = []
    loads: dict[str, datetime] = {}
    for table in TABLES:
        path = Path(folder) / f"{table}.csv"
        if not path.exists():
            continue
        rows[table], refused = _read_table(table, path, zone)
        quarantine += [(table, line, reason) for line, reason in refused]
        loads[table] = (loaded_at or {}).get(table, recorded_at)
    if not loads:
        loads[""] = recorded_at
    return Book(zone, currency, rows, quarantine, loads)


def _read_table(table: str, path: Path, zone: Zone) -> tuple[list[Row], list[tuple[int, str]]]:
    accepted: list[Row] = []
    refused: list[tuple[int, str]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        for fields in reader:
            line = reader.line_num
            if not fields:
                continue
            if len(fields) != len(header):
                refused.append((line, "the number of fields differs from the header's"))
                continue
            try:
                row = _read_row(table, dict(zip(header, fields, strict=True)), line, zone)
                _check_row(table, row)
            except ValueError as error:
                refused.append((line, str(error)))
                continue
            accepted.append(row)
    return accepted, refused


def _read_row(table: str, fields: Mapping[str, str], line: int, zone: Zone) -> Row:
    """The typed row; ValueError when a field does not parse or a required one is empty."""
    row = Row(line=line)
    names = set()
    for column in COLUMNS[table]:
        names.add(column.name)
        text = fields.get(column.name, "")
        if text == "":
            if column.required:
                raise ValueError(f"{column.name} is required")
            setattr(row, column.name, None)
        else:
            setattr(row, column.name, read_field(column, text, zone.first_instant))
    if table == "accounts":
        row.extra = {name: text or None for name, text in fields.items() if name not in names}
    return row


def _check_row(table: str, row: Row) -> None:
    """The rules that a row can break on its own."""
    if table == "deals" and row.status in ("won", "lost") and row.closed_at is None:
        raise ValueError("a won or lost deal needs closed_at")
    if table == "subscriptions" and row.mrr < 0:
        raise ValueError("mrr is negative")
    if table == "surveys" and row.kind in ("csat", "esat"):
        if row.satisfied_from is None and satisfied_by_scale(row) is None:
            raise ValueError("this scale needs satisfied_from")


def satisfied_by_scale(survey: Row) -> Fraction | None:
    """The lowest satisfied score: 1-2 {2}, 1-3 {3}, 4, 5, 7 points the top two, 10 and 11 points
    9-10; else none.
    """
    low, high = survey.scale_min, survey.scale_max
    points = high - low + 1
    if (low, high) == (1, 2):
        return Fraction(2)
    if (low, high) == (1, 3):
        return Fraction(3)
    if points in (4, 5, 7):
        return Fraction(high - 1)
    if points in (10, 11):
        return Fraction(9)
    return None


class Known:
    """The rows that hold at an instant of knowledge: references, deletions and tests judged."""

    def __init__(self, book: Book, at: datetime) -> None:
        self.book = book
        self.at = at
        self.zone = book.zone
        self.loaded_at = {table: when for table, when in book.loaded_at.items() if when <= at}
        self.quarantine: list[tuple[str, int, str]] = list(book.quarantine)
        self.tables: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.cache: dict[Any, Any] = {}
        self._judge_required_references()
        self._forget_unknown_optional_references()
        self._apply_deletions()
        self._starts = self._earliest_start()
        self._leave_out_test_accounts()

    def connected(self, table: str) -> bool:
        """Whether a file of this table had been loaded."""
        return table in self.loaded_at

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    # -- judging ---------------------------------------------------------------------------

    def _judge_required_references(self) -> None:
        """Quarantine rows whose required reference is unknown, then let one row per key win."""
        for table in TABLES:
            if not self.connected(table):
                continue
            kept = []
            for row in self.book.rows[table]:
                reason = self._refusal(table, row)
                if reason is None:
                    kept.append(copy.copy(row))
                else:
                    self.quarantine.append((table, row.line, reason))
            self.tables[table] = _one_row_per_key(table, kept)

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
                for row in rows:
                    if getattr(row, column.name) not in self._ids(column.refers_to):
                        setattr(row, column.name, None)

    def _apply_deletions(self) -> None:
        """End deleted spans, keep deleted entities, forget other deleted rows; drop empty spans."""
        for table, rows in self.tables.items():
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

    # -- coverage --------------------------------------------------------------------------

    def _earliest_start(self) -> date | None:
        starts: list[date] = []
        for table, column in FACT_STARTS.items():
            for row in self[table]:
                start = getattr(row, column)
                if isinstance(start, datetime):
                    start = self.zone.local_date(start)
                starts.append(start)
        return min(starts) if starts else None

    def stretches(self, table: str) -> list[tuple[datetime, datetime]]:
        """The covered stretches of a fact table, as stated or else as assumed."""
        stated = [row for row in self["coverage"] if row.table == table]
        if stated:
            spans = sorted((row.covered_from, row.covered_to) for row in stated)
            joined: list[tuple[date, date]] = []
            for begin, finish in spans:
                if begin >= finish:
                    continue
                if joined and begin <= joined[-1][1]:
                    joined[-1] = (joined[-1][0], max(joined[-1][1], finish))
                else:
                    joined.append((begin, finish))
            first = self.zone.first_instant
            return [(first(begin), first(finish)) for begin, finish in joined]
        if self._starts is None:
            return []
        begin = self.zone.first_instant(self._starts.replace(day=1))
        return [(begin, self.loaded_at[table])]

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

    # -- paid lines ------------------------------------------------------------------------

    @cached_property
    def paid_lines(self) -> dict[str, list[Row]]:
        """The paid lines of each account: mrr above 0 and no trial."""
        lines: dict[str, list[Row]] = {}
        for row in self["subscriptions"]:
            if row.mrr > 0 and not row.is_trial:
                row.begins = self.zone.first_instant(row.valid_from)
                row.ends = None if row.valid_to is None else self.zone.first_instant(row.valid_to)
                row.money = self.money(row.mrr, row.currency, row.valid_from)
                lines.setdefault(row.account_id, []).append(row)
        return lines

    def lines_at(self, account: str, t: datetime) -> list[Row]:
        """The account's paid lines that count just before t."""
        return [
            line
            for line in self.paid_lines.get(account, [])
            if line.begins < t and (line.ends is None or line.ends >= t)
        ]

    def active_before(self, account: str, t: datetime) -> bool:
        """Whether the account has a paid line that begins before t."""
        return any(line.begins < t for line in self.paid_lines.get(account, []))

    def by_id(self, table: str) -> dict[str, Row]:
        """The rows of a table by id."""
        key = ("by id", table)
        if key not in self.cache:
            self.cache[key] = {row.id: row for row in self[table]}
        return self.cache[key]


def _one_row_per_key(table: str, rows: list[Row]) -> list[Row]:
    """The greater updated_at wins, else the later line, whole row."""
    winners: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(getattr(row, name) for name in key_columns(table))
        held = winners.get(key)
        if (
            held is not None
            and held.updated_at is not None
            and row.updated_at is not None
            and held.updated_at > row.updated_at
        ):
            continue
        winners[key] = row
    return sorted(winners.values(), key=lambda row: row.line)


def _empty_span(row: Row) -> bool:
    return row.valid_to is not None and row.valid_to <= row.valid_from


def day_before(day: date) -> date:
    """The day before."""
    return day - timedelta(days=1)
