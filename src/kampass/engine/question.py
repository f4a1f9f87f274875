"""The question, as a value: which KPIs, which period, cut and filtered how, known when.

A part of a question is one field of `Question`, with what every face must know of it beside it.
`read` and `spell` are the only way from words and to words: whose question it is stands in no word,
but in the view that is asked.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Required,
    TypedDict,
    TypeVar,
    get_args,
    get_type_hints,
)

from kampass.engine.answer import Answer, instant_text
from kampass.engine.words import (
    Spelling,
    instant_of,
    parameters,
    parts_of,
    several,
    spelled,
)
from kampass.errors import QuestionError, UnknownName
from kampass.periods import UNITS, Period

C = TypeVar("C", bound=Callable[..., Any])
Operator = Literal["=", "!=", "in", "in_tree", "is unknown"]
Comparison = Literal["previous", "year-ago"]

_FORMS = re.compile(
    r"(?P<dimension>[^=!]+?)(?:(?P<space>\s*)(?P<sign>!=|=)(?P<value>.*)"
    r"|\s+is\s+(?P<unknown>unknown)\s*|\s+(?P<word>in_tree|in)\s+(?P<list>.+))",
    re.DOTALL,
)
_HAVING = re.compile(
    r"\s*(?P<figure>\w+)\s*(?P<sign>>=|<=|!=|>|<|=)"
    r"\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?)\s*",
    re.ASCII | re.IGNORECASE,
)
_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_FIGURES = ("value", "n")
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

    def __str__(self) -> str:
        """As `parse_filter` reads it."""
        if self.operator in {"=", "!="}:
            return f"{self.dimension}{self.operator}{self.values[0]}"
        return f"{self.dimension} {self.operator} {','.join(self.values)}".rstrip()


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


@dataclass(frozen=True)
class Having:
    """One condition on a row: on its `value`, or on the `n` behind it."""

    figure: str
    sign: str
    number: float

    def __str__(self) -> str:
        """As `parse_having` reads it."""
        return f"{self.figure} {self.sign} {repr(self.number).removesuffix('.0')}"

    def passes(self, answer: Answer) -> bool:
        """Whether a row passes; one without a value never does."""
        return answer.value is not None and _SIGNS[self.sign](
            getattr(answer, self.figure), self.number
        )


def parse_having(text: str) -> Having:
    """Read a condition on a row.

    >>> parse_having("value>=90")
    Having(figure='value', sign='>=', number=90.0)
    """
    match = _HAVING.fullmatch(text)
    if match is None:
        raise QuestionError(
            f"'{text}' is no condition on a row.",
            code="bad_having",
            hint="Write 'value >= 90' or 'n >= 30': value or n, one of > >= < <= = !=, a number.",
        )
    if match["figure"] not in _FIGURES:
        raise UnknownName(
            "figure", match["figure"], _FIGURES, hint=f"One of {', '.join(_FIGURES)}."
        )
    return Having(match["figure"], match["sign"], float(match["number"]))


@dataclass(frozen=True)
class Question:
    """What is asked. `period` and `grain` as the contract writes them; filters hold together (and);
    known at an instant or from a snapshot, else as the latest load has it.
    """

    kpis: tuple[str, ...]
    period: Annotated[
        str,
        Spelling(
            "2026, 2026-Q1, 2026-03, 2026-W09, 2026-03-14, FY2026, 2025-01..2025-12.",
            meaning="A fiscal year is named by the year in which it ends; of a range of two of a "
            "kind both are included.",
            flags=("-p",),
            description="2026, 2026-Q1, 2026-03, 2026-W09, 2026-03-14, FY2026, or a range of two",
            told="2026, 2026-Q1, 2026-03, 2026-W09, FY2026, or a range such as 2025-01..2025-12",
            longest=40,
        ),
    ]
    grain: Annotated[
        str | None,
        Spelling(
            "Cut the period into pieces.",
            meaning="Each is computed on its own, clipped to the period; one coarser than the "
            "period is an error.",
            description="",
            choices=UNITS,
        ),
    ] = None
    by: Annotated[
        tuple[str, ...],
        Spelling(
            "A dimension, e.g. segment or account_manager.",
            description="a dimension; may be repeated",
            told="dimensions, e.g. segment or account_manager",
            most=4,
        ),
    ] = ()
    where: Annotated[
        tuple[Filter, ...],
        Spelling(
            "A filter, e.g. segment=enterprise.",
            meaning="`segment=enterprise`, `region!=emea` (known values only), `segment is "
            "unknown`, `tier in a,b`, `team in_tree sales`; several hold together. A value is "
            "taken as it stands, else, in any letter case, for the one that pages show like this; "
            "one that no row has is an error.",
            description="a filter such as segment=enterprise; may be repeated",
            told="conditions, e.g. segment=enterprise or account=acc-0001",
            most=20,
            read=parse_filter,
            spell=str,
        ),
    ] = ()
    having: Annotated[
        tuple[Having, ...],
        Spelling(
            "Only rows such as 'value >= 90'; explain and bridge ignore it.",
            meaning="`value` or `n`, one of `>` `>=` `<` `<=` `=` `!=`, a number; several hold "
            "together. A row without a value never passes; the total stays as it is.",
            description="only rows such as value >= 90 or n >= 30; may be repeated",
            told="only rows such as value >= 90 or n >= 30",
            most=20,
            read=parse_having,
            spell=str,
            of_cut=True,
        ),
    ] = field(default=(), kw_only=True)
    total: Annotated[
        bool,
        Spelling(
            "Add the total to a cut.",
            meaning="It is computed on the union; slices that overlap do not add up to it.",
            told=None,
            page=False,
            of_cut=True,
        ),
    ] = False
    compare: Annotated[
        Comparison | None,
        Spelling(
            "Add the change since the period before, or a year ago.",
            description="",
            choices=get_args(Comparison),
        ),
    ] = None
    known_at: Annotated[
        datetime | None,
        Spelling(
            "As known at this instant.",
            longest=40,
            clock=True,
            read=instant_of,
            spell=instant_text,
        ),
    ] = None
    snapshot: Annotated[
        str | None, Spelling("From this snapshot.", told=None, longest=64, clock=True)
    ] = None

    def __post_init__(self) -> None:
        """QuestionError where the comparison is none that exists."""
        if self.compare is not None and self.compare not in get_args(Comparison):
            raise QuestionError(
                f"There is no comparison called '{self.compare}'.",
                hint=f"One of {', '.join(get_args(Comparison))}.",
            )

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> "Question":
        """The question that words spell; QuestionError where one of them says nothing.

        >>> Question.read({"kpis": "nrr", "period": "2026", "where": ["tier in a, b"]}).where
        (Filter(dimension='tier', operator='in', values=('a', 'b')),)
        """
        odd = [name for name in words if name not in PARTS and name != "kpis"]
        if odd:
            raise TypeError(f"A question has no part '{odd[0]}'.")
        meant = {
            name: part.value(words[name])
            for name, part in PARTS.items()
            if words.get(name) is not None
        }
        return cls(several(words.get("kpis", ())), **meant)

    def spell(self) -> dict[str, Any]:
        """The words that read back as this question, without the parts that say nothing.

        >>> Question.read({"kpis": "nrr", "period": "2026", "by": "segment"}).spell()
        {'kpis': ['nrr'], 'period': '2026', 'by': ['segment']}
        """
        said = {
            name: part.words(getattr(self, name))
            for name, part in PARTS.items()
            if getattr(self, name) != part.default
        }
        return {"kpis": list(self.kpis), **said}

    @property
    def clock(self) -> dict[str, Any]:
        """When it is known, for `engine` of a workspace or a view."""
        return {name: getattr(self, name) for name, part in PARTS.items() if part.clock}

    @property
    def timeless(self) -> "Question":
        """The same question, whenever it is known."""
        return replace(self, known_at=None, snapshot=None)

    def about(self, kpi: str) -> "Question":
        """The same question about this KPI alone, as its figures are taken apart: all of them."""
        return replace(self, kpis=(kpi,), having=())

    def passing(
        self, found: Mapping[tuple[str, int], list[Answer]]
    ) -> dict[tuple[str, int], list[Answer]]:
        """The rows that pass what the question says of them; nothing where none does."""
        passed = {
            key: [row for row in rows if all(each.passes(row) for each in self.having)]
            for key, rows in found.items()
        }
        return {key: rows for key, rows in passed.items() if rows}


PARTS: Final[Mapping[str, Spelling]] = parts_of(Question)
"""The parts of a question by name, in the order in which every face lists them."""


class EndWords(TypedDict, total=False):
    """The words of a question that say as much of two periods as of one."""

    by: str | Sequence[str]
    where: str | Sequence[str]
    having: str | Sequence[str]
    known_at: datetime | str | None
    snapshot: str | None


class Words(EndWords, total=False):
    """A question as people spell it in Python; the KPIs apart."""

    period: Required[str]
    grain: str | None
    total: bool
    compare: Comparison | None


ENDS: Final[Mapping[str, Spelling]] = {
    name: part for name, part in PARTS.items() if name in EndWords.__annotations__
}


def keywords(parts: Mapping[str, Spelling] = PARTS) -> Callable[[C], C]:
    """A function that takes the parts of a question as keywords in place of its `**words`."""
    kinds = get_type_hints(Words)
    made = parameters(parts, lambda name, _: kinds[name], none=())
    return lambda call: spelled(call, made)


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
