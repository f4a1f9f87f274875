"""A KPI of a world that was loaded at an instant, compared."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from tests.compare.worlds_compared import Compare, Tables

from kampass.catalogue import shipped
from kampass.engine import Answer, Engine, Question, Settings, parse_filter
from kampass.insight import ask
from kampass.periods import Calendar
from kampass.workspace.authoring.worlds import Worlds


@pytest.fixture(scope="module")
def compare() -> Iterator[Compare]:
    """Ask one KPI of a world that was loaded at an instant, compared."""
    with Worlds() as worlds:

        def asked(
            tables: Tables,
            kpi: str,
            period: str,
            *,
            against: str = "previous",
            at: str = "2026-12-31T00:00:00Z",
            **cut: str,
        ) -> list[Answer]:
            zone = cut.get("timezone", "UTC")
            snapshot = worlds.snapshot(
                tables, timezone=zone, recorded_at=datetime.fromisoformat(at)
            )
            engine = Engine(snapshot, shipped(), Settings(Calendar(zone)))
            by = tuple(name for name in cut.get("by", "").split(",") if name)
            where = (parse_filter(cut["where"]),) if "where" in cut else ()
            return list(
                ask(
                    engine,
                    Question((kpi,), period, cut.get("grain"), by, where, "total" in cut, against),
                )
            )  # type: ignore[arg-type]

        yield asked
