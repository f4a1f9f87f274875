"""Which days each table is complete for: as `coverage` says, else as its rows and loads show.

A snapshot holds what was seen (first and newest rows, loads); what a source's silence means, the
settings of today say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from kampass.catalogue import Kpi
from kampass.engine.backend import Backend
from kampass.engine.planning.clock import a_year_before
from kampass.model import TABLES
from kampass.periods import Calendar, Period

FEWEST_DATES: Final = 20
FEWEST_DAYS: Final = 31
"""A source with fewer dates in a year, or one silent for no longer than this, is not thought
old.
"""


@dataclass(frozen=True)
class SourceTerms:
    """What the settings say of a source: nothing more comes of it, it is a file somebody uploaded,
    or its silence is true: `up_to_load` for these tables, "" for all.
    """

    ended: bool = False
    upload: bool = False
    up_to_load: frozenset[str] = frozenset()

    @property
    def any(self) -> bool:
        """Whether they say anything."""
        return self != SourceTerms()

    @property
    def rank(self) -> int:
        """Which of a table's sources say how far it reaches: those of the lowest rank. A table
        waits for those of rank 0; of uploads, and of what has ended, the latest stands.
        """
        return 2 if self.ended else 1 if self.upload else 0


_NOTHING_SAID: Final = SourceTerms()


@dataclass(frozen=True)
class Filled:
    """What a source's kept rows say of a table: their first local day by the table's own start, and
    of the dates up to the load the `newest`, how many there are in the year that ends with it, and
    the most days between two of them. `loaded_at` is None where people typed every row, or where
    its latest load had none; a source whose rows were all set aside has a load and no days.
    """

    table: str
    source: str
    loaded_at: datetime | None
    first: date | None
    newest: date | None
    dates: int
    gap: int

    def is_stale(self, loaded_on: date) -> bool:
        """Whether the rows end so long before the load that the file must be older than it."""
        if self.newest is None or self.dates < FEWEST_DATES:
            return False
        return (loaded_on - self.newest).days > max(FEWEST_DAYS, 2 * self.gap)


@dataclass(frozen=True)
class Stretch:
    """A stretch of time for which a table is complete; `stale` names the source whose rows end long
    before its load, where that is what ends it.
    """

    start: datetime
    end: datetime
    assumed: bool
    stale: str = ""


@dataclass(frozen=True)
class Reach:
    """What the data allows: a reason why nothing can be said, or how far it reaches."""

    reason: str | None
    through: datetime | None


@dataclass(frozen=True)
class Coverage:
    """Which tables are connected and which stretches they cover, as of `known_at`."""

    connected: frozenset[str]
    stretches: Mapping[str, tuple[Stretch, ...]]
    known_at: datetime
    terms: Mapping[str, SourceTerms] = field(default_factory=dict, repr=False)

    def reach(self, kpi: Kpi, period: Period, calendar: Calendar) -> Reach:
        """How far the data of every table the KPI needs reaches, seen from the period's start."""
        if any(table not in self.connected for table in kpi.needs):
            return Reach("not_connected", None)
        # A stretch that begins within the period says nothing of the period's beginning: what came
        # before it would count as nought.
        start = calendar.first_instant(period.start)
        found = [self._around(table, start) for table in kpi.needs if TABLES[table].gates]
        stretches = [stretch for stretch in found if stretch is not None]
        through = min([self.known_at, *(stretch.end for stretch in stretches)])
        begin = _begin(kpi, period, through, calendar)
        if len(stretches) < len(found) or any(stretch.start > begin for stretch in stretches):
            return Reach("not_covered", None)
        return Reach("not_covered" if start >= through else None, through)

    def _around(self, table: str, instant: datetime) -> Stretch | None:
        """The table's stretch that contains the instant."""
        known = self.stretches.get(table, ())
        return next((each for each in known if each.start <= instant < each.end), None)


def _begin(kpi: Kpi, period: Period, through: datetime, calendar: Calendar) -> datetime:
    """Where the data must have begun for the windows of a KPI that are never half known."""
    start = calendar.first_instant(period.start)
    match kpi.window_covered:
        case "previous":
            return calendar.first_instant(period.previous().start)
        case "year":
            return a_year_before(min(calendar.first_instant(period.end), through), calendar)
        case "earlier":
            return start - timedelta.resolution
        case _:
            return start


def read(
    backend: Backend, known_at: datetime, calendar: Calendar, terms: Mapping[str, SourceTerms]
) -> Coverage:
    """The coverage of a snapshot's tables."""
    stretches: dict[str, tuple[Stretch, ...]] = {}
    stated = 'SELECT "table", covered_from, covered_to FROM coverage_span ORDER BY ALL'
    for table, start, end in backend.run(stated).all():
        stretches[table] = (*stretches.get(table, ()), Stretch(start, end, assumed=False))
    filled: dict[str, list[Filled]] = {}
    columns = '"table", source, loaded_at, first, newest, dates, gap'
    for row in backend.run(f"SELECT {columns} FROM _filled ORDER BY ALL").all():
        filled.setdefault(row[0], []).append(Filled(*row))
    for table, sources in filled.items():
        assumed = assume(sources, terms, calendar)
        if assumed is not None and table not in stretches:
            stretches[table] = (assumed,)
    connected = backend.run('SELECT "table" FROM _connected').all()
    return Coverage(frozenset(row[0] for row in connected), stretches, known_at, terms)


def assume(
    sources: Sequence[Filled], terms: Mapping[str, SourceTerms], calendar: Calendar
) -> Stretch | None:
    """The stretch of a table of which nobody says what it covers: from the first day of the month
    of its first row to the end of the source that is furthest behind.
    """
    first = min((each.first for each in sources if each.first is not None), default=None)
    loaded = [each for each in sources if each.loaded_at is not None]
    if first is None or not loaded:
        return None
    ranks = {each.source: terms.get(each.source, _NOTHING_SAID).rank for each in loaded}
    lowest = min(ranks.values())
    ends = [_end(each, terms, calendar) for each in loaded if ranks[each.source] == lowest]
    end, stale = max(ends) if lowest else min(ends)
    return Stretch(calendar.first_instant(first.replace(day=1)), end, assumed=True, stale=stale)


def _end(
    filled: Filled, terms: Mapping[str, SourceTerms], calendar: Calendar
) -> tuple[datetime, str]:
    """How far a source's rows of a table reach, and its name where they end before its load."""
    assert filled.loaded_at is not None
    silent = terms.get(filled.source, _NOTHING_SAID).up_to_load
    if silent & {"", filled.table} or not filled.is_stale(calendar.local_date(filled.loaded_at)):
        return filled.loaded_at, ""
    assert filled.newest is not None
    return calendar.first_instant(filled.newest + timedelta(days=1)), filled.source
