"""People's side of the application database: readers, writers, and those who must be alone while
they look and then write.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import sqlalchemy as sa

from kampass.people.schema import TURNS
from kampass.store import trouble
from kampass.store.records import to_text


class PeopleDatabase:
    """An engine and a clock; nothing below reads another clock."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self.now = clock

    def now_text(self) -> str:
        """The instant as it is written down."""
        return to_text(self.now())

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection to read from."""
        return self._engine.connect()

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that writes before it reads anything."""
        return self._engine.begin()

    def note(self, *statements: sa.Executable) -> None:
        """Write what may be left out where the disk is full: reading goes on without it."""
        try:
            with self.writing() as connection:
                for statement in statements:
                    connection.execute(statement)
        except sa.exc.DBAPIError as wrong:
            if trouble.named(wrong) is None:
                raise

    @contextmanager
    def in_turn(self) -> Iterator[sa.Connection]:
        """A transaction in which nobody else's is in turn: what it finds stands until it has
        written.
        """
        with self._engine.begin() as connection:
            connection.execute(sa.update(TURNS).values(taken=TURNS.c.taken + 1))
            yield connection
