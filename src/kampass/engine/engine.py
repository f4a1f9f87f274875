"""Asks a snapshot a question: works out the clocks, compiles, runs, and says for each figure what
may be said of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

from kampass.catalogue import Catalogue, Kpi
from kampass.engine.answer import Answer, Result, Status
from kampass.engine.around import NOTHING_AROUND, Around
from kampass.engine.backend import Backend, Selection
from kampass.engine.budget import admitted
from kampass.engine.duckdb_backend import DuckDBBackend
from kampass.engine.figure import Figure, status_of
from kampass.engine.planning import coverage, dimensions
from kampass.engine.planning.clock import Clock, period_table
from kampass.engine.planning.coverage import Reach, SourceTerms
from kampass.engine.planning.hours import BusinessCalendar, stretches_sql, team_calendars_sql
from kampass.engine.planning.plan import Plan, Planner, Shape, parts_of
from kampass.engine.question import Asked, Filter, Question
from kampass.engine.values import NAMED, DimensionValues
from kampass.errors import DefinitionError
from kampass.facts.prepared import paid_lines
from kampass.periods import Calendar, Period, cut, parse

Found = dict[tuple[str, int], list[Answer]]
"""The answers of one cut, by KPI and the number of the period."""

_MOST_LABELS, _A_HANDFUL = 2000, 8


class Readable(Protocol):
    """What the engine needs of a snapshot: a name and connections of one's own."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def known_at(self) -> datetime:
        """When its latest load was recorded."""
        ...

    def cursor(self) -> Any:
        """A connection to read with."""
        ...


@dataclass(frozen=True)
class Settings:
    """What the engine must know of a workspace."""

    calendar: Calendar = field(default_factory=Calendar)
    currency: str = "USD"
    business: tuple[BusinessCalendar, ...] = (BusinessCalendar(),)
    grace: int = 0
    sources: Mapping[str, SourceTerms] = field(default_factory=dict)

    @property
    def shown(self) -> dict[str, Any]:
        """The settings as plain values."""
        return {
            "timezone": self.calendar.timezone,
            "currency": self.currency,
            "week_start": self.calendar.week_start,
            "fiscal_start": self.calendar.fiscal_start,
            "subscription_grace_days": self.grace,
            "calendars": [calendar.name for calendar in self.business],
        }


