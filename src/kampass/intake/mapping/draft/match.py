"""Which column of a file fills which canonical one: as the system that wrote it is known to call
them, as people call them, or nearly so; and only where the values fit.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from kampass.intake.mapping.draft.fits import ColumnValues, Fit, Verdict, fits, free_text
from kampass.intake.mapping.draft.known import (
    EXACT,
    NOUN,
    ExportSection,
    QuestionSection,
    Source,
    asked,
    known,
    names,
    parts,
    plain,
)
from kampass.intake.mapping.intervals import INTERVALS
from kampass.model import TABLES

_NEARLY, _SHORTEST = 91, 5
_KNOWN = 110
_SHARED = 20
_FREE = {"comment", "text"}
_INTERVALS = {word for words in INTERVALS.values() for word in words}


@dataclass(frozen=True)
class Guess:
    """What fills a canonical column: as a mapping says it, whether that is sure, and why.

    `unknown`: values of which nothing says what they mean.
    """

    column: str
    said: str | dict[str, Any]
    sure: bool
    why: str
    unknown: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that it is made of."""
        if isinstance(self.said, str):
            return (self.said,)
        found = self.said.get("columns") or self.said.get("column") or ()
        return (found,) if isinstance(found, str) else tuple(found)


@dataclass(frozen=True)
class Sampled:
    """What is known of a file's columns: their values, the texts of a second line of headers, the
    system that wrote them, the accounts that other files name; and the workspace's own currency and
    time zone, where there is one.
    """

    columns: Mapping[str, ColumnValues]
    texts: Mapping[str, str] = field(default_factory=dict)
    export: ExportSection | None = None
    accounts: frozenset[str] = frozenset()
    currency: str = ""
    timezone: str = ""
    totals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The words with which lines of totals begin that are filled like any row, by column."""

    def question(self, header: str) -> QuestionSection | None:
        """What a survey asks in a column."""
        return asked(self.texts.get(header, "")) or asked(header)


@dataclass(frozen=True)
class Matched:
    """The guesses for a table by column, and why others that have the name do not fit."""

    guesses: Mapping[str, Guess]
    refused: Mapping[str, str]


@dataclass(frozen=True)
class _Offer:
    """A column of a file for a canonical one; the better its name fits, the more points."""

    column: str
    header: str
    points: int
    why: str
    keys: Mapping[str, Any] = field(default_factory=dict)


def matched(table: str, sampled: Sampled) -> Matched:
    """What fills each column of a table; no column of the file is used twice."""
    guesses: dict[str, Guess] = {}
    refused: dict[str, str] = {}
    taken: set[str] = set()
    found = sorted(_offers(table, sampled), key=lambda offer: -_rank(table, offer, sampled))
    for offer in found:
        if offer.column in guesses or offer.header in taken:
            continue
        rival = _rival(table, offer, found, sampled)
        if rival:
            refused.setdefault(offer.header, f"as {offer.column}: {rival!r} could be it as well")
            continue
        verdict = _verdict(table, offer, sampled)
        if isinstance(verdict, str):
            refused.setdefault(offer.header, f"as {offer.column}: {verdict}")
            continue
        guesses[offer.column] = _guess(offer, verdict)
        taken.add(offer.header)
    return Matched(guesses, {name: why for name, why in refused.items() if name not in taken})


def _guess(offer: _Offer, fit: Fit) -> Guess:
    keys = {**offer.keys, **fit.keys}
    said = {"column": offer.header, **keys} if keys else offer.header
    sure = offer.points > _NEARLY and fit.why != "empty so far"
    return Guess(offer.column, said, sure, f"{offer.why}; {fit.why}", fit.unknown)


def _rival(table: str, offer: _Offer, found: Sequence[_Offer], sampled: Sampled) -> str:
    """Another column of numbers that has as good a name, fits as well and says something else."""
    if TABLES[table].column(offer.column).type != "decimal" or offer.keys:
        return ""
    mine = sampled.columns[offer.header].values
    for other in found:
        same = (other.column, other.points) == (offer.column, offer.points)
        if same and other.header != offer.header and not other.keys:
            theirs = sampled.columns[other.header].values
            if theirs != mine and isinstance(_verdict(table, other, sampled), Fit):
                return other.header
    return ""


def _rank(table: str, offer: _Offer, sampled: Sampled) -> float:
    """The points of an offer: what holds values goes before what is empty, of two names of an
    account that which other files know, and of two names what is listed first.
    """
    held = sampled.columns.get(offer.header)
    if held is not None and not held.values:
        return offer.points - _KNOWN
    if offer.column != "account_id" or not sampled.accounts or held is None:
        listed = list(_listed(table, offer.column).values())
        name = parts(offer.header).name
        return offer.points - 0.001 * (listed.index(name) if name in listed else len(listed))
    values = set(held.values)
    return offer.points + _SHARED * len(values & sampled.accounts) / max(len(values), 1)


def _verdict(table: str, offer: _Offer, sampled: Sampled) -> Verdict:
    if offer.header not in sampled.columns:
        return Fit(why="the line it stands on")
    held = sampled.columns[offer.header]
    if offer.column in _FREE:
        return free_text(held)
    if "unit" in offer.keys:
        return _length(fits("touches", "minutes", held), held)
    if isinstance(offer.keys.get("per"), dict) and not _intervals(offer, sampled):
        return "what stands beside it is no interval"
    if offer.column == "id" and offer.points <= NOUN and any(" " in v for v in held.values):
        return "the values are words"
    verdict = fits(table, offer.column, held)
    once = sampled.export is not None and sampled.export.said.get("distinct")
    if isinstance(verdict, str) and offer.column == "id" and once and held.full:
        return Fit(why="lines that share it are one")
    return verdict


def _length(number: Verdict, held: ColumnValues) -> Verdict:
    """A length of time: whole units, with commas between thousands where there are any."""
    if isinstance(number, str):
        return number
    commas = [value for value in held.values if "," in value]
    parted = bool(commas) and all(re.fullmatch(r"\d{1,3}(,\d{3})+", value) for value in commas)
    keys = {"decimal": ".", "thousands": ","} if parted else number.keys
    return replace(number, keys=keys, why="the values are lengths of time")


def _intervals(offer: _Offer, sampled: Sampled) -> bool:
    """Whether the column that an amount is said to be for holds words that a mapping reads."""
    held = sampled.columns.get(offer.keys["per"].get("column", ""))
    return held is not None and bool(held.values) and {v.lower() for v in held.unlike} <= _INTERVALS


def _offers(table: str, sampled: Sampled) -> Iterator[_Offer]:
    export = sampled.export
    stated = {} if export is None or export.table != table else dict(export.columns)
    for column, source in stated.items():
        yield from _stated(column, source, sampled)
    for header in sampled.columns:
        for column in TABLES[table].names:
            points = _points(table, column, header) if column not in stated else 0
            if column in _FREE and header in sampled.texts:
                points = max(points, _points(table, column, sampled.texts[header]))
            if points:
                yield _Offer(column, header, points, _why(points))
    if table == "responses":
        yield from _scores(sampled)
    yield from _durations(table, sampled, stated)
    yield from _amounts(table, sampled, stated)


def _stated(column: str, source: Source, sampled: Sampled) -> Iterator[_Offer]:
    """What a known system's file fills a column with."""
    assert sampled.export is not None
    said = source if isinstance(source, dict) else {"column": source}
    keys = _resolved({key: said[key] for key in said if key != "column"}, sampled)
    headers = said["column"]
    for place, name in enumerate([headers] if isinstance(headers, str) else headers):
        there = [name] if name == "_line" else _same(name, sampled.columns)
        for header in there:
            yield _Offer(column, header, _KNOWN - place, sampled.export.name, keys)


