"""Date and timestamp formats as people write them (`%d.%m.%Y`), turned into SQL that reads exactly
that and nothing else.

Neither DuckDB's nor Python's strptime is used: both read `01/02/21` as year 21 under `%Y`. Here
`%Y` is four digits, `%y` two.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from kampass.model.conform import literal

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DIRECTIVES = {
    "Y": ("year", r"\d{4}"),
    "y": ("year2", r"\d{2}"),
    "m": ("month", r"\d{1,2}"),
    "b": ("mon", "[A-Za-z]{3}"),
    "B": ("monthname", "[A-Za-z]+"),
    "d": ("day", r"\d{1,2}"),
    "H": ("hour", r"\d{1,2}"),
    "I": ("hour12", r"\d{1,2}"),
    "M": ("minute", r"\d{2}"),
    "S": ("second", r"\d{2}"),
    "f": ("fraction", r"\d{1,9}"),
    "p": ("half", "[AaPp][Mm]"),
    "z": ("offset", r"Z|[+-]\d{2}:?\d{2}"),
    "a": ("", "[A-Za-z]{3}"),
    "A": ("", "[A-Za-z]+"),
}
_ONE_OF = (("year", "year2"), ("month", "mon", "monthname"), ("day",))
_FIRST_SECOND, _LAST_SECOND = (
    -62_135_596_800,
    253_402_300_799,
)  # the years 1 to 9999, counted from 1970
SERIALS = {"excel": ("1899-12-30", 61, 2_958_465), "excel1904": ("1904-01-01", 0, 2_957_003)}
"""Days as Excel counts them: from which day, and between which numbers. Before March 1900 it counts
a day that never was.
"""
OFFSET = r"Z|[+-]\d{2}(:?\d{2})?"
_ISO_LOCAL = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?"


@dataclass(frozen=True)
class DateFormat:
    """A format: as written, as a pattern, and which parts the pattern's groups are."""

    text: str
    pattern: str
    parts: tuple[str, ...]
    pivot: int = 69


def compile_format(text: str, pivot: int = 69, *, instant: bool = False) -> DateFormat:
    """Read a format; ValueError where it cannot say a day (or an instant).

    >>> compile_format("%d/%m/%y").parts
    ('day', 'month', 'year2')
    """
    if instant and text in {"unix", "unix_ms"}:
        return DateFormat(text, r"(-?\d{1,15})", (text,))
    if text in SERIALS:
        return DateFormat(
            text, r"\d{1,7}([.]\d{1,15})?" if instant else r"\d{1,7}([.]0+)?", (text,)
        )
    pattern, parts, position = "", [], 0
    for found in re.finditer("%(.?)", text, re.DOTALL):
        pattern += re.escape(text[position : found.start()])
        position = found.end()
        if found[1] == "%":
            pattern += "%"
            continue
        if found[1] not in _DIRECTIVES:
            raise ValueError(
                f"'{text}' holds '{found[0]}', which is no part of a date; there are "
                f"{' '.join('%' + key for key in _DIRECTIVES)}"
            )
        name, part = _DIRECTIVES[found[1]]
        pattern += f"({part})" if name else f"(?:{part})"
        parts += [name] if name else []
    pattern += re.escape(text[position:])
    _complete(text, parts, instant=instant)
    return DateFormat(text, pattern, tuple(parts), pivot)


def _complete(text: str, parts: list[str], *, instant: bool) -> None:
    for names in _ONE_OF:
        if sum(parts.count(name) for name in names) != 1:
            raise ValueError(f"'{text}' does not say the {names[0]} exactly once")
    if len(set(parts)) != len(parts):
        raise ValueError(f"'{text}' says something twice")
    hours = ("hour" in parts) + ("hour12" in parts)
    if instant and (hours != 1 or "minute" not in parts):
        raise ValueError(f"'{text}' does not say hour and minute")
    if ("hour12" in parts) != ("half" in parts):
        raise ValueError(f"'{text}': %I and %p go together")


def bound(value: str, name: str, body: Callable[[str], str]) -> str:
    """The SQL of a body that needs a value more than once: the value is worked out once and goes by
    a name.
    """
    return f"list_transform([{value}], lambda {name}: {body(name)})[1]"


def mark(text: str, reason: str) -> str:
    """The SQL of a cell that does not read: what stood there, and the SQL of the reason."""
    return f"chr(0) || replace({text}, chr(0), '\N{SYMBOL FOR NULL}') || chr(0) || {reason}"


def _parts(form: DateFormat, value: str) -> str:
    """The SQL of a format's parts in a value; empty ones where it does not match."""
    listed = ", ".join(literal(part) for part in form.parts)
    return f"regexp_extract({value}, {literal('^(?:' + form.pattern + ')$')}, [{listed}])"


def _part(parts: str, name: str) -> str:
    return f"{parts}[{literal(name)}]"


