"""Reads the shipped definitions and parses their expressions, as text for `compiled`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from kampass.catalogue import compiled, expressions
from kampass.catalogue.definition import Kpi
from kampass.catalogue.expressions import Aggregate, Condition
from kampass.catalogue.loader import read_shipped
from kampass.facts import FACTS

Entries = dict[str, list[dict[str, Any]]]


def compiled_text() -> str:
    """What `compiled.json` holds, a line for each definition and each expression."""
    kpis = read_shipped()
    conditions: Entries = {}
    aggregates: Entries = {}
    for measure in (measure for kpi in kpis for measure in kpi.measures.values()):
        kinds = FACTS[measure.fact].kinds
        counted = expressions.parse_aggregate(measure.of, kinds)
        _add(aggregates, measure.of, _aggregate(counted, kinds))
        if measure.where:
            found = expressions.parse_condition(measure.where, kinds)
            _add(conditions, measure.where, _condition(found, kinds))
    formulas = {text: expressions.parse_formula(text, "{{{}}}".format) for text in _formulas(kpis)}
    parts = [
        f'"of": {_line(compiled.digest())}',
        f'"kpis": [\n{_lines(_line(asdict(kpi)) for kpi in kpis)}\n]',
        f'"conditions": {_table(conditions)}',
        f'"aggregates": {_table(aggregates)}',
        f'"formulas": {_table(formulas)}',
    ]
    return f"{{\n{_lines(parts)}\n}}\n"


def _formulas(kpis: list[Kpi]) -> list[str]:
    texts = [text for kpi in kpis for text in (kpi.value, kpi.denominator, kpi.n) if text]
    return sorted(set(texts))


def _add(entries: Entries, text: str, entry: dict[str, Any]) -> None:
    """One text may come to several things: facts have columns of one name and several kinds."""
    found = entries.setdefault(text, [])
    if entry not in found:
        found.append(entry)


def _condition(found: Condition, kinds: dict[str, str]) -> dict[str, Any]:
    columns = sorted(found.columns)
    return {"sql": found.sql, "columns": columns, "kinds": {name: kinds[name] for name in columns}}


def _aggregate(found: Aggregate, kinds: dict[str, str]) -> dict[str, Any]:
    where = _condition(found.where, kinds) if found.where else None
    own = {name: kinds[name] for name in sorted(found.columns)}
    return {
        "function": found.function,
        "argument": found.argument,
        "columns": list(own),
        "arguments": list(found.arguments),
        "quantile": found.quantile,
        "where": where,
        "kinds": own | (where["kinds"] if where else {}),
    }


def _table(entries: Mapping[str, Any]) -> str:
    lines = _lines(f"{_line(text)}: {_line(found)}" for text, found in sorted(entries.items()))
    return f"{{\n{lines}\n}}"


def _lines(entries: Iterable[str]) -> str:
    return ",\n".join(entries)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
