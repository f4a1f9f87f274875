"""Jobs: long work as rows of the application database, so that everybody sees it and no restart of
a server loses it.

A job runs as long as somebody holds its lock, which goes with the process, however that ends: so a
job that says it runs and is held by nobody was interrupted. What it takes to do a job is in its row
(`what`), and so it is taken up again; one that only its own process knew how to do, a command's, is
said to be interrupted.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kampass.access import NotFound
from kampass.errors import DataError, KampassError
from kampass.store import events
from kampass.store.records import from_text, to_text
from kampass.store.schema import JOBS
from kampass.workspace.jobs.locks import held

if TYPE_CHECKING:
    from kampass.people import Person

WAITING, RUNNING, DONE, FAILED, INTERRUPTED = "waiting", "running", "done", "failed", "interrupted"
UNFINISHED = (WAITING, RUNNING)
LONGEST = 500
_KEPT, _WAITING, _TRIES = 500, 20, 3
_INTERRUPTED = KampassError(
    "The process that did it has ended before it was done.",
    code="interrupted",
    hint="Whatever it had not published is as it was before: ask for it again.",
)


@dataclass(frozen=True)
class Order:
    """What is to be done, for whom. `what` is all it takes to do it; None where only the process
    that begins it knows.
    """

    kind: str
    title: str
    person: int | None = None
    asked_by: str = "the command line"
    what: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Came:
    """What came of a job: a sentence, its loads with a word on each, what a replay mended, and the
    snapshots on both sides.
    """

    said: str = ""
    loads: tuple[int, ...] = ()
    notices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mended: int | None = None
    remain: int = 0
    rows: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None
    restated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One piece of work as it stands: its step in words, and how much of how much is done (`total`
    None: nobody knows yet).
    """

    id: int
    kind: str
    title: str
    person: int | None
    asked_by: str
    asked_at: datetime
    state: str
    step: str
    done: int
    total: int | None
    unit: str
    started_at: datetime | None
    finished_at: datetime | None
    message: str
    hint: str
    code: str
    before: str | None
    tries: int
    what: Mapping[str, Any] | None
    came: Came | None

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state not in UNFINISHED

    @property
    def error(self) -> KampassError | None:
        """Why it failed."""
        failed = self.state in {FAILED, INTERRUPTED}
        return KampassError(self.message, code=self.code, hint=self.hint) if failed else None

    def to_dict(self) -> dict[str, Any]:
        """The job, ready for JSON; rows that were set aside are no part of it."""
        instants = {name: getattr(self, name) for name in ("asked_at", "started_at", "finished_at")}
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "person_id": self.person,
            "asked_by": self.asked_by,
            "state": self.state,
            "outcome": self.state if self.over else None,
            "step": self.step,
            "done": self.done,
            "total": self.total,
            "unit": self.unit or None,
            **{name: None if at is None else to_text(at) for name, at in instants.items()},
            "message": self.message,
            "hint": self.hint,
            "code": self.code or None,
            "loads": list(self.came.loads) if self.came else [],
            "snapshot": self.came.after if self.came else None,
        }


