"""Numbers as people write them: signs and brackets, amounts for an interval, lengths of time.

Each is one SQL expression over text that gives canonical text, or a mark with the reason. Nothing
here is a float: money is divided in whole units and rounded once, half away from zero, at the sixth
decimal, which is the last that is kept.
"""

from collections.abc import Mapping

from kampass.intake.mapping.intervals import INTERVALS, BillingInterval
from kampass.intake.mapping.mapping import Filling
from kampass.intake.readers.formats import bound, mark
from kampass.model.conform import literal

_SPECIAL = r"\.+*?()|[]{}^$-"
_AMOUNT = r"-?\d{1,12}([.]\d{1,18})?"
_TIMES = r"-?\d{1,6}([.]\d{1,6})?"
_COUNT = r"0*[1-9]\d{0,3}([.]0+)?"
_LENGTH = r"\d{1,9}([.]\d{1,12})?"
_CLOCK = r"\d{1,6}:[0-5]\d(:[0-5]\d([.]\d{1,6})?)?"
_MICROSECONDS = {"minutes": 60_000_000, "hours": 3_600_000_000, "days": 86_400_000_000}


def has_signs(filling: Filling) -> bool:
    """Whether a number is declared to be written with more than digits and a point."""
    return bool(filling.decimal or filling.thousands or filling.remove or filling.negative)


def number(filling: Filling, value: str) -> str:
    """A number with the signs declared; one whose thousands are not in threes does not read."""
    return bound(_bare(filling, value), "b_", lambda bare: _pointed(filling, value, bare))


def _bare(filling: Filling, value: str) -> str:
    """The text without the signs that are taken off; as declared it is below zero."""
    for sign in filling.remove:
        value = f"replace({value}, {literal(sign)}, '')"
    value = f"trim({value})" if filling.remove else value
    if filling.negative:
        below = r"^\(\s*(.*?)\s*\)$" if filling.negative == "brackets" else r"^(\d.*?)\s*-$"
        value = rf"regexp_replace({value}, '{below}', '-\1')"
    return value


def _pointed(filling: Filling, value: str, bare: str) -> str:
    """A bare number in digits and a point, where its signs stand as declared."""
    point, thousands = _escaped(filling.decimal or "."), _escaped(filling.thousands)
    whole = rf"\d{{1,3}}({thousands}\d{{3}})+|\d+" if thousands else r"\d+"
    plain = f"replace({bare}, {literal(filling.thousands)}, '')" if thousands else bare
    if filling.decimal not in {"", "."}:
        plain = f"replace({plain}, {literal(filling.decimal)}, '.')"
    reason = f"is not a number with decimal sign {filling.decimal or '.'}"
    reason += f" and thousands sign {filling.thousands!r}" if thousands else ""
    pattern = literal(rf"-?({whole})({point}\d+)?")
    none = mark(value, literal(reason))
    return f"CASE WHEN regexp_full_match({bare}, {pattern}) THEN {plain} ELSE {none} END"


def _escaped(sign: str) -> str:
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in sign)


def monthly(filling: Filling, amount: str, cells: Mapping[str, str]) -> str:
    """A number for an interval as the number for a month, times the number that `times` names;
    `cells` gives the SQL of the cells beside it by header.
    """
    per = filling.per or BillingInterval("month")
    every = f"lower(trim({cells[per.column]}))" if per.column else literal(per.every)
    count = f"trim({cells[per.count]})" if per.count else "'1'"
    times = f"trim({cells[filling.times]})" if filling.times else "'1'"
    beside = f"'e': coalesce({every}, ''), 'c': coalesce({count}, ''), 't': coalesce({times}, '')"
    return bound(f"{{'a': {amount}, {beside}}}", "m_", _monthly)


def _monthly(at: str) -> str:
    """The SQL over an amount, its interval, their count and how many times it is meant."""
    words = ", ".join(literal(word) for known in INTERVALS.values() for word in known)
    cases = [
        f"WHEN {at}.a IS NULL OR NOT regexp_full_match({at}.a, '{_AMOUNT}') THEN {at}.a",
        f"WHEN {at}.e NOT IN ({words}) THEN "
        + mark(f"{at}.a", f"'is for ''' || {at}.e || ''', which is no interval'"),
        f"WHEN NOT regexp_full_match({at}.c, '{_COUNT}') THEN "
        + mark(f"{at}.a", f"'is for ''' || {at}.c || ''' intervals'"),
        f"WHEN NOT regexp_full_match({at}.t, '{_TIMES}') THEN "
        + mark(f"{at}.a", f"'is meant ''' || {at}.t || ''' times'"),
    ]
    over, under = (
        " ".join(
            f"WHEN {at}.e IN ({', '.join(map(literal, words))}) THEN {ratio[side]}"
            for ratio, words in INTERVALS.items()
        )
        for side in (0, 1)
    )
    count = rf"TRY_CAST(regexp_extract({at}.c, '^\d+') AS HUGEINT)"
    top = f"{_units(f'{at}.a', 9)} * {_units(f'{at}.t', 6)} * (CASE {over} END)::HUGEINT"
    bottom = f"(CASE {under} END)::HUGEINT * {count} * {10**9}"
    return f"CASE {' '.join(cases)} ELSE {_millionths(top, bottom)} END"


