"""Who answers a command's question: the workspace on this machine, or a server that holds one."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kampass.errors import QuestionError

if TYPE_CHECKING:
    from kampass.client import Client
    from kampass.workspace import Workspace


def asked_of(context: typer.Context, workspace: Path) -> "Workspace | Client":
    """The workspace, or with --server the server, signed in by the token of KAMPASS_TOKEN."""
    server: str | None = context.obj
    if server is None:
        from kampass.workspace import open_workspace

        return open_workspace(workspace)
    from kampass.client import connect

    token = os.environ.get("KAMPASS_TOKEN")
    if not token:
        raise QuestionError(
            "A server wants to know who asks.",
            code="no_token",
            hint="Make a token under Settings and put it into KAMPASS_TOKEN.",
        )
    return connect(server, token)
