"""Lines that are no rows (a torn footer, a row of totals) dismissed for good: known again by what
stands in them, wherever and whenever.

A dismissal is a load of its source that states nothing else, so it has a date, and dropping it
takes it back.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from kampass.errors import DataError
from kampass.store.quarantine import RowsAside
from kampass.workspace.home import Home
from kampass.workspace.loads.quarantine import SetAside, Wish, listed
from kampass.workspace.loads.replay import current


def dismiss(
    workspace: Home,
    wish: Wish,
    ids: Sequence[str],
    instant: Callable[[], datetime],
) -> tuple[SetAside, ...]:
    """Dismiss what is set aside and fits, or the rows of these ids, and publish; the rows.

    DataError where there is none, or one of them has no text by which it could be known again.
    """
    with workspace.writing():
        snapshot = current(workspace)
        rows = _wanted(listed(snapshot, wish, mended=False), ids)
        for place in _by_place(rows):
            workspace.journal.dismiss(place, snapshot.file, instant())
        workspace.snapshots.publish()
    return rows


def _by_place(rows: Sequence[SetAside]) -> list[RowsAside]:
    """The rows by their source and table."""
    marks: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        marks.setdefault((row.source, row.table), set()).add(row.id)
    return [RowsAside(*place, frozenset(found)) for place, found in sorted(marks.items())]


def _wanted(rows: Sequence[SetAside], ids: Sequence[str]) -> tuple[SetAside, ...]:
    found = tuple(row for row in rows if not ids or row.id in ids)
    lacking = [mark for mark in ids if not any(row.id == mark for row in found)]
    if lacking or not found:
        raise DataError(
            f"No row that is set aside has the _id '{lacking[0]}'."
            if lacking
            else "Nothing that is set aside fits.",
            code="not_set_aside",
            hint="'kampass data quarantine --rows --format json' names what is set aside.",
        )
    empty = next((row for row in found if row.row is None and not row.value), None)
    if empty:
        raise DataError(
            f"Line {empty.line} of '{empty.table}' has no text by which it could be known again.",
            code="not_set_aside",
            hint="Correct the line in its file.",
        )
    return found
