"""One KPI's answers as lines: which periods and slices are drawn, a row for each point, and the
words that explain the marks.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from kampass.engine.answer import Answer, Result
from kampass.periods import label
from kampass.render import words
from kampass.render.charts.chart import (
    Row,
    Scale,
    apart,
    name_of,
    period_words,
    slice_of,
    told,
)

Restated = Collection[tuple[str, date]]
MOST_LINES = 6
TOTAL = 6


@dataclass(frozen=True)
class Series:
    """One KPI's answers, slice by slice over the periods that hold any value; `apart` where each
    slice has its own picture.
    """

    result: Result
    answers: tuple[Answer, ...]
    restated: Restated
    apart: bool = False

    @cached_property
    def periods(self) -> list[tuple[date, date]]:
        """The periods, without those before the first and after the last that hold any value."""
        asked = sorted({(answer.period_start, answer.period_end) for answer in self.answers})
        valued = {answer.period_start for answer in self.answers if answer.value is not None}
        held = [place for place, (start, _) in enumerate(asked) if start in valued]
        return asked[held[0] : held[-1] + 1] if held else []

    @cached_property
    def slices(self) -> list[dict[date, Answer]]:
        """Each slice's answers by period, those that end highest first, the total before all."""
        found: dict[tuple[object, ...], dict[date, Answer]] = {}
        for answer in self.answers:
            found.setdefault(tuple(sorted(answer.dimensions.items(), key=str)), {})[
                answer.period_start
            ] = answer
        lines = [
            line
            for line in found.values()
            if any(answer.value is not None for answer in line.values())
        ]
        return sorted(lines, key=lambda line: (bool(_any(line).dimensions), -_last(line)))

    @property
    def crowded(self) -> bool:
        """Whether there are more lines than one picture holds apart."""
        return sum(bool(_any(line).dimensions) for line in self.slices) > MOST_LINES

    @cached_property
    def names(self) -> list[str]:
        """The slices' names, each once."""
        return apart([slice_of(self.result, _any(line)) for line in self.slices])

    @property
    def title(self) -> str:
        """The KPI's name."""
        return name_of(self.result, self.answers[0])

    @cached_property
    def rows(self) -> list[Row]:
        """A row per slice and period, whether there is a value or not."""
        places = iter(range(len(self.slices)))
        return [
            row
            for line, name in zip(self.slices, self.names, strict=True)
            for row in self._line(
                line,
                name,
                next(places) if _any(line).dimensions or len(self.slices) == 1 else TOTAL,
            )
        ]

    def _line(self, line: dict[date, Answer], name: str, place: int) -> list[Row]:
        """One slice's rows: `solid` and `dashed` hold the value where such a line runs."""
        found = [line.get(start) for start, _ in self.periods]
        rows = []
        for at, (period, answer) in enumerate(zip(self.periods, found, strict=True)):
            near = [
                other
                for side in (at - 1, at + 1)
                if 0 <= side < len(found) and (other := found[side]) and other.value is not None
            ]
            partial = bool(answer and answer.status == "partial")
            row = {
                "kpi": self.title,
                "slice": name,
                "line": place,
                "period": period[0].isoformat(),
                "partial": partial,
                **self._figure(answer, period),
            }
            dashed = partial or any(other.status == "partial" for other in near)
            row |= {
                "solid": None if partial else row["value"],
                "dashed": row["value"] if dashed else None,
                "alone": not row["gap"] and not near,
            }
            rows.append(row)
        return rows

    def _figure(self, answer: Answer | None, period: tuple[date, date]) -> Row:
        """What one answer brings; a slice that is not there in a period brings nothing."""
        if answer is None:
            nothing = {
                "value": None,
                "low": None,
                "high": None,
                "open": False,
                "few": False,
                "restated": False,
                "gap": True,
            }
            return nothing | {
                "shown": "-",
                "interval": "-",
                "label": label(*period),
                "behind": "0",
                "said": "nothing of it",
            }
        marks = {
            "open": answer.status in {"partial", "provisional"},
            "few": answer.status == "low_n",
            "gap": answer.value is None,
        }
        marks["restated"] = (
            answer.value is not None and (answer.kpi, answer.period_start) in self.restated
        )
        return {
            "value": answer.value,
            "low": answer.low,
            "high": answer.high,
            **marks,
            **told(self.result, answer),
        }

    @cached_property
    def scale(self) -> Scale:
        """The value axis."""
        single = self.apart or len(self.slices) == 1
        ends = [
            row[name]
            for row in self.rows
            for name in ("value", *(("low", "high") if single else ()))
            if row[name] is not None
        ]
        return Scale.of(ends, zero=False, whole=self.answers[0].unit == "count")

    @property
    def ends(self) -> list[Row]:
        """The last row with a value of each slice."""
        return list({row["slice"]: row for row in self.rows if row["value"] is not None}.values())

    @property
    def words(self) -> list[str]:
        """The unit, and what the marks mean where they are used."""
        unit, rows = words.unit_label(self.answers[0].unit, self.result.currency), self.rows
        by = " and ".join(name.replace("_", " ") for name in self.result.dimensions)
        first = ", ".join(filter(None, [unit, f"by {by}" if by else ""]))
        shaded = (self.apart or len(self.slices) == 1) and any(
            row["low"] is not None for row in rows
        )
        reads = {
            "shaded: 95 % interval": shaded,
            "open and dashed: not over in the data": any(row["partial"] for row in rows),
            "open: may still change": any(row["open"] and not row["partial"] for row in rows),
            "small: fewer than 30 behind it": any(row["few"] for row in rows),
            "ringed: restated": any(row["restated"] for row in rows),
        }
        return [
            "; ".join(filter(None, [first, *(word for word, used in reads.items() if used)])),
            self._gaps(),
        ]

    def _gaps(self) -> str:
        """Why a single line breaks, and what was left off at its ends."""
        why = dict.fromkeys(row["said"] for row in self.rows if row["gap"])
        asked = {answer.period_start: answer for answer in self.answers}
        off = [
            period_words(asked[start])
            for start in sorted(asked)
            if not self.periods[0][0] <= start <= self.periods[-1][0]
        ]
        said = f"Gaps: {', '.join(why)}. " if why and len(self.slices) == 1 else ""
        return said + (
            f"No value: {off[0]}" + (f" to {off[-1]}" if len(off) > 1 else "") if off else ""
        )

    @property
    def said(self) -> str:
        """The last figure of each line in words."""
        return "; ".join(f"{row['slice']} {row['shown']} in {row['label']}" for row in self.ends)


