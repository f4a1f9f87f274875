"""Whether what stands in a column of a file can be a canonical column, and how it is read then.

A name alone fills nothing: a column `Amount` that holds text is no amount.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kampass.intake.mapping.draft import shapes
from kampass.intake.mapping.draft.known import choices, labels, ordinary, parts, plain
from kampass.model import TABLES, Column

_LONGEST_NAME = 120
_MOST_VALUES = 40
_ENOUGH = 20
_HALF = 0.5
AMOUNTS = ("amount", "mrr", "value", "unit_price")
"""The columns that hold money."""


@dataclass(frozen=True)
class ColumnValues:
    """The values that stand in a column of a file, without its empty cells; how many rows were
    looked at. `typed`: a workbook knows them as days or numbers.
    """

    header: str
    values: tuple[str, ...]
    rows: int
    typed: bool = False
    cells: tuple[str, ...] = ()
    """The same with its empty cells, row by row."""

    @property
    def full(self) -> bool:
        """Whether no cell is empty."""
        return len(self.values) == self.rows

    @property
    def unlike(self) -> tuple[str, ...]:
        """Each value once, the most frequent first."""
        return tuple(value for value, _ in shapes.different(self.values))


@dataclass(frozen=True)
class Fit:
    """How a column is read: the keys of its mapping beside `column`, why it fits, and the values
    that nothing says the meaning of.
    """

    keys: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    unknown: tuple[str, ...] = ()


Verdict = Fit | str
"""How a column is read, or why it cannot be."""


def fits(table: str, column: str, held: ColumnValues) -> Verdict:
    """How a column of a file is read as a canonical one, or why it is none."""
    target = TABLES[table].column(column)
    if not held.values:
        return "no value stands there" if target.required else Fit(why="empty so far")
    if target.choices:
        return _choice(table, target, held)
    if column == "id":
        return _key(held)
    if target.refers_to:
        return _reference(target, held)
    by_name = {"currency": _currency, "email": _mail, "name": _name, "score": _score}
    if column in by_name:
        return by_name[column](held)
    verdict = _OF_TYPE[target.type](held)
    size = parts(held.header).size
    if column in AMOUNTS and size != 1 and isinstance(verdict, Fit):
        keys = {**verdict.keys, "scale": size}
        return replace(verdict, keys=keys, why=f"{verdict.why}, in a size that the name says")
    return verdict


def _choice(table: str, column: Column, held: ColumnValues) -> Verdict:
    """Words of a closed list, in whatever language; at least half of the rows have to be known. One
    that turns the sign of an amount counts however few there are.
    """
    words = choices(table, column.name)
    unlike, plainer = held.unlike, ordinary(table, column.name)
    found = {value: words[plain(value)] for value in unlike if plain(value) in words}
    known = found | {value: "" for value in unlike if plain(value) in plainer - set(words)}
    unknown = tuple(value for value in unlike if value not in known)
    many = sum(value in known for value in held.values)
    few = many < _HALF * len(held.values) and "credit" not in found.values()
    if not found or few or len(unlike) > _MOST_VALUES:
        return f"{_shown(unlike)} are no words for {', '.join(column.choices)}"
    why = f"{_shown(tuple(found))} are known words for it"
    plainly = all(value == meant for value, meant in known.items()) and not unknown
    return Fit({} if plainly else {"values": known}, why, unknown)


def _key(held: ColumnValues) -> Verdict:
    if not held.full:
        return "some rows have none"
    if len(set(held.values)) < len(held.values):
        return "a value stands there more than once"
    if _is_day(held) or any(len(value) > _LONGEST_NAME for value in held.values):
        return "the values name nothing"
    return Fit(why="every row has another")


def _reference(column: Column, held: ColumnValues) -> Verdict:
    if shapes.listed(held.values):
        return "some cells hold several values"
    if _is_day(held) or any(len(value) > _LONGEST_NAME for value in held.values):
        return "the values name nothing"
    number = shapes.numbers(held.values)
    if number is not None and not number.whole:
        return "the values are numbers with decimals"
    if column.refers_to == "contacts" and any(" " in value for value in held.values):
        return "names of people are no ids"
    if shapes.mails(held.values):
        lower = any(value != value.lower() for value in held.values)
        return Fit({"lower": True} if lower else {}, "the values are addresses")
    if shapes.flags(held.values) is not None and len(held.unlike) <= 2:  # noqa: PLR2004 - yes, no
        return "the values are yes and no"
    return Fit(why=f"the values name {column.refers_to}")


def _currency(held: ColumnValues) -> Verdict:
    if not shapes.codes(held.values):
        return f"{_shown(held.unlike)} are no codes of currencies"
    return Fit(why="the values are codes of currencies")


def _mail(held: ColumnValues) -> Verdict:
    return Fit(why="the values are addresses") if shapes.mails(held.values) else "no addresses"


def _name(held: ColumnValues) -> Verdict:
    if _is_day(held):
        return "the values are days"
    number = shapes.numbers(held.values)
    return "the values are numbers" if number and len(held.values) > 1 else Fit(why="text")


def _score(held: ColumnValues) -> Verdict:
    """A number, or words that are known to mean one."""
    number = _number(held)
    if isinstance(number, Fit):
        return number
    if all(re.fullmatch(r"\d+(\s*[-\u2013:=]\s*\S.*)?", value) for value in held.values):
        return Fit({"part": r"^(\d+)"}, "the answers begin with numbers")
    worth = labels()
    if all(plain(value) in worth for value in held.values):
        said = {value: str(worth[plain(value)]) for value in held.unlike}
        return Fit({"values": said}, "the answers are known words on a scale of 1 to 5")
    return f"{_shown(held.unlike)} are no scores"


def _day(held: ColumnValues) -> Verdict:
    said, counted = shapes.apart(held.values)
    if counted and (not said or shapes.dates(said)):
        return Fit(why="the values may be days as spreadsheets count them")
    shape = shapes.dates(held.values)
    if shape is None:
        return f"{_shown(held.unlike)} are no days"
    zone = _in_zone(held, shape)
    if held.typed or (not shape.forms and not shape.clock):
        return Fit(zone, "the values are days")
    if not shape.forms:
        forms = shapes.iso_forms(held.values)
        return Fit({"date": _one(forms)} | zone, "the values are days with a clock")
    return Fit({} if shape.open else {"date": _one(shape.forms)} | zone, "the values are days")


def _instant(held: ColumnValues) -> Verdict:
    shape = shapes.dates(held.values)
    if shape is not None:
        why = "the values are instants" if shape.clock else "the values are days"
        if held.typed or shape.open or not shape.forms:
            return Fit(_in_zone(held, shape), why)
        if shape.clock and any("%M" not in form for form in shape.forms):
            return "some values have a clock and some have none"
        key = "timestamp" if shape.clock else "date"
        return Fit({key: _one(shape.forms)} | _in_zone(held, shape), why)
    counted = shapes.seconds(held.values)
    if counted:
        return Fit({"timestamp": counted}, "the values count from 1970")
    return f"{_shown(held.unlike)} are no instants"


def _in_zone(held: ColumnValues, shape: shapes.DateShape) -> dict[str, str]:
    zone = parts(held.header).zone
    return {"timezone": zone} if zone and shape.local and not shape.open else {}


def _number(held: ColumnValues) -> Verdict:
    shape = shapes.numbers(held.values)
    if shape is None:
        return f"{_shown(held.unlike)} are no numbers"
    keys: dict[str, Any] = {}
    if not held.typed:
        settled = shape.decimal == "," or shape.thousands
        keys |= {"decimal": shape.decimal} if settled else {}
        keys |= {"thousands": shape.thousands} if shape.thousands else {}
        keys |= {"remove": list(shape.remove)} if shape.remove else {}
        keys |= {"negative": shape.negative} if shape.negative else {}
    return Fit(keys, "the values are numbers")


def _whole(held: ColumnValues) -> Verdict:
    shape = shapes.numbers(held.values)
    if shape is None or not (shape.whole or shape.open):
        return f"{_shown(held.unlike)} are no whole numbers"
    return Fit(why="the values are whole numbers")


def _flag(held: ColumnValues) -> Verdict:
    words = shapes.flags(held.values)
    if words is None:
        return f"{_shown(held.unlike)} are neither yes nor no"
    if set(held.unlike) <= {"true", "false"}:
        return Fit(why="the values are true and false")
    true, false = words
    return Fit({"true": list(true), "false": list(false)}, "the values are yes and no")


def _text(held: ColumnValues) -> Verdict:
    """Something to cut by: not a day, not a text of one's own in nearly every row."""
    if _is_day(held):
        return "the values are days"
    many = len(held.values) >= _ENOUGH and len(held.unlike) > _HALF * len(held.values)
    number = shapes.numbers(held.values)
    if number is not None and not number.whole:
        return "the values are numbers"
    return "nearly every row has another" if many else Fit(why="text")


def free_text(held: ColumnValues) -> Verdict:
    """Words that somebody wrote: anything but days."""
    return "the values are days" if held.values and _is_day(held) else Fit(why="text")


def _is_day(held: ColumnValues) -> bool:
    return shapes.dates(held.values) is not None


def _one(forms: tuple[str, ...]) -> str | list[str]:
    return forms[0] if len(forms) == 1 else list(forms)


def _shown(values: Sequence[str]) -> str:
    few = ", ".join(repr(value[:40]) for value in values[:3])
    return few + (", ..." if len(values) > 3 else "")  # noqa: PLR2004 - as many are shown


_OF_TYPE: dict[str, Callable[[ColumnValues], Verdict]] = {
    "text": _text,
    "date": _day,
    "instant": _instant,
    "decimal": _number,
    "rate": _number,
    "integer": _whole,
    "bool": _flag,
}
