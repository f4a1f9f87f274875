"""Saved questions: the address of a page with its whole question, under a name. Only a path of this
host is kept, and only its owner finds it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kampass.access import NotFound
from kampass.people import text
from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.errors import BadField
from kampass.people.schema import SAVED
from kampass.store.records import from_text

LONGEST_NAME, LONGEST_QUERY = 120, 2_000


@dataclass(frozen=True)
class Saved:
    """A question to ask again."""

    id: int
    name: str
    query: str
    created_at: datetime


class SavedQuestions:
    """Everybody's saved questions."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    def add(self, owner: Person, name: str, query: str) -> Saved:
        """Save a question: the path and query of a page. BadField."""
        named, path, at = (
            text.line(name, "name", longest=LONGEST_NAME),
            _local(query),
            self._database.now(),
        )
        values = {
            "owner_id": owner.id,
            "name": named,
            "query": path,
            "created_at": self._database.now_text(),
        }
        with self._database.writing() as connection:
            key = connection.execute(sa.insert(SAVED).values(**values)).inserted_primary_key
        assert key is not None
        return Saved(key[0], named, path, at)

    def all(self, owner: Person) -> list[Saved]:
        """A person's questions, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(SAVED).where(SAVED.c.owner_id == owner.id)).all()
        return sorted((_saved(row) for row in rows), key=lambda one: (one.name.casefold(), one.id))

    def rename(self, saved_id: int, owner: Person, name: str) -> Saved:
        """Give a question another name. NotFound, BadField."""
        values = {"name": text.line(name, "name", longest=LONGEST_NAME)}
        with self._database.writing() as connection:
            _found(
                connection.execute(
                    sa.update(SAVED).where(*_own(saved_id, owner)).values(**values)
                ).rowcount
            )
            return _saved(connection.execute(sa.select(SAVED).where(*_own(saved_id, owner))).one())

    def remove(self, saved_id: int, owner: Person) -> None:
        """Forget a question. NotFound."""
        with self._database.writing() as connection:
            _found(connection.execute(sa.delete(SAVED).where(*_own(saved_id, owner))).rowcount)


def _local(query: str) -> str:
    """A path of this host, which no browser takes for another one."""
    if (
        not query.startswith("/")
        or query.startswith("//")
        or "\\" in query
        or len(query) > LONGEST_QUERY
        or not text.plain(query)
        or " " in query
    ):
        raise BadField(
            "That is no page of Kampass.",
            hint=f"A saved question starts with a single '/' and has at most {LONGEST_QUERY:,} "
            "characters.",
        )
    return query


def _own(saved_id: int, owner: Person) -> tuple[sa.ColumnElement[bool], ...]:
    return SAVED.c.id == saved_id, SAVED.c.owner_id == owner.id


def _found(rows: int) -> None:
    if rows == 0:
        raise NotFound("There is no such question.")


def _saved(row: Any) -> Saved:
    return Saved(row.id, row.name, row.query, from_text(row.created_at))
