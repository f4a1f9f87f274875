"""What one KPI's page tells: the figure, its trend with notes, its slices, its spread, what moved
it, and what it means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from kampass.catalogue import Kpi
from kampass.engine import Result
from kampass.engine.answer import Answer
from kampass.errors import QuestionError
from kampass.facts import FACTS
from kampass.library.notes import Note
from kampass.periods import cut, parse
from kampass.render import words
from kampass.render.charts import breakdown, distribution, multiples, trend
from kampass.server.rules import Call
from kampass.web.pages.bridge.view import Movers, movers
from kampass.web.parts import spans
from kampass.web.parts.figures import FigureTile, delta_of
from kampass.web.parts.forms import Filters
from kampass.web.parts.links import Link, exports
from kampass.web.parts.notes import NotesPanel, notes_panel
from kampass.web.parts.pictures import Picture, picture
from kampass.web.parts.question import Asking
from kampass.web.parts.tables import DataTable, Detail, Heading, TableCell, TableRow
from kampass.web.parts.tiles import (
    TileFigure,
    figures,
    interval_of,
    tiles_of,
    value_cell,
    why_none,
)

MOST_ROWS, MOST_VALUES, MOST_SLICES = 50, 5_000, 40
_DURATIONS: Final = frozenset({"hours", "days"})
_KINDS: Final = {
    "activity": "what we do",
    "objective": "what we are here for",
    "moneyball": "what shows early where it is going",
}
_PICTURES: Final = (("png", "Picture (PNG)"), ("svg", "Picture (SVG)"))
_HISTORY: Final = (
    Heading("period", "Period"),
    Heading("value", "Value", "number"),
    Heading("before", "On the period before"),
    Heading("year", "On a year ago"),
    Heading("n", "n", "number"),
    Heading("status", "To keep in mind"),
)


@dataclass(frozen=True)
class KpiOverTime:
    """The figure over time: the picture, and the same numbers as rows."""

    period: str
    trend: Picture
    history: DataTable
    why: str


@dataclass(frozen=True)
class KpiSlices:
    """The figure for each value of a dimension, and the other cuts to choose from."""

    dimension: str
    table: DataTable
    breakdown: Picture | None
    multiples: Picture | None
    cuts: Sequence[Link]


@dataclass(frozen=True)
class KpiPage:
    """The page."""

    filters: Filters
    name: str
    lead: str
    period: str
    over_time: KpiOverTime
    slices: KpiSlices | None
    movers: Movers
    spread: Picture | None
    notes: NotesPanel
    tile: FigureTile | None
    nothing: str
    meaning: Sequence[Detail]
    levers: Sequence[str]
    traps: Sequence[str]
    references: Sequence[str]
    exports: Sequence[Link]
    question: str
    link: str


def kpi_page(call: Call, asking: Asking) -> KpiPage:
    """The page of the one KPI that a question is about."""
    kpi = asking.kpis[0]
    path = f"/kpis/{kpi.id}"
    notes = call.library.notes.about(kpi=kpi.id, scope=call.sight.scope)
    one = Portrait(asking, kpi, notes)
    tile = tiles_of(call, one.focus, {kpi.id: one.figure})[0]
    return KpiPage(
        filters=asking.filters(path, kpi.name),
        name=kpi.name,
        lead=one.lead,
        period=one.focus.period_words,
        over_time=KpiOverTime(
            one.over_time.period_words,
            one.trend,
            DataTable(_HISTORY, one.history),
            one.focus.url(f"/why/{kpi.id}"),
        ),
        slices=_slices(one, path),
        movers=one.moved_by,
        spread=one.spread,
        notes=notes_panel(
            call,
            notes,
            back=asking.url(path),
            about={"kpi": kpi.id, "account": _account(asking)},
            periods=[(one.focus.period, one.focus.period_words)],
        ),
        tile=None if kpi.distribution else tile,
        nothing=tile.reason or "Choose another cut, or a longer period.",
        meaning=_meaning(kpi),
        levers=_levers(kpi),
        traps=kpi.traps,
        references=kpi.references,
        exports=exports(
            lambda form: asking.url(f"{path}/export", more={"format": form}), more=_PICTURES
        ),
        question=asking.words(kpi.name),
        link=asking.url(path),
    )


def _slices(one: "Portrait", path: str) -> KpiSlices | None:
    if one.slices is None:
        return None
    asking = one.asking
    cuts = [
        Link(
            words.dimension(name),
            f"{asking.url(path, by=[name])}#slices",
            name == one.sliced_by,
        )
        for name in asking.dimensions
    ]
    return KpiSlices(
        str(one.sliced_by).replace("_", " "),
        DataTable(one.slice_columns, one.slice_rows),
        one.breakdown,
        one.multiples,
        cuts if len(cuts) > 1 and not one.kpi.distribution else (),
    )


def _account(asking: Asking) -> str:
    """The one account that the question is about, for notes; empty where it is about several."""
    named = [text.removeprefix("account=") for text in asking.where if text.startswith("account=")]
    return named[0] if len(named) == 1 else ""


def _meaning(kpi: Kpi) -> list[Detail]:
    """The definition as facts."""
    cadence = ", ".join(f"{name.replace('_', ' ')} {often}" for name, often in kpi.cadence.items())
    return [
        Detail("Asks", kpi.question),
        Detail("Is", kpi.formula),
        Detail("Kind", f"{words.KINDS[kpi.kind]}: {_KINDS[kpi.kind]}"),
        Detail("Better", words.DIRECTIONS[kpi.direction]),
        Detail("Look at it", cadence[:1].upper() + cadence[1:]),
        Detail("n counts", words.noun(kpi)),
        Detail("Definition", kpi.label, href=f"/catalogue/{kpi.id}"),
    ]


def _levers(kpi: Kpi) -> list[str]:
    """What the formula is made of, in words: what has to change for the figure to change."""
    return list(
        dict.fromkeys(
            f"{words.dimension(name)}: {FACTS[each.fact].about}"
            for name, each in kpi.measures.items()
        )
    )


@dataclass(frozen=True)
class Portrait:
    """One KPI for one question. `asking` may cut its period into pieces: the figure is then that of
    the last piece.
    """

    asking: Asking
    kpi: Kpi
    notes: Sequence[Note] = ()

    @cached_property
    def focus(self) -> Asking:
        """The question about the one figure in the middle of the page."""
        calendar = self.asking.sight.settings.calendar
        pieces = cut(parse(self.asking.period, calendar), self.asking.grain, calendar)
        period = (
            self.asking.period if self.asking.grain is None else spans.spelled(pieces[-1], calendar)
        )
        return self.asking.changed(period=period, grain=None, by=(), compare=None)

    @cached_property
    def over_time(self) -> Asking:
        """The question about its trend."""
        if self.asking.grain:
            return self.asking.changed(by=(), compare=None)
        period, grain = spans.trail(self.asking.period, self.asking.sight.settings.calendar)
        return self.asking.changed(period=period, grain=grain, by=(), compare=None)

    @cached_property
    def figure(self) -> TileFigure | None:
        """The figure; None for a distribution."""
        focus = self.focus
        return figures(
            focus.sight, [self.kpi.id], period=focus.period, where=focus.where, clock=focus.clock
        ).get(self.kpi.id)

    @property
    def lead(self) -> str:
        """The answer in one sentence."""
        figure, period = self.figure, self.focus.period_words
        if figure is None:
            return (
                f"{self.kpi.name} in {period}, by {str(self.kpi.distribution).replace('_', ' ')}."
            )
        if figure.text is None:
            return (
                f"{self.kpi.name} has no value for {period}. "
                f"{why_none(self.focus.sight, self.kpi, figure.now)}"
            )
        told = [each.said for each in figure.changes]
        return (
            f"{', '.join([f'{self.kpi.name} is {figure.text} in {period}', *told])}. It rests "
            f"on {words.counted(self.kpi, figure.now.n)}."
        )

    @cached_property
    def trend(self) -> Picture:
        """The figure over time, with what people noted."""
        return picture(trend(self._asked(self.over_time), notes=self._marks))

    @cached_property
    def history(self) -> list[TableRow]:
        """The same numbers as rows, the latest first."""
        before = self._asked(self.over_time.changed(compare="previous"))
        year = self._asked(self.over_time.changed(compare="year-ago"))
        return [
            self._row(now, then, before)
            for now, then in reversed(list(zip(before, year, strict=True)))
        ]

    @property
    def sliced_by(self) -> str | None:
        """The dimension that the page shows slices of: as asked, else the first one there is."""
        if self.kpi.distribution:
            return self.kpi.distribution
        if self.asking.by:
            return self.asking.by[0]
        return self.asking.dimensions[0] if self.asking.dimensions else None

    @cached_property
    def slices(self) -> Result | None:
        """The figure for each value of that dimension, and in all."""
        if self.sliced_by is None:
            return None
        compare = None if self.sliced_by == "account" else "previous"
        return self._asked(self.focus.changed(by=self._cut, compare=compare), total=True)

    @cached_property
    def breakdown(self) -> Picture | None:
        """The slices beside each other."""
        return (
            picture(breakdown(self.slices))
            if self.slices is not None and self._several(self.slices)
            else None
        )

    @cached_property
    def multiples(self) -> Picture | None:
        """Each slice over time, in a small picture of its own."""
        if self.slices is None or not self._several(self.slices) or len(self.slices) > MOST_SLICES:
            return None
        return picture(
            multiples(self._asked(self.over_time.changed(by=self._cut)), notes=self._marks)
        )

    @cached_property
    def slice_rows(self) -> list[TableRow]:
        """The slices as rows, the highest first, and in all at the end."""
        found = self.slices
        if found is None or not any(answer.dimensions for answer in found):
            return []
        order = sorted(
            found,
            key=lambda answer: (
                not answer.dimensions,
                answer.value is None,
                -(answer.value or 0.0),
            ),
        )
        return [
            self._slice(found, answer) for answer in (*order[:MOST_ROWS], *order[MOST_ROWS:][-1:])
        ]

    @property
    def slice_columns(self) -> list[Heading]:
        """The columns of those rows."""
        columns = [
            Heading("slice", words.dimension(self.sliced_by or "")),
            Heading("value", "Value", "number"),
        ]
        if self.sliced_by != "account":
            columns.append(Heading("change", "On the period before"))
        if self.kpi.interval:
            columns.append(Heading("interval", "95 % interval", "number"))
        return [*columns, Heading("n", "n", "number")]

    @cached_property
    def spread(self) -> Picture | None:
        """How long each one took, where the figure is a duration made of rows that may be shown."""
        figure = self.figure
        hidden = any(FACTS[measure.fact].origin.hidden for measure in self.kpi.measures.values())
        if self.kpi.unit not in _DURATIONS or figure is None or figure.now.value is None or hidden:
            return None
        focus = self.focus
        values = focus.sight.kept(
            "amounts",
            self._amounts,
            self.kpi.id,
            focus.period,
            focus.where,
            focus.known_at,
            focus.snapshot,
        )
        if not values:
            return None
        return picture(
            distribution(
                values[:MOST_VALUES],
                title=self.kpi.name,
                unit=self.kpi.unit,
                marks={"this figure": figure.now.value},
            )
        )

    @cached_property
    def moved_by(self) -> Movers:
        """The accounts that moved it most since the period before, and the way to all of them."""
        return movers(self.focus, self.kpi)

    @property
    def _cut(self) -> tuple[str, ...]:
        return (self.sliced_by,) if self.sliced_by and not self.kpi.distribution else ()

    @property
    def _marks(self) -> list[tuple[date, str]]:
        """Notes about a period, at its start."""
        found = []
        for note in self.notes:
            try:
                found.append(
                    (parse(note.period or "", self.asking.sight.settings.calendar).start, note.text)
                )
            except QuestionError:
                continue
        return found

    def _asked(self, asking: Asking, *, total: bool = False) -> Result:
        given = asking.spelled()
        given["total"] = total and bool(asking.by)
        return asking.sight.kpi(self.kpi.id, **given, **asking.clock)

    def _several(self, found: Result) -> bool:
        return sum(bool(answer.dimensions) and answer.value is not None for answer in found) > 1

    def _amounts(self) -> list[float]:
        """What the rows of the numerator contribute, as far as the picture can hold them."""
        focus = self.focus
        rows = focus.sight.rows(
            self.kpi.id, "numerator", limit=MOST_VALUES, **focus.clock, **focus.spelled()
        )
        return [
            float(row.amount)
            for row in rows
            if row.amount is not None and not isinstance(row.amount, str)
        ]

    def _row(self, now: Answer, then: Answer, result: Result) -> TableRow:
        """One period of the history."""
        one = self.asking.changed(period=self._period(now), grain=None, by=(), compare=None)
        label = words.period(now.period_start, now.period_end)
        about = ", ".join(result.shown(now, name) for name in now.dimensions)
        cells: dict[str, TableCell | str | None] = {
            "period": TableCell(label, note=about or None),
            "n": words.counted(self.kpi, now.n),
            "value": value_cell(one, self.kpi, now, result.currency),
        }
        for name, answer in (("before", now), ("year", then)):
            change = delta_of(self.kpi, answer, result.currency)
            cells[name] = (
                TableCell("", change=change)
                if change
                else TableCell(reason="there is nothing to compare")
            )
        cells["status"] = words.status(now, one.sight.settings.calendar) or ""
        return TableRow(cells, one.url(f"/kpis/{self.kpi.id}"))

    def _slice(self, result: Result, answer: Answer) -> TableRow:
        """One slice."""
        name, condition = "All", ""
        if answer.dimensions:
            (dimension, value), *_ = answer.dimensions.items()
            name = result.shown(answer, dimension)
            condition = f"{dimension} is unknown" if value is None else f"{dimension}={value}"
        single = bool(self.kpi.distribution)
        href = None if single else self.asking.url(f"/kpis/{self.kpi.id}", also=condition)
        filtered = self.focus if single else self.focus.changed(also=condition)
        change = delta_of(self.kpi, answer, result.currency)
        interval = interval_of(self.kpi, answer, "")
        return TableRow(
            {
                "slice": TableCell(name, href),
                "value": value_cell(filtered, self.kpi, answer, result.currency),
                "n": words.counted(self.kpi, answer.n),
                "change": TableCell("", change=change) if change else None,
                "interval": TableCell(interval.text, interval=interval) if interval else None,
            },
            current=not answer.dimensions,
        )

    def _period(self, answer: Answer) -> str:
        """The period of one answer of the trend, as a question spells it."""
        calendar = self.asking.sight.settings.calendar
        pieces = cut(parse(self.over_time.period, calendar), self.over_time.grain, calendar)
        return spans.spelled(
            next(piece for piece in pieces if piece.start == answer.period_start), calendar
        )
