"""Every page of the router, light and wide, dark and narrow: axe finds nothing, nothing scrolls
sideways, no console complains.
"""

from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Page
from tests.browser.company import NARROW, House
from tests.browser.looking import faults, settled, too_wide
from tests.browser.places import IN_STORIES, NO_PAGES, PLACES, Place
from tests.security.routes import READING

PAGES = (
    {
        route.path
        for route in READING
        if not route.is_api and not route.path.endswith(("/export", ".csv"))
    }
    - NO_PAGES
    - IN_STORIES
)


def test_every_page_of_the_router_is_looked_at() -> None:
    assert {place.route for place in PLACES if place.name != "not-found"} == PAGES


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_page_is_accessible_fits_and_complains_about_nothing(
    place: Place,
    house: House,
    tab: Callable[..., Page],
    request: pytest.FixtureRequest,
    trouble: list[str],
) -> None:
    where, known = (
        (request.getfixturevalue("workshop"), request.getfixturevalue("at_work"))
        if place.busy
        else (house, house.company.known)
    )
    page = tab(place.role, where, bypass_csp=True, color_scheme="light", reduced_motion="reduce")
    page.goto(place.address(known))
    settled(page)
    found = faults(page) + too_wide(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROW)
    settled(page)
    found += faults(page) + too_wide(page)
    if place.name == "not-found":
        trouble.clear()
    assert found == []


def test_no_page_makes_the_browser_refuse_or_report_anything(
    house: House,
    workshop: House,
    at_work: Mapping[str, str],
    tab: Callable[..., Page],
    trouble: list[str],
) -> None:
    """Under the content security policy as it is sent; the test above switches it off for axe."""
    tabs: dict[tuple[object, bool], Page] = {}
    for place in PLACES:
        key = (place.role, place.busy)
        page = tabs.get(key) or tabs.setdefault(
            key, tab(place.role, workshop if place.busy else house)
        )
        answer = page.goto(place.address(at_work if place.busy else house.company.known))
        settled(page)
        if place.name == "not-found":
            trouble.clear()
        assert answer is not None and answer.status == (
            404 if place.name == "not-found" else 200
        ), place.name
