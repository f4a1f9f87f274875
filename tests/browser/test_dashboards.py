"""A dashboard is built by hand and is there the next day."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from kampass.access import Role


def place(tile: Locator) -> tuple[str | None, ...]:
    """Where a tile lies: column, row, width, height."""
    return tuple(tile.get_attribute(f"gs-{name}") for name in "xywh")


def drag(page: Page, handle: Locator, *, by: tuple[float, float]) -> None:
    """Take something by its middle and move it, as a hand does: in steps."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] / 2, y + by[1] / 2, steps=6)
    page.mouse.move(x + by[0], y + by[1], steps=6)
    page.mouse.up()


def test_a_dashboard_is_built_by_dragging_and_found_after_a_reload(
    tab: Callable[..., Page],
) -> None:
    page = tab(Role.EXECUTIVE, reduced_motion="reduce")
    page.goto("/dashboards")
    page.get_by_role("button", name=re.compile("Make it mine")).first.click()
    expect(page.get_by_text("It is yours now")).to_be_visible()
    name, path = page.get_by_role("heading", level=1).inner_text(), urlsplit(page.url).path
    page.get_by_role("link", name=re.compile("Edit|Arrange")).first.click()
    tiles = page.locator("#board > .grid-stack-item")
    first = page.locator(f"#{tiles.first.get_attribute('id')}")
    expect(page.locator("#board.grid-stack")).to_be_visible()
    before, box = place(first), first.bounding_box()
    assert box is not None
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        drag(page, first.locator(".board-grip"), by=(box["width"] * 2, 0))
    expect(page.locator("#undo")).to_be_enabled()
    moved = place(first)
    assert moved != before
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        drag(page, first.locator(".ui-resizable-se"), by=(0, box["height"] / 2))
    assert int(place(first)[3] or 0) > int(moved[3] or 0), "it is taller"
    kept = {tile.get_attribute("id"): place(tile) for tile in tiles.all()}
    page.reload()
    expect(page.locator("#board.grid-stack")).to_be_visible()
    assert {tile.get_attribute("id"): place(tile) for tile in tiles.all()} == kept
    page.goto("/dashboards")
    page.get_by_role("region", name="Yours").locator(f"a[href='{path}']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator(".board .tile, .tile").first).to_be_visible()
