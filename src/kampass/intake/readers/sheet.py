"""The cells of a sheet's XML, read as a stream: each as text, and whether Excel has typed it.

Openpyxl knows the workbook (its sheets, styles and shared strings); for a cell it makes objects, of
which a large sheet has millions. Here expat reads the sheet, and only what differs is worked out:
a number that came before is known.
"""

import codecs
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kampass.intake.readers.alike import Found, Look
from kampass.intake.readers.raw import letter
from kampass.intake.readers.serials import EPOCH, Moments, canonical
from kampass.model.scan import MARK

Cell = tuple[str, bool]
Row = tuple[int, list[str], list[bool]]
"""A row's number, its cells as text, and whether Excel has typed them."""
EMPTY: Cell = ("", False)
_BLOCK = 1 << 18
_FIRST_DAY = datetime(1900, 3, 1)  # noqa: DTZ001 - a cell has no zone
_COLUMNS = 16_384
_KNOWN = 100_000
_ALIKE = re.compile(
    '<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?>'
    '(?:<v>|<is><t(?: xml:space="preserve")?>)([^<&]*)(?:</v>|</t></is>)</c>'
)
"""A cell as nearly every program writes it; of four elements' signs, or of six."""
_NUMBERED = re.compile('\\s*<row r="([0-9]{1,7})"')
_BEGIN = re.compile("<((?:[A-Za-z0-9_.-]+:)?)sheetData(?:\\s[^>]*)?(/?)>")
_PLACE = re.compile("([A-Z]{1,3})[0-9]+")
_INTEGER = re.compile("0|-?[1-9][0-9]{0,14}")
_DECIMAL = re.compile("-?(?=.{3,16}$)(?:0|[1-9][0-9]*)[.][0-9]*[1-9]")
"""A number of at most fifteen digits, as it is written anyway."""
_SERIAL = re.compile("[0-9]{2,7}(?:[.][0-9]{1,15})?")


@dataclass(frozen=True)
class _Style:
    """What a cell's style says of its number: a day, a length of time, or its leading zeros."""

    day: bool
    span: bool
    shape: str


class SheetFile:
    """One sheet of a workbook, in this part of its file; openpyxl has opened the `book`."""

    def __init__(self, file: Path, book: Any, part: str) -> None:
        self.part = part
        self._strings = _shared_strings(file)
        self._file, self._epoch, self._styles = file, book.epoch, _styles(book)
        self._look = Look()
        self._known = 0
        self._moments = Moments()

    def rows(self) -> Iterator[Row]:
        """Every row from the first on, also those that the file leaves out; whatever expat and
        conversions raise where it is no sheet.
        """
        number = 0
        for at, texts, typed in self._stated():
            if at <= number:
                raise ValueError(f"row {at} stands after row {number}")
            yield from ((skipped, [], []) for skipped in range(number + 1, at))
            yield at, texts, typed
            number = at

    def _stated(self) -> Iterator[Row]:
        """The rows that the XML holds: most look alike and are taken apart at once, many others
        cell by cell, any other by expat.
        """
        events, look = _Events(self._cell), self._look
        for text in _row_texts(self._file, self.part):
            if (alike := look.row.fullmatch(text)) is not None:
                at, *values = alike.groups()
                yield events.at(int(at)), self._alike(values), look.typed
                continue
            found = _ALIKE.findall(text)
            number = _NUMBERED.match(text)
            signs = 4 * len(found) + 2 * text.count("<is>") + 2
            if number is None or text.count("<") != signs or "\r" in text:
                yield from events.read(text)
            else:
                yield events.at(int(number[1])), *self._each(events, found)

    def _alike(self, values: list[str | None]) -> list[str]:
        """The cells of a row that looks like those before."""
        texts = [value or "" for value in values]
        for at in self._look.shared:
            if texts[at]:
                texts[at] = self._strings[_at_least_zero(texts[at])]
        for at, style, known in self._look.numbers:
            if value := texts[at]:
                text = known.get(value)
                if text is None:
                    text, _ = self._worked_out(value, self._styles[style], at)
                    if self._known < _KNOWN:
                        known[value] = text
                        self._known += 1
                texts[at] = text
        return texts

    def _each(self, events: "_Events", found: Sequence[Found]) -> tuple[list[str], list[bool]]:
        """The cells of a row of which each has a place and a value; the next may look like it."""
        texts: list[str] = []
        typed: list[bool] = []
        places = [events.column(f"{letters}1") for letters, *_ in found]
        self._look.learn(found, places)
        for at, (_, style, kind, value) in zip(places, found, strict=True):
            _put(texts, typed, at, self._cell(kind or "n", value, int(style or 0), None, at))
        return texts, typed

    def _cell(self, kind: str, text: str | None, style: int, formula: str | None, at: int) -> Cell:
        """What one cell holds; a formula without a saved value, and an error, are marked."""
        if kind == "inlineStr":
            return (text or "", False)
        if not text:
            saved = formula is None or (kind == "str" and text is not None)
            return EMPTY if saved else (_unsaved(formula or ""), True)
        if kind == "n":
            return self._worked_out(text, self._styles[style], at)
        if kind == "s":
            return self._strings[_at_least_zero(text)], False
        if kind == "b":
            return ("true" if int(text) else "false"), True
        if kind == "e":
            return _error(text, at)
        if kind == "d":
            from openpyxl.utils.datetime import from_ISO8601

            return canonical(from_ISO8601(text), ""), True
        return text, False

    def _worked_out(self, text: str, style: _Style, at: int) -> Cell:
        if not style.day:
            plain = not style.shape and (_INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text))
            return (text if plain else canonical(_cast(text), style.shape)), True
        if not style.span and self._epoch == EPOCH and _SERIAL.fullmatch(text):
            moment = self._moments.read(float(text))
            if moment is not None:
                return moment, True
        from openpyxl.utils.datetime import from_excel

        try:
            value = from_excel(_cast(text), self._epoch, timedelta=style.span)
        except (OverflowError, ValueError):
            return _error("#VALUE!", at)
        if isinstance(value, datetime) and value < _FIRST_DAY:
            return (
                f"{MARK}{value.date().isoformat()}{MARK}is a date before March 1900, where Excel "
                "counts a day that never was: write it as text"
            ), True
        return canonical(value, ""), True


