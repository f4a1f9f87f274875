"""DuckDB as the engine's database: a snapshot, whole or as a scope sees it, or nothing at all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from kampass.engine.backend import Cells
from kampass.engine.budget import running

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_AT_ONCE = 5000


class HasCursor(Protocol):
    """What hands out connections to read with."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own."""
        ...


class DuckDBBackend:
    """A DuckDB database, each statement on a connection of its own."""

    dialect = "duckdb"
    errors: tuple[type[Exception], ...] = (duckdb.Error,)
    unreadable: tuple[type[Exception], ...] = (duckdb.IOException,)

    def __init__(self, database: HasCursor) -> None:
        self._database = database

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "DuckDBSelection":
        """Run a statement; TooLarge where it would take longer than its request may."""
        cursor = self._database.cursor()
        with running(cursor.interrupt):
            return DuckDBSelection(cursor.execute(sql, parameters))

    def tables(self) -> frozenset[str]:
        """The tables and views that a name without a schema finds."""
        listed = "SELECT table_name FROM information_schema.tables WHERE table_schema = "
        return frozenset(name for (name,) in self.run(f"{listed}current_schema()").all())


class DuckDBSelection:
    """The rows of a statement, read from its cursor as they are taken."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column[0] for column in self._cursor.description)

    def all(self) -> list[Cells]:
        """Every row."""
        return self._cursor.fetchall()

    def first(self) -> Cells | None:
        """The first row, if there is any."""
        return self._cursor.fetchone()

    def each(self) -> Iterator[Cells]:
        """Row by row, some thousand at a time."""
        while batch := self._cursor.fetchmany(_AT_ONCE):
            yield from batch

    def arrow(self) -> "pa.Table":
        """Every row, as a table of Arrow."""
        return self._cursor.to_arrow_table()

    def numpy(self) -> "dict[str, np.ndarray[Any, Any]]":
        """Every column as an array, masked where it has nulls."""
        return self._cursor.fetchnumpy()


@contextmanager
def scratch() -> Iterator[DuckDBBackend]:
    """A database with nothing in it, to work out an expression."""
    with duckdb.connect() as connection:
        yield DuckDBBackend(connection)
