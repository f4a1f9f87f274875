"""What a snapshot keeps for the notes: by table what was set aside and what conflicts, amounts
without a rate, payers' trials; and the loads that wait.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from kampass.engine.around import HeldLoad
from kampass.engine.engine import Engine


@dataclass(frozen=True)
class KeptForNotes:
    """What one snapshot keeps for notes, as far as its reader may see it; read when asked for."""

    engine: Engine

    @cached_property
    def set_aside(self) -> dict[str, int]:
        """The rows set aside, by table."""
        return self._counts('SELECT "table", count(*) FROM _quarantine GROUP BY 1')

    @cached_property
    def conflicting(self) -> dict[str, int]:
        """The lines that lost to a different line of their key, by table."""
        return self._counts('SELECT "table", lines FROM _conflict WHERE lines > 0')

    @cached_property
    def trials(self) -> int:
        """How often a payer's time is marked as trial."""
        ((times,),) = self.engine.backend.run("SELECT count(*) FROM payer_trial").all()
        return int(times)

    @cached_property
    def held(self) -> tuple[HeldLoad, ...]:
        """The loads that wait."""
        return tuple(self.engine.around.held())

    def undated_deals(self, until: datetime) -> int:
        """How many deals of which nobody says when they were created were not closed before an
        instant.
        """
        if not self._any_undated:
            return 0
        ((deals,),) = self.engine.backend.run(
            "SELECT count(*) FROM live_deals WHERE created_at IS NULL "
            "AND (status = 'open' OR closed_at >= $until)",
            {"until": until},
        ).all()
        return int(deals)

    @cached_property
    def _any_undated(self) -> bool:
        undated = "SELECT 1 FROM live_deals WHERE created_at IS NULL LIMIT 1"
        return self.engine.backend.run(undated).first() is not None

    def no_rate(self, tables: AbstractSet[str]) -> dict[str, tuple[date, int]]:
        """The currencies in which amounts of these tables lack a rate: the first day of each, and
        how many amounts.
        """
        found = self.engine.backend.run(
            'SELECT currency, min(day), count(DISTINCT ("table", id)) FROM lacking_rate WHERE '
            'list_contains($tables, "table") GROUP BY 1 ORDER BY 1',
            {"tables": sorted(tables)},
        )
        return {currency: (day, rows) for currency, day, rows in found.all()}

    def _counts(self, sql: str) -> dict[str, int]:
        return {table: int(rows) for table, rows in self.engine.backend.run(sql).all()}
