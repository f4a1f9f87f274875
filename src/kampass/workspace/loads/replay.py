"""Replaying what was set aside: from the sources as they are now, or from a CSV in which somebody
mended the rows.

Mended rows are a load of their source that states them and nothing else. The wrong lines may stay
in the file: later loads neither undo the mending nor count these lines as open.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from kampass.errors import DataError
from kampass.intake.readers.memory import ask
from kampass.intake.sources.folder import scan_csv
from kampass.model.messages import Batch, HistorySource, Message, Opening, TableSource, whole
from kampass.model.scan import Scan
from kampass.store import LoadReport, Snapshot, faults
from kampass.store.loading.incoming import LoadKind
from kampass.workspace.home import Home
from kampass.workspace.loads.loads import counts
from kampass.workspace.loads.quarantine import META, SetAside, Wish, listed


@dataclass(frozen=True)
class Replay:
    """What a replay did: its loads, how many rows read now, which remain and why. `skipped`:
    sources that cannot be read again.
    """

    loads: tuple[LoadReport, ...]
    mended: int
    remaining: tuple[SetAside, ...]
    skipped: tuple[str, ...] = ()
    snapshot: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The replay, ready for JSON."""
        loads = [
            {
                "load": load.number,
                "source": load.source,
                "state": load.state,
                "why": load.why,
                "tables": [{"table": table.table} | counts([table]) for table in load.tables],
            }
            for load in self.loads
        ]
        remaining = [row.to_dict() for row in self.remaining]
        return {
            "loads": loads,
            "mended": self.mended,
            "remaining": remaining,
            "skipped": list(self.skipped),
            "snapshot": self.snapshot,
        }


@dataclass(frozen=True)
class Part:
    """Some tables of a source."""

    source: TableSource
    wanted: tuple[str, ...]

    @property
    def name(self) -> str:
        """The source's name."""
        return self.source.name

    def read(self, _: str | None) -> Iterator[Message]:
        """Each of the tables as a whole."""
        return whole(self)

    def tables(self) -> list[str]:
        """Those of the tables that the source states now."""
        return [table for table in self.source.tables() if table in self.wanted]

    def scan(self, table: str) -> Scan:
        """The rows of one table as they stand now."""
        return self.source.scan(table)


@dataclass(frozen=True)
class Mended:
    """Rows that somebody mended, as a source."""

    name: str
    stated: Scan

    def read(self, _: str | None) -> Iterator[Message]:
        """The rows, which say nothing of any other."""
        yield Opening(self.stated.table)
        yield Batch(self.stated)

    def tables(self) -> list[str]:
        """Their table."""
        return [self.stated.table]


def replay(
    workspace: Home,
    wish: Wish,
    file: Path | None,
    instant: Callable[[], datetime],
    tell: Callable[[str], None] = lambda _: None,
) -> Replay:
    """Read again what is set aside, from the sources or from a file of mended rows, and publish;
    `instant` dates the loads.
    """
    with workspace.writing():
        snapshot = current(workspace)
        before = listed(snapshot, wish, mended=False)
        read = _of_file(file, before) if file is not None else _of_sources(workspace, before)
        reading = LoadKind.again if file is None else LoadKind.mended
        loads = tuple(
            workspace.journal.load(source, recorded_at=instant(), tell=tell, reading=reading)
            for source in read
            if source.tables()
        )
        faults.reach("replay.loaded")
        if any(load.state == "complete" for load in loads):
            tell("Publishing")
            snapshot = workspace.snapshots.publish()
        after = listed(snapshot, wish, mended=False)
        names = {source.name for source in read}
        touched = {(source.name, table) for source in read for table in source.tables()}
    skipped = tuple(sorted({row.source for row in before} - names)) if file is None else ()
    remaining = tuple(row for row in after if (row.source, row.table) in touched)
    return Replay(loads, _mended(before, after), remaining, skipped, snapshot.id)


def current(workspace: Home) -> Snapshot:
    """What answers now, for one who holds the writer's lock."""
    return workspace.snapshots.current() or workspace.snapshots.publish()


def _mended(before: Sequence[SetAside], after: Sequence[SetAside]) -> int:
    """How many rows are open no more: neither they themselves, nor another wrong row on their
    line.
    """
    still = {(row.source, row.table, sign) for row in after for sign in (row.id, row.line)}
    return sum(
        not any((row.source, row.table, sign) in still for sign in (row.id, row.line))
        for row in before
    )


def _of_sources(workspace: Home, rows: Sequence[SetAside]) -> list[Part]:
    """The sources of these rows, with their tables; those that state their own history, or only
    what changed, cannot be read again.
    """
    wanted: dict[str, set[str]] = {}
    for row in rows:
        wanted.setdefault(row.source, set()).add(row.table)
    return [
        Part(source, tuple(sorted(wanted[source.name])))
        for source in workspace.sources()
        if source.name in wanted
        and isinstance(source, TableSource)
        and not isinstance(source, HistorySource)
    ]


def _of_file(file: Path, rows: Sequence[SetAside]) -> list[Mended]:
    """The rows of a mended CSV, each with the row it mends; DataError where one mends nothing that
    is open.
    """
    if not file.is_file():
        raise DataError(f"There is no file {file}.", code="no_file")
    ids = _ids(file)
    open_rows = {row.id: row for row in rows}
    for line, mark in ids:
        if mark not in open_rows:
            raise DataError(
                f"{file.name}, line {line}: no row that is set aside has the _id '{mark}'.",
                code="not_set_aside",
                hint="It may be mended already. Write the file anew with 'kampass data "
                "quarantine --table TABLE --format csv'.",
            )
    first: dict[str, int] = {}
    for line, mark in ids:
        if mark in first:
            raise DataError(
                (
                    f"{file.name}, lines {first[mark]} and {line}: both mend the row with the _id "
                    f"'{mark}'."
                ),
                code="mended_twice",
                hint="One row was set aside, so one row can take its place: remove one of the "
                "lines.",
            )
        first[mark] = line
    places = sorted({(open_rows[mark].table, open_rows[mark].source) for _, mark in ids})
    if len(places) > 1:
        raise DataError(
            f"{file.name} mixes rows of several tables or sources.",
            code="several_tables",
            hint="Add --table or --source, a file for each.",
        )
    if not places:
        return []
    ((table, source),) = places
    scan = scan_csv(table, file)
    return [
        Mended(
            source,
            replace(
                scan,
                columns={name: kind for name, kind in scan.columns.items() if name not in META},
            ),
        )
    ]


def _ids(file: Path) -> list[tuple[int, str]]:
    """The line and `_id` of each row of a mended CSV."""
    scan = scan_csv("", file)
    if scan.rejects:
        raise DataError(
            f"{file.name}, line {scan.rejects[0].line}: {scan.rejects[0].reason}.",
            code="unreadable_file",
            hint="Save it as CSV, UTF-8.",
        )
    if META[0] not in scan.columns:
        raise DataError(
            f"{file.name} has no column '{META[0]}'.",
            code="missing_column",
            hint="Mend the file that 'kampass data quarantine --format csv' writes.",
        )
    ids = [row[0] for row in ask(f"SELECT _id FROM ({scan.relation})", scan.objects)]
    lines = scan.lines(range(1, len(ids) + 1)) if ids else {}
    return [(lines[number], mark or "") for number, mark in enumerate(ids, start=1)]
