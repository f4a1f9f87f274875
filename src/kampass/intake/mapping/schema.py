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

from kampass.errors import suggested
from kampass.intake.mapping.column_schema import (
    SEE,
    ColumnKeys,
    MappingKeys,
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
        BeforeValidator(a_text),
    ] = key(
        "`csv` (.csv, .txt, .tsv, .tab), `excel` (.xlsx, .xlsm) or `jsonl` (.jsonl, .ndjson)",
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
    header_row: Annotated[int, Field(ge=1), _HOW_MANY] = key(
        "the line of the header; what stands above is skipped", 1
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


Tables = dict[TableName, TableKeys]


class MappedTables(MappingKeys):
    """The tables of one source."""

    tables: Tables = key("what fills each table")
