"""Every fail point, one after the other: the process dies there, what answers is whole, and the
next command just works.

Each point is struck in the command that passes it; a point that is not reached is a failure. An
undisturbed workspace that runs the same commands must export the same bytes.
"""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.struck import (
    Slowest,
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

from kampass.errors import KampassError
from kampass.store import faults
from kampass.workspace import open_workspace
from kampass.workspace.backup import verify_backup, verify_workspace

FROM_NOTHING = int(os.environ.get("KAMPASS_KILLS", "6")) >= 30
SOURCES = Path(__file__).parents[1] / "src" / "kampass"
SYNC = ["sync", "--recorded-at", recorded(1)]


@dataclass
class Ready:
    """Workspaces just before their commands, made once and copied for each strike."""

    place: Path
    made: dict[str, Path] = field(default_factory=dict)
    slowest: Slowest = field(default_factory=Slowest)

    def before(self, command: str) -> Path:
        """The workspace that a command is about to change."""
        if command not in self.made:
            self.made[command] = _prepared(self.place / command, command)
        return self.made[command]

    def calm(self, command: str) -> dict[str, bytes]:
        """What an undisturbed workspace exports after the command."""
        name = f"calm-{command}"
        if name not in self.made:
            self.made[name] = Path(shutil.copytree(self.before(command), self.place / name))
            assert run([*_words(command), "--workspace", str(self.made[name])]) == 0
        target = self.place / f"{name}-export"
        return (
            {file.name: file.read_bytes() for file in target.iterdir()}
            if target.exists()
            else exported(self.made[name], target)
        )

    def next_command(self, words: list[str]) -> None:
        """Run what a person runs next; it works, and from nothing its time is kept."""
        if FROM_NOTHING:
            self.slowest.works(words)
        else:
            assert run(words) == 0


def _prepared(folder: Path, command: str) -> Path:
    make(folder)
    load(folder, 0)
    if command == "retention":
        _age(folder)
        write_state(folder / "files", 1)
    elif command == "confirm":
        (folder / "files" / "tickets.csv").write_text(
            "id,created_at,account_id\nt0,2025-06-01,a0\ntorn,yesterday,a0\n", encoding="utf-8"
        )
        assert run([*SYNC, "--workspace", str(folder)]) == 3, "the deletion brake holds it"
    elif command == "drop":
        load(folder, 1)
    elif command == "replay":
        write_state(folder / "files", 1, torn="")
    else:
        write_state(folder / "files", 1)
    return folder


def _age(folder: Path) -> None:
    """Ten earlier snapshots of the same day, so that the next one lets the earliest go."""
    with closing(open_workspace(folder)) as workspace:
        (row,) = workspace.manifest.snapshots()
        for number in range(10):
            earlier = replace(
                row,
                id=f"{number:016}",
                file=f"{number:016}.duckdb",
                recorded_at=row.recorded_at - timedelta(seconds=number + 1),
            )
            shutil.copyfile(
                workspace.snapshots.folder / row.file, workspace.snapshots.folder / earlier.file
            )
            workspace.manifest.add_snapshot(earlier)


def _words(command: str) -> list[str]:
    return {
        "drop": ["data", "drop", "2"],
        "confirm": ["data", "confirm", "2"],
        "replay": ["data", "replay", *SYNC[1:]],
    }.get(command, SYNC)


def _command_of(point: str) -> str:
    return {"load": "sync", "publish": "sync"}.get(point.partition(".")[0], point.partition(".")[0])


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Ready]:
    made = Ready(tmp_path_factory.mktemp("ready"))
    yield made
    if FROM_NOTHING:
        with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\nafter a fail point: {made.slowest}")
    assert made.slowest.computed < 5


@pytest.mark.parametrize(
    "point",
    [point for point in faults.POINTS if _command_of(point) not in {"backup", "restore", "repair"}],
)
def test_a_command_that_dies_at_a_fail_point_loses_doubles_and_tears_nothing(
    point: str, ready: Ready, tmp_path: Path
) -> None:
    command = _command_of(point)
    words = _words(command)
    folder = Path(shutil.copytree(ready.before(command), tmp_path / "struck"))
    then = answer(folder)
    assert run([*words, "--workspace", str(folder)], fail_at=point) == -signal.SIGKILL, (
        "the point was not reached"
    )
    calm = ready.calm(command)
    after = answer(ready.made[f"calm-{command}"])
    assert answer(folder) in {then, after}
    again = ["publish"] if command in {"drop", "confirm"} else words
    ready.next_command([*again, "--workspace", str(folder)])
    assert answer(folder) == after
    assert exported(folder, tmp_path / "export") == calm
    assert strays(folder) == set()


