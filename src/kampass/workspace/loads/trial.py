"""From files of other systems to figures in one go: drafted, asked about, loaded into a workspace
of their own, with what became possible and what one more export would add.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kampass.engine import Answer
from kampass.engine.backend import Backend
from kampass.engine.planning.coverage import Stretch
from kampass.errors import DataError
from kampass.intake.mapping.draft import DraftTerms, FileDraft, together, written
from kampass.intake.mapping.draft.answered import answer_of, answered, open_questions
from kampass.intake.mapping.draft.asks import DraftAnswer, DraftQuestion
from kampass.intake.mapping.draft.draft import TableDraft
from kampass.intake.mapping.draft.text import toml
from kampass.model import TABLES
from kampass.store import LoadReport
from kampass.workspace.loads.doctor import examine
from kampass.workspace.settings import FILE, WorkspaceSettings
from kampass.workspace.workspace import Workspace, create

ANSWERS = "answers.toml"
Asks = Callable[[str, DraftQuestion], DraftAnswer]
"""Asks somebody a question about a source."""


@dataclass(frozen=True)
class Trial:
    """What came of trying files: the loads, each KPI that became possible with its latest figure,
    and what one more table would add.
    """

    workspace: Workspace
    reports: tuple[LoadReport, ...]
    figures: tuple[Answer, ...]
    adds: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class AskedDrafts:
    """Drafts on their way: what was answered so far, by source and question."""

    drafts: tuple[FileDraft, ...]
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def open(self) -> tuple[tuple[str, DraftQuestion], ...]:
        """What nobody has answered yet, with the source it is about."""
        return tuple((draft.source, question) for draft, question in open_questions(self.drafts))

    def answered(self, source: str, question: DraftQuestion, answer: DraftAnswer) -> "AskedDrafts":
        """The same once a question about a source is answered."""
        drafts = tuple(
            answered(draft, question, answer) if draft.source == source else draft
            for draft in self.drafts
        )
        return AskedDrafts(drafts, {**self.given, f"{source}.{question.key}": answer.text})

    def replayed(self, given: Mapping[str, str]) -> "AskedDrafts":
        """The same with every question answered that was answered before."""
        now = self
        while True:
            found = [pair for pair in now.open if f"{pair[0]}.{pair[1].key}" in given]
            if not found:
                return now
            source, question = found[0]
            now = now.answered(
                source, question, answer_of(question, given[f"{source}.{question.key}"])
            )


def begun(files: Sequence[Path], settings: WorkspaceSettings) -> AskedDrafts:
    """Files, drafted for a workspace."""
    wish = DraftTerms(currency=settings.currency, timezone=settings.timezone)
    return AskedDrafts(tuple(together(files, wish)))


def read_answers(file: Path) -> dict[str, str]:
    """The answers that were written down earlier."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as wrong:
        raise _bad_answers(str(file), wrong) from None
    return parse_answers(text, str(file))


def parse_answers(text: str, called: str) -> dict[str, str]:
    """The answers in a text that was written down earlier."""
    try:
        said = tomllib.loads(text).get("answers", {})
        return {str(key): str(value) for key, value in said.items()}
    except (ValueError, AttributeError) as wrong:
        raise _bad_answers(called, wrong) from None


def _bad_answers(called: str, wrong: Exception) -> DataError:
    return DataError(
        f"{called} cannot be read: {wrong}.",
        code="bad_answers",
        hint="It is what was written down when files were tried earlier.",
    )


def answers_text(given: Mapping[str, str]) -> str:
    """Answers as they are written down."""
    head = "# What was answered; 'kampass try FILE... --answers' with this file answers it again."
    return (
        "\n".join([head, "[answers]", *(f"{toml(k)} = {toml(v)}" for k, v in given.items())]) + "\n"
    )


