"""Signing in: nobody learns whether an account exists, guessing is slow, a code counts once."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.people.conftest import PASSWORD, Clock, Counted, everything

from kampass.access import NotFound, Role
from kampass.people import People, Person
from kampass.people.accounts import passwords
from kampass.people.errors import (
    IdentityTaken,
    NeedsCode,
    NotInvited,
    SignInFailed,
    TooManyAttempts,
    WrongCode,
)
from kampass.people.schema import FAILURES, PERSONS

ISSUER = "https://id.example.com"


def fail(people: People, email: str, address: str = "", times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(SignInFailed):
            people.accounts.sign_in(email, "not the password", address=address)


def waits(people: People, email: str, address: str = "") -> int:
    with pytest.raises(TooManyAttempts) as raised:
        people.accounts.sign_in(email, PASSWORD, address=address)
    return raised.value.seconds


def authenticator(people: People, person: Person, clock: Clock) -> pyotp.TOTP:
    """One that is confirmed; the clock stands at the next half minute then."""
    secret = parse_qs(urlsplit(people.accounts.start_totp(person.id)).query)["secret"][0]
    people.accounts.confirm_totp(person.id, pyotp.TOTP(secret).at(clock.now))
    clock.move(seconds=30)
    return pyotp.TOTP(secret)


def test_the_right_password_lets_its_person_in_however_the_address_is_written(
    people: People, ann: Person
) -> None:
    assert people.accounts.sign_in(" Ann@EXAMPLE.com", PASSWORD) == ann


@pytest.mark.parametrize(
    "email",
    [
        "nobody@example.com",
        "bob@example.com",
        "no address",
        "",
        "ann@example.com\x00",
        "\ud800",
        "x" * 10_000,
    ],
)
def test_unknown_addresses_cost_the_same_hash_and_say_the_same(
    people: People, ann: Person, bob: Person, hasher: Counted, email: str
) -> None:
    """Bob is here and has no password."""
    told = []
    for tried in (ann.email, email):
        before = hasher.verified
        with pytest.raises(SignInFailed) as raised:
            people.accounts.sign_in(tried, "not the password")
        told.append((raised.value.to_dict(), raised.value.status, hasher.verified - before))
    assert told[0] == told[1]
    assert told[0][1:] == (401, 1)


@pytest.mark.parametrize("password", ["", "\ud800" * 12, "\x00" * 12, "x" * 5_000])
def test_whatever_is_typed_as_a_password_is_only_wrong(
    people: People, ann: Person, password: str
) -> None:
    with pytest.raises(SignInFailed):
        people.accounts.sign_in(ann.email, password)


def test_a_password_nobody_set_is_never_right(people: People, bob: Person) -> None:
    with pytest.raises(SignInFailed):
        people.accounts.sign_in(bob.email, "nobody has this password")


def test_the_recommended_hash_is_argon2id_of_64_mebibytes() -> None:
    recommended = PasswordHash.recommended().hash("green teapots sing")
    assert recommended.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_weaker_hash_is_made_stronger_when_its_person_comes_in(
    people: People, ann: Person, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        passwords,
        "HASHING",
        PasswordHash((Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),)),
    )
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann
    with engine.connect() as connection:
        kept = connection.execute(sa.select(PERSONS.c.password_hash)).scalar_one()
    assert "$m=16,t=2,p=1$" in kept
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann


def test_after_five_failures_an_address_waits_and_longer_with_each(
    people: People, ann: Person, clock: Clock
) -> None:
    fail(people, ann.email, times=5)
    assert waits(people, ann.email) == 30
    clock.move(seconds=29)
    assert waits(people, ann.email) == 1
    clock.move(seconds=1)
    longer = []
    for _ in range(7):
        fail(people, ann.email)
        longer.append(waits(people, ann.email))
        clock.move(seconds=longer[-1])
    assert longer == [60, 120, 240, 480, 900, 900, 900]
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann
    fail(people, ann.email, times=4)
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann


def test_an_address_that_nobody_has_waits_just_as_long(people: People, ann: Person) -> None:
    fail(people, ann.email, times=5)
    fail(people, "nobody@example.com", times=5)
    told = []
    for email in (ann.email, "nobody@example.com"):
        with pytest.raises(TooManyAttempts) as raised:
            people.accounts.sign_in(email, PASSWORD)
        told.append((raised.value.to_dict(), raised.value.status))
    assert told[0] == told[1]
    assert told[0][1] == 429


def test_an_attempt_that_has_to_wait_does_not_make_the_wait_longer_and_costs_no_hash(
    people: People, ann: Person, hasher: Counted, clock: Clock
) -> None:
    fail(people, ann.email, times=5)
    before = hasher.verified
    for _ in range(20):
        waits(people, ann.email)
    assert hasher.verified == before
    clock.move(seconds=30)
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann


def test_a_hundred_guesses_at_once_are_a_hundred(
    people: People, ann: Person, hasher: Counted
) -> None:
    def guess(number: int) -> type[Exception]:
        try:
            people.accounts.sign_in(ann.email, f"guess number {number}")
        except (SignInFailed, TooManyAttempts) as refused:
            return type(refused)
        raise AssertionError(number)

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(guess, range(100)))
    assert outcomes.count(SignInFailed) == 5
    assert hasher.verified == 5


def test_failures_are_forgotten_after_a_day(people: People, ann: Person, clock: Clock) -> None:
    fail(people, ann.email, times=4)
    clock.move(days=1, seconds=1)
    fail(people, ann.email, times=4)
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann


def test_one_place_that_tries_many_addresses_waits_too(people: People, ann: Person) -> None:
    for number in range(20):
        fail(people, f"person{number}@example.com", "203.0.113.9")
    assert waits(people, ann.email, "203.0.113.9") == 30
    assert people.accounts.sign_in(ann.email, PASSWORD, address="198.51.100.1") == ann


def test_signing_in_as_oneself_does_not_make_a_place_innocent(people: People, ann: Person) -> None:
    for number in range(19):
        fail(people, f"person{number}@example.com", "203.0.113.9")
        people.accounts.sign_in(ann.email, PASSWORD, address="203.0.113.9")
    fail(people, "person19@example.com", "203.0.113.9")
    assert waits(people, "person20@example.com", "203.0.113.9") == 30


def test_strangers_do_not_keep_an_owner_out_of_a_place_where_they_have_signed_in(
    people: People, ann: Person
) -> None:
    people.accounts.sign_in(ann.email, PASSWORD, address="198.51.100.1")
    fail(people, ann.email, "203.0.113.9", times=5)
    assert waits(people, ann.email, "203.0.113.9") == 30
    assert waits(people, ann.email, "203.0.113.10") == 30
    assert people.accounts.sign_in(ann.email, PASSWORD, address="198.51.100.1") == ann
    fail(people, ann.email, "198.51.100.1", times=5)
    assert waits(people, ann.email, "198.51.100.1") == 30


def test_a_password_that_was_set_again_ends_the_wait(people: People, ann: Person) -> None:
    fail(people, ann.email, times=5)
    people.accounts.set_password(ann.id, "purple kettles whistle")
    assert people.accounts.sign_in(ann.email, "purple kettles whistle") == ann


def test_what_was_typed_as_an_address_stands_nowhere(
    people: People, engine: sa.Engine, clock: Clock
) -> None:
    fail(people, "my secret password", "203.0.113.9")
    assert "my secret" not in everything(engine)
    assert "203.0.113.9" not in everything(engine)
    clock.move(days=31)
    fail(people, "somebody@example.com")
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(FAILURES)).scalar() == 1


def test_an_authenticator_counts_from_the_moment_it_is_confirmed(
    people: People, ann: Person, clock: Clock
) -> None:
    uri = people.accounts.start_totp(ann.id)
    assert uri.startswith("otpauth://totp/Kampass:ann%40example.com?secret=")
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    for wrong in (
        "",
        "12345",
        "1234567",
        "abcdef",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        pyotp.TOTP(secret).at(clock.now, counter_offset=5),
    ):
        with pytest.raises(WrongCode):
            people.accounts.confirm_totp(ann.id, wrong)
    people.accounts.confirm_totp(ann.id, pyotp.TOTP(secret).at(clock.now))
    found = people.accounts.get(ann.id)
    assert found is not None
    assert found.has_totp
    with pytest.raises(NeedsCode) as raised:
        people.accounts.sign_in(ann.email, PASSWORD)
    assert (raised.value.code, raised.value.status) == ("needs_code", 401)
    people.accounts.stop_totp(ann.id)
    assert people.accounts.sign_in(ann.email, PASSWORD) == ann


def test_nobody_confirms_an_authenticator_that_was_not_offered(people: People, ann: Person) -> None:
    with pytest.raises(WrongCode):
        people.accounts.confirm_totp(ann.id, "123456")
    with pytest.raises(NotFound):
        people.accounts.start_totp(ann.id + 1000)


def test_a_code_counts_half_a_minute_before_and_after_but_no_longer(
    people: People, ann: Person, clock: Clock
) -> None:
    totp = authenticator(people, ann, clock)
    clock.move(minutes=10)
    for offset in (-2, 2):
        with pytest.raises(SignInFailed):
            people.accounts.sign_in(
                ann.email, PASSWORD, code=totp.at(clock.now, counter_offset=offset)
            )
    for offset in (-1, 0, 1):
        spaced = totp.at(clock.now, counter_offset=offset)
        assert (
            people.accounts.sign_in(ann.email, PASSWORD, code=f" {spaced[:3]} {spaced[3:]} ").id
            == ann.id
        )


def test_a_code_counts_once_and_not_after_a_later_one(
    people: People, ann: Person, clock: Clock
) -> None:
    totp = authenticator(people, ann, clock)
    used = totp.at(clock.now)
    assert people.accounts.sign_in(ann.email, PASSWORD, code=used).id == ann.id
    for again in (used, totp.at(clock.now, counter_offset=-1)):
        with pytest.raises(SignInFailed):
            people.accounts.sign_in(ann.email, PASSWORD, code=again)


def test_the_code_that_confirmed_an_authenticator_does_not_sign_in(
    people: People, ann: Person, clock: Clock
) -> None:
    totp = authenticator(people, ann, clock)
    with pytest.raises(SignInFailed):
        people.accounts.sign_in(ann.email, PASSWORD, code=totp.at(clock.now, counter_offset=-1))


def test_of_two_who_use_a_code_at_once_one_comes_in(
    people: People, ann: Person, clock: Clock
) -> None:
    used = authenticator(people, ann, clock).at(clock.now)

    def enter(_: int) -> bool:
        try:
            people.accounts.sign_in(ann.email, PASSWORD, code=used)
        except SignInFailed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(enter, range(4))) == 1


def test_asking_for_the_code_neither_counts_as_a_failure_nor_forgets_any(
    people: People, ann: Person, clock: Clock
) -> None:
    totp = authenticator(people, ann, clock)
    for _ in range(8):
        with pytest.raises(NeedsCode):
            people.accounts.sign_in(ann.email, PASSWORD)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            people.accounts.sign_in(
                ann.email, PASSWORD, code="000000" if totp.at(clock.now) != "000000" else "111111"
            )
        if _ < 4:
            with pytest.raises(NeedsCode):
                people.accounts.sign_in(ann.email, PASSWORD)
    assert waits(people, ann.email) == 30


def test_without_the_password_nobody_learns_that_a_code_is_needed(
    people: People, ann: Person, clock: Clock
) -> None:
    authenticator(people, ann, clock)
    fail(people, ann.email)


def test_a_provider_vouches_for_whoever_was_added_with_that_address(
    people: People, bob: Person
) -> None:
    assert people.accounts.link_identity(ISSUER, "b-1", "BOB@example.com") == bob
    assert people.accounts.link_identity(ISSUER, "b-1", "renamed@example.com") == bob
    with pytest.raises(NotInvited) as raised:
        people.accounts.link_identity(ISSUER, "c-1", "cid@example.com")
    assert (raised.value.code, raised.value.status) == ("not_invited", 403)


@pytest.mark.parametrize(
    "email", ["", "\u212aate@example.com", "bob@example.com, kate@example.com"]
)
def test_an_address_that_only_looks_like_somebodys_opens_nothing(
    people: People, email: str
) -> None:
    people.accounts.add("kate@example.com", "Kate", Role.ADMIN)
    with pytest.raises(NotInvited):
        people.accounts.link_identity(ISSUER, "k-1", email)


def test_an_address_that_a_provider_gave_to_somebody_else_opens_nothing(
    people: People, bob: Person
) -> None:
    people.accounts.link_identity(ISSUER, "b-1", bob.email)
    with pytest.raises(IdentityTaken):
        people.accounts.link_identity(ISSUER, "b-2", bob.email)
    assert people.accounts.link_identity("https://other.example.com", "b-2", bob.email) == bob


def test_an_identity_of_somebody_removed_is_nobodys(
    people: People, ann: Person, bob: Person
) -> None:
    people.accounts.link_identity(ISSUER, "b-1", bob.email)
    people.accounts.remove(bob.id)
    with pytest.raises(NotInvited):
        people.accounts.link_identity(ISSUER, "b-1", bob.email)


def test_the_second_step_asks_for_the_code_alone_and_not_after_another_password(
    people: People, ann: Person, clock: Clock
) -> None:
    codes = authenticator(people, ann, clock)
    with pytest.raises(NeedsCode) as raised:
        people.accounts.sign_in(ann.email, PASSWORD)
    first = raised.value.first_step
    assert PASSWORD not in repr(first) and PASSWORD not in vars(first).values()
    with pytest.raises(SignInFailed):
        people.accounts.second_step(first, "000000")
    clock.move(minutes=1)
    assert people.accounts.second_step(first, codes.at(clock.now)).id == ann.id
    people.accounts.set_password(ann.id, "quite another one 7")
    clock.move(minutes=1)
    with pytest.raises(SignInFailed):
        people.accounts.second_step(first, codes.at(clock.now))
