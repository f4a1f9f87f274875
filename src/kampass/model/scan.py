"""What a source hands over for one table: rows to read, as they stand, and where each of them came from.

Sources make scans, the journal reads them; neither knows the other. Reading happens inside DuckDB, so a scan is a
relation (one SQL text) and never a list of Python rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

LineFinder = Callable[[Sequence[int]], dict[int, int]]


@dataclass(frozen=True)
class Reject:
    """A line that is no row: torn, or with too many or too few fields."""

    line: int
    reason: str
    value: str = ""


@dataclass(frozen=True)
class Scan:
    """One table as a source states it: its relation, column types, digest, and how a row's line is found."""

    table: str
    relation: str
    columns: dict[str, str]
    digest: str
    place: str
    objects: dict[str, Any] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()
    lines: LineFinder = lambda rows: {row: row for row in rows}


class Source(Protocol):
    """Whatever can state tables."""

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        ...

    def tables(self) -> list[str]:
        """The canonical tables this source states now."""
        ...

    def scan(self, table: str) -> Scan:
        """The rows of one table as they stand now."""
        ...
