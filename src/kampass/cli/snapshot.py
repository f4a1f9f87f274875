"""`kampass snapshot`: what was published when, what keeps its file, and what changed between two of
them.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.data import Form, FormOption, WorkspaceOption

if TYPE_CHECKING:
    from kampass.workspace import Workspace
    from kampass.workspace.published import SnapshotCard

snapshot_app = typer.Typer(
    help="Snapshots: list, show, pin and compare what was known when.", no_args_is_help=True
)
GrainOption = Annotated[
    str | None, typer.Option("--grain", help="Cut the period: day, week, month, quarter or year.")
]
SnapshotArgument = Annotated[
    str, typer.Argument(metavar="ID", help="A snapshot's id, or the start of it.")
]


@snapshot_app.command("list")
def list_snapshots(workspace: WorkspaceOption = Path(), form: FormOption = Form.table) -> None:
    """List every snapshot, oldest knowledge first. Example: `kampass snapshot list`."""
    from kampass.cli.views.restated import grid
    from kampass.cli.views.show import console
    from kampass.workspace import open_workspace
    from kampass.workspace.published import cards

    found = cards(open_workspace(workspace))
    if form is Form.json:
        print(json.dumps([card.to_dict() for card in found], ensure_ascii=False, indent=1))
        return
    if not found:
        console().print("Nothing has been published yet.")
        return
    head = ("", "Id", "Known at", "Published", "Loads", "Rows", "File", "Rules", "Pinned")
    grid(head, (_line(card) for card in found), right={4, 5, 6})
    console().print(
        "● current. Rules: settings and definitions as published, against today's.", style="dim"
    )


@snapshot_app.command("show")
def show_snapshot(
    snapshot: SnapshotArgument, workspace: WorkspaceOption = Path(), form: FormOption = Form.table
) -> None:
    """Show one snapshot: tables, loads, coverage, rules. Example: `kampass snapshot show 3f2a`."""
    from kampass.cli.views.restated import grid
    from kampass.workspace import open_workspace
    from kampass.workspace.published import detail

    found = detail(open_workspace(workspace), snapshot)
    if form is Form.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
        return
    card = found.card
    print(f"Snapshot {card.id}{' (current)' if card.current else ''}, known at {card.known_at}")
    for time in found.publications:
        print(
            f"  published {_minute(time.published_at.isoformat())}, settings "
            f"{time.settings_digest or 'unknown'}, definitions "
            f"{time.catalogue_digest or 'unknown'}"
        )
    print(
        f"  today: settings {_as_today(card.settings_are_todays)}, definitions "
        f"{_as_today(card.definitions_are_todays)}"
    )
    if found.pin:
        print(
            f"  pinned by {found.pin.who or 'somebody'} on "
            f"{found.pin.pinned_at:%Y-%m-%d}{': ' + found.pin.why if found.pin.why else ''}"
        )
    grid(
        ("Table", "Rows", "Set aside", "Covered"),
        (
            (
                t["table"],
                f"{t['rows']:,}",
                f"{t['set_aside']:,}" if t["set_aside"] else "",
                ", ".join(f"{span['from'][:10]} to {span['to'][:10]}" for span in t["covered"])
                + (" (assumed)" if t["assumed"] else ""),
            )
            for t in found.tables
        ),
        right={1, 2},
    )
    grid(
        ("Load", "Source", "Recorded"),
        ((str(load["load"]), load["source"], _minute(load["recorded_at"])) for load in found.loads),
        right={0},
    )


@snapshot_app.command("pin")
def pin_snapshot(
    snapshot: SnapshotArgument,
    workspace: WorkspaceOption = Path(),
    why: Annotated[
        str, typer.Option("--why", help="What it is kept for, e.g. 'board report Q1'.")
    ] = "",
) -> None:
    """Keep a snapshot's file whatever retention says. Example: `kampass snapshot pin 3f2a --why
    "board report Q1"`.
    """
    import getpass
    from datetime import UTC, datetime

    from kampass.cli.workspace import say
    from kampass.workspace import open_workspace
    from kampass.workspace.published import pin

    say(
        "Snapshot "
        f"{pin(open_workspace(workspace), snapshot, why, getpass.getuser(), datetime.now(UTC)).id} "
        "stays until it is unpinned."
    )


@snapshot_app.command("unpin")
def unpin_snapshot(snapshot: SnapshotArgument, workspace: WorkspaceOption = Path()) -> None:
    """Leave a snapshot to retention again. Example: `kampass snapshot unpin 3f2a`."""
    from kampass.cli.workspace import say
    from kampass.workspace import open_workspace
    from kampass.workspace.published import unpin

    say(
        f"Snapshot {unpin(open_workspace(workspace), snapshot).id} stays as long as retention "
        "keeps it."
    )


@snapshot_app.command("diff")
def diff_snapshots(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    before: Annotated[
        str, typer.Argument(metavar="A", help="The earlier snapshot's id, or the start of it.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The later one's.")],
    workspace: WorkspaceOption = Path(),
    table: Annotated[str | None, typer.Option(help="Only the rows of this table.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many rows of a table.")] = 20,
    kpi: Annotated[
        list[str] | None,
        typer.Option(
            "--kpi", help="Look at this KPI (again for more); without any, those switched on."
        ),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Look at every KPI.")] = False,
    period: Annotated[
        str | None,
        typer.Option("--period", "-p", help="Which periods; without it the last 36 closed months."),
    ] = None,
    grain: GrainOption = None,
    form: FormOption = Form.table,
) -> None:
    """The restatement report: which rows and which closed figures changed. Example: `kampass
    snapshot diff 3f2a 9c1b --kpi nrr`.
    """
    from kampass.cli.views.restated import print_restatement
    from kampass.cli.workspace import busy
    from kampass.workspace import open_workspace
    from kampass.workspace.restated import restate

    opened = open_workspace(workspace)
    with busy("Comparing"):
        rows = _differing(opened, before, after, table, limit)
        report = restate(
            opened,
            before,
            after,
            kpis=list(opened.catalogue.kpis) if every else kpi or (),
            period=period,
            grain=grain,
        )
    if form is Form.json:
        print(
            json.dumps(
                report.to_dict() | {"rows": rows}, ensure_ascii=False, indent=1, allow_nan=False
            )
        )
        return
    print_restatement(report, rows, limit, opened.settings.currency)


def _line(card: "SnapshotCard") -> Sequence[str]:
    file = (
        f"{card.size / 1e6:,.1f} MB"
        if card.size is not None
        else "rebuilds from the journal"
        if card.rebuilds
        else "gone"
    )
    pinned = "" if card.pinned is None else card.pinned or "yes"
    published = _minute(card.published_at) if card.published_at else "for a question"
    rows = f"{sum(card.rows.values()):,}" if card.rows else ""
    return (
        "●" if card.current else "",
        card.id,
        _minute(card.known_at),
        published,
        str(card.loads),
        rows,
        file,
        _rules(card),
        pinned,
    )


def _rules(card: "SnapshotCard") -> str:
    """In how far the rules of publication are today's."""
    states = {"settings": card.settings_are_todays, "definitions": card.definitions_are_todays}
    if any(state is None for state in states.values()):
        return "unknown" if card.published_at else ""
    changed = [name for name, state in states.items() if not state]
    return f"other {' and '.join(changed)}" if changed else "today's"


def _as_today(state: bool | None) -> str:  # noqa: FBT001 - three states of one word
    return "unknown" if state is None else "the same" if state else "changed since"


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")


def _differing(
    opened: "Workspace", before: str, after: str, table: str | None, limit: int
) -> list[dict[str, object]]:
    """The rows of one table that differ, or of all."""
    from kampass.insight.restated.restatement import row_dict
    from kampass.model import TABLES
    from kampass.workspace.restated import check_table, difference

    names = [check_table(table)] if table else list(TABLES)
    with difference(opened, before, after) as found:
        wanted = {count.table for count in found.counts()}
        return [
            row_dict(row)
            for name in names
            if name in wanted
            for row in found.rows(name, limit=limit)
        ]
