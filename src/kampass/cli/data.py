"""`kampass data`: the loads, what was set aside, and what waits for a person."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

data_app = typer.Typer(help="Loads, quarantine, and what waits for a person.", no_args_is_help=True)
WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", help="The workspace's folder.", envvar="KAMPASS_WORKSPACE"),
]


class Form(StrEnum):
    """How lists and examinations are written."""

    table = "table"
    json = "json"


class RowFormat(StrEnum):
    """How rows are written."""

    table = "table"
    json = "json"
    csv = "csv"


class Grouping(StrEnum):
    """What a summary of the quarantine groups."""

    reason = "reason"
    table = "table"
    load = "load"


_SHOWN = 10
FormOption = Annotated[Form, typer.Option("--format", help="For people or for programs.")]


@data_app.command("loads")
def list_loads(workspace: WorkspaceOption = Path(), form: FormOption = Form.table) -> None:
    """List the loads. Example: `kampass data loads`."""
    from kampass.cli.views.show import console
    from kampass.store.records import to_text
    from kampass.workspace import open_workspace
    from kampass.workspace.loads.loads import counts

    loads = open_workspace(workspace).manifest.loads(states=("complete", "held", "dropped"))
    rows = [
        {
            "load": load.id,
            "source": load.source,
            "recorded_at": to_text(load.recorded_at),
            "state": load.state,
            "why": load.why,
        }
        | counts(load.tables)
        for load in loads
    ]
    _show(rows, form, console)


@data_app.command("quarantine")
def show_quarantine(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    workspace: WorkspaceOption = Path(),
    table: Annotated[str | None, typer.Option(help="Only this table.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    load: Annotated[int | None, typer.Option(help="Only what this load set aside.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only reasons with these words.")] = None,
    by: Annotated[Grouping, typer.Option(help="What the summary groups.")] = Grouping.reason,
    *,
    rows: Annotated[
        bool, typer.Option("--rows", help="Row by row, each whole, as it stood.")
    ] = False,
    form: Annotated[
        RowFormat, typer.Option("--format", help="For people, for programs, or as a file to mend.")
    ] = RowFormat.table,
) -> None:
    """Say what was set aside, why, and which KPIs lack it. Example: `kampass data quarantine
    --table deals --format csv > mend.csv`.
    """
    from kampass.cli.views import held
    from kampass.workspace import open_workspace

    found = open_workspace(workspace).quarantine(
        table=table,
        source=source,
        load=load,
        reason=reason,
        by=by.value,
        rows=rows or form is RowFormat.csv,
    )
    if form is RowFormat.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
    elif form is RowFormat.csv:
        print(found.to_csv(), end="")
    elif rows:
        _show(held.rows_of(found), Form.table, held.console)
    else:
        held.show_quarantine(found)


@data_app.command("replay")
def replay_rows(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    workspace: WorkspaceOption = Path(),
    table: Annotated[str | None, typer.Option(help="Only this table.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Rows you mended: a CSV that `kampass data quarantine --format csv` wrote.",
        ),
    ] = None,
    recorded_at: Annotated[
        str | None, typer.Option(help="Date the load: 2026-01-03T00:00:00Z.")
    ] = None,
    form: FormOption = Form.table,
) -> None:
    """Read again what was set aside, from its source or from rows you mended. Example: `kampass
    data replay --from mend.csv`.
    """
    from kampass.cli.views import held
    from kampass.cli.workspace import HELD, busy
    from kampass.workspace import open_workspace, parse_instant

    with busy("Loading") as tell:
        found = open_workspace(workspace).replay(
            table=table,
            source=source,
            file=from_,
            recorded_at=parse_instant(recorded_at) if recorded_at else None,
            tell=tell,
        )
    if form is Form.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
    else:
        held.show_replay(found)
    if any(load.state == "held" for load in found.loads):
        raise typer.Exit(HELD)


@data_app.command("dismiss")
def dismiss_rows(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    ids: Annotated[
        list[str] | None, typer.Argument(help="The _id of rows that are set aside.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    table: Annotated[str | None, typer.Option(help="Only this table.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only reasons with these words.")] = None,
    recorded_at: Annotated[str | None, typer.Option(help="Date it: 2026-01-03T00:00:00Z.")] = None,
) -> None:
    """Say that what is set aside is no row, for good: a footer, a row of totals. It is known again
    by what stands in it. Example: `kampass data dismiss --table purchases --reason "fields"`.
    """
    from kampass.cli.workspace import say
    from kampass.errors import QuestionError
    from kampass.workspace import open_workspace, parse_instant

    if not ids and not (table or source or reason):
        raise QuestionError(
            "What is to be dismissed?",
            hint="Name rows by their _id, or say --table, --source or --reason.",
        )
    opened = open_workspace(workspace)
    at = parse_instant(recorded_at) if recorded_at else None
    rows = opened.dismiss(*(ids or ()), table=table, source=source, reason=reason, recorded_at=at)
    for row in rows[:_SHOWN]:
        place = f"line {row.line}" if row.line else "a row"
        say(f"  {row.table}, {place}: {row.value or row.reason}")
    more = f" (the first {_SHOWN} are above)" if len(rows) > _SHOWN else ""
    said = "1 row is" if len(rows) == 1 else f"{len(rows):,} rows are"
    say(f"{said} dismissed{more}. 'kampass data loads' lists it; dropping it takes it back.")


@data_app.command("held")
def show_held(
    load: Annotated[
        int | None, typer.Argument(help="One load that waits; all of them if left out.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    form: FormOption = Form.table,
) -> None:
    """Say what a load that waits would change, before you decide. Example: `kampass data held
    4`.
    """
    from kampass.cli.views import held
    from kampass.cli.workspace import busy
    from kampass.workspace import open_workspace

    with busy("Building a preview"):
        opened = open_workspace(workspace)
        found = opened.held(load)
    if form is Form.json:
        print(json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=1))
    else:
        held.show_held(found, opened.settings.currency)


@data_app.command("drop")
def drop_load(load: int, workspace: WorkspaceOption = Path()) -> None:
    """Take a load back and publish what remains. Example: `kampass data drop 3`."""
    from kampass.cli.workspace import say
    from kampass.workspace import open_workspace

    snapshot = open_workspace(workspace).drop(load)
    say(
        f"Load {load} no longer counts."
        + (f" Snapshot {snapshot.id} is current." if snapshot else " Nothing is published now.")
    )


@data_app.command("confirm")
def confirm_load(load: int, workspace: WorkspaceOption = Path()) -> None:
    """Let a load count that the deletion brake holds. Example: `kampass data confirm 4`."""
    from kampass.cli.workspace import say
    from kampass.workspace import open_workspace

    say(f"Load {load} counts. Snapshot {open_workspace(workspace).confirm(load).id} is current.")


def _show(rows: list[dict[str, object]], form: Form, console: "Callable[[], Console]") -> None:
    if form is Form.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return
    from rich.table import Table
    from rich.text import Text

    from kampass.cli.terminal import printable

    if not rows:
        console().print("Nothing.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(
            *(Text("" if value is None else printable(str(value))) for value in row.values())
        )
    console().print(table)
