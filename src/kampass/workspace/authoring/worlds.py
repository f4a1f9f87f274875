"""Tiny worlds for worked examples: tables written as CSV in a definition, run through the journal
and a snapshot.
"""

import csv
import io
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from kampass.facts import prepared
from kampass.intake.sources.folder import FileSource
from kampass.model import TABLES
from kampass.store import Journal, Manifest, Rules, Snapshot, Snapshots, SnapshotSettings

_IMPLIED = {
    "accounts": ("id", "name"),
    "users": ("id", "name"),
    "teams": ("id", "name"),
    "contacts": ("id",),
    "products": ("id", "name", "family"),
}


class Worlds:
    """Snapshots of example worlds, each built once; a context manager that leaves nothing
    behind.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kampass-")
        self._built: dict[tuple[object, ...], Snapshot] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for snapshot in self._built.values():
            snapshot.close()
        self._folder.cleanup()

    def snapshot(
        self,
        tables: Mapping[str, str],
        *,
        timezone: str = "UTC",
        recorded_at: datetime | None = None,
    ) -> Snapshot:
        """The snapshot of a world; rows that others merely refer to are added."""
        instant = recorded_at or datetime(2030, 1, 1, tzinfo=UTC)
        key = (tuple(sorted(tables.items())), timezone, instant)
        if key not in self._built:
            self._built[key] = self._build(tables, timezone, instant)
        return self._built[key]

    def _build(self, tables: Mapping[str, str], timezone: str, recorded_at: datetime) -> Snapshot:
        folder = Path(self._folder.name) / str(len(self._built))
        files = folder / "files"
        files.mkdir(parents=True)
        for name, text in _complete(tables).items():
            (files / f"{name}.csv").write_text(text, encoding="utf-8")
        manifest = Manifest(folder / "app.db")
        journal = Journal(folder / "journal", manifest, timezone=timezone)
        journal.load(FileSource("example", files), recorded_at=recorded_at)
        snapshot = Snapshots(
            folder / "snapshots",
            journal,
            SnapshotSettings(timezone),
            clock=lambda: recorded_at,
            rules=Rules(prepared.statements),
        ).publish()
        manifest.close()
        return snapshot


def _complete(tables: Mapping[str, str]) -> dict[str, str]:
    """The same tables with the accounts, users, teams, contacts and products that rows refer to."""
    rows = {name: list(csv.DictReader(io.StringIO(text))) for name, text in tables.items()}
    completed = dict(tables)
    for target, columns in _IMPLIED.items():
        wanted = dict.fromkeys(
            row[column.name]
            for name, listed in rows.items()
            for column in TABLES[name].columns
            if column.refers_to == target
            for row in listed
            if row.get(column.name)
        )
        there = {row["id"] for row in rows.get(target, ())}
        lacking = [name for name in wanted if name not in there]
        if not lacking:
            continue
        header = (
            next(csv.reader(io.StringIO(tables[target]))) if target in tables else list(columns)
        )
        lines = [
            ",".join(name if column in columns else "" for column in header) for name in lacking
        ]
        completed[target] = (
            tables.get(target, ",".join(header) + "\n").rstrip("\n")
            + "\n"
            + "\n".join(lines)
            + "\n"
        )
    return completed
