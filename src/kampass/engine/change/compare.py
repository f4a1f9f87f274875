"""A figure against the previous period or the year before, and whether the difference can be told from chance.

A partial period is compared with the same elapsed local days: the day on which its data ends counts in full in the
reference. The reference period stays whole otherwise and is read as if the data had ended there, so that both sides
have seen equally much.

Shares are compared by Newcombe's method, promoters less detractors by adjusted Wald. Other ratios and totals are
resampled by account where their parts per account add up to the figure; medians, products, distributions and
transfers get no interval, nor do figures with fewer than two units or two accounts, nor comparisons of more than
20,000 account rows (an account with something to count in both periods has two).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import isclose
from typing import TYPE_CHECKING, Any

from kampass.engine import intervals
from kampass.engine.question import Asked, Comparison
from kampass.engine.result import Answer, Change
from kampass.kpis import Kpi
from kampass.periods import Calendar

if TYPE_CHECKING:
    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    from kampass.engine.engine import Engine

FEWEST = 2
FEWEST_ACCOUNTS = 8
MOST_ACCOUNT_ROWS = 20_000
_ROWS_AT_ONCE = 500_000

Found = dict[tuple[str, int], list[Answer]]
Key = tuple[str, int, tuple[str | None, ...]]
Interval = tuple[float, float]


@dataclass(frozen=True)
class _Pair:
    """An answer and the one it is compared with."""

    kpi: Kpi
    now: Answer
    before: Answer

    @property
    def difference(self) -> float | None:
        return None if self.now.value is None or self.before.value is None else self.now.value - self.before.value

    @property
    def enough(self) -> bool:
        """Whether an interval may be worked out."""
        return self.difference is not None and min(self.now.n, self.before.n) >= FEWEST


def compared(engine: "Engine", kpis: Sequence[Kpi], asked: Asked, found: Found, against: Comparison) -> Found:
    """The same answers with their change."""
    before = reference(asked, found, against, engine.settings.calendar)
    others = engine.answers(kpis, before)
    by_id = {kpi.id: kpi for kpi in kpis}
    pairs: dict[Key, _Pair] = {}
    for (kpi_id, number), answers in found.items():
        there = {_slice(other): other for other in others.get((kpi_id, number), ())}
        for answer in answers:
            other = there.get(_slice(answer)) or _absent(engine, by_id[kpi_id], number, before, answer)
            pairs[kpi_id, number, _slice(answer)] = _Pair(by_id[kpi_id], answer, _settled(engine, number, before, other))
    resampled = _resampled(engine, asked, before, pairs)
    changed: Found = {}
    for (kpi_id, number, values), pair in pairs.items():
        low_high, method = _interval(pair, resampled.get((kpi_id, number, values)))
        low, high = low_high or (None, None)
        change = Change(
            against, before.periods[number].start, before.end(kpi_id, number), pair.before.value, pair.difference, low, high, method,
            None if low is None or high is None else low > 0 or high < 0, pair.before.reason,
        )  # fmt: skip
        changed.setdefault((kpi_id, number), []).append(replace(pair.now, change=change))
    return changed


def reference(asked: Asked, found: Found, against: Comparison, calendar: Calendar) -> Asked:
    """The stretches to compare with: the same question a period or a year earlier, ended early where the data ends within the period."""
    periods = tuple(period.previous() if against == "previous" else period.year_ago() for period in asked.periods)
    stops = {}
    for (kpi_id, number), answers in found.items():
        period, through = asked.periods[number], answers[0].through
        if through is None or not calendar.first_instant(period.start) < through < calendar.first_instant(period.end):
            continue
        elapsed = calendar.last_date_before(through) - period.start + timedelta(days=1)
        stop = periods[number].start + elapsed
        if stop < periods[number].end:
            stops[kpi_id, number] = stop
    return Asked(periods, asked.by, asked.where, stops)


def _slice(answer: Answer) -> tuple[str | None, ...]:
    return tuple(answer.dimensions.values())


def _absent(engine: "Engine", kpi: Kpi, number: int, before: Asked, answer: Answer) -> Answer:
    """The reference of a slice without rows: 0 for counts and sums of a covered period, else no value."""
    reach = engine.reach(kpi, number, before)
    counted = kpi.form == "total" and reach.reason is None
    reason = None if counted else reach.reason or "zero_denominator"
    zero = 0.0 if counted else None
    return replace(answer, value=zero, numerator=zero, denominator=None, n=0, low=None, high=None, reason=reason, through=reach.through)


def _settled(engine: "Engine", number: int, before: Asked, other: Answer) -> Answer:
    """A reference whose data ends before its stretch does cannot be compared with."""
    end = engine.settings.calendar.first_instant(before.end(other.kpi, number))
    if other.reason is None and other.through is not None and other.through < end:
        return replace(other, value=None, reason="not_covered")
    return other


def _interval(pair: _Pair, resampled: Interval | None) -> tuple[Interval | None, str | None]:
    """The interval of a difference in the KPI's unit and its method, or neither."""
    if not pair.enough:
        return None, None
    scale = pair.kpi.scale
    if pair.kpi.interval is None:
        return resampled, "bootstrap" if resampled else None
    if pair.now.low is None or pair.before.low is None:
        return None, None
    if pair.kpi.interval == "wilson":
        low, high = intervals.newcombe(_share(pair.now), _share(pair.before))
        return (scale * low, scale * high), "newcombe"
    low, high = intervals.adjusted_wald_difference(_votes(pair.now), _votes(pair.before))
    return (scale * low, scale * high), "adjusted_wald"


