"""A mapping as the fields of a form, and back: what a person can say of a file without writing
TOML.

What a field says is checked by the same parser as `kampass.toml`. A mapping that says more than the
fields can (a SELECT, columns joined) was written by hand and is left alone.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kampass.errors import DataError
from kampass.intake.mapping.questions import OpenQuestion
from kampass.model import TABLES, Column

DAYS = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d %b %Y",
    "%b %d, %Y",
)
CLOCKS = (" %H:%M", " %H:%M:%S")
NUMBERS = {
    ",.": "1.234,56",
    ", ": "1 234,56",
    ",'": "1'234,56",
    ",": "1234,56",
    ".,": "1,234.56",
    ". ": "1 234.56",
    ".'": "1'234.56",
    ".": "1234.56",
}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar |"}
ENCODINGS = (
    "utf-8",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "mac_roman",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "shift_jis",
    "gb18030",
)
_FILE = {
    "encoding",
    "delimiter",
    "header_row",
    "sheet",
    "decimal",
    "thousands",
    "timezone",
    "null",
    "trim",
    "columns",
    "file",
}
_COLUMN = {
    "column",
    "constant",
    "date",
    "timestamp",
    "decimal",
    "thousands",
    "true",
    "false",
    "values",
    "otherwise",
}
_POINTS = ("decimal", "thousands")
_SIGNS = ("remove", "negative", "null")
_COLUMN |= {*_SIGNS}
_LAST = datetime(2026, 12, 31, 17, 5, 9)  # noqa: DTZ001 - an example without a zone


@dataclass(frozen=True)
class Choice:
    """What is chosen for one canonical column: `header` or a `constant`, how it is `read`, the
    words for true and false, pairs of `values`.
    """

    column: Column
    header: str = ""
    constant: str | None = None
    read: str = ""
    true: str = ""
    false: str = ""
    values: str = ""
    question: OpenQuestion | None = None

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        """How a column of its type may be read: code and words."""
        if self.column.type in {"decimal", "rate", "integer"}:
            found = [
                ("", "as said for the file"),
                *((f"number:{code}", text) for code, text in NUMBERS.items()),
            ]
        elif self.column.type == "date":
            found = [("", "2026-12-31"), *((f"date:{form}", _example(form)) for form in DAYS)]
        elif self.column.type == "instant":
            timed = [f"{form}{clock}" for form in ("%Y-%m-%d", *DAYS) for clock in CLOCKS]
            found = [
                ("", "2026-12-31T17:05:09Z"),
                *((f"timestamp:{form}", _example(form)) for form in timed),
            ]
            found += [
                ("timestamp:unix", "seconds since 1970"),
                ("timestamp:unix_ms", "milliseconds since 1970"),
            ]
            found += [(f"date:{form}", _example(form)) for form in DAYS]
        else:
            return ()
        known = {code for code, _ in found}
        return (
            *found,
            *([(self.read, self.read.partition(":")[2])] if self.read not in known else []),
        )

    @property
    def readings(self) -> tuple[tuple[str, str, int], ...]:
        """The answers to the question this column raises: code, what the examples would be, how
        many values do not read so.
        """
        if self.question is None or self.asks_zone:
            return ()
        return tuple(
            (
                code_of(tomllib.loads(reading.setting)[self.column.name]),
                "; ".join(reading.values),
                reading.unread,
            )
            for reading in self.question.readings
        )

    @property
    def asks_zone(self) -> bool:
        """Whether the question is in which zone the clock stood."""
        return self.question is not None and all(
            "timezone" in reading.setting for reading in self.question.readings
        )


def by_hand(said: Mapping[str, Any]) -> bool:
    """Whether a mapping says what no field can."""
    columns = [what for what in said.get("columns", {}).values() if isinstance(what, dict)]
    return bool(set(said) - _FILE) or any(
        set(what) - _COLUMN or isinstance(what.get("date", ""), list) for what in columns
    )


def choices(
    table: str, said: Mapping[str, Any], questions: Sequence[OpenQuestion] = ()
) -> list[Choice]:
    """What is chosen for every column of a table."""
    asked = {question.column: question for question in reversed(questions)}
    stated = said.get("columns", {})
    return [
        _choice(column, stated.get(column.name), asked.get(column.name))
        for column in TABLES[table].columns
    ]


def said_of(
    table: str, fields: Mapping[str, Sequence[str]], before: Mapping[str, Any]
) -> dict[str, Any]:
    """The mapping that the fields of a form say; what no field speaks of stays as it was."""
    said = {key: value for key, value in before.items() if key not in _FILE}
    said |= {
        key: fields[key][0]
        for key in ("encoding", "delimiter", "sheet", "timezone")
        if fields.get(key, [""])[0]
    }
    row = fields.get("header_row", ["1"])[0].strip() or "1"
    # A header further down is none.
    if not row.isdigit() or not 1 <= int(row) <= 1000:  # noqa: PLR2004
        raise DataError(
            f"The header cannot stand on line '{row[:20]}'.",
            code="bad_settings",
            hint="Write a line number from 1 to 1,000.",
        )
    if int(row) > 1:
        said["header_row"] = int(row)
    said |= _number(fields.get("numbers", [""])[0])
    words = _listed(fields.get("null", [""])[0])
    said |= {"null": words} if words else {}
    said |= {"trim": True} if fields.get("trim", [""])[0] else {}
    columns: dict[str, Any] = {
        column.name: what
        for column in TABLES[table].columns
        if (what := _what(column.name, fields)) is not None
    }
    if table == "accounts" and fields.get("extra"):
        columns["extra"] = [header for header in fields["extra"] if header]
    return said | {"columns": columns}


def numbers_of(said: Mapping[str, Any]) -> str:
    """The code of how a mapping says that numbers are written."""
    return f"{said.get('decimal', '')}{said.get('thousands', '')}"


def code_of(what: Mapping[str, Any]) -> str:
    """The code of how a column is read."""
    for key in ("date", "timestamp"):
        if key in what:
            return f"{key}:{what[key]}"
    if any(key in what for key in _SIGNS):
        signs = {key: what[key] for key in (*_SIGNS, *_POINTS) if key in what}
        return f"signs:{json.dumps(signs, ensure_ascii=False)}"
    numbers = numbers_of(what)
    return f"number:{numbers}" if numbers else ""


def _choice(column: Column, what: object, question: OpenQuestion | None) -> Choice:
    if what is None:
        return Choice(column)
    if not isinstance(what, dict):
        return Choice(column, str(what), question=question)
    pairs = "; ".join(f"{old} = {new}" for old, new in what.get("values", {}).items())
    return Choice(
        column,
        what.get("column", ""),
        None if "constant" not in what else str(what["constant"]),
        code_of(what),
        _joined(what.get("true", ())),
        _joined(what.get("false", ())),
        pairs,
        question,
    )


def _signs(form: str) -> dict[str, Any]:
    """The signs that a question's answer takes off a number, as its code says them."""
    try:
        said = json.loads(form)
    except ValueError:
        return {}
    return {key: said[key] for key in (*_SIGNS, *_POINTS) if key in said}


