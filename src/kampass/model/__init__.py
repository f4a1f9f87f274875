"""The nouns: the canonical tables, their keys and types. No IO here."""

from kampass.model.tables import SQL_TYPES, TABLES, Column, Table

__all__ = ["SQL_TYPES", "TABLES", "Column", "Table"]
