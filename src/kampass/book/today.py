"""The day on which a book is read: that of the latest load, or where a table's data ends before it
the last day that is covered; and the last day for which a KPI can be asked.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.engine.planning.coverage import Stretch
from kampass.facts.prepared import paid_lines
from kampass.model import TABLES
from kampass.workspace.view import Sight

PAID_LINES: Final = paid_lines("$grace")
"""The paid lines, for a statement that is run by `rows`."""
ACTIVITY: Final = ("success_touches", "clients_touched_distinct", "interaction_time")
"""What account managers do, where no activity KPI is switched on."""


def today(sight: Sight, table: str = "") -> date:
    """The day on which a table's rows are read: the snapshot's, or the last one covered where the
    table ends before it. Without a table the snapshot's.
    """
    calendar, stretches = sight.settings.calendar, sight.engine().coverage.stretches.get(table)
    if not stretches or stretches[-1].end >= sight.known_at:
        return calendar.local_date(sight.known_at)
    return calendar.last_date_before(stretches[-1].end)


def last_day(sight: Sight, *kpis: str) -> date:
    """The last local day that the data of all these KPIs reaches."""
    ends = [stretches[-1].end for stretches in _covered(sight, kpis)]
    return sight.settings.calendar.last_date_before(min([sight.known_at, *ends]))


def year_to(sight: Sight, end: date, kpi: str) -> str:
    """The year that ends with a day, as a period: as much of it as the KPI's data reaches back."""
    calendar = sight.settings.calendar
    begins = [calendar.local_date(stretches[-1].start) for stretches in _covered(sight, (kpi,))]
    start = max([end - timedelta(days=364), *begins])
    return f"{min(start, end)}..{end}"


def _covered(sight: Sight, kpis: Iterable[str]) -> list[tuple[Stretch, ...]]:
    """The stretches of each table that these KPIs need, where there are any."""
    known = sight.engine().coverage.stretches
    tables = {
        table for kpi in kpis for table in sight.catalogue.get(kpi).needs if TABLES[table].gates
    }
    return [known[table] for table in tables if known.get(table)]


def by_account(sight: Sight, kpi: str) -> dict[str, Answer]:
    """A KPI of every account at the end of the last day; nothing where it cannot be said."""
    found = sight.kpi(kpi, period=last_day(sight, kpi).isoformat(), by="account")
    return {
        answer.dimensions["account"]: answer
        for answer in found
        if answer.dimensions["account"] and answer.value is not None
    }


def rows(sight: Sight, sql: str, **values: object) -> list[dict[str, Any]]:
    """The rows of a statement that we wrote, by column; `$day`, for the rows of a fact table
    `$day_tickets` and so on, `$zone` and `$grace` may be used beside the values given.
    """
    settings = sight.settings
    values |= {"zone": settings.calendar.timezone, "grace": settings.grace}
    read = set(re.findall(r"\$(\w+)", sql))
    days = {name for name in read if name.partition("_")[0] == "day"}
    values |= {name: today(sight, name.removeprefix("day").removeprefix("_")) for name in days}
    found = sight.backend.run(sql, {name: values[name] for name in read & values.keys()})
    names = found.names
    return [dict(zip(names, row, strict=True)) for row in found.all()]


def enabled(sight: Sight, kind: str, otherwise: Iterable[str] = ()) -> list[Kpi]:
    """The KPIs of a kind that are switched on and accounts can cut; others where none is."""
    settings = sight.home.settings
    found = [sight.catalogue.get(name) for name in settings.enabled]
    kept = [
        kpi
        for kpi in found
        if kpi.kind == kind and kpi.takes_any_account_dimension and not kpi.suppress_below
    ]
    return kept or [sight.catalogue.get(name) for name in otherwise if name in sight.catalogue.kpis]
