"""A file that is packed, by gzip or as the one file of a zip: unpacked for as long as it is read.

It comes from somebody else: how much it would unpack to is bounded before and while it unpacks.
"""

import gzip
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from kampass.errors import DataError
from kampass.intake.readers.scratch import Scratch

ENDINGS = {".gz", ".zip"}
MOST = 1 << 30
RATIO = 200
SMALL = 32 << 20
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Unpacked:
    """The file inside, there as long as `hold` is held."""

    file: Path
    hold: Scratch


def unpacked(file: Path, scratch: Path | None) -> Unpacked:
    """The one file that a packed file holds; DataError where it holds another number of files, or
    too much.
    """
    hold = Scratch(scratch)
    try:
        target = _from_zip(file, hold) if file.suffix.lower() == ".zip" else _from_gzip(file, hold)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, zlib.error) as wrong:
        raise _refused(f"{file.name} is damaged: {wrong}.", "Pack it anew.") from None
    return Unpacked(target, hold)


def _from_gzip(file: Path, hold: Scratch) -> Path:
    target = hold.folder / (file.name[: -len(file.suffix)] or "file")
    with gzip.open(file) as stream:
        _copy(cast("BinaryIO", stream), target, file, file.stat().st_size)
    return target


def _from_zip(file: Path, hold: Scratch) -> Path:
    with zipfile.ZipFile(file) as packed:
        parts = [
            part
            for part in packed.infolist()
            if not part.is_dir() and not part.filename.startswith("__MACOSX/")
        ]
        if len(parts) != 1:
            raise _refused(
                f"{file.name} holds {len(parts):,} files, and a mapping reads one.",
                "Unpack it and name the file inside.",
            )
        if parts[0].flag_bits & 1:
            raise _refused(f"{file.name} has a password.", "Pack it without one.")
        target = hold.folder / Path(parts[0].filename).name
        with packed.open(parts[0]) as stream:
            _copy(cast("BinaryIO", stream), target, file, parts[0].compress_size)
    return target


def _copy(stream: BinaryIO, target: Path, file: Path, size: int) -> None:
    """Unpack, and stop where it becomes too much for what it was packed to."""
    most = min(MOST, max(SMALL, RATIO * size))
    done = 0
    with target.open("wb") as sink:
        while block := stream.read(_BLOCK):
            done += len(block)
            if done > most:
                raise _refused(
                    f"{file.name} unpacks to more than {most >> 20:,} MB: that is too much for "
                    f"{size >> 10:,} KB.",
                    "If it is honest, unpack it and name the file inside.",
                )
            sink.write(block)


def _refused(message: str, hint: str) -> DataError:
    return DataError(message, code="unreadable_file", hint=hint)
