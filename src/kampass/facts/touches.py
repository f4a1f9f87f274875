"""Touches: e-mails, calls and meetings with accounts, the first to a prospect, the last to each.

Three questions are asked of a touch: was it an interaction, was it real, was it sent. A person did
all three and nothing internal is one; they differ in what they ask of its outcome and direction.
"""

from kampass.facts.accounts import (
    BASE,
    END_ANCHOR,
    LINES,
    NOT_AT_END,
    NOT_AT_START,
    START_ANCHOR,
    of_accounts,
)
from kampass.facts.fact import (
    ACCOUNT,
    ACCOUNTS,
    INSTANT,
    LINEAGE,
    Boundary,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    Relation,
    day,
    days,
    flag,
    number,
    text,
)

_MANUAL = "NOT coalesce(t.is_automated, false)"
_HAPPENED = "coalesce(t.outcome, '') NOT IN ('cancelled', 'bounced')"
_EXTERNAL = "coalesce(t.purpose, '') <> 'internal'"
INTERACTION = f"({_MANUAL} AND {_EXTERNAL} AND {_HAPPENED})"
REAL = f"({_MANUAL} AND {_EXTERNAL} AND coalesce(t.outcome, 'completed') = 'completed')"
_TOUCH = Noun("touch", "touches")
_UNTIL = Boundary("end moved", "t.occurred_at < p.u", "t.occurred_at <= p.u")


# Whether an account was a prospect asks for its first paid line ever, a join that only few KPIs
# need. A touch without an account may be of anybody and counts as none of a prospect.
def _touches(scope: FactScope) -> str:
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


# The first touch is chosen by its instant, ties by id, so that loading rows in another order
# chooses the same. 90 days are 2160 hours: days of a clock change must not lengthen the window.
def _first_touches(_: FactScope) -> str:
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


def _touch_count(scope: FactScope) -> str:
    return f"""
SELECT p.i, t.account_id, count(*) AS interactions
FROM live_touches t JOIN {scope.days} p ON p.day = t._day AND t.occurred_at >= p.s
  AND t.occurred_at < p.u
WHERE t.account_id IS NOT NULL AND {INTERACTION} GROUP BY p.i, t.account_id"""


TOUCH_COUNT = Relation(
    "touch_count", "Interactions per account in the period", _touch_count, (_UNTIL,)
)


