"""A mapping as a value: what `[sources.<name>.tables.<table>]` of the settings says, checked when
it is read.

What a table says of dates, numbers and blanks holds for its columns, unless a column says otherwise
itself.
"""

import codecs
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import PurePath
from typing import Any, cast

from kampass.errors import DataError
from kampass.intake.mapping.intervals import BillingInterval
from kampass.intake.mapping.meaning import digest_of
from kampass.intake.readers.formats import DateFormat, compile_format
from kampass.model import TABLES, Column, Table

FORMATS = {
    "csv": "csv",
    "txt": "csv",
    "tsv": "csv",
    "tab": "csv",
    "xlsx": "excel",
    "xlsm": "excel",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "parquet": "parquet",
}
_FORM = (
    "format",
    "sheet",
    "header_row",
    "delimiter",
    "quote",
    "escape",
    "encoding",
    "select",
    "distinct",
    "keep",
    "footer",
    "where",
    "shape",
)
_OF_A_FILE = _FORM[: _FORM.index("select")]
MOVEMENTS = Table(
    "movements",
    (
        Column("account_id", "text", required=True, refers_to="accounts"),
        Column("on", "date", required=True),
        Column("amount", "decimal"),
        Column(
            "movement",
            "text",
            required=True,
            choices=("new", "upgrade", "downgrade", "cancel", "reactivation"),
        ),
        Column("product_id", "text", refers_to="products"),
        Column("currency", "text"),
    ),
    key=("account_id", "on"),
    about="a log of what MRR changed by, which becomes subscriptions",
)
KEEPING = tuple(name for name, table in TABLES.items() if table.more)
"""The tables that keep columns which are none of the model's."""
_SHAPE = (
    "part",
    "left",
    "inclusive",
    "negative",
    "unit",
    "after",
    "times",
    "minus",
    "where",
    "prefix",
)
_READING = ("timezone", "fold", "decimal", "thousands", "trim")


@dataclass(frozen=True)
class Filling:
    """What one canonical column (or attribute) is made of.

    `columns` are headers of the file, joined by `join` where there are several, or the `first` of
    them that holds anything; without any, `constant` stands. `home` is the zone whose days count,
    `timezone` the one in which the file's clocks hung.
    """

    name: str
    columns: tuple[str, ...] = ()
    constant: str | None = None
    join: str = ""
    trim: bool = False
    null: tuple[str, ...] = ()
    date: tuple[DateFormat, ...] = ()
    timestamp: tuple[DateFormat, ...] = ()
    timezone: str | None = None
    fold: str = ""
    decimal: str = ""
    thousands: str = ""
    remove: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    otherwise: str = "quarantine"
    first: bool = False
    part: str = ""
    left: int = 0
    case: str = ""
    inclusive: bool = False
    negative: str = ""
    unit: str = ""
    after: str = ""
    per: BillingInterval | None = None
    times: str = ""
    minus: str = ""
    scale: str = ""
    where: str = ""
    prefix: str = ""
    home: str = ""

    @property
    def told(self) -> str:
        """Where it comes from, as people say it."""
        between = " or " if self.first else " + "
        return between.join(self.columns) if self.columns else f"the constant {self.constant}"

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that it names, apart from those of its condition."""
        per = (self.per.column, self.per.count) if self.per else ()
        return tuple(filter(None, (*self.columns, *per, self.times, self.minus)))


@dataclass(frozen=True)
class TableMapping:
    """How one canonical table is read: its files, their form, and what fills each column.

    `place` is what the settings call it; `written` is everything they say of how it is
    read, for the digest.
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
    keep: str = ""
    skip_rows: tuple[int, ...] = ()
    footer: str = ""
    join: "JoinedFile | None" = None
    where: str = ""
    shape: str = ""
    extra: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    zone: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that its columns name."""
        named = (header for filling in self.fillings for header in filling.headers)
        return tuple(dict.fromkeys([*named, *self.extra]))

    @property
    def model(self) -> Table:
        """The table whose columns it fills: a log's, where it is one."""
        return MOVEMENTS if self.shape else TABLES[self.table]

    def in_currency(self, currency: str) -> "TableMapping":
        """The same; a log that names no currency is in this one. A SELECT names its own."""
        named = self.select or any(filling.name == "currency" for filling in self.fillings)
        if not self.shape or named:
            return self
        return replace(self, fillings=(*self.fillings, Filling("currency", constant=currency)))

    def in_zone(self, zone: str) -> "TableMapping":
        """The same; where an instant becomes a day, it is the day in this zone."""
        fillings = tuple(replace(filling, home=zone) for filling in self.fillings)
        return replace(self, fillings=fillings, zone=zone)

    @property
    def reading(self) -> str:
        """A digest of what the settings make of a file's cells, however they are written: which
        file that is, and which of a key's lines counts, are no part of it.
        """
        return digest_of(self)


