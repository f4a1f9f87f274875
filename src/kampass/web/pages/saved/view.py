"""One's own saved questions."""

from collections.abc import Sequence
from dataclasses import dataclass

from kampass.library.saved import LONGEST_NAME
from kampass.server.rules import Call
from kampass.web.rendering import moment


@dataclass(frozen=True)
class SavedLine:
    """A question, and when it was saved."""

    id: int
    name: str
    query: str
    when: str
    iso: str


@dataclass(frozen=True)
class SavedList:
    """All of them, with the zone of their instants."""

    lines: Sequence[SavedLine]
    zone: str
    longest: int = LONGEST_NAME


def saved_list(call: Call) -> SavedList:
    """Those of whoever is signed in."""
    assert call.person is not None
    zone = call.sight.settings.calendar.timezone
    lines = [
        SavedLine(
            one.id, one.name, one.query, moment(one.created_at, zone), one.created_at.isoformat()
        )
        for one in call.library.saved.all(call.person)
    ]
    return SavedList(lines, zone)
