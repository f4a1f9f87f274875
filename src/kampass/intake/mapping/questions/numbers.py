"""In which ways numbers could be read that are written with more than digits and a point."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kampass.intake.mapping.amounts import number
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.mapping.questions.values import (
    ColumnReading,
    OpenQuestion,
    Values,
    line,
    toml,
)
from kampass.model.conform import literal

_ODD = "TRY_CAST(v AS DOUBLE) IS NULL"
_LONE = {sign: rf"regexp_full_match(v, '-?[1-9]\d{{0,2}}[{sign}]\d{{3}}')" for sign in (".", ",")}
_MOST = 500
_SHOWN = 3
_POINTS = (
    (".", ""),
    (".", ","),
    (",", "."),
    (",", ""),
    (",", " "),
    (".", " "),
    (".", "'"),
    (".", "\u2019"),
    (",", "\u00a0"),
    (",", "\u202f"),
)
_NOTHING = ("-", "--", "\N{EN DASH}", "\N{EM DASH}", "n/a", "N/A", "NULL", "null", "None", "none")
_BEFORE = re.compile(r"[-(\s]*([^\d().,'\s-][^\d(),'\s-]*)")
_AFTER = re.compile(r"\d([^\d(),'-]*?)[)\s]*$")
_CODE = re.compile(r"[A-Z]{3}|%|kr\.?|Kč|zł|Ft|Fr\.?")


@dataclass(frozen=True)
class _Signs:
    """How numbers are written: signs to take off, words that mean empty, what says below zero, and
    the signs of decimals and thousands.
    """

    remove: tuple[str, ...]
    null: tuple[str, ...]
    negative: str
    decimal: str = "."
    thousands: str = ""

    @property
    def setting(self) -> str:
        said = [f"remove = {toml(list(self.remove))}"] if self.remove else []
        said += [f"negative = {toml(self.negative)}"] if self.negative else []
        said += [f"null = {toml(list(self.null))}"] if self.null else []
        if self.thousands or self.decimal != "." or not said:
            said += [f"decimal = {toml(self.decimal)}"]
        said += [f"thousands = {toml(self.thousands)}"] if self.thousands else []
        return ", ".join(said)

    def sql(self, filling: Filling, value: str) -> str:
        """The SQL of a value read so; null where it does not read."""
        said = replace(
            filling,
            remove=self.remove,
            negative=self.negative,
            decimal=self.decimal,
            thousands=self.thousands,
        )
        words = ", ".join(literal(word) for word in ("", *self.null))
        return (
            f"(SELECT CASE WHEN {value} IN ({words}) THEN '' WHEN NOT starts_with(r, chr(0)) "
            f"THEN r END FROM (SELECT {number(said, value)} AS r))"
        )


def asked_numbers(mapping: TableMapping, filling: Filling, values: Values) -> list[OpenQuestion]:
    """The question that values raise which read in two ways, or which are mostly written with signs
    that nothing has declared.
    """
    settled = rf"(regexp_full_match(v, '-?\d+[.]\d+') AND NOT {_LONE['.']})"
    odd = f"v <> '' AND {_ODD}"
    points, commas, settles, filled, strange = values.count(
        _LONE["."], _LONE[","], settled, "v <> ''", odd
    )
    if commas or (points and not settles):
        return [_points(mapping, filling, values, "." if points and not settles else ",")]
    return _signs(mapping, filling, values, mostly=2 * strange >= filled) if strange else []


def _signs(
    mapping: TableMapping, filling: Filling, values: Values, *, mostly: bool
) -> list[OpenQuestion]:
    """The question that signs raise, where there are ways that differ or `mostly` signs."""
    rows = values.odd(_ODD, _MOST)
    texts = [value for _, value in rows]
    seen = _seen(texts, filling)
    ways = [replace(seen, decimal=point, thousands=thousands) for point, thousands in _POINTS]
    unread = values.count(*(f"v <> '' AND {way.sql(filling, 'v')} IS NULL" for way in ways))
    best = [way for way, left in zip(ways, unread, strict=True) if left == min(unread)]
    kept = _different(filling, best, texts, values)
    readable = [at for at, found in enumerate(kept[1]) if any(found)]
    if not readable or (len(kept[0]) == 1 and not mostly):
        return []
    open_ = [at for at in readable if len(set(kept[1][at])) > 1]
    shown = (open_ or readable)[:_SHOWN]
    readings = tuple(
        ColumnReading(
            tuple(kept[1][at][number] or "not a number" for at in shown),
            line(filling, way.setting),
            min(unread),
        )
        for number, way in enumerate(kept[0])
    )
    what = "which sign parts thousands?" if len(kept[0]) > 1 else "are they numbers written so?"
    examples = values.at_lines([rows[at] for at in shown])
    return [OpenQuestion(mapping.table, filling.name, filling.told, what, examples, readings)]


def _different(
    filling: Filling, ways: Sequence[_Signs], texts: Sequence[str], values: Values
) -> tuple[list[_Signs], list[list[str]]]:
    """The ways that differ in what they read, the simplest of each, and what each makes of each
    text.
    """
    listed = ", ".join(f"({number}, {literal(text)})" for number, text in enumerate(texts))
    cells = ", ".join(way.sql(filling, "v") for way in ways)
    found = values.ask(f"SELECT {cells} FROM (VALUES {listed}) t(n, v) ORDER BY n")
    columns: dict[tuple[str, ...], int] = {}
    for at, column in enumerate(zip(*found, strict=True)):
        columns.setdefault(tuple(text or "" for text in column), at)
    return [ways[at] for at in columns.values()], [list(row) for row in zip(*columns, strict=True)]


def _seen(texts: Sequence[str], filling: Filling) -> _Signs:
    """The signs around the numbers, what says below zero and the words that mean empty."""
    signs = dict.fromkeys(filling.remove)
    for text in texts:
        before, after = _BEFORE.match(text), _AFTER.search(text)
        for found in (before and before[1], after and after[1].strip()):
            if found and (_CODE.fullmatch(found) or unicodedata.category(found[-1]) == "Sc"):
                signs[found] = None
    return _Signs(
        # A longer sign goes first: US$ is no $ after US.
        tuple(sorted(signs, key=len, reverse=True)),
        (*filling.null, *(word for word in _NOTHING if word in texts)),
        _below(texts),
    )


def _below(texts: Sequence[str]) -> str:
    """How numbers below zero are written other than with a minus before them."""
    if any(text.rstrip().endswith(")") for text in texts):
        return "brackets"
    return "trailing" if any(re.search(r"\d\D*-\s*$", text) for text in texts) else ""


def _points(mapping: TableMapping, filling: Filling, values: Values, sign: str) -> OpenQuestion:
    """The question that a lone sign before three digits raises."""
    examples = values.examples(_LONE[sign])
    whole = tuple(value.replace(sign, "") for _, value in examples)
    parts = tuple(value.replace(sign, ".") for _, value in examples)
    other = "," if sign == "." else "."
    taken = f"remove = {toml(list(filling.remove))}, " if filling.remove else ""
    readings = (
        ColumnReading(whole, line(filling, f'{taken}decimal = "{other}", thousands = "{sign}"')),
        ColumnReading(parts, line(filling, f'{taken}decimal = "{sign}"')),
    )
    what = f"is '{sign}' the decimal sign, or does it part thousands?"
    return OpenQuestion(mapping.table, filling.name, filling.told, what, examples, readings)
