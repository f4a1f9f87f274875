"""Breaks definitions on purpose and sees whether their worked examples notice.

Every definition is mutated in each way that applies to it: a filter dropped or turned round, a
boundary moved, numerator and denominator swapped, a join multiplied, duplicates kept, a key
dropped. A mutant is caught when at least one example fails. What cannot change any answer is not
made (the rules stand in `equivalents.py`) or is listed with its reason.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from kampass.catalogue import Kpi, Measure
from kampass.engine import Engine
from kampass.engine.planning.plan import Plan, Planner
from kampass.engine.question import Filter
from kampass.facts import FACTS, Fact, FactScope
from kampass.facts.fact import Boundary, BoundaryKind
from kampass.workspace.authoring.definitions import check_example
from kampass.workspace.authoring.mutants.equivalents import (
    and_parts,
    boundary_matters,
    implied,
    reason_of,
)
from kampass.workspace.authoring.worlds import Worlds

_TURNED = (
    (" >= ", " > "),
    (" > ", " >= "),
    (" <= ", " < "),
    (" < ", " <= "),
    (" = ", " <> "),
    (" <> ", " = "),
)


@dataclass(frozen=True)
class Mutant:
    """One wrong formula: the definition it stands for, how it was broken, and the facts that were
    broken for it, if any.
    """

    kpi: Kpi
    kind: str
    what: str
    facts: Mapping[str, Fact] | None = None


@dataclass
class Survey:
    """What became of the mutants: how many of each kind, which survived, which are no mutants at
    all and why.
    """

    made: Counter[str] = field(default_factory=Counter)
    survivors: list[Mutant] = field(default_factory=list)
    equivalent: list[tuple[Mutant, str]] = field(default_factory=list)

    def table(self) -> list[str]:
        """The lines people read."""
        survived, equal = (
            Counter(m.kind for m in self.survivors),
            Counter(m.kind for m, _ in self.equivalent),
        )
        lines = [f"{'wrong formula':<24}{'made':>6}{'caught':>8}{'equivalent':>12}"]
        kinds = sorted(self.made.keys() | equal.keys())
        lines += [
            f"{kind:<24}{self.made[kind]:>6}{self.made[kind] - survived[kind]:>8}{equal[kind]:>12}"
            for kind in kinds
        ]
        made, missed = self.made.total(), survived.total()
        lines.append(f"{'all':<24}{made:>6}{made - missed:>8}{equal.total():>12}")
        lines += [
            f"equivalent: {m.kpi.id}: {m.kind}: {m.what}: {reason}" for m, reason in self.equivalent
        ]
        return lines + [f"survived: {m.kpi.id}: {m.kind}: {m.what}" for m in self.survivors]


class _Mutated(Engine):
    """An engine that plans over broken facts."""

    facts: Mapping[str, Fact]

    def _plan(self, kpis: Sequence[Kpi], by: tuple[str, ...], where: tuple[Filter, ...]) -> Plan:
        return Planner(kpis, self.shape(kpis, by, where), self.facts).plan()


def mutants(kpi: Kpi) -> Iterator[Mutant]:
    """Every way in which this definition can be broken."""
    yield from _broken_conditions(kpi)
    yield from _broken_measures(kpi)
    yield from _broken_shape(kpi)
    yield from _broken_keys(kpi)
    facts = {measure.fact: FACTS[measure.fact] for measure in kpi.measures.values()}
    for kind in get_args(BoundaryKind):
        found = _boundaries(facts.values(), kind)
        if found and boundary_matters(kpi, kind):
            moved = {name: _moved(fact, found) for name, fact in facts.items()}
            yield Mutant(kpi, kind, found[0].moved, moved)
    if not _only_distinct(kpi):
        doubled = {name: _twice(fact) for name, fact in facts.items()}
        yield Mutant(kpi, "join multiplied", "every row twice", doubled)


def caught(mutant: Mutant, worlds: Worlds) -> bool:
    """Whether an example of the definition fails on the mutant, or leads to parts that no interval
    exists for.
    """
    engine: type[Engine] = Engine
    if mutant.facts is not None:
        engine = type("_Mutant", (_Mutated,), {"facts": mutant.facts})
    try:
        return any(
            check_example(mutant.kpi, example, worlds, engine=engine)
            for example in mutant.kpi.examples
        )
    except ValueError:
        return True


def survey(kpis: Iterable[Kpi]) -> Survey:
    """Make every mutant of these definitions and see which survive."""
    found = Survey()
    with Worlds() as worlds:
        for kpi in kpis:
            for mutant in mutants(kpi):
                reason = reason_of(kpi.id, mutant.kind, mutant.what)
                if reason:
                    found.equivalent.append((mutant, reason))
                    continue
                found.made[mutant.kind] += 1
                if not caught(mutant, worlds):
                    found.survivors.append(mutant)
    return found


def print_table(kpis: Iterable[Kpi]) -> int:
    """Print the table of mutants; the exit code says whether any survived."""
    found = survey(kpis)
    print("\n".join(found.table()))
    return 3 if found.survivors else 0


def _broken_conditions(kpi: Kpi) -> Iterator[Mutant]:
    """Each part of each condition dropped, each comparison and each flag turned round."""
    for name, measure in kpi.measures.items():
        parts = and_parts(measure.where)
        for dropped, shorter in _without_one(parts):
            if not implied(measure, dropped):
                yield Mutant(
                    _with(kpi, replace(measure, where=shorter or None)),
                    "filter dropped",
                    f"{name} where {shorter or 'nothing'}",
                )
        for kind, turned in _turned(parts):
            yield Mutant(_with(kpi, replace(measure, where=turned)), kind, f"{name} where {turned}")


def _broken_measures(kpi: Kpi) -> Iterator[Mutant]:
    """Each measure's own filter dropped or turned; sums and distinct counts counted plainly."""
    for name, measure in kpi.measures.items():
        bare, _, inner = measure.of.partition(" filter (where ")
        parts = and_parts(inner.removesuffix(")"))
        for dropped, shorter in _without_one(parts):
            of = f"{bare} filter (where {shorter})" if shorter else bare
            if not implied(measure, dropped):
                yield Mutant(_with(kpi, replace(measure, of=of)), "filter dropped", f"{name}: {of}")
        for kind, turned in _turned(parts):
            yield Mutant(
                _with(kpi, replace(measure, of=f"{bare} filter (where {turned})")),
                kind,
                f"{name}: {turned}",
            )
        if bare.startswith(("sum(", "count(distinct")):
            yield Mutant(
                _with(kpi, replace(measure, of=measure.of.replace(bare, "count(*)"))),
                "counted plainly",
                f"{name}: count(*)",
            )


