"""A mapping as a value: what `[sources.<name>.tables.<table>]` of the settings says, checked when
it is read.

What a table says of dates, numbers and blanks holds for its columns, unless a column says otherwise
itself.
"""

import codecs
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kampass.errors import DataError
from kampass.intake.readers.formats import Format, compile_format
from kampass.model import TABLES, Column

FORMATS = {
    "csv": "csv",
    "txt": "csv",
    "tsv": "csv",
    "tab": "csv",
    "xlsx": "excel",
    "xlsm": "excel",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
}
_FILE_KEYS = {
    "file",
    "format",
    "sheet",
    "header_row",
    "delimiter",
    "quote",
    "escape",
    "encoding",
    "select",
    "distinct",
    "columns",
}
_READING_KEYS = {"timezone", "fold", "pivot", "decimal", "thousands", "null", "trim"}
_COLUMN_KEYS = {
    "column",
    "columns",
    "join",
    "constant",
    "date",
    "timestamp",
    "remove",
    "true",
    "false",
    "values",
    "otherwise",
} | _READING_KEYS
_ODD_ENCODINGS = {
    "idna",
    "punycode",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
    "utf_7",
    "mbcs",
    "oem",
}
_OTHERWISE = {"quarantine", "keep", "empty"}


@dataclass(frozen=True)
class Filling:
    """What one canonical column (or attribute) is made of.

    `columns` are headers of the file, joined by `join` where there are several; without any,
    `constant` stands.
    """

    name: str
    columns: tuple[str, ...] = ()
    constant: str | None = None
    join: str = ""
    trim: bool = False
    null: tuple[str, ...] = ()
    date: tuple[Format, ...] = ()
    timestamp: tuple[Format, ...] = ()
    timezone: str | None = None
    fold: str = ""
    decimal: str = ""
    thousands: str = ""
    remove: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    otherwise: str = "quarantine"

    @property
    def told(self) -> str:
        """Where it comes from, as people say it."""
        return " + ".join(self.columns) if self.columns else f"the constant {self.constant}"


@dataclass(frozen=True)
class TableMapping:
    """How one canonical table is read: its files, their form, and what fills each column.

    `place` is what the settings call it; `written` is everything they say of it, for the digest.
    """

    table: str
    place: str
    files: tuple[str, ...]
    fillings: tuple[Filling, ...]
    written: str
    format: str = ""
    sheet: str | None = None
    header_row: int = 1
    delimiter: str = ""
    quote: str = '"'
    escape: str = ""
    encoding: str = ""
    select: str | None = None
    select_line: int = 0
    distinct: bool = False
    extra: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


def parse(place: str, table: str, said: object) -> TableMapping:
    """The mapping of one table, or the error a person made in it; `place` is its heading in the
    settings.
    """
    place = f"{place[:-1]}.tables.{table}]"
    if table not in TABLES:
        raise _wrong(
            place,
            f"there is no table '{table}'.{_close(table, TABLES)}",
            f"Tables: {', '.join(TABLES)}.",
        )
    if not isinstance(said, dict):
        raise _wrong(place, "a table is mapped by keys such as file and columns.", "")
    _known(said, _FILE_KEYS | _READING_KEYS, place)
    files = _texts(said, "file", place)
    if not files or not all(files):
        raise _wrong(
            place,
            "a file is needed.",
            'Write file = "orders.csv", a list of files, or file = "orders-*.csv".',
        )
    defaults = _reading(said, place)
    columns = said.get("columns", {})
    if not isinstance(columns, dict) or not (columns or "select" in said):
        raise _wrong(
            place,
            "columns are needed.",
            f'Write [{place[1:-1]}.columns] and below it id = "Customer No" and so on.',
        )
    extra = _texts(columns, "extra", place)
    if extra and table != "accounts":
        raise _wrong(place, "only accounts keep further columns.", "Leave extra out.")
    fillings = tuple(
        _filling(table, name, what, defaults, place)
        for name, what in columns.items()
        if name != "extra"
    )
    _once(table, fillings, extra, place)
    return TableMapping(
        table,
        place,
        files,
        fillings,
        json.dumps(said, sort_keys=True, default=str),
        extra=extra,
        defaults=defaults,
        **_form(said, place),
    )


