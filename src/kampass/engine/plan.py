"""From KPIs, cuts and filters to one readable SQL text: a named step per fact, each fact aggregated before it is joined.

A plan depends on the shape of the question only. Its period tables are filled in afterwards, its filter values are
bound as parameters, so it is compiled once per shape and no word of a person's becomes SQL.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kampass.engine.clock import COLUMNS
from kampass.engine.dimensions import Cut, cut_sql, filter_sql
from kampass.engine.facts import FACTS, Fact, Relation, Scope
from kampass.errors import DefinitionError
from kampass.kpis import Kpi, Measure
from kampass.kpis.expressions import Aggregate, Condition, aggregate, condition, formula
from kampass.model.conform import quoted

_MICROSECONDS = {"hours": "3600000000.0", "days": "86400000000.0"}


@dataclass(frozen=True)
class Shape:
    """What a plan is compiled for: cuts and filters (values apart), the time zone, the business calendars."""

    by: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]
    zone: str
    calendars: str = "SELECT 1"
    team_calendars: str = "SELECT 1"


@dataclass(frozen=True)
class Plan:
    """Compiled SQL. `windows` names the period tables to fill in; `parts` says which columns belong to which KPI."""

    sql: str
    windows: tuple[str, ...]
    by: tuple[str, ...]
    kpis: tuple[str, ...]


def parts_of(kpis: Iterable[Kpi]) -> dict[str, str]:
    """Which KPIs are worth one statement: those whose facts, or the steps behind them, are the same.

    Statements that share nothing only cost planning. A distribution has a cut of its own and goes alone.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for kpi in kpis:
        for measure in kpi.measures.values():
            fact = FACTS.get(measure.fact)
            for step in [measure.fact, *(relation.name for relation in (fact.relations if fact else ()))]:
                leader[find(step)] = find(f"kpi {kpi.id}")
    return {kpi.id: f"alone {kpi.id}" if kpi.distribution else find(f"kpi {kpi.id}") for kpi in kpis}


@dataclass
class _Scan:
    """One pass over one fact: the aggregates that share its rows, window, cut and de-duplication."""

    name: str
    fact: Fact
    window: str
    by: tuple[str, ...]
    latest_per: str | None
    cut_only: str | None
    shared: Condition | None
    aggregates: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    wheres: list[Condition | None] = field(default_factory=list)

    @property
    def period(self) -> str:
        return f"period_{self.window}" if self.window else "period"


