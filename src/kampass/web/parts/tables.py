"""What the data table is given: its columns, its rows, and cells that are more than a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kampass.web.parts.figures import Badge, Delta, Interval


@dataclass(frozen=True)
class Heading:
    """A column: `sort` is the link that sorts by it, `sorted` how it is; a long one may wrap."""

    key: str
    label: str
    kind: Literal["text", "long", "number"] = "text"
    sort: str | None = None
    sorted: Literal["asc", "desc"] | None = None
    hint: str | None = None


@dataclass(frozen=True)
class TableCell:
    """A cell: without `text` it shows a dash, and `reason` says why."""

    text: str | None = None
    href: str | None = None
    note: str | None = None
    why: str | None = None
    badge: Badge | None = None
    change: Delta | None = None
    interval: Interval | None = None
    reason: str | None = None


Cells = Mapping[str, TableCell | str | None]


@dataclass(frozen=True)
class TableRow:
    """A row: its cells by the key of their column, and where its first cell leads."""

    cells: Cells
    href: str | None = None
    current: bool = False


@dataclass(frozen=True)
class DataTable:
    """The columns and rows of a table, and the cells of a row for all of them."""

    columns: Sequence[Heading] = ()
    rows: Sequence[TableRow] = ()
    foot: Cells | None = None


NO_ROWS: Final = DataTable()


@dataclass(frozen=True)
class Detail:
    """What is known about one thing: the term, and what it is."""

    term: str
    text: str
    note: str | None = None
    href: str | None = None


def numbers(*pairs: tuple[str, str]) -> list[Heading]:
    """Columns of numbers from their keys and labels."""
    return [Heading(key, label, "number") for key, label in pairs]
