"""Figures as tiles: the value, what became of it, how much is behind it, twelve periods, and what
to keep in mind, in an account manager's words.

Everything is asked of the engine in three calls for all tiles together: against the period before,
against a year ago, and over time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer, Result, noted
from kampass.engine.question import parse_filter
from kampass.render import words
from kampass.render.display import show_value
from kampass.server.rules import Call
from kampass.web.parts import spans
from kampass.web.parts.choices import dimensions_of
from kampass.web.parts.figures import (
    Course,
    Delta,
    FigureTile,
    Interval,
    delta_of,
    status_of,
)
from kampass.web.parts.question import Asking
from kampass.web.parts.tables import TableCell
from kampass.workspace.view import Sight

_MOST_NOTES = 10_000
_SCALES: Final = {"percent": (0.0, 100.0), "points": (-100.0, 100.0)}


@dataclass(frozen=True)
class TileFigure:
    """One KPI in one period: its answer against the period before, the same against a year ago, and
    the answers up to it.
    """

    kpi: Kpi
    now: Answer
    year: Answer
    trend: tuple[Answer, ...]
    currency: str

    @property
    def text(self) -> str | None:
        """The value for people; None where there is none."""
        return (
            None
            if self.now.value is None
            else show_value(self.now.value, self.kpi.unit, self.currency)
        )

    @property
    def changes(self) -> list[Delta]:
        """What became of it."""
        before, year = self.now.change, self.year.change
        same = before is not None and year is not None and before.period_start == year.period_start
        told = (self.now,) if same else (self.now, self.year)
        return [
            each
            for answer in told
            if (each := delta_of(self.kpi, answer, self.currency, _against(answer)))
        ]

    @property
    def interval(self) -> Interval | None:
        """Where the truth may lie."""
        return interval_of(self.kpi, self.now, self.currency)

    @property
    def spark(self) -> Course | None:
        """The line over the periods up to it."""
        known = [answer for answer in self.trend if answer.value is not None]
        if len(known) < 2:  # noqa: PLR2004 - a line has two ends
            return None
        first, last = (
            (
                f"{show_value(each.value, self.kpi.unit, self.currency)} in "
                f"{words.period(each.period_start, each.period_end)}"
            )
            for each in (known[0], known[-1])
        )
        return Course(
            [answer.value for answer in self.trend],
            f"{self.kpi.name}: {first}, {last}",
            partial=self.trend[-1].status == "partial",
        )


def _against(answer: Answer) -> str:
    change = answer.change
    return f"on {words.period(change.period_start, change.period_end)}" if change else ""


def interval_of(kpi: Kpi, answer: Answer, currency: str) -> Interval | None:
    """Where a figure may truly lie, on the scale of its unit."""
    if answer.low is None or answer.high is None:
        return None
    least, most = _SCALES.get(kpi.unit, (answer.low, answer.high))
    low, high = (show_value(end, kpi.unit, currency) for end in (answer.low, answer.high))
    text = f"{low.removesuffix(' %')} to {high}"
    return Interval(answer.low, answer.value, answer.high, least, most, text)


def why_none(sight: Sight, kpi: Kpi, answer: Answer) -> str:
    """Why a figure has no value, and what to do."""
    return words.why_none(kpi, answer, sight.engine().coverage, sight.settings.calendar)


def value_cell(asking: Asking, kpi: Kpi, answer: Answer, currency: str) -> TableCell:
    """A figure in a table with the way into Why this number?, or why there is none."""
    if answer.value is None:
        return TableCell(reason=why_none(asking.sight, kpi, answer))
    text = show_value(answer.value, kpi.unit, currency)
    return TableCell(text, why=asking.url(f"/why/{kpi.id}"), note=noted(answer))


def figures(
    sight: Sight,
    ids: Sequence[str],
    *,
    period: str,
    where: Sequence[str] = (),
    clock: Mapping[str, str | None] | None = None,
) -> dict[str, TileFigure]:
    """The figures of these KPIs by id; without those that cannot be filtered so, or that are a
    distribution and no one figure.
    """
    kpis = {kpi_id: sight.catalogue.get(kpi_id) for kpi_id in ids}
    asked = [
        kpi_id for kpi_id, kpi in kpis.items() if not kpi.distribution and _takes(sight, kpi, where)
    ]
    if not asked:
        return {}
    stretch, grain = spans.trail(period, sight.settings.calendar)
    given: dict[str, Any] = {"where": tuple(where), **(clock or {})}
    now = sight.kpi(asked, period=period, compare="previous", **given)
    year = sight.kpi(asked, period=period, compare="year-ago", **given)
    trend: Result = sight.kpi(asked, period=stretch, grain=grain, **given)
    over: dict[str, list[Answer]] = {}
    for answer in trend:
        over.setdefault(answer.kpi, []).append(answer)
    return {
        a.kpi: TileFigure(kpis[a.kpi], a, b, tuple(over[a.kpi]), now.currency)
        for a, b in zip(now, year, strict=True)
    }


def tiles(
    call: Call,
    ids: Sequence[str],
    *,
    period: str,
    where: Sequence[str] = (),
    clock: Mapping[str, str | None] | None = None,
) -> list[FigureTile]:
    """A tile for each KPI, in their order."""
    sight = call.sight
    found = figures(sight, ids, period=period, where=where, clock=clock)
    asking = Asking(sight, (), {"period": period, "where": tuple(where), **(clock or {})})
    return tiles_of(call, asking, {kpi_id: found.get(kpi_id) for kpi_id in ids})


def tiles_of(
    call: Call, asking: Asking, found: Mapping[str, TileFigure | None]
) -> list[FigureTile]:
    """The same for figures that are asked already."""
    sight = call.sight
    notes = Counter(
        note.kpi for note in call.library.notes.about(scope=sight.scope, limit=_MOST_NOTES)
    )
    made = [_tile(asking, sight.catalogue.get(kpi_id), figure) for kpi_id, figure in found.items()]
    return [replace(tile, notes=notes[kpi]) for kpi, tile in zip(found, made, strict=True)]


def _tile(asking: Asking, kpi: Kpi, figure: TileFigure | None) -> FigureTile:
    """The tile, but for its notes."""
    href = asking.url(f"/kpis/{kpi.id}")
    bare = FigureTile(kpi.name, None, href, notes_href=f"{href}#notes")
    if figure is None:
        parts = str(kpi.distribution).replace("_", " ")
        several = f"It has one figure for each {parts}: open it to see them."
        reason = several if kpi.distribution else "It cannot be filtered like this."
        return replace(bare, reason=reason)
    doubts = [note.text for note in figure.now.notes]
    bare = replace(bare, why=asking.url(f"/why/{kpi.id}"), spark=figure.spark, doubts=doubts)
    if figure.text is None:
        return replace(bare, reason=why_none(asking.sight, kpi, figure.now))
    return replace(
        bare,
        value=figure.text,
        changes=figure.changes,
        n=words.counted(kpi, figure.now.n),
        interval=figure.interval,
        status=status_of(figure.now, asking.sight.settings.calendar),
    )


def _takes(sight: Sight, kpi: Kpi, where: Sequence[str]) -> bool:
    known = dimensions_of(sight, (kpi,))
    return all(parse_filter(text).dimension in known for text in where)
