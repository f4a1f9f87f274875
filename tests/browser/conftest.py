"""The company behind a real server, copies of it for stories that change data, and tabs that
tolerate no error in the console.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.company import Company, House, busy, founded, served

from kampass.access import Role

Tab = Callable[..., Page]
expect.set_options(timeout=30_000)  # a machine that is busy with other things is no reason to fail


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The sample company as its people find it in the morning."""
    return founded(tmp_path_factory.mktemp("browser") / "company")


@pytest.fixture(scope="session")
def house(company: Company) -> Iterator[House]:
    """That company, served."""
    with served(company) as found:
        yield found


@pytest.fixture(scope="session")
def workshop(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A copy of it for stories that change data."""
    with served(company.copied(tmp_path_factory.mktemp("workshop") / "company")) as found:
        yield found


@pytest.fixture(scope="session")
def at_work(workshop: House, browser: Browser) -> Mapping[str, str]:
    """The ids of what was uploaded, loaded and set aside in the workshop."""
    return busy(workshop, browser)


@pytest.fixture
def trouble() -> Iterator[list[str]]:
    """What the consoles complained about: errors of scripts, refused by the content security
    policy, not found. None, at the end.
    """
    heard: list[str] = []
    yield heard
    assert heard == []


@pytest.fixture
def tab(browser: Browser, house: House, trouble: list[str]) -> Iterator[Tab]:
    """Open a tab as somebody, in a browser of their own: `tab(Role.ADMIN)`, `tab(None, house,
    java_script_enabled=False)`.
    """
    with ExitStack() as stack:

        def made(role: Role | None = None, where: House = house, **more: object) -> Page:
            page = stack.enter_context(where.open(browser, role, **more)).new_page()
            return listened(page, trouble)

        yield made


def listened(page: Page, trouble: list[str]) -> Page:
    """The page, whose complaints are written down with their address."""
    page.on(
        "console",
        lambda said: trouble.append(f"{page.url}: {said.text}") if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
    return page


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a file that somebody will upload."""

    def written(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return written
