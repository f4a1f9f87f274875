"""Loading and publishing, each in a process of its own: rows per second and peak memory.

As a script it is that process: it loads the sample company or a folder, publishes, or writes the
folder, and prints what it measured as JSON.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.clock import Stopwatch, peak_megabytes
from benchmarks.sizes import SIZES, Size

_RECORDED = datetime(2026, 1, 5, 6, tzinfo=UTC)
"""When files are said to be loaded: as the sample company's last load."""


def make(folder: Path, size: Size) -> None:
    """An empty workspace whose source is the sample company of this size."""
    from kampass.workspace.settings import SourceSettings, WorkspaceSettings
    from kampass.workspace.workspace import create

    options = {"touches": size.touches, "usage": size.usage, "tickets": size.tickets}
    create(
        folder, WorkspaceSettings(sources=(SourceSettings("sample", "sample", options),))
    ).close()


def make_from_files(folder: Path, files: Path) -> None:
    """An empty workspace whose source is a folder of CSV files."""
    from kampass.workspace.settings import SourceSettings, WorkspaceSettings
    from kampass.workspace.workspace import create

    create(
        folder,
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    ).close()


def load(folder: Path) -> dict[str, object]:
    """Load whatever the sources state into the journal, and do not publish; making the sample's
    rows is counted apart.
    """
    from kampass.workspace import open_workspace

    workspace = open_workspace(folder)
    source = workspace.sources()[0]
    stated = iter(source.history()) if hasattr(source, "history") else iter([source])
    loads, rows, cpu, wall = 0, 0, 0.0, 0.0
    before = None
    while (one := next(stated, None)) is not None:
        before = before or peak_megabytes()
        recorded_at = getattr(one, "recorded_at", _RECORDED)
        with Stopwatch() as watch:
            report = workspace.journal.load(one, recorded_at=recorded_at)
        loads, rows = loads + 1, rows + sum(table.read for table in report.tables)
        cpu, wall = cpu + watch.lap.cpu, wall + watch.lap.wall
    return {
        "loads": loads,
        "rows": rows,
        "cpu": cpu,
        "wall": wall,
        "before": before,
        "peak": peak_megabytes(),
    }


def publish(folder: Path) -> dict[str, object]:
    """Publish what is loaded."""
    from kampass.workspace import open_workspace

    workspace = open_workspace(folder)
    before = peak_megabytes()
    with Stopwatch() as watch:
        snapshot = workspace.publish()
    rows = _rows_kept(snapshot)
    return {
        "loads": 1,
        "rows": rows,
        **asdict(watch.lap),
        "before": before,
        "peak": peak_megabytes(),
        "bytes": snapshot.file.stat().st_size,
    }


def write_files(folder: Path, target: Path) -> dict[str, object]:
    """Write the published tables as CSV files with DuckDB, whose own speed is none of ours."""
    import duckdb

    from kampass.model import TABLES
    from kampass.model.conform import literal, quoted
    from kampass.workspace import open_workspace

    target.mkdir(parents=True, exist_ok=True)
    file = open_workspace(folder).snapshot().file
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connected = [
            row[0] for row in connection.execute('SELECT "table" FROM _connected').fetchall()
        ]
        for name in connected:
            cells = ", ".join(quoted(column) for column in TABLES[name].names)
            connection.execute(
                f"COPY (SELECT {cells} FROM {quoted(name)}) TO "
                f"{literal(str(target / f'{name}.csv'))} (HEADER)"
            )
    return {"bytes": sum(file.stat().st_size for file in target.iterdir())}


def _rows_kept(snapshot: object) -> int:
    cursor = snapshot.cursor()  # type: ignore[attr-defined]
    found = cursor.execute("SELECT sum(kept) FROM _reconciliation").fetchone()
    return int(found[0])


def main(step: str, folder: str, *rest: str) -> dict[str, object]:
    """Do one step in the workspace `folder`."""
    place = Path(folder)
    if step == "make":
        return make(place, SIZES[rest[0]]) or {}
    if step == "make-from-files":
        return make_from_files(place, Path(rest[0])) or {}
    if step == "write":
        return write_files(place, Path(rest[0]))
    return {"load": load, "publish": publish}[step](place)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
