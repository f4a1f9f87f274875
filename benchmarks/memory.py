"""How much memory loading takes, whatever the size of the file: two tables of text, first and
second load, and publishing.

The second load meets changed, deleted, repeated and unreadable lines. Each step runs in a process
of its own, whose peak resident memory is then the step's. As a script it is that process.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.clock import Stopwatch, in_child, peak_megabytes

_TOUCHES = """SELECT 'touch-' || lpad(i::VARCHAR, 9, '0') AS id,
  TIMESTAMPTZ '2023-01-01 00:00:00Z' + INTERVAL (i * 11) SECOND AS occurred_at,
  ['email', 'call', 'meeting', 'video'][(hash(i) % 4)::INT + 1] AS channel,
    {direction} AS direction, 'support' AS purpose,
  'u' || (hash(i + 1) % 200) AS user_id, 'account-' || (hash(i + 2) % 20000) AS account_id,
    'contact-' || (hash(i + 3) % 60000) AS contact_id,
  'ticket-' || (hash(i + 5) % 900000) AS ticket_id, {changed} AS minutes,
    'completed' AS outcome FROM numbers"""
_USAGE = """SELECT 'account-' || (i % 20000) AS account_id, {direction} AS "on",
  'product-' || ((i // 20000) % 2) AS product_id,
  {changed} AS active_users, 40 AS seats, hash(i + 1) % 90 AS logins,
    hash(i + 2) % 2000 AS minutes FROM numbers"""
_GOOD = {"touches": "'inbound'", "usage_daily": "(DATE '2021-01-01' + (i // 40000)::INT)::VARCHAR"}
_ROWS_PER_MEGABYTE = {"touches": 8_000, "usage_daily": 20_000}


@dataclass(frozen=True)
class Taken:
    """What a step took: its peak and what the process held before, in MB."""

    step: str
    table: str
    megabytes: float
    before: float
    peak: float
    cpu: float


def write(table: str, file: Path, megabytes: int, *, second: bool) -> None:
    """A CSV of about so many MB; the second one lacks a two-hundredth, repeats and breaks a
    thousandth, and changes a hundredth.
    """
    import duckdb

    rows = megabytes * _ROWS_PER_MEGABYTE[table]
    numbers = (
        (
            "SELECT unnest(CASE WHEN i % 1000 = 9 THEN [i, i] ELSE [i] END) AS i FROM "
            f"range({rows}) "
            "t(i) WHERE i % 200 <> 7"
        )
        if second
        else ""
    )
    direction = (
        f"CASE WHEN i % 1000 = 5 THEN 'neither' ELSE {_GOOD[table]} END" if second else _GOOD[table]
    )
    changed = "hash(i) % 60 + (i % 100 = 3)::INT" if second else "hash(i) % 60"
    query = (_TOUCHES if table == "touches" else _USAGE).format(
        direction=direction, changed=changed
    )
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"CREATE VIEW numbers AS {numbers or f'SELECT i FROM range({rows}) t(i)'}"
        )
        connection.execute(f"COPY ({query}) TO '{file}' (HEADER)")


def measured(
    place: Path, table: str, megabytes: int, *, publishing: bool = True, settling: str = ""
) -> Iterator[Taken]:
    """The first load, the second, and publishing both; `settling` sets what comparing may hold, to
    see it spill on little data.
    """
    files = place / "files"
    files.mkdir(parents=True)
    in_child("loading", "make-from-files", str(place / "workspace"), str(files))
    for step in ("first load", "second load", *(["publish"] if publishing else [])):
        if step != "publish":
            write(table, files / f"{table}.csv", megabytes, second=step == "second load")
        size = sum(file.stat().st_size for file in files.iterdir()) / 1e6
        found = in_child("memory", step, str(place / "workspace"), settling)
        yield Taken(step, table, size, **found)


def main(step: str, folder: str, settling: str = "") -> dict[str, Any]:
    """Do one step in the workspace `folder`."""
    from kampass.store.loading import batch
    from kampass.workspace import open_workspace

    batch.SETTLING = settling or batch.SETTLING
    workspace = open_workspace(Path(folder))
    before = peak_megabytes()
    with Stopwatch() as watch:
        if step == "publish":
            workspace.publish()
        else:
            day = 1 if step == "first load" else 2
            workspace.journal.load(
                workspace.sources()[0], recorded_at=datetime(2026, 1, day, tzinfo=UTC)
            )
    return {"before": before, "peak": peak_megabytes(), "cpu": asdict(watch.lap)["cpu"]}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
