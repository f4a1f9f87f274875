"""A figure against the previous period or the year before, and whether the difference can be told
from chance.

A partial period is compared with the same elapsed local days: the day on which its data ends counts
in full in the reference. The reference period stays whole otherwise and is read as if the data had
ended there, so that both sides have seen equally much.

The amount always stands. Chance is asked of ratios alone, with eight units or more on both sides:
counts, sums and balances are what they are, and of them it is said how much one account carries.
Shares are compared by Newcombe's method, widened where several units of one account vary together;
promoters less detractors by adjusted Wald. Other ratios are resampled by account where their parts
per account add up to the figure; distributions get no interval, nor do figures of too few accounts,
and resamplings of more than 20,000 account rows (an account with something to count in both periods
has two).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import isclose
from typing import TYPE_CHECKING, Any

from kampass.catalogue import Kpi
from kampass.engine import intervals
from kampass.engine.answer import Answer, Change
from kampass.engine.engine import Engine, Found
from kampass.engine.question import Asked, Comparison
from kampass.periods import Calendar

if TYPE_CHECKING:
    from numpy import bool_, float64, int64
    from numpy.typing import NDArray


FEWEST = 8
"""Units on either side below which chance is not asked about."""
FEWEST_ACCOUNTS = 8
MOST_OF_ONE = 0.4
"""Fewer accounts, or one with a greater part of a denominator, say too little of how accounts
differ (docs/comparing.md).
"""
MOST_ACCOUNT_ROWS = 20_000
_ROWS_AT_ONCE = 500_000

Key = tuple[str, int, tuple[str | None, ...]]
Interval = tuple[float, float]


@dataclass(frozen=True)
class _Judged:
    """What is said of a difference: its interval in the KPI's unit and the method, or how many per
    cent of it one account carries.
    """

    interval: Interval | None = None
    method: str | None = None
    carried_by: float | None = None

    @property
    def detectable(self) -> bool | None:
        return None if self.interval is None else self.interval[0] > 0 or self.interval[1] < 0


_NOTHING = _Judged()


@dataclass(frozen=True)
class _Pair:
    """An answer and the one it is compared with."""

    kpi: Kpi
    now: Answer
    before: Answer

    @property
    def difference(self) -> float | None:
        return (
            None
            if self.now.value is None or self.before.value is None
            else self.now.value - self.before.value
        )

    @property
    def enough(self) -> bool:
        """Whether it may be asked if chance alone makes such a difference."""
        asked = self.kpi.form == "ratio" and self.difference is not None
        return asked and min(self.now.n, self.before.n) >= FEWEST

    @property
    def moved(self) -> bool:
        """Whether it is a count, a sum or a balance that is not what it was."""
        return self.kpi.form == "total" and bool(self.difference)


def compared(
    engine: Engine, kpis: Sequence[Kpi], asked: Asked, found: Found, against: Comparison
) -> Found:
    """The same answers with their change."""
    before = reference(asked, found, against, engine.settings.calendar)
    others = engine.answers(kpis, before)
    by_id = {kpi.id: kpi for kpi in kpis}
    pairs: dict[Key, _Pair] = {}
    for (kpi_id, number), answers in found.items():
        there = {_slice(other): other for other in others.get((kpi_id, number), ())}
        for answer in answers:
            other = there.get(_slice(answer)) or _absent(
                engine, by_id[kpi_id], number, before, answer
            )
            pairs[kpi_id, number, _slice(answer)] = _Pair(
                by_id[kpi_id], answer, _settled(engine, number, before, other)
            )
    judged = _judged_by_account(engine, asked, before, pairs)
    changed: Found = {}
    for (kpi_id, number, values), pair in pairs.items():
        said = judged.get((kpi_id, number, values)) or _judged(pair, asked)
        low, high = said.interval or (None, None)
        change = Change(
            against,
            before.periods[number].start,
            before.end(kpi_id, number),
            pair.before.value,
            pair.difference,
            low,
            high,
            said.method,
            said.detectable,
            said.carried_by,
            pair.before.reason,
        )
        changed.setdefault((kpi_id, number), []).append(replace(pair.now, change=change))
    return changed


def reference(asked: Asked, found: Found, against: Comparison, calendar: Calendar) -> Asked:
    """The stretches to compare with: the same question a period or a year earlier, ended early
    where the data ends within the period.
    """
    periods = tuple(
        period.previous() if against == "previous" else period.year_ago()
        for period in asked.periods
    )
    stops = {}
    for (kpi_id, number), answers in found.items():
        period, through = asked.periods[number], answers[0].through
        if through is None or not calendar.first_instant(
            period.start
        ) < through < calendar.first_instant(period.end):
            continue
        elapsed = calendar.last_date_before(through) - period.start + timedelta(days=1)
        stop = periods[number].start + elapsed
        if stop < periods[number].end:
            stops[kpi_id, number] = stop
    return Asked(periods, asked.by, asked.where, stops)


def _slice(answer: Answer) -> tuple[str | None, ...]:
    return tuple(answer.dimensions.values())


def _absent(engine: Engine, kpi: Kpi, number: int, before: Asked, answer: Answer) -> Answer:
    """The reference of a slice without rows: 0 for counts and sums of a covered period, else no
    value.
    """
    reach = engine.reach(kpi, number, before)
    counted = kpi.form == "total" and reach.reason is None
    reason = None if counted else reach.reason or "zero_denominator"
    zero = 0.0 if counted else None
    return replace(
        answer,
        value=zero,
        numerator=zero,
        denominator=None,
        n=0,
        low=None,
        high=None,
        reason=reason,
        through=reach.through,
    )


def _settled(engine: Engine, number: int, before: Asked, other: Answer) -> Answer:
    """A reference whose data ends before its stretch does cannot be compared with."""
    end = engine.settings.calendar.first_instant(before.end(other.kpi, number))
    if other.reason is None and other.through is not None and other.through < end:
        return replace(other, value=None, reason="not_covered")
    return other


def _judged(pair: _Pair, asked: Asked) -> _Judged:
    """What is said of a difference where no accounts need be told apart."""
    if pair.moved and pair.now.dimensions.get("account") is not None:
        return _Judged(carried_by=100.0)
    return _judged_alone(pair) if pair.enough and not _needs_accounts(pair.kpi, asked) else _NOTHING


def _judged_alone(pair: _Pair) -> _Judged:
    """The interval of a difference of answers or units that are independent."""
    kpi = pair.kpi
    if kpi.interval == "nps":
        low, high = intervals.adjusted_wald_difference(_votes(pair.now), _votes(pair.before))
        return _Judged((kpi.scale * low, kpi.scale * high), "adjusted_wald")
    if (
        (kpi.interval == "wilson" or kpi.is_share)
        and _is_within(pair.now)
        and _is_within(pair.before)
    ):
        low, high = intervals.newcombe(_share(pair.now), _share(pair.before))
        return _Judged((kpi.scale * low, kpi.scale * high), "newcombe")
    return _NOTHING


def _is_within(answer: Answer) -> bool:
    return (
        answer.numerator is not None
        and answer.denominator is not None
        and 0 <= answer.numerator <= answer.denominator
    )


def _share(answer: Answer) -> tuple[float, float]:
    assert answer.numerator is not None
    assert answer.denominator is not None
    return answer.numerator, answer.denominator


def _votes(answer: Answer) -> tuple[float, float, float]:
    assert answer.denominator is not None
    return answer.parts["promoters"], answer.parts["detractors"], answer.denominator


def _needs_accounts(kpi: Kpi, asked: Asked) -> bool:
    """Whether accounts must be told apart. One account's own units vary with nobody; other figures
    of one account say nothing.
    """
    if kpi.interval or (
        kpi.is_share and ("account" in asked.by or not kpi.takes_any_account_dimension)
    ):
        return False
    return kpi.form != "statistic"


def _can_be_told_apart(kpi: Kpi, asked: Asked) -> bool:
    return (
        kpi.takes_any_account_dimension
        and "account" not in asked.by
        and not (kpi.distribution or kpi.cut_only or kpi.suppress_below)
    )


def _judged_by_account(
    engine: Engine, asked: Asked, before: Asked, pairs: Mapping[Key, _Pair]
) -> dict[Key, _Judged]:
    """What rests on how accounts differ; some periods at a time where there are many accounts."""
    wanted = {
        key: pair
        for key, pair in pairs.items()
        if (pair.moved or (pair.enough and _needs_accounts(pair.kpi, asked)))
        and _can_be_told_apart(pair.kpi, asked)
    }
    if not wanted:
        return {}
    kpis = list(dict.fromkeys(pair.kpi for pair in wanted.values()))
    codes = {
        row[0]: code
        for code, row in enumerate(engine.backend.run("SELECT id FROM accounts ORDER BY id").all())
    }
    step = max(1, _ROWS_AT_ONCE // max(1, len(codes)))
    made: dict[Key, _Judged] = {}
    for first in range(0, len(asked.periods), step):
        sides = [
            _by_account(engine, kpis, side.part(first, first + step), codes)
            for side in (asked, before)
        ]
        for key, pair in wanted.items():
            kpi_id, number, values = key
            if first <= number < first + step:
                made[key] = _of_accounts(
                    pair, *(side.get((kpi_id, number - first, values)) for side in sides)
                )
    return made


@dataclass(frozen=True)
class _Accounts:
    """A slice's parts by account: numbers of the accounts, ascending with their ids (-1: unknown),
    and a row of parts for each.
    """

    codes: "NDArray[int64]"
    parts: "NDArray[float64]"


def _by_account(
    engine: Engine, kpis: Sequence[Kpi], asked: Asked, codes: Mapping[str, int]
) -> dict[Key, _Accounts]:
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
            parts = np.column_stack(
                [np.ma.filled(columns[name].astype(np.float64), 0.0) for name in names]
            )
            some: NDArray[bool_] = np.any(
                parts != 0, axis=1
            )  # other KPIs of the statement may have rows where this one has none
            for (number, *values), listed in rows.items():
                kept = np.array(listed)[some[listed]]
                found[kpi.id, number, tuple(values)] = _Accounts(coded[kept], parts[kept])
    return found


def _texts(column: Any) -> list[str | None]:
    found: list[str | None] = column.tolist()
    return found


def _of_accounts(pair: _Pair, now: _Accounts | None, before: _Accounts | None) -> _Judged:
    """What accounts say of one pair; nothing where its parts do not add up, and no interval where
    accounts are too few, too many or too unlike in size.
    """
    laid = _side_by_side(pair, now, before)
    if laid is None:
        return _NOTHING
    codes, sides = laid
    if pair.moved:
        return _Judged(carried_by=_carried(pair, codes, sides))
    if pair.kpi.is_share:
        sides = _unknown_apart(codes, sides)
        if (
            len(codes) == 1 or max(float(side[:, 1].max()) for side in sides) <= 1
        ):  # as independent as units can be
            return _judged_alone(pair)
    if len(sides[0]) < FEWEST_ACCOUNTS or any(_leans_on_one(side) for side in sides):
        return _NOTHING
    if pair.kpi.is_share:
        low, high = intervals.clustered_newcombe(sides[0], sides[1])
        return _Judged((pair.kpi.scale * low, pair.kpi.scale * high), "newcombe")
    if sum(int(side.any(axis=1).sum()) for side in sides) > MOST_ACCOUNT_ROWS:
        return _NOTHING
    interval = intervals.bootstrap_t(sides[0], sides[1], pair.kpi.scale)
    return _Judged(interval, "bootstrap") if interval else _NOTHING


def _carried(
    pair: _Pair, codes: "NDArray[int64]", sides: Sequence["NDArray[float64]"]
) -> float | None:
    """The per cent of a difference that the account with most of it in its direction makes; None
    where the rows have no account.
    """
    assert pair.difference
    moved = (sides[0] - sides[1])[codes >= 0, 0] / pair.difference
    return 100 * float(moved.max()) if len(moved) else None


def _leans_on_one(side: "NDArray[float64]") -> bool:
    """Whether one account has so much of the denominator that the ratio is its own."""
    return side.shape[1] > 1 and bool(abs(side[:, 1]).max() > MOST_OF_ONE * side[:, 1].sum())


def _unknown_apart(
    codes: "NDArray[int64]", sides: Sequence["NDArray[float64]"]
) -> list["NDArray[float64]"]:
    """The same parts with a row for each unit of an unknown account: nothing says that they share
    one.
    """
    import numpy as np

    unknown, nobody = codes < 0, np.zeros(2)
    units = []
    for side in sides:
        successes, n = (int(part) for part in side[unknown].sum(axis=0))
        units.append(np.repeat([[1.0, 1.0], [0.0, 1.0]], [successes, n - successes], axis=0))
    now, before = (side[~unknown] for side in sides)
    (later, earlier) = units
    return [
        np.vstack([now, later, np.tile(nobody, (len(earlier), 1))]),
        np.vstack([before, np.tile(nobody, (len(later), 1)), earlier]),
    ]


def _side_by_side(
    pair: _Pair, now: _Accounts | None, before: _Accounts | None
) -> tuple["NDArray[int64]", list["NDArray[float64]"]] | None:
    """The accounts of either period and their parts in both, 0 where there are none; nothing where
    parts do not add up to the figure.
    """
    import numpy as np

    width = 1 if pair.kpi.form == "total" else 2
    none = _Accounts(np.empty(0, dtype=np.int64), np.empty((0, width)))
    accounts = np.union1d((now or none).codes, (before or none).codes)
    sides = []
    for table, answer in ((now or none, pair.now), (before or none, pair.before)):
        side = np.zeros((len(accounts), width))
        np.add.at(side, np.searchsorted(accounts, table.codes), table.parts)
        figures = (answer.numerator, answer.denominator)[:width]
        if not all(
            figure is not None and isclose(figure, total, rel_tol=1e-9, abs_tol=1e-9)
            for figure, total in zip(figures, side.sum(axis=0), strict=True)
        ):
            return None
        sides.append(side)
    return accounts, sides
