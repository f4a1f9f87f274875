"""Signing in with e-mail, password and, where the person wants it, a code.

Nobody learns from the answer or its time whether an account exists. The last step is one
conditional update: it fails where the password was changed, the person removed or the code used in
the meantime.
"""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kampass.errors import Busy
from kampass.people.accounts import attempts, codes, passwords, person
from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.errors import FirstStep, NeedsCode, SignInFailed
from kampass.people.schema import PERSONS


@dataclass(frozen=True)
class Proof:
    """What somebody types to come in."""

    email: str
    password: str = field(repr=False)
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Kept:
    """What is known of a person who is here."""

    id: int
    email: str | None
    password_hash: str | None
    totp_secret: str | None


def sign_in(database: PeopleDatabase, proof: Proof, address: str) -> Person:
    """The person; SignInFailed, NeedsCode, TooManyAttempts or Busy otherwise."""
    email = proof.email.strip().casefold()
    attempt = attempts.take(database, email, address)
    kept = _of(database, email)
    right, better = _fits(database, attempt, proof.password, kept)
    if kept is None or not right:
        raise SignInFailed
    first = FirstStep(email, kept.password_hash or "", better)
    return _come_in(database, kept, first, proof.code, attempt)


def second_step(database: PeopleDatabase, first: FirstStep, code: str, address: str) -> Person:
    """The person whose password was right, with the code; SignInFailed where the password is
    another by now.
    """
    attempt = attempts.take(database, first.email, address)
    kept = _of(database, first.email)
    if kept is None or kept.password_hash != first.fitted:
        raise SignInFailed
    return _come_in(database, kept, first, code, attempt)


def confirm(database: PeopleDatabase, person_id: int, typed: str, address: str) -> None:
    """SignInFailed, TooManyAttempts or Busy unless it is the code of the person's authenticator;
    where they have none, their password.

    A password that was learnt or left in a browser is no second factor: who has one types it.
    """
    kept = _kept(database, PERSONS.c.id == person_id)
    if kept is None or kept.email is None or not typed.strip():
        raise SignInFailed
    attempt, step, better = attempts.take(database, kept.email, address), None, None
    if kept.totp_secret is not None:
        step = codes.step(kept.totp_secret, typed, database.now())
        right = step is not None
    else:
        right, better = _fits(database, attempt, typed, kept)
    if not right:
        raise SignInFailed
    with database.in_turn() as connection:
        _enter(connection, kept, better, step)
        attempts.succeed(connection, attempt, database.now())


def _fits(
    database: PeopleDatabase, attempt: attempts.Attempt, password: str, kept: _Kept | None
) -> tuple[bool, str | None]:
    """Whether the password fits, and a better hash of it; Busy, which is no attempt."""
    try:
        return passwords.matches(password, kept.password_hash if kept else None)
    except Busy:
        with database.in_turn() as connection:
            attempts.take_back(connection, attempt)
        raise


def _come_in(
    database: PeopleDatabase,
    kept: _Kept,
    first: FirstStep,
    code: str | None,
    attempt: attempts.Attempt,
) -> Person:
    step = _step(database, kept, first, code, attempt)
    with database.in_turn() as connection:
        found = _enter(connection, kept, first.better, step)
        attempts.succeed(connection, attempt, database.now())
    return found


def _of(database: PeopleDatabase, email: str) -> _Kept | None:
    if not email.isascii() or not email.isprintable():
        return None
    return _kept(database, PERSONS.c.email == email)


def _kept(database: PeopleDatabase, which: sa.ColumnElement[bool]) -> _Kept | None:
    columns = (PERSONS.c.id, PERSONS.c.email, PERSONS.c.password_hash, PERSONS.c.totp_secret)
    with database.reading() as connection:
        row = connection.execute(sa.select(*columns).where(which, person.PRESENT)).first()
    return None if row is None else _Kept(*row)


def _step(
    database: PeopleDatabase,
    kept: _Kept,
    first: FirstStep,
    code: str | None,
    attempt: attempts.Attempt,
) -> int | None:
    """The half minute of the code; None where no code is needed."""
    if kept.totp_secret is None:
        return None
    if not code or not code.strip():
        with database.in_turn() as connection:
            attempts.take_back(connection, attempt)
        raise NeedsCode(first)
    step = codes.step(kept.totp_secret, code, database.now())
    if step is None:
        raise SignInFailed
    return step


def _enter(connection: sa.Connection, kept: _Kept, better: str | None, step: int | None) -> Person:
    """Let the person in, if everything still is as it was when it was checked."""
    as_checked = [
        PERSONS.c.id == kept.id,
        PERSONS.c.password_hash == kept.password_hash,
        person.PRESENT,
    ]
    values: dict[str, Any] = {"password_hash": better or kept.password_hash}
    if step is None:
        as_checked.append(PERSONS.c.totp_secret.is_(None))
    else:
        as_checked += [
            PERSONS.c.totp_secret == kept.totp_secret,
            sa.or_(PERSONS.c.totp_step.is_(None), PERSONS.c.totp_step < step),
        ]
        values["totp_step"] = step
    changed = connection.execute(sa.update(PERSONS).where(*as_checked).values(**values))
    found = person.find(connection, PERSONS.c.id == kept.id) if changed.rowcount == 1 else None
    if found is None:
        raise SignInFailed
    return found
