"""Accounts that recommend you: who made a referral, who came by one, who vouches for you."""

from collections.abc import Callable

from kampass.facts.accounts import (
    BASE,
    END_ANCHOR,
    FIRST_LINES,
    LINES,
    NOT_AT_END,
    NOT_AT_START,
    START_ANCHOR,
    of_accounts,
)
from kampass.facts.fact import (
    ACCOUNT,
    ACCOUNTS,
    LINEAGE,
    Boundary,
    Evidence,
    Fact,
    FactScope,
    flag,
)
from kampass.facts.prepared import ended

_SINCE = Boundary("start moved", "r.referred_at >= p.s", "r.referred_at > p.s")
_UNTIL = Boundary("end moved", "r.referred_at < p.u", "r.referred_at <= p.u")


# Referrals are made distinct before they are joined: an account that made three is one account. An
# account that names itself has recommended nobody.
def _opening_referrers(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id, m.s_day AS _anchor, r.i IS NOT NULL AS referred
FROM movement{scope.suffix} m LEFT JOIN (
  SELECT DISTINCT p.i, r.referrer_account_id AS account_id FROM live_referrals r
  JOIN {scope.period} p ON r.referred_at >= p.s AND r.referred_at < p.u
  WHERE r.referred_account_id IS NULL OR r.referred_account_id <> r.referrer_account_id
) r ON r.i = m.i AND r.account_id = m.account_id
WHERE m.in_s"""


# Whenever the referral was made, if before the end: what counts is that somebody had sent them.
def _closing_referred(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, m.is_new, r.i IS NOT NULL AS was_referred
FROM movement{scope.suffix} m LEFT JOIN (
  SELECT DISTINCT p.i, r.referred_account_id AS account_id FROM live_referrals r
    JOIN {scope.period} p ON r.referred_at < p.u
) r ON r.i = m.i AND r.account_id = m.account_id
WHERE m.in_e"""


def _closing_references(scope: FactScope) -> str:
    return f"""
SELECT m.i, m.account_id, m.u_day AS _anchor, EXISTS (
  SELECT 1 FROM live_references r WHERE r.account_id = m.account_id AND r.valid_from <= m.u_day
    AND {ended("r", scope.zone)} > m.u_day) AS referenceable
FROM movement{scope.suffix} m WHERE m.in_e"""


def _referrals(account: str, within: str) -> Callable[[FactScope], str]:
    def sql(scope: FactScope) -> str:
        return f"""
SELECT p.i, x.{account} AS unit, x.id, x.referrer_account_id, x.referred_account_id, x.referred_at,
  {LINEAGE}
FROM live_referrals x JOIN {scope.period} p ON {within}"""

    return sql


def _references(scope: FactScope) -> str:
    return f"""
SELECT p.i, x.account_id AS unit, x.account_id, x.valid_from, x.valid_to, x.deleted_at, {LINEAGE}
FROM live_references x JOIN {scope.period} p ON x.valid_from <= p.last_day
  AND {ended("x", scope.zone)} > p.last_day"""


OPENING_REFERRERS = Fact(
    "opening_referrers",
    "accounts active at the start, and whether they recommended you",
    {"account_id": ACCOUNT, "referred": flag("made a referral in the period")},
    _opening_referrers,
    of_accounts(
        NOT_AT_START,
        LINES,
        Evidence(
            "referrals",
            "referrals made in the period",
            _referrals(
                "referrer_account_id",
                "x.referred_at >= p.s AND x.referred_at < p.u AND "
                "coalesce(x.referred_account_id <> x.referrer_account_id, true)",
            ),
        ),
    ),
    ACCOUNTS,
    relations=BASE,
    population="start",
    own_boundaries=(START_ANCHOR, _SINCE, _UNTIL),
)
CLOSING_REFERRED = Fact(
    "closing_referred",
    "accounts active at the end, and whether somebody had recommended you to them",
    {
        "account_id": ACCOUNT,
        "is_new": flag(
            "never active before the period", beyond=True, first_time=True, looks_back=True
        ),
        "was_referred": flag("named in a referral"),
    },
    _closing_referred,
    of_accounts(
        NOT_AT_END,
        LINES,
        FIRST_LINES,
        Evidence(
            "referrals",
            "referrals that name the account",
            _referrals("referred_account_id", "x.referred_at < p.u"),
        ),
    ),
    ACCOUNTS,
    relations=BASE,
    population="end",
    own_boundaries=(END_ANCHOR, _UNTIL),
)
CLOSING_REFERENCES = Fact(
    "closing_references",
    "accounts active at the end, and whether they vouch for you",
    {"account_id": ACCOUNT, "referenceable": flag("an open reference")},
    _closing_references,
    of_accounts(NOT_AT_END, LINES, Evidence("references", "open references", _references)),
    ACCOUNTS,
    relations=BASE,
    population="end",
    own_boundaries=(END_ANCHOR,),
)
