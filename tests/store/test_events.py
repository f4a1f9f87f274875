"""What happens is written in the transaction that makes it happen, and every subscriber hears of it
at least once.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.store.conftest import Desk
from tests.struck import make, run

from kampass.store import Manifest
from kampass.store.database import Database
from kampass.store.records import Load, LoadedTable, SnapshotRow
from kampass.workspace import Workspace, open_workspace
from kampass.workspace.events import Events, Happening, read

DAY = datetime(2026, 1, 3, tzinfo=UTC)
NEVER = threading.Event()
_FORK = multiprocessing.get_context("fork")
ACCOUNTS = "id,name\n" + "".join(f"a{number},A\n" for number in range(5))


def told(manifest: Manifest) -> list[tuple[str, dict[str, Any]]]:
    """Every event: its kind and what it is about."""
    return [(event.kind.value, dict(event.about)) for event in Events(manifest.engine).after(0)]


class Listener:
    """A subscriber that writes down the numbers of what it hears; `dies` after it has acted."""

    def __init__(self, name: str = "listener", *, dies: bool = False) -> None:
        self.name, self.dies = name, dies
        self.heard: list[int] = []

    # It is quick.
    def take(self, events: Sequence[Happening], over: threading.Event) -> None:  # noqa: ARG002
        self.heard += [event.id for event in events]
        if self.dies:
            raise SystemExit


def test_loads_and_publications_happen_on_both_databases(database: Database) -> None:
    with closing(Manifest(database)) as manifest:
        manifest.add_load(Load(0, "crm", DAY, "complete", ""))
        manifest.add_load(Load(0, "crm", DAY, "held", "2 of 3 rows of 'accounts' would be deleted"))
        manifest.add_snapshot(SnapshotRow("abc", "abc.duckdb", DAY, DAY, 1))
        manifest.publish("abc", DAY, aside={"tickets": 2})
        manifest.set_state(2, "complete")
        manifest.set_state(2, "dropped")
        manifest.withdraw()
        assert told(manifest) == [
            ("load_recorded", {"load": 1, "source": "crm"}),
            (
                "load_held",
                {"load": 2, "source": "crm", "why": "2 of 3 rows of 'accounts' would be deleted"},
            ),
            ("published", {"snapshot": "abc", "before": None}),
            ("quarantined", {"snapshot": "abc", "rows": {"tickets": 2}}),
            ("load_recorded", {"load": 2, "source": "crm"}),
            ("published", {"snapshot": None, "before": "abc"}),
        ]


def test_what_does_not_happen_is_not_told(database: Database) -> None:
    """One load states a table twice, one publication a snapshot that nobody knows: neither is
    there, nor its event.
    """
    twice = LoadedTable("accounts", 5, 2, 1, 1, 1, 0, "d")
    with closing(Manifest(database)) as manifest:
        with pytest.raises(sa.exc.IntegrityError):
            manifest.add_load(Load(0, "crm", DAY, "complete", "", (twice, twice)))
        with pytest.raises(sa.exc.IntegrityError):
            manifest.publish("no such snapshot", DAY)
        assert told(manifest) == []


@pytest.mark.parametrize(
    ("point", "loads", "happened"),
    [
        ("load.before_commit", 0, []),
        ("load.committed", 1, ["load_recorded"]),
        ("publish.before_commit", 1, ["load_recorded"]),
        ("publish.pointed", 1, ["load_recorded", "published", "quarantined"]),
    ],
)
def test_a_process_that_dies_leaves_both_or_neither(
    tmp_path: Path, point: str, loads: int, happened: list[str]
) -> None:
    folder = make(tmp_path / "workspace")
    assert run(["sync", "--workspace", str(folder)], fail_at=point) == -signal.SIGKILL
    with closing(open_workspace(folder)) as workspace:
        assert len(workspace.manifest.loads()) == loads
        assert (workspace.manifest.current() is not None) == ("published" in happened)
        assert [kind for kind, _ in told(workspace.manifest)] == happened


def test_only_rows_that_were_not_set_aside_before_are_told(desk: Desk) -> None:
    """A torn row, then the same on another line beside a second one, then both beside an unknown
    reference.
    """
    torn, second, unknown = "t1,yesterday,a0\n", "t2,soon,a0\n", "s1,nobody,10,USD,2025-01-01\n"
    subscriptions = "id,account_id,mrr,currency,valid_from\n"
    whole = "id,created_at,account_id\nt0,2025-06-01,a0\n"
    for number, (tickets, more) in enumerate(
        [(torn, ""), (torn + second, ""), (torn + second, unknown)], start=3
    ):
        desk.write(
            accounts=ACCOUNTS,
            tickets=whole + "t3,2025-06-01,a0\n" * (number > 3) + tickets,
            subscriptions=subscriptions + more,
        )
        desk.workspace.sync(recorded_at=datetime(2026, 1, number, tzinfo=UTC))
    desk.workspace.publish()
    aside = [
        about["rows"] for kind, about in told(desk.workspace.manifest) if kind == "quarantined"
    ]
    assert aside == [{"tickets": 1}, {"tickets": 1}, {"subscriptions": 1}]


def test_a_snapshot_before_that_cannot_be_read_stops_no_publication(desk: Desk) -> None:
    desk.write(accounts=ACCOUNTS + "torn\n")
    desk.workspace.sync(recorded_at=DAY)
    (desk.workspace.snapshots.folder / f"{desk.workspace.manifest.current()}.duckdb").write_bytes(
        b"no snapshot"
    )
    desk.write(accounts=ACCOUNTS + "torn,in,two\n")
    desk.workspace.sync()
    assert [kind for kind, _ in told(desk.workspace.manifest)][-2:] == [
        "load_recorded",
        "published",
    ]


@pytest.fixture
def happening(desk: Desk) -> Workspace:
    """A workspace that two subscribers are new to, and in which three things happen then."""
    for name in ("listener", "other"):
        read(desk.workspace, Listener(name), NEVER)
    desk.write(accounts=ACCOUNTS)
    desk.workspace.sync(recorded_at=DAY)
    desk.workspace.publish()
    return desk.workspace


def test_each_subscriber_hears_of_everything_once_in_its_order(happening: Workspace) -> None:
    first, second = Listener(), Listener("other")
    assert [read(happening, first, NEVER) for _ in range(2)] == [3, 0]
    assert read(happening, second, NEVER) == 3
    assert first.heard == second.heard == [1, 2, 3]


def test_a_subscriber_begins_with_what_comes_next(happening: Workspace) -> None:
    late = Listener("late")
    assert read(happening, late, NEVER) == 0
    happening.publish()
    assert read(happening, late, NEVER) == 1 and late.heard == [4]


def test_a_subscriber_that_dies_after_acting_is_told_again(happening: Workspace) -> None:
    dying, next_one = Listener(dies=True), Listener()
    with pytest.raises(SystemExit):
        read(happening, dying, NEVER)
    assert read(happening, next_one, NEVER) == 3
    assert dying.heard == next_one.heard == [1, 2, 3]


def test_one_that_is_told_to_end_is_told_again(happening: Workspace) -> None:
    over = threading.Event()
    over.set()
    first, second = Listener(), Listener()
    read(happening, first, over)
    read(happening, second, NEVER)
    assert first.heard == second.heard == [1, 2, 3]


class Slow(Listener):
    """While it acts, another process asks for the same subscriber, and says how many events it was
    given.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.given = folder, -1

    def take(self, events: Sequence[Happening], over: threading.Event) -> None:
        super().take(events, over)
        self.given = elsewhere(self.folder)


def elsewhere(folder: Path) -> int:
    """How many events another process is given to tell."""

    def listen() -> None:
        with closing(open_workspace(folder)) as opened:
            os._exit(read(opened, Listener(), NEVER))

    process = _FORK.Process(target=listen)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def test_two_processes_never_tell_one_subscriber_at_the_same_time(happening: Workspace) -> None:
    slow = Slow(happening.folder)
    assert read(happening, slow, NEVER) == 3
    assert slow.given == 0, "the lock is held"
    assert elsewhere(happening.folder) == 0, "it is told already"
    happening.publish()
    assert elsewhere(happening.folder) == 1


def test_a_position_is_kept_on_both_databases(database: Database) -> None:
    with closing(Manifest(database)) as manifest:
        events = Events(manifest.engine)
        assert events.position("alerts") == 0
        for _ in range(3):
            manifest.add_load(Load(0, "crm", DAY, "complete", ""))
        events.done("alerts", 2)
        assert [event.id for event in events.after(events.position("alerts"))] == [3]
        assert events.position("later") == 3
