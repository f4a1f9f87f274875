"""What an upload would become: its headers, the preview, what is still open. Nothing here is
loaded, and nothing is decided for anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.errors import DataError, KampassError
from kampass.intake.mapping import MappedSource
from kampass.intake.mapping.draft import columns_for
from kampass.intake.mapping.draft.form import forms_of, readings
from kampass.intake.mapping.mapping import TableMapping, parse
from kampass.intake.preview import TablePreview, preview
from kampass.intake.readers.files import open_raw
from kampass.intake.readers.memory import in_memory
from kampass.intake.readers.raw import RawTable
from kampass.workspace.loads.uploads.choices import by_hand
from kampass.workspace.loads.uploads.loading import earlier
from kampass.workspace.loads.uploads.pending import Upload, Uploads

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace


@dataclass(frozen=True)
class UploadLook:
    """An upload as it stands. `trouble`: why there is no preview; `encodings`: how a line that is
    no UTF-8 would read under each.

    `before`: how many files the source has of this table already; a file that adds to them is
    previewed alone.
    """

    upload: Upload
    headers: tuple[str, ...] = ()
    preview: TablePreview | None = None
    trouble: KampassError | None = None
    encodings: tuple[tuple[str, str], ...] = ()
    before: int = 0

    @property
    def open(self) -> tuple[str, ...]:
        """What has to be said before the file can be loaded, in words."""
        found = self.preview
        if found is None:
            return (
                (self.trouble.message,)
                if self.trouble
                else ("Say what at least one column becomes.",)
            )
        lacking = [f"'{name}' is needed and nothing fills it." for name in found.missing]
        asked = [f"{question.header}: {question.what}" for question in found.questions]
        encoding = ["Which encoding does the file have?"] if self.encodings else []
        adds = (
            ["Does this file replace what was uploaded before, or add to it?"]
            if self.before and self.upload.adds is None
            else []
        )
        return (*encoding, *lacking, *asked, *adds)

    @property
    def ready(self) -> bool:
        """Whether nothing is open."""
        return not self.open


def look(workspace: "Workspace", upload: Upload, *, rows: int = 20) -> UploadLook:
    """Look at an upload under what is said of it so far."""
    uploads = Uploads(workspace.folder)
    folder, scratch = uploads.place(upload), workspace.folder / ".kampass" / "scratch"
    before = len(earlier(workspace.folder, upload))
    encodings = (
        readings(folder / upload.file)
        if upload.form != "excel" and "encoding" not in upload.said
        else ()
    )
    headers: tuple[str, ...] = ()
    try:
        headers = _raw(folder, upload, scratch).headers
        shown = _preview(workspace, upload, scratch, rows) if upload.said.get("columns") else None
    except KampassError as wrong:
        return UploadLook(upload, headers, None, wrong, encodings, before)
    return UploadLook(upload, headers, shown, None, encodings, before)


def begin(workspace: "Workspace", upload: Upload) -> Upload:
    """The upload with what the settings know of its table, or what its own header leaves no doubt
    about.
    """
    source = next((one for one in workspace.settings.sources if one.name == upload.source), None)
    mapping = (
        next((one for one in source.mappings if one.table == upload.table), None)
        if source
        else None
    )
    if mapping is not None:
        return replace(upload, said=_written(mapping), known=True)
    file = Uploads(workspace.folder).place(upload) / upload.file
    try:
        form = forms_of(file)[0]
    except (DataError, IndexError):
        form = {}
    said = {key: form[key] for key in form if key != "encoding" or not readings(file)}
    return matched(workspace, replace(upload, said=said, known=False))


def matched(workspace: "Workspace", upload: Upload) -> Upload:
    """The upload with each column filled by what the file calls it and how its values are written,
    where nobody has said yet what fills any.
    """
    if upload.said.get("columns"):
        return upload
    file = Uploads(workspace.folder).place(upload) / upload.file
    try:
        filled = columns_for(file, upload.table, upload.said)
    except DataError:
        return upload
    plain = {name: _in_form(what) for name, what in filled.items() if not _resized(what)}
    return replace(upload, said=upload.said | {"columns": plain})


def _resized(what: str | dict[str, Any]) -> bool:
    """Whether an amount is another one than what stands there, which no field of a form can say."""
    return isinstance(what, dict) and bool({"scale", "minus"} & set(what))


def _in_form(what: str | dict[str, Any]) -> str | dict[str, Any]:
    """What fills a column, as far as the fields of a form can say it."""
    if isinstance(what, str) or not by_hand({"columns": {"it": what}}):
        return what
    return str(what["column"])


def _raw(folder: Path, upload: Upload, scratch: Path) -> RawTable:
    """The file's rows and headers, whatever becomes of them."""
    form = {
        key: value
        for key, value in upload.said.items()
        if key not in {"columns", "file", "select", "distinct"}
    }
    bare = parse(
        f"[sources.{upload.source}]",
        "accounts",
        form | {"file": upload.file, "columns": {"id": {"constant": ""}}},
    )
    return open_raw(folder, replace(bare, table=upload.table), scratch)


def _preview(workspace: "Workspace", upload: Upload, scratch: Path, rows: int) -> TablePreview:
    mapping = parse(f"[sources.{upload.source}]", upload.table, upload.said | {"file": upload.file})
    zone = workspace.settings.timezone
    source = MappedSource(
        upload.source, Uploads(workspace.folder).place(upload), (mapping.in_zone(zone),), scratch
    )
    return preview(source, upload.table, timezone=zone, rows=rows).tables[0]


def _written(mapping: TableMapping) -> dict[str, Any]:
    """What the settings say of a table, as they say it."""
    import json

    said: dict[str, Any] = json.loads(mapping.written)
    return {key: value for key, value in said.items() if key != "file"}


def values_of(
    workspace: "Workspace", upload: Upload, headers: Sequence[str], most: int = 30
) -> dict[str, list[str]]:
    """The different values of some columns of the file, most frequent first, where there are not
    too many.
    """
    folder, scratch = (
        Uploads(workspace.folder).place(upload),
        workspace.folder / ".kampass" / "scratch",
    )
    raw = _raw(folder, upload, scratch)
    found: dict[str, list[str]] = {}
    with in_memory() as connection:
        for header in headers:
            cell = f"c{raw.headers.index(header)}"
            sql = (
                f"SELECT {cell} FROM ({raw.relation}) WHERE coalesce({cell}, '') <> '' GROUP BY "
                f"1 ORDER BY count(*) DESC, 1 LIMIT {most + 1}"
            )
            values = [str(value) for (value,) in connection.execute(sql).fetchall()]
            if len(values) <= most:
                found[header] = values
    return found