def _day(form: DateFormat, parts: str) -> str:
    """The SQL of year-month-day as text; null where a month's name is none."""
    if "year" in form.parts:
        year = _part(parts, "year")
    else:
        two = _part(parts, "year2")
        year = (
            f"(CASE WHEN TRY_CAST({two} AS INTEGER) < {form.pivot} THEN '20' ELSE '19' END || "
            f"{two})"
        )
    if "month" in form.parts:
        month = f"lpad({_part(parts, 'month')}, 2, '0')"
    else:
        name = _part(parts, "mon" if "mon" in form.parts else "monthname")
        listed = ", ".join(
            literal(month[:3] if "mon" in form.parts else month) for month in _MONTHS
        )
        month = f"lpad(CAST(list_position([{listed}], lower({name})) AS VARCHAR), 2, '0')"
    return f"({year} || '-' || {month} || '-' || lpad({_part(parts, 'day')}, 2, '0'))"


def date_sql(form: DateFormat, value: str, zone: str = "", hung: str = "") -> str:
    """The SQL of a date as canonical text; null where the value does not read.

    Where the format says a clock and its offset, or it is known in which zone the clock `hung`,
    that is the day in `zone`.
    """
    if form.text in SERIALS:
        return f"strftime({_serial(form, value)}, '%Y-%m-%d')"
    clock = bool({"hour", "hour12"} & set(form.parts)) and "minute" in form.parts

    def read(parts: str) -> str:
        def told(day: str) -> str:
            if not (zone and clock and ("offset" in form.parts or hung not in {"", zone})):
                return day
            local = f"TRY_CAST({day} || ' ' || {_clock(form, parts)} AS TIMESTAMP)"
            offset = _part(parts, "offset") if "offset" in form.parts else ""
            return local_day(local, zone, offset=offset, hung=hung)

        def valid(day: str) -> str:
            within = f"TRY_CAST({day} AS DATE) >= DATE '0001-01-01'"
            return f"CASE WHEN {within} THEN {told(day)} END"

        return bound(_day(form, parts), "d_", valid)

    return bound(_parts(form, value), "p_", read)


def instant_sql(form: DateFormat, value: str, timezone: str | None, fold: str) -> str:
    """The SQL of an instant as canonical text, null where the value does not read; a marked reason
    where clocks changed.
    """
    if form.parts in {("unix",), ("unix_ms",)}:
        scale = 1_000_000 if form.text == "unix" else 1_000
        least, most = (
            _FIRST_SECOND * 1_000_000 // scale,
            (_LAST_SECOND + 1) * 1_000_000 // scale - 1,
        )
        number = f"TRY_CAST({value} AS BIGINT)"
        number = f"CASE WHEN {number} BETWEEN {least} AND {most} THEN {number} END"
        return (
            f"(CASE WHEN regexp_full_match({value}, {literal(form.pattern)}) THEN "
            f"{_utc(f'make_timestamp({number} * {scale})')} END)"
        )

    if form.text in SERIALS:
        return localised(_serial(form, value), timezone or "UTC", fold)

    def read(parts: str) -> str:
        local = f"TRY_CAST({_day(form, parts)} || ' ' || {_clock(form, parts)} AS TIMESTAMP)"
        if "offset" in form.parts:
            return (
                f"CASE WHEN {local} IS NOT NULL THEN {_day(form, parts)} || 'T' || "
                f"{_clock(form, parts)} || {_part(parts, 'offset')} END"
            )
        return localised(local, timezone or "UTC", fold)

    return bound(_parts(form, value), "p_", read)


def local_day(local: str, zone: str, *, offset: str = "", hung: str = "") -> str:
    """The SQL of the day in a zone that a clock's time means, by its offset or by the zone in which
    it `hung`. At midnight the clock says nothing but a day, which stays.
    """

    def read(at: str) -> str:
        instant = (
            f"TRY_CAST(CAST({at} AS VARCHAR) || {offset} AS TIMESTAMPTZ)"
            if offset
            else f"timezone({literal(hung)}, {at})"
        )
        day = f"strftime(timezone({literal(zone)}, {instant}), '%Y-%m-%d')"
        midnight = f"CAST({at} AS TIME) = TIME '00:00:00'"
        return f"CASE WHEN {midnight} THEN strftime({at}, '%Y-%m-%d') ELSE {day} END"

    return bound(local, "n_", read)


def iso_day(value: str, zone: str, hung: str = "") -> str:
    """The SQL of the day in a zone that an ISO timestamp means; null where the value is none."""
    bare = f"TRY_CAST(left({value}, length({value}) - length({{0}})) AS TIMESTAMP)"
    offset = rf"regexp_extract({value}, '({OFFSET})$')"
    hangs = f"regexp_full_match({value}, '{_ISO_LOCAL}({OFFSET})')"
    stands = f"regexp_full_match({value}, '{_ISO_LOCAL}')"
    day = local_day(bare.format(offset), zone, offset=offset)
    plain = f"left({value}, 10)"
    if hung not in {"", zone}:
        plain = local_day(f"TRY_CAST({value} AS TIMESTAMP)", zone, hung=hung)
    return f"CASE WHEN {hangs} THEN {day} WHEN {stands} THEN {plain} END"


