"""How many loads, jobs and events a workspace has, counted in its database: whichever process
counts, the numbers are the workspace's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kampass.store.events import EventKind
from kampass.store.records import from_text
from kampass.store.schema import EVENTS, JOBS, LOADS, POINTERS, PUBLICATIONS, SNAPSHOTS
from kampass.workspace.jobs.jobs import DONE, FAILED, INTERRUPTED, RUNNING, WAITING
from kampass.workspace.workspace import Workspace

LOAD_STATES = ("complete", "held", "dropped")
JOB_STATES = (WAITING, RUNNING, DONE, FAILED, INTERRUPTED)


@dataclass(frozen=True)
class Counts:
    """What a workspace has at one moment; the instants are None where nothing is published."""

    loads: Mapping[str, int]
    jobs: Mapping[str, int]
    events: Mapping[str, int]
    known_at: datetime | None
    published_at: datetime | None


def counted(workspace: Workspace) -> Counts:
    """The counts; jobs whose process has died are found first, so that none is said to run."""
    workspace.jobs.settle()
    with workspace.manifest.engine.connect() as connection:
        current = connection.execute(
            sa.select(SNAPSHOTS.c.recorded_at, sa.func.max(PUBLICATIONS.c.published_at))
            .join(POINTERS, POINTERS.c.snapshot_id == SNAPSHOTS.c.id)
            .join(PUBLICATIONS, PUBLICATIONS.c.snapshot_id == SNAPSHOTS.c.id)
            .where(POINTERS.c.name == "current")
            .group_by(SNAPSHOTS.c.recorded_at)
        ).first()
        return Counts(
            _by(connection, LOADS.c.state, LOAD_STATES),
            _by(connection, JOBS.c.state, JOB_STATES),
            _by(connection, EVENTS.c.kind, tuple(EventKind)),
            *(map(from_text, current) if current else (None, None)),
        )


def _by(
    connection: sa.Connection, column: "sa.Column[str]", names: tuple[str, ...]
) -> dict[str, int]:
    """How many rows have each value, those that no row has too."""
    rows = connection.execute(sa.select(column, sa.func.count()).group_by(column)).all()
    return dict.fromkeys(map(str, names), 0) | {str(name): int(count) for name, count in rows}
