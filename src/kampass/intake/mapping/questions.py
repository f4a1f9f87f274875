"""What could be read in two ways and is not declared: asked about, with the lines that answer, and
never decided here.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kampass.intake.mapping.convert import Cell, cell, column_of
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.readers.formats import compile_format, date_sql
from kampass.model import Column
from kampass.model.conform import literal

_DAY = r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4}|\d{2})([ T].*)?"
_NUMBERS = {"decimal", "rate", "integer"}


@dataclass(frozen=True)
class ColumnReading:
    """One way to read a column: what the examples would be, the setting that says so, how many
    values it does not read.
    """

    values: tuple[str, ...]
    setting: str
    unread: int = 0


@dataclass(frozen=True)
class OpenQuestion:
    """A column whose values could be read in two ways, some of them with their lines, and the
    ways.
    """

    table: str
    column: str
    header: str
    what: str
    examples: tuple[tuple[int, str], ...]
    readings: tuple[ColumnReading, ...]

    def to_dict(self) -> dict[str, Any]:
        """The question, ready for JSON."""
        return asdict(self)


Ask = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Base:
    """The raw rows that are asked about: their SQL, whether cells may be typed, how to ask, and how
    to find a row's line.
    """

    sql: str
    flags: bool
    ask: Ask
    lines: Callable[[Sequence[int]], dict[int, int]]


def questions(mapping: TableMapping, base: Base, index: dict[str, int]) -> list[OpenQuestion]:
    """Every column of a mapping that its file's values leave open."""
    found = []
    for filling in mapping.fillings:
        column = column_of(mapping.table, filling.name)
        value = cell(filling, index, flags=base.flags)
        pattern = _open_pattern(filling, column)
        if pattern and len(filling.columns) == 1:
            found += _question(mapping, filling, _Values(base, _bare(filling, value), pattern))
            if column.type == "instant" and not filling.timezone:
                found += _zones(mapping, filling, _Values(base, value.text, pattern))
        elif _open_zone(filling, column):
            found += _zone_of_format(mapping, filling, _Values(base, _bare(filling, value), "date"))
    return found


def _open_pattern(filling: Filling, column: Column) -> str:
    """The kind of question a column may raise: none where its format is declared."""
    if filling.values or filling.true or filling.false or filling.date or filling.timestamp:
        return ""
    if column.type in {"date", "instant"}:
        return "date"
    return (
        "number"
        if column.type in _NUMBERS and not filling.decimal and not filling.thousands
        else ""
    )


def _open_zone(filling: Filling, column: Column) -> bool:
    """Whether a declared format leaves open in which zone its clock stood."""
    local = [
        form
        for form in filling.timestamp
        if "offset" not in form.parts and form.text not in {"unix", "unix_ms"}
    ]
    return column.type == "instant" and not filling.timezone and bool(local)


def _bare(filling: Filling, value: Cell) -> str:
    """The text a question is about: not what the file has typed, not what means empty."""
    text = f"trim({value.text})" if filling.trim else value.text
    for sign in filling.remove:
        text = f"trim(replace({text}, {literal(sign)}, ''))"
    return f"CASE WHEN NOT {value.typed} THEN {text} END" if value.typed else text


