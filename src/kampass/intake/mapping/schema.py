"""The keys of a mapping: what each means, what holds where it is left out, which values it takes.

`mapping.py` makes values of what this lets pass, and checks what depends on the canonical column;
`docs/mapping.md` lists the same keys.
"""

import codecs
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from kampass.model import TABLES
from kampass.validation import WrittenTable, amiss, close, key, says, wrong

SEE = "See docs/mapping.md."
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


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise wrong("{place}: {key} is a text, not {value!r}.", 'Write {key} = "...".')
    return value


def _known_table(name: str) -> str:
    if name not in TABLES:
        raise wrong(
            "{place}: there is no table '{value}'.{near}",
            f"Tables: {', '.join(TABLES)}.",
            near=close(name, TABLES),
        )
    return name


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(
            "{place}: there is no time zone '{value}'.", "Write an IANA name such as Europe/Berlin."
        ) from None
    return name


def _thousands(sign: str) -> str:
    if len(sign) > 1 or sign.isalnum() or sign == "-":
        raise wrong("{place}: thousands is one sign, not {value!r}.", 'Such as ".", "," or " ".')
    return sign


def _files(files: str | list[str]) -> str | list[str]:
    if not files or not all(files):
        raise wrong(*TableKeys.lacking["file"])
    return files


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except (LookupError, TypeError, ValueError):
        raise wrong(
            "{place}: there is no encoding '{value}'.",
            'Write "utf-8", "windows-1252", "utf-16" or another of Python\'s names.',
        ) from None
    if found.name.replace("-", "_") in _ODD_ENCODINGS:
        raise wrong(
            "{place}: '{value}' is no encoding of files.",
            'Write "utf-8", "windows-1252" or "utf-16".',
        )
    return name


def _columns(value: object, found: ValidationInfo) -> object:
    """Columns may be left out where a SELECT stands."""
    if not isinstance(value, dict) or not (value or found.data.get("select", "") is not None):
        raise wrong(
            "{place}: columns are needed.",
            'Write {inside}.columns] and below it id = "Customer No" and so on.',
        )
    return value


