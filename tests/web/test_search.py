"""Search and palette: anything by a part of its name, the best first, and never what belongs to
somebody else.
"""

import re
from collections.abc import Callable, Iterable
from html import unescape

import pytest
from starlette.testclient import TestClient
from tests.served import Served
from tests.web.reading import sight_of

from kampass.access import Role
from kampass.catalogue.loader import shipped
from kampass.web.pages.search.view import MOST, Findable, folded

Clients = Callable[[Role], TestClient]


def hits(client: TestClient, words: str) -> list[tuple[str, str]]:
    """The address and title of everything that the palette shows, in order."""
    page = client.get("/palette", params={"q": words}).text
    return [
        (unescape(href), unescape(title))
        for href, title in re.findall(
            r'href="([^"]+)"[^>]*>.*?<span class="palette-title">([^<]*)', page
        )
    ]


def accounts_of(served: Served, *, own: bool) -> list[tuple[str, str]]:
    scope = sight_of(served, Role.ACCOUNT_MANAGER).scope.accounts
    rows: Iterable[tuple[str, str]] = (
        served.workspace.sight().backend.run("SELECT id, name FROM live_accounts ORDER BY id").all()
    )
    return [(key, name) for key, name in rows if (key in scope) is own]


@pytest.mark.parametrize("kpi", tuple(shipped()), ids=lambda kpi: kpi.id)
def test_a_kpi_is_found_first_by_its_id_and_among_the_first_by_its_name(
    as_role: Clients, kpi: object
) -> None:
    client = as_role(Role.ACCOUNT_MANAGER)
    assert hits(client, kpi.id.upper())[0][0] == f"/kpis/{kpi.id}"
    assert (f"/kpis/{kpi.id}", kpi.name) in hits(client, kpi.name)


@pytest.mark.parametrize(
    ("words", "kpi"),
    [
        ("NDR", "nrr"),
        ("churn rate", "customer_churn_rate"),
        ("ltv", "clv"),
        ("net rev", "nrr"),
        ("retention net", "nrr"),
    ],
)
def test_a_kpi_is_found_by_what_else_people_call_it(as_role: Clients, words: str, kpi: str) -> None:
    assert f"/kpis/{kpi}" in [href for href, _ in hits(as_role(Role.EXECUTIVE), words)]


def test_an_account_is_found_by_name_and_by_id(served: Served, as_role: Clients) -> None:
    client = as_role(Role.ACCOUNT_MANAGER)
    for key, name in accounts_of(served, own=True):
        assert f"/accounts/{key}" in [href for href, _ in hits(client, name)]
        assert hits(client, key)[0][0] == f"/accounts/{key}"


def test_nothing_foreign_is_ever_found(served: Served, as_role: Clients) -> None:
    client, mine = (
        as_role(Role.ACCOUNT_MANAGER),
        {name for _, name in accounts_of(served, own=True)},
    )
    foreign = [(key, name) for key, name in accounts_of(served, own=False) if name not in mine]
    assert len(foreign) > 20
    for key, name in foreign:
        for words in (key, name):
            page = client.get("/search", params={"q": words}).text
            assert f"/accounts/{key}" not in page
            assert f"/accounts/{key}" not in client.get("/palette", params={"q": words}).text


def test_dashboards_and_questions_of_others_are_not_found(served: Served, as_role: Clients) -> None:
    library, owner = served.workspace.library, served.people[Role.EXECUTIVE]
    shared = library.dashboards.add(owner, "Quagga board", [], [Role.TEAM_LEAD])
    saved = library.saved.add(owner, "Quagga question", "/kpis/nrr?period=2025-Q4")
    assert {title for _, title in hits(as_role(Role.EXECUTIVE), "quagga")} == {
        "Quagga board",
        "Quagga question",
    }
    assert hits(as_role(Role.TEAM_LEAD), "quagga") == [(f"/dashboards/{shared.id}", "Quagga board")]
    assert hits(as_role(Role.ACCOUNT_MANAGER), "quagga") == []
    library.dashboards.remove(shared.id, owner)
    library.saved.remove(saved.id, owner)


@pytest.mark.parametrize("role", list(Role))
def test_every_page_that_is_offered_opens_for_that_role(as_role: Clients, role: Role) -> None:
    client = as_role(role)
    offered = [href for href, _ in hits(client, "") if not re.match(r"/dashboards/\d", href)]
    assert "/overview" in offered
    for href in offered:
        assert client.get(href).status_code == 200, href


def test_a_beginning_comes_before_a_word_and_that_before_a_part() -> None:
    titles = ["Unrevealed", "Open revenue", "Revenue", "Rev", "Cost"]
    fits = [(Findable(title, "/", "kpis").rank("rev"), title) for title in titles]
    assert [title for _, title in sorted(fits)] == [
        "Rev",
        "Revenue",
        "Open revenue",
        "Unrevealed",
        "Cost",
    ]


def test_a_group_holds_no_more_than_one_can_read(as_role: Clients) -> None:
    page = as_role(Role.EXECUTIVE).get("/palette?q=e").text
    sizes = [group.count('role="option"') for group in page.split('role="group"')[1:]]
    assert max(sizes) == MOST


def test_accents_and_capitals_do_not_matter() -> None:
    assert folded(" ÅNGSTRÖM  Straße ") == folded("angstrom strasse")


def test_what_was_typed_is_text(as_role: Clients) -> None:
    for path in ("/search", "/palette"):
        page = as_role(Role.EXECUTIVE).get(path, params={"q": "<script>alert(1)</script>"}).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_words_have_an_end(as_role: Clients) -> None:
    assert as_role(Role.EXECUTIVE).get("/palette", params={"q": "x" * 201}).status_code == 422


def test_who_is_not_signed_in_finds_nothing(served: Served) -> None:
    stranger = TestClient(served.app, follow_redirects=False)
    assert stranger.get("/palette?q=a", headers={"hx-request": "true"}).status_code == 401
    assert stranger.get("/search?q=a").headers["location"].startswith("/sign-in")
