"""`kampass` as people call it: a process of its own, its output and its exit code."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.same_answers.record import Recording

_PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC", "PYTHONUTF8": "1"}


def environment() -> dict[str, str]:
    """The environment without what could change an answer's looks or its workspace."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAMPASS_")}
    return kept | _PLAIN


def kampass(*words: str | Path, cwd: Path | None = None) -> dict[str, str | int]:
    """Call the command line; its exit code and what it wrote."""
    command = [sys.executable, "-m", "kampass", *map(str, words)]
    done = subprocess.run(
        command,
        env=environment(),
        cwd=cwd,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return {
        "exit": done.returncode,
        "stdout": done.stdout.decode("utf-8", "backslashreplace"),
        "stderr": done.stderr.decode("utf-8", "backslashreplace"),
    }


def sample(recording: Recording) -> Path:
    """The sample company's workspace, made where it is not there yet."""
    zone = ("--timezone", "Europe/Berlin", "--currency", "EUR")
    return _made(recording, "sample", "--sample", "--scale", "0.15", *zone)


def world(recording: Recording, folder: Path) -> Path:
    """The workspace of a random world, made where it is not there yet."""
    options = (folder / "options.txt").read_text(encoding="utf-8").split()
    return _made(recording, folder.name, "--from", str(folder / "tables"), *options)


def _made(recording: Recording, name: str, *words: str) -> Path:
    place = recording.workspace(name)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with recording.file(f"made/{name}") as add:
            add("init", kampass("init", place, *words))
            add("doctor", kampass("doctor", "-w", place))
    return place
