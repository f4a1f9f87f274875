"""Facts about money: accounts and their balances over a period, contracts due, deals, purchases,
costs.

State at a boundary is the state just before it, so everything is read at a local date: `before`
(the last date before the period) for the start, `last_day` (the date of the last instant before its
end) for the end.
"""

from kampass.facts.fact import Fact, Relation, Scope, columns, suffix
from kampass.facts.prepared import base_amount, ended, fx_join, is_own

AT_START = "l.valid_from <= p.before AND l.valid_to > p.before"
AT_END = "l.valid_from <= p.last_day AND l.valid_to > p.last_day"
_TOUCHING = "l.valid_from <= p.last_day AND l.valid_to > p.before"


def _balance(scope: Scope) -> str:
    return f"""
SELECT p.i, l.account_id,
  bool_or({AT_START}) AS in_s, bool_or({AT_END}) AS in_e,
  coalesce(sum(l.mrr) FILTER (WHERE {AT_START}), 0) AS open_mrr,
    coalesce(sum(l.mrr) FILTER (WHERE {AT_END}), 0) AS close_mrr,
  coalesce(bool_or(l.mrr IS NULL) FILTER (WHERE {AT_START}), false) AS open_missing,
  coalesce(bool_or(l.mrr IS NULL) FILTER (WHERE {AT_END}), false) AS close_missing
FROM paid_line l JOIN {scope.period} p ON {_TOUCHING}
GROUP BY p.i, l.account_id"""


def _movement(scope: Scope) -> str:
    return f"""
SELECT b.*, p.first_day AS s_day, p.last_day AS u_day, first_paid.day AS first_day,
  NOT b.in_s AND b.in_e AND first_paid.day > p.before AS is_new,
  NOT b.in_s AND b.in_e AND first_paid.day <= p.before AS is_reactivated,
  NOT b.in_s AND NOT b.in_e AND first_paid.day > p.before AS is_transient
FROM balance{suffix(scope)} b JOIN {scope.period} p ON p.i = b.i JOIN first_paid
  ON first_paid.account_id = b.account_id"""


BALANCE = Relation(
    "balance", "Per account: active and MRR just before the start and just before the end", _balance
)
MOVEMENT = Relation("movement", "What became of each account over the period", _movement)


def _opening(scope: Scope) -> str:
    return f"""
SELECT i, account_id, s_day AS _anchor, in_e AS retained, NOT in_e AS lost,
  open_mrr, open_missing AS open_mrr_missing, close_mrr, close_missing AS close_mrr_missing,
  least(open_mrr, close_mrr) AS kept_mrr, open_missing OR close_missing AS kept_mrr_missing,
  close_mrr - open_mrr AS growth, open_missing OR close_missing AS growth_missing,
  {_unless_missing("greatest(close_mrr - open_mrr, 0)")} AS expansion, in_e
    AND (open_missing OR close_missing) AS expansion_missing,
  {_unless_missing("greatest(open_mrr - close_mrr, 0)")} AS contraction, in_e
    AND (open_missing OR close_missing) AS contraction_missing
FROM movement{suffix(scope)} WHERE in_s"""


def _unless_missing(amount: str) -> str:
    """An amount of an account that stayed: 0 for one that left, unknown without a rate at either
    end.
    """
    return (
        f"CASE WHEN NOT in_e THEN 0 WHEN NOT open_missing AND NOT close_missing THEN {amount} END"
    )


def _closing(scope: Scope) -> str:
    return f"""
SELECT i, m.account_id, u_day AS _anchor, is_new, is_reactivated, close_mrr,
  close_missing AS close_mrr_missing
FROM movement{suffix(scope)} m WHERE in_e"""


def _transient(scope: Scope) -> str:
    return (
        f"SELECT i, account_id, first_day AS _anchor FROM movement{suffix(scope)} WHERE "
        "is_transient"
    )


def _transfers(scope: Scope) -> str:
    return f"""
SELECT i, account_id, s_day AS _anchor, u_day AS _anchor_end, close_mrr,
  close_missing AS close_mrr_missing
FROM movement{suffix(scope)} WHERE in_s AND in_e"""


def _lines(scope: Scope, held: str, anchor: str) -> str:
    return f"""
SELECT p.i, l.id, l.account_id, p.{anchor} AS _anchor, l.product_id, l.family, l.mrr,
  l.mrr IS NULL AS mrr_missing
FROM paid_line l JOIN {scope.period} p ON {held}"""


