"""What a draft leaves open, each with the answers that can be given and what they make of the
values: how values read, what words mean, and what nothing in the file says.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kampass.errors import KampassError
from kampass.intake.mapping.draft.fits import Fit, fits
from kampass.intake.mapping.draft.form import readings
from kampass.intake.mapping.draft.known import QuestionSection, known
from kampass.intake.mapping.draft.match import Sampled
from kampass.intake.mapping.mapping import parse
from kampass.intake.mapping.questions import OpenQuestion
from kampass.intake.mapping.source import MappedSource
from kampass.model import TABLES, Column

_FEW = 12
ZONE, CURRENCY = "an IANA time zone", "the code of a currency"
"""What else can be written as an answer."""


@dataclass(frozen=True)
class DraftAnswer:
    """One way to answer: in words, what it makes of the examples, and what the mapping then says:
    of the column, of others (`also`), or `file` keys of the whole table. Without any of them the
    column is left out; `drops` leaves out the table.
    """

    text: str
    becomes: tuple[str, ...] = ()
    said: Any = None
    also: Mapping[str, Any] = field(default_factory=dict)
    file: Mapping[str, Any] = field(default_factory=dict)
    drops: bool = False


@dataclass(frozen=True)
class DraftQuestion:
    """Something that a file leaves open about a column of a table; `needed`: without an answer
    nothing of the table can be loaded. `free` names what else can be written as an answer.
    """

    table: str
    column: str
    header: str
    what: str
    examples: tuple[str, ...]
    answers: tuple[DraftAnswer, ...]
    needed: bool = True
    free: str = ""
    about: str = ""
    """What else of the column is asked, where more than how it reads is."""

    @property
    def key(self) -> str:
        """What the question is called where answers are written down."""
        keys = {key for answer in self.answers for key in answer.file}
        of = keys.pop() if keys else self.column
        return ".".join(filter(None, (self.table, of, self.about)))


LEAVE = DraftAnswer("leave it out")
DROP = DraftAnswer("leave all of them out", ("nothing of the table is loaded",), drops=True)


def questions_of(
    mapping: Mapping[str, Any], table: str, file: Path, sampled: Sampled
) -> Iterator[DraftQuestion]:
    """Everything that is open about a drafted table."""
    columns = mapping["columns"]
    if mapping.get("encoding") == "windows-1252":
        yield from _encoding(table, file)
    if columns:
        yield from _readings(mapping, table, file, sampled)
    for column in TABLES[table].columns:
        said = columns.get(column.name)
        if said is None and column.required:
            yield _missing(table, column, sampled)
        elif isinstance(said, dict) and column.choices and "column" in said:
            yield from _words(table, column, said, sampled)
        elif said is not None and column.name == "valid_to":
            yield from _ends(table, said, sampled)
        elif isinstance(said, dict) and "per" in said and "times" not in said:
            yield from _times(table, column, said, columns.get("quantity"), sampled)


def _encoding(table: str, file: Path) -> Iterator[DraftQuestion]:
    """Which encoding the file has, where the usual ones read it differently."""
    found = readings(file)
    if len(found) > 1:
        answers = tuple(DraftAnswer(name, (text,), file={"encoding": name}) for name, text in found)
        what = "which encoding does the file have?"
        yield DraftQuestion(table, "", file.name, what, (), answers, needed=False)


def _readings(
    mapping: Mapping[str, Any], table: str, file: Path, sampled: Sampled
) -> Iterator[DraftQuestion]:
    """What the values of the columns leave open, as a preview asks it; a time zone is asked once
    for the table.
    """
    try:
        parsed = parse("[sources.draft]", table, dict(mapping)).in_zone(sampled.timezone)
        found = MappedSource("draft", file.parent, (parsed,)).view(table).questions
    except KampassError:
        return
    zones = [question for question in found if _asks_zone(question)]
    yield from (_zone(question, sampled) for question in zones[:1])
    for question in found:
        if question not in zones:
            yield _reading(question, mapping["columns"][question.column])


def _asks_zone(question: OpenQuestion) -> bool:
    return all("timezone = " in reading.setting for reading in question.readings)


def _zone(question: OpenQuestion, sampled: Sampled) -> DraftQuestion:
    """In which time zone the clocks of a table stood."""
    zones = dict.fromkeys(
        filter(None, [sampled.timezone, "UTC", "Europe/Berlin", "America/New_York"])
    )
    value = question.examples[0][1]
    answers = tuple(
        DraftAnswer(zone, (f"{value} in {zone}",), file={"timezone": zone}) for zone in zones
    )
    examples = tuple(value for _, value in question.examples)
    what = "in which time zone are these?"
    return DraftQuestion(
        question.table, question.column, question.header, what, examples, answers, free=ZONE
    )


def _reading(question: OpenQuestion, now: str | Mapping[str, Any]) -> DraftQuestion:
    """Which of several ways to read a column is meant."""
    kept = {} if isinstance(now, str) else dict(now)
    answers = []
    for reading in question.readings:
        said = kept | tomllib.loads(reading.setting)[question.column]
        unread = (f"{reading.unread:,} values do not read so",) if reading.unread else ()
        answers.append(DraftAnswer(_told(said), (*reading.values, *unread), said))
    if not TABLES[question.table].column(question.column).required:
        answers.append(LEAVE)
    examples = tuple(value for _, value in question.examples)
    return DraftQuestion(
        question.table, question.column, question.header, question.what, examples, tuple(answers)
    )


def _told(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in said.items() if key != "column")


def _words(
    table: str, column: Column, said: Mapping[str, Any], sampled: Sampled
) -> Iterator[DraftQuestion]:
    """What words of a closed list mean of which nothing says it."""
    held = sampled.columns.get(str(said["column"]))
    verdict = fits(table, column.name, held) if held else None
    unknown = verdict.unknown if isinstance(verdict, Fit) else ()
    if not unknown:
        return
    pairs = dict(said.get("values", {}))
    answers = [
        DraftAnswer(
            choice,
            tuple(f"{value} is {choice}" for value in unknown[:3]),
            {**said, "values": pairs | dict.fromkeys(unknown, choice)},
        )
        for choice in column.choices
    ]
    answers.append(DraftAnswer("leave them", ("their rows are set aside",), dict(said)))
    shown = ", ".join(repr(value) for value in unknown[:_FEW])
    what = f"what do {shown} mean?" if len(unknown) > 1 else f"what does {shown} mean?"
    yield DraftQuestion(
        table, column.name, str(said["column"]), what, unknown[:_FEW], tuple(answers), False
    )


def _ends(table: str, said: str | Mapping[str, Any], sampled: Sampled) -> Iterator[DraftQuestion]:
    """Whether a day on which a span ends still belongs to it; a known system's file says so."""
    stated = sampled.export is not None and "valid_to" in sampled.export.columns
    keys = {"column": said} if isinstance(said, str) else dict(said)
    held = sampled.columns.get(str(keys.get("column")))
    if stated or held is None or not held.values or "inclusive" in keys:
        return
    last = DraftAnswer("the last day that counts", (), {**keys, "inclusive": True})
    first = DraftAnswer("the first day that does not", (), said)
    what = "is that the last day that counts, or the first day that does not?"
    examples = held.unlike[:3]
    yield DraftQuestion(
        table, "valid_to", held.header, what, examples, (last, first, LEAVE), about="end"
    )


