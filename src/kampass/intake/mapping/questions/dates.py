"""In which ways days and instants could be read that are not written as ISO 8601."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kampass.intake.mapping.convert import by_format
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.mapping.questions.values import (
    ColumnReading,
    OpenQuestion,
    Values,
    line,
    toml,
)
from kampass.intake.readers.formats import SERIALS, compile_format
from kampass.model import Column
from kampass.model.conform import literal

_ISO_DAY = r"\d{4}-\d{2}-\d{2}"
_ISO = _ISO_DAY + r"([T ]\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?"
_MOST = 500
_SHOWN = 3
_WEEKDAY = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(,? )|([A-Z][a-z]+day)(,? )")
_NUMERIC = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?!\d)")
_NAMED = re.compile(r"\d{1,2}(\. |\.|-| )([A-Za-z]+)([ -]|, )(\d{4}|\d{2})(?!\d)")
_NAME_FIRST = re.compile(r"([A-Za-z]+) \d{1,2}(,? )\d{4}(?!\d)")
_CLOCK = re.compile(
    r"(T|,? )\d{1,2}:\d{2}(:\d{2})?([.]\d{1,9})?( ?[AaPp][Mm])?( ?(?:Z|[+-]\d{2}:?\d{2}))?"
)
_SERIAL = re.compile(r"(2[5-9]|[3-7]\d)\d{3}([.]\d{1,15})?")
_EPOCH = {10: "unix", 13: "unix_ms"}


@dataclass(frozen=True)
class _Way:
    """One way to read a column: the key and its formats, in the order of the file."""

    key: str
    forms: tuple[str, ...]

    @property
    def setting(self) -> str:
        return f"{self.key} = {toml(self.forms[0] if len(self.forms) == 1 else list(self.forms))}"

    @property
    def asks_zone(self) -> bool:
        """Whether it reads a clock that does not say where it hangs."""
        told = {form for form in self.forms if "%z" in form or form in _EPOCH.values()}
        return self.key == "timestamp" and set(self.forms) != told

    def sql(self, filling: Filling, value: str) -> str:
        """The SQL of a value read so; null where it does not read."""
        timed = self.key == "timestamp"
        forms = tuple(compile_format(form, instant=timed) for form in self.forms)
        said = replace(filling, timestamp=forms) if timed else replace(filling, date=forms)
        found = by_format(said, value)
        return (
            f"(SELECT CASE WHEN NOT starts_with(r, chr(0)) THEN r END FROM (SELECT {found} AS r))"
        )


def asked_dates(
    mapping: TableMapping, filling: Filling, column: Column, values: Values
) -> list[OpenQuestion]:
    """The question that values raise which are no ISO days, where there is more than one way to
    read them, or most of them are written in another.
    """
    odd = f"NOT regexp_full_match(v, '{_ISO_DAY if column.type == 'date' else _ISO}')"
    filled, strange = values.count("v <> ''", f"v <> '' AND {odd}")
    rows = values.odd(odd, _MOST) if strange else []
    ways = _ways([value for _, value in rows], column)
    if not ways:
        return []
    read = _read(filling, ways, [value for _, value in rows], values)
    open_ = [number for number, texts in enumerate(read) if len({*filter(None, texts)}) > 1]
    readable = [number for number, texts in enumerate(read) if any(texts)]
    if not (open_ or (readable and 2 * strange >= filled)):
        return []
    shown = (open_ or readable)[:_SHOWN]
    unread = values.count(*(f"v <> '' AND {way.sql(filling, 'v')} IS NULL" for way in ways))
    readings = tuple(
        ColumnReading(
            tuple(read[number][at] or "not a date" for number in shown),
            line(filling, way.setting),
            unread[at],
        )
        for at, way in enumerate(ways)
        if any(texts[at] for texts in read)
    )
    what = _what(ways) + (
        " And in which time zone? (timezone)"
        if not filling.timezone and any(way.asks_zone for way in ways)
        else ""
    )
    examples = values.at_lines([rows[number] for number in shown])
    return [OpenQuestion(mapping.table, filling.name, filling.told, what, examples, readings)]


def _what(ways: Sequence[_Way]) -> str:
    if any(form in SERIALS for way in ways for form in way.forms):
        return "days counted by Excel: from 1900, or from 1904?"
    return "which is the day, which the month?" if len(ways) > 1 else "are they days written so?"


def _read(
    filling: Filling, ways: Sequence[_Way], texts: Sequence[str], values: Values
) -> list[list[str]]:
    """What each way makes of each text, as it is shown; empty where it does not read."""
    listed = ", ".join(f"({number}, {literal(text)})" for number, text in enumerate(texts))
    cells = ", ".join(way.sql(filling, "v") for way in ways)
    found = values.ask(f"SELECT {cells} FROM (VALUES {listed}) t(n, v) ORDER BY n")
    return [[_as_shown(text, only=len(ways) == 1) for text in row] for row in found]


def _as_shown(text: str | None, *, only: bool) -> str:
    """A day, which is what ways differ in; of the `only` way the clock too."""
    told = (text or "").removesuffix("Z").removesuffix(".000000").replace("T", " ")
    return told if only else told.partition(" ")[0]


def _ways(texts: Sequence[str], column: Column) -> list[_Way]:
    """The ways in which some of the texts may be read, each with every form that they show."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for text in texts:
        for order, form, timed in _forms(text):
            key = "timestamp" if timed and column.type == "instant" else "date"
            if not (form in _EPOCH.values() and column.type == "date"):
                found.setdefault((order, key), {})[form] = None
    ways = [_Way(key, tuple(forms)) for (_, key), forms in found.items()]
    return _with_serials(ways)


