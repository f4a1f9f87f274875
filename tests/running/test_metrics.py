"""What Prometheus reads: who may, that it adds up, and that it names nobody."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.running.conftest import TOKEN
from tests.running.test_health import client_of, refuse
from tests.security.routes import ROUTES
from tests.security.world import World

from kampass.errors import DataError
from kampass.server.serving import Serving
from kampass.server.watch.secret import metrics_token
from kampass.web.app import application
from kampass.workspace import Workspace
from kampass.workspace.jobs.jobs import Came, Order

BEARER = {"authorization": f"Bearer {TOKEN}"}
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def watched(workspace: Workspace) -> TestClient:
    """A client of a server that has a token for measures."""
    serving = Serving("http://testserver", development=True, metrics_token=TOKEN)
    return TestClient(
        application(workspace, serving), follow_redirects=False, raise_server_exceptions=False
    )


def samples(client: TestClient) -> Samples:
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(found: Samples, name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def test_requests_are_counted_by_template_method_and_status(own: Workspace) -> None:
    client = watched(own)
    for path in ("/health", "/health", "/accounts/A1", "/accounts/A4?q=mk", "/nothing/A1/here"):
        client.get(path)
    name = "kampass_http_request_duration_seconds_count"
    found = samples(client)
    assert of(found, name, method="GET", route="/health", status="200") == 2
    assert of(found, name, method="GET", route="/accounts/{account}", status="303") == 2
    assert of(found, name, method="GET", route="unmatched", status="404") == 1


def test_a_method_that_somebody_made_up_is_one_of_others(own: Workspace) -> None:
    client = watched(own)
    for method in ("BREW", "A1-mk", "X" * 40):
        client.request(method, "/health")
    name = "kampass_http_request_duration_seconds_count"
    found = [key for key in samples(client) if key[0] == name]
    assert {dict(labels)["method"] for _, labels in found} == {"OTHER"}


def test_a_bug_counts_as_500(own: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    client = watched(own)
    with monkeypatch.context() as broken:
        broken.setattr("kampass.server.watch.readiness.Readiness.obstacle", refuse)
        assert client.get("/ready").status_code == 500
    name = "kampass_http_request_duration_seconds_count"
    assert of(samples(client), name, method="GET", route="/ready", status="500") == 1


def test_loads_events_and_jobs_are_those_of_the_database(own: Workspace) -> None:
    """One load that counts, published once; one job done, one that waits."""
    with own.jobs.begun(Order("backup", "a backup")) as job:
        own.jobs.end(job.id, Came())
    own.jobs.ask(Order("sync", "a source", what={}))
    found = samples(watched(own))
    assert of(found, "kampass_loads", state="complete") == 1
    assert of(found, "kampass_loads", state="held") == 0
    assert of(found, "kampass_jobs", state="done") == 1
    assert of(found, "kampass_jobs", state="waiting") == 1
    assert of(found, "kampass_events_total", kind="load_recorded") == 1
    assert of(found, "kampass_events_total", kind="published") == 1
    assert of(found, "kampass_events_total", kind="restated") == 0


def test_two_servers_of_one_workspace_say_the_same_of_it(own: Workspace) -> None:
    other = Workspace(own.folder)
    first, second = samples(watched(own)), samples(watched(other))
    other.close()
    shared = ("kampass_loads", "kampass_jobs", "kampass_events_total")
    assert {key: value for key, value in first.items() if key[0] in shared} == {
        key: value for key, value in second.items() if key[0] in shared
    }


def test_a_job_whose_process_died_is_not_said_to_run(own: Workspace) -> None:
    with own.jobs.begun(Order("backup", "a backup")):
        assert of(samples(watched(own)), "kampass_jobs", state="running") == 1
    found = samples(watched(own))
    assert of(found, "kampass_jobs", state="running") == 0
    assert of(found, "kampass_jobs", state="interrupted") == 1


def test_ages_and_free_bytes_are_those_of_now(own: Workspace) -> None:
    found = samples(watched(own))
    age = (datetime.now(UTC) - own.snapshot().known_at).total_seconds()
    assert of(found, "kampass_snapshot_age_seconds") == pytest.approx(age, abs=60)
    assert 0 <= of(found, "kampass_publication_age_seconds") < 60
    assert of(found, "kampass_disk_free_bytes") > 0
    assert of(found, "kampass_database_up") == 1


def test_where_nothing_is_published_there_is_no_age(empty: Workspace) -> None:
    names = {name for name, _ in samples(watched(empty))}
    assert "kampass_snapshot_age_seconds" not in names
    assert "kampass_loads" in names


def test_a_question_is_counted_whether_or_not_it_had_to_be_worked_out(own: Workspace) -> None:
    client = watched(own)
    for _ in range(3):
        own.sight().kpi("nrr", period="2025-Q4")
    assert of(samples(client), "kampass_questions_total") == 3


def test_a_database_that_is_away_leaves_the_measures_of_the_process(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own.jobs, "settle", refuse)
    found = samples(watched(own))
    assert of(found, "kampass_database_up") == 0
    assert ("kampass_disk_free_bytes", ()) in found
    assert "kampass_loads" not in {name for name, _ in found}


def test_no_label_holds_what_somebody_typed(world: World, admin: dict[str, str]) -> None:
    for route in ROUTES:
        if route.method == "GET":
            world.get("admin", route.at())
    text = world.client.get("/metrics", headers=admin).text
    assert "mk-" not in text
    assert "A1" not in text
    labels = {
        name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name in sample.labels
    }
    assert labels == {"method", "route", "status", "le", "state", "kind", "version"}
    assert {
        sample.labels["route"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "route" in sample.labels
    } <= {route.path for route in ROUTES} | {"unmatched"}


def test_a_stranger_a_wrong_token_and_an_account_manager_read_nothing(own: Workspace) -> None:
    client = watched(own)
    for headers in ({}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": f"Basic {TOKEN}"}):
        answer = client.get("/metrics", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert "kampass_" not in answer.text


def test_the_token_for_measures_opens_nothing_else(own: Workspace) -> None:
    client = watched(own)
    assert client.get("/metrics", headers=BEARER).status_code == 200
    assert client.get("/api/v1/me", headers=BEARER).status_code == 401
    assert client.get("/overview", headers=BEARER).status_code == 303


def test_without_a_token_of_the_server_none_is_taken(own: Workspace) -> None:
    client = client_of(own)
    for given in ("Bearer ", "Bearer", f"Bearer {TOKEN}"):
        assert client.get("/metrics", headers={"authorization": given}).status_code == 401


def test_the_token_is_read_from_the_environment_or_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KAMPASS_METRICS_TOKEN", "KAMPASS_METRICS_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert metrics_token() == ""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    monkeypatch.setenv("KAMPASS_METRICS_TOKEN_FILE", str(file))
    assert metrics_token() == TOKEN
    monkeypatch.setenv("KAMPASS_METRICS_TOKEN", "b" * 32)
    assert metrics_token() == "b" * 32


@pytest.mark.parametrize("given", ["short", "é" * 32, "a" * 15])
def test_a_token_that_could_be_guessed_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAMPASS_METRICS_TOKEN", given)
    with pytest.raises(DataError) as raised:
        metrics_token()
    assert raised.value.code == "bad_metrics_token"
    assert given not in raised.value.message + raised.value.hint


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_a_token_file_that_holds_none_is_refused_instead_of_opening_the_door(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAMPASS_METRICS_TOKEN", raising=False)
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("KAMPASS_METRICS_TOKEN_FILE", str(file))
    with pytest.raises(DataError):
        metrics_token()
