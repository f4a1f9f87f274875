"""One measure of a KPI, row by row: which rows of its table count, and why every other one does
not.

The rows come from the same fact, with the same filters and conditions, as the figure itself;
instead of being aggregated they are judged. `code` 0 counts; any other code is the number of a
reason. A row of the table that the fact does not hold at all is judged by the table's origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kampass.catalogue import Kpi, Measure
from kampass.catalogue.expressions import (
    MICROSECONDS,
    Aggregate,
    Condition,
    aggregate,
    condition,
    conjuncts,
    filter_of,
)
from kampass.engine.planning.plan import Plan, period_steps, relation_steps
from kampass.engine.planning.scan import FactScan, Shape
from kampass.engine.question import Filter
from kampass.facts import FACTS, Fact
from kampass.facts.fact import LOCAL_DATE, WINDOWS, Evidence, Origin
from kampass.model import TABLES
from kampass.model.conform import quoted

_MOVED = "does not move between slices"
_DATA_ENDS = ", or after the data ends"


@dataclass(frozen=True)
class Judged:
    """A measure under a cut and filters. `plan(select)` is the whole statement that ends in that
    SELECT over its steps.

    Steps: `found` (the fact's rows of the period), `judged` (the same with their code), and those
    of the fact.
    """

    kpi: Kpi
    measure: Measure
    by: tuple[str, ...]
    where: tuple[Filter, ...]
    shape: Shape

    @property
    def fact(self) -> Fact:
        """What is counted."""
        return FACTS[self.measure.fact]

    @property
    def origin(self) -> Origin:
        """Where the fact's rows come from."""
        return self.fact.origin

    @cached_property
    def aggregate(self) -> Aggregate:
        """What is done with the rows that count."""
        return aggregate(self.measure.of, self._kinds)

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """The reasons for which a row may not count; code n is the n-th."""
        return (*self._reasons, *(reason for reason, _ in self._elsewhere))

    @cached_property
    def unit(self) -> str | None:
        """How many microseconds make the unit of an amount that is a duration."""
        kinds = {self.fact.columns[name].kind for name in self.aggregate.columns}
        return MICROSECONDS.get(next(iter(kinds), "")) if len(kinds) == 1 else None

    @cached_property
    def used(self) -> tuple[str, ...]:
        """The fact's columns that decide about a row or make its amount."""
        conditions = [parsed for _, parsed in (*self._before, *self._after)]
        names = self.aggregate.columns.union(*(parsed.columns for parsed in conditions))
        return tuple(
            sorted(names | ({self.measure.latest_per} if self.measure.latest_per else set()))
        )

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What stands behind the columns used."""
        return tuple(
            piece
            for piece in self.origin.evidence
            if not piece.behind or set(piece.behind) & set(self.used)
        )

    @property
    def dims(self) -> str:
        """The cut's columns, each behind a comma."""
        return "".join(f", d{index}" for index in range(len(self.by)))

    @property
    def amount(self) -> str:
        """The SQL of a row's contribution: 1, an exact number (durations in microseconds), a
        duration in its unit to rank, or a text to count once.
        """
        counted = self.aggregate
        if counted.function == "count":
            return "1"
        if counted.function == "distinct":
            return f"CAST({counted.argument} AS VARCHAR)"
        if counted.function == "quantile":
            return f"CAST({counted.argument} AS DOUBLE){f' / {self.unit}' if self.unit else ''}"
        return counted.argument

    @property
    def total(self) -> str:
        """The SQL of the measure itself over the rows that count."""
        counted = self.aggregate
        if counted.function == "distinct":
            return "count(DISTINCT amount)"
        if counted.function == "quantile":
            return f"quantile_cont(amount, {counted.quantile})"
        return f"{'sum' if counted.function == 'count' else counted.function}(amount)"

    def plan(self, select: str, *, more: Sequence[str] = ()) -> Plan:
        """The statement that ends in `select`; `more` holds SQL that reads the fact's shared steps
        as well.
        """
        scan = self._scan
        wanted = "\n".join([scan.fact.sql(scan.scope), *more])
        relations = list(relation_steps(scan.fact, scan.scope, wanted).values())
        found = (
            f"-- {self.fact.about[0].upper()}{self.fact.about[1:]}: every row of the period, "
            f"with its slice\nfound AS (\n  {self._open_rows})"
        )
        windows = tuple(dict.fromkeys(["", scan.window]))
        steps = [
            step
            for window in windows
            for step in period_steps(window, [*relations, found, *more, select])
        ]
        steps += [
            *relations,
            found,
            (
                "-- Which of them count (0), and why the others do not\njudged AS MATERIALIZED "
                f"({self._judged})"
            ),
        ]
        return Plan("WITH\n" + ",\n".join(steps) + "\n" + select, windows, self.by, (self.kpi.id,))

    @property
    def elsewhere(self) -> str:
        """The SQL of the table's rows that are not found: `i`, `k`, `code`."""
        cases = " ".join(
            f"WHEN {sql} THEN {len(self._reasons) + number}"
            for number, (_, sql) in enumerate(self._elsewhere, start=1)
        )
        key, origin = self.key_of("t"), self.origin
        rows = (
            f"(SELECT * FROM {quoted(origin.table)} t WHERE NOT coalesce({origin.apart}, false))"
            if origin.apart
            else quoted(origin.table)
        )
        return (
            f"SELECT p.i, {key} AS k, CASE {cases} END AS code FROM {rows} t CROSS JOIN "
            f"{self._scan.scope.period} p"
            f" WHERE (p.i, {key}) NOT IN (SELECT (i, k) FROM found)"
        )

    def is_elsewhere(self, code: int | None) -> bool:
        """Whether a code is of a row that the fact does not hold."""
        return code is not None and code > len(self._reasons)

    def key_of(self, alias: str) -> str:
        """The SQL of a table row's key as one value."""
        return _packed([f"{alias}.{quoted(name)}" for name in TABLES[self.origin.table].key])

    def evidence_sql(self, piece: Evidence) -> str:
        """The SQL of a piece of evidence under this measure's window."""
        return piece.sql(self._scan.scope)

    @property
    def _kinds(self) -> dict[str, str]:
        return self.fact.kinds

    @cached_property
    def _before(self) -> list[tuple[str, Condition]]:
        """The measure's conditions, one by one, in words and as SQL."""
        return [(text, condition(text, self._kinds)) for text in conjuncts(self.measure.where)]

    @cached_property
    def _after(self) -> list[tuple[str, Condition]]:
        """The conditions of the aggregate's own filter."""
        return [
            (text, condition(text, self._kinds)) for text in conjuncts(filter_of(self.measure.of))
        ]

    @cached_property
    def _scan(self) -> FactScan:
        scan = FactScan(
            "rows",
            self.fact,
            self.measure.window,
            self.by,
            self.measure.latest_per,
            self.kpi.cut_only,
            None,
            self.shape,
        )
        scan.used = set(self.used)
        return scan

    @property
    def _open_rows(self) -> str:
        columns = self.origin.key
        names = ["k"] if len(columns) == 1 else [f"k{number}" for number in range(len(columns))]
        rows = self._scan.open_rows(dict(zip(names, columns, strict=True)))
        return rows if len(columns) == 1 else f"SELECT *, {_packed(names)} AS k FROM ({rows})"

    @cached_property
    def _reasons(self) -> list[str]:
        """The reasons of rows that the fact holds, in the order in which they are judged."""
        reasons = [f"filtered out: not {described(condition)}" for condition in self.where]
        reasons += [_MOVED] if self.fact.two_anchors else []
        reasons += [f"does not meet: {text}" for text, _ in self._before]
        reasons += (
            [f"another answer of the same {self.measure.latest_per.removesuffix('_id')} is later"]
            if self.measure.latest_per
            else []
        )
        reasons += [f"does not meet: {text}" for text, _ in self._after]
        return reasons + (["holds nothing to count"] if self._may_be_empty else [])

    @property
    def _may_be_empty(self) -> bool:
        return self.aggregate.function == "quantile" or (
            self.aggregate.function == "distinct" and len(self.aggregate.arguments) == 1
        )

    @property
    def _judged(self) -> str:
        """Filters and conditions first, then each unit's latest among what is left, then the
        aggregate's own filter.
        """
        flags = [
            f"kept{number}" for number in range(1, len(self.where) + self.fact.two_anchors + 1)
        ]
        first = [
            *(f"coalesce({flag}, false)" for flag in flags),
            *(f"coalesce({parsed.sql}, false)" for _, parsed in self._before),
        ]
        rows = f"SELECT f.*, {_cascade(first, 0)} AS early FROM found f"
        last = [f"coalesce({parsed.sql}, false)" for _, parsed in self._after] + (
            ["f.amount IS NOT NULL"] if self._may_be_empty else []
        )
        if self.measure.latest_per:
            unit = f"f.{quoted(self.measure.latest_per)}"
            partition = (
                f"PARTITION BY f.early, f.i{self.dims.replace(' d', ' f.d')}, {unit}, CASE WHEN "
                f"{unit} IS NULL THEN f.id END"
            )
            rows = (
                f"SELECT f.*, row_number() OVER ({partition} ORDER BY f._at DESC, f.id DESC) AS "
                f"rank FROM ({rows}) f"
            )
            last = ["f.rank = 1", *last]
        rows = f"SELECT f.*, {self.amount} AS amount FROM ({rows}) f"
        return (
            f"SELECT f.*, CASE WHEN f.early > 0 THEN f.early ELSE {_cascade(last, len(first))} "
            f"END AS code FROM ({rows}) f"
        )

    @cached_property
    def _elsewhere(self) -> list[tuple[str, str]]:
        """The reasons of rows that the fact does not hold, with their conditions."""
        origin, table = self.origin, TABLES[self.origin.table]
        listed = []
        if table.account_column:
            listed.append(
                (
                    "belongs to a test account",
                    f"t.{quoted(table.account_column)} IN (SELECT id FROM test_account)",
                )
            )
        if table.has("valid_from") and table.has("valid_to"):
            listed.append(("is an empty span", "t.valid_to <= t.valid_from"))
        listed += [*origin.leaves_out, *self._moments, (origin.otherwise, "true")]
        window = WINDOWS[self.measure.window].words
        return [(reason.replace("the period", window), sql) for reason, sql in listed]

    @property
    def _moments(self) -> list[tuple[str, str]]:
        """What lies before or after the period; a window that ends where the period begins ends
        with the data nowhere.
        """
        moment, closed = self.origin.moment, self.measure.window == "previous"
        if not moment:
            return []
        if self.fact.moment is LOCAL_DATE:
            return [
                ("before the period", f"{moment} < p.first_day"),
                ("after the period" + ("" if closed else _DATA_ENDS), f"{moment} > p.last_day"),
            ]
        if closed:
            return [
                ("before the period", f"{moment} < p.s"),
                ("after the period", f"{moment} >= p.u"),
            ]
        return [
            ("before the period", f"{moment} < p.s"),
            ("after the period", f"{moment} >= p.e"),
            ("after the data ends", f"{moment} >= p.u"),
        ]


def described(condition: Filter) -> str:
    """A filter as a person writes it."""
    if condition.operator in {"=", "!="}:
        return f"{condition.dimension}{condition.operator}{condition.values[0]}"
    return f"{condition.dimension} {condition.operator} {','.join(condition.values)}".strip()


def _packed(cells: Sequence[str]) -> str:
    """Several cells as one value, empty ones included."""
    return (
        cells[0]
        if len(cells) == 1
        else "{" + ", ".join(f"'k{number}': {cell}" for number, cell in enumerate(cells)) + "}"
    )


def _cascade(conditions: Sequence[str], offset: int) -> str:
    """The number of the first condition that does not hold, 0 where all do."""
    cases = " ".join(
        f"WHEN NOT {sql} THEN {number}" for number, sql in enumerate(conditions, start=offset + 1)
    )
    return f"CASE {cases} ELSE 0 END" if cases else "0"
