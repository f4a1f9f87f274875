"""API tokens: a name, what they may do and until when. What they may do is never more than what
their person's role allows today.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kampass.access import NotFound, Role
from kampass.people import text
from kampass.people.accounts import person
from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.errors import BadField
from kampass.people.keys import secret
from kampass.people.schema import PERSONS, TOKENS
from kampass.store.records import from_text, to_text

SCOPES = ("read", "export", "write", "admin")
LONGEST = timedelta(days=366)
_NOTED = timedelta(minutes=1)
_PERSONAL = frozenset({"read", "export", "write"})
ALLOWED = {role: _PERSONAL | ({"admin"} if role is Role.ADMIN else set()) for role in Role}
"""The scopes that a role may hand to its tokens; what each route needs beyond them, the role itself
must allow.
"""


@dataclass(frozen=True)
class Token:
    """A token as its person sees it; the secret is shown once, when it is made."""

    id: int
    person_id: int
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


_FOUND = (
    sa.select(
        TOKENS.c.id,
        TOKENS.c.name.label("token_name"),
        TOKENS.c.scopes,
        TOKENS.c.created_at,
        TOKENS.c.expires_at,
        TOKENS.c.last_used_at,
        *person.COLUMNS,
    )
    .join(PERSONS, PERSONS.c.id == TOKENS.c.person_id)
    .where(person.PRESENT)
)


class Tokens:
    """Everybody's API tokens."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    def make(
        self, person_id: int, name: str, scopes: Iterable[str], expires: datetime
    ) -> tuple[str, Token]:
        """A token and its secret; BadField unless it runs out within a year and asks for no more
        than the role allows.
        """
        made = secret.make(secret.API_TOKEN)
        digest = secret.digest(made, secret.API_TOKEN)
        with self._database.in_turn() as connection:
            owner = person.find(connection, PERSONS.c.id == person_id)
            if owner is None:
                raise NotFound("There is no such person.")
            row = self._row(owner, name, scopes, expires) | {"digest": digest}
            connection.execute(sa.insert(TOKENS).values(**row))
            kept = connection.execute(_FOUND.where(TOKENS.c.digest == digest)).one()
        return made, _token(kept)

    def check(self, owner: Person, name: str, scopes: Iterable[str], expires: datetime) -> None:
        """BadField where `make` would raise it: looked at before somebody spends a code."""
        self._row(owner, name, scopes, expires)

    def _row(
        self, owner: Person, name: str, scopes: Iterable[str], expires: datetime
    ) -> dict[str, Any]:
        now = self._database.now()
        if not now < expires <= now + LONGEST:
            raise BadField(
                "A token must run out, within a year.",
                hint="Name a day between tomorrow and a year from now.",
            )
        return {
            "person_id": owner.id,
            "name": text.line(name, "name of the token"),
            "scopes": json.dumps(_checked(scopes, owner.role)),
            "created_at": to_text(now),
            "expires_at": to_text(expires),
        }

    def find(self, given: str) -> tuple[Person, Token] | None:
        """Whose token a secret is, and what it may do today; None where there is none, or it ran
        out.
        """
        digest = secret.digest(given, secret.API_TOKEN)
        if digest is None:
            return None
        with self._database.reading() as connection:
            row = connection.execute(_FOUND.where(TOKENS.c.digest == digest)).first()
        now = self._database.now()
        if row is None or from_text(row.expires_at) <= now:
            return None
        found = _token(row)
        if found.last_used_at is None or now - found.last_used_at >= _NOTED:
            used = sa.update(TOKENS).where(TOKENS.c.id == found.id)
            self._database.note(used.values(last_used_at=to_text(now)))
        return person.of(row), found

    def all(self, person_id: int) -> list[Token]:
        """A person's tokens, the latest first, also those that ran out."""
        return [token for _, token in self.everybodys(person_id)]

    def everybodys(self, person_id: int | None = None) -> list[tuple[Person, Token]]:
        """Everybody's tokens with who owns them, or a person's, the latest first, also those that
        ran out.
        """
        whose = () if person_id is None else (TOKENS.c.person_id == person_id,)
        with self._database.reading() as connection:
            rows = connection.execute(_FOUND.where(*whose).order_by(TOKENS.c.id.desc())).all()
        return [(person.of(row), _token(row)) for row in rows]

    def revoke(self, token_id: int, *, owner: int | None = None) -> tuple[Person, Token]:
        """End a token; with `owner` only if it is theirs. It and whose it was. NotFound."""
        whose = () if owner is None else (TOKENS.c.person_id == owner,)
        with self._database.in_turn() as connection:
            row = connection.execute(_FOUND.where(TOKENS.c.id == token_id, *whose)).first()
            if row is None:
                raise NotFound("There is no such token.")
            connection.execute(sa.delete(TOKENS).where(TOKENS.c.id == token_id))
        return person.of(row), _token(row)


def _checked(scopes: Iterable[str], role: Role) -> list[str]:
    wanted = set(scopes)
    if not wanted or not wanted <= ALLOWED[role]:
        raise BadField(
            "A token cannot do that.",
            hint=f"Choose among {', '.join(name for name in SCOPES if name in ALLOWED[role])}.",
        )
    return [name for name in SCOPES if name in wanted]


def _token(row: Any) -> Token:
    used = None if row.last_used_at is None else from_text(row.last_used_at)
    scopes = frozenset(json.loads(row.scopes)) & ALLOWED[Role(row.role)]
    return Token(
        row.id,
        row.whose_id,
        row.token_name,
        scopes,
        from_text(row.created_at),
        from_text(row.expires_at),
        used,
    )
