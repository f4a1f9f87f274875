"""What was published when, under which rules, and what keeps its file: the snapshots of a workspace
as people see them.

A snapshot is never changed and seldom gone: where its file was let go, the journal builds it again
under the same name.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from kampass.engine.answer import instant_text
from kampass.engine.duckdb_backend import DuckDBBackend
from kampass.engine.planning import coverage
from kampass.model import TABLES
from kampass.model.conform import quoted
from kampass.store import Snapshot
from kampass.store.records import Pin, Publication, SnapshotRow
from kampass.workspace.home import Home, settings_of


@dataclass(frozen=True)
class SnapshotCard:
    """One snapshot on the list: what it knows, when it was published and under which rules, and
    whether its file is here.
    """

    id: str
    current: bool
    known_at: str
    published_at: str | None
    times_published: int
    loads: int
    rows: Mapping[str, int]
    size: int | None
    rebuilds: bool
    pinned: str | None
    settings_digest: str | None
    catalogue_digest: str | None
    settings_are_todays: bool | None
    definitions_are_todays: bool | None

    def to_dict(self) -> dict[str, Any]:
        """The card, ready for JSON."""
        return asdict(self) | {"rows": dict(self.rows)}


@dataclass(frozen=True)
class SnapshotDetail:
    """A snapshot taken out of the drawer: its loads, and for each table its rows, what was set
    aside and what is covered.
    """

    card: SnapshotCard
    publications: tuple[Publication, ...]
    pin: Pin | None
    loads: tuple[dict[str, Any], ...]
    tables: tuple[dict[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """The detail, ready for JSON."""
        times = [
            {
                "published_at": instant_text(p.published_at),
                "settings_digest": p.settings_digest,
                "catalogue_digest": p.catalogue_digest,
            }
            for p in self.publications
        ]
        pin = (
            None
            if self.pin is None
            else {
                "why": self.pin.why,
                "who": self.pin.who,
                "pinned_at": instant_text(self.pin.pinned_at),
            }
        )
        return self.card.to_dict() | {
            "publications": times,
            "pin": pin,
            "load_list": list(self.loads),
            "tables": list(self.tables),
        }


def cards(workspace: Home) -> list[SnapshotCard]:
    """Every snapshot there ever was, by what it knows, oldest first."""
    rows = sorted(
        workspace.manifest.snapshots(), key=lambda row: (row.recorded_at, row.published_at)
    )
    publications, pins, current = (
        workspace.manifest.publications(),
        workspace.manifest.pins(),
        workspace.manifest.current(),
    )
    gone = workspace.snapshots.rebuildable(
        row for row in rows if not (workspace.snapshots.folder / row.file).exists()
    )
    found = [
        _card(
            workspace, row, publications.get(row.id, []), pins.get(row.id), rebuilds=row.id in gone
        )
        for row in rows
    ]
    return [replace(card, current=card.id == current) for card in found]


def detail(workspace: Home, snapshot_id: str) -> SnapshotDetail:
    """All about one snapshot, named by its id or the start of it; built again where its file is
    gone.
    """
    row = workspace.snapshots.row(snapshot_id)
    snapshot = workspace.snapshot(snapshot=row.id)
    row = workspace.snapshots.row(row.id)
    publications, pin = (
        workspace.manifest.publications().get(row.id, []),
        workspace.manifest.pins().get(row.id),
    )
    card = replace(
        _card(workspace, row, publications, pin, rebuilds=False),
        current=row.id == workspace.manifest.current(),
    )
    return SnapshotDetail(
        card, tuple(publications), pin, _loads(snapshot), _tables(workspace, snapshot)
    )


def pin(workspace: Home, snapshot_id: str, why: str, who: str, at: datetime) -> SnapshotRow:
    """Keep a snapshot's file until it is unpinned; built again first where it is gone."""
    row = workspace.snapshots.row(snapshot_id)
    workspace.manifest.pin(Pin(row.id, why, who, at))
    workspace.snapshot(snapshot=row.id).close()
    return row


def unpin(workspace: Home, snapshot_id: str) -> SnapshotRow:
    """Leave a snapshot to retention again."""
    row = workspace.snapshots.row(snapshot_id)
    workspace.manifest.unpin(row.id)
    return row


def _card(
    workspace: Home,
    row: SnapshotRow,
    publications: list[Publication],
    pinned: Pin | None,
    *,
    rebuilds: bool,
) -> SnapshotCard:
    file = workspace.snapshots.folder / row.file
    here = file.exists()
    last = publications[-1] if publications else None
    settings, catalogue = (last.settings_digest, last.catalogue_digest) if last else (None, None)
    return SnapshotCard(
        row.id,
        False,
        instant_text(row.recorded_at) or "",
        instant_text(last.published_at) if last else None,
        len(publications),
        len(row.loads) if row.loads is not None else row.last_load,
        row.rows or {},
        file.stat().st_size if here else None,
        rebuilds,
        pinned.why if pinned else None,
        settings,
        catalogue,
        None if settings is None else settings == workspace.settings_digest,
        None if catalogue is None else catalogue == workspace.catalogue_digest,
    )


def _loads(snapshot: Snapshot) -> tuple[dict[str, Any], ...]:
    rows = (
        snapshot.cursor()
        .execute("SELECT id, source, recorded_at FROM _load ORDER BY id")
        .fetchall()
    )
    return tuple(
        {"load": number, "source": source, "recorded_at": instant_text(at)}
        for number, source, at in rows
    )


def _tables(workspace: Home, snapshot: Snapshot) -> tuple[dict[str, Any], ...]:
    """The connected tables, in their written order."""
    cursor = snapshot.cursor()
    connected = {row[0] for row in cursor.execute('SELECT "table" FROM _connected').fetchall()}
    aside: Mapping[str, int] = dict(
        cursor.execute('SELECT "table", count(*) FROM _quarantine GROUP BY 1').fetchall()
    )
    settings = settings_of(workspace, snapshot)
    covered = coverage.read(
        DuckDBBackend(snapshot), snapshot.known_at, settings.calendar, settings.sources
    ).stretches
    found = []
    for name in TABLES:
        if name in connected:
            (count,) = cursor.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone() or (0,)
            stretches = covered.get(name, ())
            spans = [
                {"from": instant_text(each.start), "to": instant_text(each.end)}
                for each in stretches
            ]
            found.append(
                {
                    "table": name,
                    "rows": count,
                    "set_aside": aside.get(name, 0),
                    "covered": spans,
                    "assumed": any(each.assumed for each in stretches),
                }
            )
    return tuple(found)
