"""How answers look: tables with sparklines for people, JSON, CSV and Parquet for programs."""

import json
import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kampass.engine import Answer, Result
from kampass.engine.display import show_change, show_value
from kampass.periods import label

if TYPE_CHECKING:
    from kampass.workspace.doctor import Examination

_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS_AT_MOST = 5
_MARKS = {"partial": "…", "provisional": "~", "low_n": "°"}


def show_result(result: Result, form: str) -> None:
    """Write the answers to stdout."""
    if form == "json":
        print(json.dumps(result.to_dicts(), ensure_ascii=False, indent=1, allow_nan=False))
    elif form == "csv":
        import pyarrow.csv as pa_csv

        pa_csv.write_csv(_flat(result), sys.stdout.buffer)
    elif form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(result.to_arrow(), sys.stdout.buffer)
    else:
        _table(result)


def sparkline(values: Sequence[float | None]) -> str:
    """A line of bars, a gap where there is no value.

    >>> sparkline([1, None, 3])
    '▁ █'
    """
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, span = min(known), max(known) - min(known)
    return "".join(" " if v is None else _BARS[round((v - low) / span * 7)] if span else _BARS[3] for v in values)


def console() -> Console:
    """Stdout as people see it; wide where it goes into a file."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def _flat(result: Result):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an Arrow table
    """Instants as the contract writes them: CSV has no types."""
    import pyarrow as pa

    rows = [answer.to_dict() for answer in result]
    table = result.to_arrow()
    for name in ("through", "known_at"):
        table = table.set_column(table.column_names.index(name), name, pa.array([row[name] for row in rows], pa.string()))
    return table


def _table(result: Result) -> None:
    """One line per KPI and slice; a column per period, or a sparkline where there are many."""
    periods = list(dict.fromkeys((answer.period_start, answer.period_end) for answer in result))
    lines: dict[tuple[object, ...], list[Answer]] = {}
    for answer in result:
        lines.setdefault((answer.kpi, *sorted(answer.dimensions.items(), key=str)), []).append(answer)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("KPI")
    for name in result.dimensions:
        table.add_column(name.replace("_", " ").capitalize())
    many = len(periods) > _COLUMNS_AT_MOST
    for start, end in [periods[-1]] if many else periods:
        table.add_column(label(start, end), justify="right", no_wrap=True)
    for name in (["Trend"] if many else []) + (["Change"] if result.compare else []) + ["95 % interval", "n", ""]:
        table.add_column(name, justify="right" if name == "n" else "left", no_wrap=True)
    for answers in lines.values():
        table.add_row(*_line(result, answers, periods, many=many))
    console().print(table)
    _legend(result)


def _line(result: Result, answers: list[Answer], periods: Sequence[tuple[date, date]], *, many: bool) -> list[Text]:
    last = answers[-1]
    at = {(answer.period_start, answer.period_end): answer for answer in answers}
    shown = [last] if many else [at.get(period) for period in periods]
    cells = [result.names.get(last.kpi, last.kpi), *(result.shown(last, name) for name in result.dimensions)]
    cells += ["" if answer is None else show_value(answer.value, answer.unit, result.currency) + _MARKS.get(answer.status, "") for answer in shown]
    if many:
        cells.append(sparkline([at[period].value if period in at else None for period in periods]))
    if result.compare:
        cells.append(show_change(last, result.currency))
    interval = "" if last.low is None or last.high is None else f"{last.low:.1f} to {last.high:.1f}"
    return [Text(cell) for cell in (*cells, interval, f"{last.n:,}", (last.reason or "").replace("_", " "))]


def _legend(result: Result) -> None:
    words = {"partial": "… the period is not over in the data", "provisional": "~ may still change", "low_n": "° fewer than 30 behind it"}
    used = [words[status] for status in words if any(answer.status == status for answer in result)]
    if used:
        console().print(Text("; ".join(used), style="dim"))


def show_doctor(examination: "Examination") -> None:
    """Print an examination."""
    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("Table", "left"), ("Rows", "right"), ("Covered", "left"), ("Set aside", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left")
    for health in examination.tables:
        if health.connected:
            covered = ", ".join(f"{start[:10]} to {end[:10]}" for start, end in health.covered) + (" (assumed)" if health.assumed else "")
            table.add_row(health.table, f"{health.rows:,}", covered, f"{health.set_aside:,}" if health.set_aside else "")
    out.print(table)
    out.print(
        f"\n{len(examination.possible)} KPIs are possible; {len(examination.enabled)} are switched on. Snapshot {examination.snapshot}, known at {examination.known_at}."
    )
    if examination.missing:
        out.print("\nMissing tables, and what each would add:", style="bold")
        for tables, kpis in examination.missing.items():
            out.print(f"  {tables}: {', '.join(kpis)}", markup=False, highlight=False)
    for notice in examination.notices:
        out.print(f"  note: {notice}", markup=False, highlight=False)
