"""Contracts that come up for renewal and wait for an answer: due as `contract_renewal_rate` counts
them.
"""

from dataclasses import dataclass
from datetime import date

from kampass.book.today import rows
from kampass.facts.contracts import SUCCESSOR
from kampass.facts.fact import FactScope
from kampass.workspace.view import Sight

AHEAD = 90
"""Days: how far ahead a renewal is announced."""
GRACE = 30
"""Days after which a contract without an answer counts as lost."""


@dataclass(frozen=True)
class Renewal:
    """A contract due; `days` until then, below 0 where it was due already."""

    contract: str
    account: str
    due: date
    days: int
    product: str | None
    value: float | None
    auto_renew: bool | None


_DUE = f"""
WITH successor AS ({SUCCESSOR.sql(FactScope("period", "$zone"))})
SELECT c.id AS contract, c.account_id AS account, c.valid_to AS due,
  c.valid_to - $day_contracts::DATE AS days, p.name AS product, c.auto_renew,
  CAST(CASE WHEN coalesce(c.currency, s.currency) = s.currency THEN c.value ELSE
    CAST(c.value AS DECIMAL(20, 6)) * fx.rate END AS DOUBLE) AS value
FROM live_contracts c CROSS JOIN (SELECT currency FROM _settings) s LEFT JOIN products p
  ON p.id = c.product_id
LEFT JOIN fx_span fx ON fx.currency = c.currency
  AND coalesce(c.signed_on, c.valid_from) >= fx.valid_from
  AND coalesce(c.signed_on, c.valid_from) < fx.valid_to
WHERE coalesce(c.kind, 'new') <> 'amendment' AND coalesce(c.outcome, 'pending') = 'pending'
  AND c.id NOT IN (SELECT id FROM successor)
  AND c.valid_to > $day_contracts::DATE - {GRACE} AND c.valid_to < $day_contracts::DATE + {AHEAD}
ORDER BY c.valid_to, c.id"""


def renewals(sight: Sight) -> list[Renewal]:
    """The contracts due within 90 days, and those due in the last 30 that wait for an answer still;
    soonest first.
    """
    return sight.kept("renewals", lambda: [Renewal(**row) for row in rows(sight, _DUE)])
