"""My portfolio: who needs somebody and why, for each role within what it may see."""

import csv
import io
import re

from tests.web.book import ClientOf, client_of, company, email_of

from kampass.access import Role
from kampass.book.accounts import accounts
from kampass.book.attention import attention
from kampass.book.managers import managers
from kampass.workspace import Workspace

__all__ = ["client_of", "company"]


def manager_email(company: Workspace, place: int = 0) -> tuple[str, str]:
    """The user id and address of the account manager with the most accounts that need somebody, or
    the next ones.
    """
    sight = company.sight()
    busy = sorted(
        managers(sight),
        key=lambda one: -sum(needing.account.manager == one.id for needing in attention(sight)),
    )[place]
    return busy.id, email_of(company, busy.id)


def test_an_account_manager_sees_the_own_accounts_that_need_somebody_and_every_reason(
    client_of: ClientOf, company: Workspace
) -> None:
    user, email = manager_email(company)
    page = client_of(Role.ACCOUNT_MANAGER, email).get("/portfolio")
    assert page.status_code == 200
    mine = [needing for needing in attention(company.sight()) if needing.account.manager == user]
    assert mine
    for needing in mine[:10]:
        assert f'href="/accounts/{needing.account.id}"' in page.text
        for reason in needing.reasons:
            assert reason.text in page.text
    assert "There is no score" in page.text


def test_nothing_of_a_colleagues_accounts_is_on_the_page(
    client_of: ClientOf, company: Workspace
) -> None:
    user, email = manager_email(company)
    page = client_of(Role.ACCOUNT_MANAGER, email).get("/portfolio?more=1").text
    foreign = [account for account in accounts(company.sight()) if account.manager != user]
    assert foreign
    assert [account.name for account in foreign if account.name in page or account.id in page] == []


def test_an_account_manager_cannot_ask_for_a_colleague(
    client_of: ClientOf, company: Workspace
) -> None:
    _, email = manager_email(company)
    other, _ = manager_email(company, 1)
    client = client_of(Role.ACCOUNT_MANAGER, email)
    theirs, nobodys = (
        client.get(f"/portfolio?manager={other}"),
        client.get("/portfolio?manager=nobody"),
    )
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert theirs.text == nobodys.text


def test_a_lead_switches_between_the_people_of_the_team(
    client_of: ClientOf, company: Workspace
) -> None:
    one = managers(company.sight())[0]
    email = email_of(company, one.id)
    client = client_of(Role.TEAM_LEAD, email)
    everybody, alone = (
        client.get("/portfolio").text,
        client.get(f"/portfolio?manager={one.id}").text,
    )
    team = [manager for manager in managers(company.sight()) if manager.team_id == one.team_id]
    assert len(team) > 1
    assert all(manager.name in everybody for manager in team)
    assert f"Which of {one.name}&#39;s accounts need somebody today?" in alone
    assert (
        client.get(
            "/portfolio?manager="
            + next(m.id for m in managers(company.sight()) if m.team_id != one.team_id)
        ).status_code
        == 404
    )


def test_an_executive_is_told_what_the_page_is_for_and_chooses_somebody(
    client_of: ClientOf, company: Workspace
) -> None:
    client = client_of(Role.EXECUTIVE)
    page = client.get("/portfolio").text
    assert "Whose accounts do you want to see?" in page
    links = re.findall(r'href="(/portfolio\?manager=[^"]+)"', page)
    assert len(links) == len(managers(company.sight()))
    assert "need somebody today?" in client.get(links[0]).text


def test_somebody_without_accounts_is_told_what_to_do(client_of: ClientOf) -> None:
    page = client_of(Role.ACCOUNT_MANAGER, "nobody@elsewhere.example").get("/portfolio")
    assert page.status_code == 200
    assert "No account is yours yet" in page.text
    assert "Ask an admin" in page.text


def test_the_list_narrows_to_one_reason(client_of: ClientOf, company: Workspace) -> None:
    user, email = manager_email(company)
    client = client_of(Role.ACCOUNT_MANAGER, email)
    rows = list(csv.DictReader(io.StringIO(client.get("/portfolio/export?reason=renewal").text)))
    expected = [
        reason.text
        for needing in attention(company.sight())
        if needing.account.manager == user
        for reason in needing.reasons
        if reason.kind == "renewal"
    ]
    assert [row["text"] for row in rows] == expected


def test_a_period_that_is_none_keeps_what_was_typed(
    client_of: ClientOf, company: Workspace
) -> None:
    _, email = manager_email(company)
    page = client_of(Role.ACCOUNT_MANAGER, email).get("/portfolio?period=someday")
    assert page.status_code == 422
    assert 'value="someday"' in page.text
