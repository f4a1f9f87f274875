"""Team: people side by side in bands, and luck said as plainly as the figures."""

import csv
import io

from tests.web.book import ClientOf, client_of, company, email_of

from kampass.access import Role
from kampass.book.comparison import comparable, compare
from kampass.book.managers import managers
from kampass.workspace import Workspace

__all__ = ["client_of", "company"]


def test_everybody_stands_in_a_band_or_has_too_few_accounts(
    client_of: ClientOf, company: Workspace
) -> None:
    page = client_of(Role.EXECUTIVE).get("/team?outcome=nrr&period=2025").text
    people = managers(company.sight())
    found = compare(
        company.sight(), [company.catalogue.get("nrr")], [one.id for one in people], period="2025"
    )["nrr"]
    assert {one.name for one in found.bands.ranked} | found.few == {one.id for one in people}
    assert all(one.name in page for one in people)
    assert ("Too few to tell:" in page) == bool(found.few)


def test_the_page_says_how_far_luck_alone_would_go(client_of: ClientOf) -> None:
    page = client_of(Role.EXECUTIVE).get("/team?outcome=csat&period=2024..2025").text
    assert "luck alone would put" in page
    assert "in 95 of 100 cases" in page


def test_a_ranked_value_is_the_engines_own_and_its_parts_add_up_to_it(company: Workspace) -> None:
    sight = company.sight()
    kpis = [kpi for kpi in company.catalogue if comparable(kpi)]
    people = [one.id for one in managers(sight)]
    checked = 0
    compared = compare(sight, kpis, people, period="2025")
    assert not compared[
        "clients_touched"
    ].adds_up  # a day on which two accounts are touched is one day
    for found in compared.values():
        for one in found.bands.ranked:
            value = found.answers[one.name].value
            assert value is not None
            assert abs(value - one.value) <= 1e-9 * max(1.0, abs(value)), found.kpi.id
            checked += 1
    assert checked > 100


def test_a_lead_sees_the_own_team_and_nobody_else(client_of: ClientOf, company: Workspace) -> None:
    people = managers(company.sight())
    email = email_of(company, people[0].id)
    page = client_of(Role.TEAM_LEAD, email).get("/team").text
    assert all((one.name in page) == (one.team_id == people[0].team_id) for one in people)


def test_an_account_manager_sees_the_own_figures_and_no_colleague(
    client_of: ClientOf, company: Workspace
) -> None:
    client = client_of(Role.ACCOUNT_MANAGER, "kaya.yilmaz@ourfirm.example")
    page = client.get("/team").text
    assert "How do my figures stand?" in page
    assert [
        one.name for one in managers(company.sight()) if one.name in page and one.id != "usr-010"
    ] == []
    rows = list(csv.DictReader(io.StringIO(client.get("/team/export").text)))
    assert {row["account_manager"] for row in rows} == {"usr-010"}
    assert {row["band"] for row in rows} == {""}


def test_a_team_narrows_who_stands_side_by_side(client_of: ClientOf, company: Workspace) -> None:
    people = managers(company.sight())
    rows = list(
        csv.DictReader(
            io.StringIO(
                client_of(Role.EXECUTIVE).get(f"/team/export?team={people[0].team_id}").text
            )
        )
    )
    assert {row["account_manager"] for row in rows} == {
        one.id for one in people if one.team_id == people[0].team_id
    }


def test_an_outcome_that_is_no_kpi_is_said_to_be_none(client_of: ClientOf) -> None:
    assert client_of(Role.EXECUTIVE).get("/team?outcome=charm").status_code == 404


def test_somebody_who_looks_after_nobody_is_told_what_to_do(client_of: ClientOf) -> None:
    page = client_of(Role.TEAM_LEAD, "nobody@elsewhere.example").get("/team")
    assert page.status_code == 200
    assert "There is no account manager to look at" in page.text
