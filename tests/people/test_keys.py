"""Sessions, API tokens and links that work once: found by their digest, ended on time, spent by
one.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.people.conftest import PASSWORD, Clock, everything

from kampass.access import NotFound, Role
from kampass.people import People, Person
from kampass.people.errors import BadField, EmailTaken, SetUpAlready, TicketSpent, WeakPassword
from kampass.people.keys import sessions
from kampass.people.keys.ending import Ending

NEVER_MADE = [
    "",
    "ks_",
    "kp_",
    "kt_",
    "ks_nothing",
    "kp_nothing",
    "kt_nothing",
    "ks_" + "x" * 43,
    "kp_\ud800",
    "kt_" + "x" * 100_000,
    "' OR 1=1 --",
]

OTHER = "purple kettles whistle"


def start(people: People, person: Person) -> str:
    return people.sessions.start(person.id, address="198.51.100.1", agent="Firefox")[0]


def test_a_session_says_whose_it_is_and_what_its_forms_carry(
    people: People, ann: Person, clock: Clock
) -> None:
    token, csrf = people.sessions.start(ann.id, address="198.51.100.1", agent="Firefox")
    session = people.sessions.find(token)
    assert session is not None
    assert (session.person.id, session.csrf, session.address, session.agent) == (
        ann.id,
        csrf,
        "198.51.100.1",
        "Firefox",
    )
    assert (session.started_at, session.expires_at) == (clock.now, clock.now + timedelta(days=14))
    other, other_csrf = people.sessions.start(ann.id, address="", agent="")
    assert (other != token, other_csrf != csrf) == (True, True)
    assert csrf not in repr(session)


def test_of_secrets_only_the_digest_is_kept(
    people: People, ann: Person, clock: Clock, engine: sa.Engine
) -> None:
    session, csrf = people.sessions.start(ann.id, address="", agent="")
    token, _ = people.tokens.make(ann.id, "script", ["read"], clock.now + timedelta(days=1))
    link = people.invitations.make("invite", email="cid@example.com", role=Role.ANALYST)
    told = everything(engine)
    for secret in (session, csrf, token, link):
        assert secret not in told
        assert secret[3:] not in told
        assert len(secret) >= 43


@pytest.mark.parametrize("secret", NEVER_MADE)
def test_a_secret_that_was_never_made_opens_nothing(
    people: People, ann: Person, secret: str
) -> None:
    start(people, ann)
    assert people.sessions.find(secret) is None
    people.sessions.end(secret)
    assert people.tokens.find(secret) is None
    assert people.invitations.find("invite", secret) is None
    with pytest.raises(TicketSpent):
        people.invitations.join(secret, name="Eve", password=PASSWORD)


def test_a_session_ends_when_its_person_signs_out_and_no_other_does(
    people: People, ann: Person, bob: Person
) -> None:
    first, second, foreign = start(people, ann), start(people, ann), start(people, bob)
    people.sessions.end(first)
    assert people.sessions.find(first) is None
    assert people.sessions.find(second) is not None
    people.accounts.end_access(ann.id)
    assert people.sessions.find(second) is None
    assert people.sessions.find(foreign) is not None


def test_a_session_ends_after_twelve_hours_without_a_click(
    people: People, ann: Person, clock: Clock
) -> None:
    token = start(people, ann)
    for _ in range(3):
        clock.move(hours=11, minutes=59)
        assert people.sessions.find(token) is not None
    clock.move(hours=12)
    assert people.sessions.find(token) is None


def test_a_session_ends_after_two_weeks_whatever_happens(
    people: People, ann: Person, clock: Clock, engine: sa.Engine
) -> None:
    token = start(people, ann)
    for _ in range(33):
        clock.move(hours=10)
        assert people.sessions.find(token) is not None
    clock.move(hours=6)
    assert people.sessions.find(token) is None
    start(people, ann)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM session")).scalar() == 1


def test_being_there_is_written_down_once_a_minute(
    people: People, ann: Person, clock: Clock
) -> None:
    token, began = start(people, ann), clock.now
    seen = []
    for _ in range(4):
        clock.move(seconds=25)
        people.sessions.find(token)
        found = people.accounts.get(ann.id)
        assert found is not None
        assert found.last_seen_at is not None
        seen.append((found.last_seen_at - began).total_seconds())
    assert seen == [0, 0, 75, 75]


def test_a_session_is_found_by_one_statement_that_reads_no_whole_table(
    people: People, ann: Person, engine: sa.Engine
) -> None:
    token, said = start(people, ann), list[tuple[str, object]]()

    def listen(*told: object) -> None:
        said.append((str(told[2]), told[3]))

    sa.event.listen(engine, "before_cursor_execute", listen)
    people.sessions.find(token)
    sa.event.remove(engine, "before_cursor_execute", listen)
    ((statement, values),) = said
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            plan = [
                row[-1]
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            ]  # type: ignore[arg-type]
        assert len(plan) == 2
        assert all(step.startswith("SEARCH") for step in plan), plan


def test_a_session_knows_no_more_than_a_log_needs(people: People, ann: Person) -> None:
    token, _ = people.sessions.start(
        ann.id, address="1" * 500, agent="Mozilla\x00\n\ud800" + "x" * 5_000
    )
    session = people.sessions.find(token)
    assert session is not None
    assert (len(session.address), len(session.agent)) == (100, 300)
    assert session.agent.isprintable()


def test_a_token_says_whose_it_is_and_what_it_may_do(
    people: People, ann: Person, clock: Clock
) -> None:
    secret, made = people.tokens.make(
        ann.id, " Monthly report ", ["export", "read"], clock.now + timedelta(days=30)
    )
    assert secret.startswith("kp_")
    assert (made.name, made.scopes, made.last_used_at) == (
        "Monthly report",
        {"read", "export"},
        None,
    )
    found = people.tokens.find(secret)
    assert found is not None
    assert found[0].id == ann.id
    (listed,) = people.tokens.all(ann.id)
    assert (listed.id, listed.last_used_at) == (made.id, clock.now)
    clock.move(days=30)
    assert people.tokens.find(secret) is None


def test_what_a_token_may_do_shrinks_with_the_role_of_its_person(
    people: People, ann: Person, clock: Clock
) -> None:
    people.accounts.add("cid@example.com", "Cid", Role.ADMIN)
    secret, _ = people.tokens.make(
        ann.id, "everything", ["read", "export", "write", "admin"], clock.now + timedelta(days=1)
    )
    people.accounts.change(ann.id, Ending(tokens=False), role=Role.ANALYST)
    found = people.tokens.find(secret)
    assert found is not None
    assert (found[0].role, found[1].scopes) == (Role.ANALYST, {"read", "export", "write"})


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "admin"], ["sudo"], ["READ"]])
def test_nobody_makes_a_token_that_may_do_more_than_they(
    people: People, bob: Person, clock: Clock, scopes: list[str]
) -> None:
    with pytest.raises(BadField, match="cannot do that"):
        people.tokens.make(bob.id, "script", scopes, clock.now + timedelta(days=1))
    assert people.tokens.all(bob.id) == []


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_every_token_runs_out_within_a_year(
    people: People, bob: Person, clock: Clock, days: int
) -> None:
    with pytest.raises(BadField, match="run out"):
        people.tokens.make(bob.id, "script", ["read"], clock.now + timedelta(days=days))


def test_a_token_is_revoked_by_its_owner_and_not_by_somebody_else(
    people: People, ann: Person, bob: Person, clock: Clock
) -> None:
    secret, made = people.tokens.make(bob.id, "script", ["read"], clock.now + timedelta(days=1))
    with pytest.raises(NotFound):
        people.tokens.revoke(made.id, owner=ann.id)
    assert people.tokens.find(secret) is not None
    people.tokens.revoke(made.id, owner=bob.id)
    assert people.tokens.find(secret) is None
    with pytest.raises(NotFound):
        people.tokens.revoke(made.id)


def test_nobody_makes_tokens_for_somebody_who_is_not_there(people: People, clock: Clock) -> None:
    with pytest.raises(NotFound):
        people.tokens.make(12345, "script", ["read"], clock.now + timedelta(days=1))


def test_the_set_up_link_makes_the_first_administrator_and_no_second(people: People) -> None:
    link = people.invitations.make("setup", email="")
    ticket = people.invitations.find("setup", link)
    assert ticket is not None
    assert (ticket.kind, ticket.email, ticket.role) == ("setup", None, Role.ADMIN)
    person = people.invitations.set_up(link, email="ann@example.com", name="Ann", password=PASSWORD)
    assert person.role is Role.ADMIN
    assert people.accounts.sign_in("ann@example.com", PASSWORD) == person
    with pytest.raises(TicketSpent):
        people.invitations.set_up(link, email="mallory@example.com", name="M", password=PASSWORD)
    with pytest.raises(SetUpAlready) as raised:
        people.invitations.make("setup")
    assert raised.value.code == "set_up_already"


def test_a_set_up_link_that_was_left_lying_opens_nothing_once_somebody_is_here(
    people: People,
) -> None:
    link = people.invitations.make("setup")
    people.accounts.add("ann@example.com", "Ann", Role.ADMIN)
    assert people.invitations.find("setup", link) is None
    with pytest.raises(TicketSpent):
        people.invitations.set_up(link, email="mallory@example.com", name="M", password=PASSWORD)
    assert len(people.accounts.all()) == 1


def test_of_many_who_follow_the_set_up_link_at_once_one_gets_in(people: People) -> None:
    link, together = people.invitations.make("setup"), threading.Barrier(6)

    def follow(number: int) -> bool:
        together.wait()
        try:
            people.invitations.set_up(
                link, email=f"p{number}@example.com", name=f"Nr {number}", password=PASSWORD
            )
        except TicketSpent:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(follow, range(6))) == 1
    assert len(people.accounts.all()) == 1


def test_of_many_who_spend_a_link_at_once_one_has_it(people: People, ann: Person) -> None:
    link, together = people.invitations.make("reset", email=ann.email), threading.Barrier(8)

    def spend(_: int) -> bool:
        together.wait()
        try:
            people.invitations.reset(link, password=PASSWORD)
        except TicketSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(8))) == 1


def test_an_invitation_lets_its_address_in_with_its_role(people: People, ann: Person) -> None:
    link = people.invitations.make(
        "invite", email="CID@example.com", role=Role.TEAM_LEAD, by=ann.id
    )
    ticket = people.invitations.find("invite", link)
    assert ticket is not None
    assert (ticket.email, ticket.role, ticket.by) == ("cid@example.com", Role.TEAM_LEAD, ann.id)
    person = people.invitations.join(link, name="Cid", password=PASSWORD)
    assert (person.email, person.role) == ("cid@example.com", Role.TEAM_LEAD)
    with pytest.raises(TicketSpent) as raised:
        people.invitations.join(link, name="Cid again", password=PASSWORD)
    assert (raised.value.code, raised.value.status) == ("ticket_spent", 404)


def test_an_invitation_is_not_spent_by_a_name_or_password_that_is_refused(
    people: People, ann: Person
) -> None:
    link = people.invitations.make("invite", email="cid@example.com", role=Role.TEAM_LEAD)
    for name, password, wrong in (("", PASSWORD, BadField), ("Cid", "short", WeakPassword)):
        with pytest.raises(wrong):
            people.invitations.join(link, name=name, password=password)
        assert people.invitations.find("invite", link) is not None
    people.accounts.add("cid@example.com", "Cid", Role.ANALYST)
    with pytest.raises(EmailTaken):
        people.invitations.join(link, name="Cid", password=PASSWORD)
    assert people.invitations.find("invite", link) is not None


def test_a_link_opens_only_what_it_was_made_for(people: People, ann: Person) -> None:
    link = people.invitations.make("reset", email=ann.email)
    for kind in ("setup", "invite"):
        assert people.invitations.find(kind, link) is None  # type: ignore[arg-type]
    with pytest.raises(TicketSpent):
        people.invitations.set_up(link, email=ann.email, name="Ann", password=PASSWORD)
    with pytest.raises(TicketSpent):
        people.invitations.join(link, name="Ann", password=PASSWORD)
    assert people.invitations.reset(link, password=PASSWORD).person.email == ann.email


@pytest.mark.parametrize(("kind", "hours"), [("invite", 168), ("reset", 24)])
def test_a_link_runs_out(people: People, ann: Person, clock: Clock, kind: str, hours: int) -> None:
    email = ann.email if kind == "reset" else "cid@example.com"
    link = people.invitations.make(kind, email=email, role=Role.ANALYST)  # type: ignore[arg-type]
    clock.move(hours=hours, seconds=-1)
    assert people.invitations.find(kind, link) is not None  # type: ignore[arg-type]
    clock.move(seconds=1)
    assert people.invitations.find(kind, link) is None  # type: ignore[arg-type]
    follow = people.invitations.reset if kind == "reset" else people.invitations.join
    name = {} if kind == "reset" else {"name": "Cid"}
    with pytest.raises(TicketSpent):
        follow(link, password=PASSWORD, **name)


def test_a_link_ends_the_one_before_it(people: People, ann: Person) -> None:
    first = people.invitations.make("reset", email=ann.email)
    second = people.invitations.make("reset", email=ann.email)
    assert people.invitations.find("reset", first) is None
    assert people.invitations.find("reset", second) is not None


def test_links_are_made_only_for_a_purpose(people: People, ann: Person) -> None:
    with pytest.raises(EmailTaken):
        people.invitations.make("invite", email=ann.email, role=Role.ANALYST)
    with pytest.raises(NotFound):
        people.invitations.make("reset", email="nobody@example.com")
    with pytest.raises(BadField, match="role"):
        people.invitations.make("invite", email="cid@example.com")
    for hours in (0, -1, 721):
        with pytest.raises(BadField, match="thirty days"):
            people.invitations.make("reset", email=ann.email, hours=hours)


def test_invitations_end_with_the_rights_of_whoever_made_them(people: People, ann: Person) -> None:
    cid = people.accounts.add("cid@example.com", "Cid", Role.ADMIN)
    link = people.invitations.make("invite", email="dee@example.com", role=Role.ADMIN, by=ann.id)
    people.accounts.change(ann.id, role=Role.ANALYST)
    assert people.invitations.find("invite", link) is None
    people.accounts.change(ann.id, role=Role.ADMIN)
    link = people.invitations.make("invite", email="dee@example.com", role=Role.ADMIN, by=cid.id)
    people.accounts.remove(cid.id)
    assert people.invitations.find("invite", link) is None


def test_a_reset_link_sets_the_password_and_ends_the_sessions(people: People, ann: Person) -> None:
    session = start(people, ann)
    link = people.invitations.make("reset", email=ann.email)
    assert people.invitations.reset(link, password=OTHER).person.id == ann.id
    assert people.sessions.find(session) is None
    assert people.accounts.sign_in(ann.email, OTHER).id == ann.id
    with pytest.raises(TicketSpent):
        people.invitations.reset(link, password=PASSWORD)


def test_what_forms_carry_depends_on_every_character_of_the_session() -> None:
    assert len({sessions.csrf(token) for token in ("ks_a", "ks_b", "ks_aa", "")}) == 4
