"""The commands and their options; each asks the workspace and shows what it says."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kampass.cli.assist import mcp
from kampass.cli.backup import backup, repair, restore, verify
from kampass.cli.catalogue import catalogue_app
from kampass.cli.data import Form, FormOption, RowFormat, WorkspaceOption, data_app
from kampass.cli.jobs import jobs, run
from kampass.cli.question import asks
from kampass.cli.remote import asked_of
from kampass.cli.serve import serve
from kampass.cli.snapshot import snapshot_app
from kampass.cli.source import source_app
from kampass.cli.trial import try_files
from kampass.engine.question import ENDS
from kampass.errors import QuestionError

app = typer.Typer(
    name="kampass",
    help="Every account-management KPI from your own systems, explained down to its rows.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(catalogue_app, name="catalogue")
app.add_typer(data_app, name="data")
app.add_typer(source_app, name="source")
app.add_typer(snapshot_app, name="snapshot")


REMOTE = ("kpi", "explain", "bridge", "mcp")
"""The commands that can ask a server."""


def complete_kpi(incomplete: str) -> list[tuple[str, str]]:
    """KPI ids for the shell's completion."""
    from kampass.catalogue import shipped

    return [(kpi.id, kpi.name) for kpi in shipped() if kpi.id.startswith(incomplete)]


class Format(StrEnum):
    """How answers are written."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"
    png = "png"
    svg = "svg"


Part = Literal["numerator", "denominator", "excluded"]
KnownAtOption = Annotated[str | None, typer.Option(help="As known at this instant.")]
SnapshotOption = Annotated[str | None, typer.Option(help="From this snapshot.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    server: Annotated[
        str | None,
        typer.Option(
            help="Ask this server instead of a workspace here; the token is read from "
            "KAMPASS_TOKEN."
        ),
    ] = None,
) -> None:
    context.obj = server
    if server is not None and context.invoked_subcommand not in {*REMOTE, None}:
        raise QuestionError(
            f"'{context.invoked_subcommand}' works on a workspace of this machine.",
            code="not_over_server",
            hint=f"--server goes with {', '.join(REMOTE)}.",
        )
    if version:
        from kampass.version import VERSION

        print(f"kampass {VERSION}")
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The new workspace's folder.")],
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A folder of canonical CSV or Parquet files to load and publish."
        ),
    ] = None,
    *,
    sample: Annotated[
        bool, typer.Option("--sample", help="Fill it with the sample company.")
    ] = False,
    scale: Annotated[float, typer.Option("--scale", help="The sample company's size.")] = 1.0,
    timezone: Annotated[
        str, typer.Option(help="IANA time zone in which days and months are cut.")
    ] = "UTC",
    currency: Annotated[
        str, typer.Option(help="Money is shown in this currency (ISO 4217).")
    ] = "USD",
    fiscal_start: Annotated[int, typer.Option(help="First month of the fiscal year.")] = 1,
    week_start: Annotated[str, typer.Option(help="monday, sunday or saturday.")] = "monday",
    recorded_at: Annotated[
        str | None, typer.Option(help="Date the load: 2026-01-03T00:00:00Z.")
    ] = None,
) -> None:
    """Make a workspace. Example: `kampass init acme --from exports --timezone Europe/Berlin`."""
    from kampass.cli.workspace import init_workspace

    waits = init_workspace(
        folder,
        from_,
        recorded_at,
        scale if sample else None,
        timezone=timezone,
        currency=currency,
        fiscal_start=fiscal_start,
        week_start=week_start,
    )
    raise typer.Exit(waits)


@app.command()
def sync(
    source: Annotated[
        str | None, typer.Argument(help="One source of kampass.toml; all of them if left out.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    recorded_at: Annotated[
        str | None, typer.Option(help="Date the load: 2026-01-03T00:00:00Z.")
    ] = None,
) -> None:
    """Load what the sources state now, and publish it. Example: `kampass sync`."""
    from kampass.cli.workspace import sync_workspace

    raise typer.Exit(sync_workspace(workspace, source, recorded_at))


@app.command()
def publish(workspace: WorkspaceOption = Path()) -> None:
    """Build a snapshot of the loads and make it current. Example: `kampass publish`."""
    from kampass.cli.workspace import publish_workspace

    publish_workspace(workspace)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    workspace: WorkspaceOption = Path(),
    known_at: KnownAtOption = None,
    snapshot: SnapshotOption = None,
) -> None:
    """Write a snapshot's tables as a canonical folder. Example: `kampass export backup`."""
    from kampass.cli.workspace import export_workspace

    export_workspace(workspace, folder, known_at, snapshot)


