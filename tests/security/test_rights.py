"""Rights end when they should, over pages and REST: a program's token goes with the password, the
role and the sign-out of its person; making one takes more than an open browser; administrators see
and end everybody's, and nobody else does.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from httpx import Response
from starlette.testclient import TestClient
from tests.security.world import PASSWORD, ROLES, World

from kampass.access import Role
from kampass.people import Person
from kampass.people.accounts import attempts
from kampass.people.schema import SESSIONS

OTHER = "violet kettles hum"
SECRET = re.compile(r"k[pst]_[\w-]{43}")
ACCESS = "/settings/access"


class Browser(TestClient):
    """Somebody's browser: their cookie, and the proof of their page."""

    def __init__(self, world: World, person: Person) -> None:
        token, csrf = world.workspace.people.sessions.start(
            person.id, address="198.51.100.1", agent="Mozilla/5.0 (X11; Linux) Firefox/140.0"
        )
        self.secret = token
        super().__init__(
            world.app,
            cookies={"kampass": token},
            headers={"x-csrf": csrf},
            follow_redirects=False,
        )

    def is_in(self) -> bool:
        return self.get("/settings").status_code == 200

    def make_token(self, **proof: str) -> Response:
        day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
        return self.post(
            "/settings/tokens", data={"name": "report", "scope": "read", "expires": day, **proof}
        )

    def said(self) -> str:
        """The page that comes next, with the sentence about what was done."""
        return self.get("/settings/people").text


@pytest.fixture
def eve(world: World) -> Iterator[Person]:
    """Somebody who comes through a provider, and has no password."""
    accounts = world.workspace.people.accounts
    made = accounts.add("eve@firm.example", "Eve", Role.ANALYST)
    yield made
    accounts.remove(made.id)


@pytest.fixture
def by_bob(world: World, bob: Person) -> Browser:
    return Browser(world, bob)


@pytest.fixture
def admin(world: World) -> Browser:
    return Browser(world, world.people["admin"])


def token_of(world: World, person: Person) -> str:
    until = datetime.now(UTC) + timedelta(days=9)
    return world.workspace.people.tokens.make(person.id, "script", ["read"], until)[0]


def counts(world: World, token: str) -> bool:
    answer = TestClient(world.app).get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
    return answer.status_code == 200


def act(world: World, bob: Person, browser: Browser, what: str, chosen: Any) -> None:
    """Take rights away from bob, with what was ticked about his tokens."""
    form = {} if chosen is None else {"tokens": chosen}
    admin, answer = Browser(world, world.people["admin"]), None
    if what == "own password":
        typed = {"current": PASSWORD, "password": OTHER, "again": OTHER}
        answer = browser.post("/settings/password", data=typed | form)
    elif what == "link":
        ticket = world.workspace.people.invitations.make("reset", email=bob.email)
        typed = {"ticket": ticket, "password": OTHER, "again": OTHER}
        answer = TestClient(world.app, follow_redirects=False).post("/reset", data=typed | form)
    elif what == "role":
        typed = {"name": "Bob", "role": "executive"}
        answer = admin.post(f"/settings/people/{bob.id}", data=typed | form)
    elif what == "everywhere":
        answer = admin.post(f"/settings/people/{bob.id}/sign-out", data=form)
    else:
        asked = {"end_tokens": "false"} if form and "end" not in chosen else {}
        answer = admin.patch(f"/api/v1/people/{bob.id}", json={"role": "executive"}, params=asked)
        assert answer.status_code == 200
        return
    assert answer.status_code == 303, answer.text[:300]


WAYS = ["own password", "link", "role", "everywhere", "rest"]


@pytest.mark.parametrize("chosen", [None, ["keep", "end"], "end"], ids=["nothing", "yes", "end"])
@pytest.mark.parametrize("what", WAYS)
def test_tokens_end_with_the_sessions_unless_somebody_chooses_otherwise(
    world: World, bob: Person, by_bob: Browser, what: str, chosen: Any
) -> None:
    token, other = token_of(world, bob), Browser(world, bob)
    act(world, bob, by_bob, what, chosen)
    assert not counts(world, token)
    assert not other.is_in()


