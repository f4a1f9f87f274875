"""What accounts say unasked: ideas received and implemented, and public mentions."""

from kampass.facts.fact import (
    ACCOUNT,
    INSTANT,
    Fact,
    FactScope,
    Noun,
    Origin,
    flag,
    hours,
    number,
    text,
)

_IDEA = Noun("idea", "ideas")
_READS = ("account_id", "status", "is_actionable", "received_at", "implemented_at")


# Two facts, because the period holds different rows: a promise is judged by when it was received,
# a delay by when it ended. 90 days are 2160 hours.
def _feedback_received(_: FactScope) -> str:
    return """
SELECT f.received_at AS _at, f._day AS _anchor, f.id, f.account_id, f.status,
  coalesce(f.is_actionable, true) AS is_actionable,
  coalesce(f.implemented_at >= f.received_at AND f.implemented_at <= f.received_at + INTERVAL 2160
    HOUR, false) AS implemented
FROM live_feedback f"""


def _feedback_implemented(scope: FactScope) -> str:
    return f"""
SELECT f.implemented_at AS _at, CAST(timezone({scope.zone}, f.implemented_at) AS DATE) AS _anchor,
  f.id, f.account_id, f.status,
  epoch_us(f.implemented_at) - epoch_us(f.received_at) AS hours
FROM live_feedback f WHERE f.implemented_at IS NOT NULL"""


def _mentions(_: FactScope) -> str:
    return (
        "SELECT m.mentioned_at AS _at, m._day AS _anchor, m.id, m.account_id, m.channel, "
        "m.sentiment FROM live_mentions m"
    )


FEEDBACK_RECEIVED = Fact(
    "feedback_received",
    "feedback received in the period",
    {
        "account_id": ACCOUNT,
        "status": text("new, accepted, implemented, rejected"),
        "is_actionable": flag(),
        "implemented": flag("within 90 days"),
    },
    _feedback_received,
    Origin("feedback", _READS, "was not received in the period", moment="t.received_at"),
    _IDEA,
    moment=INSTANT,
)
FEEDBACK_IMPLEMENTED = Fact(
    "feedback_implemented",
    "feedback implemented in the period",
    {
        "account_id": ACCOUNT,
        "status": text(),
        "hours": hours("from receipt to implementation"),
    },
    _feedback_implemented,
    Origin(
        "feedback",
        _READS,
        "was not implemented in the period",
        moment="t.implemented_at",
        leaves_out=(("is not implemented", "t.implemented_at IS NULL"),),
    ),
    _IDEA,
    moment=INSTANT,
)
MENTIONS = Fact(
    "mentions",
    "public mentions",
    {
        "account_id": ACCOUNT,
        "channel": text(),
        "sentiment": number(),
    },
    _mentions,
    Origin(
        "mentions",
        ("account_id", "channel", "mentioned_at"),
        "was not made in the period",
        moment="t.mentioned_at",
    ),
    Noun("mention", "mentions"),
    moment=INSTANT,
    dimensions={"channel": "channel"},
)
