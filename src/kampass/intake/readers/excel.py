"""A sheet of an Excel workbook as rows of text, read as a stream, with the cells that Excel itself
has typed told apart.

A workbook is a zip of XML from somebody else: its sizes, ratios and entities are checked before
anything is unpacked. What a cell cannot say (a formula without a value, an error, the rest of a
merged cell) is marked and never read as empty.
"""

import hashlib
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

from kampass.errors import DataError
from kampass.intake.mapping.mapping import TableMapping
from kampass.intake.readers.packed import MOST, RATIO, SMALL
from kampass.intake.readers.raw import RawTable, letter, unique
from kampass.intake.readers.scratch import RowWriter, Scratch, lines_of
from kampass.model.scan import MARK, FileCount

_SHARED = 256 << 20
_ENTRIES = 10_000
_ROWS = 1_048_576
_LOOKED_AT = 40
_BLOCK = 1 << 20
_FIRST_DAY = datetime(1900, 3, 1)  # noqa: DTZ001 - a cell has no zone
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_HOW = "Open the workbook in Excel or LibreOffice and save it as .xlsx anew, or export CSV."


_Row = tuple[int, list[tuple[str, bool]]]
"""A row's number, and its cells as text with whether Excel has typed them."""


@dataclass(frozen=True)
class _Seen:
    """What the sheet's XML says that a stream of cells does not: merged areas, and whether there
    are formulas.
    """

    merged: tuple[tuple[int, int, int, int], ...]
    formulas: bool


def open_excel(file: Path, mapping: TableMapping, scratch: Path | None) -> RawTable:
    """One sheet of a workbook."""
    _safe(file)
    hold = Scratch(scratch)
    with _Books(file) as books:
        name = _sheet(books.values, mapping, file)
        seen = _look(file, books.part(name))
        place = f"{file.name}, sheet {name}"
        rows = books.rows(name, formulas=seen.formulas)
        header, first, ahead = _header(rows, mapping, place)
        writer = RowWriter(hold.folder / "rows", flags=True)
        width = max((index for index, text in enumerate(header) if text), default=-1) + 1
        wider = _copy(chain(ahead, rows), writer, _Covered(seen.merged, place), width)
        formula_notice = (
            ("formulas are read by the values Excel last saved",) if seen.formulas else ()
        )
    # Where the header is not the one that the mapping means, that is what there is to say.
    if wider and (not mapping.headers or set(mapping.headers) & set(header)):
        raise DataError(
            (
                f"{place}, line {wider[0]}: column {wider[1]} holds {wider[2]!r} and has no header "
                f"in line {mapping.header_row}."
            ),
            code="bad_header",
            hint="Give every column a name, or say header_row.",
        )
    base = writer.relation(width)
    return RawTable(
        place,
        unique(header[:width]),
        base,
        partial(str, base),
        partial(lines_of, base),
        _digest(file),
        f"Excel, sheet {name}",
        flags=True,
        header_row=mapping.header_row,
        first=first,
        hold=hold,
        notices=formula_notice,
        counts=(FileCount(place, writer.count),),
    )