def _form(said: dict[str, Any], place: str) -> dict[str, Any]:
    """How the file itself is read."""
    form: dict[str, Any] = {}
    for key in ("format", "sheet", "encoding", "select", "escape", "quote", "delimiter"):
        if key in said:
            form[key] = _text(said, key, place)
    if form.get("format", "csv") not in set(FORMATS.values()):
        raise _wrong(place, f"there is no format '{form['format']}'.", "Write csv, excel or jsonl.")
    for key, fewest in (("delimiter", 1), ("quote", 0), ("escape", 0)):
        if key in form and (not fewest <= len(form[key]) <= 1 or form[key] in {"\n", "\r", "\0"}):
            raise _wrong(
                place, f"{key} is one letter, not {form[key]!r}.", 'For a tab write "\\t".'
            )
    for key, kind in (("header_row", int), ("distinct", bool)):
        if key in said:
            form[key] = said[key]
            if not isinstance(said[key], kind) or (
                kind is int and (isinstance(said[key], bool) or said[key] < 1)
            ):
                raise _wrong(
                    place,
                    f"{key} cannot be {said[key]!r}.",
                    "header_row counts from 1; distinct is true or false.",
                )
    if "encoding" in form:
        form["encoding"] = _encoding(form["encoding"], place)
    return form


def _encoding(name: str, place: str) -> str:
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except (LookupError, TypeError, ValueError):
        raise _wrong(
            place,
            f"there is no encoding '{name}'.",
            'Write "utf-8", "windows-1252", "utf-16" or another of Python\'s names.',
        ) from None
    if found.name.replace("-", "_") in _ODD_ENCODINGS:
        raise _wrong(
            place,
            f"'{name}' is no encoding of files.",
            'Write "utf-8", "windows-1252" or "utf-16".',
        )
    return found.name


def _reading(said: dict[str, Any], place: str) -> dict[str, Any]:
    """How cells are read: what a table says for all its columns, or a column for itself."""
    found: dict[str, Any] = {}
    for key in ("timezone", "fold", "decimal", "thousands"):
        if key in said:
            found[key] = _text(said, key, place)
    if "null" in said:
        found["null"] = _texts(said, "null", place)
    if "trim" in said:
        if not isinstance(said["trim"], bool):
            raise _wrong(place, "trim is true or false.", "")
        found["trim"] = said["trim"]
    if "pivot" in said:
        if (
            not isinstance(said["pivot"], int)
            or isinstance(said["pivot"], bool)
            or not 0 <= said["pivot"] <= 100  # noqa: PLR2004
        ):
            raise _wrong(
                place,
                f"pivot is a year from 0 to 100, not {said['pivot']!r}.",
                "Two-digit years below it are 20xx, the others 19xx.",
            )
        found["pivot"] = said["pivot"]
    _consistent(found, place)
    return found


def _consistent(found: dict[str, Any], place: str) -> None:
    if "timezone" in found:
        try:
            ZoneInfo(found["timezone"])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise _wrong(
                place,
                f"there is no time zone '{found['timezone']}'.",
                "Write an IANA name such as Europe/Berlin.",
            ) from None
    if found.get("fold", "first") not in {"first", "second"}:
        raise _wrong(
            place,
            f"fold is first or second, not '{found['fold']}'.",
            "It says which of two instants is meant where clocks were put back.",
        )
    decimal, thousands = found.get("decimal", ""), found.get("thousands", "")
    if decimal not in {"", ".", ","}:
        raise _wrong(place, f'decimal is "." or ",", not {decimal!r}.', "")
    if len(thousands) > 1 or thousands.isalnum() or thousands == "-":
        raise _wrong(
            place, f"thousands is one sign, not {thousands!r}.", 'Such as ".", "," or " ".'
        )
    if thousands in {".", ","} and (decimal == thousands or not decimal):
        raise _wrong(
            place,
            f"with thousands = {thousands!r} the decimal sign has to be said.",
            f'Write decimal = "{"," if thousands == "." else "."}".',
        )


def _filling(table: str, name: str, what: object, defaults: dict[str, Any], place: str) -> Filling:
    """What fills one column."""
    at = f"{place[:-1]}.columns] {name}"
    if table != "accounts" and not TABLES[table].has(name):
        raise _wrong(
            at,
            f"'{table}' has no column '{name}'.{_close(name, TABLES[table].names)}",
            f"'kampass template {table}' shows every column.",
        )
    if isinstance(what, str):
        what = {"column": what}
    if not isinstance(what, dict):
        raise _wrong(
            at,
            f"a column is filled by a header or by keys, not by {what!r}.",
            f'Write {name} = "Header" or {name} = {{ column = "Header" }}.',
        )
    _known(what, _COLUMN_KEYS, at)
    column = TABLES[table].column(name) if TABLES[table].has(name) else Column(name, "text")
    origin = _origin(what, at)
    reading = defaults | _reading(what, at)
    pivot = reading.pop("pivot", 69)
    typed: dict[str, Any] = {
        "date": _formats(what, "date", column, pivot, at),
        "timestamp": _formats(what, "timestamp", column, pivot, at),
    }
    if len([key for key in ("date", "timestamp", "values", "true") if key in what]) > 1:
        raise _wrong(
            at,
            "a column is read in one way.",
            "Keep one of date, timestamp, values, and true with false.",
        )
    return Filling(name, **origin, **typed, **reading, **_words(what, column, at))


