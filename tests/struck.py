"""A workspace whose commands are struck down: its files, the processes that run on it, and what
must still be true afterwards.

Processes come from a server that has imported everything and forks, so that one costs milliseconds;
what a person waits for after a crash is measured with processes that start from nothing.
"""

import contextlib
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kampass.store.records import to_text
from kampass.workspace import create, open_workspace
from kampass.workspace.loads.export import export
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

START = datetime(2026, 1, 1, tzinfo=UTC)
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "kampass.cli.app",
        "kampass.cli.workspace",
        "kampass.workspace.backup",
        "kampass.workspace.loads.export",
        "kampass.workspace.repair",
    ]
)


def write_state(files: Path, step: int, *, torn: str = "{}") -> None:
    """Twelve accounts and one more each step, the first named after the step; a ticket for each, of
    which one is gone; one row of each that cannot be read.
    """
    numbers = range(12 + step)
    accounts = [f"a{number},{'A' if number else step},\n" for number in numbers]
    tickets = [f"t{number},2025-06-01,a{number}\n" for number in numbers if number != step]
    files.mkdir(exist_ok=True)
    (files / "accounts.csv").write_text(
        "id,name,is_test\n" + "".join(accounts) + torn.format("torn,Torn,perhaps\n"),
        encoding="utf-8",
    )
    (files / "tickets.csv").write_text(
        "id,created_at,account_id\n" + "".join(tickets) + torn.format("torn,yesterday,a0\n"),
        encoding="utf-8",
    )


def expected(step: int) -> tuple[str, int, int, int, int]:
    return str(step), 12 + step, 11 + step, 11 + step, 2


def recorded(step: int) -> str:
    return to_text(START + timedelta(hours=step))


def make(folder: Path) -> Path:
    """A workspace that reads the folder `files` in it, by a relative path."""
    folder.mkdir(parents=True)
    write_state(folder / "files", 0)
    with contextlib.chdir(folder):
        create(
            Path(),
            WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": "files"}),)),
        ).close()
    return folder


def load(folder: Path, step: int, *, publish: bool = True) -> None:
    """Load that state without a process."""
    write_state(folder / "files", step)
    with closing(open_workspace(folder)) as workspace:
        workspace.journal.load(workspace.sources()[0], recorded_at=START + timedelta(hours=step))
        if publish:
            workspace.publish().close()


def answer(folder: Path) -> tuple[str, int, int, int, int]:
    """The name of the first account, and how many accounts, tickets, ids of tickets and rows set
    aside there are.
    """
    counts = (
        "(SELECT count(*) FROM accounts), (SELECT count(*) FROM tickets), (SELECT "
        "count(DISTINCT id) FROM tickets), (SELECT count(*) FROM _quarantine)"
    )
    with closing(open_workspace(folder)) as workspace, closing(workspace.snapshot()) as snapshot:
        (row,) = (
            snapshot.cursor()
            .execute(f"SELECT (SELECT name FROM accounts WHERE id = 'a0'), {counts}")
            .fetchall()
        )
    return row


def exported(folder: Path, target: Path) -> dict[str, bytes]:
    """The files of an export of what answers, by name."""
    with closing(open_workspace(folder)) as workspace, closing(workspace.snapshot()) as snapshot:
        export(snapshot, target)
    return {file.name: file.read_bytes() for file in target.iterdir()}


def strays(folder: Path) -> set[str]:
    """Files of a workspace that nothing names."""
    data = folder / ".kampass"
    with closing(open_workspace(folder)) as workspace:
        tables = [
            table
            for load in workspace.manifest.loads(states=("complete", "held", "dropped"))
            for table in load.tables
        ]
        named = {"loads"} | {
            Path(name).parts[0]
            for table in tables
            for name in (table.file, table.quarantine_file)
            if name
        }
        snapshots = {row.file for row in workspace.manifest.snapshots()}
    found = {
        f"journal/{place.name}" for place in (data / "journal").iterdir() if place.name not in named
    }
    found |= {
        f"snapshots/{place.name}"
        for place in (data / "snapshots").iterdir()
        if place.name not in snapshots
    }
    found |= {place.name for place in data.iterdir()} - {
        "app.db",
        "checked",
        "lock",
        "held",
        "journal",
        "snapshots",
    }
    return found | {place.name for place in folder.iterdir()} - {
        ".kampass",
        ".gitignore",
        "kampass.toml",
        "kpis",
        "files",
    }


def run(words: Sequence[str], *, fail_at: str = "") -> int:
    """Run a command in a forked process; its exit code, negative where a signal ended it."""
    process = _SERVER.Process(target=_command, args=(list(words), fail_at))
    process.start()
    process.join(60)
    code = process.exitcode
    assert code is not None, f"{words} did not end"
    return code


def start(
    words: Sequence[str], *, limit: int | None = None, **environment: str
) -> subprocess.Popen[bytes]:
    """Start a command as a process of its own, from nothing; with a limit, no file of it can grow
    beyond that.
    """
    before = (
        ""
        if limit is None
        else (
            "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
        )
    )
    main = [sys.executable, "-c", f"{before}from kampass.cli import main; main()"]
    return subprocess.Popen(
        [*main, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


@dataclass
class Slowest:
    """The longest that a person waited for a command from nothing, and the most that one computed,
    which a busy machine does not change.
    """

    seconds: float = 0.0
    computed: float = 0.0

    def works(self, words: Sequence[str]) -> None:
        """Run a command as a process of its own; it must work."""
        begun, before = time.perf_counter(), _computed()
        process = start(words)
        _, narration = process.communicate(timeout=300)
        assert process.returncode == 0, narration.decode()
        self.seconds = max(self.seconds, time.perf_counter() - begun)
        self.computed = max(self.computed, _computed() - before)

    def __str__(self) -> str:
        return f"slowest next command {self.seconds:.2f} s ({self.computed:.2f} s of processor)"


def _computed() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _command(words: list[str], fail_at: str) -> None:
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    sys.argv = ["kampass", *words]
    os.environ["KAMPASS_FAIL_AT"] = fail_at
    from kampass.cli import main

    main()
