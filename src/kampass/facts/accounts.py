"""Accounts over a period: who was active at its start and at its end, and what became of each.

State at a boundary is the state just before it, so everything is read at a local date: `before`
(the last date before the period) for the start, `last_day` (the date of the last instant before its
end) for the end.
"""

from kampass.facts.fact import (
    ACCOUNT,
    ACCOUNTS,
    LINEAGE,
    Boundary,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    Relation,
    flag,
    money,
    text,
)
from kampass.facts.prepared import fx_join

_BEGUN = Boundary("opening moved", "l.valid_from <= p.before", "l.valid_from <= p.before + 1")
_HELD = Boundary("end at opening moved", "l.valid_to > p.before", "l.valid_to >= p.before")
_BEGUN_LATE = Boundary(
    "closing moved", "l.valid_from <= p.last_day", "l.valid_from <= p.last_day + 1"
)
_HELD_LATE = Boundary("end at closing moved", "l.valid_to > p.last_day", "l.valid_to >= p.last_day")
AT_START = f"{_BEGUN.sql} AND {_HELD.sql}"
AT_END = f"{_BEGUN_LATE.sql} AND {_HELD_LATE.sql}"
TOUCHING = f"{_BEGUN_LATE.sql} AND {_HELD.sql}"
OPENING, CLOSING = (_BEGUN, _HELD), (_BEGUN_LATE, _HELD_LATE)
START_ANCHOR = Boundary("opening anchor moved", "s_day AS _anchor", "s_day + 200 AS _anchor")
END_ANCHOR = Boundary("closing anchor moved", "u_day AS _anchor", "u_day - 200 AS _anchor")
START_ANCHOR_OF_ROWS = Boundary(
    "opening anchor moved", "p.first_day AS _anchor", "p.first_day + 200 AS _anchor"
)
END_ANCHOR_OF_ROWS = Boundary(
    "closing anchor moved", "p.last_day AS _anchor", "p.last_day - 200 AS _anchor"
)
NOT_AT_START = "no paid line just before the period"
NOT_AT_END = "no paid line just before the end"


# A sum passes over an amount without a rate, and nought would read as no revenue at all: the flags
# beside the sums let the figure say that a rate is missing. Lines that only touch the period are
# kept too, because who came and went within it is known from them alone.
def _balance(scope: FactScope) -> str:
    return f"""
SELECT p.i, l.account_id,
  bool_or({AT_START}) AS in_s, bool_or({AT_END}) AS in_e,
  coalesce(sum(l.mrr) FILTER (WHERE {AT_START}), 0) AS open_mrr,
    coalesce(sum(l.mrr) FILTER (WHERE {AT_END}), 0) AS close_mrr,
  coalesce(bool_or(l.mrr IS NULL) FILTER (WHERE {AT_START}), false) AS open_missing,
  coalesce(bool_or(l.mrr IS NULL) FILTER (WHERE {AT_END}), false) AS close_missing
FROM {scope.paid_lines} l JOIN {scope.period} p ON {TOUCHING}
GROUP BY p.i, l.account_id"""


# Balances are of the last date before the period, slices of its first day: a manager who takes a
# book over on the first of the month answers for it from then on. Whether an account is new asks
# for its first paid line ever; one that had left and returned is reactivated.
def _movement(scope: FactScope) -> str:
    return f"""
SELECT b.*, p.first_day AS s_day, p.last_day AS u_day, first_paid.day AS first_day,
  NOT b.in_s AND b.in_e AND first_paid.day > p.before AS is_new,
  NOT b.in_s AND b.in_e AND first_paid.day <= p.before AS is_reactivated,
  NOT b.in_s AND NOT b.in_e AND first_paid.day > p.before AS is_transient
FROM balance{scope.suffix} b JOIN {scope.period} p ON p.i = b.i JOIN first_paid
  ON first_paid.account_id = b.account_id"""


BALANCE = Relation(
    "balance",
    "Per account: active and MRR just before the start and just before the end",
    _balance,
    (*OPENING, *CLOSING),
)
MOVEMENT = Relation("movement", "What became of each account over the period", _movement)
BASE = (BALANCE, MOVEMENT)


