"""The blocks of a page, run as somebody pastes them: one after the other in one folder."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(bash|python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A block that was run: what it was, what it printed, and what the page says it prints."""

    block: str
    stdout: str
    stderr: str
    promised: str


def steps_of(page: Path, folder: Path) -> list[Step]:
    """Every block of a page in order; each must succeed."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    followed_by = [*blocks[1:], ("", "")]
    return [
        run(folder, language, block, following if kind == "text" else "")
        for (language, block), (kind, following) in zip(blocks, followed_by, strict=True)
        if language != "text"
    ]


def run(folder: Path, language: str, block: str, promised: str) -> Step:
    command = (
        [sys.executable, "-c", block]
        if language == "python"
        else ["bash", "-euo", "pipefail", "-c", block]
    )
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONIOENCODING": "utf-8",
    }
    environment.pop("KAMPASS_WORKSPACE", None)
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return Step(block, done.stdout, done.stderr, promised)
