"""Without a mouse: from signing in to the rows behind a figure and back; whatever has the focus
shows it.
"""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.browser.company import PASSWORD, House

from kampass.access import Role

_RING = """() => { const one = document.activeElement, style = getComputedStyle(one);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none"; }"""


def tab_to(page: Page, selector: str, *, most: int = 80) -> None:
    """Press Tab until something like that has the focus; at every stop the focus can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert page.evaluate(_RING), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector} on {page.url}")


def test_from_signing_in_to_why_and_back_without_a_mouse(
    house: House, tab: Callable[..., Page]
) -> None:
    page, known = tab(None), house.company.known
    page.goto("/overview")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(known["analyst_email"])
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/overview"))
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name=re.compile("Find an account"))
    expect(field).to_be_focused()
    page.keyboard.type(known["account_name"])
    expect(
        page.get_by_role("option", name=re.compile(re.escape(known["account_name"]))).first
    ).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(known["account_name"])
    tab_to(page, "#figures a[data-drawer]")
    opener = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("heading", name="How it is made")).to_be_visible()
    assert page.evaluate("document.getElementById('drawer').contains(document.activeElement)"), (
        "the focus is in the drawer"
    )
    page.keyboard.press("Escape")
    expect(drawer).not_to_be_visible()
    assert page.evaluate("document.activeElement.getAttribute('href')") == opener, (
        "the focus is back where it was"
    )
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).not_to_be_visible()
    assert page.evaluate("document.activeElement.getAttribute('href')") == opener, (
        "and again after the palette"
    )
    page.go_back()
    expect(page).to_have_url(re.compile("/overview"))


def test_rows_of_a_table_are_walked_with_j_and_k_and_opened_with_enter(
    tab: Callable[..., Page],
) -> None:
    page = tab(Role.EXECUTIVE)
    page.goto("/accounts")
    expect(page.locator("#accounts tbody tr, table tbody tr").first).to_be_visible()
    names = (
        page.locator("table tbody th a").all_inner_texts()
        or page.locator("table tbody tr a").all_inner_texts()
    )
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(names[0])
