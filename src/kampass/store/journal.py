"""The journal: every load as immutable Parquet files, and what could not be read, set aside with
its reason.

A batch is written, fsynced and renamed into place before one transaction makes it count. The state
of a table is a fold over the loads in order: the latest version of a key wins, unless its
updated_at is older.
"""

import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from kampass.errors import DataError
from kampass.model import TABLES, Table
from kampass.model.conform import literal, quoted
from kampass.model.keys import key_of, same
from kampass.model.messages import Source
from kampass.store import faults, integrity
from kampass.store import quarantine as aside
from kampass.store.disk import fsync, sha256
from kampass.store.lines import Lines
from kampass.store.loading.batch import Known
from kampass.store.loading.incoming import Incoming, LoadKind, Past, by_hand, is_by_hand
from kampass.store.manifest import Manifest
from kampass.store.quarantine import JudgedAside, RowsAside
from kampass.store.records import EVERY_STATE, Load, LoadedTable, to_text
from kampass.store.versions import lineage_columns, nothing

TableReport = LoadedTable


@dataclass(frozen=True)
class LoadReport:
    """What one load did, table by table, and whether it counts or waits; `aside` is what publishing
    then set aside of its source.
    """

    number: int
    source: str
    recorded_at: datetime
    state: str
    why: str
    tables: tuple[LoadedTable, ...]
    notices: tuple[str, ...] = ()
    aside: tuple[JudgedAside, ...] = ()


_LINES = "loads"
_UNCOMMITTED = ".uncommitted"
"""Lies in a batch until its load is recorded."""


