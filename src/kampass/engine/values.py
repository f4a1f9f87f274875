"""The values that filters may name: those that rows have which the viewer may read, and those of
the model's closed lists.

A value means what it says. Where no row has it as it stands, it means, in any letter case, the one
that pages show like this: the name behind an id, the words of a code.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from kampass.catalogue import Kpi
from kampass.engine.answer import worded
from kampass.engine.backend import Backend
from kampass.engine.planning.dimensions import Named, rows_of
from kampass.engine.question import Filter
from kampass.errors import QuestionError
from kampass.facts import FACTS
from kampass.model import TABLES
from kampass.model.conform import literal, quoted

NAMED: Final = {
    "account": "accounts",
    "account_manager": "users",
    "user": "users",
    "agent": "users",
    "team": "teams",
    "product": "products",
    "survey": "surveys",
}
"""Dimensions whose values are ids, and the tables that know their names."""
_PLACES: Final = {"family": ("products", "family"), "persona": ("contacts", "persona")}
_NEAREST = 3


class DimensionValues:
    """What the values in filters mean to one reader of one snapshot."""

    def __init__(self, backend: Backend, named: Named) -> None:
        self.backend, self.named = backend, named
        self._meant: dict[tuple[str, tuple[str, ...], str], str] = {}

    def understood(self, kpis: Sequence[Kpi], where: Iterable[Filter]) -> tuple[Filter, ...]:
        """The same filters with the values that theirs mean; QuestionError where one means none."""
        return tuple(
            replace(each, values=tuple(self._value(kpis, each.dimension, v) for v in each.values))
            for each in where
        )

    def _value(self, kpis: Sequence[Kpi], dimension: str, value: str) -> str:
        of_rows = tuple(_row_columns(kpis, dimension, self.named))
        places = tuple(dict.fromkeys(of_rows or _places(kpis, dimension)))
        key = (dimension, places, value)
        if key not in self._meant:
            closed = set(_closed(kpis, dimension))
            known = " UNION ALL ".join(places)
            self._meant[key] = (
                value
                if not places or value in closed or self._is_there(known, value)
                else self._shown_as(dimension, value, known, closed)
            )
        return self._meant[key]

    def _is_there(self, known: str, value: str) -> bool:
        found = self.backend.run(
            f"SELECT 1 FROM ({known}) WHERE value = $value LIMIT 1", {"value": value}
        )
        return found.first() is not None

    def _shown_as(self, dimension: str, text: str, known: str, closed: set[str]) -> str:
        """The one value that pages show as this text."""
        names: dict[str, set[str]] = {}
        for value, name in [*self._all(dimension, known), *((each, None) for each in closed)]:
            for shown in (value, name or worded(value)):
                names.setdefault(shown.casefold(), set()).add(value)
        found = names.get(text.strip().casefold(), set())
        if len(found) == 1:
            return found.pop()
        what = dimension.replace("_", " ")
        if found:
            listed = ", ".join(f"'{each}'" for each in sorted(found)[:_NEAREST])
            raise QuestionError(
                f"'{text}' may be {len(found)} values of {what}: {listed}.",
                code="unknown_value",
                hint="Write the one that is meant as it stands.",
            )
        raise QuestionError(
            f"No {what} is '{text}'.{_nearest(text, names)}",
            code="unknown_value",
            hint=f"'--by {dimension}' shows the values there are.",
        )

    def _all(self, dimension: str, known: str) -> list[tuple[str, str | None]]:
        name = "NULL"
        if dimension in NAMED:
            table = quoted(NAMED[dimension])
            name = f"(SELECT any_value(n.name) FROM {table} n WHERE n.id = v.value)"
        rows = self.backend.run(
            f"SELECT DISTINCT value, {name} FROM ({known}) v WHERE value IS NOT NULL"
        )
        return [(value, shown) for value, shown in rows.all()]


def _nearest(text: str, names: dict[str, set[str]]) -> str:
    close = get_close_matches(text.casefold(), list(names), n=_NEAREST)
    values = list(dict.fromkeys(value for name in close for value in sorted(names[name])))
    listed = " or ".join(f"'{value}'" for value in values[:_NEAREST])
    return f" Did you mean {listed}?" if listed else ""


def _row_columns(kpis: Sequence[Kpi], dimension: str, named: Named) -> Iterator[str]:
    """The same where the dimension is a column of their rows."""
    for kpi in kpis:
        table = rows_of(kpi)
        if table and named.is_of_rows(kpi, dimension):
            name = literal(dimension.removeprefix(f"{table}."))
            yield f"SELECT _extra[{name}] AS value FROM {quoted(table)}"


def _places(kpis: Sequence[Kpi], dimension: str) -> Iterator[str]:
    """Where a dimension's values stand, as SQL of a column `value`."""
    if dimension in NAMED:
        yield f"SELECT id AS value FROM {quoted(NAMED[dimension])}"
        return
    for table, column in _columns(kpis, dimension):
        yield f"SELECT {quoted(column)} AS value FROM {quoted(table)}"
    if any(kpi.takes_any_account_dimension for kpi in kpis) and dimension not in _PLACES:
        attribute = literal(dimension)
        yield f"SELECT value FROM attribute_span WHERE attribute = {attribute}"


def _columns(kpis: Sequence[Kpi], dimension: str) -> Iterator[tuple[str, str]]:
    if dimension in _PLACES:
        yield _PLACES[dimension]
        return
    facts = (FACTS[measure.fact] for kpi in kpis for measure in kpi.measures.values())
    for fact in facts:
        column = fact.dimensions.get(dimension, "")
        if TABLES[fact.origin.table].has(column):
            yield fact.origin.table, column


def _closed(kpis: Sequence[Kpi], dimension: str) -> Iterator[str]:
    """The values of the model's closed lists."""
    for table, column in _columns(kpis, dimension):
        yield from TABLES[table].column(column).choices
