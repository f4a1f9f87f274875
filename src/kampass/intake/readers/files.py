"""The files that a mapping names, each opened as its format wants, together one table of text."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kampass.errors import DataError
from kampass.intake.mapping.mapping import FORMATS, TableMapping
from kampass.intake.readers import delimited
from kampass.intake.readers.delimited import Dialect
from kampass.intake.readers.encodings import as_utf8, refuse_strangers, refuse_wide_letters
from kampass.intake.readers.packed import ENDINGS, unpacked
from kampass.intake.readers.raw import RawTable, letter, unique
from kampass.intake.readers.scratch import lines_of
from kampass.model.scan import FILE_LINES, FileCount, LineFinder, Reject

_COLUMNS = 16_384
NOT_UTF8 = "is not UTF-8"
"""What is said first of a line whose bytes do not read where no encoding is declared."""


def files_of(folder: Path, mapping: TableMapping) -> list[Path]:
    """The files a table is read from, in the order in which their rows count."""
    found: list[Path] = []
    for name in mapping.files:
        file = folder / name
        if file.is_file():
            found.append(file)
            continue
        several = (
            sorted(path for path in folder.glob(name) if path.is_file())
            if any(sign in name for sign in "*?[") and not Path(name).is_absolute()
            else []
        )
        if not several:
            near = (
                ", ".join(sorted(path.name for path in folder.iterdir() if path.is_file())[:8])
                if folder.is_dir()
                else ""
            )
            raise DataError(
                f"{mapping.place}: there is no file {name} in {folder}.",
                code="no_file",
                hint=f"The folder holds {near}."
                if near
                else "Check path and file in kampass.toml.",
            )
        found += several
    doubled = sorted({str(file) for file in found if found.count(file) > 1})
    if doubled:
        raise DataError(
            f"{mapping.place}: {Path(doubled[0]).name} is named twice.",
            code="two_files",
            hint="Keep it once, or narrow the pattern.",
        )
    return found


def open_raw(folder: Path, mapping: TableMapping, scratch: Path | None) -> RawTable:
    """Open what a mapping names."""
    tables = [_open(file, mapping, scratch) for file in files_of(folder, mapping)]
    return tables[0] if len(tables) == 1 else _together(tables, mapping)


def _open(file: Path, mapping: TableMapping, scratch: Path | None) -> RawTable:
    if file.suffix.lower() in ENDINGS:
        return _open_packed(file, mapping, scratch)
    kind = mapping.format or FORMATS.get(file.suffix.lower().lstrip("."), "")
    refuse_strangers(file, kind)
    if not kind:
        raise DataError(
            f"{mapping.place}: what kind of file is {file.name}?",
            code="unreadable_file",
            hint='Say it: format = "csv", "excel", "jsonl" or "parquet".',
        )
    _fits(mapping, kind, file)
    if kind == "excel":
        from kampass.intake.readers.excel import open_excel

        return open_excel(file, mapping, scratch)
    if kind == "jsonl":
        from kampass.intake.readers.jsonl import open_jsonl

        return open_jsonl(file, mapping, scratch)
    if kind == "parquet":
        from kampass.intake.readers.parquet import open_parquet

        return open_parquet(file)
    return _open_delimited(file, mapping, scratch)


def _open_packed(file: Path, mapping: TableMapping, scratch: Path | None) -> RawTable:
    """The one file inside, under the name of the file that it is packed in."""
    inside = unpacked(file, scratch)
    raw = _open(inside.file, mapping, scratch)
    place = raw.place.replace(inside.file.name, file.name, 1)
    counts = tuple(replace(count, file=place) for count in raw.counts)
    doubts = tuple(doubt.replace(inside.file.name, file.name, 1) for doubt in raw.doubts)
    return replace(raw, place=place, counts=counts, doubts=doubts, hold=(raw.hold, inside))


def _fits(mapping: TableMapping, kind: str, file: Path) -> None:
    """A key that another format has is an error and not ignored."""
    only = {
        "sheet": {"excel"},
        "delimiter": {"csv"},
        "escape": {"csv"},
        "encoding": {"csv", "jsonl"},
    }
    for key, kinds in only.items():
        if getattr(mapping, key) and kind not in kinds:
            raise DataError(
                f"{mapping.place}: {key} is not for {file.name}, which is {kind}.",
                code="bad_settings",
                hint=f"Leave {key} out.",
            )


def _open_delimited(file: Path, mapping: TableMapping, scratch: Path | None) -> RawTable:
    delimiter = mapping.delimiter or ("\t" if file.suffix.lower() in {".tsv", ".tab"} else ",")
    dialect = Dialect(delimiter, mapping.quote, mapping.escape)
    refuse_wide_letters(file, mapping.encoding or "utf-8")
    text = as_utf8(file, mapping, scratch, partial(_numbers_above, dialect))
    headers = delimited.header(text.file, dialect, line=mapping.header_row)
    if not headers or not any(headers):
        at = f"{file.name}, line {mapping.header_row}: there is no header."
        raise DataError(
            at if mapping.header_row else f"{file.name} is empty.",
            code="no_header",
            hint="header_row says on which line it stands, from 1."
            if mapping.header_row
            else "Export it again.",
        )
    if len(headers) > _COLUMNS:
        raise DataError(
            f"{file.name} has {len(headers):,} columns; {_COLUMNS:,} are read at most.",
            code="bad_header",
            hint="Export only what is needed.",
        )
    seen = delimited.look(text.file, dialect)
    rows = delimited.read(
        text.file, [f"c{index}" for index in range(len(headers))], seen, dialect, place=scratch
    )
    shift, hold = mapping.header_row - 1, (rows.hold, text.hold)
    rejects = tuple(
        Reject(reject.line + shift, _renamed(reject.reason, headers, text.encoding), reject.value)
        for reject in rows.rejects
    )
    quoting = (
        ""
        if dialect.quote == '"'
        else (f", quote {dialect.quote}" if dialect.quote else ", no quotes")
    )
    return RawTable(
        file.name,
        unique(headers),
        rows.relation,
        partial(_shifted, rows.numbered, shift),
        partial(_shift_lines, rows.lines, shift),
        text.digest or seen.digest,
        f"{text.encoding}, delimiter {_shown(delimiter)}{quoting}",
        rejects,
        header_row=mapping.header_row,
        first=text.first(dialect),
        hold=hold,
        notices=_one_column(headers, delimiter),
        counts=(FileCount(file.name, rows.count + len(rejects)),),
        doubts=text.doubts,
    )


def _numbers_above(dialect: Dialect, text: str) -> str:
    """The header of a file that has none: the numbers of its columns, as many as its first record
    has fields.
    """
    first = next(iter(dialect.reader(iter(text.splitlines(keepends=True)))), [])
    return dialect.delimiter.join(str(number + 1) for number in range(len(first))) + "\n"


def _one_column(headers: Sequence[str], delimiter: str) -> tuple[str, ...]:
    """A word where the delimiter may be another: a header of one column that holds a usual
    delimiter.
    """
    other = [
        sign for sign in ";\t,|" if len(headers) == 1 and sign in headers[0] and sign != delimiter
    ]
    return (
        (
            (
                f"the header is one column and holds {_shown(other[0])}: is that the delimiter? "
                "Then "
                f"write delimiter = {_toml(other[0])}"
            ),
        )
        if other
        else ()
    )


def _shown(delimiter: str) -> str:
    return {"\t": "tab", " ": "blank"}.get(delimiter, delimiter)


def _toml(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'


def _renamed(reason: str, headers: Sequence[str], encoding: str) -> str:
    """A reason with the file's own header and encoding in it."""
    if not reason.startswith(NOT_UTF8):
        return reason
    reason = reason.replace("UTF-8", encoding if encoding != "utf-8" else "UTF-8", 1)
    head, _, number = reason.rpartition(" field ")
    named = (
        f"{head} column {letter(int(number) - 1)} '{headers[int(number) - 1]}'"
        if head and number.isdigit()
        else reason
    )
    return named + ("; encoding says which encoding the file has" if encoding == "utf-8" else "")


