"""Writes a snapshot's canonical tables as a canonical folder: equal journals give equal bytes."""

import csv
import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kampass.engine.backend import Backend
from kampass.engine.duckdb_backend import DuckDBBackend
from kampass.model import TABLES, Table
from kampass.model.conform import quoted
from kampass.store import Snapshot


def export(snapshot: Snapshot, folder: Path) -> dict[str, int]:
    """Write one CSV per connected table, ordered by key; the rows written per table."""
    folder.mkdir(parents=True, exist_ok=True)
    backend = DuckDBBackend(snapshot)
    written = {}
    for table in _connected(backend):
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as stream:
            written[table.name] = _write(backend, table, stream)
    return written


def digest(snapshot: Snapshot) -> str:
    """The digest of the bytes that an export of the snapshot would hold, none of them written."""
    backend = DuckDBBackend(snapshot)
    parts = []
    for table in _connected(backend):
        bytes_of_table = _Digest()
        _write(backend, table, bytes_of_table)
        parts.append(f"{table.name}.csv {bytes_of_table.sha256.hexdigest()}\n")
    return hashlib.sha256("".join(parts).encode()).hexdigest()


class _Digest:
    """A stream that only counts its bytes into a digest."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, text: str) -> int:
        self.sha256.update(text.encode())
        return len(text)


def _connected(backend: Backend) -> list[Table]:
    names = {row[0] for row in backend.run('SELECT "table" FROM _connected').all()}
    return [table for table in TABLES.values() if table.name in names]


def _kept_beside(backend: Backend, table: Table) -> list[str]:
    """The names of what the table keeps beside its own columns."""
    if not table.more:
        return []
    names = f"SELECT DISTINCT unnest(map_keys(_extra)) AS name FROM {quoted(table.name)}"
    return [row[0] for row in backend.run(f"{names} ORDER BY name").all()]


def _write(backend: Backend, table: Table, stream: Any) -> int:
    extra = _kept_beside(backend, table)
    columns = ", ".join(quoted(name) for name in table.names) + (", _extra" if extra else "")
    key = ", ".join(f"{quoted(name)} NULLS FIRST" for name in table.key)
    rows = backend.run(f"SELECT {columns} FROM {quoted(table.name)} ORDER BY {key}")
    count = 0
    writer = csv.writer(stream, lineterminator="\n")
    careful = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([*table.names, *extra])
    for row in rows.each():
        attributes = dict(row[-1] or {}) if extra else {}
        own = row[:-1] if extra else row
        cells = [*(_text(cell) for cell in own), *(attributes.get(name) or "" for name in extra)]
        # Python's writer leaves a lone carriage return bare, and readers take it for the end of the
        # line.
        (careful if any("\r" in cell for cell in cells) else writer).writerow(cells)
        count += 1
    return count


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        text = f"{cell:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(cell)