@pytest.mark.parametrize("point", [point for point in faults.POINTS if point.startswith("backup.")])
def test_a_backup_that_dies_is_there_whole_or_not_at_all(
    point: str, ready: Ready, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(ready.before("sync"), tmp_path / "struck"))
    file = tmp_path / "backup.zip"
    words = ["backup", str(file), "--workspace", str(folder)]
    assert run(words, fail_at=point) == -signal.SIGKILL, "the point was not reached"
    assert answer(folder) == expected(0)
    assert file.exists() == (point == "backup.renamed")
    ready.next_command(["verify", str(file)] if file.exists() else words)
    assert verify_backup(file).whole
    assert strays(folder) == set()
    assert {path.name for path in tmp_path.iterdir()} == {"struck", "backup.zip"}


@pytest.mark.parametrize(
    "point", [point for point in faults.POINTS if point.startswith("restore.")]
)
def test_a_restore_that_dies_leaves_a_whole_workspace_or_none(
    point: str, ready: Ready, tmp_path: Path
) -> None:
    file = ready.place / "backup.zip"
    if not file.exists():
        assert run(["backup", str(file), "--workspace", str(ready.before("sync"))]) == 0
    folder = tmp_path / "restored"
    words = ["restore", str(file), str(folder)]
    assert run(words, fail_at=point) == -signal.SIGKILL, "the point was not reached"
    assert (folder / "kampass.toml").exists() == (point == "restore.swapped")
    if point != "restore.swapped":
        assert run(["doctor", "--workspace", str(folder)]) == 3, "there is no workspace yet"
        ready.next_command(words)
    ready.next_command(["publish", "--workspace", str(folder)])
    assert answer(folder) == expected(0)
    assert exported(folder, tmp_path / "export") == exported(
        ready.before("sync"), tmp_path / "original"
    )
    assert strays(folder) == set()
    assert verify_workspace(folder).whole


@pytest.mark.parametrize("point", [point for point in faults.POINTS if point.startswith("repair.")])
def test_a_repair_that_dies_is_done_by_the_next(point: str, ready: Ready, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ready.before("drop"), tmp_path / "struck"))
    then, before = answer(folder), exported(folder, tmp_path / "before")
    (folder / ".kampass" / "app.db").unlink()
    words = ["repair", "--workspace", str(folder)]
    assert run(words, fail_at=point) == -signal.SIGKILL, "the point was not reached"
    ready.next_command(words)
    ready.next_command(["publish", "--workspace", str(folder)])
    assert answer(folder) == then
    assert exported(folder, tmp_path / "export") == before
    assert strays(folder) == set()
    assert verify_workspace(folder).whole


def test_every_point_is_passed_in_one_place_and_documented() -> None:
    """A point in the list alone, or in the code alone, would never be struck."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES.rglob("*.py"))
    passed = re.findall(r'faults\.reach\("([\w.]+)"\)', text)
    assert sorted(passed) == sorted(faults.POINTS)
    page = (SOURCES.parents[1] / "docs" / "durability.md").read_text(encoding="utf-8")
    assert {
        point for point in faults.POINTS if f"| `{point}` | {faults.POINTS[point]} |" not in page
    } == set()


@pytest.mark.parametrize(
    "wish", ["publish.rename", "", "load.committed:0", "load.committed:x", "load.committed:-1"]
)
def test_a_point_that_does_not_exist_is_refused(wish: str) -> None:
    with pytest.raises(KampassError):
        faults.arm(wish)


def test_the_third_time_is_the_third_time(tmp_path: Path) -> None:
    """Two tables are written, so a third never is, and the command ends well."""
    folder = make(tmp_path / "workspace")
    words = [*SYNC, "--workspace", str(folder)]
    assert run(words, fail_at="load.table_written:3") == 0
    write_state(folder / "files", 1)
    assert run(words, fail_at="load.table_written:2") == -signal.SIGKILL


def test_a_process_from_nothing_is_armed_by_its_environment(tmp_path: Path) -> None:
    folder = make(tmp_path / "workspace")
    process = start([*SYNC, "--workspace", str(folder)], KAMPASS_FAIL_AT="load.committed")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    process = start(["publish", "--workspace", str(folder)], KAMPASS_FAIL_AT="load.comitted")
    _, narration = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"Did you mean 'load.committed'" in narration
