"""How often somebody may call: a bucket of tokens for each person or address, filled evenly, kept
in memory.

A limit is there against loops and guessing, not for billing: a restart empties it, and nobody is
told what is left.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from cachetools import LRUCache

from kampass.errors import KampassError

Kind = Literal["page", "api", "sign_in", "export"]
_MINUTE = 60.0
_MOST = 10_000


@dataclass(frozen=True)
class Limits:
    """Calls a minute; None: as many as they like. `page` (what a page loads included), `api` and
    `export` count by person, or by address where nobody is signed in; `sign_in` by address.
    """

    api: int | None = 600
    sign_in: int | None = 10
    export: int | None = 60
    page: int | None = 1200


UNLIMITED = Limits(None, None, None, None)


class TooOften(KampassError):  # noqa: N818 - reads as a sentence at the raise
    """Somebody calls more often than a person would; `retry_after` seconds later it works again."""

    status = 429
    code = "too_often"

    def __init__(self, seconds: int) -> None:
        super().__init__("That was asked too often.", hint=f"Wait for {seconds} seconds.")
        self.retry_after = seconds


@dataclass
class Buckets:
    """Everybody's buckets; the clock is a parameter, so that nothing has to wait to be tested."""

    limits: Limits = Limits()
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _held: LRUCache[tuple[Kind, str], tuple[float, float]] = field(
        default_factory=lambda: LRUCache(_MOST), repr=False
    )

    def take(self, kind: Kind, who: str) -> None:
        """Take one token; TooOften where there is none."""
        most = getattr(self.limits, kind)
        if most is None:
            return
        now = self.clock()
        with self._lock:
            left, at = self._held.get((kind, who), (float(most), now))
            left = min(float(most), left + (now - at) * most / _MINUTE)
            self._held[kind, who] = (max(left - 1, 0) if left >= 1 else left, now)
        if left < 1:
            raise TooOften(math.ceil((1 - left) * _MINUTE / most))
