"""Account 360 and Overview on A4: the pages are A4, few enough to read, with their head and
figures, and nothing wider than the sheet.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from tests.browser.company import House
from tests.browser.looking import settled, too_wide
from tests.browser.places import PLACES, Place

PRINTED = [
    (place, most)
    for place, most in ((one, {"overview": 5, "account": 9}.get(one.name, 0)) for one in PLACES)
    if most
]
SHEET = {"width": 718, "height": 1047}
"""A4 less margins of 10 mm, in CSS pixels."""


@pytest.mark.parametrize(("place", "most"), PRINTED, ids=lambda one: getattr(one, "name", None))
def test_a_page_prints_on_a4(
    place: Place, most: int, house: House, tab: Callable[..., Page]
) -> None:
    page = tab(place.role, color_scheme="dark")
    page.goto(place.address(house.company.known))
    settled(page)
    document = page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    boxes = {
        tuple(round(float(side)) for side in found.split()[2:])
        for found in re.findall(rb"/MediaBox\s*\[([\d. ]+)\]", document)
    }
    assert boxes == {(595, 842)}, "every page is A4, upright"
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", document)) <= most
    page.set_viewport_size(SHEET)
    page.emulate_media(media="print")
    settled(page)
    assert too_wide(page) == []
    assert (
        page.locator(
            "nav[aria-label='Pages']:visible, .no-print:visible, .page-head button:visible, form "
            "button:visible"
        ).all_inner_texts()
        == []
    )
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert re.search(r"255, 255, 255|rgba\(0, 0, 0, 0\)|oklch\(1 ", ground), (
        f"ink is not wasted on a dark page: {ground}"
    )
    cut = page.evaluate("""() => [...document.querySelectorAll("main *")].filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1
      && ["hidden", "auto", "scroll", "clip"].includes(getComputedStyle(one).overflowX) && !one.closest(".visually-hidden")).map((one) => `${one.tagName}.${one.className}`)""")
    assert cut == [], "what scrolls on a screen is whole on paper"
