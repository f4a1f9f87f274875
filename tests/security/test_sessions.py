"""Coming in, staying in, and no longer being in; and what strangers can learn at the door:
nothing.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from httpx import Response
from starlette.testclient import TestClient
from tests.security.conftest import Counted
from tests.security.world import PASSWORD, World

from kampass.people import Person

OTHER = "violet kettles hum"


@pytest.fixture
def browser(world: World) -> TestClient:
    """A browser that keeps its cookies."""
    return TestClient(world.app, follow_redirects=False)


def enter(
    browser: TestClient, email: str = "bob@firm.example", password: str = PASSWORD, **more: str
) -> Response:
    return browser.post("/sign-in", data={"email": email, "password": password, **more})


def signed_in(browser: TestClient) -> bool:
    return browser.get("/settings").status_code == 200


def csrf(browser: TestClient) -> str:
    return browser.get("/settings").text.partition('name="csrf" value="')[2].partition('"')[0]


def test_a_session_ends_at_sign_out_and_its_cookie_is_worth_nothing(
    bob: Person, browser: TestClient
) -> None:
    enter(browser)
    kept = browser.cookies["kampass"]
    assert signed_in(browser)
    answer = browser.post("/sign-out", data={"csrf": csrf(browser)})
    assert answer.status_code == 303
    assert "kampass" not in browser.cookies
    browser.cookies.set("kampass", kept)
    assert not signed_in(browser)


@pytest.mark.parametrize("what", ["password", "role", "removal", "everywhere", "reset"])
def test_a_session_ends_when_its_person_changes(
    world: World, bob: Person, browser: TestClient, what: str
) -> None:
    people = world.workspace.people
    enter(browser)
    assert signed_in(browser)
    if what == "password":
        people.accounts.set_password(bob.id, OTHER)
    elif what == "role":
        assert (
            world.ask(
                "admin",
                "POST",
                f"/settings/people/{bob.id}",
                data={"name": "Bob", "role": "executive"},
            ).status_code
            == 303
        )
    elif what == "removal":
        assert world.ask("admin", "POST", f"/settings/people/{bob.id}/remove").status_code == 303
    elif what == "everywhere":
        assert world.ask("admin", "POST", f"/settings/people/{bob.id}/sign-out").status_code == 303
    else:
        ticket = people.invitations.make("reset", email=bob.email)
        assert (
            world.ask(
                None, "POST", "/reset", data={"ticket": ticket, "password": OTHER, "again": OTHER}
            ).status_code
            == 303
        )
    assert not signed_in(browser)


def test_a_token_ends_with_its_person(world: World, bob: Person) -> None:
    secret, _ = world.workspace.people.tokens.make(
        bob.id, "x", ["read"], datetime.now(UTC) + timedelta(days=1)
    )
    asked = {"authorization": f"Bearer {secret}"}
    assert world.client.get("/api/v1/me", headers=asked).status_code == 200
    world.workspace.people.accounts.remove(bob.id)
    assert world.client.get("/api/v1/me", headers=asked).status_code == 401


def test_a_password_changed_by_its_person_signs_every_other_browser_out(
    world: World, bob: Person, browser: TestClient
) -> None:
    other = TestClient(world.app, follow_redirects=False)
    enter(browser)
    enter(other)
    before = browser.cookies["kampass"]
    answer = browser.post(
        "/settings/password",
        data={"csrf": csrf(browser), "current": PASSWORD, "password": OTHER, "again": OTHER},
    )
    assert answer.status_code == 303
    assert signed_in(browser)
    assert browser.cookies["kampass"] != before
    assert not signed_in(other)


def test_a_password_is_not_changed_by_an_open_browser_alone(
    bob: Person, browser: TestClient
) -> None:
    enter(browser)
    answer = browser.post(
        "/settings/password",
        data={
            "csrf": csrf(browser),
            "current": "wrong one here",
            "password": OTHER,
            "again": OTHER,
        },
    )
    assert answer.status_code == 422
    assert enter(TestClient(browser.app, follow_redirects=False)).status_code == 303


def test_a_session_that_somebody_planted_is_not_the_one_that_begins(
    world: World, bob: Person, browser: TestClient
) -> None:
    planted, _ = world.workspace.people.sessions.start(
        world.people["analyst"].id, address="", agent=""
    )
    browser.cookies.set("kampass", "ks_" + "a" * 43)
    assert enter(browser).status_code == 303
    cookies = [cookie.value for cookie in browser.cookies.jar if cookie.name == "kampass"]
    assert planted not in cookies
    assert all(
        world.workspace.people.sessions.find(value or "") is None or value != "ks_" + "a" * 43
        for value in cookies
    )


def test_every_sign_in_begins_another_session(bob: Person, world: World) -> None:
    begun = set()
    for _ in range(3):
        browser = TestClient(world.app, follow_redirects=False)
        enter(browser)
        begun.add(browser.cookies["kampass"])
    assert len(begun) == 3


class TestCodes:
    """The second step."""

    @pytest.fixture(autouse=True)
    def secret(self, world: World, bob: Person) -> str:
        uri = world.workspace.people.accounts.start_totp(bob.id)
        secret = uri.partition("secret=")[2].partition("&")[0]
        world.workspace.people.accounts.confirm_totp(
            bob.id, pyotp.TOTP(secret).at(datetime.now(UTC) - timedelta(seconds=30))
        )
        return secret

    def test_the_password_alone_opens_nothing(self, browser: TestClient) -> None:
        answer = enter(browser)
        assert answer.headers["location"].startswith("/sign-in/code")
        assert "kampass" not in browser.cookies
        assert not signed_in(browser)

    def test_the_code_opens_and_leads_on(self, secret: str, browser: TestClient) -> None:
        enter(browser, next="/data")
        answer = browser.post(
            "/sign-in/code", data={"code": pyotp.TOTP(secret).now(), "next": "/data"}
        )
        assert answer.status_code == 303, answer.text[:2000]
        assert answer.headers["location"] == "/data"
        assert signed_in(browser)

    # Other digits are no code.
    @pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "１２３４５６", "' OR 1=1"])  # noqa: RUF001
    def test_a_wrong_code_opens_nothing(self, browser: TestClient, code: str) -> None:
        enter(browser)
        assert browser.post("/sign-in/code", data={"code": code}).status_code == 401
        assert not signed_in(browser)

    def test_the_code_without_the_first_step_opens_nothing(
        self, secret: str, browser: TestClient
    ) -> None:
        answer = browser.post("/sign-in/code", data={"code": pyotp.TOTP(secret).now()})
        assert answer.headers["location"] == "/sign-in"
        assert not signed_in(browser)

    def test_a_step_of_another_browser_is_none(self, browser: TestClient, world: World) -> None:
        enter(browser)
        other = TestClient(world.app, follow_redirects=False)
        other.cookies.set("kampass-step", "x" * 43)
        assert (
            other.post("/sign-in/code", data={"code": "123456"}).headers["location"] == "/sign-in"
        )

    def test_the_password_is_neither_in_the_cookie_nor_in_the_page(
        self, browser: TestClient
    ) -> None:
        enter(browser)
        assert PASSWORD not in browser.cookies["kampass-step"]
        assert PASSWORD not in browser.get("/sign-in/code").text

    def test_setting_a_password_by_a_link_does_not_go_round_the_code(
        self, browser: TestClient, world: World
    ) -> None:
        ticket = world.workspace.people.invitations.make("reset", email="bob@firm.example")
        for path in ("/reset", "/invitation"):
            browser.post(
                path, data={"ticket": ticket, "name": "Bob", "password": OTHER, "again": OTHER}
            )
            assert not signed_in(browser)


class TestStrangers:
    """Whether an account exists, nobody learns."""

    @pytest.mark.parametrize(
        "password", ["", "x", PASSWORD + "!", "a" * 1000, "\N{SNOWMAN}" * 20, "' OR '1'='1"]
    )
    def test_signing_in_fails_alike_for_somebody_and_for_nobody(
        self, world: World, hasher: Counted, password: str
    ) -> None:
        answers: list[tuple[int, str]] = []
        work: list[int] = []
        for email in ("executive@firm.example", f"nobody{len(password)}@firm.example"):
            before = hasher.verified
            answer = world.ask(
                None, "POST", "/sign-in", data={"email": email, "password": password}
            )
            work.append(hasher.verified - before)
            answers.append((answer.status_code, answer.text.replace(email, "")))
        assert answers[0] == answers[1]
        assert answers[0][0] == 401
        assert work[0] == work[1]

    def test_asking_for_a_password_says_the_same_to_everybody(self, world: World) -> None:
        answers = [
            world.ask(None, "POST", "/reset-password", data={"email": email})
            for email in ("analyst@firm.example", "nobody@firm.example", "", "\x00", "a@b")
        ]
        assert len({(answer.status_code, answer.text) for answer in answers}) == 1

    def test_asking_for_a_password_reaches_the_administrators(self, world: World) -> None:
        world.ask(None, "POST", "/reset-password", data={"email": "analyst@firm.example"})
        assert "Asked for a link" in world.get("admin", "/settings/people").text

    @pytest.mark.parametrize(
        "ticket",
        [
            "",
            "x",
            "kt_" + "a" * 43,
            "ks_" + "a" * 43,
            "kp_" + "a" * 43,
            "kt_\x00",
            "é" * 40,
            "a" * 200,
        ],
    )
    @pytest.mark.parametrize("path", ["/set-up", "/invitation", "/reset"])
    def test_a_link_that_never_was_opens_nothing(
        self, world: World, path: str, ticket: str
    ) -> None:
        assert world.ask(None, "GET", path, params={"ticket": ticket}).status_code == 404
        form = {
            "ticket": ticket,
            "email": "eve@evil.example",
            "name": "Eve",
            "password": OTHER,
            "again": OTHER,
        }
        assert world.ask(None, "POST", path, data=form).status_code == 404
        assert world.workspace.people.accounts.by_email("eve@evil.example") is None


def test_nothing_of_a_session_stands_in_the_database_as_it_is(world: World, tmp_path: Path) -> None:
    import sqlalchemy as sa

    from kampass.people.schema import METADATA

    with world.workspace.manifest.engine.connect() as connection:
        everything = repr(
            [
                tuple(row)
                for table in METADATA.sorted_tables
                for row in connection.execute(sa.select(table))
            ]
        )
    for secret, proof in world.sessions.values():
        assert secret not in everything and proof not in everything
    assert not [token for token in world.tokens.values() if token in everything]
    assert PASSWORD not in everything
