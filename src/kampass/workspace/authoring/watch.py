"""A time limit for what a draft makes the database do: when it is over, every statement under way
is interrupted.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from kampass.engine.duckdb_backend import DuckDBBackend
from kampass.engine.engine import Readable
from kampass.errors import DefinitionError

_AGAIN: Final = 0.2
BEYOND: tuple[type[Exception], ...] = (
    *DuckDBBackend.errors,
    ValueError,
    OverflowError,
    RecursionError,
)
"""What is raised over numbers that no formula can hold: the database, or the interval, says so in
its own way.
"""


class Watch:
    """A context of so many seconds. `said` is what to tell where they were not enough."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.said: str | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._cursors: list[Any] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._wait, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def over(self, snapshot: Readable) -> "Watched":
        """The snapshot, read under this watch."""
        return Watched(snapshot.id, snapshot.known_at, snapshot, self)

    def take(self, cursor: Any) -> Any:
        """The same cursor, to be interrupted; DefinitionError where the time is over already."""
        with self._lock:
            if self.said:
                raise DefinitionError(self.said)
            self._cursors.append(cursor)
        return cursor

    def _wait(self) -> None:
        """Interrupt again and again: a statement may start between two looks."""
        late = not self._over.wait(self.seconds)
        while late:
            with self._lock:
                self.said = (
                    f"It was stopped after {max(1, round(self.seconds))} s: nobody waits that "
                    "long for a figure."
                )
                for cursor in self._cursors:
                    cursor.interrupt()
            late = not self._over.wait(_AGAIN)


@dataclass(frozen=True)
class Watched:
    """A snapshot whose cursors a watch can interrupt."""

    id: str
    known_at: datetime
    snapshot: Readable = field(repr=False)
    watch: Watch = field(repr=False)

    def cursor(self) -> Any:
        """A connection to read with."""
        return self.watch.take(self.snapshot.cursor())
