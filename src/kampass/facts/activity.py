"""Facts about contact: touches, first touches, usage, and how much of both each account got."""

from kampass.facts.fact import Fact, Relation, Scope, columns, suffix
from kampass.facts.revenue import BALANCE, MOVEMENT

_MANUAL = "NOT coalesce(t.is_automated, false)"
_HAPPENED = "coalesce(t.outcome, '') NOT IN ('cancelled', 'bounced')"
_EXTERNAL = "coalesce(t.purpose, '') <> 'internal'"
INTERACTION = f"({_MANUAL} AND {_EXTERNAL} AND {_HAPPENED})"
REAL = f"({_MANUAL} AND {_EXTERNAL} AND coalesce(t.outcome, 'completed') = 'completed')"
_BASE = (BALANCE, MOVEMENT)
ACTIVE_DAY = "(coalesce(d.active_users, 0) > 0 OR coalesce(d.logins, 0) > 0)"


def _touches(scope: Scope) -> str:
    prospect, join = "", ""
    if scope.uses("prospect"):
        prospect = (
            ", t.account_id IS NOT NULL AND (first_paid.at IS NULL OR first_paid.at >= "
            "t.occurred_at) AS prospect"
        )
        join = "LEFT JOIN first_paid ON first_paid.account_id = t.account_id"
    return f"""
SELECT t.occurred_at AS _at, t._day AS _anchor, t._day AS day, t.id, t.account_id, t.contact_id,
  t.user_id, t.user_id AS _actor, t.channel, t.direction,
  t.purpose, t.outcome, coalesce(t.is_automated, false) AS is_automated, t.minutes, t.sentiment,
  {REAL} AS real, {INTERACTION} AS interaction, t.direction = 'outbound' AND {_MANUAL}
    AND {_HAPPENED} AS sent{prospect}
FROM live_touches t {join}"""


def _first_touches(_: Scope) -> str:
    return f"""
SELECT t.occurred_at AS _at, t._day AS _anchor, t.id, t.account_id, t.contact_id, t.user_id,
  t.user_id AS _actor, t.channel, t.direction, t.purpose,
  coalesce(fp.at <= t.occurred_at + INTERVAL 2160 HOUR, false) AS converted
FROM (
  SELECT arg_min(id, {{'at': occurred_at, 'id': id}}) AS id FROM live_touches t
  WHERE t.account_id IS NOT NULL AND t.direction = 'outbound' AND {REAL} GROUP BY t.account_id
) first JOIN live_touches t ON t.id = first.id
LEFT JOIN first_paid fp ON fp.account_id = t.account_id
WHERE fp.at IS NULL OR fp.at >= t.occurred_at"""


def _touch_count(scope: Scope) -> str:
    return f"""
SELECT p.i, t.account_id, count(*) AS interactions
FROM live_touches t JOIN {scope.days} p ON p.day = t._day AND t.occurred_at >= p.s
  AND t.occurred_at < p.u
WHERE t.account_id IS NOT NULL AND {INTERACTION} GROUP BY p.i, t.account_id"""


def _usage_days(scope: Scope) -> str:
    return f"""
SELECT i, account_id, count(*) AS usage_days FROM (
  SELECT DISTINCT p.i, d.account_id, d."on" FROM live_usage_daily d JOIN {scope.days} p
  ON p.day = d."on" AND d."on" >= p.first_day AND d."on" <= p.last_day WHERE {ACTIVE_DAY}
) GROUP BY i, account_id"""


def _first_usage(_: Scope) -> str:
    return 'SELECT account_id, min("on") AS day FROM live_usage_daily GROUP BY account_id'


TOUCH_COUNT = Relation("touch_count", "Interactions per account in the period", _touch_count)
USAGE_DAYS = Relation("usage_days", "Active days per account in the period", _usage_days)
FIRST_USAGE = Relation("first_usage", "Each account's first usage row ever", _first_usage)


