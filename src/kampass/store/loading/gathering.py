"""Everything that one load says of one table, gathered batch by batch until the source has ended.

Each batch of rows and each word on deleted keys has a room of line numbers of its own, so that
within a load, too, the later word on a key has the higher number. One batch stays where it was
staged; where there are several, each goes into a file of its own.
"""

import shutil
from pathlib import Path

import duckdb

from kampass.model import SQL_TYPES, Table
from kampass.model.conform import literal, quoted
from kampass.model.keys import state_columns
from kampass.model.messages import Deleted
from kampass.model.scan import FILE_LINES, FileCount, Scan
from kampass.store import quarantine
from kampass.store.disk import write_parquet
from kampass.store.loading import tombstones
from kampass.store.loading.staging import Staging


class Gathering:
    """Gathers into `folder`; `torn` counts lines that are no rows, `set_aside` all that was.

    `files` says what became of each file's records, `keep` which of a key's lines counts, and
    `reading` how they were read.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        folder: Path,
        timezone: str,
        *,
        mending: bool,
    ) -> None:
        self.connection, self.table, self.folder, self.timezone = (
            connection,
            table,
            folder,
            timezone,
        )
        self.mending = mending
        self.scratch = folder / f".{table.name}"
        self.scratch.mkdir()
        self.torn = self.set_aside = self._rooms = 0
        self.keep = self.reading = ""
        self.files: list[FileCount] = []
        self._shifts: list[int] = []
        self._asides: list[Path] = []
        self._deleted: list[tuple[int, Deleted]] = []

    def add(self, scan: Scan) -> None:
        """Stage a batch of rows."""
        number = len(self._shifts)
        if number == 1:
            self._keep(0)
        staging = Staging(self.connection, scan, self.timezone, mending=self.mending)
        aside = self.folder / self._aside(number)
        staging.stage(self.scratch, aside)
        self.torn += len(scan.rejects)
        self.files += scan.counts or [FileCount(scan.place, staging.count + len(scan.rejects))]
        self.keep, self.reading = scan.keep, scan.reading
        self.set_aside += staging.noted - staging.mended
        self._asides += [aside] if staging.noted else []
        self._shifts.append(self._room(len(scan.files)))
        if number:
            self._keep(number)

    def delete(self, deleted: Deleted) -> None:
        """Keep in mind which keys are deleted, and after which rows it was said."""
        self._deleted.append((self._room(), deleted))

    def settle(self) -> str | None:
        """Make `staged` and `numbered` hold every row that was said, `tombstone` the deletions and
        `set_aside` what was; the name of the file in which that is, if there is one.
        """
        if len(self._shifts) != 1:
            files = [literal(str(self._batch(number))) for number in range(len(self._shifts))]
            rows = f"FROM read_parquet([{', '.join(files)}])" if files else self._nothing()
            self._view("numbered", rows)
            self._view("staged", "FROM numbered")
        elif self._shifts[0]:
            self._keep(0)
            self._view("numbered", f"FROM read_parquet({literal(str(self._batch(0)))})")
        if self._deleted:
            tombstones.stage(self.connection, self.table, self._deleted, self.timezone)
        return self._settle_asides()

    @property
    def deletes(self) -> bool:
        """Whether the source said of keys that they are deleted."""
        return bool(self._deleted)

    def close(self) -> None:
        """Remove what was there for a while."""
        shutil.rmtree(self.scratch)

    def _room(self, files: int = 1) -> int:
        """The number after which the lines of what was said last begin."""
        begins = self._rooms * FILE_LINES
        self._rooms += max(1, files)
        return begins

    def _keep(self, number: int) -> None:
        """Put the batch that was staged last into a file of its own."""
        rows = f"SELECT * REPLACE (_line + {self._shifts[number]} AS _line) FROM numbered"
        write_parquet(self.connection, rows, self._batch(number), kept=False)
        for lines in self.scratch.glob("lines-*.parquet"):
            lines.unlink()

    def _batch(self, number: int) -> Path:
        return self.scratch / f"batch-{number}.parquet"

    def _aside(self, number: int = 0) -> str:
        return f"quarantine_{self.table.name}{f'-{number}' if number else ''}.parquet"

    def _settle_asides(self) -> str | None:
        file = self.folder / self._aside()
        if self._asides and self._asides != [file]:
            parts = ", ".join(literal(str(aside)) for aside in self._asides)
            merged = self.scratch / "set_aside.parquet"
            write_parquet(self.connection, f"FROM read_parquet([{parts}])", merged)
            for aside in self._asides:
                aside.unlink()
            merged.rename(file)
        found = quarantine.read(str(file)) if self._asides else f"SELECT {quarantine.SHAPE} LIMIT 0"
        self._view("set_aside", found)
        return file.name if self._asides else None

    def _nothing(self) -> str:
        cells = ", ".join(
            f"NULL::{SQL_TYPES[self.table.column(name).type]} AS {quoted(name)}"
            if self.table.has(name)
            else f"NULL::MAP(VARCHAR, VARCHAR) AS {name}"
            for name in state_columns(self.table)
        )
        return (
            f"SELECT 0::BIGINT AS _row, NULL::VARCHAR AS _mends, {cells}, 0 AS _broken, "
            "0::BIGINT AS _line LIMIT 0"
        )

    def _view(self, name: str, sql: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
