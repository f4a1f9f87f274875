"""A folder of canonical files: `<table>.csv` or `<table>.parquet`, read without configuration."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kampass.errors import DataError
from kampass.intake.readers import delimited
from kampass.intake.readers.encodings import refuse_strangers, refuse_wide_letters
from kampass.intake.readers.memory import columns_of
from kampass.intake.spans import read_whole
from kampass.model import TABLES
from kampass.model.conform import literal, names_something
from kampass.model.messages import Message, Notice
from kampass.model.scan import Scan

_LOOKED_AT = 10_000
_COLUMNS = 1_000
CANONICAL = "canonical"
"""The reading of files that are read as they stand."""


@dataclass(frozen=True)
class FileSource:
    """The canonical folder at `folder`, under a name of its own; `scratch` is where reading may
    leave something for a while.
    """

    name: str
    folder: Path
    scratch: Path | None = None

    def tables(self) -> list[str]:
        """The tables the folder holds a file for, in the model's order."""
        if not self.folder.is_dir():
            raise DataError(
                f"There is no folder {self.folder}.",
                code="no_folder",
                hint="Check the source's path in kampass.toml.",
            )
        return [table for table in TABLES if self._file(table)]

    def scan(self, table: str) -> Scan:
        """The rows of one table's file as they stand."""
        file = self._file(table)
        if file is None:
            raise DataError(
                f"The folder {self.folder} holds no file for '{table}'.", code="no_file"
            )
        return (
            scan_parquet(table, file)
            if file.suffix == ".parquet"
            else scan_csv(table, file, self.scratch)
        )

    def read(self, _: str | None) -> Iterator[Message]:
        """Every file's table as a whole, and a word on each file that names none."""
        yield from read_whole(self)
        for name in self.strangers():
            yield Notice(f"{name} names no table and was left alone")

    def files(self, table: str) -> list[Path]:
        """The files that one table is read from."""
        return [file] if (file := self._file(table)) else []

    def strangers(self) -> list[str]:
        """Files that look like data but name no canonical table."""
        found = [
            file for file in sorted(self.folder.iterdir()) if file.suffix in {".csv", ".parquet"}
        ]
        return [file.name for file in found if file.stem not in TABLES]

    def _file(self, table: str) -> Path | None:
        found = [
            file
            for suffix in (".csv", ".parquet")
            if os.path.lexists(file := self.folder / f"{table}{suffix}")
        ]
        odd = next((file for file in found if not file.is_file()), None)
        if odd is not None:
            what = (
                "a folder"
                if odd.is_dir()
                else "a link that leads to no file"
                if odd.is_symlink()
                else "no ordinary file"
            )
            raise DataError(
                f"{odd.name} in {self.folder} is {what}.",
                code="unreadable_file",
                hint="Put the file itself there, or take it away.",
            )
        if len(found) > 1:
            raise DataError(
                f"The folder holds both {found[0].name} and {found[1].name}.",
                code="two_files",
                hint="Keep one of them.",
            )
        return found[0] if found else None


def scan_parquet(table: str, file: Path) -> Scan:
    """A canonical Parquet file, with the types it states."""
    relation = f"SELECT * FROM read_parquet({literal(str(file))})"
    columns = columns_of(relation, file)
    _require(table, file, list(columns))
    _readable(table, file, columns)
    digest = delimited.look(file).digest
    return Scan(table, relation, columns, digest, file.name, reading=CANONICAL)


def scan_csv(table: str, file: Path, scratch: Path | None = None) -> Scan:
    """A canonical CSV file, all text."""
    _refuse_foreign(file)
    header = _header(table, file)
    seen = delimited.look(file)
    rows = delimited.read(file, header, seen, place=scratch)
    columns = dict.fromkeys(header, "VARCHAR")
    # rows that were read slowly lie numbered on the disk; only a column of the same name hides the
    # numbers
    numbered = rows.hold is not None and delimited.LINE not in {name.lower() for name in header}
    relation, line = (rows.numbered(), delimited.LINE) if numbered else (rows.relation, None)
    return Scan(
        table,
        relation,
        columns,
        seen.digest,
        file.name,
        rejects=rows.rejects,
        lines=rows.lines,
        hold=rows.hold,
        line=line,
        reading=CANONICAL,
    )