class Engine:
    """Answers questions about one snapshot as known at one instant."""

    def __init__(
        self,
        snapshot: Readable,
        catalogue: Catalogue,
        settings: Settings,
        known_at: datetime | None = None,
        around: Around = NOTHING_AROUND,
    ) -> None:
        self.snapshot, self.catalogue, self.settings, self.around = (
            snapshot,
            catalogue,
            settings,
            around,
        )
        self.known_at = known_at or snapshot.known_at
        self.backend: Backend = DuckDBBackend(snapshot)
        self.coverage = coverage.read(
            self.backend, self.known_at, settings.calendar, settings.sources
        )
        rows = self.backend.run("SELECT DISTINCT attribute FROM attribute_span").all()
        self.attributes = frozenset(row[0] for row in rows)
        self.named = dimensions.Named(self.attributes, _row_columns(self.backend))
        self.values = DimensionValues(self.backend, self.named)

    def ask(self, question: Question) -> Result:
        """The answers, in the contract's order; what became of them, `insight.ask` adds."""
        return self.result(question, [answers for _, answers in self.cuts(question)])

    def cuts(self, question: Question) -> list[tuple[Asked, Found]]:
        """The answers of each cut that a question has: its own and, where it wants one, all
        together.
        """
        question = self.understood(question)
        kpis, periods = self.check(question), self.periods(question)
        cuts = [question.by, ()] if question.total and question.by else [question.by]
        asked = [Asked(periods, by, question.where) for by in cuts]
        figures = len(kpis) * len(periods)
        with admitted(len(periods), lambda: figures * self._most_groups(question.by)):
            found = [self.answers(kpis, cut) for cut in asked]
        return list(zip(asked, [question.passing(found[0]), *found[1:]], strict=True))

    def _most_groups(self, by: Sequence[str]) -> int:
        """How many rows a cut may have, roughly: as many as the longest list of names has, and a
        handful for each other way to cut.
        """
        named = [NAMED[name] for name in by if name in NAMED]
        tables = [self.backend.run(f'SELECT count(*) FROM "{name}"').all() for name in named]
        most = max((int(rows[0][0]) for rows in tables), default=1)
        others = 0 if "account" in by else len(by) - len(named)
        return max(1, most) * int(_A_HANDFUL**others)

    def result(self, question: Question, found: Sequence[Found]) -> Result:
        """The answers of all cuts as one result."""
        kpis = [self.catalogue.get(kpi_id) for kpi_id in question.kpis]
        answers = [
            answer
            for kpi in kpis
            for number in range(len(self.periods(question)))
            for rows in found
            for answer in rows.get((kpi.id, number), [])
        ]
        shown = dict.fromkeys(
            [*question.by, *(kpi.distribution for kpi in kpis if kpi.distribution)]
        )
        names = {kpi.id: kpi.name for kpi in kpis}
        return Result(
            tuple(answers),
            tuple(shown),
            self.settings.currency,
            names,
            self.labels(
                {name: {answer.dimensions.get(name) for answer in answers} for name in shown}
            ),
            question.compare,
            question.total and bool(question.by),
        )

    def check(self, question: Question) -> list[Kpi]:
        """The KPIs of a question; UnknownName where one does not exist or cannot be cut so."""
        kpis = [self.catalogue.get(kpi_id) for kpi_id in question.kpis]
        for kpi in kpis:
            for name in (*question.by, *(condition.dimension for condition in question.where)):
                dimensions.check(kpi, name, self.named)
        return kpis

    def understood(self, question: Question) -> Question:
        """The same question with the values that its filters mean."""
        if not question.where:
            return question
        where = self.values.understood(self.check(question), question.where)
        return replace(question, where=where)

    def labels(self, values: Mapping[str, AbstractSet[str | None]]) -> dict[tuple[str, str], str]:
        """The names behind ids, by dimension, for people; left out where there are too many to
        read.
        """
        labels: dict[tuple[str, str], str] = {}
        for dimension, found in values.items():
            table, ids = NAMED.get(dimension), sorted(value for value in found if value is not None)
            if table and 0 < len(ids) <= _MOST_LABELS:
                rows = self.backend.run(
                    f'SELECT id, name FROM "{table}" WHERE list_contains($ids, id)', {"ids": ids}
                ).all()
                labels |= {(dimension, key): name for key, name in rows if name}
        return labels

    def names_of(self, dimension: str) -> dict[str, str]:
        """Every name behind the ids of a dimension of `NAMED`, by id."""
        table = NAMED[dimension]
        named = f'SELECT id, name FROM "{table}" WHERE name IS NOT NULL ORDER BY id'
        return dict(self.backend.run(named).all())

    def sql(self, question: Question) -> list[str]:
        """The SQL a question runs, with its period tables filled in."""
        kpis = [self.catalogue.get(kpi_id) for kpi_id in question.kpis]
        groups = self._groups(kpis, Asked(self.periods(question), question.by, question.where))[1]
        return [
            _filled(self._plan(group, question.by, question.where), clocks)
            for clocks, group in groups
        ]

    def periods(self, question: Question) -> tuple[Period, ...]:
        """The periods of a question, in order."""
        return tuple(
            cut(
                parse(question.period, self.settings.calendar),
                question.grain,
                self.settings.calendar,
            )
        )

    def answers(self, kpis: Sequence[Kpi], asked: Asked) -> Found:
        """The answers by KPI and the period's number; nothing where a cut has no rows."""
        reaches, groups = self._groups(kpis, asked)
        found: Found = {}
        for clocks, group in groups:
            plan, selection = self._run(clocks, group, asked)
            by_number = {clock.number: clock for clock in clocks}
            names = selection.names
            for row in selection.all():
                cells = dict(zip(names, row, strict=True))
                for index, kpi in enumerate(group):
                    clock = by_number[cells["i"]]
                    answer = self._answer(kpi, index, cells, clock, plan.by)
                    if answer.n >= 1 or not plan.by:
                        found.setdefault((kpi.id, clock.number), []).append(answer)
        for rows in found.values():
            rows.sort(key=_order)
        for kpi in kpis:
            for number, period in enumerate(asked.periods):
                if (kpi.id, number) not in found and not asked.by:
                    found[kpi.id, number] = [self._nothing(kpi, period, reaches[kpi.id, number])]
        return found

    def columns(
        self, kpis: Sequence[Kpi], asked: Asked
    ) -> Iterator[tuple[list[Kpi], dict[str, Any]]]:
        """The parts of the figures as NumPy columns, a statement at a time: for work on many
        rows.
        """
        for clocks, group in self._groups(kpis, asked)[1]:
            yield group, self._run(clocks, group, asked)[1].numpy()

    def reach(self, kpi: Kpi, number: int, asked: Asked) -> Reach:
        """How far the data reaches for a KPI and a period, as far as it may be read."""
        calendar = self.settings.calendar
        reach = self.coverage.reach(kpi, asked.periods[number], calendar)
        stop = asked.stops.get((kpi.id, number))
        if stop is None or reach.through is None:
            return reach
        return replace(reach, through=min(reach.through, calendar.first_instant(stop)))

    def _run(
        self, clocks: Sequence[Clock], group: Sequence[Kpi], asked: Asked
    ) -> tuple[Plan, Selection]:
        plan = self._plan(group, asked.by, asked.where)
        try:
            return plan, self.run(plan, clocks, asked.where)
        except self.backend.errors as wrong:
            own = [kpi for kpi in group if kpi.own]
            if not own or isinstance(wrong, self.backend.unreadable):
                raise
            # What a definition may say is checked; whether its types fit, the database says.
            what = str(wrong).split("\n")[0]
            raise DefinitionError(
                f"{own[0].place}: {what}", hint="'kampass catalogue test' runs its examples."
            ) from None

    def run(self, plan: Plan, clocks: Iterable[Clock], where: Sequence[Filter]) -> Selection:
        """A plan's rows, its periods filled in and the filters' values bound."""
        sql = _filled(plan, clocks)
        values = {f"v{index}": _bound(condition) for index, condition in enumerate(where)}
        return self.backend.run(
            sql, {name: value for name, value in values.items() if f"${name}" in sql}
        )

    def clocks(self, kpi: Kpi, asked: Asked) -> list[Clock]:
        """The periods that the KPI's data reaches."""
        groups = self._groups([kpi], asked)[1]
        return groups[0][0] if groups else []

    def _groups(
        self, kpis: Sequence[Kpi], asked: Asked
    ) -> tuple[dict[tuple[str, int], Reach], list[tuple[list[Clock], list[Kpi]]]]:
        """Which KPIs share their clocks and their facts, so that one statement answers them."""
        calendar = self.settings.calendar
        bounds = [
            (calendar.first_instant(period.start), calendar.first_instant(period.end))
            for period in asked.periods
        ]
        part_of = parts_of(kpis)
        reaches: dict[tuple[str, int], Reach] = {}
        groups: dict[tuple[Any, ...], tuple[list[Clock], list[Kpi]]] = {}
        for kpi in dict.fromkeys(kpis):
            clocks = []
            for number, period in enumerate(asked.periods):
                reach = self.reach(kpi, number, asked)
                reaches[kpi.id, number] = reach
                if reach.reason is None and reach.through is not None:
                    clocks.append(Clock(number, period, *bounds[number], reach.through, calendar))
            if clocks:
                key = (part_of[kpi.id], *((clock.number, clock.through) for clock in clocks))
                groups.setdefault(key, (clocks, []))[1].append(kpi)
        return reaches, list(groups.values())

    def _plan(self, kpis: Sequence[Kpi], by: tuple[str, ...], where: tuple[Filter, ...]) -> Plan:
        return _compiled(tuple(kpis), self.shape(kpis, by, where))

    def shape(self, kpis: Sequence[Kpi], by: tuple[str, ...], where: tuple[Filter, ...]) -> Shape:
        """What a plan is compiled for."""
        zone, business = self.settings.calendar.timezone, self.settings.business
        filters = tuple((condition.dimension, condition.operator) for condition in where)
        calendars = stretches_sql(business, zone), team_calendars_sql(business)
        of_rows = frozenset(
            name
            for name in (*by, *(condition.dimension for condition in where))
            if any(self.named.is_of_rows(kpi, name) for kpi in kpis)
        )
        return Shape(by, filters, zone, *calendars, paid_lines(self.settings.grace), of_rows)

    def _answer(
        self, kpi: Kpi, index: int, cells: dict[str, Any], clock: Clock, by: tuple[str, ...]
    ) -> Answer:
        """One row of the result with its status and reason."""
        value, denominator = _number(cells[f"v{index}"]), _number(cells.get(f"b{index}"))
        n = int(cells[f"n{index}"] or 0)
        figure = Figure(kpi, value, denominator, n)
        reason = figure.reason(missing=bool(cells[f"m{index}"]))
        hidden = reason in {"missing_rate", "suppressed_small_n"}
        status = _status(kpi, clock, n, reason=reason, pending=bool(cells[f"p{index}"]))
        parts = {
            name: float(cells[f"{name}{index}"])
            for name in ("promoters", "detractors")
            if f"{name}{index}" in cells
        }
        low, high = (
            (None, None)
            if reason
            else figure.interval(parts.get("promoters"), parts.get("detractors"))
        )
        return Answer(
            kpi.id,
            clock.period.start,
            clock.period.end,
            clock.through,
            {name: cells[f"d{position}"] for position, name in enumerate(by)},
            None if reason else figure.shown,
            kpi.unit,
            None if hidden else figure.numerator,
            None if hidden else figure.bottom,
            n,
            low,
            high,
            status,
            reason,
            kpi.label,
            self.snapshot.id,
            self.known_at,
            parts=parts,
        )

    def _nothing(self, kpi: Kpi, period: Period, reach: Reach) -> Answer:
        """The row of a KPI that cannot be computed for a period (or a distribution of nothing)."""
        if reach.reason is None:
            zero = Figure(kpi, 0.0, 0.0, 0)
            return replace(
                self._nothing(kpi, period, Reach("zero_denominator", reach.through)),
                numerator=zero.numerator,
                denominator=zero.bottom,
            )
        return Answer(
            kpi.id,
            period.start,
            period.end,
            reach.through,
            {},
            None,
            kpi.unit,
            None,
            None,
            0,
            None,
            None,
            "no_value",
            reach.reason,
            kpi.label,
            self.snapshot.id,
            self.known_at,
        )


