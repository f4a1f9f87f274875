"""Asks the questions asked lately again, after the start and as soon as something else is
published: nobody waits for first answers.

Answers are kept per snapshot and scope, so whoever came first after a publication would wait for
all of them.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from kampass.access import EVERYTHING
from kampass.errors import KampassError
from kampass.store.events import EventKind

if TYPE_CHECKING:
    from kampass.workspace.events import Happening
    from kampass.workspace.workspace import Workspace

log = logging.getLogger("kampass")


class Warming:
    """A subscriber; several publications in one reading are answered for once, by the last of
    them.
    """

    name = "warming"

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace
        self._file = workspace.folder / ".kampass" / "asked-lately.json"

    def begin(self, over: threading.Event) -> None:
        """Ask again what was asked of the server before this one."""
        self._workspace.sights.lately.recall(self._file)
        self._ask_again(over)

    def end(self) -> None:
        """Leave what was asked to the next server."""
        with suppress(OSError):  # a disk that is full costs the next one's first readers a moment
            self._workspace.sights.lately.save(self._file)

    def take(self, events: "Sequence[Happening]", over: threading.Event) -> None:
        """Ask again where something was published; `over` ends it between two questions."""
        if any(event.kind is EventKind.PUBLISHED for event in events):
            self._ask_again(over)

    def _ask_again(self, over: threading.Event) -> None:
        """Ask everything that was asked lately of the snapshot that is current, the latest
        first.
        """
        sights = self._workspace.sights
        for place, question in sights.lately.questions():
            if over.is_set():
                return
            try:
                scope = EVERYTHING if place is None else sights.scope_of(*place)
                sights.through(scope).answer(question)
            except KampassError as wrong:
                log.info("%s could not be worked out ahead: %s", question.kpis, wrong.message)
