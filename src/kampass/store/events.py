"""What happened, written in the transaction that made it happen: both are there, or neither is.

Whoever wants to know reads the table later (`workspace.events`); nothing here waits for anybody.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from kampass.store.schema import EVENTS, LOADS

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


class EventKind(StrEnum):
    """What can happen."""

    LOAD_RECORDED = "load_recorded"
    """A load counts: `load`, `source`."""
    LOAD_HELD = "load_held"
    """A load waits for a person: `load`, `source`, `why`."""
    PUBLISHED = "published"
    """Another publication answers: `snapshot` (null: nothing does any more) and `before`."""
    RESTATED = "restated"
    """Closed months have other figures: `before`, `after`, `kpis`."""
    QUARANTINED = "quarantined"
    """Rows were set aside that the snapshot before did not set aside: `snapshot`, `rows` by
    table.
    """


def record(connection: sa.Connection, kind: EventKind, about: Mapping[str, Any]) -> None:
    """Write down what this transaction makes happen."""
    at, text = datetime.now(UTC).strftime(_FORM), json.dumps(about, ensure_ascii=False)
    connection.execute(sa.insert(EVENTS).values(kind=kind.value, at=at, about=text))


def load_is(connection: sa.Connection, number: int) -> None:
    """Write down what a load is from now on: it counts, or it waits; one that was taken back
    happens when it is published.
    """
    row = connection.execute(sa.select(LOADS).where(LOADS.c.id == number)).one()
    about = {"load": number, "source": row.source}
    if row.state == "complete":
        record(connection, EventKind.LOAD_RECORDED, about)
    elif row.state == "held":
        record(connection, EventKind.LOAD_HELD, about | {"why": row.why})


def published(
    connection: sa.Connection, before: str | None, snapshot: str | None, aside: Mapping[str, int]
) -> None:
    """Write down what answers from now on, and what was set aside in it for the first time."""
    record(connection, EventKind.PUBLISHED, {"snapshot": snapshot, "before": before})
    if any(aside.values()):
        record(connection, EventKind.QUARANTINED, {"snapshot": snapshot, "rows": dict(aside)})
