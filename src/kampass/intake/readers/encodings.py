"""The bytes of a text file as UTF-8 from its header on: decoded as declared, in a stream, and never
as guessed.

A byte that does not decode is kept as a byte that is no UTF-8, so that its line is set aside and
not the file refused.
"""

import codecs
import csv
import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from kampass.errors import DataError
from kampass.intake.readers.delimited import Dialect
from kampass.intake.readers.mixed import MixedLines
from kampass.intake.readers.scratch import Scratch

if TYPE_CHECKING:
    from kampass.intake.mapping.mapping import TableMapping

_BLOCK = 1 << 20
_LOOKED_AT = 40
_SINGLE_BYTE = ("cp", "iso8859", "latin", "mac", "koi8", "windows")


@dataclass(frozen=True)
class Text:
    """A UTF-8 file that begins with the header; `digest` is the original's where this one is a copy
    of it.
    """

    file: Path
    original: Path
    encoding: str
    digest: str = ""
    hold: object = None
    doubts: tuple[str, ...] = ()

    def first(self, dialect: Dialect) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The first lines of the original file, as fields."""
        with self.original.open(
            encoding=self.encoding if self.encoding != "utf-8" else "utf-8-sig",
            errors="replace",
            newline="",
        ) as stream:
            found = []
            for number, line in enumerate(islice(_lines(stream), _LOOKED_AT), start=1):
                with suppress(csv.Error):  # a torn line is no hint
                    found.append((number, tuple(next(iter(dialect.reader(iter([line]))), []))))
        return tuple(found)


def _lines(stream: TextIO) -> Iterator[str]:
    while line := stream.readline(_BLOCK):
        yield line


def as_utf8(
    file: Path, mapping: "TableMapping", scratch: Path | None, header: Callable[[str], str]
) -> Text:
    """The file itself where it is UTF-8 and begins with its header, else a copy that does; `header`
    makes one of the first text of a file that has none.
    """
    encoding = mapping.encoding.replace("utf-8-sig", "utf-8") or "utf-8"
    if encoding == "utf-8" and mapping.header_row == 1:
        return Text(file, file, encoding)
    hold = Scratch(scratch)
    target = hold.folder / f"{file.stem}.csv"
    sha = hashlib.sha256()
    with file.open("rb") as source, target.open("wb") as sink:
        copy = _Copy(file, encoding)
        skip, lacks = max(0, mapping.header_row - 1), mapping.header_row == 0
        for block in _blocks(source, sha):
            text = copy.decode(block, final=not block)
            while skip and (end := _line_end(text, final=not block)):
                text, skip = text[end:], skip - 1
            if skip:
                copy.keep(text)
                continue
            if lacks and text:
                sink.write(header(text).encode())
                lacks = False
            sink.write(text.encode("utf-8", "kampass.torn"))
        if skip:
            raise DataError(
                (
                    f"{file.name} ends before line {mapping.header_row}, where header_row says the "
                    "header is."
                ),
                code="no_header",
                hint="Check header_row.",
            )
        copy.finish()
    return Text(target, file, encoding, sha.hexdigest(), hold, copy.mixed.doubts)


def _blocks(source: BinaryIO, sha: "hashlib._Hash") -> Iterator[bytes]:
    """The file's bytes, and an empty block at its end."""
    while block := source.read(_BLOCK):
        sha.update(block)
        yield block
    yield b""


def _line_end(text: str, *, final: bool) -> int:
    """Where the first line of a text ends; 0 where that is not known yet."""
    feed, back = text.find("\n"), text.find("\r")
    if back >= 0 and (feed < 0 or back < feed):
        if back + 1 < len(text):
            return back + (2 if text[back + 1] == "\n" else 1)
        return len(text) if final else 0
    return feed + 1


