"""A person as the rest of Kampass knows them, and how one is read and written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kampass.access import Role
from kampass.people import text
from kampass.people.errors import EmailTaken
from kampass.people.schema import PERSONS
from kampass.store.records import from_text


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in. `user_id` and `team_id` are theirs in the data."""

    id: int
    email: str
    name: str
    role: Role
    user_id: str | None
    team_id: str | None
    has_totp: bool
    created_at: datetime
    last_seen_at: datetime | None


COLUMNS = (
    PERSONS.c.id.label("whose_id"),
    PERSONS.c.email,
    PERSONS.c.name,
    PERSONS.c.role,
    PERSONS.c.user_id,
    PERSONS.c.team_id,
    PERSONS.c.totp_secret.is_not(None).label("has_totp"),
    PERSONS.c.created_at.label("person_since"),
    PERSONS.c.last_seen_at.label("person_seen"),
)
"""What `of` reads, under names that no table it is joined with has."""

PRESENT = PERSONS.c.removed_at.is_(None)


def of(row: Any) -> Person:
    """The person of a row that holds COLUMNS."""
    seen = None if row.person_seen is None else from_text(row.person_seen)
    since = from_text(row.person_since)
    return Person(
        row.whose_id,
        row.email,
        row.name,
        Role(row.role),
        row.user_id,
        row.team_id,
        bool(row.has_totp),
        since,
        seen,
    )


def find(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> Person | None:
    """The person, unless there is none or they were removed."""
    row = connection.execute(sa.select(*COLUMNS).where(PRESENT, *which)).first()
    return None if row is None else of(row)


def any_one(connection: sa.Connection) -> bool:
    """Whether anybody is here."""
    return connection.execute(sa.select(PERSONS.c.id).where(PRESENT).limit(1)).first() is not None


@dataclass(frozen=True)
class Newcomer:
    """Somebody to be written down; every field is checked as it is made."""

    email: str
    name: str
    role: Role
    user_id: str | None = None
    team_id: str | None = None
    password_hash: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "email", text.email(self.email))
        object.__setattr__(self, "name", text.line(self.name, "name"))
        object.__setattr__(self, "role", Role(self.role))
        object.__setattr__(self, "user_id", text.line_or_none(self.user_id, "user"))
        object.__setattr__(self, "team_id", text.line_or_none(self.team_id, "team"))


def write(connection: sa.Connection, newcomer: Newcomer, at: str) -> Person:
    """Write somebody down, in turn; EmailTaken where the address is somebody's."""
    if find(connection, PERSONS.c.email == newcomer.email):
        raise EmailTaken
    values = {name: getattr(newcomer, name) for name in newcomer.__dataclass_fields__} | {
        "role": newcomer.role.value,
        "created_at": at,
    }
    key = connection.execute(sa.insert(PERSONS).values(**values)).inserted_primary_key
    assert key is not None
    found = find(connection, PERSONS.c.id == key[0])
    assert found is not None
    return found
