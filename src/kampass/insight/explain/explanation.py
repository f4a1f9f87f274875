"""What an explanation holds: the figure, its measures with their counts in and out, and the rows
themselves.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kampass.engine.answer import Answer, instant_text

Exact = int | Decimal | Fraction | float | str | None


@dataclass(frozen=True)
class MeasureCount:
    """One measure of a figure. `candidates` = `counted` + everything in `left_out`; all null where
    the figure is suppressed.
    """

    name: str
    part: str
    of: str
    fact: str
    about: str
    table: str
    window: str
    value: float | None
    candidates: int | None
    counted: int | None
    left_out: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "measure": self.name,
            "part": self.part,
            "of": self.of,
            "fact": self.fact,
            "about": self.about,
            "table": self.table,
            "window": self.window or "period",
            "value": self.value,
            "candidates": self.candidates,
            "in": self.counted,
            "out": [{"reason": reason, "rows": rows} for reason, rows in self.left_out],
        }


@dataclass(frozen=True)
class Reached:
    """How far one table's data reaches, for the period that was asked."""

    table: str
    connected: bool
    covered_from: datetime | None
    covered_to: datetime | None
    assumed: bool
    loaded_at: datetime | None
    rows: int
    set_aside: int

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "table": self.table,
            "connected": self.connected,
            "covered_from": instant_text(self.covered_from),
            "covered_to": instant_text(self.covered_to),
            "assumed": self.assumed,
            "loaded_at": instant_text(self.loaded_at),
            "rows": self.rows,
            "set_aside": self.set_aside,
        }


@dataclass(frozen=True)
class Explanation:
    """One figure taken apart. `from_rows` is the value worked out again from the rows alone;
    `adds_up` says that it is the same.
    """

    answer: Answer
    name: str
    words: str
    calculation: str
    measures: tuple[MeasureCount, ...]
    from_rows: float | None
    coverage: tuple[Reached, ...]
    notes: tuple[str, ...]
    sql: str
    parameters: dict[str, Any]
    definition: dict[str, Any] = field(repr=False)
    settings: dict[str, Any]
    currency: str = "USD"

    @property
    def adds_up(self) -> bool:
        """Whether the rows alone make the figure, to the last digit."""
        return self.answer.value == self.from_rows

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON: the contract's answer, and what is behind it."""
        return {
            **self.answer.to_dict(),
            "name": self.name,
            "formula": self.words,
            "calculation": self.calculation,
            "measures": [measure.to_dict() for measure in self.measures],
            "from_rows": self.from_rows,
            "adds_up": self.adds_up,
            "coverage": [table.to_dict() for table in self.coverage],
            "notes": list(self.notes),
            "sql": self.sql,
            "parameters": self.parameters,
            "definition_text": self.definition,
            "settings": self.settings,
        }


@dataclass(frozen=True)
class SourceRow:
    """A source row by table, id and line, with the fields that were read."""

    table: str
    key: dict[str, Any]
    source: str
    load: int
    line: int | None
    fields: dict[str, Any]
    about: str = ""

    @property
    def id(self) -> str:
        """The key as one text."""
        return " / ".join("" if value is None else str(value) for value in self.key.values())

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        shown = {
            "table": self.table,
            "id": self.id,
            "source": self.source,
            "load": self.load,
            "line": self.line,
            "fields": plain(self.fields),
        }
        return shown | ({"about": self.about} if self.about else {})


@dataclass(frozen=True)
class Row:
    """One row behind a measure: its source row, what was worked out of it, what it contributes, and
    further rows behind it.

    `amount` is exact: what a sum adds, what a quantile ranks, or the text that is counted once.
    """

    kpi: str
    period_start: date
    period_end: date
    dimensions: dict[str, str | None]
    measure: str
    origin: SourceRow
    computed: dict[str, Any]
    amount: Exact
    reason: str | None = None
    evidence: tuple[SourceRow, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "kpi": self.kpi,
            "period_start": self.period_start.isoformat(),
            "period_end": self.period_end.isoformat(),
            "dimensions": self.dimensions,
            "measure": self.measure,
            **self.origin.to_dict(),
            "computed": plain(self.computed),
            "amount": plain(self.amount),
            "reason": self.reason,
            "evidence": [origin.to_dict() for origin in self.evidence],
        }


def plain(value: Any) -> Any:  # noqa: ANN401 - a cell of any type
    """Cells as JSON knows them: decimals and fractions as numbers, instants and dates as the
    contract writes them.
    """
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal | Fraction):
        return int(value) if value == int(value) and isinstance(value, Fraction) else float(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
