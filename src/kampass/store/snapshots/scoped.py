"""A snapshot seen through a scope: the same tables, row by row only what the scope may see.

Access is decided below the engine, not in its conditions: a question, an explanation, a list of
rows or a label reads views that hold nothing else, so no count, total or reason can tell of an
account that is not there. What belongs to no account is shown only where it says nothing about
anybody's accounts (`OPEN`); every other table is left out. A view that nobody made is an error,
never the whole table.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from kampass.access import Scope
from kampass.model.conform import literal, quoted
from kampass.store.snapshots.snapshot import LOCKED, Snapshot

OPEN = frozenset(
    {
        "users",
        "teams",
        "memberships",
        "products",
        "surveys",
        "fx_rates",
        "coverage",
        "coverage_span",
        "fx_span",
        "membership_span",
        "team_span",
        "team_tree",
        "employee_team_span",
        "_connected",
        "_filled",
        "_load",
        "_settings",
        "row_column",
    }
)
"""Tables that say nothing about an account: our own people and teams, products, surveys, rates, and
how far the data reaches, and what columns there are.
"""

_THROUGH = {"goal_measurements": ("goal_id", "goals")}
"""Tables whose account is that of the row they refer to."""

_POINTS_AT = ("parent_id", "referred_account_id")
"""Columns of visible rows that may name an account that is not: left empty then."""


@dataclass(frozen=True)
class ScopedSnapshot:
    """A snapshot as one scope sees it: what the engine reads."""

    id: str
    known_at: datetime
    window: "Window" = field(repr=False)
    schema: str = field(repr=False)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection whose unqualified names are the scope's views."""
        return self.window.cursor(self.schema)


class Window:
    """One snapshot's file, opened once for all scopes but the whole; it stays on disk as long as
    this is held.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._lock = threading.Lock()
        self._made: dict[str, ScopedSnapshot] = {}
        settings = {
            name: value
            for name, value in LOCKED.items()
            if name not in {"enable_external_access", "lock_configuration"}
        }
        self._connection = duckdb.connect(":memory:", config=settings)
        self._connection.execute(f"ATTACH {literal(str(snapshot.file))} AS snap (READ_ONLY)")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        found = self._connection.execute(
            "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE database_name = "
            "'snap' GROUP BY 1 ORDER BY 1"
        )
        self._tables: dict[str, list[str]] = dict(found.fetchall())

    def through(self, scope: Scope) -> "Snapshot | ScopedSnapshot":
        """The snapshot as the scope sees it."""
        if scope.accounts is None:
            return self.snapshot
        with self._lock:
            if scope.key not in self._made:
                self._made[scope.key] = self._make(f"s_{scope.key}", scope.accounts)
            return self._made[scope.key]

    def cursor(self, schema: str) -> duckdb.DuckDBPyConnection:
        """A connection of one's own that reads the views of a schema."""
        with self._lock:
            cursor = self._connection.cursor()
        cursor.execute(f"USE memory.{quoted(schema)}")
        return cursor

    def _make(self, schema: str, accounts: frozenset[str]) -> ScopedSnapshot:
        cursor = self._connection.cursor()
        cursor.execute(f"CREATE SCHEMA memory.{quoted(schema)}")
        mine = f"memory.{quoted(schema)}.{quoted('?mine')}"
        cursor.execute(
            f"CREATE TABLE {mine} AS SELECT unnest($accounts::VARCHAR[]) AS id",
            {"accounts": sorted(accounts)},
        )
        for table, columns in self._tables.items():
            view = f"memory.{quoted(schema)}.{quoted(table)}"
            cursor.execute(
                f"CREATE VIEW {view} AS SELECT {_columns(columns, mine)} FROM "
                f"snap.main.{quoted(table)} t WHERE {_visible(table, columns, mine)}"
            )
        return ScopedSnapshot(self.snapshot.id, self.snapshot.known_at, self, schema)


def _columns(columns: list[str], mine: str) -> str:
    hidden = [
        (
            f"CASE WHEN {quoted(name)} IN (SELECT id FROM {mine}) THEN {quoted(name)} END AS "
            f"{quoted(name)}"
        )
        for name in _POINTS_AT
        if name in columns
    ]
    # A team's parent is a team, whose names are open.
    return (
        f"* REPLACE ({', '.join(hidden)})"
        if hidden
        and "account_id" not in columns
        and ("is_test" in columns or "referrer_account_id" in columns)
        else "*"
    )


def _visible(table: str, columns: list[str], mine: str) -> str:
    """The condition under which a row may be seen."""
    name = table.removeprefix("live_")
    if name in OPEN:
        return "true"
    if name in {"accounts", "test_account"}:
        return f"t.id IN (SELECT id FROM {mine})"
    if name in _THROUGH:
        column, other = _THROUGH[name]
        return (
            f"t.{column} IN (SELECT id FROM snap.main.{other} WHERE account_id IN (SELECT id "
            f"FROM {mine}))"
        )
    owner = next(
        (column for column in ("account_id", "referrer_account_id") if column in columns), None
    )
    return f"t.{owner} IN (SELECT id FROM {mine})" if owner else "false"
