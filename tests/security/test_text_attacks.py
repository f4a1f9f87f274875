"""Texts that attack whoever reads them: in pages, in data blocks, in files that a spreadsheet
opens.
"""

import csv
import io
import json
from functools import cache
from html.parser import HTMLParser

import openpyxl
import pytest
from tests.each import each
from tests.security.company import ATTACK, FIELDS, ODD, STARTS, WORKED_OUT, marker
from tests.security.routes import READING, Route, name
from tests.security.world import World

PAGES = [route for route in READING if not route.is_api and not route.path.startswith("/static/")]
EXPORTS = [route for route in READING if route.path.endswith(("/export", ".csv"))]
DATA = "application/json"
_ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "xlink:href"}
_OURS = {
    "accounts",
    "contacts",
    "tickets",
    "responses",
    "notes",
    "feedback",
    "mentions",
    "goals",
    "users",
}


class Page(HTMLParser):
    """What a browser makes of a page: whatever could run, and the data blocks."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.blocks: list[str] = []
        self._block = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in {"xss-probe", "iframe", "object", "embed", "base"}:
            self.wrong.append(f"<{tag}>")
        for key, value in attrs:
            if key.startswith("on") or key in {"style", "srcdoc"}:
                self.wrong.append(f"{tag} {key}={value}")
            if key in _ADDRESSES and (value or "").strip().lower().startswith(
                ("javascript:", "data:", "vbscript:")
            ):
                self.wrong.append(f"{tag} {key}={value}")
        if tag == "script":
            self._block = found.get("type") == DATA
            if not self._block and "src" not in found:
                self.wrong.append("a script of the page's own")

    def handle_data(self, data: str) -> None:
        if self._block:
            self.blocks.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._block = self._block and tag != "script"


@cache
def _seen(world_id: int) -> dict[str, str]:
    """Every page that an administrator and an account manager can open, once."""
    world = _worlds[world_id]
    answers = {}
    for route in PAGES:
        for who in ("admin", "account_manager"):
            for path in {route.at(), route.at(account=ODD)}:
                answer = world.get(who, path)
                if answer.headers.get("content-type", "").startswith("text/html"):
                    answers[f"{who} {path}"] = answer.text
    return answers


_worlds: dict[int, World] = {}


@pytest.fixture
def pages(written: World) -> dict[str, str]:
    """Every page by who opened it and its address."""
    _worlds[id(written)] = written
    return _seen(id(written))


@pytest.mark.parametrize("who", ["admin", "account_manager"])
@each("route", PAGES, ids=name)
def test_a_page_runs_nothing_that_somebody_typed(
    pages: dict[str, str], route: Route, who: str
) -> None:
    for path in {route.at(), route.at(account=ODD)}:
        text = pages.get(f"{who} {path}", "")
        found = Page(text)
        assert found.wrong == []
        assert WORKED_OUT not in text
        for block in found.blocks:
            json.loads(block)
            assert "</" not in block
            assert "<!--" not in block


@each("field", FIELDS, ids=".".join)
def test_a_text_of_the_model_is_escaped_wherever_it_is_shown(
    pages: dict[str, str], field: tuple[str, str]
) -> None:
    """Behind the name of its place stands no raw character of the attack."""
    for where, text in pages.items():
        for whose in ("A1", "A2", "A4", "A7", "all"):
            assert f"{marker(whose, *field)} </" not in text, where
            assert f"{marker(whose, *field)} <" not in text, where


def test_the_texts_are_shown_at_all(pages: dict[str, str]) -> None:
    """Otherwise the tests above would say nothing."""
    everything = "\n".join(pages.values())
    shown = {
        table
        for table, column in FIELDS
        if any(marker(whose, table, column) in everything for whose in ("A1", "A4", "A7", "all"))
    }
    assert len(shown & _OURS) >= 6, shown


@each(
    "term",
    [
        ATTACK,
        '"><script>alert(1)</script>',
        "'-alert(1)-'",
        "</title><xss-probe>",
        "{{1337*7331}}",
        "${1337*7331}",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize(
    "key",
    [
        "q",
        "period",
        "where",
        "by",
        "next",
        "sort",
        "person",
        "action",
        "ticket",
        "reason",
        "tab",
        "snapshot",
        "kpi",
    ],
)
def test_what_the_address_says_is_escaped_too(world: World, key: str, term: str) -> None:
    everywhere = (
        "/overview",
        "/accounts",
        "/settings/audit",
        "/sign-in",
        "/set-up",
        "/why/nrr",
        "/no/such/page",
    )
    for path in everywhere if term == ATTACK else ("/sign-in", "/no/such/page", "/settings/audit"):
        answer = world.ask(
            None if path in {"/sign-in", "/set-up"} else "admin",
            "GET",
            path,
            params={"period": "2025-Q4", key: term},
        )
        assert answer.status_code < 500
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert Page(answer.text).wrong == []
            assert WORKED_OUT not in answer.text


@each("term", ["<xss-probe>", '"><xss-probe>', "</script><xss-probe>", "{{1337*7331}}"])
def test_what_a_form_is_given_back_is_escaped(world: World, term: str) -> None:
    answer = world.ask(
        None, "POST", "/sign-in", data={"email": term, "password": "x", "next": term}
    )
    assert Page(answer.text).wrong == []
    assert WORKED_OUT not in answer.text
    for path, form in (
        ("/settings/tokens", {"name": term, "expires": term}),
        ("/settings/people", {"email": term, "name": term, "role": term}),
    ):
        answer = world.ask("admin", "POST", path, data=form)
        assert answer.status_code == 422
        assert Page(answer.text).wrong == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@each("route", EXPORTS, ids=name)
def test_no_file_for_a_spreadsheet_holds_a_formula(written: World, route: Route, form: str) -> None:
    for more in (
        {"format": form},
        {"format": form, "by": "account"},
        {"format": form, "by": "account_manager"},
        {"format": form, "part": "numerator"},
    ):
        answer = written.get("admin", route.at(), params=more)
        assert answer.status_code < 500, answer.text[:300]
        if answer.status_code != 200:
            continue
        if "spreadsheetml" in answer.headers["content-type"]:
            _no_formula_in_sheet(answer.content)
        elif answer.headers["content-type"].startswith("text/csv"):
            for row in csv.reader(io.StringIO(answer.text)):
                assert not [cell for cell in row if cell.startswith((*STARTS, "=", "@"))]


def _no_formula_in_sheet(content: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell.value
                assert cell.hyperlink is None


@pytest.mark.parametrize("media", ["text/csv"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/kpis/mrr_end?period=2025-12&by=account",
        "/api/v1/kpis/touches/rows?period=2025-12",
        "/api/v1/accounts",
    ],
)
def test_the_api_is_plain_data_and_never_html(written: World, path: str, media: str) -> None:
    for accept in ("text/html", media, "*/*", "application/json"):
        answer = written.ask("admin", "GET", path, headers={"accept": accept})
        assert answer.status_code < 500
        assert not answer.headers.get("content-type", "").startswith("text/html")
        assert answer.headers["x-content-type-options"] == "nosniff"
