"""The application database: which loads count, which snapshots exist, which one is current. Nowhere
else says so.

A load counts from the moment its transaction is on disk: SQLite with a rollback journal and full
synchronisation, or a PostgreSQL server.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.model import TABLES
from kampass.model.messages import Covered
from kampass.model.scan import FileCount
from kampass.store import faults, integrity
from kampass.store.database import FILE, Database, file_engine
from kampass.store.reading import HEAD, FileReader, Reader, Rows, ServerReader, first
from kampass.store.records import (
    Load,
    LoadedTable,
    Pin,
    Publication,
    SnapshotRow,
    Wording,
    from_ranges,
    from_text,
    to_ranges,
    to_text,
)

if TYPE_CHECKING:
    import sqlalchemy as sa


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
        from kampass.store.schema import LOADS

        with self._transaction() as connection:
            number = _record(connection, load)
            connection.execute(
                sa.update(LOADS).where(LOADS.c.id.in_(instead_of)).values(state="dropped")
            )
            events.load_is(connection, number)
            faults.reach("load.before_commit")
        return number

    def put_back(self, loads: Sequence[Load], states: Mapping[int, str]) -> None:
        """Record loads under the numbers they have, and the `states` that others have come to, in
        one transaction.
        """
        import sqlalchemy as sa

        from kampass.store.schema import LOADS, count_on

        with self._transaction() as connection:
            for load in loads:
                _record(connection, load, id=load.id)
            for number, state in states.items():
                connection.execute(sa.update(LOADS).where(LOADS.c.id == number).values(state=state))
            highest = connection.scalar(sa.select(sa.func.max(LOADS.c.id)))
            count_on(connection, LOADS, int(highest or 0))

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


def _record(connection: "sa.Connection", load: Load, **number: int) -> int:
    """Write a load and what belongs to it, under the next number or the one that it has."""
    import sqlalchemy as sa

    from kampass.store.schema import LOADED_COVERAGE, LOADED_TABLES, LOADS

    values = {name: getattr(load, name) for name in ("source", "state", "why", "cursor", "reading")}
    recorded = values | {"recorded_at": to_text(load.recorded_at)} | number
    written = connection.execute(sa.insert(LOADS).values(**recorded)).inserted_primary_key
    assert written is not None
    of_load = {"load_id": int(written[0])}
    for table in load.tables:
        connection.execute(sa.insert(LOADED_TABLES).values(**of_load, **_loaded_values(table)))
    for place, covered in enumerate(load.coverage):
        span = {
            "table_name": covered.table,
            "covered_from": covered.covered_from.isoformat(),
            "covered_to": covered.covered_to.isoformat(),
        }
        connection.execute(sa.insert(LOADED_COVERAGE).values(**of_load, place=place, **span))
    return of_load["load_id"]


def _pointed(connection: "sa.Connection") -> str | None:
    """The id of the snapshot that is current."""
    found: str | None = connection.exec_driver_sql(_CURRENT).scalar()
    return found