@dataclass(frozen=True)
class JoinedFile:
    """A second file: how it is read, and which header of the table's own file is which there."""

    reading: TableMapping
    on: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """What its columns begin with: the file's name without its ending."""
        return PurePath(self.reading.files[0]).name.partition(".")[0]


def parse(place: str, table: str, said: object, *, checked: bool = False) -> TableMapping:
    """The mapping of one table, or the error a person made in it; `place` is its source's heading
    in the settings. Where its keys are `checked`, only what the canonical columns ask is.
    """
    if not checked:
        _check(place, table, said)
    return _mapping(f"{place[:-1]}.tables.{table}]", table, cast("dict[str, Any]", said))


def model_of(table: str) -> Table:
    """A table of the model, or the log that becomes one."""
    return MOVEMENTS if table == MOVEMENTS.name else TABLES[table]


def parse_all(
    place: str, table: str, said: object, *, checked: bool = False
) -> tuple[TableMapping, ...]:
    """The mappings of one table, which may be written in several blocks."""
    blocks = said if isinstance(said, list) else [said]
    if not checked:
        _check(place, table, blocks)
    return tuple(parse(place, table, block, checked=True) for block in blocks)


def place_of(source: str, loc: Sequence[int | str]) -> dict[str, str]:
    """What the settings call the part of a source to which these keys lead."""
    loc = [key for key in loc if isinstance(key, str)]
    inside = ".".join([source[:-1], *map(str, loc[:2])])
    place = f"{inside}.columns] {loc[3]}" if loc[3:] else f"{inside}]"
    return {"place": place, "inside": inside}


def _check(place: str, table: str, said: object) -> None:
    from kampass.intake.mapping.schema import MappedTables
    from kampass.validation import trouble

    wrong = trouble(MappedTables, {"tables": {table: said}}, partial(place_of, place))
    if wrong:
        raise DataError(wrong[0], code="bad_settings", hint=wrong[1])


def _mapping(place: str, table: str, said: dict[str, Any]) -> TableMapping:
    columns = said.get("columns", {})
    extra = _texts(columns, "extra")
    if extra and table not in KEEPING:
        raise _wrong(
            place, f"'{table}' keeps no further columns.", f"These do: {', '.join(KEEPING)}."
        )
    defaults = _reading(said)
    filled = _log_or(table, said, place)
    fillings = tuple(
        _filling(filled, name, what, defaults, place)
        for name, what in columns.items()
        if name != "extra"
    )
    _once(filled, fillings, extra, place)
    _after_another(fillings, place)
    form = _form(said, _FORM)
    return TableMapping(
        table,
        place,
        _texts(said, "file"),
        fillings,
        json.dumps(
            {key: said[key] for key in said if key != "coverage"}, sort_keys=True, default=str
        ),
        skip_rows=tuple(said.get("skip_rows", ())),
        join=_beside(place, table, said["join"]) if "join" in said else None,
        extra=extra,
        defaults=defaults,
        **form,
    )