def net(filling: Filling, amount: str, less: str) -> str:
    """An amount without what is taken off it, in the size that `scale` says; both read alike."""
    size = f"CAST({literal(filling.scale or '1')} AS DECIMAL(16, 6))"
    reason = literal(f"is less what {filling.minus} says, which is no number")

    def written(at: str) -> str:
        left = f"CAST({at}.a AS DECIMAL(21, 9)) - CAST({at}.b AS DECIMAL(21, 9))"
        made = f"CAST(CAST({left} AS DECIMAL(21, 9)) * {size} AS DECIMAL(38, 6))"
        return (
            f"CASE WHEN {at}.a IS NULL OR NOT regexp_full_match({at}.a, '{_AMOUNT}') THEN {at}.a "
            f"WHEN NOT regexp_full_match({at}.b, '{_AMOUNT}') THEN {mark(f'{at}.a', reason)} "
            f"ELSE CAST({made} AS VARCHAR) END"
        )

    return bound(f"{{'a': {amount}, 'b': coalesce({less}, '0')}}", "x_", written)


def _units(text: str, places: int) -> str:
    """A plain number as a whole number of units of that decimal place."""
    fraction = rf"rpad(left(regexp_extract({text}, '[.](\d+)$', 1), {places}), {places}, '0')"
    return rf"TRY_CAST(regexp_extract({text}, '^-?\d+') || {fraction} AS HUGEINT)"


def _millionths(top: str, bottom: str) -> str:
    """A quotient of whole numbers, in millionths, as text with six decimals."""

    def written(at: str) -> str:
        sign = f"CASE WHEN {at}.n < 0 THEN '-' ELSE '' END"
        whole = f"(2 * abs({at}.n) + {at}.d) // (2 * {at}.d)"
        digits = f"lpad(CAST({whole} % 1000000 AS VARCHAR), 6, '0')"
        return f"{sign} || CAST({whole} // 1000000 AS VARCHAR) || '.' || {digits}"

    return bound(f"{{'n': {top}, 'd': {bottom}}}", "q_", written)


def length(filling: Filling, value: str) -> str:
    """A length of time in the unit declared, in whole microseconds, as text."""
    if filling.unit == "h:mm":
        hours, minute, second = (
            f"coalesce(TRY_CAST(split_part({value}, ':', {part}) AS DECIMAL(12, 6)), 0)"
            for part in (1, 2, 3)
        )
        reading = f"CAST(({hours} * 3600 + {minute} * 60 + {second}) * 1000000 AS BIGINT)"
        return _long(value, value, _CLOCK, reading, "hours and minutes as 1:30")
    plain = number(filling, value) if has_signs(filling) else value
    unit = _MICROSECONDS[filling.unit]

    def read(text: str) -> str:
        reading = f"CAST(TRY_CAST({text} AS DECIMAL(22, 12)) * {unit} AS BIGINT)"
        return _long(value, text, _LENGTH, reading, f"a number of {filling.unit}")

    return bound(plain, "n_", read)


def _long(value: str, text: str, pattern: str, reading: str, words: str) -> str:
    none = mark(value, literal(f"is not {words}"))
    reads = f"regexp_full_match({text}, '{pattern}')"
    return f"CASE WHEN {reads} THEN CAST({reading} AS VARCHAR) ELSE {none} END"


def minutes(filling: Filling, value: str) -> str:
    """A length of time in the unit declared, as a number of minutes."""

    def read(text: str) -> str:
        number_of = _millionths(f"TRY_CAST({text} AS HUGEINT)", "60::HUGEINT")
        return f"CASE WHEN starts_with({text}, chr(0)) THEN {text} ELSE {number_of} END"

    return bound(length(filling, value), "w_", read)


def long_after(start: str, wait: str) -> str:
    """The instant that many microseconds after another, both canonical text; a day alone says no
    instant.
    """
    begun = f"CASE WHEN length({start}) > 10 THEN TRY_CAST({start} AS TIMESTAMPTZ) END"
    reached = f"({begun} + to_microseconds(TRY_CAST({wait} AS BIGINT)))"
    written = f"strftime(timezone('UTC', {reached}), '%Y-%m-%dT%H:%M:%S.%fZ')"
    none = mark(wait, literal("is counted from an instant that is not known"))
    return (
        f"CASE WHEN {wait} IS NULL OR starts_with({wait}, chr(0)) THEN {wait} "
        f"WHEN {begun} IS NULL THEN {none} ELSE {written} END"
    )
