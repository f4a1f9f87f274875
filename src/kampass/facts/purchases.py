"""Purchases: invoices and orders, with credits as negative amounts; who bought before and again."""

from kampass.facts.accounts import START_ANCHOR_OF_ROWS, of_accounts
from kampass.facts.amounts import amount_in_base, rates_behind
from kampass.facts.fact import (
    ACCOUNT,
    ACCOUNTS,
    INSTANT,
    LINEAGE,
    AmongRows,
    Boundary,
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
# sign. A credit is no purchase, and a first one does not make an account a repeat customer. The
# first purchase is of all history, whatever the period: whether it lies before it is asked where
# the period is known.
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


_SINCE = Boundary("start moved", "b.purchased_at >= p.previous_s", "b.purchased_at > p.previous_s")
_NOW = Boundary("opening moved", "b.purchased_at >= p.s", "b.purchased_at > p.s")
_UNTIL = Boundary("end moved", "b.purchased_at < p.u", "b.purchased_at <= p.u")
_TWO_PERIODS = f"{_SINCE.sql} AND {_UNTIL.sql}"


# An account belongs to the base by what it bought on balance, so both periods are summed before it
# is asked; without a rate nobody can tell, and it stays in as unknown.
def _earlier_buyers(scope: FactScope) -> str:
    signed = f"CASE WHEN {_is_credit('b')} THEN -abs(b.amount) ELSE b.amount END"
    bought = "CASE WHEN NOT bought_missing THEN greatest(coalesce(bought, 0), 0) END"
    return f"""
SELECT i, account_id, _anchor, before, before_missing, {bought} AS bought, bought_missing,
  CASE WHEN NOT before_missing THEN least({bought}, before) END AS kept,
  before_missing OR bought_missing AS kept_missing
FROM (
  SELECT i, account_id, _anchor,
    CASE WHEN NOT bool_or(lacking AND NOT later) THEN sum(amount) FILTER (WHERE NOT later) END
      AS before,
    bool_or(lacking AND NOT later) AS before_missing,
    sum(amount) FILTER (WHERE later) AS bought, bool_or(lacking AND later) AS bought_missing
  FROM (
    SELECT i, account_id, _anchor, later, amount, amount_missing AS lacking FROM (
      SELECT p.i, b.account_id, p.first_day AS _anchor, {_NOW.sql} AS later,
        {amount_in_base("b", signed)}
      FROM live_purchases b JOIN {scope.period} p ON {_TWO_PERIODS}
      {fx_join("b.currency", "b._day")}))
  GROUP BY i, account_id, _anchor)
WHERE before > 0 OR before_missing"""


def _of_two_periods(scope: FactScope) -> str:
    return f"""
SELECT p.i, b.account_id AS unit, x.id, x.purchased_at, x.kind, x.amount, x.currency, {LINEAGE}
FROM live_purchases b JOIN {scope.period} p ON {_TWO_PERIODS}
JOIN live_purchases x ON x.id = b.id"""


def _rates_of_two_periods(scope: FactScope) -> str:
    return f"""
SELECT DISTINCT p.i, b.account_id AS unit, x.currency, x.valid_from, x.rate, {LINEAGE}
FROM live_purchases b JOIN {scope.period} p ON {_TWO_PERIODS} {fx_join("b.currency", "b._day")}
JOIN fx_rates x ON x.currency = fx.currency AND x.valid_from = fx.valid_from
WHERE b.currency <> (SELECT currency FROM _settings)"""


def _earlier_purchases(scope: FactScope) -> str:
    return f"""
SELECT p.i, b.id AS unit, x.id, x.purchased_at, x.kind, x.amount, {LINEAGE}
FROM live_purchases b JOIN {scope.period} p ON b.purchased_at >= p.s AND b.purchased_at < p.u
JOIN live_purchases x ON x.account_id = b.account_id AND NOT {_is_credit("x")}
QUALIFY row_number() OVER (PARTITION BY p.i, b.id ORDER BY x.purchased_at, x.id) = 1"""


_AGAIN = (
    "NOT f.is_credit AND f._at > min(CASE WHEN NOT f.is_credit THEN f._at END) OVER "
    "({slice}, f.account_id)"
)


def _before_it(scope: FactScope) -> str:
    return f"""
SELECT p.i, b.id AS unit, x.id, x.product_id, x.purchased_at, x.kind, x.amount, {LINEAGE}
FROM live_purchases b JOIN {scope.period} p ON b.purchased_at >= p.s AND b.purchased_at < p.u
JOIN live_purchases x ON x.account_id = b.account_id AND x.purchased_at < b.purchased_at
  AND x.purchased_at >= p.s AND NOT {_is_credit("x")}"""


PURCHASES = Fact(
    "purchases",
    "invoices and orders of the period; credits are negative",
    {
        "account_id": ACCOUNT,
        "is_credit": flag(),
        "amount": money("credits are minus their absolute amount"),
        "repeat": flag("the account had purchased before the period", looks_back=True),
        "again": flag("the account had purchased before in the period, within the slice"),
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
            Evidence("purchases", "earlier purchases in the period", _before_it, ("again",)),
        ),
    ),
    Noun("purchase", "purchases"),
    moment=INSTANT,
    dimensions=PRODUCT_DIMENSIONS,
    derived={"repeat": "coalesce(f.first_purchased_at < p.s, false)"},
    beside={"again": AmongRows(_AGAIN, ("account_id", "is_credit", "_at"))},
)
EARLIER_BUYERS = Fact(
    "earlier_buyers",
    "accounts that bought, on balance, in the period before",
    {
        "account_id": ACCOUNT,
        "before": money("purchases less credits of the period before, above 0"),
        "bought": money("the same of the period, not below 0"),
        "kept": money("the smaller of the two"),
    },
    _earlier_buyers,
    of_accounts(
        "bought nothing, on balance, in the period before",
        Evidence("purchases", "purchases of the period and of the one before", _of_two_periods),
        Evidence("fx_rates", "the rate of the day", _rates_of_two_periods),
    ),
    ACCOUNTS,
    own_boundaries=(_SINCE, _NOW, _UNTIL, START_ANCHOR_OF_ROWS),
)
