"""The question, as a value: which KPIs, which period, cut and filtered how, known when."""

import re
from dataclasses import dataclass
from typing import Literal

from kampass.errors import QuestionError

Operator = Literal["=", "!=", "in", "in_tree", "is unknown"]
Comparison = Literal["previous", "year-ago"]

_FORMS = re.compile(
    r"(?P<dimension>[^=!]+?)(?:(?P<space>\s*)(?P<sign>!=|=)(?P<value>.*)|\s+is\s+(?P<unknown>unknown)\s*|\s+(?P<word>in_tree|in)\s+(?P<list>.+))",
    re.DOTALL,
)
_EXAMPLES = "Write segment=enterprise, region!=emea, 'segment is unknown', 'tier in a,b' or 'team in_tree sales'."


@dataclass(frozen=True)
class Filter:
    """One condition on a dimension; `!=` and `in` speak of known values only."""

    dimension: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What is asked. `period` and `grain` as the contract writes them; filters hold together (and)."""

    kpis: tuple[str, ...]
    period: str
    grain: str | None = None
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    total: bool = False
    compare: Comparison | None = None


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
            raise QuestionError(f"Only teams nest, not '{dimension}'.", code="bad_filter", hint=_EXAMPLES)
        return Filter(dimension, "in_tree", (match["list"].strip(),))
    return Filter(dimension, "in", tuple(part.strip() for part in match["list"].split(",")))