class Jobs:
    """The jobs of one workspace, whichever process does them; `asked` is set when one is asked for
    in this process.
    """

    def __init__(self, engine: sa.Engine, folder: Path, clock: Callable[[], datetime]) -> None:
        self._engine, self._folder, self._clock = engine, folder, clock
        self.asked = threading.Event()

    def ask(self, order: Order) -> Job:
        """Put work into the queue; DataError where too much waits already."""
        with self._engine.begin() as connection:
            waiting = connection.scalar(
                sa.select(sa.func.count()).where(JOBS.c.state.in_(UNFINISHED))
            )
            if waiting is not None and waiting >= _WAITING:
                raise DataError(
                    "Too much is waiting to be loaded.",
                    code="busy",
                    hint="Wait until some of it is done; the page Data shows it.",
                )
            number = self._add(connection, order, WAITING)
        self.asked.set()
        return self._at(number)

    def find(self, number: str, person: "Person") -> Job:
        """A job by its number, as somebody writes it; NotFound where there is none, or it is not
        theirs to see.
        """
        found = (
            self.get(int(number))
            if number.isascii() and number.isdecimal() and len(number) <= 9  # noqa: PLR2004
            else None
        )
        if found is None or not (person.role.sees_everything or found.person == person.id):
            raise NotFound(
                "This work is not known: it was long ago, or never asked for.",
                hint="Data lists every load.",
            )
        return found

    def seen_by(self, person: "Person", limit: int, offset: int = 0) -> list[Job]:
        """The latest jobs, latest first: everybody's for those who see everything, else one's
        own.
        """
        return self.listed(limit, offset, None if person.role.sees_everything else person.id)

    def listed(self, limit: int, offset: int = 0, person: int | None = None) -> list[Job]:
        """The latest jobs, latest first; those of a person where one is named."""
        self.settle()
        mine = [] if person is None else [JOBS.c.person_id == person]
        return self._read(
            sa.select(JOBS).where(*mine).order_by(JOBS.c.id.desc()).limit(limit).offset(offset)
        )

    def unfinished(self) -> list[Job]:
        """What runs or waits, in the order in which it was asked for."""
        self.settle()
        return self._read(sa.select(JOBS).where(JOBS.c.state.in_(UNFINISHED)).order_by(JOBS.c.id))

    def get(self, number: int) -> Job | None:
        """A job as it stands; None where there is none, or no more."""
        self.settle()
        return next(iter(self._read(sa.select(JOBS).where(JOBS.c.id == number))), None)

    @contextmanager
    def begun(self, order: Order) -> Iterator[Job]:
        """Work that this process does at once; it runs until the block ends."""
        self.settle()
        with ExitStack() as stack:
            with self._engine.begin() as connection:
                number = self._add(connection, order, RUNNING)
                stack.enter_context(self._held(f"job-{number}"))
            yield self._at(number)

    @contextmanager
    def next(self, before: str | None) -> Iterator[Job | None]:
        """The job that waits longest, this block's own; None where none waits, or another process
        is at one.

        `before` is the snapshot that is current now: what comes of the job is told against it.
        """
        with self._held("turn") as turn:
            self.settle()
            number = self._first() if turn else None
            if number is None:
                yield None
                return
            with self._held(f"job-{number}") as mine:
                yield self._at(number) if mine and self._claimed(number, before) else None

    def tell(self, number: int, **changes: str | int | None) -> None:
        """Write down how far a job is: its `step`, or `done`, `total` and `unit`."""
        self._change(number, **changes)

    def end(self, number: int, came: Came) -> None:
        """It is done, and this came of it; that it restated closed months happens with it."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(JOBS)
                .where(JOBS.c.id == number)
                .values(
                    state=DONE,
                    step="",
                    what=None,
                    message=came.said,
                    came=json.dumps(asdict(came)),
                    finished_at=to_text(self._clock()),
                )
            )
            if came.restated:
                about = {"before": came.before, "after": came.after, "kpis": list(came.restated)}
                events.record(connection, events.EventKind.RESTATED, about)
            self._forget(connection)

    def fail(self, number: int, wrong: KampassError) -> None:
        """It could not be done."""
        self._change(number, **self._over(FAILED, wrong))

    def settle(self) -> None:
        """Find the jobs whose process has ended: they wait again, or are said to be interrupted."""
        with self._engine.connect() as connection:
            running = connection.execute(
                sa.select(JOBS.c.id, JOBS.c.what, JOBS.c.tries).where(JOBS.c.state == RUNNING)
            ).all()
        for number, what, tries in running:
            with self._held(f"job-{number}") as dead:
                if dead:
                    self._settle(number, again=what is not None and tries < _TRIES)

    def _settle(self, number: int, *, again: bool) -> None:
        changes = (
            {"state": WAITING, "step": "", "done": 0, "total": None, "unit": ""}
            if again
            else self._over(INTERRUPTED, _INTERRUPTED)
        )
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(JOBS)
                .where(JOBS.c.id == number, JOBS.c.state == RUNNING)
                .values(**changes)
            )

    def _over(self, state: str, wrong: KampassError) -> dict[str, str | int | None]:
        """What is written of a job that ends without what was asked for."""
        said = {
            "message": wrong.message[:LONGEST],
            "hint": wrong.hint[:LONGEST],
            "code": wrong.code,
        }
        return {"state": state, "what": None, "finished_at": to_text(self._clock()), **said}

    def _held(self, name: str) -> AbstractContextManager[bool]:
        return held(self._folder / name)

    def _first(self) -> int | None:
        with self._engine.connect() as connection:
            found: int | None = connection.scalar(
                sa.select(sa.func.min(JOBS.c.id)).where(JOBS.c.state == WAITING)
            )
        return found

    def _claimed(self, number: int, before: str | None) -> bool:
        """Whether the job still waited: it runs from now on."""
        first = {
            "started_at": sa.func.coalesce(JOBS.c.started_at, to_text(self._clock())),
            "before": sa.case((JOBS.c.tries == 0, before), else_=JOBS.c.before),
        }
        with self._engine.begin() as connection:
            mine = sa.update(JOBS).where(JOBS.c.id == number, JOBS.c.state == WAITING)
            return (
                connection.execute(
                    mine.values(state=RUNNING, tries=JOBS.c.tries + 1, **first)
                ).rowcount
                == 1
            )

    def _add(self, connection: sa.Connection, order: Order, state: str) -> int:
        now, what = (
            to_text(self._clock()),
            None if order.what is None else json.dumps(dict(order.what)),
        )
        values = {
            "kind": order.kind,
            "title": order.title[:LONGEST],
            "person_id": order.person,
            "asked_by": order.asked_by[:LONGEST],
            "asked_at": now,
            "started_at": now if state == RUNNING else None,
            "what": what,
            "state": state,
            "tries": 0,
            "step": "",
            "done": 0,
            "unit": "",
            "message": "",
            "hint": "",
            "code": "",
        }
        key = connection.execute(sa.insert(JOBS).values(**values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def _change(self, number: int, **changes: str | int | None) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.update(JOBS).where(JOBS.c.id == number).values(**changes))

    def _forget(self, connection: sa.Connection) -> None:
        """Let the oldest go that are over."""
        oldest = connection.scalar(
            sa.select(JOBS.c.id).order_by(JOBS.c.id.desc()).offset(_KEPT).limit(1)
        )
        if oldest is not None:
            connection.execute(
                sa.delete(JOBS).where(JOBS.c.id <= oldest, JOBS.c.state.not_in(UNFINISHED))
            )

    def _at(self, number: int) -> Job:
        (found,) = self._read(sa.select(JOBS).where(JOBS.c.id == number))
        return found

    def _read(self, query: sa.Select[Any]) -> list[Job]:
        with self._engine.connect() as connection:
            return [_job(row) for row in connection.execute(query)]


def _job(row: Any) -> Job:
    instants = {
        name: from_text(text) if (text := getattr(row, name)) else None
        for name in ("started_at", "finished_at")
    }
    return Job(
        id=row.id,
        kind=row.kind,
        title=row.title,
        person=row.person_id,
        asked_by=row.asked_by,
        asked_at=from_text(row.asked_at),
        state=row.state,
        step=row.step,
        done=row.done,
        total=row.total,
        unit=row.unit,
        **instants,
        message=row.message,
        hint=row.hint,
        code=row.code,
        before=row.before,
        tries=row.tries,
        what=json.loads(row.what) if row.what else None,
        came=_came(row.came) if row.came else None,
    )


def _came(text: str) -> Came:
    """What came of a job, as it was written down."""
    known: dict[str, Any] = json.loads(text)
    notices = {load: tuple(said) for load, said in known.pop("notices").items()}
    listed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
    }
    return Came(notices=notices, **listed)
