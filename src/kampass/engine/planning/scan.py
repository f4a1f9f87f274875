"""One pass over one fact: its rows in their period and slice, and the aggregates that share them.

Rows find their period by the local date at which they are read, an equality, because a range join
would sort every event; the bounds as instants still hold, so that a period may end in the middle of
a day.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from kampass.catalogue.expressions import MICROSECONDS, Aggregate, Condition
from kampass.engine.planning.dimensions import Cut, cut_sql, filter_sql
from kampass.errors import DefinitionError
from kampass.facts import Fact, FactScope
from kampass.model.conform import literal, quoted


@dataclass(frozen=True)
class Shape:
    """What a plan is compiled for: cuts and filters (values apart), the time zone, the business
    calendars, how long paid lines count, and which dimensions are columns of the rows.
    """

    by: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]
    zone: str
    calendars: str = "SELECT 1"
    team_calendars: str = "SELECT 1"
    paid_lines: str = "paid_line"
    of_rows: frozenset[str] = frozenset()


@dataclass
class FactScan:
    """A fact's rows under one window, cut and de-duplication; `apart` is a distinct count that goes
    alone.
    """

    name: str
    fact: Fact
    window: str
    by: tuple[str, ...]
    latest_per: str | None
    cut_only: str | None
    shared: Condition | None
    shape: Shape
    apart: Aggregate | None = None
    aggregates: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    wheres: list[Condition | None] = field(default_factory=list)

    @property
    def scope(self) -> FactScope:
        """What the fact's SQL may depend on."""
        period = f"period_{self.window}" if self.window else "period"
        return FactScope(
            period,
            literal(self.shape.zone),
            frozenset(self.used),
            self.shape.paid_lines,
            self.shape.calendars,
            self.shape.team_calendars,
        )

    def column(self, sql: str) -> str:
        """The column that holds an aggregate, shared where two measures are the same."""
        return f"{self.name}.{self.aggregates.setdefault(sql, f'a{len(self.aggregates) + 1}')}"

    def step(self) -> str:
        """The named step of the statement."""
        about = f"{self.fact.about[0].upper()}{self.fact.about[1:]}" + (
            f" ({self.window})" if self.window else ""
        )
        listed = "".join(f",\n    {sql} AS {name}" for sql, name in self.aggregates.items())
        body = (
            f"SELECT f.i{self._dims()}{listed}\n  FROM ({self._units()}) f\n  GROUP BY "
            f"f.i{self._dims()}"
        )
        return f"-- {about}\n{self.name} AS (\n  {body})"

    def _units(self) -> str:
        """The rows the aggregates run over: all, each unit's latest, or each distinct unit once."""
        rows = self._rows()
        dims = self._dims()
        if self.latest_per:
            # Answers of nobody known are not answers of one person: each stands for itself.
            unit = f"f.{quoted(self.latest_per)}"
            partition = f"PARTITION BY f.i{dims}, {unit}, CASE WHEN {unit} IS NULL THEN f.id END"
            rows = (
                f"SELECT * FROM ({rows}) f QUALIFY row_number() OVER ({partition} ORDER BY "
                "f._at DESC, f.id DESC) = 1"
            )
        if self.apart is None:
            return rows
        kept = f" WHERE {self.apart.where.sql}" if self.apart.where else ""
        return (
            f"SELECT DISTINCT f.i{dims}, "
            f"{', '.join(f'f.{quoted(name)}' for name in self.apart.arguments)}\n  FROM "
            f"({rows}) f{kept}"
        )

    def _rows(self) -> str:
        """The fact's rows in their period and slice, filtered, with the columns the aggregates
        read.
        """
        cells, joins, conditions = self._slice()
        cells += self._columns({self.latest_per, "id", "_at"} if self.latest_per else set())
        # What stands beside a row decides over all rows of its slice: conditions wait for it.
        if self._beside:
            where = f"\n    WHERE {' AND '.join(conditions)}" if conditions else ""
            rows = self._with_beside(self._select(cells, joins) + where)
            return f"SELECT * FROM ({rows}) f WHERE {self.shared.sql}" if self.shared else rows
        if self.shared:
            conditions.append(self._inline(self.shared))
        # Where every aggregate has a condition, a row that meets none of them need not be read;
        # one aggregate without a condition reads them all.
        elif self.wheres and all(self.wheres):
            distinct = dict.fromkeys(self._inline(where) for where in self.wheres if where)
            conditions.append(f"({' OR '.join(distinct)})")
        where = f"\n    WHERE {' AND '.join(conditions)}" if conditions else ""
        return self._select(cells, joins) + where

    def open_rows(self, keys: Mapping[str, str]) -> str:
        """The same rows before any filter: the columns asked for by `keys`, and as `kept1`, `kept2`
        ... what each filter says.
        """
        cells, joins, conditions = self._slice()
        cells += [f"f.{quoted(column)} AS {name}" for name, column in keys.items()]
        cells += self._columns({self.latest_per, "id", "_at"} if self.latest_per else set())
        cells += [
            f"{condition} AS kept{number}" for number, condition in enumerate(conditions, start=1)
        ]
        flags = [f"f.kept{number}" for number in range(1, len(conditions) + 1)]
        return self._with_beside(self._select(cells, joins), *flags)

    @property
    def _beside(self) -> list[str]:
        """The columns read that depend on the other rows of the slice."""
        return sorted(self.used & self.fact.beside.keys())

    def _with_beside(self, rows: str, *apart: str) -> str:
        """The same rows with those columns; rows that differ in `apart` are of different slices."""
        if not self._beside:
            return rows
        dims = [f"f.d{index}" for index in range(len(self.by))]
        window = f"PARTITION BY {', '.join(['f.i', *dims, *apart])}"
        cells = [
            f"{self.fact.beside[name].sql.format(slice=window)} AS {quoted(name)}"
            for name in self._beside
        ]
        return f"SELECT f.*, {', '.join(cells)}\n    FROM ({rows}) f"

    def _columns(self, more: AbstractSet[str | None]) -> list[str]:
        """The cells of the columns that are read, derived ones worked out."""
        beside = {column for name in self._beside for column in self.fact.beside[name].reads}
        worked_out = self.fact.derived.keys() | self.fact.beside.keys()
        plain = {name for name in self.used | beside if name not in worked_out} | more
        cells = [f"f.{quoted(name)}" for name in sorted(name for name in plain if name)]
        return cells + [
            f"{self.fact.derived[name]} AS {quoted(name)}"
            for name in sorted(self.used & self.fact.derived.keys())
        ]

    def _select(self, cells: Sequence[str], joins: Sequence[str]) -> str:
        listed = ", ".join([f"{'p.i' if self.fact.moment else 'f.i'} AS i", *cells])
        lines = "".join(f"\n    {line}" for line in joins)
        return (
            f"SELECT {listed}\n    FROM ({self.fact.sql(self.scope)}\n    ) f "
            f"{self._period_join()}{lines}"
        )

    def _period_join(self) -> str:
        moment = self.fact.moment
        if moment:
            bounds = f"{moment.since.sql} AND {moment.until.sql}"
            return f"JOIN {self.scope.days} p ON p.day = {moment.day} AND {bounds}"
        return f"JOIN {self.scope.period} p ON p.i = f.i" if self.fact.derived else ""

    def _inline(self, where: Condition) -> str:
        """A condition over the fact's rows before derived columns have names of their own."""
        sql = where.sql
        for name, written in self.fact.derived.items():
            sql = sql.replace(f'"f".{quoted(name)}', f"({written})")
        return sql

    def _slice(self) -> tuple[list[str], list[str], list[str]]:
        """The cut's columns, the joins they need, and the filters, at the fact's anchor."""
        if not self.fact.two_anchors:
            cut = Cut(self.fact, "f._anchor", "", self.shape.of_rows)
            cells = [f"{cut_sql(cut, name)} AS d{index}" for index, name in enumerate(self.by)]
            return cells, cut.joins, self._filters(cut)
        # Into a slice moves who lies in it at the end and did not at the start; out of it, the
        # other way round. The filters belong to the slice: who met them at one end alone moved.
        start, end = Cut(self.fact, "f._anchor", "s_"), Cut(self.fact, "f._anchor_end", "e_")
        here, there = (end, start) if self.cut_only == "in" else (start, end)
        cells = [f"{cut_sql(here, name)} AS d{index}" for index, name in enumerate(self.by)]
        inside = self._filters(here)
        stayed = self._filters(there) + [
            f"{cut_sql(there, name)} IS NOT DISTINCT FROM {cut_sql(here, name)}" for name in self.by
        ]
        moved = f"NOT ({' AND '.join(stayed)})" if stayed else "false"
        return cells, [*start.joins, *end.joins], [*inside, moved]

    def _filters(self, cut: Cut) -> list[str]:
        return [
            filter_sql(cut, dimension, operator, f"$v{index}")
            for index, (dimension, operator) in enumerate(self.shape.filters)
        ]

    def _dims(self) -> str:
        return "".join(f", f.d{index}" for index in range(len(self.by)))


