"""People whose password was right and whose code is still to come.

Their password is needed once more, with the code. It waits here for a few minutes, masked with a
key that only the browser's cookie holds: neither a copy of the memory nor the cookie alone says it.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

LASTING = 300
"""Seconds in which the code must come."""
_MOST = 1_000


@dataclass
class Halfway:
    """Whoever stands between the two steps."""

    clock: Callable[[], float] = time.monotonic
    _waiting: OrderedDict[str, tuple[bytes, float]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keep(self, email: str, password: str) -> str:
        """Remember the first step; the secret is for the browser's cookie."""
        secret = secrets.token_urlsafe(32)
        masked = _masked(secret, f"{email}\0{password}".encode("utf-8", "surrogatepass"))
        with self._lock:
            self._waiting[_name(secret)] = masked, self.clock() + LASTING
            while len(self._waiting) > _MOST:
                self._waiting.popitem(last=False)
        return secret

    def find(self, secret: str) -> tuple[str, str] | None:
        """The e-mail and the password of the first step; None where it was too long ago, or
        never.
        """
        with self._lock:
            masked, until = self._waiting.get(_name(secret), (b"", 0.0))
            if not masked or self.clock() > until:
                self._waiting.pop(_name(secret), None)
                return None
        email, _, password = (
            _masked(secret, masked).decode("utf-8", "surrogatepass").partition("\0")
        )
        return email, password

    def end(self, secret: str) -> None:
        """Forget it."""
        with self._lock:
            self._waiting.pop(_name(secret), None)


def _name(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _masked(secret: str, text: bytes) -> bytes:
    """A secret is used for one text only, so its stream of 256-bit strength is a mask that nobody
    lifts without it.
    """
    stream = hashlib.shake_256(b"halfway\0" + secret.encode("utf-8", "replace")).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))
