"""A database in memory, in which files are read: what a relation holds, asked once."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from os import getpid
from typing import TYPE_CHECKING, Any

from kampass.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    Connection = DuckDBPyConnection


@cache
def _database(_process: int) -> "Connection":
    """The one database of a process: to open one takes longer than most questions to it. It keeps
    nothing of the files that were read.
    """
    import duckdb

    return duckdb.connect(config={"enable_external_file_cache": False})


@contextmanager
def in_memory(objects: Mapping[str, Any] | None = None) -> "Iterator[Connection]":
    """A connection in which there is nothing but these objects, under their names; it sees nothing
    of another's.
    """
    with closing(_database(getpid()).cursor()) as connection:
        for name, value in (objects or {}).items():
            connection.register(name, value)
        yield connection


def ask(sql: str, objects: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of a statement over files and objects."""
    with in_memory(objects) as connection:
        return connection.execute(sql).fetchall()


def columns_of(relation: str, file: "Path") -> dict[str, str]:
    """The columns of a Parquet file's relation with their types; DataError where any of it cannot
    be read.
    """
    import duckdb

    with in_memory() as connection:
        try:
            described = connection.execute(f"DESCRIBE {relation}").fetchall()
            # A footer may promise what is damaged.
            connection.execute(f"SELECT max(hash(COLUMNS(*))) FROM ({relation})").fetchall()
        except duckdb.Error as wrong:
            raise DataError(
                f"{file.name} is not a Parquet file that can be read.",
                code="unreadable_file",
                hint=str(wrong).split("\n")[0],
            ) from None
    return {str(row[0]): str(row[1]) for row in described}
