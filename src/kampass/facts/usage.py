"""Product usage: day by day, and how many active days the accounts of the start had."""

from kampass.facts.accounts import BASE, LINES, NOT_AT_START, START_ANCHOR, of_accounts
from kampass.facts.fact import (
    ACCOUNT,
    ACCOUNTS,
    LINEAGE,
    LOCAL_DATE,
    Boundary,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    Relation,
    day,
    flag,
    number,
)

ACTIVE_DAY = "(coalesce(d.active_users, 0) > 0 OR coalesce(d.logins, 0) > 0)"
_UNTIL = Boundary("end moved", 'd."on" <= p.last_day', 'd."on" <= p.last_day + 1')


def _usage(_: FactScope) -> str:
    return f"""
SELECT d."on" AS _on, d."on" AS _anchor, d."on" AS day, d.account_id, d.product_id, d.active_users,
  d.seats, d.logins, d.minutes, d.key_events,
  {ACTIVE_DAY} AS active
FROM live_usage_daily d"""


# A day counts once, however many products were used on it.
def _usage_days(scope: FactScope) -> str:
    return f"""
SELECT i, account_id, count(*) AS usage_days FROM (
  SELECT DISTINCT p.i, d.account_id, d."on" FROM live_usage_daily d JOIN {scope.days} p
  ON p.day = d."on" AND d."on" >= p.first_day AND d."on" <= p.last_day WHERE {ACTIVE_DAY}
) GROUP BY i, account_id"""


def _first_usage(_: FactScope) -> str:
    return 'SELECT account_id, min("on") AS day FROM live_usage_daily GROUP BY account_id'


USAGE_DAYS = Relation("usage_days", "Active days per account in the period", _usage_days, (_UNTIL,))
FIRST_USAGE = Relation(
    "first_usage", "Each account's first usage row ever", _first_usage, timeless=True
)


# An account without any row is not known to use nothing: its product may not be measured.
def _opening_usage(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id, m.s_day AS _anchor, coalesce(d.usage_days, 0) AS usage_days,
  coalesce(first_usage.day <= m.u_day, false) AS has_usage, p.months
FROM movement{scope.suffix} m JOIN {scope.period} p ON p.i = m.i
LEFT JOIN usage_days{scope.suffix} d ON d.i = m.i AND d.account_id = m.account_id
LEFT JOIN first_usage first_usage ON first_usage.account_id = m.account_id
WHERE m.in_s"""


def _active_days(scope: FactScope) -> str:
    active = ACTIVE_DAY.replace("d.", "x.")
    return f"""
SELECT p.i, x.account_id AS unit, x.account_id, x."on", x.product_id, x.active_users, x.logins,
  {LINEAGE}
FROM live_usage_daily x JOIN {scope.days} p ON p.day = x."on" AND x."on" >= p.first_day
  AND x."on" <= p.last_day WHERE {active}"""


def _first_usage_behind(scope: FactScope) -> str:
    return f"""
SELECT p.i, x.account_id AS unit, x.account_id, x."on", x.product_id, {LINEAGE}
FROM live_usage_daily x CROSS JOIN {scope.period} p
QUALIFY row_number() OVER (PARTITION BY p.i, x.account_id ORDER BY x."on", x.product_id) = 1"""


OPENING_USAGE = Fact(
    "opening_usage",
    "accounts active at the start, with their active days in the period",
    {
        "account_id": ACCOUNT,
        "usage_days": number("days with active users or log-ins"),
        "has_usage": flag("any usage row before the end", looks_back=True),
        "months": number("months of the period"),
    },
    _opening_usage,
    of_accounts(
        NOT_AT_START,
        LINES,
        Evidence("usage_daily", "days with active users or log-ins", _active_days, ("usage_days",)),
        Evidence(
            "usage_daily", "the account's first usage row", _first_usage_behind, ("has_usage",)
        ),
    ),
    ACCOUNTS,
    relations=(*BASE, USAGE_DAYS, FIRST_USAGE),
    population="start",
    own_boundaries=(START_ANCHOR,),
)
USAGE = Fact(
    "usage",
    "daily product usage",
    {
        "account_id": ACCOUNT,
        "active_users": number(),
        "seats": number(),
        "logins": number(),
        "minutes": number(),
        "key_events": number(),
        "day": day(noun=Noun("day", "days")),
        "active": flag("active users or log-ins above 0"),
    },
    _usage,
    Origin(
        "usage_daily",
        ("active_users", "seats", "logins", "minutes", "key_events"),
        "lies outside the period",
        ("account_id", "day", "product_id"),
        moment='t."on"',
    ),
    Noun("day of use", "days of use"),
    moment=LOCAL_DATE,
    dimensions={"product": "product_id"},
)
