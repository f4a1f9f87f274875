"""The report: plain text, aligned, one section a question."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.clock import Laps
from benchmarks.flood import Flood
from benchmarks.memory import Taken
from benchmarks.reading import Meanwhile, Times
from benchmarks.sizes import Size


def heading(text: str) -> None:
    """A section's title."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def rows(head: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    """Aligned rows: the first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in [head, *body]) for column in range(len(head))]
    for row in [head, *body]:
        print(
            "  ".join(
                cell.ljust(width) if not column else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ),
            flush=True,
        )


def machine() -> str:
    """What this runs on."""
    import duckdb

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def opening(size: Size) -> None:
    """What is measured, on what."""
    print(f"\n=== {size.name}: {size.about} ===")
    print(
        f"{machine()}. CPU seconds count every thread; wall time on a machine that does other "
        "work means little."
    )


def loading(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Loads and publishes."""
    heading("Loading and publishing, each in a process of its own")
    body = []
    for name, lap in found.items():
        speed = f"{lap['rows'] / lap['cpu']:,.0f}"
        body.append(
            [
                name,
                f"{lap['rows']:,}",
                f"{lap['cpu']:.1f}",
                f"{lap['wall']:.1f}",
                speed,
                f"{lap['before']:,.0f}",
                f"{lap['peak']:,.0f}",
            ]
        )
    rows(["", "rows", "CPU s", "wall s", "rows per CPU s", "MB before", "MB at the peak"], body)
    print(
        "Before a load from the sample company its rows lie in memory already; making them is "
        "not counted."
    )


def reading(
    first: Mapping[str, tuple[float, int]],
    thinking: Mapping[str, Times],
    paints: Mapping[str, tuple[float, int]],
) -> None:
    """Pages: the first visit, then sixteen readers, then a browser."""
    heading(
        "Pages: first visit after the start, then 16 readers who pause a second between pages; a "
        "browser with an empty cache"
    )
    body = []
    for name, (cold, size) in first.items():
        times = thinking[name]
        paint = paints.get(name)
        shown = [f"{paint[0]:,.0f}", f"{paint[1] / 1e3:,.0f}"] if paint else ["-", "-"]
        body.append(
            [
                name,
                f"{cold:,.0f}",
                f"{size / 1e3:,.1f}",
                f"{times.percentile(50):,.0f}",
                f"{times.percentile(95):,.0f}",
                str(times.errors),
                *shown,
            ]
        )
    rows(
        [
            "",
            "first ms",
            "kB",
            "p50 ms",
            "p95 ms",
            "errors",
            "first paint ms",
            "kB with all it loads",
        ],
        body,
    )
    print(
        "Milliseconds are wall time seen by the reader. Goals: p95 50 ms, first paint 1,000 ms, "
        "1,000 kB."
    )


def meanwhile(found: Meanwhile) -> None:
    """Readers while snapshots are published."""
    heading(f"16 readers while {found.publishes} loads are published by another process")
    body = [
        [
            name,
            f"{len(times.seconds):,}",
            f"{times.percentile(50):,.0f}",
            f"{times.percentile(95):,.0f}",
            str(times.errors),
        ]
        for name, times in (("idle", found.idle), ("publishing", found.busy))
    ]
    rows(["", "answers", "p50 ms", "p95 ms", "errors"], body)
    print(
        f"{found.snapshots} snapshots were seen, {found.mixed} answers mixed two. Goal: no "
        "error, none mixed, p95 at most twice idle."
    )


def memory(found: Iterable[Taken]) -> None:
    """Peak resident memory against the size of what is loaded."""
    heading("Memory of loading and publishing, each in a process of its own")
    body = [
        [
            f"{lap.table}, {lap.step}",
            f"{lap.megabytes:,.0f}",
            f"{lap.before:,.0f}",
            f"{lap.peak:,.0f}",
            f"{lap.cpu:.1f}",
        ]
        for lap in found
    ]
    rows(["", "MB of CSV", "MB before", "MB at the peak", "CPU s"], body)


def sheets(found: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """The same rows as CSV and as a workbook."""
    heading("Loading the same rows as CSV and as a workbook, each in a process of its own")
    laps = list(found)
    rows(
        ["", "rows", "CPU s"],
        [[form, f"{lap['rows']:,}", f"{lap['cpu']:.2f}"] for form, lap in laps],
    )
    csv, xlsx = (
        median(lap["cpu"] for form, lap in laps if form == each) for each in ("csv", "xlsx")
    )
    print(f"\nA workbook costs {xlsx / csv:.1f} times the CPU of the CSV.")


def flood(found: Iterable[tuple[str, Flood]]) -> None:
    """One reader, alone and beside each flood."""
    heading("One reader's pages beside floods, in ms, and the server's memory before and after")
    rows(
        ["", "answers", "refused", "median", "p95", "MB before", "MB after"],
        [
            [
                name,
                f"{len(met.times.seconds):,}",
                f"{met.times.errors}",
                f"{met.times.percentile(50):,.0f}",
                f"{met.times.percentile(95):,.0f}",
                f"{met.before:,.0f}",
                f"{met.after:,.0f}",
            ]
            for name, met in found
        ],
    )


def asking(found: Mapping[str, Any]) -> None:
    """The engine against SQL by hand."""
    page, hand, whole = (
        found["catalogue"]["page"],
        found["catalogue"]["hand"],
        found["catalogue"]["all"],
    )
    count, checked = found["catalogue"]["kpis"], found["catalogue"]["checked"]
    heading("24 months by segment: the engine and SQL written by hand, in turns, best of three")
    body = [
        [f"{checked} statements by hand", f"{hand['cpu']:.2f}", f"{hand['wall']:.2f}", ""],
        [
            f"the same {checked} KPIs, one question",
            f"{page['cpu']:.2f}",
            f"{page['wall']:.2f}",
            f"{page['cpu'] / hand['cpu']:.2f}",
        ],
        [
            f"all {count} KPIs, one question ({found['catalogue']['rows']:,} answers)",
            f"{whole['cpu']:.2f}",
            f"{whole['wall']:.2f}",
            "",
        ],
    ]
    rows(["", "CPU s", "wall s", "to by hand"], body)
    differing = found["catalogue"]["differing"]
    print(
        "Results: "
        f"{'every cell is equal' if not differing else f'{len(differing)} cells DIFFER'} (counts "
        "and decimals exactly, durations to 1e-9)."
    )
    for line in differing[:10]:
        print(f"  {line}")
    print()
    each = [
        [
            lap["kpi"],
            f"{1000 * lap['hand']:.0f}",
            f"{1000 * lap['engine']:.0f}",
            f"{lap['engine'] / lap['hand']:.2f}",
        ]
        for lap in found["each"]
    ]
    rows(["one KPI a question", "by hand, CPU ms", "engine, CPU ms", "ratio"], each)
    print(f"Peak memory of all this: {found['peak']:,.0f} MB.")


def compiling(found: Mapping[str, float]) -> None:
    """From a question to its SQL."""
    heading("Compiling a question, CPU ms")
    body = [
        ["one KPI, never asked before", f"{found['cold']:.1f}", f"{found['cold_worst']:.1f}"],
        ["one KPI, asked before", f"{found['warm']:.2f}", f"{found['warm_worst']:.2f}"],
        ["the whole catalogue, never asked before", f"{found['all_cold']:.0f}", ""],
        ["the whole catalogue, asked before", f"{found['all_warm']:.1f}", ""],
        ["the first question of a process, which imports the parser", f"{found['first']:.0f}", ""],
        ["planning the whole catalogue's SQL in DuckDB", f"{found['all_planned']:.0f}", ""],
    ]
    rows(["", "median", "worst"], body)


def starting(found: Mapping[str, Laps]) -> None:
    """Processes from start to end."""
    heading("Processes from start to end, ms")
    body = [
        [
            name,
            f"{1000 * laps.cpu:.0f}",
            f"{1000 * laps.median_cpu:.0f}",
            f"{1000 * laps.wall:.0f}",
            f"{1000 * laps.median_wall:.0f}",
            str(len(laps.laps)),
        ]
        for name, laps in found.items()
    ]
    rows(["", "CPU best", "CPU median", "wall best", "wall median", "runs"], body)
