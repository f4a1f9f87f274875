"""Which of the rows that a note counts concern an answer: those that lie in its period and whose
values do not say that they belong elsewhere.

What does not read might concern any answer, so it counts for each.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property

from kampass.catalogue import Kpi
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS
from kampass.engine.answer import Answer
from kampass.engine.engine import Engine
from kampass.engine.question import Asked, Filter
from kampass.insight.notes.kept import KeptForNotes
from kampass.model import TABLES, Table
from kampass.model.conform import literal, quoted, typed
from kampass.periods import add_months

_ENDS = {
    "contracts": "valid_to",
    "deals": "closed_at",
    "employees": "left_on",
    "feedback": "implemented_at",
    "references": "valid_to",
    "subscriptions": "valid_to",
    "tickets": "resolved_at",
}
"""What ends a row that goes on until then: without it, it concerns every later period."""
_COLUMNS = {
    ("agent", "tickets"): "assignee_id",
    ("agent", "responses"): "agent_id",
    ("user", "touches"): "user_id",
    ("user", "deals"): "owner_id",
    ("account", "referrals"): "referrer_account_id",
    ("account", "accounts"): "id",
}
_UNTOLD = {"updated_at", "deleted_at"}
Values = tuple[str | None, ...]


@dataclass(frozen=True)
class _AlikeRows:
    """Rows of the same dates and values: `first` and `last` day where they read."""

    first: date | None
    last: date | None
    values: Values
    rows: int

    def within(self, start: date, end: date) -> bool:
        """Whether they may concern the days from `start` to before `end`."""
        after = self.first is not None and self.first >= end
        before = self.last is not None and self.last < start
        return not (after or before)


class ConcernedRows:
    """The rows behind the notes of one cut's answers."""

    def __init__(self, engine: Engine, asked: Asked, kept: KeptForNotes) -> None:
        self.engine, self.asked, self.kept = engine, asked, kept
        filters = [condition.dimension for condition in asked.where]
        self.dimensions = tuple(dict.fromkeys([*asked.by, *filters]))
        self.aside_groups = cache(self._aside_groups)
        self.counted = cache(self._counted)

    def aside(self, kpi: Kpi, table: str, number: int, answer: Answer) -> int:
        """How many rows set aside of a table may concern an answer."""
        start, end = self._stretch(kpi, number)
        return self._of(self.counted(table, start, end), answer)

    def trials(self, number: int, answer: Answer) -> int:
        """How many accounts that paid have a time marked as trial that touches the period."""
        period = self.asked.periods[number]
        found = Counter[Values]()
        for group in self._trial_groups:
            if group.within(period.start, period.end):
                found[group.values] += group.rows
        return self._of(found, answer)

    def _counted(self, table: str, start: date, end: date) -> Counter[Values]:
        found = Counter[Values]()
        for group in self.aside_groups(table):
            if group.within(start, end):
                found[group.values] += group.rows
        return found

    def _of(self, counted: Counter[Values], answer: Answer) -> int:
        return sum(rows for values, rows in counted.items() if self._concerns(values, answer))

    def _concerns(self, values: Values, answer: Answer) -> bool:
        known = {
            name: value
            for name, value in zip(self.dimensions, values, strict=True)
            if value is not None
        }
        inside = all(
            known[name] == answer.dimensions[name] for name in answer.dimensions if name in known
        )
        return inside and all(
            _passes(condition, known[condition.dimension])
            for condition in self.asked.where
            if condition.dimension in known
        )

    def _stretch(self, kpi: Kpi, number: int) -> tuple[date, date]:
        """The days whose rows can move a KPI's figure for a period."""
        period = self.asked.periods[number]
        end = period.end + timedelta(days=kpi.provisional_days or 0)
        windows = {measure.window for measure in kpi.measures.values()}
        if kpi.window_covered == "earlier":
            return date.min, end
        if "year" in windows:
            return add_months(period.start, -12), end
        back = "previous" in windows or kpi.window_covered == "previous"
        return (period.previous().start if back else period.start), end

    def _aside_groups(self, name: str) -> tuple[_AlikeRows, ...]:
        """What is set aside of a table, grouped."""
        table = TABLES[name]
        dated = [
            column
            for column in table.columns
            if column.type in {"date", "instant"} and column.name not in _UNTOLD
        ]
        zone = self.engine.settings.calendar.timezone
        days = [
            f"CAST(timezone({literal(zone)}, {read}) AS DATE)" if column.type == "instant" else read
            for column in dated
            for read in [typed(column, "VARCHAR", zone)]
        ]
        listed = ", ".join(days)
        first, last = (f"least({listed})", f"greatest({listed})") if days else ("NULL", "NULL")
        if name in _ENDS:
            place = [column.name for column in dated].index(_ENDS[name])
            last = f"CASE WHEN {days[place]} IS NOT NULL THEN {last} END"
        names = [column.name for column in dated]
        own = {dimension: _own(table, dimension) for dimension in self.dimensions}
        wanted = dict.fromkeys([*names, *filter(None, own.values()), *_account(table)])
        cells = ", ".join(
            f"json_extract_string(raw, {literal('$.' + json.dumps(column))}) AS {quoted(column)}"
            for column in wanted
        )
        rows = f'SELECT {cells or "1"} FROM _quarantine WHERE "table" = {literal(name)}'
        return self._grouped(rows, first, last, own, next(iter(_account(table)), None))

    @cached_property
    def _trial_groups(self) -> tuple[_AlikeRows, ...]:
        own: dict[str, str | None] = {
            name: "account_id" if name == "account" else None for name in self.dimensions
        }
        rows = "SELECT account_id, valid_from, valid_to FROM payer_trial"
        return self._grouped(rows, "valid_from", "valid_to", own, "account_id")

    def _grouped(
        self, rows: str, first: str, last: str, own: dict[str, str | None], account: str | None
    ) -> tuple[_AlikeRows, ...]:
        """Rows by their days and values: a dimension is read from a column of their own, or an
        account's attribute that never was another.
        """
        values = [
            f"nullif({quoted(column)}, '')"
            if column is not None
            else self._attribute(dimension, account)
            for dimension, column in own.items()
        ]
        listed = "".join(f", {value}" for value in values)
        found = self.engine.backend.run(
            f"SELECT {first}, {last}{listed}, count(*) FROM ({rows}) q GROUP BY ALL"
        )
        return tuple(_AlikeRows(row[0], row[1], tuple(row[2:-1]), row[-1]) for row in found.all())

    def _attribute(self, dimension: str, account: str | None) -> str:
        """The SQL of the one value that an attribute of the account ever had."""
        known = dimension in self.engine.attributes or dimension in ACCOUNT_DIMENSIONS
        if account is None or not known:
            return "NULL"
        return (
            "(SELECT CASE WHEN count(DISTINCT value) = 1 THEN any_value(value) END FROM "
            f"attribute_span a WHERE a.account_id = q.{quoted(account)} AND a.attribute = "
            f"{literal(dimension)})"
        )


def _own(table: Table, dimension: str) -> str | None:
    """The column of a table that holds a dimension, if one does."""
    named = _COLUMNS.get((dimension, table.name))
    if named is not None:
        return named
    if dimension in {"account", "product", "survey"} and table.has(f"{dimension}_id"):
        return f"{dimension}_id"
    if table.name != "accounts" and dimension in ACCOUNT_DIMENSIONS:
        return None
    return dimension if table.has(dimension) else None


def _account(table: Table) -> Iterator[str]:
    if table.account_column is not None:
        yield table.account_column


def _passes(condition: Filter, value: str) -> bool:
    match condition.operator:
        case "=" | "in":
            return value in condition.values
        case "!=":
            return value not in condition.values
        case "is unknown":
            return False
        case _:
            return True
