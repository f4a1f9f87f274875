"""The front door: settings, sync, publish, questions. `open(path)` gives one object."""

from pathlib import Path

from kampass.engine.words import parse_instant
from kampass.workspace.workspace import Workspace, create


def open_workspace(path: str | Path = ".") -> Workspace:
    """Open the workspace in that folder."""
    return Workspace(Path(path))


__all__ = ["Workspace", "create", "open_workspace", "parse_instant"]
