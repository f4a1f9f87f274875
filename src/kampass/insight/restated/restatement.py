"""The restatement report: what became of figures that had been given, between one snapshot and
another.

Rows first (`Difference`), then figures: each KPI of each closed period asked of both snapshots
under today's definitions, and only what moved is named. A period is closed when it had ended by
what the earlier snapshot knew; a figure moves when its value, its status or its reason does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kampass.catalogue import Kpi
from kampass.engine import Answer, Engine
from kampass.engine.answer import instant_text
from kampass.engine.plain import plain
from kampass.engine.question import Asked
from kampass.errors import QuestionError, UnknownName
from kampass.insight.restated.causes import causes
from kampass.model import TABLES
from kampass.periods import Period, add_months, cut, parse
from kampass.store.snapshots.difference import Count, Difference, QuarantineChange, RowChange

MONTHS = 36


@dataclass(frozen=True)
class Moved:
    """One figure of a closed period on both sides, and the changed rows behind its movement."""

    period: Period
    before: Answer
    after: Answer
    causes: tuple[RowChange, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether anything is not what it was."""
        return (self.before.value, self.before.status, self.before.reason) != (
            self.after.value,
            self.after.status,
            self.after.reason,
        )

    @property
    def difference(self) -> float | None:
        """How far the value moved; nothing where there is none on one side."""
        if self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value

    def to_dict(self) -> dict[str, Any]:
        """The movement, ready for JSON."""
        sides = {
            name: {
                "value": answer.value,
                "n": answer.n,
                "status": answer.status,
                "reason": answer.reason,
            }
            for name, answer in (("before", self.before), ("after", self.after))
        }
        head = {
            "kpi": self.before.kpi,
            "period_start": self.period.start.isoformat(),
            "period_end": self.period.end.isoformat(),
        }
        dimensions = self.before.dimensions or self.after.dimensions
        return (
            head
            | {"dimensions": dimensions, "unit": self.after.unit}
            | sides
            | {"difference": self.difference, "rows": [row_dict(c) for c in self.causes]}
        )


