"""Signing in through a real OpenID provider: a process of its own on this machine, which we never
speak to behind its back but for its users.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from httpx import Response
from starlette.testclient import TestClient
from tests.security.world import World

from kampass.access import Role
from kampass.people.schema import SESSIONS
from kampass.server.serving import Identity, Serving
from kampass.server.sso import JOURNEY, NotVouched, Provider, ProviderTrouble, Returned
from kampass.store.records import to_text
from kampass.web.app import application

CLIENT, URL = "kampass", "http://testserver"
BACK = f"{URL}/sign-in/return"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a provider that takes any client."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("provider") / "log").open("w+")
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(
        command, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ) | {"NO_COLOR": "1"}
    )
    found = f"http://127.0.0.1:{port}"
    transport = httpx.HTTPTransport(retries=60)
    with httpx.Client(transport=transport, timeout=30) as client:
        while process.poll() is None:
            try:
                client.get(f"{found}/.well-known/openid-configuration").raise_for_status()
                break
            except httpx.ConnectError:
                continue
    assert process.poll() is None, Path(log.name).read_text()
    yield found
    process.terminate()
    process.wait()
    log.close()


@pytest.fixture
def identity(issuer: str) -> Identity:
    return Identity(issuer, CLIENT, "the-clients-secret", name="Acme ID")


def made(world: World, identity: Identity) -> TestClient:
    """A browser in front of an application that trusts the provider."""
    return TestClient(
        application(world.workspace, Serving(URL, identity, development=True)),
        follow_redirects=False,
    )


def user(issuer: str, subject: str, **claims: Any) -> None:
    """Somebody whom the provider knows."""
    httpx.put(f"{issuer}/users/{subject}", json=claims).raise_for_status()


def consent(address: str, subject: str) -> dict[str, str]:
    """Sign in at the provider: what it sends the browser back with."""
    answer = httpx.post(address, data={"sub": subject}, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    return {key: values[0] for key, values in parse_qs(back.query).items()}


def through(browser: TestClient, subject: str, to: str = "/data") -> tuple[dict[str, str], Any]:
    address = browser.get("/sign-in/provider", params={"next": to}).headers["location"]
    returned = consent(address, subject)
    return returned, browser.get("/sign-in/return", params=returned)


def refused(browser: TestClient, answer: Any, status: int = 403) -> None:
    assert answer.status_code == status, answer.text[:1500]
    assert "kampass" not in browser.cookies
    assert browser.get("/settings").status_code == 303


def test_somebody_who_has_an_account_comes_in(
    world: World, issuer: str, identity: Identity
) -> None:
    user(issuer, "s-exec", email="executive@firm.example", email_verified=True, name="Eve")
    browser = made(world, identity)
    assert "Continue with Acme ID" in browser.get("/sign-in").text
    _, answer = through(browser, "s-exec")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/data"
    assert "executive@firm.example" in browser.get("/settings").text


def test_the_address_asks_for_what_it_must(world: World, identity: Identity) -> None:
    asked = parse_qs(
        urlsplit(made(world, identity).get("/sign-in/provider").headers["location"]).query
    )
    assert asked["response_type"] == ["code"] and asked["code_challenge_method"] == ["S256"]
    assert (
        len(asked["state"][0]) >= 43
        and len(asked["nonce"][0]) >= 43
        and len(asked["code_challenge"][0]) == 43
    )
    assert asked["redirect_uri"] == [BACK]
    assert "the-clients-secret" not in str(asked)


@pytest.mark.parametrize("verified", [False, None, "false", 0, "yes"])
def test_an_address_that_is_not_verified_opens_nothing(
    world: World, issuer: str, identity: Identity, verified: object
) -> None:
    claims = {"email": "executive@firm.example"} | (
        {} if verified is None else {"email_verified": verified}
    )
    user(issuer, f"s-{verified}", **claims)
    browser = made(world, identity)
    refused(browser, through(browser, f"s-{verified}")[1])


def test_a_stranger_has_no_account(world: World, issuer: str, identity: Identity) -> None:
    user(issuer, "s-stranger", email="stranger@elsewhere.example", email_verified=True)
    browser = made(world, identity)
    refused(browser, through(browser, "s-stranger")[1])
    assert world.workspace.people.accounts.by_email("stranger@elsewhere.example") is None


@pytest.mark.parametrize(
    ("email", "in_"),
    [
        ("neo@firm.example", True),
        ("neo@sub.firm.example", False),
        ("neo@firm.example.evil.example", False),
        ("neo@evilfirm.example", False),
    ],
)
def test_a_new_colleague_of_a_trusted_domain_comes_in_as_an_account_manager(
    world: World, issuer: str, identity: Identity, email: str, in_: bool
) -> None:
    subject = f"n-{email}"
    user(issuer, subject, email=email, email_verified=True, name="Neo")
    trusting = Identity(
        identity.issuer,
        identity.client_id,
        identity.client_secret,
        identity.name,
        ("firm.example",),
    )
    browser = made(world, trusting)
    answer = through(browser, subject)[1]
    found = world.workspace.people.accounts.by_email(email)
    assert (found is not None) == in_
    assert (answer.status_code == 303) == in_
    if found:
        assert found.role is Role.ACCOUNT_MANAGER
        world.workspace.people.accounts.remove(found.id)


def test_the_identity_counts_and_not_the_address(
    world: World, issuer: str, identity: Identity
) -> None:
    """An address that the provider gives to a successor does not open the predecessor's account."""
    people = world.workspace.people
    person = people.accounts.add("post@firm.example", "Post", Role.EXECUTIVE)
    user(issuer, "p-first", email="post@firm.example", email_verified=True)
    user(issuer, "p-second", email="post@firm.example", email_verified=True)
    first, second = made(world, identity), made(world, identity)
    assert through(first, "p-first")[1].status_code == 303
    refused(second, through(second, "p-second")[1])
    user(issuer, "p-first", email="renamed@firm.example", email_verified=True)
    assert through(first, "p-first")[1].status_code == 303
    people.accounts.remove(person.id)


