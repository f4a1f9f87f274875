"""What an amount is for: a year, a quarter, a month, a week, a day."""

from dataclasses import dataclass

INTERVALS = {
    (1, 12): ("year", "years", "yearly", "annual", "annually", "annum", "yr", "y"),
    (1, 6): ("half-year", "half year", "half-yearly", "semiannual", "semi-annual", "semi-annually"),
    (1, 3): ("quarter", "quarters", "quarterly"),
    (1, 1): ("month", "months", "monthly", "mo", "m"),
    (52, 12): ("week", "weeks", "weekly", "wk", "w"),
    (365, 12): ("day", "days", "daily", "d"),
}
"""The words for each interval, in lower case: an amount for it, times the one and over the other,
is the amount for a month.
"""


@dataclass(frozen=True)
class BillingInterval:
    """What an amount is for: `every` interval as a word, or the headers of columns that hold the
    word and how many of them.
    """

    every: str = ""
    column: str = ""
    count: str = ""
