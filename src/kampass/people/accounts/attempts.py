"""How often somebody may try to sign in: failures are counted by e-mail and by address, and make
the next attempt wait.

An attempt counts before it is known to fail, so that a hundred at once are a hundred. Whoever
signed in from an address before is counted apart there: strangers who try an e-mail from elsewhere
keep its owner waiting nowhere but elsewhere.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kampass.people.database import PeopleDatabase
from kampass.people.errors import TooManyAttempts
from kampass.people.schema import FAILURES
from kampass.store.records import from_text, to_text

FREE, FREE_BY_ADDRESS = 5, 20
"""The failures after which an e-mail waits; and an address, which a whole office may share."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN, KEPT = timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True)
class Attempt:
    """One attempt that was let through: the counters it stands in, and until when each made the
    next one wait.
    """

    email: str
    address: str
    counters: dict[str, str | None]


def take(database: PeopleDatabase, email: str, address: str) -> Attempt:
    """Count an attempt; TooManyAttempts, uncounted, where it has to wait."""
    now = database.now()
    with database.in_turn() as connection:
        connection.execute(sa.delete(FAILURES).where(FAILURES.c.last_at < to_text(now - KEPT)))
        limits = {_who(connection, email, address): FREE} | (
            {_key("address", address): FREE_BY_ADDRESS} if address else {}
        )
        rows = {
            row.key: row
            for row in connection.execute(sa.select(FAILURES).where(FAILURES.c.key.in_(limits)))
        }
        _wait(now, rows.values())
        return Attempt(
            email,
            address,
            {
                key: _count(connection, key, rows.get(key), free, now)
                for key, free in limits.items()
            },
        )


def take_back(connection: sa.Connection, attempt: Attempt) -> None:
    """An attempt that was no failure."""
    for key, until in attempt.counters.items():
        connection.execute(
            sa.update(FAILURES)
            .where(FAILURES.c.key == key)
            .values(failures=FAILURES.c.failures - 1)
        )
        connection.execute(
            sa.update(FAILURES)
            .where(FAILURES.c.key == key, FAILURES.c.refused_until == until)
            .values(refused_until=None)
        )


def succeed(connection: sa.Connection, attempt: Attempt, now: datetime) -> None:
    """The person is in: the e-mail's failures are forgotten, the address's are not, and the two are
    known to go together.
    """
    take_back(connection, attempt)
    forget(connection, attempt.email)
    if attempt.address:
        together = _key("together", attempt.email, attempt.address)
        connection.execute(sa.delete(FAILURES).where(FAILURES.c.key == together))
        connection.execute(
            sa.insert(FAILURES).values(
                key=together, failures=0, last_at=to_text(now), refused_until=None
            )
        )


def forget(connection: sa.Connection, email: str) -> None:
    """Forget the failures of an e-mail."""
    connection.execute(sa.delete(FAILURES).where(FAILURES.c.key == _key("email", email)))


def wait_after(failures: int, free: int) -> timedelta | None:
    """How long the next attempt waits.

    >>> [str(wait_after(failures, 5)) for failures in (4, 5, 6, 9, 10, 5000)]
    ['None', '0:00:30', '0:01:00', '0:08:00', '0:15:00', '0:15:00']
    """
    if failures < free:
        return None
    doubled: int = 2 ** min(failures - free, 10)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def _who(connection: sa.Connection, email: str, address: str) -> str:
    """The counter of an e-mail: its own at an address where its owner has signed in, one for
    everywhere else.
    """
    together = _key("together", email, address)
    known = (
        bool(address)
        and connection.execute(sa.select(FAILURES.c.key).where(FAILURES.c.key == together)).first()
        is not None
    )
    return together if known else _key("email", email)


def _wait(now: datetime, rows: Any) -> None:
    until = max((from_text(row.refused_until) for row in rows if row.refused_until), default=now)
    if until > now:
        raise TooManyAttempts(-int((now - until) // timedelta(seconds=1)))


def _count(connection: sa.Connection, key: str, row: Any, free: int, now: datetime) -> str | None:
    """Write one failure more; until when it makes the next attempt wait."""
    failures = 1 if row is None or from_text(row.last_at) < now - FORGOTTEN else row.failures + 1
    wait = wait_after(failures, free)
    until = None if wait is None else to_text(now + wait)
    connection.execute(sa.delete(FAILURES).where(FAILURES.c.key == key))
    connection.execute(
        sa.insert(FAILURES).values(
            key=key, failures=failures, last_at=to_text(now), refused_until=until
        )
    )
    return until


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
