"""Purchases: invoices and orders, with credits as negative amounts."""

from kampass.facts.amounts import amount_in_base, rates_behind
from kampass.facts.fact import (
    ACCOUNT,
    INSTANT,
    LINEAGE,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    flag,
    money,
)
from kampass.facts.prepared import fx_join
from kampass.facts.revenue import PRODUCT_DIMENSIONS


def _is_credit(purchase: str) -> str:
    """Whether a purchase is a credit (its SQL)."""
    return f"coalesce({purchase}.kind = 'credit', {purchase}.amount < 0)"


# Systems write credits with either sign, so the kind decides and, only where there is none, the
# sign. A credit is no purchase, and a first one does not make an account a repeat customer. The first purchase is of
# all history, whatever the period: whether it lies before it is asked where the period is known.
def _purchases(scope: FactScope) -> str:
    credit = _is_credit("b")
    amount = f"CASE WHEN {credit} THEN -abs(b.amount) ELSE b.amount END"
    first = ""
    earlier = ""
    if scope.uses("repeat"):
        first = f"""LEFT JOIN (
  SELECT x.account_id, min(x.purchased_at) AS at FROM live_purchases x
    WHERE NOT {_is_credit("x")} GROUP BY x.account_id
) first ON first.account_id = b.account_id"""
        earlier = ", first.at AS first_purchased_at"
    return f"""
SELECT b.purchased_at AS _at, b._day AS _anchor, b.id, b.account_id, b.product_id, p.family,
  {credit} AS is_credit, {amount_in_base("b", amount)}{earlier}
FROM live_purchases b LEFT JOIN products p ON p.id = b.product_id {fx_join("b.currency", "b._day")}
  {first}"""


def _earlier_purchases(scope: FactScope) -> str:
    return f"""
SELECT p.i, b.id AS unit, x.id, x.purchased_at, x.kind, x.amount, {LINEAGE}
FROM live_purchases b JOIN {scope.period} p ON b.purchased_at >= p.s AND b.purchased_at < p.u
JOIN live_purchases x ON x.account_id = b.account_id AND NOT {_is_credit("x")}
QUALIFY row_number() OVER (PARTITION BY p.i, b.id ORDER BY x.purchased_at, x.id) = 1"""


PURCHASES = Fact(
    "purchases",
    "invoices and orders of the period; credits are negative",
    {
        "account_id": ACCOUNT,
        "is_credit": flag(),
        "amount": money("credits are minus their absolute amount"),
        "repeat": flag("the account had purchased before the period", looks_back=True),
    },
    _purchases,
    Origin(
        "purchases",
        ("account_id", "product_id", "kind", "amount", "currency", "purchased_at"),
        "was not made in the period",
        moment="t.purchased_at",
        evidence=(
            Evidence(
                "fx_rates",
                "the rate of the day",
                rates_behind("live_purchases", "t._day"),
                ("amount",),
            ),
            Evidence("purchases", "the account's first purchase", _earlier_purchases, ("repeat",)),
        ),
    ),
    Noun("purchase", "purchases"),
    moment=INSTANT,
    dimensions=PRODUCT_DIMENSIONS,
    derived={"repeat": "coalesce(f.first_purchased_at < p.s, false)"},
)
