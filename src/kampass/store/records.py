"""What the application database says, as values: loads and what they hold, snapshots, publications,
pins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kampass.model.messages import Covered
from kampass.model.scan import FileCount

EVERY_STATE = ("complete", "held", "dropped")


@dataclass(frozen=True)
class LoadedTable:
    """What one load holds of one table; read = loaded + unchanged + superseded + quarantined,
    always. `changes`: the source said what has changed, and not the whole table.

    `conflicting` of the superseded lines differ from the one that counts, and nothing orders the
    two; `dismissed` of the quarantined are no rows, as somebody has said. `files` says what became
    of each file's records. `anew`: it is the first under another `reading`, so that the loads of
    its source before say nothing of the table any more.
    """

    table: str
    read: int
    loaded: int
    unchanged: int
    superseded: int
    quarantined: int
    deleted: int
    digest: str
    file: str | None = None
    file_sha256: str | None = None
    quarantine_file: str | None = None
    quarantine_sha256: str | None = None
    changes: bool = False
    conflicting: int = 0
    dismissed: int = 0
    files: tuple[FileCount, ...] = ()
    reading: str = ""
    anew: bool = False

    @property
    def kept(self) -> int:
        """How many of the rows read the source still states."""
        return self.loaded + self.unchanged


@dataclass(frozen=True)
class Load:
    """One run of one source. States: complete (it counts), held (it waits for a person), dropped.
    `cursor` is where the source goes on next time, as long as its `reading` stays the same;
    `coverage` is what it vouched for.
    """

    id: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    tables: tuple[LoadedTable, ...] = ()
    cursor: str | None = None
    coverage: tuple[Covered, ...] = ()
    reading: str = ""


@dataclass(frozen=True)
class SnapshotRow:
    """One snapshot that was built: of which loads, in which time zone and currency. A row outlives
    its file.
    """

    id: str
    file: str
    recorded_at: datetime
    published_at: datetime
    last_load: int
    loads: tuple[int, ...] | None = None
    timezone: str | None = None
    currency: str | None = None
    rows: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Wording:
    """The settings or the definitions as they stood, kept once under the digest of their text."""

    kind: str
    digest: str
    text: str


@dataclass(frozen=True)
class Publication:
    """One time that a snapshot became the current one, and the digests of the rules it did so under
    (None: nobody wrote them down).
    """

    snapshot_id: str
    published_at: datetime
    settings_digest: str | None = None
    catalogue_digest: str | None = None


@dataclass(frozen=True)
class Pin:
    """A person's wish that a snapshot's file stays."""

    snapshot_id: str
    why: str
    who: str
    pinned_at: datetime


def to_text(instant: datetime) -> str:
    """An instant as UTC text that sorts as time does."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The instant of such a text."""
    return datetime.fromisoformat(text)


def to_ranges(numbers: Iterable[int]) -> str:
    """Load numbers in short.

    >>> to_ranges([1, 2, 3, 5])
    '1-3,5'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def from_ranges(text: str) -> tuple[int, ...]:
    """The numbers of such a text."""
    ends = [[int(end) for end in part.split("-")] for part in text.split(",") if part]
    return tuple(number for part in ends for number in range(part[0], part[-1] + 1))
