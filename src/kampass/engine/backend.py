"""What the engine knows of a database: statements and their parameters in, rows out.

Whoever reads a book (engine, insight, book, the scope of a viewer) does it through a `Backend` and
never through a connection, so that the rows may lie elsewhere than in a file of DuckDB.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Cells = tuple[Any, ...]


class Selection(Protocol):
    """What a statement gives, to be taken once, in the form that suits.

    Few rows are cheapest as tuples (two dozen cost 0.02 ms, by way of Arrow 0.4), many as Arrow or
    NumPy.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        ...

    def all(self) -> list[Cells]:
        """Every row."""
        ...

    def first(self) -> Cells | None:
        """The first row, if there is any."""
        ...

    def each(self) -> Iterator[Cells]:
        """Row by row, so that they are never held as a whole."""
        ...

    def arrow(self) -> "pa.Table":
        """Every row, as a table of Arrow."""
        ...

    def numpy(self) -> "dict[str, np.ndarray[Any, Any]]":
        """Every column as an array, masked where it has nulls."""
        ...


class Backend(Protocol):
    """A database that answers statements; several threads may ask one at the same time."""

    @property
    def dialect(self) -> str:
        """The name of the SQL that it reads."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What it raises where a statement fails."""
        ...

    @property
    def unreadable(self) -> tuple[type[Exception], ...]:
        """Those of its errors that speak of its files, whatever the statement was."""
        ...

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Selection:
        """Run a statement; every `$name` in it takes the value of that name."""
        ...

    def tables(self) -> frozenset[str]:
        """The names that may stand behind FROM."""
        ...
