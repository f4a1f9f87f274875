"""From KPIs, cuts and filters to one readable SQL text: a named step per fact, each fact aggregated
before it is joined.

A plan depends on the shape of the question only. Its period tables are filled in afterwards, its
filter values are bound as parameters, so it is compiled once per shape and no word of a person's
becomes SQL.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kampass.catalogue import Kpi, Measure
from kampass.catalogue.expressions import Aggregate, Condition, aggregate, condition, formula
from kampass.engine.planning.clock import COLUMNS
from kampass.engine.planning.scan import FactScan, Shape, aggregate_sql
from kampass.errors import DefinitionError, suggested
from kampass.facts import FACTS, Fact, FactScope
from kampass.facts.fact import WINDOWS
from kampass.model.conform import quoted

__all__ = ["Plan", "Planner", "Shape", "parts_of", "period_steps", "relation_steps"]


@dataclass(frozen=True)
class Plan:
    """Compiled SQL. `windows` names the period tables to fill in; `parts` says which columns belong
    to which KPI.
    """

    sql: str
    windows: tuple[str, ...]
    by: tuple[str, ...]
    kpis: tuple[str, ...]


def parts_of(kpis: Iterable[Kpi]) -> dict[str, str]:
    """Which KPIs are worth one statement: those whose facts, or the steps behind them, are the
    same.

    Statements that share nothing only cost planning. A distribution has a cut of its own and goes
    alone.
    """
    # KPIs that share a fact, and those that share a step with one of them, are one set: the
    # classes of "shares something with", each known by its leader.
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for kpi in kpis:
        for measure in kpi.measures.values():
            fact = FACTS.get(measure.fact)
            for step in [
                measure.fact,
                *(relation.name for relation in (fact.relations if fact else ())),
            ]:
                leader[find(step)] = find(f"kpi {kpi.id}")
    return {
        kpi.id: f"alone {kpi.id}" if kpi.distribution else find(f"kpi {kpi.id}") for kpi in kpis
    }


FEWEST_EMPLOYEES = 5
"""No figure is made of fewer employees' answers: of four colleagues one knows who said what."""


