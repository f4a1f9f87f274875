"""One account with everything that is known of it: people, contracts, goals, open issues, what they
said. Read once for a snapshot and scope.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kampass.access import NotFound
from kampass.book.accounts import ListedAccount, accounts
from kampass.book.reasons import UNHAPPY
from kampass.book.today import PAID_LINES, rows
from kampass.facts.touches import REAL
from kampass.workspace.view import Sight

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Dossier:
    """An account and its own rows; what each row holds, the statements below say."""

    account: ListedAccount
    parent: str | None
    parent_id: str | None
    acquired_on: date | None
    owners: tuple[Row, ...]
    contacts: tuple[Row, ...]
    lines: tuple[Row, ...]
    contracts: tuple[Row, ...]
    goals: tuple[Row, ...]
    tickets: tuple[Row, ...]
    answers: tuple[Row, ...]
    feedback: tuple[Row, ...]


def find(sight: Sight, account: str) -> ListedAccount:
    """An account in sight; NotFound where there is none, or it is not the viewer's to see."""
    found = sight.kept(
        "accounts by id", lambda: {listed.id: listed for listed in accounts(sight)}
    ).get(account)
    if found is None:
        raise NotFound(
            "There is no account like this.",
            hint="Search for its name, or look at the list of accounts.",
        )
    return found


def dossier(sight: Sight, account: str) -> Dossier:
    """Everything about an account; NotFound as `find` does."""
    listed = find(sight, account)
    return sight.kept("dossier", lambda: _read(sight, listed), account)


def _read(sight: Sight, listed: ListedAccount) -> Dossier:
    head = rows(sight, _HEAD, account=listed.id)[0]
    parts = {
        name: tuple(rows(sight, sql, account=listed.id, now=sight.known_at))
        for name, sql in _PARTS.items()
    }
    return Dossier(listed, head["parent"], head["parent_id"], head["acquired_on"], **parts)


_HEAD = """
SELECT a.acquired_on, p.name AS parent, p.id AS parent_id FROM live_accounts a LEFT
  JOIN live_accounts p ON p.id = a.parent_id WHERE a.id = $account"""

_PARTS = {
    "owners": """
SELECT coalesce(u.name, o.user_id) AS name, o.user_id AS id, o.valid_from AS since,
  nullif(o.valid_to, DATE '9999-12-31') AS until
FROM owner_span o LEFT JOIN users u ON u.id = o.user_id WHERE o.account_id = $account
  AND o.valid_from <= $day ORDER BY o.valid_from DESC""",
    "contacts": f"""
SELECT c.id, coalesce(c.name, c.id) AS name, c.email, c.persona, c.role,
  coalesce(c.is_key, false) AS is_key, coalesce(c.is_primary, false) AS is_primary,
  t.last, date_diff('day', t.last, $day_touches::DATE) AS days, t.touches
FROM live_contacts c LEFT JOIN (
  SELECT contact_id, max(_day) AS last, count(*) AS touches FROM live_touches t
  WHERE t.account_id = $account AND t.contact_id IS NOT NULL
    AND t.occurred_at < $now::TIMESTAMPTZ AND {REAL} GROUP BY contact_id
) t ON t.contact_id = c.id
WHERE c.account_id = $account AND c.deleted_at IS NULL ORDER BY is_primary DESC, is_key DESC,
  t.last DESC NULLS LAST, name""",
    "lines": f"""
SELECT l.id, coalesce(p.name, l.product_id, 'Product unknown') AS product,
  CAST(l.quantity AS DOUBLE) AS quantity, CAST(l.mrr AS DOUBLE) AS mrr, l.valid_from AS since
FROM {PAID_LINES} l LEFT JOIN products p ON p.id = l.product_id
WHERE l.account_id = $account AND l.valid_from <= $day_subscriptions
  AND l.valid_to > $day_subscriptions ORDER BY mrr DESC NULLS LAST, l.id""",
    "contracts": """
SELECT c.id, coalesce(c.kind, 'new') AS kind, p.name AS product, c.signed_on, c.valid_from,
  c.valid_to, CAST(c.value AS DOUBLE) AS value,
  coalesce(c.currency, s.currency) AS currency, c.auto_renew, c.outcome, c.ended_on, c.churn_type,
    c.churn_reason
FROM live_contracts c CROSS JOIN (SELECT currency FROM _settings) s LEFT JOIN products p
  ON p.id = c.product_id
WHERE c.account_id = $account ORDER BY c.valid_from DESC, c.id""",
    "goals": """
SELECT *, CASE direction WHEN 'up' THEN latest >= target ELSE latest <= target END AS met,
  due_on < $day_goals AS due FROM (
  SELECT g.id, g.name, g.kind, g.direction, g.starts_on, CAST(g.baseline AS DOUBLE) AS baseline,
    CAST(g.target AS DOUBLE) AS target, g.due_on,
    CAST(m.value AS DOUBLE) AS latest, m.day AS measured
  FROM live_goals g LEFT JOIN (
    SELECT goal_id, arg_max(value, measured_at) AS value,
      CAST(timezone($zone, max(measured_at)) AS DATE) AS day
    FROM goal_measurements WHERE measured_at <= $now::TIMESTAMPTZ GROUP BY goal_id
  ) m ON m.goal_id = g.id
  WHERE g.account_id = $account)
ORDER BY due_on DESC, id""",
    "tickets": """
SELECT t.id, t.priority, t.topic, t.channel, CAST(timezone($zone, t.created_at) AS DATE) AS opened,
  date_diff('day', opened, $day_tickets::DATE) AS days,
  u.name AS assignee, t.customer_messages AS messages
FROM live_tickets t LEFT JOIN users u ON u.id = t.assignee_id
WHERE t.account_id = $account AND t.created_at < $now::TIMESTAMPTZ
  AND (t.resolved_at IS NULL OR t.resolved_at >= $now::TIMESTAMPTZ) ORDER BY t.created_at""",
    "answers": f"""
SELECT r.id, CAST(timezone($zone, r.responded_at) AS DATE) AS "on",
  CAST(r.score AS DOUBLE) AS score, CAST(s.scale_max AS DOUBLE) AS most, s.kind,
  coalesce(s.name, upper(s.kind)) AS survey, r.comment, c.name AS who, c.persona,
    {UNHAPPY} AS unhappy
FROM live_responses r JOIN surveys s ON s.id = r.survey_id LEFT JOIN contacts c
  ON c.id = r.contact_id
WHERE r.account_id = $account AND s.kind NOT IN ('enps', 'esat') ORDER BY r.responded_at DESC LIMIT
  40""",
    "feedback": """
SELECT f.id, CAST(timezone($zone, f.received_at) AS DATE) AS "on", f.status, f.text,
  CAST(timezone($zone, f.implemented_at) AS DATE) AS implemented,
  CAST(timezone($zone, f.communicated_at) AS DATE) AS told
FROM live_feedback f WHERE f.account_id = $account ORDER BY f.received_at DESC""",
}
