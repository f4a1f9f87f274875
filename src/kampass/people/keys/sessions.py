"""Sessions of signed-in people: they end after half a day without a click, and after two weeks
whatever happens.

The token against forged requests is derived from the session's own, so that it is bound to it and
kept nowhere.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kampass.access import NotFound
from kampass.people.accounts import person
from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.keys import secret
from kampass.people.schema import PERSONS, SESSIONS
from kampass.people.text import cut
from kampass.store.records import from_text, to_text

IDLE, LONGEST = timedelta(hours=12), timedelta(days=14)
NOTED = timedelta(minutes=1)
"""How often it is written down that somebody is there."""
FRESH = timedelta(minutes=10)
"""How long a sign-in proves by itself that it is them."""


@dataclass(frozen=True)
class Session:
    """Somebody signed in, from where and since when; `csrf` is what their forms must carry."""

    person: Person
    csrf: str = field(repr=False)
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True)
class SignedIn:
    """A session as it is listed: `number` tells it from the others, and opens nothing."""

    number: str
    person: Person
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


_FOUND = (
    sa.select(SESSIONS, *person.COLUMNS)
    .join(PERSONS, PERSONS.c.id == SESSIONS.c.person_id)
    .where(SESSIONS.c.digest == sa.bindparam("digest"), person.PRESENT)
)


class Sessions:
    """Who is signed in."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    def start(self, person_id: int, *, address: str, agent: str) -> tuple[str, str]:
        """Sign somebody in: the token for their cookie, and the one for their forms. Sessions that
        ran out are cleared away.
        """
        token, now = secret.make(secret.SESSION), self._database.now()
        row = {
            "digest": secret.digest(token, secret.SESSION),
            "person_id": person_id,
            "started_at": to_text(now),
            "last_seen_at": to_text(now),
            "expires_at": to_text(now + LONGEST),
            "address": cut(address, 100),
            "agent": cut(agent, 300),
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.expires_at <= to_text(now)))
            connection.execute(sa.insert(SESSIONS).values(**row))
            connection.execute(
                sa.update(PERSONS)
                .where(PERSONS.c.id == person_id)
                .values(last_seen_at=to_text(now))
            )
        return token, csrf(token)

    def find(self, token: str) -> Session | None:
        """The session of a token, which is noted as alive; None where there is none, or it ran
        out.
        """
        digest = secret.digest(token, secret.SESSION)
        if digest is None:
            return None
        with self._database.reading() as connection:
            row = connection.execute(_FOUND, {"digest": digest}).first()
        if row is None:
            return None
        found = Session(
            person.of(row),
            csrf(token),
            from_text(row.started_at),
            from_text(row.last_seen_at),
            from_text(row.expires_at),
            row.address,
            row.agent,
        )
        return self._alive(found, digest)

    def end(self, token: str) -> None:
        """Sign out."""
        with self._database.writing() as connection:
            connection.execute(
                sa.delete(SESSIONS).where(SESSIONS.c.digest == secret.digest(token, secret.SESSION))
            )

    def fresh(self, token: str) -> bool:
        """Whether a session began just now."""
        found = self.find(token)
        return found is not None and self._database.now() - found.started_at <= FRESH

    def in_force(self, person_id: int | None = None) -> list[SignedIn]:
        """Everybody's sessions, or a person's, the latest seen first."""
        with self._database.reading() as connection:
            return [one for _, one in self._listed(connection, person_id)]

    def end_one(self, number: str) -> SignedIn:
        """End the session of a number; it, as it was. NotFound."""
        with self._database.in_turn() as connection:
            for digest, found in self._listed(connection, None):
                if found.number == number:
                    connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.digest == digest))
                    return found
        raise NotFound("There is no such session.")

    def _listed(
        self, connection: sa.Connection, person_id: int | None
    ) -> list[tuple[str, SignedIn]]:
        now = self._database.now()
        wanted = () if person_id is None else (SESSIONS.c.person_id == person_id,)
        found = (
            sa.select(SESSIONS, *person.COLUMNS)
            .join(PERSONS, PERSONS.c.id == SESSIONS.c.person_id)
            .where(
                person.PRESENT,
                SESSIONS.c.expires_at > to_text(now),
                SESSIONS.c.last_seen_at > to_text(now - IDLE),
                *wanted,
            )
            .order_by(SESSIONS.c.last_seen_at.desc(), SESSIONS.c.started_at, SESSIONS.c.digest)
        )
        return [(row.digest, _signed_in(row)) for row in connection.execute(found)]

    def _alive(self, found: Session, digest: str) -> Session | None:
        now = self._database.now()
        if now >= found.expires_at or now - found.last_seen_at >= IDLE:
            return None
        if now - found.last_seen_at >= NOTED:
            seen = {"last_seen_at": to_text(now)}
            self._database.note(
                sa.update(SESSIONS).where(SESSIONS.c.digest == digest).values(**seen),
                sa.update(PERSONS).where(PERSONS.c.id == found.person.id).values(**seen),
            )
        return found


def number_of(token: str) -> str | None:
    """The number under which the session of a token is listed."""
    digest = secret.digest(token, secret.SESSION)
    return None if digest is None else _number(digest)


def _number(digest: str) -> str:
    """Of the digest only another digest is shown: a list opens nothing, and says nothing of what is
    kept.
    """
    return hashlib.sha256(f"number of {digest}".encode()).hexdigest()[:24]


def _signed_in(row: Any) -> SignedIn:
    return SignedIn(
        _number(row.digest),
        person.of(row),
        from_text(row.started_at),
        from_text(row.last_seen_at),
        from_text(row.expires_at),
        row.address,
        row.agent,
    )


def csrf(token: str) -> str:
    """What the forms of a session carry."""
    return hmac.new(
        token.encode("utf-8", "replace"), b"forms of this session", hashlib.sha256
    ).hexdigest()