class _Copy:
    """A stream of bytes being decoded; notices when what is declared as one byte a letter is UTF-8
    all along.
    """

    def __init__(self, file: Path, encoding: str) -> None:
        self.file, self.encoding = file, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._utf8 = (
            codecs.getincrementaldecoder("utf-8")() if encoding.startswith(_SINGLE_BYTE) else None
        )
        self._wide = False
        self._lines = 1
        self._begun = False
        self._kept = ""
        self.mixed = MixedLines(file, encoding)

    def decode(self, block: bytes, *, final: bool) -> str:
        if (
            not self._begun
            and self.encoding == "utf-16"
            and not block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        ):
            raise DataError(
                f"{self.file.name} has no byte order mark.",
                code="unreadable_file",
                hint='Write encoding = "utf-16-le" or "utf-16-be".',
            )
        try:
            text = self._decoder.decode(block, final)
        except UnicodeDecodeError as wrong:
            line = self._lines + block[: wrong.start].count(b"\n")
            raise DataError(
                (
                    f"{self.file.name}, line {line}: the bytes "
                    f"{wrong.object[wrong.start : wrong.start + 4].hex(' ')} are no "
                    f"{self.encoding} "
                    f"({wrong.reason})."
                ),
                code="unreadable_file",
                hint="Declare the encoding the file has, or save it as UTF-8.",
            ) from None
        self._lines += text.count("\n")
        self._look(block, final=final)
        if self.encoding in {"iso8859-1", "latin-1"} and not text.isascii():
            text = "".join(
                chr(0xDC00 + ord(letter)) if "\x80" <= letter <= "\x9f" else letter
                for letter in text
            )
        if not self._begun and text:
            text, self._begun = text.removeprefix("\ufeff"), True
        text, self._kept = self._kept + text, ""
        return text

    def keep(self, text: str) -> None:
        """What was not used comes again with the next block."""
        self._kept = text

    def _look(self, block: bytes, *, final: bool) -> None:
        self._wide = self._wide or not block.isascii()
        self.mixed.hear(block, final=final)
        if self._utf8 is not None:
            try:
                self._utf8.decode(block, final)
            except UnicodeDecodeError:
                self._utf8 = None

    def finish(self) -> None:
        """Refuse what would read two ways."""
        if self._utf8 is not None and self._wide:
            raise DataError(
                (
                    f"{self.file.name} is declared as {self.encoding}, but every letter beyond "
                    "ASCII "
                    "in it reads as UTF-8."
                ),
                code="unreadable_file",
                hint='Write encoding = "utf-8", or save the file as UTF-8.',
            )


def _torn(wrong: UnicodeError) -> tuple[bytes, int]:
    """A byte that did not decode, as one that is never UTF-8."""
    assert isinstance(wrong, UnicodeEncodeError)
    return b"\xff" * (wrong.end - wrong.start), wrong.end


codecs.register_error("kampass.torn", _torn)

_STRANGERS = (
    (
        b"PK\x03\x04",
        "excel",
        "is an Excel workbook or another zip file",
        'Write format = "excel" if it is a workbook; else unpack it.',
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "",
        "is an old Excel file (.xls) or a workbook with a password",
        "Open it in Excel, take the password off, and save it as .xlsx or CSV.",
    ),
    (b"\x1f\x8b", "", "is packed (gzip)", "Give it a name that ends in .gz."),
    (b"%PDF", "", "is a PDF", "Export the data as CSV or Excel."),
    (
        b"PAR1",
        "parquet",
        "is a Parquet file",
        'Write format = "parquet".',
    ),
    (b"SQLite format 3", "", "is a database", "Export the table as CSV."),
)


def refuse_strangers(file: Path, kind: str) -> None:
    """Refuse, in words, a file that is something else than its name or the mapping says."""
    with file.open("rb") as stream:
        start = stream.read(4096)
    for magic, fitting, words, hint in _STRANGERS:
        if start.startswith(magic) and (not fitting or fitting != kind):
            raise DataError(f"{file.name} {words}.", code="unreadable_file", hint=hint)
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if head.startswith((b"<html", b"<!doctype html", b"<table", b"<?xml", b"<meta")):
        raise DataError(
            f"{file.name} is a web page or XML, whatever its name says.",
            code="unreadable_file",
            hint="Open it in Excel and save it as .xlsx, or export CSV.",
        )
    if kind == "excel" and not start.startswith(b"PK\x03\x04"):
        raise DataError(
            f"{file.name} is no Excel workbook.",
            code="unreadable_file",
            hint='If it is text, write format = "csv". .xlsb and .ods are not read: save as .xlsx.',
        )


def refuse_wide_letters(file: Path, encoding: str) -> None:
    """Refuse a file that is UTF-16 or UTF-32 where that was not declared."""
    if encoding.startswith(("utf-16", "utf-32")):
        return
    with file.open("rb") as stream:
        start = stream.read(4096)
    if start and not start.strip(b"\0"):
        raise DataError(
            f"{file.name} holds nothing but NUL bytes.",
            code="unreadable_file",
            hint="It was not written whole: export it again.",
        )
    name = wide_letters(start)
    if name:
        raise DataError(
            f"{file.name} seems to be {name[:6].upper()}, not {encoding}.",
            code="unreadable_file",
            hint=f'Write encoding = "{name}" if it is.',
        )


def wide_letters(start: bytes) -> str:
    """The encoding of letters of two or four bytes that a file begins in, by its mark or its many
    NULs; else nothing.
    """
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Four bytes a letter, a third NUL.
    if len(start) < 4 or start.count(b"\0") * 3 <= len(start):  # noqa: PLR2004
        return ""
    return ("utf-32" if start.count(b"\0") * 3 > len(start) * 2 else "utf-16") + (
        "-le" if start[1:2] == b"\0" else "-be"
    )
