"""What a plausibility check is, and what it finds.

A check never changes or withholds a figure: it shows rows that a person should look at, and says
what to do if they are wrong. It reads the rows that live, test accounts left out where they would
mislead.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlausibilityCheck:
    """One thing to look for.

    `rows` is a SELECT of `"table"`, `key`, `source`, `line` and `about` (why this row, in words);
    it may name `$today` (the local date the data is known at), `$zone` and `$currency`.
    """

    id: str
    title: str
    unit: str
    advice: str
    tables: tuple[str, ...]
    rows: str


@dataclass(frozen=True)
class ContradictoryRow:
    """A row to look at, where it came from, and why."""

    table: str
    key: str
    source: str | None
    line: int | None
    about: str

    @property
    def where(self) -> str:
        """The row and the place it came from.

        >>> ContradictoryRow("contracts", "c1", "crm", 7, "lost").where
        'contracts c1 (crm, line 7)'
        """
        line = "" if self.line is None else f", line {self.line}"
        place = "" if self.source is None else f" ({self.source}{line})"
        return f"{self.table} {self.key}{place}" if self.key != self.table else self.table


@dataclass(frozen=True)
class Contradiction:
    """What a check found: how many, the first of them, and what to do."""

    check: str
    title: str
    unit: str
    count: int
    advice: str
    rows: tuple[ContradictoryRow, ...]

    @property
    def text(self) -> str:
        """The finding in a line.

        >>> Contradiction("x", "Marked as churned, and still paying", "account", 2, "", ()).text
        'Marked as churned, and still paying: 2 accounts'
        """
        return f"{self.title}: {self.counted}"

    @property
    def counted(self) -> str:
        """How many of what."""
        return f"{self.count:,} {self.unit}{'' if self.count == 1 else 's'}"
