"""Somebody signed in proves once more that it is them: by the code of their authenticator where
they have one, by their password otherwise; guessing waits as it does at the door.
"""

import pyotp
import pytest
from tests.people.conftest import PASSWORD, Clock, Counted

from kampass.people import People, Person
from kampass.people.accounts import attempts
from kampass.people.errors import SignInFailed, TooManyAttempts

HERE = "198.51.100.1"


@pytest.fixture
def app(people: People, ann: Person, clock: Clock) -> pyotp.TOTP:
    """Ann's authenticator; its next code has not been used."""
    uri = people.accounts.start_totp(ann.id)
    found = pyotp.parse_uri(uri)
    assert isinstance(found, pyotp.TOTP)
    people.accounts.confirm_totp(ann.id, found.at(clock.now))
    clock.move(minutes=1)
    return found


def test_a_password_confirms_who_has_no_authenticator(people: People, ann: Person) -> None:
    people.accounts.confirm(ann.id, PASSWORD, address=HERE)
    for wrong in ("wrong", "", " ", PASSWORD.upper(), "123456"):
        with pytest.raises(SignInFailed):
            people.accounts.confirm(ann.id, wrong, address=HERE)


def test_a_code_confirms_who_has_an_authenticator_and_the_password_does_not(
    people: People, ann: Person, app: pyotp.TOTP, clock: Clock
) -> None:
    with pytest.raises(SignInFailed):
        people.accounts.confirm(ann.id, PASSWORD, address=HERE)
    people.accounts.confirm(ann.id, app.at(clock.now), address=HERE)


def test_a_code_confirms_once_and_lets_nobody_in_afterwards(
    people: People, ann: Person, app: pyotp.TOTP, clock: Clock
) -> None:
    code = app.at(clock.now)
    people.accounts.confirm(ann.id, code, address=HERE)
    with pytest.raises(SignInFailed):
        people.accounts.confirm(ann.id, code, address=HERE)
    with pytest.raises(SignInFailed):
        people.accounts.sign_in(ann.email, PASSWORD, code=code, address=HERE)


def test_nobody_without_password_and_authenticator_confirms_anything(
    people: People, bob: Person
) -> None:
    for typed in ("", PASSWORD, "nobody has this password"):
        with pytest.raises(SignInFailed):
            people.accounts.confirm(bob.id, typed, address=HERE)


def test_whoever_is_removed_confirms_nothing(people: People, ann: Person, bob: Person) -> None:
    people.accounts.set_password(bob.id, PASSWORD)
    people.accounts.remove(bob.id)
    with pytest.raises(SignInFailed):
        people.accounts.confirm(bob.id, PASSWORD, address=HERE)


def test_guessing_waits_and_the_right_one_waits_too(
    people: People, ann: Person, clock: Clock, hasher: Counted
) -> None:
    for guess in range(attempts.FREE):
        with pytest.raises(SignInFailed):
            people.accounts.confirm(ann.id, f"guess {guess}", address=HERE)
    asked = hasher.verified
    with pytest.raises(TooManyAttempts):
        people.accounts.confirm(ann.id, PASSWORD, address=HERE)
    assert hasher.verified == asked
    with pytest.raises(TooManyAttempts):
        people.accounts.sign_in(ann.email, PASSWORD, address=HERE)
    clock.move(seconds=30)
    people.accounts.confirm(ann.id, PASSWORD, address=HERE)


def test_guesses_at_the_door_count_here_too(people: People, ann: Person, app: pyotp.TOTP) -> None:
    for guess in range(attempts.FREE):
        with pytest.raises(SignInFailed):
            people.accounts.sign_in(ann.email, f"guess {guess}", address=HERE)
    with pytest.raises(TooManyAttempts):
        people.accounts.confirm(ann.id, "123456", address=HERE)


def test_nothing_typed_is_no_guess(people: People, ann: Person) -> None:
    for _ in range(attempts.FREE + 1):
        with pytest.raises(SignInFailed):
            people.accounts.confirm(ann.id, " ", address=HERE)
    people.accounts.confirm(ann.id, PASSWORD, address=HERE)
