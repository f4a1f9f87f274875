"""Works the first pages out before anybody opens them: after the start, and whenever something is
published.

Answers are kept per snapshot and scope, so whoever comes first in the morning would wait for all of
them. This asks what they will ask, in a thread of its own, for the whole book and for everybody who
was here lately.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI, Request

from kampass.access import Role
from kampass.errors import KampassError
from kampass.people import Person
from kampass.server.rules import Call
from kampass.web.pages.accounts import page as accounts
from kampass.web.pages.accounts.view import Picked
from kampass.web.pages.overview import page as overview
from kampass.web.pages.portfolio import page as portfolio
from kampass.web.parts.question import Written
from kampass.workspace import Workspace

log = logging.getLogger("kampass")
_LOOK, _LATELY, _MOST = 2.0, timedelta(days=14), 50
_ANYBODY = Person(
    0,
    "",
    "",
    Role.EXECUTIVE,
    None,
    None,
    has_totp=False,
    created_at=datetime(2000, 1, 1, tzinfo=UTC),
    last_seen_at=None,
)
_PAGES: tuple[tuple[str, Callable[[Call], object]], ...] = (
    ("/overview", lambda call: overview.show(call, Written())),
    ("/accounts", lambda call: accounts.show(call, Picked(), Written())),
)
_OWN: tuple[tuple[str, Callable[[Call], object]], ...] = (
    ("/portfolio", lambda call: portfolio.show(call, Written())),
    *_PAGES,
)


class Warming(threading.Thread):
    """The thread; `end` stops it after the page it is at."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(name="warming", daemon=True)
        self.app = app
        self._over = threading.Event()

    def run(self) -> None:
        """Look for a snapshot that was published, and open the first pages on it."""
        seen = None
        workspace: Workspace = self.app.state.workspace
        while not self._over.wait(_LOOK if seen else 0):
            now = workspace.manifest.current()
            if now is not None and now != seen:
                seen = now
                self.open_all()
            seen = seen or ""

    def end(self) -> None:
        """Stop."""
        self._over.set()
        self.join(30)

    def open_all(self) -> None:
        """Open the first pages on the snapshot that is current."""
        for person in self._people(self.app.state.workspace):
            for path, page in _OWN if not person.role.sees_everything else _PAGES:
                if self._over.is_set():
                    return
                try:
                    page(
                        Call(
                            Request(
                                {
                                    "type": "http",
                                    "method": "GET",
                                    "path": path,
                                    "query_string": b"",
                                    "headers": [],
                                    "app": self.app,
                                }
                            ),
                            person,
                        )
                    )
                except KampassError as wrong:
                    log.info("%s could not be worked out ahead: %s", path, wrong.message)

    def _people(self, workspace: Workspace) -> Iterator[Person]:
        """Somebody who sees everything, and those with a part of it who were here lately, the
        latest first.
        """
        yield _ANYBODY
        since = datetime.now(UTC) - _LATELY
        lately = [
            (person.last_seen_at, person)
            for person in workspace.people.accounts.all()
            if person.last_seen_at and person.last_seen_at > since
        ]
        for _, person in sorted(lately, key=lambda pair: pair[0], reverse=True)[:_MOST]:
            if not person.role.sees_everything:
                yield person
