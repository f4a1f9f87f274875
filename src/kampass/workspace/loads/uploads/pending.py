"""What somebody has uploaded and not loaded yet: the file under a name of ours, and how it is to be
read so far.

The name that the file had on the person's machine is kept to be shown and is never part of a path.
"""

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from kampass.access import NotFound
from kampass.errors import DataError, UnknownName
from kampass.intake.kinds import SourceSettings
from kampass.intake.mapping.mapping import FORMATS
from kampass.model import TABLES
from kampass.workspace.settings import UPLOADS, made_of_uploads

LARGEST = 200 << 20
"""Bytes of a file."""

_ABOUT = "about.json"
_BLOCK = 1 << 20
_KEPT = timedelta(days=2)
_EACH = 10
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Upload:
    """One file that waits: `said` is how it is read (as `kampass.toml` will say it), `adds` whether
    it adds to what was uploaded before.

    `known`: the source reads this table already, so that nothing needs to be said but the file.
    `placed`: the name in its source's folder that it got when somebody began to load it.
    """

    id: str
    shown: str
    suffix: str
    person: int
    at: str
    source: str = ""
    table: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    adds: bool | None = None
    known: bool = False
    placed: str = ""

    @property
    def file(self) -> str:
        """The file's name in its folder."""
        return f"upload.{self.suffix}"

    @property
    def form(self) -> str:
        """csv, excel or jsonl."""
        return FORMATS[self.suffix]


class Uploads:
    """The files that wait in a workspace's own folder, each seen only by whoever uploaded it."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.folder = workspace / ".kampass" / UPLOADS

    def receive(self, stream: BinaryIO, shown: str, person: int) -> Upload:
        """Keep a file; DataError where it is of no kind that is read, is empty or is too large."""
        suffix = suffix_of(shown)
        self._make_room(person)
        upload = Upload(
            secrets.token_hex(16), shown_name(shown), suffix, person, datetime.now(UTC).isoformat()
        )
        place = self.folder / upload.id
        place.mkdir(parents=True, mode=0o700)
        try:
            copy(stream, place / upload.file)
            self.keep(upload)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return upload

    def find(self, upload_id: str, person: int) -> Upload:
        """An upload of that person; NotFound otherwise."""
        found = self._read(self.folder / upload_id) if _ID.fullmatch(upload_id) else None
        if found is None or found.person != person:
            raise NotFound(
                "There is no such upload.",
                hint="It may have been loaded, or waited for more than two days. Upload the file "
                "again.",
            )
        return found

    def keep(self, upload: Upload) -> Upload:
        """Remember how an upload is to be read."""
        place = self.place(upload)
        part = place / f".{secrets.token_hex(4)}"
        part.write_text(json.dumps(asdict(upload), ensure_ascii=False), encoding="utf-8")
        part.replace(place / _ABOUT)
        return upload

    def place(self, upload: Upload) -> Path:
        """The folder in which an upload's file lies, alone."""
        return self.folder / upload.id

    def discard(self, upload: Upload) -> None:
        """Throw an upload away."""
        shutil.rmtree(self.place(upload), ignore_errors=True)

    def waiting(self, person: int) -> list[Upload]:
        """What a person has uploaded and not loaded, latest first."""
        return sorted(
            (upload for upload in self._all() if upload.person == person),
            key=lambda upload: upload.at,
            reverse=True,
        )

    def _all(self) -> Iterator[Upload]:
        for place in self.folder.iterdir() if self.folder.is_dir() else ():
            found = self._read(place)
            if found is not None:
                yield found

    def _read(self, place: Path) -> Upload | None:
        try:
            return Upload(**json.loads((place / _ABOUT).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _make_room(self, person: int) -> None:
        """Throw away what nobody came back for, and a person's oldest where they have many."""
        oldest = (datetime.now(UTC) - _KEPT).isoformat()
        for upload in [
            *(upload for upload in self._all() if upload.at < oldest),
            *self.waiting(person)[_EACH - 1 :],
        ]:
            self.discard(upload)


def aimed(upload: Upload, sources: tuple[SourceSettings, ...], source: str, table: str) -> Upload:
    """The upload with where it is to go; what the settings say of that table already is taken
    over.
    """
    source = source.strip()
    if not _NAME.fullmatch(source):
        raise DataError(
            f"'{source[:60]}' is no name for a source." if source else "The source needs a name.",
            code="bad_source_name",
            hint="Small letters, digits and hyphens, at most 40, such as 'crm-orders'.",
        )
    if table not in TABLES:
        raise UnknownName("table", table[:60], TABLES, hint="Choose what the rows of the file are.")
    there = next((one for one in sources if one.name == source), None)
    if there is not None and not made_of_uploads(there):
        raise DataError(
            f"There is a source '{source}' already, which is not made of uploads.",
            code="source_taken",
            hint="Choose another name.",
        )
    if (upload.source, upload.table) == (source, table):
        return upload
    return replace(upload, source=source, table=table, said={}, known=False, adds=None)


def suffix_of(shown: str) -> str:
    """The ending of a file's name; DataError where no file that is read ends so."""
    suffix = PurePosixPath(shown.replace("\\", "/")).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise DataError(
            f"What kind of file is this? Its name ends in '.{suffix[:20]}'."
            if suffix
            else "The file's name has no ending.",
            code="unreadable_file",
            hint="Upload CSV (.csv, .txt), TSV (.tsv, .tab), Excel (.xlsx, .xlsm) or JSON "
            "lines (.jsonl, .ndjson).",
        )
    return suffix


def shown_name(shown: str) -> str:
    """The last part of a file's name, as it may be shown."""
    last = shown.replace("\\", "/").rpartition("/")[2]
    return "".join(letter if letter.isprintable() else "?" for letter in last)[:120]


def copy(stream: BinaryIO, target: Path) -> None:
    """Write a file that somebody sends; DataError where it is empty or too large."""
    size = 0
    with target.open("xb") as sink:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > LARGEST:
                raise DataError(
                    f"The file is larger than {LARGEST >> 20} MB.",
                    code="too_large",
                    hint="Upload it in parts, or let 'kampass sync' read it from a folder.",
                )
            sink.write(block)
    if not size:
        raise DataError("The file is empty.", code="no_header", hint="Export it again.")