def _refuse_foreign(file: Path) -> None:
    """Refuse a file that is no UTF-8 text, by what its first bytes say."""
    try:
        refuse_strangers(file, "csv")
        refuse_wide_letters(file, "utf-8")
    except DataError as wrong:
        hint = (
            f"A canonical folder takes CSV in UTF-8, or Parquet named {file.stem}.parquet. "
            "Unpack or save it so; other files are read by a mapping (docs/mapping.md)."
        )
        raise DataError(wrong.message, code=wrong.code, hint=hint) from None


def _header(table: str, file: Path) -> list[str]:
    header = delimited.header(file)
    if not header or not any(header):
        raise DataError(
            f"{file.name} is empty: it has no header row.",
            code="no_header",
            hint=f"'kampass template {file.stem}' prints one.",
        )
    if len(header) > _COLUMNS:
        raise DataError(
            (
                f"{file.name}, line 1: there are {len(header):,} columns; a canonical file has "
                f"{_COLUMNS:,} at most."
            ),
            code="bad_header",
            hint="Keep those that are needed, or name them in a mapping (docs/mapping.md).",
        )
    _require(table, file, header)
    lowered = [name.lower() for name in header]
    twice = sorted({name for name in header if lowered.count(name.lower()) > 1})
    if twice or "" in header:
        wrong_name = (
            f"the column '{twice[0][:100]}' twice"
            if twice and twice != [""]
            else "a column without a name"
        )
        raise DataError(
            f"{file.name}, line 1: the header has {wrong_name}.",
            code="bad_header",
            hint="Give every column one name.",
        )
    return header


def _require(table: str, file: Path, header: Sequence[str]) -> None:
    lacking = (
        [
            column.name
            for column in TABLES[table].columns
            if column.required and column.name not in header
        ]
        if table in TABLES
        else []
    )
    if lacking:
        at = f"{file.name}, line 1" if file.suffix == ".csv" else file.name
        raise DataError(
            f"{at}: there is no column '{lacking[0]}', which '{table}' requires.",
            code="missing_column",
            hint=_way_out(file, lacking[0], header),
        )


def _readable(table: str, file: Path, columns: Mapping[str, str]) -> None:
    """Refuse columns whose type says no text: bytes, columns within columns, and names that are
    fractions (is 1.0 the id 1?).
    """
    for name, kind in columns.items():
        if not (TABLES[table].has(name) or TABLES[table].more):
            continue
        names = TABLES[table].has(name) and names_something(TABLES[table].column(name))
        if (
            kind == "BLOB"
            or kind.startswith(("STRUCT", "MAP", "UNION"))
            or kind.endswith("]")
            or (names and kind in {"DOUBLE", "FLOAT"})
        ):
            raise DataError(
                (
                    f"{file.name}: the column '{name}' is of the type {kind[:80]}, which reads in "
                    "more than one way."
                ),
                code="bad_header",
                hint="Write it as text (in pandas: astype(str); whole numbers as int64 first).",
            )


def _way_out(file: Path, lacking: str, header: Sequence[str]) -> str:
    """What to do about a header that lacks a column: it is spelled otherwise, parted otherwise, or
    further down.
    """
    near = next(
        (name for name in header if re.sub(r"[^a-z0-9_]", "", name.casefold()) == lacking), None
    )
    if near is not None:
        return (
            f"The header holds {near!a}: write '{lacking}', in small letters, without blanks or "
            "invisible characters."
        )
    if file.suffix == ".parquet":
        return f"'kampass template {file.stem}' shows every column."
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        first = [stream.readline(_LOOKED_AT) for _ in range(20)]
    further = next(
        (
            number
            for number, line in enumerate(first, start=1)
            if number > 1 and lacking in re.split(r"[,;\t|\r\n]", line)
        ),
        None,
    )
    if further is not None:
        return (
            f"The header seems to be line {further}: take away what stands above it, or declare "
            f"a mapping with header_row = {further} (docs/mapping.md)."
        )
    sign = next((sign for sign in ";\t|" if len(header) == 1 and sign in header[0]), "")
    if sign:
        shown = "a tab" if sign == "\t" else f"'{sign}'"
        return (
            f"The columns seem to be parted by {shown}: save the file with commas, or declare a "
            "mapping with that delimiter (docs/mapping.md)."
        )
    return (
        f"'kampass template {file.stem}' shows every column; a file with other headers is read "
        "by a mapping (docs/mapping.md)."
    )
