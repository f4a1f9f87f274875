"""`kampass catalogue`: what the KPIs are, and whether their definitions hold."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.data import Form, FormOption

if TYPE_CHECKING:
    from kampass.catalogue import Catalogue

catalogue_app = typer.Typer(
    help="The KPIs: list, show, test, lint and compare their definitions.", no_args_is_help=True
)
WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace", "-w", help="A workspace with KPIs of its own.", envvar="KAMPASS_WORKSPACE"
    ),
]


@catalogue_app.command("list")
def list_kpis(workspace: WorkspaceOption = Path(), form: FormOption = Form.table) -> None:
    """List every KPI. Example: `kampass catalogue list`."""
    from rich.table import Table

    from kampass.cli.views.show import console

    catalogue, enabled = _catalogue(workspace)
    if form is Form.json:
        rows = [
            {
                "id": k.id,
                "name": k.name,
                "family": k.family,
                "unit": k.unit,
                "direction": k.direction,
                "kind": k.kind,
                "enabled": k.id in enabled,
            }
            for k in catalogue
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Id", "Question", "Unit", "Family"):
        table.add_column(name)
    for kpi in catalogue:
        table.add_row("●" if kpi.id in enabled else "", kpi.id, kpi.question, kpi.unit, kpi.family)
    console().print(table)
    console().print(f"{len(catalogue)} KPIs, ● switched on.", style="dim")


@catalogue_app.command("show")
def show_kpi(
    kpi_id: Annotated[str, typer.Argument(metavar="ID")],
    workspace: WorkspaceOption = Path(),
    form: FormOption = Form.table,
) -> None:
    """Show one definition. Example: `kampass catalogue show nrr`."""
    from kampass.catalogue.definition import describe

    described = describe(_catalogue(workspace)[0].get(kpi_id))
    if form is Form.json:
        print(json.dumps(described, ensure_ascii=False, indent=1))
        return
    for key, value in described.items():
        if value not in (None, "", [], {}):
            print(f"{key}:")
            for line in (
                value
                if isinstance(value, list)
                else [f"{k}: {v}" for k, v in value.items()]
                if isinstance(value, dict)
                else [value]
            ):
                print(f"  {line}")


@catalogue_app.command("enable")
def enable_kpis(
    ids: Annotated[list[str], typer.Argument(metavar="ID...")], workspace: WorkspaceOption = Path()
) -> None:
    """Switch KPIs on in the workspace. Example: `kampass catalogue enable win_rate`."""
    _switch(ids, workspace, on=True)


@catalogue_app.command("disable")
def disable_kpis(
    ids: Annotated[list[str], typer.Argument(metavar="ID...")], workspace: WorkspaceOption = Path()
) -> None:
    """Switch KPIs off in the workspace; they can still be asked for. Example: `kampass catalogue
    disable nps`.
    """
    _switch(ids, workspace, on=False)


@catalogue_app.command("test")
def run_tests(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Only these KPIs.", metavar="[ID]...")
    ] = None,
    workspace: WorkspaceOption = Path(),
    *,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants", help="Also break every definition and see whether its examples notice."
        ),
    ] = False,
) -> None:
    """Run the worked examples of the definitions. Example: `kampass catalogue test nps`."""
    from kampass.cli.workspace import busy, say
    from kampass.workspace.authoring.definitions import run_examples

    catalogue, _ = _catalogue(workspace)
    chosen = [catalogue.get(kpi_id) for kpi_id in ids] if ids else list(catalogue)
    if mutants:
        from kampass.workspace.authoring.mutants.mutants import print_table

        raise typer.Exit(print_table(chosen))
    with busy("Running the examples"):
        failures, count = run_examples(chosen)
    for failure in failures:
        print(failure)
    say(f"{count} examples of {len(chosen)} KPIs, {len(failures)} failed.")
    raise typer.Exit(3 if failures else 0)


@catalogue_app.command("lint")
def lint_kpis(workspace: WorkspaceOption = Path()) -> None:
    """Check every definition against the language. Example: `kampass catalogue lint`."""
    from kampass.catalogue.loader import misread
    from kampass.cli.workspace import say
    from kampass.workspace.authoring.definitions import lint

    catalogue, _ = _catalogue(workspace)
    findings = misread() + [finding for kpi in catalogue for finding in lint(kpi)]
    for finding in findings:
        print(finding)
    say(f"{len(catalogue)} definitions, {len(findings)} findings.")
    raise typer.Exit(3 if findings else 0)


@catalogue_app.command("diff")
def diff_definitions(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    ids: Annotated[
        list[str] | None, typer.Argument(help="Only these KPIs.", metavar="[ID]...")
    ] = None,
    workspace: WorkspaceOption = Path(),
    against: Annotated[
        str | None,
        typer.Option(
            help="A snapshot, or a folder of definitions; without it the current snapshot as "
            "published."
        ),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", "-p", help="Which periods; without it the last 12 closed months."),
    ] = None,
    grain: Annotated[
        str | None, typer.Option(help="Cut the period: day, week, month, quarter or year.")
    ] = None,
    form: FormOption = Form.table,
) -> None:
    """What changed definitions do to published numbers. Example: `kampass catalogue diff nrr
    --period 2025 --grain quarter`.
    """
    from kampass.cli.views.restated import print_redefinition
    from kampass.cli.workspace import busy
    from kampass.workspace import open_workspace
    from kampass.workspace.restated import redefined

    opened = open_workspace(workspace)
    with busy("Comparing"):
        found = redefined(opened, ids or (), against=against, period=period, grain=grain)
    if form is Form.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1, allow_nan=False))
        return
    print_redefinition(found, opened.settings.currency)


def _switch(ids: list[str], workspace: Path, *, on: bool) -> None:
    from kampass.cli.workspace import say
    from kampass.workspace import open_workspace
    from kampass.workspace.settings import switch

    opened = open_workspace(workspace)
    for kpi_id in ids:
        opened.catalogue.get(kpi_id)
    say(f"{len(switch(opened.folder, ids, on=on))} KPIs are switched on.")


def _catalogue(workspace: Path) -> "tuple[Catalogue, frozenset[str]]":
    """The workspace's catalogue, or the shipped one where there is no workspace."""
    from kampass.catalogue import PACK, shipped

    if not (workspace / "kampass.toml").exists():
        return shipped(), frozenset(PACK)
    from kampass.workspace import open_workspace

    opened = open_workspace(workspace)
    return opened.catalogue, frozenset(opened.settings.enabled)