def first_rows(file: Path) -> dict[str, list[list[str]]]:
    """The first rows of every sheet of a workbook, as text."""
    _safe(file)
    with _Books(file) as books:
        return {
            sheet.title: [
                ["" if cell is None else str(cell) for cell in row]
                for row in sheet.iter_rows(max_row=_LOOKED_AT, values_only=True)
            ]
            for sheet in books.values.worksheets
        }


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _safe(file: Path) -> None:
    """Refuse a file that would unpack to too much, or that is not what a workbook is made of."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            names = {part.filename for part in parts}
            total, shared = (
                sum(part.file_size for part in parts),
                sum(
                    part.file_size for part in parts if part.filename.endswith("sharedStrings.xml")
                ),
            )
            if (
                len(parts) > _ENTRIES
                or len(names) < len(parts)
                or total > MOST
                or shared > _SHARED
                or _dense(parts)
            ):
                raise DataError(
                    (
                        f"{file.name} would unpack to {total >> 20:,} MB in {len(parts):,} parts: "
                        f"that is too much for a workbook of {file.stat().st_size >> 10:,} KB."
                    ),
                    code="unreadable_file",
                    hint="If it is honest, export it as CSV.",
                )
            if "xl/workbook.xml" not in names and "[Content_Types].xml" not in names:
                raise DataError(
                    f"{file.name} is a zip file, but no workbook.",
                    code="unreadable_file",
                    hint="Unpack it and name the file inside.",
                )
            for part in parts:
                if part.flag_bits & 1:
                    raise DataError(
                        f"{file.name} has a password.",
                        code="unreadable_file",
                        hint="Save it without one.",
                    )
                if part.filename.endswith((".xml", ".rels", ".vml")):
                    _plain(packed, part, file)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as wrong:
        raise DataError(
            f"{file.name} is damaged: {wrong}.", code="unreadable_file", hint=_HOW
        ) from None


def _dense(parts: Sequence[zipfile.ZipInfo]) -> bool:
    return any(
        part.file_size > SMALL and part.file_size > RATIO * max(part.compress_size, 1)
        for part in parts
    )


def _plain(packed: zipfile.ZipFile, part: zipfile.ZipInfo, file: Path) -> None:
    """Refuse XML with entities or in another encoding; Excel writes neither."""
    with packed.open(part) as stream:
        start = stream.read(4096)
        declared = re.search(rb"""encoding\s*=\s*["']([^"']+)""", start[:200])
        odd = start.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00")) or (
            declared is not None and declared[1].lower() not in {b"utf-8", b"us-ascii", b"ascii"}
        )
        tail = b""
        while start and not odd:
            odd = b"<!DOCTYPE" in tail + start or b"<!ENTITY" in tail + start
            tail, start = start[-16:], stream.read(_BLOCK)
    if odd:
        raise DataError(
            f"{file.name} holds XML that no workbook holds ({part.filename}).",
            code="unreadable_file",
            hint=_HOW,
        )


class _Books:
    """The workbook, opened for the values Excel saved; and once more for its formulas, where there
    are any.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values = self._open(values=True)
        self._opened = [self.values]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for book in self._opened:
            book.close()

    def _open(self, *, values: bool) -> Any:
        import warnings
        from xml.etree.ElementTree import ParseError

        from openpyxl import load_workbook

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return load_workbook(self.file, read_only=True, data_only=values, keep_links=False)
        except (
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            IndexError,
            OSError,
            zipfile.BadZipFile,
            ParseError,
            EOFError,
        ) as wrong:
            raise DataError(
                (
                    f"{self.file.name} is no workbook that can be read ({type(wrong).__name__}: "
                    f"{wrong})."
                ),
                code="unreadable_file",
                hint=_HOW,
            ) from None

    def part(self, sheet: str) -> str:
        """The part of the zip that holds a sheet."""
        # Openpyxl does not say it otherwise.
        return str(self.values[sheet]._worksheet_path).lstrip("/")  # noqa: SLF001

    def rows(self, sheet: str, *, formulas: bool) -> Iterator[_Row]:
        """Each row's number and its cells as text, with whether Excel has typed them."""
        from xml.etree.ElementTree import ParseError

        from openpyxl.utils.exceptions import InvalidFileException

        values = self._cells(self.values, sheet)
        if formulas:
            self._opened.append(self._open(values=False))
            pairs: Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]] = zip(
                values, self._cells(self._opened[-1], sheet), strict=False
            )
        else:
            pairs = ((row, ()) for row in values)
        number = 0
        try:
            for number, (row, said) in enumerate(pairs, start=1):
                if number > _ROWS:
                    raise DataError(
                        (
                            f"{self.file.name}, sheet {sheet}: there are more rows than a sheet "
                            "can "
                            "have."
                        ),
                        code="unreadable_file",
                        hint=_HOW,
                    )
                yield (
                    number,
                    [
                        _cell(cell, said[index] if index < len(said) else None)
                        for index, cell in enumerate(row)
                    ],
                )
        except (
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            IndexError,
            OverflowError,
            zipfile.BadZipFile,
            ParseError,
            InvalidFileException,
            EOFError,
        ) as wrong:
            raise DataError(
                (
                    f"{self.file.name}, sheet {sheet}, after line {number}: the sheet cannot be "
                    "read "
                    f"({type(wrong).__name__}: {wrong})."
                ),
                code="unreadable_file",
                hint=_HOW,
            ) from None

    def _cells(self, book: Any, sheet: str) -> Iterator[tuple[Any, ...]]:
        worksheet = book[sheet]
        worksheet.reset_dimensions()  # what a sheet says of its own size is not to be trusted
        rows = iter(worksheet.iter_rows())
        while (row := _quietly(rows)) is not None:
            yield row


