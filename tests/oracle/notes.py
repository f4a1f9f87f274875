"""What must be known before the value of a whole book is believed: the notes that follow from rows
and coverage alone.
"""

from __future__ import annotations

from datetime import date

from .coverage import assumed_end, having_a_say, source_end, stale_since, stretches
from .known import Known
from .schema import FACT_STARTS

CODES = ("conflicting_lines", "stale", "covered", "no_rate")


def notes(
    known: Known, needs: tuple[str, ...], end: date, reason: str | None
) -> dict[str, int | None]:
    """The notes of `CODES` with what they count; None where they count nothing that is said."""
    found: dict[str, int | None] = {}
    if lost := sum(known.lost_lines(table) for table in needs):
        found["conflicting_lines"] = lost
    if any(ends_stale(known, table, end) for table in needs if table in FACT_STARTS):
        found["stale"] = None
    if reason == "not_covered":
        found["covered"] = None
    if reason == "missing_rate":
        found["no_rate"] = None
    return found


def ends_stale(known: Known, table: str, end: date) -> bool:
    """Whether a table ends before a period's end because a file is older than its load."""
    if not stretches(known, table) or any(row.table == table for row in known["coverage"]):
        return False
    finish = assumed_end(known, table)
    if finish >= known.zone.first_instant(end):
        return False
    ending = [
        told for told in having_a_say(known, table) if source_end(known, told, table) == finish
    ]
    return all(stale_since(known, told, table) is not None for told in ending)


def set_aside(known: Known, needs: tuple[str, ...]) -> int:
    """How many rows of the tables are set aside, wherever they lie."""
    return sum(table in needs for table, *_ in known.quarantine)