class Journal:
    """The loads of a workspace: `folder` holds their files, the manifest says which count."""

    def __init__(self, folder: Path, manifest: Manifest, *, timezone: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.timezone = timezone
        self.lines = lines_of(folder)
        folder.mkdir(parents=True, exist_ok=True)

    def load(
        self,
        source: Source,
        *,
        recorded_at: datetime,
        tell: Callable[[str], None] = lambda _: None,
        reading: LoadKind = LoadKind.changed,
        meaning: str = "",
    ) -> LoadReport:
        """Hear what the source has to say since last time, as one load that counts whole or not at
        all. `meaning`: a digest of the settings of a source whose rows do not say how they were
        read; where it changes, the source starts over.
        """
        recorded_at = recorded_at.astimezone(UTC)
        loads = self.manifest.loads(states=("complete", "held"))
        _check_order(recorded_at, loads)
        before = [load for load in loads if load.state == "complete"]
        past = Past(source.name, before, reading, self.timezone, meaning)
        with self._batch() as (name, folder):
            faults.reach("load.batch_open")
            incoming = self._heard(source, past, folder, tell)
            fsync(folder)
            faults.reach("load.files_synced")
            final = self._keep(name, folder) if any(folder.iterdir()) else name
            load = Load(
                0,
                source.name,
                recorded_at,
                "held" if incoming.why else "complete",
                incoming.why,
                tuple(_placed(table, final) for table in incoming.tables),
                incoming.cursor,
                tuple(incoming.coverage),
                meaning,
            )
            held = [] if reading is LoadKind.mended else _waiting(loads, source.name)
            number = self.manifest.add_load(load, instead_of=held)
            faults.reach("load.committed")
            self._recorded(final)
        replaced = [
            f"load {other}, which waited, was dropped: this load states the same source anew"
            for other in held
        ]
        notices = (*incoming.notices, *replaced, *incoming.told)
        return LoadReport(
            number, source.name, recorded_at, load.state, load.why, load.tables, notices
        )

    def _heard(
        self, source: Source, past: Past, folder: Path, tell: Callable[[str], None]
    ) -> Incoming:
        """Everything the source has to say, written into the folder."""
        with Incoming(folder, past, partial(self._known, past), tell) as incoming:
            for message in source.read(past.cursor):
                incoming.hear(message)
            incoming.end()
        return incoming

    def drop(self, number: int) -> None:
        """Take a load back. Later loads of the same source were compared with it, so they go
        first.
        """
        load = self._find(number)
        later = [
            other.id
            for other in self.manifest.loads(states=("complete", "held"))
            if other.source == load.source and other.id > number and not _dismisses(load)
        ]
        if later:
            raise DataError(
                (
                    f"Load {number} cannot be dropped yet: load {later[-1]} of the same source "
                    "came "
                    "after it."
                ),
                code="load_in_use",
                hint=f"Drop load {later[-1]} first.",
            )
        self.manifest.set_state(number, "dropped")
        self._catch_up()

    def confirm(self, number: int) -> None:
        """Let a load count that the deletion brake holds."""
        load = self._find(number)
        if load.state != "held":
            raise DataError(f"Load {number} is not held: it is {load.state}.", code="load_not_held")
        self.manifest.set_state(number, "complete")
        self._catch_up()

    def sweep(self) -> None:
        """Remove what an interrupted load left behind: folders no load names that were never
        finished. DataError where one was: whoever does not know it knows too little to write.
        """
        loads = self.manifest.loads(states=EVERY_STATE)
        self._refuse_unknown(loads)
        named = batches_of(loads)
        for folder in self.batches():
            if folder.name in named:
                (folder / _UNCOMMITTED).unlink(missing_ok=True)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        self.lines.catch_up(loads)

    def refuse_unknown(self) -> None:
        """DataError where the journal knows of loads that the database does not: the database is
        gone, or is not the one that belongs to them.
        """
        self._refuse_unknown(self.manifest.loads(states=EVERY_STATE))

    def _refuse_unknown(self, loads: Sequence[Load]) -> None:
        unknown, ahead = self.unknown(loads), self.lines.ahead_of(loads)
        if not unknown and not ahead:
            return
        if unknown:
            is_there = "is a batch" if len(unknown) == 1 else f"are {len(unknown)} batches"
            what = f"There {is_there} of the journal that the database does not know, the first is "
            what += unknown[0].name
        else:
            what = f"The journal knows more of load {ahead[0]} than the database does"
        raise DataError(
            f"{what}: the database is gone, older than the journal, or another workspace's. "
            "Nothing was changed.",
            code="unknown_journal",
            hint="Put the database that belongs to this workspace back, or run 'kampass repair', "
            "which writes it again from the journal.",
        )

    def batches(self) -> list[Path]:
        """The folders of all batches, finished or not."""
        return _batches(self.folder)

    def unknown(self, loads: Iterable[Load]) -> list[Path]:
        """The batches that were finished and that none of these loads names."""
        return unknown_batches(self.folder, loads)

    def _recorded(self, batch: str) -> None:
        """The load of a batch is in the database: the batch is finished, and its line follows."""
        (self.folder / batch / _UNCOMMITTED).unlink(missing_ok=True)
        self._catch_up()

    def _catch_up(self) -> None:
        self.lines.catch_up(self.manifest.loads(states=EVERY_STATE))

    def versions(self, table: Table, loads: Sequence[Load]) -> str | None:
        """The SQL of every version of a table's rows that these loads hold; None where none states
        the table.

        Beside the table's columns: `_line`, `_deleted`, `_load`, `_source`. A repeated line of one
        load is a version too.
        """
        files = _standing(loads, table.name)
        parts = [
            self._part(table, load, row, self._whole(load, row, row.file, row.file_sha256))
            for load, row in files
            if row.file
        ]
        return " UNION ALL BY NAME ".join(parts or [nothing(table)]) if files else None

    def quarantine(self, loads: Sequence[Load]) -> str:
        """The SQL of what is set aside now: each source's latest word on each whole table, and what
        it set aside of the changes since, unless it has said something else of the key. What was
        mended by hand since is among it.
        """
        words: dict[tuple[str, str], list[tuple[Load, LoadedTable]]] = {}
        for load in loads:
            for row in load.tables:
                if not is_by_hand(row):
                    goes_on = row.changes and not row.anew
                    before = words.get((load.source, row.table), []) if goes_on else []
                    words[load.source, row.table] = [*before, (load, row)]
        parts = [
            f'SELECT {literal(row.table)} AS "table", {load.id}::BIGINT AS load, '
            f"{literal(load.source)} AS source,"
            f' line, "column", value, reason, raw, mark FROM ({self._aside(load, row)})'
            f"{self._said_since(TABLES[row.table], self._aside(load, row), said[number + 1 :])}"
            for said in words.values()
            for number, (load, row) in enumerate(said)
            if row.quarantine_file
        ]
        nothing = (
            "SELECT '' AS \"table\", 0::BIGINT AS load, '' AS source, line, \"column\", value, "
            f"reason, raw, mark FROM (SELECT {aside.SHAPE}) WHERE false"
        )
        return " UNION ALL ".join(parts) or nothing

    def _said_since(self, table: Table, now: str, later: Sequence[tuple[Load, LoadedTable]]) -> str:
        """The condition that what was set aside has a key on which there is no later word."""
        stated = [self._part(table, load, row, row.file) for load, row in later if row.file] + [
            aside.keys(table, self._aside(load, row), self.timezone)
            for load, row in later
            if row.quarantine_file
        ]
        keys = [f"SELECT {key_of(table)} FROM ({said})" for said in stated]
        if not keys:
            return ""
        found = aside.keys(table, now, self.timezone)
        said = f"SEMI JOIN ({' UNION ALL '.join(keys)}) s ON {same(table.key, 'k', 's')}"
        return f" WHERE mark NOT IN (SELECT k.mark FROM ({found}) k {said})"

    def mends(self, loads: Sequence[Load]) -> str | None:
        """The SQL of the rows mended by hand that read: `table`, `source`, `load`, `number` (their
        line there), `mark` (of what they mend).
        """
        parts = [
            f'SELECT {literal(row.table)} AS "table", {literal(load.source)} AS source, '
            f"{load.id}::BIGINT AS load, number, mends AS mark"
            f" FROM ({self._aside(load, row)}) WHERE mended"
            for load in loads
            for row in load.tables
            if is_by_hand(row) and row.quarantine_file
        ]
        return " UNION ALL ".join(parts) or None

    def dismissed(self, loads: Sequence[Load]) -> str | None:
        """The SQL of what somebody has said is no row: `table`, `source`, `dismisses` (its
        content), `load`.
        """
        parts = [
            f'SELECT {literal(row.table)} AS "table", {literal(load.source)} AS source, dismisses, '
            f"{load.id}::BIGINT AS load FROM ({self._aside(load, row)}) WHERE dismisses IS NOT NULL"
            for load in loads
            for row in load.tables
            if is_by_hand(row) and row.quarantine_file
        ]
        return " UNION ALL ".join(parts) or None

    def dismiss(self, rows: RowsAside, snapshot: Path, at: datetime) -> int:
        """Remember that rows which a snapshot's file sets aside are none, as a load that states
        nothing else; its number.
        """
        at = at.astimezone(UTC)
        _check_order(at, self.manifest.loads(states=("complete", "held")))
        with self._batch() as (name, folder):
            file = folder / f"quarantine_{rows.table}.parquet"
            aside.write_dismissal(snapshot, rows, file)
            digest = sha256(file)
            fsync(folder)
            final = self._keep(name, folder)
            said = LoadedTable(
                rows.table,
                0,
                0,
                0,
                0,
                0,
                0,
                by_hand(digest),
                quarantine_file=f"{final}/{file.name}",
                quarantine_sha256=digest,
            )
            number = self.manifest.add_load(Load(0, rows.source, at, "complete", "", (said,)))
            self._recorded(final)
        return number

    def _aside(self, load: Load, row: LoadedTable) -> str:
        assert row.quarantine_file is not None
        return aside.read(
            str(self.folder / self._whole(load, row, row.quarantine_file, row.quarantine_sha256))
        )

    def _find(self, number: int) -> Load:
        for load in self.manifest.loads(states=("complete", "held")):
            if load.id == number:
                return load
        if any(load.id == number for load in self.manifest.loads(states=("dropped",))):
            raise DataError(
                f"Load {number} was dropped.",
                code="unknown_load",
                hint="'kampass data loads' says which loads count; 'kampass sync' reads the "
                "source anew.",
            )
        raise DataError(
            f"There is no load {number}.",
            code="unknown_load",
            hint="'kampass data loads' lists them.",
        )

    @contextmanager
    def _batch(self) -> Iterator[tuple[str, Path]]:
        name = uuid.uuid4().hex
        folder = self.folder / f".{name}"
        folder.mkdir()
        try:
            yield name, folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _keep(self, name: str, folder: Path) -> str:
        (folder / _UNCOMMITTED).touch()
        fsync(folder)
        faults.reach("load.before_rename")
        folder.rename(self.folder / name)
        fsync(self.folder)
        faults.reach("load.after_rename")
        return name

    def _whole(self, load: Load, row: LoadedTable, file: str, digest: str | None) -> str:
        """The same file's name, once its bytes are those that were written."""
        integrity.check_journal_file(
            self.folder, file, digest, of=f"load {load.id}, table '{row.table}'"
        )
        return file

    def _part(self, table: Table, load: Load, row: LoadedTable, file: str) -> str:
        """A load's versions; a row that is only stated no more says itself nothing of when it
        went.
        """
        path = literal(str(self.folder / file))
        names = ", ".join(
            "CASE WHEN NOT _deleted THEN deleted_at END AS deleted_at"
            if name == "deleted_at" and not row.changes
            else quoted(name)
            for name in [*table.names, *lineage_columns(table)]
        )
        file = f"read_parquet({path})"
        if table.more:
            # Files of loads from before the table kept more lack the column.
            none = "SELECT NULL::MAP(VARCHAR, VARCHAR) AS _extra WHERE false"
            file = f"(FROM {file} UNION ALL BY NAME {none})"
        return (
            f"SELECT {names}, {load.id}::BIGINT AS _load, {literal(load.source)} AS _source "
            f"FROM {file}"
        )

    def _known(self, past: Past, table: str, anew: bool) -> Known:  # noqa: FBT001 - a callback
        """What the loads before say of a table, which is read `anew`."""
        own = [
            replace(load, tables=tuple(row for row in load.tables if row.table == table))
            for load in past.own
        ]
        dismissed = self.dismissed(own)
        if not anew:
            return Known(self.versions(TABLES[table], past.loads), self.mends(own), dismissed)
        by_hand = [_of(load, by_hand=True) for load in own]
        others = [load for load in past.loads if load.source != past.source]
        standing = sorted([*others, *by_hand], key=lambda load: load.id)
        forgotten = self.versions(TABLES[table], [_of(load, by_hand=False) for load in own])
        return Known(self.versions(TABLES[table], standing), self.mends(own), dismissed, forgotten)


def lines_of(journal: Path) -> Lines:
    """The lines of the journal in a folder."""
    return Lines(journal / _LINES)


def unknown_batches(journal: Path, loads: Iterable[Load]) -> list[Path]:
    """The batches in a journal's folder that were finished and that none of these loads names."""
    named = batches_of(loads)
    return [
        folder
        for folder in _batches(journal)
        if folder.name not in named and not _is_unfinished(folder)
    ]


def _batches(journal: Path) -> list[Path]:
    found = journal.iterdir() if journal.is_dir() else ()
    return sorted(entry for entry in found if entry.name != _LINES and entry.is_dir())


def batches_of(loads: Iterable[Load]) -> set[str]:
    """The folders that these loads name."""
    return {
        Path(table.file or table.quarantine_file or "").parts[0]
        for load in loads
        for table in load.tables
        if table.file or table.quarantine_file
    }


def _is_unfinished(folder: Path) -> bool:
    """Whether a batch was still being written, or its load not yet recorded."""
    return folder.name.startswith(".") or (folder / _UNCOMMITTED).exists()


def _check_order(recorded_at: datetime, loads: Sequence[Load]) -> None:
    """DataError where a load would lie before one that is there."""
    latest = max((load.recorded_at for load in loads), default=recorded_at)
    if recorded_at < latest:
        raise DataError(
            (
                f"A load recorded at {to_text(recorded_at)} would lie before an earlier load's "
                f"{to_text(latest)}."
            ),
            code="recorded_before",
            hint="Loads are recorded in order; leave --recorded-at out, or date it later.",
        )


def _of(load: Load, *, by_hand: bool) -> Load:
    """What a load says of tables that somebody mended, or all the rest."""
    return replace(load, tables=tuple(row for row in load.tables if is_by_hand(row) == by_hand))


def _standing(loads: Sequence[Load], table: str) -> list[tuple[Load, LoadedTable]]:
    """What loads say of a table, without what a source said before it was read anew; what somebody
    mended stays.
    """
    said = [(load, row) for load in loads for row in load.tables if row.table == table]
    since = {load.source: load.id for load, row in said if row.anew}
    return [
        (load, row) for load, row in said if load.id >= since.get(load.source, 0) or is_by_hand(row)
    ]


def _dismisses(load: Load) -> bool:
    """Whether a load says only that lines are no rows: no load was compared with it."""
    return all(is_by_hand(row) and not row.file and not row.read for row in load.tables)


def _waiting(loads: Sequence[Load], source: str) -> list[int]:
    """The loads of a source that wait for a person."""
    return [load.id for load in loads if load.state == "held" and load.source == source]


def _placed(table: LoadedTable, folder: str) -> LoadedTable:
    """The same counts with file names that say which batch they lie in."""
    quarantine = table.quarantine_file
    if quarantine and "/" not in quarantine:
        quarantine = f"{folder}/{quarantine}"
    file = f"{folder}/{table.file}" if table.file else None
    return LoadedTable(**(table.__dict__ | {"file": file, "quarantine_file": quarantine}))
