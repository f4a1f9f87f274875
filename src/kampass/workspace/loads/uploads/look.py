"""What an upload would become: its headers, the preview, what is still open. Nothing here is
loaded, and nothing is decided for anybody.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.errors import DataError, KampassError
from kampass.intake.mapping import MappedSource
from kampass.intake.mapping.draft import form_of, same_names
from kampass.intake.mapping.mapping import TableMapping, parse
from kampass.intake.preview import TablePreview, preview
from kampass.intake.readers.files import open_raw
from kampass.intake.readers.memory import in_memory
from kampass.intake.readers.raw import RawTable
from kampass.workspace.loads.uploads.loading import earlier
from kampass.workspace.loads.uploads.pending import Upload, Uploads

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

CANDIDATES = ("windows-1252", "iso-8859-1", "windows-1250", "mac_roman")
_BLOCK = 1 << 20
_SHOWN = 120


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
    try:
        said = form_of(Uploads(workspace.folder).place(upload) / upload.file)
    except DataError:
        said = {}
    return matched(workspace, replace(upload, said=said, known=False))


def matched(workspace: "Workspace", upload: Upload) -> Upload:
    """The upload with each column filled by the header of its name, where nobody has said yet what
    fills any.
    """
    if upload.said.get("columns"):
        return upload
    try:
        raw = _raw(
            Uploads(workspace.folder).place(upload),
            upload,
            workspace.folder / ".kampass" / "scratch",
        )
    except DataError:
        return upload
    return replace(upload, said=upload.said | {"columns": same_names(upload.table, raw)})


def readings(file: Path) -> tuple[tuple[str, str], ...]:
    """How the first line of a file that is no UTF-8 reads under the usual encodings; nothing where
    all of it is UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = b""
    with file.open("rb") as stream:
        start = stream.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
            return ()
        stream.seek(0)
        while block := stream.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as wrong:
                at = len(rest) + wrong.start - (len(wrong.object) - len(block))
                return _under(rest + block, max(at, 0))
            rest = block[-_SHOWN:]
    return ()


def _under(block: bytes, at: int) -> tuple[tuple[str, str], ...]:
    """The line around a byte under each encoding that has a letter for it; those that read alike
    are told once.
    """
    start = max(block.rfind(b"\n", 0, at) + 1, at - _SHOWN // 2)
    end = block.find(b"\n", at)
    line = block[start : min(end if end >= 0 else len(block), at + _SHOWN // 2)]
    found: dict[str, str] = {}
    for encoding in CANDIDATES:
        try:
            found.setdefault(line.decode(encoding).strip("\r\n"), encoding)
        except UnicodeDecodeError:
            continue
    return tuple((encoding, text) for text, encoding in found.items())


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
    source = MappedSource(
        upload.source, Uploads(workspace.folder).place(upload), (mapping,), scratch
    )
    return preview(source, upload.table, timezone=workspace.settings.timezone, rows=rows).tables[0]


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
