"""Slow, half and endless requests, and many at once, beside somebody who only wants an answer."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse

from kampass.server import http
from kampass.server.http import BoundedProtocol, BoundedServer
from kampass.workspace import create
from kampass.workspace.settings import WorkspaceSettings


def until(holds: Callable[[], object]) -> None:
    """Wait for it; AssertionError where it never comes."""
    for _ in range(400):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came")


@contextmanager
def served() -> Iterator[tuple[int, BoundedServer]]:
    """A small application: `/` answers, `/body` reads what it is sent, `/long` is long."""
    app = FastAPI()

    @app.get("/")
    def root() -> PlainTextResponse:
        return PlainTextResponse("here")

    @app.get("/long")
    def long() -> PlainTextResponse:
        return PlainTextResponse("x" * 50_000_000)

    @app.post("/body")
    async def body(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    @app.post("/unread")
    async def unread() -> PlainTextResponse:
        return PlainTextResponse("no")

    config = uvicorn.Config(
        app, "127.0.0.1", 0, http=BoundedProtocol, ws="none", log_level="critical"
    )
    server, bound = BoundedServer(config), config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    until(lambda: server.started)
    yield bound.getsockname()[1], server
    server.should_exit = True
    thread.join()
    bound.close()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("HEAD", 0.5), ("BODY", 1.0), ("UNREAD", 0.5), ("UNWANTED", 0.5)):
        monkeypatch.setattr(http, name, seconds)


def connected(port: int, sent: bytes = b"") -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=10)
    opened.sendall(sent)
    return opened


def rest(opened: socket.socket) -> bytes:
    """What still comes until the other side ends it; AssertionError where it never does."""
    found = b""
    try:
        while part := opened.recv(1 << 16):
            found += part
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise AssertionError("the connection is still open") from None
    return found


@contextmanager
def dripping(opened: socket.socket) -> Iterator[None]:
    """A byte now and then, until the other side takes no more."""
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.05):
            try:
                opened.sendall(b".")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


HALF = b"GET / HTTP/1.1\r\nHost: x\r\n"
WHOLE = HALF + b"\r\n"
BODY = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"G", HALF, BODY, BODY + b"abc", WHOLE + HALF])
def test_what_does_not_come_to_its_end_is_ended(sent: bytes) -> None:
    with served() as (port, _), connected(port, sent) as opened:
        assert b"200 OK" in rest(opened) if sent.startswith(WHOLE) else rest(opened) == b""


def test_a_body_that_drips_is_ended_and_one_that_flows_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "SLOWEST", 1000)
    with (
        served() as (port, _),
        connected(port, BODY) as slow,
        connected(port, BODY) as flowing,
        dripping(slow),
    ):
        for _ in range(20):
            flowing.sendall(b"x" * 5000)
            threading.Event().wait(0.1)
        assert b"100000" in rest(flowing)
        assert rest(slow) == b""


def test_a_body_that_nobody_wants_is_not_waited_for() -> None:
    unread = BODY.replace(b"/body", b"/unread")
    with served() as (port, _), connected(port, unread) as opened, dripping(opened):
        assert rest(opened).endswith(b"no")


def test_an_answer_that_nobody_takes_is_given_up() -> None:
    with served() as (port, server), connected(port, WHOLE.replace(b"/ ", b"/long ")):
        until(lambda: server.server_state.connections)
        until(lambda: not server.server_state.connections)


def test_one_connection_too_many_ends_the_oldest_that_asks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BoundedProtocol, "most", 20)
    monkeypatch.setattr(http, "HEAD", 30.0)
    with served() as (port, server), ExitStack() as stack:
        waiting = [stack.enter_context(connected(port, HALF)) for _ in range(60)]
        assert httpx.get(f"http://127.0.0.1:{port}/").text == "here"
        until(lambda: len(server.server_state.connections) <= 20)
        assert rest(waiting[0]) == b""
        waiting[-1].sendall(b"\r\n")
        assert waiting[-1].recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_server_that_is_told_to_end_ends_with_fifty_connections_open(tmp_path: Path) -> None:
    """Half requests, half bodies, idle ones and answered ones."""
    create(tmp_path / "ws", WorkspaceSettings()).close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "--workspace", str(tmp_path / "ws"), "--port", str(port)]
    with (
        subprocess.Popen(
            [sys.executable, "-m", "kampass", *words], stderr=subprocess.PIPE, text=True
        ) as process,
        ExitStack() as stack,
    ):
        assert process.stderr is not None
        assert "Make the first account here" in [next(process.stderr) for _ in range(2)][1]

        def answers() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/sign-in").status_code == 200
            except httpx.ConnectError:
                return False

        until(answers)
        whole = WHOLE.replace(b" / ", b" /sign-in ").replace(b"Host: x", b"Host: 127.0.0.1")
        for sent in (b"", HALF, BODY, BODY + b"abc", whole) * 10:
            stack.enter_context(connected(port, sent))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) in {0, -signal.SIGTERM}
        assert "Traceback" not in process.stderr.read()
