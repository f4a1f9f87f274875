"""Versions of rows: what the journal holds of a key, and which of them wins.

Most keys have one version, so only those with several are ever sorted: that keeps large tables
within little memory.
"""

import duckdb

from kampass.model import SQL_TYPES, Table
from kampass.model.conform import quoted


def state_columns(table: Table) -> list[str]:
    """The columns in which a row of a table can differ from another of its key."""
    return [*table.names, *table.more_columns]


def lineage_columns(table: Table) -> list[str]:
    """The columns of a journal file beside the table's own."""
    return ["_line", "_deleted", *table.more_columns]


def key_of(table: Table, of: str = "") -> str:
    """A table's key as a list of columns, of the relation `of`."""
    return ", ".join(f"{of}.{quoted(name)}" if of else quoted(name) for name in table.key)


def same(names: list[str] | tuple[str, ...], one: str, other: str) -> str:
    """The SQL that says two rows agree in these columns; null equals null."""
    return " AND ".join(
        f"{one}.{quoted(name)} IS NOT DISTINCT FROM {other}.{quoted(name)}" for name in names
    )


def may_be_set_aside(table: Table) -> bool:
    """Whether publishing may set rows of this table aside: it judges required references and the
    scores of responses.
    """
    return table.name == "responses" or any(
        column.required and column.refers_to for column in table.columns
    )


def nothing(table: Table) -> str:
    """The SQL of no version at all, with every column."""
    extra = ", NULL::MAP(VARCHAR, VARCHAR) AS _extra" if table.more else ""
    cells = ", ".join(
        f"NULL::{SQL_TYPES[column.type]} AS {quoted(column.name)}" for column in table.columns
    )
    return (
        f"SELECT {cells}{extra}, NULL::BIGINT AS _line, false AS _deleted, 0::BIGINT AS _load, "
        "'' AS _source WHERE false"
    )


def _ranked(versions: str, table: Table) -> str:
    """The versions with `_rank` (1: it wins): the later one, unless its updated_at is older.

    A version without updated_at is never older, so only those after a key's last such version
    compete by it.
    """
    key = key_of(table)
    later = (
        f"count(*) FILTER (WHERE updated_at IS NULL) OVER (PARTITION BY {key} ORDER BY _load "
        "DESC, _line DESC)"
    )
    order = "_later, updated_at DESC NULLS FIRST, _load DESC, _line DESC"
    rank = f"row_number() OVER (PARTITION BY {key} ORDER BY {order})"
    return (
        f"SELECT * EXCLUDE (_later), {rank} AS _rank FROM (SELECT *, {later} AS _later FROM "
        f"({versions}))"
    )


def winners(versions: str, table: Table) -> str:
    """The SQL of each key's winning version."""
    return f"SELECT * EXCLUDE (_rank) FROM ({_ranked(versions, table)}) WHERE _rank = 1"


def stage_losers(
    connection: duckdb.DuckDBPyConnection, versions: str, table: Table, name: str
) -> int:
    """Stage key, `_load` and `_line` of every version that does not win as the table `name`; how
    many there are.
    """
    key = key_of(table)
    connection.execute(
        f"CREATE TEMP TABLE rival AS SELECT {key} FROM ({versions}) GROUP BY ALL HAVING count(*) "
        "> 1"
    )
    narrow = (
        f"SELECT {key_of(table, 'v')}, v.updated_at, v._load, v._line FROM ({versions}) v SEMI "
        f"JOIN rival r ON {same(table.key, 'v', 'r')}"
    )
    connection.execute(
        f"CREATE TEMP TABLE {name} AS SELECT {key}, _load, _line FROM ({_ranked(narrow, table)}) "
        "WHERE _rank > 1"
    )
    connection.execute("DROP TABLE rival")
    found = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    return int(found[0]) if found else 0


def without(versions: str, losers: str, table: Table) -> str:
    """The SQL of the versions that are not in such a table of losers."""
    return (
        f"SELECT v.* FROM ({versions}) v ANTI JOIN {losers} l ON "
        f"{same((*table.key, '_load', '_line'), 'v', 'l')}"
    )
