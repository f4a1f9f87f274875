"""Tickets resolved, answered, and still open; durations by the clock and by business hours."""

from collections.abc import Callable

from kampass.facts.accounts import END_ANCHOR_OF_ROWS
from kampass.facts.fact import (
    ACCOUNT,
    INSTANT,
    LINEAGE,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    Relation,
    flag,
    hours,
    number,
    text,
)
from kampass.facts.prepared import ended

_TICKET = Noun("ticket", "tickets")
_FIELDS = (
    "k.id, k.account_id, k.contact_id, k.assignee_id AS agent_id, k.assignee_id AS _actor, "
    "k.channel, k.priority, k.topic"
)


def _hours_worked(scope: FactScope) -> str:
    """Business time as a running total, so that a duration is a difference of two look-ups."""
    return scope.calendars


HOURS = Relation(
    "hours",
    "Business hours of each calendar, with the working time before each stretch",
    _hours_worked,
    timeless=True,
)


def _worked(moment: str, alias: str) -> str:
    """Working microseconds of the ticket's calendar before a moment."""
    return (
        f"{alias}.before_us + least(greatest(epoch_us({moment}) - {alias}.opens_us, 0), "
        f"{alias}.closes_us - {alias}.opens_us)"
    )


# Each duration is two look-ups of the stretch before a moment (ASOF), whatever lies between the
# two. The calendar is of the team that the assignee was in on the day the ticket ended, and the
# unnamed one ('') where that team has none of its own.
def _duration(scope: FactScope, until: str) -> str:
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


# The same account about the same topic is the same matter; 7 days are 168 hours, so that a clock
# change does not move the limit. A ticket without an account or a topic has no repetition.
def _resolutions(scope: FactScope) -> str:
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


def _first_replies(scope: FactScope) -> str:
    return _duration(scope, "first_replied_at")


# Open is a state at the end, so a ticket is open in every period it spans.
def _open_tickets(scope: FactScope) -> str:
    return f"""
SELECT p.i, p.last_day AS _anchor, {_FIELDS}
FROM live_tickets k JOIN {scope.period} p ON k.created_at < p.u
  AND (k.resolved_at IS NULL OR k.resolved_at >= p.u)"""


def _team_calendars(scope: FactScope) -> str:
    return scope.team_calendars


TEAM_CALENDAR = Relation(
    "team_calendar", "Which team works by a calendar of its own", _team_calendars, timeless=True
)


def _repeats(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, k.id AS unit, x.id, x.account_id, x.topic, x.created_at, {LINEAGE}
FROM live_tickets k JOIN live_tickets x ON x.account_id = k.account_id AND x.topic = k.topic
  AND x.id <> k.id
  AND x.created_at > k.resolved_at AND x.created_at <= k.resolved_at + INTERVAL 168 HOUR"""


def _memberships(until: str) -> Callable[[FactScope], str]:
    """The team of a ticket's assignee at a moment, where teams have business hours of their own."""

    def sql(scope: FactScope) -> str:
        day = f"CAST(timezone({scope.zone}, k.{until}) AS DATE)"
        return f"""
SELECT NULL AS i, k.id AS unit, x.user_id, x.team_id, x.valid_from, x.valid_to, x.deleted_at,
  {LINEAGE}
FROM live_tickets k JOIN memberships x ON x.user_id = k.assignee_id AND x.valid_from <= {day}
  AND {ended("x", scope.zone)} > {day}
WHERE EXISTS (SELECT 1 FROM team_calendar)"""

    return sql


def _assignees(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, k.id AS unit, x.id, x.team_id, {LINEAGE} FROM live_tickets k JOIN users x
  ON x.id = k.assignee_id
WHERE EXISTS (SELECT 1 FROM team_calendar)"""


_DIMENSIONS = {"agent": "agent_id", "channel": "channel", "priority": "priority", "topic": "topic"}
_SHARED = {
    "account_id": ACCOUNT,
    "agent_id": text(),
    "channel": text(),
    "priority": text(),
    "topic": text(),
}
_TIMES = {
    "hours": hours("from creation, by the clock"),
    "business_hours": hours("from creation, by the business calendar"),
}
_ASSIGNEES = Evidence("users", "the assignee", _assignees, ("business_hours",))


def _ended_tickets(moment: str, missing: str, *evidence: Evidence) -> Origin:
    """The origin of tickets that have reached a moment."""
    return Origin(
        "tickets",
        (
            "account_id",
            "assignee_id",
            "channel",
            "priority",
            "topic",
            "created_at",
            "first_replied_at",
            "resolved_at",
            "reopened",
            "agent_replies",
            "customer_messages",
        ),
        missing,
        moment=f"t.{moment}",
        leaves_out=((missing, f"t.{moment} IS NULL"),),
        evidence=(
            *evidence,
            Evidence(
                "memberships", "the assignee's team", _memberships(moment), ("business_hours",)
            ),
            _ASSIGNEES,
        ),
    )


RESOLUTIONS = Fact(
    "resolutions",
    "tickets resolved in the period",
    {
        **_SHARED,
        **_TIMES,
        "agent_replies": number("public replies"),
        "customer_messages": number(),
        "reopened": number(),
        "messages": number("replies and messages, one unknown counts 0"),
        "counted": flag("replies or messages are known"),
        "repeated": flag("the same account wrote again about the same topic within 7 days"),
    },
    _resolutions,
    _ended_tickets(
        "resolved_at",
        "is not resolved",
        Evidence(
            "tickets",
            "the same account about the same topic within 7 days",
            _repeats,
            ("repeated",),
        ),
    ),
    _TICKET,
    moment=INSTANT,
    dimensions=_DIMENSIONS,
    actor="own",
    relations=(HOURS, TEAM_CALENDAR),
)
FIRST_REPLIES = Fact(
    "first_replies",
    "tickets first replied to in the period",
    {**_SHARED, **_TIMES},
    _first_replies,
    _ended_tickets("first_replied_at", "has no reply yet"),
    _TICKET,
    moment=INSTANT,
    dimensions=_DIMENSIONS,
    actor="own",
    relations=(HOURS, TEAM_CALENDAR),
)
OPEN_TICKETS = Fact(
    "open_tickets",
    "tickets open at the end of the period",
    _SHARED,
    _open_tickets,
    Origin(
        "tickets",
        (
            "account_id",
            "assignee_id",
            "channel",
            "priority",
            "topic",
            "created_at",
            "resolved_at",
        ),
        "is not open at the end",
        leaves_out=(
            ("was created after the end", "t.created_at >= p.u"),
            ("was resolved before the end", "t.resolved_at < p.u"),
        ),
    ),
    _TICKET,
    dimensions=_DIMENSIONS,
    actor="own",
    own_boundaries=(END_ANCHOR_OF_ROWS,),
)