def _log_or(table: str, said: dict[str, Any], place: str) -> str:
    """The table whose columns a mapping fills: a log's, where it is one."""
    if not said.get("shape"):
        return table
    if table != "subscriptions" or said.get("distinct") or "extra" in said.get("columns", {}):
        raise _wrong(
            place,
            "movements become subscriptions, and each line of the log counts.",
            "Leave out shape, or distinct and extra.",
        )
    lacking = [
        column.name
        for column in MOVEMENTS.columns
        if column.required and column.name not in said.get("columns", {})
    ]
    if lacking and "select" not in said:
        raise _wrong(place, f"movements need {' and '.join(lacking)}.", "See docs/mapping.md.")
    return MOVEMENTS.name


def _form(said: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    form = {key: said[key] for key in keys if key in said}
    if "encoding" in form:
        form["encoding"] = codecs.lookup(form["encoding"]).name
    return form


def _beside(place: str, table: str, said: dict[str, Any]) -> JoinedFile:
    """A second file, read in its own form."""
    written = json.dumps(said, sort_keys=True)
    form = _form(said, _OF_A_FILE)
    reading = TableMapping(table, f"{place} join", (said["file"],), (), written, **form)
    return JoinedFile(reading, tuple(said["on"].items()))


def _reading(said: dict[str, Any]) -> dict[str, Any]:
    """How cells are read: what a table says for all its columns, or a column for itself."""
    found = {key: said[key] for key in (*_READING, "pivot") if key in said}
    return found | ({"null": _texts(said, "null")} if "null" in said else {})


def _filling(
    table: str, name: str, what: str | dict[str, Any], defaults: dict[str, Any], place: str
) -> Filling:
    """What fills one column."""
    at = f"{place[:-1]}.columns] {name}"
    if not (model_of(table).more or model_of(table).has(name)):
        raise _wrong(
            at,
            f"'{table}' has no column '{name}'.{_close(name, model_of(table).names)}",
            f"'kampass template {table}' shows every column.",
        )
    said = {"column": what} if isinstance(what, str) else what
    column = model_of(table).column(name) if model_of(table).has(name) else Column(name, "text")
    reading = defaults | _reading(said)
    pivot = reading.pop("pivot", 69)
    typed: dict[str, Any] = {
        "date": _formats(said, "date", column, pivot, at),
        "timestamp": _formats(said, "timestamp", column, pivot, at),
    }
    shape = _shape(said, column, at)
    return Filling(name, **_origin(said), **typed, **reading, **shape, **_words(said, column, at))


def _origin(said: dict[str, Any]) -> dict[str, Any]:
    if "constant" in said:
        return {"constant": _constant(said["constant"])}
    if "first_of" in said:
        return {"columns": _texts(said, "first_of"), "first": True}
    columns = _texts(said, "columns") or (said["column"],)
    return {"columns": columns, "join": said.get("join", "") if "columns" in said else ""}


def _shape(said: dict[str, Any], column: Column, at: str) -> dict[str, Any]:
    """What is taken of a text, and what an amount or a length of time is for."""
    _fits_column(said, column, at)
    found = {key: said[key] for key in _SHAPE if key in said}
    if said.get("lower") or said.get("upper"):
        found["case"] = "lower" if said.get("lower") else "upper"
    if "scale" in said:
        found["scale"] = f"{said['scale']:.6f}".rstrip("0").rstrip(".")
    per = said.get("per")
    if per:
        found["per"] = BillingInterval(**per) if isinstance(per, dict) else BillingInterval(per)
    return found


def _fits_column(said: dict[str, Any], column: Column, at: str) -> None:
    """A key that says nothing of a column's type is an error and not ignored."""
    fits = {
        "inclusive": (column.type == "date", "is for the last day of a span", "Leave it out."),
        "negative": (column.type in {"decimal", "rate", "integer"}, "is for numbers", ""),
        "per": (
            column.type == "decimal",
            "is for amounts of money",
            'mrr = { ..., per = "year" }',
        ),
        "times": (column.type == "decimal", "is for amounts of money", ""),
        "minus": (column.type == "decimal", "is for amounts of money", ""),
        "scale": (column.type == "decimal", "is for amounts of money", ""),
        "after": (column.type == "instant", "is for an instant", ""),
        "prefix": (
            column.type == "text" and not column.choices,
            "is for ids",
            'id = { column = "...", prefix = "crm:" }',
        ),
    }
    for key, (fit, words, hint) in fits.items():
        if key in said and not fit:
            raise _wrong(at, f"{key} {words}; it holds {column.type}.", hint)
    long = column.name == "minutes" or ("after" in said and column.type == "instant")
    if "unit" in said and not long:
        raise _wrong(
            at,
            "unit is for minutes, and for an instant with after.",
            'first_replied_at = { column = "...", unit = "minutes", after = "created_at" }',
        )


def _formats(
    said: dict[str, Any], key: str, column: Column, pivot: int, at: str
) -> tuple[DateFormat, ...]:
    if key not in said:
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
            compile_format(text, pivot, instant=key == "timestamp") for text in _texts(said, key)
        )
    except ValueError as wrong:
        raise _wrong(
            at, f"{wrong}.", 'A day reads as "%d.%m.%Y", an instant as "%Y-%m-%d %H:%M:%S".'
        ) from None