def _share(answer: Answer) -> tuple[float, float]:
    assert answer.numerator is not None
    assert answer.denominator is not None
    return answer.numerator, answer.denominator


def _votes(answer: Answer) -> tuple[float, float, float]:
    assert answer.denominator is not None
    return answer.parts["promoters"], answer.parts["detractors"], answer.denominator


def _can_be_resampled(kpi: Kpi) -> bool:
    whole_book = kpi.interval is None and kpi.form != "statistic" and kpi.takes_any_account_dimension
    return whole_book and not (kpi.distribution or kpi.cut_only or kpi.suppress_below)


def _resampled(engine: "Engine", asked: Asked, before: Asked, pairs: Mapping[Key, _Pair]) -> dict[Key, Interval]:
    """The bootstrap intervals of whatever can have one; some periods at a time where there are many accounts."""
    wanted = {key: pair for key, pair in pairs.items() if pair.enough and _can_be_resampled(pair.kpi)}
    if not wanted or "account" in asked.by:  # one account varies with nobody
        return {}
    kpis = list(dict.fromkeys(pair.kpi for pair in wanted.values()))
    codes = {row[0]: code for code, row in enumerate(engine.connection.execute("SELECT id FROM accounts ORDER BY id").fetchall())}
    step = max(1, _ROWS_AT_ONCE // max(1, len(codes)))
    made: dict[Key, Interval] = {}
    for first in range(0, len(asked.periods), step):
        sides = [_by_account(engine, kpis, side.part(first, first + step), codes) for side in (asked, before)]
        for key, pair in wanted.items():
            kpi_id, number, values = key
            if first <= number < first + step:
                tables = [side[kpi_id, number - first, values] for side in sides if (kpi_id, number - first, values) in side]
                interval = _bootstrap(pair, tables) if len(tables) == len(sides) else None
                if interval:
                    made[key] = interval
    return made


@dataclass(frozen=True)
class _Accounts:
    """A slice's parts by account: numbers of the accounts, ascending with their ids (-1: unknown), and a row of parts for each."""

    codes: "NDArray[int64]"
    parts: "NDArray[float64]"


def _by_account(engine: "Engine", kpis: Sequence[Kpi], asked: Asked, codes: Mapping[str, int]) -> dict[Key, _Accounts]:
    """The parts of every slice's figure, account by account."""
    import numpy as np

    found: dict[Key, _Accounts] = {}
    for group, columns in engine.columns(kpis, replace(asked, by=(*asked.by, "account"))):
        cells = [_texts(columns[f"d{index}"]) for index in range(len(asked.by) + 1)]
        coded = np.array([codes.get(account or "", -1) for account in cells[-1]], dtype=np.int64)
        rows: dict[tuple[Any, ...], list[int]] = {}
        for row, place in enumerate(zip(columns["i"].tolist(), *cells[:-1], strict=True)):
            rows.setdefault(place, []).append(row)
        for index, kpi in enumerate(group):
            names = (f"v{index}", f"b{index}") if kpi.form == "ratio" else (f"v{index}",)
            parts = np.column_stack([np.ma.filled(columns[name].astype(np.float64), 0.0) for name in names])
            some: NDArray[bool_] = np.any(parts != 0, axis=1)  # other KPIs of the statement may have rows where this one has none
            for (number, *values), listed in rows.items():
                kept = np.array(listed)[some[listed]]
                found[kpi.id, number, tuple(values)] = _Accounts(coded[kept], parts[kept])
    return found


def _texts(column: Any) -> list[str | None]:  # noqa: ANN401 - a NumPy array, masked where it holds nulls
    found: list[str | None] = column.tolist()
    return found


def _bootstrap(pair: _Pair, tables: Iterable[_Accounts]) -> Interval | None:
    """The interval of one pair; None where its parts do not add up, or accounts are too few or too many."""
    import numpy as np

    now, before = tables
    accounts = np.union1d(now.codes, before.codes)
    if len(accounts) < FEWEST_ACCOUNTS or len(now.codes) + len(before.codes) > MOST_ACCOUNT_ROWS:
        return None
    sides = []
    for table, answer in ((now, pair.now), (before, pair.before)):
        side = np.zeros((len(accounts), table.parts.shape[1]))
        np.add.at(side, np.searchsorted(accounts, table.codes), table.parts)
        figures = (answer.numerator, answer.denominator)[: side.shape[1]]
        if not all(figure is not None and isclose(figure, total, rel_tol=1e-9, abs_tol=1e-9) for figure, total in zip(figures, side.sum(axis=0), strict=True)):
            return None
        sides.append(side)
    return intervals.paired_bootstrap(*sides, scale=pair.kpi.scale)
