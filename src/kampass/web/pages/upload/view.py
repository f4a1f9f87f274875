"""What the pages of an upload say: the form for a file, and its mapping column by column with what
that makes of the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from kampass.errors import DataError, KampassError
from kampass.model import TABLES
from kampass.render import words
from kampass.server.rules import Call
from kampass.web.parts.figures import Badge
from kampass.web.parts.forms import FormField, Options
from kampass.web.parts.loads import plain
from kampass.web.rendering import PageHead, render
from kampass.workspace.loads.uploads import Upload, UploadLook, Uploads
from kampass.workspace.loads.uploads.batch import MOST, Batches
from kampass.workspace.loads.uploads.choices import (
    DELIMITERS,
    ENCODINGS,
    NUMBERS,
    Choice,
    by_hand,
    choices,
    numbers_of,
)
from kampass.workspace.loads.uploads.look import values_of
from kampass.workspace.loads.uploads.pending import LARGEST
from kampass.workspace.settings import made_of_uploads

Typed = Mapping[str, str]
_HEADERS, _UNMAPPED, _VALUE = 1000, 40, 200
_ZONES: Final = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kolkata")
_TYPES: Final = {
    "text": "text",
    "date": "a day",
    "instant": "a day with its time",
    "decimal": "a number",
    "rate": "a number",
    "integer": "a whole number",
    "bool": "yes or no",
}


@dataclass(frozen=True)
class WaitingUpload:
    """A file that was uploaded and not loaded."""

    id: str
    file: str
    about: str


@dataclass(frozen=True)
class UploadForm:
    """The form for a file; `again` where the source had files before."""

    source: str
    table: FormField
    again: bool
    only: str
    most: int
    names: Sequence[str]
    at_once: int
    waiting: Sequence[WaitingUpload]
    batches: Sequence[tuple[str, str]]
    wrong: KampassError | None


@dataclass(frozen=True)
class Header:
    """A column of the file that may fill one of Kampass's."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True)
class UploadReading:
    """An answer to the question that a column raises: what its examples would be."""

    code: str
    text: str
    hint: str | None


@dataclass(frozen=True)
class Example:
    """A value of the file, and what becomes of it where that is another."""

    before: str
    after: str | None
    same: bool


@dataclass(frozen=True)
class MappedColumn:
    """One of Kampass's columns: what fills it, how that is read, what it becomes."""

    choice: Choice
    name: str
    label: str
    needed: Badge | None
    about: str
    open: bool
    headers: Sequence[Header]
    question: str
    line: str
    quoted: str
    readings: Sequence[UploadReading]
    values: str
    words: str
    shown: bool
    examples: Sequence[Example]
    empty: str
    set_aside: str


@dataclass(frozen=True)
class AsideLine:
    """A line that would be set aside."""

    line: int | None
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class UploadOutcome:
    """What would be loaded."""

    form: str
    rows: str
    set_aside: str
    rest: str
    accounts: Sequence[str]
    asked: bool
    aside: Sequence[AsideLine]
    cut: bool
    notices: Sequence[str]


@dataclass(frozen=True)
class MappingForm:
    """A file's mapping, with what it makes of the file."""

    look: UploadLook
    upload: Upload
    table: str
    wrong: DataError | None
    by_hand: bool
    written: Sequence[FormField]
    trim: bool
    columns: Sequence[MappedColumn]
    filled: int
    attributes: Sequence[tuple[str, bool]]
    left_out: str
    outcome: UploadOutcome | None


def form_page(call: Call, source: str, table: str, wrong: KampassError | None = None) -> Response:
    """The page that asks for a file."""
    view = upload_form(call, source, table, wrong)
    question = f"What is new in {source}?" if view.again else "Which file shall be loaded?"
    page, status = PageHead(question, "Data"), wrong.status if wrong else 200
    return render(call, "pages/upload/page.html", page, view, status=status)


