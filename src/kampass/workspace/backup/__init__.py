"""Backups: a workspace as one file, put back with a proof, and both checked in place."""

from kampass.workspace.backup.archive import Backup, BackupContents
from kampass.workspace.backup.rebuild import Rebuilt, rebuild
from kampass.workspace.backup.restore import Restored, restore
from kampass.workspace.backup.take import take
from kampass.workspace.backup.verify import (
    DamageFinding,
    Verification,
    verify_backup,
    verify_workspace,
)

__all__ = [
    "Backup",
    "BackupContents",
    "DamageFinding",
    "Rebuilt",
    "Restored",
    "Verification",
    "rebuild",
    "restore",
    "take",
    "verify_backup",
    "verify_workspace",
]
