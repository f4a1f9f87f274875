"""`python -m benchmarks`: one readable report; figures only, it never asserts a time."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks import flood, memory, reading, report, sheets, starting
from benchmarks.clock import in_child
from benchmarks.sizes import SIZES, Size


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--size", choices=SIZES, default="1m", help="how large a company (default: 1m)"
    )
    parser.add_argument(
        "--memory",
        type=int,
        nargs="?",
        const=1000,
        metavar="MB",
        help="only the memory that loading takes, for CSV of so many MB (default: 1000)",
    )
    parser.add_argument(
        "--sheets",
        type=int,
        nargs="?",
        const=200_000,
        metavar="ROWS",
        help="only what the same rows cost as CSV and as a workbook (default: 200,000)",
    )
    parser.add_argument(
        "--pages",
        action="store_true",
        help="only the pages: a server, sixteen readers, a browser, publishing meanwhile",
    )
    parser.add_argument(
        "--flood", action="store_true", help="only one reader beside floods of strangers and others"
    )
    parser.add_argument("--all", action="store_true", help="both 1m and 10m")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep the sample workspaces here and use those that are there (loading is then not "
        "measured again)",
    )
    return parser.parse_args(arguments)


def _load(size: Size, folder: Path) -> dict[str, Any]:
    """Load and publish the sample company, and the CSV files written from it."""
    found = {}
    sample, files, written = folder / "sample", folder / "files", folder / "csv"
    in_child("loading", "make", str(sample), size.name)
    found["load from the sample company (two loads)"] = in_child("loading", "load", str(sample))
    found["publish those"] = in_child("loading", "publish", str(sample))
    megabytes = in_child("loading", "write", str(sample), str(written))["bytes"] / 1e6
    in_child("loading", "make-from-files", str(files), str(written))
    found[f"load from CSV files ({megabytes:,.0f} MB)"] = in_child("loading", "load", str(files))
    found["publish those files"] = in_child("loading", "publish", str(files))
    for file in written.iterdir():
        file.unlink()
    return found


def _pages(folder: Path) -> None:
    """Pages on a workspace that is loaded."""
    with reading.serving(folder) as served:
        first = reading.first_visits(served)
        report.reading(first, reading.readers(served), reading.first_paints(served))


def _meanwhile(publishes: int = 20) -> None:
    """Readers while another process publishes."""
    with tempfile.TemporaryDirectory(prefix="kampass-bench-") as place:
        folder, files = reading.small_company(Path(place))
        with reading.serving(folder) as served:
            report.meanwhile(reading.while_publishing(served, folder, files, publishes))


def _measure(size: Size, folder: Path, *, pages: bool) -> None:
    """The whole report for one size, or what concerns its pages."""
    report.opening(size)
    if (folder / "published").exists():
        print(f"Using the workspace kept in {folder}; loading is not measured again.")
    else:
        report.loading(_load(size, folder))
        (folder / "published").touch()
    _pages(folder / "sample")
    if pages:
        return
    asked = in_child("asking", str(folder / "sample"))
    report.asking(asked)
    report.compiling(asked["compile"])
    report.starting(starting.one_question(folder / "sample"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report."""
    options = _options(arguments)
    if options.memory:
        with tempfile.TemporaryDirectory(prefix="kampass-bench-") as place:
            found = (
                taken
                for table in ("touches", "usage_daily")
                for taken in memory.measured(Path(place) / table, table, options.memory)
            )
            report.memory(found)
        return 0
    if options.sheets:
        with tempfile.TemporaryDirectory(prefix="kampass-bench-") as place:
            report.sheets(sheets.measured(Path(place), options.sheets))
        return 0
    if options.flood:
        with tempfile.TemporaryDirectory(prefix="kampass-bench-") as place:
            folder, _ = reading.small_company(Path(place))
            with reading.serving(folder) as served:
                report.flood(flood.measured(served))
        return 0
    sizes = [SIZES[name] for name in (("1m", "10m") if options.all else (options.size,))]
    with (
        nullcontext(options.keep)
        if options.keep
        else tempfile.TemporaryDirectory(prefix="kampass-bench-") as place
    ):
        for size in sizes:
            folder = Path(place).resolve() / size.name
            folder.mkdir(parents=True, exist_ok=True)
            _measure(size, folder, pages=options.pages)
    _meanwhile()
    if options.pages:
        return 0
    report.starting(starting.starts())
    if not options.all and options.size == "1m":
        print(
            "\nTen times as much: python -m benchmarks --size 10m (about half an hour, 12 GB of "
            "memory). What it all means: docs/performance.md."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
