"""The hand-written statements of `by_hand.sql`, and whether they agree with the engine's answers.

Counts, money and other decimals must be equal; durations and medians, which are floating point, to
1e-9.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

Cells = dict[tuple[date, str | None], tuple[float | None, float | None]]
PERIOD, GRAIN, CUT = "2024-01..2025-12", "month", "segment"
FLOATS = frozenset(
    {"time_to_resolution", "time_to_resolution_median", "interaction_time", "interaction_gap"}
)


@cache
def statements() -> dict[str, str]:
    """Each KPI's statement, complete with the shared steps."""
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    shared, *named = text.split("\n-- name: ")
    steps = "\n".join(line for line in shared.splitlines() if not line.startswith("--")).strip()
    parts = (part.partition("\n") for part in named)
    return {name.strip(): f"WITH {steps}\n{sql.strip()}" for name, _, sql in parts}


def answer(cursor: Any, name: str) -> Cells:
    """Run one statement: numerator (or value) and denominator of every month and segment."""
    return {
        (_date(month), segment): (_number(value), _number(below))
        for month, segment, value, below in cursor.execute(statements()[name]).fetchall()
    }


def of_engine(answers: Iterable[Any], name: str) -> Cells:
    """The same cells as the engine answered them."""
    return {
        (row.period_start, row.dimensions[CUT]): (
            row.value if row.numerator is None else row.numerator,
            row.denominator,
        )
        for row in answers
        if row.kpi == name
    }


def differences(ours: Mapping[Any, Any], theirs: Mapping[Any, Any], name: str) -> list[str]:
    """What differs, cell by cell; nothing if the two agree."""
    found = [
        f"{name}: {key} is answered on one side only"
        for key in sorted(ours.keys() ^ theirs.keys(), key=str)
    ]
    return found + [
        f"{name}: {key} is {ours[key]} and by hand {theirs[key]}"
        for key in ours.keys() & theirs.keys()
        if not _same(ours[key], theirs[key], name)
    ]


def _same(ours: tuple[float | None, ...], theirs: tuple[float | None, ...], name: str) -> bool:
    if name in FLOATS:
        return all(
            one == other
            or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9))
            for one, other in zip(ours, theirs, strict=True)
        )
    return ours == theirs


def _date(moment: Any) -> date:
    return moment if type(moment) is date else moment.date()


def _number(cell: Any) -> float | None:
    return None if cell is None else float(cell)
