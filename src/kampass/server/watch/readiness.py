"""Whether a question would be answered now: the database says what is current, and that snapshot
opens.

Strangers may ask, so the truth is looked up once a second at most, by one of them at a time; who
comes in between hears what was true last, unless that look takes long.
"""

import logging
import threading
import time
from collections.abc import Callable

from kampass.access import EVERYTHING
from kampass.workspace import Workspace

log = logging.getLogger("kampass")
READY = ""
DATABASE, SNAPSHOT, SLOW = "database", "snapshot", "slow"
WORDS = {
    DATABASE: "the database cannot be reached",
    SNAPSHOT: "the current snapshot cannot be opened",
    SLOW: "it takes long to find out",
}
"""What is in the way, in words; nothing of it says whose company this is."""
_KEPT, _PATIENCE = 1.0, 10.0


class Readiness:
    """What stands in the way of answering, if anything does."""

    def __init__(self, workspace: Workspace, clock: Callable[[], float] = time.monotonic) -> None:
        self._workspace, self._clock = workspace, clock
        self._lock = threading.Lock()
        self._found, self._at = SLOW, float("-inf")

    def obstacle(self) -> str:
        """One of WORDS; READY where nothing is in the way."""
        if self._clock() - self._at < _KEPT:
            return self._found
        if self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return SLOW if self._clock() - self._at >= _PATIENCE else self._found

    def _look(self) -> None:
        found = _obstacle(self._workspace)
        if found not in {READY, self._found}:
            log.warning("not ready: %s", WORDS[found])
        self._found, self._at = found, self._clock()


def _obstacle(workspace: Workspace) -> str:
    """A workspace where nothing was published yet is ready: somebody is to upload the first file.

    Whatever is raised is an obstacle, so everything is caught: a probe that dies proves nothing.
    """
    try:
        current = workspace.manifest.current()
    except Exception:  # noqa: BLE001
        return DATABASE
    if current is None:
        return READY
    try:
        # As a question does it: a snapshot whose file is gone is built again here.
        assert workspace.sight(EVERYTHING).current.settings
    except Exception:  # noqa: BLE001
        return SNAPSHOT
    return READY
