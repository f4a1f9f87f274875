"""Work that is dear goes a few at a time, behind a short queue; whoever comes on top is told when
to come again, and holds nothing up meanwhile.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from kampass.errors import Busy

T = TypeVar("T")


class Turns:
    """`at_once` may work, `waiting` may wait for at most `patience` seconds; Busy for others."""

    def __init__(self, at_once: int, waiting: int, *, patience: float) -> None:
        self._turns = threading.Semaphore(at_once)
        self._places = threading.Semaphore(at_once + waiting)
        self._patience = patience

    @contextmanager
    def taken(self) -> Iterator[None]:
        """A turn."""
        if not self._places.acquire(blocking=False):
            raise Busy(round(self._patience) or 1)
        try:
            if not self._turns.acquire(timeout=self._patience):
                raise Busy(round(self._patience) or 1)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


class Builds:
    """Long work for readers, one after the other in a thread of its own, each once however many
    ask; a reader waits for `patience` seconds, `waiting` of them at once, and then comes again.
    """

    def __init__(self, *, queue: int = 8, waiting: int = 4, patience: float = 3.0) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="builds")
        self._queue, self._patience = queue, patience
        self._readers = Turns(waiting, 0, patience=0)
        self._lock = threading.Lock()
        self._under: dict[Hashable, Future[Any]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes; Busy where that is not there yet."""
        building = self._begun(key, make)
        if building.done():
            return building.result()
        with self._readers.taken():
            try:
                return building.result(timeout=self._patience)
            except TimeoutError:
                if building.done():
                    raise
                raise Busy(_AGAIN) from None

    def _begun(self, key: Hashable, make: Callable[[], T]) -> Future[T]:
        with self._lock:
            building = self._under.get(key)
            if building is not None:
                return building
            if len(self._under) >= self._queue:
                raise Busy(_AGAIN)
            building = self._under[key] = self._pool.submit(make)
        building.add_done_callback(lambda _: self._done(key))
        return building

    def _done(self, key: Hashable) -> None:
        with self._lock:
            self._under.pop(key, None)


_AGAIN = 5
