"""What an explanation holds: the figure, its measures with their counts in and out, and the rows
themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from kampass.engine.answer import Answer
from kampass.engine.plain import Json, Plain, plain

__all__ = [
    "Exact",
    "Explanation",
    "LeftOut",
    "MeasureCount",
    "Reached",
    "Row",
    "SourceRow",
    "plain",
]
Exact = int | Decimal | Fraction | float | str | None


class LeftOut(NamedTuple):
    """So many candidates that do not count, for one reason."""

    reason: str
    rows: int


@dataclass(frozen=True)
class MeasureCount(Plain):
    """One measure of a figure. `candidates` = `counted` + everything in `left_out`; all null where
    the figure is suppressed.
    """

    name: Annotated[str, Json("measure")]
    part: str
    of: str
    fact: str
    about: str
    table: str
    window: Annotated[
        str,
        Json(
            write=lambda window: window or "period",
            read=lambda window: "" if window == "period" else window,
        ),
    ]
    value: float | None
    candidates: int | None
    counted: Annotated[int | None, Json("in")]
    left_out: Annotated[
        tuple[tuple[str, int], ...],
        Json(
            "out",
            write=lambda out: [LeftOut(*each)._asdict() for each in out],
            read=lambda out: tuple(LeftOut(**each) for each in out),
        ),
    ]


@dataclass(frozen=True)
class Reached(Plain):
    """How far one table's data reaches, for the period that was asked."""

    table: str
    connected: bool
    covered_from: datetime | None
    covered_to: datetime | None
    assumed: bool
    loaded_at: datetime | None
    rows: int
    set_aside: int


@dataclass(frozen=True)
class Explanation(Plain):
    """An answer taken apart: its formula, its measures with what is in and out, its SQL, what it
    was made under.

    `from_rows` is the value worked out again from the rows alone; `adds_up` says that it is the
    same, to the last digit.
    """

    answer: Annotated[Answer, Json(flat=True)]
    name: str
    words: Annotated[str, Json("formula")]
    calculation: str
    measures: tuple[MeasureCount, ...]
    from_rows: float | None
    adds_up: Annotated[bool, Json(made=lambda self: self.answer.value == self.from_rows)] = field(
        init=False, repr=False, compare=False
    )
    coverage: tuple[Reached, ...]
    remarks: tuple[str, ...]
    sql: str
    parameters: dict[str, Any]
    definition: Annotated[dict[str, Any], Json("definition_text")] = field(repr=False)
    settings: dict[str, Any]
    currency: Annotated[str, Json(hidden=True)] = "USD"


def _key_text(parts: Mapping[str, Any]) -> str:
    return " / ".join("" if value is None else str(value) for value in parts.values())


@dataclass(frozen=True)
class SourceRow(Plain):
    """A source row by table, id and line, with the fields that were read."""

    table: str
    key: Annotated[
        dict[str, Any],
        Json("id", kind=str, write=_key_text, read=lambda text: {"id": text}),
    ]
    source: str
    load: int
    line: int | None
    fields: Annotated[dict[str, Any], Json(write=plain)]
    about: Annotated[str, Json(absent=True)] = ""

    @property
    def id(self) -> str:
        """The key as one text."""
        return _key_text(self.key)


@dataclass(frozen=True)
class Row(Plain):
    """A source row behind a figure.

    With what was worked out of it, what it contributes, and further rows behind it. `amount` is
    exact: what a sum adds, what a quantile ranks, or the text that is counted once.
    """

    kpi: str
    period_start: date
    period_end: date
    dimensions: dict[str, str | None]
    measure: str
    origin: Annotated[SourceRow, Json(flat=True)]
    computed: Annotated[dict[str, Any], Json(write=plain)]
    amount: Annotated[Exact, Json(kind=float | str | None, write=plain)]
    reason: str | None = None
    evidence: tuple[SourceRow, ...] = ()
