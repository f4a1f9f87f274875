"""Coming in, as a person meets it: set up, invited, forgotten, signed out; without JavaScript, in a
workspace where nothing is loaded yet.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pyotp
import pytest
from starlette.testclient import TestClient

from kampass.access import Role
from kampass.people.errors import FirstStep
from kampass.server.second_factor import LASTING, FirstSteps
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.web.rendering import local
from kampass.workspace import Workspace, create
from kampass.workspace.settings import WorkspaceSettings

PASSWORD, OTHER = "green teapots sing", "violet kettles hum"


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace as it is after `kampass init`."""
    made = create(tmp_path_factory.mktemp("signing") / "workspace", WorkspaceSettings())
    yield made
    made.close()


@pytest.fixture
def browser(nobody: Workspace) -> TestClient:
    return TestClient(application(nobody, Serving("http://testserver", development=True)))


@pytest.fixture
def ada(nobody: Workspace, browser: TestClient) -> str:
    """The first administrator, who came by the set-up link; her address."""
    if not nobody.people.accounts.any():
        ticket = nobody.people.invitations.make("setup")
        form = {
            "ticket": ticket,
            "email": "ada@example.com",
            "name": "Ada",
            "password": PASSWORD,
            "again": PASSWORD,
        }
        assert "Make the first account" in browser.get("/set-up", params={"ticket": ticket}).text
        assert browser.post("/set-up", data=form).url.path != "/set-up"
        browser.cookies.clear()
    return "ada@example.com"


def sign_in(browser: TestClient, email: str, password: str = PASSWORD) -> None:
    browser.post("/sign-in", data={"email": email, "password": password})


def csrf(browser: TestClient) -> str:
    return browser.get("/settings").text.partition('name="csrf" value="')[2].partition('"')[0]


def test_who_sets_the_workspace_up_is_its_administrator_and_is_in(
    nobody: Workspace, ada: str, browser: TestClient
) -> None:
    sign_in(browser, ada)
    found = nobody.people.accounts.by_email(ada)
    assert found is not None and found.role is Role.ADMIN
    assert "Audit log" in browser.get("/settings").text


def test_a_form_that_is_wrong_keeps_what_was_typed_and_says_what_is_wrong(
    ada: str, browser: TestClient, nobody: Workspace
) -> None:
    ticket = nobody.people.invitations.make("invite", email="cy@example.com", role=Role.EXECUTIVE)
    answer = browser.post(
        "/invitation",
        data={"ticket": ticket, "name": "Cy Young", "password": PASSWORD, "again": OTHER},
    )
    assert answer.status_code == 422
    assert "The two passwords are not the same." in answer.text
    assert 'value="Cy Young"' in answer.text and PASSWORD not in answer.text
    assert (
        "A password has 12"
        in browser.post(
            "/invitation",
            data={"ticket": ticket, "name": "Cy", "password": "short", "again": "short"},
        ).text
    )


def test_whoever_is_invited_says_their_name_and_is_in(
    nobody: Workspace, ada: str, browser: TestClient
) -> None:
    sign_in(browser, ada)
    page = browser.post(
        "/settings/people",
        data={"csrf": csrf(browser), "email": "dana@example.com", "role": "executive"},
    ).text
    link = page.partition("http://testserver/invitation?ticket=")[2].partition("<")[0]
    guest = TestClient(browser.app)
    assert "dana@example.com" in guest.get("/invitation", params={"ticket": link}).text
    guest.post(
        "/invitation", data={"ticket": link, "name": "Dana Fox", "password": OTHER, "again": OTHER}
    )
    found = nobody.people.accounts.by_email("dana@example.com")
    assert found is not None and found.name == "Dana Fox" and found.role is Role.EXECUTIVE
    assert "Dana Fox" in guest.get("/settings").text


