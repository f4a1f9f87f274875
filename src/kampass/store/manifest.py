"""The application database: which loads count, which snapshots exist, which one is current. Nowhere
else says so.

A load counts from the moment its transaction is on disk: SQLite with a rollback journal and full
synchronisation, or a PostgreSQL server.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.model import TABLES
from kampass.model.messages import Covered
from kampass.model.scan import FileCount
from kampass.store import faults, integrity
from kampass.store.database import FILE, Database, file_engine
from kampass.store.reading import HEAD, FileReader, Reader, Rows, ServerReader, first

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True)
class LoadedTable:
    """What one load holds of one table; read = loaded + unchanged + superseded + quarantined,
    always. `changes`: the source said what has changed, and not the whole table.

    `conflicting` of the superseded lines differ from the one that counts, and nothing orders the
    two; `dismissed` of the quarantined are no rows, as somebody has said. `files` says what became
    of each file's records. `anew`: it is the first under another `reading`, so that the loads of
    its source before say nothing of the table any more.
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
    conflicting: int = 0
    dismissed: int = 0
    files: tuple[FileCount, ...] = ()
    reading: str = ""
    anew: bool = False

    @property
    def kept(self) -> int:
        """How many of the rows read the source still states."""
        return self.loaded + self.unchanged


@dataclass(frozen=True)
class Load:
    """One run of one source. States: complete (it counts), held (it waits for a person), dropped.
    `cursor` is where the source goes on next time, as long as its `reading` stays the same;
    `coverage` is what it vouched for.
    """

    id: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    tables: tuple[LoadedTable, ...] = ()
    cursor: str | None = None
    coverage: tuple[Covered, ...] = ()
    reading: str = ""


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
    return datetime.fromisoformat(text)


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


_COUNTS = ", ".join(LoadedTable.__dataclass_fields__).replace("table,", "table_name,", 1)
_LOADS = "SELECT id, source, recorded_at, state, why, cursor, reading FROM load ORDER BY id"
_HELD = "SELECT id FROM load WHERE state = 'held' ORDER BY id"
_LOADED_TABLES = f"SELECT load_id, {_COUNTS} FROM loaded_table"
_LOADED_COVERAGE = (
    "SELECT load_id, table_name, covered_from, covered_to FROM loaded_coverage "
    "ORDER BY load_id, place"
)
_SNAPSHOTS = (
    "SELECT id, file, recorded_at, published_at, last_load, loads, timezone, currency, rows "
    "FROM snapshot ORDER BY published_at, last_load, id"
)
_CURRENT = "SELECT snapshot_id FROM pointer WHERE name = 'current'"
_PUBLICATIONS = (
    "SELECT snapshot_id, published_at, settings_digest, catalogue_digest FROM publication "
    "ORDER BY id"
)
_WORDING = "SELECT text FROM wording WHERE digest = :digest"
_PINS = "SELECT snapshot_id, why, who, pinned_at FROM pin"


