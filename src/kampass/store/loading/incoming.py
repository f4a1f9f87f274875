"""What a source says during one load, heard message by message: tables come out, and where the
source goes on next time.

A table is written as soon as the source calls it complete, and otherwise when the source has ended:
then it holds changes. One whose source says the same whole thing as last time is not read again.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from kampass.errors import UnknownName
from kampass.model import TABLES
from kampass.model.messages import (
    Batch,
    Complete,
    Covered,
    Cursor,
    Deleted,
    Message,
    Notice,
    Opening,
)
from kampass.model.scan import Scan
from kampass.store import faults
from kampass.store.disk import READING, connect
from kampass.store.loading.batch import Known, TableBatch
from kampass.store.loading.gathering import Gathering
from kampass.store.records import Load, LoadedTable

BRAKE = 0.20
CONFLICTS, CONFLICTING = 10, 0.05
"""How many lines of a table, and what part of them, may differ from another of their key before a
person is asked which counts.
"""
_BY_HAND = "by hand: "


class LoadKind(StrEnum):
    """How a load reads its source."""

    changed = "changed"
    """One whole table that has not changed is not read again."""
    again = "again"
    """Everything, also what has not changed."""
    mended = "mended"
    """Rows mended by hand, each with the `_id` of the one it mends."""


@dataclass(frozen=True)
class Past:
    """What a load is compared with: its source's name, the loads before, how it reads, where days
    are cut, and the `meaning` of the source's settings where no scan says how it was read.
    """

    source: str
    loads: Sequence[Load]
    reading: LoadKind
    timezone: str
    meaning: str = ""

    def last(self, table: str) -> LoadedTable | None:
        """The source's latest word on a table, where that was on the whole of it."""
        own = (row for load in reversed(self.own) for row in load.tables if row.table == table)
        latest = next((row for row in own if not is_by_hand(row)), None)
        return None if latest is None or latest.changes else latest

    @property
    def own(self) -> list[Load]:
        """The loads of this source."""
        return [load for load in self.loads if load.source == self.source]

    @property
    def cursor(self) -> str | None:
        """Where the source goes on; None where what it said under its cursor meant something
        else.
        """
        said = next((load for load in reversed(self.own) if load.cursor is not None), None)
        return None if said is None or _differ(said.reading, self.meaning) else said.cursor

    def is_anew(self, table: str, reading: str) -> bool:
        """Whether a table is read otherwise than it was."""
        if self.reading is LoadKind.mended:
            return False
        rows = (row for load in reversed(self.own) for row in load.tables if row.table == table)
        before = (row.reading for row in rows if row.reading and not is_by_hand(row))
        return _differ(next(before, ""), reading)

    def followed(self) -> list[str]:
        """The tables of which the source has last said what changed."""
        latest = {row.table: row for load in self.own for row in load.tables if not is_by_hand(row)}
        return [table for table, row in latest.items() if row.changes]


class Incoming:
    """Hears the messages of one load and writes its tables into `folder`; leaving its context
    closes what is open.

    `told` are the source's own notices, `why` is why the load must wait for a person.
    """

    def __init__(
        self,
        folder: Path,
        past: Past,
        known: Callable[[str, bool], Known],
        tell: Callable[[str], None],
    ) -> None:
        self.folder, self.past, self.known, self.tell = folder, past, known, tell
        self.tables: list[LoadedTable] = []
        self.notices: list[str] = []
        self.told: list[str] = []
        self.coverage: list[Covered] = []
        self.cursor: str | None = None
        self.why = ""
        self._open: dict[str, _Arriving] = {}
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def hear(self, message: Message) -> None:
        """Take one message in."""
        match message:
            case Opening(table):
                self.tell(f"Loading {table}")
            case Batch(scan):
                self.notices += [word for word in unknown_columns(scan) if word not in self.notices]
                self._arriving(scan.table).add(scan)
            case Deleted(table):
                self._arriving(table).delete(message)
            case Complete(table):
                self._finish(table, whole=True)
            case Covered():
                self.coverage.append(message)
            case Cursor(text):
                self.cursor = text
            case Notice(text):
                self.told.append(text)

    def end(self) -> None:
        """The source has ended: what it did not call complete holds changes, and what it follows
        without a word has none.
        """
        for table in list(self._open):
            self._finish(table, whole=False)
        heard = {row.table for row in self.tables}
        if self.past.reading is not LoadKind.mended:
            self.tables += [
                self._without_a_word(table) for table in self.past.followed() if table not in heard
            ]
            self.why = self.why or _none_kept(self.tables)

    def _without_a_word(self, table: str) -> LoadedTable:
        """A table that the source follows and has said nothing of."""
        meaning = self.past.meaning
        anew = self.past.is_anew(table, meaning)
        return LoadedTable(table, 0, 0, 0, 0, 0, 0, "", changes=True, reading=meaning, anew=anew)

    def _arriving(self, table: str) -> "_Arriving":
        if table not in TABLES:
            raise UnknownName("table", table, TABLES)
        if any(row.table == table for row in self.tables):
            raise ValueError(f"{self.past.source} went on with '{table}' after it was complete")
        if table not in self._open:
            self._open[table] = _Arriving(self, table)
        return self._open[table]

    def _finish(self, table: str, *, whole: bool) -> None:
        arriving = self._arriving(table)
        row, why = arriving.finish(whole=whole)
        del self._open[table]
        self.tables.append(row)
        if row.anew:
            self.notices.append(
                f"'{table}' is read otherwise than before: what was read before no longer counts"
            )
        self.why = self.why or why
        faults.reach("load.table_written")


