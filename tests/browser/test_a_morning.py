"""What account managers and leaders do every morning: who needs me, and why did it fall."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.browser.company import House

from kampass.access import Role


def test_an_account_manager_finds_the_account_that_needs_attention_and_opens_it(
    tab: Callable[..., Page],
) -> None:
    page = tab(Role.ACCOUNT_MANAGER)
    page.goto("/")
    expect(page.get_by_role("heading", name="Which of my accounts need me today?")).to_be_visible()
    first = page.locator(".need").first
    reason, account = (
        first.locator(".reason-text").first.inner_text(),
        first.get_by_role("link").first.inner_text(),
    )
    expect(page.locator(".lead")).to_contain_text(account)
    first.get_by_role("link", name=account).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(account)
    expect(page.locator("#reasons .reason-text").first).to_have_text(reason)
    expect(page.locator("#timeline")).to_contain_text(re.compile(r"\d{4}"))


def test_a_leader_learns_why_nrr_moved_from_the_tile_to_the_source_rows(
    tab: Callable[..., Page],
) -> None:
    page = tab(Role.EXECUTIVE)
    page.goto("/overview?period=2025-Q2")
    tile = page.locator(
        ".tile", has=page.get_by_role("link", name="Net Revenue Retention (NRR)", exact=True)
    )
    value = tile.locator(".tile-value").inner_text()
    tile.get_by_role("link", name="Net Revenue Retention (NRR)", exact=True).click()
    page.get_by_role("link", name="The whole bridge").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("NRR")
    expect(page.locator(".lead, #content").first).to_be_visible()
    assert value in page.locator("main").inner_text(), (
        "the bridge ends at the figure that the tile shows"
    )
    account = (
        page.locator("table", has=page.get_by_role("columnheader"))
        .get_by_role("link")
        .filter(has_text=re.compile(r"\w{4,}"))
        .last
    )
    name = account.inner_text()
    account.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.locator("#figures").get_by_role(
        "row", name=re.compile("Net Revenue Retention|NRR|MRR")
    ).locator("a[data-drawer]").first.click()
    drawer = page.get_by_role("dialog")
    expect(
        drawer.get_by_text("Worked out a second time from the source rows alone")
    ).to_be_visible()
    drawer.get_by_role("link", name=re.compile("rows", re.IGNORECASE)).first.click()
    expect(page.locator("table tbody tr").first).to_be_visible()
    expect(page.locator("table tbody tr .cell-note").first).to_contain_text("sample")


def test_two_roles_see_their_own_numbers_at_the_same_address(tab: Callable[..., Page]) -> None:
    seen = {}
    for role in (Role.EXECUTIVE, Role.ACCOUNT_MANAGER):
        page = tab(role)
        page.goto("/overview?period=2025-Q4")
        seen[role] = page.locator(".tile-value").first.inner_text()
        assert re.search(r"\d", seen[role])
    assert seen[Role.EXECUTIVE] != seen[Role.ACCOUNT_MANAGER]


def test_a_foreign_account_looks_exactly_like_one_that_does_not_exist(
    tab: Callable[..., Page], house: House, trouble: list[str]
) -> None:
    page, known = tab(Role.ACCOUNT_MANAGER), house.company.known
    words = []
    for account in (known["foreign"], known["nobodys"]):
        answer = page.goto(f"/accounts/{account}")
        assert answer is not None and answer.status == 404
        words.append(page.locator("main").inner_text())
    assert words[0] == words[1]
    expect(page.get_by_role("link", name="To the start")).to_be_visible()
    answer = tab(Role.EXECUTIVE).goto(f"/accounts/{known['foreign']}")
    assert answer is not None and answer.status == 200, "it is there for those who may see it"
    trouble.clear()


def test_a_copied_link_asks_a_colleague_the_same_within_their_rights(
    tab: Callable[..., Page], house: House
) -> None:
    page = tab(Role.EXECUTIVE, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/kpis/mrr_end")
    page.get_by_text("Change", exact=True).first.click()
    page.get_by_label("Period", exact=True).first.fill("2025-Q3")
    page.get_by_role("button", name=re.compile("Show|Apply|Ask")).first.click()
    expect(page).to_have_url(re.compile("period=2025-Q3"))
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(house.url)
    theirs = tab(Role.ACCOUNT_MANAGER)
    theirs.goto(link)
    expect(theirs.locator("main")).to_contain_text("Q3 2025")
    mine, others = (one.locator("aside .tile-value").first.inner_text() for one in (page, theirs))
    assert re.search(r"\d", others) and mine != others
