"""Every request has an id and is timed; who counts requests and who writes them down are told of
each once it is answered.

What is told names a route by its template: paths and queries carry names of accounts and people.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-request-id"
UNMATCHED = "unmatched"
"""The route of what no route answers: whatever strangers ask for counts as one."""
GONE = 499
"""The status of a request whose caller left before the answer began."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TAKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY = "kampass.request_id"

CURRENT: ContextVar[str] = ContextVar("kampass.request_id", default="")
"""The id of the request that is being answered; empty outside of one."""


@dataclass(frozen=True)
class Answered:
    """One request once it is answered; `person` is an id, None where nobody is known."""

    id: str
    method: str
    route: str
    status: int
    seconds: float
    person: int | None


Hear = Callable[[Answered], None]


class Observing:
    """Gives each request its id, sends it back, and tells what became of the request."""

    def __init__(self, app: ASGIApp, *, hearers: Sequence[Hear]) -> None:
        self.app, self._hearers = app, hearers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the id in a header."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = scope[_KEY] = _id(scope["headers"])
        # Each request has a context of its own, so nothing has to be put back; what is said of
        # an error outside of here still names the request.
        CURRENT.set(number)
        status, begun = GONE, perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                kept = [pair for pair in message["headers"] if pair[0] != HEADER.encode()]
                message["headers"] = [*kept, (HEADER.encode(), number.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            raise
        finally:
            found = _answered(scope, int(status), perf_counter() - begun)
            for hear in self._hearers:
                hear(found)


def id_of(scope: Scope) -> str:
    """The id of a request; empty where nobody observes."""
    return str(scope.get(_KEY, ""))


def _answered(scope: Scope, status: int, seconds: float) -> Answered:
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    call = scope.get("state", {}).get("call")
    person = getattr(getattr(call, "person", None), "id", None)
    route = getattr(scope.get("route"), "path", None) or UNMATCHED
    return Answered(scope[_KEY], method, route, status, seconds, person)


def _id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The one that came along where it is short and plain, else one that nobody had before."""
    given = [value.decode("latin-1") for name, value in headers if name == HEADER.encode()]
    if len(given) == 1 and _TAKEN.fullmatch(given[0]):
        return given[0]
    return secrets.token_hex(8)
