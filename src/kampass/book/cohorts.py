"""Accounts by when they first paid: the cohorts whose revenue is followed."""

from dataclasses import dataclass
from typing import Literal

from kampass.book.today import rows
from kampass.periods import label
from kampass.workspace.view import Sight

Step = Literal["year", "quarter"]
MOST = 12


@dataclass(frozen=True)
class Cohort:
    """The accounts that first paid within one year or quarter."""

    name: str
    accounts: tuple[str, ...]


_FIRST = """
SELECT date_trunc($step, f.day)::DATE AS start,
  (date_trunc($step, f.day) + CASE $step WHEN 'year' THEN INTERVAL 1 YEAR ELSE INTERVAL 3 MONTH
  END)::DATE AS stop,
  list(f.account_id ORDER BY f.account_id) AS accounts
FROM first_paid f JOIN live_accounts a ON a.id = f.account_id WHERE f.day <= $day_subscriptions
  GROUP BY ALL ORDER BY start"""


def cohorts(sight: Sight, step: Step) -> list[Cohort]:
    """The latest twelve cohorts among the accounts in sight, the oldest first."""

    def read() -> list[Cohort]:
        return [
            Cohort(label(row["start"], row["stop"]), tuple(row["accounts"]))
            for row in rows(sight, _FIRST, step=step)
        ]

    return sight.kept("cohorts", read, step)[-MOST:]