def load_trial(asked: AskedDrafts, folder: Path, settings: WorkspaceSettings) -> Trial:
    """Make a workspace of drafts about which nothing is open, and load it."""
    drafts = usable(asked)
    create(folder, settings).close()
    with (folder / FILE).open("a", encoding="utf-8") as sink:
        for draft in drafts:
            sink.write("\n" + written(draft, folder))
    (folder / ANSWERS).write_text(answers_text(asked.given), encoding="utf-8")
    workspace = Workspace(folder)
    return came_of(workspace, workspace.sync(), asked)


def usable(asked: AskedDrafts) -> list[FileDraft]:
    """The drafts with the tables about which nothing needed is open; DataError where there are
    none.
    """
    found = [replace(draft, tables=_whole(draft)) for draft in asked.drafts]
    if not any(draft.tables for draft in found):
        raise DataError(
            "Nothing in these files says what their rows are.",
            code="nothing_known",
            hint="'kampass source draft FILE --table TABLE' begins a mapping of one table.",
        )
    return [draft for draft in found if draft.tables]


def came_of(workspace: Workspace, reports: Sequence[LoadReport], asked: AskedDrafts) -> Trial:
    """What the loads made possible."""
    found = examine(workspace, whole=False)
    unknown = tuple(place for draft in asked.drafts for place in draft.unknown)
    figures = figures_of(workspace, found.possible)
    adds = {tables: kpis for tables, kpis in found.missing.items() if " + " not in tables}
    most = sorted(adds, key=lambda tables: -len(adds[tables]))
    return Trial(workspace, tuple(reports), figures, {name: adds[name] for name in most}, unknown)


def _whole(draft: FileDraft) -> tuple[TableDraft, ...]:
    return tuple(one for one in draft.tables if not any(q.needed for q in one.questions))


def figures_of(workspace: Workspace, kpis: Sequence[str]) -> tuple[Answer, ...]:
    """Each KPI over the months for which its tables are known, at most the twelve that end with the
    newest rows.
    """
    engine, zone = workspace.engine(), ZoneInfo(workspace.settings.timezone)
    stretches = {name: found[-1] for name, found in engine.coverage.stretches.items() if found}
    months = {
        name: _months(stretch, _newest(engine.backend, name), zone)
        for name, stretch in stretches.items()
    }
    periods: dict[str, list[str]] = {}
    for kpi in kpis:
        needed = [months[name] for name in workspace.catalogue.kpis[kpi].needs if name in months]
        if needed:
            periods.setdefault(_period(needed), []).append(kpi)
    found = [
        answer
        for period, asked in periods.items()
        for answer in (workspace.kpi(asked, period=period) if period else ())
    ]
    return tuple(sorted(found, key=lambda answer: kpis.index(answer.kpi)))


def _newest(backend: Backend, table: str) -> datetime | None:
    """The instant of a table's newest row; nothing where rows last."""
    start = TABLES[table].start
    if start is None or TABLES[table].column(start).type != "instant":
        return None
    ((newest,),) = backend.run(f'SELECT max("{start}") FROM "{table}"').all()
    return newest if isinstance(newest, datetime) else None


def _months(stretch: Stretch, newest: datetime | None, zone: ZoneInfo) -> tuple[int, int]:
    """The first and the last month of a stretch, no later than that of the newest row."""
    last = _month(stretch.end, zone, up=False) - 1
    if newest is not None:
        last = _month(newest, zone, up=False)
    return _month(stretch.start, zone, up=True), last


def _period(months: Sequence[tuple[int, int]]) -> str:
    """The last twelve months at most that all have, as a question spells them."""
    last = min(last for _, last in months)
    first = max(last - 11, *(first for first, _ in months))
    return f"{_spelled(first)}..{_spelled(last)}" if first <= last else ""


def _month(at: datetime, zone: ZoneInfo, *, up: bool) -> int:
    """The month that begins at an instant or next, counted from year 0; or the one it lies in."""
    local = at.astimezone(zone)
    begun_at = (local.day, local.hour, local.minute, local.second) == (1, 0, 0, 0)
    return local.year * 12 + local.month - 1 + (up and not begun_at)


def _spelled(month: int) -> str:
    return f"{month // 12:04}-{month % 12 + 1:02}"
