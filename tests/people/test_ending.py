"""Rights end when they should: whatever takes them away ends sessions and, unless they are spared,
API tokens, says how many, and is written down.

    ann (admin)   1 session, 1 token         bob   2 sessions, 1 of them run out; 2 tokens, ditto
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.people.conftest import PASSWORD, Clock

from kampass.access import NotFound, Role
from kampass.people import People, Person
from kampass.people.keys.ending import Ended, Ending

OTHER = "purple kettles whistle"
Act = Callable[[People, Person, Ending], Ended]


def by_password(people: People, bob: Person, ending: Ending) -> Ended:
    return people.accounts.set_password(bob.id, OTHER, ending)


def by_link(people: People, bob: Person, ending: Ending) -> Ended:
    link = people.invitations.make("reset", email=bob.email)
    return people.invitations.reset(link, password=OTHER, ending=ending)


def by_role(people: People, bob: Person, ending: Ending) -> Ended:
    return people.accounts.change(bob.id, ending, role=Role.TEAM_LEAD)


def by_team(people: People, bob: Person, ending: Ending) -> Ended:
    return people.accounts.change(bob.id, ending, team_id="T9")


def by_sign_out(people: People, bob: Person, ending: Ending) -> Ended:
    return people.accounts.end_access(bob.id, ending)


def by_removal(people: People, bob: Person, ending: Ending) -> Ended:
    return people.accounts.remove(bob.id, ending)


ACTS = [by_password, by_link, by_role, by_team, by_sign_out, by_removal]
SPARING = [act for act in ACTS if act is not by_removal]


class Keys:
    """What opens the door for ann and for bob."""

    def __init__(self, people: People, ann: Person, bob: Person, clock: Clock) -> None:
        def session(person: Person) -> str:
            return people.sessions.start(person.id, address="198.51.100.1", agent="Firefox")[0]

        def token(person: Person, days: int) -> str:
            until = clock.now + timedelta(days=days)
            return people.tokens.make(person.id, f"{days} days", ["read"], until)[0]

        session(bob)
        token(bob, 1)
        clock.move(days=1)
        self.anns, self.bobs = (session(ann), token(ann, 9)), (session(bob), token(bob, 9))
        self._people = people

    def open(self, whose: tuple[str, str]) -> tuple[bool, bool]:
        session, token = whose
        return (
            self._people.sessions.find(session) is not None,
            self._people.tokens.find(token) is not None,
        )


@pytest.fixture
def keys(people: People, ann: Person, bob: Person, clock: Clock) -> Keys:
    return Keys(people, ann, bob, clock)


@pytest.mark.parametrize("act", ACTS)
def test_whatever_takes_rights_away_ends_sessions_and_tokens_of_that_person_alone(
    people: People, bob: Person, keys: Keys, act: Act
) -> None:
    ended = act(people, bob, Ending())
    assert (ended.sessions, ended.tokens, ended.kept) == (1, 1, 0)
    assert keys.open(keys.bobs) == (False, False)
    assert keys.open(keys.anns) == (True, True)


@pytest.mark.parametrize("act", SPARING)
def test_tokens_are_spared_where_whoever_does_it_chooses_so(
    people: People, bob: Person, keys: Keys, act: Act
) -> None:
    ended = act(people, bob, Ending(tokens=False))
    assert (ended.sessions, ended.tokens, ended.kept) == (1, 0, 1)
    assert keys.open(keys.bobs) == (False, True)


def test_of_who_is_removed_no_token_is_spared(people: People, bob: Person, keys: Keys) -> None:
    assert by_removal(people, bob, Ending(tokens=False)).tokens == 1
    assert people.tokens.all(bob.id) == []


def test_tokens_alone_end_where_that_is_what_is_wanted(
    people: People, bob: Person, keys: Keys
) -> None:
    ended = people.accounts.end_access(bob.id, Ending(sessions=False))
    assert (ended.sessions, ended.tokens) == (0, 1)
    assert keys.open(keys.bobs) == (True, False)


def test_who_is_only_renamed_loses_nothing_and_nothing_is_written_down(
    people: People, bob: Person, keys: Keys
) -> None:
    ended = people.accounts.change(bob.id, name="Robert", role=Role.ACCOUNT_MANAGER)
    assert (ended.person.name, ended.sessions, ended.tokens) == ("Robert", 0, 0)
    assert keys.open(keys.bobs) == (True, True)
    assert people.audit.entries() == []


@pytest.mark.parametrize("act", ACTS)
def test_the_audit_log_says_what_ended_why_and_by_whom(
    people: People, ann: Person, bob: Person, keys: Keys, act: Act
) -> None:
    act(people, bob, Ending(by=ann, address="198.51.100.7"))
    (entry,) = people.audit.entries()
    assert (entry.action, entry.what, entry.person_id) == ("access_ended", bob.email, ann.id)
    assert entry.address == "198.51.100.7"
    assert {**entry.detail, "why": ""} == {
        "person": bob.id,
        "why": "",
        "sessions": 1,
        "keys": 1,
        "keys_kept": 0,
    }
    assert entry.detail["why"]


def test_who_follows_a_link_is_who_ended_their_own(people: People, bob: Person, keys: Keys) -> None:
    by_link(people, bob, Ending())
    (entry,) = people.audit.entries()
    assert entry.person_id == bob.id


def test_what_is_refused_ends_nothing_and_is_not_written_down(
    people: People, ann: Person, keys: Keys
) -> None:
    for act in (by_role, by_removal):
        with pytest.raises(Exception, match="last administrator"):
            act(people, ann, Ending())
    with pytest.raises(NotFound):
        people.accounts.end_access(12345, Ending())
    assert keys.open(keys.anns) == (True, True)
    assert people.audit.entries() == []


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 0, 0), "No session and no API token was in force."),
        ((1, 0, 0), "1 session ended."),
        ((2, 1, 0), "2 sessions and 1 API token ended."),
        ((0, 2, 0), "2 API tokens ended."),
        ((1, 0, 1), "1 session ended. 1 API token stays in force."),
        ((0, 0, 3), "No session was in force. 3 API tokens stay in force."),
    ],
)
def test_what_ended_is_said_in_words(ann: Person, counts: tuple[int, int, int], said: str) -> None:
    assert Ended(ann, *counts).in_words == said


def test_everybodys_sessions_and_tokens_are_listed_without_a_secret(
    people: People, ann: Person, bob: Person, keys: Keys
) -> None:
    sessions = people.sessions.in_force()
    assert sorted(one.person.name for one in sessions) == ["Ann Lee", "Bob"]
    assert [one.person.id for one in people.sessions.in_force(bob.id)] == [bob.id]
    tokens = people.tokens.everybodys()
    assert [(who.name, token.name) for who, token in tokens] == [
        ("Bob", "9 days"),
        ("Ann Lee", "9 days"),
        ("Bob", "1 days"),
    ]
    assert {who.id for who, _ in people.tokens.everybodys(ann.id)} == {ann.id}
    told = repr((sessions, tokens))
    for secret in (*keys.anns, *keys.bobs):
        assert secret[3:] not in told


def test_one_session_is_ended_by_its_number_and_no_other(
    people: People, bob: Person, keys: Keys
) -> None:
    (listed,) = people.sessions.in_force(bob.id)
    assert people.sessions.end_one(listed.number).person.id == bob.id
    assert keys.open(keys.bobs) == (False, True)
    assert keys.open(keys.anns) == (True, True)
    for number in (listed.number, "", "nope", "' OR 1=1 --"):
        with pytest.raises(NotFound):
            people.sessions.end_one(number)


def test_the_number_of_a_session_opens_nothing(people: People, bob: Person, keys: Keys) -> None:
    (listed,) = people.sessions.in_force(bob.id)
    for guess in (listed.number, f"ks_{listed.number}"):
        assert people.sessions.find(guess) is None


def test_a_session_is_fresh_for_ten_minutes(people: People, bob: Person, clock: Clock) -> None:
    token, _ = people.sessions.start(bob.id, address="", agent="")
    clock.move(minutes=10)
    assert people.sessions.fresh(token)
    clock.move(seconds=1)
    assert people.sessions.find(token) is not None
    assert not people.sessions.fresh(token)
    assert not people.sessions.fresh("ks_" + "x" * 43)


def test_a_password_set_by_somebody_with_none_before_ends_what_was_open(
    people: People, bob: Person, keys: Keys
) -> None:
    assert not people.accounts.has_password(bob.id)
    people.accounts.set_password(bob.id, PASSWORD)
    assert keys.open(keys.bobs) == (False, False)
