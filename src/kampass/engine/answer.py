"""The answer: rows in the contract's shape, and the ways to carry them on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from kampass.engine.plain import Json, Key, Plain, bare, instant_text, keys_of

__all__ = ["Answer", "AnswerNote", "Change", "Result", "Status", "instant_text", "worded"]
if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from kampass.render.charts import Chart

Status = Literal["ok", "low_n", "provisional", "partial", "no_value"]
_CODE = re.compile("[a-z]{4,}|[a-z]+(_[a-z]+)+")


@dataclass(frozen=True)
class Change(Plain):
    """A figure against the period before, or a year ago: the value there, the difference, and of a
    ratio how sure it is. `carried_by`: how many per cent of a count's or sum's difference the
    account makes that has most of it.
    """

    against: Annotated[str, Json("with")]
    period_start: date
    period_end: date
    value: float | None
    difference: float | None
    low: float | None
    high: float | None
    method: str | None
    detectable: bool | None
    carried_by: float | None
    reason: str | None


@dataclass(frozen=True)
class AnswerNote(Plain):
    """What a reader must know before believing a value; `count` where something was counted."""

    code: str
    text: str
    count: int | None = None


@dataclass(frozen=True)
class Answer(Plain):
    """One KPI, one period, one slice.

    `change` is there where a comparison was asked for; `parts` holds what an interval needs besides
    numerator and denominator.
    """

    kpi: str
    period_start: date
    period_end: date
    through: datetime | None
    dimensions: dict[str, str | None]
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    n: int
    low: float | None
    high: float | None
    status: Status
    reason: str | None
    definition: str
    snapshot: str
    known_at: datetime
    notes: tuple[AnswerNote, ...] = ()
    change: Annotated[Change | None, Json(absent=True)] = None
    parts: Annotated[Mapping[str, float], Json(hidden=True)] = field(
        default_factory=dict, repr=False, compare=False
    )


@dataclass(frozen=True)
class Result(Sequence[Answer]):
    """The answers to a question, in the contract's order."""

    answers: tuple[Answer, ...]
    dimensions: tuple[str, ...] = ()
    currency: str = "USD"
    names: dict[str, str] = field(default_factory=dict, repr=False)
    labels: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    compare: str | None = None
    total: bool = False

    def __len__(self) -> int:
        return len(self.answers)

    def __getitem__(self, index: Any) -> Any:
        return self.answers[index]

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.answers)

    def shown(self, answer: Answer, dimension: str) -> str:
        """A dimension's value as people read it: the name behind an id, "Unknown" for none, "All"
        in a total.
        """
        if dimension not in answer.dimensions:
            return "All"
        value = answer.dimensions[dimension]
        return "Unknown" if value is None else self.labels.get((dimension, value)) or worded(value)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The contract's list of objects."""
        return [answer.to_dict() for answer in self.answers]

    def to_arrow(self) -> "pa.Table":
        """An Arrow table; dimensions are `dim.<name>` columns, a column `total` marks the rows that
        --total adds, a comparison `change.<name>` columns.
        """
        import pyarrow as pa

        columns: dict[str, Any] = {}
        for each in keys_of(Answer):
            if each.attribute == "dimensions":
                for dimension in self.dimensions:
                    columns[f"dim.{dimension}"] = pa.array(
                        [answer.dimensions.get(dimension) for answer in self.answers], pa.string()
                    )
            elif each.attribute == "notes":
                columns["notes"] = pa.array(map(noted, self.answers), pa.string())
            elif bare(each.kind) is not Change:
                columns[each.name] = _column(self.answers, each)
        if self.compare:
            changes = [answer.change for answer in self.answers]
            columns |= {f"change.{each.name}": _column(changes, each) for each in keys_of(Change)}
        if self.total:
            columns["total"] = pa.array(
                [not answer.dimensions for answer in self.answers], pa.bool_()
            )
        return pa.table(columns)

    def to_polars(self) -> "pl.DataFrame":
        """A Polars frame (needs the extra `polars`)."""
        import polars as pl

        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def to_pandas(self) -> "pd.DataFrame":
        """A pandas frame (needs the extra `pandas`)."""
        return self.to_arrow().to_pandas()

    def chart(self) -> "Chart":
        """A Vega-Lite specification: a line over periods per KPI and slice; gaps where there is no
        value.
        """
        from kampass.render.charts import trend

        return trend(self)

    def _repr_html_(self) -> str:
        """The notebook view: a plain table, every cell escaped."""
        from html import escape

        from kampass.periods import label
        from kampass.render.display import show_change, show_value

        head = [
            "KPI",
            "Period",
            *self.dimensions,
            "Value",
            *(["Change"] if self.compare else []),
            "n",
            "Status",
        ]
        body = [
            [
                self.names.get(a.kpi, a.kpi),
                label(a.period_start, a.period_end),
                *(self.shown(a, d) for d in self.dimensions),
                show_value(a.value, a.unit, self.currency),
                *([show_change(a, self.currency)] if self.compare else []),
                str(a.n),
                a.reason or a.status,
            ]
            for a in self.answers
        ]
        cells = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body
        )
        heads = "".join(f"<th>{escape(name)}</th>" for name in head)
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>"


def noted(answer: Answer) -> str | None:
    """An answer's notes as one text for a cell; nothing where it has none."""
    return "; ".join(note.text for note in answer.notes) or None


def worded(value: str) -> str:
    """A value of a closed list as people read it; whatever somebody wrote themselves stays as it
    is.

    >>> tuple(map(worded, ("mid_market", "enterprise", "EMEA", "smb", "acc-0012")))
    ('Mid market', 'Enterprise', 'EMEA', 'smb', 'acc-0012')
    """
    return value.replace("_", " ").capitalize() if _CODE.fullmatch(value) else value


def _column(rows: Sequence[Any], each: Key) -> Any:
    """A key's values as an Arrow array of its type; nothing where a row is None."""
    import pyarrow as pa

    kinds = {
        float: pa.float64(),
        int: pa.int64(),
        bool: pa.bool_(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    kind = kinds.get(bare(each.kind), pa.string())
    return pa.array([getattr(row, each.attribute, None) for row in rows], kind)
