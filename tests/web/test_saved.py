"""Saved questions: under a name of one's own, found again by nobody else, and never a way to
another site.
"""

from collections.abc import Callable, Iterator
from html import unescape

import pytest
from starlette.testclient import TestClient
from tests.served import Served

from kampass.access import Role
from kampass.library.saved import Saved

Clients = Callable[[Role], TestClient]
QUERY = "/kpis/nrr?period=2025-Q4&by=segment&where=region%3DEMEA"


@pytest.fixture
def saved(served: Served) -> Iterator[Saved]:
    owner, questions = served.people[Role.EXECUTIVE], served.workspace.library.saved
    made = questions.add(owner, "NRR of EMEA", QUERY)
    yield made
    if made.id in [one.id for one in questions.all(owner)]:
        questions.remove(made.id, owner)


def names(served: Served) -> list[str]:
    return [one.name for one in served.workspace.library.saved.all(served.people[Role.EXECUTIVE])]


def test_the_question_of_a_page_is_saved_whole_and_asked_again(
    served: Served, as_role: Clients
) -> None:
    client = as_role(Role.EXECUTIVE)
    for page in ("/kpis/nrr?by=segment", "/overview"):
        html = client.get(page).text
        query = unescape(html.split('name="query" value="')[1].split('"')[0])
        assert "period=2025-Q4" in query
        done = client.post("/saved", data={"name": "My <b>question</b>", "query": query})
        assert (done.status_code, done.headers["location"]) == (303, query)
        assert client.get(query).status_code == 200
    listed = client.get("/saved").text
    assert listed.count("My &lt;b&gt;question&lt;/b&gt;</a>") == 2
    assert [entry.action for entry in served.workspace.people.audit.entries(2)] == [
        "saved a question"
    ] * 2
    for one in served.workspace.library.saved.all(served.people[Role.EXECUTIVE]):
        assert client.post(f"/saved/{one.id}/remove").status_code == 303
    assert "No question is saved yet" in client.get("/saved").text


def test_it_is_renamed_and_forgotten_and_audited(
    served: Served, as_role: Clients, saved: Saved
) -> None:
    client = as_role(Role.EXECUTIVE)
    assert (
        client.post(f"/saved/{saved.id}", data={"name": "Retention in EMEA"}).headers["location"]
        == "/saved"
    )
    assert names(served) == ["Retention in EMEA"]
    assert client.post(f"/saved/{saved.id}/remove").status_code == 303
    assert names(served) == []
    actions = [
        entry.action
        for entry in served.workspace.people.audit.entries(20)
        if entry.what == str(saved.id)
    ]
    assert actions[:2] == ["removed a saved question", "renamed a saved question"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST, Role.ACCOUNT_MANAGER])
def test_somebody_elses_question_does_not_exist(
    served: Served, as_role: Clients, saved: Saved, role: Role
) -> None:
    client = as_role(role)
    assert client.post(f"/saved/{saved.id}", data={"name": "Mine"}).status_code == 404
    assert client.post(f"/saved/{saved.id}/remove").status_code == 404
    assert "NRR of EMEA" not in client.get("/saved").text
    assert names(served) == ["NRR of EMEA"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": "x", "query": "//evil.example/"}, 422),
        ({"name": "x", "query": "https://evil.example"}, 422),
        ({"name": "x", "query": "/\\evil"}, 422),
        ({"name": "x", "query": "javascript:alert(1)"}, 422),
        ({"name": "", "query": QUERY}, 422),
        ({"name": "x" * 121, "query": QUERY}, 422),
        ({"name": "x", "query": "/" + "x" * 2000}, 422),
    ],
)
def test_what_leads_elsewhere_or_is_too_long_is_refused(
    served: Served, as_role: Clients, data: dict, status: int
) -> None:
    assert as_role(Role.EXECUTIVE).post("/saved", data=data).status_code == status
    assert names(served) == []


def test_nothing_changes_without_the_sessions_secret(
    served: Served, as_role: Clients, saved: Saved
) -> None:
    bare = TestClient(
        served.app, cookies=dict(as_role(Role.EXECUTIVE).cookies), follow_redirects=False
    )
    for path, data in (
        ("/saved", {"name": "x", "query": QUERY}),
        (f"/saved/{saved.id}", {"name": "x"}),
        (f"/saved/{saved.id}/remove", {}),
    ):
        assert bare.post(path, data=data).status_code == 403
    assert names(served) == ["NRR of EMEA"]


@pytest.mark.parametrize(
    "page", ["/kpis/nrr?by=segment", "/overview", "/dashboards/{}", "/accounts?q=inc"]
)
def test_the_link_that_is_copied_carries_the_whole_question(
    served: Served, as_role: Clients, page: str
) -> None:
    owner, dashboards = served.people[Role.EXECUTIVE], served.workspace.library.dashboards
    board = dashboards.add(owner, "Board", [])
    html = as_role(Role.EXECUTIVE).get(page.format(board.id)).text
    dashboards.remove(board.id, owner)
    link = unescape(html.split('data-copy-link="')[1].split('"')[0])
    assert link.startswith(page.format(board.id).split("?")[0])
    assert "period=2025-Q4" in link
