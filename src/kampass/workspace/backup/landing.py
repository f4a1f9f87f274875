"""Puts a restored database on the PostgreSQL server that the settings name, whole or not at all.

The archive holds SQLite; where that is what the settings say too, nothing is left to do.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import sqlalchemy as sa

from kampass.errors import DataError
from kampass.model.conform import quoted
from kampass.store import Manifest
from kampass.store.database import FILE, Database
from kampass.store.server import owner_of, tables_of, take_turns
from kampass.workspace.backup import rows
from kampass.workspace.backup.archive import SETTINGS


def check_free(database: Database) -> None:
    """DataError unless the schema is empty; what an interrupted restore into the same folder left
    there goes.
    """
    if database.url is None:
        return
    with database.connected() as engine, engine.begin() as connection:
        _wipe(database, connection)
        tables = tables_of(connection)
        if tables:
            raise DataError(
                f"The database at {database} is not empty: it has a table '{tables[0]}'.",
                code="database_not_empty",
                hint="A restore takes an empty schema: set KAMPASS_DATABASE_SCHEMA to the name "
                "of another, or KAMPASS_DATABASE_URL.",
            )


@contextmanager
def landed(database: Database) -> Iterator[None]:
    """The rows are where the settings say; when something fails before the folder is a workspace,
    they are gone from there again.
    """
    if database.url is None:
        yield
        return
    with database.connected() as engine:
        _move(database, engine)
        try:
            yield
        except BaseException:
            if not (database.folder.parent / SETTINGS).exists():
                with engine.begin() as connection:
                    _wipe(database, connection)
            raise


def _move(database: Database, engine: sa.Engine) -> None:
    """Everything that the unpacked file holds, in one transaction; then the file goes."""
    from kampass.store.migrations import bring_up

    file = database.folder / FILE
    with (
        closing(Manifest(file)) as unpacked,
        rows.one_moment(unpacked.engine) as source,
        engine.begin() as target,
    ):
        database.claim(target)
        bring_up(target)
        rows.copy(source, target)
    file.unlink()


def _wipe(database: Database, connection: sa.Connection) -> None:
    """Take away the tables that carry this folder's mark, and none else."""
    take_turns(connection)
    mark = database.mark()
    if mark is None or owner_of(connection) != mark:
        return
    for name in tables_of(connection):
        connection.execute(sa.text(f"DROP TABLE {quoted(name)} CASCADE"))
