"""The accounts of people: adding, changing, removing, and everything by which somebody proves to be
one of them.

Whatever takes rights away (another role or place, another password, removal) ends the person's
sessions and API tokens in the same transaction, and says how many (`keys.ending`).
"""

from dataclasses import replace
from typing import TypedDict, Unpack

import sqlalchemy as sa

from kampass.access import NotFound, Role
from kampass.people import text
from kampass.people.accounts import attempts, codes, linking, passwords, person, sign_in
from kampass.people.accounts.person import Newcomer, Person
from kampass.people.database import PeopleDatabase
from kampass.people.errors import FirstStep, LastAdmin, WrongCode
from kampass.people.keys.ending import EVERYTHING, Ended, Ending, end
from kampass.people.schema import IDENTITIES, PERSONS, TICKETS


class PersonChanges(TypedDict, total=False):
    """What of a person may be changed; a key that is not given stays."""

    name: str
    role: Role
    user_id: str | None
    team_id: str | None


class Accounts:
    """Everybody who may sign in."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    def any(self) -> bool:
        """Whether anybody is here; until somebody is, only the set-up link opens anything."""
        with self._database.reading() as connection:
            return person.any_one(connection)

    def add(  # noqa: PLR0913 - a person's fields
        self,
        email: str,
        name: str,
        role: Role,
        *,
        user_id: str | None = None,
        team_id: str | None = None,
        password: str | None = None,
    ) -> Person:
        """Add somebody; without a password they come in by an invitation or through a provider.
        EmailTaken, WeakPassword.
        """
        newcomer = Newcomer(email, name, role, user_id, team_id, self._hashed(password, email))
        with self._database.in_turn() as connection:
            return person.write(connection, newcomer, self._database.now_text())

    def get(self, person_id: int) -> Person | None:
        """The person of that number; None where they are gone."""
        with self._database.reading() as connection:
            return person.find(connection, PERSONS.c.id == person_id)

    def by_email(self, email: str) -> Person | None:
        """The person of that address, however it is written."""
        with self._database.reading() as connection:
            return (
                person.find(connection, PERSONS.c.email == email.strip().casefold())
                if text.plain(email.strip())
                else None
            )

    def all(self) -> list[Person]:
        """Everybody, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(*person.COLUMNS).where(person.PRESENT)).all()
        return sorted(
            (person.of(row) for row in rows), key=lambda one: (one.name.casefold(), one.id)
        )

    def change(
        self, person_id: int, ending: Ending = EVERYTHING, **changes: Unpack[PersonChanges]
    ) -> Ended:
        """Change what is given; what opened the door for whoever's role or place changes ends.
        LastAdmin, NotFound.
        """
        with self._database.in_turn() as connection:
            before = self._present(connection, person_id)
            after = Newcomer(
                **(
                    {
                        name: getattr(before, name)
                        for name in ("email", "name", "role", "user_id", "team_id")
                    }
                    | dict(changes)
                )
            )
            if before.role is Role.ADMIN and after.role is not Role.ADMIN:
                self._step_down(connection, person_id)
            values = {
                "name": after.name,
                "role": after.role.value,
                "user_id": after.user_id,
                "team_id": after.team_id,
            }
            connection.execute(sa.update(PERSONS).where(PERSONS.c.id == person_id).values(**values))
            changed = self._present(connection, person_id)
            why = _other_rights(before, changed)
            if why is None:
                return Ended(changed)
            return end(connection, changed, ending, at=self._database.now(), why=why)

    def end_access(self, person_id: int, ending: Ending = EVERYTHING) -> Ended:
        """Sign somebody out everywhere. NotFound."""
        with self._database.in_turn() as connection:
            whose = self._present(connection, person_id)
            why = "signed out everywhere" if ending.sessions else "API tokens revoked"
            return end(connection, whose, ending, at=self._database.now(), why=why)

    def remove(self, person_id: int, ending: Ending = EVERYTHING) -> Ended:
        """Remove somebody, and with them every session, token, identity and open link; what they
        wrote keeps their name. LastAdmin, NotFound.
        """
        with self._database.in_turn() as connection:
            gone = self._present(connection, person_id)
            if gone.role is Role.ADMIN:
                self._step_down(connection, person_id)
            everything = replace(ending, sessions=True, tokens=True)
            ended = end(connection, gone, everything, at=self._database.now(), why="removed")
            connection.execute(sa.delete(IDENTITIES).where(IDENTITIES.c.person_id == person_id))
            connection.execute(sa.delete(TICKETS).where(TICKETS.c.email == gone.email))
            emptied = dict.fromkeys(
                ("email", "password_hash", "totp_secret", "totp_offered", "user_id", "team_id")
            )
            values = emptied | {"removed_at": self._database.now_text()}
            connection.execute(sa.update(PERSONS).where(PERSONS.c.id == person_id).values(**values))
            return ended

    def set_password(self, person_id: int, password: str, ending: Ending = EVERYTHING) -> Ended:
        """Set a password: every session, token and open reset link ends, and nobody waits for
        failures any more. WeakPassword, NotFound.
        """
        with self._database.reading() as connection:
            hashed = self._hashed(password, self._present(connection, person_id).email)
        with self._database.in_turn() as connection:
            whose = self._present(connection, person_id)
            put_password(connection, whose, hashed)
            return end(connection, whose, ending, at=self._database.now(), why="another password")

    def has_password(self, person_id: int) -> bool:
        """Whether the person has a password; somebody who comes through a provider may have
        none.
        """
        with self._database.reading() as connection:
            found = sa.select(PERSONS.c.id).where(
                PERSONS.c.id == person_id, PERSONS.c.password_hash.is_not(None), person.PRESENT
            )
            return connection.execute(found).first() is not None

    def sign_in(
        self, email: str, password: str, *, code: str | None = None, address: str = ""
    ) -> Person:
        """The person who proves to be one; SignInFailed, NeedsCode or TooManyAttempts otherwise."""
        return sign_in.sign_in(self._database, sign_in.Proof(email, password, code), address)

    def second_step(self, first: FirstStep, code: str, *, address: str = "") -> Person:
        """The person whose password was right, with the code of their authenticator; SignInFailed,
        NeedsCode or TooManyAttempts otherwise.
        """
        return sign_in.second_step(self._database, first, code, address)

    def confirm(self, person_id: int, typed: str, *, address: str = "") -> None:
        """SignInFailed or TooManyAttempts unless somebody who is signed in proves once more that it
        is them: by a code where they have an authenticator, by their password otherwise.
        """
        sign_in.confirm(self._database, person_id, typed, address)

    def start_totp(self, person_id: int) -> str:
        """Offer an authenticator: the address that it reads from a picture. Nothing is asked for
        until it is confirmed.
        """
        with self._database.in_turn() as connection:
            secret, uri = codes.offer(self._present(connection, person_id).email)
            connection.execute(
                sa.update(PERSONS).where(PERSONS.c.id == person_id).values(totp_offered=secret)
            )
        return uri

    def confirm_totp(self, person_id: int, code: str) -> None:
        """From now on signing in needs a code; WrongCode unless this one is of the authenticator
        that was offered.
        """
        with self._database.in_turn() as connection:
            self._present(connection, person_id)
            offered = connection.execute(
                sa.select(PERSONS.c.totp_offered).where(PERSONS.c.id == person_id)
            ).scalar()
            step = None if offered is None else codes.step(offered, code, self._database.now())
            if step is None:
                raise WrongCode
            values = {"totp_secret": offered, "totp_offered": None, "totp_step": step}
            connection.execute(sa.update(PERSONS).where(PERSONS.c.id == person_id).values(**values))

    def stop_totp(self, person_id: int) -> None:
        """Signing in needs no code any more."""
        with self._database.in_turn() as connection:
            self._present(connection, person_id)
            values = dict.fromkeys(("totp_secret", "totp_offered", "totp_step"))
            connection.execute(sa.update(PERSONS).where(PERSONS.c.id == person_id).values(**values))

    def link_identity(self, issuer: str, subject: str, email: str) -> Person:
        """The person whom an OpenID provider vouches for; `email` must be one that it has verified.
        NotInvited, IdentityTaken.
        """
        return linking.link(self._database, issuer, subject, email)

    def _hashed(self, password: str | None, email: str) -> str | None:
        return (
            None
            if password is None
            else passwords.hashed(passwords.checked(password, text.email(email)))
        )

    def _present(self, connection: sa.Connection, person_id: int) -> Person:
        found = person.find(connection, PERSONS.c.id == person_id)
        if found is None:
            raise NotFound("There is no such person.")
        return found

    def _step_down(self, connection: sa.Connection, person_id: int) -> None:
        """An administrator goes: not the last one, and the links they handed out go too."""
        others = sa.select(PERSONS.c.id).where(
            person.PRESENT, PERSONS.c.role == Role.ADMIN.value, PERSONS.c.id != person_id
        )
        if connection.execute(others.limit(1)).first() is None:
            raise LastAdmin
        connection.execute(
            sa.delete(TICKETS).where(TICKETS.c.by_id == person_id, TICKETS.c.used_at.is_(None))
        )


def _other_rights(before: Person, after: Person) -> str | None:
    """What of somebody's rights is another; None where nothing is."""
    if before.role is not after.role:
        return f"another role: {before.role.value} -> {after.role.value}"
    same = (before.user_id, before.team_id) == (after.user_id, after.team_id)
    return None if same else "another place in the data"


def put_password(connection: sa.Connection, of: Person, hashed: str | None) -> None:
    """Write a password's hash, in turn; links to set another one end."""
    connection.execute(sa.update(PERSONS).where(PERSONS.c.id == of.id).values(password_hash=hashed))
    connection.execute(
        sa.delete(TICKETS).where(
            TICKETS.c.kind == "reset", TICKETS.c.email == of.email, TICKETS.c.used_at.is_(None)
        )
    )
    attempts.forget(connection, of.email)
