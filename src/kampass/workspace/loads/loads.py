"""The loads and the sources as people see them: what each load read and what became of it, and how
fresh each source is.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from kampass.model.messages import Covered
from kampass.model.scan import FileCount
from kampass.store.records import Load, LoadedTable
from kampass.workspace.home import Home

STATES = ("complete", "held", "dropped")


@dataclass(frozen=True)
class Sum:
    """read = loaded + unchanged + superseded + quarantined, of a table or of a whole load;
    `conflicting` of the superseded lines differ from the one that counts, with nothing to order
    them, and `dismissed` of the quarantined are no rows, as somebody has said.
    """

    read: int
    loaded: int
    unchanged: int
    superseded: int
    quarantined: int
    deleted: int
    conflicting: int = 0
    dismissed: int = 0


@dataclass(frozen=True)
class LoadCard:
    """One load: when, from where, whether it counts, its sums, altogether and by table, what became
    of each table's files, and what its source vouched for.
    """

    number: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    total: Sum
    tables: tuple[tuple[str, Sum], ...]
    files: tuple[tuple[str, FileCount], ...] = ()
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


def loads(workspace: Home) -> list[LoadCard]:
    """The loads, latest first."""
    found = workspace.manifest.loads(states=STATES)[::-1]
    return [card(load) for load in found]


def card(load: Load) -> LoadCard:
    """A load as a card."""
    tables = tuple((row.table, sum_of(row)) for row in load.tables)
    return LoadCard(
        load.id,
        load.source,
        load.recorded_at,
        load.state,
        load.why,
        total(sums for _, sums in tables),
        tables,
        tuple((row.table, file) for row in load.tables for file in row.files),
        load.coverage,
    )


def sum_of(row: LoadedTable) -> Sum:
    """What became of the rows of one table of a load."""
    return Sum(*(getattr(row, name) for name in Sum.__dataclass_fields__))


def counts(tables: Iterable[LoadedTable]) -> dict[str, int]:
    """The sum of some tables of loads, by its parts' names."""
    return asdict(total(sum_of(table) for table in tables))


def total(sums: Iterable[Sum]) -> Sum:
    """Sums together."""
    listed = list(sums)
    return Sum(*(sum(getattr(one, name) for one in listed) for name in Sum.__dataclass_fields__))


def sources(workspace: Home) -> list[SourceCard]:
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
