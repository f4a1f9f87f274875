"""What a source says while it is read, message by message, and the two ways of being a source.

A load is whole or changes, table by table: once a source has said `Complete` of a table, a key
that it has not stated is gone; where it has not, absence says nothing and only `Deleted` ends a
row. The journal hears the messages in order; neither side knows the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from kampass.model.scan import Scan


@dataclass(frozen=True)
class Opening:
    """The source turns to a table now: whoever waits hears of it."""

    table: str


@dataclass(frozen=True)
class Batch:
    """Rows of a table, as many as the source likes to hand over at once: a file, a page, a day.

    What a scan reads from stays readable until the source has ended.
    """

    scan: Scan


@dataclass(frozen=True)
class Deleted:
    """Keys of a table that their system holds no more, each in the order of the table's key.

    `at` is when they were deleted, where the system tells: it orders the deletion among the
    versions of its key as `updated_at` orders rows, and rows that keep a history end then. Without
    it the deletion counts from its load, and where it stands among the messages orders it.
    """

    table: str
    keys: tuple[tuple[str | None, ...], ...]
    at: datetime | None = None


@dataclass(frozen=True)
class Complete:
    """Everything there is of this table has been stated since the source was asked."""

    table: str


@dataclass(frozen=True)
class Covered:
    """The source vouches that what it stated of a table is all there was, half-open in local
    dates.
    """

    table: str
    covered_from: date
    covered_to: date


@dataclass(frozen=True)
class Cursor:
    """Where the source goes on next time, in its own words; the last one said counts.

    It is kept in the transaction that makes the rows before it count, and handed back to `read`.
    """

    text: str


@dataclass(frozen=True)
class Notice:
    """A sentence for whoever loads."""

    text: str


Message = Opening | Batch | Deleted | Complete | Covered | Cursor | Notice


class Source(Protocol):
    """Whatever can state rows: it is asked once for each load, and says what it has to say."""

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        ...

    def read(self, since: str | None, /) -> Iterator[Message]:
        """What there is to say since that cursor (None: from the beginning). The end of the
        messages is the end of the stream; whatever is raised before it makes nothing count.
        """
        ...


@runtime_checkable
class TableSource(Source, Protocol):
    """A source that can state each of its tables as a whole, by itself and at any time."""

    def tables(self) -> list[str]:
        """The canonical tables this source states now."""
        ...

    def scan(self, table: str) -> Scan:
        """The rows of one table as they stand now."""
        ...


class DatedSource(Source, Protocol):
    """A source that knows when it was learned."""

    @property
    def recorded_at(self) -> datetime:
        """When Kampass learned it."""
        ...


@runtime_checkable
class HistorySource(Source, Protocol):
    """A source that states its own past: it is loaded once, at the instants it names."""

    def history(self) -> Iterator[DatedSource]:
        """Every load there was, oldest first."""
        ...


def whole(source: TableSource) -> Iterator[Message]:
    """Every table of a source, each as a whole."""
    for table in source.tables():
        yield Opening(table)
        yield Batch(source.scan(table))
        yield Complete(table)
