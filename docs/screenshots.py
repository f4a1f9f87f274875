"""Pictures of every page in both themes, wide and narrow, into `screenshots/` (which git ignores):
`make screenshots`.

They show the company in which the browser tests live, so that what was looked at is what is tested.
`python -m docs.screenshots overview why` makes those alone.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from tests.browser.company import NARROW, WIDE, House, busy, founded, served
from tests.browser.looking import settled
from tests.browser.places import PLACES, Place
from tests.browsing import QUIET, program

FOLDER = Path(__file__).parent.parent / "screenshots"
THEMES = ("light", "dark")
WIDTHS = {1440: WIDE, 375: NARROW}


def main(names: list[str]) -> None:
    """Make the pictures of these pages, or of all, and say where they are."""
    wanted = [place for place in PLACES if not names or place.name in names]
    FOLDER.mkdir(exist_ok=True)
    found = program()
    if found is None:
        sys.exit("No Chromium is installed: the pictures are made with it.")
    with ExitStack() as stack:
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=found, args=list(QUIET)
        )
        houses = _houses(stack, browser, wanted)
        for place in wanted:
            house, known = houses[place.busy]
            for file in _taken(house, browser, place, known):
                print(
                    f"{file.stat().st_size / 1024:7.0f} kB  {file.relative_to(FOLDER.parent)}",
                    flush=True,
                )
        browser.close()


def _houses(
    stack: ExitStack, browser: Browser, wanted: list[Place]
) -> dict[bool, tuple[House, Mapping[str, str]]]:
    """The company as it is, and a copy in which something was just loaded; only those that are
    looked at.
    """
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kampass-pictures-")))
    company = founded(folder / "company")
    houses: dict[bool, tuple[House, Mapping[str, str]]] = {}
    for is_busy in sorted({place.busy for place in wanted}):
        of = company.copied(folder / "busy") if is_busy else company
        house = stack.enter_context(served(of))
        houses[is_busy] = (house, busy(house, browser) if is_busy else company.known)
    return houses


def _taken(
    house: House, browser: Browser, place: Place, known: Mapping[str, str]
) -> Iterator[Path]:
    for theme in THEMES:
        for width, size in WIDTHS.items():
            with house.open(
                browser, place.role, viewport=size, color_scheme=theme, reduced_motion="reduce"
            ) as context:
                page = context.new_page()
                page.goto(place.address(known), wait_until="networkidle")
                file = FOLDER / f"{place.name}-{theme}-{width}.png"
                settled(page)
                page.screenshot(path=file, full_page=True)
                yield file


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True) if not sys.argv[1:] else None
    main(sys.argv[1:])
