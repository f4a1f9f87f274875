"""Periods that move with the data: "latest quarter" is another one after the next load, so that a
dashboard never grows old.
"""

from collections.abc import Callable
from typing import Final

from kampass.web.parts import spans
from kampass.workspace.view import Sight

_MEANT: Final[dict[str, Callable[[Sight], str]]] = {
    "latest month": lambda sight: spans.latest(sight, "month"),
    "latest quarter": lambda sight: spans.latest(sight, "quarter"),
    "latest year": lambda sight: spans.latest(sight, "year"),
    "last 12 months": lambda sight: spans.trail(
        spans.latest(sight, "month"), sight.settings.calendar, 12
    )[0],
    "last 4 quarters": lambda sight: spans.trail(
        spans.latest(sight, "quarter"), sight.settings.calendar, 4
    )[0],
}
RELATIVE: Final = tuple(_MEANT)


def resolved(sight: Sight, text: str) -> str:
    """The period that words mean now, as a question spells it; anything else as it is."""
    meant = _MEANT.get(" ".join(text.casefold().split()))
    return meant(sight) if meant else text.strip()


def offered(sight: Sight) -> list[str]:
    """What a field for a period suggests: the moving ones first."""
    return [*RELATIVE, *spans.offered(sight)]
