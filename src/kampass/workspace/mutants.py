"""Breaks definitions on purpose and sees whether their worked examples notice.

Every definition is mutated in each way that applies to it: a filter dropped or turned round, a boundary moved, numerator
and denominator swapped, a join multiplied, duplicates kept. A mutant is caught when at least one example fails.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from kampass.engine import Engine
from kampass.engine.plan import Plan
from kampass.kpis import Kpi, Measure
from kampass.workspace.definitions import check_example
from kampass.workspace.worlds import Worlds

if TYPE_CHECKING:
    from collections import Counter

SqlChange = Callable[[str], str]

_TURNED = ((" >= ", " > "), (" > ", " >= "), (" <= ", " < "), (" < ", " <= "), (" = ", " <> "), (" <> ", " = "))
_BOUNDARIES = {
    "start moved": (("f._at >= p.s", "f._at > p.s"), ("f._on >= p.first_day", "f._on > p.first_day"), ("c.valid_to >= p.first_day", "c.valid_to > p.first_day")),
    "end moved": (("f._at < p.u", "f._at <= p.u"), ("f._on <= p.last_day", "f._on <= p.last_day + 1"), ("c.valid_to <= p.last_day", "c.valid_to <= p.last_day + 1")),
    "opening moved": (("l.valid_from <= p.before", "l.valid_from <= p.before + 1"),),
    "closing moved": (("l.valid_from <= p.last_day", "l.valid_from <= p.last_day + 1"),),
    "end of line moved": (("l.valid_to > p.last_day", "l.valid_to >= p.last_day"),),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One wrong formula: the definition it stands for, how it was broken, and a change to its SQL if any."""

    kpi: Kpi
    kind: str
    what: str
    sql: SqlChange | None = None


class _Mutated(Engine):
    """An engine whose SQL is changed before it runs."""

    change: SqlChange

    def _plan(self, *asked: object) -> Plan:
        plan = super()._plan(*asked)  # type: ignore[arg-type]
        return replace(plan, sql=self.change(plan.sql))


def mutants(kpi: Kpi) -> Iterator[Mutant]:
    """Every way in which this definition can be broken."""
    yield from _broken_conditions(kpi)
    yield from _broken_measures(kpi)
    yield from _broken_shape(kpi)
    for kind, pairs in _BOUNDARIES.items():
        applied = [pair for pair in pairs if pair[0] in _sql_of(kpi)]
        if applied:
            yield Mutant(kpi, kind, applied[0][1], partial(_swap, applied))
    if not _only_distinct(kpi):
        yield Mutant(kpi, "join multiplied", "every row twice", _twice)


def caught(mutant: Mutant, worlds: Worlds) -> bool:
    """Whether an example of the definition fails on the mutant."""
    engine: type[Engine] = Engine
    if mutant.sql is not None:
        engine = type("_Mutant", (_Mutated,), {"change": staticmethod(mutant.sql)})
    return any(check_example(mutant.kpi, example, worlds, engine=engine) for example in mutant.kpi.examples)


def survey(kpis: Iterable[Kpi]) -> "tuple[Counter[str], list[Mutant]]":
    """How many mutants of each kind there are, and which survived."""
    from collections import Counter

    counts: Counter[str] = Counter()
    survivors = []
    with Worlds() as worlds:
        for kpi in kpis:
            for mutant in mutants(kpi):
                counts[mutant.kind] += 1
                if not caught(mutant, worlds):
                    survivors.append(mutant)
    return counts, survivors


def print_table(kpis: Iterable[Kpi]) -> int:
    """Print the table of mutants; the exit code says whether any survived."""
    counts, survivors = survey(kpis)
    print(f"{'wrong formula':<24}{'made':>6}{'caught':>8}")
    for kind, made in sorted(counts.items()):
        print(f"{kind:<24}{made:>6}{made - sum(mutant.kind == kind for mutant in survivors):>8}")
    print(f"{'all':<24}{counts.total():>6}{counts.total() - len(survivors):>8}")
    for mutant in survivors:
        print(f"survived: {mutant.kpi.id}: {mutant.kind}: {mutant.what}")
    return 3 if survivors else 0