def _shifted(numbered: Callable[[], str], shift: int) -> str:
    return (
        f"SELECT * REPLACE (_line + {shift} AS _line) FROM ({numbered()})" if shift else numbered()
    )


def _shift_lines(lines: LineFinder, shift: int, rows: Sequence[int]) -> dict[int, int]:
    return {row: line + shift for row, line in lines(rows).items()}


def _together(tables: Sequence[RawTable], mapping: TableMapping) -> RawTable:
    """Several files as one table: columns meet by header, and a line's number says which file it is
    in.
    """
    headers = tuple(dict.fromkeys(header for table in tables for header in table.headers))
    needed = set(mapping.headers)
    flags = any(table.flags for table in tables)
    parts, rejects = [], []
    for number, table in enumerate(tables):
        lacking = sorted(needed & set(headers) - set(table.headers))
        if lacking and not mapping.select and not table.flags:
            raise missing(table, lacking[0], mapping)
        parts.append(_part(number, table, headers, flags=flags))
        rejects += [
            Reject(number * FILE_LINES + reject.line, reject.reason, reject.value)
            for reject in table.rejects
        ]
    relation = " UNION ALL ".join(parts)
    digest = hashlib.sha256(
        "|".join(f"{table.place}:{table.digest}" for table in tables).encode()
    ).hexdigest()
    first = replace(tables[0], place=f"{tables[0].place} and {len(tables) - 1} more")
    return replace(
        first,
        headers=headers,
        relation=relation,
        numbered=lambda: relation,
        lines=partial(lines_of, relation),
        digest=digest,
        rejects=tuple(rejects),
        flags=flags,
        files=tuple(table.place for table in tables),
        hold=tables,
        notices=tuple(dict.fromkeys(note for table in tables for note in table.notices)),
        counts=tuple(count for table in tables for count in table.counts),
        doubts=tuple(dict.fromkeys(doubt for table in tables for doubt in table.doubts)),
    )