def _broken_shape(kpi: Kpi) -> Iterator[Mutant]:
    """Numerator and denominator swapped, the denominator left out, the scale lost, duplicates kept,
    the window ignored.
    """
    if kpi.denominator is not None:
        yield Mutant(
            replace(kpi, value=kpi.denominator, denominator=kpi.value),
            "parts swapped",
            f"{kpi.denominator} / {kpi.value}",
        )
        yield Mutant(replace(kpi, denominator="1"), "denominator lost", f"{kpi.value} / 1")
    if kpi.scale != 1:
        yield Mutant(replace(kpi, scale=1.0), "scale lost", "scale 1")
    for name, measure in kpi.measures.items():
        if measure.latest_per:
            yield Mutant(_with(kpi, replace(measure, latest_per=None)), "duplicates kept", name)
        if measure.window:
            yield Mutant(_with(kpi, replace(measure, window="")), "window ignored", name)


def _broken_keys(kpi: Kpi) -> Iterator[Mutant]:
    """Each optional key that changes an answer dropped, moved by one, or turned round."""
    for key, nothing in (
        ("provisional_days", None),
        ("pending", None),
        ("suppress_below", None),
        ("interval", None),
        ("window_covered", None),
        ("distribution", None),
        ("whole", ()),
    ):
        if getattr(kpi, key):
            changed: dict[str, Any] = {key: nothing}
            yield Mutant(replace(kpi, **changed), "key dropped", key)
    for key in ("provisional_days", "suppress_below"):
        if getattr(kpi, key):
            for step in (-1, 1):
                moved: dict[str, Any] = {key: getattr(kpi, key) + step}
                yield Mutant(replace(kpi, **moved), "key moved", f"{key} {moved[key]}")
    if kpi.cut_only:
        yield Mutant(
            replace(kpi, cut_only="out" if kpi.cut_only == "in" else "in"),
            "cut turned",
            f"not {kpi.cut_only}",
        )
    plain = kpi.value if kpi.denominator is None else kpi.denominator
    if kpi.n != plain:
        yield Mutant(replace(kpi, n=plain), "units lost", f"n {plain}")


