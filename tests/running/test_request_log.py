"""Every request has an id; a log of JSON lines has one for each, and none tells a secret."""

import io
import json
import logging
import logging.config
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.running.test_health import client_of, refuse
from tests.security.world import World

from kampass.server.watch.log import RequestLog, Sparing, SparingFilter, log_config
from kampass.server.watch.requests import Answered
from kampass.workspace import Workspace

MADE = re.compile(r"[0-9a-f]{16}")
NAMES = ("kampass", "kampass.requests", "uvicorn", "uvicorn.error", "uvicorn.access")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a server with --log json writes."""
    kept = {name: (logging.getLogger(name), dict(vars(logging.getLogger(name)))) for name in NAMES}
    stream, config = io.StringIO(), log_config("json")
    config["handlers"]["json"]["stream"] = stream
    logging.config.dictConfig(config)
    yield stream
    for logger, before in kept.values():
        logger.setLevel(before["level"])
        logger.handlers, logger.filters = before["handlers"], before["filters"]
        logger.propagate = before["propagate"]


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def client(world: World) -> TestClient:
    return world.client


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64])
def test_an_id_that_is_short_and_plain_is_taken_over(client: TestClient, given: str) -> None:
    assert client.get("/health", headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", '"}', "a;b", "é", "a,b"])
def test_another_one_is_replaced(client: TestClient, given: str) -> None:
    headers = [(b"x-request-id", given.encode())]
    answer = client.get("/health", headers=headers)  # type: ignore[arg-type]
    assert MADE.fullmatch(answer.headers["x-request-id"])


def test_two_ids_are_none(client: TestClient) -> None:
    headers = [("x-request-id", "one"), ("x-request-id", "two")]
    answer = client.get("/health", headers=headers)  # type: ignore[arg-type]
    assert MADE.fullmatch(answer.headers["x-request-id"])


def test_every_kind_of_answer_carries_one_id(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page, a redirect, a problem, another host, a bug."""
    monkeypatch.setattr("kampass.server.watch.readiness.Readiness.obstacle", refuse)
    for path, status, host in (
        ("/sign-in", 200, "testserver"),
        ("/", 303, "testserver"),
        ("/api/v1/me", 401, "testserver"),
        ("/nothing", 404, "testserver"),
        ("/sign-in", 400, "evil.example"),
        ("/ready", 500, "testserver"),
    ):
        answer = world.client.get(path, headers={"x-request-id": "mine", "host": host})
        assert answer.status_code == status
        assert answer.headers.get_list("x-request-id") == ["mine"]


def test_problems_have_the_keys_that_are_documented_and_no_id_beside_them(
    client: TestClient,
) -> None:
    """What is not yours to see must be answered as what does not exist, to the byte."""
    answer = client.get("/api/v1/me")
    assert answer.json().keys() == {"type", "title", "status", "code", "detail", "hint"}


def test_a_request_is_one_line_with_its_template_and_not_its_path(
    world: World, lines: io.StringIO
) -> None:
    world.get("admin", "/accounts/A1", params={"q": "mk-secret"}, headers={"x-request-id": "mine"})
    (line,) = written(lines)
    assert line.pop("ms") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "INFO",
        "id": "mine",
        "method": "GET",
        "route": "/accounts/{account}",
        "status": 200,
        "person": world.people["admin"].id,
    }


def test_no_line_holds_a_secret_or_what_somebody_typed(world: World, lines: io.StringIO) -> None:
    token = world.tokens["admin", "read"]
    world.client.get("/api/v1/accounts/A1", headers={"authorization": f"Bearer {token}"})
    world.client.get("/reset", params={"ticket": "hush-hush"})
    world.ask(None, "POST", "/sign-in", data={"email": "u1@firm.example", "password": "hush-hush"})
    world.client.get("/mk-nothing", headers={"user-agent": "mk-agent", "referer": "mk-page"})
    text = lines.getvalue()
    assert len(written(lines)) == 4
    for secret in (token, "hush-hush", "u1@firm.example", "mk-", "A1", world.sessions["admin"][0]):
        assert secret not in text


def test_a_bug_is_logged_under_the_id_of_its_request(
    own: Workspace, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kampass.server.watch.readiness.Readiness.obstacle", refuse)
    client_of(own).get("/ready", headers={"x-request-id": "mine"})
    incident = next(line for line in written(lines) if "incident" in line.get("message", ""))
    assert incident["id"] == "mine"
    assert "OperationalError" in incident["error"]
    request = next(line for line in written(lines) if "route" in line)
    assert (request["status"], request["id"]) == (500, "mine")


def test_in_words_nothing_is_written_of_requests(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/health")
    assert not [record for record in caplog.records if record.name.startswith("kampass")]


def test_of_strangers_a_minute_takes_so_many_lines_and_says_how_many_it_left_out(
    lines: io.StringIO,
) -> None:
    now = [0.0]
    log = RequestLog(Sparing(3, lambda: now[0]))
    stranger = Answered("i", "GET", "unmatched", 404, 0.001, None)
    for _ in range(10):
        log(stranger)
    log(Answered("i", "GET", "/overview", 200, 0.001, 7))
    assert [line["person"] for line in written(lines)] == [None, None, None, 7]
    now[0] = 60.0
    log(stranger)
    *_, left_out, last = written(lines)
    assert left_out["left_out"] == 7
    assert last["route"] == "unmatched"


def test_other_troubles_are_spared_too_and_told() -> None:
    """Strangers make uvicorn complain of requests that are none."""
    sparing = SparingFilter(2)
    now = [0.0]
    sparing._sparing.clock = lambda: now[0]
    record = logging.makeLogRecord({"msg": "Invalid HTTP request received."})
    assert [sparing.filter(record) for _ in range(5)] == [True, True, False, False, False]
    now[0] = 61.0
    assert sparing.filter(record)
    assert record.getMessage() == (
        "Invalid HTTP request received. (3 lines before this one were left out)"
    )
