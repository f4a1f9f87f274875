"""`kampass repair`: the database written again from the journal answers as the lost one did, and what
the journal lacks is said.

The workspace has eight loads: 1, 2 and 5 of its files, of which the second one was dropped; a line
that is no row (6); three of a feed (3 brings a row, 4 and 7 nothing but a cursor); 8 is held.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.struck import exported

from kampass.cli import main
from kampass.errors import DataError
from kampass.intake.readers.records import batch
from kampass.model.messages import Batch, Cursor, Message
from kampass.store import faults
from kampass.store.records import EVERY_STATE, Load
from kampass.workspace import create, open_workspace
from kampass.workspace.backup import Rebuilt, rebuild, verify_workspace
from kampass.workspace.settings import DatabaseSettings, SourceSettings, WorkspaceSettings


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@dataclass
class Feed:
    """Says one page more each time, and remembers from where it was asked."""

    pages: list[list[dict[str, str]]]
    name: str = "feed"
    asked: str | None = ""

    def read(self, since: str | None) -> Iterator[Message]:
        self.asked = since
        for page in self.pages[int(since or 0) :]:
            if page:
                yield Batch(batch("tickets", page, "page").scan)
        yield Cursor(str(len(self.pages)))


def write(folder: Path, *names: str, torn: str = "") -> None:
    rows = "".join(f"{name.lower()},{name},\n" for name in names)
    (folder / "accounts.csv").write_text(f"id,name,is_test\n{rows}{torn}", encoding="utf-8")


TICKET = {"id": "t1", "created_at": "2026-01-02T09:00:00Z", "account_id": "ash"}


def begun(folder: Path, database: DatabaseSettings | None = None) -> Path:
    """Loads 1 and 2, of which the second was dropped; the database as it was then is kept."""
    files, place = folder / "files", folder / "ws"
    files.mkdir(parents=True)
    write(files, "Ash", "Birch", "Cedar", "Elm", "Fir", torn="total,,perhaps\n")
    source = SourceSettings("files", "folder", {"path": str(files)})
    settings = WorkspaceSettings(sources=(source,), database=database or DatabaseSettings())
    with closing(create(place, settings)) as workspace:
        workspace.sync(recorded_at=day(2))
        write(files, "Ash", "Birch", "Cedar", "Elm", "Wrong", torn="total,,perhaps\n")
        workspace.sync(recorded_at=day(3))
        if database is None:
            shutil.copy(place / ".kampass" / "app.db", folder / "older.db")
        workspace.drop(2)
    return place


def made(folder: Path, database: DatabaseSettings | None = None) -> Path:
    """All eight."""
    place = begun(folder, database)
    with closing(open_workspace(place)) as workspace:
        journal, feed = workspace.journal, Feed([[TICKET]])
        for number in (4, 5):
            journal.load(feed, recorded_at=day(number))
        write(folder / "files", "Ash", "Birch", "Cedar", "Elm", "Fir", "Gum", torn="total,,maybe\n")
        workspace.sync(recorded_at=day(6))
        assert workspace.dismiss(table="accounts", recorded_at=day(7))
        journal.load(feed, recorded_at=day(8))
        write(folder / "files", "Ash")
        (held,) = workspace.sync(recorded_at=day(9))
        assert (held.number, held.state) == (8, "held")
        workspace.publish().close()
    return place


def loads(place: Path) -> list[Load]:
    with closing(open_workspace(place)) as workspace:
        return workspace.manifest.loads(states=EVERY_STATE)


def answering(place: Path, target: Path) -> tuple[list[Load], str, dict[str, bytes]]:
    """Everything a workspace says of itself."""
    with closing(open_workspace(place)) as workspace, closing(workspace.snapshot()) as snapshot:
        known, answers = workspace.manifest.loads(states=EVERY_STATE), snapshot.id
    return known, answers, exported(place, target)


def repaired(place: Path) -> Rebuilt:
    """A workspace repaired and, where it is whole, published."""
    found = rebuild(place)
    if found.whole:
        with closing(open_workspace(place)) as workspace:
            workspace.publish().close()
    return found


def test_the_database_written_again_answers_as_the_lost_one_did(tmp_path: Path) -> None:
    place = made(tmp_path)
    before = answering(place, tmp_path / "before")
    (place / ".kampass" / "app.db").unlink()
    found = repaired(place)
    assert (found.loads, found.whole) == (tuple(range(1, 9)), True)
    assert "who signs in" in found.notices[0]
    assert answering(place, tmp_path / "after") == before
    with closing(open_workspace(place)) as workspace:
        feed = Feed([[TICKET], [], [TICKET | {"id": "t2"}]])
        assert workspace.journal.load(feed, recorded_at=day(10)).number == 9
        assert feed.asked == "1"


def test_an_older_database_learns_what_came_since_and_what_became_of_it(tmp_path: Path) -> None:
    place = made(tmp_path)
    before = answering(place, tmp_path / "before")
    shutil.copy(tmp_path / "older.db", place / ".kampass" / "app.db")
    found = repaired(place)
    assert (found.loads, found.states, found.whole) == (tuple(range(3, 9)), (2,), True)
    assert answering(place, tmp_path / "after") == before


def test_a_database_that_is_behind_by_a_word_alone_is_older_too(tmp_path: Path) -> None:
    place = begun(tmp_path)
    shutil.copy(tmp_path / "older.db", place / ".kampass" / "app.db")
    with closing(open_workspace(place)) as workspace:
        with pytest.raises(DataError, match="knows more of load 2") as raised:
            workspace.sync(recorded_at=day(9))
        assert raised.value.code == "unknown_journal"
    assert repaired(place).states == (2,)
    assert [load.state for load in loads(place)] == ["complete", "dropped"]


def test_a_damaged_database_is_kept_aside(tmp_path: Path) -> None:
    place = made(tmp_path)
    before = answering(place, tmp_path / "before")
    file = place / ".kampass" / "app.db"
    file.write_bytes(file.read_bytes()[:5000] + b"\x00" * 9000 + file.read_bytes()[14000:])
    damaged = file.read_bytes()
    assert "the damaged database is kept as .kampass/app.db.damaged-" in repaired(place).notices[0]
    (kept,) = file.parent.glob("app.db.damaged-*")
    assert kept.read_bytes() == damaged
    assert answering(place, tmp_path / "after") == before


def test_another_workspaces_database_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    place, other = made(tmp_path / "one"), made(tmp_path / "other")
    file = place / ".kampass" / "app.db"
    shutil.copy(other / ".kampass" / "app.db", file)
    before = {
        found: found.read_bytes() for found in (place / ".kampass").rglob("*") if found.is_file()
    }
    with pytest.raises(DataError, match="they belong to different workspaces") as raised:
        rebuild(place)
    assert raised.value.code == "another_database"
    assert {found: found.read_bytes() for found in before} == before


def test_a_schema_that_is_gone_from_a_server_is_made_again(
    schema: DatabaseSettings, tmp_path: Path
) -> None:
    place = made(tmp_path, schema)
    before = answering(place, tmp_path / "before")
    assert schema.url is not None
    engine = sa.create_engine(schema.url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {schema.schema} CASCADE"))
    engine.dispose()
    assert repaired(place).whole
    assert answering(place, tmp_path / "after") == before
    with closing(open_workspace(place)) as workspace:
        assert workspace.journal.load(Feed([]), recorded_at=day(10)).number == 9


def without_a_line(place: Path) -> tuple[tuple[int, ...], int]:
    """Load 1 is of an earlier version, which wrote no line."""
    (place / ".kampass" / "journal" / "loads" / "00000001.complete.json").unlink()
    return (1,), 1


def half_copied(place: Path) -> tuple[tuple[int, ...], int]:
    """Neither line nor batch of load 3 came along."""
    with closing(open_workspace(place)) as workspace:
        (table,) = workspace.manifest.loads()[1].tables
        assert table.table == "tickets" and table.file
        shutil.rmtree(workspace.journal.folder / Path(table.file).parts[0])
    (place / ".kampass" / "journal" / "loads" / "00000003.complete.json").unlink()
    return (3,), 0


def a_line_alone(place: Path) -> tuple[tuple[int, ...], int]:
    """The line of load 3 came along, and its batch did not."""
    line = place / ".kampass" / "journal" / "loads" / "00000003.complete.json"
    kept = line.read_bytes()
    half_copied(place)
    line.write_bytes(kept)
    return (3,), 1


@pytest.mark.parametrize("lose", [without_a_line, half_copied, a_line_alone])
def test_what_the_journal_lacks_is_said_and_sources_start_over(
    lose: Callable[[Path], tuple[tuple[int, ...], int]], tmp_path: Path
) -> None:
    place = made(tmp_path)
    before = exported(place, tmp_path / "before")
    missing, unplaced = lose(place)
    (place / ".kampass" / "app.db").unlink()
    found = repaired(place)
    assert (found.missing, len(found.unplaced), found.whole) == (missing, unplaced, False)
    assert len(list((place / ".kampass").glob("unplaced/*"))) == unplaced
    with closing(open_workspace(place)) as workspace:
        feed = Feed([[TICKET]])
        workspace.journal.load(feed, recorded_at=day(10))
        assert feed.asked is None
        write(
            tmp_path / "files", "Ash", "Birch", "Cedar", "Elm", "Fir", "Gum", torn="total,,maybe\n"
        )
        workspace.sync(recorded_at=day(11))
    assert exported(place, tmp_path / "after") == before


def test_a_damaged_batch_stops_the_repair_before_anything_is_written(tmp_path: Path) -> None:
    place = made(tmp_path)
    (place / ".kampass" / "app.db").unlink()
    file = next((place / ".kampass" / "journal").rglob("accounts.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match="is damaged") as raised:
        rebuild(place)
    assert loads(place) == []
    assert file.parent.name in raised.value.hint
    file.parent.rename(tmp_path / "elsewhere")
    assert len(rebuild(place).missing) == 1


@pytest.mark.parametrize("lost", ["gone", "older"])
def test_verify_says_what_the_database_does_not_know(lost: str, tmp_path: Path) -> None:
    place = begun(tmp_path)
    assert verify_workspace(place).whole
    if lost == "gone":
        (place / ".kampass" / "app.db").unlink()
        assert "app.db" in {found.place for found in verify_workspace(place).findings}
        open_workspace(place).close()  # which makes an empty one
    else:
        shutil.copy(tmp_path / "older.db", place / ".kampass" / "app.db")
    findings = verify_workspace(place).findings
    assert findings
    assert all("'kampass repair'" in found.way_out for found in findings)


@pytest.mark.parametrize("point", ["repair.put_back", "repair.moved"])
@pytest.mark.parametrize("lose", [None, without_a_line])
def test_a_repair_that_was_struck_down_is_finished_by_the_next(
    lose: Callable[[Path], tuple[tuple[int, ...], int]] | None,
    point: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = made(tmp_path)
    if lose is not None:
        lose(place)
    (place / ".kampass" / "app.db").unlink()

    def dies(reached: str) -> None:
        if reached == point:
            raise KeyboardInterrupt

    with monkeypatch.context() as struck:
        struck.setattr(faults, "reach", dies)
        with pytest.raises(KeyboardInterrupt):
            rebuild(place)
    rebuild(place)
    with closing(open_workspace(place)) as workspace:
        workspace.sync(recorded_at=day(12))
    assert len(loads(place)) == (9 if lose is None else 8)


def test_lines_that_a_killed_program_did_not_write_are_written_by_the_next(tmp_path: Path) -> None:
    place = made(tmp_path)
    lines = place / ".kampass" / "journal" / "loads"
    before = {file.name: file.read_bytes() for file in lines.iterdir()}
    (lines / "00000008.held.json").unlink()
    (lines / "00000002.dropped.json").rename(lines / "00000002.complete.json")
    with closing(open_workspace(place)) as workspace:
        workspace.publish().close()
    assert {file.name: file.read_bytes() for file in lines.iterdir()} == before


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    place = made(tmp_path)
    line = place / ".kampass" / "journal" / "loads" / "00000001.complete.json"
    line.write_text("{", encoding="utf-8")
    (place / ".kampass" / "app.db").unlink()
    found = rebuild(place)
    assert found.missing == (1,)
    assert "journal/loads/00000001.complete.json could not be read" in found.notices
    assert [load.id for load in loads(place)] == list(range(2, 9))


def test_the_command_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = made(tmp_path)
    monkeypatch.setattr(sys, "argv", ["kampass", "repair", "--workspace", str(place)])
    for lost, said in ((True, "8 loads put back."), (False, "there is nothing to repair.")):
        if lost:
            (place / ".kampass" / "app.db").unlink()
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code
        told = capsys.readouterr().err
        assert said in told
        assert ("answers." in told) == lost