def upload_form(call: Call, source: str, table: str, wrong: KampassError | None) -> UploadForm:
    """The form, with what was typed and what is wrong with it."""
    mine = [one for one in call.workspace.settings.sources if made_of_uploads(one)]
    again = next((one for one in mine if one.name == source and wrong is None), None)
    names = [mapping.table for mapping in again.mappings] if again else list(TABLES)
    offered = [(name, f"{words.table(name).capitalize()}: {TABLES[name].about}") for name in names]
    waiting = Uploads(call.workspace.folder).waiting(call.viewer.person_id)
    return UploadForm(
        source,
        FormField(
            "table",
            "What its rows are",
            table or (names[0] if again else ""),
            required=True,
            options=offered if again else [("", "Choose"), *offered],
        ),
        again is not None,
        words.table(names[0]) if again and len(names) == 1 else "",
        LARGEST >> 20,
        [one.name for one in mine],
        MOST,
        [
            WaitingUpload(
                one.id,
                one.shown,
                f"{words.table(one.table) if one.table else ''} for {one.source}",
            )
            for one in waiting
        ],
        [
            (f"/data/uploads/{one.id}", ", ".join(shown for shown, _ in one.files))
            for one in Batches(call.workspace.folder).waiting(call.viewer.person_id)
        ],
        wrong,
    )


def mapping_form(
    call: Call, seen: UploadLook, wrong: DataError | None, typed: Typed
) -> MappingForm:
    """The mapping of a file under what was said of it."""
    upload, found = seen.upload, seen.preview
    chosen = choices(upload.table, upload.said, found.questions if found else ())
    columns = _columns(call, seen, chosen, typed)
    extra = upload.said.get("columns", {}).get("extra", ())
    unmapped = found.unmapped if found else ()
    keeps = upload.table == "accounts" and found is not None
    left = [] if keeps and (unmapped or extra) else unmapped
    more = " and more" if len(left) > _UNMAPPED else ""
    return MappingForm(
        seen,
        upload,
        words.table(upload.table),
        wrong,
        by_hand(upload.said),
        _written(call, seen, typed, asks_zone=any(one.asks_zone for one in chosen)),
        upload.said.get("trim", False),
        columns,
        len(found.columns) if found else 0,
        [*((name, True) for name in extra), *((n, False) for n in unmapped if n not in extra)]
        if keeps
        else [],
        f"{', '.join(left[:_UNMAPPED])}{more}" if left else "",
        _outcome(seen),
    )


def _written(call: Call, seen: UploadLook, typed: Typed, *, asks_zone: bool) -> list[FormField]:
    """How the file is written, as fields."""
    upload, said = seen.upload, seen.upload.said
    numbers, empty = numbers_of(said), said.get("null", ())
    zones = dict.fromkeys(["UTC", call.workspace.settings.timezone, *_ZONES])
    line = str(typed.get("header_row", said.get("header_row", 1)))
    shapes = [("", "1234.56, no sign for thousands"), *NUMBERS.items()]
    if numbers not in dict(shapes):
        shapes.append((numbers, numbers))
    hint = "A time zone such as Europe/Berlin; needed where times have no offset"
    made = []
    if upload.form == "csv":
        delimiters = [("", "comma, or tab for .tsv"), *DELIMITERS.items()]
        made.append(_choice("delimiter", "Columns are parted by", said, delimiters))
    if upload.form != "excel" and not seen.encodings:
        encodings = [("", "UTF-8"), *((name, name) for name in ENCODINGS[1:])]
        made.append(_choice("encoding", "Encoding", said, encodings))
    if upload.form == "excel":
        sheet = said.get("sheet", "")
        made.append(FormField("sheet", "Sheet", sheet, hint="Where the workbook has several"))
    if upload.form != "jsonl":
        limits = {"min": "1", "max": "1000"}
        label = "The header is on line"
        made.append(FormField("header_row", label, line, "number", attrs=limits))
    return [
        *made,
        FormField(
            "numbers",
            "Numbers look like",
            numbers,
            hint="One column may say otherwise below",
            options=shapes,
        ),
        FormField(
            "timezone",
            "Clock times are in",
            said.get("timezone", ""),
            hint=hint,
            error="Which time zone are the times in?" if asks_zone else None,
            listed=list(zones),
        ),
        FormField(
            "null",
            "Words that mean empty",
            empty if isinstance(empty, str) else ", ".join(empty),
            hint="With commas between them, such as NULL, -",
        ),
    ]


