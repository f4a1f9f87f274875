"""`kampass explain`: a figure taken apart, for people and for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kampass.cli.terminal import harmless, printable
from kampass.cli.views.show import console
from kampass.insight.explain import Explanation, Row
from kampass.insight.explain.explanation import MeasureCount
from kampass.periods import label
from kampass.render.display import show_change, show_value

_SHOWN_ROWS = 50
_SHOWN_PIECES = 3
_NARROW = 100


def show_explanations(explanations: Sequence[Explanation], form: str) -> None:
    """Write explanations to stdout."""
    if form == "json":
        print(
            json.dumps(
                [made.to_dict() for made in explanations],
                ensure_ascii=False,
                indent=1,
                allow_nan=False,
                default=str,
            )
        )
        return
    out = console()
    for number, made in enumerate(explanations):
        if number:
            out.rule(style="dim")
        _head(out, made)
        _measures(out, made)
        _surroundings(out, made)
    for text in dict.fromkeys(made.sql for made in explanations):
        out.print(Text("\nSQL", style="bold"))
        out.print(Text(harmless(text)), soft_wrap=True)


def show_rows(rows: Iterable[Row], form: str) -> None:
    """Write source rows to stdout."""
    if form == "json":
        _json(rows)
    elif form == "csv":
        _csv(rows)
    else:
        _row_tables(rows)


def _json(rows: Iterable[Row]) -> None:
    """A list, written row by row."""
    opening = "["
    for row in rows:
        sys.stdout.write(
            opening
            + json.dumps(row.to_dict(), ensure_ascii=False, indent=1, allow_nan=False, default=str)
        )
        opening = ",\n"
    print("[]" if opening == "[" else "]")


def _head(out: Console, made: Explanation) -> None:
    answer = made.answer
    where = ", ".join(
        f"{name}={'unknown' if value is None else value}"
        for name, value in answer.dimensions.items()
    )
    title = " · ".join(
        part for part in (made.name, label(answer.period_start, answer.period_end), where) if part
    )
    out.print(Text(printable(title), style="bold"))
    shown = (
        show_value(answer.value, answer.unit, made.currency)
        if answer.value is not None
        else f"no value: {str(answer.reason).replace('_', ' ')}"
    )
    interval = (
        ""
        if answer.low is None
        else (
            f"   {show_value(answer.low, answer.unit, made.currency)} to "
            f"{show_value(answer.high, answer.unit, made.currency)}"
        )
    )
    change = f"   {show_change(answer, made.currency)}" if answer.change else ""
    out.print(
        Text(f"{shown}{interval}{change}   {answer.status.replace('_', ' ')}   n = {answer.n:,}")
    )
    out.print(Text(f"\n{printable(made.words)}"))
    if made.calculation:
        out.print(Text(made.calculation))
        verdict = (
            "The rows alone make the same."
            if made.adds_up
            else f"The rows alone make {made.from_rows}: this is a bug, please report it."
        )
        out.print(Text(verdict, style="dim" if made.adds_up else "bold red"))


def _measures(out: Console, made: Explanation) -> None:
    out.print()
    if out.width < _NARROW:
        _measure_lines(out, made)
    else:
        _measure_table(out, made)


def _measure_lines(out: Console, made: Explanation) -> None:
    """The same as the table where there is no room for one: a line for each measure, its reasons
    below.
    """
    for measure in made.measures:
        counts = (
            ""
            if measure.counted is None
            else f": {measure.counted:,}"
            + ("" if measure.candidates is None else f" of {measure.candidates:,} {measure.table}")
        )
        out.print(Text(f"{measure.name} ({_part(measure)}) {_shown(measure.value)}{counts}"))
        for reason, rows in measure.left_out:
            out.print(Padding(Text(f"{rows:,} {printable(reason)}"), (0, 0, 0, 4)))


def _part(measure: MeasureCount) -> str:
    return measure.part + (f", {measure.window}" if measure.window else "")


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.6g}" if abs(value) < 1 else f"{value:,.2f}".removesuffix(".00")


def _measure_table(out: Console, made: Explanation) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Measure", "Part"):
        table.add_column(name)
    for name in ("Value", "Candidates", "In", "Out"):
        table.add_column(name, justify="right")
    table.add_column("Why")
    for measure in made.measures:
        counts = [
            "-" if rows is None else f"{rows:,}" for rows in (measure.candidates, measure.counted)
        ]
        table.add_row(
            measure.name,
            _part(measure),
            _shown(measure.value),
            f"{counts[0]} {measure.table}",
            counts[1],
            "",
            "",
        )
        for reason, rows in measure.left_out:
            table.add_row("", "", "", "", "", f"{rows:,}", Text(printable(reason)))
    out.print(table)


def _surroundings(out: Console, made: Explanation) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Table", "Rows", "Covered", "Loaded", "Set aside"):
        table.add_column(name)
    for reached in made.coverage:
        stretch = (
            "-"
            if reached.covered_from is None or reached.covered_to is None
            else f"{reached.covered_from:%Y-%m-%d} to {reached.covered_to:%Y-%m-%d}"
        )
        stretch += " (assumed)" if reached.assumed else ""
        loaded = (
            "not connected" if reached.loaded_at is None else f"{reached.loaded_at:%Y-%m-%d %H:%M}Z"
        )
        table.add_row(
            reached.table,
            f"{reached.rows:,}",
            stretch,
            loaded,
            f"{reached.set_aside:,}" if reached.set_aside else "",
        )
    out.print()
    out.print(table)
    for note in (*(each.text for each in made.answer.notes), *made.remarks):
        out.print(Text(f"note: {printable(note)}"))
    settings = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in made.settings.items()
        if not isinstance(value, list)
    )
    out.print(
        Text(
            f"{made.answer.definition} · snapshot {made.answer.snapshot} · {settings}", style="dim"
        )
    )


def _row_tables(rows: Iterable[Row]) -> None:
    out = console()
    shown = False
    for (measure, table), group in groupby(rows, key=lambda row: (row.measure, row.origin.table)):
        shown = True
        listed: list[Row] = []
        more = 0
        for row in group:
            if len(listed) < _SHOWN_ROWS:
                listed.append(row)
            else:
                more += 1
        out.print(Text(f"{measure}: {table}", style="bold"))
        table_of = _row_table(listed)
        if _width(table_of) <= out.width:
            out.print(table_of)
        else:
            _row_blocks(out, table_of)
        if more:
            out.print(
                Text(f"... and {more:,} more; --format csv or json writes them all.", style="dim")
            )
    if not shown:
        out.print("No rows.")


def _row_table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    key = rows[0].origin.key
    fields = [
        name
        for name in dict.fromkeys(name for row in rows for name in row.origin.fields)
        if name not in key
    ]
    computed = [
        name
        for name in dict.fromkeys(name for row in rows for name in row.computed)
        if name not in fields and name not in key
    ]
    excluded = any(row.reason for row in rows)
    slices = list(dict.fromkeys(name for row in rows for name in row.dimensions))
    last = ["why"] if excluded else ["amount", "behind it"]
    for name in ["id", "line", *slices, *fields, *(f"= {name}" for name in computed), *last]:
        table.add_column(Text(printable(name)))
    for row in rows:
        data = row.to_dict()
        cells = [
            row.origin.id,
            f"{row.origin.source}:{row.origin.line}",
            *(row.dimensions.get(name) for name in slices),
            *(data["fields"].get(name) for name in fields),
        ]
        cells += [data["computed"].get(name) for name in computed]
        cells += [row.reason] if excluded else [data["amount"], _behind(row)]
        table.add_row(*(Text(_cell(cell)) for cell in cells))
    return table


def _width(table: Table) -> int:
    """How wide a table is that breaks no line."""
    cells = ([str(column.header), *map(str, column.cells)] for column in table.columns)
    return sum(max(map(cell_len, texts)) + 2 for texts in cells)


def _row_blocks(out: Console, table: Table) -> None:
    """The same as the table where it is too wide: a block for each row, a line for each column that
    says something.
    """
    names = [str(column.header) for column in table.columns]
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        out.print(Text(" · ".join(str(cell) for cell in cells[:2]), style="bold"))
        for name, cell in zip(names[2:], cells[2:], strict=True):
            if str(cell):
                out.print(Padding(Text(f"{name}  {cell}"), (0, 0, 0, 2)))


def _behind(row: Row) -> str:
    listed = [
        f"{piece.table} {piece.id} line {piece.line}" for piece in row.evidence[:_SHOWN_PIECES]
    ]
    return "; ".join([*listed, *(["..."] if len(row.evidence) > _SHOWN_PIECES else [])])


def _cell(value: Any) -> str:
    return (
        ""
        if value is None
        else printable(f"{value:,.6g}" if isinstance(value, float) else str(value))
    )


def _csv(rows: Iterable[Row]) -> None:
    """One line per row and one per piece of evidence behind it, written row by row."""
    from kampass.render.files import ROW_COLUMNS, csv_lines, row_cells

    sys.stdout.writelines(csv_lines(ROW_COLUMNS, row_cells(rows)))
