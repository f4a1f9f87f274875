"""A hostile file as a value: its bytes, how it is declared, and the one thing that may happen to
it.

Every file either arrives as its author meant it, or some of its lines are set aside with their
place and the reason, or the whole file is refused in words. `mapping` is empty for a file of a
canonical folder.
"""

from collections.abc import Callable
from dataclasses import dataclass

Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Aside:
    """A line that is set aside: where it stands, what stood there, and a part of the reason."""

    line: int
    column: str
    value: str | None
    reason: str


@dataclass(frozen=True)
class Hostile:
    """One file. `shown` names the columns of `read`; a column that the table does not have is an
    attribute.

    `more` counts rows that load and are not listed; `refused` and `way_out` are patterns of the
    message and its hint.
    """

    name: str
    file: str
    raw: bytes | Callable[[], bytes]
    mapping: str = ""
    shown: str | tuple[str, ...] = "id name region"
    read: tuple[Cells, ...] = ()
    aside: tuple[Aside, ...] = ()
    superseded: int = 0
    refused: str = ""
    way_out: str = ""
    table: str = ""

    @property
    def outcome(self) -> str:
        """What happens to the file, in the words of the table that the tests print."""
        return "refused" if self.refused else "set aside" if self.aside else "read right"

    @property
    def of(self) -> str:
        """The canonical table it fills."""
        return self.table or self.file.partition(".")[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `read`."""
        return tuple(self.shown.split()) if isinstance(self.shown, str) else self.shown

    def bytes(self) -> bytes:
        """The file."""
        return self.raw if isinstance(self.raw, bytes) else self.raw()


def lines(*rows: str, end: str = "\n") -> bytes:
    """A file of these lines, as UTF-8."""
    return "".join(row + end for row in rows).encode()


def accounts(
    name: str,
    raw: bytes | str | Callable[[], bytes],
    *rows: Cells,
    aside: tuple[Aside, ...] = (),
    **more: object,
) -> Hostile:
    """A canonical accounts.csv; a text is the lines below the header `id,name,region`."""
    whole = f"id,name,region\n{raw}".encode() if isinstance(raw, str) else raw
    return Hostile(name, "accounts.csv", whole, read=rows, aside=aside, **more)  # type: ignore[arg-type]


def refused(
    name: str,
    raw: bytes | Callable[[], bytes],
    words: str,
    way_out: str,
    *,
    file: str = "accounts.csv",
    mapping: str = "",
    table: str = "",
) -> Hostile:
    """A file that is refused as a whole."""
    return Hostile(name, file, raw, mapping, refused=words, way_out=way_out, table=table)