def _quietly(rows: Iterator[tuple[Any, ...]]) -> tuple[Any, ...] | None:
    """The next row; what openpyxl warns of in it becomes an error of its cell."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return next(rows, None)


def _sheet(book: Any, mapping: TableMapping, file: Path) -> str:
    """The sheet to read: the one named, or the only one."""
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    sheets = {
        sheet.title: sheet for sheet in book.worksheets if isinstance(sheet, ReadOnlyWorksheet)
    }
    hidden = [name for name, sheet in sheets.items() if sheet.sheet_state != "visible"]
    listed = ", ".join(f"'{name}'" + (" (hidden)" if name in hidden else "") for name in sheets)
    if not sheets:
        raise DataError(f"{file.name} has no sheet with cells.", code="unreadable_file", hint=_HOW)
    if mapping.sheet is not None:
        if mapping.sheet not in sheets:
            raise DataError(
                f"{file.name} has no sheet '{mapping.sheet}', which {mapping.place} names.",
                code="unknown_sheet",
                hint=f"There are {listed}.",
            )
        return str(mapping.sheet)
    if len(sheets) > 1:
        raise DataError(
            f"{file.name} has {len(sheets)} sheets: {listed}.",
            code="unknown_sheet",
            hint=f'Write sheet = "{next(iter(sheets))}" under {mapping.place}.',
        )
    return str(next(iter(sheets)))


def _look(file: Path, part: str) -> _Seen:
    """Find merged areas and formulas in a sheet's XML, as a stream."""
    merged: list[tuple[int, int, int, int]] = []
    formulas = False
    with zipfile.ZipFile(file) as packed, packed.open(part) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            text = rest + block
            formulas = formulas or _FORMULA.search(text) is not None
            end = 0
            for found in _MERGED.finditer(text):
                merged.append((int(found[2]), _index(found[1]), int(found[4]), _index(found[3])))
                end = found.end()
            rest = text[max(end, len(text) - 200) :]
    return _Seen(tuple(merged), formulas)


def _index(letters: bytes) -> int:
    number = 0
    for byte in letters:
        number = number * 26 + byte - 64
    return number - 1


class _Covered:
    """Which cells a merged one covers: they look empty and are not."""

    def __init__(self, merged: Sequence[tuple[int, int, int, int]], place: str) -> None:
        self._waiting = sorted(merged, reverse=True)
        self._open: list[tuple[int, int, int, int]] = []
        self.place = place

    def of(self, line: int) -> Iterator[tuple[int, str]]:
        """The covered columns of a line, with the area that covers each."""
        while self._waiting and self._waiting[-1][0] <= line:
            self._open.append(self._waiting.pop())
        self._open = [area for area in self._open if area[2] >= line]
        for top, left, bottom, right in self._open:
            for column in range(left, min(right, 16_383) + 1):
                if (line, column) != (top, left):
                    yield column, f"{letter(left)}{top}:{letter(right)}{bottom}"