class Planner:
    """Compiles KPIs that share their clock into one statement."""

    def __init__(
        self, kpis: Sequence[Kpi], shape: Shape, facts: Mapping[str, Fact] = FACTS
    ) -> None:
        self.kpis, self.shape, self.facts = kpis, shape, facts
        self.scans: dict[tuple[object, ...], FactScan] = {}
        self.columns: dict[tuple[str, str], str] = {}
        self.missing: dict[tuple[str, str], str] = {}
        self.nullable: set[tuple[str, str]] = set()

    def plan(self) -> Plan:
        """The whole statement."""
        for kpi in self.kpis:
            for measure in kpi.measures.values():
                self._place(kpi, measure)
        windows = tuple(dict.fromkeys(["", *(scan.window for scan in self.scans.values())]))
        facts = [*self._relation_steps(), *(scan.step() for scan in self.scans.values())]
        steps = [step for window in windows for step in period_steps(window, facts)]
        steps += [*facts, self._spine()]
        sql = "WITH\n" + ",\n".join(steps) + "\n" + self._final()
        return Plan(sql, windows, self.spine_by, tuple(kpi.id for kpi in self.kpis))

    @property
    def spine_by(self) -> tuple[str, ...]:
        """The cut of the answer's rows; a distribution adds its own dimension."""
        extra = [
            kpi.distribution
            for kpi in self.kpis
            if kpi.distribution and kpi.distribution not in self.shape.by
        ]
        return (*self.shape.by, *dict.fromkeys(extra))

    def _place(self, kpi: Kpi, measure: Measure) -> None:
        """Find the scan a measure belongs to, and add its aggregate."""
        fact = self.facts.get(measure.fact)
        if fact is None:
            raise DefinitionError(
                f"{kpi.place}: there is no fact '{measure.fact}'."
                f"{suggested(measure.fact, self.facts)}",
                hint=f"Facts: {', '.join(self.facts)}.",
            )
        if fact.origin.hidden and (kpi.suppress_below or 0) < FEWEST_EMPLOYEES:
            raise DefinitionError(
                f"{kpi.place}: answers of employees need 'suppress_below: {FEWEST_EMPLOYEES}' or "
                "more."
            )
        try:
            counted = aggregate(measure.of, fact.kinds)
            where = condition(measure.where, fact.kinds) if measure.where else None
        except DefinitionError as wrong:
            raise DefinitionError(f"{kpi.place}: {wrong.message}", hint=wrong.hint) from None
        by = self.spine_by
        if measure.name in kpi.whole:
            by = tuple(name for name in by if name != kpi.distribution)
        # A filtered aggregate can stand beside any other over the same rows. A distinct count
        # cannot: many in one scan keep as many sets in memory, so each goes over rows that were
        # made distinct before. And which row is a unit's latest depends on the rows left to choose
        # from, so the condition comes first there and is part of what a scan is.
        apart = (measure.of,) if counted.function == "distinct" else ()
        shared = where.sql if where and (measure.latest_per or apart) else ""
        key = (fact.name, measure.window, by, measure.latest_per, kpi.cut_only, shared, apart)
        scan = self.scans.get(key)
        if scan is None:
            scan = FactScan(
                f"scan_{len(self.scans) + 1}",
                fact,
                measure.window,
                by,
                measure.latest_per,
                kpi.cut_only,
                where if shared else None,
                self.shape,
            )
            self.scans[key] = scan
        self._add(kpi, measure, scan, counted, None if shared else where)

    def _add(
        self,
        kpi: Kpi,
        measure: Measure,
        scan: FactScan,
        counted: Aggregate,
        where: Condition | None,
    ) -> None:
        conditions = [c for c in (where, counted.where) if c is not None]
        scan.used |= counted.columns.union(
            *(c.columns for c in conditions), scan.shared.columns if scan.shared else ()
        )
        scan.wheres.append(where)
        read = [counted.columns, *(c.columns for c in conditions)]
        # The flag for a missing rate is an aggregate over all rows, which distinct ones hide.
        if counted.function == "distinct" and not _money(scan, read):
            scan.apart = counted
        self.columns[kpi.id, measure.name] = scan.column(
            aggregate_sql(counted, scan.fact, conditions, of_units=scan.apart is not None)
        )
        # Nothing counts 0 and sums to 0, but a median of nothing is not 0.
        if counted.function in {"quantile", "max"}:
            self.nullable.add((kpi.id, measure.name))
        self._flag_missing_rates(kpi, measure, scan, read, " AND ".join(c.sql for c in conditions))

    def _flag_missing_rates(
        self, kpi: Kpi, measure: Measure, scan: FactScan, read: Sequence[frozenset[str]], kept: str
    ) -> None:
        """Add the flag that some amount behind a measure lacks its rate; where the filter itself
        compares amounts, any row counts.
        """
        money = _money(scan, read)
        if not money:
            return
        scan.used |= {f"{name}_missing" for name in money}
        lacking = " OR ".join(f"f.{quoted(name + '_missing')}" for name in money)
        where = f" FILTER (WHERE {kept})" if kept and not _money(scan, read[1:]) else ""
        self.missing[kpi.id, measure.name] = scan.column(
            f"coalesce(bool_or({lacking}){where}, false)"
        )

    def _relation_steps(self) -> list[str]:
        """The shared steps that some scan reads, once per window."""
        written: dict[str, str] = {}
        for scan in self.scans.values():
            written |= relation_steps(scan.fact, scan.scope, scan.fact.sql(scan.scope))
        return list(written.values())

    def _spine(self) -> str:
        dims = self._dims()
        if not dims:
            return "-- One row per period\nspine AS (SELECT i FROM period)"
        # A scan without the cut of a distribution holds wholes, which are no rows of the answer.
        full = [scan.name for scan in self.scans.values() if scan.by == self.spine_by]
        rows = "\n  UNION ".join(f"SELECT i{dims} FROM {name}" for name in full)
        return f"-- Every period and slice that has rows\nspine AS (\n  {rows})"

    def _dims(self) -> str:
        return "".join(f", d{index}" for index in range(len(self.spine_by)))

    def _final(self) -> str:
        dims = "".join(f", spine.d{index}" for index in range(len(self.spine_by)))
        cells = "".join(f",\n  {sql} AS {name}" for name, sql in self._outputs())
        joins = "".join(
            f"\nLEFT JOIN {scan.name} ON {self._match(scan)}" for scan in self.scans.values()
        )
        return (
            f"-- The parts of each figure; ratios last\nSELECT spine.i{dims}{cells}\nFROM "
            f"spine{joins}"
        )

    def _match(self, scan: FactScan) -> str:
        # An unknown segment is a slice like any other, and null = null would lose it.
        pairs = [
            f"{scan.name}.d{scan.by.index(name)} IS NOT DISTINCT FROM spine.d{index}"
            for index, name in enumerate(self.spine_by)
            if name in scan.by
        ]
        return " AND ".join([f"{scan.name}.i = spine.i", *pairs])

    def _outputs(self) -> list[tuple[str, str]]:
        """Per KPI: numerator or value, denominator, n, missing rate, pending."""
        made: list[tuple[str, str]] = []
        for index, kpi in enumerate(self.kpis):
            parts = self._measure_columns(kpi)
            made.append((f"v{index}", self._formula(kpi, kpi.value, parts)))
            if kpi.denominator is not None:
                made.append((f"b{index}", self._formula(kpi, kpi.denominator, parts)))
            made.append((f"n{index}", self._formula(kpi, kpi.n, parts)))
            flags = [
                self.missing[kpi.id, name]
                for name in kpi.measures
                if (kpi.id, name) in self.missing
            ]
            made.append(
                (f"m{index}", " OR ".join(f"coalesce({flag}, false)" for flag in flags) or "false")
            )
            made.append(
                (f"p{index}", f"coalesce({parts[kpi.pending]}, 0) > 0" if kpi.pending else "false")
            )
            if kpi.interval == "nps":
                made += [(f"{name}{index}", parts[name]) for name in ("promoters", "detractors")]
        return made

    def _measure_columns(self, kpi: Kpi) -> dict[str, str]:
        """Each measure's column; an absent count or sum is 0, an absent quantile stays null."""
        columns = {}
        for name in kpi.measures:
            column = self.columns[kpi.id, name]
            columns[name] = column if (kpi.id, name) in self.nullable else f"coalesce({column}, 0)"
        return columns

    def _formula(self, kpi: Kpi, text: str, parts: Mapping[str, str]) -> str:
        try:
            return formula(text, parts)
        except DefinitionError as wrong:
            raise DefinitionError(f"{kpi.place}: {wrong.message}", hint=wrong.hint) from None


