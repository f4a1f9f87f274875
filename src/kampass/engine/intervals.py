"""95 % intervals for figures that estimate from answers; figures that describe the whole book have none.

Wilson (1927) for shares; adjusted Wald with three more answers for promoters less detractors (Rocks 2016), because
the plain Wald interval covers only 84-94 % at 30 to 50 answers when most promote. Differences follow the same
methods; what describes the whole book is resampled by account.
"""

from math import hypot, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Z = 1.959964
RESAMPLES = 1000
_SEED = 1979  # the year of Efron's bootstrap; any fixed number gives the same answer to the same question
_DRAWS_AT_ONCE = 1_000_000
_ENOUGH = 0.95
_NOISE = 1e-12


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Bounds of a share, as fractions.

    >>> [round(100 * bound, 3) for bound in wilson(80, 100)]
    [71.117, 86.663]
    """
    share = successes / n
    centre = share + Z * Z / (2 * n)
    spread = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    divisor = 1 + Z * Z / n
    return max(0.0, (centre - spread) / divisor), min(1.0, (centre + spread) / divisor)


def adjusted_wald(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Bounds of promoters less detractors, as fractions: 3 more answers, 3/4 promoter, 3/2 passive, 3/4 detractor.

    >>> [round(100 * bound, 3) for bound in adjusted_wald(5, 0, 5)]
    [17.491, 100.0]
    """
    centre, variance = _adjusted(promoters, detractors, n)
    spread = Z * sqrt(variance)
    return max(-1.0, centre - spread), min(1.0, centre + spread)


def newcombe(now: tuple[float, float], before: tuple[float, float]) -> tuple[float, float]:
    """Bounds of a difference of two shares, each given as successes and n (Newcombe 1998, method 10).

    >>> [round(bound, 4) for bound in newcombe((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    share, share_before = now[0] / now[1], before[0] / before[1]
    (low, high), (low_before, high_before) = wilson(*now), wilson(*before)
    difference = share - share_before
    return difference - hypot(share - low, high_before - share_before), difference + hypot(high - share, share_before - low_before)


def adjusted_wald_difference(now: tuple[float, float, float], before: tuple[float, float, float]) -> tuple[float, float]:
    """Bounds of a difference of two adjusted estimates, each given as promoters, detractors and n; the variances add up.

    >>> [round(100 * bound, 3) for bound in adjusted_wald_difference((5, 0, 5), (0, 5, 5))]
    [61.348, 188.652]
    """
    (centre, variance), (centre_before, variance_before) = _adjusted(*now), _adjusted(*before)
    difference, spread = centre - centre_before, Z * sqrt(variance + variance_before)
    return max(-2.0, difference - spread), min(2.0, difference + spread)


def paired_bootstrap(now: "NDArray[float64]", before: "NDArray[float64]", *, scale: float = 1.0) -> tuple[float, float] | None:
    """Bounds of a difference of two sums or ratios over the same accounts, by resampling accounts (percentiles, Efron 1979).

    A row per account: its part of the sum, or of numerator and denominator. Each resample draws the same accounts
    for both periods. A resample without a denominator says nothing; None where that is more than one in twenty.
    """
    import numpy as np

    accounts, width = now.shape
    rows = np.hstack([now, before])
    rng = np.random.Generator(np.random.PCG64(_SEED))
    sums = np.empty((RESAMPLES, 2 * width))
    step = max(1, _DRAWS_AT_ONCE // accounts)
    for first in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - first)
        drawn = rng.integers(accounts, size=(size, accounts)) + accounts * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * accounts).reshape(size, accounts)
        sums[first : first + size] = np.einsum("ra,ac->rc", times.astype(np.float64), rows)
    if width > 1:
        sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
        sums = scale * sums[:, ::2] / sums[:, 1::2]
    if len(sums) < _ENOUGH * RESAMPLES:
        return None
    differences = sums[:, 0] - sums[:, 1]
    differences[np.abs(differences) <= _NOISE * np.abs(sums).max(axis=1)] = 0.0
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)


def _adjusted(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Promoters less detractors with three more answers, and its variance."""
    more = n + 3
    high, low = (promoters + 0.75) / more, (detractors + 0.75) / more
    centre = high - low
    return centre, (high + low - centre * centre) / more
