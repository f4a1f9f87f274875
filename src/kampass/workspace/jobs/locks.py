"""Locks between the processes of one workspace: a file that somebody has open, which goes with the
process, however that ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(file: Path) -> Iterator[bool]:
    """Whether the lock is this block's; False where somebody else has it, in this process or
    another.
    """
    file.parent.mkdir(exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if not _names(file, lock.fileno()):  # whoever had it has just let go of it, and of the file
            yield False
            return
        try:
            yield True
        finally:
            file.unlink(missing_ok=True)


def _names(file: Path, descriptor: int) -> bool:
    """Whether the file that is locked is the one that others would lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False
