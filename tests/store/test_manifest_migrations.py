"""The application database is brought to what the program needs: from nothing, from before it had a
version, never from the future.
"""

import io
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.store.conftest import Desk

from kampass.errors import DataError
from kampass.people.schema import METADATA as PEOPLE
from kampass.store import Manifest
from kampass.store.migrations import run, scripts
from kampass.store.reading import HEAD, FileReader
from kampass.store.records import Load, LoadedTable, from_ranges, to_ranges
from kampass.store.schema import METADATA, WORK
from kampass.workspace import open_workspace
from kampass.workspace.published import cards

UNVERSIONED = """
CREATE TABLE load (id INTEGER NOT NULL, source TEXT NOT NULL, recorded_at TEXT NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (id));
CREATE TABLE snapshot (
  id TEXT NOT NULL, file TEXT NOT NULL, recorded_at TEXT NOT NULL, published_at TEXT NOT NULL, last_load INTEGER NOT NULL, PRIMARY KEY (id));
CREATE TABLE loaded_table (
  load_id INTEGER NOT NULL, table_name TEXT NOT NULL, read INTEGER NOT NULL, loaded INTEGER NOT NULL, unchanged INTEGER NOT NULL,
  superseded INTEGER NOT NULL, quarantined INTEGER NOT NULL, deleted INTEGER NOT NULL, digest TEXT NOT NULL, file TEXT, file_sha256 TEXT,
  quarantine_file TEXT, PRIMARY KEY (load_id, table_name), FOREIGN KEY(load_id) REFERENCES load (id));
CREATE TABLE pointer (name TEXT NOT NULL, snapshot_id TEXT NOT NULL, PRIMARY KEY (name), FOREIGN KEY(snapshot_id) REFERENCES snapshot (id));
"""
COLUMNS = {
    "load": "id, source, recorded_at, state, why",
    "loaded_table": "load_id, table_name, read, loaded, unchanged, superseded, quarantined, "
    "deleted, "
    "digest, file, file_sha256, quarantine_file",
    "snapshot": "id, file, recorded_at, published_at, last_load",
    "pointer": "name, snapshot_id",
}


@pytest.fixture
def adopted(desk: Desk) -> Desk:
    """A workspace of two loads, its database written anew as it was before databases had a
    version.
    """
    desk.write(
        accounts="id,name\nA,Ada\nB,Bob\n",
        subscriptions="id,account_id,mrr,currency,valid_from\na,A,ten,USD,2025-01-01\n",
    )
    desk.workspace.sync(recorded_at=datetime(2026, 1, 3, tzinfo=UTC))
    desk.write(accounts="id,name\nA,Adam\nB,Bob\n")
    desk.workspace.sync(recorded_at=datetime(2026, 1, 4, tzinfo=UTC))
    desk.workspace.close()
    file = desk.workspace.folder / ".kampass" / "app.db"
    with closing(sqlite3.connect(file)) as now:
        kept = {
            table: now.execute(f"SELECT {columns} FROM {table}").fetchall()
            for table, columns in COLUMNS.items()
        }
    file.unlink()
    with closing(sqlite3.connect(file)) as then:
        then.executescript(UNVERSIONED)
        for table, rows in kept.items():
            then.executemany(
                f"INSERT INTO {table} VALUES ({', '.join('?' * (COLUMNS[table].count(',') + 1))})",
                rows,
            )
        then.commit()
    desk.kept = kept  # type: ignore[attr-defined]
    return desk


def test_a_database_without_a_version_is_adopted_and_loses_nothing(adopted: Desk) -> None:
    file = adopted.workspace.folder / ".kampass" / "app.db"
    with closing(open_workspace(adopted.workspace.folder)) as opened:
        with closing(sqlite3.connect(file)) as database:
            for table, columns in COLUMNS.items():
                assert (
                    database.execute(f"SELECT {columns} FROM {table}").fetchall()
                    == adopted.kept[table]
                ), table  # type: ignore[attr-defined]
            assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [
                (HEAD,)
            ]
        first, second = cards(opened)
        assert (first.times_published, second.times_published, second.current) == (1, 1, True)
        assert second.settings_digest is None
        assert second.settings_are_todays is None
        assert opened.manifest.loads()[0].tables[1].quarantined == 1
        (opened.snapshots.folder / f"{first.id}.duckdb").unlink()
        with closing(opened.snapshot(snapshot=first.id)) as again:
            assert again.cursor().execute("SELECT name FROM accounts ORDER BY id").fetchall() == [
                ("Ada",),
                ("Bob",),
            ]
        assert opened.publish().id == second.id
        assert cards(opened)[1].settings_digest == opened.settings_digest


