"""What others made comes from npm into the wheel, and works under the strictest policy: no eval, no
inline script, no inline style.
"""

import asyncio
import gzip
import json
import mimetypes
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import kampass.web

ROOT = Path(__file__).parents[2]
WEB = Path(kampass.web.__file__).parent
VENDOR = WEB / "static" / "vendor"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
LINE = {
    "data": {
        "values": [
            {"month": f"2025-{month:02}-01", "value": 0.9 + month / 100, "kind": kind}
            for month in range(1, 13)
            for kind in ("SMB", "<b>Enterprise")
        ]
    },
    "layer": [
        {
            "mark": {"type": "line", "point": True},
            "encoding": {"color": {"field": "kind", "title": None}},
        },
        {
            "mark": {"type": "rule", "color": {"expr": "bad"}},
            "encoding": {"y": {"datum": 0.95, "type": "quantitative"}},
        },
    ],
    "encoding": {
        "x": {"field": "month", "type": "temporal", "title": None},
        "y": {
            "field": "value",
            "type": "quantitative",
            "scale": {"zero": False},
            "axis": {"format": ".0%", "title": None},
        },
        "tooltip": [
            {"field": "kind", "title": "Segment"},
            {"field": "value", "format": ".1%", "title": "NRR"},
        ],
    },
    "height": 220,
}
MULTIPLES = {
    "data": LINE["data"],
    "facet": {"row": {"field": "kind", "title": None}},
    "spec": {
        "mark": "bar",
        "width": 480,
        "height": 80,
        "encoding": {
            "x": {"field": "month", "type": "temporal", "title": None, "timeUnit": "yearmonth"},
            "y": {"field": "value", "type": "quantitative", "title": None},
        },
    },
}
HTMX = json.dumps({"includeIndicatorCSS": False, "defaultSettleDelay": 0})


def figure(name: str, specification: dict[str, object]) -> str:
    """A chart as templates write it."""
    text = json.dumps(specification).replace("<", "\\u003c")
    return (
        f'<figure data-chart data-title="{name}" id="{name}"><script '
        f'type="application/json">{text}</script></figure>'
    )


PAGE = f"""<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Proof</title><meta name="htmx-config" content='{HTMX}'>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/d/css/tokens.css"><link rel="stylesheet" href="/static/d/vendor/inter.css">
<link rel="stylesheet" href="/static/d/vendor/gridstack.min.css"><link rel="stylesheet" href="/static/d/css/charts.css"><link rel="stylesheet" href="/proof.css">
<script src="/static/d/vendor/htmx.min.js" defer></script><script type="module" src="/static/d/js/charts.js"></script><script type="module" src="/proof.js"></script></head>
<body><main>{figure("nrr", LINE)}{figure("multiples", MULTIPLES)}<div id="place">Nothing yet</div><button hx-get="/part" hx-target="#place">Swap</button>
<div class="grid-stack"><div class="grid-stack-item" gs-x="0" gs-y="0" gs-w="4" gs-h="1"><div class="grid-stack-item-content">Drag me</div></div></div>
<p>Ångström, Łódź, Αθήνα, София <b id="ones">111111</b> <b id="eights">888888</b></p></main></body></html>"""
STYLE = """body { font-family: var(--font); background: var(--ground); color: var(--ink); margin: 2rem } b { font-variant-numeric: tabular-nums }
.grid-stack { background: var(--sunken) } .grid-stack-item-content { background: var(--accent-soft) }"""
OWN = {
    "/": ("text/html", PAGE),
    "/part": ("text/html", figure("swapped", LINE)),
    "/proof.css": ("text/css", STYLE),
    "/proof.js": (
        "text/javascript",
        (
            'import { GridStack } from "/static/d/vendor/gridstack.js"; window.grid = '
            "GridStack.init({ cellHeight: 80, margin: 8 });"
        ),
    ),
}