class _Arriving:
    """One table on its way in; a first batch that is the whole of last time waits unread until more
    is said.
    """

    def __init__(self, incoming: Incoming, table: str) -> None:
        self.past, self.folder, self.table = incoming.past, incoming.folder, table
        self.known, self.stack = incoming.known, incoming.stack
        self._gathered: Gathering | None = None
        self._digests: list[str] = []
        self._waiting: Scan | None = None

    def add(self, scan: Scan) -> None:
        """A batch of rows."""
        first = not self._digests and self._gathered is None
        self._digests.append(scan.digest)
        if first and self._is_as_last():
            self._waiting = scan
            return
        self._read().add(scan)

    def delete(self, deleted: Deleted) -> None:
        """Deleted keys."""
        self._read().delete(deleted)

    def finish(self, *, whole: bool) -> tuple[LoadedTable, str]:
        """The table's part of the load, and why that must wait for a person, if it must."""
        last = self.past.last(self.table)
        if whole and self._waiting is not None and last is not None:
            return _as_last(last), ""
        gathered = self._read()
        reading = "" if self.past.reading is LoadKind.mended else gathered.reading
        reading = reading or self.past.meaning
        anew = self.past.is_anew(self.table, reading)
        batch = TableBatch(gathered, self.past.source, self.known(self.table, anew), whole=whole)
        row = replace(batch.write(self.folder, self._digest()), reading=reading, anew=anew)
        gathered.close()
        gathered.connection.close()
        return row, _brake(batch) or _conflict(batch)

    def _read(self) -> Gathering:
        """What was gathered so far, the batch that waited included."""
        if self._gathered is None:
            connection = self.stack.enter_context(connect(self.folder, memory=READING))
            mending = self.past.reading is LoadKind.mended
            self._gathered = Gathering(
                connection, TABLES[self.table], self.folder, self.past.timezone, mending=mending
            )
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._gathered.add(waiting)
        return self._gathered

    def _is_as_last(self) -> bool:
        last = self.past.last(self.table)
        return (
            last is not None
            and last.digest == self._digest()
            and self.past.reading is LoadKind.changed
        )

    def _digest(self) -> str:
        said = "|".join([*self._digests, self.past.timezone])
        digest = hashlib.sha256(said.encode()).hexdigest()
        return by_hand(digest) if self.past.reading is LoadKind.mended else digest


def _differ(before: str, now: str) -> bool:
    """Whether two digests of a reading are known and differ."""
    return bool(before and now and before != now)


def by_hand(digest: str) -> str:
    """The digest of what somebody has said by hand."""
    return _BY_HAND + digest


def is_by_hand(row: LoadedTable) -> bool:
    """Whether a load states only rows that somebody mended, or lines that are no rows."""
    return row.digest.startswith(_BY_HAND)


def unknown_columns(scan: Scan) -> list[str]:
    """A word on each column that is ignored; where they are kept, on those that are almost the
    table's own.
    """
    table = TABLES[scan.table]
    if table.more:
        known = {name.casefold(): name for name in table.names}
        near = [
            name
            for name in scan.columns
            if name not in known.values() and name.strip().casefold() in known
        ]
        return [
            (
                f"{scan.place}: '{name}' is kept as "
                f"{'an attribute' if table.name == 'accounts' else 'a column'} of its own; did "
                "you mean "
                f"'{known[name.strip().casefold()]}'?"
            )
            for name in near
        ]
    return [
        f"{scan.place}: the column '{name}' is not known and was left out"
        for name in scan.columns
        if not table.has(name)
    ]


def _as_last(last: LoadedTable) -> LoadedTable:
    """The counts of a table that stands as it did."""
    return LoadedTable(
        last.table,
        last.read,
        0,
        last.loaded + last.unchanged,
        last.superseded,
        last.quarantined,
        0,
        last.digest,
        quarantine_file=last.quarantine_file,
        quarantine_sha256=last.quarantine_sha256,
        conflicting=last.conflicting,
        files=last.files,
        reading=last.reading,
    )


def _brake(batch: TableBatch) -> str:
    """Why the load must wait for a person, or nothing."""
    return (
        f"{batch.gone} of {batch.had} rows of '{batch.table.name}' would be deleted"
        if batch.gone > BRAKE * batch.had
        else ""
    )


def _conflict(batch: TableBatch) -> str:
    """The same for lines of one key that differ, where nobody has said which counts."""
    lines, named = batch.conflicting, batch.gathered.keep
    if named or lines < CONFLICTS or lines <= CONFLICTING * batch.read:
        return ""
    key = ", ".join(batch.table.key)
    return (
        f"{lines:,} of {batch.read:,} lines of '{batch.table.name}' differ from another line with "
        f"the same {key}, and nothing says which counts"
    )


def _none_kept(tables: Sequence[LoadedTable]) -> str:
    """The same where rows were read and none is kept, because of what was set aside; deleting is
    something to keep, also what came in the same load.
    """
    read = sum(table.read for table in tables)
    aside = sum(table.quarantined for table in tables)
    if not aside or any(table.kept or table.deleted for table in tables):
        return ""
    return f"none of the {read:,} rows that were read is kept"
