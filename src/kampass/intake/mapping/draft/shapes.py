"""What the values of a column look like: days and instants in which order, numbers with which
signs, words of a list. Nothing is decided here that some values could contradict.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kampass.intake.mapping.draft.known import known, plain
from kampass.intake.readers.formats import DateFormat, compile_format

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?"
)
_STAMP = re.compile(
    r"(?P<day>[^\s,T].*?)(?:(?P<gap>,? |T)(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
)
_DIGITS = re.compile(r"(\d+)([./-])(\d{1,2})\2(\d+)")
_WORDY = re.compile(r"(\d{1,2})([ ./-]+)([A-Za-z]+)([ ./-]+)(\d{2}|\d{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]+) \d{1,2}(,?) (\d{4})")
_SHORT_MONTH, _LONG_YEAR, _MOST_FORMS, _GROUP = 3, 4, 4, 3
_DMY, _MDY, _YMD = "day first", "month first", "year first"
_MONTHS = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)


@dataclass(frozen=True)
class DateShape:
    """How days or instants are written: the formats, none where they are ISO 8601; `open` where day
    and month could be meant the other way round; `local` where a clock has no zone.
    """

    forms: tuple[str, ...] = ()
    clock: bool = False
    local: bool = False
    open: bool = False


@dataclass(frozen=True)
class NumberShape:
    """How numbers are written: decimal sign, sign of thousands, signs beside them; `open` where a
    sign could be either. `negative` where some are below zero by brackets or by
    a trailing minus.
    """

    decimal: str = ""
    thousands: str = ""
    remove: tuple[str, ...] = ()
    negative: str = ""
    open: bool = False
    whole: bool = False


def dates(values: Sequence[str]) -> DateShape | None:
    """How values say days or instants; None where any of them says none."""
    if not values:
        return None
    if all(found := [_ISO.fullmatch(value) for value in values]):
        clocks = [len(value) > 10 for value in values]  # noqa: PLR2004 - a day has ten letters
        zones = [match is not None and match[1] is not None for match in found]
        return DateShape(
            (), any(clocks), any(c and not z for c, z in zip(clocks, zones, strict=True))
        )
    readings = [
        forms for order in (_DMY, _MDY, _YMD) if (forms := _in_order(values, order)) is not None
    ]
    unlike = list(dict.fromkeys(readings))
    if not unlike:
        return None
    clock = any("%M" in form for form in unlike[0])
    local = clock and not all("%z" in form for form in unlike[0])
    return DateShape(unlike[0], clock, local, len(unlike) > 1)


def iso_forms(values: Sequence[str]) -> tuple[str, ...]:
    """The formats of days and instants that are ISO 8601, where only the day is wanted."""
    return _in_order(values, _YMD) or ()


def _in_order(values: Sequence[str], order: str) -> tuple[str, ...] | None:
    """The formats in which every value reads, day and month in that order."""
    forms: dict[str, DateFormat] = {}
    for value in values:
        if any(_reads(form, value) for form in forms.values()):
            continue
        text = _form(value, order)
        if text is None or not _reads(form := compile_format(text), value):
            return None
        forms[text] = form
        if len(forms) > _MOST_FORMS:
            return None
    return tuple(forms)


def _form(value: str, order: str) -> str | None:
    """The format that a value is written in, if day and month stand in that order."""
    found = _STAMP.fullmatch(value)
    day = _day_form(found["day"], order) if found else None
    if found is None or day is None:
        return None
    if found["clock"] is None:
        return day
    colons = found["clock"].count(":")
    clock = ("%I" if found["half"] else "%H") + ":%M" + (":%S" if colons > 1 else "")
    clock += ".%f" if "." in found["clock"] else ""
    half = " %p" if (found["half"] or "").startswith(" ") else "%p" if found["half"] else ""
    zone = " %z" if (found["zone"] or "").startswith(" ") else "%z" if found["zone"] else ""
    return f"{day}{found['gap']}{clock}{half}{zone}"


def _day_form(text: str, order: str) -> str | None:
    if found := _DIGITS.fullmatch(text):
        first, sign, last = len(found[1]), found[2], len(found[4])
        if first == _LONG_YEAR and last <= 2 and order == _YMD:  # noqa: PLR2004 - digits
            return f"%Y{sign}%m{sign}%d"
        year = {2: "%y", 4: "%Y"}.get(last)
        if first > 2 or year is None or order == _YMD:  # noqa: PLR2004 - digits
            return None
        two = ("%d", "%m") if order == _DMY else ("%m", "%d")
        return f"{two[0]}{sign}{two[1]}{sign}{year}"
    if found := _WORDY.fullmatch(text):
        month = "%b" if len(found[3]) == _SHORT_MONTH else "%B"
        year = "%Y" if len(found[5]) == _LONG_YEAR else "%y"
        return f"%d{found[2]}{month}{found[4]}{year}"
    if found := _MONTH_FIRST.fullmatch(text):
        return f"{'%b' if len(found[1]) == _SHORT_MONTH else '%B'} %d{found[2]} %Y"
    return None


def _reads(form: DateFormat, value: str) -> bool:
    """Whether a value is a day in a format."""
    found = re.fullmatch(form.pattern, value)
    if found is None:
        return False
    said = dict(zip(form.parts, found.groups(), strict=True))
    month = said.get("month") or str(_month(said.get("mon") or said.get("monthname") or ""))
    year = int(said.get("year") or f"20{said.get('year2')}")
    try:
        date(year, int(month), int(said["day"]))
    except ValueError:
        return False
    return int(said.get("hour", 0)) < 24 and int(said.get("hour12", 1)) <= 12  # noqa: PLR2004


def _month(name: str) -> int:
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0


def seconds(values: Sequence[str]) -> str:
    """`unix` or `unix_ms` where values count from 1970 and lie between 2001 and 2096."""
    if values and all(re.fullmatch(r"[1-3]\d{9}", value) for value in values):
        return "unix"
    return "unix_ms" if values and all(re.fullmatch(r"[1-3]\d{12}", v) for v in values) else ""


def apart(values: Sequence[str]) -> tuple[list[str], list[str]]:
    """Values, and those among them that may be days as spreadsheets count them, of the years 2000
    to 2050.
    """
    least, most = 36526, 54789
    counted = [
        value
        for value in values
        if re.fullmatch(r"\d{5}(\.\d+)?", value) and least <= float(value) <= most
    ]
    return [value for value in values if value not in counted], counted


def numbers(values: Sequence[str]) -> NumberShape | None:
    """How values say numbers; None where any of them says none, or two contradict each other."""
    if not values:
        return None
    bare, remove, below = _bare(values)
    if len(below) > 1:
        return None
    points, commas, unclear, thousands = 0, 0, 0, set[str]()
    for value in bare:
        if (kind := _written(value)) is None:
            return None
        decimal, group = kind
        points += decimal == "."
        commas += decimal == ","
        unclear += decimal == "?"
        thousands |= {group} - {""}
    if (points and commas) or len(thousands) > 1:
        return None
    sign = "." if points else "," if commas else ""
    if sign in thousands:
        return None
    open_ = bool(unclear) and not sign
    if unclear and sign:
        thousands |= {"," if sign == "." else "."} if _grouped(bare, sign) else set()
    whole = not (points or commas or unclear)
    group = next(iter(thousands), "")
    return NumberShape(
        sign or ("." if group else ""), group, remove, next(iter(below), ""), open_, whole
    )


def _grouped(values: Sequence[str], decimal: str) -> bool:
    other = "," if decimal == "." else "."
    return any(other in value for value in values)


def _bare(values: Sequence[str]) -> tuple[list[str], tuple[str, ...], set[str]]:
    """Numbers without what stands beside them; what that was; what means below zero."""
    money = known().currencies
    signs = [*money.signs, "$", "%", *money.codes]
    found = [sign for sign in signs if any(sign in value for value in values)]
    bare = []
    below: set[str] = set()
    for value in values:
        text = value
        for sign in found:
            text = text.replace(sign, "")
        text = text.strip()
        if inside := re.fullmatch(r"\((.*)\)", text):
            below, text = below | {"brackets"}, inside[1].strip()
        elif behind := re.fullmatch(r"(\d.*?)\s*-", text):
            below, text = below | {"trailing"}, f"-{behind[1]}"
        bare.append(text)
    return bare, tuple(found), below


def _written(value: str) -> tuple[str, str] | None:
    """The decimal sign of a number, `?` where it could be one of thousands, and that of thousands;
    None where it is no number.
    """
    if re.fullmatch(r"-?\d+", value):
        return "", ""
    if re.fullmatch(r"-?[1-9]\d{0,2}[.,]\d{3}", value):
        return "?", ""
    if found := re.fullmatch(r"-?\d+([.,])\d+", value):
        return found[1], ""
    if found := re.fullmatch(
        r"-?\d{1,3}(?:([., '\u00a0\u202f])\d{3})(?:\1\d{3})*(?:([.,])\d+)?", value
    ):
        return (found[2] or ("," if found[1] == "." else "." if found[1] == "," else "")), found[1]
    return None


def flags(values: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The words for true and for false that stand in values; None where there are others."""
    listed = known().names
    true, false = set(map(plain, listed.true)), set(map(plain, listed.false))
    unlike = list(dict.fromkeys(values))
    yes = tuple(value for value in unlike if plain(value) in true)
    no = tuple(value for value in unlike if plain(value) in false)
    return (yes, no) if unlike and len(yes) + len(no) == len(unlike) else None


def codes(values: Sequence[str]) -> bool:
    """Whether values are codes of currencies."""
    return bool(values) and {value.upper() for value in values} <= set(known().currencies.codes)


def mails(values: Sequence[str]) -> bool:
    """Whether values are e-mail addresses."""
    return bool(values) and all(re.fullmatch(r"[^\s@;,]+@[^\s@;,]+", value) for value in values)


def listed(values: Sequence[str]) -> bool:
    """Whether some cell holds several values: `111;222`."""
    return any(re.search(r"\S[;|]\s*\S", value) for value in values)


def different(values: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each value with how often it stands there, the most frequent first."""
    counted: dict[str, int] = {}
    for value in values:
        counted[value] = counted.get(value, 0) + 1
    yield from sorted(counted.items(), key=lambda pair: -pair[1])