def _pairs(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise wrong(
            "{place}: values is a list of pairs.",
            '{{ column = "Area", values = {{ "1" = "emea" }} }}',
        )
    return value


Text = Annotated[str, BeforeValidator(_text)]
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
_ONE_LETTER = says("{place}: {key} is one letter, not {value!r}.", 'For a tab write "\\t".')
_HOW_MANY = says(
    "{place}: {key} cannot be {value!r}.",
    "header_row counts from 1; distinct is true or false.",
    kind=object,
)


TableName = Annotated[str, AfterValidator(_known_table)]
Coverage = Annotated[
    Literal["", "up_to_load"],
    says(
        '{place}: coverage is "up_to_load", not {value!r}.',
        "Leave it out where an old file says nothing of the days after it.",
        kind=object,
    ),
]
COVERAGE: Any = key(
    '`"up_to_load"`: no later row means that nothing happened, however old the newest is', ""
)


class MappingKeys(WrittenTable):
    """One table of a mapping."""

    listed = "docs/mapping.md lists every key."


class ReadingKeys(MappingKeys):
    """How cells are read: what a table says for all its columns, or a column for itself."""

    timezone: Annotated[str, AfterValidator(_zone), BeforeValidator(_text)] = key(
        "the zone of timestamps without an offset (IANA name)", ""
    )
    fold: Annotated[
        Literal["first", "second"],
        says(
            "{place}: fold is first or second, not '{value}'.",
            "It says which of two instants is meant where clocks were put back.",
        ),
        BeforeValidator(_text),
    ] = key(
        "`first` or `second`: which is meant of a time that was twice because clocks were put "
        "back; without it such a row is set aside. A time that never was is always set aside",
        "first",
        otherwise="none",
    )
    decimal: Annotated[
        Literal["", ".", ","],
        says('{place}: decimal is "." or ",", not {value!r}.', SEE),
        BeforeValidator(_text),
    ] = key("`.` or `,`", ".")
    thousands: Annotated[str, AfterValidator(_thousands), BeforeValidator(_text)] = key(
        "one sign; a number whose thousands are not in threes does not read", ""
    )
    null: Texts = key("words that mean empty; an empty cell always does", [])
    trim: Annotated[bool, says("{place}: trim is true or false.", SEE, kind=object)] = key(
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


class ColumnKeys(ReadingKeys):
    """What one canonical column (or attribute) is made of; a header alone is short for `column`."""

    column: Text = key("a header; in JSON lines a path such as `address.city`", "")
    columns: Texts = key(
        "several headers joined by `join`; empty where one of them is. A key is not joined by a "
        "sign that more than one of them holds",
        [],
    )
    join: Text = key("the text between `columns`", "")
    constant: Constant = key("the same for every row", "")
    date: Texts = key('formats of a day, one or a list: `"%d.%m.%Y"`', [])
    timestamp: Texts = key(
        'formats of an instant: `"%Y-%m-%d %H:%M:%S"`; `"unix"` and `"unix_ms"` count from 1970', []
    )
    true: Texts = key("the words for true, beside `false`; another word is set aside", [])
    false: Texts = key("the words for false", [])
    remove: Texts = key('signs to take off a number, such as `["€", "%"]`', [])
    values: Annotated[dict[str, Constant], BeforeValidator(_pairs)] = key(
        "what becomes of each value", None
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
        if known and len(said.keys() & {"column", "columns", "constant"}) != 1:
            raise amiss(
                "{place}: it is filled by exactly one of column, columns and constant.",
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
        if len(said & {"date", "timestamp", "values", "true"}) > 1:
            raise amiss(
                "{place}: a column is read in one way.",
                "Keep one of date, timestamp, values, and true with false.",
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


class ColumnsTable(MappingKeys):
    """`[sources.<name>.tables.<table>.columns]`: canonical columns by name, and `extra`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, ColumnKeys]

    extra: Texts = key("headers that become attributes of accounts under their own name", [])


class TableKeys(ReadingKeys):
    """`[sources.<name>.tables.<table>]`: the file, and how it is read."""

    lacking: ClassVar = {
        "file": (
            "{place}: a file is needed.",
            'Write file = "orders.csv", a list of files, or file = "orders-*.csv".',
        )
    }

    file: Annotated[Texts, AfterValidator(_files)] = key(
        'a file below `path`; a list of files; or a pattern such as `"orders-*.csv"`, whose files '
        "are read in the order of their names"
    )
    select: Text = key("one SELECT over the file, see below", None)
    columns: Annotated[ColumnsTable, BeforeValidator(_columns)] = key(
        "what fills each column", {}, validate_default=True
    )
    format: Annotated[
        Literal["csv", "excel", "jsonl"],
        says("{place}: there is no format '{value}'.", "Write csv, excel or jsonl."),
        BeforeValidator(_text),
    ] = key(
        "`csv` (.csv, .txt, .tsv, .tab), `excel` (.xlsx, .xlsm) or `jsonl` (.jsonl, .ndjson)",
        "csv",
        otherwise="by the name's ending",
    )
    sheet: Text = key(
        "needed where a workbook has several, hidden ones included", "", otherwise="the only one"
    )
    encoding: Annotated[str, AfterValidator(_encoding), BeforeValidator(_text)] = key(
        "`windows-1252`, `utf-16`, ...; a byte that does not read sets its line aside", "utf-8"
    )
    delimiter: Annotated[
        str, StringConstraints(pattern=r"^[^\n\r\x00]$"), _ONE_LETTER, BeforeValidator(_text)
    ] = key("one letter", ",", otherwise="`,`, or a tab for .tsv and .tab")
    quote: Annotated[
        str, StringConstraints(pattern=r"^[^\n\r\x00]?$"), _ONE_LETTER, BeforeValidator(_text)
    ] = key('one letter; `""` where nothing is quoted', '"', otherwise='`"`')
    escape: Annotated[
        str, StringConstraints(pattern=r"^[^\n\r\x00]?$"), _ONE_LETTER, BeforeValidator(_text)
    ] = key(
        "the letter before a quote inside quotes, where quotes are not doubled",
        "",
    )
    header_row: Annotated[int, Field(ge=1), _HOW_MANY] = key(
        "the line of the header; what stands above is skipped", 1
    )
    distinct: Annotated[bool, _HOW_MANY] = key(
        "one row of the lines that share a key. Where they disagree they are set aside",
        default=False,
    )
    coverage: Coverage = COVERAGE

    @model_validator(mode="before")
    @classmethod
    def _table(cls, said: object) -> object:
        if not isinstance(said, dict):
            raise amiss("{place}: a table is mapped by keys such as file and columns.", SEE)
        return said


Tables = dict[TableName, TableKeys]


class MappedTables(MappingKeys):
    """The tables of one source."""

    tables: Tables = key("what fills each table")
