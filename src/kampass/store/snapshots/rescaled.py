"""Loads that state every amount of a source anew, and all of them twelve or a hundred times what
they were, or a part as small: kept in a snapshot, told by a plausibility check.
"""

from collections.abc import Sequence

import duckdb

from kampass.model import Table
from kampass.model.conform import literal
from kampass.model.keys import key_of, same
from kampass.store.records import Load
from kampass.store.snapshots.replaced import wholly_read

CREATED = (
    'CREATE TABLE _rescaled ("table" VARCHAR, source VARCHAR, load BIGINT, lines BIGINT, times '
    "VARCHAR)"
)
"""A source's latest load, how many lines it states anew, and how many times their mrr is."""

_FACTORS = {"12": 12, "100": 100, "1,000": 1000, "a 12th of": 1 / 12, "a 100th of": 1 / 100}
_LEAST, _NEARLY = 8, 0.005


def keep_rescaled(
    connection: duckdb.DuckDBPyConnection, table: Table, loads: Sequence[Load]
) -> None:
    """Keep which sources' latest loads changed the mrr of all their lines by one such factor, given
    `latest` and `contending` as in `keep_replaced`. A table that was read otherwise has no earlier
    lines to compare with.
    """
    if table.name != "subscriptions":
        return
    last = ", ".join(
        f"({literal(source)}, {load})" for source, load in wholly_read(table, loads).items() if load
    )
    if not last:
        return
    times = " ".join(
        f"WHEN bool_and(abs(ratio / {factor!r} - 1) < {_NEARLY}) THEN {literal(name)}"
        for name, factor in _FACTORS.items()
    )
    anew = (
        "SELECT any_value(w._source) AS source, any_value(w._load) AS load, any_value(w.mrr) / "
        f"arg_max(c.mrr, (c._load, c._line)) AS ratio FROM latest w JOIN (VALUES {last}) "
        "heard(source, load) ON heard.source = w._source AND heard.load = w._load JOIN contending "
        f"c ON {same(table.key, 'c', 'w')} AND c._source = w._source AND c._load < w._load WHERE "
        "w.mrr > 0 AND c.mrr > 0 AND NOT w._deleted AND NOT c._deleted GROUP BY "
        f"{key_of(table, 'w')}"
    )
    connection.execute(
        f"INSERT INTO _rescaled SELECT * FROM (SELECT {literal(table.name)}, source, load, count(*)"
        f" AS lines, CASE {times} END AS times FROM ({anew}) GROUP BY source, load) WHERE lines >= "
        f"{_LEAST} AND times IS NOT NULL"
    )