def test_a_wrong_password_is_said_and_the_address_stays(ada: str, browser: TestClient) -> None:
    answer = browser.post("/sign-in", data={"email": ada, "password": "wrong", "next": "/data"})
    assert answer.status_code == 401
    assert f'value="{ada}"' in answer.text and 'value="/data"' in answer.text
    assert "is not right" in answer.text


def test_a_page_that_wants_a_sign_in_is_where_one_arrives(ada: str, browser: TestClient) -> None:
    asked = browser.get("/settings/tokens")
    assert asked.url.path == "/sign-in"
    arrived = browser.post(
        "/sign-in",
        data={"email": ada, "password": PASSWORD, "next": dict(asked.url.params)["next"]},
    )
    assert arrived.url.path == "/settings/tokens"


def test_the_code_is_the_second_step(nobody: Workspace, ada: str, browser: TestClient) -> None:
    person = nobody.people.accounts.add("eli@example.com", "Eli", Role.ANALYST, password=PASSWORD)
    secret = nobody.people.accounts.start_totp(person.id).partition("secret=")[2].partition("&")[0]
    nobody.people.accounts.confirm_totp(
        person.id, pyotp.TOTP(secret).at(int(datetime.now(UTC).timestamp()) - 30)
    )
    sign_in(browser, "eli@example.com")
    assert "Your code" in browser.get("/sign-in/code").text
    assert "That code is not right" in browser.post("/sign-in/code", data={"code": "12"}).text
    assert (
        browser.post(
            "/sign-in/code", data={"code": pyotp.TOTP(secret).now(), "next": "/settings"}
        ).url.path
        == "/settings"
    )
    assert "Your account" in browser.get("/settings").text


def test_the_second_step_is_waited_for_five_minutes() -> None:
    now = [0.0]
    waiting = FirstSteps(clock=lambda: now[0])
    first = FirstStep("ann@example.com", "the hash it fitted")
    secret = waiting.keep(first)
    assert waiting.find(secret) == first
    assert "the hash" not in repr(vars(waiting)) and secret not in repr(vars(waiting))
    now[0] = LASTING + 1
    assert waiting.find(secret) is None
    assert waiting.find("another") is None


def test_a_forgotten_password_is_honest_about_mail(ada: str, browser: TestClient) -> None:
    assert "Kampass sends no mail" in browser.get("/reset-password").text
    assert "Kampass sends no mail" in browser.post("/reset-password", data={"email": ada}).text


def test_a_link_sets_a_password_that_then_opens(
    nobody: Workspace, ada: str, browser: TestClient
) -> None:
    nobody.people.accounts.add("finn@example.com", "Finn", Role.EXECUTIVE, password=PASSWORD)
    ticket = nobody.people.invitations.make("reset", email="finn@example.com")
    assert "finn@example.com" in browser.get("/reset", params={"ticket": ticket}).text
    assert (
        "Sign in with it"
        in browser.post("/reset", data={"ticket": ticket, "password": OTHER, "again": OTHER}).text
    )
    sign_in(browser, "finn@example.com", OTHER)
    assert browser.get("/settings").url.path == "/settings"


def test_a_spent_link_says_what_to_do(ada: str, browser: TestClient) -> None:
    answer = browser.get("/reset", params={"ticket": "kt_x"})
    assert answer.status_code == 404
    assert "Ask an administrator for another one." in answer.text


def test_signing_out_says_so(ada: str, browser: TestClient) -> None:
    sign_in(browser, ada)
    answer = browser.post("/sign-out", data={"csrf": csrf(browser)})
    assert "You are signed out." in answer.text
    assert browser.get("/settings").url.path == "/sign-in"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/a?b=c#d", "/a?b=c#d"),
        ("//x", "/"),
        ("https://x", "/"),
        ("", "/"),
        (None, "/"),
        ("/\\x", "/"),
        ("/\nx", "/"),
    ],
)
def test_only_paths_of_ours_are_led_to(path: str | None, found: str) -> None:
    assert local(path) == found
