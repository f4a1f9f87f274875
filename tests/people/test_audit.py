"""The audit log: it grows, it reads the same for ever, and no secret gets into it."""

import pytest
import sqlalchemy as sa
from tests.people.conftest import Clock, everything

from kampass.access import Role
from kampass.people import People, Person
from kampass.people.audit import Audit


def test_an_entry_says_who_did_what_when_and_from_where(
    people: People, ann: Person, clock: Clock
) -> None:
    people.audit.record(
        ann, "export", "/accounts.csv", {"rows": 450, "where": "segment=enterprise"}, "198.51.100.1"
    )
    (entry,) = people.audit.entries()
    assert (entry.at, entry.person_id, entry.email, entry.name) == (
        clock.now,
        ann.id,
        "ann@example.com",
        "Ann Lee",
    )
    assert (entry.action, entry.what, entry.address) == ("export", "/accounts.csv", "198.51.100.1")
    assert entry.detail == {"rows": 450, "where": "segment=enterprise"}


def test_what_nobody_signed_in_did_has_no_name(people: People) -> None:
    people.audit.record(None, "sign_in_failed", "")
    (entry,) = people.audit.entries()
    assert (entry.person_id, entry.email, entry.name, entry.detail) == (None, None, None, {})


def test_entries_name_people_as_they_were(people: People, ann: Person, bob: Person) -> None:
    people.audit.record(bob, "look", "/accounts/A1")
    people.accounts.change(bob.id, name="Robert")
    people.accounts.remove(bob.id)
    people.accounts.add(bob.email, "Another Bob", Role.ANALYST)
    (entry,) = people.audit.entries(person=bob.id)
    assert (entry.name, entry.email) == ("Bob", "bob@example.com")


def test_entries_come_latest_first_and_in_pages(people: People, ann: Person, bob: Person) -> None:
    for number in range(6):
        people.audit.record(
            (ann, bob)[number % 2], ("look", "export", "change")[number % 3], str(number)
        )
    latest = people.audit.entries(2)
    assert [entry.what for entry in latest] == ["5", "4"]
    assert [entry.what for entry in people.audit.entries(100, before=latest[-1].id)] == [
        "3",
        "2",
        "1",
        "0",
    ]
    assert [entry.what for entry in people.audit.entries(person=bob.id)] == ["5", "3", "1"]
    assert [entry.what for entry in people.audit.entries(action="export")] == ["4", "1"]
    assert [entry.what for entry in people.audit.entries(person=ann.id, action="change")] == ["2"]
    assert people.audit.entries(-1) == []
    assert len(people.audit.entries(10**30, before=10**30)) == 6
    assert people.audit.entries(action="\ud800\x00") == []


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "new_password",
        "newPassword",
        "passwd",
        "token",
        "api_token",
        "csrfToken",
        "client_secret",
        "SECRET",
        "code",
        "totp_code",
        "totpCode",
        "csrf",
    ],
)
def test_what_names_a_secret_is_dropped_however_deep(
    people: People, ann: Person, engine: sa.Engine, key: str
) -> None:
    people.audit.record(
        ann,
        "change",
        "person",
        {key: "hunter2", "kept": 1, "inner": {key: "hunter2"}, "list": [{key: ["hunter2"]}]},
    )
    (entry,) = people.audit.entries()
    assert entry.detail == {"kept": 1, "inner": {}, "list": [{}]}
    assert "hunter2" not in everything(engine)


def test_words_that_only_hold_such_a_word_are_kept(people: People, ann: Person) -> None:
    people.audit.record(ann, "change", "account", {"postcode": "12345", "decoded": True})
    assert people.audit.entries()[0].detail == {"postcode": "12345", "decoded": True}


def test_our_own_secrets_are_struck_out_wherever_they_stand(
    people: People, ann: Person, clock: Clock, engine: sa.Engine
) -> None:
    token, _ = people.tokens.make(ann.id, "script", ["read"], clock.now.replace(year=2027))
    session, _ = people.sessions.start(ann.id, address="", agent="")
    link = people.invitations.make("reset", email=ann.email)
    for secret in (token, session, link):
        people.audit.record(
            ann,
            "look",
            f"/reset/{secret}?next=%2F{secret}",
            {"url": f"/join/{secret}", secret: "x", "list": [secret]},
        )
        assert secret not in everything(engine)
    assert people.audit.entries()[0].detail == {"url": "/join/…", "…": "x", "list": ["…"]}


def test_values_are_cut_to_what_a_log_needs(people: People, ann: Person) -> None:
    deep: dict[str, object] = {}
    inner = deep
    for _ in range(50):
        inner["more"] = {}
        inner = inner["more"]  # type: ignore[assignment]
    people.audit.record(
        ann,
        "look",
        "w" * 9_000,
        {
            "long": "x" * 9_000,
            "wide": list(range(9_000)),
            "deep": deep,
            "odd": Role.ADMIN,
            "bad": "\ud800\x00",
        },
        "a" * 900,
    )
    (entry,) = people.audit.entries()
    assert (len(entry.what), len(entry.address)) == (2_000, 100)
    assert len(entry.detail["long"]) == 2_000
    assert len(entry.detail["wide"]) == 100
    assert entry.detail["odd"] == "admin"
    assert entry.detail["bad"] == "\N{REPLACEMENT CHARACTER}" * 2
    assert str(entry.detail["deep"]).count("more") < 6


def test_the_log_can_only_be_added_to_and_read() -> None:
    assert {name for name in vars(Audit) if not name.startswith("_")} == {
        "record",
        "record_reading",
        "entries",
    }
