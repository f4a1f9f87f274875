"""A backup has one form wherever the database is; it goes from either kind to either, and takes
nobody's password or session along.
"""

import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import on
from tests.struck import START, answer, expected, exported, load, make, run, start

from kampass.access import Role, Scope
from kampass.errors import DataError
from kampass.people.schema import METADATA as PEOPLE
from kampass.store import Manifest
from kampass.store.database import MARK
from kampass.store.records import Load
from kampass.store.schema import METADATA
from kampass.workspace import open_workspace
from kampass.workspace import settings as settings_file
from kampass.workspace.backup import restore, rows, verify_backup, verify_workspace
from kampass.workspace.backup.archive import CONTENTS, Archive
from kampass.workspace.settings import DATABASE_SCHEMA, DATABASE_URL, DatabaseSettings

PASSWORD = "correct-horse-battery"  # noqa: S105 - Ada's, who lives here only
IN_FILE = "sqlite:///.kampass/app.db"


def fill(folder: Path) -> Path:
    """Two loads, a dropped one, and something of everything that people make."""
    for step in range(3):
        load(folder, step)
    with closing(open_workspace(folder)) as workspace:
        workspace.drop(3)
        people, library = workspace.people, workspace.library
        ada = people.accounts.add("ada@example.com", "Ada Ärger", Role.ADMIN, password=PASSWORD)
        gone = people.accounts.add("bob@example.com", "Bob", Role.ANALYST)
        people.accounts.remove(gone.id)
        people.sessions.start(ada.id, address="127.0.0.1", agent="test")
        people.invitations.make("invite", email="eve@example.com", role=Role.ANALYST, by=ada.id)
        people.tokens.make(ada.id, "nightly", ["read"], datetime.now(UTC) + timedelta(days=30))
        library.notes.add(ada, text="They moved \N{SNOWMAN}", scope=Scope(None), account="a0")
        spare = library.notes.add(ada, text="gone again", scope=Scope(None), kpi="nrr")
        library.notes.remove(spare.id, ada, scope=Scope(None))
        library.saved.add(ada, "Mine", "/kpis/nrr?period=2025")
        library.dashboards.add(
            ada, "Morning", [{"id": "a", "x": 0, "y": 0, "w": 4, "h": 2}], [Role.ANALYST]
        )
    return folder


@pytest.fixture
def served(schema: DatabaseSettings, tmp_path: Path) -> Path:
    return fill(on(tmp_path / "served", schema))