def _with_serials(ways: list[_Way]) -> list[_Way]:
    """Where some days are counted and others written, ways that read both."""
    counted = [way for way in ways if way.forms[0] in SERIALS]
    written = [way for way in ways if way not in counted]
    both = [
        _Way(way.key, (*serial.forms, *way.forms))
        for serial in counted
        for way in written
        if way.key == serial.key
    ]
    return both or ways


def _forms(text: str) -> Iterator[tuple[str, str, bool]]:
    """The forms in which a text may be a day, each with its order of day and month, and whether it
    says a time.
    """
    if _SERIAL.fullmatch(text):
        yield from ((name, name, "." in text.rstrip("0").rstrip(".")) for name in SERIALS)
    elif text.isdigit() and len(text) in _EPOCH:
        yield "unix", _EPOCH[len(text)], True
    weekday = _WEEKDAY.match(text)
    day = ("%a" + weekday[2] if weekday[1] else "%A" + weekday[4]) if weekday else ""
    rest = text[weekday.end() :] if weekday else text
    for order, form, length in _orders(rest):
        clock = _clock(rest[length:])
        if clock is not None:
            yield order, day + form + clock, bool(clock)


def _orders(text: str) -> Iterator[tuple[str, str, int]]:
    """Each order of day, month and year that a text may begin in, its form and its length."""
    if found := _NUMERIC.match(text):
        first, sign, _, last = found.groups()
        yield from _numeric(len(first), sign, len(last), found.end())
    elif found := _NAMED.match(text):
        month = "%b" if len(found[2]) == len("Mar") else "%B"
        year = "%Y" if len(found[4]) == len("2026") else "%y"
        yield "named", f"%d{found[1]}{month}{found[3]}{year}", found.end()
    elif found := _NAME_FIRST.match(text):
        month = "%b" if len(found[1]) == len("Mar") else "%B"
        yield "named", f"{month} %d{found[2]}%Y", found.end()


def _numeric(first: int, sign: str, last: int, end: int) -> Iterator[tuple[str, str, int]]:
    long, short = len("2026"), len("26")
    if first == long and last <= short:
        yield "ymd", f"%Y{sign}%m{sign}%d", end
    elif first <= short and last in {long, short}:
        year = "%Y" if last == long else "%y"
        yield "dmy", f"%d{sign}%m{sign}{year}", end
        yield "mdy", f"%m{sign}%d{sign}{year}", end
        if last == short == first:
            yield "ymd", f"%y{sign}%m{sign}%d", end


def _clock(text: str) -> str | None:
    """The form of what follows a day: nothing, a time, or None where it is neither."""
    if not text:
        return ""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    before, seconds, fraction, half, offset = found.groups()
    blank = " " if offset and offset[0] == " " else ""
    return (
        f"{before}{'%I' if half else '%H'}:%M{':%S' if seconds else ''}{'.%f' if fraction else ''}"
        + (f"{half[:-2]}%p" if half else "")
        + (f"{blank}%z" if offset else "")
    )
