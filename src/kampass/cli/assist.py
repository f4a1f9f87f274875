"""`kampass mcp`: the tools for an assistant, over standard input and output."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.data import WorkspaceOption
from kampass.cli.remote import asked_of
from kampass.errors import DataError, UnknownName

if TYPE_CHECKING:
    from kampass.mcp.sides import ToolSide


def mcp(
    context: typer.Context,
    workspace: WorkspaceOption = Path(),
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", help="Whose rights apply: the e-mail address of a person of the workspace."
        ),
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            help="Where links lead: the address of 'kampass serve'.", envvar="KAMPASS_URL"
        ),
    ] = "http://127.0.0.1:8090",
) -> None:
    """Serve an assistant (MCP over stdio). Example: `kampass mcp --workspace acme --as
    ann@example.com`.
    """
    try:
        from kampass.mcp.server import make_server
    except ModuleNotFoundError:
        raise DataError(
            "The tools for assistants are not installed.",
            code="no_mcp",
            hint="pip install 'kampass[mcp]'.",
        ) from None
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    make_server(_side(context, workspace, as_, url.rstrip("/"))).run("stdio")


def _side(context: typer.Context, workspace: Path, email: str | None, url: str) -> "ToolSide":
    """Who answers: a server with the token's rights, or this workspace with a person's, or with all
    of them.
    """
    from kampass.client import Client
    from kampass.mcp.sides import Here, There
    from kampass.workspace import open_workspace

    if context.obj is not None:
        client = asked_of(context, workspace)
        assert isinstance(client, Client)
        return There(client, str(context.obj).rstrip("/"))
    opened = open_workspace(workspace)
    if email is None:
        return Here(opened.sight, url)
    if opened.people.accounts.by_email(email) is None:
        raise UnknownName(
            "person",
            email,
            [person.email for person in opened.people.accounts.all()],
            hint="'kampass serve', Settings, People lists everybody.",
        )
    return Here(lambda: opened.sight_of(email), url)
