"""What changed in the last seven days: revenue by account, contracts signed and lost, what people
answered, tickets opened and resolved.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kampass.book.accounts import accounts
from kampass.book.reasons import UNHAPPY
from kampass.book.today import last_day, rows
from kampass.render.display import show_difference, show_value
from kampass.workspace.view import Sight

DAYS = 7


@dataclass(frozen=True)
class Changed:
    """One change of an account. `mark` is the sign it is drawn with."""

    account: str
    name: str
    manager: str | None
    mark: str
    on: date
    title: str
    text: str = ""
    quote: str | None = None
    tone: str | None = None


def week(sight: Sight) -> list[Changed]:
    """The changes of the last seven days, newest first."""
    return sight.kept(
        "week",
        lambda: sorted(
            [*_revenue(sight), *_events(sight)],
            key=lambda change: (change.on, change.name),
            reverse=True,
        ),
    )


def _revenue(sight: Sight) -> Iterator[Changed]:
    end = last_day(sight, "mrr_end")
    sides = []
    for day in (end - timedelta(days=DAYS), end):
        found = sight.kpi("mrr_end", period=day.isoformat(), by="account")
        sides.append({answer.dimensions["account"]: answer.value for answer in found})
    before, now = sides
    for account in accounts(sight):
        earlier, later = before.get(account.id) or 0.0, now.get(account.id) or 0.0
        if earlier != later:
            moved = show_difference(later - earlier, "money", sight.settings.currency)
            words = (
                "Left"
                if not later
                else "Pays again"
                if not earlier and account.since and account.since < end - timedelta(days=DAYS)
                else "Started"
                if not earlier
                else "MRR"
            )
            text = f"MRR now {show_value(later, 'money', sight.settings.currency)}"
            yield Changed(
                account.id,
                account.name,
                account.manager,
                "contract",
                end,
                f"{words} {moved}",
                text,
                tone="good" if later > earlier else "bad",
            )


_EVENTS = f"""
WITH event AS (
  SELECT c.account_id, 'contract' AS mark, coalesce(c.signed_on, c.valid_from) AS "on",
    CASE coalesce(c.kind, 'new') WHEN 'renewal' THEN 'Renewed' WHEN 'extension' THEN 'Extended' WHEN
      'amendment' THEN 'Contract amended' ELSE 'Contract signed' END AS title,
    concat_ws(', ', c.id, p.name) AS text, NULL AS quote, 'good' AS tone, $day_contracts::DATE AS
      today
  FROM live_contracts c LEFT JOIN products p ON p.id = c.product_id
  UNION ALL
  SELECT account_id, 'contract', coalesce(ended_on, valid_to), 'Contract lost',
    concat_ws(', ', id, churn_type, churn_reason), NULL, 'bad', $day_contracts::DATE
  FROM live_contracts WHERE outcome = 'lost'
  UNION ALL
  SELECT r.account_id, 'survey', r._day, format('{{:g}} of {{:g}}', CAST(r.score AS DOUBLE),
    CAST(s.scale_max AS DOUBLE)),
    concat_ws(', ', coalesce(s.name, upper(s.kind)), c.name), r.comment,
      CASE WHEN {UNHAPPY} THEN 'bad' END, $day_responses::DATE
  FROM live_responses r JOIN surveys s ON s.id = r.survey_id LEFT JOIN contacts c
    ON c.id = r.contact_id WHERE s.kind NOT IN ('enps', 'esat')
  UNION ALL
  SELECT account_id, 'ticket', _day, 'Ticket opened' || coalesce(': ' || topic, ''),
    concat_ws(', ', id, priority), NULL,
    CASE WHEN priority IN ('high', 'urgent') THEN 'warn' END, $day_tickets::DATE
  FROM live_tickets)
SELECT a.id AS account, a.name, e.mark, e."on", e.title, e.text, e.quote, e.tone
FROM event e JOIN live_accounts a ON a.id = e.account_id WHERE e."on" > e.today - {DAYS}
  AND e."on" <= e.today"""


def _events(sight: Sight) -> Iterator[Changed]:
    owners = {account.id: account.manager for account in accounts(sight)}
    for row in rows(sight, _EVENTS):
        yield Changed(**row, manager=owners.get(row["account"]))
