"""The figure that given parts make, without any rows: what the `parts` examples of a definition
check.
"""

from collections.abc import Mapping
from typing import Any

from kampass.catalogue import Kpi
from kampass.catalogue.expressions import formula
from kampass.engine.backend import Backend
from kampass.engine.duckdb_backend import scratch
from kampass.engine.figure import Figure, status_of


def figure_of(kpi: Kpi, parts: Mapping[str, float]) -> dict[str, Any]:
    """Value, numerator, denominator, n, low, high and reason from numbers put into the formula.

    A measure that is not given counts 0; `n` is left out where it reads a measure that is not
    given.
    """
    named = {name: f"CAST({float(parts.get(name, 0))!r} AS DOUBLE)" for name in kpi.measures}
    with scratch() as backend:
        value = _evaluate(backend, formula(kpi.value, named))
        denominator = (
            _evaluate(backend, formula(kpi.denominator, named)) if kpi.denominator else None
        )
        n = _evaluate(backend, formula(kpi.n, named)) or 0
    figure = Figure(kpi, value, denominator, int(n))
    reason = figure.reason(missing=False)
    status = status_of(kpi, int(n), reason)
    if kpi.pending and parts.get(kpi.pending, 0) > 0 and not reason:
        status = "provisional"
    low, high = (
        (None, None) if reason else figure.interval(parts.get("promoters"), parts.get("detractors"))
    )
    return {
        "value": None if reason else figure.shown,
        "numerator": figure.numerator,
        "denominator": figure.bottom,
        "n": int(n),
        "low": low,
        "high": high,
        "reason": reason,
        "status": status,
    }


def _evaluate(backend: Backend, sql: str) -> float | None:
    row = backend.run(f"SELECT CAST({sql} AS DOUBLE)").first()
    assert row is not None
    found: float | None = row[0]
    return found