def relation_steps(fact: Fact, scope: FactScope, wanted: str) -> dict[str, str]:
    """The shared steps that the SQL in `wanted` reads, by name, in the order in which they build on
    each other.
    """
    # Which steps are needed is read from the SQL: a fact leaves out the join of a column that
    # nobody asks for, and then the step behind it must go too. Later steps build on earlier ones.
    texts = [(relation, relation.sql(scope)) for relation in fact.relations]
    for relation, text in reversed(texts):
        if re.search(rf"\b{relation.name_in(scope)}\b", wanted):
            wanted += text
    named = [(relation, relation.name_in(scope), text) for relation, text in texts]
    return {
        name: f"-- {relation.about}\n{name} AS ({text})"
        for relation, name, text in named
        if re.search(rf"\b{name}\b", wanted)
    }


def period_steps(window: str, facts: Sequence[str]) -> list[str]:
    """A window's period table, and the same day by day where a fact looks its period up by date."""
    ending = f"_{window}" if window else ""
    steps = [
        (
            f"-- {WINDOWS[window].about}: bounds as instants and as local dates\n"
            f"period{ending}({COLUMNS}) AS (\n    {{period{ending}}})"
        )
    ]
    if any(f" period_day{ending} " in fact for fact in facts):
        days = "unnest(generate_series(first_day - 1, last_day + 1, INTERVAL 1 DAY))"
        steps.append(
            "-- ... day by day, one more at each end: the clock may fall back over "
            f"midnight\nperiod_day{ending} AS (\n  SELECT CAST({days} AS DATE) AS day, * FROM "
            f"period{ending})"
        )
    return steps


def _money(scan: FactScan, read: Sequence[frozenset[str]]) -> list[str]:
    """The amounts among the columns that are read."""
    return sorted(
        {name for columns in read for name in columns if scan.fact.columns[name].kind == "money"}
    )
