"""Recurring revenue line by line: the paid lines at either end, and why an account's revenue grew.

An account's net growth is split by cause over its groups of product family and add-on, so that the
four causes add up to it to the last digit.
"""

from kampass.facts.accounts import (
    AT_END,
    AT_START,
    BASE,
    CLOSING,
    END_ANCHOR_OF_ROWS,
    LINE_RATES,
    LINES,
    NOT_AT_START,
    OPENING,
    START_ANCHOR,
    START_ANCHOR_OF_ROWS,
    TOUCHING,
    of_accounts,
)
from kampass.facts.fact import (
    ACCOUNT,
    ACCOUNTS,
    LINEAGE,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    Relation,
    money,
)
from kampass.facts.prepared import ended, fx_join

PRODUCT_DIMENSIONS = {"product": "product_id", "family": "family"}
_LINE = Noun("paid line", "paid lines")


def _lines(scope: FactScope, held: str, anchor: str) -> str:
    return f"""
SELECT p.i, l.id, l.account_id, p.{anchor} AS _anchor, l.product_id, l.family, l.mrr,
  l.mrr IS NULL AS mrr_missing
FROM {scope.paid_lines} l JOIN {scope.period} p ON {held}"""


# Only accounts that grew have an expansion to split; the rest would be worked out for nothing.
# Units times price holds only where every quantity is known, so one unknown quantity makes the
# product's quantity unknown. Lines without a known family are one group: nothing says whether they
# are of the same product at both ends.
def _product_balance(scope: FactScope) -> str:
    quantity = (
        "CASE WHEN bool_and(l.quantity IS NOT NULL) FILTER (WHERE {0}) THEN sum(l.quantity) "
        "FILTER (WHERE {0}) END"
    )
    return f"""
SELECT p.i, l.account_id, l.family, l.is_addon,
  CASE WHEN l.family IS NOT NULL THEN l.product_id END AS product_id,
  bool_or({AT_START}) AS held_s, bool_or({AT_END}) AS held_u,
  coalesce(sum(l.mrr) FILTER (WHERE {AT_START}), 0) AS mrr_s,
    coalesce(sum(l.mrr) FILTER (WHERE {AT_END}), 0) AS mrr_u,
  {quantity.format(AT_START)} AS q_s, {quantity.format(AT_END)} AS q_u
FROM {scope.paid_lines} l JOIN {scope.period} p ON {TOUCHING}
WHERE (p.i, l.account_id) IN (SELECT (i, account_id) FROM movement{scope.suffix} WHERE in_s
  AND in_e AND close_mrr > open_mrr)
GROUP BY ALL"""


# The price effect is what the units held at both ends cost more; what cannot be told apart from a
# change of units, for want of a quantity, is kept as unknown and not guessed.
def _group_balance(scope: FactScope) -> str:
    return f"""
SELECT i, account_id, family, is_addon, bool_or(held_s) AS held, sum(mrr_u) - sum(mrr_s) AS d,
  coalesce(sum((CAST(mrr_u AS DOUBLE) / q_u - CAST(mrr_s AS DOUBLE) / q_s) * least(q_s, q_u))
    FILTER (WHERE held_s AND held_u AND q_s > 0 AND q_u > 0), 0) AS priced,
  coalesce(sum(greatest(mrr_u - mrr_s, 0)) FILTER
    (WHERE held_s AND held_u AND (q_s IS NULL OR q_u IS NULL)), 0) AS unknown
FROM product_balance{scope.suffix} GROUP BY ALL"""


# A group's growth may be larger than the account's, because another group shrank: groups are
# scaled by their share of all growth, so that the parts sum to the net. Doubles serve for shares;
# the amounts are worked out from them in decimals, and 1e-9 is what division leaves behind.
def _expansion_split(scope: FactScope) -> str:
    return f"""
WITH clipped AS (
    SELECT *, greatest(least(priced, CAST(d AS DOUBLE)), 0) AS pr
      FROM group_balance{scope.suffix} WHERE d > 0),
  shared AS (
    SELECT *, greatest(least(CAST(unknown AS DOUBLE), CAST(d AS DOUBLE) - pr), 0) AS un,
      CAST(d AS DOUBLE) / CAST(sum(d) OVER (PARTITION BY i, account_id) AS DOUBLE) AS share
        FROM clipped)
SELECT i, account_id,
  sum(CASE WHEN family IS NOT NULL AND NOT held THEN share ELSE 0 END) AS cross_sell,
  sum(CASE WHEN family IS NOT NULL AND held THEN share * pr / CAST(d AS DOUBLE) ELSE 0 END) AS
    price_increase,
  sum(CASE WHEN family IS NULL THEN share WHEN held THEN share * un / CAST(d AS DOUBLE) ELSE 0 END)
    AS unclassified,
  bool_or(family IS NOT NULL AND held AND CAST(d AS DOUBLE) - pr - un > 1e-9) AS has_upsell
FROM shared GROUP BY i, account_id"""


