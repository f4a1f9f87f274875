"""A source that tells how many bytes of its files are read, as it opens one table after the
other.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, runtime_checkable

from kampass.errors import KampassError
from kampass.model.messages import Message, Opening, Source, TableSource
from kampass.store.progress import Progress


@runtime_checkable
class FilesSource(TableSource, Protocol):
    """A source whose tables come from files."""

    def files(self, table: str) -> list[Path]:
        """The files that one table is read from."""
        ...


class Measured:
    """The same source while it is loaded; where its tables come from no files, nothing is told."""

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source, self._progress = source, progress

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    def read(self, since: str | None, /) -> Iterator[Message]:
        """What the source says; the tables that it has opened before are read."""
        source = self._source
        if not isinstance(source, FilesSource):
            yield from source.read(since)
            return
        sizes = {table: _size(source, table) for table in source.tables()}
        read, opened, total = 0, 0, sum(sizes.values())
        for message in source.read(since):
            if isinstance(message, Opening):
                read, opened = read + opened, sizes.get(message.table, 0)
                self._progress.count(read, total, "bytes")
            yield message
        self._progress.count(total, total, "bytes")


def _size(source: FilesSource, table: str) -> int:
    """Bytes of a table's files; one that is not there is the reading's trouble."""
    with suppress(OSError, KampassError):
        return sum(file.stat().st_size for file in source.files(table))
    return 0