# Accounts without a touch stay, with 0: a mean over accounts that leaves out the silent ones would
# be flattered by them.
def _opening_contact(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id, m.s_day AS _anchor, coalesce(t.interactions, 0) AS interactions, p.months
FROM movement{scope.suffix} m JOIN {scope.period} p ON p.i = m.i
LEFT JOIN touch_count{scope.suffix} t ON t.i = m.i AND t.account_id = m.account_id
WHERE m.in_s"""


# The last touch before every end, looked for once per period, would read all touches for each of
# them. Each stretch between two ends is read once, and the running maximum over the stretches
# (below) carries the latest forward.
def _last_touch(scope: FactScope) -> str:
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


# The gap is in microseconds, as all durations are inside: sums of them are exact.
def _closing_contact(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, epoch_us(p.u) - epoch_us(m.last_at) AS gap,
  m.last_at IS NOT NULL AS touched
FROM (
  SELECT *, max(touched_at) OVER (PARTITION BY account_id ORDER BY i RANGE BETWEEN UNBOUNDED
    PRECEDING AND CURRENT ROW) AS last_at
  FROM (
    SELECT i, account_id, u_day, CAST(NULL AS TIMESTAMPTZ) AS touched_at, true AS asked
      FROM movement{scope.suffix} WHERE in_e
    UNION ALL SELECT i, account_id, NULL, touched_at, false FROM last_touch{scope.suffix})
) m JOIN {scope.period} p ON p.i = m.i
WHERE m.asked"""


def _account_touches(scope: FactScope) -> str:
    kept = INTERACTION.replace("t.", "x.")
    return f"""
SELECT p.i, x.account_id AS unit, x.id, x.occurred_at, x.channel, x.direction, x.purpose,
  x.outcome, x.is_automated, {LINEAGE}
FROM live_touches x JOIN {scope.days} p ON p.day = x._day AND x.occurred_at >= p.s
  AND x.occurred_at < p.u WHERE {kept}"""


def _last_touches(scope: FactScope) -> str:
    kept = REAL.replace("t.", "x.")
    return f"""
SELECT p.i, x.account_id AS unit, x.id, x.occurred_at, x.channel, x.direction, x.purpose,
  x.outcome, {LINEAGE}
FROM live_touches x JOIN {scope.period} p ON x.occurred_at < p.u WHERE x.account_id IS NOT NULL
  AND {kept}
QUALIFY row_number() OVER (PARTITION BY p.i, x.account_id ORDER BY x.occurred_at DESC, x.id DESC) =
  1"""


def _first_touched_lines(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, t.id AS unit, x.id, x.valid_from, {LINEAGE}
FROM live_touches t JOIN first_paid f ON f.account_id = t.account_id JOIN paid_line l
  ON l.account_id = f.account_id AND l.valid_from = f.day
JOIN subscriptions x ON x.id = l.id"""


_PROSPECT_LINES = Evidence(
    "subscriptions",
    "the account's first paid line",
    _first_touched_lines,
    ("prospect", "converted"),
)
_DIMENSIONS = {
    "user": "user_id",
    "channel": "channel",
    "direction": "direction",
    "purpose": "purpose",
}
_READS = (
    "account_id",
    "contact_id",
    "user_id",
    "channel",
    "direction",
    "purpose",
    "outcome",
    "is_automated",
    "minutes",
    "occurred_at",
)

TOUCHES = Fact(
    "touches",
    "e-mails, calls, meetings of the period",
    {
        "account_id": ACCOUNT,
        "user_id": text(),
        "channel": text(),
        "direction": text("inbound or outbound"),
        "purpose": text("support, success, sales, internal"),
        "outcome": text(),
        "is_automated": flag(),
        "minutes": number(),
        "sentiment": number("-1 to 1"),
        "day": day("the local day", noun=Noun("day", "days")),
        "real": flag("not automated, not internal, completed (or no outcome given)"),
        "interaction": flag("not automated, not internal, neither cancelled nor bounced"),
        "sent": flag("outbound, not automated, neither cancelled nor bounced"),
        "prospect": flag("the account had never been active before the touch", looks_back=True),
    },
    _touches,
    Origin(
        "touches",
        _READS,
        "did not happen in the period",
        moment="t.occurred_at",
        evidence=(_PROSPECT_LINES,),
    ),
    _TOUCH,
    moment=INSTANT,
    dimensions=_DIMENSIONS,
    has_contact=True,
    actor="own",
)
FIRST_TOUCHES = Fact(
    "first_touches",
    "each prospect's first real outbound touch ever",
    {
        "account_id": ACCOUNT,
        "channel": text(),
        "purpose": text(),
        "converted": flag("active for the first time within 90 days after it", looks_back=True),
    },
    _first_touches,
    Origin(
        "touches",
        _READS,
        "is not the account's first real outbound touch, or the account had been active before",
        moment="t.occurred_at",
        leaves_out=(
            ("names no account", "t.account_id IS NULL"),
            ("is not outbound", "t.direction <> 'outbound'"),
        ),
        evidence=(_PROSPECT_LINES,),
    ),
    _TOUCH,
    moment=INSTANT,
    dimensions=_DIMENSIONS,
    has_contact=True,
    actor="own",
)
OPENING_CONTACT = Fact(
    "opening_contact",
    "accounts active at the start, with their interactions in the period",
    {
        "account_id": ACCOUNT,
        "interactions": number(),
        "months": number("months of the period"),
    },
    _opening_contact,
    of_accounts(
        NOT_AT_START,
        LINES,
        Evidence("touches", "interactions of the period", _account_touches, ("interactions",)),
    ),
    ACCOUNTS,
    relations=(*BASE, TOUCH_COUNT),
    population="start",
    own_boundaries=(START_ANCHOR,),
)
CLOSING_CONTACT = Fact(
    "closing_contact",
    "accounts active at the end, with the time since their last real touch",
    {
        "account_id": ACCOUNT,
        "gap": days("since the last real touch"),
        "touched": flag("ever touched"),
    },
    _closing_contact,
    of_accounts(NOT_AT_END, LINES, Evidence("touches", "the last real touch", _last_touches)),
    ACCOUNTS,
    relations=(*BASE, LAST_TOUCH),
    population="end",
    own_boundaries=(END_ANCHOR,),
)
