"""What happened with an account, newest first: touches, tickets, answers, contracts, use, goals,
notes, page by page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from kampass.book.reasons import UNHAPPY
from kampass.book.today import rows
from kampass.workspace.view import Sight

PAGE = 25
KINDS = {
    "touches": "Touches",
    "tickets": "Tickets",
    "answers": "Answers",
    "contracts": "Contracts",
    "usage": "Use",
    "goals": "Goals",
    "notes": "Notes",
}


@dataclass(frozen=True)
class Event:
    """One thing that happened. `kind` is one of `KINDS`, `mark` the sign it is drawn with."""

    kind: str
    mark: str
    at: datetime
    on: date
    title: str
    text: str | None = None
    who: str | None = None
    quote: str | None = None
    tone: str | None = None


@dataclass(frozen=True)
class Timeline:
    """A page of events, and whether there are later and earlier ones; `counts` has how many there
    are of each kind.
    """

    events: tuple[Event, ...]
    page: int
    more: bool
    counts: dict[str, int]


_LINES = {
    "touches": """
SELECT 'touches' AS kind, CASE WHEN t.channel = 'call' THEN 'call' WHEN t.channel IN
  ('meeting', 'video') THEN 'meeting' ELSE 'mail' END AS mark, t.occurred_at AS "at",
  CASE t.channel WHEN 'email' THEN 'E-mail' WHEN 'sms' THEN 'SMS' WHEN 'video' THEN 'Video call'
    WHEN 'other' THEN 'Contact' ELSE upper(t.channel[1]) || t.channel[2:] END
    || CASE WHEN c.name IS NULL THEN CASE t.direction WHEN 'inbound' THEN ', from them' ELSE
      ', to them' END
       ELSE CASE t.direction WHEN 'inbound' THEN ' from ' ELSE ' with ' END || c.name END AS title,
  concat_ws(', ', t.purpose, CASE WHEN t.minutes > 0 THEN
    format('{:.0f} min', CAST(t.minutes AS DOUBLE)) END,
    CASE WHEN t.outcome <> 'completed' THEN replace(t.outcome, '_', ' ') END,
      CASE WHEN t.is_automated THEN 'automatic' END) AS text,
  u.name AS who, NULL AS quote, NULL AS tone
FROM live_touches t LEFT JOIN contacts c ON c.id = t.contact_id LEFT JOIN users u
  ON u.id = t.user_id WHERE t.account_id = $account""",
    "tickets": """
SELECT 'tickets', 'ticket', t.created_at, 'Ticket opened' || coalesce(': ' || t.topic, ''),
  concat_ws(', ', t.id, t.priority, t.channel), c.name, NULL,
  CASE WHEN t.priority IN ('high', 'urgent') THEN 'warn' END
FROM live_tickets t LEFT JOIN contacts c ON c.id = t.contact_id WHERE t.account_id = $account
UNION ALL
SELECT 'tickets', 'ticket', t.resolved_at, 'Ticket resolved' || coalesce(': ' || t.topic, ''),
  concat_ws(', ', t.id, CASE WHEN t.reopened > 0 THEN 'reopened ' || t.reopened || ' x' END),
    u.name, NULL, 'good'
FROM live_tickets t LEFT JOIN users u ON u.id = t.assignee_id WHERE t.account_id = $account
  AND t.resolved_at IS NOT NULL""",
    "answers": f"""
SELECT 'answers', 'survey', r.responded_at, format('{{:g}} of {{:g}}', CAST(r.score AS DOUBLE),
  CAST(s.scale_max AS DOUBLE)), coalesce(s.name, upper(s.kind)), c.name,
  r.comment, CASE WHEN {UNHAPPY} THEN 'bad' END
FROM live_responses r JOIN surveys s ON s.id = r.survey_id LEFT JOIN contacts c
  ON c.id = r.contact_id
WHERE r.account_id = $account AND s.kind NOT IN ('enps', 'esat')""",
    "contracts": """
SELECT 'contracts', 'contract', timezone($zone,
  CAST(coalesce(c.signed_on, c.valid_from) AS TIMESTAMP)),
  CASE coalesce(c.kind, 'new') WHEN 'new' THEN 'Contract signed' WHEN 'renewal' THEN
    'Contract renewed' WHEN 'extension' THEN 'Contract extended' ELSE 'Contract amended' END,
  concat_ws(', ', c.id, p.name, CASE WHEN c.valid_to IS NOT NULL THEN 'until ' ||
    strftime(c.valid_to, '%-d %b %Y') END), NULL, NULL, 'good'
FROM live_contracts c LEFT JOIN products p ON p.id = c.product_id WHERE c.account_id = $account
UNION ALL
SELECT 'contracts', 'contract', timezone($zone,
  CAST(coalesce(c.ended_on, c.valid_to) AS TIMESTAMP)), 'Contract lost',
  concat_ws(', ', c.id, c.churn_type, c.churn_reason),
  NULL, NULL, 'bad'
FROM live_contracts c WHERE c.account_id = $account AND c.outcome = 'lost'
  AND coalesce(c.ended_on, c.valid_to) IS NOT NULL
