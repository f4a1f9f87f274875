"""What may be read otherwise than it was meant: a word in the preview, and again when it is loaded."""

from kampass.intake.mapping.amounts import has_signs
from kampass.intake.mapping.condition import READS, CellReadings, RowCondition
from kampass.intake.readers.memory import ask
from kampass.model.scan import FILE_LINES, MARK, NO_LINE

_THOUSANDS = r"-?[1-9]\d{0,2}[.]\d{3}"
_HOW = "; decimal, thousands, null and trim say how cells are read"


def of_condition(
    place: str, asked: RowCondition, cells: CellReadings, rows: str
) -> tuple[str, ...]:
    """A word on cells that a condition could not read, and on points that may part thousands; the
    rows have lines.
    """
    found = []
    for one in asked.unread:
        count, first, line = ask(
            f"SELECT count(*), arg_min({one.cell}, _line), min(_line) FROM ({rows}) WHERE "
            f"{one.holds}"
        )[0]
        if count:
            how = _HOW if one.what == READS["number"] else ""
            shown = str(first).strip(MARK).partition(MARK)[0]
            found.append(
                f"{place}: {_several(count)} of '{one.header}' {_be(count)} no {one.what}, the "
                f"first is {shown!r}{_at(line)}: the condition does not hold there{how}"
            )
        if one.what == READS["number"] and one.header not in cells.asked:
            found += _points(place, one.header, cells, rows)
    return tuple(found)


def _points(place: str, header: str, cells: CellReadings, rows: str) -> list[str]:
    """A word on points before three digits, where nothing says what they are."""
    if has_signs(cells.filling(header)) or header not in cells.index:
        return []
    text = cells.text(header)
    plain = f"NOT t{cells.index[header]} AND " if cells.flags else ""
    lone = f"{plain}regexp_full_match({text}, '{_THOUSANDS}')"
    settled = rf"{plain}regexp_full_match({text}, '-?\d+[.]\d+') AND NOT {lone}"
    count, first, settles = ask(
        f"SELECT count(*) FILTER (WHERE {lone}), arg_min({text}, _line) FILTER (WHERE {lone}), "
        f"count(*) FILTER (WHERE {settled}) FROM ({rows})"
    )[0]
    if not count or settles:
        return []
    told = (
        f"{place}: {_several(count)} of '{header}' such as {first!r} {_be(count)} read as "
        f"{str(first).rstrip('0').rstrip('.')}; where the point parts thousands, write "
        'decimal = ",", thousands = "."'
    )
    return [told]


def _several(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _at(line: int | None) -> str:
    """The line, where there is one."""
    return f" on line {line % FILE_LINES}" if line is not None and line < NO_LINE else ""
