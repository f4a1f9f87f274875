"""What may be read otherwise than it was meant: a word in the preview, and one at each load."""

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
    filled = {
        filling.columns[0]: filling
        for filling in (mapping.fillings if len(raw.headers) <= _WIDEST else ())
        if len(filling.columns) == 1 and filling.columns[0] in raw.headers
    }
    kinds = {name: column_of(mapping.model.name, of.name).type for name, of in filled.items()}
    for header in filled:
        if kinds[header] in {"date", "instant"} and raw.form.startswith("Excel"):
            found += _swapped(raw, header)
        if raw.form.startswith("JSON") and mapping.select is None:
            found += _renamed(raw, header, unused)
    signed = [of for name, of in filled.items() if kinds[name] in NUMBERS and of.decimal]
    return (*found, *_decimals(signed, raw))


def _swapped(raw: RawTable, header: str) -> list[str]:
    """A word where every true date could be one whose day and month were swapped, and no text
    could: a program that reads the month first has made dates of what it could.
    """
    at = raw.headers.index(header)
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
            f"{sample!r}, all on days 13 to 31: day and month of the true dates were probably "
            "swapped when the file was opened in another language; export it again, as CSV if "
            "possible, and do not open it before it is read"
        )
    ]


def _decimals(fillings: Sequence[Filling], raw: RawTable) -> list[str]:
    """A word where a number has three decimals among those with two: they may be thousands."""
    counted = [part for filling in fillings for part in _by_decimals(filling, raw)]
    if not counted:
        return []
    (row,) = ask(f"SELECT {', '.join(counted)} FROM ({raw.relation})")
    found = []
    for number, filling in enumerate(fillings):
        three, two, some, sample = row[4 * number : 4 * number + 4]
        if 0 < three <= two and three + two == some:
            found.append(
                f"'{filling.columns[0]}' holds {sample!r}, which is read as "
                f"{str(sample).replace(filling.decimal, '.')}, and its other decimals have two "
                "digits: where the sign parts thousands there, mend the file"
            )
    return found


def _by_decimals(filling: Filling, raw: RawTable) -> list[str]:
    """How many numbers could be thousands, have two decimals, have any, and one of the first."""
    at = raw.headers.index(filling.columns[0])
    cell = trimmed(f"c{at}") if filling.trim else f"c{at}"
    plain = f"NOT t{at} AND " if raw.flags else ""
    sign = f"[{filling.decimal}]"
    lone = rf"{plain}regexp_full_match({cell}, '-?[1-9]\d{{0,2}}{sign}\d{{3}}')"
    two = rf"{plain}regexp_matches({cell}, '\d{sign}\d{{2}}$')"
    some = rf"{plain}regexp_matches({cell}, '\d{sign}\d+$')"
    counts = [f"count(*) FILTER (WHERE {holds})" for holds in (lone, two, some)]
    return [*counts, f"min({cell}) FILTER (WHERE {lone})"]


def _renamed(raw: RawTable, header: str, unused: Sequence[str]) -> list[str]:
    """A word where a key that is used stands in the first lines alone, or in the last, and one that
    is not used in the others alone: it may have been renamed.
    """
    at = raw.headers.index(header)
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
        if apart and 2 * (mine + theirs) >= rows:
            found.append(
                f"'{header}' stands in {mine:,} of {rows:,} lines, and '{name}', which is not "
                f"used, in {theirs:,} others alone: was it renamed? Then write first_of = "
                f'["{header}", "{name}"]'
            )
    return found


def of_condition(
    place: str, asked: RowCondition, cells: CellReadings, rows: str
) -> tuple[str, ...]:
    """A word on cells that a condition could not read, and on points that may part thousands; the
    rows have lines.
    """
    points = [
        one.header
        for one in asked.unread
        if one.what == READS["number"] and _may_part(one.header, cells)
    ]
    counted = [
        f"{found} FILTER (WHERE {one.holds})"
        for one in asked.unread
        for found in ("count(*)", f"arg_min({one.cell}, _line)", "min(_line)")
    ]
    counted += [part for header in points for part in _by_points(cells, header)]
    if not counted:
        return ()
    row = list(ask(f"SELECT {', '.join(counted)} FROM ({rows})")[0])
    told = []
    for one in asked.unread:
        count, first, line = row[:3]
        del row[:3]
        if count:
            how = _HOW if one.what == READS["number"] else ""
            shown = str(first).strip(MARK).partition(MARK)[0]
            told.append(
                f"{place}: {_several(count)} of '{one.header}' {_be(count)} no {one.what}, the "
                f"first is {shown!r}{_at(line)}: the condition does not hold there{how}"
            )
    for header in points:
        count, first, settles = row[:3]
        del row[:3]
        if count and not settles:
            told.append(
                f"{place}: {_several(count)} of '{header}' such as {first!r} {_be(count)} read as "
                f"{str(first).rstrip('0').rstrip('.')}; where the point parts thousands, write "
                'decimal = ",", thousands = "."'
            )
    return tuple(told)


def _may_part(header: str, cells: CellReadings) -> bool:
    """Whether nothing says, and no question asks, what a point in a header's cells is."""
    said = has_signs(cells.filling(header)) or header in cells.asked
    return header in cells.index and not said


def _by_points(cells: CellReadings, header: str) -> list[str]:
    """How many cells could be thousands, the first of them, and how many tell that they are not."""
    text = cells.text(header)
    plain = f"NOT t{cells.index[header]} AND " if cells.flags else ""
    lone = f"{plain}regexp_full_match({text}, '{_THOUSANDS}')"
    settled = rf"{plain}regexp_full_match({text}, '-?\d+[.]\d+') AND NOT {lone}"
    return [
        f"count(*) FILTER (WHERE {lone})",
        f"arg_min({text}, _line) FILTER (WHERE {lone})",
        f"count(*) FILTER (WHERE {settled})",
    ]


def _several(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _at(line: int | None) -> str:
    """The line, where there is one."""
    return f" on line {line % FILE_LINES}" if line is not None and line < NO_LINE else ""
