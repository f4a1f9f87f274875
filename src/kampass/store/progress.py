"""What long work tells of itself: the step it is at, in words, and how much of how much is done, in
a unit of its own.
"""

from collections.abc import Callable


class Progress:
    """Whoever listens to long work; this one lets it go by."""

    def __call__(self, step: str) -> None:
        """Hear which step begins."""

    def count(self, done: int, total: int | None, unit: str) -> None:
        """Hear that so much is done of so much (None: nobody knows yet), in bytes, rows or
        files.
        """


SILENT = Progress()


class Heard(Progress):
    """Somebody who listens to the steps alone."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __call__(self, step: str) -> None:
        """Pass the step on."""
        self._tell(step)


def heard(tell: Callable[[str], None]) -> Progress:
    """A listener as long work wants one."""
    return tell if isinstance(tell, Progress) else Heard(tell)
