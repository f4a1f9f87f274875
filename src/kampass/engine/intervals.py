"""95 % intervals for figures that estimate from answers; figures that describe the whole book have none.

Wilson (1927) for shares; adjusted Wald with three more answers for promoters less detractors (Rocks 2016), because
the plain Wald interval covers only 84-94 % at 30 to 50 answers when most promote.
"""

from math import sqrt

Z = 1.959964


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
    more = n + 3
    high, low = (promoters + 0.75) / more, (detractors + 0.75) / more
    centre = high - low
    spread = Z * sqrt((high + low - centre * centre) / more)
    return max(-1.0, centre - spread), min(1.0, centre + spread)
