"""The sizes a report is made for: how many rows the sample company's three large tables have."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """A company by the rows of its large tables."""

    name: str
    touches: int
    usage: int
    tickets: int

    @property
    def about(self) -> str:
        """The size in words."""
        return (
            f"{self.touches:,} touches, {self.usage:,} daily usage rows, {self.tickets:,} tickets"
        )


SIZES = {
    "tiny": Size("tiny", 15_000, 60_000, 3_000),
    "1m": Size("1m", 1_000_000, 1_000_000, 100_000),
    "10m": Size("10m", 10_000_000, 10_000_000, 1_000_000),
}
