"""What happened, read by subscribers: each hears of every event at least once, and of those in one
order.

A subscriber's position moves after it has acted. So one that dies in between is told again, and
whatever it does must be the same done twice. Two processes never tell one subscriber at the same
time, and what one has told is not told by the other.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from kampass.store.events import EventKind
from kampass.store.records import from_text
from kampass.store.schema import EVENTS, POSITIONS
from kampass.workspace.jobs.locks import held

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

log = logging.getLogger("kampass")
_LOOK, _PATIENCE, _AT_ONCE = 2.0, 30.0, 200


@dataclass(frozen=True)
class Happening:
    """Something that happened; what `about` holds, its kind says."""

    id: int
    kind: EventKind
    at: datetime
    about: Mapping[str, Any]


class Subscriber(Protocol):
    """Whoever acts on what happens; `name` is its own for ever, its position is kept under it."""

    @property
    def name(self) -> str:
        """The name of its position."""
        ...

    def take(self, events: Sequence[Happening], over: threading.Event) -> None:
        """Act on events, oldest first; the same ones may come again."""
        ...


class Events:
    """The events of a workspace, and how far each subscriber is."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def after(self, position: int, limit: int = _AT_ONCE) -> list[Happening]:
        """What happened after an event, oldest first."""
        later = sa.select(EVENTS).where(EVENTS.c.id > position).order_by(EVENTS.c.id).limit(limit)
        with self._engine.connect() as connection:
            return [
                Happening(row.id, EventKind(row.kind), from_text(row.at), json.loads(row.about))
                for row in connection.execute(later)
            ]

    def position(self, subscriber: str) -> int:
        """The last event that a subscriber is done with; one that is heard of for the first time
        begins with what comes next.
        """
        own = sa.select(POSITIONS.c.event_id).where(POSITIONS.c.subscriber == subscriber)
        with self._engine.begin() as connection:
            found = connection.scalar(own)
            if found is None:
                found = int(connection.scalar(sa.select(sa.func.max(EVENTS.c.id))) or 0)
                connection.execute(
                    sa.insert(POSITIONS).values(subscriber=subscriber, event_id=found)
                )
        return int(found)

    def done(self, subscriber: str, event: int) -> None:
        """A subscriber has acted on everything up to an event."""
        own = sa.update(POSITIONS).where(POSITIONS.c.subscriber == subscriber)
        with self._engine.begin() as connection:
            connection.execute(own.values(event_id=event))


class EventReader(threading.Thread):
    """The thread that tells subscribers what happened."""

    def __init__(
        self,
        workspace: "Workspace",
        subscribers: Sequence[Subscriber],
        first: Callable[[threading.Event], None] = lambda _: None,
    ) -> None:
        super().__init__(name="events", daemon=True)
        self._workspace, self._subscribers, self._first = workspace, subscribers, first
        self._over = threading.Event()

    def run(self) -> None:
        """Do what comes first, then look every now and then, until the end."""
        self._guarded(lambda: self._first(self._over))
        while not self._over.is_set():
            self._guarded(self._read_all)
            self._over.wait(_LOOK)

    def _read_all(self) -> None:
        for subscriber in self._subscribers:
            read(self._workspace, subscriber, self._over)

    def _guarded(self, do: Callable[[], None]) -> None:
        """What goes wrong once ends nothing: the database may be away for a while, and what
        happened stands in it.
        """
        try:
            do()
        except Exception:
            log.exception("what happened could not be told")

    def end(self) -> None:
        """Stop; a subscriber that is acting may finish, for a while."""
        self._over.set()
        self.join(_PATIENCE)


def read(workspace: "Workspace", subscriber: Subscriber, over: threading.Event) -> int:
    """Tell a subscriber what it was not told yet, unless another process is at it; how many events
    those were.
    """
    with held(workspace.locks / f"subscriber-{subscriber.name}") as mine:
        if not mine:
            return 0
        events = Events(workspace.manifest.engine)
        found = events.after(events.position(subscriber.name))
        if found:
            subscriber.take(found, over)
            if not over.is_set():
                events.done(subscriber.name, found[-1].id)
        return len(found)
