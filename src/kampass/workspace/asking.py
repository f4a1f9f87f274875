"""A question as people spell it, in Python or on the command line, made into the engine's
values.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Required, TypedDict

from kampass.engine import Question, parse_filter
from kampass.engine.question import Comparison
from kampass.errors import QuestionError


class Asking(TypedDict, total=False):
    """A question as the contract spells it; the KPIs and the clock apart."""

    period: Required[str]
    grain: str | None
    by: str | Sequence[str]
    where: str | Sequence[str]
    total: bool
    compare: Comparison | None


def parse_instant(text: str) -> datetime:
    """An instant with an offset or Z.

    >>> parse_instant("2026-01-03T00:00:00Z").isoformat()
    '2026-01-03T00:00:00+00:00'
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise QuestionError(
            f"'{text}' is no instant.", code="bad_instant", hint="Write 2026-01-03T00:00:00Z."
        ) from None
    raise QuestionError(
        f"'{text}' has no offset.",
        code="bad_instant",
        hint="Write 2026-01-03T00:00:00Z, or +01:00 instead of Z.",
    )


def question_of(kpis: str | Iterable[str], asked: Asking) -> Question:
    """The question as a value."""
    where = tuple(parse_filter(text) for text in several(asked.get("where", ())))
    named = (kpis,) if isinstance(kpis, str) else tuple(kpis)
    return Question(
        named,
        asked["period"],
        asked.get("grain"),
        several(asked.get("by", ())),
        where,
        asked.get("total", False),
        asked.get("compare"),
    )


def instant_of(known_at: datetime | str | None) -> datetime | None:
    """The instant, whether given as such or as text."""
    return parse_instant(known_at) if isinstance(known_at, str) else known_at


def several(names: str | Sequence[str]) -> tuple[str, ...]:
    """One name or many, as many."""
    return (names,) if isinstance(names, str) else tuple(names)