class Planner:
    """Compiles KPIs that share their clock into one statement."""

    def __init__(self, kpis: Sequence[Kpi], shape: Shape) -> None:
        self.kpis, self.shape = kpis, shape
        self.scans: dict[tuple[object, ...], _Scan] = {}
        self.columns: dict[tuple[str, str], str] = {}
        self.missing: dict[tuple[str, str], str] = {}
        self.nullable: set[tuple[str, str]] = set()

    def plan(self) -> Plan:
        """The whole statement."""
        for kpi in self.kpis:
            for measure in kpi.measures.values():
                self._place(kpi, measure)
        windows = tuple(dict.fromkeys(["", *(scan.window for scan in self.scans.values())]))
        steps = [self._period_step(window) for window in windows]
        steps += self._relation_steps()
        steps += [self._scan_step(scan) for scan in self.scans.values()]
        steps.append(self._spine())
        sql = "WITH\n" + ",\n".join(steps) + "\n" + self._final()
        return Plan(sql, windows, self.spine_by, tuple(kpi.id for kpi in self.kpis))

    @property
    def spine_by(self) -> tuple[str, ...]:
        """The cut of the answer's rows; a distribution adds its own dimension."""
        extra = [kpi.distribution for kpi in self.kpis if kpi.distribution and kpi.distribution not in self.shape.by]
        return (*self.shape.by, *dict.fromkeys(extra))

    def _place(self, kpi: Kpi, measure: Measure) -> None:
        """Find the scan a measure belongs to, and add its aggregate."""
        fact = FACTS.get(measure.fact)
        if fact is None:
            raise DefinitionError(f"{kpi.place}: there is no fact '{measure.fact}'.", hint=f"Facts: {', '.join(FACTS)}.")
        kinds = {name: column.kind for name, column in fact.columns.items()}
        try:
            counted = aggregate(measure.of, kinds)
            where = condition(measure.where, kinds) if measure.where else None
        except DefinitionError as wrong:
            raise DefinitionError(f"{kpi.place}: {wrong.message}", hint=wrong.hint) from None
        by = self.spine_by
        if measure.name in kpi.whole:
            by = tuple(name for name in by if name != kpi.distribution)
        apart = (measure.of,) if counted.function == "distinct" else ()
        shared = where.sql if where and (measure.latest_per or apart) else ""
        key = (fact.name, measure.window, by, measure.latest_per, kpi.cut_only, shared, apart)
        scan = self.scans.get(key)
        if scan is None:
            scan = _Scan(f"scan_{len(self.scans) + 1}", fact, measure.window, by, measure.latest_per, kpi.cut_only, where if shared else None)
            self.scans[key] = scan
        self._add(kpi, measure, scan, counted, None if shared else where)

    def _add(self, kpi: Kpi, measure: Measure, scan: _Scan, counted: Aggregate, where: Condition | None) -> None:
        conditions = [c for c in (where, counted.where) if c is not None]
        for read in (counted.columns, *(c.columns for c in conditions), scan.shared.columns if scan.shared else frozenset()):
            scan.used |= read
        scan.wheres.append(where)
        kept = " AND ".join(c.sql for c in conditions)
        sql = _aggregate_sql(counted, scan.fact) + (f" FILTER (WHERE {kept})" if kept else "")
        sql = _in_units(sql, counted, scan.fact)
        self.columns[kpi.id, measure.name] = f"{scan.name}.{_column(scan, sql)}"
        if counted.function in {"quantile", "max"}:
            self.nullable.add((kpi.id, measure.name))
        self._flag_missing_rates(kpi, measure, scan, [counted.columns, *(c.columns for c in conditions)], kept)

    def _flag_missing_rates(self, kpi: Kpi, measure: Measure, scan: _Scan, read: Sequence[frozenset[str]], kept: str) -> None:
        """Add the flag that some amount behind a measure lacks its rate; where the filter itself compares amounts, any row counts."""
        money = sorted({name for columns in read for name in columns if scan.fact.columns[name].kind == "money"})
        if not money:
            return
        scan.used |= {f"{name}_missing" for name in money}
        lacking = " OR ".join(f"f.{quoted(name + '_missing')}" for name in money)
        compared = any(scan.fact.columns[name].kind == "money" for columns in read[1:] for name in columns)
        where = f" FILTER (WHERE {kept})" if kept and not compared else ""
        self.missing[kpi.id, measure.name] = f"{scan.name}.{_column(scan, f'coalesce(bool_or({lacking}){where}, false)')}"

    def _period_step(self, window: str) -> str:
        name = f"period_{window}" if window else "period"
        about = {"": "The periods asked for", "previous": "The period before each", "year": "The twelve months to the end of each"}[window]
        return f"-- {about}: bounds as instants and as local dates\n{name}({COLUMNS}) AS (\n    {{{name}}})"

    def _relation_steps(self) -> list[str]:
        """The shared steps that some scan reads, once per window."""
        written: dict[str, str] = {}
        for scan in self.scans.values():
            scope = self._scope(scan)
            wanted = scan.fact.sql(scope)
            texts = [(relation, relation.sql(scope)) for relation in scan.fact.relations]
            for relation, text in reversed(texts):
                name = _relation_name(relation, scope)
                if re.search(rf"\b{name}\b", wanted):
                    wanted += text
            for relation, text in texts:
                name = _relation_name(relation, scope)
                if re.search(rf"\b{name}\b", wanted) and name not in written:
                    written[name] = f"-- {relation.about}\n{name} AS ({text})"
        return list(written.values())

    def _scope(self, scan: _Scan) -> Scope:
        return Scope(scan.period, _literal(self.shape.zone), frozenset(scan.used), self.shape.calendars, self.shape.team_calendars)

    def _scan_step(self, scan: _Scan) -> str:
        rows = self._rows(scan)
        if scan.latest_per:
            unit = f"f.{quoted(scan.latest_per)}"
            dims = "".join(f", f.d{index}" for index in range(len(scan.by)))
            rows = (
                f"SELECT * FROM ({rows}) f QUALIFY row_number() OVER (PARTITION BY f.i{dims}, {unit},"
                f" CASE WHEN {unit} IS NULL THEN f.id END ORDER BY f._at DESC, f.id DESC) = 1"
            )
        dims = "".join(f", f.d{index}" for index in range(len(scan.by)))
        listed = "".join(f",\n    {sql} AS {name}" for name, sql in _named(scan))
        about = f"{scan.fact.about[0].upper()}{scan.fact.about[1:]}" + (f" ({scan.window})" if scan.window else "")
        return f"-- {about}\n{scan.name} AS (\n  SELECT f.i{dims}{listed}\n  FROM ({rows}) f\n  GROUP BY f.i{dims})"

    def _rows(self, scan: _Scan) -> str:
        """A fact's rows in their period and slice, filtered, with the columns the aggregates read."""
        fact = scan.fact
        inner = fact.sql(self._scope(scan))
        if fact.moment == "_at":
            join = f"JOIN {scan.period} p ON f._at >= p.s AND f._at < p.u"
        elif fact.moment == "_on":
            join = f"JOIN {scan.period} p ON f._on >= p.first_day AND f._on <= p.last_day"
        else:
            join = f"JOIN {scan.period} p ON p.i = f.i" if fact.derived else ""
        number = "p.i" if fact.moment else "f.i"
        cells, joins, conditions = self._slice(scan)
        read = {name for name in scan.used if name not in fact.derived} | ({scan.latest_per, "id", "_at"} if scan.latest_per else set())
        cells += [f"f.{quoted(name)}" for name in sorted(name for name in read if name)]
        cells += [f"{fact.derived[name]} AS {quoted(name)}" for name in sorted(scan.used & fact.derived.keys())]
        if scan.shared:
            conditions.append(self._inline(scan.shared, fact))
        elif scan.wheres and all(scan.wheres):
            distinct = dict.fromkeys(self._inline(where, fact) for where in scan.wheres if where)
            conditions.append(f"({' OR '.join(distinct)})")
        where = f"\n    WHERE {' AND '.join(conditions)}" if conditions else ""
        listed = ", ".join([f"{number} AS i", *cells])
        return f"SELECT {listed}\n    FROM ({inner}\n    ) f {join}{''.join(chr(10) + '    ' + line for line in joins)}{where}"

    def _inline(self, where: Condition, fact: Fact) -> str:
        """A condition over the fact's rows before derived columns have names of their own."""
        sql = where.sql
        for name, written in fact.derived.items():
            sql = sql.replace(f"f.{quoted(name)}", f"({written})")
        return sql

    def _slice(self, scan: _Scan) -> tuple[list[str], list[str], list[str]]:
        """The cut's columns, the joins they need, and the filters, at the fact's anchor."""
        fact = scan.fact
        if not fact.two_anchors:
            cut = Cut(fact, "f._anchor", "")
            cells = [f"{cut_sql(cut, name)} AS d{index}" for index, name in enumerate(scan.by)]
            return cells, cut.joins, self._filters(cut)
        start, end = Cut(fact, "f._anchor", "s_"), Cut(fact, "f._anchor_end", "e_")
        here, there = (end, start) if scan.cut_only == "in" else (start, end)
        cells = [f"{cut_sql(here, name)} AS d{index}" for index, name in enumerate(scan.by)]
        inside = self._filters(here)
        stayed = self._filters(there) + [f"{cut_sql(there, name)} IS NOT DISTINCT FROM {cut_sql(here, name)}" for name in scan.by]
        moved = f"NOT ({' AND '.join(stayed)})" if stayed else "false"
        return cells, [*start.joins, *end.joins], [*inside, moved]

    def _filters(self, cut: Cut) -> list[str]:
        return [filter_sql(cut, dimension, operator, f"$v{index}") for index, (dimension, operator) in enumerate(self.shape.filters)]

    def _spine(self) -> str:
        dims = self._dims()
        if not dims:
            return "-- One row per period\nspine AS (SELECT i FROM period)"
        full = [scan.name for scan in self.scans.values() if scan.by == self.spine_by]
        rows = "\n  UNION ".join(f"SELECT i{dims} FROM {name}" for name in full)
        return f"-- Every period and slice that has rows\nspine AS (\n  {rows})"

    def _dims(self) -> str:
        return "".join(f", d{index}" for index in range(len(self.spine_by)))

    def _final(self) -> str:
        dims = "".join(f", spine.d{index}" for index in range(len(self.spine_by)))
        cells = "".join(f",\n  {sql} AS {name}" for name, sql in self._outputs())
        joins = "".join(f"\nLEFT JOIN {scan.name} ON {self._match(scan)}" for scan in self.scans.values())
        return f"-- The parts of each figure; ratios last\nSELECT spine.i{dims}{cells}\nFROM spine{joins}"

    def _match(self, scan: _Scan) -> str:
        pairs = [f"{scan.name}.d{scan.by.index(name)} IS NOT DISTINCT FROM spine.d{index}" for index, name in enumerate(self.spine_by) if name in scan.by]
        return " AND ".join([f"{scan.name}.i = spine.i", *pairs])

    def _outputs(self) -> list[tuple[str, str]]:
        """Per KPI: numerator or value, denominator, n, missing rate, pending."""
        made: list[tuple[str, str]] = []
        for index, kpi in enumerate(self.kpis):
            parts = self._measure_columns(kpi)
            made.append((f"v{index}", f"CAST({self._formula(kpi, kpi.value, parts)} AS DOUBLE)"))
            if kpi.denominator is not None:
                made.append((f"b{index}", f"CAST({self._formula(kpi, kpi.denominator, parts)} AS DOUBLE)"))
            made.append((f"n{index}", f"CAST({self._formula(kpi, kpi.n, parts)} AS DOUBLE)"))
            flags = [self.missing[kpi.id, name] for name in kpi.measures if (kpi.id, name) in self.missing]
            made.append((f"m{index}", " OR ".join(f"coalesce({flag}, false)" for flag in flags) or "false"))
            made.append((f"p{index}", f"coalesce({parts[kpi.pending]}, 0) > 0" if kpi.pending else "false"))
            if kpi.interval == "nps":
                made += [(f"{name}{index}", f"CAST({parts[name]} AS DOUBLE)") for name in ("promoters", "detractors")]
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