def test_who_comes_through_the_provider_goes_there_again_to_make_a_token(
    world: World, issuer: str, identity: Identity
) -> None:
    """A click a moment ago is no sign-in a moment ago."""
    people = world.workspace.people
    person = people.accounts.add("tok@firm.example", "Tok", Role.EXECUTIVE)
    user(issuer, "s-tok", email=person.email, email_verified=True)
    browser = made(world, identity)
    through(browser, "s-tok")
    long_ago = to_text(datetime.now(UTC) - timedelta(minutes=11))
    with world.workspace.manifest.engine.begin() as connection:
        whose = SESSIONS.c.person_id == person.id
        connection.execute(sa.update(SESSIONS).where(whose).values(started_at=long_ago))
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()

    def make() -> Response:
        csrf = browser.get("/settings").text.partition('name="csrf" value="')[2][:64]
        form = {"csrf": csrf, "name": "report", "scope": "read", "expires": day}
        return browser.post("/settings/tokens", data=form)

    again = re.search(r'href="(/sign-in/provider[^"]*)"', make().text)
    assert again is not None and people.tokens.all(person.id) == []
    _, back = through(browser, "s-tok", "/settings/tokens")
    assert back.headers["location"] == "/settings/tokens"
    assert make().status_code == 200
    assert len(people.tokens.all(person.id)) == 1
    people.accounts.remove(person.id)


class TestJourney:
    """State, nonce and the browser's own secret."""

    @pytest.fixture(autouse=True)
    def known(self, issuer: str) -> None:
        user(issuer, "s-exec", email="executive@firm.example", email_verified=True)

    def test_a_state_counts_once(self, world: World, identity: Identity) -> None:
        browser = made(world, identity)
        returned, answer = through(browser, "s-exec")
        assert answer.status_code == 303
        browser.cookies.delete("kampass")
        refused(browser, browser.get("/sign-in/return", params=returned))

    def test_another_browser_cannot_end_the_journey(self, world: World, identity: Identity) -> None:
        """Nobody is signed in as somebody else by following a link."""
        browser, victim = made(world, identity), None
        victim = TestClient(browser.app, follow_redirects=False)
        address = browser.get("/sign-in/provider").headers["location"]
        refused(victim, victim.get("/sign-in/return", params=consent(address, "s-exec")))

    @pytest.mark.parametrize(
        "change",
        [
            {"state": "x" * 43},
            {"state": ""},
            {"code": ""},
            {"code": "made-up"},
            {"iss": "https://evil.example"},
            {"error": "access_denied", "code": ""},
        ],
    )
    def test_what_comes_back_changed_is_refused(
        self, world: World, identity: Identity, change: dict[str, str]
    ) -> None:
        browser = made(world, identity)
        returned = consent(browser.get("/sign-in/provider").headers["location"], "s-exec") | change
        refused(browser, browser.get("/sign-in/return", params=returned))

    def test_a_journey_runs_out(self, identity: Identity) -> None:
        now = [1_000_000_000.0]
        provider = Provider(identity, BACK, clock=lambda: now[0])
        address, browser = provider.begin("/")
        now[0] += JOURNEY + 1
        with pytest.raises(NotVouched):
            provider.finish(Returned(parse_qs(urlsplit(address).query)["state"][0], "x"), browser)

    def test_a_token_for_another_journey_is_refused(self, identity: Identity) -> None:
        """The nonce in the token is that of another journey."""
        provider = Provider(identity, BACK)
        address, browser = provider.begin("/")
        returned = consent(re.sub(r"nonce=[^&]+", "nonce=another", address), "s-exec")
        with pytest.raises(NotVouched):
            provider.finish(Returned(returned["state"], returned["code"]), browser)

    def test_a_token_for_another_client_is_refused(self, identity: Identity) -> None:
        """The provider answers for 'other', which asked with our state and nonce."""
        provider = Provider(identity, BACK)
        address, browser = provider.begin("/")
        returned = consent(address.replace("client_id=kampass", "client_id=other"), "s-exec")
        with pytest.raises(NotVouched):
            provider.finish(Returned(returned["state"], returned["code"]), browser)

    def test_another_issuer_is_refused(self, issuer: str, world: World) -> None:
        """The provider calls itself by another name than the one that is trusted."""
        strange = Identity(
            issuer.replace("127.0.0.1", "localhost") + "/tenant", CLIENT, "s", name="Acme ID"
        )
        with pytest.raises(ProviderTrouble):
            Provider(strange, BACK).begin("/")
        assert made(world, strange).get("/sign-in/provider").status_code == 502

    def test_a_provider_that_calls_itself_something_else_is_refused(
        self, identity: Identity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        metadata = {
            "issuer": "https://evil.example",
            "authorization_endpoint": "https://evil.example/in",
        }
        monkeypatch.setattr(
            httpx,
            "request",
            lambda method, address, **_: httpx.Response(
                200, json=metadata, request=httpx.Request(method, address)
            ),
        )
        with pytest.raises(NotVouched):
            Provider(identity, BACK).begin("/")

    def test_without_a_provider_there_is_no_such_door(self, world: World) -> None:
        for path in ("/sign-in/provider", "/sign-in/return"):
            assert world.ask(None, "GET", path).status_code == 404
        assert "Continue with" not in world.ask(None, "GET", "/sign-in").text
