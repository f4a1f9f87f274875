"""Notes beside a number: on a KPI, an account, a period, or several of them at once.

A note on an account is as hidden as the account: every method takes the scope of whoever asks, and
outside of it there is no note.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kampass.access import NotAllowed, NotFound, Role, Scope
from kampass.people import text as texts
from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.errors import BadField
from kampass.people.schema import NOTES, PERSONS
from kampass.store.records import from_text

LONGEST = 4_000


@dataclass(frozen=True)
class Note:
    """What somebody wrote about what, and when; the author's name stands even after they are
    gone.
    """

    id: int
    author_id: int
    author: str
    kpi: str | None
    account: str | None
    period: str | None
    text: str
    created_at: datetime
    changed_at: datetime | None


_FOUND = sa.select(NOTES, PERSONS.c.name.label("author")).join(
    PERSONS, PERSONS.c.id == NOTES.c.author_id
)


class Notes:
    """Everybody's notes."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    def add(  # noqa: PLR0913 - what a note can be about
        self,
        author: Person,
        *,
        text: str,
        scope: Scope,
        kpi: str | None = None,
        account: str | None = None,
        period: str | None = None,
    ) -> Note:
        """Write a note about at least one thing. NotFound where the account is not the author's to
        see, BadField.
        """
        about = {"kpi": _subject(kpi), "account": _subject(account), "period": _subject(period)}
        if not any(about.values()):
            raise BadField("A note is about something.", hint="Name a KPI, an account or a period.")
        _check_sight(scope, about["account"])
        values = about | {
            "author_id": author.id,
            "text": texts.paragraphs(text, "note", longest=LONGEST),
            "created_at": self._database.now_text(),
        }
        with self._database.writing() as connection:
            key = connection.execute(sa.insert(NOTES).values(**values)).inserted_primary_key
            assert key is not None
            return _note(connection.execute(_FOUND.where(NOTES.c.id == key[0])).one())

    def about(
        self,
        *,
        scope: Scope,
        kpi: str | None = None,
        account: str | None = None,
        period: str | None = None,
        limit: int = 200,
    ) -> list[Note]:
        """The notes with exactly what is given (what is not given may be anything), the latest
        first, none outside the scope.
        """
        given = {"kpi": kpi, "account": account, "period": period}
        if not all(texts.plain(value) for value in given.values() if value is not None):
            return []
        wanted = [NOTES.c[name] == value for name, value in given.items() if value is not None]
        with self._database.reading() as connection:
            rows = connection.execute(_FOUND.where(*wanted).order_by(NOTES.c.id.desc())).all()
        return [_note(row) for row in rows if _sees(scope, row.account)][:limit]

    def get(self, note_id: int, *, scope: Scope) -> Note:
        """A note; NotFound where there is none, or none for this scope."""
        with self._database.reading() as connection:
            return self._found(connection, note_id, scope)

    def change(self, note_id: int, person: Person, text: str, *, scope: Scope) -> Note:
        """Write a note's text again: its author, or an administrator. NotFound, NotAllowed."""
        told = texts.paragraphs(text, "note", longest=LONGEST)
        with self._database.in_turn() as connection:
            _check_author(self._found(connection, note_id, scope), person)
            values = {"text": told, "changed_at": self._database.now_text()}
            connection.execute(sa.update(NOTES).where(NOTES.c.id == note_id).values(**values))
            return self._found(connection, note_id, scope)

    def remove(self, note_id: int, person: Person, *, scope: Scope) -> None:
        """Take a note away: its author, or an administrator. NotFound, NotAllowed."""
        with self._database.in_turn() as connection:
            _check_author(self._found(connection, note_id, scope), person)
            connection.execute(sa.delete(NOTES).where(NOTES.c.id == note_id))

    def _found(self, connection: sa.Connection, note_id: int, scope: Scope) -> Note:
        rows: Sequence[Any] = connection.execute(_FOUND.where(NOTES.c.id == note_id)).all()
        for row in rows:
            if _sees(scope, row.account):
                return _note(row)
        raise NotFound("There is no such note.")


def _sees(scope: Scope, account: str | None) -> bool:
    """A note on no account is everybody's."""
    return account is None or scope.sees(account)


def _check_sight(scope: Scope, account: str | None) -> None:
    if not _sees(scope, account):
        raise NotFound("There is no such account.")


def _check_author(note: Note, person: Person) -> None:
    if person.id != note.author_id and person.role is not Role.ADMIN:
        raise NotAllowed(
            "Only its author or an administrator changes a note.", hint="Write one of your own."
        )


def _subject(name: str | None) -> str | None:
    return texts.line_or_none(name, "subject of the note")


def _note(row: Any) -> Note:
    changed = None if row.changed_at is None else from_text(row.changed_at)
    return Note(
        row.id,
        row.author_id,
        row.author,
        row.kpi,
        row.account,
        row.period,
        row.text,
        from_text(row.created_at),
        changed,
    )
