"""Versions of rows: what the journal holds of a key, and which of them wins."""

from kampass.model import SQL_TYPES, Table
from kampass.model.conform import quoted


def lineage_columns(table: Table) -> list[str]:
    """The columns of a journal file beside the table's own."""
    return ["_line", "_deleted", *(["_extra"] if table.name == "accounts" else [])]


def may_be_set_aside(table: Table) -> bool:
    """Whether publishing may set rows of this table aside: it judges required references and the scores of responses."""
    return table.name == "responses" or any(column.required and column.refers_to for column in table.columns)


def nothing(table: Table) -> str:
    """The SQL of no version at all, with every column."""
    extra = ", NULL::MAP(VARCHAR, VARCHAR) AS _extra" if table.name == "accounts" else ""
    cells = ", ".join(f"NULL::{SQL_TYPES[column.type]} AS {quoted(column.name)}" for column in table.columns)
    return f"SELECT {cells}{extra}, NULL::BIGINT AS _line, false AS _deleted, 0::BIGINT AS _load, '' AS _source WHERE false"


def winners(versions: str, table: Table) -> str:
    """The SQL of each key's winning version: the later one, unless its updated_at is older.

    A version without updated_at is never older, so only those after a key's last such version compete by it.
    """
    key = ", ".join(quoted(name) for name in table.key)
    later = f"count(*) FILTER (WHERE updated_at IS NULL) OVER (PARTITION BY {key} ORDER BY _load DESC, _line DESC)"
    order = "_later, updated_at DESC NULLS FIRST, _load DESC, _line DESC"
    return f"SELECT * EXCLUDE (_later) FROM (SELECT *, {later} AS _later FROM ({versions})) QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"
