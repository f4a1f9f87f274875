"""The keys of a mapping: what each means, what holds where it is left out, which values it takes.

`mapping.py` makes values of what this lets pass, and checks what depends on the canonical column;
`docs/mapping.md` lists the same keys.
"""

import codecs
from typing import Annotated, Any, ClassVar, Literal

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

from kampass.errors import suggested
from kampass.intake.mapping.column_schema import (
    SEE,
    ColumnKeys,
    MappingKeys,
    Pattern,
    ReadingKeys,
    Text,
    Texts,
    a_text,
)
from kampass.model import TABLES
from kampass.validation import amiss, key, says, wrong

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


def _known_table(name: str) -> str:
    if name not in TABLES:
        raise wrong(
            "{place}: there is no table '{value}'.{near}",
            f"Tables: {', '.join(TABLES)}.",
            near=suggested(name, TABLES),
        )
    return name


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


_ONE_LETTER = says("{place}: {key} is one letter, not {value!r}.", 'For a tab write "\\t".')
_HOW_MANY = says(
    "{place}: {key} cannot be {value!r}.",
    "header_row counts from 1; distinct is true or false.",
    kind=object,
)

_FIRST_OR_LAST = says(
    '{place}: keep is "first" or "last", not {value!r}.',
    "It says which of two lines counts that share a key and differ.",
    kind=object,
)

_LINES = says(
    "{place}: skip_rows is a list of line numbers, not {value!r}.", "skip_rows = [2, 3]", kind=list
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


class ColumnsTable(MappingKeys):
    """`[sources.<name>.tables.<table>.columns]`: canonical columns by name, and `extra`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, ColumnKeys]

    extra: Texts = key(
        "headers that are kept under their own name: attributes of accounts, and columns of "
        "tickets, deals, responses, purchases, touches, contracts and subscriptions",
        [],
    )


class FormKeys(MappingKeys):
    """The form of a file: of a table's own, and of one that is joined to it."""

    format: Annotated[
        Literal["csv", "excel", "jsonl", "parquet"],
        says("{place}: there is no format '{value}'.", "Write csv, excel, jsonl or parquet."),
        BeforeValidator(a_text),
    ] = key(
        "`csv` (.csv, .txt, .tsv, .tab), `excel` (.xlsx, .xlsm), `jsonl` (.jsonl, .ndjson) or "
        "`parquet`; each may be packed, as .gz or as the one file of a .zip",
        "csv",
        otherwise="by the name's ending",
    )
    sheet: Text = key(
        "needed where a workbook has several, hidden ones included", "", otherwise="the only one"
    )
    encoding: Annotated[str, AfterValidator(_encoding), BeforeValidator(a_text)] = key(
        "`windows-1252`, `utf-16`, ...; a byte that does not read sets its line aside", "utf-8"
    )
    delimiter: Annotated[
        str, StringConstraints(pattern=r"^[^\n\r\x00]$"), _ONE_LETTER, BeforeValidator(a_text)
    ] = key("one letter", ",", otherwise="`,`, or a tab for .tsv and .tab")
    quote: Annotated[
        str, StringConstraints(pattern=r"^[^\n\r\x00]?$"), _ONE_LETTER, BeforeValidator(a_text)
    ] = key('one letter; `""` where nothing is quoted', '"', otherwise='`"`')
    escape: Annotated[
        str, StringConstraints(pattern=r"^[^\n\r\x00]?$"), _ONE_LETTER, BeforeValidator(a_text)
    ] = key(
        "the letter before a quote inside quotes, where quotes are not doubled",
        "",
    )
    header_row: Annotated[int, Field(ge=0), _HOW_MANY] = key(
        "the line of the header; what stands above is skipped. `0`: there is none, and the columns "
        'are called `"1"`, `"2"` and so on',
        1,
    )


class JoinKeys(FormKeys):
    """`join = { ... }`: a second file whose columns stand beside each row."""

    file: Annotated[str, BeforeValidator(a_text)] = key("the second file")
    on: Annotated[
        dict[str, str],
        Field(min_length=1),
        says(
            "{place}: on says which header here is which there, not {value!r}.",
            'on = {{ "Plan" = "Name" }}',
            kind=dict,
        ),
    ] = key('which header of this file is which there, `{ "Plan" = "Name" }`')


class TableKeys(FormKeys, ReadingKeys):
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
    skip_rows: Annotated[list[Annotated[int, Field(ge=1)]], _LINES] = key(
        "lines that are no rows, by number: what stands below a header of several lines", []
    )
    footer: Pattern = key(
        "a regular expression: from the first line whose first filled cell it finds, the rest of "
        "the file is left out, torn lines too",
        "",
    )
    join: JoinKeys = key("a second file's columns beside each row, see below", None)
    where: Text = key("the rows to keep, by a condition over headers, see below", "")
    shape: Annotated[
        Literal["", "movements"],
        says('{place}: shape is "movements", not {value!r}.', SEE),
        BeforeValidator(a_text),
    ] = key('`"movements"`: of subscriptions, the file is a log of what changed, see below', "")
    select: Text = key("one SELECT over the file, see below", None)
    columns: Annotated[ColumnsTable, BeforeValidator(_columns)] = key(
        "what fills each column", {}, validate_default=True
    )
    distinct: Annotated[bool, _HOW_MANY] = key(
        "one row of the lines that share a key. Where they disagree they are set aside",
        default=False,
    )
    keep: Annotated[Literal["", "first", "last"], _FIRST_OR_LAST] = key(
        '`"first"` or `"last"`: which of two lines counts that share a key and differ, where no '
        "`updated_at` orders them",
        "",
        otherwise="the last, and a load with many such lines waits",
    )
    coverage: Coverage = COVERAGE

    @model_validator(mode="before")
    @classmethod
    def _table(cls, said: object) -> object:
        if not isinstance(said, dict):
            raise amiss("{place}: a table is mapped by keys such as file and columns.", SEE)
        return said


def _blocks(said: object) -> object:
    """A table is mapped once, or by several blocks."""
    return said if isinstance(said, list) else [said]


class _OneOrMore:
    """For editors: one block, or a list of them."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        several = handler(core)
        return {"anyOf": [several["items"], several]}


Tables = dict[
    TableName,
    Annotated[list[TableKeys], Field(min_length=1), BeforeValidator(_blocks), _OneOrMore()],
]


class MappedTables(MappingKeys):
    """The tables of one source."""

    tables: Tables = key("what fills each table")
