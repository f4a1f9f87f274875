"""Which changed rows stand behind a figure that moved: those it rests on, on either side."""

from collections.abc import Iterable, Mapping, Sequence

from kampass.catalogue import Kpi
from kampass.engine import Engine
from kampass.engine.question import Asked
from kampass.insight.explain.reliance import SourceKey, behind_difference
from kampass.model import TABLES
from kampass.periods import Period
from kampass.store.snapshots.difference import Difference, RowChange

Moved = Mapping[str, Sequence[Period]]
"""The periods in which each KPI's figure moved."""


def causes(
    rows: Difference, sides: tuple[Engine, Engine], kpis: Iterable[Kpi], moved: Moved
) -> dict[tuple[str, Period], tuple[RowChange, ...]]:
    """The changed rows behind every figure that moved, by KPI and period, in the tables' written
    order.

    An account that became a test account, or is none any more, changes whatever counts it without
    being a row of it: such a change stands behind every figure.
    """
    rests = {
        kpi.id: behind_difference(sides, kpi, Asked(tuple(moved[kpi.id])))
        for kpi in kpis
        if kpi.id in moved
    }
    wanted = {key for by_period in rests.values() for keys in by_period.values() for key in keys}
    changes = _changes(rows, wanted)
    everywhere = [change for change in changes.values() if "is_test" in change.columns]
    return {
        (kpi_id, period): tuple(
            _ordered(
                [
                    *(changes[key] for key in by_period.get(number, ()) if key in changes),
                    *everywhere,
                ]
            )
        )
        for kpi_id, by_period in rests.items()
        for number, period in enumerate(moved[kpi_id])
    }


def _changes(rows: Difference, wanted: set[SourceKey]) -> dict[SourceKey, RowChange]:
    """The changed rows among those wanted, and every account whose test mark changed."""
    found = {}
    for table in dict.fromkeys(["accounts", *sorted({table for table, _ in wanted})]):
        for change in rows.rows(table):
            key = (table, tuple(change.key.values()))
            if key in wanted or (
                table == "accounts" and "is_test" in change.columns and change.kind == "changed"
            ):
                found[key] = change
    return found


def _ordered(changes: Iterable[RowChange]) -> list[RowChange]:
    places = {name: place for place, name in enumerate(TABLES)}
    once = {(change.table, tuple(map(str, change.key.values()))): change for change in changes}
    return [once[key] for key in sorted(once, key=lambda key: (places[key[0]], key[1]))]
