"""An analyst writes a KPI: its example fails, is mended, and only then it can be saved."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.browser.company import House

from kampass.access import Role


def test_an_analyst_writes_a_kpi_sees_its_example_fail_mends_it_and_saves(
    workshop: House, tab: Callable[..., Page], trouble: list[str]
) -> None:
    page = tab(Role.ANALYST, workshop)
    page.goto("/catalogue")
    page.get_by_role("link", name=re.compile("Write|New|own", re.IGNORECASE)).first.click()
    draft = page.get_by_label("Definition", exact=True)
    text = draft.input_value().replace("channel = 'meeting'", "channel = 'call'")
    for key, value in (("id", "call_share"), ("name", "Share of Calls"), ("family", "calls")):
        text = re.sub(rf"\b{key}: .*", f"{key}: {value}", text, count=1)
    draft.fill(text.replace("value: 50,", "value: 40,"))
    example = page.locator(".outcome", has_text="fails")
    expect(example).to_have_count(1)
    expect(
        example.get_by_role("row", name=re.compile("value", re.IGNORECASE)).first
    ).to_contain_text("50")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".outcome", has_text="fails")).to_have_count(1)
    assert "422" in trouble.pop(), "it was not saved"
    draft.fill(draft.input_value().replace("value: 40,", "value: 50,"))
    expect(page.locator(".outcome", has_text="fails")).to_have_count(0)
    expect(page.locator(".outcome", has_text="holds")).to_have_count(2)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile("/catalogue/call_share"))
    page.goto("/kpis/call_share")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("aside .tile-value").first).to_contain_text("%")
