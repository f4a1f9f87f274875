"""Several exports that somebody uploads at once: drafted together, asked about, and loaded when
nothing is open. Their names become names of sources, in small letters, digits and hyphens.
"""

import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from kampass.access import NotFound
from kampass.errors import DataError
from kampass.intake.mapping.draft import FileDraft
from kampass.intake.mapping.draft.draft import slug
from kampass.store import LoadReport
from kampass.workspace.loads.trial import ANSWERS, AskedDrafts, begun, parse_answers, usable
from kampass.workspace.loads.uploads.loading import GITIGNORE, Tell
from kampass.workspace.loads.uploads.pending import copy, shown_name, suffix_of
from kampass.workspace.loads.uploads.written import map_table, replace_text, text_of
from kampass.workspace.settings import UPLOADS, made_of_uploads

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

MOST = 12
"""Files at once."""
_ABOUT = "about.json"
_KEPT = timedelta(days=2)
_EACH = 5
_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST = 64 << 10


@dataclass(frozen=True)
class UploadBatch:
    """Files that wait together: each as it was called and as it is kept, and what was answered."""

    id: str
    person: int
    at: str
    files: tuple[tuple[str, str], ...] = ()
    given: dict[str, str] = field(default_factory=dict)


class Batches:
    """The batches that wait in a workspace's own folder, each seen only by whoever uploaded it."""

    def __init__(self, workspace: Path) -> None:
        self.folder = workspace / ".kampass" / "batches"

    def receive(self, files: Sequence[tuple[BinaryIO, str]], person: int) -> UploadBatch:
        """Keep files; DataError where one is of no kind that is read, is empty or is too large. A
        file `answers.toml` among them answers as it did before.
        """
        self._make_room(person)
        batch = UploadBatch(secrets.token_hex(16), person, datetime.now(UTC).isoformat())
        place = self.place(batch)
        place.mkdir(parents=True, mode=0o700)
        try:
            batch = _kept(place, batch, files)
            return self.keep(batch)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def find(self, batch_id: str, person: int) -> UploadBatch:
        """A batch of that person; NotFound otherwise."""
        found = self._read(self.folder / batch_id) if _ID.fullmatch(batch_id) else None
        if found is None or found.person != person:
            raise NotFound(
                "There are no such files.",
                hint="They may have been loaded, or waited for more than two days. Upload them "
                "again.",
            )
        return found

    def keep(self, batch: UploadBatch) -> UploadBatch:
        """Remember what was answered."""
        part = self.place(batch) / f".{secrets.token_hex(4)}"
        part.write_text(json.dumps(asdict(batch), ensure_ascii=False), encoding="utf-8")
        part.replace(self.place(batch) / _ABOUT)
        return batch

    def place(self, batch: UploadBatch) -> Path:
        """The folder in which a batch's files lie."""
        return self.folder / batch.id

    def discard(self, batch: UploadBatch) -> None:
        """Throw a batch away."""
        shutil.rmtree(self.place(batch), ignore_errors=True)

    def waiting(self, person: int) -> list[UploadBatch]:
        """What a person has uploaded and not loaded, latest first."""
        places = self.folder.iterdir() if self.folder.is_dir() else ()
        found = [batch for place in places if (batch := self._read(place)) is not None]
        mine = [batch for batch in found if batch.person == person]
        return sorted(mine, key=lambda batch: batch.at, reverse=True)

    def _read(self, place: Path) -> UploadBatch | None:
        try:
            said = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
            return UploadBatch(**{**said, "files": tuple(map(tuple, said["files"]))})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _make_room(self, person: int) -> None:
        """Throw away a person's oldest, and what they did not come back for."""
        oldest = (datetime.now(UTC) - _KEPT).isoformat()
        waiting = self.waiting(person)
        for batch in [*waiting[_EACH - 1 :], *(one for one in waiting if one.at < oldest)]:
            self.discard(batch)


def _kept(place: Path, batch: UploadBatch, files: Sequence[tuple[BinaryIO, str]]) -> UploadBatch:
    if len(files) > MOST:
        raise DataError(
            f"{len(files)} files are more than {MOST}.",
            code="too_many_files",
            hint="Upload them in parts.",
        )
    for stream, called in files:
        shown = shown_name(called)
        if shown.lower() == ANSWERS:
            text = stream.read(_LONGEST).decode("utf-8", "replace")
            batch = replace(batch, given=parse_answers(text, shown))
            continue
        name = _free(slug(PurePosixPath(shown).stem), {kept for _, kept in batch.files})
        kept = f"{name}.{suffix_of(shown)}"
        copy(stream, place / kept)
        batch = replace(batch, files=(*batch.files, (shown, kept)))
    if not batch.files:
        raise DataError("No file was chosen.", code="no_file", hint="Choose files on your machine.")
    return batch


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where a file of that name is there already."""
    stems = {Path(one).stem for one in taken}
    return next(
        one
        for number in range(1, MOST + 2)
        if (one := f"{name}-{number}" if number > 1 else name) not in stems
    )


def asked_of(workspace: "Workspace", batch: UploadBatch) -> AskedDrafts:
    """What the files of a batch make, with what was answered so far."""
    place = Batches(workspace.folder).place(batch)
    files = [place / kept for _, kept in batch.files]
    return begun(files, workspace.settings).replayed(batch.given)


def load_batch(workspace: "Workspace", batch: UploadBatch, tell: Tell) -> list[LoadReport]:
    """Load the files of a batch about which nothing needed is open, and publish; DataError, and
    nothing changed, where one cannot be loaded.
    """
    drafts = usable(asked_of(workspace, batch))
    batches = Batches(workspace.folder)
    with _placed(workspace, batches.place(batch), drafts) as sources:
        reports = [report for source in sources for report in workspace.sync(source, tell=tell)]
    batches.discard(batch)
    return reports


@contextmanager
def _placed(
    workspace: "Workspace", place: Path, drafts: Sequence[FileDraft]
) -> Iterator[list[str]]:
    """The files in folders of their sources and the mappings in the settings, as long as nothing is
    raised.
    """
    before = text_of(workspace.folder)
    undo: list[tuple[Path, Path]] = []
    sources = []
    try:
        for draft in drafts:
            source = _source(workspace, draft)
            target = _target(workspace, source, draft)
            if target.exists():
                undo.append((target, target.with_name(f".was-{target.name}")))
                target.rename(undo[-1][1])
            shutil.copyfile(place / draft.tables[0].file, target)
            _map(workspace, source, draft, target.name)
            sources.append(source)
        workspace.refresh()
        yield sources
    except BaseException:
        replace_text(workspace.folder, before)
        for target, hidden in undo:
            hidden.replace(target)
        workspace.refresh()
        raise
    for _, hidden in undo:
        hidden.unlink(missing_ok=True)


def _source(workspace: "Workspace", draft: FileDraft) -> str:
    """The name of the source: that of the file, another where one that is not made of uploads has
    it.
    """
    others = {one.name for one in workspace.settings.sources if not made_of_uploads(one)}
    return _free(draft.source, others)


def _target(workspace: "Workspace", source: str, draft: FileDraft) -> Path:
    folder = workspace.folder / UPLOADS / source
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / ".gitignore").write_text(GITIGNORE, encoding="utf-8")
    return folder / f"export{Path(draft.tables[0].file).suffix}"


def _map(workspace: "Workspace", source: str, draft: FileDraft, file: str) -> None:
    for one in draft.tables:
        said: Mapping[str, object] = {**one.mapping_of(source), "file": file}
        map_table(workspace.folder, source, one.table, dict(said), path=f"{UPLOADS}/{source}")
