"""Reads the application database: in the workspace's own file with Python's sqlite3, on a server
with SQLAlchemy.

A question needs a handful of its rows, and importing SQLAlchemy takes longer than answering; so it
is imported only where something is written, or a server asked. A statement is one text for both.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kampass.store import integrity
from kampass.store.database import WAIT, DatabaseGone

if TYPE_CHECKING:
    import sqlalchemy as sa

HEAD = "0007"
"""The migration this program needs: a database that says so is ready to use."""
_VERSION = "SELECT version_num FROM alembic_version"


class Rows(Protocol):
    """Runs a statement, its `:names` bound to the values."""

    def __call__(self, statement: str, **values: str) -> list[tuple[Any, ...]]:
        """The rows that it gives."""
        ...


class Reader(Protocol):
    """What is asked of an application database before its rows are read, and then."""

    def version(self) -> str | None:
        """What it says it is; None where it says nothing yet."""
        ...

    def check(self) -> None:
        """DataError unless it is what was written."""
        ...

    def reading(self) -> AbstractContextManager[Rows]:
        """Whatever runs statements, in one transaction."""
        ...


@dataclass(frozen=True)
class FileReader:
    """Reads a SQLite file, each time with a connection of its own: any thread may ask."""

    file: Path

    def version(self) -> str | None:
        """What it says it is; DataError where that is not even a database."""
        if not self.file.exists():
            return None
        try:
            with self.reading() as rows:
                return first(rows(_VERSION))
        except sqlite3.DatabaseError as wrong:
            if "file is not a database" in str(wrong) or "malformed" in str(wrong):
                raise integrity.damaged_database(str(self.file), str(wrong)) from None
            return None

    def check(self) -> None:
        """DataError unless the structure holds and the rows are those that were sealed."""
        try:
            with self._transaction() as connection:
                what = integrity.damage(connection)
        except integrity.UNREADABLE as wrong:
            what = f"it cannot be read ({wrong})"
        if what:
            raise integrity.damaged_database(str(self.file), what)

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Statements on one moment of the file."""
        with self._transaction() as connection:
            yield lambda statement, **values: connection.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """It may write, though nothing here does: what a killed program left half written, the
        next one to open the file takes back.
        """
        if not self.file.exists():
            raise DatabaseGone(self.file)
        address = f"{self.file.absolute().as_uri()}?mode=rw"
        opened = sqlite3.connect(address, uri=True, timeout=WAIT, isolation_level=None)
        try:
            with closing(opened) as connection:
                connection.execute("BEGIN")
                yield connection
        except UnicodeDecodeError as wrong:
            # Of a damaged schema SQLite says the name, in bytes that may be no text any more.
            raise sqlite3.DatabaseError(f"malformed: {wrong}") from None


@dataclass(frozen=True)
class ServerReader:
    """Reads a schema on a server, which has checksums of its own."""

    engine: "sa.Engine"

    def version(self) -> str | None:
        """What it says it is."""
        import sqlalchemy as sa

        try:
            with self.reading() as rows:
                return first(rows(_VERSION))
        except sa.exc.DatabaseError:
            return None

    def check(self) -> None:
        """Nothing to do: `integrity` says why."""

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Statements on one connection of the pool."""
        import sqlalchemy as sa

        with self.engine.connect() as connection:
            yield lambda statement, **values: [
                tuple(row) for row in connection.execute(sa.text(statement), values)
            ]


def first(rows: list[tuple[Any, ...]]) -> str | None:
    """The text of the first cell; None where there is no row."""
    text: str | None = rows[0][0] if rows else None
    return text
