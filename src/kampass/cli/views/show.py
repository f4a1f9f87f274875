"""How answers look: tables with sparklines for people, files of every form for programs."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kampass.cli.terminal import printable
from kampass.engine import Answer, Result
from kampass.errors import QuestionError
from kampass.periods import label
from kampass.render import words
from kampass.render.display import show_change, show_value

if TYPE_CHECKING:
    from kampass.insight.plausibility import Contradiction
    from kampass.render.files import About
    from kampass.workspace.loads.doctor import Examination

_BARS = "▁▂▃▄▅▆▇█"
_BINARY = {"parquet", "xlsx", "png"}
_COLUMNS_AT_MOST = 5
_NARROW = 76
_FIRST_ROWS = 5


def show_result(
    result: Result, form: str, output: Path | None = None, *, about: "About | None" = None
) -> None:
    """Write the answers to stdout, or into a file. A terminal cannot show workbooks and pictures:
    those need a file or a pipe there.
    """
    if form == "table" and output is None:
        _table(result)
        return
    if form == "table":
        raise QuestionError(
            "A table is for reading.",
            code="needs_form",
            hint="Choose --format csv, json, parquet, xlsx, png or svg with --output.",
        )
    if output is None and form in _BINARY and sys.stdout.isatty():
        raise QuestionError(
            f"A terminal cannot show {form}.",
            code="needs_output",
            hint=f"Add --output answer.{form}, or send it into a pipe.",
        )
    from kampass.render.files import write

    content = write(result, form, about=about).content
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    else:
        _save(output, content)


def _save(output: Path, content: bytes) -> None:
    try:
        output.write_bytes(content)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as wrong:
        raise QuestionError(
            f"'{output}' cannot be written: {wrong.strerror}.",
            code="bad_output",
            hint="Name a file in a folder that exists.",
        ) from None


def sparkline(values: Sequence[float | None]) -> str:
    """A line of bars, a gap where there is no value.

    >>> sparkline([1, None, 3])
    '▁ █'
    """
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, span = min(known), max(known) - min(known)
    return "".join(
        " " if v is None else _BARS[round((v - low) / span * 7)] if span else _BARS[3]
        for v in values
    )


def console() -> Console:
    """Stdout as people see it; wide where it goes into a file."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def _table(result: Result) -> None:
    """One line per KPI and slice; a column per period, or a sparkline where there are many."""
    periods = list(dict.fromkeys((answer.period_start, answer.period_end) for answer in result))
    lines: dict[tuple[object, ...], list[Answer]] = {}
    for answer in result:
        lines.setdefault((answer.kpi, *sorted(answer.dimensions.items(), key=str)), []).append(
            answer
        )
    out = console()
    layout = _Layout(result, tuple(periods), out.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("KPI", min_width=16)
    for name in result.dimensions:
        table.add_column(name.replace("_", " ").capitalize(), min_width=8)
    for name, justify in layout.columns():
        table.add_column(name, justify="right" if justify else "left", no_wrap=True)
    for answers in lines.values():
        table.add_row(*layout.line(answers))
    out.print(table)
    _legend(result)


@dataclass(frozen=True)
class _Layout:
    """Which columns fit: every period, or the last one with a trend; the interval where there is
    room.
    """

    result: Result
    periods: tuple[tuple[date, date], ...]
    width: int

    @property
    def many(self) -> bool:
        """Whether there are more periods than columns for them."""
        return len(self.periods) > max(1, min(_COLUMNS_AT_MOST, (self.width - 48) // 19))

    @property
    def each_n(self) -> bool:
        """Whether each period has its n beside its figure."""
        return len(self.periods) > 1 and not self.many

    @property
    def trend(self) -> bool:
        """Whether a sparkline fits."""
        return self.many and self.width >= _NARROW + len(self.periods)

    def columns(self) -> list[tuple[str, bool]]:
        """The columns behind the names, and whether they hold figures."""
        shown = self.periods[-1:] if self.many else self.periods
        named = (
            [("Trend", False)] * self.trend
            + [("Change", False)] * bool(self.result.compare)
            + [("95 % interval", False)] * self._roomy
        )
        figures = [
            column
            for period in shown
            for column in ((label(*period), True), ("n", True))[: 1 + self.each_n]
        ]
        return [*figures, *named, *[("n", True)] * (not self.each_n), ("", False)]

    def line(self, answers: list[Answer]) -> list[Text]:
        """The cells of one KPI and slice."""
        result, at = (
            self.result,
            {(answer.period_start, answer.period_end): answer for answer in answers},
        )
        last = at.get(self.periods[-1])
        shown = [last] if self.many else [at.get(period) for period in self.periods]
        cells = [
            result.names.get(answers[0].kpi, answers[0].kpi),
            *(result.shown(answers[0], name) for name in result.dimensions),
        ]
        for each in shown:
            cells.append("" if each is None else _figure(each, result.currency))
            if self.each_n:
                cells.append("" if each is None else f"{each.n:,}")
        if self.trend:
            cells.append(
                sparkline([at[period].value if period in at else None for period in self.periods])
            )
        if result.compare:
            cells.append("" if last is None else show_change(last, result.currency))
        if self._roomy:
            cells.append(
                ""
                if last is None or last.low is None or last.high is None
                else f"{last.low:.1f} to {last.high:.1f}"
            )
        if not self.each_n:
            cells.append("" if last is None else f"{last.n:,}")
        cells.append("" if last is None else (last.reason or "").replace("_", " "))
        return [Text(printable(cell)) for cell in cells]

    @property
    def _roomy(self) -> bool:
        return self.width >= _NARROW


def _figure(answer: Answer, currency: str) -> str:
    """A figure with the marks of its status and of its notes."""
    marks = words.MARKS.get(answer.status, "") + (words.NOTED if answer.notes else "")
    return show_value(answer.value, answer.unit, currency) + marks


def _legend(result: Result) -> None:
    statuses = {answer.status for answer in result}
    used = [
        f"{mark} {'the period is ' if status == 'partial' else ''}{words.STATUS[status]}"
        for status, mark in words.MARKS.items()
        if status in statuses
    ]
    if used:
        console().print(Text("; ".join(used), style="dim"))
    for note in words.notes(result):
        console().print(Text(printable(f"{words.NOTED} {note}"), style="dim"))


def show_doctor(examination: "Examination") -> None:
    """Print an examination."""
    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("Table", "left"),
        ("Rows", "right"),
        ("Covered", "left"),
        ("Set aside", "right"),
        ("Conflicting", "right"),
    ):
        table.add_column(name, justify="right" if justify == "right" else "left")
    for health in examination.tables:
        if health.connected:
            covered = ", ".join(f"{start[:10]} to {end[:10]}" for start, end in health.covered) + (
                " (assumed)" if health.assumed else ""
            )
            table.add_row(
                health.table,
                f"{health.rows:,}",
                covered,
                f"{health.set_aside:,}" if health.set_aside else "",
                f"{health.conflicting:,}" if health.conflicting else "",
            )
    out.print(table)
    out.print(
        f"\n{len(examination.possible)} KPIs are possible; {len(examination.enabled)} are "
        f"switched on. Snapshot {examination.snapshot}, known at {examination.known_at}."
    )
    if examination.missing:
        out.print("\nMissing tables, and what each would add:", style="bold")
        for tables, kpis in examination.missing.items():
            out.print(f"  {tables}: {', '.join(kpis)}", markup=False, highlight=False)
    for health in examination.tables:
        if health.conflicting:
            told = words.conflicting(health.conflicting)
            out.print(f"  note: {health.table}: {told}", markup=False, highlight=False)
    for notice in examination.notices:
        out.print(f"  note: {notice}", markup=False, highlight=False)
    _show_contradictions(examination.contradictions, out)


def _show_contradictions(contradictions: "Sequence[Contradiction]", out: Console) -> None:
    if contradictions:
        out.print("\nDoes this look right?", style="bold")
    for found in contradictions:
        out.print(printable(f"  {found.text}. {found.advice}"), markup=False, highlight=False)
        for row in found.rows[:_FIRST_ROWS]:
            where = printable(f"    {row.where}: {row.about}")
            out.print(where, markup=False, highlight=False)
        if found.count > _FIRST_ROWS:
            out.print(f"    and {found.count - _FIRST_ROWS:,} more", style="dim", highlight=False)
