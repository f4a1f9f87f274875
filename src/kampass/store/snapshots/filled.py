"""What each source's kept rows show of a table: where they begin, which dates they have.

How far a table is thought to reach follows from it and from the settings, when a question is asked.
"""

from collections.abc import Collection

from kampass.model import TABLES, Table
from kampass.model.conform import literal, quoted

_UNTOLD = {"updated_at", "deleted_at"}
"""Columns that say when a row was written, and nothing of what it is about."""
YEAR = 365


def sql(timezone: str, loaded: Collection[str]) -> str:
    """The SQL of what is known of each fact table that has loads and each source: `loaded_at` (of
    its latest load in `stating`, null where people typed its rows or that load had none), `first`,
    `newest`, `dates` and `gap`.
    """
    dated = [table for table in TABLES.values() if table.gates and table.start]
    facts = [table for table in dated if table.name in loaded] or dated[:1]
    first = " UNION ALL ".join(_first(table, timezone) for table in facts)
    days = " UNION ALL ".join(_days(table, timezone) for table in facts)
    return f"""
WITH first AS ({first}),
  day AS (
    SELECT DISTINCT "table", source, d.day FROM ({days}) d JOIN stating s USING ("table", source)
    WHERE d.day <= CAST(timezone({literal(timezone)}, s.loaded_at) AS DATE)),
  year AS (
    SELECT *, max(day) OVER (PARTITION BY "table", source) AS newest FROM day
    QUALIFY day > newest - {YEAR}),
  neighbour AS (
    SELECT *, day - lag(day) OVER (PARTITION BY "table", source ORDER BY day) AS gap FROM year),
  known AS (
    SELECT "table", source, any_value(newest) AS newest, count(*) AS dates,
      coalesce(max(gap), 0) AS gap
    FROM neighbour GROUP BY ALL)
SELECT "table", source, s.loaded_at, f.first, k.newest, coalesce(k.dates, 0) AS dates,
  coalesce(k.gap, 0) AS gap
FROM stating s FULL JOIN first f USING ("table", source) LEFT JOIN known k USING ("table", source)
ORDER BY ALL"""


def _first(table: Table, timezone: str) -> str:
    """The first local day of each source's rows; empty spans begin never."""
    day = "_day"
    if table.otherwise is not None:
        day = f"coalesce(_day, {day_of(table, table.otherwise, timezone)})"
    kept = (
        "WHERE valid_to IS NULL OR valid_to > valid_from"
        if table.has("valid_to") and table.start == "valid_from"
        else ""
    )
    return (
        f'SELECT {literal(table.name)} AS "table", _source AS source, min({day}) AS first '
        f"FROM {quoted(table.name)} {kept} GROUP BY _source"
    )


def _days(table: Table, timezone: str) -> str:
    """Each date and instant of the rows as a local day, once."""
    dated = [
        column.name
        for column in table.columns
        if column.type in {"date", "instant"} and column.name not in _UNTOLD
    ]
    cells = ["_day" if name == table.start else day_of(table, name, timezone) for name in dated]
    return " UNION ALL ".join(
        f'SELECT DISTINCT {literal(table.name)} AS "table", _source AS source, {cell} AS day '
        f"FROM {quoted(table.name)}"
        for cell in cells
    )


def day_of(table: Table, column: str, timezone: str) -> str:
    """The SQL of a column's local day."""
    if table.column(column).type == "date":
        return quoted(column)
    return f"CAST(timezone({literal(timezone)}, {quoted(column)}) AS DATE)"
