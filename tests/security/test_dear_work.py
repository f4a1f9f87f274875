"""What costs much is not to be had by whoever may not have it, and not by all at once."""

import asyncio
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.security.world import PASSWORD, World

from kampass.people.accounts import passwords
from kampass.server.limits import Limits
from kampass.server.serving import Serving
from kampass.store.turns import Turns
from kampass.web.app import application


@contextmanager
def none_free() -> Iterator[None]:
    """Somebody else has the only turn."""
    before, passwords.TURNS = passwords.TURNS, Turns(1, 0, patience=0)
    try:
        with passwords.TURNS.taken():
            yield
    finally:
        passwords.TURNS = before


@pytest.mark.parametrize("who", ["account_manager", "team_lead", "executive"])
def test_who_may_not_upload_is_told_before_the_file_is_read(world: World, who: str) -> None:
    """120 MB that would be read from the network, part by part."""
    secret, _ = world.sessions[who]
    read, answered = 0, dict[str, Any]()

    async def receive() -> MutableMapping[str, Any]:
        nonlocal read
        read += 1 << 20
        assert read <= 120 << 20
        return {"type": "http.request", "body": b"x" * (1 << 20), "more_body": True}

    async def send(message: MutableMapping[str, Any]) -> None:
        answered.update(message)

    headers = {
        "host": "testserver",
        "cookie": f"kampass={secret}",
        "content-type": "multipart/form-data; boundary=x",
        "content-length": str(120 << 20),
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/data/upload",
        "raw_path": b"/data/upload",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    asyncio.run(world.app(scope, receive, send))
    assert (answered["status"], read) == (403, 0)


def test_sign_ins_beyond_the_queue_are_told_to_come_again_and_cost_no_attempt(
    world: World,
) -> None:
    form = {"email": world.people["analyst"].email, "password": PASSWORD}
    with none_free():
        for _ in range(12):
            refused = world.ask(None, "POST", "/sign-in", data=form)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert "Others are being served" in refused.text
        assert world.get(None, "/sign-in").status_code == 200
    assert world.ask(None, "POST", "/sign-in", data=form).status_code == 303


def test_a_hundred_sign_ins_at_once_never_hash_more_than_two(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    class Slow:
        """Stands for the hash, and counts who is at it."""

        def verify_and_update(self, *_: object) -> tuple[bool, None]:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.02)
            with lock:
                at_once -= 1
            return False, None

        def hash(self, _: str) -> str:
            return ""

    monkeypatch.setattr(passwords, "HASHING", Slow())
    answers: list[bool | None] = []

    def one() -> None:
        try:
            answers.append(passwords.matches("x", "y")[0])
        except Exception:  # noqa: BLE001 - counted
            answers.append(None)

    threads = [threading.Thread(target=one) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 2
    assert len(answers) == 100 and answers.count(None) >= 50


def test_pages_have_a_limit_for_each_person(world: World) -> None:
    serving = Serving("http://testserver", limits=Limits(page=3))
    client = TestClient(application(world.workspace, serving), follow_redirects=False)
    of = {who: {"cookie": f"kampass={world.sessions[who][0]}"} for who in ("admin", "analyst")}
    answers = [client.get("/settings", headers=of["admin"]) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert client.get("/settings", headers=of["analyst"]).status_code == 200
    assert client.get("/sign-in").status_code == 200
