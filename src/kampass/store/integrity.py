"""Digests, and what is said when one does not hold: every byte the store relies on is checked where
it is read.

Three kinds of files, three ways. Journal files carry a SHA-256 in the manifest, checked before each
reading: they are read only when something is built. A snapshot is read on every question, so its
own blocks' checksums do it, which DuckDB verifies on reading each block. SQLite has none, so a seal
over all rows of the manifest is written in every transaction and checked when a database is opened.
A PostgreSQL server has checksums of its pages and backups of its own, and a seal would make
everybody who writes wait for one row: none there.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from kampass.errors import DataError
from kampass.model.conform import literal, quoted
from kampass.store.disk import sha256

if TYPE_CHECKING:
    import sqlalchemy as sa

DAMAGE = (
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)
"""What DuckDB may raise on meeting damage; whether it did, only reading the files tells."""
SEALED = (
    "load",
    "loaded_coverage",
    "loaded_table",
    "pin",
    "pointer",
    "publication",
    "snapshot",
    "wording",
)
"""Every table of the manifest (`schema`) but the seal itself, in the order of the digest."""
UNREADABLE = (sqlite3.Error, UnicodeError, ValueError, OverflowError, TypeError)
"""What reading a damaged database may raise."""


def check_journal_file(folder: Path, name: str, digest: str | None, *, of: str) -> None:
    """DataError unless the file is there and is what was written; `of` says which load and table it
    belongs to.
    """
    what = journal_damage(folder, name, digest)
    if what:
        raise DataError(
            f"The journal file {name} ({of}) {what}.",
            code="damaged_journal",
            hint="Restore a backup with 'kampass restore', or load again: 'kampass data drop' "
            "from the source's last load back to this one, then 'kampass sync'.",
        )


def journal_damage(folder: Path, name: str, digest: str | None) -> str:
    """What is wrong with a journal file, or nothing; one without a recorded digest must only be
    there.
    """
    try:
        found = sha256(folder / name) if digest else (folder / name).stat() and digest
    except FileNotFoundError:
        return "is gone"
    except OSError as wrong:
        return f"cannot be read ({wrong.strerror})"
    return "" if found == digest else "is damaged: its digest is not the one written with it"


def snapshot_damage(file: Path) -> str:
    """What is wrong with a snapshot's file, or nothing: every block of every table is read, and
    with it its checksum.
    """
    try:
        with closing(
            duckdb.connect(
                str(file), read_only=True, config={"threads": 2, "enable_external_access": "false"}
            )
        ) as connection:
            for (name,) in connection.execute(
                "SELECT table_name FROM duckdb_tables() ORDER BY 1"
            ).fetchall():
                connection.execute(f"SELECT bit_xor(hash(t)) FROM {quoted(name)} t").fetchall()
    except (duckdb.Error, UnicodeError) as wrong:
        return str(wrong).split("\n")[0]
    return ""


def rows_in(file: Path) -> int:
    """How many rows a file of the journal holds."""
    with duckdb.connect() as connection:
        counted = f"SELECT count(*) FROM read_parquet({literal(str(file))})"
        ((rows,),) = connection.execute(counted).fetchall()
    return int(rows)


def made_of(file: Path) -> tuple[tuple[int, ...], list[str]]:
    """The loads that a snapshot's file says it is made of, and the tables that do not add up to
    them.
    """
    with closing(duckdb.connect(str(file), read_only=True)) as connection:
        loads = connection.execute("SELECT id FROM _load ORDER BY id").fetchall()
        wrong = connection.execute(
            'SELECT "table" FROM _reconciliation WHERE journal <> kept + gone + set_aside'
        ).fetchall()
    return tuple(number for (number,) in loads), [table for (table,) in wrong]


@contextmanager
def sealed(connection: "sa.Connection") -> Iterator[None]:
    """Whatever is changed inside is sealed before the transaction ends; on SQLite."""
    if not _has_seal(connection):
        yield
        return
    before = driver(connection).total_changes
    yield
    if driver(connection).total_changes != before:
        seal(connection)


def seal(connection: "sa.Connection") -> None:
    """Write down the digest of all rows of the manifest, on SQLite."""
    if not _has_seal(connection):
        return
    digest = _digest(driver(connection))
    connection.exec_driver_sql("DELETE FROM seal")
    connection.exec_driver_sql("INSERT INTO seal (name, sha256) VALUES ('manifest', ?)", (digest,))


def driver(connection: "sa.Connection") -> sqlite3.Connection:
    """SQLite's own connection below SQLAlchemy's, in the same transaction."""
    below = connection.connection.dbapi_connection
    assert isinstance(below, sqlite3.Connection)
    return below


def damage(connection: sqlite3.Connection) -> str:
    """What is wrong with an application database in a file as this transaction sees it, or
    nothing.
    """
    (structure,) = connection.execute("PRAGMA integrity_check").fetchone()
    if structure != "ok":
        return f"its structure does not hold ({structure})"
    seals = connection.execute("SELECT sha256 FROM seal").fetchone()
    if seals != (_digest(connection),):
        return "its rows are not those that were written"
    return ""


def damaged_database(file: str, what: str) -> DataError:
    """The error of an application database that is not what was written."""
    return DataError(
        f"The application database {file} is damaged: {what}.",
        code="damaged_database",
        hint="'kampass repair' writes it again from the journal; people, notes and dashboards are "
        "only in a backup ('kampass restore').",
    )


def _has_seal(connection: "sa.Connection") -> bool:
    return connection.dialect.name == "sqlite"


def _digest(connection: sqlite3.Connection) -> str:
    """A digest of every row of every table of the manifest, in no order but its own."""
    digest = hashlib.sha256()
    for name in SEALED:
        rows = connection.execute(f"SELECT * FROM {quoted(name)}").fetchall()
        digest.update(f"{name} {len(rows)}\n".encode())
        for row in sorted(map(repr, rows)):
            digest.update(row.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