def _aggregate_sql(counted: Aggregate, fact: Fact) -> str:
    if counted.function == "count":
        return "count(*)"
    if counted.function == "distinct":
        return f"count(DISTINCT {counted.argument})"
    if counted.function == "quantile":
        unit = _unit(counted, fact)
        return f"quantile_cont(CAST({counted.argument} AS DOUBLE){f' / {unit}' if unit else ''}, {counted.quantile})"
    return f"{counted.function}({counted.argument})"


def _in_units(sql: str, counted: Aggregate, fact: Fact) -> str:
    unit = _unit(counted, fact)
    return f"CAST({sql} AS DOUBLE) / {unit}" if unit and counted.function in {"sum", "max"} else sql


def _unit(counted: Aggregate, fact: Fact) -> str | None:
    """Durations are whole microseconds inside, so that sums are exact; this divides them into hours or days."""
    kinds = {fact.columns[name].kind for name in counted.columns}
    timed = kinds & _MICROSECONDS.keys()
    if timed and (len(kinds) > 1 or len(counted.arguments) != 1):
        raise DefinitionError(f"A duration is aggregated by itself, not as '{counted.argument}'.")
    return _MICROSECONDS[timed.pop()] if timed else None


def _column(scan: _Scan, sql: str) -> str:
    """The scan's column that holds this aggregate, shared where two measures are the same."""
    return scan.aggregates.setdefault(sql, f"a{len(scan.aggregates) + 1}")


def _named(scan: _Scan) -> list[tuple[str, str]]:
    return [(name, sql) for sql, name in scan.aggregates.items()]


def _relation_name(relation: Relation, scope: Scope) -> str:
    return relation.name if relation.name in {"hours", "team_calendar", "first_usage"} else relation.name + scope.period.removeprefix("period")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
