"""Where a workspace's application database is: SQLite in its folder, or a schema on a PostgreSQL
server; and that it is this workspace's own.

A folder holds its SQLite file, but a server holds many databases, and journal files that a database
does not name are swept away. So folder and database carry the same mark, and neither works with
another: a mistyped URL is refused before anything is written.
"""

import os
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.errors import DataError
from kampass.model.conform import quoted
from kampass.store.disk import fsync

if TYPE_CHECKING:
    import sqlalchemy as sa

FILE = "app.db"
SCHEMA = "kampass"
MARK = "workspace"
"""The file in a workspace's `.kampass` that says its database is on a server, and which."""

_DRIVERS = {"postgresql", "postgres", "postgresql+psycopg"}
WAIT = 10
"""Seconds to wait for another program's write to a file, or for a server."""


class DatabaseGone(DataError):  # noqa: N818 - reads as a sentence at the raise
    """The file was there, and is no more: it is not made anew, for an empty one would know
    nobody.
    """

    status = 503
    code = "database_gone"

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"The application database .kampass/{file.name} is gone. Nothing was changed.",
            hint="Put it back, or run 'kampass repair', which writes it again from the journal.",
        )


@dataclass(frozen=True)
class Database:
    """The database of the workspace whose `.kampass` is `folder`; without a URL, the SQLite file in
    it.
    """

    folder: Path
    url: "sa.URL | None" = field(default=None, repr=False)
    schema: str = SCHEMA

    def __str__(self) -> str:
        if self.url is None:
            return FILE
        from kampass.store import server

        return f"{server.place(self.url)}, schema {self.schema}"

    def engine(self) -> "sa.Engine":
        """Connections to it; what goes wrong with a server on them is a DataError that tells no
        password.
        """
        if self.url is None:
            return file_engine(self.folder / FILE)
        from kampass.store import server

        return server.server_engine(self.url, self.schema, wait=WAIT)

    @contextmanager
    def connected(self) -> "Iterator[sa.Engine]":
        """The same, let go of afterwards."""
        engine = self.engine()
        try:
            yield engine
        finally:
            engine.dispose()

    def own(self, engine: "Callable[[], sa.Engine]") -> None:
        """Make a fresh database this workspace's; DataError where it is another's, or this
        workspace has another. `engine` is asked for only where there is a server.
        """
        if self.url is None:
            if self.mark():
                raise _elsewhere(
                    "This workspace's database is on a PostgreSQL server, and no URL says where.",
                    "Set KAMPASS_DATABASE_URL.",
                )
            return
        from kampass.store import server

        used = self._is_used()
        with engine().begin() as connection:
            owner = server.owner_of(connection)
            if owner is None:
                if used:
                    raise _elsewhere(
                        f"This workspace's database is not the empty one at {self}.",
                        (
                            "To move it there, run 'kampass backup' as things were before and "
                            "'kampass restore' into another folder with this URL."
                        ),
                    )
                self.claim(connection)
            elif owner != self.mark():
                raise DataError(
                    f"The database at {self} belongs to another workspace.",
                    code="database_taken",
                    hint="Give this workspace a schema of its own: 'schema = \"...\"' under "
                    "[database] in kampass.toml.",
                )

    def claim(self, connection: "sa.Connection") -> None:
        """Take an empty schema for this workspace, once the transaction ends."""
        import sqlalchemy as sa

        from kampass.store import server

        server.take_turns(connection)
        # The first statement after the turn was given may not know yet of a schema that another
        # has just made; the second one does.
        tables, owner = server.tables_of(connection), server.owner_of(connection)
        if owner is not None and owner == self.mark():
            return
        if tables:
            raise DataError(
                f"The database at {self} is not empty: it has a table '{tables[0]}'.",
                code="database_not_empty",
                hint="Name another schema under [database] in kampass.toml, or drop this one.",
            )
        if connection.scalar(sa.text("SELECT current_schema()")) is None:
            connection.execute(sa.schema.CreateSchema(self.schema))
        server.OWNERS.create(connection)
        connection.execute(sa.insert(server.OWNERS).values(mark=self.mark() or self._leave_mark()))

    def mark(self) -> str | None:
        """What the folder and its database on a server both carry."""
        try:
            return (self.folder / MARK).read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def _leave_mark(self) -> str:
        mark, part = uuid.uuid4().hex, self.folder / f".{MARK}-{os.getpid()}"
        part.write_text(f"{mark}\n", encoding="ascii")
        fsync(part)
        part.rename(self.folder / MARK)
        fsync(self.folder)
        return mark

    def _is_used(self) -> bool:
        """Whether the folder holds what an empty database does not know."""
        journal = self.folder / "journal"
        return (
            journal.is_dir() and any(not entry.name.startswith(".") for entry in journal.iterdir())
        ) or _has_rows(self.folder / FILE)


def file_engine(file: Path) -> "sa.Engine":
    """Connections to a SQLite file, which the first one makes; DatabaseGone where it goes after
    that, and what was open to it is let go of where another takes its place.
    """
    import sqlalchemy as sa

    engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)), hide_parameters=True)
    sa.event.listen(engine, "connect", _settle)
    made = False

    def before(*_: object) -> None:
        if made and not file.exists():
            raise DatabaseGone(file)

    def connected(_: object, record: Any) -> None:
        nonlocal made
        made, record.info["file"] = True, _identity(file)

    def taken(_: object, record: Any, __: object) -> None:
        there = _identity(file)
        if there is None:
            raise DatabaseGone(file)
        if record.info.get("file") != there:
            raise sa.exc.DisconnectionError

    sa.event.listen(engine, "do_connect", before)
    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "checkout", taken)
    return engine


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another that takes its place."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def parse_url(text: str) -> "sa.URL | None":
    """The URL of a PostgreSQL database, or None for the workspace's own SQLite file; DataError,
    without the text, where it is neither.
    """
    import sqlalchemy as sa

    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise _wrong("The database's URL cannot be read.") from None
    if (url.drivername, url.database) == ("sqlite", f".kampass/{FILE}"):
        return None
    if url.drivername not in _DRIVERS:
        raise _wrong(f"Kampass keeps no database in '{url.drivername}'.")
    if any("password" in name for name in url.query):
        raise _wrong("The password of a database stands before the @ of its URL, not after the ?.")
    return url.set(drivername="postgresql+psycopg")


def parse_schema(text: str) -> str:
    """The name of a schema that needs no quotes and is not PostgreSQL's own."""
    if (
        not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", text)
        or text.startswith("pg_")
        or text == "information_schema"
    ):
        raise DataError(
            f"'{text}' is no name for a schema.",
            code="bad_settings",
            hint="Small letters, digits and _, at most 63, not beginning with a digit or pg_.",
        )
    return text


def _settle(connection: Any, _: Any) -> None:
    for pragma in (
        "journal_mode=DELETE",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={WAIT * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _has_rows(file: Path) -> bool:
    """Whether a SQLite file holds anything that somebody put there."""
    if not file.exists():
        return False
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in {"alembic_version", "seal", "turn"}
        ]
        return any(
            connection.execute(f"SELECT 1 FROM {quoted(name)} LIMIT 1").fetchone() for name in names
        )


def _elsewhere(message: str, hint: str) -> DataError:
    return DataError(message, code="database_elsewhere", hint=hint)


def _wrong(message: str) -> DataError:
    return DataError(
        message,
        code="bad_settings",
        hint="Write postgresql+psycopg://user@host/database, or leave the URL out and SQLite "
        "keeps it.",
    )
