"""The disk fills up in the middle of a command: it says so, what answered before answers, and with
room the next command just works.

On a small disk of its own where one may be mounted; elsewhere no file of the command may grow
beyond a limit, which hits the same writes. Five places of a whole sync, twenty where KAMPASS_KILLS
is at least 30.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.struck import (
    answer,
    expected,
    exported,
    load,
    make,
    recorded,
    run,
    start,
    strays,
    write_state,
)

from kampass.errors import DataError
from kampass.store.trouble import named

PLACES = 20 if int(os.environ.get("KAMPASS_KILLS", "6")) >= 30 else 5
SIZE = 128 << 20
SYNC = ["sync", "--recorded-at", recorded(1)]


@dataclass(frozen=True)
class Disk:
    """A folder to work in, and how a command is started that finds only so many bytes there."""

    place: Path
    kind: str
    start: Callable[[list[str], int], "subprocess.Popen[bytes]"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    try:
        yield (
            Disk(place, "a disk", _filled(place))
            if mounted
            else Disk(place, "file sizes", _limited)
        )
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def _filled(place: Path) -> Callable[[list[str], int], "subprocess.Popen[bytes]"]:
    def started(words: list[str], room: int) -> "subprocess.Popen[bytes]":
        stat = os.statvfs(place)
        with (place / "ballast").open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, max(1, stat.f_bavail * stat.f_frsize - room))
        return start(words)

    return started


def _limited(words: list[str], room: int) -> "subprocess.Popen[bytes]":
    return start(words, limit=room)


def test_a_full_disk_is_named_and_what_was_loaded_before_answers(
    disk: Disk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = make(tmp_path / "ready")
    load(ready, 0)
    write_state(ready / "files", 1)
    calm = Path(shutil.copytree(ready, tmp_path / "calm"))
    assert run([*SYNC, "--workspace", str(calm)]) == 0
    needed = (
        max(_size(calm) - _size(ready), 1)
        if disk.kind == "a disk"
        else max(file.stat().st_size for file in calm.rglob("*") if file.is_file())
    )
    right = exported(calm, tmp_path / "calm-export")
    failed = 0
    for place in range(PLACES):
        folder = Path(shutil.copytree(ready, disk.place / "workspace"))
        process = disk.start([*SYNC, "--workspace", str(folder)], needed * place // PLACES)
        _, narration = process.communicate(timeout=120)
        assert process.returncode in {0, 3}, narration.decode()
        assert b"Traceback" not in narration
        if process.returncode:
            failed += 1
            assert b"disk is full" in narration or b"cannot be written" in narration, (
                narration.decode()
            )
            assert b"then try again" in narration
        assert answer(folder) in {expected(0), expected(1)}
        (disk.place / "ballast").unlink(missing_ok=True)
        assert run([*SYNC, "--workspace", str(folder)]) == 0
        assert answer(folder) == expected(1)
        assert exported(folder, tmp_path / f"export{place}") == right
        assert strays(folder) == set()
        shutil.rmtree(folder)
    with capsys.disabled():
        print(
            f"\n{failed} of {PLACES} commands found no room on {disk.kind} that needed "
            f"{needed:,} bytes"
        )
    assert failed >= PLACES * 3 // 4


def test_a_backup_that_finds_no_room_leaves_nothing(disk: Disk, tmp_path: Path) -> None:
    folder = make(tmp_path / "ready")
    load(folder, 0)
    file = disk.place / "backup.zip"
    process = disk.start(["backup", str(file), "--workspace", str(folder)], 4096)
    _, narration = process.communicate(timeout=60)
    assert (
        process.returncode == 3 and b"disk is full" in narration and b"Traceback" not in narration
    ), narration.decode()
    assert {path.name for path in disk.place.iterdir()} <= {"ballast"}
    assert strays(folder) == set()


def test_a_restore_that_finds_no_room_leaves_nothing(disk: Disk, tmp_path: Path) -> None:
    folder = make(tmp_path / "ready")
    load(folder, 0)
    file = tmp_path / "backup.zip"
    assert run(["backup", str(file), "--workspace", str(folder)]) == 0
    process = disk.start(["restore", str(file), str(disk.place / "restored")], 1 << 20)
    _, narration = process.communicate(timeout=60)
    assert process.returncode == 3 and b"Traceback" not in narration, narration.decode()
    assert {path.name for path in disk.place.iterdir()} <= {"ballast"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device", "x"), "disk_full"),
        (OSError(30, "Read-only file system", "x"), "cannot_write"),
        (OSError(27, "File too large"), "disk_full"),
        (FileNotFoundError(2, "No such file"), None),
        (ValueError("no space left on device"), None),
    ],
)
def test_only_trouble_with_the_disk_is_named_so(error: Exception, code: str | None) -> None:
    found = named(error)
    assert (found.code if isinstance(found, DataError) else None) == code


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