def aggregate_sql(
    counted: Aggregate, fact: Fact, conditions: Sequence[Condition], *, of_units: bool
) -> str:
    """The SQL of an aggregate over a scan's rows, durations in the column's unit.

    Durations are whole microseconds inside, so that sums are exact. `of_units`: the rows are
    distinct already.
    """
    unit = _unit(counted, fact)
    kept = " AND ".join(condition.sql for condition in conditions)
    filtered = f" FILTER (WHERE {kept})" if kept else ""
    # Rows are distinct already where the scan made them so; count(*) then is the count, but for the
    # one row that stands for an unknown value.
    if counted.function == "distinct" and not of_units:
        return f"count(DISTINCT {counted.argument}){filtered}"
    if counted.function == "distinct":
        known = (
            f" FILTER (WHERE {counted.argument} IS NOT NULL)" if len(counted.arguments) == 1 else ""
        )
        return f"count(*){known}"
    if counted.function == "count":
        return f"count(*){filtered}"
    # A quantile between two decimals would be rounded to their scale.
    if counted.function == "quantile":
        return (
            f"quantile_cont(CAST({counted.argument} AS DOUBLE){f' / {unit}' if unit else ''}, "
            f"{counted.quantile}){filtered}"
        )
    plain = f"{counted.function}({counted.argument}){filtered}"
    return f"CAST({plain} AS DOUBLE) / {unit}" if unit else plain


def _unit(counted: Aggregate, fact: Fact) -> str | None:
    """What divides microseconds into the hours or days of a duration column."""
    kinds = {fact.columns[name].kind for name in counted.columns}
    timed = kinds & MICROSECONDS.keys()
    if timed and (len(kinds) > 1 or len(counted.arguments) != 1):
        raise DefinitionError(f"A duration is aggregated by itself, not as '{counted.argument}'.")
    return MICROSECONDS[timed.pop()] if timed else None
