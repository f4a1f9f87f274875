"""The same rows as CSV and as a workbook: what loading each costs, in a process of its own.

As a script it is that process.
"""

import csv
import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.clock import Stopwatch, in_child

_HEADERS = (
    "Ticket",
    "Created",
    "Customer",
    "Priority",
    "Status",
    "Amount",
    "Minutes",
    "Product",
    "Answered",
)
_COLUMNS = {
    "id": "Ticket",
    "created_at": "Created",
    "account_id": "Customer",
    "priority": "Priority",
    "status": "Status",
    "first_response_at": "Answered",
    "extra": ["Amount", "Minutes", "Product"],
}
_START = datetime(2025, 1, 1)  # noqa: DTZ001 - a cell has no zone


def write(folder: Path, rows: int) -> None:
    """Tickets as `tickets.csv` and `tickets.xlsx`: texts, days, numbers and a third of empty
    cells in one column.
    """
    from openpyxl import Workbook

    chance = random.Random(7)  # noqa: S311 - no secret
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Tickets")
    sheet.append(_HEADERS)
    with (folder / "tickets.csv").open("w", encoding="utf-8", newline="") as file:
        plain = csv.writer(file)
        plain.writerow(_HEADERS)
        for number in range(rows):
            begin = _START + timedelta(minutes=chance.randrange(500_000))
            answered = begin + timedelta(minutes=7) if chance.random() > 1 / 3 else None
            row = (
                f"T{number}",
                begin,
                f"a{chance.randrange(900)}",
                chance.choice(("low", "high")),
                chance.choice(("open", "closed")),
                round(chance.random() * 1000, 2),
                chance.randrange(500),
                f"product {chance.randrange(5000)}",
                answered,
            )
            sheet.append(row)
            plain.writerow(row)
    book.save(folder / "tickets.xlsx")


def load(folder: Path, form: str, turn: str) -> dict[str, object]:
    """Load one of the two into a new workspace, and do not publish."""
    from kampass.workspace.settings import SourceSettings, WorkspaceSettings
    from kampass.workspace.workspace import create

    table = {"file": f"tickets.{form}", "timezone": "UTC", "columns": _COLUMNS}
    options = {"path": str(folder), "tables": {"tickets": table}}
    source = SourceSettings("desk", "mapped", options)
    workspace = create(folder / f"{form}-{turn}", WorkspaceSettings(sources=(source,)))
    with Stopwatch() as watch:
        read = workspace.journal.load(
            workspace.sources()[0], recorded_at=datetime(2026, 1, 5, tzinfo=UTC)
        )
    workspace.close()
    return {"rows": sum(table.loaded for table in read.tables), "cpu": watch.lap.cpu}


def measured(folder: Path, rows: int, pairs: int = 3) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each form in turn, several times."""
    write(folder, rows)
    for pair in range(pairs):
        for form in ("csv", "xlsx"):
            yield form, in_child("sheets", str(folder), form, str(pair))


if __name__ == "__main__":
    print(json.dumps(load(Path(sys.argv[1]), *sys.argv[2:])))
