"""What one KPI's page tells: the figure, its trend with notes, its slices, its spread, what moved
it, and what it means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.engine import Result
from kampass.engine.answer import Answer
from kampass.errors import QuestionError
from kampass.facts import FACTS
from kampass.library.notes import Note
from kampass.periods import cut, parse
from kampass.render.charts import breakdown, distribution, multiples, trend
from kampass.render.display import show_value
from kampass.web.pages.bridge.view import movers
from kampass.web.parts import spans
from kampass.web.parts.picture import Picture, picture
from kampass.web.parts.question import Asking
from kampass.web.parts.tiles import Figure, figures
from kampass.web.parts.wording import (
    change_of,
    counted,
    dimension_word,
    status_words,
    through_day,
    unit_word,
    why_none,
)

MOST_ROWS, MOST_VALUES, MOST_SLICES = 50, 5_000, 40
_DURATIONS: Final = frozenset({"hours", "days"})
_KINDS: Final = {
    "activity": "Activity: what we do",
    "objective": "Objective: what we are here for",
    "moneyball": "Moneyball: what shows early where it is going",
}
_DIRECTIONS: Final = {
    "up": "More is better",
    "down": "Less is better",
    "neutral": "Neither more nor less is better by itself",
}


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
    def figure(self) -> Figure | None:
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
        told = [
            f"{each['text'][:1].lower()}{each['text'][1:]} {each['against']}"
            for each in figure.changes
        ]
        return (
            f"{', '.join([f'{self.kpi.name} is {figure.text} in {period}', *told])}. It rests "
            f"on {counted(self.kpi, figure.now.n)}."
        )

    @cached_property
    def trend(self) -> Picture:
        """The figure over time, with what people noted."""
        return picture(trend(self._asked(self.over_time), notes=self._marks))

    @cached_property
    def history(self) -> list[dict[str, Any]]:
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
    def slice_rows(self) -> list[dict[str, Any]]:
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
    def slice_columns(self) -> list[dict[str, Any]]:
        """The columns of those rows."""
        interval = (
            [{"key": "interval", "label": "95 % interval", "kind": "number"}]
            if self.kpi.interval
            else []
        )
        change = (
            []
            if self.sliced_by == "account"
            else [{"key": "change", "label": "On the period before"}]
        )
        head: list[dict[str, Any]] = [
            {"key": "slice", "label": dimension_word(self.sliced_by or "")},
            {"key": "value", "label": "Value", "kind": "number"},
        ]
        return [*head, *change, *interval, {"key": "n", "label": "n", "kind": "number"}]

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
    def moved_by(self) -> dict[str, Any]:
        """The accounts that moved it most since the period before, and the way to all of them."""
        return movers(self.focus, self.kpi)

    @property
    def meaning(self) -> list[tuple[str, Any]]:
        """The definition as facts."""
        cadence = ", ".join(
            f"{name.replace('_', ' ')} {often}" for name, often in self.kpi.cadence.items()
        )
        return [
            ("Asks", self.kpi.question),
            ("Is", self.kpi.formula),
            ("Kind", _KINDS[self.kpi.kind]),
            ("Better", _DIRECTIONS[self.kpi.direction]),
            ("Look at it", cadence[:1].upper() + cadence[1:]),
            ("n counts", unit_word(self.kpi)),
            ("Definition", {"text": self.kpi.label, "href": f"/catalogue/{self.kpi.id}"}),
        ]

    @property
    def levers(self) -> list[str]:
        """What the formula is made of, in words: what has to change for the figure to change."""
        return list(
            dict.fromkeys(
                f"{name.replace('_', ' ').capitalize()}: {FACTS[each.fact].about}"
                for name, each in self.kpi.measures.items()
            )
        )

    @property
    def _cut(self) -> tuple[str, ...]:
        return (self.sliced_by,) if self.sliced_by and not self.kpi.distribution else ()

    @property
    def _marks(self) -> list[tuple[Any, str]]:
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

    def _row(self, now: Answer, then: Answer, result: Result) -> dict[str, Any]:
        """One period of the history."""
        one = self.asking.changed(period=self._period(now), grain=None, by=(), compare=None)
        label = spans.said(now.period_start, now.period_end)
        about = ", ".join(result.shown(now, name) for name in now.dimensions)
        cells: dict[str, Any] = {
            "period": {"text": label, "note": about or None},
            "n": counted(self.kpi, now.n),
        }
        cells["value"] = self._value(now, one, result.currency)
        for name, answer in (("before", now), ("year", then)):
            change = change_of(self.kpi, answer, result.currency, "")
            cells[name] = (
                {"text": "", "change": change}
                if change
                else {"text": None, "reason": "there is nothing to compare"}
            )
        cells["status"] = (status_words(now, through_day(one.sight, now)) or {"text": ""})["text"]
        return {"cells": cells, "href": one.url(f"/kpis/{self.kpi.id}")}

    def _slice(self, result: Result, answer: Answer) -> dict[str, Any]:
        """One slice."""
        name, condition = "All", ""
        if answer.dimensions:
            (dimension, value), *_ = answer.dimensions.items()
            name = result.shown(answer, dimension)
            condition = f"{dimension} is unknown" if value is None else f"{dimension}={value}"
        href = (
            None
            if self.kpi.distribution
            else self.asking.url(f"/kpis/{self.kpi.id}", also=condition)
        )
        filtered = self.focus if self.kpi.distribution else self.focus.changed(also=condition)
        cells: dict[str, Any] = {
            "slice": {"text": name, "href": href},
            "value": self._value(answer, filtered, result.currency),
            "n": counted(self.kpi, answer.n),
        }
        change = change_of(self.kpi, answer, result.currency, "")
        cells["change"] = {"text": "", "change": change} if change else None
        cells["interval"] = self._interval(answer)
        return {"cells": cells, "current": not answer.dimensions}

    def _interval(self, answer: Answer) -> dict[str, Any] | None:
        if answer.low is None or answer.high is None:
            return None
        least, most = {"percent": (0.0, 100.0), "points": (-100.0, 100.0)}.get(
            self.kpi.unit, (answer.low, answer.high)
        )
        text = (
            f"{show_value(answer.low, self.kpi.unit, '').removesuffix(' %')} to "
            f"{show_value(answer.high, self.kpi.unit, '')}"
        )
        return {
            "text": text,
            "interval": {
                "low": answer.low,
                "value": answer.value,
                "high": answer.high,
                "least": least,
                "most": most,
            },
        }

    def _value(self, answer: Answer, asking: Asking, currency: str) -> dict[str, Any]:
        if answer.value is None:
            return {"text": None, "reason": why_none(asking.sight, self.kpi, answer)}
        return {
            "text": show_value(answer.value, self.kpi.unit, currency),
            "why": asking.url(f"/why/{self.kpi.id}"),
        }

    def _period(self, answer: Answer) -> str:
        """The period of one answer of the trend, as a question spells it."""
        calendar = self.asking.sight.settings.calendar
        pieces = cut(parse(self.over_time.period, calendar), self.over_time.grain, calendar)
        return spans.spelled(
            next(piece for piece in pieces if piece.start == answer.period_start), calendar
        )
