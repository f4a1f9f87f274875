"""What a draft leaves open, each with the answers that can be given and what they make of the
values: how values read, what words mean, and what nothing in the file says.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kampass.errors import KampassError
from kampass.intake.mapping.draft.asks.counting import rows_that_count
from kampass.intake.mapping.draft.asks.money import mixed_money, refunded
from kampass.intake.mapping.draft.asks.question import (
    CURRENCY,
    DROP,
    LEAVE,
    ZONE,
    DraftAnswer,
    DraftQuestion,
    header_of,
    keys_of,
)
from kampass.intake.mapping.draft.asks.surveys import turned
from kampass.intake.mapping.draft.fits import ColumnValues, Fit, fits
from kampass.intake.mapping.draft.form import readings
from kampass.intake.mapping.draft.known import known, parts
from kampass.intake.mapping.draft.match import Sampled
from kampass.intake.mapping.mapping import parse
from kampass.intake.mapping.questions import OpenQuestion
from kampass.intake.mapping.source import MappedSource
from kampass.model import TABLES, Column

_FEW = 12


def questions_of(
    mapping: Mapping[str, Any], table: str, file: Path, sampled: Sampled
) -> Iterator[DraftQuestion]:
    """Everything that is open about a drafted table."""
    columns = mapping["columns"]
    if mapping.get("encoding") == "windows-1252":
        yield from _encoding(table, file)
    if columns:
        yield from _readings(mapping, table, file, sampled)
        yield from rows_that_count(mapping, table, sampled)
    money = list(mixed_money(mapping, table, sampled))
    yield from money
    yield from refunded(mapping, table, sampled)
    yield from turned(mapping, table, sampled)
    for column in TABLES[table].columns:
        said = columns.get(column.name)
        if said is None and column.required and not (money and column.name == "currency"):
            yield _missing(table, column, sampled, columns)
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
    if not column.required:
        none = {**said, "values": pairs | dict.fromkeys(unknown, "")}
        answers.append(DraftAnswer("none of these", ("their cells are empty",), none))
    answers.append(DraftAnswer("leave them", ("their rows are set aside",), dict(said)))
    shown = ", ".join(repr(value) for value in unknown[:_FEW])
    what = f"what do {shown} mean?" if len(unknown) > 1 else f"what does {shown} mean?"
    yield DraftQuestion(
        table, column.name, str(said["column"]), what, unknown[:_FEW], tuple(answers), False
    )


def _ends(table: str, said: str | Mapping[str, Any], sampled: Sampled) -> Iterator[DraftQuestion]:
    """Whether a day on which a span ends still belongs to it; a known system's file says so."""
    stated = sampled.export is not None and "valid_to" in sampled.export.columns
    keys = keys_of(said)
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


def _likely(
    column: Column, sampled: Sampled, columns: Mapping[str, Any]
) -> list[tuple[str, ColumnValues]]:
    """The columns of a file; for a number without those that are ids, and with decimals first."""
    every = list(sampled.columns.items())
    if column.type != "decimal":
        return every
    taken = {header_of(said) for said in columns.values()}
    found = [one for one in every if one[0] not in taken and not _called_id(one[1])]
    return sorted(
        found or every, key=lambda one: not re.search(r"\d[.,]\d", " ".join(one[1].values))
    )


def _called_id(held: ColumnValues) -> bool:
    """Whether a column of whole numbers is called an id."""
    words = parts(held.header).name.split()
    called = bool(words) and words[-1] in known().names.id
    joint = bool(words) and words[-1].endswith(("nummer", "number", "nr"))
    return (called or joint) and not any(re.search(r"\d[.,]\d", value) for value in held.values)


def _missing(
    table: str, column: Column, sampled: Sampled, columns: Mapping[str, Any]
) -> DraftQuestion:
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
        answers = list(_columns(table, column, sampled, columns))
        what = f"which column is {column.name}?"
    return DraftQuestion(table, column.name, column.name, what, (), (*answers, DROP), free=free)


def _columns(
    table: str, column: Column, sampled: Sampled, columns: Mapping[str, Any]
) -> Iterator[DraftAnswer]:
    """The columns of the file whose values would fit, the likely ones first; an amount for each
    interval it may be for.
    """
    for header, held in _likely(column, sampled, columns):
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
