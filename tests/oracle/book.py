"""Reads canonical folders into typed rows."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .schema import COLUMNS, PAIRS, ROW_COLUMNS, TABLES, key_columns, read_field
from .times import Zone


class Row(SimpleNamespace):
    """One row of a canonical table: an attribute per column, null is None."""


@dataclass(frozen=True)
class Told:
    """What one source tells, in one load: a folder of canonical files, each a whole table.

    An upload has no say in how far a table reaches that another source fills, an ended source
    never has; of the tables in `up_to_load` it is said that silence is true.
    """

    name: str
    folder: Path
    recorded_at: datetime
    upload: bool = False
    ended: bool = False
    up_to_load: frozenset[str] = frozenset()

    def file(self, table: str) -> Path:
        """The file of a table; one that is missing is a table that this source does not fill."""
        return Path(self.folder) / f"{table}.csv"


class Book:
    """The conforming rows of one load of every source; loads are counted in their order in time."""

    def __init__(self, told: Sequence[Told], zone: Zone, currency: str, grace_days: int) -> None:
        self.told = sorted(told, key=lambda one: one.recorded_at)
        self.zone = zone
        self.currency = currency
        self.grace_days = grace_days
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.fillers: dict[str, list[Told]] = {table: [] for table in TABLES}
        self.without_rows: set[tuple[str, str]] = set()
        self.quarantine: list[tuple[str, int, str]] = []
        self.lost: dict[tuple[str, str], int] = {}
        self._known: dict[datetime, Any] = {}

    @property
    def latest(self) -> datetime:
        """The recorded instant of the latest load."""
        return self.told[-1].recorded_at

    def known(self, at: datetime) -> Any:
        """The book as it was known at an instant."""
        from .known import Known

        if at not in self._known:
            self._known[at] = Known(self, at)
        return self._known[at]


def read_book(
    told: Sequence[Told], *, timezone: str = "UTC", currency: str = "USD", grace_days: int = 0
) -> Book:
    """Read every ``<table>.csv`` of every source."""
    book = Book(told, Zone(timezone), currency, grace_days)
    for one in book.told:
        for table in TABLES:
            if one.file(table).exists():
                accepted, refused = _read_table(table, one, book.zone)
                book.rows[table] += accepted
                book.fillers[table].append(one)
                if not accepted and not refused:
                    book.without_rows.add((one.name, table))
                book.lost[one.name, table] = _lost_lines(table, accepted)
                book.quarantine += [(table, line, reason) for line, reason in refused]
    return book


def _read_table(table: str, told: Told, zone: Zone) -> tuple[list[Row], list[tuple[int, str]]]:
    accepted: list[Row] = []
    refused: list[tuple[int, str]] = []
    with told.file(table).open(encoding="utf-8-sig", newline="") as file:
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
                row.told = told
            except ValueError as error:
                refused.append((line, str(error)))
                continue
            accepted.append(row)
    return accepted, refused


def by_key(table: str, rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
    """The greater updated_at wins, else the later line of the later load, whole row."""
    winners: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        held = winners.setdefault(key_of(table, row), row)
        if order(held, row) <= 0:
            winners[key_of(table, row)] = row
    return winners


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    """The natural key of the row, or its id."""
    return tuple(getattr(row, name) for name in key_columns(table))


def order(one: Row, other: Row) -> int:
    """Above 0 where the first was updated later, below where the second was; 0 where that is not
    said of both.
    """
    if one.updated_at is None or other.updated_at is None:
        return 0
    return (one.updated_at > other.updated_at) - (one.updated_at < other.updated_at)


def _lost_lines(table: str, rows: Sequence[Row]) -> int:
    """The lines of a file that lost to a different line of their key though nothing orders them."""
    winners = by_key(table, rows)
    pairs = ((row, winners[key_of(table, row)]) for row in rows)
    return sum(_says(row) != _says(winner) and order(row, winner) == 0 for row, winner in pairs)


def _says(row: Row) -> dict[str, Any]:
    """What a line says, however it is written."""
    return {name: value for name, value in vars(row).items() if name not in ("line", "told")}


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
    if getattr(row, "currency", None) is not None:
        row.currency = row.currency.upper()
    if table == "accounts" or table in ROW_COLUMNS:
        row.extra = {name: text or None for name, text in fields.items() if name not in names}
    return row


def _check_row(table: str, row: Row) -> None:
    """The rules that a row can break on its own."""
    if table == "deals" and row.status in ("won", "lost") and row.closed_at is None:
        raise ValueError("a won or lost deal needs closed_at")
    for begins, ends in PAIRS.get(table, ()):
        begin, end = getattr(row, begins), getattr(row, ends)
        if begin is None or end is None or end >= begin:
            continue
        if table != "deals" or row.status in ("won", "lost"):
            raise ValueError(f"{ends} lies before {begins}")
    if table == "purchases" and row.amount < 0:
        if row.kind not in (None, "credit"):
            raise ValueError("a negative purchase is a credit")
        # A line that says so and one that leaves it to be understood are two lines.
        row.understood = row.kind is None
        row.kind = "credit"
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


def day_before(day: date) -> date:
    """The day before."""
    return day - timedelta(days=1)
