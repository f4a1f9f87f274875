"""Workspaces whose application database is on a server."""

from pathlib import Path

from tests.struck import make

from kampass.workspace.settings import DatabaseSettings


def on(folder: Path, settings: DatabaseSettings) -> Path:
    """The workspace that `make` makes, with its database there."""
    make(folder)
    file = folder / "kampass.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        f'{text}\n[database]\nurl = "{settings.url}"\nschema = "{settings.schema}"\n',
        encoding="utf-8",
    )
    return folder
