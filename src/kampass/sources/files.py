"""A folder of canonical files: `<table>.csv` or `<table>.parquet`, read without configuration.

DuckDB reads a CSV that is regular; the moment it objects, Python's csv module reads the file line by line instead,
and what is torn goes to quarantine with its line. Both see the same rows in the same order.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
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


def _digest(file: Path) -> str:
    sha = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def _scan_parquet(table: str, file: Path) -> Scan:
    import duckdb

    relation = f"SELECT * FROM read_parquet({literal(str(file))})"
    with duckdb.connect() as connection:
        try:
            described = connection.execute(f"DESCRIBE {relation}").fetchall()
        except duckdb.Error as wrong:
            raise DataError(f"{file.name} is not a Parquet file that can be read.", code="unreadable_file", hint=str(wrong).split("\n")[0]) from None
    return Scan(table, relation, {row[0]: row[1] for row in described}, _digest(file), file.name)


def _scan_csv(table: str, file: Path) -> Scan:
    header = _header(file)
    columns = dict.fromkeys(header, "VARCHAR")
    digest = _digest(file)
    listed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    relation = (
        f"SELECT * FROM read_csv({literal(str(file))}, auto_detect = false, header = true, delim = ',', quote = '\"',"
        f" escape = '\"', columns = {{{listed}}}, strict_mode = true, null_padding = false, nullstr = '',"
        f" max_line_size = {_LONGEST_LINE})"
    )
    if not header or _is_regular(relation):
        return Scan(table, relation, columns, digest, file.name, lines=lambda rows: _lines(file, rows))
    rejects: list[Reject] = []
    rows, lines = _read_slowly(file, header, rejects)
    return Scan(
        table, f"SELECT * FROM {table}_rows", columns, digest, file.name,
        objects={f"{table}_rows": rows}, rejects=tuple(rejects), lines=lambda wanted: {row: lines[row - 1] for row in wanted},
    )  # fmt: skip


def _is_regular(relation: str) -> bool:
    """Whether DuckDB reads the whole file without an objection."""
    import duckdb

    connection: duckdb.DuckDBPyConnection
    with duckdb.connect() as connection:
        try:
            connection.execute(f"SELECT count(COLUMNS(*)) FROM ({relation})").fetchall()
        except duckdb.Error:
            return False
    return True


def _header(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise DataError(f"{file.name}, line 1: the header cannot be read ({wrong}).", code="unreadable_file", hint="Save the file as CSV, UTF-8.") from None
    if not header or not any(header):
        raise DataError(f"{file.name} is empty: it has no header row.", code="no_header", hint=f"'kampass template {file.stem}' prints one.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice or "" in header:
        wrong_name = f"the column '{twice[0]}' twice" if twice else "a column without a name"
        raise DataError(f"{file.name}, line 1: the header has {wrong_name}.", code="bad_header", hint="Give every column one name.")
    return header


def _parsed(file: Path) -> Iterator[tuple[int, list[str] | None, str]]:
    """Each record's first line and fields; None and the reason for one that cannot be read."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        next(reader, None)
        while True:
            line = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as wrong:
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
