"""What the API answers: the contract's shapes, pieces of one snapshot, tags that tell whether
anything changed, problems with codes.
"""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.served import Served

from kampass.access import Role
from kampass.workspace.jobs.jobs import Order

Clients = Callable[[Role], TestClient]
QUESTION = "/api/v1/kpis/nrr,mrr_end?period=2025-Q3&by=segment&compare=previous"


def test_an_answer_is_the_one_that_python_gives(served: Served, client_as: Clients) -> None:
    expected = served.workspace.kpi(
        ["nrr", "mrr_end"], period="2025-Q3", by="segment", compare="previous"
    ).to_dicts()
    assert client_as(Role.EXECUTIVE).get(QUESTION).json() == expected


def test_an_account_manager_gets_figures_of_their_own_accounts(
    served: Served, client_as: Clients
) -> None:
    place = served.people[Role.ACCOUNT_MANAGER]
    scope = served.workspace.sights.scope_of(place.role, place.user_id, None)
    where = f"account in {','.join(sorted(scope.accounts or ()))}"
    expected = served.workspace.kpi("mrr_end", period="2025-Q3", where=where).to_dicts()
    assert (
        client_as(Role.ACCOUNT_MANAGER).get("/api/v1/kpis/mrr_end?period=2025-Q3").json()
        == expected
    )
    assert (
        expected[0]["value"]
        != client_as(Role.EXECUTIVE).get("/api/v1/kpis/mrr_end?period=2025-Q3").json()[0]["value"]
    )


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
    ],
)
def test_files_hold_the_same_numbers(client_as: Clients, accept: str, media: str) -> None:
    client = client_as(Role.ANALYST)
    shown = [answer["value"] for answer in client.get(QUESTION).json()]
    response = client.get(QUESTION, headers={"accept": f"{accept}, application/json;q=0.5"})
    assert response.headers["content-type"] == media
    if accept == "text/csv":
        values = [
            float(row["value"]) if row["value"] else None
            for row in csv.DictReader(io.StringIO(response.text))
        ]
    else:
        values = pq.read_table(io.BytesIO(response.content)).column("value").to_pylist()
    assert values == shown


def test_a_tag_spares_the_answer_and_belongs_to_one_caller(client_as: Clients) -> None:
    leader, manager = client_as(Role.EXECUTIVE), client_as(Role.ACCOUNT_MANAGER)
    tag = leader.get(QUESTION).headers["etag"]
    assert leader.get(QUESTION, headers={"if-none-match": tag}).status_code == 304
    assert (
        leader.get(QUESTION.replace("Q3", "Q2"), headers={"if-none-match": tag}).status_code == 200
    )
    assert manager.get(QUESTION, headers={"if-none-match": tag}).status_code == 200