def _product_balance(scope: Scope) -> str:
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
FROM paid_line l JOIN {scope.period} p ON {_TOUCHING}
WHERE (p.i, l.account_id) IN (SELECT (i, account_id) FROM movement{suffix(scope)} WHERE in_s
  AND in_e AND close_mrr > open_mrr)
GROUP BY ALL"""


def _group_balance(scope: Scope) -> str:
    return f"""
SELECT i, account_id, family, is_addon, bool_or(held_s) AS held, sum(mrr_u) - sum(mrr_s) AS d,
  coalesce(sum((CAST(mrr_u AS DOUBLE) / q_u - CAST(mrr_s AS DOUBLE) / q_s) * least(q_s, q_u))
    FILTER (WHERE held_s AND held_u AND q_s > 0 AND q_u > 0), 0) AS priced,
  coalesce(sum(greatest(mrr_u - mrr_s, 0)) FILTER
    (WHERE held_s AND held_u AND (q_s IS NULL OR q_u IS NULL)), 0) AS unknown
FROM product_balance{suffix(scope)} GROUP BY ALL"""


def _expansion_split(scope: Scope) -> str:
    return f"""
WITH clipped AS (
    SELECT *, greatest(least(priced, CAST(d AS DOUBLE)), 0) AS pr
      FROM group_balance{suffix(scope)} WHERE d > 0),
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
)
GROUP_BALANCE = Relation(
    "group_balance",
    "... and per group of family and add-on: growth, price effect, unknown quantity",
    _group_balance,
)
EXPANSION_SPLIT = Relation(
    "expansion_split", "Shares of each account's net expansion", _expansion_split
)


def _expansion(scope: Scope) -> str:
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
    return f"""
SELECT i, account_id, _anchor,
  {", ".join(f"CASE WHEN NOT ({unknown}) THEN {name} END AS {name}, {unknown} AS {name}_missing" for name in names)}
FROM (SELECT *, CASE WHEN has_upsell THEN net - cross_sell - price_increase - unclassified ELSE 0
  END AS upsell FROM (
  SELECT m.i, m.account_id, m.s_day AS _anchor, m.in_e AND m.open_missing AS open_missing,
    m.in_e AND m.close_missing AS close_missing,
    CAST(m.close_mrr - m.open_mrr AS DECIMAL(38, 9)) AS net,
      coalesce(x.has_upsell, false) AS has_upsell, {parts}
  FROM movement{suffix(scope)} m LEFT JOIN expansion_split{suffix(scope)} x ON x.i = m.i
    AND x.account_id = m.account_id
  WHERE m.in_s))"""


def _contracts_due(scope: Scope) -> str:
    grace = f"timezone({scope.zone}, CAST(c.valid_to + 30 AS TIMESTAMP))"
    return f"""
SELECT *, NOT renewed AND NOT lost AS pending FROM (
  SELECT p.i, c.id, c.account_id, c.valid_to - 1 AS _anchor, c.product_id, own.family,
    coalesce(c.outcome, 'pending') = 'renewed'
      OR (coalesce(c.outcome, 'pending') <> 'lost' AND s.id IS NOT NULL) AS renewed,
    coalesce(c.outcome, 'pending') = 'lost'
      OR (coalesce(c.outcome, 'pending') <> 'renewed' AND s.id IS NULL AND p.through >= {grace}) AS
        lost
  FROM live_contracts c JOIN {scope.period} p ON c.valid_to >= p.first_day
    AND c.valid_to <= p.last_day
  LEFT JOIN products own ON own.id = c.product_id
  LEFT JOIN successor{suffix(scope)} s ON s.id = c.id
  WHERE coalesce(c.kind, 'new') <> 'amendment'
    AND coalesce(c.outcome, 'pending') <> 'superseded')"""


def _successor(_: Scope) -> str:
    return """
SELECT n.previous_contract_id AS id FROM live_contracts n
  WHERE coalesce(n.kind, 'new') <> 'amendment' AND n.previous_contract_id <> n.id
UNION
SELECT c.id FROM live_contracts c
JOIN live_contracts n ON n.account_id = c.account_id AND n.id <> c.id
  AND n.valid_from > c.valid_from AND n.valid_from <= c.valid_to + 30
  AND (n.valid_to IS NULL OR n.valid_to > c.valid_to)
LEFT JOIN products a ON a.id = c.product_id LEFT JOIN products b ON b.id = n.product_id
WHERE coalesce(n.kind, 'new') <> 'amendment' AND
  (a.family IS NULL OR b.family IS NULL OR a.family = b.family)"""