class _Events:
    """Puts together rows of what expat tells, element by element; `cell` says what a cell holds."""

    def __init__(self, cell: Callable[[str, str | None, int, str | None, int], Cell]) -> None:
        self._cell = cell
        self._names: dict[str, str] = {}
        self.columns: dict[str, int] = {}
        self._rows: list[Row] = []
        self._texts: list[str] = []
        self._typed: list[bool] = []
        self._number = self._at = self._style = 0
        self._kind = "n"
        self._value: str | None = None
        self._formula: str | None = None
        self._into: list[str] | None = None
        self._inside = self._spoken = False

    def read(self, text: str) -> list[Row]:
        """The rows in a piece of the sheet that holds whole ones."""
        from xml.parsers import expat

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        self._rows = []
        parser.Parse(f"<sheetData>{text}</sheetData>".encode(), True)
        return self._rows

    def at(self, number: int) -> int:
        """A row's number, after which the next is counted."""
        self._number = number
        return number

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins; one in another namespace's letters is the same."""
        kind = self._names.get(name)
        if kind is None:
            kind = self._names[name] = name.rpartition(":")[2]
        if kind == "c" and self._inside:
            self._begin_cell(attributes)
        elif kind in {"v", "f", "t"}:
            self._into = [] if self._inside and not self._spoken else None
        elif kind == "row" and self._inside:
            number = attributes.get("r")
            self._number = int(float(number)) if number else self._number + 1
            self._texts, self._typed, self._at = [], [], -1
        elif kind == "rPh":
            self._spoken = True  # how Japanese is spoken is no part of what is written
        elif kind == "sheetData":
            self._inside = True

    def text(self, text: str) -> None:
        """Letters inside an element."""
        if self._into is not None:
            self._into.append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        kind = self._names[name]
        if self._into is not None and kind in {"v", "f", "t"}:
            self._keep(kind, "".join(self._into))
            self._into = None
        elif kind == "c" and self._inside:
            self._end_cell()
        elif kind == "row" and self._inside:
            self._rows.append((self._number, self._texts, self._typed))
        elif kind == "rPh":
            self._spoken = False
        elif kind == "sheetData":
            self._inside = False

    def _keep(self, kind: str, text: str) -> None:
        if kind == "v":
            self._value = text
        elif kind == "f":
            self._formula = text
        elif self._kind == "inlineStr":
            self._value = (self._value or "") + text

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        self._at = self._at + 1 if place is None else self.column(place)
        self._kind = attributes.get("t", "n")
        self._style = int(attributes.get("s", 0))
        self._value = self._formula = None

    def _end_cell(self) -> None:
        found = self._cell(self._kind, self._value, self._style, self._formula, self._at)
        _put(self._texts, self._typed, self._at, found)

    def column(self, place: str) -> int:
        """Where a cell's column stands, from 0; ValueError beyond what a sheet can have."""
        letters = place.rstrip("0123456789")
        at = self.columns.get(letters)
        if at is None:
            if not _PLACE.fullmatch(place):
                raise ValueError(f"{place} is no place of a cell")
            at = 0
            for sign in letters:
                at = at * 26 + ord(sign) - 64
            if at > _COLUMNS:
                raise ValueError(f"{place} lies beyond the last column")
            at = self.columns[letters] = at - 1
        return at


