"""Figures as tiles: the value, what became of it, how much is behind it, twelve periods, and what
to keep in mind, in an account manager's words.

Everything is asked of the engine in three calls for all tiles together: against the period before,
against a year ago, and over time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer, Result
from kampass.engine.question import parse_filter
from kampass.render.display import show_value
from kampass.server.rules import Call
from kampass.web.parts import spans
from kampass.web.parts.choices import dimensions_of
from kampass.web.parts.question import Asking
from kampass.web.parts.spans import latest
from kampass.web.parts.wording import change_of, counted, status_words, through_day, why_none
from kampass.workspace.view import Sight

__all__ = ["Figure", "figures", "latest", "tiles", "tiles_of"]

_MOST_NOTES = 10_000
_SCALES: Final = {"percent": (0.0, 100.0), "points": (-100.0, 100.0)}


@dataclass(frozen=True)
class Figure:
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
    def changes(self) -> list[dict[str, str]]:
        """What became of it, for ui.change."""
        before, year = self.now.change, self.year.change
        same = before is not None and year is not None and before.period_start == year.period_start
        told = (self.now,) if same else (self.now, self.year)
        return [
            each
            for answer in told
            if (each := change_of(self.kpi, answer, self.currency, self._against(answer)))
        ]

    @property
    def interval(self) -> dict[str, Any] | None:
        """Where the truth may lie, for ui.interval."""
        if self.now.low is None or self.now.high is None:
            return None
        least, most = _SCALES.get(self.kpi.unit, (self.now.low, self.now.high))
        low, high = (
            show_value(end, self.kpi.unit, self.currency) for end in (self.now.low, self.now.high)
        )
        text = f"{low.removesuffix(' %')} to {high}"
        return {
            "text": text,
            "low": self.now.low,
            "value": self.now.value,
            "high": self.now.high,
            "least": least,
            "most": most,
        }

    @property
    def spark(self) -> dict[str, Any] | None:
        """The line over the periods up to it, for ui.spark."""
        known = [answer for answer in self.trend if answer.value is not None]
        if len(known) < 2:  # noqa: PLR2004 - a line has two ends
            return None
        first, last = known[0], known[-1]
        ends = [
            (
                f"{show_value(each.value, self.kpi.unit, self.currency)} in "
                f"{spans.said(each.period_start, each.period_end)}"
            )
            for each in (first, last)
        ]
        values = [answer.value for answer in self.trend]
        return {
            "values": values,
            "label": f"{self.kpi.name}: {ends[0]}, {ends[1]}",
            "partial": self.trend[-1].status == "partial",
        }

    def _against(self, answer: Answer) -> str:
        change = answer.change
        assert change is not None
        return f"on {spans.said(change.period_start, change.period_end)}"


def figures(
    sight: Sight,
    ids: Sequence[str],
    *,
    period: str,
    where: Sequence[str] = (),
    clock: Mapping[str, str | None] | None = None,
) -> dict[str, Figure]:
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
        a.kpi: Figure(kpis[a.kpi], a, b, tuple(over[a.kpi]), now.currency)
        for a, b in zip(now, year, strict=True)
    }


def tiles(
    call: Call,
    ids: Sequence[str],
    *,
    period: str,
    where: Sequence[str] = (),
    clock: Mapping[str, str | None] | None = None,
) -> list[dict[str, Any]]:
    """One dict for ui.tile for each KPI, in their order."""
    sight = call.sight
    found = figures(sight, ids, period=period, where=where, clock=clock)
    asking = Asking(sight, (), {"period": period, "where": tuple(where), **(clock or {})})
    return tiles_of(call, asking, {kpi_id: found.get(kpi_id) for kpi_id in ids})


def tiles_of(
    call: Call, asking: Asking, found: Mapping[str, Figure | None]
) -> list[dict[str, Any]]:
    """The same for figures that are asked already."""
    sight = call.sight
    notes = Counter(
        note.kpi for note in call.library.notes.about(scope=sight.scope, limit=_MOST_NOTES)
    )
    return [
        _tile(asking, sight.catalogue.get(kpi_id), figure)
        | ({"notes": notes[kpi_id]} if notes[kpi_id] else {})
        for kpi_id, figure in found.items()
    ]


def _tile(asking: Asking, kpi: Kpi, figure: Figure | None) -> dict[str, Any]:
    """The parameters of ui.tile, but for the notes."""
    href = asking.url(f"/kpis/{kpi.id}")
    made: dict[str, Any] = {
        "label": kpi.name,
        "href": href,
        "notes_href": f"{href}#notes",
        "value": None,
    }
    if figure is None:
        several = (
            f"It has one figure for each {str(kpi.distribution).replace('_', ' ')}: open it to "
            "see them."
        )
        return made | {
            "reason": several if kpi.distribution else "It cannot be filtered like this."
        }
    made |= {"why": asking.url(f"/why/{kpi.id}"), "spark": figure.spark}
    if figure.text is None:
        return made | {"reason": why_none(asking.sight, kpi, figure.now)}
    return made | {
        "value": figure.text,
        "changes": figure.changes,
        "n": counted(kpi, figure.now.n),
        "interval": figure.interval,
        "status": status_words(figure.now, through_day(asking.sight, figure.now)),
    }


def _takes(sight: Sight, kpi: Kpi, where: Sequence[str]) -> bool:
    known = dimensions_of(sight, (kpi,))
    return all(parse_filter(text).dimension in known for text in where)