@pytest.mark.parametrize("what", WAYS)
def test_tokens_stay_where_the_box_is_not_ticked(
    world: World, bob: Person, by_bob: Browser, what: str
) -> None:
    token, other = token_of(world, bob), Browser(world, bob)
    act(world, bob, by_bob, what, "keep")
    assert counts(world, token)
    assert not other.is_in()


@pytest.mark.parametrize("what", WAYS)
def test_what_ended_stands_in_the_audit_log_and_on_the_page_of_the_person(
    world: World, bob: Person, by_bob: Browser, admin: Browser, what: str
) -> None:
    token_of(world, bob)
    act(world, bob, by_bob, what, None)
    (entry, *_) = world.workspace.people.audit.entries(1, action="access_ended")
    assert (entry.what, entry.detail["person"]) == (bob.email, bob.id)
    assert (entry.detail["sessions"], entry.detail["keys"]) == (1, 1)
    page = admin.get(f"/settings/people/{bob.id}").text
    assert "1 session and 1 API token ended." in page
    assert "Ended what was open" in admin.get("/settings/audit").text


def test_who_ends_them_reads_what_ended(
    world: World, bob: Person, by_bob: Browser, admin: Browser
) -> None:
    token_of(world, bob)
    admin.post(f"/settings/people/{bob.id}/sign-out", data={"tokens": "keep"})
    assert "1 session ended. 1 API token stays in force." in admin.said()
    admin.post(f"/settings/people/{bob.id}/sign-out")
    assert "1 API token ended." in admin.said()


def test_rest_says_what_ended(world: World, bob: Person, admin: Browser) -> None:
    token_of(world, bob)
    answer = admin.patch(f"/api/v1/people/{bob.id}", json={"role": "executive"}).json()
    assert answer["ended"] == {"sessions": 0, "tokens": 1, "kept": 0}
    assert (answer["name"], answer["role"]) == ("Bob", "executive")
    assert "ended" not in admin.get(f"/api/v1/people/{bob.id}").json()


@pytest.mark.parametrize("chosen", [None, "keep"])
def test_a_first_password_by_an_invitation_ends_what_a_provider_had_opened(
    world: World, eve: Person, chosen: Any
) -> None:
    token, browser = token_of(world, eve), Browser(world, eve)
    link = world.workspace.people.invitations.make("reset", email=eve.email)
    stranger = TestClient(world.app, follow_redirects=False)
    assert 'name="tokens"' in stranger.get("/invitation", params={"ticket": link}).text
    typed = {"ticket": link, "name": "Eve", "password": OTHER, "again": OTHER}
    answer = stranger.post("/invitation", data=typed | ({"tokens": chosen} if chosen else {}))
    assert answer.status_code == 303
    assert counts(world, token) == (chosen == "keep")
    assert not browser.is_in()


def test_who_follows_a_link_in_somebody_elses_browser_ends_their_own_and_nobody_elses(
    world: World, bob: Person, admin: Browser
) -> None:
    theirs, others = token_of(world, bob), token_of(world, world.people["admin"])
    link = world.workspace.people.invitations.make("reset", email=bob.email)
    typed = {"ticket": link, "password": OTHER, "again": OTHER}
    assert admin.post("/reset", data=typed).status_code == 303
    assert (counts(world, theirs), counts(world, others)) == (False, True)
    assert admin.is_in()
    (entry,) = world.workspace.people.audit.entries(1, action="access_ended")
    assert entry.person_id == bob.id


def test_what_a_form_says_beside_keep_and_end_ends_them(
    world: World, bob: Person, admin: Browser
) -> None:
    for chosen in ("", "no", "KEEP", ["x", "y"]):
        token = token_of(world, bob)
        admin.post(f"/settings/people/{bob.id}/sign-out", data={"tokens": chosen})
        assert not counts(world, token), chosen


