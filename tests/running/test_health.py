"""What a proxy and a container runtime ask: whether the process answers, and whether it could."""

from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests.security.world import World

from kampass.people.keys.sessions import Sessions
from kampass.server.serving import Serving
from kampass.server.watch.readiness import READY, Readiness
from kampass.web.app import application
from kampass.workspace import Workspace


def client_of(workspace: Workspace, url: str = "http://testserver") -> TestClient:
    app = application(workspace, Serving(url, development=True))
    return TestClient(app, follow_redirects=False, raise_server_exceptions=False)


def refuse(*_: object, **__: object) -> Any:
    raise sa.exc.OperationalError("SELECT", {}, Exception("secret-host is gone"))


def test_health_answers_while_the_database_does_not(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(own)
    monkeypatch.setattr(own.manifest, "current", refuse)
    monkeypatch.setattr(Sessions, "find", refuse)
    answer = client.get("/health", headers={"cookie": "kampass=anything"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert client.get("/ready").status_code == 503


def test_a_workspace_whose_snapshot_opens_is_ready(own: Workspace) -> None:
    answer = client_of(own).get("/ready")
    assert (answer.status_code, answer.text) == (200, "ready")
    assert answer.headers["cache-control"] == "no-store"


def test_a_workspace_where_nothing_is_published_is_ready_for_the_first_file(
    empty: Workspace,
) -> None:
    assert client_of(empty).get("/ready").status_code == 200


def test_a_database_that_is_away_is_named_by_its_kind_alone(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own.manifest, "current", refuse)
    answer = client_of(own).get("/ready")
    assert answer.status_code == 503
    assert answer.text == "not ready: the database cannot be reached"


def test_a_snapshot_that_neither_opens_nor_can_be_built_again_is_not_ready(
    own: Workspace,
) -> None:
    for file in (own.folder / ".kampass").rglob("*"):
        if file.suffix in {".duckdb", ".parquet"}:
            file.write_bytes(b"nothing that opens")
    answer = client_of(own).get("/ready")
    assert answer.status_code == 503
    assert answer.text == "not ready: the current snapshot cannot be opened"


def test_a_snapshot_that_is_gone_is_built_again_by_the_probe(own: Workspace) -> None:
    for file in (own.folder / ".kampass" / "snapshots").glob("*.duckdb"):
        file.unlink()
    assert client_of(own).get("/ready").status_code == 200


def test_however_many_ask_it_is_looked_up_once_a_second(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, now = [], [0.0]
    real = own.manifest.current
    monkeypatch.setattr(own.manifest, "current", lambda: looked.append(1) or real())
    readiness = Readiness(own, clock=lambda: now[0])
    assert {readiness.obstacle() for _ in range(100)} == {READY}
    once = len(looked)
    now[0] = 1.5
    readiness.obstacle()
    assert len(looked) > once
    assert once <= 3


def test_what_became_ready_again_says_so_a_second_later(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    readiness = Readiness(own, clock=lambda: now[0])
    with monkeypatch.context() as away:
        away.setattr(own.manifest, "current", refuse)
        assert readiness.obstacle() == "database"
    assert readiness.obstacle() == "database"
    now[0] = 1.0
    assert readiness.obstacle() == READY


def test_a_look_that_takes_long_leaves_nobody_waiting_and_nobody_believing(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another probe comes 0, 5 and 11 seconds after a look began that has not ended."""
    now, heard = [0.0], []
    readiness = Readiness(own, clock=lambda: now[0])
    assert readiness.obstacle() == READY
    real = own.manifest.current

    def slow() -> str | None:
        for now[0] in (2.0, 7.0, 13.0):
            heard.append(readiness.obstacle())
        return real()

    now[0] = 2.0
    monkeypatch.setattr(own.manifest, "current", slow)
    assert readiness.obstacle() == READY
    assert heard[:3] == [READY, READY, "slow"]


def test_a_database_whose_file_is_gone_is_not_ready(own: Workspace) -> None:
    client = client_of(own)
    (own.folder / ".kampass" / "app.db").rename(own.folder / "elsewhere")
    assert client.get("/ready").text == "not ready: the database cannot be reached"
    assert client.get("/health").text == "ok"


@pytest.mark.parametrize("path", ["/health", "/ready", "/healthz"])
def test_a_probe_may_call_by_any_address_and_learns_nothing(own: Workspace, path: str) -> None:
    client = client_of(own, "https://kampass.example.com")
    answer = client.get(path, headers={"host": "10.1.2.3:8090"})
    assert answer.status_code == 200
    assert answer.text in {"ok", "ready"}
    assert client.get("/sign-in", headers={"host": "10.1.2.3:8090"}).status_code == 400


def test_who_is_signed_in_hears_the_same_as_a_stranger(world: World) -> None:
    for path in ("/health", "/ready"):
        assert world.get("admin", path).text == world.get(None, path).text
