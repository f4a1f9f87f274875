"""A sheet of an Excel workbook as rows of text, read as a stream, with the cells that Excel itself
has typed told apart.

A workbook is a zip of XML from somebody else: its sizes, ratios and entities are checked before
anything is unpacked. What a cell cannot say (a formula without a value, an error, the rest of a
merged cell) is marked and never read as empty.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from kampass.errors import DataError
from kampass.intake.mapping.mapping import TableMapping
from kampass.intake.readers.packed import MOST, RATIO, SMALL
from kampass.intake.readers.raw import RawTable, letter, unique
from kampass.intake.readers.scratch import RowWriter, Scratch, lines_of
from kampass.intake.readers.sheet import Row, SheetFile
from kampass.model.scan import MARK, FileCount

_SHARED = 256 << 20
_ENTRIES = 10_000
_ROWS = 1_048_576
_LOOKED_AT = 40
_BLOCK = 1 << 20
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_HOW = "Open the workbook in Excel or LibreOffice and save it as .xlsx anew, or export CSV."


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
    books = _Books(file)
    name = _sheet(books.sheets, mapping, file)
    sheet = SheetFile(file, books.book, books.sheets[name].part)
    seen = _look(file, sheet.part)
    place = f"{file.name}, sheet {name}"
    rows = books.rows(sheet, name)
    header, first, ahead = _header(rows, mapping, place)
    writer = RowWriter(hold.folder / "rows", flags=True)
    width = max((index for index, text in enumerate(header) if text), default=-1) + 1
    wider = _copy(chain(ahead, rows), writer, _Covered(seen.merged, place), width)
    formula_notice = ("formulas are read by the values Excel last saved",) if seen.formulas else ()
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


def hidden_sheets(file: Path) -> frozenset[str]:
    """The sheets of a workbook that are not shown."""
    _safe(file)
    sheets = _Books(file).sheets
    return frozenset(name for name, sheet in sheets.items() if not sheet.visible)


def first_rows(file: Path) -> dict[str, list[list[str]]]:
    """The first rows of every sheet of a workbook, as text."""
    _safe(file)
    books = _Books(file)
    found: dict[str, list[list[str]]] = {}
    for name, named in books.sheets.items():
        rows = books.rows(SheetFile(file, books.book, named.part), name)
        found[name] = [[_shown(text) for text in cells] for _, cells, _ in islice(rows, _LOOKED_AT)]
    return found


def _shown(text: str) -> str:
    """What stands in a cell, marked or not."""
    return text.split(MARK)[1] if text.startswith(MARK) else text


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


@dataclass(frozen=True)
class NamedSheet:
    """A sheet of a workbook: whether people see it, and the part of the zip that holds it."""

    visible: bool
    part: str


class _Books:
    """The workbook, as openpyxl opens it: its sheets and the styles of its `book`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.sheets: dict[str, NamedSheet] = {}
        self.book = self._open()

    def _open(self) -> Any:
        import warnings
        from xml.etree.ElementTree import ParseError

        from openpyxl.reader.excel import ExcelReader
        from openpyxl.styles.stylesheet import apply_stylesheet

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader = ExcelReader(self.file, read_only=True, data_only=True, keep_links=False)
                reader.read_manifest()
                reader.read_workbook()
                apply_stylesheet(reader.archive, reader.wb)
                self.sheets = {
                    str(sheet.name): NamedSheet(sheet.state == "visible", str(named.target))
                    for sheet, named in reader.parser.find_sheets()
                    if named.target in reader.valid_files and "chartsheet" not in named.Type
                }
                reader.archive.close()
                return reader.wb
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

    def rows(self, sheet: SheetFile, name: str) -> Iterator[Row]:
        """Each row of a sheet; DataError where it cannot be read."""
        from xml.parsers.expat import ExpatError

        number = 0
        try:
            for number, texts, typed in sheet.rows():
                if number > _ROWS:
                    raise DataError(
                        f"{self.file.name}, sheet {name}: more rows than a sheet can have.",
                        code="unreadable_file",
                        hint=_HOW,
                    )
                yield number, texts, typed
        except (
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            IndexError,
            OverflowError,
            zipfile.BadZipFile,
            zlib.error,
            ExpatError,
            EOFError,
        ) as wrong:
            raise DataError(
                f"{self.file.name}, sheet {name}, after line {number}: the sheet cannot be read "
                f"({type(wrong).__name__}: {wrong}).",
                code="unreadable_file",
                hint=_HOW,
            ) from None


def _sheet(sheets: Mapping[str, NamedSheet], mapping: TableMapping, file: Path) -> str:
    """The sheet to read: the one named, or the only one."""
    hidden = [name for name, sheet in sheets.items() if not sheet.visible]
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
            # Most sheets have neither, and to see that takes no pattern.
            some = b"<f" in text or b":f" in text
            formulas = formulas or (some and _FORMULA.search(text) is not None)
            end = 0
            for found in _MERGED.finditer(text) if b"mergeCell" in text else ():
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
        self.some = bool(merged)
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
    rows: Iterator[Row], mapping: TableMapping, place: str
) -> tuple[list[str], tuple[tuple[int, tuple[str, ...]], ...], list[Row]]:
    """The header's texts, the first lines for a hint, and the rows below that were looked at. A
    sheet without a header has numbered columns, as many as its first rows are wide.
    """
    if mapping.header_row == 0:
        ahead = list(islice(rows, _LOOKED_AT))
        width = max((len(cells) for _, cells, _ in ahead), default=0)
        return [str(number + 1) for number in range(width)], (), ahead
    first: list[tuple[int, tuple[str, ...]]] = []
    for line, cells, _ in rows:
        texts = [text.partition(MARK)[0] if not text.startswith(MARK) else "" for text in cells]
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
    first += [(number, tuple(more)) for number, more, _ in ahead]
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
    rows: Iterator[Row],
    writer: RowWriter,
    covered: _Covered,
    width: int,
) -> tuple[int, str, str] | None:
    """Write the rows that hold anything; the first cell beyond the header, if there is one."""
    for line, texts, known in rows:
        typed = known
        if len(texts) != width:
            beyond = next((index for index in range(width, len(texts)) if texts[index]), None)
            if beyond is not None:
                return line, letter(beyond), texts[beyond]
            lacking = width - len(texts)
            texts[:] = texts[:width] + [""] * lacking
            typed = typed[:width] + [False] * lacking
        if not any(texts):
            continue
        if covered.some:
            typed = typed.copy()
        for column, area in covered.of(line) if covered.some else ():
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
