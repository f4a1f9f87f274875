"""What reading a file leaves on the disk for a while: rows as Parquet, written piece by piece, gone
with their reader.

A file is never held in memory as a whole; what DuckDB cannot read by itself passes through here.
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

from kampass.intake.readers.memory import ask
from kampass.model.conform import literal
from kampass.model.scan import NO_LINE

_ROWS = 20_000
_LETTERS = 8 << 20


class Scratch:
    """A folder that is removed when nobody holds it any more, and at the latest when the process
    ends.
    """

    def __init__(self, place: Path | None = None) -> None:
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
            _sweep(place)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=place))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove what processes left behind that ended without a word."""
    for folder in place.iterdir():
        number = folder.name.partition("-")[0]
        if number.isdigit() and not _runs(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class RowWriter:
    """Rows of text on their way to Parquet: columns `c0`, `c1`, ... and `_line`; with `flags`,
    `t0`, `t1`, ... as well.

    A flag says that the file itself knows the cell's type (a number or a date in Excel or JSON).
    Later rows may be wider.
    """

    def __init__(self, folder: Path, *, flags: bool = False) -> None:
        self.folder, self.flags = folder, flags
        self.width = self.count = self._letters = self._part = 0
        self._lines: list[int] = []
        self._rows: list[Sequence[str | None]] = []
        self._typed: list[Sequence[bool]] = []
        folder.mkdir()

    def add(self, line: int, cells: Sequence[str | None], typed: Sequence[bool] = ()) -> None:
        """One more row."""
        self._lines.append(line)
        self._rows.append(cells)
        self._typed.append(typed)
        self.width = max(self.width, len(cells))
        self.count += 1
        self._letters += sum(map(len, filter(None, cells)))
        if len(self._rows) >= _ROWS or self._letters >= _LETTERS:
            self._flush()

    def relation(self, width: int) -> str:
        """The SQL of all rows, at least so many columns wide, in the order in which they were
        added.
        """
        self.width = max(self.width, width)
        if self._rows or not self._part:
            self._flush()
        return (
            f"SELECT * FROM read_parquet({literal(str(self.folder / '*.parquet'))}, "
            "union_by_name = true)"
        )

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        width = self.width
        rows = [
            row if len(row) == width else [*row, *[None] * (width - len(row))] for row in self._rows
        ]
        names = [f"c{index}" for index in range(width)]
        columns = [
            pa.array(column, pa.string())
            for column in (zip(*rows, strict=True) if rows else [()] * width)
        ]
        if self.flags:
            marks = [
                row if len(row) == width else [*row, *[False] * (width - len(row))]
                for row in self._typed
            ]
            names += [f"t{index}" for index in range(width)]
            alike = marks[0] if marks and all(row is marks[0] for row in marks) else None
            columns += (
                [pa.repeat(pa.scalar(mark), len(marks)) for mark in alike]
                if alike is not None
                else [
                    pa.array(column, pa.bool_())
                    for column in (zip(*marks, strict=True) if marks else [()] * width)
                ]
            )
        table = pa.table([*columns, pa.array(self._lines, pa.int64())], names=[*names, "_line"])
        pq.write_table(table, self.folder / f"{self._part:08}.parquet", compression="lz4")
        self._part += 1
        self._lines, self._rows, self._typed, self._letters = [], [], [], 0


def lines_of(relation: str, rows: Sequence[int]) -> dict[int, int]:
    """The line on which each of these rows (1-based) stands, by the relation's `_line`; beyond
    NO_LINE where it has none.
    """
    wanted = ", ".join(str(row) for row in rows) if len(rows) <= _ROWS else ""
    numbered = f"SELECT row_number() OVER () AS n, _line FROM ({relation})"
    found = ask(
        f"SELECT n, _line FROM ({numbered})"
        + (f" WHERE n IN ({wanted})" if wanted else "")
        + " ORDER BY n"
    )
    return {row: NO_LINE + row if line is None else line for row, line in found}
