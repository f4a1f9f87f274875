"""A real browser for tests: the system's Chromium, driven by Playwright; one for the whole run,
whichever folder asks first.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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


def program() -> str | None:
    """The path of a Chromium on this machine; None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, one for the whole run; every test opens a context or a page of its
    own and closes it.
    """
    found = program()
    if found is None:
        missing = (
            f"no browser to look at the pages with: none of {', '.join(PROGRAMS)} is installed"
        )
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        _loops.append(asyncio.get_running_loop())
        yield chromium
        asyncio._set_running_loop(_loops.pop())
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of its own, 1,440 by 900, in British English."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Playwright's event loop counts as running in this thread for as long as there is a browser,
    and no other may: it has the thread only in its own tests.
    """
    if _loops and "browser" in getattr(item, "fixturenames", ()):
        asyncio._set_running_loop(_loops[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Give the thread back, so that the next test can run a loop of its own."""
    yield
    asyncio._set_running_loop(None)
