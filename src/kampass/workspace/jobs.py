"""Long work beside the requests: loading, publishing, replaying. One job of a workspace runs at a
time, the others wait their turn.

A job is only the telling of work that survives a crash by itself; so jobs live in memory and are
gone when the server ends, while what they loaded is not.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from kampass.errors import DataError, KampassError

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

log = logging.getLogger("kampass")
_KEPT = 50
_WAITING = 20

Tell = Callable[[str], None]
Work = Callable[[Tell], object]


@dataclass(frozen=True)
class Job:
    """One piece of work as it stands now: `step` of `steps` (None: nobody knows how many), what it
    says, what came of it.
    """

    id: str
    kind: str
    title: str
    person: int
    started_at: datetime
    steps: int | None = None
    state: str = "waiting"
    step: int = 0
    said: str = ""
    ended_at: datetime | None = None
    result: object = None
    error: KampassError | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in {"done", "failed"}


@dataclass(frozen=True)
class Order:
    """What is to be done, for whom; `kind` says to a page how to show the result."""

    kind: str
    title: str
    person: int
    steps: int | None = None


@dataclass
class Jobs:
    """The jobs of one workspace."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _jobs: dict[str, Job] = field(default_factory=dict)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def start(self, order: Order, work: Work) -> Job:
        """Begin as soon as it is this job's turn; DataError where too many wait already."""
        job = Job(
            secrets.token_hex(16), order.kind, order.title, order.person, self.clock(), order.steps
        )
        with self._lock:
            if sum(not other.over for other in self._jobs.values()) >= _WAITING:
                raise DataError(
                    "Too much is waiting to be loaded.",
                    code="busy",
                    hint="Wait until some of it is done; the page Data shows it.",
                )
            self._jobs[job.id] = job
            self._forget()
            self._threads[job.id] = threading.Thread(
                target=self._run, args=(job.id, work), name=f"job-{job.id[:8]}"
            )
        self._threads[job.id].start()
        return job

    def get(self, job_id: str) -> Job | None:
        """A job as it stands; None where there is none, or no more."""
        with self._lock:
            return self._jobs.get(job_id)

    def unfinished(self) -> list[Job]:
        """What runs or waits, in the order in which it was asked for."""
        with self._lock:
            return [job for job in self._jobs.values() if not job.over]

    def wait(self, job_id: str) -> Job:
        """The job once it is over; KeyError where there is none."""
        thread = self._threads.get(job_id)
        if thread is not None:
            thread.join()
        with self._lock:
            return self._jobs[job_id]

    def _run(self, job_id: str, work: Work) -> None:
        with self._turn:
            self._change(job_id, state="running")
            try:
                result = work(lambda said: self._tell(job_id, said))
            except KampassError as wrong:
                self._change(job_id, state="failed", error=wrong, ended_at=self.clock())
            except Exception:
                number = secrets.token_hex(4)
                log.exception("incident %s", number)
                words = f"Something went wrong that is not your fault (incident {number})."
                error = KampassError(
                    words,
                    code="internal",
                    hint="What was loaded before still answers. The server's log has more.",
                )
                self._change(job_id, state="failed", error=error, ended_at=self.clock())
            else:
                self._change(job_id, state="done", result=result, ended_at=self.clock())
            with self._lock:
                self._threads.pop(job_id, None)

    def _tell(self, job_id: str, said: str) -> None:
        with self._lock:
            job = self._jobs[job_id]
            self._jobs[job_id] = replace(job, said=said, step=job.step + 1)

    def _change(self, job_id: str, **changes: object) -> None:
        with self._lock:
            self._jobs[job_id] = replace(self._jobs[job_id], **changes)  # type: ignore[arg-type]

    def _forget(self) -> None:
        """Let the oldest go that are over."""
        over = [job.id for job in self._jobs.values() if job.over]
        for job_id in over[: max(0, len(self._jobs) - _KEPT)]:
            del self._jobs[job_id]


_OF: "WeakKeyDictionary[Workspace, Jobs]" = WeakKeyDictionary()
_OF_LOCK = threading.Lock()


def jobs_of(workspace: "Workspace") -> Jobs:
    """The jobs of a workspace that this process has open."""
    with _OF_LOCK:
        return _OF.setdefault(workspace, Jobs())
