"""People whose password was right and whose code is still to come: what was proven, for a few
minutes, under a secret that only the browser's cookie holds. No password waits here.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable

from cachetools import TTLCache

from kampass.people.errors import FirstStep

LASTING = 300
"""Seconds in which the code must come."""
_MOST = 1_000


class FirstSteps:
    """Whoever stands between the two steps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._waiting: TTLCache[str, FirstStep] = TTLCache(_MOST, LASTING, timer=clock)
        self._lock = threading.Lock()

    def keep(self, first: FirstStep) -> str:
        """Remember the first step; the secret is for the browser's cookie."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._waiting[_name(secret)] = first
        return secret

    def find(self, secret: str) -> FirstStep | None:
        """What was proven; None where it was too long ago, or never."""
        with self._lock:
            return self._waiting.get(_name(secret))

    def end(self, secret: str) -> None:
        """Forget it."""
        with self._lock:
            self._waiting.pop(_name(secret), None)


def _name(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
