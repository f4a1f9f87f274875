"""A sample company: 200 accounts and three years of a B2B software firm, the same for the same
seed.

Stories are planted in it (`STORIES`) that the KPIs find again. It comes as two loads, because the
second restates a quarter; each load states its tables completely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kampass.intake.sample.stories import STORIES, Size, Stories

if TYPE_CHECKING:
    import pyarrow

    from kampass.intake.sample.lifecycle import World

__all__ = ["STORIES", "SampleLoad", "Size", "Stories", "loads"]


@dataclass(frozen=True)
class SampleLoad:
    """Whole canonical tables by name, and when they were recorded (UTC)."""

    recorded_at: datetime
    tables: dict[str, pyarrow.Table]


def loads(
    *,
    scale: float = 1.0,
    seed: int = 2026,
    touches: int | None = None,
    usage: int | None = None,
    tickets: int | None = None,
) -> Iterator[SampleLoad]:
    """The loads of the sample company in the order of `recorded_at`.

    `scale` multiplies the rows of the large tables; `touches`, `usage` and `tickets` state theirs
    outright, give or take a few rows.
    """
    from kampass.intake.sample.lifecycle import found
    from kampass.intake.sample.restatement import first_known

    world = found(Size.of(scale=scale, touches=touches, usage=usage, tickets=tickets), seed)
    tables = _tables(world)
    yield SampleLoad(STORIES.restated_quarter.first_recorded_at, first_known(world, tables))
    yield SampleLoad(STORIES.restated_quarter.second_recorded_at, tables)


def _tables(world: World) -> dict[str, pyarrow.Table]:
    """Every table as it stands in the end, in the order of the model."""
    from kampass.intake.sample import activity, billing, book, firm, relations, service
    from kampass.intake.sample.shapes import TABLES

    deals = relations.strike(world)
    tickets = service.open_tickets(world)
    told = {
        **firm.tables(world.firm),
        **book.tables(world.stream("book tables"), world.book, world.firm),
        **billing.tables(world),
        **service.surveys(world, tickets),
        **relations.tables(world),
        "deals": relations.deal_table(world, deals),
        "tickets": service.ticket_table(world, tickets),
        "touches": activity.touches(world, deals, tickets),
        "usage_daily": activity.usage(world),
    }
    return {name: told[name] for name in TABLES}
