"""What a source hands over for one table: rows to read, as they stand, and where each of them came
from.

Sources make scans, the journal reads them; neither knows the other. Reading happens inside DuckDB,
so a scan is a relation (one SQL text) and never a list of Python rows. A cell that a source could
not turn into canonical text is marked: it never reads as any type, and carries what stood in the
file and why it does not read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LineFinder = Callable[[Sequence[int]], dict[int, int]]

MARK = "\x00"
"""What a marked cell starts with: MARK, what stood there, MARK, the reason."""

FILE_LINES = 1 << 32
"""Where a table has several files, a line's number is the file's (from 0) times this, plus the line
in that file.
"""

NO_LINE = 1 << 60
"""From here on a number counts rows that stand on no single line, such as those a SELECT has
grouped.
"""


def line_of(number: str) -> str:
    """The SQL of the line that a row's number means, in its file; null for one that stands on no
    single line.
    """
    return f"CASE WHEN {number} < {NO_LINE} THEN {number} % {FILE_LINES} END"


@dataclass(frozen=True)
class Reject:
    """A line that is no row: torn, or with too many or too few fields."""

    line: int
    reason: str
    value: str = ""


@dataclass(frozen=True)
class FileCount:
    """How many records a file holds, and how many of them make no row, by what left them out: a
    condition, a footer, the SELECT (None: nobody can say how many).
    """

    file: str
    records: int
    left_out: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def used(self) -> int | None:
        """How many records make rows.

        >>> FileCount("deals.csv", 10, {"condition": 3}).used
        7
        """
        left = self.left_out.values()
        return None if None in left else self.records - sum(number or 0 for number in left)

    def to_dict(self) -> dict[str, Any]:
        """The count, ready for JSON."""
        return asdict(self) | {"left_out": dict(self.left_out), "used": self.used}

    def without(self, why: str, number: int | None) -> "FileCount":
        """The same with so many more left out.

        >>> FileCount("deals.csv", 10).without("footer", 2).without("select", None).left_out
        {'footer': 2, 'select': None}
        """
        if number == 0:
            return self
        before = self.left_out.get(why, 0)
        summed = None if number is None or before is None else before + number
        return FileCount(self.file, self.records, {**self.left_out, why: summed})


@dataclass(frozen=True)
class Scan:
    """One table as a source states it: its relation, column types, digest, and how a row's line is
    found.

    `origin` says what a column is called in the file, `files` which files there are where there are
    several, and `hold` keeps alive what the relation reads from. `line` names the relation's column
    with each row's line, where it has one; like every column that `columns` does not list, it is no
    part of the table.

    `counts` says how many records each file holds and what became of them (empty: each is a row);
    of the lines of one key that differ, `keep` says which counts, the "first" or the "last"
    (nothing: nobody has said). `reading` is the digest of how the file is read: where it changes,
    what was read before means something else. `doubts` are words on what may be read otherwise than
    it was meant.
    """

    table: str
    relation: str
    columns: dict[str, str]
    digest: str
    place: str
    objects: dict[str, Any] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()
    lines: LineFinder = lambda rows: {row: row for row in rows}
    origin: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    line: str | None = None
    hold: object = None
    counts: tuple[FileCount, ...] = ()
    keep: str = ""
    reading: str = ""
    doubts: tuple[str, ...] = ()

    def place_of(self, line: int) -> tuple[str, int | None]:
        """The file a line's number means, and the line in it (None: no single line).

        >>> Scan("deals", "", {}, "", "deals.csv").place_of(7)
        ('deals.csv', 7)
        """
        if line >= NO_LINE:
            return self.place, None
        number, line = divmod(line, FILE_LINES)
        return (self.files[number] if self.files else self.place), line

    def told(
        self, line: int, column: str, value: str | None, reason: str
    ) -> tuple[int | None, str, str | None, str]:
        r"""What is set aside in the file's own words: its line, its column, what stood there, and
        why.

        >>> scan = Scan("deals", "", {}, "", "deals.csv", origin={"closed_at": "Closed"})
        >>> scan.told(7, "closed_at", "\x00soon\x00is no date", "is not a date (2026-03-01)")
        (7, 'Closed', 'soon', 'is no date')
        """
        file, at = self.place_of(line)
        if self.origin and value is not None and value.startswith(MARK):
            value, _, reason = value[1:].partition(MARK)
        return (
            at,
            self.origin.get(column, column),
            value,
            f"{reason} (in {file})" if self.files else reason,
        )