def _status(kpi: Kpi, clock: Clock, n: int, *, reason: str | None, pending: bool) -> Status:
    settled = status_of(kpi, n, reason)
    if settled == "no_value":
        return settled
    if clock.through < clock.end:
        return "partial"
    if pending or (
        kpi.provisional_days is not None
        and clock.through < clock.end + timedelta(days=kpi.provisional_days)
    ):
        return "provisional"
    return settled


def _number(cell: Any) -> float | None:
    """A cell as a float, rounded correctly: decimals stay exact up to here."""
    return None if cell is None else float(cell)


def _order(answer: Answer) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in answer.dimensions.values()]


def _bound(condition: Filter) -> Any:
    if condition.operator == "in":
        return list(condition.values)
    return condition.values[0] if condition.values else None


def _row_columns(backend: Backend) -> dict[str, frozenset[str]]:
    """The columns that tables keep beside their own, by table."""
    found: dict[str, set[str]] = {}
    for table, name in backend.run('SELECT "table", name FROM row_column').all():
        found.setdefault(table, set()).add(name)
    return {table: frozenset(names) for table, names in found.items()}


def _filled(plan: Plan, clocks: Iterable[Clock]) -> str:
    sql = plan.sql
    for window in plan.windows:
        name = f"period_{window}" if window else "period"
        sql = sql.replace(f"{{{name}}}", period_table(list(clocks), window), 1)
    return sql


@lru_cache(maxsize=512)
def _compiled(kpis: tuple[Kpi, ...], shape: Shape) -> Plan:
    return Planner(kpis, shape).plan()