@dataclass(frozen=True)
class _Values:
    """The values of one column, to be asked about."""

    base: Base
    text: str
    kind: str

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask about them."""
        return self.base.ask(sql)

    def count(self, *conditions: str) -> list[int]:
        """How many values meet each condition."""
        if not conditions:
            return []
        counted = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
        return [
            int(number)
            for number in self.ask(
                f"SELECT {counted} FROM (SELECT {self.text} AS v FROM ({self.base.sql}))"
            )[0]
        ]

    def examples(self, condition: str) -> tuple[tuple[int, str], ...]:
        """A few different values that meet a condition, with their lines."""
        rows = self.ask(
            f"SELECT min(n), v FROM (SELECT row_number() OVER () AS n, {self.text} AS v FROM "
            f"({self.base.sql})) WHERE {condition} GROUP BY v ORDER BY 1 LIMIT 3"
        )
        at = self.base.lines([row[0] for row in rows]) if rows else {}
        return tuple((at[row], value) for row, value in rows)


def _question(mapping: TableMapping, filling: Filling, values: _Values) -> list[OpenQuestion]:
    return (
        _numbers(mapping, filling, values)
        if values.kind == "number"
        else _dates(mapping, filling, values)
    )


def _dates(mapping: TableMapping, filling: Filling, values: _Values) -> list[OpenQuestion]:
    first, second = (
        f"TRY_CAST(regexp_extract(v, '^{_DAY}$', {group}) AS INTEGER)" for group in (1, 3)
    )
    open_ = (
        f"(regexp_full_match(v, '{_DAY}') AND {first} BETWEEN 1 AND 12 AND {second} BETWEEN 1 "
        "AND 12)"
    )
    if not values.count(open_)[0]:
        return []
    examples = values.examples(open_)
    sign = next(letter for letter in examples[0][1] if letter in "./-")
    plain, _, time = examples[0][1].replace("T", " ").partition(" ")
    year = "%Y" if len(plain.rpartition(sign)[2]) == 4 else "%y"  # noqa: PLR2004 - digits
    orders = [f"%d{sign}%m{sign}{year}", f"%m{sign}%d{sign}{year}"] + (
        [f"%y{sign}%m{sign}%d"] if year == "%y" else []
    )
    unread = values.count(
        *(
            f"coalesce(v, '') <> '' AND {date_sql(compile_format(order), _DATE_PART)} IS NULL"
            for order in orders
        )
    )
    readings = []
    for order, count in zip(orders, unread, strict=True):
        shown = [
            values.ask(
                f"SELECT {date_sql(compile_format(order), _DATE_PART)} FROM (SELECT "
                f"{literal(value)} AS v)"
            )[0][0]
            for _, value in examples
        ]
        key = "timestamp" if time else "date"
        readings.append(
            ColumnReading(
                tuple(text or "not a date" for text in shown),
                _line(filling, f'{key} = "{order}{_time(examples[0][1], time)}"'),
                count,
            )
        )
    return [
        OpenQuestion(
            mapping.table,
            filling.name,
            filling.told,
            "which is the day, which the month?",
            examples,
            tuple(readings),
        )
    ]


_DATE_PART = "regexp_extract(v, '^[^ T]*')"


def _time(text: str, time: str) -> str:
    """The format of what follows the date."""
    if not time:
        return ""
    parts = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"]
    return ("T" if "T" in text else " ") + parts[
        min(2, max(0, time.count(":") - 1) + ("." in time))
    ]


def _zones(mapping: TableMapping, filling: Filling, values: _Values) -> list[OpenQuestion]:
    local = r"regexp_full_match(v, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.]\d+)?)?')"
    return _zone(mapping, filling, values, local)


def _zone_of_format(mapping: TableMapping, filling: Filling, values: _Values) -> list[OpenQuestion]:
    """The zone of a format without an offset, where there is anything to read by it."""
    forms = ", ".join(f'"{form.text}"' for form in filling.timestamp)
    written = forms if len(filling.timestamp) == 1 else f"[{forms}]"
    return _zone(mapping, filling, values, "v <> ''", f"timestamp = {written}, ")


def _zone(
    mapping: TableMapping, filling: Filling, values: _Values, asked: str, form: str = ""
) -> list[OpenQuestion]:
    """The zone of the values that a condition finds; those without a format read as ISO 8601."""
    if not values.count(asked)[0]:
        return []
    examples = values.examples(asked)
    texts = [value if form else value.replace(" ", "T") for _, value in examples]
    shown = tuple(
        ColumnReading(
            tuple(f"{text} in {zone}" for text in texts),
            _line(filling, f'{form}timezone = "{zone}"'),
        )
        for zone in ("UTC", "Europe/Berlin")
    )
    return [
        OpenQuestion(
            mapping.table,
            filling.name,
            filling.told,
            "which time zone are these in? (any IANA name)",
            examples,
            shown,
        )
    ]


def _numbers(mapping: TableMapping, filling: Filling, values: _Values) -> list[OpenQuestion]:
    point, comma = (rf"regexp_full_match(v, '-?[1-9]\d{{0,2}}[{sign}]\d{{3}}')" for sign in ".,")
    settled = rf"(regexp_full_match(v, '-?\d+[.]\d+') AND NOT {point})"
    points, commas, settles = values.count(point, comma, settled)
    found = []
    for sign, other, often in ((".", ",", points if not settles else 0), (",", ".", commas)):
        if not often:
            continue
        examples = values.examples(point if sign == "." else comma)
        whole = tuple(value.replace(sign, "") for _, value in examples)
        parts = tuple(value.replace(sign, ".") for _, value in examples)
        readings = (
            ColumnReading(whole, _line(filling, f'decimal = "{other}", thousands = "{sign}"')),
            ColumnReading(parts, _line(filling, f'decimal = "{sign}"')),
        )
        found.append(
            OpenQuestion(
                mapping.table,
                filling.name,
                filling.told,
                f"is '{sign}' the decimal sign, or does it part thousands?",
                examples,
                readings,
            )
        )
    return found[:1]


def _line(filling: Filling, setting: str) -> str:
    """The line of kampass.toml that answers."""
    header = filling.columns[0].replace("\\", "\\\\").replace('"', '\\"')
    return f'{filling.name} = {{ column = "{header}", {setting} }}'
