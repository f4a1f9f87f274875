"""Somebody's file as rows of text under the names of its own header: what every mapping starts
from.

Whatever the format, the columns are `c0`, `c1`, ... in the file's order, so that no header ever
becomes SQL.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kampass.model.conform import literal
from kampass.model.scan import FILE_LINES, FileCount, LineFinder, Reject

LINE, FILE = "_line", "_file"


@dataclass(frozen=True)
class RawTable:
    """The rows of one file, or of several: `headers` name c0, c1, ...; with `flags`, t0, t1, ...
    say which cells the file has typed.

    `first` holds the first lines by number, for hints; `form` is what a preview says of the file.
    `counts` says how many records each file holds, torn ones among them, and what leaves some out;
    `doubts` what may be read otherwise than it was meant, told when it is loaded too.
    """

    place: str
    headers: tuple[str, ...]
    relation: str
    numbered: Callable[[], str]
    lines: LineFinder
    digest: str
    form: str
    rejects: tuple[Reject, ...] = ()
    flags: bool = False
    files: tuple[str, ...] = ()
    header_row: int = 1
    first: tuple[tuple[int, tuple[str, ...]], ...] = ()
    hold: object = None
    notices: tuple[str, ...] = ()
    counts: tuple[FileCount, ...] = ()
    doubts: tuple[str, ...] = ()

    def letter(self, index: int) -> str:
        """A column's letter as spreadsheets count.

        >>> RawTable("", (), "", str, lambda rows: {}, "", "").letter(27)
        'AB'
        """
        return letter(index)


def letter(index: int) -> str:
    """A column's letter as spreadsheets count."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def unique(headers: Sequence[str]) -> tuple[str, ...]:
    """Headers that tell columns apart: one that is empty or stands twice gets its column's
    letter.
    """
    lowered = [header.casefold() for header in headers]
    often = (
        {name for name in lowered if lowered.count(name) > 1}
        if len(set(lowered)) < len(lowered)
        else set()
    )
    taken = often | {"", LINE, FILE}
    return tuple(
        f"{header} (column {letter(index)})".lstrip() if header.casefold() in taken else header
        for index, header in enumerate(headers)
    )


def with_file(raw: RawTable, base: str = "") -> str:
    """The rows with their line, and with the name of the file each of them is in."""
    names = ", ".join(literal(name) for name in raw.files or (raw.place,))
    return (
        f"SELECT *, [{names}][_line // {FILE_LINES} + 1] AS _file FROM ({base or raw.numbered()})"
    )


def as_text(name: str, kind: str) -> str:
    """The SQL of a typed column's cells as text, as their file would write them."""
    if kind in {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}:
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%f')"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', {name}), '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind in {"DOUBLE", "FLOAT"}:
        return (
            f"CASE WHEN isfinite({name}) THEN coalesce(CAST(TRY_CAST({name} AS DECIMAL(38, 9)) "
            f"AS VARCHAR), CAST({name} AS VARCHAR)) ELSE CAST({name} AS VARCHAR) END"
        )
    return f"CAST({name} AS VARCHAR)"
