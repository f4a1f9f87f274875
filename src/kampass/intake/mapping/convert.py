"""From what stands in a file to canonical text: one SQL expression per column, and the only place
where that happens.

What does not read as declared is marked with the cell as it stood and the reason (`model.scan`), so
it is set aside and never loaded as something else. The rules of `model.conform` judge what comes
out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kampass.intake.mapping.amounts import (
    has_signs,
    length,
    long_after,
    minutes,
    monthly,
    net,
    number,
)
from kampass.intake.mapping.mapping import Filling, TableMapping, model_of
from kampass.intake.readers.formats import (
    SERIALS,
    bound,
    date_sql,
    instant_sql,
    iso_day,
    iso_local,
    localised,
    mark,
)
from kampass.intake.readers.raw import FILE, LINE
from kampass.model import Column
from kampass.model.conform import asked, literal, quoted, typed

NUMBERS = {"decimal", "rate", "integer"}
_BLANKS = r"[\s\x{00A0}\x{200B}-\x{200D}\x{2060}\x{FEFF}\x{202F}\x{3000}]+"
RAW = "raw:"
"""The names of the columns that hold what stood in the file start with this."""


@dataclass(frozen=True)
class Cell:
    """The SQL of what a filling finds in a row: its text, whether the file has typed it, whether a
    marked cell may come.
    """

    text: str
    typed: str = ""


def column_of(table: str, name: str) -> Column:
    """The canonical column, or the text column that an attribute is."""
    return model_of(table).column(name) if model_of(table).has(name) else Column(name, "text")


def cell(filling: Filling, index: Mapping[str, int], *, flags: bool) -> Cell:
    """Where a filling's value stands in the raw rows."""
    if not filling.columns:
        return Cell(f"{literal(filling.constant or '')}::VARCHAR")
    parts = [_stands(header, index) for header in filling.columns]
    if filling.first:
        return _first_filled(filling, parts, index, flags=flags)
    if len(parts) > 1:
        filled = " AND ".join(f"coalesce({part}, '') <> ''" for part in parts)
        return Cell(f"CASE WHEN {filled} THEN {f' || {literal(filling.join)} || '.join(parts)} END")
    known = flags and filling.columns[0] in index
    return Cell(parts[0], f"t{index[filling.columns[0]]}" if known else "")


def _first_filled(
    filling: Filling, parts: Sequence[str], index: Mapping[str, int], *, flags: bool
) -> Cell:
    """The first of several cells that holds anything but a word that means empty."""
    empty = ", ".join(literal(word) for word in ("", *filling.null))
    told = [f"coalesce({f'trim({part})' if filling.trim else part}, '')" for part in parts]
    found = [f"WHEN {text} NOT IN ({empty}) THEN" for text in told]
    text = " ".join(f"{when} {part}" for when, part in zip(found, parts, strict=True))
    typed = " ".join(
        f"{when} {f't{index[header]}' if header in index else 'false'}"
        for when, header in zip(found, filling.columns, strict=True)
    )
    return Cell(f"CASE {text} END", f"coalesce(CASE {typed} END, false)" if flags else "")


def _stands(header: str, index: Mapping[str, int]) -> str:
    if header in index:
        return f"c{index[header]}"
    return {LINE: "CAST(_line AS VARCHAR)", FILE: "_file"}[header]


