"""The audit log: who looked at, exported and changed what. Entries are added and read; nothing here
changes or deletes one.

An entry holds the name and the address as they were, so that it reads the same after people were
renamed or removed. Secrets never get in: keys that name one are dropped, and whatever looks like
one of ours is struck out.
"""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.keys.secret import KNOWN
from kampass.people.schema import AUDIT
from kampass.people.text import cut
from kampass.store import trouble
from kampass.store.records import from_text

LONGEST = 2_000
MOST = 500
_SECRET = re.compile(r"passw|token|secret|(?:^|[^a-z])(?:code|csrf|pw|totp)(?:$|[^a-z])")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEEPEST, _WIDEST = 4, 100


@dataclass(frozen=True)
class Entry:
    """Something that somebody did; without a person, what nobody signed in did."""

    id: int
    at: datetime
    person_id: int | None
    email: str | None
    name: str | None
    action: str
    what: str
    detail: dict[str, Any]
    address: str


@dataclass(frozen=True)
class Deed:
    """What somebody does, about to be written down; nobody who is signed in: None."""

    person: Person | None
    action: str
    what: str
    detail: Mapping[str, Any]
    address: str = ""


class _Gap:
    """How many lines could not be written, and since when."""

    def __init__(self) -> None:
        self._lock, self._lines, self._since = threading.Lock(), 0, ""

    def grow(self, at: str) -> None:
        with self._lock:
            self._since = self._since or at
            self._lines += 1

    def missed(self) -> tuple[int, str] | None:
        with self._lock:
            return (self._lines, self._since) if self._lines else None

    def close(self, lines: int) -> None:
        """So many of them are told."""
        with self._lock:
            self._lines -= lines
            self._since = self._since if self._lines else ""


class Audit:
    """The audit log."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database
        self._gap = _Gap()

    def record(
        self,
        person: Person | None,
        action: str,
        what: str,
        detail: Mapping[str, Any] | None = None,
        address: str = "",
    ) -> None:
        """Write down that somebody did something, and first what could not be written before."""
        self._write(Deed(person, action, what, detail or {}, address))

    def record_reading(self, deed: Deed) -> None:
        """The same of something that was only read: where the disk is full, it is answered all the
        same, and the log says later how much it misses.
        """
        try:
            self._write(deed)
        except sa.exc.DBAPIError as wrong:
            if trouble.named(wrong) is None:
                raise
            self._gap.grow(self._database.now_text())

    def _write(self, deed: Deed) -> None:
        missed = self._gap.missed()
        with self._database.writing() as connection:
            if missed is not None:
                count, since = missed
                lines = f"{count} lines could not be written: the disk was full"
                said = Deed(None, "audit_gap", lines, {"lines": count, "since": since})
                write(connection, said, self._database.now_text())
            write(connection, deed, self._database.now_text())
        if missed is not None:
            self._gap.close(missed[0])

    def entries(
        self,
        limit: int = 100,
        before: int | None = None,
        person: int | None = None,
        action: str | None = None,
    ) -> list[Entry]:
        """The latest entries, latest first: those before a number, of a person, of an action."""
        wanted = [] if before is None else [AUDIT.c.id < before]
        wanted += [] if person is None else [AUDIT.c.person_id == person]
        wanted += [] if action is None else [AUDIT.c.action == cut(action, 100)]
        found = (
            sa.select(AUDIT)
            .where(*wanted)
            .order_by(AUDIT.c.id.desc())
            .limit(max(0, min(limit, MOST)))
        )
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(found)]


def write(connection: sa.Connection, deed: Deed, at: str) -> None:
    """Write down a deed in the transaction that does it."""
    who = deed.person
    named = {"person_id": who.id, "email": who.email, "name": who.name} if who else {}
    values = named | {
        "at": at,
        "action": cut(deed.action, 100),
        "what": _told(deed.what),
        "address": cut(deed.address, 100),
        "detail": json.dumps(_kept(deed.detail, 0)),
    }
    connection.execute(sa.insert(AUDIT).values(**values))


def _kept(value: Any, depth: int) -> Any:
    """A value without what nobody may read in a log, and no longer than a log needs."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {
            _told(str(key)): _kept(inner, depth + 1)
            for key, inner in list(value.items())[:_WIDEST]
            if not _names_a_secret(str(key))
        }
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_kept(inner, depth + 1) for inner in list(value)[:_WIDEST]]
    return "…" if isinstance(value, Mapping | list | tuple | set | frozenset) else _told(str(value))


def _told(text: str) -> str:
    return cut(KNOWN.sub("…", text), LONGEST)


def _names_a_secret(key: str) -> bool:
    return _SECRET.search(_HUMP.sub("_", key).lower()) is not None


def _entry(row: Any) -> Entry:
    return Entry(
        row.id,
        from_text(row.at),
        row.person_id,
        row.email,
        row.name,
        row.action,
        row.what,
        json.loads(row.detail),
        row.address,
    )
