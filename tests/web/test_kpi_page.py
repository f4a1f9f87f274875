"""The page of one KPI: from every side what the engine says, with notes beside the number and on
the chart.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from starlette.testclient import TestClient
from tests.served import Served
from tests.web.reading import PERIOD, sight_of, text_of

from kampass.access import Role
from kampass.catalogue import Kpi
from kampass.catalogue.loader import shipped
from kampass.render.display import show_value

Clients = Callable[[Role], TestClient]


def charts(page: str) -> list[dict]:
    return [
        json.loads(block)
        for block in re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    ]


def values(chart: dict) -> list[float | None]:
    return [row["value"] for row in chart["data"]["values"]]


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.ACCOUNT_MANAGER])
def test_the_trend_holds_the_engines_figures_of_the_viewers_accounts(
    served: Served, as_role: Clients, role: Role
) -> None:
    page = as_role(role).get(f"/kpis/csat?period={PERIOD}").text
    found = [
        answer.value
        for answer in sight_of(served, role).kpi("csat", period="2023-Q1..2025-Q4", grain="quarter")
    ]
    known = [place for place, value in enumerate(found) if value is not None]
    assert values(charts(page)[0]) == found[known[0] : known[-1] + 1]
    assert all(
        show_value(value, "percent", "USD") in text_of(page) for value in found if value is not None
    )


def test_a_period_in_pieces_is_drawn_in_those_pieces_and_the_last_one_is_the_figure(
    served: Served, as_role: Clients
) -> None:
    page = as_role(Role.EXECUTIVE).get("/kpis/mrr_end?period=2025-01..2025-06&grain=month").text
    found = [
        answer.value
        for answer in served.workspace.kpi("mrr_end", period="2025-01..2025-06", grain="month")
    ]
    assert values(charts(page)[0]) == found
    assert f"is {show_value(found[-1], 'money', 'USD')} in Jun 2025" in text_of(page)


@pytest.mark.parametrize("by", ["segment", "account_manager", "account"])
def test_the_breakdown_shows_each_slice_as_the_engine_gives_it(
    served: Served, as_role: Clients, by: str
) -> None:
    page = text_of(
        as_role(Role.EXECUTIVE).get(f"/kpis/time_to_resolution?period={PERIOD}&by={by}").text
    )
    result = served.workspace.kpi("time_to_resolution", period=PERIOD, by=by)
    for answer in sorted(result, key=lambda answer: -answer.value)[:30]:
        assert f"{result.shown(answer, by)} {show_value(answer.value, 'hours', 'USD')}" in page


def test_durations_show_how_they_spread(served: Served, as_role: Clients) -> None:
    page = as_role(Role.EXECUTIVE).get(f"/kpis/time_to_resolution?period={PERIOD}").text
    spread = next(chart for chart in charts(page) if "How many of" in chart["description"])
    (answer,) = served.workspace.kpi("time_to_resolution", period=PERIOD)
    assert f"How many of {answer.n:,}" in spread["description"]
    assert "How it spreads" not in as_role(Role.EXECUTIVE).get(f"/kpis/nrr?period={PERIOD}").text


def test_it_says_what_the_kpi_means_and_how_it_is_misread(as_role: Clients) -> None:
    kpi = shipped().get("nrr")
    page = text_of(as_role(Role.EXECUTIVE).get("/kpis/nrr").text)
    assert kpi.formula in page
    assert all(trap in page for trap in kpi.traps)
    assert "nrr@1" in page


FIRST = {kpi.family: kpi.id for kpi in reversed(tuple(shipped()))}


@pytest.mark.parametrize(
    "kpi",
    [
        pytest.param(
            kpi, id=kpi.id, marks=[] if FIRST[kpi.family] == kpi.id else pytest.mark.nightly
        )
        for kpi in shipped()
    ],
)
def test_every_kpi_has_a_page_and_a_why_for_whoever_asks(as_role: Clients, kpi: Kpi) -> None:
    client = as_role(Role.ACCOUNT_MANAGER)
    page = client.get(f"/kpis/{kpi.id}?period={PERIOD}")
    assert page.status_code == 200
    assert unescape(page.text).count(kpi.question) >= 1
    assert (
        client.get(f"/why/{kpi.id}?period={PERIOD}", headers={"hx-request": "true"}).status_code
        == 200
    )


def test_a_note_stands_beside_the_number_and_on_the_chart(served: Served, as_role: Clients) -> None:
    address, told = f"/kpis/nrr?period={PERIOD}", "Prices rose <script>alert(1)</script> in October"
    author, scope = served.people[Role.EXECUTIVE], sight_of(served, Role.EXECUTIVE).scope
    note = served.workspace.library.notes.add(
        author, text=told, scope=scope, kpi="nrr", period=PERIOD
    )
    page = as_role(Role.EXECUTIVE).get(address).text
    assert "<script>alert(1)" not in page
    assert "Prices rose &lt;script&gt;alert(1)&lt;/script&gt; in October" in page
    assert "Prices rose" in json.dumps(charts(page)[0])
    assert "1<span" in as_role(Role.EXECUTIVE).get(f"/overview?period={PERIOD}").text
    served.workspace.library.notes.remove(note.id, author, scope=scope)
    assert "Prices rose" not in as_role(Role.EXECUTIVE).get(address).text


def test_a_note_on_a_foreign_account_stands_on_nobody_elses_page(
    served: Served, as_role: Clients
) -> None:
    own = sight_of(served, Role.ACCOUNT_MANAGER).scope.accounts
    foreign = next(
        key
        for (key,) in served.workspace.sight()
        .backend.run("SELECT id FROM accounts ORDER BY id")
        .all()
        if key not in own
    )
    author, scope = served.people[Role.EXECUTIVE], sight_of(served, Role.EXECUTIVE).scope
    note = served.workspace.library.notes.add(
        author, text="They will leave us", scope=scope, kpi="nrr", account=foreign, period=PERIOD
    )
    address = f"/kpis/nrr?period={PERIOD}"
    assert "They will leave us" in as_role(Role.EXECUTIVE).get(address).text
    assert "They will leave us" not in as_role(Role.ACCOUNT_MANAGER).get(address).text
    served.workspace.library.notes.remove(note.id, author, scope=scope)


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "xlsx"])
def test_the_export_is_what_the_address_asks(served: Served, as_role: Clients, form: str) -> None:
    answer = as_role(Role.EXECUTIVE).get(
        f"/kpis/nrr/export?period={PERIOD}&by=segment&format={form}"
    )
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'{form}"')
    if form == "csv":
        found = {
            row["dim.segment"]: float(row["value"])
            for row in csv.DictReader(io.StringIO(answer.text))
        }
        assert found == {
            one.dimensions["segment"]: one.value
            for one in served.workspace.kpi("nrr", period=PERIOD, by="segment")
        }


def test_a_form_that_does_not_exist_is_said(as_role: Clients) -> None:
    assert (
        as_role(Role.EXECUTIVE).get(f"/kpis/nrr/export?period={PERIOD}&format=docx").status_code
        == 404
    )


def test_who_is_not_signed_in_is_asked_to_and_comes_back(served: Served) -> None:
    answer = TestClient(served.app, follow_redirects=False).get(f"/kpis/nrr?period={PERIOD}")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/sign-in?next=%2Fkpis%2Fnrr%3Fperiod%3D{PERIOD}",
    )
