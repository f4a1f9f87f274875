"""What the page of several exports says: what each file was taken for and why, and what is open."""

from collections.abc import Sequence
from dataclasses import dataclass

from kampass.errors import DataError, KampassError
from kampass.intake.mapping.draft.asks import DraftQuestion
from kampass.intake.mapping.draft.draft import FileDraft, TableDraft
from kampass.intake.mapping.draft.text import toml
from kampass.render import words
from kampass.server.rules import Call
from kampass.workspace.loads.trial import AskedDrafts, answers_text
from kampass.workspace.loads.uploads.batch import UploadBatch, asked_of


@dataclass(frozen=True)
class FilledColumn:
    """A column that a file fills: from what, how sure that is, and why."""

    column: str
    source: str
    sure: bool
    why: str


@dataclass(frozen=True)
class BatchTable:
    """A table that a file fills, and the columns of the file that are left."""

    name: str
    columns: Sequence[FilledColumn]
    left: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class BatchFile:
    """A file: the system that wrote it, and the tables that it fills."""

    name: str
    system: str
    tables: Sequence[BatchTable]
    unknown: bool


@dataclass(frozen=True)
class BatchQuestion:
    """Something that is open: the values that are asked about, and each answer with what it makes
    of them.
    """

    name: str
    title: str
    what: str
    examples: str
    answers: Sequence[tuple[str, str | None]]
    free: str
    needed: bool


@dataclass(frozen=True)
class BatchForm:
    """Several files on their way; `given` are the answers so far, as they are written down."""

    id: str
    files: Sequence[BatchFile]
    questions: Sequence[BatchQuestion]
    ready: bool
    given: str
    wrong: KampassError | None


def field_of(source: str, question: DraftQuestion) -> str:
    """The field of a form that answers a question about a source."""
    return f"{source}.{question.key}"


def batch_form(call: Call, batch: UploadBatch, wrong: DataError | None) -> BatchForm:
    """The page of a batch; where its files cannot be read, what is in the way."""
    try:
        asked = asked_of(call.workspace, batch)
    except DataError as trouble:
        asked, wrong = AskedDrafts(()), wrong or trouble
    shown = {kept.rpartition(".")[0]: called for called, kept in batch.files}
    needed = any(question.needed for _, question in asked.open)
    filled = any(draft.tables for draft in asked.drafts)
    return BatchForm(
        batch.id,
        [_file(draft, shown.get(draft.source, draft.source)) for draft in asked.drafts],
        [_question(source, question, shown.get(source, source)) for source, question in asked.open],
        filled and not needed,
        answers_text(batch.given) if batch.given else "",
        wrong,
    )


def _file(draft: FileDraft, shown: str) -> BatchFile:
    tables = [_table(one) for one in draft.tables if one.stated]
    return BatchFile(shown, draft.system, tables, bool(draft.unknown))


def _table(draft: TableDraft) -> BatchTable:
    columns = [
        FilledColumn(
            guess.column.replace("_", " "),
            " + ".join(guess.headers) or toml(guess.said),
            guess.sure,
            guess.why,
        )
        for guess in draft.guesses
    ]
    return BatchTable(words.table(draft.table), columns, draft.left)


def _question(source: str, question: DraftQuestion, shown: str) -> BatchQuestion:
    answers = [(answer.text, "; ".join(answer.becomes) or None) for answer in question.answers]
    return BatchQuestion(
        field_of(source, question),
        f"{shown}: {question.header}",
        question.what[:1].upper() + question.what[1:],
        ", ".join(question.examples),
        answers,
        question.free,
        question.needed,
    )
