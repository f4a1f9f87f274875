"""Copies an application database row by row, so that a backup has one form wherever the database
is: a SQLite file.

Sessions, single-use links and the memory of failures to sign in stay behind: a backup that is
stolen signs nobody in. So do jobs, which are nothing to be taken up elsewhere.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from kampass.people.schema import METADATA as PEOPLE
from kampass.store import Manifest, integrity
from kampass.store.schema import METADATA, SEALS, WORK, count_on

LEFT_OUT = ("session", "ticket", "sign_in_failure", "job")
_AT_ONCE = 1000


def copied() -> list[sa.Table]:
    """The tables that a copy has the rows of, each after those it refers to."""
    tables = [*METADATA.sorted_tables, *WORK.sorted_tables, *PEOPLE.sorted_tables]
    return [table for table in tables if table is not SEALS and table.name not in LEFT_OUT]


def save(engine: sa.Engine, file: Path) -> None:
    """Write the database as it is at this moment into a SQLite file that is not there yet."""
    with (
        closing(Manifest(file)) as fresh,
        one_moment(engine) as source,
        fresh.engine.begin() as target,
    ):
        copy(source, target)
        integrity.seal(target)


@contextmanager
def one_moment(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees nothing of what is written meanwhile; DataError where a file is not
    what was written.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            what = integrity.damage(integrity.driver(connection))
            if what:
                raise integrity.damaged_database(str(engine.url.database), what)
            yield connection
    else:
        with engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ).connect() as connection:
            yield connection


def copy(source: sa.Connection, target: sa.Connection) -> None:
    """Fill the tables of a database that was just made; what its migrations put there goes."""
    tables = copied()
    for table in reversed(tables):
        target.execute(sa.delete(table))
    for table in tables:
        ordered = sa.select(table).order_by(*table.primary_key)
        for part in source.execute(ordered, execution_options={"yield_per": _AT_ONCE}).partitions():
            # Its public name, in spite of the underscore.
            target.execute(sa.insert(table), [dict(row._mapping) for row in part])  # noqa: SLF001
        counter = table.autoincrement_column
        if counter is not None and counter.autoincrement is True:
            count_on(target, table, _counted(source, table, counter))


def _counted(source: sa.Connection, table: sa.Table, counter: "sa.Column[int]") -> int:
    """The highest number that was ever given out, also to a row that is gone since; 0 before the
    first.
    """
    highest = int(source.scalar(sa.select(sa.func.max(counter))) or 0)
    if source.dialect.name == "sqlite":
        if not table.dialect_options["sqlite"]["autoincrement"]:
            return highest
        given = source.scalar(
            sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
        )
    else:
        given = source.scalar(
            sa.text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, :key)::regclass)"),
            {"name": table.name, "key": counter.name},
        )
    return max(highest, int(given or 0))
