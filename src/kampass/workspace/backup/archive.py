"""The file a backup is: a zip of uncompressed members, the last of which, `backup.json`, names
every other with its digest.

Nothing is compressed (the journal is already), so what a member says it holds is what lies in the
file: there are no bombs, and any zip program can take a backup apart.
"""

import hashlib
import json
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from kampass.errors import DataError

FORMAT = 1
CONTENTS = "backup.json"
SETTINGS = "kampass.toml"
DATABASE = ".kampass/app.db"
CHUNK = 1 << 20
_LONGEST_CONTENTS = 256 << 20
_FOLDERS = ("kpis/", "uploads/", ".kampass/journal/", ".kampass/snapshots/")
_FILES = (SETTINGS, ".gitignore", DATABASE)
_DEEPEST = 12


@dataclass(frozen=True)
class Member:
    """One file of a workspace in a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class BackupContents:
    """What a backup says of itself: the snapshot to be proved on restore, and every member."""

    kampass: str
    created_at: str
    snapshot: str | None
    shape: int
    export_sha256: str | None
    loads: int
    members: tuple[Member, ...]
    format: int = FORMAT

    def to_json(self) -> bytes:
        """The contents as `backup.json` holds them, with a seal over all of it."""
        said = asdict(self)
        return json.dumps(
            said | {"seal": _seal(said)}, indent=1, sort_keys=True, ensure_ascii=False
        ).encode()


@dataclass(frozen=True)
class Backup:
    """A backup that was written, or read and found to be whole."""

    file: Path
    size: int
    contents: BackupContents
    notices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The backup in short, ready for JSON."""
        contents = self.contents
        return {
            "file": str(self.file),
            "bytes": self.size,
            "created_at": contents.created_at,
            "kampass": contents.kampass,
            "loads": contents.loads,
            "snapshot": contents.snapshot,
            "export_sha256": contents.export_sha256,
            "members": len(contents.members),
            "notices": list(self.notices),
        }


class Packer:
    """Writes members one after the other into an open archive, and remembers their digests."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.members: list[Member] = []

    def add(self, name: str, stream: IO[bytes]) -> Member:
        """Copy a stream into the archive under a name."""
        digest, size = hashlib.sha256(), 0
        with self.archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                member.write(chunk)
        self.members.append(Member(name, size, digest.hexdigest()))
        return self.members[-1]


class Archive:
    """A backup opened for reading: its listing agrees with its contents, and every name stays
    inside a workspace.
    """

    def __init__(self, file: Path, archive: zipfile.ZipFile) -> None:
        self.file, self._archive = file, archive
        self.contents = self._contents()
        self._check_listing()

    def read(self, member: Member) -> Iterator[bytes]:
        """The bytes of a member; DataError after the last one unless they are what the contents
        say.
        """
        digest, size = hashlib.sha256(), 0
        with _as_damage(self.file, member.name), self._archive.open(member.name) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if size > member.size:
                    break
                yield chunk
        if (size, digest.hexdigest()) != (member.size, member.sha256):
            raise damaged(self.file, f"'{member.name}' is not what was packed")

    def _contents(self) -> BackupContents:
        with _as_damage(self.file, CONTENTS):
            info = self._archive.getinfo(CONTENTS)
            if info.file_size > _LONGEST_CONTENTS or info.compress_type != zipfile.ZIP_STORED:
                raise damaged(self.file, f"its {CONTENTS} is no list of contents")
            said = json.loads(self._archive.read(CONTENTS))
            seal = said.pop("seal")
            if said.get("format") != FORMAT:
                raise DataError(
                    (
                        f"{self.file} is a backup of format {said.get('format')}, and this Kampass "
                        f"reads format {FORMAT}."
                    ),
                    code="backup_format",
                    hint="Upgrade Kampass: 'pip install --upgrade kampass'. Nothing was changed.",
                )
            if seal != _seal(said):
                raise damaged(self.file, f"its {CONTENTS} does not agree with its own digest")
            return BackupContents(
                **(said | {"members": tuple(Member(**member) for member in said["members"])})
            )

    def _check_listing(self) -> None:
        listed = {info.filename: info for info in self._archive.infolist()}
        named = {member.name: member for member in self.contents.members}
        if (
            len(listed) != len(self._archive.infolist())
            or set(listed) != {*named, CONTENTS}
            or len(named) != len(self.contents.members)
        ):
            raise damaged(self.file, f"its files are not those its {CONTENTS} names")
        for name, member in named.items():
            _check_member(self.file, listed[name], member)
        if sum(member.size for member in named.values()) > self.file.stat().st_size:
            raise _refused(self.file, "its files overlap")


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """Open a backup for reading."""
    if not file.is_file():
        raise DataError(
            f"There is no backup {file}.", code="no_backup", hint="'kampass backup FILE' makes one."
        )
    with _as_damage(file, ""):
        archive = zipfile.ZipFile(file)
    with archive:
        yield Archive(file, archive)


def damaged(file: Path, what: str) -> DataError:
    """The error of a backup that is not what was written."""
    return DataError(
        f"{file} is no whole backup: {what}.",
        code="damaged_backup",
        hint="Nothing was changed. Use another copy, or an earlier backup.",
    )


def _refused(file: Path, what: str) -> DataError:
    return DataError(
        f"{file} was refused: {what}.",
        code="unsafe_backup",
        hint="Kampass never writes such a backup. Nothing was changed.",
    )


def _check_member(file: Path, info: zipfile.ZipInfo, member: Member) -> None:
    """Only plain files, where a workspace has files, uncompressed, of the size that is said."""
    path = PurePosixPath(member.name)
    inside = member.name in _FILES or member.name.startswith(_FOLDERS)
    plain = (
        "\\" not in member.name
        and "\0" not in member.name
        and str(path) == member.name
        and ".." not in path.parts
        and len(path.parts) <= _DEEPEST
    )
    if not inside or not plain or path.is_absolute():
        raise _refused(file, f"'{member.name}' lies where a workspace has no file")
    mode = info.external_attr >> 16
    if info.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise _refused(file, f"'{member.name}' is no plain file")
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
        raise _refused(file, f"'{member.name}' is compressed or encrypted")
    if info.file_size != member.size or info.compress_size != member.size:
        raise damaged(file, f"'{member.name}' has another size than its {CONTENTS} says")


def _seal(said: dict[str, Any]) -> str:
    """A digest over everything the contents say."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@contextmanager
def _as_damage(file: Path, name: str) -> Iterator[None]:
    """Whatever an archive that was tampered with makes its reader raise is one error here."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OverflowError,
    ) as wrong:
        raise damaged(file, f"{name or 'it'} cannot be read ({wrong})") from None
