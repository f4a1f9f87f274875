"""The day on which a book is read: the local date of the snapshot's known_at, and the last day for
which a KPI can be asked.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.facts.prepared import paid_lines
from kampass.model import TABLES
from kampass.workspace.view import Sight

PAID_LINES: Final = paid_lines("$grace")
"""The paid lines, for a statement that is run by `rows`."""
ACTIVITY: Final = ("success_touches", "clients_touched_distinct", "interaction_time")
"""What account managers do, where no activity KPI is switched on."""


def today(sight: Sight) -> date:
    """The local date at which the snapshot was known."""
    return sight.settings.calendar.local_date(sight.known_at)


def last_day(sight: Sight, *kpis: str) -> date:
    """The last local day that the data of all these KPIs reaches."""
    stretches = sight.engine().coverage.stretches
    tables = {
        table for kpi in kpis for table in sight.catalogue.get(kpi).needs if TABLES[table].gates
    }
    ends = [
        max(stretch.end for stretch in stretches[table]) for table in tables if stretches.get(table)
    ]
    return sight.settings.calendar.last_date_before(min([sight.known_at, *ends]))


def by_account(sight: Sight, kpi: str) -> dict[str, Answer]:
    """A KPI of every account at the end of the last day; nothing where it cannot be said."""
    found = sight.kpi(kpi, period=last_day(sight, kpi).isoformat(), by="account")
    return {
        answer.dimensions["account"]: answer
        for answer in found
        if answer.dimensions["account"] and answer.value is not None
    }


def rows(sight: Sight, sql: str, **values: object) -> list[dict[str, Any]]:
    """The rows of a statement that we wrote, by column; `$day`, `$zone` and `$grace` may be used
    beside the values given.
    """
    settings = sight.settings
    values |= {"day": today(sight), "zone": settings.calendar.timezone, "grace": settings.grace}
    found = sight.backend.run(
        sql, {name: value for name, value in values.items() if f"${name}" in sql}
    )
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