def relation(  # noqa: PLR0913 - what is known of the rows below
    mapping: TableMapping,
    base: str,
    index: Mapping[str, int],
    *,
    flags: bool,
    line: bool,
    conditions: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The SQL of the canonical rows, with what stood in the file beside each column, and `_line` if
    the base has it. `conditions` gives the SQL of each condition that a column names.
    """
    cells, judged = [], []
    echo = _echo(mapping)
    for filling in mapping.fillings:
        found = cell(filling, index, flags=flags)
        column = column_of(mapping.table, filling.name)
        beside = {header: _stands(header, index) for header in filling.headers}
        value = converted(filling, column, found, beside)
        if condition := conditions.get(filling.where):
            value = f"CASE WHEN {condition} THEN {value} END"
        name, raw = quoted(filling.name), quoted(RAW + filling.name)
        cells += [f"{value} AS {name}", f"{found.text} AS {raw}"]
        judged += [f"{_final(filling, column, *echo)} AS {name}", raw]
    for header in mapping.extra:
        cells += [
            f"nullif(c{index[header]}, '') AS {quoted(header)}",
            f"c{index[header]} AS {quoted(RAW + header)}",
        ]
        judged += [quoted(header), quoted(RAW + header)]
    if not model_of(mapping.table).has("_line") and line:
        cells.append("_line")
        judged.append("_line")
    return (
        f"SELECT {', '.join(_with_torn_attributes(mapping, judged))} FROM (SELECT "
        f"{', '.join(cells)} FROM ({base}))"
    )


def _final(filling: Filling, column: Column, echoing: str, echo: str) -> str:
    """A column's value over the cells that were converted: judged, but where a format has given
    canonical text or a mark, which loading judges once more.
    """
    name = quoted(filling.name)
    if filling.after:
        return long_after(quoted(filling.after), name)
    plain = not (filling.date or filling.timestamp)
    value = _judged(column) if plain else name
    if filling.name != echoing:
        return value
    repeats = mark(quoted(RAW + filling.name), literal("repeats the header"))
    return f"CASE WHEN {echo} THEN {repeats} ELSE {value} END"


def _echo(mapping: TableMapping) -> tuple[str, str]:
    """The part of the key that tells of a header which stands once more among the rows, and the SQL
    that knows it.
    """
    plain = {
        filling.name: filling.columns[0]
        for filling in mapping.fillings
        if len(filling.columns) == 1 and filling.columns[0] not in {LINE, FILE}
    }
    key = next(
        (name for name in model_of(mapping.table).key if name in plain and name != "name"), ""
    )
    return key, " AND ".join(
        f"coalesce({quoted(RAW + name)} = {literal(header)}, false)"
        for name, header in plain.items()
    )


def _with_torn_attributes(mapping: TableMapping, judged: list[str]) -> list[str]:
    """An attribute has no column that could be set aside: what is marked in it sets the name
    aside.
    """
    attributes = [
        filling.name
        for filling in mapping.fillings
        if not model_of(mapping.table).has(filling.name)
    ] + list(mapping.extra)
    name = next((filling for filling in mapping.fillings if filling.name == "name"), None)
    if not attributes or name is None:
        return judged
    torn = " ".join(
        (
            f"WHEN contains({quoted(attribute)}, chr(0)) THEN {quoted(attribute)} || "
            f"{literal(f' (in {attribute})')}"
        )
        for attribute in attributes
    )
    old = f"{_judged(column_of(mapping.table, 'name'))} AS {quoted('name')}"
    return [
        f"CASE {torn} ELSE {_judged(column_of(mapping.table, 'name'))} END AS {quoted('name')}"
        if part == old
        else part
        for part in judged
    ]


def _judged(column: Column) -> str:
    """The value if it is of the column's type, else marked with what stood in the file."""
    name, raw = quoted(column.name), quoted(RAW + column.name)
    cases = [f"WHEN {name} IS NULL OR starts_with({name}, chr(0)) THEN {name}"]
    cases.append(
        f"WHEN {typed(column, 'VARCHAR', 'UTC')} IS NULL THEN "
        f"{mark(f'coalesce({raw}, {name})', literal(asked(column)))}"
    )
    if column.choices:
        listed = ", ".join(literal(choice) for choice in column.choices)
        none = f"is none of {', '.join(column.choices)}"
        cases.append(
            f"WHEN {name} NOT IN ({listed}) THEN {mark(f'coalesce({raw}, {name})', literal(none))}"
        )
    return f"CASE {' '.join(cases)} ELSE {name} END"


def converted(
    filling: Filling, column: Column, found: Cell, beside: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The SQL of one column's canonical text; `beside` has the cells that it names by header."""
    if not filling.columns:
        return found.text
    value = trimmed(found.text) if filling.trim else found.text
    text = bound(value, "v_", lambda at: _converted(filling, column, at, found.typed))
    if filling.minus or filling.scale:
        other = beside.get(filling.minus, "''")
        less = bound(other, "l_", lambda at: _converted(filling, column, at, ""))
        text = net(filling, text, less)
    if filling.per or filling.times:
        text = monthly(filling, text, beside)
    if filling.prefix:
        return bound(text, "p_", lambda at: _prefixed(filling, at))
    return bound(text, "i_", _next_day) if filling.inclusive else text


def trimmed(value: str) -> str:
    """A text without the blanks at its ends."""
    return f"regexp_replace({value}, '^{_BLANKS}|{_BLANKS}$', '', 'g')"


def _converted(filling: Filling, column: Column, value: str, known: str) -> str:
    empty = ", ".join(literal(word) for word in ("", *filling.null))
    if "" in (*filling.true, *filling.false, *(key for key, _ in filling.values)):
        value = f"coalesce({value}, '')"
        empty = ", ".join(literal(word) for word in filling.null if word) or "NULL"

    def read(text: str) -> str:
        reads = _reads(filling, column, text)
        return f"CASE WHEN {known} THEN {_known(filling, column, text)} ELSE {reads} END"

    reads = _taken(filling, value, read if known else lambda at: _reads(filling, column, at))
    nul = mark(value, literal("holds a NUL character"))
    nul = f"CASE WHEN starts_with({value}, chr(0)) THEN {value} ELSE {nul} END" if known else nul
    torn = f"WHEN contains({value}, chr(0)) THEN {nul}"
    return f"CASE WHEN {value} IN ({empty}) THEN NULL {torn} ELSE {reads} END"


def shaped(filling: Filling, value: str) -> str:
    """The part, the letters and the letter case that are declared of a text; empty where it holds
    no such part.
    """
    text = f"left({value}, {filling.left})" if filling.left else value
    if filling.part:
        text = f"regexp_extract({text}, {literal(filling.part)}, 1)"
    return f"{filling.case}({text})" if filling.case else text


def _taken(filling: Filling, value: str, read: Callable[[str], str]) -> str:
    """What is read of what is taken of a text."""
    text = shaped(filling, value)
    if text == value:
        return read(value)
    none = mark(value, literal(f"holds no part that {filling.part} finds"))
    lacks = none if filling.part else "NULL"
    return bound(text, "s_", lambda at: f"CASE WHEN {at} = '' THEN {lacks} ELSE {read(at)} END")


def _prefixed(filling: Filling, value: str) -> str:
    """An id below its source's prefix; what is marked stays."""
    prefixed = f"{literal(filling.prefix)} || {value}"
    return f"CASE WHEN starts_with({value}, chr(0)) THEN {value} ELSE {prefixed} END"


def _next_day(value: str) -> str:
    """The day after a canonical day; what is none, or the last that can be written, stays."""
    day = f"TRY_CAST({value} AS DATE)"
    return (
        f"CASE WHEN {day} < DATE '9999-12-31' THEN strftime({day} + INTERVAL 1 DAY, '%Y-%m-%d') "
        f"ELSE {value} END"
    )


def _reads(filling: Filling, column: Column, value: str) -> str:
    """What a text that is there becomes, as declared."""
    if filling.true or filling.false:
        return _chosen(
            value,
            [(word, "true") for word in filling.true] + [(word, "false") for word in filling.false],
            "quarantine",
            "is none of the words for true and false",
        )
    if filling.values:
        return _chosen(
            value, filling.values, filling.otherwise, "is none of the values that are listed"
        )
    if filling.date or filling.timestamp:
        return by_format(filling, value)
    if filling.unit:
        return length(filling, value) if filling.after else minutes(filling, value)
    if column.type == "instant" and filling.timezone:
        return _local(filling, value)
    return number(filling, value) if column.type in NUMBERS and has_signs(filling) else value


def by_format(filling: Filling, value: str) -> str:
    """A value by the formats declared."""
    if filling.date:
        zone, hung = zones(filling)
        readings = [date_sql(form, value, zone, hung) for form in filling.date]
        return _dated(filling, readings, "date", value)
    readings = [
        instant_sql(form, value, filling.timezone, filling.fold) for form in filling.timestamp
    ]
    return _dated(filling, readings, "timestamp", value)


def zones(filling: Filling) -> tuple[str, str]:
    """The zone whose days are meant, and the one in which clocks without an offset hung."""
    return filling.home or filling.timezone or "UTC", filling.timezone or ""


def _chosen(
    value: str,
    pairs: "tuple[tuple[str, str], ...] | list[tuple[str, str]]",
    otherwise: str,
    reason: str,
) -> str:
    cases = " ".join(
        f"WHEN {literal(key)} THEN {literal(word) if word else 'NULL'}" for key, word in pairs
    )
    last = {"keep": value, "empty": "NULL"}.get(otherwise) or mark(value, literal(reason))
    return f"CASE {value} {cases} ELSE {last} END"


def _dated(filling: Filling, readings: list[str], kind: str, value: str) -> str:
    """A value by the formats declared; several must not contradict each other."""
    forms = " or ".join(form.text for form in getattr(filling, kind))
    none = mark(value, literal(f"is no {kind} as {forms}"))
    if len(readings) == 1:
        return _unmarked(readings[0], value, none)
    both = f"list_distinct(list_filter([{', '.join(readings)}], lambda e_: e_ IS NOT NULL))"
    return (
        f"CASE WHEN len({both}) > 1 THEN "
        f"{mark(value, literal(f'reads in more than one way as {forms}'))} ELSE "
        f"{_unmarked(f'{both}[1]', value, none)} END"
    )


def _unmarked(reading: str, value: str, none: str) -> str:
    """A reading; the reason alone, which a change of clocks gives, is completed with the value."""
    return bound(
        reading,
        "r_",
        lambda read: (
            f"CASE WHEN {read} IS NULL THEN {none} WHEN starts_with({read}, chr(0)) THEN chr(0) "
            f"|| {value} || {read} ELSE {read} END"
        ),
    )


def _local(filling: Filling, value: str) -> str:
    """An ISO timestamp without offset, in the zone declared; anything else as it stands."""
    matches, local = iso_local(value)
    reading = localised(local, filling.timezone or "UTC", filling.fold)
    return f"CASE WHEN {matches} THEN {_unmarked(reading, value, value)} ELSE {value} END"


def _known(filling: Filling, column: Column, value: str) -> str:
    """What a cell becomes that the file itself has typed: Excel's dates and numbers, JSON's
    numbers.
    """
    chosen = filling.values or filling.true or filling.false
    counted = filling.timestamp and filling.timestamp[0].text in {"unix", "unix_ms"}
    if chosen or counted or filling.unit:
        return _reads(filling, column, value)
    if any(form.text in SERIALS for form in (*filling.date, *filling.timestamp)):
        reads, dated = _reads(filling, column, value), _typed_date(filling, column, value)
        return f"CASE WHEN contains({value}, '-') THEN {dated} ELSE {reads} END"
    return _typed_date(filling, column, value)


def _typed_date(filling: Filling, column: Column, value: str) -> str:
    """A date that the file itself has typed as one; anything else as it stands."""
    if column.type == "date":
        return f"coalesce({iso_day(value, *zones(filling))}, {value})"
    if column.type == "instant" and filling.timezone:
        midnight = (
            rf"CASE WHEN regexp_full_match({value}, '\d{{4}}-\d{{2}}-\d{{2}}') THEN {value} || "
            rf"' 00:00:00' ELSE {value} END"
        )
        return _local(filling, f"({midnight})")
    return value


def distinct(mapping: TableMapping, rows: str) -> str:
    """The SQL of one row per key where all its lines agree; where they do not, the key's versions,
    marked.

    A row whose key cannot be read stands by itself.
    """
    table = model_of(mapping.table)
    names = [filling.name for filling in mapping.fillings] + list(mapping.extra)
    key = [name for name in table.key if name in names]
    rest = [name for name in names if name not in key]
    listed = ", ".join(quoted(name) for name in names)
    raws = ", ".join(
        f"arg_min({quoted(RAW + name)}, _line) AS {quoted(RAW + name)}" for name in names
    )
    versions = f"SELECT {listed}, {raws}, min(_line) AS _line FROM ({rows}) GROUP BY {listed}"
    window = f"OVER (PARTITION BY {', '.join(quoted(name) for name in key)})"
    unread = " OR ".join(
        [
            f"{quoted(name)} IS NULL OR starts_with({quoted(name)}, chr(0))"
            for name in key
            if table.column(name).required
        ]
        or ["false"]
    )
    disagree = f"count(*) {window} > 1 AND NOT ({unread})"
    marked = []
    for position, name in enumerate(rest):
        differs = [
            f"count(DISTINCT coalesce({quoted(other)}, chr(1))) {window} > 1"
            for other in rest[: position + 1]
        ]
        first = " AND ".join([differs[-1], *(f"NOT ({other})" for other in differs[:-1])])
        value = f"coalesce({quoted(RAW + name)}, {quoted(name)}, '')"
        told = "'differs between lines of one key; the first is line ' || min(_line) " + window
        torn = mark(value, told) if table.has(name) else quoted(name)
        marked.append(
            f"CASE WHEN {disagree} AND {first} AND NOT coalesce(starts_with({quoted(name)}, "
            f"chr(0)), false) THEN {torn} ELSE {quoted(name)} END AS {quoted(name)}"
        )
    kept = ", ".join(
        [*(quoted(name) for name in key), *marked, *(quoted(RAW + name) for name in names)]
    )
    return f"SELECT {kept}, _line FROM ({versions}) ORDER BY _line"
