"""The journal of loads, quarantine, and the snapshots published from them."""

from kampass.store.journal import Journal, LoadReport, TableReport
from kampass.store.manifest import Manifest
from kampass.store.snapshots.build import Rules, SnapshotSettings
from kampass.store.snapshots.snapshot import Snapshot, Snapshots

__all__ = [
    "Journal",
    "LoadReport",
    "Manifest",
    "Rules",
    "Snapshot",
    "SnapshotSettings",
    "Snapshots",
    "TableReport",
]
