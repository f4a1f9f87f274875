"""What a draft leaves open, each with the answers that can be given and what they make of the values:
how values read, what words mean, and what nothing in the file says.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kampass.errors import KampassError
from kampass.intake.mapping.draft.fits import Fit, fits
from kampass.intake.mapping.draft.form import readings
from kampass.intake.mapping.draft.known import known
from kampass.intake.mapping.draft.match import Sampled
from kampass.intake.mapping.mapping import parse
from kampass.intake.mapping.source import MappedSource
from kampass.model import TABLES, Column

_FEW = 12


@dataclass(frozen=True)
class DraftAnswer:
    """One way to answer: in words, what it makes of the examples, and what the mapping then says:
    of the column, or `file` keys of the whole table.
    """

    text: str
    becomes: tuple[str, ...] = ()
    said: Any = None
    file: Mapping[str, Any] = field(default_factory=dict)


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

    @property
    def key(self) -> str:
        """What the question is called where answers are written down."""
        return f"{self.table}.{self.column}"

    def to_dict(self) -> dict[str, Any]:
        """The question, ready for JSON."""
        return asdict(self)


def questions_of(
    mapping: Mapping[str, Any], table: str, file: Path, sampled: Sampled, currency: str = ""
) -> Iterator[DraftQuestion]:
    """Everything that is open about a drafted table."""
    columns = mapping["columns"]
    if mapping.get("encoding") == "windows-1252":
        yield from _encoding(table, file)
    yield from _readings(mapping, table, file)
    for column in TABLES[table].columns:
        said = columns.get(column.name)
        if said is None and column.required:
            yield _missing(table, column, sampled, currency)
        elif isinstance(said, dict) and column.choices and "column" in said:
            yield from _words(table, column, said, sampled)


def _encoding(table: str, file: Path) -> Iterator[DraftQuestion]:
    """Which encoding the file has, where the usual ones read it differently."""
    found = readings(file)
    if len(found) > 1:
        answers = tuple(DraftAnswer(name, (text,), file={"encoding": name}) for name, text in found)
        what = "which encoding does the file have?"
        yield DraftQuestion(table, "", file.name, what, (), answers, needed=False)


def _readings(mapping: Mapping[str, Any], table: str, file: Path) -> Iterator[DraftQuestion]:
    """What the values of the columns leave open, as a preview asks it; a time zone is asked once
    for the table.
    """
    if not mapping["columns"]:
        return
    try:
        parsed = parse("[sources.draft]", table, dict(mapping))
        found = MappedSource("draft", file.parent, (parsed,)).view(table).questions
    except KampassError:
        return
    zones = [question for question in found if _asks_zone(question.readings)]
    for question in found:
        if question in zones[1:]:
            continue
        answers = []
        for reading in question.readings:
            said = tomllib.loads(reading.setting)[question.column]
            file_keys = {"timezone": said["timezone"]} if question in zones else {}
            text = file_keys.get("timezone") or _told(said)
            told = tuple(reading.values) + (
                (f"{reading.unread:,} values do not read so",) if reading.unread else ()
            )
            answers.append(DraftAnswer(text, told, None if file_keys else said, file_keys))
        examples = tuple(value for _, value in question.examples)
        free = "an IANA time zone" if question in zones else ""
        yield DraftQuestion(
            table,
            question.column,
            question.header,
            question.what,
            examples,
            tuple(answers),
            True,
            free,
        )


def _asks_zone(found: Any) -> bool:
    return all("timezone = " in reading.setting for reading in found)


def _told(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value!r}" for key, value in said.items() if key != "column")


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
    answers.append(DraftAnswer("leave them out", ("their rows are set aside",), dict(said)))
    shown = ", ".join(repr(value) for value in unknown[:_FEW])
    what = f"what do {shown} mean?" if len(unknown) > 1 else f"what does {shown} mean?"
    yield DraftQuestion(
        table, column.name, str(said["column"]), what, unknown[:_FEW], tuple(answers), False
    )


def _missing(table: str, column: Column, sampled: Sampled, currency: str) -> DraftQuestion:
    """What fills a column that is needed: a value for every row, or one of the columns that fit."""
    answers: list[DraftAnswer] = []
    free = ""
    if column.choices:
        answers += [DraftAnswer(one, (), {"constant": one}) for one in column.choices]
        what = f"what are these {table}? Nothing in the file says their {column.name}"
    elif column.name == "currency":
        codes = dict.fromkeys(filter(None, [currency, *known().currencies.codes[:4]]))
        answers += [DraftAnswer(code, (), {"constant": code}) for code in codes]
        what, free = "in which currency are the amounts?", "a code such as SEK"
    else:
        what = f"which column is {column.name}?"
    if not column.choices and column.name != "currency":
        answers += _columns(table, column, sampled)
    return DraftQuestion(table, column.name, column.name, what, (), tuple(answers), True, free)


def _columns(table: str, column: Column, sampled: Sampled) -> Iterator[DraftAnswer]:
    """The columns of the file whose values would fit."""
    for header, held in sampled.columns.items():
        verdict = fits(table, column.name, held)
        if isinstance(verdict, Fit) and held.values:
            said = {"column": header, **verdict.keys} if verdict.keys else header
            yield DraftAnswer(header, held.unlike[:3], said)
    if column.name == "id":
        yield DraftAnswer("the line it stands on", ("rows keep their place",), "_line")
