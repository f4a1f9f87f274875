"""Snapshots in words: what was known when, which closed figures moved between two and because of
which rows, what changed definitions do to published figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kampass.errors import KampassError
from kampass.insight.restated.redefinition import Redefined
from kampass.insight.restated.restatement import Moved, Restatement
from kampass.periods import Unit
from kampass.render import words
from kampass.server.rules import DEFINING, Call
from kampass.store.snapshots.difference import RowChange
from kampass.web.parts import loads
from kampass.web.parts.forms import Filters, FormField, Options
from kampass.web.parts.loads import Instant, MovedFigure
from kampass.workspace import published
from kampass.workspace.restated import redefined, restate

_KIND: Final = {
    "late": "came late",
    "new": "are new",
    "changed": "changed",
    "deleted": "were deleted",
    "set_aside": "are set aside now",
    "withdrawn": "lost their load",
}
_ONE: Final = {
    "late": "came late",
    "new": "is new",
    "changed": "changed",
    "deleted": "was deleted",
    "set_aside": "is set aside now",
    "withdrawn": "lost its load",
}
_CAUSES = 5
_GRAINS: Final = (("", "as it is"), ("month", "Month"), ("quarter", "Quarter"), ("year", "Year"))


@dataclass(frozen=True)
class SnapshotLine:
    """One snapshot."""

    id: str
    current: bool
    known: Instant
    published: Instant | None
    loads: int
    rows: str | None
    file: str
    pinned: str | None
    changed: str


@dataclass(frozen=True)
class SnapshotList:
    """All of them, the latest knowledge first."""

    lines: Sequence[SnapshotLine]
    may: bool
    choices: Options


@dataclass(frozen=True)
class Sides:
    """Which two snapshots are compared, as the address says, over which periods."""

    before: str
    after: str
    period: str
    grain: Unit | None


@dataclass(frozen=True)
class RestatedFigure:
    """A figure that moved, with the ways into both of its values, and the rows it moved for."""

    figure: MovedFigure
    slice: str
    before: str
    after: str
    causes: str
    more: int
    time: bool


@dataclass(frozen=True)
class CountedRows:
    """How many rows of a table differ, of those how many are about the past, or by reference."""

    table: str
    what: str
    rows: str
    past: str
    derived: str


@dataclass(frozen=True)
class Restated:
    """The restatement report; or why there is none."""

    filters: Filters
    lead: str
    wrong: KampassError | None = None
    compared: bool = False
    notices: Sequence[str] = ()
    moved: Sequence[RestatedFigure] = ()
    counts: Sequence[CountedRows] = ()
    between: str = ""


@dataclass(frozen=True)
class ChangedKpi:
    """A definition that differs, and the figures that do."""

    id: str
    href: str | None
    change: str
    fault: str | None
    trouble: str | None
    fields: Sequence[tuple[str, str, str]]
    moved: Sequence[MovedFigure]
    figures: int


@dataclass(frozen=True)
class ChangedDefinitions:
    """What today's definitions do to the figures of a snapshot."""

    filters: Filters
    against: str | None
    wrong: KampassError | None
    kpis: Sequence[ChangedKpi]


def snapshot_list(call: Call) -> SnapshotList:
    """The list."""
    cards = published.cards(call.workspace)[::-1]
    may = call.person is not None and call.person.role in DEFINING
    return SnapshotList([_line(call, card) for card in cards], may, _choices(call))


def _choices(call: Call) -> Options:
    return [
        (card.id, f"{loads.when(card.known_at, call.workspace).text} ({card.id[:8]})")
        for card in published.cards(call.workspace)[::-1]
    ]


def _line(call: Call, card: published.SnapshotCard) -> SnapshotLine:
    built = "is built again when asked" if card.rebuilds else "gone"
    same = {"settings": card.settings_are_todays, "definitions": card.definitions_are_todays}
    return SnapshotLine(
        card.id,
        card.current,
        loads.when(card.known_at, call.workspace),
        loads.when(card.published_at, call.workspace),
        card.loads,
        f"{sum(card.rows.values()):,}" if card.rows else None,
        built if card.size is None else f"{card.size / 1e6:,.1f} MB",
        card.pinned,
        " and ".join(name for name, todays in same.items() if todays is False),
    )


