"""95 % intervals for figures that estimate from answers, and for differences; figures that describe
the whole book have none.

Wilson (1927) for shares; adjusted Wald with three more answers for promoters less detractors (Rocks
2016), because the plain Wald interval covers only 84-94 % at 30 to 50 answers when most promote.
Differences follow the same methods. Where units share accounts the account is what varies: a
difference of shares is widened by what accounts make of its variance, and any other difference is
resampled by account and judged in units of its standard error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, factorial, hypot, isinf, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Z = 1.959964
RESAMPLES = 1000
LEVEL = 0.95
WHOLE = 0.1
"""How much of a resample's variance is the whole sample's: without it few accounts make some
resamples all but certain.
"""
# the year of Efron's bootstrap; any fixed number gives the same answer to the same question
_SEED = 1979
_DRAWS_AT_ONCE = 1_000_000
_NOISE = 1e-12
_PAIRS = [(row, column) for row in range(4) for column in range(row, 4)]


def wilson(successes: float, n: float, z: float = Z) -> tuple[float, float]:
    """Bounds of a share, as fractions; `z` standard errors to each side.

    >>> [round(100 * bound, 3) for bound in wilson(80, 100)]
    [71.117, 86.663]
    """
    share = successes / n
    centre = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    divisor = 1 + z * z / n
    return max(0.0, (centre - spread) / divisor), min(1.0, (centre + spread) / divisor)


def adjusted_wald(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Bounds of promoters less detractors, as fractions: 3 more answers, 3/4 promoter, 3/2 passive,
    3/4 detractor.

    >>> [round(100 * bound, 3) for bound in adjusted_wald(5, 0, 5)]
    [17.491, 100.0]
    """
    centre, variance = _adjusted(promoters, detractors, n)
    spread = Z * sqrt(variance)
    return max(-1.0, centre - spread), min(1.0, centre + spread)