PRODUCT_BALANCE = Relation(
    "product_balance",
    "Expanding accounts: MRR and quantity per product at both ends",
    _product_balance,
    (*OPENING, *CLOSING),
)
GROUP_BALANCE = Relation(
    "group_balance",
    "... and per group of family and add-on: growth, price effect, unknown quantity",
    _group_balance,
)
EXPANSION_SPLIT = Relation(
    "expansion_split", "Shares of each account's net expansion", _expansion_split
)


# Upsell is what is left after the other three: rounded apart, the four would miss the net by a
# digit.
def _expansion(scope: FactScope) -> str:
    def part(share: str) -> str:
        return (
            f"CAST(round(coalesce(x.{share}, 0) * CAST(m.close_mrr - m.open_mrr AS DOUBLE), 9) "
            "AS DECIMAL(38, 9))"
        )

    parts = (
        f"{part('cross_sell')} AS cross_sell, {part('price_increase')} AS price_increase, "
        f"{part('unclassified')} AS unclassified"
    )
    names = ("upsell", "cross_sell", "price_increase", "unclassified")
    unknown = "open_missing OR close_missing"
    cells = [
        f"CASE WHEN NOT ({unknown}) THEN {name} END AS {name}, {unknown} AS {name}_missing"
        for name in names
    ]
    return f"""
SELECT i, account_id, _anchor,
  {", ".join(cells)}
FROM (SELECT *, CASE WHEN has_upsell THEN net - cross_sell - price_increase - unclassified ELSE 0
  END AS upsell FROM (
  SELECT m.i, m.account_id, m.s_day AS _anchor, m.in_e AND m.open_missing AS open_missing,
    m.in_e AND m.close_missing AS close_missing,
    CAST(m.close_mrr - m.open_mrr AS DECIMAL(38, 9)) AS net,
      coalesce(x.has_upsell, false) AS has_upsell, {parts}
  FROM movement{scope.suffix} m LEFT JOIN expansion_split{scope.suffix} x ON x.i = m.i
    AND x.account_id = m.account_id
  WHERE m.in_s))"""


def _products(scope: FactScope) -> str:
    return f"""
SELECT DISTINCT p.i, l.account_id AS unit, x.id, x.family, x.is_addon, {LINEAGE}
FROM {scope.paid_lines} l JOIN {scope.period} p ON ({AT_START}) OR ({AT_END}) JOIN products x
  ON x.id = l.product_id"""


def _rates(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, t.id AS unit, l.rate_day, x.currency, x.valid_from, x.rate, {LINEAGE}
FROM live_subscriptions t JOIN paid_line l ON l.id = t.id {fx_join("t.currency", "l.rate_day")}
JOIN fx_rates x ON x.currency = fx.currency AND x.valid_from = fx.valid_from
WHERE t.currency <> (SELECT currency FROM _settings)"""


def _of_lines(end: str, day: str) -> Origin:
    """The origin of the paid lines that count at a date (its SQL)."""
    reads = ("account_id", "product_id", "mrr", "currency", "valid_from", "valid_to", "deleted_at")
    ends = ended("t", "(SELECT timezone FROM _settings)")
    return Origin(
        "subscriptions",
        reads,
        f"does not count at the {end}",
        leaves_out=(
            ("is a trial", "t.is_trial"),
            ("is free", "t.mrr <= 0"),
            (f"starts after the {end}", f"t.valid_from > {day}"),
            (f"ended before the {end}", f"{ends} <= {day}"),
        ),
        evidence=(
            Evidence(
                "fx_rates",
                "the rate of the first day of the line's run",
                _rates,
                ("mrr",),
            ),
        ),
    )


OPENING_LINES = Fact(
    "opening_lines",
    "paid lines at the start",
    {"account_id": ACCOUNT, "mrr": money("monthly recurring revenue")},
    lambda scope: _lines(scope, AT_START, "first_day"),
    _of_lines("start", "p.before"),
    _LINE,
    dimensions=PRODUCT_DIMENSIONS,
    own_boundaries=(
        *OPENING,
        START_ANCHOR_OF_ROWS,
    ),
)
CLOSING_LINES = Fact(
    "closing_lines",
    "paid lines at the end",
    {"account_id": ACCOUNT, "mrr": money("monthly recurring revenue")},
    lambda scope: _lines(scope, AT_END, "last_day"),
    _of_lines("end", "p.last_day"),
    _LINE,
    dimensions=PRODUCT_DIMENSIONS,
    own_boundaries=(
        *CLOSING,
        END_ANCHOR_OF_ROWS,
    ),
)
EXPANSION = Fact(
    "expansion",
    "accounts active at the start, their net expansion split by cause",
    {
        "account_id": ACCOUNT,
        "upsell": money(beyond=True),
        "cross_sell": money(beyond=True),
        "price_increase": money(beyond=True),
        "unclassified": money(beyond=True),
    },
    _expansion,
    of_accounts(
        NOT_AT_START,
        LINES,
        Evidence("products", "what the lines are for", _products),
        LINE_RATES,
    ),
    ACCOUNTS,
    relations=(*BASE, PRODUCT_BALANCE, GROUP_BALANCE, EXPANSION_SPLIT),
    population="start",
    own_boundaries=(START_ANCHOR,),
)
