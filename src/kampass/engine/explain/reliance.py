"""On which source rows a figure rests, so that a changed row can be named as the cause of a changed figure.

A figure rests on the rows that count and on the evidence behind them. Whether a row counts can hang on a row that is
there on one side only (a repeat contact, an earlier contract), so the evidence of both sides is read for the rows that
count on either.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kampass.engine.explain.tally import judge
from kampass.engine.question import Asked
from kampass.kpis import Kpi
from kampass.model import TABLES
from kampass.model.conform import quoted

if TYPE_CHECKING:
    from kampass.engine.engine import Engine

SourceKey = tuple[str, tuple[Any, ...]]
"""A table and the values of a row's key."""


def rests_on(engines: Sequence["Engine"], kpi: Kpi, asked: Asked) -> dict[int, set[SourceKey]]:
    """The source rows behind a KPI's figures, by the period's number, on any of these snapshots; answers of employees stay unnamed."""
    found: dict[int, set[SourceKey]] = {}
    for engine in engines:
        for number, table, key in _counting(engine, kpi, asked):
            found.setdefault(number, set()).add((table, key))
    units = {number: {key[0] for _, key in keys} for number, keys in found.items()}
    for engine in engines:
        for number, unit, table, key in _evidence(engine, kpi, asked):
            if unit in units.get(number, ()):
                found[number].add((table, key))
    return found


def _counting(engine: "Engine", kpi: Kpi, asked: Asked) -> list[tuple[int, str, tuple[Any, ...]]]:
    """Period, table and key of every row that counts for any measure."""
    rows: list[tuple[int, str, tuple[Any, ...]]] = []
    clocks = engine.clocks(kpi, asked)
    for measure in kpi.measures.values() if clocks else ():
        judged = judge(engine, kpi, measure, asked)
        if not judged.origin.hidden:
            keys = engine.run(judged.plan("SELECT DISTINCT i, k FROM judged WHERE code = 0"), clocks, asked.where).fetchall()
            rows += [(number, judged.origin.table, tuple(key.values()) if isinstance(key, dict) else (key,)) for number, key in keys]
    return rows


def _evidence(engine: "Engine", kpi: Kpi, asked: Asked) -> list[tuple[int, Any, str, tuple[Any, ...]]]:
    """Period, unit, table and key of every further row behind the rows of the period, counted or not."""
    rows: list[tuple[int, Any, str, tuple[Any, ...]]] = []
    clocks = engine.clocks(kpi, asked)
    for measure in kpi.measures.values() if clocks else ():
        judged = judge(engine, kpi, measure, asked)
        for piece in () if judged.origin.hidden else judged.evidence:
            sql = judged.evidence_sql(piece)
            key = ", ".join(f"e.{quoted(name)}" for name in TABLES[piece.table].key)
            select = f"SELECT DISTINCT j.i, e.unit, {key} FROM ({sql}) e JOIN (SELECT DISTINCT i, k FROM judged) j ON j.k = e.unit AND coalesce(e.i, j.i) = j.i"
            found = engine.run(judged.plan(select, more=[sql]), clocks, asked.where).fetchall()
            rows += [(number, unit, piece.table, tuple(values)) for number, unit, *values in found]
    return rows
