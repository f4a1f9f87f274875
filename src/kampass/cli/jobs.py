"""`kampass jobs` and `kampass run`: what long work is done, waits or was done, and doing what waits
without a server.
"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.data import Form, FormOption, WorkspaceOption

if TYPE_CHECKING:
    from kampass.workspace import Workspace
    from kampass.workspace.jobs.jobs import Job

UNDONE = 3
_LOOK = 1.0


def jobs(
    workspace: WorkspaceOption = Path(),
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many, the latest.")] = 20,
    form: FormOption = Form.table,
) -> None:
    """List the work that is done, waits or was done, latest first. Example: `kampass jobs`."""
    from kampass.workspace import open_workspace

    found = open_workspace(workspace).jobs.listed(limit)
    if form is Form.json:
        print(json.dumps([job.to_dict() for job in found], ensure_ascii=False, indent=1))
    else:
        _show(found)


def run(
    workspace: WorkspaceOption = Path(),
    *,
    forever: Annotated[
        bool,
        typer.Option(
            "--forever", help="Go on: do what waits, and read the sources again every so often."
        ),
    ] = False,
    every: Annotated[
        int, typer.Option(min=1, help="With --forever, minutes between two readings.")
    ] = 60,
) -> None:
    """Read every source and do all work that waits, without a server. Example: `kampass run
    --forever --every 15`.
    """
    from kampass.workspace import open_workspace

    opened = open_workspace(workspace)
    fine = _synced(opened)
    while forever:
        due = time.monotonic() + every * 60
        while time.monotonic() < due:
            _do_one(opened)
        opened.refresh()
        _synced(opened)
    raise typer.Exit(0 if fine else UNDONE)


def _synced(opened: "Workspace") -> bool:
    """Do all that waits and a reading of every source, whichever process does it; whether that is
    done and nothing of it waits.
    """
    from kampass.workspace.jobs.jobs import Order

    asked = opened.jobs.ask(Order("sync", "Reading every source", what={"source": None}))
    while (job := opened.jobs.get(asked.id)) is not None and not job.over:
        _do_one(opened)
    if job is None or job.came is None:
        return False
    waits = {load.id for load in opened.manifest.loads(states=("held",))}
    return not waits & set(job.came.loads)


def _do_one(opened: "Workspace") -> None:
    """Do the next job and say what came of it, or wait a moment for one."""
    from kampass.cli.workspace import say
    from kampass.workspace.jobs.runner import run_next

    number = run_next(opened)
    done = None if number is None else opened.jobs.get(number)
    if done is None:
        opened.jobs.asked.wait(_LOOK)
        opened.jobs.asked.clear()
    else:
        say(f"{done.title}: {done.message}")


def _show(found: "list[Job]") -> None:
    from rich.table import Table
    from rich.text import Text

    from kampass.cli.terminal import printable
    from kampass.cli.views.show import console
    from kampass.render.display import show_amount
    from kampass.store.records import to_text

    if not found:
        console().print("Nothing.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Job", "What", "Asked by", "Asked at", "State", "Done", "Message"):
        table.add_column(name)
    for job in found:
        done = show_amount(job.done, job.total, job.unit)
        words = job.message if job.over else job.step
        cells = (job.id, job.title, job.asked_by, to_text(job.asked_at), job.state, done, words)
        table.add_row(*(Text(printable(str(cell))) for cell in cells))
    console().print(table)