# Each account is net against itself: it grows or shrinks, never both, and the four movements of a
# bridge add up to the change. One that left is churn with its whole opening balance.
def _opening(scope: FactScope) -> str:
    return f"""
SELECT i, account_id, s_day AS _anchor, in_e AS retained, NOT in_e AS lost,
  open_mrr, open_missing AS open_mrr_missing, close_mrr, close_missing AS close_mrr_missing,
  least(open_mrr, close_mrr) AS kept_mrr, open_missing OR close_missing AS kept_mrr_missing,
  close_mrr - open_mrr AS growth, open_missing OR close_missing AS growth_missing,
  {_unless_missing("greatest(close_mrr - open_mrr, 0)")} AS expansion, in_e
    AND (open_missing OR close_missing) AS expansion_missing,
  {_unless_missing("greatest(open_mrr - close_mrr, 0)")} AS contraction, in_e
    AND (open_missing OR close_missing) AS contraction_missing
FROM movement{scope.suffix} WHERE in_s"""


def _unless_missing(amount: str) -> str:
    """An amount of an account that stayed: 0 for one that left, unknown without a rate at either
    end.
    """
    return (
        f"CASE WHEN NOT in_e THEN 0 WHEN NOT open_missing AND NOT close_missing THEN {amount} END"
    )


def _closing(scope: FactScope) -> str:
    return f"""
SELECT i, m.account_id, u_day AS _anchor, is_new, is_reactivated, close_mrr,
  close_missing AS close_mrr_missing
FROM movement{scope.suffix} m WHERE in_e"""


def _transient(scope: FactScope) -> str:
    return (
        f"SELECT i, account_id, first_day AS _anchor FROM movement{scope.suffix} WHERE is_transient"
    )


# One row with both ends: a transfer into a slice is the same account as the one out of another.
def _transfers(scope: FactScope) -> str:
    return f"""
SELECT i, account_id, s_day AS _anchor, u_day AS _anchor_end, close_mrr,
  close_missing AS close_mrr_missing
FROM movement{scope.suffix} WHERE in_s AND in_e"""