def _put(texts: list[str], typed: list[bool], at: int, cell: Cell) -> None:
    """Put a cell in its place; those left out are empty."""
    if len(texts) <= at:
        lacking = at + 1 - len(texts)
        texts += [""] * lacking
        typed += [False] * lacking
    texts[at], typed[at] = cell


def _row_texts(file: Path, part: str) -> Iterator[str]:
    """The XML of a sheet's rows, piece by piece, each with whole rows in it; ValueError where the
    sheet ends in the middle.
    """
    with zipfile.ZipFile(file) as packed, packed.open(part) as stream:
        decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        rest = ""
        while (begins := _BEGIN.search(rest)) is None:
            block = stream.read(_BLOCK)
            if not block:
                raise ValueError("it has no cells")
            rest += decode(block)
        rest, last = rest[begins.end() :], f"</{begins[1]}row>"
        if begins[2]:
            return
        end = f"</{begins[1]}sheetData>"
        while (ended := rest.find(end)) < 0:
            *whole, rest = rest.split(last)
            yield from (f"{text}{last}" for text in whole)
            block = stream.read(_BLOCK)
            if not block:
                raise ValueError("it ends in the middle")
            rest += decode(block)
        *whole, rest = rest[:ended].split(last)
        yield from (f"{text}{last}" for text in whole)
        if rest.strip():
            yield rest


def _shared_strings(file: Path) -> list[str]:
    """The texts that cells share, each without how it is spoken."""
    from xml.parsers import expat

    with zipfile.ZipFile(file) as packed:
        part = next((name for name in packed.namelist() if name.endswith("/sharedStrings.xml")), "")
        if not part:
            return []
        found = _Strings()
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = found.start
        parser.EndElementHandler = found.end
        parser.CharacterDataHandler = found.text
        with packed.open(part) as stream:
            parser.ParseFile(stream)
    return found.texts


class _Strings:
    """Puts together shared strings of what expat tells."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._into: list[str] | None = None
        self._parts: list[str] = []
        self._spoken = False

    def start(self, name: str, _: dict[str, str]) -> None:
        """An element begins."""
        kind = name.rpartition(":")[2]
        if kind == "si":
            self._parts = []
        elif kind == "rPh":
            self._spoken = True
        elif kind == "t" and not self._spoken:
            self._into = self._parts

    def text(self, text: str) -> None:
        """Letters inside an element."""
        if self._into is not None:
            self._into.append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        kind = name.rpartition(":")[2]
        if kind == "t":
            self._into = None
        elif kind == "rPh":
            self._spoken = False
        elif kind == "si":
            self.texts.append("".join(self._parts))


def _styles(book: Any) -> list[_Style]:
    """What each style of a workbook's cells says of numbers."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    found = []
    for number, style in enumerate(book._cell_styles):  # noqa: SLF001 - it has no other door
        code = style.numFmtId
        own = code >= BUILTIN_FORMATS_MAX_SIZE
        shape = (
            book._number_formats[code - BUILTIN_FORMATS_MAX_SIZE]  # noqa: SLF001
            if own
            else BUILTIN_FORMATS.get(code, "General")
        )
        days, spans = book._date_formats, book._timedelta_formats  # noqa: SLF001
        zeros = shape if set(shape) == {"0"} else ""
        found.append(_Style(number in days, number in spans, zeros))
    return found or [_Style(day=False, span=False, shape="")]


def _at_least_zero(text: str) -> int:
    """A position; IndexError where it is none."""
    number = int(text)
    if number < 0:
        raise IndexError(f"there is no shared string {number}")
    return number


def _unsaved(formula: str) -> str:
    said = f"={formula}" if formula else "=..."
    return (
        f"{MARK}{said}{MARK}is a formula without a saved value: open the workbook in Excel and "
        "save it"
    )


def _error(value: str, at: int) -> Cell:
    return f"{MARK}{value}{MARK}is an error of Excel's, in column {letter(at)}", True


def _cast(text: str) -> int | float:
    """A number as openpyxl reads it."""
    return float(text) if any(sign in text for sign in ".eE") else int(text)