def _what(name: str, fields: Mapping[str, Sequence[str]]) -> dict[str, Any] | str | None:
    """What the fields say of one column; None where nothing fills it."""
    chosen, read = fields.get(f"from.{name}", [""])[0], fields.get(f"read.{name}", [""])[0]
    if chosen == "=":
        return {"constant": fields.get(f"constant.{name}", [""])[0]}
    if not chosen.startswith(":"):
        return None
    found: dict[str, Any] = {"column": chosen[1:]}
    key, _, form = read.partition(":")
    if key == "number":
        found |= _number(form)
    elif key in {"date", "timestamp"}:
        found[key] = form
    elif key == "signs":
        found |= _signs(form)
    true, false = (_listed(fields.get(f"{word}.{name}", [""])[0]) for word in ("true", "false"))
    if true or false:
        found |= {"true": true, "false": false}
    pairs = _pairs(fields.get(f"values.{name}", [""])[0], name)
    if pairs:
        found |= {"values": pairs, "otherwise": "keep"}
    return found if len(found) > 1 else chosen[1:]


def _number(code: str) -> dict[str, str]:
    if not code:
        return {}
    return {"decimal": code[0]} | ({"thousands": code[1:]} if code[1:] else {})


def _listed(text: str) -> list[str]:
    """Words parted by commas."""
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _joined(words: object) -> str:
    return (
        words
        if isinstance(words, str)
        else ", ".join(str(word) for word in words)
        if isinstance(words, list | tuple)
        else ""
    )


def _pairs(text: str, name: str) -> dict[str, str]:
    """What becomes of words: `Gewonnen = won; Verloren = lost`."""
    found = {}
    for part in filter(str.strip, text.split(";")):
        old, sign, new = part.rpartition("=")
        if not sign or not old.strip() or not new.strip():
            raise DataError(
                f"{name}: '{part.strip()[:60]}' is no pair.",
                code="bad_settings",
                hint="Write 'Gewonnen = won; Verloren = lost'.",
            )
        found[old.strip()] = new.strip()
    return found


def _example(form: str) -> str:
    """A day on which day and month cannot be mistaken, as a format writes it."""
    return _LAST.strftime(form)