def _closing_managers(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, o.user_id AS manager_id
FROM movement{scope.suffix} m
LEFT JOIN owner_span o ON o.account_id = m.account_id AND m.u_day >= o.valid_from
  AND m.u_day < o.valid_to
WHERE m.in_e"""


def _lines_behind(scope: FactScope) -> str:
    return f"""
SELECT p.i, l.account_id AS unit, x.id, x.product_id, x.quantity, x.mrr, x.currency, x.valid_from,
  x.valid_to, x.deleted_at,
  l.rate_day, l.mrr AS converted_mrr, {AT_START} AS counts_at_start, {AT_END} AS counts_at_end,
  {LINEAGE}
FROM {scope.paid_lines} l JOIN {scope.period} p ON ({AT_START}) OR ({AT_END}) JOIN subscriptions x
  ON x.id = l.id"""


def _short_lines(scope: FactScope) -> str:
    return f"""
SELECT p.i, l.account_id AS unit, x.id, x.mrr, x.currency, x.valid_from, x.valid_to, x.deleted_at,
  {LINEAGE}
FROM {scope.paid_lines} l JOIN {scope.period} p ON l.valid_from > p.before
  AND l.valid_from <= p.last_day JOIN subscriptions x ON x.id = l.id"""


def _first_lines(scope: FactScope) -> str:
    return f"""
SELECT p.i, l.account_id AS unit, x.id, x.valid_from, {LINEAGE}
FROM paid_line l JOIN first_paid f ON f.account_id = l.account_id AND f.day = l.valid_from
  JOIN subscriptions x ON x.id = l.id
CROSS JOIN {scope.period} p"""


def _line_rates(scope: FactScope) -> str:
    return f"""
SELECT DISTINCT p.i, l.account_id AS unit, x.currency, x.valid_from, x.rate, {LINEAGE}
FROM {scope.paid_lines} l JOIN {scope.period} p ON ({AT_START}) OR ({AT_END}) JOIN subscriptions s
  ON s.id = l.id {fx_join("s.currency", "l.rate_day")}
JOIN fx_rates x ON x.currency = fx.currency AND x.valid_from = fx.valid_from
WHERE s.currency <> (SELECT currency FROM _settings)"""


def _owners(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id AS unit, x.account_id, x.user_id, x.role, x.valid_from, x.valid_to,
  x.deleted_at, {LINEAGE}
FROM movement{scope.suffix} m JOIN ownerships x ON x.account_id = m.account_id
  AND x.role = 'account_manager' AND x.valid_from <= m.u_day
WHERE m.in_e"""


LINES = Evidence("subscriptions", "paid lines at the start or at the end", _lines_behind)
FIRST_LINES = Evidence(
    "subscriptions",
    "the account's first paid line",
    _first_lines,
    ("is_new", "is_reactivated", "converted"),
)
LINE_RATES = Evidence(
    "fx_rates",
    "the rate of the first day of a line's run",
    _line_rates,
    (
        "open_mrr",
        "close_mrr",
        "kept_mrr",
        "growth",
        "expansion",
        "contraction",
        "upsell",
        "cross_sell",
        "price_increase",
        "unclassified",
    ),
)


def of_accounts(otherwise: str, *evidence: Evidence) -> Origin:
    """The origin of a fact with one row for each account of a population."""
    return Origin("accounts", ("name",), otherwise, ("account_id",), evidence=evidence)


OPENING_ACCOUNTS = Fact(
    "opening_accounts",
    "accounts active at the start of the period",
    {
        "account_id": ACCOUNT,
        "retained": flag("still active at the end", beyond=True),
        "lost": flag("not active at the end", beyond=True),
        "open_mrr": money("MRR at the start"),
        "close_mrr": money("MRR at the end", beyond=True),
        "kept_mrr": money("the smaller of the two", beyond=True),
        "growth": money("MRR at the end less MRR at the start", beyond=True),
        "expansion": money("net growth of an account that stayed", beyond=True),
        "contraction": money("net shrinkage of an account that stayed", beyond=True),
    },
    _opening,
    of_accounts(NOT_AT_START, LINES, LINE_RATES),
    ACCOUNTS,
    relations=BASE,
    population="start",
    own_boundaries=(START_ANCHOR,),
)
CLOSING_ACCOUNTS = Fact(
    "closing_accounts",
    "accounts active at the end of the period",
    {
        "account_id": ACCOUNT,
        "is_new": flag(
            "never active before the period", beyond=True, first_time=True, looks_back=True
        ),
        "is_reactivated": flag("active before, not at the start", beyond=True, looks_back=True),
        "close_mrr": money("MRR at the end"),
    },
    _closing,
    of_accounts(NOT_AT_END, LINES, FIRST_LINES, LINE_RATES),
    ACCOUNTS,
    relations=BASE,
    population="end",
    own_boundaries=(END_ANCHOR,),
)
TRANSIENT_ACCOUNTS = Fact(
    "transient_accounts",
    "accounts that came and went within the period",
    {"account_id": ACCOUNT},
    _transient,
    of_accounts(
        "did not come and go within the period",
        Evidence("subscriptions", "paid lines that began within the period", _short_lines),
        Evidence("subscriptions", "the account's first paid line", _first_lines),
    ),
    ACCOUNTS,
    relations=BASE,
    population="within",
)
TRANSFERS = Fact(
    "transfers",
    "accounts active at both ends, with the slice they lie in at each",
    {"account_id": ACCOUNT, "close_mrr": money("MRR at the end")},
    _transfers,
    of_accounts("not active at both ends", LINES, LINE_RATES),
    ACCOUNTS,
    relations=BASE,
    two_anchors=True,
    own_boundaries=(START_ANCHOR, END_ANCHOR),
)
CLOSING_MANAGERS = Fact(
    "closing_managers",
    "accounts active at the end, with their account manager",
    {
        "account_id": ACCOUNT,
        "manager_id": text("the account manager", noun=Noun("account manager", "account managers")),
    },
    _closing_managers,
    of_accounts(NOT_AT_END, LINES, Evidence("ownerships", "who owned the account", _owners)),
    ACCOUNTS,
    relations=BASE,
    population="end",
    own_boundaries=(END_ANCHOR,),
)
