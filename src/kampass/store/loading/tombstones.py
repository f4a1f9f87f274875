"""Keys that a source says are deleted: versions of their rows that hold nothing but the key, and
when.

A deletion is a version among the others: one with an instant loses to a row that was changed after
it, whichever came first; one without counts where it stands. Only rows of the source itself are
ended.
"""

from collections.abc import Iterable, Sequence

import duckdb

from kampass.errors import DataError
from kampass.model import SQL_TYPES, Table
from kampass.model.conform import literal, quoted, typed
from kampass.model.keys import key_of, same
from kampass.model.messages import Deleted
from kampass.store.versions import may_be_set_aside


def stage(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    said: Sequence[tuple[int, Deleted]],
    timezone: str,
) -> None:
    """Stage deletions, each with the number after which its lines begin, as `tombstone`."""
    import pyarrow as pa

    rows = [
        (*key, deleted.at, begins + number)
        for begins, deleted in said
        for number, key in enumerate(deleted.keys, start=1)
    ]
    cells = list(zip(*rows, strict=True)) or [()] * (len(table.key) + 2)
    columns = {
        name: pa.array(of_key, pa.string()) for name, of_key in zip(table.key, cells, strict=False)
    }
    columns["_at"] = pa.array(cells[-2], pa.timestamp("us", tz="UTC"))
    columns["_line"] = pa.array(cells[-1], pa.int64())
    connection.register("deleted_keys", pa.table(columns))
    connection.execute(
        f"CREATE TEMP TABLE tombstone AS SELECT {', '.join(_cells(table, timezone))} FROM "
        "deleted_keys"
    )
    connection.unregister("deleted_keys")
    _refuse_unreadable(connection, table)


def stage_ended(
    connection: duckdb.DuckDBPyConnection, table: Table, source: str, versions: str | None
) -> int:
    """Stage the deletions that say something the journal does not know as `ended`; how many of them
    end a row.

    `versions` is the SQL of what the journal holds and `known` the winners among it; `repeated` are
    the lines of this load that lost to another of their key, and `kept` those of them that it
    writes nevertheless: a deletion that beat them is written too. One that lost to a later version
    is written where publishing may yet set that version aside.
    """
    alive = f"NOT k._deleted AND k._source = {literal(source)}"
    ends = (
        f"_wins AND coalesce({alive} AND NOT coalesce(t.updated_at < k.updated_at, false), false)"
    )
    is_later = (
        "(t.updated_at IS NOT NULL AND (k._source IS NULL OR k._deleted) AND "
        "coalesce(t.updated_at > k.updated_at, true))"
    )
    beats = f"EXISTS (FROM kept b WHERE {same(table.key, 't', 'b')})"
    says = f"_wins AND ({is_later} OR {ends} OR {beats})"
    if may_be_set_aside(table):
        says = f"({says}) OR ({_lost_to_a_version(table, versions)})"
    lost = f"EXISTS (FROM repeated r WHERE {same((*table.key, '_line'), 't', 'r')})"
    connection.execute(
        f"CREATE TEMP TABLE ended AS SELECT t.*, {ends} AS _ends FROM (SELECT *, NOT {lost} AS "
        f"_wins FROM tombstone t) t LEFT JOIN known k ON {same(table.key, 't', 'k')} WHERE {says}"
    )
    row = connection.execute("SELECT count(*) FROM ended WHERE _ends").fetchone()
    assert row is not None
    return int(row[0])


def _lost_to_a_version(table: Table, versions: str | None) -> str:
    """The condition that a later row beats a deletion which the journal does not hold."""
    key = same(table.key, "t", "o")
    later = f"EXISTS (FROM stated o WHERE {key} AND o.updated_at > t.updated_at)"
    beaten = f"{later} OR coalesce(NOT k._deleted AND k.updated_at > t.updated_at, false)"
    held = f"FROM ({versions}) o WHERE o._deleted AND {key} AND o.updated_at = t.updated_at"
    return f"({beaten}) AND NOT EXISTS ({held})" if versions else beaten


def _cells(table: Table, timezone: str) -> Iterable[str]:
    """A whole row of the table's shape that holds only its key and when it was deleted."""
    for column in table.columns:
        name = quoted(column.name)
        if column.name in table.key:
            yield f"{typed(column, 'VARCHAR', timezone)} AS {name}"
        elif column.name in {"updated_at", "deleted_at"}:
            yield f"_at AS {name}"
        else:
            yield f"NULL::{SQL_TYPES[column.type]} AS {name}"
    if table.more:
        yield "NULL::MAP(VARCHAR, VARCHAR) AS _extra"
    yield from ("_line", "0 AS _load", "true AS _deleted")


def _refuse_unreadable(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """A key that cannot be read would delete nothing, and nobody would know."""
    needed = [name for name in table.key if table.column(name).required]
    empty = " OR ".join(f"{quoted(name)} IS NULL" for name in needed)
    if connection.execute(f"SELECT {key_of(table)} FROM tombstone WHERE {empty}").fetchone():
        raise DataError(
            f"The source says that a row of '{table.name}' is deleted, and its key cannot be read.",
            code="unreadable_file",
            hint=f"The key of {table.name} is {', '.join(table.key)}.",
        )
