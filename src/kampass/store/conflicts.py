"""Lines of one key that differ, with nothing to order them: how many lost, as loads have it."""

from collections.abc import Iterable

from kampass.store.loading.incoming import is_by_hand
from kampass.store.records import Load


def conflicting(loads: Iterable[Load]) -> dict[str, int]:
    """How many lines of each table differ from the one of their key that counts, with nothing to
    order them, by each source's latest word on the table.
    """
    latest: dict[tuple[str, str], int] = {}
    for load in loads:
        for row in load.tables:
            if not is_by_hand(row):
                before = latest.get((load.source, row.table), 0) if row.changes else 0
                latest[load.source, row.table] = before + row.conflicting
    found: dict[str, int] = {}
    for (_, table), lines in latest.items():
        found[table] = found.get(table, 0) + lines
    return found
