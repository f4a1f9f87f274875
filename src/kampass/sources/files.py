"""A folder of canonical files: `<table>.csv` or `<table>.parquet`, read without configuration.

DuckDB reads a CSV that is regular; the moment it objects, Python's csv module reads the file line by line instead,
and what is torn goes to quarantine with its line. Both see the same rows in the same order.
"""

import csv
import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.errors import DataError
from kampass.model import TABLES
from kampass.model.conform import literal
from kampass.model.scan import Reject, Scan

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 1 << 20
_LONGEST_LINE = 16 << 20
csv.field_size_limit(_LONGEST_LINE)


@dataclass(frozen=True)
class FileSource:
    """The canonical folder at `folder`, under a name of its own."""

    name: str
    folder: Path

    def tables(self) -> list[str]:
        """The tables the folder holds a file for, in the model's order."""
        if not self.folder.is_dir():
            raise DataError(f"There is no folder {self.folder}.", code="no_folder", hint="Check the source's path in kampass.toml.")
        return [table for table in TABLES if self._file(table)]

    def scan(self, table: str) -> Scan:
        """The rows of one table's file as they stand."""
        file = self._file(table)
        if file is None:
            raise DataError(f"The folder {self.folder} holds no file for '{table}'.", code="no_file")
        return _scan_parquet(table, file) if file.suffix == ".parquet" else _scan_csv(table, file)

    def strangers(self) -> list[str]:
        """Files that look like data but name no canonical table."""
        found = [file for file in sorted(self.folder.iterdir()) if file.suffix in {".csv", ".parquet"}]
        return [file.name for file in found if file.stem not in TABLES]

    def _file(self, table: str) -> Path | None:
        found = [file for suffix in (".csv", ".parquet") if (file := self.folder / f"{table}{suffix}").is_file()]
        if len(found) > 1:
            raise DataError(f"The folder holds both {found[0].name} and {found[1].name}.", code="two_files", hint="Keep one of them.")
        return found[0] if found else None


@dataclass(frozen=True)
class _Look:
    """What one pass over a file's bytes tells: its digest, how many lines and commas it has, and `spaced`.

    `lines` is None where carriage returns end lines by themselves. `spaced`: DuckDB would drop blanks around quotes.
    """

    digest: str
    lines: int | None
    commas: int
    spaced: bool


_SPACED = re.compile(rb'(?:^|[,\r\n])[ \t]+"|"[ \t]+(?:[,\r\n]|$)')


def _look(file: Path) -> _Look:
    sha = hashlib.sha256()
    feeds = pairs = returns = commas = 0
    last, spaced = b"\n", False
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK) + stream.readline():
            sha.update(chunk)
            feeds, pairs, returns = feeds + chunk.count(b"\n"), pairs + chunk.count(b"\r\n"), returns + chunk.count(b"\r")
            commas += chunk.count(b",")
            spaced = spaced or _SPACED.search(chunk) is not None
            last = chunk[-1:]
    return _Look(sha.hexdigest(), feeds + (last != b"\n") if pairs == returns else None, commas, spaced)


def _scan_parquet(table: str, file: Path) -> Scan:
    import duckdb

    relation = f"SELECT * FROM read_parquet({literal(str(file))})"
    with duckdb.connect() as connection:
        try:
            described = connection.execute(f"DESCRIBE {relation}").fetchall()
        except duckdb.Error as wrong:
            raise DataError(f"{file.name} is not a Parquet file that can be read.", code="unreadable_file", hint=str(wrong).split("\n")[0]) from None
    return Scan(table, relation, {row[0]: row[1] for row in described}, _look(file).digest, file.name)


def _scan_csv(table: str, file: Path) -> Scan:
    header = _header(file)
    columns = dict.fromkeys(header, "VARCHAR")
    look = _look(file)
    relation = _relation(file, header)
    count = None if look.spaced else _regular(relation)
    if count is not None and (look.commas == (count + 1) * (len(header) - 1) or not _ends_with_commas(file, header)):
        one_a_row = look.lines == count + 1
        return Scan(table, relation, columns, look.digest, file.name, lines=lambda rows: {row: row + 1 for row in rows} if one_a_row else _lines(file, rows))
    rejects: list[Reject] = []
    rows, lines = _read_slowly(file, header, rejects)
    return Scan(
        table, f"SELECT * FROM {table}_rows", columns, look.digest, file.name,
        objects={f"{table}_rows": rows}, rejects=tuple(rejects), lines=lambda wanted: {row: lines[row - 1] for row in wanted},
    )  # fmt: skip


