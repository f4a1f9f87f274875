"""What a draft knows of other systems: the names that people give to tables, columns and values,
and the files that known systems write. It stands in `known.toml`, which anybody can extend.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from kampass.model import TABLES, Column, Table
from kampass.periods import is_zone
from kampass.validation import WrittenTable

FILE = Path(__file__).with_name("known.toml")
EXACT, NOUN, NAMED = 100, 96, 92
"""How well a name fits: it is listed; it is the noun alone; it is the noun with "name"."""
_WITH_MONEY = {"m", "t"}
"""Letters that say a size only where money stands beside them: "(m)" may be for a month."""
Source = str | list[str] | dict[str, Any]
"""What fills a column, as a mapping says it; of several headers the first that is there."""


class NamesSection(WrittenTable):
    """Parts of names, and words that stand in cells of any table."""

    id: list[str]
    name: list[str]
    true: list[str]
    false: list[str]
    total: list[str]
    small: list[str]


class CurrenciesSection(WrittenTable):
    """Signs and codes of money."""

    signs: dict[str, str]
    codes: list[str]


class TableSection(WrittenTable):
    """What a table, its columns and the values of its closed lists may be called."""

    called: list[str]
    less: list[str] = Field(default_factory=list)
    """What a column is called that holds what was taken off an amount later."""
    titled: list[str] = Field(default_factory=list)
    columns: dict[str, list[str]] = Field(default_factory=dict)
    values: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    ordinary: dict[str, list[str]] = Field(default_factory=dict)
    """Words of a closed list that say nothing more than what a row is."""
    durations: dict[str, list[str]] = Field(default_factory=dict)
    amounts: dict[str, list[str]] = Field(default_factory=dict)


class UncountedSection(WrittenTable):
    """What a column is called that may say which rows count, and the words of rows that usually do
    not: in any table (`never`), where no end is said (`ended`), and by table.
    """

    called: list[str]
    never: list[str]
    ended: list[str]
    trial: list[str]
    unresolved: list[str]
    tables: dict[str, list[str]] = Field(default_factory=dict)


class IntervalsSection(WrittenTable):
    """What says for how long an amount is."""

    every: list[str]
    count: list[str]
    year: list[str]


class QuestionSection(WrittenTable):
    """Words that tell what a question of a survey asks for, and its scale."""

    kind: str
    scale: Annotated[list[int], Field(min_length=2, max_length=2)]
    words: list[str]


class ExportSection(WrittenTable):
    """A file that a known system writes: the headers that tell it, and what fills the columns.

    `marks` are all there; `first` is what the first header may be. Of several lines of `headers`
    the second says what people were asked. Rows are kept `where` all conditions hold whose headers
    are there.
    """

    name: str
    seen: str
    table: str
    columns: dict[str, Source]
    marks: list[str] = Field(default_factory=list)
    first: list[str] = Field(default_factory=list)
    headers: Annotated[int, Field(ge=1)] = 1
    where: list[str] = Field(default_factory=list)
    said: dict[str, Any] = Field(default_factory=dict)
    accounts: dict[str, Source] = Field(default_factory=dict)

    def wrote(self, headers: Sequence[str]) -> bool:
        """Whether the system wrote a file with these headers."""
        there = {parts(header).name for header in headers}
        first = {plain(name) for name in self.first}
        return {parts(mark).name for mark in self.marks} <= there and (
            not first or (bool(headers) and plain(headers[0]) in first)
        )


class KnownFile(WrittenTable):
    """Everything in `known.toml`."""

    names: NamesSection
    currencies: CurrenciesSection
    tables: dict[str, TableSection]
    everywhere: dict[str, list[str]]
    uncounted: UncountedSection
    intervals: IntervalsSection
    units: dict[str, list[str]]
    sizes: dict[str, list[str]]
    labels: dict[str, list[str]]
    questions: list[QuestionSection]
    exports: list[ExportSection]


@cache
def known() -> KnownFile:
    """What stands in `known.toml`."""
    return KnownFile.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))


def plain(name: str) -> str:
    """A name as it is compared: small letters without accents and signs, parted by one blank.

    >>> plain("Kündigungs-Datum"), plain("customerNo"), plain("Größe")
    ('kundigungs datum', 'customer no', 'grosse')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    letters = unicodedata.normalize("NFKD", parted.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+|#", bare))


@dataclass(frozen=True)
class HeaderParts:
    """A header without what it says in brackets: its plain name, a time zone, a currency, a unit of
    time, the size of an amount.
    """

    name: str
    zone: str = ""
    currency: str = ""
    unit: str = ""
    size: float = 1


@cache
def parts(header: str) -> HeaderParts:
    """A header and what it says beside its name.

    >>> parts("Started at (America/New_York)").zone, parts("Betrag in EUR").currency
    ('America/New_York', 'EUR')
    >>> parts("MRR (in k EUR)").size, parts("amount_cents").size
    (1000, 0.01)
    """
    if sized := _sized(header):
        return sized
    found = re.fullmatch(r"(.*?)\s*(?:[(\[]([^()\[\]]+)[)\]]|\b(?:in|en)\s+(\w+))\s*", header)
    beside = (found[2] or found[3]).strip() if found else ""
    if found is None or not found[1]:
        return HeaderParts(plain(header))
    if beside in {"UTC", "GMT"}:
        return HeaderParts(plain(found[1]), zone="UTC")
    if "/" in beside and is_zone(beside):
        return HeaderParts(plain(found[1]), zone=beside)
    money = known().currencies
    code = money.signs.get(beside, beside)
    if code in money.codes:
        return HeaderParts(plain(found[1]), currency=code)
    unit = next((unit for unit, words in known().units.items() if plain(beside) in words), "")
    if unit:
        return HeaderParts(plain(found[1]), unit=unit)
    return HeaderParts(plain(header))


def _sized(header: str) -> HeaderParts | None:
    """A header that says the size of its amounts: in brackets, behind "in", or by its last word."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z][a-z]{3})", " ", header)
    found = re.fullmatch(
        r"(.*?)[\s_]*(?:[(\[]([^()\[\]]+)[)\]]|[\s_](?:in|en)[\s_]([^()]{1,16})|[\s_](\w{4,}))\s*",
        parted,
    )
    if found is None or not plain(found[1]):
        return None
    code, rest = _money_in(found[2] or found[3] or found[4])
    if plain(rest) in _WITH_MONEY and rest == (found[2] or found[3] or found[4]):
        return None
    words = [word for word in plain(rest).split() if word not in {"in", "en"}]
    sizes = known().sizes.items()
    size = next((float(size) for size, listed in sizes if " ".join(words) in listed), 0.0)
    if not size:
        return None
    name = re.sub(r" (in|en)$", "", plain(found[1]))
    return HeaderParts(name, currency=code, size=int(size) if size > 1 else size)


def _money_in(beside: str) -> tuple[str, str]:
    """The currency in what a header says beside its name, and the rest: "k EUR", "TEUR", "k€"."""
    money = known().currencies
    text = re.sub(r"\b([kKtTmM])(?=(?:" + "|".join(money.codes) + r")\b)", r"\1 ", beside)
    for sign, code in [*money.signs.items(), *((code, code) for code in money.codes), ("$", "")]:
        if sign in text:
            return code, text.replace(sign, " ")
    return "", text


@cache
def names(table: str, column: str) -> Mapping[str, int]:
    """Every plain name that a column of a table may have, with how well it fits."""
    listed = known()
    section = listed.tables.get(table)
    found: dict[str, int] = {}
    target = _target(TABLES[table], TABLES[table].column(column))
    if target in listed.tables:
        found |= _nouns(listed.tables[target].called)
    if column == TABLES[table].key[0] and column == "id":
        found |= dict.fromkeys(map(plain, listed.names.id), EXACT)
    if column == "name":
        nouns = section.called if section else []
        found |= dict.fromkeys(map(plain, listed.names.name), EXACT)
        found |= {plain(f"{noun} {word}"): EXACT for noun in nouns for word in listed.names.name}
    own = section.columns.get(column, []) if section else []
    own = [*own, *listed.everywhere.get(column, []), column]
    return found | dict.fromkeys(map(plain, own), EXACT)


def _target(table: Table, column: Column) -> str:
    """The table whose rows a column names."""
    return table.name if column.name == "id" else (column.refers_to or "")


def _nouns(called: Sequence[str]) -> dict[str, int]:
    """A noun with a word for its id, alone, and with a word for its name."""
    listed = known().names
    found = {plain(f"{noun} {word}"): NAMED for noun in called for word in listed.name}
    found |= {plain(noun): NOUN for noun in called}
    found |= {plain(f"{noun} {word}"): EXACT for noun in called for word in listed.id}
    joint = [
        f"{noun}{between}{word}" for noun in called for between in ("", "s") for word in listed.id
    ]
    return found | {plain(name): EXACT for name in joint}


@cache
def choices(table: str, column: str) -> Mapping[str, str]:
    """The words that mean a value of a closed list, in plain letters."""
    section = known().tables.get(table)
    listed = section.values.get(column, {}) if section else {}
    own = {plain(choice): choice for choice in TABLES[table].column(column).choices}
    return {plain(word): value for value, words in listed.items() for word in words} | own


@cache
def total_words() -> tuple[str, ...]:
    """The words that lines of totals are called by, in plain letters, the longest first."""
    return tuple(sorted(map(plain, known().names.total), key=len, reverse=True))


@cache
def ordinary(table: str, column: str) -> frozenset[str]:
    """The words beside those of a closed list that mean none of its values, in plain letters."""
    section = known().tables.get(table)
    return frozenset(map(plain, section.ordinary.get(column, ()))) if section else frozenset()


@cache
def labels() -> Mapping[str, int]:
    """What an answer in words is worth on a scale of 1 to 5."""
    return {plain(word): int(worth) for worth, said in known().labels.items() for word in said}


def asked(header: str) -> QuestionSection | None:
    """What a header asks for, where it is a question of a survey that is known."""
    text = plain(header)
    return next(
        (one for one in known().questions if any(plain(word) in text for word in one.words)), None
    )


def export_of(headers: Sequence[str]) -> ExportSection | None:
    """The known system that wrote a file with these headers."""
    found = [one for one in known().exports if one.wrote(headers)]
    return max(found, key=lambda one: len(one.marks), default=None)
