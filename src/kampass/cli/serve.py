"""`kampass serve`: the pages and the API, on this machine unless said otherwise."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kampass.cli.data import WorkspaceOption
from kampass.errors import DataError

if TYPE_CHECKING:
    from kampass.server.serving import Identity
    from kampass.workspace import Workspace

_SETUP_HOURS = 24
ProxyOption = Annotated[
    str,
    typer.Option(
        help="The address that the proxy calls from, with --url; several with commas.",
        envvar="KAMPASS_PROXY",
    ),
]
LogOption = Annotated[
    Literal["text", "json"],
    typer.Option(help="'text': quiet; 'json': a line for each request, to stderr."),
]


def serve(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    workspace: WorkspaceOption = Path(),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8090,
    url: Annotated[
        str | None,
        typer.Option(
            help="How people reach it, where a proxy stands in front, e.g. "
            "https://kampass.example.com.",
            envvar="KAMPASS_URL",
        ),
    ] = None,
    proxy: ProxyOption = "127.0.0.1",
    log: LogOption = "text",
) -> None:
    """Open the web application. Example: `kampass serve --workspace my-company`."""
    from kampass.server.http import run
    from kampass.server.serving import Serving
    from kampass.server.watch.log import log_config
    from kampass.server.watch.secret import metrics_token
    from kampass.web.app import application
    from kampass.workspace import open_workspace
    from kampass.workspace.modes import open_to_others

    opened = open_workspace(workspace)
    # A lost database knows nobody: whoever came next would be offered to become the admin.
    opened.journal.refuse_unknown()
    if open_to_others(opened.folder):
        typer.echo(
            "Other users of this machine may look into what is kept here: "
            f"chmod 700 {opened.folder / '.kampass'}",
            err=True,
        )
    reached = (url or f"http://{host}:{port}").rstrip("/")
    if not reached.startswith(("http://", "https://")):
        raise DataError(
            f"'{reached}' is no address.", code="bad_url", hint="Write https://kampass.example.com."
        )
    _free(host, port)
    typer.echo(f"Kampass: {reached}", err=True)
    if not opened.people.accounts.any():
        _invite(opened, reached)
    app = application(opened, Serving(reached, _identity(), metrics_token=metrics_token()))
    run(app, host, port, proxy=None if url is None else proxy, logs=log_config(log))


def _invite(opened: "Workspace", reached: str) -> None:
    """Print the link by which the first account is made."""
    secret = opened.people.invitations.make("setup", hours=_SETUP_HOURS)
    typer.echo(
        (
            "Make the first account here; the link works once, for a day: "
            f"{reached}/set-up?ticket={secret}"
        ),
        err=True,
    )


def _free(host: str, port: int) -> None:
    """DataError where something else listens already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind((host, port))
        except OSError as wrong:
            raise DataError(
                f"Nothing can listen at {host}:{port}: {wrong.strerror}.",
                code="cannot_listen",
                hint="Choose another with --port or --host.",
            ) from None


def _identity() -> "Identity | None":
    """The provider that the environment names: a secret belongs into no file that is kept."""
    from kampass.server.serving import Identity

    issuer = os.environ.get("KAMPASS_OIDC_ISSUER")
    if not issuer:
        return None
    domains = tuple(
        domain.strip().lower()
        for domain in os.environ.get("KAMPASS_OIDC_DOMAINS", "").split(",")
        if domain.strip()
    )
    given = (
        os.environ.get("KAMPASS_OIDC_CLIENT_ID", ""),
        os.environ.get("KAMPASS_OIDC_CLIENT_SECRET", ""),
    )
    return Identity(
        issuer, *given, name=os.environ.get("KAMPASS_OIDC_NAME", "single sign-on"), domains=domains
    )
