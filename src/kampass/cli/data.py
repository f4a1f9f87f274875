"""`kampass data`: the loads, what was set aside, and what waits for a person."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

data_app = typer.Typer(help="Loads, quarantine, and what waits for a person.", no_args_is_help=True)
WorkspaceOption = Annotated[Path, typer.Option("--workspace", "-w", help="The workspace's folder.", envvar="KAMPASS_WORKSPACE")]


class Form(StrEnum):
    """How lists and examinations are written."""

    table = "table"
    json = "json"


FormOption = Annotated[Form, typer.Option("--format", help="For people or for programs.")]


@data_app.command("loads")
def list_loads(workspace: WorkspaceOption = Path(), form: FormOption = Form.table) -> None:
    """List the loads. Example: `kampass data loads`."""
    from kampass.cli.show import console
    from kampass.store.manifest import to_text
    from kampass.workspace import open_workspace

    loads = open_workspace(workspace).manifest.loads(states=("complete", "held", "dropped"))
    rows = [
        {"load": load.id, "source": load.source, "recorded_at": to_text(load.recorded_at), "state": load.state, "why": load.why}
        | {name: sum(getattr(table, name) for table in load.tables) for name in ("read", "loaded", "unchanged", "superseded", "quarantined", "deleted")}
        for load in loads
    ]
    _show(rows, form, console)


@data_app.command("quarantine")
def list_quarantine(
    workspace: WorkspaceOption = Path(),
    table: Annotated[str | None, typer.Option(help="Only this table.")] = None,
    form: FormOption = Form.table,
) -> None:
    """List what was set aside, with line, column, value and reason. Example: `kampass data quarantine --table deals`."""
    from kampass.cli.show import console
    from kampass.workspace import open_workspace

    cursor = open_workspace(workspace).snapshot().cursor()
    found = cursor.execute('SELECT * FROM _quarantine WHERE $t IS NULL OR "table" = $t ORDER BY "table", load, line', {"t": table})
    names = [column[0] for column in found.description]
    _show([dict(zip(names, row, strict=True)) for row in found.fetchall()], form, console)


@data_app.command("drop")
def drop_load(load: int, workspace: WorkspaceOption = Path()) -> None:
    """Take a load back and publish what remains. Example: `kampass data drop 3`."""
    from kampass.cli.working import say
    from kampass.workspace import open_workspace

    snapshot = open_workspace(workspace).drop(load)
    say(f"Load {load} no longer counts." + (f" Snapshot {snapshot.id} is current." if snapshot else " Nothing is published now."))


@data_app.command("confirm")
def confirm_load(load: int, workspace: WorkspaceOption = Path()) -> None:
    """Let a load count that the deletion brake holds. Example: `kampass data confirm 4`."""
    from kampass.cli.working import say
    from kampass.workspace import open_workspace

    say(f"Load {load} counts. Snapshot {open_workspace(workspace).confirm(load).id} is current.")


def _show(rows: list[dict[str, object]], form: Form, console) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a function
    if form is Form.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return
    from rich.table import Table
    from rich.text import Text

    from kampass.cli.show import printable

    if not rows:
        console().print("Nothing.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(Text("" if value is None else printable(str(value))) for value in row.values()))
    console().print(table)