class Manifest:
    """The manifest of loads and snapshots: a workspace's database, or one SQLite file that belongs
    to nobody. Only what writes imports SQLAlchemy (`reading`).
    """

    def __init__(self, place: Path | Database) -> None:
        self._place = place
        try:
            if isinstance(place, Database):
                place.own(lambda: self.engine)
            if self._reader.version() != HEAD:
                from kampass.store.migrations import upgrade

                upgrade(self.engine)
            self._reader.check()
        except BaseException:
            self.close()
            raise

    @cached_property
    def engine(self) -> "sa.Engine":
        """Connections to write with."""
        place = self._place
        return place.engine() if isinstance(place, Database) else file_engine(place)

    @cached_property
    def _reader(self) -> Reader:
        if isinstance(self._place, Path):
            return FileReader(self._place)
        if self._place.url is None:
            return FileReader(self._place.folder / FILE)
        return ServerReader(self.engine)

    def close(self) -> None:
        """Let go of the file, or of the server."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    @contextmanager
    def _transaction(self) -> "Iterator[sa.Connection]":
        with self.engine.begin() as connection, integrity.sealed(connection):
            yield connection

    def loads(self, *, states: tuple[str, ...] = ("complete",)) -> list[Load]:
        """The loads in those states, oldest first."""
        with self._reader.reading() as rows:
            loads, tables, coverage = rows(_LOADS), rows(_LOADED_TABLES), _coverage(rows)
        of_load: dict[int, list[LoadedTable]] = {}
        for load_id, *counts in sorted(tables, key=_in_order):
            of_load.setdefault(load_id, []).append(_loaded_table(counts))
        return [
            Load(
                number,
                source,
                from_text(at),
                state,
                why,
                tuple(of_load.get(number, ())),
                cursor,
                coverage.get(number, ()),
                reading,
            )
            for number, source, at, state, why, cursor, reading in loads
            if state in states
        ]

    def held(self) -> tuple[int, ...]:
        """The numbers of the loads that wait for a person."""
        with self._reader.reading() as rows:
            return tuple(number for (number,) in rows(_HELD))

    def add_load(self, load: Load, *, instead_of: Sequence[int] = ()) -> int:
        """Record a load, its files and its source's cursor, and drop those it replaces, in one
        transaction; the load's number.
        """
        import sqlalchemy as sa

        from kampass.store import events
        from kampass.store.schema import LOADED_COVERAGE, LOADED_TABLES, LOADS

        values = {
            "source": load.source,
            "recorded_at": to_text(load.recorded_at),
            "state": load.state,
            "why": load.why,
            "cursor": load.cursor,
            "reading": load.reading,
        }
        with self._transaction() as connection:
            number = connection.execute(sa.insert(LOADS).values(**values)).inserted_primary_key
            assert number is not None
            connection.execute(
                sa.update(LOADS).where(LOADS.c.id.in_(instead_of)).values(state="dropped")
            )
            for table in load.tables:
                row = {"load_id": number[0]} | _loaded_values(table)
                connection.execute(sa.insert(LOADED_TABLES).values(**row))
            for place, covered in enumerate(load.coverage):
                values = _coverage_values(number[0], place, covered)
                connection.execute(sa.insert(LOADED_COVERAGE).values(**values))
            events.load_is(connection, number[0])
            faults.reach("load.before_commit")
        return int(number[0])

    def set_state(self, number: int, state: str) -> None:
        """Drop a load, or let a held one count."""
        import sqlalchemy as sa

        from kampass.store import events
        from kampass.store.schema import LOADS

        with self._transaction() as connection:
            connection.execute(sa.update(LOADS).where(LOADS.c.id == number).values(state=state))
            events.load_is(connection, number)

    def snapshots(self) -> list[SnapshotRow]:
        """Every snapshot that was published, oldest first."""
        with self._reader.reading() as rows:
            return [_snapshot(*row) for row in rows(_SNAPSHOTS)]

    def add_snapshot(self, snapshot: SnapshotRow) -> None:
        """Record a built snapshot (again, where its file had gone)."""
        import sqlalchemy as sa

        from kampass.store.schema import SNAPSHOTS

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
        with self._reader.reading() as rows:
            return first(rows(_CURRENT))

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
        import sqlalchemy as sa

        from kampass.store import events
        from kampass.store.schema import POINTERS, PUBLICATIONS, WORDINGS

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
        import sqlalchemy as sa

        from kampass.store import events
        from kampass.store.schema import POINTERS

        with self._transaction() as connection:
            events.published(connection, _pointed(connection), None, {})
            connection.execute(sa.delete(POINTERS).where(POINTERS.c.name == "current"))

    def publications(self) -> dict[str, list[Publication]]:
        """Every time each snapshot was published, oldest first."""
        with self._reader.reading() as rows:
            published = rows(_PUBLICATIONS)
        found: dict[str, list[Publication]] = {}
        for snapshot_id, at, *digests in published:
            publication = Publication(snapshot_id, from_text(at), *digests)
            found.setdefault(snapshot_id, []).append(publication)
        return found

    def wording(self, digest: str) -> str | None:
        """The text of that digest."""
        with self._reader.reading() as rows:
            return first(rows(_WORDING, digest=digest))

    def pins(self) -> dict[str, Pin]:
        """Every pin, by its snapshot."""
        with self._reader.reading() as rows:
            return {
                snapshot_id: Pin(snapshot_id, why, who, from_text(at))
                for snapshot_id, why, who, at in rows(_PINS)
            }

    def pin(self, pin: Pin) -> None:
        """Pin a snapshot; the last reason given holds."""
        import sqlalchemy as sa

        from kampass.store.schema import PINS

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
        import sqlalchemy as sa

        from kampass.store.schema import PINS

        with self._transaction() as connection:
            connection.execute(sa.delete(PINS).where(PINS.c.snapshot_id == snapshot_id))


def _loaded_table(cells: Sequence[Any]) -> LoadedTable:
    """A table of a load, as its row says."""
    row = LoadedTable(*cells)
    files = tuple(FileCount(**said) for said in json.loads(str(row.files)))
    return replace(row, files=files, changes=bool(row.changes), anew=bool(row.anew))


def _loaded_values(table: LoadedTable) -> dict[str, Any]:
    """The row of a table of a load."""
    said = [{**asdict(file), "left_out": dict(file.left_out)} for file in table.files]
    values = {name: getattr(table, name) for name in table.__dataclass_fields__}
    files = json.dumps(said, ensure_ascii=False)
    return values | {"table_name": values.pop("table"), "files": files}


def _in_order(row: tuple[Any, ...]) -> tuple[int, int, str]:
    """Where a row of a load's table stands: as the model orders the tables."""
    load_id, table, *_ = row
    return load_id, _ORDER.get(table, 0), table


def _snapshot(*row: Any) -> SnapshotRow:
    """A row of `_SNAPSHOTS`."""
    snapshot_id, file, recorded_at, published_at, last_load, loads, timezone, currency, rows = row
    return SnapshotRow(
        snapshot_id,
        file,
        from_text(recorded_at),
        from_text(published_at),
        last_load,
        None if loads is None else from_ranges(loads),
        timezone,
        currency,
        None if rows is None else json.loads(rows),
    )


def _coverage(rows: Rows) -> dict[int, tuple[Covered, ...]]:
    """What the sources vouched for, by load, in the order in which they said it."""
    found: dict[int, tuple[Covered, ...]] = {}
    for load, table, start, end in rows(_LOADED_COVERAGE):
        covered = Covered(table, date.fromisoformat(start), date.fromisoformat(end))
        found[load] = (*found.get(load, ()), covered)
    return found


def _coverage_values(load: int, place: int, covered: Covered) -> dict[str, Any]:
    return {
        "load_id": load,
        "place": place,
        "table_name": covered.table,
        "covered_from": covered.covered_from.isoformat(),
        "covered_to": covered.covered_to.isoformat(),
    }


def _pointed(connection: "sa.Connection") -> str | None:
    """The id of the snapshot that is current."""
    found: str | None = connection.exec_driver_sql(_CURRENT).scalar()
    return found