def _resolved(keys: dict[str, Any], sampled: Sampled) -> dict[str, Any]:
    """The keys with the headers of this file; without a condition on columns that it does not have,
    and without a count of intervals that it does not say.
    """
    if not all(name in sampled.columns for name in named_in(str(keys.get("where", "")))):
        keys = {key: keys[key] for key in keys if key != "where"}
    if "minus" in keys:
        there = _same(keys.pop("minus"), sampled.columns)
        keys |= {"minus": there[0]} if there else {}
    if isinstance(keys.get("per"), dict):
        per = {key: _same(name, sampled.columns) for key, name in keys["per"].items()}
        keys = {**keys, "per": {key: there[0] for key, there in per.items() if there}}
    return keys


def _same(name: str, headers: Mapping[str, ColumnValues]) -> list[str]:
    """The header of that name, a time zone or a letter beside it left aside."""
    wanted = parts(name)
    return (
        [name]
        if name in headers
        else [header for header in headers if parts(header).name == wanted.name][:1]
    )


def _scores(sampled: Sampled) -> Iterator[_Offer]:
    """The questions of a survey that are known, those that are asked for first."""
    for header in sampled.columns:
        question = sampled.question(header)
        if question is not None:
            points = EXACT + {"nps": 4, "enps": 3}.get(question.kind, 2)
            yield _Offer("score", header, points, f"it asks for {question.kind}")


