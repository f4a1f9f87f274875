"""The sample company as a source: it states its own history, one load after another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kampass.intake.sample import SampleLoad, loads
from kampass.model import TABLES
from kampass.model.messages import Message, whole
from kampass.model.scan import Scan

if TYPE_CHECKING:
    import pyarrow as pa

_ARROW_TO_SQL = {
    "string": "VARCHAR",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
}


@dataclass(frozen=True)
class SampleSource:
    """The sample company under a name; the options set its size."""

    name: str
    scale: float = 1.0
    seed: int = 2026
    touches: int | None = None
    usage: int | None = None
    tickets: int | None = None

    def history(self) -> "Iterator[StatedLoad]":
        """Every load of the company's history, oldest first."""
        for load in loads(
            scale=self.scale,
            seed=self.seed,
            touches=self.touches,
            usage=self.usage,
            tickets=self.tickets,
        ):
            yield StatedLoad(self.name, load, repr(self))

    def read(self, _: str | None) -> Iterator[Message]:
        """Every table as the last load states it."""
        *_before, last = self.history()
        return last.read(None)

    def tables(self) -> list[str]:
        """The tables of the whole history: all but coverage, which is assumed."""
        return [table for table in TABLES if table != "coverage"]

    def scan(self, table: str) -> Scan:
        """The rows of a table as the last load states them."""
        *_before, last = self.history()
        return last.scan(table)


@dataclass(frozen=True)
class StatedLoad:
    """One load of the history, as a source that states it."""

    name: str
    load: SampleLoad
    recipe: str

    @property
    def recorded_at(self) -> datetime:
        """When Kampass learned it."""
        return self.load.recorded_at

    def read(self, _: str | None) -> Iterator[Message]:
        """Every table of this load as a whole."""
        return whole(self)

    def tables(self) -> list[str]:
        """The tables this load states."""
        return [table for table in TABLES if table in self.load.tables]

    def scan(self, table: str) -> Scan:
        """The rows of one table."""
        rows: pa.Table = self.load.tables[table]
        columns = {field.name: _sql_type(str(field.type)) for field in rows.schema}
        digest = f"{self.recipe} {self.load.recorded_at.isoformat()} {table} {rows.num_rows}"
        return Scan(
            table,
            f"SELECT * FROM {table}_rows",
            columns,
            digest,
            f"the sample's {table}",
            objects={f"{table}_rows": rows},
        )


def _sql_type(arrow_type: str) -> str:
    return _ARROW_TO_SQL.get(arrow_type, "DECIMAL")
