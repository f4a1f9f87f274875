"""`kampass try`: from files of other systems to figures, asking what the files leave open."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kampass.cli.terminal import printable

if TYPE_CHECKING:
    from kampass.intake.mapping.draft.asks import DraftAnswer, DraftQuestion
    from kampass.workspace.loads.trial import AskedDrafts, Trial

_FEW = 6
_NAMED = 4


def try_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Exports: CSV, TSV, Excel, JSON lines or Parquet, packed or not.",
            metavar="FILE...",
        ),
    ],
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", help="The new workspace's folder.")
    ] = Path("kampass"),
    answers: Annotated[
        Path | None, typer.Option(help="Answers that were written down; they are not asked again.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="IANA time zone in which days are cut.")] = "UTC",
    currency: Annotated[str, typer.Option(help="Money is shown in this currency.")] = "USD",
) -> None:
    """Draft, ask, load, and show the KPIs that became possible. Example: `kampass try deals.csv
    tickets.csv nps.csv`.
    """
    from kampass.cli.workspace import HELD, busy, say, tell_loads, tell_replaced
    from kampass.errors import DataError
    from kampass.workspace.loads.trial import begun, load_trial, read_answers
    from kampass.workspace.settings import FILE, WorkspaceSettings

    if (workspace / FILE).exists():
        raise DataError(
            f"{workspace} is a workspace already.",
            code="workspace_exists",
            hint="Name a new folder with --workspace.",
        )
    settings = WorkspaceSettings(timezone=timezone, currency=currency)
    with busy("Reading"):
        asked = begun(files, settings)
    _tell(asked)
    asked = _answered(asked, read_answers(answers) if answers else {})
    with busy("Loading"):
        found = load_trial(asked, workspace, settings)
    tell_loads(found.reports)
    tell_replaced(found.workspace.engine())
    _show(found)
    say(
        f"The workspace is {workspace}; its mapping is {workspace / FILE}, what was answered "
        f"{workspace / 'answers.toml'}. Next: 'kampass serve --workspace {workspace}'."
    )
    found.workspace.close()
    if any(load.state == "held" for load in found.reports):
        raise typer.Exit(HELD)


def _tell(asked: "AskedDrafts") -> None:
    """Say what each file was taken for."""
    from kampass.cli.workspace import say

    for draft in asked.drafts:
        known = f" ({draft.system})" if draft.system else ""
        for table in [one for one in draft.tables if one.stated]:
            filled = len(table.guesses)
            say(f"{table.file}{known}: {table.table}, {filled} columns filled.")
        for sheet in draft.hidden:
            say(f"{sheet}: the sheet is hidden in the workbook, and is read all the same.")
        for place in draft.unknown:
            say(f"{place}: nothing says what its rows are; it is left out.")


def _answered(asked: "AskedDrafts", given: Mapping[str, str]) -> "AskedDrafts":
    """Everything answered: as before, else by whoever sits at the terminal."""
    asked = asked.replayed(given)
    while asked.open:
        source, question = asked.open[0]
        asked = asked.answered(source, question, _ask(source, question)).replayed(given)
    return asked


def _ask(source: str, question: "DraftQuestion") -> "DraftAnswer":
    """Ask at the terminal; DataError where nobody sits there."""
    from kampass.cli.workspace import say
    from kampass.errors import DataError
    from kampass.intake.mapping.draft.answered import answer_of

    _put(source, question)
    while True:
        print("Which? ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise _unanswered(source, question)
        said = line.strip()
        if said.isdigit() and 1 <= int(said) <= len(question.answers):
            return question.answers[int(said) - 1]
        try:
            return answer_of(question, said)
        except DataError as wrong:
            say(wrong.hint)


def _put(source: str, question: "DraftQuestion") -> None:
    from kampass.cli.workspace import say

    shown = ", ".join(printable(value) for value in question.examples)
    say(f"\n{source}, {question.table}: {question.header}{f' ({shown})' if shown else ''}")
    say(f"  {question.what}")
    for number, answer in enumerate(question.answers, start=1):
        becomes = "; ".join(printable(text) for text in answer.becomes)
        say(f"  {number}  {answer.text}{f': {becomes}' if becomes else ''}")
    if question.free:
        say(f"     or {question.free}")


def _unanswered(source: str, question: "DraftQuestion") -> Exception:
    from kampass.errors import DataError

    return DataError(
        f"{source}: {question.header}: {question.what}",
        code="not_answered",
        hint=f'Write "{source}.{question.key}" = "{question.answers[0].text}" under [answers] in a '
        "file and name it with --answers; or answer at a terminal.",
    )


def _show(found: "Trial") -> None:
    """The KPIs that became possible, and what one more export would add."""
    from rich.table import Table
    from rich.text import Text

    from kampass.cli.views.show import console
    from kampass.periods import label
    from kampass.render import words
    from kampass.render.display import show_value

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("KPI", "left"), ("Period", "left"), ("Value", "right"), ("n", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left")
    kpis, currency = found.workspace.catalogue.kpis, found.workspace.settings.currency
    known = [answer for answer in found.figures if answer.value is not None]
    for answer in known:
        value = show_value(answer.value, answer.unit, currency) + words.MARKS.get(answer.status, "")
        period = label(answer.period_start, answer.period_end)
        cells = (kpis[answer.kpi].name, period, value, f"{answer.n:,}")
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console().print(table)
    console().print(f"{len(known)} KPIs have a figure.")
    for tables, added in list(found.adds.items())[:_FEW]:
        names = ", ".join(kpis[kpi].name for kpi in added[:_NAMED])
        more = f" and {len(added) - _NAMED} more" if len(added) > _NAMED else ""
        text = f"An export of {words.table(tables)} would add {len(added)}: {names}{more}."
        console().print(text, markup=False, highlight=False)
