"""A workspace with one folder source, filled by writing small files and loaded on days of January
2026.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kampass.intake.readers.memory import in_memory
from kampass.store import Snapshot, TableReport
from kampass.workspace import create
from kampass.workspace.loads.export import export
from kampass.workspace.settings import SourceSettings, WorkspaceSettings


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


class Desk:
    """A folder of files and the workspace that loads it."""

    def __init__(self, place: Path, **settings: Any) -> None:
        self.place, self.files = place, place / "files"
        self.files.mkdir(parents=True)
        source = SourceSettings("files", "folder", {"path": str(self.files)})
        self.workspace = create(
            place / "workspace", WorkspaceSettings(sources=(source,), **settings)
        )

    def write(self, **tables: str | bytes) -> None:
        """Write tables as CSV text; spaces around the lines are only for reading."""
        for table, text in tables.items():
            raw = (
                text
                if isinstance(text, bytes)
                else "".join(f"{line.strip()}\n" for line in text.strip().splitlines()).encode()
            )
            (self.files / f"{table}.csv").write_bytes(raw)

    def load(self, number: int, **tables: str | bytes) -> dict[str, TableReport]:
        """Write the tables and load them on that day of January; what was counted, by table."""
        self.write(**tables)
        (source,) = self.workspace.sources()
        self.report = self.workspace.journal.load(source, recorded_at=day(number))
        return {table.table: table for table in self.report.tables}

    def snapshot(self, **which: Any) -> Snapshot:
        """The snapshot that answers; without a wish, of everything loaded."""
        return self.workspace.snapshot(**which) if which else self.workspace.publish()

    def ask(self, sql: str, **which: Any) -> list[tuple[Any, ...]]:
        """What a snapshot answers to SQL."""
        with closing(self.snapshot(**which)) as snapshot:
            return snapshot.cursor().execute(sql).fetchall()

    def set_aside(self) -> list[tuple[Any, ...]]:
        """The same of what loading set aside, without publishing."""
        with in_memory() as connection:
            rows = self.workspace.journal.quarantine(self.workspace.manifest.loads())
            return connection.execute(
                f'SELECT "table", line, "column", value, reason FROM ({rows}) ORDER BY 1, 2'
            ).fetchall()

    def quarantine(self) -> list[tuple[Any, ...]]:
        """Table, line, column, value, reason of what is set aside."""
        return self.ask(
            'SELECT "table", line, "column", value, reason FROM _quarantine ORDER BY 1, 2'
        )

    def export(self, **which: Any) -> dict[str, bytes]:
        """The files of an export, by name."""
        target = self.place / f"export{len(list(self.place.iterdir()))}"
        with closing(self.snapshot(**which)) as snapshot:
            export(snapshot, target)
        return contents(target)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def counts(table: TableReport) -> tuple[int, int, int, int, int]:
    """Read, loaded, unchanged, superseded, quarantined."""
    return table.read, table.loaded, table.unchanged, table.superseded, table.quarantined


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "desk")
    yield made
    made.workspace.close()
