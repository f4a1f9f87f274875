"""Rows of one key: what names a row, in what two of them can differ, and which of them wins."""

from kampass.model.conform import quoted
from kampass.model.tables import Table


def state_columns(table: Table) -> list[str]:
    """The columns in which a row of a table can differ from another of its key."""
    return [*table.names, *table.more_columns]


def key_of(table: Table, of: str = "") -> str:
    """A table's key as a list of columns, of the relation `of`."""
    return ", ".join(f"{of}.{quoted(name)}" if of else quoted(name) for name in table.key)


def same(names: list[str] | tuple[str, ...], one: str, other: str) -> str:
    """The SQL that says two rows agree in these columns; null equals null."""
    return " AND ".join(
        f"{one}.{quoted(name)} IS NOT DISTINCT FROM {other}.{quoted(name)}" for name in names
    )


def ranked(versions: str, table: Table, *, first: bool = False) -> str:
    """The versions with `_rank` (1: it wins): the later one (of the lines of one load, the last
    or the `first`), unless its updated_at is older.

    A version without updated_at is never older, so only those after a key's last such version
    compete by it.
    """
    key = key_of(table)
    place = f"_load DESC, _line{'' if first else ' DESC'}"
    later = f"count(*) FILTER (WHERE updated_at IS NULL) OVER (PARTITION BY {key} ORDER BY {place})"
    order = f"_later, updated_at DESC NULLS FIRST, {place}"
    rank = f"row_number() OVER (PARTITION BY {key} ORDER BY {order})"
    return (
        f"SELECT * EXCLUDE (_later), {rank} AS _rank FROM (SELECT *, {later} AS _later FROM "
        f"({versions}))"
    )


def conflicting(lost: str, won: str, table: Table) -> str:
    """The SQL of the lines that lost to a line of their key that differs, with nothing to order the
    two: no updated_at, or the same.
    """
    return (
        f"SELECT l.* FROM ({lost}) l JOIN ({won}) w ON {same(table.key, 'l', 'w')} WHERE NOT "
        f"({same(state_columns(table), 'l', 'w')}) AND NOT coalesce(l.updated_at <> w.updated_at, "
        "false)"
    )
