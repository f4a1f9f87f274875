"""The server's log: in words and quiet, or a line of JSON for each request and each trouble.

What strangers can cause is bounded: a line holds nothing that they chose but a short id, and of
their lines a minute takes so many; one more line says how many were left out.
"""

import copy
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from kampass.server.watch.requests import CURRENT, Answered

LogForm = Literal["text", "json"]
LONGEST_TRACE = 8_000
STRANGERS, TROUBLES = 600, 60
"""Lines a minute: requests of people who are not signed in; whatever else goes wrong."""
_MINUTE = 60.0
_requests = logging.getLogger("kampass.requests")


@dataclass
class Sparing:
    """So many lines a minute; the clock is a parameter, so that tests need not wait."""

    most: int
    clock: Callable[[], float] = time.monotonic
    _begun: float = float("-inf")
    _let: int = 0
    _left_out: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def admits(self) -> bool:
        """Whether one more line is written."""
        with self._lock:
            if self.clock() - self._begun >= _MINUTE:
                self._begun, self._let = self.clock(), 0
            if self._let < self.most:
                self._let += 1
                return True
            self._left_out += 1
            return False

    def owed(self) -> int:
        """How many lines were left out in a minute that is over and nobody was told of yet."""
        with self._lock:
            if self.clock() - self._begun < _MINUTE:
                return 0
            found, self._left_out = self._left_out, 0
            return found


class RequestLog:
    """Writes a line for each request, where the log is one that has them."""

    def __init__(self, strangers: Sparing | None = None) -> None:
        self._strangers = strangers or Sparing(STRANGERS)

    def __call__(self, answered: Answered) -> None:
        """Write down a request that was answered."""
        if not _requests.isEnabledFor(logging.INFO):
            return
        if left_out := self._strangers.owed():
            _requests.info("requests of strangers left out", extra={"left_out": left_out})
        if answered.person is not None or self._strangers.admits():
            _requests.info("request", extra={"answered": answered})


class SparingFilter(logging.Filter):
    """Lets so many lines a minute through."""

    def __init__(self, most: int = TROUBLES) -> None:
        super().__init__()
        self._sparing = Sparing(most)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; it says how many before it were not."""
        if left_out := self._sparing.owed():
            record.msg = f"{record.msg} ({left_out} lines before this one were left out)"
        return self._sparing.admits()


class JsonLines(logging.Formatter):
    """One JSON object for each line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said: dict[str, Any] = {"time": at.replace("+00:00", "Z"), "level": record.levelname}
        answered: Answered | None = getattr(record, "answered", None)
        if answered is not None:
            return json.dumps(said | _request(answered))
        said |= {"id": CURRENT.get() or None, "message": record.getMessage()[:LONGEST_TRACE]}
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)[-LONGEST_TRACE:]
        if left_out := getattr(record, "left_out", 0):
            said["left_out"] = left_out
        return json.dumps(said)


def _request(answered: Answered) -> dict[str, Any]:
    return {
        "id": answered.id,
        "method": answered.method,
        "route": answered.route,
        "status": answered.status,
        "ms": round(answered.seconds * 1000, 1),
        "person": answered.person,
    }


def log_config(form: LogForm) -> dict[str, Any]:
    """What uvicorn sets logging up by."""
    from uvicorn.config import LOGGING_CONFIG

    config = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"sparing": {"()": SparingFilter}}
    config["loggers"]["uvicorn.error"] = {"level": "WARNING", "filters": ["sparing"]}
    if form == "text":
        return config
    config["formatters"]["json"] = {"()": JsonLines}
    config["handlers"]["json"] = {
        "class": "logging.StreamHandler",
        "formatter": "json",
        "stream": "ext://sys.stderr",
    }
    written = {"handlers": ["json"], "propagate": False}
    config["loggers"] |= {
        "uvicorn": written | {"level": "WARNING"},
        "kampass": written | {"level": "WARNING", "filters": ["sparing"]},
        "kampass.requests": written | {"level": "INFO"},
    }
    return config