def series_of(result: Result, restated: Restated) -> list[Series]:
    """The lines of each KPI, in the order in which they were asked for."""
    kpis: dict[str, list[Answer]] = {}
    for answer in result:
        kpis.setdefault(answer.kpi, []).append(answer)
    return [Series(result, tuple(answers), restated) for answers in kpis.values()]


def _any(line: dict[date, Answer]) -> Answer:
    return next(iter(line.values()))


def _last(line: dict[date, Answer]) -> float:
    return next(
        answer.value for _, answer in sorted(line.items(), reverse=True) if answer.value is not None
    )


def spread(places: Sequence[float], gap: float, least: float) -> list[float]:
    """Ascending places moved as little as needed to lie a gap apart, none below the least.

    >>> spread([0.0, 1.0, 50.0], 10.0, 0.0)
    [0.0, 10.0, 50.0]
    """
    groups: list[list[float]] = []  # of places that touch: their sum, and how many
    for place in places:
        groups.append([place, 1])
        while len(groups) > 1 and _top(groups[-2], gap) + gap > _bottom(groups[-1], gap):
            (one, few), (two, more) = groups[-2:]
            groups[-2:] = [[one + two, few + more]]
    made: list[float] = []
    for group in groups:
        start = max(_bottom(group, gap), made[-1] + gap if made else least)
        made += [start + gap * at for at in range(int(group[1]))]
    return made


def _bottom(group: Sequence[float], gap: float) -> float:
    return group[0] / group[1] - gap * (group[1] - 1) / 2


def _top(group: Sequence[float], gap: float) -> float:
    return _bottom(group, gap) + gap * (group[1] - 1)