def _choice(name: str, label: str, said: Mapping[str, str], options: Options) -> FormField:
    return FormField(name, label, said.get(name, ""), options=options)


def _columns(
    call: Call, seen: UploadLook, chosen: Sequence[Choice], typed: Typed
) -> list[MappedColumn]:
    """Kampass's columns, each with what fills it."""
    closed = [one.header for one in chosen if one.column.choices and one.header in seen.headers]
    there = (
        values_of(call.workspace, seen.upload, closed) if closed and seen.trouble is None else {}
    )
    return [_column(seen, one, ", ".join(there.get(one.header) or ()), typed) for one in chosen]


def _column(seen: UploadLook, one: Choice, there: str, typed: Typed) -> MappedColumn:
    name, needed = one.column.name, one.column.required
    fills = "=" if one.constant is not None else f":{one.header}" if one.header else ""
    columns = seen.preview.columns if seen.preview else ()
    found = next((column for column in columns if column.column == name), None)
    line, quoted = one.question.examples[0] if one.question and one.readings else ("", "")
    listed = ", ".join(one.column.choices)
    return MappedColumn(
        one,
        name,
        name.replace("_", " "),
        Badge("needed", "neutral" if fills else "warn") if needed else None,
        f"one of {listed}" if one.column.choices else _TYPES[one.column.type],
        bool(one.question) or (needed and not fills),
        _headers(seen, one, fills),
        one.question.what.capitalize() if one.question else "",
        str(line),
        str(quoted),
        [_reading(*each) for each in one.readings],
        typed.get(f"values.{name}", one.values),
        there,
        found is not None,
        [_example(one, *each) for each in found.examples] if found else [],
        words.cells(found.empty, found.nulls) if found else "",
        words.cells(found.set_aside, found.unread) if found else "",
    )


def _headers(seen: UploadLook, one: Choice, fills: str) -> list[Header]:
    """What may fill a column; the one that is named stays, even where this file lacks it."""
    offered = seen.headers[:_HEADERS]
    made = [Header(f":{name}", name, fills == f":{name}") for name in offered]
    if one.header and one.header not in offered:
        made.append(Header(f":{one.header}", f"{one.header} (not in this file)", chosen=True))
    return [*made, Header("=", "the same in every row", fills == "=")]


def _reading(code: str, text: str, unread: int) -> UploadReading:
    said = "value does not read so" if unread == 1 else "values do not read so"
    return UploadReading(code, text, f"{unread:,} {said}" if unread else None)


def _example(one: Choice, before: str, after: str | None) -> Example:
    shown = after
    if after is not None and one.column.type == "instant":
        shown = after.replace(":00.000000Z", " UTC").replace(".000000Z", " UTC")
        shown = shown.replace("T", " ", 1)
    return Example(before, shown, after == before)


def _outcome(seen: UploadLook) -> UploadOutcome | None:
    found = seen.preview
    if found is None:
        return None
    return UploadOutcome(
        found.form,
        f"{found.rows:,}",
        f"{found.set_aside:,}",
        "." if found.set_aside in {0, found.rows} else "; the others are ready.",
        [
            *(words.accounted(file) for file in found.files if file.left_out),
            *([words.conflicting(found.conflicting)] if found.conflicting else []),
            *(["No row would be kept, so the load would wait."] if not found.kept else []),
        ],
        bool(found.questions),
        [
            AsideLine(row.line, row.column, (row.value or "")[:_VALUE], plain(row.reason))
            for row in found.aside
        ],
        found.set_aside > len(found.aside),
        found.notices,
    )
