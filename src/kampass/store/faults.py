"""Fail points: named places at which a test can end the process as `kill -9` would, to show what
survives.

Nothing happens at them unless one is armed, so an unarmed point costs one comparison.
docs/durability.md lists them for people; `KAMPASS_FAIL_AT=publish.renamed kampass sync` dies right
after a snapshot got its name, `:3` the third time.
"""

import os
import signal

from kampass.errors import QuestionError, UnknownName

POINTS: dict[str, str] = {
    "load.batch_open": "the folder of a load's files was made",
    "load.table_written": "one table of a load was read, compared and written",
    "load.files_synced": "every file of a load is on disk, under a hidden name",
    "load.before_rename": "just before a load's files get their name",
    "load.after_rename": "a load's files have their name, and no manifest names them",
    "load.before_commit": "a load is written into the manifest, and the transaction still open",
    "load.committed": "a load counts, and nothing is published",
    "drop.before_publish": "a load was taken back, and the snapshot still holds it",
    "confirm.before_publish": "a held load counts, and nothing is published",
    "replay.loaded": "a replay's loads count, and nothing is published",
    "publish.building": "a snapshot's file was begun",
    "publish.table_built": "one table of a snapshot was built",
    "publish.built": "a snapshot is built and closed, not yet on disk for sure",
    "publish.before_rename": "a snapshot is on disk for sure, under a hidden name",
    "publish.renamed": "a snapshot has its name, and no manifest names it",
    "publish.recorded": "the manifest names a snapshot, and the pointer another one",
    "publish.before_commit": "the pointer names the snapshot, and the transaction still open",
    "publish.pointed": "the pointer names the snapshot",
    "retention.before_unlink": "just before the file of a snapshot that nothing keeps is removed",
    "retention.unlinked": "the file of a snapshot that nothing keeps was removed",
    "backup.database_copied": "a backup holds the application database",
    "backup.member_written": "a backup holds one file of the journal",
    "backup.before_rename": "a backup is on disk for sure, under a hidden name",
    "backup.renamed": "a backup has its name",
    "restore.begun": "the hidden folder of a restore was made",
    "restore.unpacked": "every file of a backup was unpacked and its digest checked",
    "restore.proved": "the snapshot was built again and is the one the backup names",
    "restore.before_swap": "just before a restored workspace gets its name",
    "restore.swapped": "a restored workspace has its name",
    "repair.put_back": "the database knows again what the journal does",
    "repair.moved": "what a repair cannot place lies beside the journal",
}


class _Armed:
    """Which point is armed, and how many times it is still passed."""

    point: str | None = None
    left = 0


def arm(wish: str) -> None:
    """Arm one point: its name, or `name:3` for the third time it is reached."""
    point, _, times = wish.partition(":")
    if point not in POINTS:
        raise UnknownName("fail point", point, POINTS, hint="docs/durability.md lists them.")
    if times and not (times.isascii() and times.isdigit() and int(times)):
        raise QuestionError(
            f"'{times}' is no number of times.",
            code="bad_question",
            hint=f"Write {point}:3 for the third time.",
        )
    _Armed.point, _Armed.left = point, int(times or 1)


def reach(point: str) -> None:
    """Pass a point, or end here at once if it is the armed one."""
    if _Armed.point is not None and _Armed.point == point:
        _Armed.left -= 1
        if not _Armed.left:
            os.kill(os.getpid(), signal.SIGKILL)
