"""Delimited text (CSV, TSV) as rows of text: by DuckDB where the file is regular, else by Python's
csv module.

DuckDB reads fast but names no line and gives up on a file for one torn row; the moment it objects,
Python reads the file line by line instead, and what is torn is set aside with its line. Both see
the same rows in the same order.
"""

import csv
import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TextIO

from kampass.errors import DataError
from kampass.intake.readers.memory import in_memory
from kampass.intake.readers.scratch import RowWriter, Scratch, lines_of
from kampass.model.conform import literal, quoted
from kampass.model.scan import LineFinder, Reject

_CHUNK = 1 << 20
_LONGEST_LINE = 16 << 20
_REJECTS = 100_000
LINE = "_line"
"""The column that numbers rows by their line, where they lie on the disk."""
_NEAR_QUOTES = (b' "', b'\t"', b'" ', b'"\t')
csv.field_size_limit(_LONGEST_LINE)


@dataclass(frozen=True)
class Dialect:
    """How fields are told apart. Without `quote` nothing is quoted; without `escape` a quote inside
    quotes is doubled.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""

    @property
    def usual(self) -> bool:
        """Whether DuckDB and Python agree on every file in it."""
        return self.quote == '"' and not self.escape and self.delimiter.isascii()

    def reader(self, lines: "_Lines | Iterator[str]") -> "Iterator[list[str]]":
        """Python's reader of it."""
        if not self.quote:
            return csv.reader(
                lines,
                delimiter=self.delimiter,
                quoting=csv.QUOTE_NONE,
                escapechar=self.escape or None,
                strict=True,
            )
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape or None,
            doublequote=not self.escape,
            strict=True,
        )


COMMAS = Dialect()


@dataclass(frozen=True)
class DelimitedRows:
    """The rows of a file under the names they were asked for, `count` of them; `numbered` gives the
    same rows with their `_line`.
    """

    relation: str
    rejects: tuple[Reject, ...]
    lines: LineFinder
    numbered: Callable[[], str]
    count: int
    hold: object = None


@dataclass(frozen=True)
class FileFacts:
    """What one pass over a file's bytes tells: its digest, how many lines and delimiters it has,
    and `spaced`.

    `lines` is None where carriage returns end lines by themselves. `spaced`: DuckDB would drop
    blanks around quotes.
    """

    digest: str
    lines: int | None
    delimiters: int
    spaced: bool


def look(file: Path, dialect: Dialect = COMMAS) -> FileFacts:
    """Look at every byte of a file once."""
    mark = dialect.delimiter.encode()
    blanks = rb"[ ]" if dialect.delimiter == "\t" else rb"[ \t]"
    around = re.compile(
        rb"(?:^|[\r\n]|"
        + re.escape(mark)
        + rb")"
        + blanks
        + rb'+"|"'
        + blanks
        + rb"+(?:[\r\n]|$|"
        + re.escape(mark)
        + rb")"
    )
    sha = hashlib.sha256()
    feeds = pairs = returns = marks = 0
    last, spaced = b"\n", False
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK) + stream.readline(_LONGEST_LINE):
            sha.update(chunk)
            feeds, pairs, returns = (
                feeds + chunk.count(b"\n"),
                pairs + chunk.count(b"\r\n"),
                returns + chunk.count(b"\r"),
            )
            marks += chunk.count(mark)
            spaced = spaced or (
                any(pair in chunk for pair in _NEAR_QUOTES) and around.search(chunk) is not None
            )
            last = chunk[-1:]
    return FileFacts(
        sha.hexdigest(), feeds + (last != b"\n") if pairs == returns else None, marks, spaced
    )


def read(
    file: Path,
    names: Sequence[str],
    seen: FileFacts,
    dialect: Dialect = COMMAS,
    *,
    place: Path | None = None,
) -> DelimitedRows:
    """The rows under a file's header, as text, each column under the name given."""
    relation = _relation(file, names, dialect)
    count = _regular(relation) if dialect.usual and not seen.spaced else None
    if count is None or (
        seen.delimiters != (count + 1) * (len(names) - 1)
        and _ends_with_delimiters(file, names, dialect)
    ):
        return read_slowly(file, names, dialect, place=place)
    if seen.lines == count + 1:
        numbered = f"SELECT *, row_number() OVER () + 1 AS _line FROM ({relation})"
        return DelimitedRows(
            relation, (), lambda rows: {row: row + 1 for row in rows}, lambda: numbered, count
        )
    # Once read, the slow rows stay as long as whoever may ask for their lines.
    slowly = cache(partial(read_slowly, file, names, dialect, place=place))
    lines = partial(_lines, file, dialect)
    return DelimitedRows(relation, (), lines, lambda: slowly().numbered(), count)


def read_slowly(
    file: Path, names: Sequence[str], dialect: Dialect = COMMAS, *, place: Path | None = None
) -> DelimitedRows:
    """The same rows by Python's csv module, on the disk meanwhile; what is torn is rejected with
    its line.
    """
    scratch = Scratch(place)
    writer = RowWriter(scratch.folder / "rows")
    rejects: list[Reject] = []
    for line, record, wrong in _parsed(file, dialect):
        if record is None:
            rejects.append(Reject(line, f"cannot be read: {wrong}"))
        elif len(record) != len(names):
            rejects.append(
                Reject(
                    line,
                    f"has {len(record)} fields, the header has {len(names)}",
                    _readable(dialect.delimiter.join(record)[:200]),
                )
            )
        elif bad := _undecoded(record):
            rejects.append(Reject(line, bad))
        else:
            writer.add(line, record)
        if len(rejects) > _REJECTS:
            raise DataError(
                (
                    f"{file.name}: more than {_REJECTS:,} lines cannot be read; the first is line "
                    f"{rejects[0].line}, which {rejects[0].reason}."
                ),
                code="unreadable_file",
                hint="Check delimiter, quote and encoding.",
            )
    base = writer.relation(len(names))
    cells = ", ".join(f"c{index} AS {quoted(name)}" for index, name in enumerate(names))
    numbered = f"SELECT {cells}, {LINE} FROM ({base})"
    return DelimitedRows(
        f"SELECT {cells} FROM ({base})",
        tuple(rejects),
        partial(lines_of, base),
        lambda: numbered,
        writer.count,
        scratch,
    )


