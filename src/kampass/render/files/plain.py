"""The flat forms that programs read: CSV, JSON and Parquet.

A spreadsheet runs a text that begins like a formula. Files meant for one get an apostrophe before
such texts; files meant for programs hold the data as it is.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

from kampass.engine.answer import Result, instant_text
from kampass.insight.explain import Row
from kampass.insight.explain.explanation import plain

if TYPE_CHECKING:
    import pyarrow as pa

Cells = Sequence[Any]
_QUOTED = re.compile('[",\r\n]')
# The wide signs begin formulas as well.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
ROW_COLUMNS = (
    "kpi",
    "period_start",
    "period_end",
    "measure",
    "dimensions",
    "table",
    "id",
    "source",
    "load",
    "line",
    "amount",
    "reason",
    "behind",
    "fields",
)


def neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    >>> neutral("=1+1"), neutral("Acme")
    ("'=1+1", 'Acme')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def result_csv(result: Result, *, for_spreadsheets: bool = False) -> bytes:
    """Answers as CSV: instants as the contract writes them, since CSV has no types."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    table = result.to_arrow()
    for name in ("through", "known_at"):
        texts = [instant_text(getattr(answer, name)) for answer in result]
        table = table.set_column(table.column_names.index(name), name, pa.array(texts, pa.string()))
    if for_spreadsheets:
        for at, field in enumerate(table.schema):
            if pa.types.is_string(field.type):
                texts = [
                    None if cell is None else neutral(cell) for cell in table.column(at).to_pylist()
                ]
                table = table.set_column(at, field, pa.array(texts, pa.string()))
    into = io.BytesIO()
    pa_csv.write_csv(table, into)
    return into.getvalue()


def result_json(result: Result) -> bytes:
    """Answers as the contract's list of objects."""
    return (
        json.dumps(result.to_dicts(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    ).encode()


def parquet(table: "pa.Table") -> bytes:
    """An Arrow table as Parquet."""
    import pyarrow.parquet as pq

    into = io.BytesIO()
    pq.write_table(table, into)
    return into.getvalue()


def table_csv(
    columns: Sequence[str], rows: Iterable[Cells], *, for_spreadsheets: bool = False
) -> bytes:
    """A table as CSV; decimals digit by digit, so that sums come out the same."""
    return "".join(csv_lines(columns, rows, for_spreadsheets=for_spreadsheets)).encode(
        "utf-8", "replace"
    )


def csv_lines(
    columns: Sequence[str], rows: Iterable[Cells], *, for_spreadsheets: bool = False
) -> Iterator[str]:
    """The lines of a CSV file. Python's own writer leaves a carriage return unquoted, and readers
    take it for the end of a line.
    """
    for row in chain([columns], rows):
        cells = [
            neutral(cell) if for_spreadsheets and isinstance(cell, str) else cell for cell in row
        ]
        yield (",".join(_field(digits(cell)) for cell in cells) or '""') + "\n"


def _field(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def digits(amount: Any) -> Any:
    """Decimals digit by digit, so that sums come out the same; the rest as JSON writes it."""
    return f"{amount.normalize():f}" if isinstance(amount, Decimal) else plain(amount)


def table_json(columns: Sequence[str], rows: Iterable[Cells]) -> bytes:
    """A table as a list of objects."""
    made = [dict(zip(columns, map(plain, row), strict=True)) for row in rows]
    return (
        json.dumps(made, ensure_ascii=False, indent=1, allow_nan=False, default=str) + "\n"
    ).encode()


def arrow_table(columns: Sequence[str], rows: Iterable[Cells]) -> "pa.Table":
    """A table as Arrow; numbers are doubles where not all are whole, a column of several kinds is
    text.
    """
    import pyarrow as pa

    held = list(zip(*rows, strict=True)) or [() for _ in columns]
    return pa.table([_array(cells) for cells in held], names=list(columns))


def _array(cells: Sequence[Any]) -> Any:
    import pyarrow as pa

    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, bool) for cell in known):
        return pa.array(cells, pa.bool_())
    if known and all(isinstance(cell, int) and not isinstance(cell, bool) for cell in known):
        return pa.array(cells, pa.int64())
    if known and all(
        isinstance(cell, int | float | Decimal | Fraction) and not isinstance(cell, bool)
        for cell in known
    ):
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if known and all(isinstance(cell, datetime) for cell in known):
        return pa.array(
            [None if cell is None else _utc(cell) for cell in cells], pa.timestamp("us", tz="UTC")
        )
    if known and all(isinstance(cell, date) and not isinstance(cell, datetime) for cell in known):
        return pa.array(cells, pa.date32())
    return pa.array([None if cell is None else str(digits(cell)) for cell in cells], pa.string())


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def row_cells(rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Source rows under `ROW_COLUMNS`: one line each and one per piece of evidence behind it; what
    differs from table to table stands in one cell as JSON.
    """
    for row in rows:
        data = row.to_dict()
        lead = [
            row.kpi,
            row.period_start,
            row.period_end,
            row.measure,
            json.dumps(row.dimensions, ensure_ascii=False),
        ]
        fields = data["fields"] | {
            name: value for name, value in data["computed"].items() if name not in data["fields"]
        }
        yield [
            *lead,
            *_place(data),
            row.amount,
            row.reason,
            "",
            json.dumps(fields, ensure_ascii=False, default=str),
        ]
        for piece in data["evidence"]:
            yield [
                *lead,
                *_place(piece),
                "",
                "",
                data["id"],
                json.dumps(piece["fields"], ensure_ascii=False, default=str),
            ]


def _place(data: dict[str, Any]) -> list[Any]:
    return [data[name] for name in ("table", "id", "source", "load", "line")]