def _relation(file: Path, header: Sequence[str], more: str = "") -> str:
    """The SQL that reads a CSV as text, strictly."""
    listed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    return (
        f"SELECT * FROM read_csv({literal(str(file))}, auto_detect = false, header = true, delim = ',', quote = '\"',"
        f" escape = '\"', columns = {{{listed}}}, strict_mode = true, null_padding = false, nullstr = '',"
        f" max_line_size = {_LONGEST_LINE}{more})"
    )


def _ends_with_commas(file: Path, header: Sequence[str]) -> bool:
    """Whether a line has one field too many, empty: DuckDB would overlook it. Such a line reads with one more column."""
    import duckdb

    wider = _relation(file, [*header, "?"], ", ignore_errors = true")
    with duckdb.connect() as connection:
        try:
            return bool(connection.execute(f"SELECT 1 FROM ({wider}) LIMIT 1").fetchall())
        except duckdb.Error:
            return True


def _regular(relation: str) -> int | None:
    """How many rows DuckDB reads, where it reads the whole file without an objection."""
    import duckdb

    connection: duckdb.DuckDBPyConnection
    with duckdb.connect() as connection:
        try:
            row = connection.execute(f"SELECT count(*), count(COLUMNS(*)) FROM ({relation})").fetchone()
        except duckdb.Error:
            return None
    return int(row[0]) if row else None


def _header(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            header = next(csv.reader(stream, strict=True), [])
        ",".join(header).encode()
    except (UnicodeEncodeError, csv.Error) as wrong:
        raise DataError(f"{file.name}, line 1: the header cannot be read ({wrong}).", code="unreadable_file", hint="Save the file as CSV, UTF-8.") from None
    if not header or not any(header):
        raise DataError(f"{file.name} is empty: it has no header row.", code="no_header", hint=f"'kampass template {file.stem}' prints one.")
    lowered = [name.lower() for name in header]
    twice = sorted({name for name in header if lowered.count(name.lower()) > 1})
    if twice or "" in header:
        wrong_name = f"the column '{twice[0]}' twice" if twice else "a column without a name"
        raise DataError(f"{file.name}, line 1: the header has {wrong_name}.", code="bad_header", hint="Give every column one name.")
    return header


class _Lines:
    """The lines of a file, which can be gone back over: a torn quote must not swallow the lines after its own."""

    def __init__(self, stream: Iterable[str]) -> None:
        self._rest = iter(stream)
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._rest)
        self._taken.append(line)
        self.number += 1
        return line

    def begin(self) -> int:
        """The line on which the next record starts."""
        self._taken.clear()
        return self.number + 1

    def back(self) -> None:
        """Go back to the line after the record's first."""
        self.number -= len(self._taken) - 1
        self._again.extendleft(reversed(self._taken[1:]))


def _parsed(file: Path) -> Iterator[tuple[int, list[str] | None, str]]:
    """Each record's first line and fields; None and the reason for a line that cannot be read."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        lines = _Lines(stream)
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        while True:
            line = lines.begin()
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as wrong:
                lines.back()
                reader = csv.reader(lines, strict=True)
                yield line, None, str(wrong)
                continue
            if record:
                yield line, record, ""


def _read_slowly(file: Path, header: list[str], rejects: list[Reject]) -> "tuple[pa.Table, list[int]]":
    import pyarrow as pa

    good: list[list[str]] = []
    lines: list[int] = []
    for line, record, wrong in _parsed(file):
        if record is None:
            rejects.append(Reject(line, f"cannot be read: {wrong}"))
        elif len(record) != len(header):
            rejects.append(Reject(line, f"has {len(record)} fields, the header has {len(header)}", ",".join(record)[:200]))
        elif any(not field.isascii() and any("\ud800" <= letter <= "\udfff" for letter in field) for field in record):
            rejects.append(Reject(line, "is not UTF-8"))
        else:
            good.append(record)
            lines.append(line)
    columns: list[Sequence[Any]] = list(zip(*good, strict=True)) if good else [()] * len(header)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=header), lines


def _lines(file: Path, rows: Sequence[int]) -> dict[int, int]:
    """The line on which each of these rows (1-based) starts."""
    wanted = set(rows)
    found = {}
    for row, (line, _, _) in enumerate(_parsed(file), start=1):
        if row in wanted:
            found[row] = line
            if len(found) == len(wanted):
                break
    return found