SUCCESSOR = Relation("successor", "Contracts that another contract continues", _successor)


def _amount(table: str, amount: str) -> str:
    """An amount in workspace currency at the joined rate, and whether the rate is missing."""
    currency, workspace = f"{table}.currency", "(SELECT currency FROM _settings)"
    missing = f"{amount} IS NOT NULL AND NOT ({is_own(currency, workspace)}) AND fx.rate IS NULL"
    return f"{base_amount(amount, currency, workspace)} AS amount, {missing} AS amount_missing"


def _contracts_signed(_: Scope) -> str:
    return f"""
SELECT c.signed_on AS _on, c.signed_on AS _anchor, c.id, c.account_id, c.product_id, p.family,
  c.kind, {_amount("c", "c.value")}
FROM live_contracts c LEFT JOIN products p ON p.id = c.product_id
  {fx_join("c.currency", "c.signed_on")}
WHERE c.signed_on IS NOT NULL"""


def _deals_closed(scope: Scope) -> str:
    day = f"CAST(timezone({scope.zone}, d.closed_at) AS DATE)"
    touches, counted = "", ""
    if scope.uses("touches"):
        counted = ", coalesce(t.touches, 0) AS touches"
        touches = """LEFT JOIN (
  SELECT t.deal_id, count(*) AS touches FROM live_touches t JOIN live_deals d ON d.id = t.deal_id
  WHERE t.channel IN ('email', 'call', 'meeting', 'video')
    AND NOT coalesce(t.is_automated, false) AND coalesce(t.purpose, '') <> 'internal'
    AND coalesce(t.outcome, '') NOT IN ('cancelled', 'bounced') AND t.occurred_at <= d.closed_at
  GROUP BY t.deal_id) t ON t.deal_id = d.id"""
    return f"""
SELECT d.closed_at AS _at, {day} AS _anchor, d.id, d.account_id, d.owner_id AS _actor, d.owner_id,
  d.contact_id, d.kind, d.status, d.source,
  d.attributed_to, {_amount("d", "d.amount")}{counted}
FROM live_deals d {fx_join("d.currency", day)} {touches}
WHERE d.status IN ('won', 'lost')"""


def _purchases(scope: Scope) -> str:
    credit = "coalesce(b.kind, '') = 'credit'"
    amount = f"CASE WHEN {credit} THEN -abs(b.amount) ELSE b.amount END"
    first = ""
    earlier = ""
    if scope.uses("repeat"):
        first = """LEFT JOIN (
  SELECT account_id, min(purchased_at) AS at FROM live_purchases
    WHERE coalesce(kind, '') <> 'credit' GROUP BY account_id
) first ON first.account_id = b.account_id"""
        earlier = ", first.at AS first_purchased_at"
    return f"""
SELECT b.purchased_at AS _at, b._day AS _anchor, b.id, b.account_id, b.product_id, p.family,
  {credit} AS is_credit, {_amount("b", amount)}{earlier}
FROM live_purchases b LEFT JOIN products p ON p.id = b.product_id {fx_join("b.currency", "b._day")}
  {first}"""


def _costs(_: Scope) -> str:
    return f"""
SELECT c."on" AS _on, c."on" AS _anchor, c.id, c.account_id, c.kind, {_amount("c", "c.amount")}
FROM live_costs c {fx_join("c.currency", 'c."on"')}"""


