"""Versions of rows: what the journal holds of a key, and which of them wins.

Most keys have one version, so only those with several are ever sorted: that keeps large tables
within little memory.
"""

import duckdb

from kampass.model import SQL_TYPES, Table
from kampass.model.conform import quoted
from kampass.model.keys import key_of, ranked, same


def lineage_columns(table: Table) -> list[str]:
    """The columns of a journal file beside the table's own."""
    return ["_line", "_deleted", *table.more_columns]


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


def winners(versions: str, table: Table) -> str:
    """The SQL of each key's winning version."""
    return f"SELECT * EXCLUDE (_rank) FROM ({ranked(versions, table)}) WHERE _rank = 1"


def stage_losers(
    connection: duckdb.DuckDBPyConnection,
    versions: str,
    table: Table,
    name: str,
    *,
    first: bool = False,
) -> int:
    """Stage key, `_load` and `_line` of every version that does not win as the table `name`; how
    many there are. Of the lines of one load, the last wins, or the `first`.
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
    rows = ranked(narrow, table, first=first)
    connection.execute(
        f"CREATE TEMP TABLE {name} AS SELECT {key}, _load, _line FROM ({rows}) WHERE _rank > 1"
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