def newcombe(
    now: tuple[float, float], before: tuple[float, float], z: float = Z
) -> tuple[float, float]:
    """Bounds of a difference of two shares, each given as successes and n (Newcombe 1998, method
    10); `z` as for `wilson`.

    >>> [round(bound, 4) for bound in newcombe((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    share, share_before = now[0] / now[1], before[0] / before[1]
    (low, high), (low_before, high_before) = wilson(*now, z), wilson(*before, z)
    difference = share - share_before
    return difference - hypot(share - low, high_before - share_before), difference + hypot(
        high - share, share_before - low_before
    )


def adjusted_wald_difference(
    now: tuple[float, float, float], before: tuple[float, float, float]
) -> tuple[float, float]:
    """Bounds of a difference of two adjusted estimates, each given as promoters, detractors and n;
    the variances add up.

    >>> [round(100 * bound, 3) for bound in adjusted_wald_difference((5, 0, 5), (0, 5, 5))]
    [61.348, 188.652]
    """
    (centre, variance), (centre_before, variance_before) = _adjusted(*now), _adjusted(*before)
    difference, spread = centre - centre_before, Z * sqrt(variance + variance_before)
    return max(-2.0, difference - spread), min(2.0, difference + spread)


def clustered_newcombe(now: "NDArray[float64]", before: "NDArray[float64]") -> tuple[float, float]:
    """Bounds of a difference of two shares whose units share accounts: a row per account, successes
    and n.

    Newcombe's method with as many units as the accounts are worth (Rao and Scott 1992): z grows by
    the square root of the design effect, the variance between accounts (each divided by what its
    leverage hides, Bell and McCaffrey 2002) over that of independent units, and to Student's t for
    as many accounts as count. Where accounts add no variance, it is Newcombe's method as published.

    >>> import numpy as np
    >>> alike = np.array([[4.0, 5.0]] * 7)
    >>> clustered_newcombe(alike, alike) == newcombe((28, 35), (28, 35))
    True
    """
    import numpy as np

    sides, variance, residuals, weights = [], 0.0, np.zeros(len(now)), np.zeros(len(now))
    for sign, side in ((1, now), (-1, before)):
        successes, n = side.sum(axis=0)
        share, weight = successes / n, side[:, 1] / n
        sides.append((float(successes), float(n)))
        variance += share * (1 - share) / n
        residuals += (
            sign * (side[:, 0] - share * side[:, 1]) / n / np.sqrt(np.maximum(1 - weight, _NOISE))
        )
        weights += weight
    effect = float((residuals * residuals).sum() / variance) if variance > 0 else 1.0
    return newcombe(
        sides[0], sides[1], student(effective(weights) - 1) * sqrt(effect) if effect > 1 else Z
    )


def bootstrap_t(
    now: "NDArray[float64]", before: "NDArray[float64]", scale: float = 1.0
) -> tuple[float, float] | None:
    """Bounds of a difference of two sums or ratios over the same accounts: a symmetric bootstrap-t
    (Hall 1988).

    A row per account: its part of the sum, or of numerator and denominator. A resample counts every
    account a Poisson(1) number of times (Hanley and MacGibbon 2006), the same for both periods, so
    that a sum varies with the number of accounts too. Each resample's error is measured in its
    standard error, a tenth of whose square is the whole sample's; the interval reaches as far to
    each side as 95 in 100 do. None where too many lack a denominator.
    """
    import numpy as np

    made = _total(now[:, 0], before[:, 0]) if now.shape[1] == 1 else _ratio(now, before)
    difference = 0.0 if abs(made.difference) <= _NOISE * made.size else made.difference
    if made.variance <= (_NOISE * made.size) ** 2:
        return scale * difference, scale * difference
    errors, variances = made.studied(_resampled(made.rows))
    away = np.sort(
        np.abs(errors) / np.sqrt((1 - WHOLE) * np.maximum(variances, 0) + WHOLE * made.variance)
    )
    reach = max(Z, float(away[ceil(LEVEL * RESAMPLES) - 1])) * made.error
    return None if isinf(reach) else (scale * (difference - reach), scale * (difference + reach))


def effective(weights: "NDArray[float64]") -> float:
    """As how many accounts of equal weight these count (Kish 1965).

    >>> import numpy as np
    >>> effective(np.array([1.0, 1.0, 1.0])), effective(np.array([1.0, 0.0]))
    (3.0, 1.0)
    """
    return float(weights.sum() ** 2 / (weights * weights).sum())


def student(freedom: float) -> float:
    """Student's t that 2.5 in 100 exceed (the expansion of Abramowitz and Stegun 1964, 26.7.5; at
    least one degree).

    >>> [round(student(freedom), 2) for freedom in (4, 10, 29)]
    [2.78, 2.23, 2.05]
    """
    degrees = max(1.0, freedom)
    first = (Z**3 + Z) / 4
    second = (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    fourth = (79 * Z**9 + 776 * Z**7 + 1482 * Z**5 - 1920 * Z**3 - 945 * Z) / 92160
    return Z + first / degrees + second / degrees**2 + third / degrees**3 + fourth / degrees**4


@dataclass(frozen=True)
class _Sample:
    """A difference, its variance, standard error and rough size, what to add up in a resample, and
    the errors and variances there.
    """

    difference: float
    variance: float
    error: float
    size: float
    rows: "NDArray[float64]"
    studied: Callable[["NDArray[float64]"], tuple["NDArray[float64]", "NDArray[float64]"]]


def _total(now: "NDArray[float64]", before: "NDArray[float64]") -> _Sample:
    import numpy as np

    grown = now - before
    difference, variance = float(grown.sum()), float((grown * grown).sum())
    size = float(np.abs(now).sum() + np.abs(before).sum())
    return _Sample(
        difference,
        variance,
        sqrt(variance),
        size,
        np.stack([grown, grown * grown]),
        lambda sums: (sums[0] - difference, sums[1]),
    )


def _ratio(now: "NDArray[float64]", before: "NDArray[float64]") -> _Sample:
    """Linearised: an account's residual over the denominator, now less before.

    For the standard error each residual is divided by what its leverage hides (Bell and McCaffrey
    2002): an account that is much of the denominator pulls the ratio towards itself.
    """
    import numpy as np

    values, rows, residuals = [], [], np.zeros(len(now))
    for sign, side in ((1, now), (-1, before)):
        numerator, denominator = side.sum(axis=0)
        values.append(float(numerator / denominator))
        rows += [(side[:, 0] - values[-1] * side[:, 1]) / denominator, side[:, 1] / denominator]
        residuals += sign * rows[-2] / np.sqrt(np.maximum(1 - rows[-1], _NOISE))
    variance, error = (
        float(((rows[0] - rows[2]) ** 2).sum()),
        sqrt(float((residuals * residuals).sum())),
    )
    rows += [rows[one] * rows[other] for one, other in _PAIRS]
    return _Sample(
        values[0] - values[1],
        variance,
        error,
        abs(values[0]) + abs(values[1]),
        np.stack(rows),
        _studied_ratio,
    )


def _studied_ratio(sums: "NDArray[float64]") -> tuple["NDArray[float64]", "NDArray[float64]"]:
    """The errors of the resamples' differences and their linearised variances; infinitely wrong
    without a denominator.
    """
    import numpy as np

    there = (sums[1] > _NOISE) & (sums[3] > _NOISE)
    weight, weight_before = np.where(there, sums[1], 1.0), np.where(there, sums[3], 1.0)
    error, error_before = sums[0] / weight, sums[2] / weight_before
    factors = (1 / weight, -error / weight, -1 / weight_before, error_before / weight_before)
    products = [
        (1 if one == other else 2) * factors[one] * factors[other] * sums[4 + place]
        for place, (one, other) in enumerate(_PAIRS)
    ]
    return np.where(there, error - error_before, np.inf), np.where(there, sum(products), 0.0)


def _resampled(rows: "NDArray[float64]") -> "NDArray[float64]":
    """The sums of each row over every resample of its accounts."""
    import numpy as np

    accounts = rows.shape[1]
    rng = np.random.Generator(np.random.PCG64(_SEED))
    chances = np.cumsum([exp(-1) / factorial(times) for times in range(12)])
    times_of = np.searchsorted(chances, (np.arange(65536) + 0.5) / 65536).astype(
        np.float64
    )  # sixteen random bits a draw
    step = max(1, _DRAWS_AT_ONCE // accounts)
    drawn = (
        rng.integers(65536, size=(min(step, RESAMPLES - first), accounts), dtype=np.uint16)
        for first in range(0, RESAMPLES, step)
    )
    return np.hstack([np.einsum("ra,ca->cr", times_of[numbers], rows) for numbers in drawn])


def _adjusted(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Promoters less detractors with three more answers, and its variance."""
    more = n + 3
    high, low = (promoters + 0.75) / more, (detractors + 0.75) / more
    centre = high - low
    return centre, (high + low - centre * centre) / more
