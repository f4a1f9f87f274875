"""What only a database on a PostgreSQL server needs: its connections, taking turns, the mark of its
owner.

Apart from `database`, so that a workspace whose database is its own file is opened without
SQLAlchemy.
"""

import hashlib
from typing import Any

import sqlalchemy as sa

from kampass.errors import DataError
from kampass.model.conform import quoted

OWNERS = sa.Table("kampass_workspace", sa.MetaData(), sa.Column("mark", sa.Text, primary_key=True))
_NO_RIGHT = {"42501", "25006"}


def place(url: sa.URL) -> str:
    """Where a database is, in words without user and password."""
    host = url.host or url.query.get("host") or "localhost"
    hosts = host if isinstance(host, str) else ", ".join(host)
    return f"{hosts}{f':{url.port}' if url.port else ''}/{url.database or ''}"


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
    there = connection.scalar(sa.text("SELECT to_regclass(:name)::text"), {"name": OWNERS.name})
    return connection.scalar(sa.select(OWNERS.c.mark)) if there else None


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


def server_engine(url: sa.URL, schema: str, *, wait: int) -> sa.Engine:
    """A pool that outlives a restart of the server, and one schema on it."""
    settings: dict[str, Any] = {"connect_timeout": wait, "application_name": "kampass"}
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

    def enter_schema(connection: Any, _: Any) -> None:
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
