"""From a messy file to a figure that has changed: uploaded, mapped, looked at, loaded, mended."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.browser.company import LOADING, House, messy

from kampass.access import Role

COLUMNS = (
    ("id", "Nr"),
    ("survey_id", "Umfrage"),
    ("responded_at", "Am"),
    ("score", "Note"),
    ("account_id", "Kunde"),
)


def answers(page: Page) -> int:
    """How many answers CSAT of December rests on, as its page says."""
    page.goto("/kpis/csat?period=2025-12&grain=month")
    found = re.search(r"n = ([\d,]+)", page.locator("aside .tile").first.inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def fill(page: Page, name: str, header: str) -> None:
    """Choose what fills a column, and wait until the page has merged what that makes of the file:
    what is chosen while it merges may be taken back by it.
    """
    column = page.locator(f"[name='from.{name}']")
    column.select_option(label=header)
    expect(column.locator("option[selected]")).to_have_text(header)
    expect(page.locator("#mapping")).not_to_have_class(re.compile("htmx-request"))


def test_a_messy_file_is_uploaded_mapped_loaded_and_mended_and_the_kpi_changes(
    workshop: House, tab: Callable[..., Page], file: Callable[[str, bytes], Path]
) -> None:
    page, known = tab(Role.ANALYST, workshop), workshop.company.known
    before = answers(page)
    page.goto("/data")
    page.get_by_role("link", name="Upload a file").click()
    page.get_by_label("The file").set_input_files(
        file("interviews.csv", messy(known["survey"], known["account"], month=12, prefix="i"))
    )
    page.get_by_label("What its rows are").select_option("responses")
    page.get_by_label("Name of the source").fill("december")
    page.get_by_role("button", name="See what it becomes").click()
    page.wait_for_url("**/data/upload/*")
    for name, header in COLUMNS:
        fill(page, name, header)
    page.locator("input[name='read.responded_at']").first.check()
    page.get_by_label("Numbers look like").select_option(label="1234,56")
    page.get_by_label("Clock times are in").fill("Europe/Berlin")
    page.get_by_label("Clock times are in").press("Tab")
    expect(page.get_by_text("2 would be set aside")).to_be_visible()
    expect(page.get_by_text("sehr gut").first).to_be_visible()
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_text("What it did to the figures")).to_be_visible(timeout=LOADING)
    assert answers(page) == before + 3
    page.go_back()
    page.get_by_role("link", name="See what was set aside, and mend it").click()
    page.get_by_role("row", name=re.compile("sehr gut")).get_by_role("link", name="Mend").click()
    page.locator("[name='cell.score']").fill("1")
    page.get_by_role("button", name="Mend it").click()
    expect(page.get_by_text(re.compile(r"1 row was mended, \d+ remains?"))).to_be_visible(
        timeout=LOADING
    )
    assert answers(page) == before + 4