def _origin(what: dict[str, Any], at: str) -> dict[str, Any]:
    stated = [key for key in ("column", "columns", "constant") if key in what]
    if len(stated) != 1:
        raise _wrong(
            at,
            "it is filled by exactly one of column, columns and constant.",
            'Write { column = "Header" }.',
        )
    if stated == ["constant"]:
        return {"constant": _constant(what["constant"], at)}
    if stated == ["column"]:
        return {"columns": (_text(what, "column", at),)}
    columns = _texts(what, "columns", at)
    if len(columns) < 2 or "join" not in what:  # noqa: PLR2004 - several
        raise _wrong(
            at,
            "columns are two or more, with a join.",
            '{ columns = ["Order ID", "Line"], join = "-" }',
        )
    return {"columns": columns, "join": _text(what, "join", at)}


def _formats(
    what: dict[str, Any], key: str, column: Column, pivot: int, at: str
) -> tuple[Format, ...]:
    if key not in what:
        return ()
    allowed = {"date": {"date", "instant"}, "timestamp": {"instant"}}[key]
    if column.type not in allowed:
        raise _wrong(
            at,
            f"it holds {'a date' if column.type == 'date' else column.type}, not a {key}.",
            "Leave the key out." if column.type != "date" else "Write date.",
        )
    try:
        return tuple(
            compile_format(text, pivot, instant=key == "timestamp")
            for text in _texts(what, key, at)
        )
    except ValueError as wrong:
        raise _wrong(
            at, f"{wrong}.", 'A day reads as "%d.%m.%Y", an instant as "%Y-%m-%d %H:%M:%S".'
        ) from None


def _words(what: dict[str, Any], column: Column, at: str) -> dict[str, Any]:
    """Words for true and false, a list of values, and signs to take away."""
    found: dict[str, Any] = {}
    if ("true" in what) != ("false" in what) or ("true" in what and column.type != "bool"):
        raise _wrong(
            at,
            "true and false go together, for a column that is either.",
            '{ column = "Test?", true = ["Y"], false = ["N"] }',
        )
    if "true" in what:
        found = {"true": _texts(what, "true", at), "false": _texts(what, "false", at)}
        if set(found["true"]) & set(found["false"]):
            raise _wrong(at, "a word is both true and false.", "Keep it in one list.")
    if "remove" in what:
        if column.type not in {"decimal", "rate", "integer"}:
            raise _wrong(at, "remove is for numbers.", "")
        found["remove"] = _texts(what, "remove", at)
    if "values" in what:
        if not isinstance(what["values"], dict) or not what["values"]:
            raise _wrong(
                at, "values is a list of pairs.", '{ column = "Area", values = { "1" = "emea" } }'
            )
        found["values"] = tuple(
            (key, _constant(value, at)) for key, value in what["values"].items()
        )
    if "otherwise" in what:
        if "values" not in what or what["otherwise"] not in _OTHERWISE:
            raise _wrong(at, "otherwise goes with values and is quarantine, keep or empty.", "")
        found["otherwise"] = what["otherwise"]
    return found


def _once(table: str, fillings: Sequence[Filling], extra: Sequence[str], place: str) -> None:
    """No column is filled twice, in whatever letter case."""
    names = [*(filling.name for filling in fillings), *extra]
    for name in names:
        if sum(other.casefold() == name.casefold() for other in names) > 1:
            raise _wrong(place, f"'{name}' is filled twice.", "Keep one.")
        if not TABLES[table].has(name) and (
            near := [known for known in TABLES[table].names if known == name.strip().casefold()]
        ):
            raise _wrong(
                place,
                f"'{name}' differs from the column '{near[0]}' only in its letter case.",
                f"Write {near[0]}, or give the attribute another name.",
            )


def _constant(value: object, at: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    raise _wrong(at, f"{value!r} is no constant.", "Write a text, a number, a date, true or false.")


def _text(said: dict[str, Any], key: str, at: str) -> str:
    if not isinstance(said[key], str):
        raise _wrong(at, f"{key} is a text, not {said[key]!r}.", f'Write {key} = "...".')
    return str(said[key])


def _texts(said: dict[str, Any], key: str, at: str) -> tuple[str, ...]:
    """One text or a list of them."""
    value = said.get(key, ())
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(text, str) for text in listed):
        raise _wrong(at, f"{key} is a text or a list of texts, not {value!r}.", "")
    return tuple(listed)


def _known(said: Mapping[str, Any], known: set[str], at: str) -> None:
    for key in said:
        if key not in known:
            raise _wrong(
                at,
                f"there is no key '{key}'.{_close(key, known)}",
                "docs/mapping.md lists every key.",
            )


def _close(name: str, known: Any) -> str:  # noqa: ANN401 - any iterable of names
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _wrong(at: str, message: str, hint: str) -> DataError:
    return DataError(f"{at}: {message}", code="bad_settings", hint=hint or "See docs/mapping.md.")