@app.command()
@asks()
def kpi(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            help="KPIs, see `kampass catalogue list`; without any, those switched on.",
            metavar="ID...",
            autocompletion=complete_kpi,
        ),
    ] = None,
    workspace: WorkspaceOption = Path(),
    format: Annotated[Format, typer.Option(help="How the answer is written.")] = Format.table,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file that it is written to; stdout if left out."),
    ] = None,
    **words: Any,
) -> None:
    """Ask for KPIs. Example: `kampass kpi nrr csat --period 2025 --grain quarter --by segment`."""
    from kampass.cli.views.show import show_result

    opened = asked_of(context, workspace)
    show_result(opened.kpi(ids or list(opened.enabled), **words), format.value, output)


@app.command()
@asks(period="As `kampass kpi` takes it.")
def explain(
    context: typer.Context,
    ids: Annotated[
        list[str],
        typer.Argument(
            help="KPIs, see `kampass catalogue list`.", metavar="ID...", autocompletion=complete_kpi
        ),
    ],
    workspace: WorkspaceOption = Path(),
    rows: Annotated[Part | None, typer.Option("--rows", help="The source rows instead.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, help="At most so many rows for each measure.")
    ] = None,
    format: Annotated[
        RowFormat, typer.Option(help="How it is written; csv is for --rows.")
    ] = RowFormat.table,
    **words: Any,
) -> None:
    """Take a figure apart, down to its rows. Example: `kampass explain nrr --period 2025-Q4 --by
    segment --rows denominator`.
    """
    from kampass.cli.views.explain import show_explanations, show_rows

    opened = asked_of(context, workspace)
    if rows is not None:
        show_rows(opened.rows(ids, rows, limit=limit, **words), format.value)
    else:
        show_explanations(opened.explain(ids, **words), format.value)


@app.command()
@asks(ENDS, by="Whose part: a dimension; accounts if left out.")
def bridge(
    context: typer.Context,
    kpi_id: Annotated[
        str,
        typer.Argument(
            help="A KPI, see `kampass catalogue list`.", metavar="ID", autocompletion=complete_kpi
        ),
    ],
    before: Annotated[str, typer.Argument(help="The earlier period, e.g. 2025-Q3.")],
    after: Annotated[str, typer.Argument(help="The later period, e.g. 2025-Q4.")],
    workspace: WorkspaceOption = Path(),
    before_known_at: Annotated[
        str | None, typer.Option(help="The earlier figure as known at this instant.")
    ] = None,
    before_snapshot: Annotated[
        str | None, typer.Option(help="The earlier figure from this snapshot.")
    ] = None,
    form: FormOption = Form.table,
    **words: Any,
) -> None:
    """Say what lies between two figures, nothing left over. Example: `kampass bridge nrr 2025-Q3
    2025-Q4 --by segment`.
    """
    from kampass.cli.views.bridge import show_bridges

    bridges = asked_of(context, workspace).bridge(
        kpi_id,
        before,
        after,
        before_known_at=before_known_at,
        before_snapshot=before_snapshot,
        **words,
    )
    show_bridges(bridges, form.value)


@app.command()
def doctor(
    workspace: WorkspaceOption = Path(),
    form: FormOption = Form.table,
) -> None:
    """Say what is connected, covered, set aside, and which KPIs are possible. Example: `kampass
    doctor`.
    """
    from kampass.cli.workspace import doctor_workspace

    doctor_workspace(workspace, as_json=form is Form.json)


@app.command()
def template(
    table: Annotated[str, typer.Argument(help="A canonical table, e.g. accounts.")],
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only the explanation of the columns, on stdout.")
    ] = False,
) -> None:
    """Print an empty CSV of a table, its columns explained on stderr. Example: `kampass template
    accounts > accounts.csv`.
    """
    from kampass.cli.workspace import print_template

    print_template(table, explain=explain)


app.command("try")(try_files)
for command in (backup, restore, verify, repair, serve, run, jobs, mcp):
    app.command()(command)
