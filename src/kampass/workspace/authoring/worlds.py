"""Tiny worlds for worked examples: tables written as CSV in a definition, run through the journal
and a snapshot.
"""

import csv
import io
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from kampass.facts import prepared
from kampass.intake.sources.folder import FileSource
from kampass.model import TABLES
from kampass.store import Journal, Manifest, Rules, Snapshot, Snapshots, SnapshotSettings
from kampass.store.database import FILE

RECORDED_AT = datetime(2030, 1, 1, tzinfo=UTC)
"""When a world was loaded that does not say it."""
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

    @cached_property
    def _empty(self) -> Path:
        """A manifest without loads, of which every world has a copy."""
        file = Path(self._folder.name) / FILE
        Manifest(file).close()
        return file

    def snapshot(
        self,
        tables: Mapping[str, str],
        *,
        timezone: str = "UTC",
        recorded_at: datetime | None = None,
    ) -> Snapshot:
        """The snapshot of a world; rows that others merely refer to are added."""
        instant = recorded_at or RECORDED_AT
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
        shutil.copyfile(self._empty, folder / FILE)
        manifest = Manifest(folder / FILE)
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


def whole(
    tables: Mapping[str, str], *, timezone: str, recorded_at: datetime | None
) -> Mapping[str, str]:
    """The same world with the word that nothing is missing in it: every table is complete from the
    month of the world's first row, unless it says itself what is covered.
    """
    starts = [start for name, text in tables.items() for start in _starts(name, text, timezone)]
    if "coverage" in tables or not starts:
        return tables
    end = (recorded_at or RECORDED_AT).astimezone(ZoneInfo(timezone)).date() + timedelta(days=1)
    span = f"{min(starts).replace(day=1)},{max(end, min(starts))}"
    rows = [f"{name},{span}" for name in tables if TABLES[name].gates]
    return {**tables, "coverage": "\n".join(["table,covered_from,covered_to", *rows, ""])}


def _starts(name: str, text: str, timezone: str) -> list[date]:
    """The local days on which the rows of a table begin; what does not read, begins never."""
    column = TABLES[name].start if TABLES[name].gates else None
    found = []
    for row in csv.DictReader(io.StringIO(text)) if column else ():
        with suppress(ValueError):
            start = row.get(column or "") or ""
            moment = datetime.fromisoformat(start)
            local = moment.astimezone(ZoneInfo(timezone)) if moment.tzinfo else moment
            found.append(local.date())
    return found


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
