"""Notes: written beside the number, changed by their author or an administrator, and as hidden as
the account that they are about.
"""

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient
from tests.served import Served
from tests.web.reading import sight_of, text_of

from kampass.access import EVERYTHING, Role
from kampass.library.notes import LONGEST, Note

Clients = Callable[[Role], TestClient]


@pytest.fixture
def mine(served: Served) -> str:
    return min(sight_of(served, Role.ACCOUNT_MANAGER).scope.accounts)


@pytest.fixture
def foreign(served: Served) -> str:
    own = sight_of(served, Role.ACCOUNT_MANAGER).scope.accounts
    return next(
        key
        for (key,) in served.workspace.sight()
        .backend.run("SELECT id FROM live_accounts ORDER BY id")
        .all()
        if key not in own
    )


@pytest.fixture
def note(served: Served, mine: str) -> Iterator[Note]:
    """One of the account manager's about an account and a KPI."""
    notes, author = served.workspace.library.notes, served.people[Role.ACCOUNT_MANAGER]
    made = notes.add(
        author,
        text="They move in May",
        scope=EVERYTHING,
        kpi="csat",
        account=mine,
        period="2025-Q4",
    )
    yield made
    if made.id in [one.id for one in notes.about(scope=EVERYTHING)]:
        notes.remove(made.id, author, scope=EVERYTHING)


def kept(served: Served) -> dict[int, str]:
    return {one.id: one.text for one in served.workspace.library.notes.about(scope=EVERYTHING)}


def test_a_note_stands_on_every_page_that_it_is_about(as_role: Clients, note: Note) -> None:
    client = as_role(Role.ACCOUNT_MANAGER)
    for path in ("/kpis/csat?period=2025-Q4", f"/accounts/{note.account}"):
        page = client.get(path).text
        assert "They move in May" in page
        assert f"/notes/{note.id}/remove" in page
        assert "Q4 2025" in text_of(page)
    assert "They move in May" not in client.get("/kpis/nrr").text


def test_it_is_written_changed_and_removed_and_each_of_them_is_audited(
    served: Served, as_role: Clients, mine: str
) -> None:
    client, back = as_role(Role.ACCOUNT_MANAGER), f"/accounts/{mine}#notes"
    done = client.post(
        "/notes", data={"text": "Budget is\r\nfrozen", "account": mine, "next": back}
    )
    assert (done.status_code, done.headers["location"]) == (303, back)
    number = max(kept(served))
    assert kept(served)[number] == "Budget is\nfrozen"
    assert "Budget is\nfrozen" in client.get(f"/notes/{number}", params={"next": back}).text
    assert (
        client.post(f"/notes/{number}", data={"text": "Budget is back", "next": back}).headers[
            "location"
        ]
        == back
    )
    assert kept(served)[number] == "Budget is back"
    assert "edited" in client.get(f"/accounts/{mine}").text
    assert client.post(f"/notes/{number}/remove", data={"next": back}).headers["location"] == back
    assert number not in kept(served)
    assert [
        entry.action
        for entry in served.workspace.people.audit.entries(20)
        if entry.what == str(number)
    ][:3] == [
        "removed a note",
        "changed a note",
        "wrote a note",
    ]


def test_without_a_way_back_it_leads_to_what_the_note_is_about(
    served: Served, as_role: Clients
) -> None:
    done = as_role(Role.EXECUTIVE).post(
        "/notes", data={"text": "A new survey", "kpi": "nps", "next": "//evil.example/"}
    )
    assert done.headers["location"] == "/kpis/nps#notes"
    assert (
        as_role(Role.EXECUTIVE).post(f"/notes/{max(kept(served))}/remove").headers["location"]
        == "/kpis/nps#notes"
    )


@pytest.mark.parametrize(("path", "data"), [("", {"text": "Mine now"}), ("/remove", {})])
@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.TEAM_LEAD, Role.ANALYST])
def test_somebody_elses_note_is_not_changed(
    served: Served, as_role: Clients, note: Note, *, role: Role, path: str, data: dict
) -> None:
    assert as_role(role).post(f"/notes/{note.id}{path}", data=data).status_code == 403
    assert as_role(role).get(f"/notes/{note.id}").status_code == 403
    assert kept(served)[note.id] == "They move in May"
    page = as_role(role).get("/kpis/csat").text
    assert "They move in May" in page
    assert f"/notes/{note.id}/remove" not in page


def test_an_administrator_changes_and_removes_any(
    served: Served, as_role: Clients, note: Note
) -> None:
    client = as_role(Role.ADMIN)
    assert client.post(f"/notes/{note.id}", data={"text": "Put right"}).status_code == 303
    assert kept(served)[note.id] == "Put right"
    assert client.post(f"/notes/{note.id}/remove").status_code == 303


def test_a_note_on_a_foreign_account_does_not_exist(
    served: Served, as_role: Clients, foreign: str
) -> None:
    notes, author = served.workspace.library.notes, served.people[Role.EXECUTIVE]
    hidden = notes.add(
        author, text="They will leave", scope=EVERYTHING, kpi="csat", account=foreign
    )
    client = as_role(Role.ACCOUNT_MANAGER)
    nowhere = client.get("/notes/99999999")
    for answer in (
        client.get(f"/notes/{hidden.id}"),
        client.post(f"/notes/{hidden.id}", data={"text": "x"}),
        client.post(f"/notes/{hidden.id}/remove"),
        client.post("/notes", data={"text": "hello", "account": foreign}),
        client.post("/notes", data={"text": "hello", "account": "no-such-account"}),
    ):
        assert answer.status_code == nowhere.status_code == 404
    assert "They will leave" not in client.get("/kpis/csat").text
    notes.remove(hidden.id, author, scope=EVERYTHING)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"text": "x" * (LONGEST + 1), "kpi": "nps"}, 422),
        ({"text": " ", "kpi": "nps"}, 422),
        ({"text": "x"}, 422),
        ({"text": "x", "kpi": "chrun"}, 404),
        ({"text": "x", "kpi": "nps", "period": "2025-Q9"}, 422),
        ({"text": "x\u202e", "kpi": "nps"}, 422),
    ],
)
def test_what_cannot_be_kept_is_refused(
    served: Served, as_role: Clients, data: dict, status: int
) -> None:
    before = kept(served)
    assert as_role(Role.EXECUTIVE).post("/notes", data=data).status_code == status
    assert kept(served) == before


def test_nothing_changes_without_the_sessions_secret(
    served: Served, as_role: Clients, note: Note
) -> None:
    bare = TestClient(
        served.app, cookies=dict(as_role(Role.ACCOUNT_MANAGER).cookies), follow_redirects=False
    )
    for path, data in (
        ("/notes", {"text": "x", "kpi": "nps"}),
        (f"/notes/{note.id}", {"text": "x"}),
        (f"/notes/{note.id}/remove", {}),
    ):
        assert bare.post(path, data=data).status_code == 403
    assert kept(served)[note.id] == "They move in May"
