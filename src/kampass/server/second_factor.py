"""People whose password was right and whose code is still to come: what was proven, for a few
minutes, under a secret that only the browser's cookie holds. No password waits here.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from kampass.people.errors import FirstStep

LASTING = 300
"""Seconds in which the code must come."""
_MOST = 1_000


@dataclass
class FirstSteps:
    """Whoever stands between the two steps."""

    clock: Callable[[], float] = time.monotonic
    _waiting: OrderedDict[str, tuple[FirstStep, float]] = field(
        default_factory=OrderedDict, repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keep(self, first: FirstStep) -> str:
        """Remember the first step; the secret is for the browser's cookie."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._waiting[_name(secret)] = first, self.clock() + LASTING
            while len(self._waiting) > _MOST:
                self._waiting.popitem(last=False)
        return secret

    def find(self, secret: str) -> FirstStep | None:
        """What was proven; None where it was too long ago, or never."""
        with self._lock:
            first, until = self._waiting.get(_name(secret), (None, 0.0))
            if self.clock() > until:
                self._waiting.pop(_name(secret), None)
                return None
        return first

    def end(self, secret: str) -> None:
        """Forget it."""
        with self._lock:
            self._waiting.pop(_name(secret), None)


def _name(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
