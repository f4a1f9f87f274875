"""Does the jobs that wait, one at a time in a workspace, whichever process is at it; and tells of a
command's work as a job.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kampass.errors import KampassError
from kampass.store.progress import SILENT, Progress
from kampass.store.trouble import named
from kampass.workspace.jobs.jobs import LONGEST, Came, Job, Jobs, Order
from kampass.workspace.jobs.work import WORK

if TYPE_CHECKING:
    from kampass.insight.restated.outcome import LoadOutcome
    from kampass.workspace.workspace import Workspace

log = logging.getLogger("kampass")
_LOOK, _OFTEN, _PATIENCE = 1.0, 0.5, 30.0


class Doing(Progress):
    """Writes into a job's row how far it is, not more often than anybody looks; `came` is what
    comes of it.
    """

    def __init__(self, jobs: Jobs, number: int, also: Progress = SILENT) -> None:
        self._jobs, self._number, self._also = jobs, number, also
        self._told = 0.0
        self.came = Came()

    def __call__(self, step: str) -> None:
        """Write down the step."""
        self._jobs.tell(self._number, step=step[:LONGEST])
        self._also(step)

    def count(self, done: int, total: int | None, unit: str) -> None:
        """Write down the count, now and then, and in any case when all is done."""
        now = time.monotonic()
        if done == total or now - self._told >= _OFTEN:
            self._jobs.tell(self._number, done=done, total=total, unit=unit)
            self._told = now
        self._also.count(done, total, unit)


def run_next(workspace: "Workspace") -> int | None:
    """Do the job that waits longest; its number, or None where there was none that this process
    could do.
    """
    with workspace.jobs.next(workspace.manifest.current()) as job:
        if job is not None:
            with _telling_failure(workspace.jobs, job):
                workspace.refresh()  # another process may have written into the settings
                doing = Doing(workspace.jobs, job.id)
                came = replace(WORK[job.kind](workspace, job, doing), before=job.before)
                doing("Comparing the figures")
                workspace.jobs.end(job.id, _compared(workspace, came))
    return None if job is None else job.id


@contextmanager
def as_job(workspace: "Workspace", order: Order, also: Progress = SILENT) -> Iterator[Doing]:
    """What a command does at once, told as a job; whatever is raised is raised on."""
    with workspace.jobs.begun(order) as job:
        doing = Doing(workspace.jobs, job.id, also)
        try:
            yield doing
        except Exception as wrong:
            with suppress(
                sa.exc.SQLAlchemyError, KampassError
            ):  # the disk may be full, which is said already
                workspace.jobs.fail(job.id, _said(wrong))
            raise
        workspace.jobs.end(job.id, replace(doing.came, after=workspace.manifest.current()))


def compared(workspace: "Workspace", before: str | None, after: str | None) -> "LoadOutcome":
    """What became of the figures between two snapshots, worked out once."""
    from kampass.insight.restated.outcome import LoadOutcome
    from kampass.workspace.restated import outcome

    key = ("outcome", before, after, workspace.settings_digest, workspace.catalogue_digest)
    found = workspace.sights.others.get(key, lambda: outcome(workspace, before, after))
    assert isinstance(found, LoadOutcome)
    return found


class Runner(threading.Thread):
    """The thread that does the jobs of a server; `end` lets it finish the one it is at, for a
    while.
    """

    def __init__(self, workspace: "Workspace") -> None:
        super().__init__(name="jobs", daemon=True)
        self._workspace, self._over = workspace, threading.Event()

    def run(self) -> None:
        """Do what waits, until the end."""
        while not self._over.is_set():
            try:
                busy = run_next(self._workspace) is not None
            except Exception:  # the database may be away for a while; the jobs in it are not lost
                log.exception("the jobs could not be looked at")
                busy = False
            if not busy:
                self._workspace.jobs.asked.wait(_LOOK)
                self._workspace.jobs.asked.clear()

    def end(self) -> None:
        """Stop; a job that is not done by then is taken up again by whoever comes next."""
        self._over.set()
        self._workspace.jobs.asked.set()
        self.join(_PATIENCE)


def _compared(workspace: "Workspace", came: Came) -> Came:
    """The same with what it did to the figures; where those of before cannot be had any more, it is
    done all the same.
    """
    came = replace(came, after=workspace.manifest.current())
    with suppress(KampassError):
        moved = compared(workspace, came.before, came.after).moved
        came = replace(came, restated=tuple(dict.fromkeys(one.after.kpi for one in moved)))
    return came


@contextmanager
def _telling_failure(jobs: Jobs, job: Job) -> Iterator[None]:
    try:
        yield
    # Whatever it is, its job says so and the next one has its turn.
    except Exception as wrong:  # noqa: BLE001
        jobs.fail(job.id, _said(wrong))


def _said(wrong: Exception) -> KampassError:
    """What a job's row says of an error; a bug is logged under a number, and nothing else is said
    of it.
    """
    found = wrong if isinstance(wrong, KampassError) else named(wrong)
    if found is not None:
        return found
    number = secrets.token_hex(4)
    log.error("incident %s", number, exc_info=wrong)
    words = f"Something went wrong that is not your fault (incident {number})."
    hint = "What was loaded before still answers. The server's log has more."
    return KampassError(words, code="internal", hint=hint)
