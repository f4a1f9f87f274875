"""The keys of one column of a mapping, and those that say how cells are read."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from kampass.intake.mapping.intervals import INTERVALS
from kampass.periods import is_zone
from kampass.validation import WrittenTable, amiss, key, says, wrong

SEE = "See docs/mapping.md."
SMALLEST, LARGEST = 0.000001, 1_000_000_000


def a_text(value: object) -> object:
    """A text; nothing else stands for one."""
    if not isinstance(value, str):
        raise wrong("{place}: {key} is a text, not {value!r}.", 'Write {key} = "...".')
    return value


def _zone(name: str) -> str:
    if not is_zone(name):
        raise wrong(
            "{place}: there is no time zone '{value}'.", "Write an IANA name such as Europe/Berlin."
        )
    return name


def _thousands(sign: str) -> str:
    if len(sign) > 1 or sign.isalnum() or sign == "-":
        raise wrong("{place}: thousands is one sign, not {value!r}.", 'Such as ".", "," or " ".')
    return sign


def _pairs(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise wrong(
            "{place}: values is a list of pairs.",
            '{{ column = "Area", values = {{ "1" = "emea" }} }}',
        )
    return value


Text = Annotated[str, BeforeValidator(a_text)]
Texts = Annotated[
    str | list[str],
    says("{place}: {key} is a text or a list of texts, not {value!r}.", SEE, kind=object),
]
Constant = Annotated[
    bool | str | int | float | datetime | date,
    says(
        "{place}: {value!r} is no constant.",
        "Write a text, a number, a date, true or false.",
        kind=object,
    ),
]


def _pattern(text: str) -> str:
    """A regular expression that reads in time that grows with the text alone (RE2)."""
    from kampass.intake.readers.patterns import trouble_with

    if found := trouble_with(text):
        raise wrong(
            "{place}: {value!r} is no regular expression: {found}.",
            "Look-arounds and back references are not read. In TOML write '...' around it.",
            found=found,
        )
    return text


def _group(text: str) -> str:
    if "(" not in text.replace(r"\(", "").replace("(?", ""):
        raise wrong(
            "{place}: {value!r} has no group, so no part is taken.", r"Write part = '^(\d+)'."
        )
    return text


def _interval(said: object) -> object:
    """A word for an interval stands for itself."""
    if isinstance(said, dict):
        return said
    if said not in [word for words in INTERVALS.values() for word in words]:
        raise wrong(
            "{place}: per is an interval or names a column, not {value!r}.",
            'Write per = "year", "quarter", "month", "week" or "day", or {{ column = "..." }}.',
        )
    return {"every": said}


def _factor(said: object) -> object:
    """A number above 0 with at most six decimals."""
    if (
        not isinstance(said, int | float)
        or isinstance(said, bool)
        or not SMALLEST <= said <= LARGEST
        or round(said, 6) != said
    ):
        raise wrong(
            "{place}: scale is a number from 0.000001 to 1000000000, not {value!r}.",
            "Cents are scale = 0.01, thousands scale = 1000.",
        )
    return said


Pattern = Annotated[str, AfterValidator(_pattern), BeforeValidator(a_text)]
Flag = Annotated[bool, says("{place}: {key} is true or false.", SEE, kind=object)]


class MappingKeys(WrittenTable):
    """One table of a mapping."""

    listed = "docs/mapping.md lists every key."


class ReadingKeys(MappingKeys):
    """How cells are read: what a table says for all its columns, or a column for itself."""

    timezone: Annotated[str, AfterValidator(_zone), BeforeValidator(a_text)] = key(
        "the zone of timestamps without an offset (IANA name)", ""
    )
    fold: Annotated[
        Literal["first", "second"],
        says(
            "{place}: fold is first or second, not '{value}'.",
            "It says which of two instants is meant where clocks were put back.",
        ),
        BeforeValidator(a_text),
    ] = key(
        "`first` or `second`: which is meant of a time that was twice because clocks were put "
        "back; without it such a row is set aside. A time that never was is always set aside",
        "first",
        otherwise="none",
    )
    decimal: Annotated[
        Literal["", ".", ","],
        says('{place}: decimal is "." or ",", not {value!r}.', SEE),
        BeforeValidator(a_text),
    ] = key("`.` or `,`", ".")
    thousands: Annotated[str, AfterValidator(_thousands), BeforeValidator(a_text)] = key(
        "one sign; a number whose thousands are not in threes does not read", ""
    )
    null: Texts = key("words that mean empty; an empty cell always does", [])
    trim: Flag = key(
        "take blanks away at both ends, no-break and zero-width ones too", default=False
    )
    pivot: Annotated[
        int,
        Field(ge=0, le=100),
        says(
            "{place}: pivot is a year from 0 to 100, not {value!r}.",
            "Two-digit years below it are 20xx, the others 19xx.",
            kind=object,
        ),
    ] = key("two-digit years below it are 20xx, the others 19xx", 69)

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        decimal = self.decimal if "decimal" in self.model_fields_set else ""
        if self.thousands in {".", ","} and decimal in {"", self.thousands}:
            raise amiss(
                "{place}: with thousands = {thousands!r} the decimal sign has to be said.",
                f'Write decimal = "{"," if self.thousands == "." else "."}".',
                thousands=self.thousands,
            )
        return self


class IntervalKeys(MappingKeys):
    """`per = { ... }`: which columns hold the interval that an amount is for."""

    every: str = key('the interval itself; `per = "year"` is short for it', "")
    column: Text = key("the header of the interval: year, quarter, month, week, day", "")
    count: Text = key("the header of how many intervals the amount is for", "")


class ColumnKeys(ReadingKeys):
    """What one canonical column (or attribute) is made of; a header alone is short for `column`."""

    column: Text = key("a header; in JSON lines a path such as `address.city`", "")
    columns: Texts = key(
        "several headers joined by `join`; empty where one of them is. A key is not joined by a "
        "sign that more than one of them holds",
        [],
    )
    join: Text = key("the text between `columns`", "")
    first_of: Texts = key("several headers: the first whose cell holds anything", [])
    constant: Constant = key("the same for every row", "")
    where: Text = key("where this condition does not hold, the cell counts as empty", "")
    part: Annotated[Pattern, AfterValidator(_group)] = key(
        "a regular expression whose first group is taken of the text, such as `'^(\\d+)'`; a text "
        "that it does not find is set aside",
        "",
    )
    left: Annotated[
        int, Field(ge=1), says("{place}: left is a number of letters, not {value!r}.", kind=object)
    ] = key("so many of the first letters", 0, otherwise="all")
    lower: Flag = key("in lower case, such as e-mails that are keys", default=False)
    upper: Flag = key("in upper case", default=False)
    prefix: Text = key(
        "a text to put before an id, such as `crm:`, where another source has the same ids for "
        "other rows; the columns that name the id get it too",
        "",
    )
    date: Texts = key(
        'formats of a day, one or a list: `"%d.%m.%Y"`; `"excel"` counts days from 1899-12-30, '
        '`"excel1904"` from 1904-01-01',
        [],
    )
    timestamp: Texts = key(
        'formats of an instant: `"%Y-%m-%d %H:%M:%S"`; `"unix"` and `"unix_ms"` count from 1970, '
        '`"excel"` counts days',
        [],
    )
    inclusive: Flag = key(
        "the day is the last one of its span: the day after is meant, as `valid_to` has it",
        default=False,
    )
    true: Texts = key("the words for true, beside `false`; another word is set aside", [])
    false: Texts = key("the words for false", [])
    remove: Texts = key('signs to take off a number, such as `["€", "%"]`', [])
    negative: Annotated[
        Literal["", "brackets", "trailing"],
        says(
            '{place}: negative is "brackets" or "trailing", not {value!r}.', "A minus needs no key."
        ),
        BeforeValidator(a_text),
    ] = key(
        "`brackets`: `(2,000.00)` is below zero; `trailing`: `2,000.00-` is",
        "",
        otherwise="a minus",
    )
    unit: Annotated[
        Literal["", "minutes", "hours", "days", "h:mm"],
        says("{place}: unit is minutes, hours, days or h:mm, not '{value}'.", SEE),
        BeforeValidator(a_text),
    ] = key("of a length of time: `minutes`, `hours`, `days` or `h:mm`", "")
    after: Text = key("the instant that long after this column of the same row", "")
    per: Annotated[IntervalKeys, BeforeValidator(_interval)] = key(
        'what an amount is for, `"year"`, `"quarter"`, `"month"`, `"week"` or `"day"`, '
        'or `{ column = "Interval", count = "Interval Count" }`: it becomes the amount for a '
        "month (/ 12, / 3, x 52 / 12, x 365 / 12), rounded at the sixth decimal",
        None,
    )
    times: Text = key("the header of a number that the amount is multiplied by", "")
    minus: Text = key(
        "the header of a number that is taken off the amount, such as what was refunded of it; an "
        "empty cell takes off nothing",
        "",
    )
    scale: Annotated[float, BeforeValidator(_factor)] = key(
        "what an amount is multiplied by: `0.01` where cents are written, `1000` where thousands "
        "are",
        1,
    )
    values: Annotated[dict[str, Constant], BeforeValidator(_pairs)] = key(
        'what becomes of each value; `""` is an empty cell', None
    )
    otherwise: Annotated[
        Literal["quarantine", "keep", "empty"],
        says(
            "{place}: otherwise goes with values and is quarantine, keep or empty.",
            SEE,
            kind=object,
        ),
    ] = key("of a value that is not listed: `quarantine`, `keep` or `empty`", "quarantine")

    @model_validator(mode="before")
    @classmethod
    def _one_origin(cls, said: object) -> object:
        said = {"column": said} if isinstance(said, str) else said
        if not isinstance(said, dict):
            raise amiss(
                "{place}: a column is filled by a header or by keys, not by {value!r}.",
                'Write {key} = "Header" or {key} = {{ column = "Header" }}.',
            )
        known = said.keys() <= cls.model_fields.keys()
        if known and len(said.keys() & {"column", "columns", "first_of", "constant"}) != 1:
            raise amiss(
                "{place}: it is filled by exactly one of column, columns, first_of and constant.",
                'Write {{ column = "Header" }}.',
            )
        return said

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        said = self.model_fields_set
        several = not isinstance(self.columns, str) and len(self.columns) > 1
        if "columns" in said and not (several and "join" in said):
            raise amiss(
                "{place}: columns are two or more, with a join.",
                '{{ columns = ["Order ID", "Line"], join = "-" }}',
            )
        if len(said & {"date", "timestamp", "values", "true", "unit"}) > 1:
            raise amiss(
                "{place}: a column is read in one way.",
                "Keep one of date, timestamp, values, unit, and true with false.",
            )
        if self.lower and self.upper:
            raise amiss("{place}: lower and upper cannot both be.", "Keep one.")
        if "prefix" in said and "constant" in said:
            raise amiss("{place}: a constant has no prefix.", "Write it into the constant.")
        if "after" in said and "unit" not in said:
            raise amiss(
                "{place}: after goes with a unit.", 'unit = "minutes", after = "created_at"'
            )
        if "otherwise" in said and "values" not in said:
            raise amiss(
                "{place}: otherwise goes with values and is quarantine, keep or empty.", SEE
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A text stands for a header."""
        return {"anyOf": [{"type": "string"}, handler(core)]}
