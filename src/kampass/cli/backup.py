"""`kampass backup`, `kampass restore`, `kampass verify`, `kampass repair`: keeping a workspace, and
knowing that it is whole.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.data import Form, FormOption, WorkspaceOption

if TYPE_CHECKING:
    from kampass.workspace.backup import Rebuilt

DAMAGED = 3


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write; it must not exist yet.")],
    workspace: WorkspaceOption = Path(),
    *,
    pinned: Annotated[
        bool,
        typer.Option(
            "--pinned",
            help="Pack pinned snapshots too; without, a restored workspace builds them when asked.",
        ),
    ] = False,
    form: FormOption = Form.table,
) -> None:
    """Write the whole workspace into one file. Example: `kampass backup acme-2026-03.zip`."""
    from kampass.cli.workspace import say, working
    from kampass.workspace import open_workspace
    from kampass.workspace.jobs.jobs import Came

    opened = open_workspace(workspace)
    with working(opened, "backup", f"Backing up to {file.name}") as doing:
        made = opened.backup(file, pinned=pinned, tell=doing)
        doing.came = Came(f"{len(made.contents.members)} files, {made.size:,} bytes.")
    if form is Form.json:
        print(json.dumps(made.to_dict(), ensure_ascii=False, indent=1))
        return
    proof = f"snapshot {made.contents.snapshot}" if made.contents.snapshot else "nothing loaded yet"
    say(
        f"Wrote {file}: {made.contents.loads} loads in {len(made.contents.members)} files, "
        f"{made.size:,} bytes, {proof}."
    )
    for notice in made.notices:
        say(f"  note: {notice}.")


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    folder: Annotated[
        Path,
        typer.Argument(
            help="Where the workspace goes: a folder that is empty or does not exist yet."
        ),
    ],
    form: FormOption = Form.table,
) -> None:
    """Put a workspace back from a backup, and prove that it is the same. Example: `kampass restore
    acme-2026-03.zip acme`.
    """
    from kampass.cli.workspace import busy, say
    from kampass.workspace.backup import restore as put_back

    with busy("Restoring") as tell:
        restored = put_back(file, folder, tell=tell)
    if form is Form.json:
        print(json.dumps(restored.to_dict(), ensure_ascii=False, indent=1))
        return
    proof = (
        f"Snapshot {restored.snapshot} was built again, and its export is that of the backup."
        if restored.snapshot
        else "Nothing was loaded in it yet."
    )
    say(f"Restored {restored.files} files to {folder}. {proof}")
    for notice in restored.notices:
        say(f"  note: {notice}.")
    say(f"Next: 'kampass doctor --workspace {folder}'.")


def verify(
    file: Annotated[
        Path | None, typer.Argument(help="A backup; without one, the workspace is checked.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    form: FormOption = Form.table,
) -> None:
    """Check every digest of a workspace or a backup, changing nothing. Example: `kampass
    verify`.
    """
    from kampass.cli.workspace import busy, say
    from kampass.workspace.backup import verify_backup, verify_workspace

    with busy("Checking") as tell:
        found = verify_backup(file, tell=tell) if file else verify_workspace(workspace, tell=tell)
    if form is Form.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
    else:
        for finding in found.findings:
            say(f"{finding.place}: {finding.what}.\n  {finding.way_out}")
        verdict = "whole" if found.whole else f"{len(found.findings)} found damaged"
        say(
            f"Checked {found.files} files of {found.loads} loads and {found.snapshots} snapshots "
            f"in {found.checked}: {verdict}."
        )
    raise typer.Exit(0 if found.whole else DAMAGED)


def repair(workspace: WorkspaceOption = Path(), form: FormOption = Form.table) -> None:
    """Write the application database again from the journal, where it is gone, damaged or older;
    nothing is deleted. Example: `kampass repair`.
    """
    from kampass.cli.workspace import busy, say
    from kampass.workspace import open_workspace
    from kampass.workspace.backup import rebuild

    with busy("Repairing") as tell:
        rebuilt = rebuild(workspace, tell=tell)
        changed = rebuilt.loads or rebuilt.states
        opened = open_workspace(workspace) if changed and rebuilt.whole else None
        counts = opened is not None and bool(opened.manifest.loads())
        published = opened.publish(tell=tell) if opened is not None and counts else None
    if form is Form.json:
        print(json.dumps(rebuilt.to_dict(), ensure_ascii=False, indent=1))
        return
    say(_what_was_repaired(rebuilt))
    for notice in rebuilt.notices:
        say(f"  note: {notice}.")
    if published is not None:
        say(f"Snapshot {published.id} answers.")
    if not rebuilt.whole:
        say(
            "Until each source is read whole again, answers may lack rows. Next: 'kampass sync "
            f"--workspace {workspace}'."
        )


def _what_was_repaired(rebuilt: "Rebuilt") -> str:
    said = []
    if rebuilt.loads:
        said.append(f"{_number(len(rebuilt.loads), 'load')} put back")
    if rebuilt.states:
        said.append(f"what became of {_number(len(rebuilt.states), 'load')} put right")
    if rebuilt.missing:
        said.append(f"missing: {', '.join(f'load {number}' for number in rebuilt.missing)}")
    if rebuilt.unplaced:
        batches = _number(len(rebuilt.unplaced), "batch or line", "batches or lines")
        said.append(f"{batches} moved to .kampass/unplaced: nobody knows whose rows they hold")
    if not said:
        return "The database knows all that the journal does: there is nothing to repair."
    return f"{'; '.join(said)}."


def _number(n: int, one: str, several: str = "") -> str:
    return f"{n} {one if n == 1 else several or one + 's'}"