class TestMaking:
    """A token is made by whoever proves once more that it is them."""

    @pytest.mark.parametrize(
        "proof",
        [{}, {"password": ""}, {"password": "wrong"}, {"code": "123456"}, {"code": PASSWORD}],
    )
    def test_an_open_browser_alone_makes_none(
        self, world: World, bob: Person, by_bob: Browser, proof: dict[str, str]
    ) -> None:
        answer = by_bob.make_token(**proof)
        assert answer.status_code == 422
        assert "That is not your password." in answer.text
        assert not SECRET.search(answer.text)
        assert world.workspace.people.tokens.all(bob.id) == []

    def test_the_password_makes_one(self, world: World, by_bob: Browser) -> None:
        answer = by_bob.make_token(password=PASSWORD)
        found = SECRET.search(answer.text)
        assert answer.status_code == 200 and found is not None
        assert counts(world, found[0])

    def test_what_was_typed_is_not_given_back(self, by_bob: Browser) -> None:
        for typed in ({"password": PASSWORD, "name": ""}, {"password": "guess of mine 1"}):
            assert typed["password"] not in by_bob.make_token(**typed).text

    def test_guessing_waits_here_and_at_the_door(
        self, world: World, bob: Person, by_bob: Browser
    ) -> None:
        for guess in range(attempts.FREE):
            assert by_bob.make_token(password=f"guess {guess}").status_code == 422
        answer = by_bob.make_token(password=PASSWORD)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert world.workspace.people.tokens.all(bob.id) == []
        again = TestClient(world.app).post(
            "/sign-in", data={"email": bob.email, "password": PASSWORD}
        )
        assert again.status_code == 429

    def test_who_has_an_authenticator_types_a_code_and_not_the_password(
        self, world: World, bob: Person, by_bob: Browser
    ) -> None:
        accounts = world.workspace.people.accounts
        app = pyotp.parse_uri(accounts.start_totp(bob.id))
        assert isinstance(app, pyotp.TOTP)
        accounts.confirm_totp(bob.id, app.at(datetime.now(UTC) - timedelta(seconds=30)))
        assert by_bob.make_token(password=PASSWORD).status_code == 422
        code = app.now()
        assert by_bob.make_token(code=code).status_code == 200
        answer = by_bob.make_token(code=code)
        assert answer.status_code == 422
        assert "used already" in answer.text

    def test_a_field_that_is_wrong_spends_no_code(
        self, world: World, bob: Person, by_bob: Browser
    ) -> None:
        accounts = world.workspace.people.accounts
        app = pyotp.parse_uri(accounts.start_totp(bob.id))
        assert isinstance(app, pyotp.TOTP)
        accounts.confirm_totp(bob.id, app.at(datetime.now(UTC) - timedelta(seconds=30)))
        code = app.now()
        assert by_bob.make_token(code=code, name="").status_code == 422
        assert by_bob.make_token(code=code).status_code == 200

    def test_who_has_no_password_signs_in_afresh(
        self, world: World, eve: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser, people = Browser(world, eve), world.workspace.people
        assert SECRET.search(browser.make_token().text)
        later = datetime.now(UTC) + timedelta(minutes=10, seconds=1)
        monkeypatch.setattr(people.sessions._database, "now", lambda: later)
        answer = browser.make_token()
        assert answer.status_code == 422
        assert "Sign in again" in answer.text
        assert len(people.tokens.all(eve.id)) == 1
        assert "Sign in again" in browser.get("/settings/tokens").text

    def test_a_token_that_is_made_while_its_person_is_signed_out_everywhere_is_none(
        self, world: World, bob: Person, by_bob: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever stole the session asked for it just before it was ended."""
        accounts = world.workspace.people.accounts
        confirm = accounts.confirm

        def confirmed_and_ended(person_id: int, typed: str, *, address: str = "") -> None:
            confirm(person_id, typed, address=address)
            accounts.end_access(bob.id)

        monkeypatch.setattr(accounts, "confirm", confirmed_and_ended)
        answer = by_bob.make_token(password=PASSWORD)
        assert answer.status_code == 401
        assert not SECRET.search(answer.text)
        assert world.workspace.people.tokens.all(bob.id) == []

    def test_a_sign_in_that_is_fresh_replaces_no_password(
        self, world: World, bob: Person, by_bob: Browser
    ) -> None:
        assert world.workspace.people.sessions.fresh(by_bob.secret)
        assert by_bob.make_token().status_code == 422
        assert world.workspace.people.tokens.all(bob.id) == []


class TestOverseeing:
    """Administrators see and end everybody's sessions and tokens."""

    def test_owner_name_scopes_and_times_are_listed_and_no_secret(
        self, world: World, bob: Person, by_bob: Browser, admin: Browser
    ) -> None:
        token = token_of(world, bob)
        page = admin.get(ACCESS)
        assert page.headers["cache-control"] == "no-store"
        for text in ("Bob", bob.email, "Analyst", "script", "read", "198.51.100.1", "Firefox"):
            assert text in page.text
        assert not SECRET.search(page.text)
        assert "<xss-probe" not in page.text and "&lt;xss-probe" in page.text
        for secret in (token, by_bob.secret):
            assert secret[3:] not in page.text
        with world.workspace.manifest.engine.connect() as connection:
            digests = [row.digest for row in connection.execute(SESSIONS.select())]
        assert digests and not [digest for digest in digests if digest in page.text]

    def test_one_persons_are_shown_alone(
        self, world: World, bob: Person, by_bob: Browser, admin: Browser
    ) -> None:
        assert by_bob.is_in()
        page = admin.get(ACCESS, params={"person": bob.id}).text
        assert bob.email in page
        assert world.people["executive"].email not in page
        assert admin.get(ACCESS, params={"person": 987654}).status_code == 404

    def test_one_token_is_revoked_and_no_other(
        self, world: World, bob: Person, admin: Browser
    ) -> None:
        first, second = token_of(world, bob), token_of(world, bob)
        latest, _ = world.workspace.people.tokens.all(bob.id)
        assert admin.post(f"{ACCESS}/tokens/{latest.id}/revoke").status_code == 303
        assert (counts(world, first), counts(world, second)) == (True, False)
        assert "“script” of Bob is revoked." in admin.said()
        (entry,) = world.workspace.people.audit.entries(1)
        assert (entry.action, entry.person_id) == ("key_revoked", world.people["admin"].id)
        assert bob.email in entry.what
        assert admin.post(f"{ACCESS}/tokens/{latest.id}/revoke").status_code == 404

    def test_one_session_is_ended_and_no_other(
        self, world: World, bob: Person, by_bob: Browser, admin: Browser
    ) -> None:
        other = Browser(world, bob)
        page = admin.get(ACCESS, params={"person": bob.id}).text
        numbers = re.findall(rf'action="{ACCESS}/sessions/(\w+)/end', page)
        assert len(numbers) == 2
        assert admin.post(f"{ACCESS}/sessions/{numbers[0]}/end").status_code == 303
        assert "A session of Bob is ended." in admin.said()
        assert sorted([by_bob.is_in(), other.is_in()]) == [False, True]
        (entry,) = world.workspace.people.audit.entries(1)
        assert (entry.action, entry.what) == ("session_ended", bob.email)

    def test_all_tokens_of_a_person_end_and_the_sessions_stay(
        self, world: World, bob: Person, by_bob: Browser, admin: Browser
    ) -> None:
        tokens = [token_of(world, bob) for _ in range(2)]
        assert admin.post(f"/settings/people/{bob.id}/revoke").status_code == 303
        assert "2 API tokens ended." in admin.said()
        assert [counts(world, token) for token in tokens] == [False, False]
        assert by_bob.is_in()

    @pytest.mark.parametrize("who", [role for role in ROLES if role != "admin"])
    def test_nobody_else_sees_or_ends_anything(
        self, world: World, bob: Person, by_bob: Browser, who: str
    ) -> None:
        token = token_of(world, bob)
        (key,) = world.workspace.people.tokens.all(bob.id)
        (session,) = world.workspace.people.sessions.in_force(bob.id)
        browser = Browser(world, world.people[who])
        answer = browser.get(ACCESS)
        assert answer.status_code == 403
        assert bob.email not in answer.text
        for path in (
            f"{ACCESS}/tokens/{key.id}/revoke",
            f"{ACCESS}/sessions/{session.number}/end",
            f"/settings/people/{bob.id}/revoke",
            f"/settings/people/{bob.id}/sign-out",
        ):
            assert browser.post(path).status_code == 403, path
        assert counts(world, token)
        assert by_bob.is_in()
        assert ACCESS not in browser.get("/settings").text

    def test_who_asks_with_a_token_sees_no_list(self, world: World) -> None:
        assert world.get("admin", ACCESS, token="admin").status_code == 303  # noqa: S106 - a scope
