"""Facts about support: tickets resolved, answered, and still open; durations by the clock and by
business hours.
"""

from kampass.facts.fact import Fact, Relation, Scope, columns

_FIELDS = (
    "k.id, k.account_id, k.contact_id, k.assignee_id AS agent_id, k.assignee_id AS _actor, "
    "k.channel, k.priority, k.topic"
)


def _hours_worked(scope: Scope) -> str:
    """Business time as a running total, so that a duration is a difference of two look-ups."""
    return scope.calendars


HOURS = Relation(
    "hours",
    "Business hours of each calendar, with the working time before each stretch",
    _hours_worked,
)


def _worked(moment: str, alias: str) -> str:
    """Working microseconds of the ticket's calendar before a moment."""
    return (
        f"{alias}.before_us + least(greatest(epoch_us({moment}) - {alias}.opens_us, 0), "
        f"{alias}.closes_us - {alias}.opens_us)"
    )


def _duration(scope: Scope, until: str) -> str:
    """Tickets up to `until`, with calendar hours and, where asked for, business hours."""
    day = f"CAST(timezone({scope.zone}, k.{until}) AS DATE)"
    clock = f"epoch_us(k.{until}) - epoch_us(k.created_at) AS hours"
    base = (
        f"SELECT k.{until} AS _at, {day} AS _anchor, {_FIELDS}, k.created_at, k.agent_replies, "
        f"k.customer_messages, k.reopened, {clock} FROM live_tickets k WHERE k.{until} IS NOT "
        "NULL"
    )
    if not scope.uses("business_hours"):
        return base
    return f"""
SELECT k.*, greatest(({_worked("k._at", "b")}) - ({_worked("k.created_at", "a")}), 0) AS
  business_hours
FROM (
  SELECT k.*, coalesce(c.calendar, '') AS calendar FROM ({base}) k
  LEFT JOIN team_span t ON t.user_id = k._actor AND k._anchor >= t.valid_from
    AND k._anchor < t.valid_to
  LEFT JOIN team_calendar c ON c.team = t.team_id
) k
ASOF JOIN hours a ON a.calendar = k.calendar AND k.created_at >= a.opens
ASOF JOIN hours b ON b.calendar = k.calendar AND k._at >= b.opens"""


def _resolutions(scope: Scope) -> str:
    base = _duration(scope, "resolved_at")
    extra, join = "", ""
    if scope.uses("repeated"):
        extra = ", r.id IS NOT NULL AS repeated"
        join = """LEFT JOIN (
  SELECT DISTINCT k.id FROM live_tickets k JOIN live_tickets n
  ON n.account_id = k.account_id AND n.topic = k.topic AND n.id <> k.id
    AND n.created_at > k.resolved_at AND n.created_at <= k.resolved_at + INTERVAL 168 HOUR
) r ON r.id = k.id"""
    return f"""
SELECT k.*, coalesce(k.agent_replies, k.customer_messages) IS NOT NULL AS counted,
  coalesce(k.agent_replies, 0) + coalesce(k.customer_messages, 0) AS messages{extra}
FROM ({base}) k {join}"""


def _first_replies(scope: Scope) -> str:
    return _duration(scope, "first_replied_at")


def _open_tickets(scope: Scope) -> str:
    return f"""
SELECT p.i, p.last_day AS _anchor, {_FIELDS}
FROM live_tickets k JOIN {scope.period} p ON k.created_at < p.u
  AND (k.resolved_at IS NULL OR k.resolved_at >= p.u)"""


def _team_calendars(scope: Scope) -> str:
    return scope.team_calendars


TEAM_CALENDAR = Relation(
    "team_calendar", "Which team works by a calendar of its own", _team_calendars
)
_DIMENSIONS = {"agent": "agent_id", "channel": "channel", "priority": "priority", "topic": "topic"}
_SHARED = {
    "account_id": "text",
    "agent_id": "text",
    "channel": "text",
    "priority": "text",
    "topic": "text",
}
_TIMES = {
    "hours": "hours: from creation, by the clock",
    "business_hours": "hours: from creation, by the business calendar",
}

FACTS = (
    Fact("resolutions", "tickets resolved in the period", "_at", columns(
        **_SHARED, **_TIMES, agent_replies="number: public replies", customer_messages="number", reopened="number",
        messages="number: replies and messages, one unknown counts 0", counted="flag: replies or messages " "are known",
        repeated="flag: the same account wrote again about the same topic within 7 days"),
         _resolutions, dimensions=_DIMENSIONS, actor="own", relations=(HOURS, TEAM_CALENDAR)),
    Fact("first_replies", "tickets first replied to in the period", "_at", columns(**_SHARED, **_TIMES),
         _first_replies, dimensions=_DIMENSIONS, actor="own", relations=(HOURS, TEAM_CALENDAR)),
    Fact("open_tickets", "tickets open at the end of the period", None, columns(**_SHARED), _open_tickets, dimensions=_DIMENSIONS, actor="own"),
)  # fmt: skip
