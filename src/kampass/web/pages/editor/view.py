"""What came of a draft, in words: what to mend, which examples hold, what it would show, which
figures would no longer be the same.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer, Result
from kampass.errors import KampassError
from kampass.facts import FACTS
from kampass.insight.restated.redefinition import Redefined
from kampass.insight.restated.restatement import Moved
from kampass.render import words
from kampass.render.display import show_difference, show_value
from kampass.web.pages.catalogue.definition import plain
from kampass.web.parts import spans
from kampass.web.parts.figures import Badge, Course
from kampass.web.parts.forms import Options
from kampass.web.parts.tiles import TileFigure, why_none
from kampass.workspace import authoring
from kampass.workspace.authoring import DraftFinding, DraftLook, DraftPreview, ExampleRun, Spell
from kampass.workspace.view import Sight

CUT: Final = "segment"
"""By what a preview is cut until somebody chooses."""
_MOST_SLICES, _FEWEST_LINES = 12, 20


def spell(sight: Sight | None, by: str) -> Spell | None:
    """What a preview shows: the latest month that is over, and the twelve up to it."""
    if sight is None:
        return None
    month = spans.latest(sight, "month")
    return Spell(month, spans.trail(month, sight.settings.calendar)[0], by or None)


def digest(text: str) -> str:
    """What tells one draft from another."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True)
class Sheet:
    """What is being edited: a file that is there, or one that is not yet."""

    text: str
    base: str = authoring.NOTHING
    file: str | None = None
    kpi: Kpi | None = None
    by: str = CUT
    theirs: str | None = None
    said: KampassError | None = None

    @property
    def path(self) -> str:
        """Where its form leads."""
        return f"/catalogue/{self.kpi.id}/edit" if self.kpi else "/catalogue/new"


@dataclass(frozen=True)
class ExampleLine:
    """One number of an example that is not what was worked out by hand."""

    what: str
    expected: str
    got: str


@dataclass(frozen=True)
class ExampleOutcome:
    """An example, with what was expected and what came out."""

    name: str
    about: str
    passed: bool
    trouble: str | None
    lines: Sequence[ExampleLine]
    expects: str


@dataclass(frozen=True)
class GlimpseSlice:
    """The figure of one slice."""

    name: str
    value: str
    n: str


@dataclass(frozen=True)
class Glimpse:
    """One KPI as it would look: the figure with its course, or slices, or what is in the way."""

    name: str
    trouble: str | None = None
    period: str = ""
    value: str | None = None
    none: bool = False
    n: str = ""
    spark: Course | None = None
    cut: str = ""
    slices: Sequence[GlimpseSlice] = ()


@dataclass(frozen=True)
class ChangedLine:
    """A published figure as it is and as it would be."""

    period: str
    before: str
    after: str
    change: str


@dataclass(frozen=True)
class ChangedFigures:
    """What becomes of the published figures of one KPI, of which `of` were looked at."""

    kpi: str
    trouble: str | None
    of: int
    fields: str
    lines: Sequence[ChangedLine]


@dataclass(frozen=True)
class CheckedDraft:
    """What came of a draft: whether it can be saved, what to mend, its examples, what it would
    show, which figures change.
    """

    state: Badge
    seen: str
    broken: bool
    findings: Sequence[DraftFinding]
    raises: int | None
    outcomes: Sequence[ExampleOutcome]
    glimpses: Sequence[Glimpse]
    cuts: Options
    by: str
    unloaded: bool
    changes: Sequence[ChangedFigures]

    @property
    def passed(self) -> int:
        """How many of its examples hold."""
        return sum(outcome.passed for outcome in self.outcomes)


@dataclass(frozen=True)
class FactLine:
    """What can be counted: a fact with its columns, each with its kind and what it is."""

    name: str
    about: str
    columns: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Workbench:
    """The editor: the draft, and beside it what came of it."""

    sheet: Sheet
    checked: CheckedDraft
    difference: str
    facts: Sequence[FactLine]
    lines: int


@dataclass(frozen=True)
class Deleting:
    """What to know before an own KPI is deleted."""

    kpi: Kpi
    base: str
    on: bool
    boards: str


def workbench(sheet: Sheet, look: DraftLook, sight: Sight | None) -> Workbench:
    """The editor of a sheet, with a look at its text."""
    lines = max(sheet.text.count("\n") + 1, _FEWEST_LINES)
    facts = [
        FactLine(
            fact.name,
            fact.about,
            [(name, column.kind, column.about) for name, column in fact.columns.items()],
        )
        for fact in FACTS.values()
    ]
    return Workbench(sheet, _checked(look, sight, sheet.by), _difference(sheet), facts, lines)


def _difference(sheet: Sheet) -> str:
    """What somebody else wrote against what stands here."""
    if sheet.theirs is None:
        return ""
    theirs, ours = sheet.theirs.splitlines(), sheet.text.splitlines()
    return "\n".join(
        difflib.unified_diff(theirs, ours, "what is saved now", "your draft", lineterm="")
    )


def _checked(look: DraftLook, sight: Sight | None, by: str) -> CheckedDraft:
    draft, currency = look.draft, sight.settings.currency if sight else ""
    several = len(draft.kpis) > 1
    kpis = {kpi.id: kpi for kpi in draft.kpis}
    return CheckedDraft(
        state=_state(look),
        seen=digest(draft.text),
        broken=bool(draft.errors),
        findings=sorted(draft.findings, key=lambda one: (one.advice, one.line or 0)),
        raises=next((one.raises for one in draft.findings if one.raises), None),
        outcomes=sorted(
            (_outcome(outcome, several=several) for outcome in look.outcomes),
            key=lambda one: one.passed,
        ),
        glimpses=[_glimpse(sight, each) for each in look.previews] if sight else [],
        cuts=_cuts(draft.kpis),
        by=by,
        unloaded=bool(look.outcomes) and sight is None,
        changes=[_change(change, kpis[change.kpi], currency) for change in look.changes],
    )


