"""`kampass source`: what the sources are, and what their files would become before anything is
loaded.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.data import Form, FormOption, WorkspaceOption
from kampass.cli.terminal import harmless, printable

if TYPE_CHECKING:
    from kampass.intake.mapping.questions import OpenQuestion
    from kampass.intake.preview import TablePreview

source_app = typer.Typer(
    help="The sources, and what their files would become.", no_args_is_help=True
)


@source_app.command("list")
def list_sources(workspace: WorkspaceOption = Path(), form: FormOption = Form.table) -> None:
    """List the sources and the tables they state. Example: `kampass source list`."""
    from rich.table import Table
    from rich.text import Text

    from kampass.cli.views.show import console
    from kampass.model.messages import TableSource
    from kampass.workspace import open_workspace
    from kampass.workspace.loads.loads import sources

    opened = open_workspace(workspace)
    loaded = {card.name: card.tables for card in sources(opened)}
    rows = [
        {
            "source": said.name,
            "kind": said.kind,
            "path": str(said.options.get("path", "")),
            "tables": list(
                source.tables() if isinstance(source, TableSource) else loaded[said.name]
            ),
        }
        for said, source in zip(opened.settings.sources, opened.sources(), strict=True)
    ]
    if form is Form.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("source", "kind", "path", "tables"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            *(
                Text(printable(str(cell) if not isinstance(cell, list) else ", ".join(cell)))
                for cell in row.values()
            )
        )
    console().print(table if rows else "kampass.toml names no source.")


@source_app.command("preview")
def preview_source(
    source: Annotated[
        str | None, typer.Argument(help="One source of kampass.toml; all of them if left out.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    table: Annotated[str | None, typer.Option(help="Only this table.")] = None,
    rows: Annotated[
        int, typer.Option(help="How many rows that would be set aside are shown.", min=0)
    ] = 5,
    form: FormOption = Form.table,
) -> None:
    """Show what each column becomes and which rows would be set aside; nothing is loaded. Example:
    `kampass source preview crm --table accounts`.
    """
    from kampass.cli.workspace import busy
    from kampass.workspace import open_workspace

    with busy("Reading") as tell:
        found = open_workspace(workspace).preview(source, table, rows=rows, tell=tell)
    if form is Form.json:
        print(json.dumps([preview.to_dict() for preview in found], ensure_ascii=False, indent=1))
        return
    for preview in found:
        for shown in preview.tables:
            _show(preview.source, shown)


def _say(text: str, style: str = "") -> None:
    from rich.text import Text

    from kampass.cli.views.show import console

    console().print(Text(harmless(text), style=style))


def _show(source: str, shown: "TablePreview") -> None:
    say = _say
    say(f"{source}: {shown.table} from {shown.file} ({shown.form}), {shown.rows:,} rows", "bold")
    _show_columns(shown)
    for name in shown.missing:
        say(f"  required and not filled: {name}", "bold red")
    for question in shown.questions:
        _show_question(question)
    if shown.questions:
        say("  Nothing is loaded until kampass.toml says which.", "bold")
    if shown.set_aside:
        say(f"  {shown.set_aside:,} of {shown.rows:,} rows would be set aside:")
    for aside in shown.aside:
        where = f"line {aside.line}" if aside.line is not None else "a row"
        say(
            f"    {where}: {aside.column} {aside.value!r} {aside.reason}"
            if aside.column
            else f"    {where} {aside.reason}"
        )
    if shown.unmapped:
        say(f"  not used from the file: {_several(shown.unmapped)}", "dim")
    if shown.unfilled:
        say(f"  not filled: {_several(shown.unfilled)}", "dim")
    for notice in shown.notices:
        say(f"  note: {notice}")
    say("")


def _several(names: tuple[str, ...]) -> str:
    at_most = 30
    return ", ".join(names[:at_most]) + (
        f" and {len(names) - at_most:,} more" if len(names) > at_most else ""
    )


def _show_columns(shown: "TablePreview") -> None:
    from rich.table import Table
    from rich.text import Text

    from kampass.cli.views.show import console

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, right in (
        ("Column", False),
        ("From", False),
        ("Read as", False),
        ("Examples", False),
        ("Empty", True),
        ("Set aside", True),
    ):
        table.add_column(name, justify="right" if right else "left")
    for column in shown.columns:
        examples = ", ".join(
            before if before == after else f"{before} → {after if after is not None else '?'}"
            for before, after in column.examples
        )
        cells = (
            column.column
            + ("!" if column.required else "")
            + (" (attribute)" if column.attribute else ""),
            column.source,
            column.format or column.type,
            examples,
            f"{column.empty:,}" if column.empty else "",
            f"{column.set_aside:,}" if column.set_aside else "",
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console().print(table)


def _show_question(question: "OpenQuestion") -> None:
    _say(
        (
            f"  asked: '{question.header}' ({', '.join(value for _, value in question.examples)}): "
            f"{question.what} Line {question.examples[0][0]}."
        ),
        "bold",
    )
    for reading in question.readings:
        unread = f"; {reading.unread:,} values do not read so" if reading.unread else ""
        _say(f"    {reading.setting}\n        {', '.join(reading.values)}{unread}")


@source_app.command("draft")
def draft_mapping(
    file: Annotated[Path, typer.Argument(help="A CSV, TSV, Excel or JSON lines file.")],
    table: Annotated[
        str | None, typer.Option(help="The canonical table it fills; the file's name if left out.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the source is to be called.")] = "mine",
) -> None:
    """Print a mapping to begin with, open questions as comments. Example: `kampass source draft
    orders.csv --table purchases`.
    """
    from kampass.errors import DataError, UnknownName
    from kampass.intake.mapping.draft import draft
    from kampass.model import TABLES

    chosen = table or file.stem
    if chosen not in TABLES:
        raise UnknownName(
            "table", chosen, TABLES, hint=f"Say it with --table: {', '.join(TABLES)}."
        )
    if not file.is_file():
        raise DataError(f"There is no file {file}.", code="no_file")
    print(draft(file, chosen, name), end="")
