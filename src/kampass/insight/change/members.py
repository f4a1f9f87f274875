"""What each member of a cut brings to a KPI's measures, exactly, so that any mixture of members can
be worked out anew.

Sums and counts of members add up; distinct values unite; values to rank are thrown together; a
maximum is a maximum.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from kampass.catalogue import Kpi
from kampass.catalogue.expressions import evaluate
from kampass.engine.engine import Engine
from kampass.engine.question import Asked
from kampass.insight.explain.judged import Judged
from kampass.insight.explain.tally import judge, unit_of

Member = tuple[str | None, ...]
Number = Fraction | float | None


@dataclass(frozen=True)
class Figures:
    """Numerator (or the value itself) and denominator, exactly."""

    top: Number
    bottom: Number

    def value(self, kpi: Kpi) -> Fraction | None:
        """The KPI's value they make; None where there is none."""
        if self.top is None:
            return None
        if kpi.form != "ratio":
            return Fraction(self.top)
        if not self.bottom or (kpi.window_covered == "previous" and self.bottom < 0):
            return None
        return Fraction(str(kpi.scale)) * Fraction(self.top) / Fraction(self.bottom)


@dataclass
class MemberParts:
    """What the members bring to each measure: a number, a set of texts, or a list of values, by the
    measure's function.
    """

    kpi: Kpi
    functions: dict[str, tuple[str, float | None]] = field(default_factory=dict)
    brought: dict[str, dict[Member, Any]] = field(default_factory=dict)

    @cached_property
    def members(self) -> frozenset[Member]:
        """Every member that brings something."""
        return frozenset(member for by_member in self.brought.values() for member in by_member)

    def figures(
        self,
        members: Iterable[Member],
        other: "MemberParts | None" = None,
        from_other: Iterable[Member] = (),
    ) -> Figures:
        """The figures of these members, and of those of another time where named."""
        values = {}
        for name, (function, rank) in self.functions.items():
            parts = [
                self.brought[name][member] for member in members if member in self.brought[name]
            ]
            parts += (
                [
                    other.brought[name][member]
                    for member in from_other
                    if member in other.brought[name]
                ]
                if other
                else []
            )
            values[name] = _together(function, rank, parts)
        return self._made(values)

    def with_measures(self, other: "MemberParts", names: Iterable[str]) -> Figures:
        """The figures of all members, some measures taken from another time."""
        values = {}
        for name, (function, rank) in self.functions.items():
            source = other if name in names else self
            values[name] = _together(function, rank, list(source.brought[name].values()))
        return self._made(values)

    def _made(self, values: Mapping[str, Number]) -> Figures:
        bottom = (
            evaluate(self.kpi.denominator, values, exact=True) if self.kpi.denominator else None
        )
        return Figures(evaluate(self.kpi.value, values, exact=True), bottom)


def contents(engine: Engine, kpi: Kpi, asked: Asked, *, at: str | None = None) -> MemberParts:
    """What the members of a one-period question's cut bring; `at` is the value of a distribution
    that is looked at.
    """
    made = MemberParts(kpi)
    clocks = engine.clocks(kpi, asked)
    for name, measure in kpi.measures.items():
        judged = judge(engine, kpi, measure, asked)
        made.functions[name] = (judged.aggregate.function, judged.aggregate.quantile)
        place = (
            judged.by.index(kpi.distribution)
            if kpi.distribution in judged.by and kpi.distribution not in asked.by
            else None
        )
        found: dict[Member, Any] = {}
        for *values, brought in (
            engine.run(judged.plan(_select(judged)), clocks, asked.where).all() if clocks else ()
        ):
            if place is not None and values.pop(place) != at:
                continue
            found[tuple(values)] = _typed(judged, brought)
        made.brought[name] = found
    return made


def _select(judged: Judged) -> str:
    """Each member's part: a sum, a maximum, the distinct texts, or the values."""
    function = judged.aggregate.function
    part = {
        "distinct": "list(DISTINCT amount)",
        "quantile": "list(amount)",
        "max": "max(amount)",
    }.get(function, "sum(amount)")
    if not judged.by:
        return f"SELECT {part} FROM judged WHERE code = 0 HAVING count(*) > 0"
    return (
        f"SELECT {judged.dims.removeprefix(', ')}, {part} FROM judged WHERE code = 0 GROUP BY ALL"
    )


def _typed(judged: Judged, brought: Any) -> Any:
    if isinstance(brought, list):
        return set(brought) if judged.aggregate.function == "distinct" else brought
    return Fraction(0) if brought is None else Fraction(brought) / unit_of(judged)


def _together(function: str, rank: float | None, parts: list[Any]) -> Number:
    if function == "distinct":
        return Fraction(len(set().union(*parts)))
    if function == "quantile":
        return _quantile([value for part in parts for value in part], rank or 0.0)
    if function == "max":
        return max(parts, default=None)
    return sum(parts, Fraction(0))


def _quantile(values: list[float], rank: float) -> float | None:
    """The linear-interpolated quantile, as the database works it out.

    >>> _quantile([1.0, 2.0, 4.0, 8.0], 0.5), _quantile([], 0.5)
    (3.0, None)
    """
    if not values:
        return None
    ordered = sorted(values)
    position = rank * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