def _cuts(kpis: Sequence[Kpi]) -> Options:
    """By what the preview can be cut."""
    named = dict.fromkeys(name for kpi in kpis for name in kpi.named_dimensions)
    return [("", "nothing"), *((name, words.dimension(name)) for name in named)]


def _state(look: DraftLook) -> Badge:
    """Whether it can be saved, in one sentence."""
    parts = []
    if look.draft.errors:
        parts.append(_several(len(look.draft.errors), "thing to mend", "things to mend"))
    if look.failed:
        of = _several(len(look.outcomes), "example", "examples")
        parts.append(
            f"{len(look.failed)} of {of} {'does' if len(look.failed) == 1 else 'do'} not hold"
        )
    if any(each.trouble for each in look.previews):
        parts.append("it cannot be worked out on your data")
    if parts:
        return Badge(f"Not yet: {' and '.join(parts)}.", "warn")
    count = len(look.outcomes)
    held = "its example holds" if count == 1 else f"{count} examples hold"
    if look.moves:
        seen = "Figures that people have seen change: see below."
        return Badge(f"It can be saved: {held}. {seen}", "accent")
    return Badge(f"It can be saved: {held}.", "good")


def _change(change: Redefined, kpi: Kpi, currency: str) -> ChangedFigures:
    fields = (name.removeprefix("measures.").replace("_", " ") for name in change.fields)
    return ChangedFigures(
        kpi.name,
        change.trouble,
        len(change.figures),
        ", ".join(fields),
        [_moved(figure, kpi, currency) for figure in change.figures if figure.moved],
    )


def _moved(figure: Moved, kpi: Kpi, currency: str) -> ChangedLine:
    before, after = (
        show_value(answer.value, kpi.unit, currency) if answer.value is not None else "no value"
        for answer in (figure.before, figure.after)
    )
    about = ", ".join(str(value) for value in figure.after.dimensions.values())
    period = words.period(figure.period.start, figure.period.end)
    change = (
        show_difference(figure.difference, kpi.unit, currency)
        if figure.difference
        else f"{_status(figure.before)}, then {_status(figure.after)}"
    )
    return ChangedLine(f"{period} {about}".strip(), before, after, change)


def _status(answer: Answer) -> str:
    return {"ok": "settled", "low_n": "few"}.get(answer.status, answer.status.replace("_", " "))


def _outcome(outcome: ExampleRun, *, several: bool) -> ExampleOutcome:
    named = (
        f"{outcome.kpi.id}, example {outcome.number}" if several else f"Example {outcome.number}"
    )
    lines = [
        ExampleLine(
            f"{difference.key.replace('_', ' ')}{_of(difference.row)}",
            _exact(difference.wanted),
            _exact(difference.found),
        )
        for difference in outcome.differences
    ]
    expects = ", ".join(_expects(outcome))
    return ExampleOutcome(named, outcome.about, outcome.passed, outcome.trouble, lines, expects)


def _of(row: Mapping[str, object] | None) -> str:
    return f" of {', '.join(plain(value) for value in row.values())}" if row else ""


def _expects(outcome: ExampleRun) -> Iterator[str]:
    expect = outcome.example.get("expect")
    if isinstance(expect, dict):
        yield from (
            f"{str(key).replace('_', ' ')} {_exact(value)}" for key, value in expect.items()
        )
    elif isinstance(expect, list):
        yield _several(len(expect), "row", "rows")


def _exact(value: object) -> str:
    """A number to ten digits, so that one that is nearly right shows that it is not."""
    return f"{value:.10g}" if isinstance(value, float) else plain(value)


def _glimpse(sight: Sight, each: DraftPreview) -> Glimpse:
    """One KPI as it would look."""
    if each.now is None:
        return Glimpse(each.kpi.name, each.trouble)
    result, first = each.now, each.now[0] if len(each.now) else None
    bare = Glimpse(
        each.kpi.name,
        each.trouble,
        words.period(first.period_start, first.period_end) if first else "",
    )
    if each.kpi.distribution:
        cut = each.kpi.distribution
        return replace(bare, cut=cut, slices=_slices(sight, each.kpi, result))
    assert first is not None
    figure = TileFigure(each.kpi, first, first, tuple(each.trend or ()), result.currency)
    shown = replace(
        bare,
        n=words.counted(each.kpi, first.n),
        value=_shown(sight, each.kpi, first, result.currency),
        spark=figure.spark,
        none=first.value is None,
    )
    if each.slices is None:
        return shown
    slices = _slices(sight, each.kpi, each.slices)
    return replace(shown, slices=slices, cut=each.slices.dimensions[0])


def _slices(sight: Sight, kpi: Kpi, result: Result) -> list[GlimpseSlice]:
    """The slices, the largest first, as far as a glimpse goes."""
    order = sorted(result, key=lambda answer: (answer.value is None, -(answer.value or 0.0)))
    return [
        GlimpseSlice(
            ", ".join(result.shown(answer, name) for name in answer.dimensions),
            _shown(sight, kpi, answer, result.currency),
            words.counted(kpi, answer.n),
        )
        for answer in order[:_MOST_SLICES]
    ]


def _shown(sight: Sight, kpi: Kpi, answer: Answer, currency: str) -> str:
    return (
        why_none(sight, kpi, answer)
        if answer.value is None
        else show_value(answer.value, kpi.unit, currency)
    )


def _several(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