def _times(
    table: str, column: Column, said: Mapping[str, Any], quantity: Any, sampled: Sampled
) -> Iterator[DraftQuestion]:
    """Whether an amount is the price of one, where there are several."""
    held = sampled.columns.get(quantity) if isinstance(quantity, str) else None
    if held is None or set(held.values) <= {"1"}:
        return
    header = str(said["column"])
    one = DraftAnswer("of one", (f"{header} x {quantity}",), {**said, "times": quantity})
    every = DraftAnswer("of all of them", (header,), dict(said))
    examples = sampled.columns[header].values[:3]
    what = f"is it the price of one, or of all of them? {quantity!r} is not always 1."
    yield DraftQuestion(table, column.name, header, what, examples, (one, every), about="price")


def _missing(table: str, column: Column, sampled: Sampled) -> DraftQuestion:
    """What fills a column that is needed: a value for every row, or one of the columns that fit."""
    free = ""
    if column.choices:
        answers = [DraftAnswer(one, (), {"constant": one}) for one in column.choices]
        what = f"what are these {table}? Nothing in the file says their {column.name}."
    elif column.name == "currency":
        codes = dict.fromkeys(filter(None, [sampled.currency, *known().currencies.codes[:4]]))
        answers = [DraftAnswer(code, (), {"constant": code}) for code in codes]
        what, free = "in which currency are the amounts?", CURRENCY
    else:
        answers = list(_columns(table, column, sampled))
        what = f"which column is {column.name}?"
    return DraftQuestion(table, column.name, column.name, what, (), (*answers, DROP), free=free)


def _columns(table: str, column: Column, sampled: Sampled) -> Iterator[DraftAnswer]:
    """The columns of the file whose values would fit; an amount for each interval it may be for."""
    for header, held in sampled.columns.items():
        verdict = fits(table, column.name, held)
        if isinstance(verdict, str) or not held.values:
            continue
        said = {"column": header, **verdict.keys}
        if column.name == "mrr":
            for every in ("month", "quarter", "year"):
                text = f"{header}, for a {every}"
                yield DraftAnswer(text, held.unlike[:3], {**said, "per": every})
        else:
            yield DraftAnswer(header, held.unlike[:3], said if verdict.keys else header)
    if column.name == "id":
        yield DraftAnswer("the line it stands on", ("rows keep their place",), "_line")


_SCALES = (
    ("nps", 0, 10),
    ("csat", 1, 5),
    ("csat", 1, 7),
    ("csat", 1, 10),
    ("enps", 0, 10),
    ("esat", 1, 5),
    ("custom", 0, 100),
)
_NARROW = 5


def scale_of(header: str, sampled: Sampled) -> QuestionSection | None:
    """What the question above a column asks for, where the answers lie on its scale and could not
    lie on a narrower one.
    """
    question = sampled.question(header)
    if question is None:
        return None
    least, most = question.scale
    found = _scores(header, sampled)
    narrower = most > _NARROW >= max(found, default=most)
    return question if all(least <= one <= most for one in found) and not narrower else None


def _scores(header: str, sampled: Sampled) -> list[float]:
    """The numbers that the answers begin with; none where they are words."""
    held = sampled.columns.get(header)
    found = [re.match(r"-?\d+(\.\d+)?", value) for value in held.values] if held else []
    return [float(match[0]) for match in found if match]


def survey_kind(header: str, sampled: Sampled) -> DraftQuestion:
    """What the answers of a survey measure, where its question does not tell."""
    found = _scores(header, sampled)
    answers = [
        DraftAnswer(
            f"{kind}, {least} to {most}",
            (),
            {"constant": kind},
            {"scale_min": {"constant": least}, "scale_max": {"constant": most}},
        )
        for kind, least, most in _SCALES
        if all(least <= one <= most for one in found)
    ]
    what = "what do the answers measure, on which scale?"
    examples = sampled.columns[header].unlike[:3] if header in sampled.columns else ()
    return DraftQuestion("surveys", "kind", header, what, examples, (*answers, DROP))