UNION ALL
SELECT 'contracts', 'contract', timezone($zone, CAST(o.valid_from AS TIMESTAMP)),
  'Account manager: ' || coalesce(u.name, o.user_id), NULL, NULL, NULL, NULL
FROM owner_span o LEFT JOIN users u ON u.id = o.user_id WHERE o.account_id = $account""",
    "usage": """
SELECT 'usage', 'usage', timezone($zone, CAST(max("on") AS TIMESTAMP)),
  'Used on ' || count(DISTINCT "on") || CASE WHEN count(DISTINCT "on") = 1 THEN ' day' ELSE ' days'
  END
  || ' in ' || strftime(min("on"), '%B'), format('{:,.0f} log-ins',
    CAST(coalesce(sum(logins), 0) AS DOUBLE)), NULL, NULL, NULL
FROM live_usage_daily WHERE account_id = $account
  AND (coalesce(active_users, 0) > 0 OR coalesce(logins, 0) > 0)
  GROUP BY date_trunc('month', "on")""",
    "goals": """
SELECT 'goals', 'goal', timezone($zone, CAST(g.due_on AS TIMESTAMP)), 'Goal due: ' || g.name,
  format('target {:g}', CAST(g.target AS DOUBLE)), NULL, NULL, NULL
FROM live_goals g WHERE g.account_id = $account
UNION ALL
SELECT 'goals', 'goal', m.measured_at, 'Goal measured: ' || g.name,
  format('{:g}, target {:g}', CAST(m.value AS DOUBLE), CAST(g.target AS DOUBLE)), NULL, NULL, NULL
FROM goal_measurements m JOIN live_goals g ON g.id = m.goal_id WHERE g.account_id = $account""",
    "notes": """
SELECT 'notes', 'note', n.noted_at, upper(n.kind[1]) || n.kind[2:], NULL, u.name, n.text, NULL
FROM live_notes n LEFT JOIN users u ON u.id = n.author_id WHERE n.account_id = $account
UNION ALL
SELECT 'notes', 'note', f.received_at, 'Feedback, ' || f.status, NULL, NULL, f.text, NULL
  FROM live_feedback f WHERE f.account_id = $account""",
}
_HEAD = _LINES["touches"].partition("FROM")[0]


def timeline(
    sight: Sight, account: str, *, kind: str = "", page: int = 1, notes: Sequence[Event] = ()
) -> Timeline:
    """A page of an account's events, of one kind or of all; `notes` (people's own, newest first)
    are put in their places.
    """
    found = sight.kept("timeline", lambda: _read(sight, account, kind, page), account, kind, page)
    if kind not in {"", "notes"} or not notes:
        return found
    since = found.events[-1].at if found.more else None
    until = (
        sight.kept("timeline end", lambda: _before(sight, account, kind, page), account, kind, page)
        if page > 1
        else None
    )
    mine = [
        note
        for note in notes
        if (since is None or note.at >= since) and (until is None or note.at < until)
    ]
    counts = found.counts | {"notes": found.counts.get("notes", 0) + len(notes)}
    return replace(
        found,
        events=tuple(sorted([*found.events, *mine], key=lambda event: event.at, reverse=True)),
        counts=counts,
    )


def _read(sight: Sight, account: str, kind: str, page: int) -> Timeline:
    found = rows(sight, _sql(kind, page), account=account, now=sight.known_at)
    held = [row.pop("counts") for row in found]
    counts = (
        held[0]
        if held and not kind
        else sight.kept("timeline counts", lambda: _counts(sight, account), account)
    )
    return Timeline(
        tuple(Event(**row) for row in found[:PAGE]), page, len(found) > PAGE, dict(counts)
    )


def _before(sight: Sight, account: str, kind: str, page: int) -> datetime | None:
    """When the last event of the page before happened."""
    earlier = timeline(sight, account, kind=kind, page=page - 1).events
    return earlier[-1].at if earlier else None


def _counts(sight: Sight, account: str) -> dict[str, int]:
    found = rows(
        sight,
        f"SELECT kind, count(*) AS n FROM ({_union('')}) GROUP BY kind",
        account=account,
        now=sight.known_at,
    )
    return {row["kind"]: row["n"] for row in found}


def _sql(kind: str, page: int) -> str:
    return f"""
SELECT kind, mark, "at", CAST(timezone($zone, "at") AS DATE) AS "on", title, text, who, quote,
  tone, histogram(kind) OVER () AS counts
FROM ({_union(kind)}) ORDER BY "at" DESC, title LIMIT {PAGE + 1} OFFSET {(page - 1) * PAGE}"""


def _union(kind: str) -> str:
    """The events of one kind, or of all, up to now; the first statement names the columns."""
    named = [
        f"({_HEAD} FROM live_touches t, contacts c, users u WHERE false)",
        *(f"({sql})" for name, sql in _LINES.items() if kind in {"", name}),
    ]
    return f'SELECT * FROM ({" UNION ALL ".join(named)}) WHERE "at" <= $now::TIMESTAMPTZ'