@pytest.fixture
def admin(postgresql_server: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def backed_up(folder: Path, file: Path) -> Path:
    with closing(open_workspace(folder)) as workspace:
        workspace.backup(file)
    return file


def tables(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that a backup holds."""
    with (
        closing(open_workspace(folder)) as workspace,
        workspace.manifest.engine.connect() as connection,
    ):
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in rows.copied()
        }


def names(admin: sa.Connection, schema: DatabaseSettings) -> list[str]:
    return sa.inspect(admin.engine).get_table_names(schema=schema.schema)


def test_from_a_server_to_a_file_and_back_every_row_is_the_same(
    served: Path, schema: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, export = tables(served), exported(served, tmp_path / "export")
    assert all(
        right[name]
        for name in (
            "load",
            "person",
            "api_token",
            "note",
            "saved_question",
            "dashboard",
            "dashboard_share",
            "publication",
        )
    )
    first = backed_up(served, tmp_path / "first.zip")
    assert verify_backup(first).whole
    monkeypatch.setenv(DATABASE_URL, IN_FILE)
    (notice,) = [
        notice for notice in restore(first, tmp_path / "file").notices if "environment" in notice
    ]
    assert schema.schema in notice
    assert tables(tmp_path / "file") == right
    assert verify_workspace(tmp_path / "file").whole
    second = backed_up(tmp_path / "file", tmp_path / "second.zip")
    monkeypatch.delenv(DATABASE_URL)
    monkeypatch.setenv(DATABASE_SCHEMA, f"{schema.schema}_again")
    restore(second, tmp_path / "again")
    assert not (tmp_path / "again" / ".kampass" / "app.db").exists()
    assert tables(tmp_path / "again") == right
    assert exported(tmp_path / "again", tmp_path / "export again") == export
    assert verify_workspace(tmp_path / "again").whole


def test_a_restored_server_goes_on_counting_and_reuses_no_number(
    served: Path, schema: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note and the load with the highest numbers are gone or dropped: what follows gets the
    next ones, on both kinds.
    """
    file = backed_up(served, tmp_path / "backup.zip")
    for environment in ({DATABASE_URL: IN_FILE}, {DATABASE_SCHEMA: f"{schema.schema}_next"}):
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            folder = tmp_path / f"restored {'_'.join(environment)}"
            restore(file, folder)
            with closing(open_workspace(folder)) as workspace:
                ada = workspace.people.accounts.by_email("ada@example.com")
                assert ada is not None
                assert (
                    workspace.library.notes.add(ada, text="next", scope=Scope(None), kpi="nrr").id
                    == 3
                )
                assert (
                    workspace.manifest.add_load(
                        Load(0, "files", START + timedelta(days=9), "complete", "")
                    )
                    == 4
                )
                assert workspace.people.accounts.sign_in("ada@example.com", PASSWORD).id == ada.id


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_stolen_backup_signs_nobody_in(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = (
        request.getfixturevalue("served")
        if kind == "postgresql"
        else fill(make(tmp_path / "workspace"))
    )
    with zipfile.ZipFile(backed_up(folder, tmp_path / "backup.zip")) as archive:
        raw = archive.read(".kampass/app.db")
    (tmp_path / "app.db").write_bytes(raw)
    with closing(sqlite3.connect(tmp_path / "app.db")) as database:
        for name in rows.LEFT_OUT:
            assert database.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,), name
        assert database.execute("SELECT count(*) FROM person").fetchone() == (2,)
    with (
        closing(open_workspace(folder)) as workspace,
        workspace.manifest.engine.connect() as connection,
    ):
        secrets = [
            row[0]
            for name in ("session", "ticket")
            for row in connection.execute(sa.text(f"SELECT digest FROM {name}"))
        ]
    assert len(secrets) == 2 and not any(secret.encode() in raw for secret in secrets)
    assert PASSWORD.encode() not in raw


def test_every_table_of_a_database_is_copied_or_left_out_on_purpose(tmp_path: Path) -> None:
    with closing(Manifest(tmp_path / "app.db")) as manifest:
        there = set(sa.inspect(manifest.engine).get_table_names())
    assert there == {table.name for table in rows.copied()} | {
        *rows.LEFT_OUT,
        "seal",
        "alembic_version",
    }
    assert not METADATA.tables.keys() & PEOPLE.tables.keys()


def test_a_backup_from_a_server_sees_one_moment_and_writes_nothing(
    schema: DatabaseSettings, tmp_path: Path
) -> None:
    """A load is recorded between its first table and its second one."""
    with (
        closing(Manifest(schema.of(tmp_path))) as manifest,
        rows.one_moment(manifest.engine) as source,
    ):
        assert source.scalar(sa.text("SELECT count(*) FROM load")) == 0
        manifest.add_load(Load(0, "crm", START, "complete", ""))
        assert source.scalar(sa.text("SELECT count(*) FROM load")) == 0
        with pytest.raises(DataError, match="read-only transaction"):
            source.execute(sa.text("DELETE FROM load"))


def test_a_restore_takes_an_empty_schema_only(
    served: Path, schema: DatabaseSettings, tmp_path: Path
) -> None:
    right = tables(served)
    file = backed_up(served, tmp_path / "backup.zip")
    with pytest.raises(DataError, match="is not empty") as raised:
        restore(file, tmp_path / "restored")
    assert raised.value.code == "database_not_empty" and DATABASE_SCHEMA in raised.value.hint
    assert not (tmp_path / "restored").exists()
    assert tables(served) == right and answer(served) == expected(1)


def test_a_restore_that_proves_nothing_leaves_the_schema_empty(
    served: Path,
    schema: DatabaseSettings,
    admin: sa.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every digest of this forgery holds; only the proof fails, after the rows have landed."""
    file = backed_up(served, tmp_path / "backup.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(tmp_path / "forged.zip", "w") as target:
        contents = Archive(file, source).contents
        for name in source.namelist():
            target.writestr(
                zipfile.ZipInfo(name),
                source.read(name)
                if name != CONTENTS
                else replace(contents, export_sha256="0" * 64).to_json(),
            )
    other = replace(schema, schema=f"{schema.schema}_forged")
    monkeypatch.setenv(DATABASE_SCHEMA, other.schema)
    with pytest.raises(DataError, match="its export has the digest"):
        restore(tmp_path / "forged.zip", tmp_path / "restored")
    assert names(admin, other) == []
    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize("point", ["restore.unpacked", "restore.proved"])
def test_a_restore_that_was_killed_begins_anew(
    served: Path, schema: DatabaseSettings, admin: sa.Connection, tmp_path: Path, point: str
) -> None:
    right = tables(served)
    file = backed_up(served, tmp_path / "backup.zip")
    shutil.rmtree(served)
    admin.execute(sa.text(f"DROP SCHEMA {schema.schema} CASCADE"))
    words = ["restore", str(file), str(tmp_path / "restored")]
    assert run(words, fail_at=point) < 0
    assert bool(names(admin, schema)) is (point == "restore.proved")
    assert run(words) == 0
    assert tables(tmp_path / "restored") == right
    assert (tmp_path / "restored" / ".kampass" / MARK).exists()


def test_verifying_changes_nothing_on_the_server(
    served: Path, schema: DatabaseSettings, admin: sa.Connection
) -> None:
    right = tables(served)
    assert verify_workspace(served).whole
    assert verify_workspace(served).loads == 3
    assert tables(served) == right
    admin.execute(sa.text(f"UPDATE {schema.schema}.alembic_version SET version_num = '0002'"))
    (finding,) = verify_workspace(served).findings
    assert "is of version 0002" in finding.what and schema.schema in finding.place
    admin.execute(sa.text(f"DROP SCHEMA {schema.schema} CASCADE"))
    (finding,) = verify_workspace(served).findings
    assert finding.what == "is not this workspace's"
    assert names(admin, schema) == []


def test_a_password_in_the_environment_goes_nowhere_else(
    schema: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schema.url is not None
    monkeypatch.setenv(DATABASE_URL, schema.url.replace("postgres@", "postgres:s3cret%40pw@"))
    monkeypatch.setenv(DATABASE_SCHEMA, schema.schema)
    folder = make(tmp_path / "workspace")
    load(folder, 0)
    with closing(open_workspace(folder)) as workspace:
        file = workspace.backup(tmp_path / "backup.zip").file
        said = (
            f"{workspace.manifest.engine!r} {workspace.settings!r} "
            f"{workspace.settings.database.of(folder)!r} "
            f"{workspace.settings.database.of(folder)}"
        )
    held = [path.read_bytes() for path in [file, *folder.rglob("*")] if path.is_file()]
    for secret in ("s3cret@pw", "s3cret%40pw"):
        assert secret not in said and not any(secret.encode() in raw for raw in held)


def test_a_server_that_is_down_is_named_without_its_password(tmp_path: Path) -> None:
    folder = make(tmp_path / "workspace")
    environment = {
        DATABASE_URL: "postgresql+psycopg://ada:s3cret%40pw@127.0.0.1:1/books",
        DATABASE_SCHEMA: "mine",
    }
    for words in (
        ["kpi", "nrr", "--period", "2025"],
        ["sync"],
        ["verify"],
        ["backup", str(tmp_path / "backup.zip")],
    ):
        process = start([*words, "--workspace", str(folder)], **environment)
        out, narration = (stream.decode() for stream in process.communicate(timeout=120))
        assert process.returncode == 3, narration
        assert "127.0.0.1:1/books cannot be reached" in narration and "Traceback" not in narration
        assert "s3cret" not in out + narration


def test_a_password_in_the_settings_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for text in (
        '[database]\nurl = "postgresql://ada:s3cret@host/books"',
        '[database]\nurl = ["s3cret"]',
        'database = "postgresql://ada:s3cret@host/books"',
        '[database]\nschema = 7\nurl = "postgresql://ada:s3cret@host/books"',
    ):
        (tmp_path / "kampass.toml").write_text(text, encoding="utf-8")
        with pytest.raises(DataError) as raised:
            settings_file.read(tmp_path)
        assert raised.value.code == "bad_settings"
        assert "s3cret" not in raised.value.message + raised.value.hint
    (tmp_path / "kampass.toml").write_text(
        '[database]\nurl = "postgresql://ada:s3cret@host/books"', encoding="utf-8"
    )
    with pytest.raises(DataError, match="holds a password") as raised:
        settings_file.read(tmp_path)
    assert DATABASE_URL in raised.value.hint


def test_what_is_written_into_the_settings_is_read_again(tmp_path: Path) -> None:
    stated = settings_file.WorkspaceSettings(
        database=DatabaseSettings("postgresql+psycopg://ada@host/books", "mine")
    )
    settings_file.write(tmp_path, stated)
    found = settings_file.read(tmp_path).database
    assert found == stated.database
    database = found.of(tmp_path, environment={})
    assert str(database) == "host/books, schema mine"


def test_a_damaged_archive_connects_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings in an archive name a server; until every digest held, nobody calls it."""
    folder = make(tmp_path / "one")
    load(folder, 0)
    backup = tmp_path / "backup.zip"
    assert run(["backup", str(backup), "--workspace", str(folder)]) == 0
    packed = bytearray(backup.read_bytes())
    packed[packed.index(b"PAR1") + 200] ^= 1
    backup.write_bytes(packed)
    called: list[str] = []

    def call(*_: Any, **__: Any) -> None:
        called.append("called")
        raise AssertionError("it connected")

    monkeypatch.setattr("kampass.store.server.server_engine", call)
    monkeypatch.setenv(DATABASE_URL, "postgresql://somewhere.example/x")
    with pytest.raises(DataError) as raised:
        restore(backup, tmp_path / "two")
    assert (raised.value.code, called) == ("damaged_backup", [])
    assert not (tmp_path / "two").exists()
