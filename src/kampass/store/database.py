"""Where a workspace's application database is: SQLite in its folder, or a schema on a PostgreSQL
server; and that it is this workspace's own.

A folder holds its SQLite file, but a server holds many databases, and journal files that a database
does not name are swept away. So folder and database carry the same mark, and neither works with
another: a mistyped URL is refused before anything is written.
"""

import hashlib
import os
import re
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kampass.errors import DataError
from kampass.model.conform import quoted
from kampass.store.disk import fsync

FILE = "app.db"
SCHEMA = "kampass"
MARK = "workspace"
"""The file in a workspace's `.kampass` that says its database is on a server, and which."""

_OWNERS = sa.Table("kampass_workspace", sa.MetaData(), sa.Column("mark", sa.Text, primary_key=True))
_DRIVERS = {"postgresql", "postgres", "postgresql+psycopg"}
_NO_TABLE = "42P01"
_NO_RIGHT = {"42501", "25006"}
_WAIT = 10
"""Seconds to wait for a server, or for another program's write to a file."""


@dataclass(frozen=True)
class Database:
    """The database of the workspace whose `.kampass` is `folder`; without a URL, the SQLite file in
    it.
    """

    folder: Path
    url: sa.URL | None = field(default=None, repr=False)
    schema: str = SCHEMA

    def __str__(self) -> str:
        return FILE if self.url is None else f"{place(self.url)}, schema {self.schema}"

    def engine(self) -> sa.Engine:
        """Connections to it; what goes wrong with a server on them is a DataError that tells no
        password.
        """
        return (
            file_engine(self.folder / FILE)
            if self.url is None
            else _server_engine(self.url, self.schema)
        )

    @contextmanager
    def connected(self) -> Iterator[sa.Engine]:
        """The same, let go of afterwards."""
        engine = self.engine()
        try:
            yield engine
        finally:
            engine.dispose()

    def own(self, engine: sa.Engine) -> None:
        """Make a fresh database this workspace's; DataError where it is another's, or this
        workspace has another.
        """
        if self.url is None:
            if self.mark():
                raise _elsewhere(
                    "This workspace's database is on a PostgreSQL server, and no URL says where.",
                    "Set KAMPASS_DATABASE_URL.",
                )
            return
        used = self._is_used()
        with engine.begin() as connection:
            owner = owner_of(connection)
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

    def claim(self, connection: sa.Connection) -> None:
        """Take an empty schema for this workspace, once the transaction ends."""
        take_turns(connection)
        owner = owner_of(connection)
        if owner is not None and owner == self.mark():
            return
        tables = tables_of(connection)
        if tables:
            raise DataError(
                f"The database at {self} is not empty: it has a table '{tables[0]}'.",
                code="database_not_empty",
                hint="Name another schema under [database] in kampass.toml, or drop this one.",
            )
        if connection.scalar(sa.text("SELECT current_schema()")) is None:
            connection.execute(sa.schema.CreateSchema(self.schema))
        _OWNERS.create(connection)
        connection.execute(sa.insert(_OWNERS).values(mark=self.mark() or self._leave_mark()))

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


def file_engine(file: Path) -> sa.Engine:
    """Connections to a SQLite file."""
    engine = sa.create_engine(f"sqlite:///{file}", hide_parameters=True)
    sa.event.listen(engine, "connect", _settle)
    return engine


def parse_url(text: str) -> sa.URL | None:
    """The URL of a PostgreSQL database, or None for the workspace's own SQLite file; DataError,
    without the text, where it is neither.
    """
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


def place(url: sa.URL) -> str:
    """Where a database is, in words without user and password."""
    host = url.host or url.query.get("host") or "localhost"
    return f"{host if isinstance(host, str) else ', '.join(host)}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def take_turns(connection: sa.Connection) -> None:
    """Whoever makes or migrates a database waits here until the other has ended its transaction."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE"
        )  # its driver begins no transaction for a CREATE
        return
    path = str(connection.scalar(sa.text("SHOW search_path")))
    key = int.from_bytes(hashlib.sha256(f"kampass {path}".encode()).digest()[:8], signed=True)
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def owner_of(connection: sa.Connection) -> str | None:
    """The mark of the workspace whose database this is."""
    there = connection.scalar(sa.text("SELECT to_regclass(:name)::text"), {"name": _OWNERS.name})
    return connection.scalar(sa.select(_OWNERS.c.mark)) if there else None


def tables_of(connection: sa.Connection) -> list[str]:
    """Every table of the schema on a server."""
    return list(
        connection.scalars(
            sa.text(
                "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER "
                "BY 1"
            )
        )
    )


def _server_engine(url: sa.URL, schema: str) -> sa.Engine:
    """A pool that outlives a restart of the server, and one schema on it."""
    settings: dict[str, Any] = {"connect_timeout": _WAIT, "application_name": "kampass"}
    try:
        engine = sa.create_engine(
            url,
            pool_size=5,
            max_overflow=10,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,
            connect_args={name: value for name, value in settings.items() if name not in url.query},
        )
    except ModuleNotFoundError:
        raise DataError(
            "PostgreSQL needs its driver.",
            code="no_database_driver",
            hint="Run 'pip install \"kampass[postgres]\"'.",
        ) from None

    def enter_schema(connection: Any, _: Any) -> None:  # noqa: ANN401
        connection.autocommit = True
        connection.execute(f"SET search_path TO {quoted(schema)}")
        connection.autocommit = False

    sa.event.listen(engine, "connect", enter_schema, insert=True)
    sa.event.listen(engine, "handle_error", _name_trouble)
    return engine


def _name_trouble(context: sa.engine.ExceptionContext) -> None:
    """A server that cannot be reached, or refuses, is a person's matter; whatever else goes wrong
    is raised as it is.
    """
    if context.is_pre_ping or context.engine is None:
        return
    url, wrong = context.engine.url, context.original_exception
    said = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
    said = (
        said.replace(url.password, "***")
        if isinstance(url.password, str) and url.password
        else said
    )
    if context.connection is None or context.is_disconnect:
        raise DataError(
            f"The database at {place(url)} cannot be reached: {said}.",
            code="database_unreachable",
            hint="See that its server runs and lets you in.",
        ) from None
    if getattr(wrong, "sqlstate", None) in _NO_RIGHT:
        raise DataError(
            f"The database at {place(url)} refuses: {said}.",
            code="database_refused",
            hint="Its user must own the schema, or be allowed to make it.",
        ) from None


def _settle(connection: Any, _: Any) -> None:  # noqa: ANN401
    for pragma in (
        "journal_mode=DELETE",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_WAIT * 1000}",
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
