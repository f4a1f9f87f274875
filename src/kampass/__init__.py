"""Kampass: every account-management KPI from your own systems, explained down to its rows.

import kampass
workspace = kampass.open("my-company")
workspace.kpi("nrr", period="2025-Q4", by="segment").to_polars()
"""

from typing import TYPE_CHECKING, Any

from kampass import moved
from kampass.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from kampass.workspace import Workspace

moved.install()

__version__ = VERSION
__all__ = ["__version__", "open"]


def open(path: "str | Path" = ".") -> "Workspace":  # noqa: A001 - reads as kampass.open
    """Open the workspace in that folder."""
    from kampass.workspace import open_workspace

    return open_workspace(path)


def __getattr__(name: str) -> Any:
    if name == "KampassError":
        from kampass.errors import KampassError

        return KampassError
    raise AttributeError(name)
