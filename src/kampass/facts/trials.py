"""Trials: who is on one at the end, and who paid within ninety days of their first."""

from kampass.facts.accounts import AT_END, CLOSING, END_ANCHOR_OF_ROWS, FIRST_LINES, of_accounts
from kampass.facts.fact import (
    ACCOUNT,
    ACCOUNTS,
    LINEAGE,
    LOCAL_DATE,
    Evidence,
    Fact,
    FactScope,
    flag,
)


# Whoever pays for one thing and tries another is a client and no trial.
def _trials(scope: FactScope) -> str:
    return f"""
SELECT DISTINCT p.i, l.account_id, p.last_day AS _anchor
FROM trial_line l JOIN {scope.period} p ON {AT_END}
WHERE (p.i, l.account_id) NOT IN (
  SELECT (p.i, l.account_id) FROM {scope.paid_lines} l JOIN {scope.period} p ON {AT_END})"""


_FIRST = "SELECT account_id, min(valid_from) AS day FROM trial_line GROUP BY account_id"


# The first trial ever, whatever the period; an account that had paid before tries something else.
def _first_trials(_: FactScope) -> str:
    return f"""
SELECT t.day AS _on, t.day AS _anchor, t.account_id,
  coalesce(f.day <= t.day + 90, false) AS converted
FROM ({_FIRST}) t LEFT JOIN first_paid f ON f.account_id = t.account_id
WHERE coalesce(f.day >= t.day, true)"""


def _trial_lines(scope: FactScope) -> str:
    return f"""
SELECT p.i, l.account_id AS unit, x.id, x.is_trial, x.valid_from, x.valid_to, x.deleted_at,
  {LINEAGE}
FROM trial_line l JOIN {scope.period} p ON {AT_END} JOIN subscriptions x ON x.id = l.id"""


def _first_trial_lines(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, t.account_id AS unit, x.id, x.is_trial, x.valid_from, {LINEAGE}
FROM ({_FIRST}) t JOIN trial_line l ON l.account_id = t.account_id AND l.valid_from = t.day
JOIN subscriptions x ON x.id = l.id"""


TRIALS = Fact(
    "trials",
    "accounts on trial at the end of the period that pay for nothing",
    {"account_id": ACCOUNT},
    _trials,
    of_accounts(
        "has no trial just before the end, or pays",
        Evidence("subscriptions", "trial lines at the end", _trial_lines),
    ),
    ACCOUNTS,
    own_boundaries=(*CLOSING, END_ANCHOR_OF_ROWS),
)
FIRST_TRIALS = Fact(
    "first_trials",
    "accounts never active before, on the first day of their first trial",
    {
        "account_id": ACCOUNT,
        "converted": flag("a paid line begins within 90 days of it", looks_back=True),
    },
    _first_trials,
    of_accounts(
        "did not begin its first trial in the period, or had paid before",
        Evidence("subscriptions", "the account's first trial line", _first_trial_lines),
        FIRST_LINES,
    ),
    ACCOUNTS,
    moment=LOCAL_DATE,
)
