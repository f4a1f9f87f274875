"""Links that work once: to set a workspace up, to join it, to set a password again.

Each is spent by one conditional update, so that of two people who follow it only one gets in. The
set-up link can only be made and followed while nobody is here, which is looked at in the same
transaction.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from kampass.access import NotFound, Role
from kampass.people import text
from kampass.people.accounts import passwords, person
from kampass.people.accounts.accounts import put_password
from kampass.people.accounts.person import Newcomer, Person
from kampass.people.database import PeopleDatabase
from kampass.people.errors import BadField, EmailTaken, SetUpAlready, TicketSpent
from kampass.people.keys import secret
from kampass.people.keys.ending import EVERYTHING, Ended, Ending, end
from kampass.people.schema import PERSONS, TICKETS
from kampass.store.records import from_text, to_text

Kind = Literal["setup", "invite", "reset"]
HOURS: dict[Kind, int] = {"setup": 24, "invite": 7 * 24, "reset": 24}
LONGEST_HOURS = 30 * 24


@dataclass(frozen=True)
class Ticket:
    """What a link is for: whose e-mail, which role, until when, and who made it."""

    kind: Kind
    email: str | None
    role: Role | None
    by: int | None
    expires_at: datetime


class Invitations:
    """Links that work once."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    def make(
        self,
        kind: Kind,
        *,
        email: str | None = None,
        role: Role | None = None,
        by: int | None = None,
        hours: int | None = None,
    ) -> str:
        """The secret of a link; one made before for the same purpose ends. SetUpAlready,
        EmailTaken, NotFound.
        """
        made, now = secret.make(secret.TICKET), self._database.now()
        address = None if kind == "setup" else text.email(email or "")
        row = {
            "kind": kind,
            "digest": secret.digest(made, secret.TICKET),
            "email": address,
            "role": _role(kind, role),
            "by_id": by,
            "created_at": to_text(now),
            "expires_at": to_text(now + _lasting(HOURS[kind] if hours is None else hours)),
        }
        with self._database.in_turn() as connection:
            _check_purpose(connection, kind, address)
            same = TICKETS.c.email.is_(None) if address is None else TICKETS.c.email == address
            connection.execute(
                sa.delete(TICKETS).where(TICKETS.c.kind == kind, same, TICKETS.c.used_at.is_(None))
            )
            connection.execute(sa.insert(TICKETS).values(**row))
        return made

    def find(self, kind: Kind, given: str) -> Ticket | None:
        """What a link is for; None where it does not count (any more)."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(TICKETS).where(*self._counts(kind, given))).first()
            spent = row is None or (kind == "setup" and person.any_one(connection))
        return None if spent else _ticket(row)

    def set_up(self, given: str, *, email: str, name: str, password: str) -> Person:
        """Follow the set-up link: the first administrator. The link is spent only if everything
        else is right.
        """
        return self._enter("setup", given, Newcomer(email, name, Role.ADMIN), password)

    def join(self, given: str, *, name: str, password: str) -> Person:
        """Follow an invitation, as whoever it is for and in the role that it gives."""
        found = self._worth_hashing("invite", given)
        assert found.email is not None
        assert found.role is not None
        return self._enter("invite", given, Newcomer(found.email, name, found.role), password)

    def reset(self, given: str, *, password: str, ending: Ending = EVERYTHING) -> Ended:
        """Follow a link to set a password; what the one before had opened ends."""
        found = self._worth_hashing("reset", given)
        assert found.email is not None
        hashed = passwords.hashed(passwords.checked(password, found.email))
        with self._database.in_turn() as connection:
            self._spend(connection, "reset", given)
            whose = person.find(connection, PERSONS.c.email == found.email)
            if whose is None:
                raise TicketSpent
            put_password(connection, whose, hashed)
            by_them = replace(ending, by=ending.by or whose)
            now = self._database.now()
            return end(connection, whose, by_them, at=now, why="another password, by a link")

    def _enter(self, kind: Kind, given: str, newcomer: Newcomer, password: str) -> Person:
        self._worth_hashing(kind, given)
        hashed = passwords.hashed(passwords.checked(password, newcomer.email))
        with self._database.in_turn() as connection:
            self._spend(connection, kind, given)
            joined = Newcomer(newcomer.email, newcomer.name, newcomer.role, password_hash=hashed)
            return person.write(connection, joined, self._database.now_text())

    def _worth_hashing(self, kind: Kind, given: str) -> Ticket:
        """What the link is for: a password is only hashed for one that counts."""
        found = self.find(kind, given)
        if found is None:
            raise TicketSpent
        return found

    def _spend(self, connection: sa.Connection, kind: Kind, given: str) -> None:
        used = connection.execute(
            sa.update(TICKETS)
            .where(*self._counts(kind, given))
            .values(used_at=self._database.now_text())
        )
        if used.rowcount != 1 or (kind == "setup" and person.any_one(connection)):
            raise TicketSpent

    def _counts(self, kind: Kind, given: str) -> tuple[sa.ColumnElement[bool], ...]:
        now = self._database.now_text()
        return (
            TICKETS.c.digest == secret.digest(given, secret.TICKET),
            TICKETS.c.kind == kind,
            TICKETS.c.used_at.is_(None),
            TICKETS.c.expires_at > now,
        )


def _check_purpose(connection: sa.Connection, kind: Kind, email: str | None) -> None:
    if kind == "setup":
        if person.any_one(connection):
            raise SetUpAlready
        return
    there = person.find(connection, PERSONS.c.email == email)
    if kind == "invite" and there:
        raise EmailTaken
    if kind == "reset" and not there:
        raise NotFound("There is no such person.")


def _role(kind: Kind, role: Role | None) -> str | None:
    if kind == "invite" and role is None:
        raise BadField("An invitation names a role.", hint=f"Choose among {', '.join(Role)}.")
    return None if kind == "reset" else Role(role or Role.ADMIN).value


def _lasting(hours: int) -> timedelta:
    if not 1 <= hours <= LONGEST_HOURS:
        raise BadField(
            "A link must run out, within thirty days.", hint=f"Between 1 and {LONGEST_HOURS} hours."
        )
    return timedelta(hours=hours)


def _ticket(row: Any) -> Ticket:
    return Ticket(
        row.kind,
        row.email,
        None if row.role is None else Role(row.role),
        row.by_id,
        from_text(row.expires_at),
    )