def _serial(form: DateFormat, value: str) -> str:
    """The SQL of the local time that a number of days means, to the millisecond; null where it is
    none.
    """
    first, least, most = SERIALS[form.text]
    number = f"TRY_CAST({value} AS DECIMAL(22, 15))"
    within = f"regexp_full_match({value}, {literal(form.pattern)}) AND {number} >= {least} AND "
    wait = f"to_milliseconds(CAST(round({number} * 86400000) AS BIGINT))"
    within += f"{number} < {most + 1}"
    return f"(CASE WHEN {within} THEN TIMESTAMP '{first}' + {wait} END)"


def _clock(form: DateFormat, parts: str) -> str:
    """The SQL of hour:minute:second.fraction; null where the hour is none."""
    if "hour" in form.parts:
        hour = f"TRY_CAST({_part(parts, 'hour')} AS INTEGER)"
        hour = f"CASE WHEN {hour} < 24 THEN {hour} END"
    else:
        twelve = f"TRY_CAST({_part(parts, 'hour12')} AS INTEGER)"
        late = f"CASE WHEN lower({_part(parts, 'half')}) = 'pm' THEN 12 ELSE 0 END"
        hour = f"CASE WHEN {twelve} BETWEEN 1 AND 12 THEN {twelve} % 12 + {late} END"
    second = _part(parts, "second") if "second" in form.parts else "'00'"
    fraction = f"left({_part(parts, 'fraction')}, 6)" if "fraction" in form.parts else "'0'"
    return (
        f"(lpad(CAST({hour} AS VARCHAR), 2, '0') || ':' || {_part(parts, 'minute')} || ':' || "
        f"{second} || '.' || {fraction})"
    )


def iso_local(value: str) -> tuple[str, str]:
    """The SQL that says whether a value is an ISO timestamp without offset, and the SQL of that
    timestamp.
    """
    return f"regexp_full_match({value}, '{_ISO_LOCAL}')", f"TRY_CAST({value} AS TIMESTAMP)"


def _utc(timestamp: str) -> str:
    return f"strftime({timestamp}, '%Y-%m-%dT%H:%M:%S.%fZ')"


def localised(local: str, timezone: str, fold: str) -> str:
    """The SQL of a local time as an instant in UTC; marked where that time never was, or was twice
    and `fold` does not say which.
    """
    zone = literal(timezone)
    return bound(
        local,
        "l_",
        lambda at: bound(
            f"timezone({zone}, {at})", "u_", lambda instant: _once(at, instant, timezone, fold)
        ),
    )


def _once(local: str, instant: str, timezone: str, fold: str) -> str:
    zone = literal(timezone)
    last = _utc(f"timezone('UTC', {instant})")
    cases = [
        f"WHEN {local} IS NULL THEN NULL",
        (
            f"WHEN timezone({zone}, {instant}) <> {local} THEN chr(0) || 'never was in {timezone}: "
            "clocks were put forward'"
        ),
    ]
    if _ever_put_back(timezone):
        near = (
            f"(timezone({zone}, {instant} + INTERVAL 25 HOUR) <> {local} + INTERVAL 25 HOUR OR "
            f"timezone({zone}, {instant} - INTERVAL 25 HOUR) <> {local} - INTERVAL 25 HOUR)"
        )
        steps = ", ".join(
            f"{instant} {sign} INTERVAL {minutes} MINUTE"
            for minutes in (20, 30, 40, 60, 90, 120, 180, 1440)
            for sign in "+-"
        )
        both = f"list_filter([{instant}, {steps}], lambda i_: timezone({zone}, i_) = {local})"
        asks = (
            f"chr(0) || 'was twice in {timezone}: clocks were put back; fold says which is meant'"
        )
        which = {
            "first": _utc(f"timezone('UTC', list_min({both}))"),
            "second": _utc(f"timezone('UTC', list_max({both}))"),
        }.get(fold, asks)
        cases.append(f"WHEN {near} THEN CASE WHEN len({both}) > 1 THEN {which} ELSE {last} END")
    return f"CASE {' '.join(cases)} ELSE {last} END"


@cache
def _ever_put_back(timezone: str) -> bool:
    """Whether clocks were ever put back in a zone, from 1900 to 2100."""
    from datetime import UTC, datetime, timedelta

    zone = ZoneInfo(timezone)
    offsets = [
        (datetime(1900, 1, 1, tzinfo=UTC) + timedelta(days=day)).astimezone(zone).utcoffset()
        for day in range(0, 200 * 365, 7)
    ]
    return len(set(offsets)) > 1
