"""Why this number?, its rows and the bridge: from the figure to the source, and nothing of anybody
else's.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient
from tests.served import Served, on_loopback
from tests.web.reading import PERIOD, sight_of, text_of

from kampass.access import Role
from kampass.render.display import show_difference, show_value

Clients = Callable[[Role], TestClient]


@pytest.fixture(scope="module")
def address(served: Served) -> Iterator[str]:
    """The address of a server for a browser."""
    with on_loopback(served.workspace, lifespan="off") as found:
        yield found


@pytest.fixture
def reader(served: Served, address: str, page: Page) -> Page:
    """A tab of an executive who is signed in."""
    token, _ = served.workspace.people.sessions.start(
        served.people[Role.EXECUTIVE].id, address="", agent=""
    )
    page.context.add_cookies([{"name": "kampass", "value": token, "url": address}])
    page.set_default_timeout(60_000)
    return page


def links(html: str) -> list[str]:
    return re.findall(r'href="/accounts/([^"?]+)"', html)


def pages(client: TestClient, address: str) -> list[str]:
    """Every page of a list."""
    found, there = [], address
    while there:
        found.append(client.get(there).text)
        following = re.search(r'rel="next" href="([^"]+)"', found[-1])
        there = unescape(following[1]) if following else ""
    return found


@pytest.mark.parametrize("kpi", ["nrr", "csat", "time_to_resolution", "mrr_end", "interaction_gap"])
def test_it_shows_value_calculation_and_the_proof_from_the_rows(
    served: Served, as_role: Clients, kpi: str
) -> None:
    page = text_of(as_role(Role.EXECUTIVE).get(f"/why/{kpi}?period={PERIOD}").text)
    (made,) = served.workspace.explain(kpi, period=PERIOD)
    assert show_value(made.answer.value, made.answer.unit, "USD") in page
    assert made.calculation.split(" = ")[-1] in page
    assert made.adds_up
    assert "the same to the last digit" in page
    assert made.answer.snapshot in page


def test_every_candidate_is_in_or_out_for_a_reason_on_the_page(
    served: Served, as_role: Clients
) -> None:
    page = text_of(as_role(Role.EXECUTIVE).get(f"/why/nrr?period={PERIOD}").text)
    (made,) = served.workspace.explain("nrr", period=PERIOD)
    for measure in made.measures:
        assert measure.candidates == measure.counted + sum(rows for _, rows in measure.left_out)
        assert f"{measure.candidates:,} accounts {measure.counted:,} " in page
        for reason, rows in measure.left_out:
            assert f"{rows:,} {reason}" in page


def test_the_drawer_gets_the_part_and_a_browser_the_page(as_role: Clients) -> None:
    client, address = as_role(Role.EXECUTIVE), f"/why/nrr?period={PERIOD}"
    part, page = client.get(address, headers={"hx-request": "true"}).text, client.get(address).text
    assert "<html" not in part
    assert "<html" in page
    assert "the same to the last digit" in part
    assert '<div id="content">' in part


def test_a_distribution_takes_every_one_of_its_figures_apart(
    served: Served, as_role: Clients
) -> None:
    page = text_of(as_role(Role.EXECUTIVE).get(f"/why/acquisition_source_mix?period={PERIOD}").text)
    made = served.workspace.explain("acquisition_source_mix", period=PERIOD)
    assert page.count("the same to the last digit") == len(made)


def test_what_is_not_covered_says_so_and_what_to_do(as_role: Clients) -> None:
    page = as_role(Role.EXECUTIVE).get("/why/nrr?period=2031-Q1").text
    assert "do not cover Q1 2031. Choose another period, or load more data." in page


@pytest.mark.parametrize("part", ["numerator", "denominator", "excluded"])
@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.ACCOUNT_MANAGER])
def test_the_pages_of_rows_hold_each_row_once_and_only_the_viewers(
    served: Served, as_role: Clients, part: str, role: Role
) -> None:
    sight = sight_of(served, role)
    shown = [
        account
        for page in pages(as_role(role), f"/why/nrr/rows?period={PERIOD}&part={part}&limit=7")
        for account in links(page)
    ]
    rows = [row.origin.id for row in sight.rows("nrr", part, period=PERIOD)]
    assert shown == rows
    assert sight.scope.accounts is None or set(shown) <= sight.scope.accounts


def test_the_rows_of_several_measures_follow_each_other_over_the_pages(
    served: Served, as_role: Clients
) -> None:
    found = pages(
        as_role(Role.EXECUTIVE),
        "/why/contract_retention_rate/rows?period=2025&part=denominator&limit=20",
    )
    rows = [
        row.origin.id
        for row in served.workspace.rows("contract_retention_rate", "denominator", period="2025")
    ]
    ids = [
        unescape(key)
        for page in found
        for key in re.findall(r'<span class="cell-note">([^<]+?) &middot;', page)
    ]
    assert ids == rows


def test_a_page_of_rows_has_a_cap(as_role: Clients) -> None:
    client = as_role(Role.EXECUTIVE)
    for params in (
        {"limit": "201"},
        {"limit": "0"},
        {"offset": "-1"},
        {"offset": "20001"},
        {"part": "everything"},
    ):
        assert client.get("/why/nrr/rows", params={"period": PERIOD, **params}).status_code == 422


def test_a_row_shows_where_it_comes_from_and_the_rows_behind_it(
    served: Served, as_role: Clients
) -> None:
    page = text_of(as_role(Role.EXECUTIVE).get(f"/why/nrr/rows?period={PERIOD}").text)
    row = next(iter(served.workspace.rows("nrr", "numerator", period=PERIOD)))
    assert (
        f"{row.origin.id} · {row.origin.source}, load {row.origin.load}, line {row.origin.line:,}"
        in page
    )
    assert row.evidence
    assert all(f"{piece.id} {piece.table}: {piece.about}" in page for piece in row.evidence)


def test_rows_of_employees_are_counted_and_never_shown(as_role: Clients) -> None:
    client = as_role(Role.ADMIN)
    page = client.get("/why/enps/rows?period=2025").text
    assert "they are counted and never shown" in page
    assert "cell-note" not in page
    assert "/why/enps/rows" not in client.get("/why/enps?period=2025").text


def test_the_export_of_rows_holds_all_of_them_and_only_the_viewers(
    served: Served, as_role: Clients
) -> None:
    answer = as_role(Role.ACCOUNT_MANAGER).get(f"/why/nrr/rows/export?period={PERIOD}&format=csv")
    own = sight_of(served, Role.ACCOUNT_MANAGER)
    found = [
        row["id"] for row in csv.DictReader(io.StringIO(answer.text)) if row["table"] == "accounts"
    ]
    assert found == [row.origin.id for row in own.rows("nrr", "numerator", period=PERIOD)]
    assert answer.headers["content-disposition"] == 'attachment; filename="nrr_numerator.csv"'


def test_an_unknown_kpi_is_not_found_and_the_nearest_is_named(as_role: Clients) -> None:
    for path in ("/why/nrrr", "/why/nrrr/rows", "/bridge/nrrr", "/kpis/nrrr"):
        answer = as_role(Role.EXECUTIVE).get(path)
        assert answer.status_code == 404
        assert "Did you mean &#39;nrr&#39;?" in answer.text


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.ACCOUNT_MANAGER])
def test_the_bridge_leaves_nothing_over_and_leads_to_the_viewers_accounts(
    served: Served, as_role: Clients, role: Role
) -> None:
    sight = sight_of(served, role)
    page = as_role(role).get("/bridge/nrr?before=2025-Q1&after=2025-Q4").text
    (made,) = sight.bridge("nrr", "2025-Q1", "2025-Q4")
    text = text_of(page)
    assert made.residual == 0
    assert "Unexplained 0" in text
    assert f"Difference {show_difference(made.difference, 'percent', 'USD')}" in text
    moved = [
        effect.label[0]
        for effect in sorted(
            (e for e in made.effects if e.effect), key=lambda effect: -abs(effect.effect)
        )
    ]
    assert links(page) == moved[:100]
    assert sight.scope.accounts is None or set(moved) <= sight.scope.accounts


def test_a_bridge_by_segment_leads_to_the_figure_of_each(served: Served, as_role: Clients) -> None:
    page = (
        as_role(Role.EXECUTIVE).get("/bridge/mrr_end?before=2025-Q1&after=2025-Q4&by=segment").text
    )
    (made,) = served.workspace.bridge("mrr_end", "2025-Q1", "2025-Q4", by="segment")
    for effect in made.effects:
        assert show_difference(effect.effect, "money", "USD") in text_of(page)
        assert f'href="/kpis/mrr_end?period=2025-Q4&amp;where=segment%3D{effect.label[0]}"' in page


def test_without_ends_the_bridge_leads_from_the_period_before(as_role: Clients) -> None:
    assert "from Q3 2025 to Q4 2025" in text_of(
        as_role(Role.EXECUTIVE).get(f"/bridge/nrr?after={PERIOD}").text
    )


def test_a_bridge_between_two_snapshots_reads_each_end_from_its_own(
    served: Served, as_role: Clients
) -> None:
    snapshot = served.workspace.sight().snapshot_id
    page = text_of(
        as_role(Role.EXECUTIVE)
        .get(f"/bridge/nrr?before={PERIOD}&after={PERIOD}&before_snapshot={snapshot}")
        .text
    )
    assert f"from Q4 2025 in snapshot {snapshot} to Q4 2025" in page
    assert "Difference 0.0 pp" in page


def test_an_end_that_is_no_period_stays_in_its_field(as_role: Clients) -> None:
    answer = as_role(Role.EXECUTIVE).get(
        "/bridge/nrr", params={"before": "last spring", "after": PERIOD}
    )
    assert answer.status_code == 422
    assert 'value="last spring"' in answer.text


def test_what_cannot_be_told_apart_is_said_not_guessed(as_role: Clients) -> None:
    answer = as_role(Role.EXECUTIVE).get("/bridge/enps?before=2024&after=2025&by=team")
    assert answer.status_code == 422
    assert "its cells are not taken apart" in text_of(answer.text)


def test_from_the_headline_over_the_drawer_to_the_source_rows(
    served: Served, address: str, reader: Page
) -> None:
    trouble: list[str] = []
    reader.on(
        "console", lambda message: trouble.append(message.text) if message.type == "error" else None
    )
    reader.on("pageerror", lambda error: trouble.append(str(error)))
    reader.goto(f"{address}/overview?period={PERIOD}")
    tile = reader.get_by_role("article").filter(has_text="Net Revenue Retention")
    expect(reader.locator("figure[data-chart] svg").first).to_be_visible(timeout=60_000)
    tile.get_by_role("link", name="Why this number?").click()
    drawer = reader.get_by_role("dialog", name="Why Net Revenue Retention (NRR)?")
    expect(drawer.get_by_text("the same to the last digit")).to_be_visible(timeout=60_000)
    drawer.get_by_role("link", name="What changed").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text(
        "What changed in Net Revenue Retention (NRR)?"
    )
    reader.go_back()
    tile.get_by_role("link", name="Why this number?").click()
    drawer.get_by_role("link", name="Rows above the line").click()
    first = next(iter(served.workspace.rows("nrr", "numerator", period=PERIOD)))
    expect(reader.get_by_role("row").filter(has_text=first.origin.id)).to_contain_text(
        str(first.origin.fields["name"])
    )
    reader.get_by_text("behind it").first.click()
    expect(reader.get_by_text(first.evidence[0].id)).to_be_visible()
    assert trouble == []


def test_without_javascript_the_way_is_the_same_by_links(
    served: Served, address: str, browser: Browser
) -> None:
    token, _ = served.workspace.people.sessions.start(
        served.people[Role.EXECUTIVE].id, address="", agent=""
    )
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "kampass", "value": token, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/kpis/csat?period={PERIOD}")
    page.get_by_text("The same numbers as a table").click()
    (answer,) = served.workspace.kpi("csat", period=PERIOD)
    expect(page.get_by_role("row", name="Q4 2025").first).to_contain_text(
        show_value(answer.value, "percent", "USD")
    )
    page.get_by_role("link", name="Why this number?").first.click()
    page.get_by_role("link", name="Rows below the line").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Which rows stand below the line of Customer Satisfaction Score (CSAT)?"
    )
    context.close()
