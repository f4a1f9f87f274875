"""Looking through a snapshot with every plausibility check."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from kampass.engine import Engine
from kampass.engine.backend import Backend
from kampass.insight.plausibility.check import (
    Contradiction,
    ContradictoryRow,
    PlausibilityCheck,
)
from kampass.insight.plausibility.checks import CHECKS

SHOWN: Final = 20
"""How many rows of a contradiction are shown; all of them are counted."""


def contradictions(
    engine: Engine, checks: Iterable[PlausibilityCheck] = CHECKS, most: int = SHOWN
) -> tuple[Contradiction, ...]:
    """What the checks (all of them) find in the engine's snapshot, in their written order; of each
    at most `most` rows, ordered by table and key.
    """
    today = engine.known_at.astimezone(engine.settings.calendar.zone).date()
    values: dict[str, Any] = {
        "today": today,
        "zone": engine.settings.calendar.timezone,
        "currency": engine.settings.currency,
    }
    connected = engine.coverage.connected
    found = (
        _found(engine.backend, check, values, most)
        for check in checks
        if set(check.tables) <= connected
    )
    return tuple(each for each in found if each is not None)


def _found(
    backend: Backend, check: PlausibilityCheck, values: dict[str, str | date], most: int
) -> Contradiction | None:
    rows = backend.run(
        f'SELECT "table", key, source, line, about, count(*) OVER () FROM ({check.rows}) AS found '
        f'ORDER BY "table", key, line LIMIT {most:d}',
        {name: value for name, value in values.items() if f"${name}" in check.rows},
    ).all()
    if not rows:
        return None
    return Contradiction(
        check.id,
        check.title,
        check.unit,
        rows[0][5],
        check.advice,
        tuple(ContradictoryRow(*row[:5]) for row in rows),
    )
