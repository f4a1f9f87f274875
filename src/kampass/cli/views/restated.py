"""How a restatement looks to people: rows by table and kind, the rows themselves, and the figures
that moved.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from kampass.cli.terminal import printable
from kampass.cli.views.show import console
from kampass.periods import label
from kampass.render.display import show_difference, show_value

if TYPE_CHECKING:
    from kampass.engine import Answer
    from kampass.insight.restated.redefinition import Redefinition
    from kampass.insight.restated.restatement import Moved, Restatement

_CAUSES = 3
_KIND = {
    "late": "came late",
    "new": "are new",
    "changed": "changed",
    "deleted": "were deleted",
    "set_aside": "are set aside now",
    "withdrawn": "their load was taken back",
}


def grid(head: Sequence[str], lines: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> None:
    """Print a table without lines."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number in set(right) else "left")
    for line in lines:
        table.add_row(*(Text(printable(cell)) for cell in line))
    console().print(table)


def print_restatement(
    report: "Restatement", rows: Sequence[dict[str, object]], limit: int, currency: str
) -> None:
    """The report for people: rows by table and kind, the rows, the figures that moved."""
    known = [f"{instant:%Y-%m-%d %H:%M}" for instant in report.known_at]
    print(
        f"From {report.before} (known at {known[0]}) to {report.after} (known at {known[1]}), UTC."
    )
    for snapshot, changed in report.rules.items():
        if changed:
            print(
                f"  {snapshot} was published under other {' and '.join(changed)}; below, today's "
                "hold for both."
            )
    grid(
        ("Table", "Rows that", "Rows", "About the past", "By reference"),
        (
            (
                c.table,
                _KIND[c.kind],
                f"{c.rows:,}",
                f"{c.past:,}" if c.past else "",
                f"{c.derived:,}" if c.derived else "",
            )
            for c in report.counts
        ),
        right={2, 3, 4},
    )
    if not report.counts:
        console().print("No row differs.")
    for name, lines in (("Mended", report.mended), ("Newly set aside", report.newly_set_aside)):
        if lines:
            print(
                f"{name}: {len(lines):,} lines, e.g. {lines[0].table} line {lines[0].line} "
                f"({lines[0].column} {lines[0].reason})."
            )
    if rows:
        print()
        grid(
            ("Table", "", "Key", "Day", "Load", "Source", "Line", "What"),
            (_row(row) for row in rows),
            right={4, 6},
        )
        if len(rows) >= limit:
            print(
                f"At most {limit} rows of a table are shown; --limit shows more, --table one table."
            )
    print()
    _print_moved(report, currency)


def print_redefinition(found: "Redefinition", currency: str) -> None:
    """Each changed definition: what was written then and now, what is wrong with it, and its
    figures under both.
    """
    print(f"Today's definitions against {found.against}, on snapshot {found.snapshot}.")
    if not found.kpis:
        print("No definition differs.")
    for kpi in found.kpis:
        print(f"\n{kpi.kpi}: {kpi.change}")
        for name, (old, new) in kpi.fields.items():
            print(printable(f"  {name}: {_cell(old)} → {_cell(new)}"))
        for trouble in filter(None, (kpi.fault, kpi.trouble)):
            print(printable(f"  fault: {trouble}."))
        apart = [figure for figure in kpi.figures if figure.moved]
        if apart:
            print_figures(apart, currency)
        if kpi.figures:
            print(f"  {len(apart)} of {len(kpi.figures)} figures differ.")


def _print_moved(report: "Restatement", currency: str) -> None:
    span = (
        (
            f"{label(report.periods[0].start, report.periods[-1].end)}, {len(report.periods)} "
            "closed "
            "periods"
        )
        if report.periods
        else "no closed period"
    )
    if not report.moved:
        print(f"No figure moved of {_number(len(report.kpis), 'KPI')} asked ({span}).")
        return
    of = len({one.after.kpi for one in report.moved})
    print(
        f"{_number(len(report.moved), 'figure')} of {_number(of, 'KPI')} moved, of "
        f"{_number(len(report.kpis), 'KPI')} asked ({span})."
    )
    print_figures(report.moved, currency)


def print_figures(figures: "Sequence[Moved]", currency: str) -> None:
    """Figures on both sides, how far apart they are, and the changed rows behind it where they are
    known.
    """
    lines = (
        (
            one.after.kpi,
            label(one.period.start, one.period.end),
            ", ".join(str(value) for value in one.after.dimensions.values()),
            _side(one.before, currency),
            _side(one.after, currency),
            _change(one, currency),
            _because(one),
        )
        for one in figures
    )
    grid(
        ("KPI", "Period", "Slice", "Before", "After", "Change", "Because of"),
        lines,
        right={3, 4, 5},
    )


def _because(figure: "Moved") -> str:
    """The first changed rows behind a movement, and how many more there are; without any, time
    itself may have closed what was open.
    """
    causes = figure.causes
    if not causes:
        return "time passed" if figure.before.status in {"partial", "provisional"} else ""
    listed = [
        (
            f"{cause.table} {' '.join(str(value) for value in cause.key.values())} "
            f"({_KIND[cause.kind]}, load {cause.load})"
        )
        for cause in causes[:_CAUSES]
    ]
    more = len(causes) - len(listed)
    return "; ".join([*listed, *([f"{more:,} more"] if more else [])])


def _side(answer: "Answer", currency: str) -> str:
    return (
        show_value(answer.value, answer.unit, currency)
        if answer.value is not None
        else (answer.reason or "none").replace("_", " ")
    )


def _change(one: "Moved", currency: str) -> str:
    if one.difference:
        return show_difference(one.difference, one.after.unit, currency)
    return (
        f"{one.before.status} to {one.after.status}".replace("_", " ")
        if one.before.status != one.after.status
        else ""
    )


def _row(row: dict[str, Any]) -> Sequence[str]:
    key = ", ".join("" if value is None else str(value) for value in row["key"].values())
    what = (
        ""
        if row["kind"] in {"late", "new"}
        else "; ".join(
            f"{name}: {_cell(c['before'])} → {_cell(c['after'])}"
            for name, c in row["columns"].items()
        )
    )
    if row["kind"] in {"set_aside", "withdrawn"} or (
        row["kind"] == "deleted" and "deleted_at" not in row["columns"]
    ):
        what = ""
    line = "" if row["line"] is None else f"{row['line']:,}"
    what = f"{what} (by reference)" if row["derived"] else what
    return (
        row["table"],
        row["kind"].replace("_", " "),
        key,
        row["day"] or "",
        str(row["load"] or ""),
        row["source"] or "",
        line,
        what,
    )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _cell(value: object) -> str:
    return "nothing" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