def _closing_managers(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, o.user_id AS manager_id
FROM movement{suffix(scope)} m
LEFT JOIN owner_span o ON o.account_id = m.account_id AND m.u_day >= o.valid_from
  AND m.u_day < o.valid_to
WHERE m.in_e"""


def _opening_referrers(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id, m.s_day AS _anchor, r.i IS NOT NULL AS referred
FROM movement{suffix(scope)} m LEFT JOIN (
  SELECT DISTINCT p.i, r.referrer_account_id AS account_id FROM live_referrals r
  JOIN {scope.period} p ON r.referred_at >= p.s AND r.referred_at < p.u
  WHERE r.referred_account_id IS NULL OR r.referred_account_id <> r.referrer_account_id
) r ON r.i = m.i AND r.account_id = m.account_id
WHERE m.in_s"""


def _closing_referred(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, m.is_new, r.i IS NOT NULL AS was_referred
FROM movement{suffix(scope)} m LEFT JOIN (
  SELECT DISTINCT p.i, r.referred_account_id AS account_id FROM live_referrals r
    JOIN {scope.period} p ON r.referred_at < p.u
) r ON r.i = m.i AND r.account_id = m.account_id
WHERE m.in_e"""


def _closing_references(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, EXISTS (
  SELECT 1 FROM live_references r WHERE r.account_id = m.account_id AND r.valid_from <= m.u_day
    AND {ended("r", scope.zone)} > m.u_day) AS referenceable
FROM movement{suffix(scope)} m WHERE m.in_e"""


_PRODUCT = {"product": "product_id", "family": "family"}
_BASE = (BALANCE, MOVEMENT)

FACTS = (
    Fact("opening_accounts", "accounts active at the start of the period", None, columns(
        account_id="text", retained="flag: still active at the end", lost="flag: not active at the end",
        open_mrr="money: MRR at the start", close_mrr="money: MRR at the end", kept_mrr="money: the smaller of the " "two",
        growth="money: MRR at the end less MRR at the start", expansion="money: net growth of an " "account that stayed",
        contraction="money: net shrinkage of an account that stayed"), _opening, relations=_BASE),
    Fact("closing_accounts", "accounts active at the end of the period", None, columns(
        account_id="text", is_new="flag: never active before the period", is_reactivated="flag: active before, not at " "the start",
        close_mrr="money: MRR at the end"), _closing, relations=_BASE),
    Fact("transient_accounts", "accounts that came and went within the period", None, columns(account_id="text"), _transient, relations=_BASE),
    Fact("transfers", "accounts active at both ends, with the slice they lie in at each", None, columns(
        account_id="text", close_mrr="money: MRR at the end"), _transfers, relations=_BASE, two_anchors=True),
    Fact("opening_lines", "paid lines at the start", None, columns(account_id="text", mrr="money: monthly recurring " "revenue"),
         lambda scope: _lines(scope, AT_START, "first_day"), dimensions=_PRODUCT),
    Fact("closing_lines", "paid lines at the end", None, columns(account_id="text", mrr="money: monthly recurring " "revenue"),
         lambda scope: _lines(scope, AT_END, "last_day"), dimensions=_PRODUCT),
    Fact("expansion", "accounts active at the start, their net expansion split by cause", None, columns(
        account_id="text", upsell="money", cross_sell="money", price_increase="money", unclassified="money"),
         _expansion, relations=(*_BASE, PRODUCT_BALANCE, GROUP_BALANCE, EXPANSION_SPLIT)),
    Fact("closing_managers", "accounts active at the end, with their account manager", None,
         columns(account_id="text", manager_id="text: the account manager"), _closing_managers, relations=_BASE),
    Fact("opening_referrers", "accounts active at the start, and whether they recommended you", None,
         columns(account_id="text", referred="flag: made a referral in the period"), _opening_referrers, relations=_BASE),
    Fact("closing_referred", ("accounts active at the end, and whether somebody had recommended " "you to them"), None,
         columns(account_id="text", is_new="flag: never active before the period", was_referred="flag: named in a referral"),
         _closing_referred, relations=_BASE),
    Fact("closing_references", "accounts active at the end, and whether they vouch for you", None,
         columns(account_id="text", referenceable="flag: an open reference"), _closing_references, relations=_BASE),
    Fact("contracts_due", "contracts whose renewal is due in the period", None, columns(
        account_id="text", renewed="flag", lost="flag", pending="flag: neither yet"),
         _contracts_due, dimensions=_PRODUCT, relations=(SUCCESSOR,)),
    Fact("contracts_signed", "contracts signed in the period", "_on", columns(
        account_id="text", kind="text: new, renewal, extension, amendment", amount="money: the contract's value"),
         _contracts_signed, dimensions=_PRODUCT),
    Fact("deals_closed", "deals won or lost in the period", "_at", columns(
        account_id="text", owner_id="text", kind="text: new, upsell, cross_sell, renewal, " "extension", status="text: won or lost",
        source="text", attributed_to="text: support, success, sales, marketing", amount="money", touches="number: touches up to the " "close"),
         _deals_closed, dimensions={"user": "owner_id", "source": "source", "kind": "kind"}, actor="own"),
    Fact("purchases", "invoices and orders of the period; credits are negative", "_at", columns(
        account_id="text", is_credit="flag", amount="money: credits are minus their absolute " "amount",
        repeat="flag: the account had purchased before the period"), _purchases, dimensions=_PRODUCT, derived={"repeat": "coalesce(f.first_purchased_at " "< p.s, false)"}),
    Fact("costs", "costs of the period", "_on", columns(account_id="text", kind="text: acquisition or service", amount="money"), _costs),
)  # fmt: skip
