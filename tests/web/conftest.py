"""The pages of a small sample company for people of every role, and a real browser: the system's Chromium, driven by Playwright."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.testclient import TestClient
from tests.served import Served, served

from kampass.access import Role
from kampass.people import Person

__all__ = ["served"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_loops: list[asyncio.AbstractEventLoop] = []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, one for the whole run; every test opens a context or a page of its own and closes it."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing = f"no browser to look at the pages with: none of {', '.join(PROGRAMS)} is installed"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        _loops.append(asyncio.get_running_loop())
        yield found
        asyncio._set_running_loop(_loops.pop())
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of its own, 1,440 by 900, in British English."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Playwright's event loop counts as running in this thread for as long as there is a browser, and no other may: it has the thread only in its own tests."""
    if _loops and "browser" in getattr(item, "fixturenames", ()):
        asyncio._set_running_loop(_loops[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Give the thread back, so that the next test can run a loop of its own."""
    yield
    asyncio._set_running_loop(None)


def signed_in(served: Served, person: Person) -> TestClient:
    """A browser's calls as a signed-in person: the session's cookie, and its secret with what changes something."""
    token, csrf = served.workspace.people.sessions.start(person.id, address="", agent="")
    return TestClient(served.app, cookies={"kampass": token}, headers={"x-csrf": csrf}, follow_redirects=False)


@pytest.fixture(scope="session")
def as_role(served: Served) -> Callable[[Role], TestClient]:
    """Signed-in clients, one for each role."""
    made = {role: signed_in(served, person) for role, person in served.people.items()}
    return lambda role: made[role]
