"""A source that tells how many bytes of its files are read: the journal asks it for one table after
the other.
"""

from contextlib import suppress

from kampass.errors import KampassError
from kampass.model.scan import Scan, Source
from kampass.store.progress import Progress


class Measured:
    """The same source while it is loaded; where its tables come from no files, nothing is told."""

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source, self._progress = source, progress
        self._read, self._next = 0, 0
        self._total: int | None = None

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    def tables(self) -> list[str]:
        """The tables it states; how much there is to read is known from here on."""
        found = self._source.tables()
        sizes = [self._size(table) for table in found]
        self._total = None if None in sizes else sum(size or 0 for size in sizes)
        return found

    def scan(self, table: str) -> Scan:
        """The rows of one table; those scanned before are read."""
        self._tell()
        self._next = self._size(table) or 0
        return self._source.scan(table)

    def end(self) -> None:
        """All of it is read."""
        self._tell()

    def _tell(self) -> None:
        self._read, self._next = self._read + self._next, 0
        if self._total is not None:
            self._progress.count(self._read, self._total, "bytes")

    def _size(self, table: str) -> int | None:
        """Bytes of a table's files; None where it comes from none. One that is not there is the
        scan's trouble.
        """
        if not hasattr(self._source, "files"):
            return None
        size = 0
        with suppress(OSError, KampassError):
            size = sum(file.stat().st_size for file in self._source.files(table))
        return size