def _readable(text: str) -> str:
    """A text with a sign in place of each byte that did not read: nothing else can be kept."""
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def _undecoded(record: Sequence[str]) -> str:
    """Why a record's bytes are no text, if they are not."""
    for number, field in enumerate(record, start=1):
        torn = (
            ""
            if field.isascii()
            else next((letter for letter in field if "\ud800" <= letter <= "\udfff"), "")
        )
        if torn:
            return f"is not UTF-8: a byte does not read, in field {number}"
    return ""


def _relation(file: Path, names: Sequence[str], dialect: Dialect, more: str = "") -> str:
    """The SQL that reads the file as text, strictly."""
    listed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"SELECT * FROM read_csv({literal(_exactly(file))}, auto_detect = false, header = true, "
        f"delim = {literal(dialect.delimiter)},"
        f" quote = {literal(dialect.quote)}, escape = {literal(dialect.quote)}, columns = "
        f"{{{listed}}}, compression = 'none',"
        " strict_mode = true, null_padding = false, nullstr = '', max_line_size = "
        f"{_LONGEST_LINE}, buffer_size = {2 * _LONGEST_LINE}{more})"
    )


def _exactly(file: Path) -> str:
    """The file's name as DuckDB takes it for this one file, whatever wildcards stand in it."""
    return re.sub(r"([*?\[])", r"[\1]", str(file))


def _ends_with_delimiters(file: Path, names: Sequence[str], dialect: Dialect) -> bool:
    """Whether a line has one field too many, empty: DuckDB would overlook it. Such a line reads
    with one more column.
    """
    import duckdb

    wider = _relation(file, [*names, "?"], dialect, ", ignore_errors = true")
    with in_memory() as connection:
        try:
            return bool(connection.execute(f"SELECT 1 FROM ({wider}) LIMIT 1").fetchall())
        except duckdb.Error:
            return True


def _regular(relation: str) -> int | None:
    """How many rows DuckDB reads, where it reads the whole file without an objection."""
    import duckdb

    with in_memory() as connection:
        try:
            row = connection.execute(
                f"SELECT count(*), count(COLUMNS(*)) FROM ({relation})"
            ).fetchone()
        except duckdb.Error:
            return None
    return int(row[0]) if row else None


def header(file: Path, dialect: Dialect = COMMAS, *, line: int = 1) -> list[str]:
    """The names in a file's first record; `line` is what its first line is called in messages."""
    try:
        with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            names = next(iter(dialect.reader(_bounded(stream))), [])
        ",".join(names).encode()
    except (UnicodeEncodeError, csv.Error) as wrong:
        raise DataError(
            f"{file.name}, line {line}: the header cannot be read ({wrong}).",
            code="unreadable_file",
            hint="Save the file as CSV, UTF-8.",
        ) from None
    return names


def _bounded(stream: TextIO) -> Iterator[str]:
    """The lines of a stream; one that never ends is an error and not a filled memory."""
    while line := stream.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise csv.Error(f"line longer than {_LONGEST_LINE:,} letters")
        yield line


class _TooLong(str):
    """Stands for a line that is too long to be held; what it held is passed over."""

    __slots__ = ()


_TOO_LONG = _TooLong()


class _Lines:
    """The lines of a file, which can be gone back over: a torn quote must not swallow the lines
    after its own.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        if line is _TOO_LONG and self._taken:
            self._again.appendleft(line)  # it is a line of its own, and set aside by itself
        else:
            self._taken.append(line)
            self.number += 1
        if line is _TOO_LONG:
            raise csv.Error(f"line longer than {_LONGEST_LINE:,} letters")
        return line

    def _read(self) -> str:
        """The next line of the file, however long it is."""
        line = piece = self._stream.readline(_LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) < _LONGEST_LINE:
            return line
        while len(piece) == _LONGEST_LINE and piece[-1] not in "\r\n":
            piece = self._stream.readline(_LONGEST_LINE)
        return _TOO_LONG

    def begin(self) -> int:
        """The line on which the next record starts."""
        self._taken.clear()
        return self.number + 1

    def back(self) -> None:
        """Go back to the line after the record's first."""
        self.number -= len(self._taken) - 1
        self._again.extendleft(reversed(self._taken[1:]))


def _parsed(file: Path, dialect: Dialect) -> Iterator[tuple[int, list[str] | None, str]]:
    """Each record's first line and fields; None and the reason for a line that cannot be read."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        lines = _Lines(stream)
        reader = dialect.reader(lines)
        next(reader, None)
        while True:
            line = lines.begin()
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as wrong:
                lines.back()
                reader = dialect.reader(lines)
                yield line, None, str(wrong)
                continue
            if record:
                yield line, record, ""


def _lines(file: Path, dialect: Dialect, rows: Sequence[int]) -> dict[int, int]:
    """The line on which each of these rows (1-based) starts."""
    wanted = set(rows)
    found = {}
    for row, (line, _, _) in enumerate(_parsed(file, dialect), start=1):
        if row in wanted:
            found[row] = line
            if len(found) == len(wanted):
                break
    return found
