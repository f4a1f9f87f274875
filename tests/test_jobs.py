"""Long work is a row that everybody sees: one job at a time, in its own unit, and a process that
ends leaves nothing half told.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.struck import answer as answer_of
from tests.struck import expected, make, run, start, write_state

from kampass.access import NotFound, Role
from kampass.errors import DataError
from kampass.store import Manifest
from kampass.store.database import Database
from kampass.store.progress import Progress
from kampass.workspace import Workspace, open_workspace
from kampass.workspace.events import Events
from kampass.workspace.jobs.jobs import Came, Job, Jobs, Order
from kampass.workspace.jobs.runner import Doing, as_job, run_next
from kampass.workspace.jobs.work import WORK

SYNC = Order("sync", "Reading every source", what={"source": None})
DAY = datetime(2026, 1, 3, tzinfo=UTC)
_FORK = multiprocessing.get_context("fork")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with closing(open_workspace(make(tmp_path / "workspace"))) as opened:
        yield opened


def found(jobs: Jobs, number: int) -> Job:
    job = jobs.get(number)
    assert job is not None
    return job


def dies(folder: Path, number: int) -> None:
    """Begin that job in another process, and let it die there."""

    def begin() -> None:
        with closing(open_workspace(folder)) as opened, opened.jobs.next(None) as job:
            assert job is not None and job.id == number
            os.kill(os.getpid(), signal.SIGKILL)

    process = _FORK.Process(target=begin)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def test_a_job_that_waits_is_done_by_whoever_comes(workspace: Workspace) -> None:
    asked = workspace.jobs.ask(SYNC)
    assert (asked.state, asked.started_at, asked.total, asked.unit) == ("waiting", None, None, "")
    with closing(open_workspace(workspace.folder)) as other:
        assert run_next(other)
        assert not run_next(other)
    done = found(workspace.jobs, asked.id)
    assert (done.state, done.message, done.came and done.came.loads) == ("done", "Load 1.", (1,))
    assert done.came is not None and (done.came.before, done.came.after) == (
        None,
        workspace.manifest.current(),
    )
    assert (
        done.what is None
        and done.finished_at is not None
        and answer_of(workspace.folder) == expected(0)
    )


def test_one_job_is_done_at_a_time_whichever_process_is_at_it(workspace: Workspace) -> None:
    """While the first is done, nobody begins the second, and it is still the first that runs."""
    first, second = (workspace.jobs.ask(SYNC) for _ in range(2))
    with closing(open_workspace(workspace.folder)) as other, workspace.jobs.next(None) as job:
        assert job is not None and job.id == first.id
        assert not run_next(other)
        assert [one.state for one in other.jobs.unfinished()] == ["running", "waiting"]
    assert found(workspace.jobs, second.id).state == "waiting"


def test_a_job_whose_process_died_is_taken_up_again(workspace: Workspace) -> None:
    asked = workspace.jobs.ask(SYNC)
    dies(workspace.folder, asked.id)
    assert found(workspace.jobs, asked.id).state == "waiting"
    assert run_next(workspace)
    done = found(workspace.jobs, asked.id)
    assert (done.state, done.tries) == ("done", 2) and answer_of(workspace.folder) == expected(0)


def test_a_job_that_takes_its_process_with_it_is_not_begun_for_ever(workspace: Workspace) -> None:
    asked = workspace.jobs.ask(SYNC)
    for _ in range(3):
        dies(workspace.folder, asked.id)
    over = found(workspace.jobs, asked.id)
    assert (over.state, over.code, over.tries) == ("interrupted", "interrupted", 3)
    assert not run_next(workspace)


def test_a_job_that_was_interrupted_is_told_against_what_answered_when_it_first_began(
    workspace: Workspace,
) -> None:
    """The first try published before it died: what it did to the figures is not forgotten."""
    asked = workspace.jobs.ask(SYNC)
    workspace.sync()
    before = workspace.manifest.current()
    with workspace.jobs.next(before):
        write_state(workspace.folder / "files", 1)
        workspace.sync()
    assert run_next(workspace)
    done = found(workspace.jobs, asked.id).came
    assert (
        done is not None
        and (done.before, done.after) == (before, workspace.manifest.current())
        and done.after != before
    )


def test_a_command_that_was_killed_is_said_to_be_interrupted(workspace: Workspace) -> None:
    folder = workspace.folder
    assert (
        run(["sync", "--workspace", str(folder)], fail_at="load.before_rename") == -signal.SIGKILL
    )
    (job,) = workspace.jobs.listed(10)
    assert (job.kind, job.asked_by, job.state) == ("sync", "the command line", "interrupted")
    assert not run_next(workspace)
    assert run(["sync", "--workspace", str(folder)]) == 0
    assert [one.state for one in workspace.jobs.listed(10)] == ["done", "interrupted"]


@pytest.mark.parametrize("words", [["sync"], ["publish"], ["backup", "{place}/all.zip"]])
def test_syncs_publications_and_backups_of_the_command_line_are_jobs(
    workspace: Workspace, tmp_path: Path, words: list[str]
) -> None:
    workspace.sync()
    given = [word.format(place=tmp_path) for word in words]
    assert run([*given, "--workspace", str(workspace.folder)]) == 0
    (job,) = workspace.jobs.listed(10)
    assert (job.kind, job.state, bool(job.message)) == (words[0], "done", True)


def test_a_command_that_fails_leaves_its_reason(workspace: Workspace) -> None:
    (workspace.folder / "files" / "accounts.csv").write_text("name\nAda\n", encoding="utf-8")
    assert run(["sync", "--workspace", str(workspace.folder)]) == 3
    (job,) = workspace.jobs.listed(10)
    assert (job.state, job.code) == ("failed", "missing_column") and "accounts.csv" in job.message


def test_a_bug_in_a_job_is_told_by_a_number_and_nothing_else(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WORK, "sync", lambda *_: Came(str(1 // 0)))
    asked = workspace.jobs.ask(SYNC)
    assert run_next(workspace)
    job = found(workspace.jobs, asked.id)
    assert job.code == "internal" and "incident" in job.message and "division" not in job.message


def test_too_many_jobs_are_refused(workspace: Workspace) -> None:
    for _ in range(20):
        workspace.jobs.ask(SYNC)
    with pytest.raises(DataError, match="Too much is waiting"):
        workspace.jobs.ask(SYNC)


class Listener(Progress):
    """Writes down every count that it hears."""

    def __init__(self) -> None:
        self.counts: list[tuple[int, int | None, str]] = []

    def count(self, done: int, total: int | None, unit: str) -> None:
        self.counts.append((done, total, unit))


def test_a_sync_counts_the_bytes_it_reads_and_the_rows_it_builds_whose_number_is_known_at_the_end(
    workspace: Workspace,
) -> None:
    """Two files; twelve accounts and eleven tickets are built."""
    first, second = (
        (workspace.folder / "files" / name).stat().st_size
        for name in ("accounts.csv", "tickets.csv")
    )
    heard = Listener()
    workspace.sync(tell=heard)
    total = first + second
    reading = [count for count in heard.counts if count[2] == "bytes"]
    assert reading == [(0, total, "bytes"), (first, total, "bytes"), (total, total, "bytes")]
    building = [count for count in heard.counts if count[2] == "rows"]
    assert building[-1] == (23, 23, "rows") and {total for _, total, _ in building[:-1]} == {None}


def test_a_backup_counts_its_files(workspace: Workspace, tmp_path: Path) -> None:
    workspace.sync()
    heard = Listener()
    workspace.backup(tmp_path / "all.zip", tell=heard)
    files = len(list((workspace.folder / ".kampass" / "journal").rglob("*.parquet")))
    assert (heard.counts[0], heard.counts[-1]) == ((0, files, "files"), (files, files, "files"))


def test_how_far_a_job_is_stands_in_its_row(workspace: Workspace) -> None:
    with as_job(workspace, Order("sync", "Reading")) as doing:
        doing("Loading accounts")
        doing.count(512, 2048, "bytes")
        (job,) = workspace.jobs.unfinished()
        assert (job.step, job.done, job.total, job.unit) == ("Loading accounts", 512, 2048, "bytes")
        doing.count(1024, 2048, "bytes")
        assert workspace.jobs.unfinished()[0].done == 512, "nobody looks that often"
        doing.count(2048, 2048, "bytes")
        assert workspace.jobs.unfinished()[0].done == 2048
    assert isinstance(doing, Doing) and workspace.jobs.unfinished() == []


def test_people_see_their_own_jobs_and_those_who_see_everything_see_all(
    workspace: Workspace,
) -> None:
    add = workspace.people.accounts.add
    ada, bob, eve = (
        add(f"{name}@x.example", name, role)
        for name, role in (
            ("ada", Role.ACCOUNT_MANAGER),
            ("bob", Role.TEAM_LEAD),
            ("eve", Role.EXECUTIVE),
        )
    )
    mine, theirs = (
        workspace.jobs.ask(Order("sync", "it", who.id, who.name, {"source": None}))
        for who in (ada, bob)
    )
    assert [job.id for job in workspace.jobs.seen_by(ada, 10)] == [mine.id]
    assert [job.id for job in workspace.jobs.seen_by(eve, 10)] == [theirs.id, mine.id]
    assert workspace.jobs.find(str(mine.id), ada).asked_by == "ada"
    for number in (str(theirs.id), "999", "-1", "1e3", "²", "9" * 40):
        with pytest.raises(NotFound):
            workspace.jobs.find(number, ada)


def test_run_reads_the_sources_and_does_what_waits(workspace: Workspace) -> None:
    asked = workspace.jobs.ask(SYNC)
    assert run(["run", "--workspace", str(workspace.folder)]) == 0
    assert [(job.state, job.message) for job in workspace.jobs.listed(10)] == [
        ("done", "Load 2."),
        ("done", "Load 1."),
    ]
    assert found(workspace.jobs, asked.id).asked_by == "the command line"


def test_run_for_ever_does_what_is_asked_for_in_between(workspace: Workspace) -> None:
    with start(["run", "--forever", "--workspace", str(workspace.folder)]) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"Reading every source: Load 1.\n"
        with closing(open_workspace(workspace.folder)) as other:
            other.jobs.ask(Order("sync", "Reading files", what={"source": "files"}))
        assert process.stderr.readline() == b"Reading files: Load 2.\n"
        process.terminate()
    assert [job.state for job in workspace.jobs.listed(10)] == ["done", "done"]


def test_jobs_are_kept_on_both_databases(database: Database) -> None:
    """One is done, one fails, one waits; a file of bytes that no small number can count."""
    with closing(Manifest(database)) as manifest:
        jobs = Jobs(manifest.engine, database.folder / "held", lambda: DAY)
        for _ in range(3):
            jobs.ask(SYNC)
        with jobs.next("abc") as first:
            assert first is not None and (first.id, first.before, first.started_at) == (
                1,
                "abc",
                DAY,
            )
            jobs.tell(1, step="Loading tickets", done=5 << 40, total=6 << 40, unit="bytes")
            assert (found(jobs, 1).done, found(jobs, 1).total) == (5 << 40, 6 << 40)
            came = Came(
                "Load 1.", (1,), {"1": ("a word",)}, before="abc", after="def", restated=("nrr",)
            )
            jobs.end(1, came)
        with jobs.next("def") as second:
            assert second is not None and second.id == 2
            jobs.fail(2, DataError("It is torn.", code="unreadable_file", hint="Mend it."))
        assert [(job.id, job.state) for job in jobs.listed(10)] == [
            (3, "waiting"),
            (2, "failed"),
            (1, "done"),
        ]
        assert found(jobs, 1).came == came and found(jobs, 2).code == "unreadable_file"
        (event,) = Events(manifest.engine).after(0)
        assert (event.kind, event.about) == (
            "restated",
            {"before": "abc", "after": "def", "kpis": ["nrr"]},
        )