def _durations(table: str, sampled: Sampled, stated: Container[str]) -> Iterator[_Offer]:
    """Lengths of time since a row began: the instant that long after it."""
    section = known().tables.get(table)
    for column, listed in (section.durations if section else {}).items():
        for header in sampled.columns:
            said = parts(header)
            if column not in stated and said.unit and said.name in map(plain, listed):
                keys = {"unit": said.unit, "after": "created_at"}
                yield _Offer(column, header, NOUN, "the name says how long it took", keys)


def _amounts(table: str, sampled: Sampled, stated: Container[str]) -> Iterator[_Offer]:
    """Amounts for an interval that the file says, or the name."""
    section, intervals = known().tables.get(table), known().intervals
    every = _called(intervals.every, sampled)
    for column, listed in (section.amounts if section else {}).items():
        for header in sampled.columns if column not in stated else ():
            name = parts(header).name
            if name in map(plain, intervals.year):
                why = "the name says that it is for a year"
                yield _Offer(column, header, NOUN, why, {"per": "year"})
            elif every and name in map(plain, listed):
                count = _called(intervals.count, sampled)
                per = {"column": every} | ({"count": count} if count else {})
                yield _Offer(column, header, NOUN, f"{every!r} says for how long", {"per": per})


def _called(listed: Sequence[str], sampled: Sampled) -> str:
    """The column of a file that has one of the names."""
    wanted = {plain(name) for name in listed}
    return next((header for header in sampled.columns if parts(header).name in wanted), "")


def _why(points: int) -> str:
    return "the name says it" if points > _NEARLY else "the name is nearly one that says it"


@cache
def _points(table: str, column: str, header: str) -> int:
    """How well a header says a column's name, of a hundred; 0 where it says another."""
    name = parts(header).name
    own = names(table, column)
    if points := max((own.get(form, 0) for form in _forms(name)), default=0):
        return points
    rest = _without_noun(table, name)
    if rest in own and column != "name":
        return min(own[rest], NOUN)
    return _near(table, column, name)


def _forms(name: str) -> tuple[str, ...]:
    """A name, and the same without small words, two words in either order: "date de facture"."""
    words = [word for word in name.split() if word not in known().names.small]
    turned = [" ".join(reversed(words))] if len(words) == 2 else []  # noqa: PLR2004 - of what
    return (name, " ".join(words), *turned)


def _without_noun(table: str, name: str) -> str:
    """A name without the table's noun before it: the status of "deal status"."""
    section = known().tables.get(table)
    first, _, rest = name.partition(" ")
    return rest if section and first in {plain(noun) for noun in section.called} else ""


@cache
def _listed(table: str, column: str) -> dict[tuple[str, ...], str]:
    """The names that stand in the list itself, by their words in alphabetic order."""
    section = known().tables.get(table)
    own = [*(section.columns.get(column, []) if section else []), column]
    return {tuple(sorted(plain(name).split())): plain(name) for name in own}


def _near(table: str, column: str, name: str) -> int:
    """The points of a name that differs from a listed one by a letter or in the order of words."""
    from rapidfuzz import fuzz, process

    listed = _listed(table, column)
    if len(name) < _SHORTEST:
        return 0
    if tuple(sorted(name.split())) in listed:
        return NOUN
    close = process.extractOne(name, listed.values(), scorer=fuzz.ratio, score_cutoff=_NEARLY)
    return _NEARLY if close and len(close[0]) >= _SHORTEST else 0


def named_in(condition: str) -> set[str]:
    """The headers that a condition names."""
    return set(re.findall(r'"([^"]+)"', condition))


def headers_of(guesses: Sequence[Guess]) -> set[str]:
    """Every column of a file that guesses use, also beside the one that they are made of."""
    found = {header for guess in guesses for header in guess.headers}
    for said in (guess.said for guess in guesses if isinstance(guess.said, dict)):
        per = said.get("per")
        found |= set(per.values()) if isinstance(per, dict) else set()
        found |= {str(said["minus"])} if "minus" in said else set()
        found |= named_in(str(said.get("where", "")))
    return found


def accounts_of(table: str, sampled: Sampled) -> set[str]:
    """The columns of a file that may name accounts."""
    column = TABLES[table].account_column or ""
    wanted = {column, "name"} if table == "accounts" else {column}
    return {
        offer.header
        for offer in _offers(table, sampled)
        if offer.column in wanted and offer.header in sampled.columns
    }