def _broken_conditions(kpi: Kpi) -> Iterator[Mutant]:
    """Each part of each condition dropped, each comparison turned round."""
    for name, measure in kpi.measures.items():
        for shorter in _without_one(measure.where or ""):
            yield Mutant(_with(kpi, replace(measure, where=shorter or None)), "filter dropped", f"{name} where {shorter or 'nothing'}")
        for turned in _turned(measure.where or ""):
            yield Mutant(_with(kpi, replace(measure, where=turned)), "comparison turned", f"{name} where {turned}")


def _broken_measures(kpi: Kpi) -> Iterator[Mutant]:
    """Each measure's own filter dropped or turned; sums and distinct counts counted plainly."""
    for name, measure in kpi.measures.items():
        bare, _, inner = measure.of.partition(" filter (where ")
        for shorter in _without_one(inner.removesuffix(")")):
            of = f"{bare} filter (where {shorter})" if shorter else bare
            yield Mutant(_with(kpi, replace(measure, of=of)), "filter dropped", f"{name}: {of}")
        for turned in _turned(inner.removesuffix(")")):
            yield Mutant(_with(kpi, replace(measure, of=f"{bare} filter (where {turned})")), "comparison turned", f"{name}: {turned}")
        if bare.startswith(("sum(", "count(distinct")):
            yield Mutant(_with(kpi, replace(measure, of=measure.of.replace(bare, "count(*)"))), "counted plainly", f"{name}: count(*)")


def _broken_shape(kpi: Kpi) -> Iterator[Mutant]:
    """Numerator and denominator swapped, the scale lost, duplicates kept, the window ignored."""
    if kpi.denominator is not None:
        yield Mutant(replace(kpi, value=kpi.denominator, denominator=kpi.value), "parts swapped", f"{kpi.denominator} / {kpi.value}")
    if kpi.scale != 1:
        yield Mutant(replace(kpi, scale=1.0), "scale lost", "scale 1")
    for name, measure in kpi.measures.items():
        if measure.latest_per:
            yield Mutant(_with(kpi, replace(measure, latest_per=None)), "duplicates kept", name)
        if measure.window:
            yield Mutant(_with(kpi, replace(measure, window="")), "window ignored", name)


def _with(kpi: Kpi, measure: Measure) -> Kpi:
    return replace(kpi, measures={**kpi.measures, measure.name: measure})


def _without_one(text: str) -> Iterator[str]:
    """The condition without one of its and-parts."""
    inner = text.strip()
    if inner.startswith("(") and inner.endswith(")") and inner.count("(") == 1:
        inner = inner[1:-1]
    parts = [part for part in re.split(r"\band\b(?![^()]*\))", inner) if part.strip()]
    for index in range(len(parts)):
        yield " and ".join(part.strip() for position, part in enumerate(parts) if position != index)


def _turned(text: str) -> Iterator[str]:
    """The condition with one comparison turned round."""
    for sign, other in _TURNED:
        for match in re.finditer(re.escape(sign), text):
            yield text[: match.start()] + other + text[match.end() :]


def _sql_of(kpi: Kpi) -> str:
    from kampass.engine.plan import Planner, Shape

    return Planner([kpi], Shape((), (), "UTC")).plan().sql


def _swap(pairs: list[tuple[str, str]], sql: str) -> str:
    for old, fresh in pairs:
        sql = sql.replace(old, fresh)
    return sql


def _twice(sql: str) -> str:
    """Every fact's rows doubled, as a careless join would."""
    return sql.replace("\n    ) f ", "\n    ) f CROSS JOIN (VALUES (1), (2)) twice(copy) ")


def _only_distinct(kpi: Kpi) -> bool:
    """Whether doubling rows changes nothing by design: distinct counts, quantiles, one answer per unit, shares."""
    return all(m.latest_per or m.of.startswith(("count(distinct", "median", "quantile", "max")) for m in kpi.measures.values())