def comparison(call: Call, sides: Sides) -> Restated:
    """What moved between two snapshots."""
    lead = "Choose the earlier and the later one."
    if not (sides.before and sides.after):
        return Restated(_filters(call, sides), lead)
    grain = sides.grain if sides.period else None
    try:
        report = call.sight.kept(
            "restatement",
            lambda: restate(
                call.workspace,
                sides.before,
                sides.after,
                period=sides.period or None,
                grain=grain,
            ),
            sides,
        )
    except KampassError as wrong:
        return Restated(_filters(call, sides), "", wrong)
    return Restated(
        _filters(call, sides, report),
        _lead(report),
        compared=True,
        notices=[
            f"Snapshot {snapshot} was published under other {' and '.join(rules)}; here, today's "
            "hold for both."
            for snapshot in (report.before, report.after)
            if (rules := report.rules[snapshot])
        ],
        moved=[_moved(call, report, one) for one in report.moved],
        counts=[
            CountedRows(
                words.table(one.table).capitalize(),
                _KIND[one.kind],
                f"{one.rows:,}",
                f"{one.past:,}" if one.past else "",
                f"{one.derived:,}" if one.derived else "",
            )
            for one in report.counts
        ],
        between=_between(report),
    )


def _filters(call: Call, sides: Sides, report: Restatement | None = None) -> Filters:
    choices = _choices(call)
    question = "From which to which?"
    if report:
        ends = [loads.when(known, call.workspace).text for known in report.known_at]
        question = f"From {ends[0]} to {ends[1]}"
    hint = "such as 2025; without, the last 36 closed months"
    fields = [
        FormField("a", "Earlier", sides.before, options=choices),
        FormField("b", "Later", sides.after, options=choices),
        FormField("period", "Periods", sides.period, hint=hint),
        FormField("grain", "Grain", sides.grain or "", options=_GRAINS),
    ]
    action = "/data/snapshots/compare"
    return Filters(question, fields, action, open=report is None, submit="Compare")


def _lead(report: Restatement) -> str:
    if not report.periods:
        return "No period was over by what the earlier snapshot knew, so no figure had been given."
    span = words.period(report.periods[0].start, report.periods[-1].end)
    kpis = len({one.after.kpi for one in report.moved})
    if not report.moved:
        return (
            f"No figure moved: {len(report.kpis)} KPIs in {len(report.periods)} closed periods "
            f"({span})."
        )
    figures = "1 figure" if len(report.moved) == 1 else f"{len(report.moved):,} figures"
    return (
        f"{figures} of {kpis} {'KPI' if kpis == 1 else 'KPIs'} moved, of {len(report.kpis)} "
        f"looked at in {len(report.periods)} closed periods ({span})."
    )


def _between(report: Restatement) -> str:
    mended, aside = len(report.mended), len(report.newly_set_aside)
    if not mended and not aside:
        return ""
    lines = "line was" if mended == 1 else "lines were"
    return f"In between, {mended:,} {lines} mended and {aside:,} set aside."


def _moved(call: Call, report: Restatement, one: Moved) -> RestatedFigure:
    figure = loads.figure(one, call.workspace)
    causes = one.causes[:_CAUSES]
    return RestatedFigure(
        figure,
        ", ".join(str(value) for value in one.after.dimensions.values()),
        f"{figure.why}&snapshot={report.before}",
        f"{figure.why}&snapshot={report.after}",
        "; ".join(_cause(cause) for cause in causes),
        len(one.causes) - len(causes),
        time=not one.causes and one.before.status in {"partial", "provisional"},
    )


def _cause(cause: RowChange) -> str:
    key = " ".join(str(value) for value in cause.key.values())
    load = f" (load {cause.load})" if cause.load else ""
    return f"{words.table(cause.table)} {key} {_ONE[cause.kind]}{load}"


def changed(call: Call, against: str) -> ChangedDefinitions:
    """What today's definitions do to the numbers that were published under others."""
    options = [("", "the current one"), *_choices(call)]
    filters = Filters(
        "Today's definitions against those of a snapshot",
        [FormField("against", "Snapshot", against, options=options)],
        "/data/definitions",
        submit="Compare",
    )
    try:
        row = call.workspace.snapshots.row(against).id if against else call.sight.snapshot_id
        found = call.sight.kept("redefinition", lambda: redefined(call.workspace, against=row), row)
    except KampassError as wrong:
        return ChangedDefinitions(filters, None, wrong, ())
    kpis = [_changed(call, one) for one in found.kpis]
    return ChangedDefinitions(filters, found.against, None, kpis)


def _changed(call: Call, one: Redefined) -> ChangedKpi:
    return ChangedKpi(
        one.kpi,
        None if one.change == "removed" else f"/kpis/{one.kpi}",
        one.change,
        one.fault,
        one.trouble,
        [(name, _text(old), _text(now)) for name, (old, now) in one.fields.items()],
        [loads.figure(figure, call.workspace) for figure in one.figures if figure.moved],
        len(one.figures),
    )


def _text(value: object) -> str:
    return "nothing" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
