"""Accounts: who they are, what may be said of them, and that somebody always remains to let people
in.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.people.conftest import PASSWORD, Clock, everything

from kampass.access import NotFound, Role
from kampass.people import People, Person
from kampass.people.errors import BadEmail, BadField, EmailTaken, LastAdmin, WeakPassword
from kampass.people.schema import PERSONS


def test_nobody_is_here_until_somebody_is_added(people: People) -> None:
    assert not people.accounts.any()
    added = people.accounts.add(
        " Ann.Lee@Example.COM ", " Ann Lee ", Role.TEAM_LEAD, user_id="U7", team_id="T7"
    )
    assert people.accounts.any()
    assert (added.email, added.name, added.role, added.user_id, added.team_id) == (
        "ann.lee@example.com",
        "Ann Lee",
        Role.TEAM_LEAD,
        "U7",
        "T7",
    )
    assert (added.has_totp, added.last_seen_at) == (False, None)
    assert people.accounts.get(added.id) == added
    assert people.accounts.by_email("ANN.LEE@example.com ") == added


def test_everybody_is_listed_by_name(people: People) -> None:
    for name in ("bob", "Ann", "Cid"):
        people.accounts.add(f"{name}@example.com", name, Role.ANALYST)
    assert [person.name for person in people.accounts.all()] == ["Ann", "bob", "Cid"]


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@example",
        "ann@@example.com",
        "a b@example.com",
        "ann@exa mple.com",
        "ann@example.com\nbcc: x@y.com",
        "ann\x00@example.com",
        "ann@-example.com",
        "\u212aate@example.com",
        "ma\u017fter@example.com",
        "<ann@example.com>",
        "ann@example..com",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 20}.com",
        "\ud800@example.com",
    ],
)
def test_what_is_no_plain_address_is_refused(people: People, email: str) -> None:
    with pytest.raises(BadEmail) as raised:
        people.accounts.add(email, "Ann", Role.ADMIN)
    assert raised.value.code == "bad_email"
    assert people.accounts.by_email(email) is None
    assert not people.accounts.any()


@pytest.mark.parametrize(
    "name", ["", "  ", "a" * 201, "Ann\x00", "Ann\nLee", "Ann\u202eeel", "Ann\ud800", "Ann\x1b[31m"]
)
def test_a_name_is_one_line_that_is_seen_as_it_stands(people: People, name: str) -> None:
    with pytest.raises(BadField):
        people.accounts.add("ann@example.com", name, Role.ADMIN)


def test_an_address_is_one_person_however_it_is_written(people: People, ann: Person) -> None:
    with pytest.raises(EmailTaken) as raised:
        people.accounts.add("ANN@EXAMPLE.COM", "Another", Role.ANALYST)
    assert (raised.value.code, raised.value.status) == ("email_taken", 409)


def test_of_many_who_take_an_address_at_once_one_has_it(people: People) -> None:
    def take(number: int) -> bool:
        try:
            people.accounts.add("same@example.com", f"Nr {number}", Role.ANALYST)
        except EmailTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1
    assert len(people.accounts.all()) == 1


def test_a_number_that_no_database_can_hold_is_nobody(people: People, ann: Person) -> None:
    assert people.accounts.get(10**30) is None
    assert people.accounts.get(-(10**30)) is None
    with pytest.raises(NotFound):
        people.accounts.remove(2**31)


def test_only_what_is_given_changes(people: People, bob: Person) -> None:
    assert people.accounts.change(bob.id, name="Robert").person.name == "Robert"
    moved = people.accounts.change(bob.id, team_id="T2", user_id=None).person
    assert (moved.name, moved.role, moved.user_id, moved.team_id) == (
        "Robert",
        Role.ACCOUNT_MANAGER,
        None,
        "T2",
    )
    with pytest.raises(NotFound):
        people.accounts.change(bob.id + 1000, name="Nobody")


def test_whoever_sees_other_things_signs_in_again_and_whoever_is_only_renamed_does_not(
    people: People, ann: Person, bob: Person
) -> None:
    token, _ = people.sessions.start(bob.id, address="", agent="")
    people.accounts.change(bob.id, name="Robert", role=Role.ACCOUNT_MANAGER)
    session = people.sessions.find(token)
    assert session is not None
    assert session.person.name == "Robert"
    for changes in ({"role": Role.TEAM_LEAD}, {"team_id": "T9"}, {"user_id": "U9"}):
        token, _ = people.sessions.start(bob.id, address="", agent="")
        people.accounts.change(bob.id, **changes)  # type: ignore[arg-type]
        assert people.sessions.find(token) is None, changes


def test_the_last_administrator_can_neither_step_down_nor_be_removed(
    people: People, ann: Person, bob: Person
) -> None:
    with pytest.raises(LastAdmin) as raised:
        people.accounts.remove(ann.id)
    assert raised.value.code == "last_admin"
    with pytest.raises(LastAdmin):
        people.accounts.change(ann.id, role=Role.ANALYST)
    assert people.accounts.change(ann.id, name="Ann L.").person.role is Role.ADMIN
    people.accounts.change(bob.id, role=Role.ADMIN)
    assert people.accounts.change(ann.id, role=Role.ANALYST).person.role is Role.ANALYST


def test_of_two_administrators_who_remove_each_other_at_once_one_remains(
    people: People, ann: Person
) -> None:
    other = people.accounts.add("cid@example.com", "Cid", Role.ADMIN)

    def remove(person: Person) -> bool:
        try:
            people.accounts.remove(person.id)
        except LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, [ann, other])) == [False, True]
    assert len(people.accounts.all()) == 1


def test_whoever_is_removed_leaves_no_way_in_and_frees_the_address(
    people: People, ann: Person, bob: Person, clock: Clock, engine: sa.Engine
) -> None:
    people.accounts.set_password(bob.id, PASSWORD)
    people.accounts.start_totp(bob.id)
    session, _ = people.sessions.start(bob.id, address="", agent="")
    token, _ = people.tokens.make(bob.id, "script", ["read"], clock.now.replace(year=2027))
    reset = people.invitations.make("reset", email=bob.email, by=ann.id)
    people.accounts.link_identity("https://id.example.com", "b-1", bob.email)
    people.accounts.remove(bob.id)
    assert people.accounts.get(bob.id) is None
    assert people.accounts.by_email(bob.email) is None
    assert [person.id for person in people.accounts.all()] == [ann.id]
    assert people.sessions.find(session) is None
    assert people.tokens.find(token) is None
    assert people.invitations.find("reset", reset) is None
    assert "b-1" not in everything(engine)
    with engine.connect() as connection:
        kept = connection.execute(
            sa.select(PERSONS.c.password_hash, PERSONS.c.totp_offered).where(PERSONS.c.id == bob.id)
        ).one()
    assert tuple(kept) == (None, None)
    successor = people.accounts.add(bob.email, "Another Bob", Role.ANALYST)
    assert successor.id != bob.id
    with pytest.raises(NotFound):
        people.accounts.remove(bob.id)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "x" * 1025,
        "password1234",
        "PASSWORD1234",
        "qwertyuiopas",
        "123456789012",
        "aaaaaaaaaaaaaaaa",
        "abababababab",
        "my ann.lee is great",
        "ANN.LEE@example.com",
        "tab\tin\tthe\tmiddle",
        "half a \ud800 character",
    ],
)
def test_a_password_that_is_easily_guessed_is_refused_everywhere(
    people: People, password: str
) -> None:
    with pytest.raises(WeakPassword) as raised:
        people.accounts.add("ann.lee@example.com", "Ann", Role.ADMIN, password=password)
    assert raised.value.code == "weak_password"
    person = people.accounts.add("ann.lee@example.com", "Ann", Role.ADMIN)
    with pytest.raises(WeakPassword):
        people.accounts.set_password(person.id, password)
    link = people.invitations.make("reset", email=person.email)
    with pytest.raises(WeakPassword):
        people.invitations.reset(link, password=password)
    assert people.invitations.find("reset", link) is not None
    assert not people.accounts.has_password(person.id)


@pytest.mark.parametrize(
    "password",
    ["x1y2z3w4v5u6", "blue whales hum at noon", "пароль из четырёх слов", "k" * 1019 + "abcde"],
)
def test_twelve_to_1024_characters_of_any_script_are_a_password(
    people: People, password: str
) -> None:
    person = people.accounts.add("ann.lee@example.com", "Ann", Role.ADMIN, password=password)
    assert people.accounts.has_password(person.id)
    assert people.accounts.sign_in(person.email, password) == person


def test_a_password_is_kept_as_an_argon2_hash_only(
    people: People, ann: Person, engine: sa.Engine
) -> None:
    told = everything(engine)
    assert PASSWORD not in told
    assert "$argon2id$" in told


def test_two_keyboards_type_the_same_password(people: People) -> None:
    accent_apart, in_one = "cafe\u0301s in the rain", "caf\u00e9s in the rain"
    person = people.accounts.add("ann@example.com", "Ann", Role.ADMIN, password=accent_apart)
    assert people.accounts.sign_in("ann@example.com", in_one) == person


def test_setting_a_password_ends_every_session_and_open_reset_link(
    people: People, ann: Person
) -> None:
    sessions = [people.sessions.start(ann.id, address="", agent="")[0] for _ in range(2)]
    reset = people.invitations.make("reset", email=ann.email)
    people.accounts.set_password(ann.id, "purple kettles whistle")
    assert [people.sessions.find(token) for token in sessions] == [None, None]
    assert people.invitations.find("reset", reset) is None
    assert people.accounts.sign_in(ann.email, "purple kettles whistle").id == ann.id
