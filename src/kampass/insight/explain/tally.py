"""A KPI's measures counted row by row: per period and slice their exact value, the rows in, and the
rows out by reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from kampass.catalogue import Kpi, Measure
from kampass.catalogue.expressions import evaluate
from kampass.engine.engine import Engine
from kampass.engine.question import Asked
from kampass.insight.explain.explanation import Exact
from kampass.insight.explain.judged import Judged

Place = tuple[int, tuple[str | None, ...]]
Values = Mapping[str, Fraction | float | None]
ANOTHER_SLICE = "lies in another slice"
NOT_TOLD_APART = "does not count here; answers of employees are not told apart further"


@dataclass
class Tally:
    """A measure's value and its rows by code, per period and slice; rows found per period; the
    table's other rows by code.
    """

    judged: Judged
    values: dict[Place, Exact] = field(default_factory=dict)
    inside: dict[Place, dict[int, int]] = field(default_factory=dict)
    found: dict[int, int] = field(default_factory=dict)
    elsewhere: dict[int, dict[int, int]] = field(default_factory=dict)

    def value(self, place: Place) -> Fraction | float | None:
        """The measure over a slice; 0 where nothing counts, nothing where there is no rank or
        maximum.
        """
        value = self.values.get(place)
        if value is None:
            return None if self.judged.aggregate.function in {"quantile", "max"} else Fraction(0)
        if isinstance(value, float):
            return value
        return Fraction(value) / unit_of(self.judged)

    def counted(self, place: Place) -> int:
        """How many rows count."""
        return self.inside.get(place, {}).get(0, 0)

    def left_out(self, place: Place) -> tuple[tuple[str, int], ...]:
        """Each reason with its rows, in the order in which it is judged."""
        if self.judged.origin.hidden:
            return self._together(place)
        number, _ = place
        here = self.inside.get(place, {})
        reasons = [
            (self.judged.reasons[code - 1], rows) for code, rows in sorted(here.items()) if code
        ]
        others = self.found.get(number, 0) - sum(here.values())
        reasons += [(ANOTHER_SLICE, others)] if others else []
        return (
            *reasons,
            *(
                (self.judged.reasons[code - 1], rows)
                for code, rows in sorted(self.elsewhere.get(number, {}).items())
            ),
        )

    def _together(self, place: Place) -> tuple[tuple[str, int], ...]:
        """Everything but the rows that count, as one: what is told apart could be subtracted, down
        to single employees.
        """
        number, _ = place
        others = (
            self.found.get(number, 0)
            + sum(self.elsewhere.get(number, {}).values())
            - self.counted(place)
        )
        return ((NOT_TOLD_APART, others),) if others else ()


def tally(engine: Engine, kpi: Kpi, asked: Asked) -> dict[str, Tally]:
    """Every measure of a KPI over the periods and slices asked for; nothing where the data does not
    reach.
    """
    clocks = engine.clocks(kpi, asked)
    if not clocks:
        return {}
    judged = {name: judge(engine, kpi, measure, asked) for name, measure in kpi.measures.items()}
    return {
        name: _tallied(
            measure, engine.run(measure.plan(_counts(measure)), clocks, asked.where).all()
        )
        for name, measure in judged.items()
    }


def _counts(judged: Judged) -> str:
    """A slice's keys by code, its value, the keys found at all, and the table's other keys by
    code.
    """
    dims, none = judged.dims, ", NULL" * len(judged.by)
    keys = f"SELECT i{dims}, k, min(code) AS code FROM judged GROUP BY ALL"
    return f"""SELECT 'rows' AS what, i{dims}, code, count(*) AS rows, NULL AS total
      FROM ({keys}) GROUP BY ALL
UNION ALL SELECT 'value', i{dims}, 0, 0, {judged.total} FROM judged WHERE code = 0 GROUP BY ALL
UNION ALL SELECT 'found', i{none}, 0, count(DISTINCT k), NULL FROM judged GROUP BY i
UNION ALL SELECT 'elsewhere', i{none}, code, count(*), NULL FROM ({judged.elsewhere}) GROUP BY i,
  code"""


def _tallied(judged: Judged, rows: Sequence[tuple[Any, ...]]) -> Tally:
    counted = Tally(judged)
    for what, number, *values, code, keys, total in rows:
        if what == "rows":
            counted.inside.setdefault((number, tuple(values)), {})[code] = keys
        elif what == "value":
            counted.values[number, tuple(values)] = total
        elif what == "found":
            counted.found[number] = keys
        else:
            counted.elsewhere.setdefault(number, {})[code] = keys
    return counted


def judge(engine: Engine, kpi: Kpi, measure: Measure, asked: Asked) -> Judged:
    """A measure under the question's cut; a distribution's own dimension cuts all but the measures
    of the whole.
    """
    by = asked.by if kpi.distribution in {None, *asked.by} else (*asked.by, str(kpi.distribution))
    if measure.name in kpi.whole:
        by = tuple(name for name in by if name != kpi.distribution)
    return Judged(kpi, measure, by, asked.where, engine.shape([kpi], by, asked.where))


def from_measures(kpi: Kpi, values: Values) -> tuple[float | None, float | None]:
    """Numerator (or the value itself) and denominator that measures make, as the engine works them
    out.
    """
    value = evaluate(kpi.value, values)
    bottom = evaluate(kpi.denominator, values) if kpi.denominator else None
    return None if value is None else float(value), None if bottom is None else float(bottom)


def unit_of(judged: Judged) -> Fraction:
    """What divides an exact sum into the unit of its column."""
    timed = judged.unit if judged.aggregate.function in {"sum", "max"} else None
    return Fraction(timed) if timed else Fraction(1)
