"""The further source rows behind a fact's row: an account's subscriptions, a deal's touches, the
survey of an answer.

Each piece of evidence is SQL whose rows carry `i` (the period), `unit` (the key of the fact's row),
the fields that were read, and the row's lineage. Evidence is read only where the columns it stands
behind are.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kampass.facts import Scope
from kampass.facts.activity import ACTIVE_DAY, INTERACTION, REAL
from kampass.facts.fact import suffix
from kampass.facts.prepared import ended, fx_join
from kampass.facts.revenue import AT_END, AT_START
from kampass.store.quarantine import line_of

_LINEAGE = f"x._source, x._load, {line_of('x._line')} AS _line"
OF_EMPLOYEES = "{0}.survey_id IN (SELECT s.id FROM surveys s WHERE s.kind IN ('enps', 'esat'))"
"""Whether a row belongs to a survey of employees, whose answers are counted and never shown."""


@dataclass(frozen=True)
class Evidence:
    """Rows of `table` that stand behind a fact's row: behind these of its columns only, or behind
    all.
    """

    table: str
    about: str
    sql: Callable[[Scope], str]
    behind: tuple[str, ...] = ()


def _lines(scope: Scope) -> str:
    return f"""
SELECT p.i, l.account_id AS unit, x.id, x.product_id, x.quantity, x.mrr, x.currency, x.valid_from,
  x.valid_to, x.deleted_at,
  l.mrr AS converted_mrr, {AT_START} AS counts_at_start, {AT_END} AS counts_at_end, {_LINEAGE}
FROM paid_line l JOIN {scope.period} p ON ({AT_START}) OR ({AT_END}) JOIN subscriptions x
  ON x.id = l.id"""


def _short_lines(scope: Scope) -> str:
    return f"""
SELECT p.i, l.account_id AS unit, x.id, x.mrr, x.currency, x.valid_from, x.valid_to, x.deleted_at,
  {_LINEAGE}
FROM paid_line l JOIN {scope.period} p ON l.valid_from > p.before
  AND l.valid_from <= p.last_day JOIN subscriptions x ON x.id = l.id"""


def _first_lines(scope: Scope) -> str:
    return f"""
SELECT p.i, l.account_id AS unit, x.id, x.valid_from, {_LINEAGE}
FROM paid_line l JOIN first_paid f ON f.account_id = l.account_id AND f.day = l.valid_from
  JOIN subscriptions x ON x.id = l.id
CROSS JOIN {scope.period} p"""


def _line_rates(scope: Scope) -> str:
    return f"""
SELECT DISTINCT p.i, l.account_id AS unit, x.currency, x.valid_from, x.rate, {_LINEAGE}
FROM paid_line l JOIN {scope.period} p ON ({AT_START}) OR ({AT_END}) JOIN subscriptions s
  ON s.id = l.id {fx_join("s.currency", "s.valid_from")}
JOIN fx_rates x ON x.currency = fx.currency AND x.valid_from = fx.valid_from
WHERE s.currency <> (SELECT currency FROM _settings)"""


def _rates(table: str, day: str) -> Callable[[Scope], str]:
    """The exchange rate behind each amount of a table, at the local date in `day`."""

    def sql(scope: Scope) -> str:
        return f"""
SELECT NULL AS i, t.id AS unit, x.currency, x.valid_from, x.rate, {_LINEAGE}
FROM {table} t {fx_join("t.currency", day.format(zone=scope.zone))} JOIN fx_rates x
  ON x.currency = fx.currency AND x.valid_from = fx.valid_from
WHERE t.currency <> (SELECT currency FROM _settings)"""

    return sql


def _products(scope: Scope) -> str:
    return f"""
SELECT DISTINCT p.i, l.account_id AS unit, x.id, x.family, x.is_addon, {_LINEAGE}
FROM paid_line l JOIN {scope.period} p ON ({AT_START}) OR ({AT_END}) JOIN products x
  ON x.id = l.product_id"""


def _owners(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id AS unit, x.account_id, x.user_id, x.role, x.valid_from, x.valid_to,
  x.deleted_at, {_LINEAGE}
FROM movement{suffix(scope)} m JOIN ownerships x ON x.account_id = m.account_id
  AND x.role = 'account_manager' AND x.valid_from <= m.u_day
WHERE m.in_e"""


