"""Commands survive SIGKILL at any moment: nothing is lost, doubled or torn, and the next command
just works.

One workspace grows step by step while `sync`, `publish`, `data replay`, `restore` and `repair` (its
database is gone each time) are killed, half of them at any moment of their run and half after they
began to build a snapshot. An undisturbed workspace that loads the same steps must export the same
bytes. KAMPASS_KILLS sets how many kills: 6, 30 for a quick sweep, 200 in `make nightly`.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

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

from kampass.workspace.backup import verify_workspace

KILLS = int(os.environ.get("KAMPASS_KILLS", "6"))
COMMANDS = ("sync", "publish", "restore", "replay", "repair")


@dataclass
class Tally:
    """What the kills hit, and how long the next command took."""

    kills: int = 0
    in_a_build: int = 0
    publishes: int = 0
    slowest: Slowest = field(default_factory=Slowest)
    of: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COMMANDS, 0))

    def __str__(self) -> str:
        hit = ", ".join(f"{count} of {name}" for name, count in self.of.items())
        return (
            f"{self.kills} kills ({hit}), {self.in_a_build} inside a build, {self.publishes} "
            f"publishes, {self.slowest}"
        )


@dataclass
class Scene:
    """The workspace that is struck, the calm one, and a backup with the folder it is restored
    to.
    """

    struck: Path
    calm: Path
    backup: Path
    restored: Path
    whole: float
    tally: Tally = field(default_factory=Tally)
    rng: random.Random = field(default_factory=random.Random)
    step: int = 0

    def strike(self, number: int) -> None:
        """Kill one command and look at what is left."""
        command, while_building = COMMANDS[number // 2 % len(COMMANDS)], number % 2 == 1
        place = self.restored if command == "restore" else self.struck
        before = self.step
        self._prepare(command)
        process = start(self._words(command))
        if while_building:
            _wait(process, lambda: bool(_building(place)))
            killed = _kill(process, self.rng.uniform(0, 0.15 * self.whole))
        else:
            killed = _kill(process, self.rng.uniform(0.3, 1.0) * self.whole)
        self.tally.kills += killed
        self.tally.of[command] += killed
        self.tally.in_a_build += killed and bool(_building(place))
        if command == "restore":
            self._check_restore()
        elif command == "repair":
            self._next(self._words("repair"))
            self._next(self._words("publish"))
            self._check(self.step, self._words("sync"))
        else:
            self._check(before, self._words("replay" if command == "replay" else "sync"))

    def _prepare(self, command: str) -> None:
        if command == "restore":
            return
        self.step += 1
        load(self.calm, self.step, publish=False)
        if command in {"publish", "repair"}:
            load(self.struck, self.step, publish=False)
        else:
            write_state(self.struck / "files", self.step)
        if command == "repair":
            (self.struck / ".kampass" / "app.db").unlink()

    def _words(self, command: str) -> list[str]:
        here = ["--workspace", str(self.struck)]
        return {
            "sync": ["sync", "--recorded-at", recorded(self.step), *here],
            "publish": ["publish", *here],
            "repair": ["repair", *here],
            "replay": ["data", "replay", "--recorded-at", recorded(self.step), *here],
            "restore": ["restore", str(self.backup), str(self.restored)],
        }[command]

    def _check(self, before: int, words: list[str]) -> None:
        """What answers is whole, the next command works, and it leaves no trace of the kill."""
        assert answer(self.struck) in {expected(before), expected(self.step)}
        self._next(words)
        assert answer(self.struck) == expected(self.step)
        assert strays(self.struck) == set()

    def _check_restore(self) -> None:
        """A whole workspace or none; restoring again makes one."""
        if not (self.restored / "kampass.toml").exists():
            self._next(self._words("restore"))
        assert answer(self.restored) == expected(0)
        assert strays(self.restored) == set()
        assert verify_workspace(self.restored).whole
        shutil.rmtree(self.restored)

    def _next(self, words: list[str]) -> None:
        self.tally.slowest.works(words)
        self.tally.publishes += 1


def test_a_killed_command_loses_doubles_and_tears_nothing(tmp_path: Path) -> None:
    scene, number = _scene(tmp_path), 0
    while scene.tally.kills < KILLS:
        assert number <= 3 * KILLS + 10, (
            f"most commands ended before they were killed: {scene.tally}"
        )
        scene.strike(number)
        number += 1
    assert run(["publish", "--workspace", str(scene.calm)]) == 0
    assert exported(scene.struck, tmp_path / "one") == exported(scene.calm, tmp_path / "other")
    assert verify_workspace(scene.struck).whole
    print(f"\n{scene.tally}")
    assert scene.tally.in_a_build >= scene.tally.kills / 4, scene.tally
    assert scene.tally.publishes >= min(KILLS // 2, 20), scene.tally
    assert scene.tally.slowest.computed < 5, scene.tally


def _scene(place: Path) -> Scene:
    struck, calm = make(place / "struck"), make(place / "calm")
    first = Slowest()
    first.works(["sync", "--recorded-at", recorded(0), "--workspace", str(struck)])
    load(calm, 0)
    backup = place / "backup.zip"
    assert run(["backup", str(backup), "--workspace", str(struck)]) == 0
    return Scene(struck, calm, backup, place / "restored", first.seconds)


def _wait(process: "subprocess.Popen[bytes]", until: Callable[[], bool]) -> None:
    """Wait for something to be true, or for the end."""
    while process.poll() is None and not until():
        time.sleep(0.002)


def _kill(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Kill it after so long, unless it has ended; whether it was killed."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def _building(folder: Path) -> list[Path]:
    return list((folder / ".kampass" / "snapshots").glob(".building-*"))
