"""From an upload that somebody has seen to loaded rows: the file into the source's folder, the
mapping into `kampass.toml`, then a load.

All of it or nothing: where the load is refused, settings and files are again what they were. Where
the process ends in between, loading the upload again goes on with the file that was placed: nothing
is added twice.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kampass.errors import DataError
from kampass.store import LoadReport
from kampass.workspace.loads.uploads.pending import Upload, Uploads
from kampass.workspace.loads.uploads.written import map_table, replace_text, text_of
from kampass.workspace.settings import UPLOADS

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

GITIGNORE = "# Uploaded files are data: they stay out of version control.\n*\n"
_WAS, _SETTINGS = ".was-", "settings-before.toml"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Loaded:
    """What came of it: the source's name and table, and the reports of its loads."""

    source: str
    table: str
    reports: tuple[LoadReport, ...]


def load(workspace: "Workspace", upload: Upload, tell: Tell) -> Loaded:
    """Load an upload and publish; DataError, and nothing changed, where its values leave something
    open.
    """
    if not upload.said.get("columns"):
        raise DataError(
            "Nothing says yet what the columns become.",
            code="not_mapped",
            hint="Map the columns first.",
        )
    uploads = Uploads(workspace.folder)
    with _placed(workspace, upload, uploads):
        reports = workspace.sync(upload.source, tell=tell)
    uploads.discard(upload)
    return Loaded(upload.source, upload.table, tuple(reports))


def earlier(workspace: Path, upload: Upload) -> list[Path]:
    """The files from which the source has this table so far, oldest first."""
    return sorted((workspace / UPLOADS / upload.source).glob(f"{upload.table}-*"))


@contextmanager
def _placed(workspace: "Workspace", upload: Upload, uploads: Uploads) -> Iterator[None]:
    """The file in its source's folder and the mapping in the settings, as long as nothing is
    raised.
    """
    folder = workspace.folder / UPLOADS / upload.source
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / ".gitignore").write_text(GITIGNORE, encoding="utf-8")
    gone = _hidden_before(folder, upload) if upload.placed else []
    upload = upload if upload.placed else _named(workspace, upload, uploads)
    placed, text = folder / upload.placed, uploads.place(upload) / _SETTINGS
    gone += (
        [] if upload.adds else [old for old in earlier(workspace.folder, upload) if old != placed]
    )
    try:
        _set_aside(gone)
        part = folder / f".part-{os.getpid()}"
        shutil.copyfile(uploads.place(upload) / upload.file, part)
        part.rename(placed)
        said = upload.said | {"file": f"{upload.table}-*.{upload.suffix}"}
        map_table(
            workspace.folder, upload.source, upload.table, said, path=f"{UPLOADS}/{upload.source}"
        )
        workspace.refresh()
        yield
    except BaseException:
        placed.unlink(missing_ok=True)
        for old in gone:
            if _hidden(old).exists():
                _hidden(old).rename(old)
        replace_text(workspace.folder, text.read_text(encoding="utf-8"))
        uploads.keep(replace(upload, placed=""))
        workspace.refresh()
        raise
    for old in gone:
        _hidden(old).unlink(missing_ok=True)


def _named(workspace: "Workspace", upload: Upload, uploads: Uploads) -> Upload:
    """The upload with the name that its file gets, once the settings as they stand are kept beside
    it.
    """
    numbers = [old.stem.rpartition("-")[2] for old in earlier(workspace.folder, upload)]
    number = max((int(text) for text in numbers if text.isdigit()), default=0) + 1
    (uploads.place(upload) / _SETTINGS).write_text(text_of(workspace.folder), encoding="utf-8")
    return uploads.keep(replace(upload, placed=f"{upload.table}-{number:04}.{upload.suffix}"))


def _hidden_before(folder: Path, upload: Upload) -> list[Path]:
    """The files that were hidden when this upload's load was interrupted, by the names they had."""
    return [
        old.with_name(old.name.removeprefix(_WAS))
        for old in sorted(folder.glob(f"{_WAS}{upload.table}-*"))
    ]


def _set_aside(files: list[Path]) -> None:
    """Take files out of what the source reads; they are there until the load has been made."""
    for file in files:
        if file.exists():
            file.rename(_hidden(file))


def _hidden(file: Path) -> Path:
    return file.with_name(f"{_WAS}{file.name}")