def _referrals(account: str, within: str) -> Callable[[Scope], str]:
    def sql(scope: Scope) -> str:
        return f"""
SELECT p.i, x.{account} AS unit, x.id, x.referrer_account_id, x.referred_account_id, x.referred_at,
  {_LINEAGE}
FROM live_referrals x JOIN {scope.period} p ON {within}"""

    return sql


def _references(scope: Scope) -> str:
    return f"""
SELECT p.i, x.account_id AS unit, x.account_id, x.valid_from, x.valid_to, x.deleted_at, {_LINEAGE}
FROM live_references x JOIN {scope.period} p ON x.valid_from <= p.last_day
  AND {ended("x", scope.zone)} > p.last_day"""


def _continuing(_: Scope) -> str:
    """Pairs of a contract and one that continues it."""
    return """
SELECT c.id AS unit, n.id FROM live_contracts c JOIN live_contracts n ON n.id <> c.id
  AND coalesce(n.kind, 'new') <> 'amendment'
LEFT JOIN products a ON a.id = c.product_id LEFT JOIN products b ON b.id = n.product_id
WHERE n.previous_contract_id = c.id
  OR (n.account_id = c.account_id AND n.valid_from > c.valid_from
    AND n.valid_from <= c.valid_to + 30
    AND (n.valid_to IS NULL OR n.valid_to > c.valid_to)
      AND (a.family IS NULL OR b.family IS NULL OR a.family = b.family))"""


def _successors(scope: Scope) -> str:
    return f"""
SELECT NULL AS i, n.unit, x.id, x.account_id, x.previous_contract_id, x.product_id, x.kind,
  x.valid_from, x.valid_to, {_LINEAGE}
FROM ({_continuing(scope)}) n JOIN live_contracts x ON x.id = n.id"""


def _contract_products(scope: Scope) -> str:
    return f"""
SELECT NULL AS i, c.unit, x.id, x.family, {_LINEAGE}
FROM (SELECT id AS unit, id FROM live_contracts UNION ({_continuing(scope)})) c
JOIN live_contracts n ON n.id = c.id JOIN products x ON x.id = n.product_id"""


def _deal_touches(_: Scope) -> str:
    return f"""
SELECT NULL AS i, d.id AS unit, x.id, x.deal_id, x.channel, x.purpose, x.outcome, x.is_automated,
  x.occurred_at, {_LINEAGE}
FROM live_touches x JOIN live_deals d ON d.id = x.deal_id
WHERE x.channel IN ('email', 'call', 'meeting', 'video') AND NOT coalesce(x.is_automated, false)
  AND coalesce(x.purpose, '') <> 'internal'
  AND coalesce(x.outcome, '') NOT IN ('cancelled', 'bounced') AND x.occurred_at <= d.closed_at"""


def _earlier_purchases(scope: Scope) -> str:
    return f"""
SELECT p.i, b.id AS unit, x.id, x.purchased_at, x.kind, {_LINEAGE}
FROM live_purchases b JOIN {scope.period} p ON b.purchased_at >= p.s AND b.purchased_at < p.u
JOIN live_purchases x ON x.account_id = b.account_id AND coalesce(x.kind, '') <> 'credit'
QUALIFY row_number() OVER (PARTITION BY p.i, b.id ORDER BY x.purchased_at, x.id) = 1"""


def _account_touches(scope: Scope) -> str:
    kept = INTERACTION.replace("t.", "x.")
    return f"""
SELECT p.i, x.account_id AS unit, x.id, x.occurred_at, x.channel, x.direction, x.purpose,
  x.outcome, x.is_automated, {_LINEAGE}
FROM live_touches x JOIN {scope.days} p ON p.day = x._day AND x.occurred_at >= p.s
  AND x.occurred_at < p.u WHERE {kept}"""


