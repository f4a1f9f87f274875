"""Loading and publishing survive SIGKILL at any moment: nothing is lost, doubled or torn, and the next command just works.

One workspace grows load by load while its commands are killed after random delays. KAMPASS_KILLS sets how many kills
(6; 30 for a quick sweep; `make nightly` takes 200). An undisturbed workspace that loads the same states must export
the same bytes. The children wait, still alive, wherever a kill is due, so that few kills meet a start or an end.
"""

import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from kampass.workspace import create, open_workspace
from kampass.workspace.export import export
from kampass.workspace.settings import SourceSettings, WorkspaceSettings
from tests.worlds import make_world

KILLS = int(os.environ.get("KAMPASS_KILLS", "6"))
CHILD = """
import sys
import kampass.cli.app, kampass.cli.working, kampass.workspace.export, duckdb, pyarrow
with duckdb.connect() as connection:
    connection.execute("SELECT ?", [1]).fetchall()
from kampass.cli import main
print("ready", flush=True)
if sys.stdin.readline():
    main()
"""


@dataclass
class Child:
    """A command that is loaded and waits for its word."""

    arguments: list[str]
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", CHILD, *self.arguments], stdin=pipe, stdout=pipe, stderr=pipe)

    def start(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def finish(self) -> int:
        _, complaint = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, complaint.decode()
        return self.process.returncode

    def killed_after(self, seconds: float) -> bool:
        """Kill it, unless it has ended by then; whether it was killed."""
        assert self.process.stdout
        select.select([self.process.stdout], [], [], seconds)
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)
        return self.process.returncode == -signal.SIGKILL


@dataclass
class Tally:
    """What the kills hit."""

    kills: int = 0
    in_a_build: int = 0
    publishes: int = 0


def test_a_killed_load_or_publish_loses_doubles_and_tears_nothing(tmp_path: Path) -> None:
    rng = random.Random(7)
    files, tally = tmp_path / "files", Tally()
    world = make_world(2, accounts=8)
    world.write(files)
    struck, calm = _workspace(tmp_path / "struck", files), _workspace(tmp_path / "calm", files)
    step, attempts = 0, 0
    seconds = _undisturbed(struck)
    _compare(struck, calm, tmp_path)
    while tally.kills < KILLS:
        attempts += 1
        assert attempts <= 3 * KILLS + 10, "most commands ended before they were killed"
        step += 1
        _grow(files, step)
        sync = Child(["sync", "--workspace", str(struck)])
        sync.start()
        hit = sync.killed_after(rng.uniform(0, 1.05 * seconds))
        tally.kills += hit
        tally.in_a_build += hit and _building(struck)
        _is_whole(struck)
        _undisturbed(struck)
        tally.publishes += 1
        assert not _building(struck)
        if step % 10 == 0 or tally.kills == KILLS:
            _compare(struck, calm, tmp_path)
    print(f"\n{tally.kills} kills, {tally.in_a_build} of them inside a build, {tally.publishes} publishes")
    assert tally.in_a_build >= tally.kills / 4, tally


def _workspace(folder: Path, files: Path) -> Path:
    create(folder, WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),))).close()
    return folder


def _grow(files: Path, step: int) -> None:
    """One more account and ticket, and a changed name."""
    accounts, tickets = files / "accounts.csv", files / "tickets.csv"
    width = len(accounts.read_text(encoding="utf-8").splitlines()[0].split(","))
    accounts.write_text("id,name\n" + "".join(f"k{n},step {step if n == 0 else n}\n" for n in range(step + 20)), encoding="utf-8") if width == 2 else _begin(accounts)
    tickets.write_text("id,created_at,account_id\n" + "".join(f"k{n},2025-06-01,k{n}\n" for n in range(step + 20)), encoding="utf-8")


def _undisturbed(folder: Path) -> float:
    child = Child(["sync", "--workspace", str(folder)])
    child.start()
    begun = time.perf_counter()
    child.finish()
    return time.perf_counter() - begun
