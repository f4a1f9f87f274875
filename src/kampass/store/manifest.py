"""The application database: which loads count, which snapshots exist, which one is current. Nowhere else says so.

SQLite with a rollback journal and full synchronisation: a load counts from the moment its transaction is on disk.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

_metadata = sa.MetaData()

LOADS = sa.Table(
    "load",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
)
LOADED_TABLES = sa.Table(
    "loaded_table",
    _metadata,
    sa.Column("load_id", sa.ForeignKey("load.id"), primary_key=True),
    sa.Column("table_name", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Integer, nullable=False) for name in ("read", "loaded", "unchanged", "superseded", "quarantined", "deleted")),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("file", sa.Text),
    sa.Column("file_sha256", sa.Text),
    sa.Column("quarantine_file", sa.Text),
)
SNAPSHOTS = sa.Table(
    "snapshot",
    _metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("published_at", sa.Text, nullable=False),
    sa.Column("last_load", sa.Integer, nullable=False),
)
POINTERS = sa.Table(
    "pointer",
    _metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("snapshot_id", sa.ForeignKey("snapshot.id"), nullable=False),
)


@dataclass(frozen=True)
class LoadedTable:
    """What one load holds of one table; read = loaded + unchanged + superseded + quarantined, always."""

    table: str
    read: int
    loaded: int
    unchanged: int
    superseded: int
    quarantined: int
    deleted: int
    digest: str
    file: str | None = None
    file_sha256: str | None = None
    quarantine_file: str | None = None


@dataclass(frozen=True)
class Load:
    """One run of one source. States: complete (it counts), held (it waits for a person), dropped."""

    id: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    tables: tuple[LoadedTable, ...] = ()


@dataclass(frozen=True)
class SnapshotRow:
    """One published snapshot."""

    id: str
    file: str
    recorded_at: datetime
    published_at: datetime
    last_load: int


def to_text(instant: datetime) -> str:
    """An instant as UTC text that sorts as time does."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The instant of such a text."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


class Manifest:
    """The manifest of loads and snapshots, in one SQLite file (or any database SQLAlchemy reaches)."""

    def __init__(self, file: Path) -> None:
        self._engine = sa.create_engine(f"sqlite:///{file}")
        sa.event.listen(self._engine, "connect", _settle)
        _metadata.create_all(self._engine)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    def loads(self, *, states: tuple[str, ...] = ("complete",)) -> list[Load]:
        """The loads in those states, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(sa.select(LOADS).where(LOADS.c.state.in_(states)).order_by(LOADS.c.id)).all()
            tables = connection.execute(sa.select(LOADED_TABLES)).all()
        of_load: dict[int, list[LoadedTable]] = {}
        for row in tables:
            load_id, *rest = row
            of_load.setdefault(load_id, []).append(LoadedTable(*rest))
        return [Load(row.id, row.source, from_text(row.recorded_at), row.state, row.why, tuple(of_load.get(row.id, ()))) for row in rows]

    def add_load(self, load: Load, *, instead_of: Sequence[int] = ()) -> int:
        """Record a load and its files, and drop those it replaces, in one transaction; the load's number."""
        values = {"source": load.source, "recorded_at": to_text(load.recorded_at), "state": load.state, "why": load.why}
        with self._transaction() as connection:
            number = connection.execute(sa.insert(LOADS).values(**values)).inserted_primary_key
            assert number is not None
            connection.execute(sa.update(LOADS).where(LOADS.c.id.in_(instead_of)).values(state="dropped"))
            for table in load.tables:
                row: dict[str, Any] = {"load_id": number[0], "table_name": table.table} | {
                    name: getattr(table, name) for name in table.__dataclass_fields__ if name != "table"
                }
                connection.execute(sa.insert(LOADED_TABLES).values(**row))
        return int(number[0])

    def set_state(self, number: int, state: str) -> None:
        """Drop a load, or let a held one count."""
        with self._transaction() as connection:
            connection.execute(sa.update(LOADS).where(LOADS.c.id == number).values(state=state))

    def snapshots(self) -> list[SnapshotRow]:
        """Every snapshot that was published, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(sa.select(SNAPSHOTS).order_by(SNAPSHOTS.c.published_at)).all()
        return [SnapshotRow(row.id, row.file, from_text(row.recorded_at), from_text(row.published_at), row.last_load) for row in rows]

    def add_snapshot(self, snapshot: SnapshotRow) -> None:
        """Record a built snapshot (again, where its file had gone)."""
        values = {
            "id": snapshot.id, "file": snapshot.file, "recorded_at": to_text(snapshot.recorded_at),
            "published_at": to_text(snapshot.published_at), "last_load": snapshot.last_load,
        }  # fmt: skip
        with self._transaction() as connection:
            found = connection.execute(sa.select(SNAPSHOTS.c.id).where(SNAPSHOTS.c.id == snapshot.id)).first()
            if found is None:
                connection.execute(sa.insert(SNAPSHOTS).values(**values))

    def current(self) -> str | None:
        """The id of the snapshot that answers when none is named."""
        with self._transaction() as connection:
            row = connection.execute(sa.select(POINTERS.c.snapshot_id).where(POINTERS.c.name == "current")).first()
        return row[0] if row else None

    def point_to(self, snapshot_id: str | None) -> None:
        """Make a snapshot current (or none): one row, one transaction."""
        with self._transaction() as connection:
            connection.execute(sa.delete(POINTERS).where(POINTERS.c.name == "current"))
            if snapshot_id is not None:
                connection.execute(sa.insert(POINTERS).values(name="current", snapshot_id=snapshot_id))


def _settle(connection: Any, _: Any) -> None:  # noqa: ANN401 - a driver's connection has no common type
    for pragma in ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")