def test_a_load_changes_the_tag_and_pieces_go_on_from_the_snapshot_they_began_with(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Three accounts in pieces of one; a fourth comes in between and stands in none of them."""
    from kampass.server.serving import Serving
    from kampass.web.app import application
    from kampass.workspace import create
    from kampass.workspace.settings import SourceSettings, WorkspaceSettings

    folder = tmp_path_factory.mktemp("pieces")
    (folder / "files").mkdir()
    lines = [f"s{number},a{number},100,USD,2025-01-01" for number in range(4)]
    (folder / "files" / "accounts.csv").write_text(
        "id,name\n" + "".join(f"a{number},A{number}\n" for number in range(4)), encoding="utf-8"
    )
    subscriptions = folder / "files" / "subscriptions.csv"
    subscriptions.write_text(
        "id,account_id,mrr,currency,valid_from\n" + "\n".join(lines[:3]) + "\n", encoding="utf-8"
    )
    workspace = create(
        folder / "w",
        WorkspaceSettings(
            sources=(SourceSettings("files", "folder", {"path": str(folder / "files")}),)
        ),
    )
    workspace.sync(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    person = workspace.people.accounts.add("ann@example.com", "Ann", Role.EXECUTIVE)
    secret, _ = workspace.people.tokens.make(
        person.id, "test", ["read"], datetime.now(UTC) + timedelta(days=1)
    )
    client = TestClient(
        application(workspace, Serving("http://testserver", development=True)),
        headers={"authorization": f"Bearer {secret}"},
    )
    path = "/api/v1/kpis/mrr_end/rows?period=2025&limit=1"
    first = client.get(path)
    subscriptions.write_text(
        "id,account_id,mrr,currency,valid_from\n" + "\n".join(reversed(lines)) + "\n",
        encoding="utf-8",
    )
    workspace.sync(recorded_at=datetime(2026, 1, 2, tzinfo=UTC))
    pieces, page = [first.json()], first.json()
    while page["next"]:
        page = client.get(page["next"]).json()
        pieces.append(page)
    assert [[row["id"] for row in piece["items"]] for piece in pieces] == [["s0"], ["s1"], ["s2"]]
    assert len({piece["snapshot"] for piece in pieces}) == 1
    assert client.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 200
    workspace.close()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/kpis/chrun_rate?period=2025", 404, "unknown_kpi"),
        ("/api/v1/kpis/nrr?period=2025-13", 422, "bad_period"),
        ("/api/v1/kpis/nrr?period=2025&by=colour", 404, "unknown_dimension"),
        ("/api/v1/kpis/nrr?period=2025&where=colour", 422, "bad_filter"),
        ("/api/v1/kpis/nrr", 422, "bad_request"),
        ("/api/v1/kpis/nrr?period=2025&snapshot=zzz", 404, "unknown_snapshot"),
        ("/api/v1/kpis/enps/rows?period=2025", 422, "rows_hidden"),
        ("/api/v1/kpis/nrr/rows?period=2025&after=nonsense", 422, "bad_piece"),
        ("/api/v1/accounts/nobody", 404, "not_found"),
        ("/api/v1/nothing", 404, "not_found"),
    ],
)
def test_a_problem_has_a_status_a_code_and_words(
    client_as: Clients, path: str, status: int, code: str
) -> None:
    response = client_as(Role.ADMIN).get(path)
    assert (response.status_code, response.json()["code"], response.headers["content-type"]) == (
        status,
        code,
        "application/problem+json",
    )
    assert response.json()["detail"]


def test_a_foreign_account_answers_as_one_that_does_not_exist(
    served: Served, client_as: Clients
) -> None:
    place = served.people[Role.ACCOUNT_MANAGER]
    own = served.workspace.sights.scope_of(place.role, place.user_id, None).accounts or frozenset()
    every = {
        row[0] for row in served.workspace.sight().backend.run("SELECT id FROM accounts").all()
    }
    foreign, mine = min(every - own), min(own)
    client = client_as(Role.ACCOUNT_MANAGER)
    assert client.get(f"/api/v1/accounts/{mine}").status_code == 200
    answers = [client.get(f"/api/v1/accounts/{account}") for account in (foreign, "there-is-none")]
    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].content == answers[1].content
    assert {
        account["id"] for account in client.get("/api/v1/accounts?limit=1000").json()["items"]
    } == set(own)


def test_a_token_does_what_its_scopes_say(served: Served) -> None:
    reader = served.client(Role.ADMIN, "read")
    assert reader.get(QUESTION).status_code == 200
    refused = [
        reader.get(QUESTION, headers={"accept": "text/csv"}),
        reader.post("/api/v1/notes", json={"text": "a", "kpi": "nrr"}),
        reader.get("/api/v1/people"),
    ]
    assert [(response.status_code, response.json()["code"]) for response in refused] == [
        (403, "token_scope")
    ] * 3
    assert (
        TestClient(served.app, headers={"authorization": "Bearer kp_wrong"})
        .get(QUESTION)
        .json()["code"]
        == "bad_token"
    )
    assert TestClient(served.app).get(QUESTION).status_code == 401


def test_a_note_is_written_read_changed_and_removed(client_as: Clients) -> None:
    client = client_as(Role.ACCOUNT_MANAGER)
    made = client.post(
        "/api/v1/notes", json={"text": "The price rise", "kpi": "nrr", "period": "2025-Q3"}
    )
    assert made.status_code == 201
    number = made.json()["id"]
    assert [
        note["text"]
        for note in client_as(Role.EXECUTIVE).get("/api/v1/notes?kpi=nrr").json()["items"]
    ] == ["The price rise"]
    assert (
        client_as(Role.EXECUTIVE)
        .patch(f"/api/v1/notes/{number}", json={"text": "Not mine"})
        .status_code
        == 403
    )
    assert (
        client.patch(f"/api/v1/notes/{number}", json={"text": "The price rise of July"}).json()[
            "text"
        ]
        == "The price rise of July"
    )
    assert client.delete(f"/api/v1/notes/{number}").status_code == 204
    assert client.get("/api/v1/notes?kpi=nrr").json()["items"] == []


def test_a_dashboard_is_its_owner_s_to_change_and_seen_by_the_roles_it_is_shared_with(
    client_as: Clients,
) -> None:
    tile = {"id": "one", "x": 0, "y": 0, "w": 4, "h": 2, "kpi": "nrr", "kind": "figure"}
    owner = client_as(Role.ANALYST)
    number = owner.post(
        "/api/v1/dashboards", json={"name": "Board", "layout": [tile], "shared_with": ["executive"]}
    ).json()["id"]
    path = f"/api/v1/dashboards/{number}"
    assert client_as(Role.EXECUTIVE).get(path).json()["layout"] == [tile]
    assert client_as(Role.ACCOUNT_MANAGER).get(path).status_code == 404
    assert (
        client_as(Role.EXECUTIVE).put(path, json={"name": "Mine", "layout": []}).status_code == 403
    )
    assert owner.put(path, json={"name": "Board", "layout": []}).json()["layout"] == []
    assert owner.delete(path).status_code == 204


def test_every_load_adds_up(client_as: Clients) -> None:
    loads = client_as(Role.EXECUTIVE).get("/api/v1/loads").json()["items"]
    assert len(loads) == 2
    for load in loads:
        assert (
            load["read"]
            == load["loaded"] + load["unchanged"] + load["superseded"] + load["quarantined"]
        )
    assert client_as(Role.TEAM_LEAD).get("/api/v1/loads").status_code == 403


def test_people_see_their_own_jobs_and_those_who_see_everything_see_all(
    served: Served, client_as: Clients
) -> None:
    """A job of an account manager and one of an analyst, both waiting: how much there is to do
    nobody knows yet.
    """
    jobs = served.workspace.jobs
    own, other = (
        jobs.ask(Order("sync", "Reading crm", person.id, person.name, {"source": "crm"}))
        for person in (served.people[Role.ACCOUNT_MANAGER], served.people[Role.ANALYST])
    )
    shown = client_as(Role.ACCOUNT_MANAGER).get("/api/v1/jobs").json()
    assert [job["id"] for job in shown["items"]] == [own.id]
    assert shown["items"][0] | {"asked_at": ""} == {
        "id": own.id,
        "kind": "sync",
        "title": "Reading crm",
        "person_id": own.person,
        "asked_by": "Account manager",
        "state": "waiting",
        "outcome": None,
        "step": "",
        "done": 0,
        "total": None,
        "unit": None,
        "asked_at": "",
        "started_at": None,
        "finished_at": None,
        "message": "",
        "hint": "",
        "code": None,
        "loads": [],
        "snapshot": None,
    }
    assert (
        client_as(Role.ACCOUNT_MANAGER).get(f"/api/v1/jobs/{other.id}").json()["code"]
        == "not_found"
    )
    assert client_as(Role.TEAM_LEAD).get("/api/v1/jobs").json()["items"] == []
    first = client_as(Role.EXECUTIVE).get("/api/v1/jobs?limit=1").json()
    assert [job["id"] for job in first["items"]] == [other.id]
    assert [job["id"] for job in client_as(Role.EXECUTIVE).get(first["next"]).json()["items"]] == [
        own.id
    ]
    assert client_as(Role.ADMIN).get(f"/api/v1/jobs/{own.id}").json() == shown["items"][0]


def test_the_description_names_every_route_with_its_roles(
    served: Served, client_as: Clients
) -> None:
    described = client_as(Role.ADMIN).get("/api/v1/openapi.json").json()
    paths = {route.path for route in served.app.routes if route.path.startswith("/api/v1/")}  # type: ignore[attr-defined]
    assert set(described["paths"]) == paths
    operations = [
        operation for methods in described["paths"].values() for operation in methods.values()
    ]
    assert all(
        operation["x-roles"] and {"401", "403", "422"} <= operation["responses"].keys()
        for operation in operations
    )
