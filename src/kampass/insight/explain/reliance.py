"""Which source rows can stand behind the difference of one figure on two snapshots.

A figure differs because some of its units do: a row that counts on one side only, or contributes
another amount. Behind such a unit stand its own row and its evidence, read on both sides, because
whether a row counts can hang on one that is there on one side only (a repeat contact, an earlier
contract).
"""

from typing import Any

from kampass.catalogue import Kpi
from kampass.engine.engine import Engine
from kampass.engine.planning.clock import Clock
from kampass.engine.question import Asked
from kampass.insight.explain.judged import Judged
from kampass.insight.explain.tally import judge
from kampass.model import TABLES
from kampass.model.conform import quoted

SourceKey = tuple[str, tuple[Any, ...]]
"""A table and the values of a row's key."""
Sides = tuple[Engine, Engine]


def behind_difference(sides: Sides, kpi: Kpi, asked: Asked) -> dict[int, set[SourceKey]]:
    """The rows behind what differs in a KPI's figures, by the period's number; answers of employees
    stay unnamed.
    """
    before, after = (_units(engine, kpi, asked) for engine in sides)
    found: dict[int, set[SourceKey]] = {}
    for number, table, key in {
        unit for unit in before.keys() | after.keys() if before.get(unit) != after.get(unit)
    }:
        found.setdefault(number, set()).add((table, key))
    units = {number: {key[0] for _, key in keys} for number, keys in found.items()}
    for engine in sides if found else ():
        for number, unit, table, key in _evidence(engine, kpi, asked):
            if unit in units.get(number, ()):
                found[number].add((table, key))
    return found


def _judged(engine: Engine, kpi: Kpi, asked: Asked) -> tuple[list[Clock], list[Judged]]:
    """The measures whose rows may be named, where the data reaches at all."""
    clocks = engine.clocks(kpi, asked)
    measures = (
        [judge(engine, kpi, measure, asked) for measure in kpi.measures.values()] if clocks else []
    )
    return clocks, [measure for measure in measures if not measure.origin.hidden]


def _units(
    engine: Engine, kpi: Kpi, asked: Asked
) -> dict[tuple[int, str, tuple[Any, ...]], dict[str, Any]]:
    """What every row that counts contributes to each measure, by period, table and key."""
    found: dict[tuple[int, str, tuple[Any, ...]], dict[str, Any]] = {}
    clocks, measures = _judged(engine, kpi, asked)
    for judged in measures:
        select = "SELECT i, k, list(amount ORDER BY amount) FROM judged WHERE code = 0 GROUP BY ALL"
        for number, key, amounts in engine.run(judged.plan(select), clocks, asked.where).all():
            unit = (
                number,
                judged.origin.table,
                tuple(key.values()) if isinstance(key, dict) else (key,),
            )
            found.setdefault(unit, {})[judged.measure.name] = amounts
    return found


def _evidence(
    engine: Engine, kpi: Kpi, asked: Asked
) -> list[tuple[int, Any, str, tuple[Any, ...]]]:
    """Period, unit, table and key of every further row behind the rows of the period, counted or
    not.
    """
    rows: list[tuple[int, Any, str, tuple[Any, ...]]] = []
    clocks, measures = _judged(engine, kpi, asked)
    for judged in measures:
        for piece in judged.evidence:
            sql = judged.evidence_sql(piece)
            key = ", ".join(f"e.{quoted(name)}" for name in TABLES[piece.table].key)
            select = (
                f"SELECT DISTINCT j.i, e.unit, {key} FROM ({sql}) e JOIN (SELECT DISTINCT i, k "
                "FROM judged) j ON j.k = e.unit AND coalesce(e.i, j.i) = j.i"
            )
            found = engine.run(judged.plan(select, more=[sql]), clocks, asked.where).all()
            rows += [(number, unit, piece.table, tuple(values)) for number, unit, *values in found]
    return rows
