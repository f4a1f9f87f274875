"""Loading and publishing survive SIGKILL at any moment: nothing is lost, doubled or torn, and the next command just works.

One workspace grows step by step while `kampass sync` and `kampass publish` are killed, half of them at any moment of
their run and half after they began to build a snapshot. An undisturbed workspace that loads the same steps must
export the same bytes. KAMPASS_KILLS sets how many kills: 6, 30 for a quick sweep, 200 in `make nightly`.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kampass.store.manifest import to_text
from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.export import export
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

KILLS = int(os.environ.get("KAMPASS_KILLS", "6"))
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Tally:
    """What the kills hit."""

    kills: int = 0
    in_a_build: int = 0
    publishes: int = 0


def test_a_killed_load_or_publish_loses_doubles_and_tears_nothing(tmp_path: Path) -> None:
    rng, tally, step = random.Random(), Tally(), 0
    files = tmp_path / "files"
    files.mkdir()
    struck, calm = _workspace(tmp_path / "struck", files), _workspace(tmp_path / "calm", files)
    _state(files, 0)
    begun = time.perf_counter()
    assert _start(struck, "sync", 0).wait(timeout=120) == 0
    whole = time.perf_counter() - begun
    _load(calm, 0)
    while tally.kills < KILLS:
        step += 1
        assert step <= 3 * KILLS + 10, "most commands ended before they were killed"
        _state(files, step)
        _load(calm, step)
        command = "publish" if step % 3 == 0 else "sync"
        if command == "publish":
            _load(struck, step)
        process = _start(struck, command, step)
        if step % 2:
            _wait(process, lambda: bool(_building(struck)))
            killed = _kill(process, rng.uniform(0, 0.15 * whole))
        else:
            killed = _kill(process, rng.uniform(0.3, 1.0) * whole)
        tally.kills += killed
        tally.in_a_build += killed and bool(_building(struck))
        _check_after_kill(struck, step)
        tally.publishes += 1
    assert _start(struck, "sync", step).wait(timeout=120) == 0
    assert _export(struck, tmp_path / "one") == _export(calm, tmp_path / "other")
    print(f"\n{tally.kills} kills, {tally.in_a_build} of them inside a build, {tally.publishes} publishes")
    assert tally.in_a_build >= tally.kills / 4, tally


def _workspace(folder: Path, files: Path) -> Path:
    create(folder, WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),))).close()
    return folder


def _state(files: Path, step: int) -> None:
    """Twenty accounts and one more each step, one renamed; a ticket for each, of which one is gone."""
    numbers = range(20 + step)
    accounts = [f"a{number},{'A' if number else step}\n" for number in numbers]
    tickets = [f"t{number},2025-06-01,a{number}\n" for number in numbers if number != step]
    (files / "accounts.csv").write_text("id,name\n" + "".join(accounts), encoding="utf-8")
    (files / "tickets.csv").write_text("id,created_at,account_id\n" + "".join(tickets), encoding="utf-8")


def _recorded(step: int) -> datetime:
    return START + timedelta(hours=step)


def _load(folder: Path, step: int) -> None:
    with closing(open_workspace(folder)) as workspace:
        workspace.journal.load(workspace.sources()[0], recorded_at=_recorded(step))


def _start(folder: Path, command: str, step: int) -> subprocess.Popen[bytes]:
    dated = ["--recorded-at", to_text(_recorded(step))] if command == "sync" else []
    arguments = [sys.executable, "-c", "from kampass.cli import main; main()", command, *dated, "--workspace", str(folder)]
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(process: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
    """Wait for something to be true, or for the end."""
    while process.poll() is None and not until():
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.002)


def _kill(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill it after so long, unless it has ended; whether it was killed."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait(timeout=60) == -signal.SIGKILL


def _building(folder: Path) -> list[Path]:
    return list((folder / ".kampass" / "snapshots").glob(".building-*"))


def _check_after_kill(folder: Path, step: int) -> None:
    """What answers is whole, the next command works, and it leaves no trace of the kill."""
    with closing(open_workspace(folder)) as workspace:
        assert _answer(workspace) in {_expected(step - 1), _expected(step)}
        (report,) = workspace.sync(recorded_at=_recorded(step))
        assert report.state == "complete"
        assert _answer(workspace) == _expected(step)
        named = {Path(table.file or table.quarantine_file or "-").parts[0] for load in workspace.manifest.loads() for table in load.tables} - {"-"}
        assert {place.name for place in workspace.journal.folder.iterdir()} == named
        assert {row.file for row in workspace.manifest.snapshots()} == {place.name for place in workspace.snapshots.folder.iterdir()}


def _answer(workspace: Workspace) -> tuple[str, int, int, int]:
    """The name of the first account, and how many accounts, tickets and ids of tickets there are."""
    counts = "(SELECT count(*) FROM accounts), (SELECT count(*) FROM tickets), (SELECT count(DISTINCT id) FROM tickets)"
    with closing(workspace.snapshot()) as snapshot:
        (row,) = snapshot.cursor().execute(f"SELECT (SELECT name FROM accounts WHERE id = 'a0'), {counts}").fetchall()
    return row


def _expected(step: int) -> tuple[str, int, int, int]:
    return str(step), 20 + step, 19 + step, 19 + step


def _export(folder: Path, target: Path) -> dict[str, bytes]:
    with closing(open_workspace(folder)) as workspace, closing(workspace.publish()) as snapshot:
        export(snapshot, target)
    return {file.name: file.read_bytes() for file in target.iterdir()}
