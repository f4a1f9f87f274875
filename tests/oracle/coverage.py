"""How far each table is covered, and what a KPI that looks back needs beside its period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from .book import Row, Told
from .known import Known
from .schema import COLUMNS, FACT_STARTS
from .times import Zone, previous_period, twelve_months_before

Stretch = tuple[datetime, datetime]

# KPIs that compare with the previous period, and those that ask who bought before.
BESIDE_PREVIOUS = ("sales_growth_rate", "purchase_nrr", "purchase_grr")
AFTER_THE_FIRST = ("repeat_customer_share", "new_to_repeat_ratio")

FEWEST_DATES = 20
LONGEST_SILENCE = 31


def reach(
    known: Known, kpi: str, needs: tuple[str, ...], start: date, end: date
) -> tuple[str | None, datetime | None]:
    """The reason why there is no value, if there is one, and how far the data reaches; it reaches
    nowhere where the period's beginning, or what the KPI needs before it, is not covered.
    """
    if any(not known.connected(table) for table in needs):
        return "not_connected", None
    s = known.zone.first_instant(start)
    holding = [stretch_at(known, table, s) for table in needs if table in FACT_STARTS]
    if any(stretch is None for stretch in holding):
        return "not_covered", None
    if kpi in AFTER_THE_FIRST and s <= stretches(known, "purchases")[0][0]:
        return "not_covered", None
    through = min([known.at, *(stretch[1] for stretch in holding if stretch)])
    u = min(known.zone.first_instant(end), through)
    earlier = _looks_back_to(known.zone, kpi, start, end, u)
    if earlier is not None and any(stretch[0] > earlier for stretch in holding if stretch):
        return "not_covered", None
    if s >= through:
        return "not_covered", through
    return None, through


def stretch_at(known: Known, table: str, at: datetime) -> Stretch | None:
    """The stretch of a table that contains an instant."""
    for begin, finish in stretches(known, table):
        if begin <= at < finish:
            return begin, finish
    return None


def _looks_back_to(zone: Zone, kpi: str, start: date, end: date, u: datetime) -> datetime | None:
    """The instant from which on the KPI needs its tables covered, if it is not the period's
    beginning.
    """
    if kpi in BESIDE_PREVIOUS:
        return zone.first_instant(previous_period(start, end)[0])
    return twelve_months_before(zone, u) if kpi == "clv" else None


# -- stretches --------------------------------------------------------------------------------


def stretches(known: Known, table: str) -> list[Stretch]:
    """The covered stretches of a fact table, as stated or else as assumed."""
    key = ("stretches", table)
    if key not in known.cache:
        stated = [row for row in known["coverage"] if row.table == table]
        known.cache[key] = _stated(known, stated) if stated else _assumed(known, table)
    return known.cache[key]


def _stated(known: Known, rows: list[Row]) -> list[Stretch]:
    """Half-open local dates; rows that touch join."""
    joined: list[tuple[date, date]] = []
    for begin, finish in sorted((row.covered_from, row.covered_to) for row in rows):
        if begin >= finish:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], finish))
        else:
            joined.append((begin, finish))
    first = known.zone.first_instant
    return [(first(begin), first(finish)) for begin, finish in joined]


def _assumed(known: Known, table: str) -> list[Stretch]:
    """From the first day of the month of the table's earliest start to the end that its sources
    give it.
    """
    starts = [day for row in known.kept[table] if (day := start_of(known, table, row)) is not None]
    if not starts:
        return []
    begin = known.zone.first_instant(min(starts).replace(day=1))
    finish = assumed_end(known, table)
    return [(begin, finish)] if begin < finish else []


def start_of(known: Known, table: str, row: Row) -> date | None:
    """The local date on which a row of a fact table begins; a deal that does not say when it was
    created begins with its closing.
    """
    start = getattr(row, FACT_STARTS[table])
    if start is None and table == "deals":
        start = row.closed_at
    return known.zone.local_date(start) if isinstance(start, datetime) else start


def assumed_end(known: Known, table: str) -> datetime:
    """The end of the source that is furthest behind; uploads have a say only among themselves, and
    there the latest counts, as where every source has ended.
    """
    ends = [source_end(known, told, table) for told in having_a_say(known, table)]
    return min(ends) if waits(known, table) else max(ends)


def waits(known: Known, table: str) -> bool:
    """Whether the table waits for the slowest of its sources: one goes on, and is no upload."""
    return any(not told.ended and not told.upload for told in _with_rows(known, table))


def having_a_say(known: Known, table: str) -> list[Told]:
    """The sources that say how far a table reaches."""
    told = _with_rows(known, table)
    going_on = [one for one in told if not one.ended]
    if waits(known, table):
        return [one for one in going_on if not one.upload]
    return going_on or told


def _with_rows(known: Known, table: str) -> list[Told]:
    """The sources whose file of a table has rows, be they good or not."""
    without = known.book.without_rows
    return [one for one in known.fillers[table] if (one.name, table) not in without]


def source_end(known: Known, told: Told, table: str) -> datetime:
    """The source's load, or the end of its newest day where the file is older than its load."""
    newest = stale_since(known, told, table)
    if newest is None:
        return told.recorded_at
    return known.zone.first_instant(newest + timedelta(days=1))


def stale_since(known: Known, told: Told, table: str) -> date | None:
    """The newest day of a source's file that is plainly older than its load."""
    if table in told.up_to_load:
        return None
    loaded = known.zone.local_date(told.recorded_at)
    dates = {
        day
        for row in known.kept[table]
        if row.told is told
        for day in _dates(known, table, row)
        if day <= loaded
    }
    if not dates:
        return None
    newest = max(dates)
    year = sorted(day for day in dates if day > newest - timedelta(days=365))
    gap = max([0, *((after - day).days for day, after in pairwise(year))])
    if len(year) < FEWEST_DATES:
        return None
    return newest if (loaded - newest).days > max(LONGEST_SILENCE, 2 * gap) else None


def _dates(known: Known, table: str, row: Row) -> Iterator[date]:
    """The local dates of all date and instant columns but the two that speak of the row itself."""
    for column in COLUMNS[table]:
        if column.type not in ("date", "instant") or column.name in ("updated_at", "deleted_at"):
            continue
        name = "stated_to" if column.name == "valid_to" else column.name
        value = getattr(row, name, None)
        if isinstance(value, datetime):
            yield known.zone.local_date(value)
        elif value is not None:
            yield value
