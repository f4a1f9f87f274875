"""Accounts: the list is searched, narrowed, sorted, given columns, saved and exported, within what
the viewer may see.
"""

import csv
import io
import re

import pytest
from starlette.testclient import TestClient
from tests.web.book import ClientOf, client_of, company

from kampass.access import Role
from kampass.book.accounts import accounts
from kampass.workspace import Workspace

__all__ = ["client_of", "company"]


def exported(client: TestClient, query: str = "") -> list[dict[str, str]]:
    """The list as its CSV has it."""
    found = client.get(f"/accounts/export?format=csv&{query}")
    assert found.status_code == 200
    return list(csv.DictReader(io.StringIO(found.text)))


def test_the_list_holds_every_account_once_and_no_test_account(
    client_of: ClientOf, company: Workspace
) -> None:
    ids = [row["id"] for row in exported(client_of(Role.EXECUTIVE))]
    known = {
        row[0]
        for row in company.sight()
        .backend.run("SELECT id FROM accounts WHERE NOT coalesce(is_test, false)")
        .all()
    }
    assert sorted(ids) == sorted(known)


def test_an_account_manager_lists_and_counts_the_own_accounts_alone(
    client_of: ClientOf, company: Workspace
) -> None:
    mine = [account for account in accounts(company.sight()) if account.manager == "usr-010"]
    client = client_of(Role.ACCOUNT_MANAGER, "kaya.yilmaz@ourfirm.example")
    assert {row["id"] for row in exported(client)} == {account.id for account in mine}
    page = client.get("/accounts").text
    assert f"{len(mine)} accounts, " in page
    foreign = next(account for account in accounts(company.sight()) if account.manager != "usr-010")
    assert exported(client, f"q={foreign.id}") == []
    assert foreign.name not in client.get(f"/accounts?q={foreign.name}").text.replace(
        f'value="{foreign.name}"', ""
    ).replace(f"Holds: {foreign.name}", "").replace(f"Remove Holds: {foreign.name}", "").replace(
        f"with &#39;{foreign.name}&#39;", ""
    )


@pytest.mark.parametrize("name", ["segment", "region", "tier", "industry", "manager", "team"])
def test_a_filter_keeps_exactly_the_accounts_with_that_value(
    client_of: ClientOf, company: Workspace, name: str
) -> None:
    known = accounts(company.sight())
    value = next(account.value(name) for account in known if account.value(name))
    rows = exported(client_of(Role.EXECUTIVE), f"{name}={value}")
    assert {row["id"] for row in rows} == {
        account.id for account in known if account.value(name) == value
    }


def test_every_word_of_a_search_must_be_held(client_of: ClientOf, company: Workspace) -> None:
    account = accounts(company.sight())[3]
    assert account.segment
    rows = exported(
        client_of(Role.EXECUTIVE), f"q={account.name.split()[0].upper()} {account.segment}"
    )
    assert account.id in {row["id"] for row in rows}
    assert exported(client_of(Role.EXECUTIVE), f"q={account.name} nothingholdsthis") == []


def test_a_column_holds_what_the_engine_answers_for_that_account(
    client_of: ClientOf, company: Workspace
) -> None:
    rows = exported(client_of(Role.EXECUTIVE), "column=nrr&column=interaction_gap&period=2025-Q4")
    found = company.kpi(["nrr", "interaction_gap"], period="2025-Q4", by="account")
    expected = {(answer.kpi, answer.dimensions["account"]): answer.value for answer in found}
    for row in rows:
        for kpi in ("nrr", "interaction_gap"):
            assert (float(row[kpi]) if row[kpi] else None) == expected.get((kpi, row["id"]))


def test_sorting_puts_what_is_not_known_last_both_ways(client_of: ClientOf) -> None:
    client = client_of(Role.EXECUTIVE)
    for sort, reverse in (("mrr", False), ("-mrr", True)):
        cells = [
            float(row["mrr"]) if row["mrr"] else None for row in exported(client, f"sort={sort}")
        ]
        known = [cell for cell in cells if cell is not None]
        assert known == sorted(known, reverse=reverse)
        assert cells[: len(known)] == known


def test_pages_follow_each_other_without_gap_or_repeat(
    client_of: ClientOf, company: Workspace
) -> None:
    client, seen = client_of(Role.EXECUTIVE), []
    path: str | None = "/accounts"
    while path:
        text = client.get(path).text
        seen += re.findall(r'<th scope="row"><a href="/accounts/([^"]+)"', text)
        onwards = re.search(r'rel="next" href="([^"]+)"', text)
        path = onwards[1].replace("&amp;", "&") if onwards else None
    assert seen == [account.id for account in accounts(company.sight())]


def test_a_saved_segment_brings_the_same_list_back_to_its_owner_alone(client_of: ClientOf) -> None:
    client = client_of(Role.EXECUTIVE)
    query = "/accounts?state=active&segment=enterprise&sort=-mrr"
    done = client.post("/accounts/segments", data={"name": "Big ones", "query": query})
    assert (done.status_code, done.headers["location"]) == (303, query)
    page = client.get("/accounts").text
    assert "Big ones" in page
    assert "Big ones" not in client_of(Role.ANALYST).get("/accounts").text
    forget = re.search(r'action="(/accounts/segments/\d+/remove)"', page)
    assert forget
    assert client_of(Role.ANALYST).post(forget[1]).status_code == 404
    assert client.post(forget[1]).status_code == 303
    assert "Big ones" not in client.get("/accounts").text


@pytest.mark.parametrize(
    "query",
    [
        "https://elsewhere.example/accounts",
        "//elsewhere.example",
        "/settings",
        "/accounts/acc-0001",
    ],
)
def test_only_a_list_of_accounts_is_saved(client_of: ClientOf, query: str) -> None:
    assert (
        client_of(Role.EXECUTIVE)
        .post("/accounts/segments", data={"name": "Away", "query": query})
        .status_code
        == 422
    )


def test_a_column_that_is_no_kpi_is_said_to_be_none(client_of: ClientOf) -> None:
    page = client_of(Role.EXECUTIVE).get("/accounts?column=nrrr")
    assert page.status_code == 404
    assert "Did you mean" in page.text


def test_whoever_has_no_accounts_is_told_what_to_do(client_of: ClientOf) -> None:
    assert (
        "No account is yours yet"
        in client_of(Role.ACCOUNT_MANAGER, "nobody@elsewhere.example").get("/accounts").text
    )
