"""A draft as the text of a mapping: it loads as it stands but for what is asked, which stands there
as comments with the lines that answer.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kampass.intake.mapping.draft.asks import DraftQuestion
from kampass.intake.mapping.draft.draft import FileDraft, TableDraft, told_apart
from kampass.model import TABLES, Column

_STAMPS = {"updated_at", "deleted_at"}


def written(draft: FileDraft, beside: Path | None = None) -> str:
    """The text of a drafted source; its path is told from the folder `beside`, where the settings
    are.
    """
    path = os.path.relpath(draft.folder.resolve(), (beside or Path()).resolve())
    lines = [f"# {draft.system} is known." for _ in [0] if draft.system]
    lines += [f"[sources.{key(draft.source)}]", 'kind = "mapped"', f"path = {toml(path)}"]
    for one in draft.tables:
        lines += ["", *_table(draft.source, one)]
    for sheet in draft.hidden:
        lines += ["", f"# The sheet {toml(sheet)} is hidden in the workbook."]
    for place in draft.unknown:
        lines += ["", f"# Nothing says what the rows of {toml(place)} are: say it with --table."]
    return "\n".join(lines) + "\n"


def _table(source: str, draft: TableDraft) -> Iterator[str]:
    heading = f"sources.{key(source)}.tables.{draft.table}"
    yield f"[{heading}]"
    yield f"file = {toml(draft.file)}"
    for name, value in draft.said.items():
        yield f"{name} = {toml(value)}"
    yield from _file_questions(draft)
    for guess in draft.guesses:
        yield f"#   {guess.column}: {'sure' if guess.sure else 'likely'}, {_line(guess.why)}"
    yield f"[{heading}.columns]"
    columns = draft.mapping_of(source)["columns"]
    for column in TABLES[draft.table].columns:
        asked = [one for one in draft.questions if one.column == column.name and not _of_file(one)]
        yield from _column(column, columns, [_of_source(one, source, draft.file) for one in asked])
    if draft.left:
        yield ""
        yield "# Headers that nothing is filled with yet:"
        yield from (f"#   {toml(header)}{_because(why)}" for header, why in draft.left)


def _file_questions(draft: TableDraft) -> Iterator[str]:
    for question in draft.questions:
        if _of_file(question):
            yield f"# {_line(question.header)}: {question.what} One of these lines says it:"
            for answer in question.answers:
                for name, value in answer.file.items():
                    yield f"# {name} = {toml(value)}{_shown(answer.becomes)}"


def _of_file(question: DraftQuestion) -> bool:
    """Whether a question is about the whole table."""
    return any(answer.file for answer in question.answers)


def _of_source(question: DraftQuestion, source: str, file: str) -> DraftQuestion:
    """The question with its answers as this source says them."""
    answers = (replace(one, said=told_apart(one.said, source, file)) for one in question.answers)
    return replace(question, answers=tuple(answers))


def _column(
    column: Column, columns: Mapping[str, Any], questions: Sequence[DraftQuestion]
) -> Iterator[str]:
    said = columns.get(column.name)
    if said is None:
        if column.required or column.name not in _STAMPS:
            yield _empty(column)
    elif not any(question.needed for question in questions):
        yield f"{column.name} = {toml(said)}"
    for question in questions:
        if said is not None and question.needed and not question.about:
            yield f"# Which of these is {column.name}? Take the # away from one:"
        else:
            yield f"# {_line(question.header)}: {_line(question.what)}"
        for answer in question.answers:
            if answer.said is not None:
                yield f"# {column.name} = {toml(answer.said)}{_shown(answer.becomes, question)}"
                yield from (f"# {name} = {toml(said)}" for name, said in answer.also.items())


def _empty(column: Column) -> str:
    needed = ", required" if column.required else ""
    listed = f", one of {', '.join(column.choices)}" if column.choices else ""
    return f'# {column.name} = ""   # {column.type}{needed}{listed}'


def _shown(becomes: tuple[str, ...], question: DraftQuestion | None = None) -> str:
    if not becomes:
        return ""
    example = question.examples[0] if question and question.examples and question.needed else ""
    return f"   # {_line(f'{example} is {becomes[0]}' if example else becomes[0])}"


def _because(why: str) -> str:
    return f"   {_line(why)}" if why else ""


def _line(text: str) -> str:
    """A text that stays on its line of comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def toml(value: object) -> str:
    """A value as TOML writes it in one line; what cannot be printed is escaped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        pairs = (f"{key(str(name))} = {toml(one)}" for name, one in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"'
        + "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in escaped)
        + '"'
    )


def key(name: str) -> str:
    """A name as a key of TOML, or as a part of a heading."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)