def _opening_contact(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id, m.s_day AS _anchor, coalesce(t.interactions, 0) AS interactions, p.months
FROM movement{suffix(scope)} m JOIN {scope.period} p ON p.i = m.i
LEFT JOIN touch_count{suffix(scope)} t ON t.i = m.i AND t.account_id = m.account_id
WHERE m.in_s"""


def _opening_usage(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id, m.s_day AS _anchor, coalesce(d.usage_days, 0) AS usage_days,
  coalesce(first_usage.day <= m.u_day, false) AS has_usage, p.months
FROM movement{suffix(scope)} m JOIN {scope.period} p ON p.i = m.i
LEFT JOIN usage_days{suffix(scope)} d ON d.i = m.i AND d.account_id = m.account_id
LEFT JOIN first_usage{suffix(scope)} first_usage ON first_usage.account_id = m.account_id
WHERE m.in_s"""


def _last_touch(scope: Scope) -> str:
    """Each account's last real touch between the ends of successive periods; before the first end,
    the last of all.
    """
    return f"""
WITH stretch AS (
    SELECT i, u, lag(u) OVER (ORDER BY u) AS since, lag(last_day) OVER (ORDER BY u) AS from_day,
      last_day FROM {scope.period}),
  day AS (
    SELECT i, u, since, CAST(unnest(generate_series(from_day, last_day + 1, INTERVAL 1 DAY)) AS
      DATE) AS day FROM stretch WHERE since IS NOT NULL),
  touch AS (SELECT t.account_id, t.occurred_at, t._day FROM live_touches t
    WHERE t.account_id IS NOT NULL AND {REAL})
SELECT s.i, t.account_id, max(t.occurred_at) AS touched_at FROM touch t JOIN stretch s
  ON s.since IS NULL AND t.occurred_at < s.u GROUP BY ALL
UNION ALL
SELECT d.i, t.account_id, max(t.occurred_at) FROM touch t JOIN day d ON d.day = t._day
  AND t.occurred_at >= d.since AND t.occurred_at < d.u GROUP BY ALL"""


LAST_TOUCH = Relation(
    "last_touch", "Each account's last real touch, stretch by stretch", _last_touch
)


def _closing_contact(scope: Scope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, epoch_us(p.u) - epoch_us(m.last_at) AS gap,
  m.last_at IS NOT NULL AS touched
FROM (
  SELECT *, max(touched_at) OVER (PARTITION BY account_id ORDER BY i RANGE BETWEEN UNBOUNDED
    PRECEDING AND CURRENT ROW) AS last_at
  FROM (
    SELECT i, account_id, u_day, CAST(NULL AS TIMESTAMPTZ) AS touched_at, true AS asked
      FROM movement{suffix(scope)} WHERE in_e
    UNION ALL SELECT i, account_id, NULL, touched_at, false FROM last_touch{suffix(scope)})
) m JOIN {scope.period} p ON p.i = m.i
WHERE m.asked"""


def _usage(_: Scope) -> str:
    return f"""
SELECT d."on" AS _on, d."on" AS _anchor, d."on" AS day, d.account_id, d.product_id, d.active_users,
  d.seats, d.logins, d.minutes, d.key_events,
  {ACTIVE_DAY} AS active
FROM live_usage_daily d"""


_TOUCH_DIMENSIONS = {
    "user": "user_id",
    "channel": "channel",
    "direction": "direction",
    "purpose": "purpose",
}

FACTS = (
    Fact("touches", "e-mails, calls, meetings of the period", "_at", columns(
        account_id="text", user_id="text", channel="text", direction="text: inbound or outbound", purpose="text: support, success, " "sales, internal",
        outcome="text", is_automated="flag", minutes="number", sentiment="number: -1 to 1", day="date: the local day",
        real="flag: not automated, not internal, completed (or no outcome given)",
        interaction="flag: not automated, not internal, neither cancelled nor bounced",
        sent="flag: outbound, not automated, neither cancelled nor bounced",
        prospect="flag: the account had never been active before the touch"),
         _touches, dimensions=_TOUCH_DIMENSIONS, has_contact=True, actor="own"),
    Fact("first_touches", "each prospect's first real outbound touch ever", "_at", columns(
        account_id="text", channel="text", purpose="text", converted="flag: active for the first " "time within 90 days after it"),
         _first_touches, dimensions=_TOUCH_DIMENSIONS, has_contact=True, actor="own"),
    Fact("opening_contact", "accounts active at the start, with their interactions in the period", None, columns(
        account_id="text", interactions="number", months="number: months of the period"), _opening_contact, relations=(*_BASE, TOUCH_COUNT)),
    Fact("opening_usage", "accounts active at the start, with their active days in the period", None, columns(
        account_id="text", usage_days="number: days with active users or log-ins", has_usage="flag: any usage row before " "the end",
        months="number: months of the period"), _opening_usage, relations=(*_BASE, USAGE_DAYS, FIRST_USAGE)),
    Fact("closing_contact", ("accounts active at the end, with the time since their last real " "touch"), None, columns(
        account_id="text", gap="days: since the last real touch", touched="flag: ever touched"), _closing_contact, relations=(*_BASE, LAST_TOUCH)),
    Fact("usage", "daily product usage", "_on", columns(
        account_id="text", active_users="number", seats="number", logins="number", minutes="number", key_events="number",
        day="date", active="flag: active users or log-ins above 0"), _usage, dimensions={"product": "product_id"}),
)  # fmt: skip
