"""What is looked for on every page: axe finds nothing, and nothing is wider than the window."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

_AXE = Axe()


def faults(page: Page) -> list[str]:
    """The violations that axe sees: the rule and the elements."""
    found = _AXE.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (
            f"{page.url} {one['id']}: "
            f"{', '.join(' '.join(map(str, node['target'])) for node in one['nodes'][:4])} "
            f"({len(one['nodes'])})"
        )
        for one in found
    ]


def too_wide(page: Page) -> list[str]:
    """The elements that make the page scroll sideways."""
    script = """() => { const wide = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= wide) return [];
      return [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > wide + 1)
        .map((one) => `${one.tagName.toLowerCase()}.${String(one.className.baseVal ?? one.className)}`).slice(0, 6); }"""
    return [f"{page.url} is wider than the window: {element}" for element in page.evaluate(script)]


def plain(text: str) -> str:
    """Text with single spaces."""
    return re.sub(r"\s+", " ", text).strip()


def settled(page: Page) -> None:
    """Return once fonts are there and every chart that is in sight is drawn."""
    page.evaluate("document.fonts.ready")
    expect(page.locator("figure[data-chart]:visible:not(:has(svg, canvas))")).to_have_count(0)
