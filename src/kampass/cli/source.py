"""`kampass source`: what the sources are, and what their files would become before anything is
loaded.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.data import Form, FormOption, WorkspaceOption
from kampass.cli.terminal import harmless, printable

if TYPE_CHECKING:
    from kampass.intake.mapping.draft import DraftTerms
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
    from kampass.cli.workspace import HELD, busy
    from kampass.workspace import open_workspace

    with busy("Reading") as tell:
        found = open_workspace(workspace).preview(source, table, rows=rows, tell=tell)
    if form is Form.json:
        print(json.dumps([preview.to_dict() for preview in found], ensure_ascii=False, indent=1))
        raise typer.Exit(HELD if any(preview.keeps_nothing for preview in found) else 0)
    for preview in found:
        for shown in preview.tables:
            _show(preview.source, shown)
        if preview.keeps_nothing:
            _say(f"{preview.source}: no row would be kept, so a load would wait.", "bold red")
    if any(preview.keeps_nothing for preview in found):
        raise typer.Exit(HELD)


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
    if any(len(question.readings) > 1 for question in shown.questions):
        say("  Nothing is loaded until kampass.toml says which.", "bold")
    _show_accounts(shown)
    if shown.unmapped:
        say(f"  not used from the file: {_several(shown.unmapped)}", "dim")
    if shown.unfilled:
        say(f"  not filled: {_several(shown.unfilled)}", "dim")
    for notice in shown.notices:
        say(f"  note: {notice}")
    say("")


def _show_accounts(shown: "TablePreview") -> None:
    """What became of the records, as the load would count them."""
    from kampass.render import words

    for file in shown.files:
        if file.left_out:
            _say(f"  {words.accounted(file)}")
    if shown.conflicting:
        _say(f"  {words.conflicting(shown.conflicting)}")
    if shown.set_aside:
        _say(f"  {shown.set_aside:,} of {shown.rows:,} rows would be set aside:")
    for aside in shown.aside:
        where = f"line {aside.line}" if aside.line is not None else "a row"
        _say(
            f"    {where}: {aside.column} {words.stood(aside.value)} {aside.reason}"
            if aside.column
            else f"    {where} {aside.reason}"
        )


def _several(names: tuple[str, ...]) -> str:
    at_most = 30
    return ", ".join(names[:at_most]) + (
        f" and {len(names) - at_most:,} more" if len(names) > at_most else ""
    )


def _show_columns(shown: "TablePreview") -> None:
    from rich.table import Table
    from rich.text import Text

    from kampass.cli.views.show import console
    from kampass.render import words

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
            words.cells(column.empty, column.nulls),
            words.cells(column.set_aside, column.unread),
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


def _own(folder: Path, wish: "DraftTerms") -> "DraftTerms":
    """The wish with the currency and the time zone of a workspace, where there is one that can be
    read.
    """
    from kampass.errors import DataError
    from kampass.workspace.settings import FILE, read

    if not (folder / FILE).is_file():
        return wish
    try:
        settings = read(folder)
    except DataError:
        return wish
    return replace(wish, currency=settings.currency, timezone=settings.timezone)


@source_app.command("draft")
def draft_mapping(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    files: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, TSV, Excel, JSON lines or Parquet files, packed or not.", metavar="FILE..."
        ),
    ],
    table: Annotated[
        str | None,
        typer.Option(help="The canonical table they fill; what their columns tell if left out."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Only this sheet of a workbook; all of them if left out.")
    ] = None,
    header_row: Annotated[
        int | None, typer.Option(help="The line of the header; found if left out.", min=1)
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the source is to be called.")] = None,
    workspace: WorkspaceOption = Path(),
    form: FormOption = Form.table,
) -> None:
    """Print a mapping to begin with, open questions as comments. Example: `kampass source draft
    deals.csv tickets.xlsx >> kampass.toml`.
    """
    from kampass.errors import UnknownName
    from kampass.intake.mapping.draft import DraftTerms, together, written
    from kampass.model import TABLES

    if table is not None and table not in TABLES:
        raise UnknownName("table", table, TABLES, hint=f"Tables: {', '.join(TABLES)}.")
    called = name or ("mine" if len(files) == 1 else "")
    wish = DraftTerms(table or "", sheet or "", header_row or 0, called)
    found = together(files, _own(workspace, wish))
    if form is Form.json:
        print(json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=1))
    else:
        print("\n".join(written(one, workspace) for one in found), end="")
    for one in found:
        for place in one.unknown:
            _tell_unknown(place)


def _tell_unknown(place: str) -> None:
    """Say on stderr that nothing tells what a file's rows are."""
    from kampass.cli.workspace import say
    from kampass.model import TABLES

    say(f"Nothing says what the rows of {place} are. Say it with --table: {', '.join(TABLES)}.")
