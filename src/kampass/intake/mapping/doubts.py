"""What may be read otherwise than it was meant: a word in the preview, and again when it is loaded."""

from collections.abc import Sequence

from kampass.intake.mapping.amounts import has_signs
from kampass.intake.mapping.condition import READS, CellReadings, RowCondition
from kampass.intake.mapping.convert import NUMBERS, column_of, trimmed
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import RawTable
from kampass.model.scan import FILE_LINES, MARK, NO_LINE

_THOUSANDS = r"-?[1-9]\d{0,2}[.]\d{3}"
_ENOUGH = 3
_DAYS = 12
_WIDEST = 500
_HOW = "; decimal, thousands, null and trim say how cells are read"


def of_columns(mapping: TableMapping, raw: RawTable, unused: Sequence[str]) -> tuple[str, ...]:
    """A word on columns whose cells may mean something else: swapped dates, decimals that could be
    thousands, keys that were renamed.
    """
    found: list[str] = []
    table = mapping.model.name
    for filling in mapping.fillings if len(raw.headers) <= _WIDEST else ():
        header = filling.columns[0] if len(filling.columns) == 1 else ""
        if header not in raw.headers:
            continue
        kind, at = column_of(table, filling.name).type, raw.headers.index(header)
        if kind in {"date", "instant"} and raw.form.startswith("Excel"):
            found += _swapped(raw, header, at)
        if kind in NUMBERS and filling.decimal:
            found += _decimals(filling, raw, header, at)
        if raw.form.startswith("JSON"):
            found += _renamed(raw, header, at, unused)
    return tuple(dict.fromkeys(found))


def _swapped(raw: RawTable, header: str, at: int) -> list[str]:
    """A word where every true date could be one whose day and month were swapped, and no text
    could: a program that reads the month first has made dates of what it could.
    """
    true = rf"t{at} AND regexp_matches(c{at}, '^\d{{4}}-\d{{2}}-\d{{2}}')"
    text = f"NOT t{at}"
    parts = r"'^(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}'"
    one, two = (f"TRY_CAST(regexp_extract(c{at}, {parts}, {group}) AS INTEGER)" for group in (1, 2))
    day = f"TRY_CAST(substr(c{at}, 9, 2) AS INTEGER)"
    unlike = f"greatest({one}, {two}) > {_DAYS} AND least({one}, {two}) <= {_DAYS}"
    trues, low, days, texts, odd, months, sample = ask(
        f"SELECT count(DISTINCT c{at}) FILTER (WHERE {true}), max({day}) FILTER (WHERE {true}), "
        f"list(DISTINCT {day}) FILTER (WHERE {true}), count({one}) FILTER (WHERE {text}), "
        f"count(*) FILTER (WHERE {text} AND {unlike}), "
        f"list(DISTINCT least({one}, {two})) FILTER (WHERE {text} AND {unlike}), "
        f"min(c{at}) FILTER (WHERE {text} AND {unlike}) FROM ({raw.relation})"
    )[0]
    # Days that are all one, such as the first of a month, are no sign unless it is a text's month.
    alike = trues < _ENOUGH or low > _DAYS or (len(days) == 1 and days[0] not in (months or ()))
    if alike or not texts or odd < texts:
        return []
    return [
        (
            f"true dates of '{header}' all lie on days 1 to {_DAYS}, and its texts, such as "
            f"{sample!r}, all on days 13 to 31: day and month of the true dates were probably swapped "
            "when the file was opened in another language; export it again, as CSV if possible, and "
            "do not open it before it is read"
        )
    ]


def _decimals(filling: Filling, raw: RawTable, header: str, at: int) -> list[str]:
    """A word where a number has three decimals among those with two: they may be thousands."""
    cell = trimmed(f"c{at}") if filling.trim else f"c{at}"
    sign = rf"[{filling.decimal}]"
    plain = f"NOT t{at} AND " if raw.flags else ""
    lone = rf"{plain}regexp_full_match({cell}, '-?[1-9]\d{{0,2}}{sign}\d{{3}}')"
    two = rf"{plain}regexp_matches({cell}, '\d{sign}\d{{2}}$')"
    any_ = rf"{plain}regexp_matches({cell}, '\d{sign}\d+$')"
    three, twos, all_, sample = ask(
        f"SELECT count(*) FILTER (WHERE {lone}), count(*) FILTER (WHERE {two}), "
        f"count(*) FILTER (WHERE {any_}), any_value({cell}) FILTER (WHERE {lone}) FROM "
        f"({raw.relation})"
    )[0]
    if not three or three > twos or three + twos < all_:
        return []
    return [
        (
            f"'{header}' holds {sample!r}, which is read as "
            f"{str(sample).replace(filling.decimal, '.')}: its other decimals are two digits; where "
            "the sign parts thousands there, mend the file, for one column has one way to write them"
        )
    ]


def _renamed(raw: RawTable, header: str, at: int, unused: Sequence[str]) -> list[str]:
    """A word where a key that is used stands in the first lines alone, or in the last, and one that
    is not used in the others alone: it may have been renamed.
    """
    others = [(name, raw.headers.index(name)) for name in unused if name in raw.headers]
    if not others:
        return []
    spans = ", ".join(
        f"count(c{index}), min(_line) FILTER (WHERE c{index} IS NOT NULL), "
        f"max(_line) FILTER (WHERE c{index} IS NOT NULL)"
        for index in (at, *(index for _, index in others))
    )
    rows, mine, first, last, *rest = ask(f"SELECT count(*), {spans} FROM ({raw.numbered()})")[0]
    found = []
    for number, (name, _) in enumerate(others):
        theirs, begin, end = rest[3 * number : 3 * number + 3]
        apart = min(mine, theirs) > 1 and (last < begin or end < first)
        if apart and mine + theirs == rows:
            found.append(
                f"'{header}' stands in {mine:,} of {rows:,} lines, and '{name}', which is not "
                f"used, in the other {theirs:,} alone: was it renamed? Then write first_of = "
                f'["{header}", "{name}"]'
            )
    return found


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
