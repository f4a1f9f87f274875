"""The source rows behind a figure, and those that were left out, each with its lineage and what it
contributes.

Rows and the evidence behind them are read side by side in the same order, so that neither is ever
held as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any, Literal, get_args

from kampass.catalogue import Kpi, Measure
from kampass.catalogue.expressions import MICROSECONDS, names_in
from kampass.engine.engine import Engine
from kampass.engine.planning.clock import Clock
from kampass.engine.question import Asked, Question
from kampass.errors import QuestionError
from kampass.facts.fact import Evidence
from kampass.insight.explain.explanation import Exact, Row, SourceRow
from kampass.insight.explain.judged import Judged
from kampass.insight.explain.tally import judge, unit_of
from kampass.model import TABLES
from kampass.model.conform import quoted
from kampass.model.scan import line_of

Part = Literal["numerator", "denominator", "excluded"]
Place = tuple[Any, ...]


def rows_behind(
    engine: Engine, question: Question, part: str, *, limit: int | None = None
) -> Iterator[Row]:
    """The rows of a figure's numerator or denominator, or those left out, measure by measure;
    `limit` holds for each measure.

    Whether they can be asked for is said at once; they are read as they are taken.
    """
    if part not in get_args(Part):
        raise QuestionError(
            f"There are no rows called '{part}'.",
            code="unknown_rows",
            hint="numerator, denominator or excluded.",
        )
    question = engine.understood(question)
    asked = Asked(engine.periods(question), question.by, question.where)
    readings = []
    for kpi in engine.check(question):
        for measure in _of_part(kpi, part):
            judged = judge(engine, kpi, measure, asked)
            if judged.origin.hidden:
                raise QuestionError(
                    (
                        f"'{kpi.id}' is made of answers of employees: they are counted and never "
                        "shown."
                    ),
                    code="rows_hidden",
                    hint=f"'kampass explain {kpi.id}' shows the counts.",
                )
            readings.append(_Reading(engine, judged, asked))
    return chain.from_iterable(
        reading.rows(limit, excluded=part == "excluded") for reading in readings
    )


def _of_part(kpi: Kpi, part: str) -> list[Measure]:
    names = {"numerator": names_in(kpi.value), "denominator": names_in(kpi.denominator)}.get(part)
    if part == "denominator" and not names:
        raise QuestionError(
            f"'{kpi.id}' has no denominator.",
            code="no_denominator",
            hint="Ask for --rows numerator.",
        )
    chosen = (
        names
        if names is not None
        else tuple(dict.fromkeys([*names_in(kpi.value), *names_in(kpi.denominator)]))
    )
    return [kpi.measures[name] for name in chosen]


@dataclass(frozen=True)
class _Reading:
    """One measure's rows for one question."""

    engine: Engine
    judged: Judged
    asked: Asked

    def rows(self, limit: int | None, *, excluded: bool) -> Iterator[Row]:
        """The rows that count, or those that do not, by period, slice, reason and key."""
        clocks = self.engine.clocks(self.judged.kpi, self.asked)
        if not clocks:
            return
        trails = [] if excluded else [self._trail(piece, clocks) for piece in self.judged.evidence]
        found = self.engine.run(
            self.judged.plan(self._select(limit, excluded=excluded)), clocks, self.asked.where
        )
        names = found.names
        for cells in found.each():
            row = dict(zip(names, cells, strict=True))
            place = (row["i"], *(row[name] for name in self._dims), row["k"])
            yield self._row(row, tuple(piece for trail in trails for piece in trail.at(place)))

    @property
    def _dims(self) -> list[str]:
        """The columns that hold the slice."""
        return [f"d{index}" for index in range(len(self.judged.by))]

    @property
    def _fields(self) -> list[str]:
        """The columns of the table that are shown, its key first."""
        table = TABLES[self.judged.origin.table]
        return list(
            dict.fromkeys(
                [
                    *table.key,
                    *self.judged.origin.reads,
                    *(
                        name
                        for name in self.judged.used
                        if table.has(name) and self.judged.origin.reads
                    ),
                ]
            )
        )

    def _select(self, limit: int | None, *, excluded: bool) -> str:
        """Every judged row beside its row of the table; a row that the fact does not hold has no
        slice and nothing worked out.
        """
        judged, origin, table = self.judged, self.judged.origin, TABLES[self.judged.origin.table]
        own = ", ".join(
            [
                "i",
                *self._dims,
                "code",
                "amount",
                *(f"{quoted(name)} AS {quoted(f'?{name}')}" for name in judged.used),
                "k",
            ]
        )
        fields = ", ".join(
            [
                *(f"{self._shown(name)} AS {quoted(f'.{name}')}" for name in self._fields),
                "t._source",
                "t._load",
                f"{line_of('t._line')} AS _line",
            ]
        )
        rows = f"SELECT {own} FROM judged WHERE code = 0"
        if excluded:
            same = f"OVER (PARTITION BY i{judged.dims}, k ORDER BY code)"
            rows = (
                f"SELECT {own} FROM judged QUALIFY row_number() {same} = 1 AND code > 0 UNION "
                f"ALL BY NAME {judged.elsewhere}"
            )
        order = ", ".join(["i", *self._dims, "code", *(quoted(f".{name}") for name in table.key)])
        kept = (
            f" WHERE NOT coalesce({origin.private}, false)" if excluded and origin.private else ""
        )
        most = f" LIMIT {int(limit)}" if limit is not None else ""
        return (
            f"SELECT j.*, {fields} FROM ({rows}) j JOIN {quoted(table.name)} t ON "
            f"{judged.key_of('t')} = j.k{kept} ORDER BY {order}{most}"
        )

    def _shown(self, name: str) -> str:
        """The SQL of a field; of a private row only what says nothing about a person."""
        origin = self.judged.origin
        if not origin.private or name in {*TABLES[origin.table].key, *origin.public}:
            return f"t.{quoted(name)}"
        return f"CASE WHEN NOT coalesce({origin.private}, false) THEN t.{quoted(name)} END"

    def _row(self, cells: Mapping[str, Any], behind: tuple[SourceRow, ...]) -> Row:
        judged, period, code = self.judged, self.asked.periods[cells["i"]], cells["code"]
        fields = {name: cells[f".{name}"] for name in self._fields}
        key = TABLES[judged.origin.table].key
        origin = SourceRow(
            judged.origin.table,
            {name: fields[name] for name in key},
            cells["_source"],
            cells["_load"],
            cells["_line"],
            fields,
        )
        held = not judged.is_elsewhere(code)
        return Row(
            judged.kpi.id,
            period.start,
            period.end,
            {name: cells[f"d{index}"] for index, name in enumerate(judged.by)} if held else {},
            judged.measure.name,
            origin,
            {name: self._timed(name, cells[f"?{name}"]) for name in judged.used} if held else {},
            self._exact(cells["amount"]),
            judged.reasons[code - 1] if code else None,
            behind,
        )

    def _exact(self, amount: Any) -> Exact:
        """A row's contribution, durations in their unit."""
        unit = unit_of(self.judged)
        if amount is None or isinstance(amount, float | str) or unit == 1:
            return amount  # type: ignore[no-any-return]
        return Fraction(amount) / unit

    def _timed(self, name: str, value: Any) -> Any:
        """A column worked out, durations in hours or days."""
        column = self.judged.fact.columns.get(name)
        unit = MICROSECONDS.get(column.kind) if column else None
        return value if unit is None or value is None else Fraction(value) / Fraction(unit)

    def _trail(self, piece: Evidence, clocks: Sequence[Clock]) -> "_Trail":
        """A piece of evidence behind the rows that count, in their order."""
        rows = self.judged.evidence_sql(piece)
        columns = ", ".join(["i", *self._dims, "k"])
        select = (
            f"SELECT {columns.replace('i', 'j.i', 1).replace(' ', ' j.')}, e.* EXCLUDE (i, unit) "
            f"FROM (SELECT DISTINCT {columns} FROM judged WHERE code = 0) j"
            f" JOIN (SELECT DISTINCT * FROM ({rows})) e ON e.unit = j.k AND coalesce(e.i, j.i) = "
            "j.i ORDER BY ALL"
        )
        found = self.engine.run(self.judged.plan(select, more=[rows]), clocks, self.asked.where)
        return _Trail(piece, found.names[len(self._dims) + 2 :], found.each())


@dataclass
class _Trail:
    """One piece of evidence, read as far as the rows before which it stands."""

    piece: Evidence
    names: Sequence[str]
    cells: Iterator[tuple[Any, ...]]
    waiting: tuple[Any, ...] | None = None

    def at(self, place: Place) -> Iterator[SourceRow]:
        """What stands behind the row at this place: its period, slice and key. Places are asked for
        in order.
        """
        size = len(place)
        if self.waiting is None:
            self.waiting = next(self.cells, None)
        while self.waiting is not None and self.waiting[:size] == place:
            yield _source_row(self.piece, dict(zip(self.names, self.waiting[size:], strict=True)))
            self.waiting = next(self.cells, None)


def _source_row(piece: Evidence, cells: dict[str, Any]) -> SourceRow:
    source, load, line = (cells.pop(name) for name in ("_source", "_load", "_line"))
    key = TABLES[piece.table].key
    fields = {name: value for name, value in cells.items() if value is not None or name in key}
    return SourceRow(
        piece.table, {name: cells[name] for name in key}, source, load, line, fields, piece.about
    )
