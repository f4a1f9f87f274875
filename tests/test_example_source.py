"""A source in a package of its own, `example_source/ticket_feed`: however its feed is cut, repeated,
reordered or struck down, the same rows come out.

Each entry of the feed says when it became so, and no two of one key at the same moment: that orders
the versions of a key, whichever comes first.
"""

import csv
import io
import json
import os
import random
import shutil
import signal
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.struck import exported, run, strays
from typer.testing import CliRunner

from kampass.cli.app import app
from kampass.errors import DataError, UnknownName
from kampass.store import faults
from kampass.store.records import Load, to_text
from kampass.workspace import create, open_workspace
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

PACKAGE = Path(__file__).parent / "example_source"
START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEDULES = int(os.environ.get("KAMPASS_SCHEDULES", "3"))
Entry = dict[str, Any]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package as if it were installed: its code and its entry point are on the path."""
    monkeypatch.syspath_prepend(PACKAGE)


def moment(number: int) -> str:
    return (START + timedelta(minutes=number)).isoformat()


def row(table: str, at: int, **cells: str | None) -> Entry:
    return {"table": table, "row": cells | {"updated_at": moment(at)}}


def deleted(table: str, key: str, at: int) -> Entry:
    return {"table": table, "deleted": [key], "at": moment(at)}


def story(seed: int) -> list[Entry]:
    """Accounts, tickets and subscriptions that come, change, go and come back, one entry a minute;
    some cannot be read, and some subscriptions belong to accounts that nobody knows.
    """
    chance = random.Random(seed)
    entries: list[Entry] = []
    for at in range(60):
        table = chance.choice(["accounts", "tickets", "subscriptions"])
        key = f"{table[0]}{chance.randrange(4)}"
        account = f"a{chance.randrange(5)}"
        if chance.random() < 0.3:
            entries.append(deleted(table, key, at))
        elif table == "accounts":
            entries.append(row(table, at, id=key, name=f"Name {at}"))
        elif table == "tickets":
            created = "soon" if chance.random() < 0.1 else "2025-03-01T10:00:00Z"
            entries.append(row(table, at, id=key, created_at=created, account_id=account))
        else:
            said = {"account_id": account, "currency": "EUR", "valid_from": "2025-01-01"}
            entries.append(row(table, at, id=key, mrr=f"{at}", **said))
    return entries


def write(folder: Path, pages: list[list[Entry]], *, cut: int | None = None) -> None:
    """The feed as its system hands it out; the page of that number is cut off."""
    said = [{} if number == cut else {"entries": page} for number, page in enumerate(pages)]
    (folder / "feed.json").write_text(json.dumps(said), encoding="utf-8")


def make(folder: Path) -> Path:
    source = SourceSettings("desk", "tickets", {"path": "feed.json"})
    create(folder, WorkspaceSettings(sources=(source,))).close()
    write(folder, [])
    return folder


def load(folder: Path, hour: int) -> None:
    with closing(open_workspace(folder)) as workspace:
        (source,) = workspace.sources()
        workspace.journal.load(source, recorded_at=START + timedelta(days=1, hours=hour))


def sync(folder: Path, hour: int) -> list[str]:
    at = to_text(START + timedelta(days=1, hours=hour))
    return ["sync", "--recorded-at", at, "--workspace", str(folder)]


def loads(folder: Path) -> list[Load]:
    with closing(open_workspace(folder)) as workspace:
        return workspace.manifest.loads()


def published(folder: Path) -> dict[str, bytes]:
    with closing(open_workspace(folder)) as workspace:
        workspace.publish().close()
    return exported(folder, folder.with_name(f"{folder.name}-export"))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, bytes]]:
    """What each story exports when it is told once, in order, undisturbed."""
    place = tmp_path_factory.mktemp("calm")
    found: dict[int, dict[str, bytes]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PACKAGE)
        for seed in range(3):
            folder = make(place / str(seed))
            write(folder, [story(seed)])
            load(folder, 0)
            found[seed] = published(folder)
    return found


def disturbed(chance: random.Random, entries: list[Entry]) -> list[list[Entry]]:
    """The entries in pages of any size, out of order, some of them several times."""
    told = [*entries, *chance.sample(entries, 12)]
    chance.shuffle(told)
    pages = []
    while told:
        size = chance.randrange(1, 20)
        pages.append(told[:size])
        told = told[size:]
    return pages


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=[pytest.mark.nightly] if number >= 3 else [])
        for number in range(max(3, SCHEDULES))
    ],
)
def test_however_the_feed_is_cut_repeated_and_reordered_the_export_is_the_same(
    number: int, calm: dict[int, dict[str, bytes]], tmp_path: Path
) -> None:
    """Pages grow one by one; a load finds some of them, or breaks off at one that is cut, or the
    process dies at a fail point; then everything is read once more from wherever the cursor is.
    """
    chance = random.Random(number)
    seed = number % 3
    folder = make(tmp_path / "feed")
    pages = disturbed(chance, story(seed))
    shown = 0
    for hour in range(4):
        shown = max(1, chance.randrange(shown, len(pages) + 1))
        write(folder, pages[:shown])
        what = chance.choice(["load", "load", "cut", "struck"])
        if what == "load":
            load(folder, hour)
        elif what == "cut":
            write(folder, pages[:shown], cut=shown - 1)
            with pytest.raises(DataError, match="is cut off"):
                load(folder, hour)
        else:
            point = chance.choice([name for name in faults.POINTS if name.startswith("load.")])
            # A load with nothing to write gives no file its name, and so passes not every point.
            assert run(sync(folder, hour), fail_at=point) in {-signal.SIGKILL, 0}
    write(folder, pages)
    load(folder, 4)
    assert published(folder) == calm[seed]


def test_what_the_feed_exports_is_what_its_latest_entries_say(
    calm: dict[int, dict[str, bytes]],
) -> None:
    """Tickets by hand: the latest entry of a key that reads, unless the key was deleted after it."""
    for seed, export in calm.items():
        latest: dict[str, Entry] = {}
        for entry in story(seed):
            if entry["table"] == "tickets" and entry.get("row", {}).get("created_at") != "soon":
                latest[entry["deleted"][0] if "deleted" in entry else entry["row"]["id"]] = entry
        there = {key: entry["row"] for key, entry in latest.items() if "row" in entry}
        rows = list(csv.DictReader(io.StringIO(export["tickets.csv"].decode())))
        assert {line["id"] for line in rows} == set(there)
        for line in rows:
            at = datetime.fromisoformat(there[line["id"]]["updated_at"])
            assert datetime.fromisoformat(line["updated_at"]) == at


@pytest.mark.parametrize("point", [point for point in faults.POINTS if point.startswith("load.")])
def test_rows_and_cursor_count_together_wherever_the_process_dies(
    point: str, calm: dict[int, dict[str, bytes]], tmp_path: Path
) -> None:
    folder = make(tmp_path / "feed")
    entries = story(0)
    write(folder, [entries[:20], entries[20:40]])
    load(folder, 0)
    write(folder, [entries[:20], entries[20:40], entries[40:]])
    assert run(sync(folder, 1), fail_at=point) == -signal.SIGKILL
    committed = point == "load.committed"
    assert [found.cursor for found in loads(folder)] == (["1", "2"] if committed else ["1"])
    assert run(sync(folder, 2)) == 0
    assert loads(folder)[-1].cursor == "2"
    assert exported(folder, tmp_path / "export") == calm[0]
    assert strays(folder) == {"feed.json"}


def test_a_page_that_is_cut_makes_nothing_count_and_moves_no_cursor(tmp_path: Path) -> None:
    folder = make(tmp_path / "feed")
    entries = story(1)
    write(folder, [entries[:30]])
    load(folder, 0)
    write(folder, [entries[:30], entries[30:45], entries[45:]], cut=2)
    with pytest.raises(DataError, match="Page 2 of the feed is cut off"):
        load(folder, 1)
    assert [found.cursor for found in loads(folder)] == ["0"]


def test_a_load_that_is_taken_back_takes_its_cursor_back(tmp_path: Path) -> None:
    folder = make(tmp_path / "feed")
    entries = story(2)
    write(folder, [entries[:30]])
    load(folder, 0)
    write(folder, [entries[:30], entries[30:]])
    load(folder, 1)
    first = published(folder)
    with closing(open_workspace(folder)) as workspace:
        workspace.drop(2)
    assert [found.cursor for found in loads(folder)] == ["0"]
    load(folder, 2)
    shutil.rmtree(folder.with_name("feed-export"))
    assert published(folder) == first


def test_a_feed_is_listed_and_looked_at_like_any_source(tmp_path: Path) -> None:
    """Its tables are those it has spoken of; a look begins where the feed does, and loads nothing."""
    folder = make(tmp_path / "feed")
    write(folder, [[row("accounts", 1, id="a", name="Ada")], [deleted("accounts", "a", 2)]])
    load(folder, 0)
    listed = CliRunner().invoke(app, ["source", "list", "--format", "json", "-w", str(folder)])
    (said,) = json.loads(listed.stdout)
    assert (said["kind"], said["tables"]) == ("tickets", ["accounts"])
    with closing(open_workspace(folder)) as workspace:
        (seen,) = workspace.preview("desk")
        (table,) = seen.tables
        assert (table.table, table.file, table.rows) == ("accounts", "page 0", 1)
        assert len(workspace.manifest.loads()) == 1


def test_a_table_that_does_not_exist_is_refused_in_words_and_nothing_counts(tmp_path: Path) -> None:
    folder = make(tmp_path / "feed")
    write(folder, [[row("ticket", 1, id="t", created_at=moment(1))]])
    with pytest.raises(UnknownName, match="Did you mean 'tickets'"):
        load(folder, 0)
    with (
        closing(open_workspace(folder)) as workspace,
        pytest.raises(UnknownName, match="Did you mean 'tickets'"),
    ):
        workspace.preview("desk")
    assert loads(folder) == []


def test_a_kind_that_no_package_brings_is_refused_in_words(tmp_path: Path) -> None:
    folder = make(tmp_path / "feed")
    settings = (folder / "kampass.toml").read_text(encoding="utf-8")
    (folder / "kampass.toml").write_text(
        settings.replace('kind = "tickets"', 'kind = "tickts"'), encoding="utf-8"
    )
    with pytest.raises(DataError, match="needs a kind: folder, mapped"):
        open_workspace(folder)
