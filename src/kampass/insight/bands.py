"""Tie bands: which of several ratios side by side can be told apart, and how far luck alone would
spread them.

The ratios of account managers differ even where the managers do not, so no order is shown that
chance would make as well. Accounts are what varies: they are dealt out again at random, each
manager getting as many as before, and the largest of all pairwise differences is noted each time
(the max-T permutation test of Westfall and Young 1993, exact where the managers are alike). Each
ratio's interval is as wide as keeps all of them overlapping in 95 of 100 such deals, in units of
its standard error between accounts; two ratios are told apart where their intervals do not overlap
(comparison intervals, Gabriel 1978), and a band ends only where everybody above it is told apart
from everybody below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

FEWEST = 8
"""Fewer accounts say too little of how accounts differ (as in `compare`)."""
DEALS = 1000
LEVEL = 0.95
OWN = 0.5
"""How much of a ratio's variance is that of its own accounts, the rest is everybody's: one whose
accounts all agree is not certain.
"""
_SEED = 1979  # any fixed number gives the same answer to the same question
_AT_ONCE = 500_000
_NOISE = 1e-12

Part = tuple[float, float]
"""One account's numerator and denominator."""


@dataclass(frozen=True)
class Ranked:
    """One ratio of those compared: its value, its comparison interval, the accounts behind it, and
    the number of its band from 1.
    """

    name: str
    value: float
    low: float
    high: float
    accounts: int
    band: int


@dataclass(frozen=True)
class Bands:
    """The ratios from best to worst, and whose accounts are too few. `spread` is between the best
    and the worst.

    `luck` is the spread that equal managers would show on average, `luck_at_most` what they stay
    below in 95 of 100 deals.
    """

    ranked: tuple[Ranked, ...]
    few: tuple[str, ...]
    spread: float
    luck: float
    luck_at_most: float

    @property
    def count(self) -> int:
        """How many bands there are."""
        return max((member.band for member in self.ranked), default=0)


def bands(
    parts: Mapping[str, Sequence[Part]],
    *,
    scale: float = 1.0,
    upwards: bool = True,
    seed: int = _SEED,
) -> Bands:
    """The bands of ratios whose parts are given account by account; `upwards` where more is better.

    >>> found = bands({"a": [(1, 1)] * 30, "b": [(0, 1)] * 30, "c": [(0, 1), (1, 1)]}, scale=100)
    >>> [(member.name, member.band) for member in found.ranked], found.few
    ([('a', 1), ('b', 2)], ('c',))
    """
    few = tuple(name for name, found in parts.items() if too_few(found))
    kept = {name: _counted(found) for name, found in parts.items() if name not in few}
    if not kept:
        return Bands((), few, 0.0, 0.0, 0.0)
    deals = _deals(kept, seed)
    values, errors = (found[0] for found in _ratios(deals.own, deals.columns, len(kept)))
    reach, luck, luck_at_most = deals.judged()
    ends = [
        (value - reach * error, value + reach * error)
        for value, error in zip(values.tolist(), errors.tolist(), strict=True)
    ]
    order = sorted(
        range(len(kept)),
        key=lambda place: (-values[place] if upwards else values[place], list(kept)[place]),
    )
    numbers = _numbered([ends[place] for place in order], upwards=upwards)
    ranked = tuple(
        Ranked(
            list(kept)[place],
            scale * float(values[place]),
            scale * ends[place][0],
            scale * ends[place][1],
            len(kept[list(kept)[place]]),
            number,
        )
        for place, number in zip(order, numbers, strict=True)
    )
    return Bands(
        ranked, few, scale * float(values.max() - values.min()), scale * luck, scale * luck_at_most
    )


def too_few(parts: Sequence[Part]) -> bool:
    """Whether these accounts say too little to compare their ratio with others.

    >>> too_few([(1, 1)] * 7), too_few([(1, 1)] * 8)
    (True, False)
    """
    counted = _counted(parts)
    return len(counted) < FEWEST or sum(part[1] for part in counted) <= 0


def _counted(parts: Sequence[Part]) -> list[Part]:
    """The accounts that have something to count."""
    return [part for part in parts if part != (0, 0)]


def _numbered(ends: Sequence[tuple[float, float]], *, upwards: bool) -> list[int]:
    """The band of each interval, best first: another begins where none above reaches down to any
    below.
    """
    worse = [(-high, -low) for low, high in ends] if upwards else list(ends)
    numbers: list[int] = []
    for place in range(len(worse)):
        split = place > 0 and max(high for _, high in worse[:place]) < min(
            low for low, _ in worse[place:]
        )
        numbers.append(1 if place == 0 else numbers[-1] + split)
    return numbers


@dataclass(frozen=True)
class _Deals:
    """Everybody's accounts as columns, whose they are, and whose they would be in each random
    deal.
    """

    columns: "NDArray[float64]"
    own: "NDArray[int64]"
    members: int
    seed: int

    def judged(self) -> tuple[float, float, float]:
        """How many standard errors the intervals reach, the spread that luck makes on average, and
        in 95 of 100 deals at most.
        """
        import numpy as np

        rng = np.random.Generator(np.random.PCG64(self.seed))
        step = max(1, _AT_ONCE // (self.own.shape[1] + self.members**2))
        furthest, spreads = [], []
        for first in range(0, DEALS, step):
            dealt = rng.permuted(np.repeat(self.own, min(step, DEALS - first), axis=0), axis=1)
            values, errors = _ratios(dealt, self.columns, self.members)
            away = np.abs(values[:, :, None] - values[:, None, :]) / np.maximum(
                errors[:, :, None] + errors[:, None, :], _NOISE
            )
            furthest.append(np.nanmax(away, axis=(1, 2)))
            spreads.append(np.nanmax(values, axis=1) - np.nanmin(values, axis=1))
        reach, spread = np.concatenate(furthest), np.concatenate(spreads)
        return (
            float(np.quantile(reach, LEVEL, method="higher")),
            float(spread.mean()),
            float(np.quantile(spread, LEVEL, method="higher")),
        )


def _deals(parts: Mapping[str, Sequence[Part]], seed: int) -> _Deals:
    import numpy as np

    rows = np.array([part for found in parts.values() for part in found], dtype=np.float64)
    top, bottom = rows[:, 0], rows[:, 1]
    columns = np.stack([top, bottom, top * top, top * bottom, bottom * bottom])
    own = np.repeat(np.arange(len(parts)), [len(found) for found in parts.values()])[None, :]
    return _Deals(columns, own, len(parts), seed)


def _ratios(
    dealt: "NDArray[int64]", columns: "NDArray[float64]", members: int
) -> tuple["NDArray[float64]", "NDArray[float64]"]:
    """The ratio and the standard error of every member in every deal; not a number where one has no
    denominator.

    The error is that of a linearised ratio, from what accounts differ by: half from the member's
    own ratio, half from everybody's.
    """
    import numpy as np

    deals = dealt.shape[0]
    places = (dealt + np.arange(deals)[:, None] * members).ravel()
    top, bottom, top2, cross, bottom2 = (
        np.bincount(places, np.tile(column, deals), minlength=deals * members).reshape(
            deals, members
        )
        for column in columns
    )
    bottom = np.where(bottom > _NOISE, bottom, np.nan)
    own, everybody = top / bottom, columns[0].sum() / columns[1].sum()
    squares = [top2 - 2 * ratio * cross + ratio * ratio * bottom2 for ratio in (own, everybody)]
    return own, np.sqrt(np.maximum(OWN * squares[0] + (1 - OWN) * squares[1], 0.0)) / bottom