def test_a_database_of_which_only_some_tables_were_made_is_completed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "app.db")) as database:
        database.executescript(UNVERSIONED.split(";", maxsplit=1)[0])
    with closing(Manifest(tmp_path / "app.db")) as manifest:
        assert (
            manifest.add_load(Load(0, "crm", datetime(2026, 1, 3, tzinfo=UTC), "complete", "")) == 1
        )


def test_what_the_migrations_make_is_what_the_program_reads(tmp_path: Path) -> None:
    Manifest(tmp_path / "app.db").close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with engine.connect() as connection:
        assert (
            compare_metadata(MigrationContext.configure(connection), [METADATA, WORK, PEOPLE]) == []
        )  # type: ignore[arg-type]
    engine.dispose()
    assert scripts().get_heads() == [HEAD]


def test_a_database_of_a_later_version_is_refused_in_words_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    file = tmp_path / "app.db"
    Manifest(file).close()
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = file.read_bytes()
    with pytest.raises(DataError, match="later version of Kampass") as raised:
        Manifest(file)
    assert raised.value.code == "database_newer"
    assert "pip install --upgrade kampass" in raised.value.hint
    assert file.read_bytes() == before


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    """A table of that name stands in the way of the second migration, after the first and half of
    the second have run.
    """
    file = tmp_path / "app.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE pin (mine TEXT)")
        database.commit()
    with pytest.raises(sa.exc.OperationalError, match="pin"):
        Manifest(file)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall() == [("pin",)]


def test_a_database_that_is_ready_is_opened_without_alembic(tmp_path: Path) -> None:
    Manifest(tmp_path / "app.db").close()
    code = (
        "import sys, pathlib\nfrom kampass.store import "
        "Manifest\nManifest(pathlib.Path(sys.argv[1])).close()\nprint('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "app.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_the_migrations_can_be_written_for_postgresql() -> None:
    written = io.StringIO()
    run(
        MigrationContext.configure(
            dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
        ),
        None,
    )
    for table in [*METADATA.tables, *WORK.tables, *PEOPLE.tables]:
        assert (
            f"CREATE TABLE {table} " in written.getvalue()
            or f"CREATE TABLE IF NOT EXISTS {table} " in written.getvalue()
        ), table


def test_two_programs_that_open_a_fresh_database_at_once_both_get_it(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom kampass.store import "
        "Manifest\nManifest(pathlib.Path(sys.argv[1])).close()"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "app.db")],
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in started] == [("", 0)] * 3


def test_what_a_load_holds_survives_the_database(tmp_path: Path) -> None:
    table = LoadedTable(
        "accounts", 5, 2, 1, 1, 1, 0, "d", "x/accounts.parquet", "s", "x/quarantine.parquet", "q"
    )
    load = Load(0, "crm", datetime(2026, 1, 3, tzinfo=UTC), "complete", "", (table,))
    with closing(Manifest(tmp_path / "app.db")) as manifest:
        manifest.add_load(load)
    with closing(Manifest(tmp_path / "app.db")) as manifest:
        assert manifest.loads()[0].tables == (table,)


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2, 3), (1, 3, 4, 9)])
def test_load_numbers_come_back_from_their_short_form(numbers: tuple[int, ...]) -> None:
    assert from_ranges(to_ranges(numbers)) == numbers


def test_a_schema_in_bytes_that_are_no_text_is_named_as_damage(tmp_path: Path) -> None:
    """SQLite says what is malformed in the bytes that it met."""
    file = tmp_path / "app.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.commit()
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE", b"CRE\xa0TE TABLE"))
    with pytest.raises(DataError, match="is damaged: malformed"):
        FileReader(file).version()
