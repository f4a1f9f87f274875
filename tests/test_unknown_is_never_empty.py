"""A workspace whose database is gone, older, or another's: nothing is deleted, nothing is written,
and it is said what was found.
"""

import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from kampass.access import Role
from kampass.cli import main
from kampass.errors import DataError
from kampass.server.serving import Serving
from kampass.store import faults
from kampass.web.app import application
from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.settings import DatabaseSettings, SourceSettings, WorkspaceSettings

ACCOUNTS = "id,name\na,Ash\n"
TICKETS = "id,created_at,account_id\nt1,2026-01-05T09:00:00Z,a\n"


def begun(folder: Path, **settings: Any) -> Path:
    """A workspace of one load."""
    files = folder / "files"
    files.mkdir(parents=True)
    (files / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    source = SourceSettings("files", "folder", {"path": str(files)})
    made_with = WorkspaceSettings(sources=(source,), **settings)
    with closing(create(folder / "ws", made_with)) as workspace:
        workspace.sync(recorded_at=datetime(2026, 1, 10, tzinfo=UTC))
    return folder / "ws"


def made(folder: Path) -> Path:
    """One of two loads; the database as it was after the first is kept as `older.db`."""
    files = begun(folder).parent / "files"
    shutil.copy(database(folder), folder / "older.db")
    (files / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    with closing(open_workspace(folder / "ws")) as workspace:
        workspace.sync(recorded_at=datetime(2026, 1, 11, tzinfo=UTC))
    return folder / "ws"


def database(folder: Path) -> Path:
    return folder / "ws" / ".kampass" / "app.db"


def gone(folder: Path) -> None:
    database(folder).unlink()


def older(folder: Path) -> None:
    shutil.copy(folder / "older.db", database(folder))


def another(folder: Path) -> None:
    shutil.copy(database(made(folder / "another").parent), database(folder))


def held(workspace: Path) -> dict[str, bytes]:
    """Every file of journal and snapshots."""
    places = [workspace / ".kampass" / name for name in ("journal", "snapshots")]
    return {
        str(file): file.read_bytes()
        for place in places
        for file in sorted(place.rglob("*"))
        if file.is_file()
    }


@pytest.mark.parametrize("lose", [gone, older, another])
@pytest.mark.parametrize(
    "command",
    [
        ("sync",),
        ("publish",),
        ("data", "drop", "1"),
        ("serve", "--port", "8799"),
    ],
    ids=" ".join,
)
def test_nothing_is_written_or_deleted_where_the_journal_holds_what_the_database_does_not_know(
    lose: Callable[[Path], None],
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workspace = made(tmp_path)
    lose(tmp_path)
    before = held(workspace)
    monkeypatch.setattr(sys, "argv", ["kampass", *command, "--workspace", str(workspace)])
    with pytest.raises(SystemExit) as left:
        main()
    told = capsys.readouterr().err
    assert left.value.code == 3, told
    assert "that the database does not know" in told
    assert "set-up" not in told
    assert held(workspace) == before


def test_a_lost_database_is_said_to_who_asks_and_back_in_its_place_it_answers(
    tmp_path: Path,
) -> None:
    workspace = made(tmp_path)
    kept = database(tmp_path).read_bytes()
    gone(tmp_path)
    with closing(open_workspace(workspace)) as lost:
        with pytest.raises(DataError, match="are 2 batches of the journal") as raised:
            lost.snapshot()
        assert raised.value.code == "unknown_journal"
    database(tmp_path).write_bytes(kept)
    with closing(open_workspace(workspace)) as found:
        assert found.snapshot().rows["tickets"] == 1
        found.sync(recorded_at=datetime(2026, 1, 12, tzinfo=UTC))


def test_a_schema_that_is_gone_from_a_server_is_a_lost_database_too(
    schema: DatabaseSettings, tmp_path: Path
) -> None:
    workspace = begun(tmp_path, database=schema)
    assert schema.url is not None
    engine = sa.create_engine(schema.url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {schema.schema} CASCADE"))
    engine.dispose()
    before = held(workspace)
    with pytest.raises(DataError, match="not the empty one"):
        open_workspace(workspace)
    assert held(workspace) == before


def test_an_older_database_still_answers_what_it_proves(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    older(tmp_path)
    with closing(open_workspace(workspace)) as found:
        assert found.snapshot().rows == {"accounts": 1}


@pytest.mark.parametrize("point", ["load.before_rename", "load.after_rename", "load.committed"])
def test_what_an_interrupted_load_left_behind_is_told_from_what_is_unknown(
    point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = made(tmp_path)
    (tmp_path / "files" / "tickets.csv").write_text(TICKETS.replace("t1", "t2"), encoding="utf-8")

    def dies(reached: str) -> None:
        if reached == point:
            raise KeyboardInterrupt

    with monkeypatch.context() as struck, closing(open_workspace(workspace)) as interrupted:
        struck.setattr(faults, "reach", dies)
        with pytest.raises(KeyboardInterrupt):
            interrupted.sync(recorded_at=datetime(2026, 1, 12, tzinfo=UTC))
    with closing(open_workspace(workspace)) as goes_on:
        goes_on.sync(recorded_at=datetime(2026, 1, 13, tzinfo=UTC))
        named = {
            Path(table.file or table.quarantine_file or "").parts[0]
            for load in goes_on.manifest.loads(states=("complete", "held", "dropped"))
            for table in load.tables
            if table.file or table.quarantine_file
        }
    journal = workspace / ".kampass" / "journal"
    assert {folder.name for folder in journal.iterdir()} == named | {"loads"}
    assert not list(journal.rglob(".uncommitted"))


@pytest.mark.filterwarnings("default::kampass.errors.KampassWarning")
def test_a_folder_in_the_place_of_a_snapshot_is_moved_away_and_what_is_in_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = begun(tmp_path)
    (snapshot,) = (workspace / ".kampass" / "snapshots").glob("*.duckdb")
    snapshot.unlink()
    snapshot.mkdir()
    (snapshot / "somebody's").write_text("letters", encoding="utf-8")
    command = ["kampass", "kpi", "ticket_backlog", "--period", "2026-01", "--workspace"]
    monkeypatch.setattr(sys, "argv", [*command, str(workspace)])
    with pytest.raises(SystemExit) as left:
        main()
    told = capsys.readouterr()
    assert not left.value.code
    assert "A folder stood in the place of a snapshot" in told.err
    assert "Open tickets" in told.out
    assert snapshot.is_file()
    (moved,) = snapshot.parent.glob("*.folder-*")
    assert (moved / "somebody's").read_text(encoding="utf-8") == "letters"


def signed_in(workspace: Workspace) -> TestClient:
    """Somebody who is signed in on a server that runs."""
    accounts = workspace.people.accounts
    person = accounts.by_email("ann@firm.example") or accounts.add(
        "ann@firm.example", "Ann", Role.ADMIN
    )
    token, _ = workspace.people.sessions.start(person.id, address="", agent="")
    app = application(workspace, Serving("http://testserver"))
    return TestClient(app, cookies={"kampass": token}, follow_redirects=False)


def test_a_server_whose_database_goes_answers_503_in_words_and_makes_none(tmp_path: Path) -> None:
    place = made(tmp_path)
    with closing(open_workspace(place)) as workspace:
        client = signed_in(workspace)
        assert client.get("/data").status_code == 200
        kept = database(tmp_path).rename(tmp_path / "kept.db")
        for method, address in (
            ("GET", "/"),
            ("GET", "/data"),
            ("GET", "/sign-in"),
            ("GET", "/set-up?ticket=x"),
            ("POST", "/sign-in"),
            ("GET", "/api/v1/kpis/mrr_end"),
        ):
            sent = {"data": {"email": "ann@firm.example", "password": "x"}} if "P" in method else {}
            answer = client.request(method, address, **sent)  # type: ignore[arg-type]
            assert answer.status_code == 503, address
            assert "is gone. Nothing was changed." in answer.text
            assert "Make the first account" not in answer.text
        assert not database(tmp_path).exists()
        with pytest.raises(DataError, match="is gone"):
            workspace.sync()
        assert not database(tmp_path).exists()
        kept.rename(database(tmp_path))
        assert client.get("/data").status_code == 200


def test_a_server_whose_database_is_replaced_reads_the_one_that_is_there(tmp_path: Path) -> None:
    """What is written into a file that was moved away would be lost, and nobody would know."""
    place = made(tmp_path)
    with closing(open_workspace(place)) as workspace:
        workspace.people.accounts.add("ann@firm.example", "Ann", Role.ADMIN)
        shutil.copy(database(tmp_path), tmp_path / "copy.db")
        (tmp_path / "copy.db").replace(database(tmp_path))
        workspace.people.accounts.add("bob@firm.example", "Bob", Role.ADMIN)
    with closing(open_workspace(place)) as again:
        assert [one.name for one in again.people.accounts.all()] == ["Ann", "Bob"]


def test_a_server_under_whom_an_empty_database_is_put_offers_nobody_to_set_it_up(
    tmp_path: Path,
) -> None:
    place = made(tmp_path)
    with closing(open_workspace(place)) as workspace:
        client = signed_in(workspace)
        database(tmp_path).unlink()
        open_workspace(place).close()
        signed_in(workspace)
        for address in ("/", "/sign-in", "/set-up?ticket=x"):
            assert "Make the first account" not in client.get(address).text
        refused = signed_in(workspace).get("/data")
        assert "that the database does not know" in refused.text
