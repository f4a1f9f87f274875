"""XLSX: real numbers, real dates, texts that stay texts, and a sheet that says where the figures
come from.

The writer of the library rounds numbers to sixteen digits; ours writes the shortest digits that
make the same double.
"""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from kampass.engine.answer import Result
from kampass.errors import QuestionError
from kampass.render.files.about import About

MOST_ROWS = 1_048_575  # beside the header
_MOST_LETTERS = 32_767
_WHOLE = 2**53
_EXCEL_BEGINS = date(1900, 3, 1)  # it counts a 29 February 1900, which there never was
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_FORMATS = {
    "percent": '#,##0.0" %"',
    "money": "#,##0.00",
    "count": "#,##0",
    "points": "+0.0;-0.0;0.0",
    "hours": "#,##0.0",
    "days": "#,##0.0",
    "": "#,##0.00",
    "date": "yyyy-mm-dd",
    "instant": "yyyy-mm-dd hh:mm:ss",
    "general": "General",
}
_BY_UNIT = {
    "value",
    "low",
    "high",
    "change.value",
    "change.difference",
    "change.low",
    "change.high",
}
_WIDTHS = {
    "kpi": 26,
    "status": 13,
    "reason": 20,
    "definition": 26,
    "snapshot": 20,
    "through": 20,
    "known_at": 20,
    "fields": 60,
}


class _Exact(Worksheet):  # type: ignore[misc]
    """A sheet whose numbers are read as the doubles that they are."""

    def _xml_number_element(
        self, number: float, attributes: Sequence[tuple[str, Any]] = ()
    ) -> None:
        written = "".join(f' {key}="{self._escape_attributes(value)}"' for key, value in attributes)
        self.fh.write(f"<c{written}><v>{number!r}</v></c>")


def result_sheet(result: Result, about: About | None = None) -> bytes:
    """Answers as a workbook; beside each dimension of ids a column with the names."""
    table = result.to_arrow()
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    for dimension in result.dimensions:
        if any(name == dimension for name, _ in result.labels):
            columns = _beside(
                columns,
                f"dim.{dimension}",
                f"{dimension} name",
                [result.shown(answer, dimension) for answer in result],
            )
    units = [answer.unit for answer in result]
    said = about or About.of(result)
    return sheet(list(columns), zip(*columns.values(), strict=True), about=said, units=units)


def _beside(
    columns: dict[str, list[Any]], place: str, name: str, cells: list[Any]
) -> dict[str, list[Any]]:
    made = {}
    for key, value in columns.items():
        made[key] = value
        if key == place:
            made[name] = cells
    return made


def sheet(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    about: About,
    units: Sequence[str] = (),
) -> bytes:
    """Any table as a workbook, written row by row."""
    into = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(into, options) as book:
        book.set_properties(
            {
                "title": "Kampass",
                "created": (about.known_at or _MADE).astimezone(UTC).replace(tzinfo=None),
            }
        )
        page = _Page(book, "Figures", columns)
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise QuestionError(
                    "An XLSX sheet holds 1,048,576 rows, and this has more.",
                    code="too_many_rows",
                    hint="Export it as CSV or Parquet, or filter it.",
                )
            page.write(number, row, units[number - 1] if units else "")
        _about(book, about)
    return into.getvalue()


class _Page:
    """A sheet under its header."""

    def __init__(self, book: xlsxwriter.Workbook, name: str, columns: Sequence[str]) -> None:
        self.columns = columns
        self.formats = {
            name: book.add_format({"num_format": shape}) for name, shape in _FORMATS.items()
        }
        self.sheet = book.add_worksheet(name, worksheet_class=_Exact)
        self.sheet.freeze_panes(1, 0)
        head = book.add_format({"bold": True, "bottom": 1})
        for at, column in enumerate(columns):
            self.sheet.set_column(at, at, _WIDTHS.get(column, max(12, min(40, len(column) + 3))))
            self.sheet.write_string(0, at, clean(column), head)

    def write(self, number: int, row: Sequence[Any], unit: str) -> None:
        """One row."""
        for at, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
            shape = unit if column in _BY_UNIT else "general"
            self._cell(number, at, cell, self.formats.get(shape, self.formats[""]))

    def _cell(self, number: int, at: int, cell: Any, shape: Any) -> None:
        if cell is None:
            return
        if isinstance(cell, bool):
            self.sheet.write_boolean(number, at, cell)
        elif isinstance(cell, int | float | Decimal | Fraction) and not (
            isinstance(cell, int) and abs(cell) > _WHOLE
        ):
            self.sheet.write_number(
                number, at, cell if isinstance(cell, int) else float(cell), shape
            )
        elif (
            isinstance(cell, date)
            and (cell.date() if isinstance(cell, datetime) else cell) >= _EXCEL_BEGINS
        ):
            self._moment(number, at, cell)
        else:
            self.sheet.write_string(
                number, at, clean(cell.isoformat() if isinstance(cell, date) else str(cell))
            )

    def _moment(self, number: int, at: int, cell: date) -> None:
        """A date as a date; an instant in UTC, which the format cannot say."""
        if isinstance(cell, datetime):
            utc = cell if cell.tzinfo is None else cell.astimezone(UTC).replace(tzinfo=None)
            self.sheet.write_datetime(number, at, utc, self.formats["instant"])
        else:
            self.sheet.write_datetime(number, at, cell, self.formats["date"])


def clean(text: str) -> str:
    r"""A text that XML can hold and a cell has room for.

    >>> clean("a\x00b")
    'a�b'
    """
    kept = _FORBIDDEN.sub("\ufffd", text)
    return (
        kept
        if len(kept.encode("utf-16-le")) // 2 <= _MOST_LETTERS
        else kept[: _MOST_LETTERS // 2 - 1] + "…"
    )


def _about(book: xlsxwriter.Workbook, about: About) -> None:
    page = book.add_worksheet("About")
    page.set_column(0, 0, 30)
    page.set_column(1, 1, 110)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for number, (name, text) in enumerate(about.lines):
        page.write_string(number, 0, clean(name), wrapped)
        page.write_string(number, 1, clean(text), wrapped)