def _with(kpi: Kpi, measure: Measure) -> Kpi:
    return replace(kpi, measures={**kpi.measures, measure.name: measure})


def _without_one(parts: list[str]) -> Iterator[tuple[str, str]]:
    """Each and-part with the condition that is left without it."""
    for index, dropped in enumerate(parts):
        yield (
            dropped,
            " and ".join(part for position, part in enumerate(parts) if position != index),
        )


def _turned(parts: list[str]) -> Iterator[tuple[str, str]]:
    """The condition with one comparison or one flag turned round."""
    text = " and ".join(parts)
    for sign, other in _TURNED:
        for match in re.finditer(re.escape(sign), text):
            yield "comparison turned", text[: match.start()] + other + text[match.end() :]
    for match in re.finditer(r"(\w+) between (\S+) AND (\S+)", text):
        column, low, high = match.groups()
        for narrower in (
            f"({column} > {low} and {column} <= {high})",
            f"({column} >= {low} and {column} < {high})",
        ):
            yield "comparison turned", text[: match.start()] + narrower + text[match.end() :]
    for index, part in enumerate(parts):
        flag = re.fullmatch(r"(not )?(\w+)", part)
        if flag:
            turned = flag[2] if flag[1] else f"not {flag[2]}"
            yield "flag turned", " and ".join([*parts[:index], turned, *parts[index + 1 :]])


def _boundaries(facts: Iterable[Fact], kind: str) -> list[Boundary]:
    """The boundaries of one kind that these facts declare, each once."""
    declared = [boundary for fact in facts for boundary in fact.boundaries]
    return list(dict.fromkeys(boundary for boundary in declared if boundary.kind == kind))


def _moved(fact: Fact, boundaries: Sequence[Boundary]) -> Fact:
    """The fact with these boundaries off by one, in its moment, its rows and its shared steps."""
    turned = {boundary: replace(boundary, sql=boundary.moved) for boundary in boundaries}
    moment = fact.moment and replace(
        fact.moment,
        since=turned.get(fact.moment.since, fact.moment.since),
        until=turned.get(fact.moment.until, fact.moment.until),
    )
    relations = tuple(
        replace(relation, sql=_with_moved(relation.sql, boundaries)) for relation in fact.relations
    )
    rows = _with_moved(fact.sql, boundaries)
    return replace(fact, moment=moment, sql=rows, relations=relations)


def _with_moved(
    sql: Callable[[FactScope], str], boundaries: Sequence[Boundary]
) -> Callable[[FactScope], str]:
    def moved(scope: FactScope) -> str:
        text = sql(scope)
        for boundary in boundaries:
            text = text.replace(boundary.sql, boundary.moved)
        return text

    return moved


def _twice(fact: Fact) -> Fact:
    """The fact with every row doubled, as a careless join would."""

    def doubled(scope: FactScope) -> str:
        return f"SELECT f.* FROM ({fact.sql(scope)}\n) f CROSS JOIN (VALUES (1), (2)) twice(copy)"

    return replace(fact, sql=doubled)


def _only_distinct(kpi: Kpi) -> bool:
    """Whether doubling rows changes nothing by design: distinct counts, quantiles, one answer per
    unit, shares.
    """
    return all(
        m.latest_per or m.of.startswith(("count(distinct", "median", "quantile", "max"))
        for m in kpi.measures.values()
    )