def _last_touches(scope: Scope) -> str:
    kept = REAL.replace("t.", "x.")
    return f"""
SELECT p.i, x.account_id AS unit, x.id, x.occurred_at, x.channel, x.direction, x.purpose,
  x.outcome, {_LINEAGE}
FROM live_touches x JOIN {scope.period} p ON x.occurred_at < p.u WHERE x.account_id IS NOT NULL
  AND {kept}
QUALIFY row_number() OVER (PARTITION BY p.i, x.account_id ORDER BY x.occurred_at DESC, x.id DESC) =
  1"""


def _first_touched_lines(_: Scope) -> str:
    return f"""
SELECT NULL AS i, t.id AS unit, x.id, x.valid_from, {_LINEAGE}
FROM live_touches t JOIN first_paid f ON f.account_id = t.account_id JOIN paid_line l
  ON l.account_id = f.account_id AND l.valid_from = f.day
JOIN subscriptions x ON x.id = l.id"""


def _active_days(scope: Scope) -> str:
    active = ACTIVE_DAY.replace("d.", "x.")
    return f"""
SELECT p.i, x.account_id AS unit, x.account_id, x."on", x.product_id, x.active_users, x.logins,
  {_LINEAGE}
FROM live_usage_daily x JOIN {scope.days} p ON p.day = x."on" AND x."on" >= p.first_day
  AND x."on" <= p.last_day WHERE {active}"""


def _first_usage(scope: Scope) -> str:
    return f"""
SELECT p.i, x.account_id AS unit, x.account_id, x."on", x.product_id, {_LINEAGE}
FROM live_usage_daily x CROSS JOIN {scope.period} p
QUALIFY row_number() OVER (PARTITION BY p.i, x.account_id ORDER BY x."on", x.product_id) = 1"""


def _repeats(_: Scope) -> str:
    return f"""
SELECT NULL AS i, k.id AS unit, x.id, x.account_id, x.topic, x.created_at, {_LINEAGE}
FROM live_tickets k JOIN live_tickets x ON x.account_id = k.account_id AND x.topic = k.topic
  AND x.id <> k.id
  AND x.created_at > k.resolved_at AND x.created_at <= k.resolved_at + INTERVAL 168 HOUR"""


def _memberships(until: str) -> Callable[[Scope], str]:
    """The team of a ticket's assignee at a moment, where teams have business hours of their own."""

    def sql(scope: Scope) -> str:
        day = f"CAST(timezone({scope.zone}, k.{until}) AS DATE)"
        return f"""
SELECT NULL AS i, k.id AS unit, x.user_id, x.team_id, x.valid_from, x.valid_to, x.deleted_at,
  {_LINEAGE}
FROM live_tickets k JOIN memberships x ON x.user_id = k.assignee_id AND x.valid_from <= {day}
  AND {ended("x", scope.zone)} > {day}
WHERE EXISTS (SELECT 1 FROM team_calendar)"""

    return sql


def _assignees(_: Scope) -> str:
    return f"""
SELECT NULL AS i, k.id AS unit, x.id, x.team_id, {_LINEAGE} FROM live_tickets k JOIN users x
  ON x.id = k.assignee_id
WHERE EXISTS (SELECT 1 FROM team_calendar)"""


def _surveys(_: Scope) -> str:
    return f"""
SELECT NULL AS i, r.id AS unit, x.id, x.kind, x.scale_min, x.scale_max, x.satisfied_from, {_LINEAGE}
FROM live_responses r JOIN surveys x ON x.id = r.survey_id"""


def _replies(_: Scope) -> str:
    return f"""
SELECT NULL AS i, n.id AS unit, x.id, x.survey_id, x.contact_id, x.responded_at, {_LINEAGE}
FROM live_invitations n JOIN live_responses x
  ON x.id = n.response_id OR (n.response_id IS NULL AND x.survey_id = n.survey_id
    AND x.contact_id = n.contact_id AND x.responded_at >= n.invited_at)
WHERE NOT {OF_EMPLOYEES.format("x")} AND NOT {OF_EMPLOYEES.format("n")}
QUALIFY row_number() OVER (PARTITION BY n.id ORDER BY x.responded_at, x.id) = 1"""


def _measurements(scope: Scope) -> str:
    return f"""
SELECT NULL AS i, g.id AS unit, x.goal_id, x.measured_at, x.value, {_LINEAGE}
FROM live_goals g JOIN goal_measurements x ON x.goal_id = g.id
  AND CAST(timezone({scope.zone}, x.measured_at) AS DATE) <= g.due_on
QUALIFY row_number() OVER (PARTITION BY g.id ORDER BY x.measured_at DESC) = 1"""


