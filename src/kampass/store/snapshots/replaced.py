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
from kampass.store.records import Load

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

    A row that began at another moment or is another account's is another row. What else differs may
    be one row over time, as in two exports that overlap: it counts where two sources contradict
    each other in half of what they share, and `updated_at` does not order the two. A source that
    has stated its whole table since, and not this key, states it no more.
    """
    heard = wholly_read(table, loads)
    if len(heard) < 2 or table.name == "coverage":  # noqa: PLR2004 - two share
        return
    last = ", ".join(f"({literal(source)}, {load})" for source, load in heard.items())
    shared = (
        f"SELECT {key_of(table)} FROM contending GROUP BY ALL HAVING min(_source) <> max(_source)"
    )
    words = (
        f"SELECT c.* FROM contending c SEMI JOIN ({shared}) s ON {same(table.key, 'c', 's')} "
        f"QUALIFY row_number() OVER (PARTITION BY {key_of(table, 'c')}, _source ORDER BY _load "
        "DESC, _line DESC) = 1"
    )
    stated = [name for name in state_columns(table) if name not in _UNTOLD]
    key = ", ".join(f"w.{quoted(name)}" for name in table.key)
    pairs = (
        f"SELECT concat_ws(', ', {key}) AS key, w._source AS source, {line_of('w._line')} AS line, "
        f"l._source AS other, {line_of('l._line')} AS other_line, {same(stated, 'l', 'w')} AS "
        f"alike, {_is_another(table)} AS another, {_contradicts(table, stated)} AS contradicts, "
        "coalesce(l.updated_at <> w.updated_at, false) AS ordered, heard.load <= w._load AS "
        f"stands FROM ({words}) l JOIN latest w ON {same(table.key, 'l', 'w')} AND l._source <> "
        f"w._source JOIN (VALUES {last}) heard(source, load) ON heard.source = l._source WHERE NOT "
        "l._deleted AND NOT w._deleted"
    )
    connection.execute(
        f"INSERT INTO _replaced SELECT {literal(table.name)}, key, source, line, other, other_line "
        f"FROM ({pairs}) WHERE ordered OR stands WINDOW two AS (PARTITION BY source, other) "
        "QUALIFY NOT alike AND (another OR NOT ordered AND 2 * count_if(another OR NOT alike AND "
        "contradicts) OVER two >= count(*) OVER two)"
    )


def _is_another(table: Table) -> str:
    """The SQL that says that two versions of a key were never one row."""
    names = [name for name in (table.start, "account_id") if name and table.has(name)]
    apart = [f"coalesce(l.{quoted(name)} <> w.{quoted(name)}, false)" for name in names]
    return f"({' OR '.join(apart) or 'false'})"


def _contradicts(table: Table, stated: Sequence[str]) -> str:
    """The SQL that says that one version is not merely the other, later: it has another name, or
    lacks what the other has; where the key is what the row is about, that it differs at all.
    """
    if table.key != ("id",):
        return "true"
    lost = [f"l.{quoted(name)} IS NOT NULL AND w.{quoted(name)} IS NULL" for name in stated]
    named = ["coalesce(l.name <> w.name, false)"] if table.has("name") else []
    return f"({' OR '.join([*named, *lost])})"


def wholly_read(table: Table, loads: Sequence[Load]) -> dict[str, int]:
    """The sources that state a table, each with the last load that read the whole of it, or 0."""
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
