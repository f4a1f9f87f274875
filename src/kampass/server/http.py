"""HTTP with bounds: requests arrive in time or not at all, connections are counted, and the end
comes when it is due.

Strangers cost a connection each and nothing else: where there are too many, the one that has waited
longest for its own request goes first, so somebody who just asks something is not shut out.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable
from types import FrameType
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("kampass")

HEAD = 10.0
"""Seconds until the head of a request is there."""

BODY = 30.0
"""Seconds until a body is there, and one more for each `SLOWEST` bytes of it that have come."""

SLOWEST = 16 * 1024

UNWANTED = 5.0
"""Seconds to go on sending a body that was answered already."""

UNREAD = 60.0
"""Seconds that an answer waits for a reader who takes nothing of it."""

CONNECTIONS = 256
"""Connections at once."""

SWITCH = 0.0005
"""Seconds until a thread that only computes lets another have its turn: who answers a page has many
short ones, and waited for each behind a large question.
"""

GRACE, END = 6, 9.5
"""Seconds after being told to end: for answers under way, and for everything."""


class BoundedProtocol(H11Protocol):
    """uvicorn's connection, which ends where its other side is too slow or there are too many."""

    most = CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late, self._unread = _Timer(self), _Timer(self)
        self._begun = self._received = 0.0

    @property
    def is_answering(self) -> bool:
        """Whether a whole request is here that was not answered yet."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection; one too many takes the place of the oldest that asks nothing."""
        super().connection_made(transport)
        self._begin()
        open_ones = [each for each in self._all() if not each.transport.is_closing()]
        if len(open_ones) > self.most:
            waiting = [each for each in open_ones if not each.is_answering]
            min(waiting, key=lambda each: each._begun).transport.abort()  # noqa: SLF001 - its own

    def _all(self) -> Iterable["BoundedProtocol"]:
        return (each for each in self.connections if isinstance(each, BoundedProtocol))

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._late.set(None)
        self._unread.set(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request."""
        if self.conn.their_state in {h11.IDLE, h11.DONE} and not self._late:
            self._begin()
        self._received += len(data)
        super().data_received(data)
        unwanted = self.cycle is not None and self.cycle.response_complete
        if self.conn.their_state is not h11.SEND_BODY:
            self._late.set(self._begun + HEAD if self.conn.their_state is h11.IDLE else None)
        elif not unwanted:
            self._late.set(self._begun + BODY + self._received / SLOWEST)

    def on_response_complete(self) -> None:
        """The answer is out; a body that nobody wants may come to its end for a moment."""
        self._late.set(
            self.loop.time() + UNWANTED if self.conn.their_state is h11.SEND_BODY else None
        )
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The reader takes less than it is given."""
        self._unread.set(self.loop.time() + UNREAD)
        super().pause_writing()

    def resume_writing(self) -> None:
        """It takes some again."""
        self._unread.set(None)
        super().resume_writing()

    def shutdown(self) -> None:
        """The server ends: a request that has not come yet is not waited for."""
        if self.is_answering:
            super().shutdown()
        else:
            self.transport.abort()

    def _begin(self) -> None:
        self._begun, self._received = self.loop.time(), 0.0
        self._late.set(self._begun + HEAD)


class _Timer:
    """Ends a connection at a time, unless another word comes first."""

    def __init__(self, connection: BoundedProtocol) -> None:
        self._connection = connection
        self._handle: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return self._handle is not None

    def set(self, until: float | None) -> None:
        """Then, by the loop's clock, and no longer at another time; None: never."""
        if self._handle is not None:
            self._handle.cancel()
        loop, end = self._connection.loop, self._connection.transport.abort
        self._handle = None if until is None else loop.call_at(until, end)


class BoundedServer(uvicorn.Server):
    """A server that has ended ten seconds after it was told to, whatever is under way: nothing that
    counts is ever half done.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The end begins."""
        if not self.should_exit:
            last = threading.Timer(END, _leave)
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)


def _leave() -> None:
    log.warning("the server ends now; what was under way is taken up again by the next one")
    os._exit(0)


def run(app: FastAPI, host: str, port: int, *, proxy: str | None, logs: dict[str, Any]) -> None:
    """Serve until told to end; `proxy` is the address of one that stands in front."""
    sys.setswitchinterval(SWITCH)
    signal.signal(
        signal.SIGPIPE, signal.SIG_IGN
    )  # a reader who leaves early ends their answer, not the server
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        log_config=logs,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy,
        timeout_graceful_shutdown=GRACE,
    )
    BoundedServer(config).run()
