"""One way to every file: what it holds, what it is, what it is called.

File names are made of KPI ids, period and dimensions, never of what people typed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Literal, get_args

from kampass.engine.answer import Result
from kampass.errors import UnknownName
from kampass.periods import label
from kampass.render.charts import Chart, Theme, breakdown, trend
from kampass.render.files.about import About
from kampass.render.files.plain import (
    arrow_table,
    parquet,
    result_csv,
    result_json,
    table_csv,
    table_json,
)

TableForm = Literal["csv", "json", "parquet", "xlsx"]
PictureForm = Literal["png", "svg"]
FORMS: tuple[str, ...] = get_args(TableForm)
PICTURES: tuple[str, ...] = get_args(PictureForm)
MEDIA: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "png": "image/png",
    "svg": "image/svg+xml",
}
_NAMED = 3


@dataclass(frozen=True)
class Download:
    """A file: its bytes, its media type, its name."""

    content: bytes
    media_type: str
    name: str


def write(
    result: Result,
    form: str,
    *,
    about: About | None = None,
    for_spreadsheets: bool = False,
    look: Theme = "light",
) -> Download:
    """Answers as a file. `for_spreadsheets` defuses texts that begin like formulas in CSV; XLSX
    holds them as texts anyway.
    """
    writers: Mapping[str, Callable[[], bytes]] = {
        "csv": lambda: result_csv(result, for_spreadsheets=for_spreadsheets),
        "json": lambda: result_json(result),
        "parquet": lambda: parquet(result.to_arrow()),
        "xlsx": lambda: _book(result, about),
        "png": lambda: _image(picture_of(result), "png", look),
        "svg": lambda: _image(picture_of(result), "svg", look),
    }
    return _download(writers, form, file_name(result, form))


def write_chart(chart: Chart, form: str, name: str, *, look: Theme = "light") -> Download:
    """A chart as a file; the name without its ending."""
    writers: Mapping[str, Callable[[], bytes]] = {
        kind: partial(_image, chart, kind, look) for kind in PICTURES
    }
    return _download(writers, form, f"{safe(name)}.{form}")


def write_table(  # noqa: PLR0913 - a table, and how it is written
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    form: str,
    *,
    name: str = "table",
    about: About | None = None,
    for_spreadsheets: bool = False,
) -> Download:
    """Any table as a file; the name without its ending."""
    writers: Mapping[str, Callable[[], bytes]] = {
        "csv": lambda: table_csv(columns, rows, for_spreadsheets=for_spreadsheets),
        "json": lambda: table_json(columns, rows),
        "parquet": lambda: parquet(arrow_table(columns, rows)),
        "xlsx": lambda: _sheet(columns, rows, about or About()),
    }
    return _download(writers, form, f"{safe(name)}.{form}")


def _download(writers: Mapping[str, Callable[[], bytes]], form: str, name: str) -> Download:
    if form not in writers:
        raise UnknownName("form", form, writers, hint=f"One of {', '.join(writers)}.")
    return Download(writers[form](), MEDIA[form], name)


def _book(result: Result, about: About | None) -> bytes:
    from kampass.render.files.sheet import result_sheet

    return result_sheet(result, about)


def _sheet(columns: Sequence[str], rows: Iterable[Sequence[Any]], about: About) -> bytes:
    from kampass.render.files.sheet import sheet

    return sheet(columns, rows, about=about)


def _image(chart: Chart, form: str, look: Theme) -> bytes:
    from kampass.render.files.image import png, svg

    return png(chart, look) if form == "png" else svg(chart, look)


def picture_of(result: Result) -> Chart:
    """The picture that suits an answer: slices of one period as bars, everything else over time."""
    periods = {answer.period_start for answer in result}
    return (
        breakdown(result)
        if len(periods) <= 1 and result.dimensions and len({answer.kpi for answer in result}) == 1
        else trend(result)
    )


def file_name(result: Result, form: str) -> str:
    """What the file is called, such as nrr_2025-Q4_by-segment.xlsx."""
    kpis = list(dict.fromkeys(answer.kpi for answer in result))
    more = [f"and-{len(kpis) - _NAMED}-more"] if len(kpis) > _NAMED else []
    parts = [
        "-".join(kpis[:_NAMED] + more) or "answers",
        _span([(answer.period_start, answer.period_end) for answer in result]),
    ]
    by = "-".join(result.dimensions)
    return (
        "_".join(
            filter(None, [*(safe(part) for part in parts if part), f"by-{safe(by)}" if by else ""])
        )
        + f".{safe(form)}"
    )


def _span(periods: Sequence[tuple[date, date]]) -> str:
    return (
        label(min(start for start, _ in periods), max(end for _, end in periods)).replace(
            " to ", "_to_"
        )
        if periods
        else ""
    )


def safe(name: str) -> str:
    r"""A name that every file system and header takes.

    >>> safe("../nrr\r\n=x")
    'nrr-x'
    """
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:120] or "export"
