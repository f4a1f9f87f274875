"""Overview: the leader's page says what the engine says, to each viewer of their own accounts."""

import csv
import io
import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from starlette.testclient import TestClient
from tests.served import Served
from tests.web.conftest import signed_in
from tests.web.reading import PERIOD, sight_of, text_of

from kampass.access import Role
from kampass.render.display import show_difference, show_value
from kampass.web.parts.spans import latest

Clients = Callable[[Role], TestClient]


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.TEAM_LEAD, Role.ACCOUNT_MANAGER])
def test_the_sentence_says_what_the_engine_says_of_the_viewers_accounts(
    served: Served, as_role: Clients, role: Role
) -> None:
    page = text_of(as_role(role).get(f"/overview?period={PERIOD}").text)
    mrr, nrr = sight_of(served, role).kpi(["mrr_end", "nrr"], period=PERIOD, compare="previous")
    assert show_value(mrr.value, "money", "USD") in page
    assert f"NRR {show_value(nrr.value, 'percent', 'USD')}" in page


def test_without_a_question_it_shows_the_latest_quarter_that_is_over(
    served: Served, as_role: Clients
) -> None:
    period = latest(served.workspace.sight(), "quarter")
    page = as_role(Role.EXECUTIVE).get("/overview").text
    assert f'href="/kpis/nrr?period={period}"' in page


def test_there_are_at_most_twelve_tiles_and_each_leads_to_its_why(as_role: Clients) -> None:
    page = as_role(Role.EXECUTIVE).get("/overview").text
    tiles = re.findall(r'<article class="tile">.*?</article>', page, re.DOTALL)
    assert 1 <= len(tiles) <= 12
    assert all('href="/why/' in tile and 'href="/kpis/' in tile for tile in tiles)


def test_the_bridge_shows_every_movement_as_the_engine_gives_it(
    served: Served, as_role: Clients
) -> None:
    page = text_of(as_role(Role.EXECUTIVE).get(f"/overview?period={PERIOD}").text)
    signs = {"new_mrr": 1, "expansion_mrr": 1, "contraction_mrr": -1, "churned_mrr": -1}
    for answer in served.workspace.kpi(list(signs), period=PERIOD):
        assert show_difference(signs[answer.kpi] * answer.value, "money", "USD") in page
    start, end = served.workspace.kpi(["mrr_start", "mrr_end"], period=PERIOD)
    assert (
        f"From {show_value(start.value, 'money', 'USD')} to {show_value(end.value, 'money', 'USD')}"
        in page
    )


def test_a_filter_that_movements_do_not_have_says_why_there_is_no_bridge(
    served: Served, as_role: Clients
) -> None:
    product = served.workspace.sight().backend.run("SELECT min(id) FROM products").first()[0]
    answer = as_role(Role.EXECUTIVE).get(
        "/overview", params={"period": PERIOD, "where": f"product={product}"}
    )
    assert answer.status_code == 200
    assert "There is no bridge here" in answer.text
    assert "It cannot be filtered like this." in answer.text


@pytest.mark.parametrize("by", ["segment", "region", "tier", "product", "account_manager", "team"])
def test_each_cut_shows_its_slices_and_links_to_them(
    served: Served, as_role: Clients, by: str
) -> None:
    page = as_role(Role.EXECUTIVE).get("/overview", params={"period": PERIOD, "by": by})
    result = served.workspace.kpi("mrr_end", period=PERIOD, by=by)
    shown = text_of(page.text)
    assert page.status_code == 200
    for answer in result:
        assert result.shown(answer, by) in shown
        assert show_value(answer.value, "money", "USD") in shown


def test_each_cohort_is_asked_of_the_engine(served: Served, as_role: Clients) -> None:
    page = text_of(as_role(Role.EXECUTIVE).get(f"/overview?period={PERIOD}&follow=grr").text)
    rows = served.workspace.sight().backend.run(
        "SELECT f.account_id FROM first_paid f JOIN live_accounts a ON a.id = f.account_id "
        "WHERE year(f.day) = 2024"
    )
    accounts = [row[0] for row in rows.all()]
    (answer,) = served.workspace.kpi("grr", period=PERIOD, where=f"account in {','.join(accounts)}")
    assert re.search(rf"2024 {len(accounts)} .*{answer.value:.1f}", page)


def test_no_foreign_account_is_named_to_an_account_manager(
    served: Served, as_role: Clients
) -> None:
    own = sight_of(served, Role.ACCOUNT_MANAGER).scope.accounts
    page = unescape(as_role(Role.ACCOUNT_MANAGER).get(f"/overview?by=account&period={PERIOD}").text)
    named = served.workspace.sight().backend.run("SELECT id, name FROM accounts").all()
    mine = {name for key, name in named if key in own}
    assert own
    assert not [name for key, name in named if key not in own and name not in mine and name in page]
    assert set(re.findall(r'href="/accounts/([^"?]+)"', page)) <= own


def test_a_person_without_accounts_is_told_what_to_do(served: Served) -> None:
    lonely = served.workspace.people.accounts.add(
        "lonely@example.com", "Lonely", Role.ACCOUNT_MANAGER
    )
    answer = signed_in(served, lonely).get("/overview")
    assert answer.status_code == 200
    assert "No account is yours yet" in answer.text
    served.workspace.people.accounts.remove(lonely.id)


def test_a_filter_that_is_none_keeps_what_was_typed_and_shows_no_figure(as_role: Clients) -> None:
    answer = as_role(Role.EXECUTIVE).get(
        "/overview", params={"where": "segmnt=<b>big</b>", "period": PERIOD}
    )
    assert answer.status_code == 404
    assert 'value="segmnt=&lt;b&gt;big&lt;/b&gt;"' in answer.text
    assert "Did you mean &#39;segment&#39;?" in answer.text
    assert 'class="tile"' not in answer.text


def test_the_export_holds_the_engines_figures_to_the_last_bit(
    served: Served, as_role: Clients
) -> None:
    answer = as_role(Role.EXECUTIVE).get(f"/overview/export?period={PERIOD}&format=csv")
    found = {row["kpi"]: row["value"] for row in csv.DictReader(io.StringIO(answer.text))}
    for one in served.workspace.kpi(list(found), period=PERIOD):
        assert (float(found[one.kpi]) if found[one.kpi] else None) == one.value
    last = served.workspace.people.audit.entries(1)[0]
    assert (last.action, "/overview?" in last.what) == ("exported", True)


def test_the_picture_is_data_that_no_text_can_leave(as_role: Clients) -> None:
    page = as_role(Role.EXECUTIVE).get(f"/overview?period={PERIOD}").text
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert blocks
    assert all(
        "<" not in block and json.loads(block)["$schema"].endswith("v6.json") for block in blocks
    )