class Proof(BaseHTTPRequestHandler):
    """The page and the static files, each under the policy."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        kind, body = OWN.get(path, ("", ""))
        content = (
            body.encode()
            if kind
            else (WEB / "static" / path.removeprefix("/static/d/")).read_bytes()
        )
        self.send_response(200)
        self.send_header("content-security-policy", POLICY)
        self.send_header(
            "content-type",
            (kind or mimetypes.guess_type(path)[0] or "application/octet-stream")
            + ("; charset=utf-8" if kind else ""),
        )
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Proof) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def proof(page: Page, address: str) -> Iterator[Page]:
    """The page with its two charts drawn; whatever the browser complains about, ever, fails the
    test.
    """
    said: list[str] = []
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', (event) => "
        "console.error(event.violatedDirective, event.sourceFile))"
    )
    page.goto(address)
    expect(page.locator(".chart-picture svg")).to_have_count(2)
    yield page
    assert said == []


def test_charts_are_drawn_without_eval_or_inline_style(proof: Page) -> None:
    assert proof.locator("#nrr svg .mark-line path").count() == 2
    assert proof.locator("#multiples svg .mark-rect path").count() == 24
    assert proof.locator("head style").count() == 0


def test_a_chart_is_one_image_with_a_name(proof: Page) -> None:
    expect(proof.get_by_role("img", name="nrr")).to_be_visible()
    assert proof.get_by_role("img").count() == 2


def test_a_chart_fills_its_place_and_follows_it(proof: Page) -> None:
    for width in (1440, 400, 900):
        proof.set_viewport_size({"width": width, "height": 900})
        proof.wait_for_function(
            "() => [...document.querySelectorAll('.chart-picture')].every((place) => "
            "Math.abs(place.clientWidth - place.querySelector('svg').clientWidth) < 14)"
        )


def test_a_chart_takes_the_colours_of_the_theme(proof: Page) -> None:
    stroke = "() => document.querySelector('#nrr svg .mark-line path').getAttribute('stroke')"
    light = proof.evaluate(stroke)
    proof.emulate_media(color_scheme="dark")
    proof.wait_for_function(
        f"(light) => document.querySelector('#nrr svg .mark-line path') && ({stroke})() !== light",
        arg=light,
    )
    proof.evaluate(
        "document.documentElement.dataset.theme = 'light'; document.dispatchEvent(new "
        "Event('kampass:theme'))"
    )
    proof.wait_for_function(
        f"(light) => document.querySelector('#nrr svg .mark-line path') && ({stroke})() === light",
        arg=light,
    )


def test_a_specification_names_colours_by_their_token(proof: Page) -> None:
    drawn = proof.locator("#nrr svg .mark-rule.role-mark line").first.get_attribute("stroke")
    red, green, blue = (int(part) for part in re.findall(r"\d+", drawn or ""))
    assert red > 150 > green
    assert red > 150 > blue


def test_the_tip_shows_data_as_text(proof: Page) -> None:
    proof.locator("#nrr svg .mark-symbol path").nth(13).hover()
    expect(proof.locator("#chart-tip")).to_contain_text("<b>Enterprise")
    expect(proof.locator("#chart-tip dd").nth(1)).to_have_text(re.compile(r"^\d+\.\d%$"))
    proof.mouse.move(1, 1)
    expect(proof.locator("#chart-tip")).to_be_hidden()


def test_a_chart_that_htmx_brings_is_drawn(proof: Page) -> None:
    proof.get_by_role("button", name="Swap").click()
    expect(proof.locator("#place .chart-picture svg")).to_be_visible()
    proof.get_by_role("button", name="Swap").click()
    expect(proof.locator("#place .chart-picture svg")).to_have_count(1)


def test_tiles_are_dragged(proof: Page) -> None:
    tile = proof.locator(".grid-stack-item").first
    box = tile.bounding_box()
    assert box is not None
    proof.mouse.move(box["x"] + 40, box["y"] + 40)
    proof.mouse.down()
    proof.mouse.move(box["x"] + 400, box["y"] + 40, steps=8)
    proof.mouse.move(box["x"] + 640, box["y"] + 40, steps=8)
    proof.mouse.up()
    expect(tile).not_to_have_attribute("gs-x", "0")


def test_the_font_has_europes_letters_and_figures_of_one_width(proof: Page) -> None:
    faces = set(
        proof.evaluate(
            "() => document.fonts.ready.then((fonts) => [...fonts].filter((face) => face.status "
            "=== 'loaded').map((face) => face.unicodeRange.slice(0, 6)))"
        )
    )
    assert {"U+0-FF", "U+100-", "U+370-", "U+301,"} <= faces
    width = "element => element.getBoundingClientRect().width"
    assert proof.locator("#ones").evaluate(width) == proof.locator("#eights").evaluate(width)


def test_a_first_visit_stays_under_a_megabyte() -> None:
    packed = sum(file.stat().st_size for file in VENDOR.glob("*.gz"))
    fonts = sum(file.stat().st_size for file in VENDOR.glob("inter-latin*.woff2"))
    assert packed + fonts < 600_000


def test_packed_files_hold_what_they_stand_for() -> None:
    packed = sorted(VENDOR.glob("*.gz"))
    assert len(packed) == 5
    assert all(
        gzip.decompress(file.read_bytes()) == file.with_suffix("").read_bytes() for file in packed
    )


def test_the_licences_of_everything_shipped_stand_beside_it() -> None:
    text = (VENDOR / "LICENCES.txt").read_text(encoding="utf-8")
    for name in (
        "htmx.org",
        "gridstack",
        "vega",
        "vega-lite",
        "vega-embed",
        "vega-interpreter",
        "d3-array",
        "@fontsource-variable/inter",
    ):
        assert re.search(rf"^{name} [\d.]+ \(", text, re.MULTILINE), name


def test_the_lock_names_digests_and_no_host() -> None:
    packages = json.loads((WEB / "vendor" / "package-lock.json").read_text(encoding="utf-8"))[
        "packages"
    ]
    asked = json.loads((WEB / "vendor" / "package.json").read_text(encoding="utf-8"))
    del packages[""]
    assert all(
        about["integrity"].startswith("sha512-") and "resolved" not in about
        for about in packages.values()
    )
    assert all(
        re.fullmatch(r"\d+\.\d+\.\d+", version)
        for group in ("dependencies", "devDependencies")
        for version in asked[group].values()
    )


def test_nothing_that_others_made_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "src/kampass/web/static"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not [
        name for name in listed if "/vendor/" in name or name.endswith((".min.js", ".woff2"))
    ]


def test_a_browser_leaves_other_tests_their_event_loops(page: Page) -> None:
    page.goto("about:blank")


def test_as_this_one_shows() -> None:
    async def answer() -> int:
        return 42

    assert asyncio.run(answer()) == 42
