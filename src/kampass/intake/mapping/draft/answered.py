"""A draft after an answer: what it says then, and what it still leaves open."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kampass.errors import DataError
from kampass.intake.mapping.draft.asks import (
    CURRENCY,
    ZONE,
    DraftAnswer,
    DraftQuestion,
    questions_of,
)
from kampass.intake.mapping.draft.asks.counting import SUMS
from kampass.intake.mapping.draft.draft import FileDraft, TableDraft, named
from kampass.intake.mapping.draft.match import Guess
from kampass.model import TABLES
from kampass.periods import is_zone


def open_questions(drafts: Sequence[FileDraft]) -> Iterator[tuple[FileDraft, DraftQuestion]]:
    """What is asked about several files, in their order."""
    for draft in drafts:
        for table in draft.tables:
            yield from ((draft, question) for question in table.questions)


def answer_of(question: DraftQuestion, said: str) -> DraftAnswer:
    """The answer that somebody wrote, by its words; DataError where it is none."""
    for answer in question.answers:
        if answer.text == said:
            return answer
    if question.free == ZONE and is_zone(said):
        return DraftAnswer(said, file={"timezone": said})
    if question.free == CURRENCY and re.fullmatch("[A-Za-z]{3}", said):
        return DraftAnswer(said.upper(), (), {"constant": said.upper()})
    listed = "; ".join(answer.text for answer in question.answers)
    other = f", or {question.free}" if question.free else ""
    raise DataError(
        f"'{said[:60]}' is no answer to {question.key}: {question.what}",
        code="no_such_answer",
        hint=f"There are: {listed}{other}.",
    )


def answered(draft: FileDraft, question: DraftQuestion, answer: DraftAnswer) -> FileDraft:
    """The draft of a file once a question about it is answered."""
    if answer.drops:
        gone = {question.table} | (
            {"responses", "surveys"} if question.table == "surveys" else set()
        )
        return replace(draft, tables=tuple(one for one in draft.tables if one.table not in gone))
    tables = [
        _after(one, draft, question, answer) if _concerns(one, draft, question, answer) else one
        for one in draft.tables
    ]
    there = {one.table for one in tables}
    for one in tables:
        if one.table == question.table and one.stated and one.sampled.columns:
            tables = [*tables, *(new for new in named(one) if new.table not in there)]
    return replace(draft, tables=tuple(tables))


def _concerns(
    table: TableDraft, draft: FileDraft, question: DraftQuestion, answer: DraftAnswer
) -> bool:
    """Whether an answer says something of a table: an encoding of every one of the file, and which
    lines are sums also of what only its rows name.
    """
    if "encoding" in answer.file or table.table == question.table:
        return True
    sheet = next((one.said.get("sheet") for one in draft.tables if one.table == question.table), "")
    return question.about == SUMS and not table.stated and table.said.get("sheet") == sheet


def _after(
    table: TableDraft, draft: FileDraft, question: DraftQuestion, answer: DraftAnswer
) -> TableDraft:
    guesses = {guess.column: guess for guess in table.guesses}
    if not answer.file:
        guesses.pop(question.column, None)
        said = {} if answer.said is None else {question.column: answer.said}
        for column, what in {**said, **answer.also}.items():
            guesses[column] = Guess(column, what, sure=True, why="it was answered")
    ordered = tuple(guesses[name] for name in TABLES[table.table].names if name in guesses)
    after = replace(table, said={**table.said, **answer.file}, guesses=ordered)
    settled = table.settled | {question.key}
    if table.sampled.columns:
        found = questions_of(after.mapping, table.table, draft.folder / table.file, table.sampled)
    else:
        found = iter(table.questions)
    asked = tuple(one for one in found if one.key not in settled)
    return replace(after, questions=asked, settled=settled)
