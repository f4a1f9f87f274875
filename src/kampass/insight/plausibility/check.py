"""What a plausibility check is, and looking through a snapshot with all of them.

A check never changes or withholds a figure: it shows rows that a person should look at, and says
what to do if they are wrong. It reads the rows that live, test accounts left out where they would
mislead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from kampass.engine import Engine
from kampass.engine.backend import Backend

SHOWN: Final = 20
"""How many rows of a contradiction are shown; all of them are counted."""


@dataclass(frozen=True)
class PlausibilityCheck:
    """One thing to look for.

    `rows` is a SELECT of `"table"`, `key`, `source`, `line` and `about` (why this row, in words);
    it may name `$today` (the local date the data is known at), `$zone` and `$currency`.
    """

    id: str
    title: str
    unit: str
    advice: str
    tables: tuple[str, ...]
    rows: str


@dataclass(frozen=True)
class ContradictoryRow:
    """A row to look at, where it came from, and why."""

    table: str
    key: str
    source: str | None
    line: int | None
    about: str

    @property
    def where(self) -> str:
        """The row and the place it came from.

        >>> ContradictoryRow("contracts", "c1", "crm", 7, "lost").where
        'contracts c1 (crm, line 7)'
        """
        line = "" if self.line is None else f", line {self.line}"
        place = "" if self.source is None else f" ({self.source}{line})"
        return f"{self.table} {self.key}{place}" if self.key != self.table else self.table


@dataclass(frozen=True)
class Contradiction:
    """What a check found: how many, the first of them, and what to do."""

    check: str
    title: str
    unit: str
    count: int
    advice: str
    rows: tuple[ContradictoryRow, ...]

    @property
    def text(self) -> str:
        """The finding in a line.

        >>> Contradiction("x", "Marked as churned, and still paying", "account", 2, "", ()).text
        'Marked as churned, and still paying: 2 accounts'
        """
        return f"{self.title}: {self.count:,} {self.unit}{'' if self.count == 1 else 's'}"


def contradictions(
    engine: Engine, checks: Iterable[PlausibilityCheck] | None = None, most: int = SHOWN
) -> tuple[Contradiction, ...]:
    """What the checks (all of them) find in the engine's snapshot, in their written order; of each
    at most `most` rows, ordered by table and key.
    """
    from kampass.insight.plausibility.checks import CHECKS

    today = engine.known_at.astimezone(engine.settings.calendar.zone).date()
    values: dict[str, Any] = {
        "today": today,
        "zone": engine.settings.calendar.timezone,
        "currency": engine.settings.currency,
    }
    connected = engine.coverage.connected
    found = (
        _found(engine.backend, check, values, most)
        for check in (CHECKS if checks is None else checks)
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
