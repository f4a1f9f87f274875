"""What the parts that show one figure are given: a badge, what became of a figure, where the truth
may lie, its course, and the tile that holds them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.periods import Calendar
from kampass.render import words

Tone = Literal["neutral", "accent", "good", "warn", "bad"]


@dataclass(frozen=True)
class Badge:
    """A word about a thing."""

    text: str
    tone: Tone = "neutral"
    icon: str | None = None


@dataclass(frozen=True)
class Delta:
    """What became of a figure: `direction` gives the shape, `tone` the colour, `against` says what
    it is compared with.
    """

    text: str
    direction: Literal["up", "down", "none"] = "none"
    tone: Literal["good", "bad", "neutral"] = "neutral"
    against: str | None = None

    @property
    def said(self) -> str:
        """The same within a sentence."""
        moved, comma, thought = self.text.partition(", ")
        return f"{moved[:1].lower()}{moved[1:]} {self.against}{comma}{thought}"


def delta_of(kpi: Kpi, answer: Answer, currency: str, against: str = "") -> Delta | None:
    """What became of a figure; None where it was not compared."""
    text, found = words.change(answer, currency), answer.change
    if text is None or found is None:
        return None
    if not found.difference:
        return Delta(text, against=against)
    direction: Literal["up", "down"] = "up" if found.difference > 0 else "down"
    # What may be chance is neither good nor bad.
    if kpi.direction == "neutral" or (kpi.form == "ratio" and not found.detectable):
        return Delta(text, direction, against=against)
    return Delta(text, direction, "good" if kpi.direction == direction else "bad", against)


def status_of(answer: Answer, calendar: Calendar) -> Badge | None:
    """What to keep in mind of a figure that has a value."""
    text = words.status(answer, calendar)
    return Badge(text, "warn" if answer.status == "partial" else "neutral") if text else None


@dataclass(frozen=True)
class Interval:
    """Where a figure may truly lie, on the scale from `least` to `most`; `mark` draws another
    figure to compare with. The numbers are only drawn, `text` is read.
    """

    low: float
    value: float | None
    high: float
    least: float = 0.0
    most: float = 100.0
    text: str | None = None
    mark: float | None = None


@dataclass(frozen=True)
class Course:
    """The line through the values of a figure: None is a gap; `partial` draws the way to the last
    one dashed.
    """

    values: Sequence[float | None]
    label: str
    target: float | None = None
    partial: bool = False


@dataclass(frozen=True)
class FigureTile:
    """One figure in its tile: the value, or `reason` why there is none; `n` and `note` are quiet
    words about it, `doubts` what must be known before it is believed.
    """

    label: str
    value: str | None
    href: str | None = None
    reason: str | None = None
    why: str | None = None
    changes: Sequence[Delta] = ()
    n: str | None = None
    interval: Interval | None = None
    spark: Course | None = None
    status: Badge | None = None
    target: str | None = None
    note: str | None = None
    doubts: Sequence[str] = ()
    notes: int = 0
    notes_href: str | None = None
