"""How a file is written, as far as its first lines leave no doubt: encoding, delimiter, the line of
the header, and the sheets of a workbook.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kampass.intake.mapping.draft import shapes
from kampass.intake.mapping.mapping import FORMATS
from kampass.intake.readers.encodings import refuse_strangers, wide_letters
from kampass.intake.readers.packed import ENDINGS, unpacked

CANDIDATES = ("windows-1252", "iso-8859-1", "windows-1250", "mac_roman")
_DELIMITERS = ",;\t|"
_BLOCK, _SHOWN, _LINES = 1 << 20, 120, 40
_MOST_OF = 0.6


def forms_of(file: Path) -> list[dict[str, Any]]:
    """The keys that say how a file is written; one set for each sheet of a workbook."""
    if packed(file):
        inside = unpacked(file, None)
        return forms_of(inside.file)
    kind = FORMATS.get(file.suffix.lower().lstrip("."), "")
    if kind == "excel":
        refuse_strangers(file, kind)
        return _sheets(file)
    return [_delimited(file)] if kind == "csv" else [_encoded(file)] if kind == "jsonl" else [{}]


def packed(file: Path) -> bool:
    """Whether a file holds another one, packed."""
    return file.suffix.lower() in ENDINGS


def hidden_in(file: Path) -> frozenset[str]:
    """The sheets of a workbook that are not shown."""
    from kampass.intake.readers.excel import hidden_sheets

    if packed(file):
        inside = unpacked(file, None)
        return hidden_in(inside.file)
    kind = FORMATS.get(file.suffix.lower().lstrip("."), "")
    return hidden_sheets(file) if kind == "excel" else frozenset()


def _encoded(file: Path) -> dict[str, Any]:
    """The encoding, where it is not UTF-8. Nobody can tell from bytes alone which of the usual ones
    a file has (`readings` shows them); the most frequent is written down.
    """
    with file.open("rb") as stream:
        wide = wide_letters(stream.read(4096))
    encoding = wide or (CANDIDATES[0] if readings(file) else "")
    return {"encoding": encoding} if encoding else {}


def _delimited(file: Path) -> dict[str, Any]:
    found = _encoded(file)
    lines = _first_lines(file, found.get("encoding", "utf-8-sig"))
    usual = "\t" if file.suffix.lower() in {".tsv", ".tab"} else ","
    delimiter = _delimiter(lines, usual)
    found |= {"delimiter": delimiter} if delimiter != usual else {}
    line = header_line([_cells(text, delimiter) for text in lines])
    return found | ({"header_row": line} if line > 1 else {})


def _first_lines(file: Path, encoding: str) -> list[str]:
    with file.open("rb") as stream:
        block = stream.read(_BLOCK)
    if encoding in {"utf-16-le", "utf-16-be", "utf-16", "utf-32"}:
        block = block[: len(block) // 4 * 4]
    text = codecs.decode(block, encoding, "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_LINES]


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _delimiter(lines: Sequence[str], usual: str) -> str:
    """The sign that parts most lines into the same number of columns."""
    best, most = usual, 0
    for sign in dict.fromkeys(usual + _DELIMITERS):
        widths = Counter(len(_cells(line, sign)) for line in lines if line.strip())
        wide = [(often, width) for width, often in widths.items() if width > 1]
        if not wide:
            continue
        often, width = max(wide)
        if often * width > most:
            best, most = sign, often * width
    return best


def header_line(rows: Sequence[Sequence[str]]) -> int:
    """The number of the line that looks like a header: many cells, all of them different words."""
    widths = [sum(bool(cell.strip()) for cell in row) for row in rows]
    for number, row in enumerate(rows):
        after = [width for width in widths[number + 1 :] if width]
        usual = Counter(after).most_common(1)[0][0] if after else widths[number]
        cells = [cell.strip() for cell in row if cell.strip()]
        enough = len(cells) >= max(1 if usual == 1 else 2, _MOST_OF * usual)
        if enough and not any(map(_is_value, cells)):
            return number + 1
    return 1


def _is_value(cell: str) -> bool:
    """Whether a cell is a number or a day, which no header is."""
    return bool(re.fullmatch(r"-?\d+([.,]\d+)*", cell)) or shapes.dates([cell]) is not None


def _sheets(file: Path) -> list[dict[str, Any]]:
    """The sheets that hold rows, each with the line of its header."""
    from kampass.intake.readers.excel import first_rows

    sheets = first_rows(file)
    found = []
    for name, rows in sheets.items():
        if sum(any(row) for row in rows) > 1:
            line = header_line(rows)
            named = {"sheet": name} if len(sheets) > 1 else {}
            found.append(named | ({"header_row": line} if line > 1 else {}))
    return found


def readings(file: Path) -> tuple[tuple[str, str], ...]:
    """How the first line of a file that is no UTF-8 reads under the usual encodings; nothing where
    all of it is UTF-8.
    """
    if packed(file):
        inside = unpacked(file, None)
        return readings(inside.file)
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = b""
    with file.open("rb") as stream:
        start = stream.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
            return ()
        stream.seek(0)
        while block := stream.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as wrong:
                at = len(rest) + wrong.start - (len(wrong.object) - len(block))
                return _under(rest + block, max(at, 0))
            rest = block[-_SHOWN:]
    return ()


def _under(block: bytes, at: int) -> tuple[tuple[str, str], ...]:
    """The line around a byte under each encoding that has a letter for it; those that read alike
    are told once.
    """
    start = max(block.rfind(b"\n", 0, at) + 1, at - _SHOWN // 2)
    end = block.find(b"\n", at)
    line = block[start : min(end if end >= 0 else len(block), at + _SHOWN // 2)]
    found: dict[str, str] = {}
    for encoding in CANDIDATES:
        try:
            found.setdefault(line.decode(encoding).strip("\r\n"), encoding)
        except UnicodeDecodeError:
            continue
    return tuple((encoding, text) for text, encoding in found.items())
