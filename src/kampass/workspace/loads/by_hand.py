"""One row mended in a form, or rows in a file that came back: handed to a replay as the CSV that it
reads.

The CSV is made here, in a private folder of ours; no path ever comes from outside.
"""

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kampass.errors import DataError
from kampass.model import TABLES
from kampass.workspace.loads.quarantine import META, SetAside
from kampass.workspace.loads.replay import Replay

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

LARGEST = 20 << 20
"""Bytes of a file of mended rows."""

_GUARD = "'"
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")

Tell = Callable[[str], None]


def columns_of(row: SetAside) -> list[str]:
    """The columns in which a row can be mended: its own, and the table's others."""
    own = list(row.row or ())
    return [*own, *(name for name in TABLES[row.table].names if name not in own)]


def mended(workspace: "Workspace", row: SetAside, cells: Mapping[str, str]) -> Path:
    """One row as somebody wrote it, kept until its replay."""
    names = [
        name
        for name in columns_of(row)
        if name in cells and (cells[name] or name in (row.row or {}))
    ]
    values = [*(cells[name] for name in names), *map(str, row.meta)]
    return _kept(workspace, _written([[*names, *META], values]))


def for_spreadsheets(text: str) -> str:
    r"""A CSV whose cells no spreadsheet takes for formulas; `received` takes the sign off again.

    >>> print(for_spreadsheets("=1+1,plain,-5"), end="")
    "'=1+1","plain","'-5"
    """
    return _written(
        [_GUARD + cell if cell.startswith(_GUARDED) else cell for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""))
    )


def received(workspace: "Workspace", stream: BinaryIO) -> Path:
    """Keep a file of mended rows until its replay, as it was before a spreadsheet had it; DataError
    where it cannot be read.
    """
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(
            f"A file of mended rows holds at most {LARGEST >> 20} MB.",
            code="too_large",
            hint="Mend the rows of one table and reason at a time.",
        )
    return _kept(workspace, _written(_rows(content)))


def _rows(content: bytes) -> Iterator[list[str]]:
    """The rows of a CSV that a spreadsheet saved, with commas, semicolons or tabs."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            "The file is not UTF-8.",
            code="unreadable_file",
            hint="In Excel, save it as 'CSV UTF-8'.",
        ) from None
    head = text.partition("\n")[0]
    sign = max(",;\t", key=head.count)
    width = 0
    try:
        for number, row in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True), start=1
        ):
            width = width or len(row)
            if len(row) != width:
                raise DataError(
                    f"Row {number} has {len(row)} cells, the header has {width}.",
                    code="unreadable_file",
                    hint="Save the whole sheet as CSV UTF-8.",
                )
            yield [
                cell[1:] if cell.startswith(_GUARD) and cell[1:].startswith(_GUARDED) else cell
                for cell in row
            ]
    except csv.Error as wrong:
        raise DataError(
            f"The file is no CSV: {wrong}.",
            code="unreadable_file",
            hint="Save the whole sheet as CSV UTF-8.",
        ) from None


def _written(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


def replay_received(
    workspace: "Workspace",
    file: Path,
    tell: Tell,
    table: str | None = None,
    source: str | None = None,
) -> Replay:
    """Replay a file that was kept, and let go of it."""
    try:
        return workspace.replay(table=table, source=source, file=file, tell=tell)
    finally:
        shutil.rmtree(file.parent, ignore_errors=True)


def _kept(workspace: "Workspace", text: str) -> Path:
    """A text in a private folder of ours."""
    place = workspace.folder / ".kampass" / "scratch"
    place.mkdir(parents=True, exist_ok=True)
    file = Path(tempfile.mkdtemp(dir=place)) / "mended.csv"
    file.write_text(text, encoding="utf-8", newline="")
    return file
