"""An empty CSV of a canonical table, and what its columns mean."""

from kampass.model import Column, Table

_KINDS = {
    "text": "text",
    "date": "date, 2026-03-01",
    "instant": "timestamp with offset or Z, 2026-03-01T09:30:00Z, or a date",
    "decimal": "number, 1234.5",
    "rate": "number, 1.0875",
    "integer": "whole number",
    "bool": "true or false",
}


def header(table: Table) -> str:
    """The header line of the table's CSV."""
    return ",".join(
        column.name for column in table.columns if column.name not in {"updated_at", "deleted_at"}
    )


def explanation(table: Table) -> str:
    """One line per column: its type, whether it is required, what it refers to, which values it
    takes.
    """
    width = max(len(column.name) for column in table.columns)
    lines = [
        f"{table.name}: {table.about}. Key: {', '.join(table.key)}.",
        *(f"  {column.name:<{width}}  {_meaning(column)}" for column in table.columns),
    ]
    if table.name == "accounts":
        lines.append("  Any further column becomes an attribute to cut by.")
    elif table.more:
        lines.append(
            "  Any further column is kept: what is counted of these rows can be cut by it."
        )
    return "\n".join(lines)


def _meaning(column: Column) -> str:
    parts = [
        "required" if column.required else "optional",
        f"one of {', '.join(column.choices)}" if column.choices else _KINDS[column.type],
    ]
    if column.refers_to:
        parts.append(f"id of {column.refers_to}")
    if column.about:
        parts.append(column.about)
    return "; ".join(parts)
