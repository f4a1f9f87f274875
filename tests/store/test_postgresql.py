"""The application database on a PostgreSQL server holds what it holds in a file, and never what
belongs to another workspace.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.databases import on
from tests.struck import answer, expected, exported, load, make, run, write_state

from kampass.errors import DataError
from kampass.model.messages import Covered
from kampass.people.schema import METADATA as PEOPLE
from kampass.store import Manifest
from kampass.store.database import Database, parse_schema, parse_url
from kampass.store.reading import HEAD
from kampass.store.records import Load, LoadedTable, Pin, SnapshotRow, Wording
from kampass.store.schema import METADATA, WORK
from kampass.workspace import open_workspace
from kampass.workspace.settings import DatabaseSettings

DAY = datetime(2026, 1, 3, 12, 0, 0, 17, tzinfo=UTC)


@pytest.fixture
def server(postgresql_server: str) -> Iterator[sa.Engine]:
    """What an administrator sees."""
    engine = sa.create_engine(postgresql_server)
    yield engine
    engine.dispose()


def test_the_manifest_keeps_the_same_on_both(database: Database) -> None:
    tables = tuple(
        LoadedTable(name, 5, 2, 1, 1, 1, 0, "d", f"x/{name}.parquet", "s")
        for name in ("accounts", "contacts", "tickets", "costs")
    )
    with closing(Manifest(database)) as manifest:
        assert (
            manifest.add_load(Load(0, "crm", DAY, "held", "2 of 3 rows would be deleted", tables))
            == 1
        )
        assert (
            manifest.add_load(Load(0, "crm", DAY, "complete", "", tables[:1]), instead_of=[1]) == 2
        )
        year = date(2025, 1, 1), date(2026, 1, 1)
        covered = Covered("tickets", *year), Covered("accounts", *year), Covered("tickets", *year)
        followed = (replace(tables[0], changes=True),)
        feed = Load(5, "feed", DAY, "complete", "", followed, "page 7", covered)
        for number in (3, 4):
            manifest.add_load(Load(0, "Ärger 'quoted' \N{SNOWMAN}", DAY, "complete", ""))
            manifest.set_state(number, "dropped")
        assert manifest.add_load(feed) == 5
        row = SnapshotRow(
            "abc", "abc.duckdb", DAY, DAY, 2, (1, 2, 3, 7), "UTC", "EUR", {"accounts": 5}
        )
        manifest.add_snapshot(row)
        manifest.add_snapshot(SnapshotRow("later", "later.duckdb", DAY, DAY + timedelta(1), 2))
        rules = [Wording("settings", "s1", "zone"), Wording("catalogue", "c1", "kpis")]
        for times in range(3):
            manifest.publish("abc", DAY + timedelta(times), rules)
        manifest.pin(Pin("abc", "first", "Ada", DAY))
        manifest.pin(Pin("abc", "second", "Bob", DAY))
    with closing(Manifest(database)) as manifest:
        assert [
            (found.id, found.state)
            for found in manifest.loads(states=("complete", "held", "dropped"))
        ] == [
            (1, "dropped"),
            (2, "complete"),
            (3, "dropped"),
            (4, "dropped"),
            (5, "complete"),
        ]
        first, _, third, _, fifth = manifest.loads(states=("complete", "dropped"))
        assert fifth == feed
        model = ("accounts", "contacts", "costs", "tickets")
        assert sorted(table.table for table in first.tables) == sorted(model) and set(
            first.tables
        ) == set(tables)
        assert third.source == "Ärger 'quoted' \N{SNOWMAN}"
        assert manifest.snapshots()[0] == row and [found.id for found in manifest.snapshots()] == [
            "abc",
            "later",
        ]
        assert manifest.current() == "abc" and manifest.wording("c1") == "kpis"
        assert [found.published_at for found in manifest.publications()["abc"]] == [
            DAY + timedelta(times) for times in range(3)
        ]
        assert manifest.pins() == {"abc": Pin("abc", "second", "Bob", DAY)}
        manifest.unpin("abc")
        manifest.withdraw()
        assert (manifest.pins(), manifest.current()) == ({}, None)


def test_what_fails_halfway_leaves_nothing(database: Database) -> None:
    twice = LoadedTable("accounts", 5, 2, 1, 1, 1, 0, "d")
    with closing(Manifest(database)) as manifest:
        with pytest.raises(sa.exc.IntegrityError):
            manifest.add_load(Load(0, "crm", DAY, "complete", "", (twice, twice)))
        with pytest.raises(sa.exc.IntegrityError):
            manifest.publish("no such snapshot", DAY, [Wording("settings", "s1", "zone")])
        assert (manifest.loads(), manifest.wording("s1"), manifest.publications()) == ([], None, {})


def test_what_the_migrations_make_is_what_the_program_reads(
    schema: DatabaseSettings, tmp_path: Path
) -> None:
    with (
        closing(Manifest(schema.of(tmp_path))) as manifest,
        manifest.engine.connect() as connection,
    ):
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: (kind, name) != ("table", "kampass_workspace")
            },
        )
        assert compare_metadata(context, [METADATA, WORK, PEOPLE]) == []
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == HEAD


def test_programs_that_open_a_fresh_schema_at_once_all_get_it(
    schema: DatabaseSettings, tmp_path: Path
) -> None:
    code = (
        "import sys, pathlib\nfrom kampass.store import Manifest\nfrom "
        "kampass.workspace.settings import DatabaseSettings\n"
        "Manifest(DatabaseSettings(*sys.argv[2:]).of(pathlib.Path(sys.argv[1]))).close()"
    )
    words = [sys.executable, "-c", code, str(tmp_path), str(schema.url), schema.schema]
    started = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate()[1], process.returncode) for process in started] == [("", 0)] * 3


def test_a_database_of_a_later_version_is_refused_and_left_as_it_is(
    schema: DatabaseSettings, server: sa.Engine, tmp_path: Path
) -> None:
    Manifest(schema.of(tmp_path)).close()
    with server.begin() as connection:
        connection.execute(
            sa.text(f"UPDATE {schema.schema}.alembic_version SET version_num = '9999'")
        )
    with pytest.raises(DataError, match="later version of Kampass"):
        Manifest(schema.of(tmp_path))
    with server.connect() as connection:
        assert (
            connection.scalar(sa.text(f"SELECT version_num FROM {schema.schema}.alembic_version"))
            == "9999"
        )


def test_a_workspace_answers_the_same_on_both(schema: DatabaseSettings, tmp_path: Path) -> None:
    """Three loads, of which one is taken back: equal snapshots by name, equal exports, equal KPIs
    with their explanations.
    """
    folders = make(tmp_path / "file"), on(tmp_path / "server", schema)
    found: list[Any] = []
    for folder in folders:
        for step in range(3):
            load(folder, step)
        with closing(open_workspace(folder)) as workspace:
            workspace.drop(3)
            results = workspace.kpi(
                ["ticket_backlog", "time_to_resolution"], period="2025", grain="quarter", total=True
            )
            earlier = workspace.kpi(
                ["ticket_backlog"], period="2025", known_at=datetime(2026, 1, 1, tzinfo=UTC)
            )
            loads = [
                (
                    one.id,
                    one.state,
                    [(row.table, row.read, row.loaded, row.digest) for row in one.tables],
                )
                for one in workspace.manifest.loads()
            ]
            found.append(
                (loads, workspace.manifest.current(), results.to_dicts(), earlier.to_dicts())
            )
        assert answer(folder) == expected(1)
    assert found[0] == found[1]
    assert exported(folders[0], tmp_path / "one") == exported(folders[1], tmp_path / "other")


@pytest.mark.parametrize("point", ["load.before_commit", "publish.recorded"])
def test_a_process_that_dies_leaves_what_answered_before(
    schema: DatabaseSettings, tmp_path: Path, point: str
) -> None:
    folder = on(tmp_path / "workspace", schema)
    load(folder, 0)
    write_state(folder / "files", 1)
    words = ["sync", "--workspace", str(folder)]
    assert run(words, fail_at=point) < 0
    with closing(open_workspace(folder)) as workspace:
        assert len(workspace.manifest.loads()) == (1 if point == "load.before_commit" else 2)
    assert answer(folder) == expected(0)
    assert run(words) == 0
    assert answer(folder) == expected(1)


def test_a_server_that_was_restarted_is_asked_again(
    schema: DatabaseSettings, server: sa.Engine, tmp_path: Path
) -> None:
    with closing(Manifest(schema.of(tmp_path))) as manifest:
        assert manifest.loads() == []
        with server.begin() as connection:
            ended = connection.scalars(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                    "application_name = 'kampass'"
                )
            ).all()
        assert True in ended
        assert manifest.loads() == []


def test_two_workspaces_never_share_a_schema(schema: DatabaseSettings, tmp_path: Path) -> None:
    first = on(tmp_path / "first", schema)
    load(first, 0)
    second = on(tmp_path / "second", schema)
    with pytest.raises(DataError, match="belongs to another workspace") as raised:
        open_workspace(second)
    assert raised.value.code == "database_taken" and "schema" in raised.value.hint
    assert answer(first) == expected(0)


def test_a_schema_with_somebody_elses_tables_is_refused(
    schema: DatabaseSettings, server: sa.Engine, tmp_path: Path
) -> None:
    with server.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema.schema}"))
        connection.execute(sa.text(f"CREATE TABLE {schema.schema}.load (mine int)"))
    with pytest.raises(DataError, match="has a table 'load'") as raised:
        Manifest(schema.of(tmp_path))
    assert raised.value.code == "database_not_empty"
    with server.connect() as connection:
        assert sa.inspect(connection).get_table_names(schema=schema.schema) == ["load"]
    assert list(tmp_path.iterdir()) == []


def test_loads_are_not_swept_away_by_a_database_that_does_not_know_them(
    schema: DatabaseSettings, tmp_path: Path
) -> None:
    """In both directions: a URL given to a workspace that has loads in its file, and one that is
    forgotten.
    """
    folder = make(tmp_path / "workspace")
    load(folder, 0)
    plain = (folder / "kampass.toml").read_text(encoding="utf-8")
    (folder / "kampass.toml").write_text(
        f'{plain}\n[database]\nurl = "{schema.url}"\nschema = "{schema.schema}"\n', encoding="utf-8"
    )
    with pytest.raises(DataError, match="is not the empty one") as raised:
        open_workspace(folder)
    assert raised.value.code == "database_elsewhere" and "kampass backup" in raised.value.hint
    (folder / "kampass.toml").write_text(plain, encoding="utf-8")
    assert answer(folder) == expected(0)
    other = on(tmp_path / "other", schema)
    load(other, 0)
    (other / "kampass.toml").write_text(plain, encoding="utf-8")
    with pytest.raises(DataError, match="no URL says where") as raised:
        open_workspace(other)
    assert raised.value.code == "database_elsewhere"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ada:s3cret@h/d",
        "postgresql+asyncpg://ada:s3cret@h/d",
        "sqlite:///elsewhere.db",
        "s3cret",
        "postgresql://h:s3cret/d",
        "postgresql://h/d?password=s3cret",
    ],
)
def test_another_kind_of_database_is_refused_and_its_url_not_repeated(url: str) -> None:
    with pytest.raises(DataError) as raised:
        parse_url(url)
    assert raised.value.code == "bad_settings" and "postgresql+psycopg://" in raised.value.hint
    assert "s3cret" not in raised.value.message


def test_the_short_names_of_postgresql_and_the_workspaces_own_file_are_understood() -> None:
    assert {
        str(parse_url(f"{name}://h/d")) for name in ("postgresql", "postgres", "postgresql+psycopg")
    } == {"postgresql+psycopg://h/d"}
    assert parse_url("sqlite:///.kampass/app.db") is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Kampass",
        "1st",
        "a b",
        'a"; DROP SCHEMA public',
        "pg_mine",
        "information_schema",
        "a" * 64,
    ],
)
def test_a_schema_has_a_plain_name(name: str) -> None:
    with pytest.raises(DataError, match="no name for a schema"):
        parse_schema(name)