def _part(number: int, table: RawTable, headers: Sequence[str], *, flags: bool) -> str:
    at = {header: index for index, header in enumerate(table.headers)}
    cells = [
        f"{f'c{at[header]}' if header in at else 'NULL::VARCHAR'} AS c{index}"
        for index, header in enumerate(headers)
    ]
    if flags:
        cells += [
            f"{f't{at[header]}' if table.flags and header in at else 'false'} AS t{index}"
            for index, header in enumerate(headers)
        ]
    return (
        f"SELECT {', '.join(cells)}, _line + {number * FILE_LINES} AS _line FROM "
        f"({table.numbered()})"
    )


def missing(table: RawTable, header: str, mapping: TableMapping) -> DataError:
    """The error of a header that a mapping names and a file does not have."""
    from difflib import get_close_matches

    at = f"{table.place}, line {table.header_row}"
    twice = [name for name in table.headers if name.startswith(f"{header} (column ")]
    if twice:
        return DataError(
            f"{at}: the header holds '{header}' {len(twice)} times.",
            code="bad_header",
            hint="Say which: " + " or ".join(f'"{name}"' for name in twice) + ".",
        )
    wanted = set(mapping.headers)
    for line, cells in table.first:
        known = wanted & set(cells)
        if (
            line != table.header_row
            and header in known
            and len(known) > len(wanted & set(table.headers))
        ):
            shown = ", ".join(f"'{cell}'" for cell in cells if cell)[:120]
            return DataError(
                f"{at}: there is no column '{header}'.",
                code="missing_column",
                hint=f"The header row seems to be line {line}: it holds {shown}. Then write "
                f"header_row = {line}.",
            )
    bare = {
        "".join(letter for letter in name.casefold() if letter.isalnum()): name
        for name in table.headers
    }
    near = bare.get("".join(letter for letter in header.casefold() if letter.isalnum())) or next(
        iter(get_close_matches(header, table.headers, n=1)), None
    )
    shown = ", ".join(repr(name) for name in table.headers[:12]) + (
        ", ..." if len(table.headers) > 12 else ""  # noqa: PLR2004
    )
    hint = (
        f"Did you mean {near!r} (column {letter(table.headers.index(near))})?"
        if near
        else f"There are {shown}."
    )
    return DataError(
        f"{at}: there is no column '{header}', which {mapping.place} names.",
        code="missing_column",
        hint=" ".join([hint, *table.notices]),
    )