def _header(
    rows: Iterator[_Row], mapping: TableMapping, place: str
) -> tuple[list[str], tuple[tuple[int, tuple[str, ...]], ...], list[_Row]]:
    """The header's texts, the first lines for a hint, and the rows below that were looked at. A
    sheet without a header has numbered columns, as many as its first rows are wide.
    """
    if mapping.header_row == 0:
        ahead = list(islice(rows, _LOOKED_AT))
        width = max((len(cells) for _, cells in ahead), default=0)
        return [str(number + 1) for number in range(width)], (), ahead
    first: list[tuple[int, tuple[str, ...]]] = []
    for line, cells in rows:
        texts = [text.partition(MARK)[0] if not text.startswith(MARK) else "" for text, _ in cells]
        first.append((line, tuple(texts)))
        if line == mapping.header_row:
            break
    else:
        raise DataError(
            f"{place} ends before line {mapping.header_row}: there is no header.",
            code="no_header",
            hint="header_row says on which line it stands, from 1.",
        )
    wanted = set(mapping.headers)
    ahead = [] if wanted & set(texts) else list(islice(rows, _LOOKED_AT))
    first += [(number, tuple(text for text, _ in more)) for number, more in ahead]
    if not any(texts):
        near = next((number for number, known in first if wanted & set(known)), 0)
        raise DataError(
            f"{place}, line {line}: there is no header.",
            code="no_header",
            hint=f"The header row seems to be line {near}: write header_row = {near}."
            if near
            else "header_row says on which line it stands, from 1.",
        )
    return texts, tuple(first), ahead


def _copy(
    rows: Iterator[_Row],
    writer: RowWriter,
    covered: _Covered,
    width: int,
) -> tuple[int, str, str] | None:
    """Write the rows that hold anything; the first cell beyond the header, if there is one."""
    for line, cells in rows:
        texts, typed = [text for text, _ in cells], [known for _, known in cells]
        beyond = next((index for index in range(width, len(texts)) if texts[index]), None)
        if beyond is not None:
            return line, letter(beyond), texts[beyond]
        texts, typed = texts[:width], typed[:width]
        if not any(texts):
            continue
        texts += [""] * (width - len(texts))
        typed += [False] * (width - len(typed))
        for column, area in covered.of(line):
            if column < width and not texts[column]:
                texts[column], typed[column] = (
                    (
                        f"{MARK}{MARK}lies in the merged cell {area}, column {letter(column)}: "
                        "take "
                        "the merge apart in Excel"
                    ),
                    True,
                )
        writer.add(line, texts, typed)
    return None


def _cell(cell: Any, said: Any) -> tuple[str, bool]:
    """A cell as text, and whether Excel has typed it."""
    value = cell.value
    if value is None:
        formula = getattr(said, "data_type", "") == "f" and said.value is not None
        return (
            (
                (
                    f"{MARK}{said.value if isinstance(said.value, str) else '=...'}{MARK}is a "
                    "formula without a saved value: open the workbook in Excel and save it"
                ),
                True,
            )
            if formula
            else ("", False)
        )
    if cell.data_type == "e":
        return (
            (
                f"{MARK}{value}{MARK}is an error of Excel's, in column "
                f"{cell.column_letter if hasattr(cell, 'column_letter') else '?'}"
            ),
            True,
        )
    if isinstance(value, str):
        return value, False
    if isinstance(value, datetime) and value < _FIRST_DAY:
        return (
            (
                f"{MARK}{value.date().isoformat()}{MARK}is a date before March 1900, where Excel "
                "counts a day that never was: write it as text"
            ),
            True,
        )
    return _typed(value, str(getattr(cell, "number_format", "") or "")), True


def _typed(value: object, shape: str) -> str:
    """A number, date, time or truth as canonical text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value).zfill(len(shape)) if shape and set(shape) == {"0"} else str(value)
    if isinstance(value, float):
        return (
            _typed(int(value), shape)
            if value.is_integer() and abs(value) < 1e15  # noqa: PLR2004
            else plain_float(value)
        )
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


def plain_float(value: float) -> str:
    """A float with the fifteen digits Excel keeps, never with an exponent.

    >>> plain_float(0.1 + 0.2), plain_float(1.5e-7)
    ('0.3', '0.00000015')
    """
    from decimal import Decimal

    return format(Decimal(f"{value:.15g}"), "f")
