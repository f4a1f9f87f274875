"""The loads and the sources as people see them: what each load read and what became of it, and how
fresh each source is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kampass.model.messages import Covered
from kampass.store.manifest import Load

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

STATES = ("complete", "held", "dropped")


@dataclass(frozen=True)
class Sum:
    """read = loaded + unchanged + superseded + quarantined, of a table or of a whole load."""

    read: int
    loaded: int
    unchanged: int
    superseded: int
    quarantined: int
    deleted: int


@dataclass(frozen=True)
class LoadCard:
    """One load: when, from where, whether it counts, its sums, altogether and by table, and what
    its source vouched for.
    """

    number: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    total: Sum
    tables: tuple[tuple[str, Sum], ...]
    coverage: tuple[Covered, ...] = ()


@dataclass(frozen=True)
class SourceCard:
    """One source of the settings: its kind, the tables its loads have stated, its last load that
    counts (None: never loaded).
    """

    name: str
    kind: str
    tables: tuple[str, ...]
    last: datetime | None
    waits: int | None


def loads(workspace: "Workspace") -> list[LoadCard]:
    """The loads, latest first."""
    found = workspace.manifest.loads(states=STATES)[::-1]
    return [card(load) for load in found]


def card(load: Load) -> LoadCard:
    """A load as a card."""
    tables = tuple(
        (
            row.table,
            Sum(row.read, row.loaded, row.unchanged, row.superseded, row.quarantined, row.deleted),
        )
        for row in load.tables
    )
    return LoadCard(
        load.id,
        load.source,
        load.recorded_at,
        load.state,
        load.why,
        total(sums for _, sums in tables),
        tables,
        load.coverage,
    )


def total(sums: Iterable[Sum]) -> Sum:
    """Sums together."""
    listed = list(sums)
    return Sum(*(sum(getattr(one, name) for one in listed) for name in Sum.__dataclass_fields__))


def sources(workspace: "Workspace") -> list[SourceCard]:
    """Every source of the settings, in their order."""
    counting, waiting = workspace.manifest.loads(), workspace.manifest.loads(states=("held",))
    found = []
    for source in workspace.settings.sources:
        own = [load for load in counting if load.source == source.name]
        tables = tuple(dict.fromkeys(row.table for load in own for row in load.tables))
        waits = next((load.id for load in waiting if load.source == source.name), None)
        found.append(
            SourceCard(
                source.name,
                source.kind,
                tables,
                max((load.recorded_at for load in own), default=None),
                waits,
            )
        )
    return found
