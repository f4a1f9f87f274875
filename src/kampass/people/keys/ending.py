"""Ending what opens the door for somebody: their sessions and, unless they are spared, their API
tokens.

Whatever takes rights away ends them here, in the transaction that takes them away, and the audit
log gets its line in that transaction too: none of the three happens without the others.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kampass.people import audit
from kampass.people.accounts.person import Person
from kampass.people.keys.sessions import IDLE
from kampass.people.schema import SESSIONS, TOKENS
from kampass.store.records import to_text


@dataclass(frozen=True)
class Ending:
    """What of somebody ends, by whom (None: nobody who is signed in), and where they ask from."""

    sessions: bool = True
    tokens: bool = True
    by: Person | None = None
    address: str = ""


EVERYTHING = Ending()


@dataclass(frozen=True)
class Ended:
    """Whose rights ended: how many sessions and tokens that were in force, and how many tokens
    still are.
    """

    person: Person
    sessions: int = 0
    tokens: int = 0
    kept: int = 0

    @property
    def in_words(self) -> str:
        """What ended, in a sentence or two."""
        return told(self.sessions, self.tokens, self.kept)


def told(sessions: int, tokens: int, kept: int) -> str:
    """What ended and what stays, in words.

    >>> told(2, 1, 0)
    '2 sessions and 1 API token ended.'
    """
    parts = [
        counted(number, one)
        for number, one in ((sessions, "session"), (tokens, "API token"))
        if number
    ]
    nothing = "No session" if kept else "No session and no API token"
    said = f"{' and '.join(parts)} ended." if parts else f"{nothing} was in force."
    stay = "stays" if kept == 1 else "stay"
    return f"{said} {counted(kept, 'API token')} {stay} in force." if kept else said


def end(connection: sa.Connection, whose: Person, how: Ending, *, at: datetime, why: str) -> Ended:
    """End what is to end, and write it down."""
    alive = (SESSIONS.c.expires_at > to_text(at), SESSIONS.c.last_seen_at > to_text(at - IDLE))
    sessions = _ended(connection, SESSIONS, whose, alive) if how.sessions else 0
    in_force = (TOKENS.c.expires_at > to_text(at),)
    tokens = _ended(connection, TOKENS, whose, in_force) if how.tokens else 0
    kept = 0 if how.tokens else _count(connection, TOKENS, whose, in_force)
    detail = {
        "person": whose.id,
        "why": why,
        "sessions": sessions,
        "keys": tokens,
        "keys_kept": kept,
    }
    deed = audit.Deed(how.by, "access_ended", whose.email, detail, how.address)
    audit.write(connection, deed, to_text(at))
    return Ended(whose, sessions, tokens, kept)


def _ended(
    connection: sa.Connection,
    table: sa.Table,
    whose: Person,
    in_force: tuple[sa.ColumnElement[bool], ...],
) -> int:
    """Delete all of somebody's; how many of them were in force."""
    counted = _count(connection, table, whose, in_force)
    connection.execute(sa.delete(table).where(table.c.person_id == whose.id))
    return counted


def _count(
    connection: sa.Connection,
    table: sa.Table,
    whose: Person,
    in_force: tuple[sa.ColumnElement[bool], ...],
) -> int:
    counted = sa.select(sa.func.count()).where(table.c.person_id == whose.id, *in_force)
    return connection.execute(counted).scalar_one()


def counted(number: int, one: str) -> str:
    """So many of them.

    >>> counted(1, "session"), counted(3, "session")
    ('1 session', '3 sessions')
    """
    return f"{number} {one}{'' if number == 1 else 's'}"
