"""Rows that took the place of another source's row with the same key: kept in a snapshot, told by a
plausibility check.

Sources that count their rows from 1 share ids without sharing rows, and the later load counts.
"""

from collections.abc import Sequence

import duckdb

from kampass.model import Table
from kampass.model.conform import literal, quoted
from kampass.model.keys import key_of, same, state_columns
from kampass.model.scan import line_of
from kampass.store.loading.incoming import is_by_hand
from kampass.store.manifest import Load

CREATED = (
    'CREATE TABLE _replaced ("table" VARCHAR, key VARCHAR, source VARCHAR, line BIGINT, other '
    "VARCHAR, other_line BIGINT)"
)
"""Each row that counts, and the `other` source whose different row of that key does not."""

_UNTOLD = {"updated_at", "deleted_at"}


def keep_replaced(
    connection: duckdb.DuckDBPyConnection, table: Table, loads: Sequence[Load]
) -> None:
    """Keep what was replaced of a table of which `latest` has the version of each key that wins,
    and `contending` all good ones and deletions of these keys; nothing where one source states it.

    A source that has stated its whole table since, and not this key, states it no more. Rows that
    `updated_at` orders are one row over time, unless it began at another moment or is another
    account's.
    """
    heard = _heard(table, loads)
    if len(heard) < 2 or table.name == "coverage":  # noqa: PLR2004 - two share
        return
    last = ", ".join(f"({literal(source)}, {load})" for source, load in heard.items())
    stated = [name for name in state_columns(table) if name not in _UNTOLD]
    began = [name for name in (table.start, "account_id") if name in stated]
    is_one = same(began, "l", "w") or "true"
    key = ", ".join(f"w.{quoted(name)}" for name in table.key)
    shared = (
        f"SELECT {key_of(table)} FROM contending GROUP BY ALL HAVING min(_source) <> max(_source)"
    )
    latest_words = (
        f"SELECT c.* FROM contending c SEMI JOIN ({shared}) s ON {same(table.key, 'c', 's')} "
        f"QUALIFY row_number() OVER (PARTITION BY {key_of(table, 'c')}, _source ORDER BY _load "
        "DESC, _line DESC) = 1"
    )
    connection.execute(
        f"INSERT INTO _replaced SELECT {literal(table.name)}, concat_ws(', ', {key}), w._source, "
        f"{line_of('w._line')}, l._source, {line_of('l._line')} FROM ({latest_words}) l JOIN "
        f"latest w ON {same(table.key, 'l', 'w')} AND l._source <> w._source JOIN (VALUES {last}) "
        "heard(source, load) ON heard.source = l._source WHERE NOT l._deleted AND NOT w._deleted "
        f"AND NOT ({same(stated, 'l', 'w')}) AND CASE WHEN l.updated_at <> w.updated_at THEN NOT "
        f"({is_one}) ELSE heard.load <= w._load END"
    )


def _heard(table: Table, loads: Sequence[Load]) -> dict[str, int]:
    """The sources that state a table, each with the last load that read the whole of it."""
    digests: dict[str, str] = {}
    heard: dict[str, int] = {}
    for load in loads:
        for row in load.tables:
            if row.table != table.name or is_by_hand(row):
                continue
            read = not row.changes and digests.get(load.source) != row.digest
            heard[load.source] = load.id if read else heard.get(load.source, 0)
            digests[load.source] = row.digest
    return heard