@dataclass(frozen=True)
class Restatement:
    """The whole report between two snapshots. `rules` says of each where its published rules differ
    from today's.
    """

    before: str
    after: str
    known_at: tuple[datetime, datetime]
    counts: tuple[Count, ...]
    mended: tuple[QuarantineChange, ...]
    newly_set_aside: tuple[QuarantineChange, ...]
    periods: tuple[Period, ...]
    kpis: tuple[str, ...]
    moved: tuple[Moved, ...]
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report, ready for JSON."""
        return {
            "before": {
                "snapshot": self.before,
                "known_at": instant_text(self.known_at[0]),
                "rules_changed_since": list(self.rules.get(self.before, ())),
            },
            "after": {
                "snapshot": self.after,
                "known_at": instant_text(self.known_at[1]),
                "rules_changed_since": list(self.rules.get(self.after, ())),
            },
            "counts": [vars(count) for count in self.counts],
            "mended": [vars(line) for line in self.mended],
            "newly_set_aside": [vars(line) for line in self.newly_set_aside],
            "kpis": list(self.kpis),
            "periods": [
                {"start": period.start.isoformat(), "end": period.end.isoformat()}
                for period in self.periods
            ],
            "moved": [movement.to_dict() for movement in self.moved],
        }


def restated(
    sides: tuple[Engine, Engine], rows: Difference, kpis: Sequence[Kpi], periods: Sequence[Period]
) -> Restatement:
    """What became of the KPIs' figures of closed periods, between the snapshots of two engines
    whose rows differ so.
    """
    earlier, later = sides
    figures = list(moved(sides, (kpis, kpis), periods)) if periods else []
    behind = causes(rows, sides, kpis, _periods_of(figures))
    return Restatement(
        earlier.snapshot.id,
        later.snapshot.id,
        (earlier.known_at, later.known_at),
        tuple(rows.counts()),
        tuple(rows.mended()),
        tuple(rows.newly_set_aside()),
        tuple(periods),
        tuple(kpi.id for kpi in kpis),
        tuple(
            replace(figure, causes=behind.get((figure.before.kpi, figure.period), ()))
            for figure in figures
        ),
    )


def closed_periods(engine: Engine, period: str | None, grain: str | None) -> list[Period]:
    """The periods that were over by what a snapshot knew: of the one asked for, else its last
    months since coverage begins.
    """
    calendar = engine.settings.calendar
    if period is None:
        first = min(
            (
                stretch.start
                for stretches in engine.coverage.stretches.values()
                for stretch in stretches
            ),
            default=None,
        )
        if first is None:
            return []
        end = calendar.local_date(engine.known_at).replace(day=1)
        start = max(calendar.local_date(first).replace(day=1), add_months(end, -MONTHS))
        if start >= end:
            return []
        months = cut(Period(start, end, "month", 1), "month", calendar)
        return _of_grain(months, grain)
    return [
        piece
        for piece in cut(parse(period, calendar), grain, calendar)
        if calendar.first_instant(piece.end) <= engine.known_at
    ]


def _of_grain(months: list[Period], grain: str | None) -> list[Period]:
    if grain not in {None, "month"}:
        raise QuestionError(
            "A grain needs a period to cut.",
            code="bad_grain",
            hint="Add --period, e.g. --period 2025 --grain quarter.",
        )
    return months


def moved(
    sides: tuple[Engine, Engine],
    kpis: tuple[Sequence[Kpi], Sequence[Kpi]],
    periods: Sequence[Period],
) -> Iterator[Moved]:
    """Each figure that is not the same on both sides, by KPI and period."""
    return (pair for pair in paired(sides, kpis, periods) if pair.moved)


def _periods_of(figures: Sequence[Moved]) -> dict[str, list[Period]]:
    periods: dict[str, dict[Period, None]] = {}
    for figure in figures:
        periods.setdefault(figure.before.kpi, {})[figure.period] = None
    return {kpi: list(listed) for kpi, listed in periods.items()}


def paired(
    sides: tuple[Engine, Engine],
    kpis: tuple[Sequence[Kpi], Sequence[Kpi]],
    periods: Sequence[Period],
) -> Iterator[Moved]:
    """Each figure of both sides, by KPI and period; a slice that only one side has counts as none
    on the other.
    """
    asked = Asked(tuple(periods))
    was, now = (engine.answers(list(side), asked) for engine, side in zip(sides, kpis, strict=True))
    for kpi in kpis[0]:
        for number, period in enumerate(periods):
            before, after = (_by_slice(found.get((kpi.id, number), [])) for found in (was, now))
            for cut_of in dict.fromkeys([*before, *after]):
                one, other = before.get(cut_of), after.get(cut_of)
                yield Moved(period, one or _none(other), other or _none(one))


def row_dict(row: RowChange) -> dict[str, Any]:
    """A row that differs, ready for JSON."""
    told = {
        name: plain(value) for name, value in vars(row).items() if name not in {"key", "columns"}
    }
    columns = {
        name: {"before": plain(old), "after": plain(new)}
        for name, (old, new) in row.columns.items()
    }
    return told | {
        "key": {name: plain(value) for name, value in row.key.items()},
        "columns": columns,
    }


def check_table(name: str) -> str:
    """The name of a canonical table; UnknownName where there is none."""
    if name not in TABLES:
        raise UnknownName("table", name, TABLES, hint=f"Tables: {', '.join(TABLES)}.")
    return name


def _by_slice(answers: Sequence[Answer]) -> dict[tuple[tuple[str, str | None], ...], Answer]:
    return {tuple(sorted(answer.dimensions.items())): answer for answer in answers}


def _none(answer: Answer | None) -> Answer:
    """The answer that a slice would have on the side that does not have it."""
    assert answer is not None
    return replace(
        answer,
        value=None,
        numerator=None,
        denominator=None,
        n=0,
        low=None,
        high=None,
        status="no_value",
        reason=None,
    )
