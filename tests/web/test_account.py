"""Account 360: what is known of one account, notes on it, and nothing at all of a foreign one."""

import csv
import io
import re

import pytest
from tests.web.book import ClientOf, client_of, company

from kampass.access import Role
from kampass.book.account import dossier
from kampass.book.accounts import accounts
from kampass.book.attention import attention
from kampass.book.timeline import KINDS, timeline
from kampass.workspace import Workspace

__all__ = ["client_of", "company"]


@pytest.fixture
def mine(company: Workspace) -> str:
    """The account of Kaya Yilmaz that needs somebody most."""
    return next(
        needing.account.id
        for needing in attention(company.sight())
        if needing.account.manager == "usr-010"
    )


def test_the_page_says_why_the_account_needs_somebody_and_whom_one_can_speak_with(
    client_of: ClientOf, company: Workspace, mine: str
) -> None:
    page = client_of(Role.EXECUTIVE).get(f"/accounts/{mine}")
    assert page.status_code == 200
    file = dossier(company.sight(), mine)
    assert f"How is {file.account.name} doing?" in page.text
    assert all(row["name"].replace("'", "&#39;") in page.text for row in file.contacts)
    assert all(row["id"] in page.text for row in file.contracts)
    needing = next(one for one in attention(company.sight()) if one.account.id == mine)
    assert all(reason.text in page.text for reason in needing.reasons)


def test_a_foreign_account_is_not_told_from_one_that_does_not_exist(
    client_of: ClientOf, company: Workspace
) -> None:
    foreign = next(
        account.id for account in accounts(company.sight()) if account.manager != "usr-010"
    )
    client = client_of(Role.ACCOUNT_MANAGER, "kaya.yilmaz@ourfirm.example")
    for path in ("/accounts/{}", "/accounts/{}/export", "/accounts/{}?kind=notes&page=2"):
        theirs, nobodys = client.get(path.format(foreign)), client.get(path.format("acc-none"))
        assert (theirs.status_code, theirs.text) == (404, nobodys.text)
    assert (
        client.post(
            "/notes", data={"text": "hello", "account": foreign, "next": "/accounts"}
        ).status_code
        == 404
    )


def test_a_test_account_has_no_page(client_of: ClientOf, company: Workspace) -> None:
    found = company.sight().backend.run("SELECT id FROM accounts WHERE is_test").first()
    assert found
    assert client_of(Role.EXECUTIVE).get(f"/accounts/{found[0]}").status_code == 404


def test_looking_at_an_account_is_recorded(
    client_of: ClientOf, company: Workspace, mine: str
) -> None:
    client_of(Role.ANALYST).get(f"/accounts/{mine}")
    newest = company.people.audit.entries(1)[0]
    assert (newest.action, newest.what) == ("looked at", f"account {mine}")


def test_the_timeline_holds_every_event_once_newest_first_over_all_its_pages(
    company: Workspace, mine: str
) -> None:
    sight, seen, page = company.sight(), [], 1
    while (found := timeline(sight, mine, page=page)).events:
        seen += found.events
        if not found.more:
            break
        page += 1
    assert page > 1
    assert [event.at for event in seen] == sorted((event.at for event in seen), reverse=True)
    counts = {kind: sum(event.kind == kind for event in seen) for kind in KINDS}
    assert {kind: count for kind, count in counts.items() if count} == found.counts
    touches = sight.backend.run(
        (
            "SELECT count(*) FROM live_touches WHERE account_id = $id AND occurred_at <= "
            "$now::TIMESTAMPTZ"
        ),
        {"id": mine, "now": sight.known_at},
    ).all()
    assert counts["touches"] == touches[0][0]
    assert all(event.at <= sight.known_at for event in seen)


def test_the_timeline_narrows_to_one_kind(
    client_of: ClientOf, company: Workspace, mine: str
) -> None:
    page = client_of(Role.EXECUTIVE).get(f"/accounts/{mine}?kind=contracts").text
    assert "Contract signed" in page
    assert 'class="entry entry-ticket"' not in page
    assert {event.kind for event in timeline(company.sight(), mine, kind="contracts").events} == {
        "contracts"
    }


def test_a_note_stands_beside_the_figures_for_whoever_may_see_the_account(
    client_of: ClientOf, mine: str
) -> None:
    lead = client_of(Role.ACCOUNT_MANAGER, "kaya.yilmaz@ourfirm.example")
    done = lead.post(
        "/notes",
        data={
            "text": "Renewal talk on <Monday> & after",
            "account": mine,
            "next": f"/accounts/{mine}",
        },
    )
    assert (done.status_code, done.headers["location"].partition("#")[0]) == (
        303,
        f"/accounts/{mine}",
    )
    for client in (lead, client_of(Role.EXECUTIVE)):
        page = client.get(f"/accounts/{mine}?kind=notes").text
        assert page.count("Renewal talk on &lt;Monday&gt; &amp; after") == 2
        assert "<Monday>" not in page


def test_a_note_without_the_sessions_secret_is_refused(client_of: ClientOf, mine: str) -> None:
    client = client_of(Role.EXECUTIVE)
    client.headers.pop("x-csrf")
    assert (
        client.post(
            "/notes", data={"text": "hello", "account": mine, "next": "/accounts"}
        ).status_code
        == 403
    )


def test_the_export_holds_what_happened(client_of: ClientOf, company: Workspace, mine: str) -> None:
    rows = list(
        csv.DictReader(io.StringIO(client_of(Role.EXECUTIVE).get(f"/accounts/{mine}/export").text))
    )
    assert len(rows) == sum(timeline(company.sight(), mine).counts.values())
    assert {row["account"] for row in rows} == {mine}


def test_figures_of_the_account_are_the_engines(
    client_of: ClientOf, company: Workspace, mine: str
) -> None:
    page = client_of(Role.EXECUTIVE).get(f"/accounts/{mine}?period=2025-Q4").text
    found = company.kpi("mrr_end", period="2025-Q4", where=f"account={mine}")[0].value
    assert found is not None
    row = re.search(r'MRR at the end</a></th>\s*<td class="num"><a[^>]*>([^<]+)</a>', page)
    assert row
    assert row[1] == f"{found:,.0f} USD"