LINES = Evidence("subscriptions", "paid lines at the start or at the end", _lines)
SHORT_LINES = Evidence("subscriptions", "paid lines that began within the period", _short_lines)
FIRST_LINE = Evidence("subscriptions", "the account's first paid line", _first_lines)
OWN_RATES = Evidence(
    "fx_rates",
    "the rate of the line's start",
    _rates("live_subscriptions", "t.valid_from"),
    ("mrr",),
)
FIRST_LINES = Evidence(
    "subscriptions", "the account's first paid line", _first_lines, ("is_new", "is_reactivated")
)
LINE_RATES = Evidence(
    "fx_rates", "the rate of a line's start", _line_rates,
    ("open_mrr", "close_mrr", "kept_mrr", "growth", "expansion", "contraction", "upsell", "cross_sell", "price_increase", "unclassified"),
)  # fmt: skip
PRODUCTS = Evidence("products", "what the lines are for", _products)
OWNERS = Evidence("ownerships", "who owned the account", _owners)
REFERRALS_MADE = Evidence(
    "referrals", "referrals made in the period",
    _referrals("referrer_account_id", "x.referred_at >= p.s AND x.referred_at < p.u AND " "coalesce(x.referred_account_id " "<> " "x.referrer_account_id, true)"),
)  # fmt: skip
REFERRALS_RECEIVED = Evidence(
    "referrals",
    "referrals that name the account",
    _referrals("referred_account_id", "x.referred_at < p.u"),
)
REFERENCES = Evidence("references", "open references", _references)
SUCCESSORS = Evidence("contracts", "the contract that continues it", _successors)
CONTRACT_PRODUCTS = Evidence("products", "what the contracts are for", _contract_products)
SIGNED_RATES = Evidence(
    "fx_rates", "the rate at signing", _rates("live_contracts", "t.signed_on"), ("amount",)
)
DEAL_RATES = Evidence(
    "fx_rates",
    "the rate at the close",
    _rates("live_deals", "CAST(timezone({zone}, t.closed_at) AS DATE)"),
    ("amount",),
)
DEAL_TOUCHES = Evidence("touches", "touches up to the close", _deal_touches, ("touches",))
PURCHASE_RATES = Evidence(
    "fx_rates", "the rate of the day", _rates("live_purchases", "t._day"), ("amount",)
)
EARLIER_PURCHASES = Evidence(
    "purchases", "the account's first purchase", _earlier_purchases, ("repeat",)
)
COST_RATES = Evidence(
    "fx_rates", "the rate of the day", _rates("live_costs", 't."on"'), ("amount",)
)
ACCOUNT_TOUCHES = Evidence(
    "touches", "interactions of the period", _account_touches, ("interactions",)
)
LAST_TOUCHES = Evidence("touches", "the last real touch", _last_touches)
PROSPECT_LINES = Evidence(
    "subscriptions",
    "the account's first paid line",
    _first_touched_lines,
    ("prospect", "converted"),
)
ACTIVE_DAYS = Evidence(
    "usage_daily", "days with active users or log-ins", _active_days, ("usage_days",)
)
FIRST_USAGE = Evidence("usage_daily", "the account's first usage row", _first_usage, ("has_usage",))
REPEATS = Evidence(
    "tickets", "the same account about the same topic within 7 days", _repeats, ("repeated",)
)
MEMBERSHIPS = Evidence(
    "memberships", "the assignee's team", _memberships("resolved_at"), ("business_hours",)
)
REPLY_MEMBERSHIPS = Evidence(
    "memberships", "the assignee's team", _memberships("first_replied_at"), ("business_hours",)
)
ASSIGNEES = Evidence("users", "the assignee", _assignees, ("business_hours",))
SURVEYS = Evidence("surveys", "the survey", _surveys)
REPLIES = Evidence("responses", "the answer", _replies, ("answered",))
MEASUREMENTS = Evidence(
    "goal_measurements", "the latest measurement up to the due date", _measurements
)
