"""Who else on this machine may look into what a workspace keeps."""

from pathlib import Path


def open_to_others(folder: Path) -> bool:
    """Whether other users of the machine may look into the folder's `.kampass`."""
    return bool((folder / ".kampass").stat().st_mode & 0o077)
