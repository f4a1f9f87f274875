"""The application database: which loads count, which snapshots exist, which one is current. Nowhere
else says so.

A load counts from the moment its transaction is on disk: SQLite with a rollback journal and full
synchronisation, or a PostgreSQL server.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kampass.model import TABLES
from kampass.model.messages import Covered
from kampass.store import events, faults, integrity
from kampass.store.database import Database, file_engine
from kampass.store.schema import (
    HEAD,
    LOADED_COVERAGE,
    LOADED_TABLES,
    LOADS,
    PINS,
    POINTERS,
    PUBLICATIONS,
    SNAPSHOTS,
    WORDINGS,
)


@dataclass(frozen=True)
class LoadedTable:
    """What one load holds of one table; read = loaded + unchanged + superseded + quarantined,
    always. `changes`: the source said what has changed, and not the whole table.
    """

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
    quarantine_sha256: str | None = None
    changes: bool = False


@dataclass(frozen=True)
class Load:
    """One run of one source. States: complete (it counts), held (it waits for a person), dropped.
    `cursor` is where the source goes on next time, `coverage` what it vouched for.
    """

    id: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    tables: tuple[LoadedTable, ...] = ()
    cursor: str | None = None
    coverage: tuple[Covered, ...] = ()


@dataclass(frozen=True)
class SnapshotRow:
    """One snapshot that was built: of which loads, in which time zone and currency. A row outlives
    its file.
    """

    id: str
    file: str
    recorded_at: datetime
    published_at: datetime
    last_load: int
    loads: tuple[int, ...] | None = None
    timezone: str | None = None
    currency: str | None = None
    rows: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Wording:
    """The settings or the definitions as they stood, kept once under the digest of their text."""

    kind: str
    digest: str
    text: str


@dataclass(frozen=True)
class Publication:
    """One time that a snapshot became the current one, and the digests of the rules it did so under
    (None: nobody wrote them down).
    """

    snapshot_id: str
    published_at: datetime
    settings_digest: str | None = None
    catalogue_digest: str | None = None


@dataclass(frozen=True)
class Pin:
    """A person's wish that a snapshot's file stays."""

    snapshot_id: str
    why: str
    who: str
    pinned_at: datetime


def to_text(instant: datetime) -> str:
    """An instant as UTC text that sorts as time does."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The instant of such a text."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def to_ranges(numbers: Iterable[int]) -> str:
    """Load numbers in short.

    >>> to_ranges([1, 2, 3, 5])
    '1-3,5'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def from_ranges(text: str) -> tuple[int, ...]:
    """The numbers of such a text."""
    ends = [[int(end) for end in part.split("-")] for part in text.split(",") if part]
    return tuple(number for part in ends for number in range(part[0], part[-1] + 1))


_ORDER = {table: place for place, table in enumerate(TABLES)}


class Manifest:
    """The manifest of loads and snapshots: a workspace's database, or one SQLite file that belongs
    to nobody.
    """

    def __init__(self, place: Path | Database) -> None:
        self.engine = file_engine(place) if isinstance(place, Path) else place.engine()
        try:
            if isinstance(place, Database):
                place.own(self.engine)
            if version(self.engine) != HEAD:
                from kampass.store.migrations import upgrade

                upgrade(self.engine)
            integrity.check_database(self.engine)
        except BaseException:
            self.engine.dispose()
            raise

    def close(self) -> None:
        """Let go of the file, or of the server."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self.engine.begin() as connection, integrity.sealed(connection):
            yield connection

    def loads(self, *, states: tuple[str, ...] = ("complete",)) -> list[Load]:
        """The loads in those states, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                sa.select(LOADS).where(LOADS.c.state.in_(states)).order_by(LOADS.c.id)
            ).all()
            tables = connection.execute(sa.select(LOADED_TABLES)).all()
            coverage = _coverage(connection)
        of_load: dict[int, list[LoadedTable]] = {}
        for row in sorted(
            tables, key=lambda row: (row.load_id, _ORDER.get(row.table_name, 0), row.table_name)
        ):
            load_id, *rest = row
            of_load.setdefault(load_id, []).append(LoadedTable(*rest))
        return [
            Load(
                row.id,
                row.source,
                from_text(row.recorded_at),
                row.state,
                row.why,
                tuple(of_load.get(row.id, ())),
                row.cursor,
                coverage.get(row.id, ()),
            )
            for row in rows
        ]

    def add_load(self, load: Load, *, instead_of: Sequence[int] = ()) -> int:
        """Record a load, its files and its source's cursor, and drop those it replaces, in one
        transaction; the load's number.
        """
        values = {
            "source": load.source,
            "recorded_at": to_text(load.recorded_at),
            "state": load.state,
            "why": load.why,
            "cursor": load.cursor,
        }
        with self._transaction() as connection:
            number = connection.execute(sa.insert(LOADS).values(**values)).inserted_primary_key
            assert number is not None
            connection.execute(
                sa.update(LOADS).where(LOADS.c.id.in_(instead_of)).values(state="dropped")
            )
            for table in load.tables:
                row: dict[str, Any] = {"load_id": number[0], "table_name": table.table} | {
                    name: getattr(table, name)
                    for name in table.__dataclass_fields__
                    if name != "table"
                }
                connection.execute(sa.insert(LOADED_TABLES).values(**row))
            for place, covered in enumerate(load.coverage):
                values = _coverage_values(number[0], place, covered)
                connection.execute(sa.insert(LOADED_COVERAGE).values(**values))
            events.load_is(connection, number[0])
            faults.reach("load.before_commit")
        return int(number[0])

    def set_state(self, number: int, state: str) -> None:
        """Drop a load, or let a held one count."""
        with self._transaction() as connection:
            connection.execute(sa.update(LOADS).where(LOADS.c.id == number).values(state=state))
            events.load_is(connection, number)

    def snapshots(self) -> list[SnapshotRow]:
        """Every snapshot that was published, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                sa.select(SNAPSHOTS).order_by(
                    SNAPSHOTS.c.published_at, SNAPSHOTS.c.last_load, SNAPSHOTS.c.id
                )
            ).all()
        return [
            SnapshotRow(
                row.id,
                row.file,
                from_text(row.recorded_at),
                from_text(row.published_at),
                row.last_load,
                None if row.loads is None else from_ranges(row.loads),
                row.timezone,
                row.currency,
                None if row.rows is None else json.loads(row.rows),
            )
            for row in rows
        ]

    def add_snapshot(self, snapshot: SnapshotRow) -> None:
        """Record a built snapshot (again, where its file had gone)."""
        values = {
            "id": snapshot.id,
            "file": snapshot.file,
            "recorded_at": to_text(snapshot.recorded_at),
            "published_at": to_text(snapshot.published_at),
            "last_load": snapshot.last_load,
            "loads": None if snapshot.loads is None else to_ranges(snapshot.loads),
            "timezone": snapshot.timezone,
            "currency": snapshot.currency,
            "rows": None if snapshot.rows is None else json.dumps(dict(snapshot.rows)),
        }
        with self._transaction() as connection:
            found = connection.execute(
                sa.select(SNAPSHOTS.c.loads).where(SNAPSHOTS.c.id == snapshot.id)
            ).first()
            if found is None:
                connection.execute(sa.insert(SNAPSHOTS).values(**values))
            elif found.loads is None:
                of_what = {name: values[name] for name in ("loads", "timezone", "currency", "rows")}
                connection.execute(
                    sa.update(SNAPSHOTS).where(SNAPSHOTS.c.id == snapshot.id).values(**of_what)
                )

    def current(self) -> str | None:
        """The id of the snapshot that answers when none is named."""
        with self._transaction() as connection:
            return _pointed(connection)

    def publish(
        self,
        snapshot_id: str,
        at: datetime,
        rules: Sequence[Wording] = (),
        aside: Mapping[str, int] | None = None,
    ) -> None:
        """Make a snapshot current, and keep the rules it was published under: one transaction.
        `aside`: the rows it sets aside for the first time, by table.
        """
        digests = {f"{rule.kind}_digest": rule.digest for rule in rules}
        with self._transaction() as connection:
            for rule in rules:
                if (
                    connection.execute(
                        sa.select(WORDINGS.c.digest).where(WORDINGS.c.digest == rule.digest)
                    ).first()
                    is None
                ):
                    connection.execute(
                        sa.insert(WORDINGS).values(
                            digest=rule.digest, kind=rule.kind, text=rule.text
                        )
                    )
            connection.execute(
                sa.insert(PUBLICATIONS).values(
                    snapshot_id=snapshot_id, published_at=to_text(at), **digests
                )
            )
            before = _pointed(connection)
            connection.execute(sa.delete(POINTERS).where(POINTERS.c.name == "current"))
            connection.execute(sa.insert(POINTERS).values(name="current", snapshot_id=snapshot_id))
            events.published(connection, before, snapshot_id, aside or {})
            faults.reach("publish.before_commit")

    def withdraw(self) -> None:
        """Make no snapshot current."""
        with self._transaction() as connection:
            events.published(connection, _pointed(connection), None, {})
            connection.execute(sa.delete(POINTERS).where(POINTERS.c.name == "current"))

    def publications(self) -> dict[str, list[Publication]]:
        """Every time each snapshot was published, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(sa.select(PUBLICATIONS).order_by(PUBLICATIONS.c.id)).all()
        found: dict[str, list[Publication]] = {}
        for row in rows:
            publication = Publication(
                row.snapshot_id,
                from_text(row.published_at),
                row.settings_digest,
                row.catalogue_digest,
            )
            found.setdefault(row.snapshot_id, []).append(publication)
        return found

    def wording(self, digest: str) -> str | None:
        """The text of that digest."""
        with self._transaction() as connection:
            return connection.execute(
                sa.select(WORDINGS.c.text).where(WORDINGS.c.digest == digest)
            ).scalar()

    def pins(self) -> dict[str, Pin]:
        """Every pin, by its snapshot."""
        with self._transaction() as connection:
            rows = connection.execute(sa.select(PINS)).all()
        return {
            row.snapshot_id: Pin(row.snapshot_id, row.why, row.who, from_text(row.pinned_at))
            for row in rows
        }

    def pin(self, pin: Pin) -> None:
        """Pin a snapshot; the last reason given holds."""
        values = {
            "snapshot_id": pin.snapshot_id,
            "why": pin.why,
            "who": pin.who,
            "pinned_at": to_text(pin.pinned_at),
        }
        with self._transaction() as connection:
            connection.execute(sa.delete(PINS).where(PINS.c.snapshot_id == pin.snapshot_id))
            connection.execute(sa.insert(PINS).values(**values))

    def unpin(self, snapshot_id: str) -> None:
        """Take a pin away."""
        with self._transaction() as connection:
            connection.execute(sa.delete(PINS).where(PINS.c.snapshot_id == snapshot_id))


def _coverage(connection: sa.Connection) -> dict[int, tuple[Covered, ...]]:
    """What the sources vouched for, by load, in the order in which they said it."""
    rows = connection.execute(
        sa.select(LOADED_COVERAGE).order_by(LOADED_COVERAGE.c.load_id, LOADED_COVERAGE.c.place)
    ).all()
    found: dict[int, tuple[Covered, ...]] = {}
    for row in rows:
        ends = date.fromisoformat(row.covered_from), date.fromisoformat(row.covered_to)
        found[row.load_id] = (*found.get(row.load_id, ()), Covered(row.table_name, *ends))
    return found


def _coverage_values(load: int, place: int, covered: Covered) -> dict[str, Any]:
    return {
        "load_id": load,
        "place": place,
        "table_name": covered.table,
        "covered_from": covered.covered_from.isoformat(),
        "covered_to": covered.covered_to.isoformat(),
    }


def _pointed(connection: sa.Connection) -> str | None:
    """The id of the snapshot that is current."""
    found: str | None = connection.scalar(
        sa.select(POINTERS.c.snapshot_id).where(POINTERS.c.name == "current")
    )
    return found


def version(engine: sa.Engine) -> str | None:
    """What a database says it is; None where it says nothing yet."""
    try:
        with engine.connect() as connection:
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    except sa.exc.DatabaseError as wrong:
        if "file is not a database" in str(wrong) or "malformed" in str(wrong):
            raise integrity.damaged_database(str(engine.url.database), str(wrong.orig)) from None
        return None
