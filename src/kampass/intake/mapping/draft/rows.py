"""The rows of a file, looked at: what stands in each column, and which lines are totals."""

from collections.abc import Sequence

from kampass.intake.mapping.draft.fits import ColumnValues
from kampass.intake.mapping.draft.known import plain, total_words
from kampass.intake.readers.memory import in_memory
from kampass.intake.readers.raw import RawTable

_ROWS = 5000
_Cells = Sequence[str | None]


def sample(raw: RawTable, *, skip: int = 0) -> dict[str, ColumnValues]:
    """The values of every column of a file's first rows, without headers that stand there again,
    totals, and cells that cannot be read.
    """
    width = len(raw.headers)
    rows = _first(raw, typed=bool(raw.flags))
    kept = [row for row in rows[skip:] if _is_row(raw, row[:width])]
    found = {}
    for index, header in enumerate(raw.headers):
        cells = tuple(_text(row[index]) for row in kept)
        typed = bool(raw.flags) and any(row[width + index] for row in kept)
        values = tuple(filter(None, cells))
        found[header] = ColumnValues(header, values, len(kept), typed, cells)
    return found


def totals(raw: RawTable) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The word with which the line of totals begins that a file ends with: nothing where it ends
    with a row, or where such a line stands among rows too. Beside it the words of lines among the
    rows that are filled like any row, by their column.
    """
    rows = _first(raw)
    found = [row for row in rows if _total(row)]
    if len(rows) < _ROWS and len(found) == 1 and found[0] == rows[-1]:
        return _total(found[0]), {}
    widths = sorted(_filled(row) for row in rows if _is_row(raw, row))
    usual = widths[len(widths) // 2] if widths else 0
    among: dict[str, tuple[str, ...]] = {}
    for row in found:
        if _filled(row) >= usual:
            header = next(h for h, cell in zip(raw.headers, row, strict=True) if cell)
            among[header] = (*among.get(header, ()), _total(row))
    return "", among


def _first(raw: RawTable, *, typed: bool = False) -> "list[tuple[str | None, ...]]":
    cells = [f"c{index}" for index in range(len(raw.headers))]
    types = [f"t{index}" for index in range(len(raw.headers))] if typed else []
    with in_memory() as connection:
        sql = f"SELECT {', '.join([*cells, *types])} FROM ({raw.relation}) LIMIT {_ROWS}"
        return connection.execute(sql).fetchall()


def _filled(cells: _Cells) -> int:
    return sum(bool(cell) for cell in cells)


def _text(cell: str | None) -> str:
    """A cell's text; nothing where it cannot be read."""
    text = (cell or "").strip()
    return "" if "\0" in text else text


def _total(cells: _Cells) -> str:
    """The first filled cell of a line, where it is a word for a total."""
    first = next((cell for cell in cells if cell), "")
    return first if plain(first.strip(" :")) in total_words() else ""


def _is_row(raw: RawTable, cells: _Cells) -> bool:
    filled = [(header, cell) for header, cell in zip(raw.headers, cells, strict=True) if cell]
    if not filled or all(plain(cell) == plain(header) for header, cell in filled):
        return False
    return not _total(cells)
