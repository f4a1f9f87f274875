"""Why an account needs somebody, as a list with a mark for each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kampass.book.reasons import Kind, Reason

_MARKS: Final[dict[Kind, str]] = {
    "renewal": "calendar",
    "silence": "call",
    "ticket": "ticket",
    "answer": "survey",
    "usage": "usage",
    "ended": "contract",
    "goal": "goal",
}


@dataclass(frozen=True)
class ReasonItem:
    """One reason, with the icon of its kind."""

    mark: str
    text: str
    source: str
    urgent: bool
    quote: str | None


def reason_items(reasons: Sequence[Reason]) -> list[ReasonItem]:
    """The reasons in their order."""
    return [
        ReasonItem(_MARKS[one.kind], one.text, one.source, one.urgent, one.quote) for one in reasons
    ]
