"""A mapping to begin with: what a file leaves no doubt about is written down, everything else
stands there as a question.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from kampass.errors import DataError
from kampass.intake.mapping.mapping import FORMATS, TableMapping, parse
from kampass.intake.mapping.source import MappedSource
from kampass.intake.readers.files import open_raw
from kampass.intake.readers.raw import RawTable
from kampass.model import TABLES, Column

_DELIMITERS = ",;\t|"


def draft(file: Path, table: str, name: str = "mine") -> str:
    """The text of a mapping of one table from one file."""
    said: dict[str, Any] = {"file": file.name, **form_of(file), "columns": {"id": {"constant": ""}}}
    raw = open_raw(
        file.parent, replace(parse(f"[sources.{name}]", "accounts", said), table=table), None
    )
    filled = same_names(table, raw)
    lines = [
        f"[sources.{_key(name)}]",
        'kind = "mapped"',
        f"path = {_toml(str(file.resolve().parent))}",
        "",
        f"[sources.{_key(name)}.tables.{table}]",
    ]
    lines += [f"{key} = {_toml(value)}" for key, value in said.items() if key != "columns"]
    lines += [f"[sources.{_key(name)}.tables.{table}.columns]"]
    asked = _asked(file, table, {**said, "columns": filled}) if filled else {}
    for column in TABLES[table].columns:
        lines += _lines(column, filled.get(column.name), asked.get(column.name, ()))
    left = [header for header in raw.headers if header not in filled.values()]
    if left:
        lines += [
            "",
            "# Headers that nothing is filled with yet:",
            *(f"#   {_toml(header)}" for header in left),
        ]
    return "\n".join(lines) + "\n"


def form_of(file: Path) -> dict[str, Any]:
    """What the file's own bytes leave no doubt about: the delimiter, where its first line holds
    only one of the usual ones.
    """
    if FORMATS.get(file.suffix.lower().lstrip("."), "") != "csv":
        return {}
    with file.open("rb") as stream:
        first = stream.readline(1 << 20)
    try:
        text = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            f"{file.name}, line 1 is not UTF-8.",
            code="unreadable_file",
            hint="Write the mapping by hand and say the encoding; docs/mapping.md shows how.",
        ) from None
    found = [sign for sign in _DELIMITERS if sign in text]
    usual = "\t" if file.suffix.lower() in {".tsv", ".tab"} else ","
    return {"delimiter": found[0]} if len(found) == 1 and found[0] != usual else {}


def same_names(table: str, raw: RawTable) -> dict[str, str]:
    """Each column of a table with the one header that says its name, where there is one."""
    return {
        column.name: header for column in TABLES[table].columns if (header := _same(column, raw))
    }


def _same(column: Column, raw: RawTable) -> str | None:
    """The one header that says the column's name, apart from its letter case, blanks and signs."""
    found = [header for header in raw.headers if _bare(header) == _bare(column.name)]
    return found[0] if len(found) == 1 else None


def _bare(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _asked(file: Path, table: str, said: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The lines that would answer what a column leaves open."""
    mapping: TableMapping = parse("[sources.mine]", table, said)
    view = MappedSource("mine", file.parent, (mapping,)).view(table)
    return {
        question.column: tuple(
            f"{reading.setting}   # {question.examples[0][1]} is {reading.values[0]}"
            for reading in question.readings
        )
        for question in view.questions
    }


def _lines(column: Column, header: str | None, answers: tuple[str, ...]) -> list[str]:
    needed = ", required" if column.required else ""
    listed = f", one of {', '.join(column.choices)}" if column.choices else ""
    if header is None:
        return (
            [f'# {column.name} = ""   # {column.type}{needed}{listed}']
            if column.required or column.name not in {"updated_at", "deleted_at"}
            else []
        )
    if answers:
        return [
            f"# Which of these is {column.name}? Take the # away from one:",
            *(f"# {answer}" for answer in answers),
        ]
    return [f"{column.name} = {_toml(header)}"]


def _toml(value: object) -> str:
    """A text as TOML writes it; what cannot be printed is escaped."""
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"'
        + "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in escaped)
        + '"'
    )


def _key(name: str) -> str:
    """A name as a part of a TOML heading."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)
