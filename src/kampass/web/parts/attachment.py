"""A view as a file: handed over under a plain name, and written into the audit log with the
question it answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from kampass.render.files import About, Download, write_table
from kampass.server.rules import Call


@dataclass(frozen=True)
class TableFile:
    """A table to take along, under a name: what it answers, and where the page of it is."""

    name: str
    question: str
    path: str
    columns: Sequence[str]
    rows: Iterable[Sequence[object]]
    definitions: Mapping[str, str] = field(default_factory=dict)


def table_attachment(call: Call, table: TableFile, form: str) -> Response:
    """The response that saves a table in one of its formats."""
    link, sight = call.serving.url + table.path, call.sight
    about = About(table.question, sight.snapshot_id, sight.known_at, table.definitions, link)
    file = write_table(
        table.columns, table.rows, form, name=table.name, about=about, for_spreadsheets=True
    )
    return attachment(call, file, link)


def attachment(call: Call, file: Download, question: str) -> Response:
    """The response that saves a file, recorded as an export of `question`."""
    call.record("exported", question, file=file.name, bytes=len(file.content))
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"content-disposition": f'attachment; filename="{file.name}"'},
    )
