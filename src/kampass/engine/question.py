"""The question, as a value: which KPIs, which period, cut and filtered how, known when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from kampass.errors import QuestionError
from kampass.periods import Period

Operator = Literal["=", "!=", "in", "in_tree", "is unknown"]
Comparison = Literal["previous", "year-ago"]

_FORMS = re.compile(
    r"(?P<dimension>[^=!]+?)(?:(?P<space>\s*)(?P<sign>!=|=)(?P<value>.*)|\s+is\s+(?P<unknown>unknown)\s*|\s+(?P<word>in_tree|in)\s+(?P<list>.+))",
    re.DOTALL,
)
_EXAMPLES = (
    "Write segment=enterprise, region!=emea, 'segment is unknown', 'tier in a,b' or 'team "
    "in_tree sales'."
)


@dataclass(frozen=True)
class Filter:
    """One condition on a dimension; `!=` and `in` speak of known values only."""

    dimension: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What is asked. `period` and `grain` as the contract writes them; filters hold together
    (and).
    """

    kpis: tuple[str, ...]
    period: str
    grain: str | None = None
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    total: bool = False
    compare: Comparison | None = None

    def __post_init__(self) -> None:
        """QuestionError where the comparison is none that exists."""
        if self.compare is not None and self.compare not in get_args(Comparison):
            raise QuestionError(
                f"There is no comparison called '{self.compare}'.",
                hint=f"One of {', '.join(get_args(Comparison))}.",
            )


@dataclass(frozen=True)
class Asked:
    """A question with its periods worked out. `stops` ends some of them early, by KPI and period
    number, as if the data reached no further.
    """

    periods: tuple[Period, ...]
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    stops: Mapping[tuple[str, int], date] = field(default_factory=dict)

    def end(self, kpi: str, number: int) -> date:
        """The local date on which a KPI's stretch of a period ends."""
        return self.stops.get((kpi, number), self.periods[number].end)

    def part(self, first: int, last: int) -> "Asked":
        """The same for some of the periods, numbered anew."""
        stops = {
            (kpi, number - first): stop
            for (kpi, number), stop in self.stops.items()
            if first <= number < last
        }
        return Asked(self.periods[first:last], self.by, self.where, stops)


def parse_filter(text: str) -> Filter:
    """Read a filter; spaces around the sign are allowed, spaces inside a value belong to it.

    >>> parse_filter("tier in a, b")
    Filter(dimension='tier', operator='in', values=('a', 'b'))
    """
    match = _FORMS.fullmatch(text)
    if match is None:
        raise QuestionError(f"'{text}' is not a filter.", code="bad_filter", hint=_EXAMPLES)
    dimension = match["dimension"].strip()
    if match["sign"]:
        value = match["value"].strip() if match["space"] else match["value"]
        return Filter(dimension, match["sign"], (value,))  # type: ignore[arg-type]
    if match["unknown"]:
        return Filter(dimension, "is unknown")
    if match["word"] == "in_tree":
        if dimension != "team":
            raise QuestionError(
                f"Only teams nest, not '{dimension}'.", code="bad_filter", hint=_EXAMPLES
            )
        return Filter(dimension, "in_tree", (match["list"].strip(),))
    return Filter(dimension, "in", tuple(part.strip() for part in match["list"].split(",")))
