"""JavaScript off: every page that is read answers with its figures, filters ask, notes are kept."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.company import House
from tests.browser.places import PLACES

from kampass.access import Role

READ = [
    place
    for place in PLACES
    if place.name
    in {
        "portfolio",
        "overview",
        "kpi",
        "kpi-by-segment",
        "why",
        "why-rows",
        "bridge",
        "accounts",
        "account",
        "team",
        "catalogue",
        "catalogue-kpi",
    }
]
FIGURE = re.compile(r"\d+(\.\d+)? ?(%|USD|h|d)|[+-]?\d{2,}")


@pytest.fixture
def still(tab: Callable[..., Page]) -> Callable[[Role | None], Page]:
    """Tabs that run no script."""
    return lambda role: tab(role, java_script_enabled=False)


def test_every_reading_page_answers_with_its_figures(
    still: Callable[[Role | None], Page], house: House
) -> None:
    for place in READ:
        page = still(place.role)
        page.goto(place.address(house.company.known))
        assert FIGURE.search(page.locator("main").inner_text()), place.name
        assert page.locator(".needs-js:visible").count() == 0, place.name
        page.close()


def test_a_filter_asks_and_why_is_a_page(still: Callable[[Role | None], Page]) -> None:
    page = still(Role.EXECUTIVE)
    page.goto("/overview")
    before = page.locator(".tile-value").first.inner_text()
    page.locator(".filters summary").click()
    page.get_by_label("Period", exact=True).fill("2025-Q1")
    page.locator(".filters").get_by_role("button").last.click()
    expect(page).to_have_url(re.compile("period=2025-Q1"))
    assert page.locator(".tile-value").first.inner_text() != before
    page.get_by_role("link", name=re.compile("Why this number")).first.click()
    expect(page.get_by_role("heading", name="How it is made")).to_be_visible()
    page.locator("a[href*='/rows']").first.click()
    expect(page.locator("table tbody tr").first).to_be_visible()


def test_a_note_is_kept(still: Callable[[Role | None], Page], house: House) -> None:
    page = still(Role.ACCOUNT_MANAGER)
    page.goto(f"/accounts/{house.company.known['account']}")
    page.locator("#notes").get_by_label("What should colleagues know?").fill(
        "They move offices in March."
    )
    page.locator("#notes").get_by_role("button", name="Save note").click()
    expect(page.locator("#notes")).to_contain_text("They move offices in March.")