def _words(said: dict[str, Any], column: Column, at: str) -> dict[str, Any]:
    """Words for true and false, a list of values, and signs to take away."""
    found = {key: _texts(said, key) for key in ("true", "false", "remove") if key in said}
    if ("true" in said) != ("false" in said) or ("true" in said and column.type != "bool"):
        raise _wrong(
            at,
            "true and false go together, for a column that is either.",
            '{ column = "Test?", true = ["Y"], false = ["N"] }',
        )
    if set(found.get("true", ())) & set(found.get("false", ())):
        raise _wrong(at, "a word is both true and false.", "Keep it in one list.")
    if "remove" in said and column.type not in {"decimal", "rate", "integer"}:
        raise _wrong(at, "remove is for numbers.", "")
    pairs = tuple((old, _constant(value)) for old, value in said.get("values", {}).items())
    return found | {"values": pairs, "otherwise": said.get("otherwise", "quarantine")}


def _once(table: str, fillings: Sequence[Filling], extra: Sequence[str], place: str) -> None:
    """No column is filled twice, in whatever letter case."""
    names = [*(filling.name for filling in fillings), *extra]
    for name in names:
        if sum(other.casefold() == name.casefold() for other in names) > 1:
            raise _wrong(place, f"'{name}' is filled twice.", "Keep one.")
        if not model_of(table).has(name) and (
            near := [known for known in model_of(table).names if known == name.strip().casefold()]
        ):
            raise _wrong(
                place,
                f"'{name}' differs from the column '{near[0]}' only in its letter case.",
                f"Write {near[0]}, or give the attribute another name.",
            )


def _after_another(fillings: Sequence[Filling], place: str) -> None:
    """A length of time is counted from a column that is filled, and by an instant."""
    starts = {filling.name for filling in fillings if not filling.after}
    for filling in fillings:
        if filling.after and filling.after not in starts:
            raise _wrong(
                f"{place[:-1]}.columns] {filling.name}",
                f"after is '{filling.after}', which is not filled.{_close(filling.after, starts)}",
                'Name a column that is filled here, such as after = "created_at".',
            )


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _texts(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """One text or a list of them."""
    value = said.get(key, ())
    return (value,) if isinstance(value, str) else tuple(value)


def _close(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _wrong(at: str, message: str, hint: str) -> DataError:
    return DataError(f"{at}: {message}", code="bad_settings", hint=hint or "See docs/mapping.md.")
