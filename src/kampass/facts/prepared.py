"""What every question needs again and again, worked out once per snapshot: paid lines, dimensions
as they were, coverage.

Each step is one SQL statement over the snapshot's canonical tables. Spans never overlap afterwards,
so a join on "contains this date" meets at most one row.
"""

from kampass.model import TABLES
from kampass.model.conform import literal, quoted
from kampass.store import SnapshotSettings

BEGIN, END = "DATE '0001-01-01'", "DATE '9999-12-31'"
ATTRIBUTES = ("segment", "industry", "region", "tier", "acquisition_source")


def statements(made_in: SnapshotSettings) -> list[str]:
    """The SQL that prepares a snapshot, in order."""
    timezone, currency = made_in.timezone, made_in.currency
    return [
        "CREATE TABLE test_account AS SELECT id FROM accounts WHERE is_test",
        *(_live(name) for name in TABLES),
        _FX_SPANS,
        _paid_lines(timezone, currency),
        _first_paid(timezone),
        _trial_lines(timezone),
        _lacking_rate(timezone, currency),
        _PAYER_TRIAL,
        _attribute_spans(timezone),
        _owner_spans(timezone),
        *_team_spans(timezone),
        _TEAM_TREE,
        _row_columns(),
    ]


def _row_columns() -> str:
    """Which columns tables keep beside their own, to cut what is counted of their rows."""
    kept = " UNION ALL ".join(
        f'SELECT {literal(name)} AS "table", unnest(map_keys(_extra)) AS name FROM {quoted(name)}'
        for name, table in TABLES.items()
        if table.more and name != "accounts"
    )
    return f'CREATE TABLE row_column AS SELECT DISTINCT "table", name FROM ({kept}) ORDER BY ALL'


def base_amount(amount: str, currency: str, workspace_currency: str) -> str:
    """An amount in the workspace's currency (its SQL), given a joined `fx_span`; null without a
    rate.
    """
    return (
        f"CAST(CASE WHEN {is_own(currency, workspace_currency)} THEN {amount} ELSE "
        f"CAST({amount} AS DECIMAL(20, 6)) * fx.rate END AS DECIMAL(38, 9))"
    )


def fx_join(currency: str, day: str) -> str:
    """The join that finds the latest rate at a local date."""
    return (
        f"LEFT JOIN fx_span fx ON fx.currency = {currency} AND {day} >= fx.valid_from AND {day} "
        "< fx.valid_to"
    )


def is_own(currency: str, workspace_currency: str) -> str:
    """Whether an amount is in the workspace's currency already; no currency means that one."""
    return f"coalesce({currency}, {workspace_currency}) = {workspace_currency}"


def paid_lines(grace: int | str) -> str:
    """The paid lines as a relation, where an account's gap of at most so many days (a number, or a
    parameter's name) counts as paid.

    >>> paid_lines(0)
    'paid_line'
    """
    if not grace:
        return "paid_line"
    ends = f"CASE WHEN resumes - valid_to <= {grace} THEN resumes ELSE valid_to END"
    return f"(SELECT * REPLACE ({ends} AS valid_to) FROM paid_line)"


def ended(table: str, zone: str) -> str:
    """A span's end: its valid_to, or the local date (in `zone`, as SQL) of its deletion, whichever
    comes first; far away where open.
    """
    # A row that a source no longer names ended on the day it went: before that day it still counts,
    # so that closed periods stay as they were.
    deleted = f"CAST(timezone({zone}, {table}.deleted_at) AS DATE)"
    return f"least(coalesce({table}.valid_to, {END}), coalesce({deleted}, {END}))"


def _live(name: str) -> str:
    """A table without the rows of test accounts, and without empty spans."""
    # A view and no copy: the rows would lie in the file twice. A row of no account is no test
    # account's.
    table = TABLES[name]
    mine = table.account_column
    conditions = (
        [f"({mine} IS NULL OR {mine} NOT IN (SELECT id FROM test_account))"] if mine else []
    )
    if table.has("valid_from") and table.has("valid_to"):
        conditions.append("(valid_to IS NULL OR valid_to > valid_from)")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"CREATE VIEW {quoted('live_' + name)} AS SELECT * FROM {quoted(name)}{where}"


_FX_SPANS = f"""
CREATE TABLE fx_span AS
SELECT currency, valid_from, coalesce(lead(valid_from) OVER
  (PARTITION BY currency ORDER BY valid_from), {END}) AS valid_to, rate
FROM fx_rates"""

_TEAM_TREE = """
CREATE TABLE team_tree AS
WITH RECURSIVE below(ancestor, team, depth) AS (
  SELECT id, id, 0 FROM teams
  UNION ALL
  SELECT below.ancestor, teams.id, depth + 1 FROM below JOIN teams
    ON teams.parent_id = below.team AND depth < 50
)
SELECT DISTINCT ancestor, team FROM below"""


# Trials and free lines make nobody active, but they belong to a run: lines of one account, product
# and currency, of which each begins no later than the latest end so far. A run is converted at the
# rate of its first day and keeps it: neither a renewal written as a line of its own nor a rate that
# moves is a movement of the account. `resumes` is where the account's next paid line begins, on the
# lines that were its last before a gap.
def _paid_lines(timezone: str, currency: str) -> str:
    return f"""
CREATE TABLE paid_line AS
WITH line AS (
    SELECT *, {ended("l", literal(timezone))} AS ends FROM live_subscriptions l
      WHERE {ended("l", literal(timezone))} > valid_from),
  joined AS (
    SELECT *, valid_from <= max(ends) OVER (run ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
      AS goes_on
    FROM line WINDOW run AS (PARTITION BY account_id, product_id, currency ORDER BY valid_from)),
  run AS (
    SELECT *, max(CASE WHEN goes_on THEN NULL ELSE valid_from END) OVER
      (PARTITION BY account_id, product_id, currency ORDER BY valid_from) AS rate_day FROM joined),
  paid AS (SELECT * FROM run WHERE mrr > 0 AND NOT coalesce(is_trial, false)),
  begun AS (
    SELECT account_id, valid_from, max(max(ends)) OVER (PARTITION BY account_id ORDER BY valid_from
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended
    FROM paid GROUP BY account_id, valid_from)
SELECT l.id, l.account_id, l.product_id, p.family, coalesce(p.is_addon, false) AS is_addon,
  l.quantity, {base_amount("l.mrr", "l.currency", literal(currency))} AS mrr, l.valid_from,
  l.ends AS valid_to, l.rate_day, gap.valid_from AS resumes
FROM paid l LEFT JOIN products p ON p.id = l.product_id {fx_join("l.currency", "l.rate_day")}
LEFT JOIN begun gap ON gap.account_id = l.account_id AND gap.ended = l.ends
  AND gap.valid_from > gap.ended
ORDER BY l.account_id, l.valid_from"""


def _first_paid(timezone: str) -> str:
    return f"""
CREATE TABLE first_paid AS
SELECT account_id, min(valid_from) AS day, timezone({literal(timezone)},
  CAST(min(valid_from) AS TIMESTAMP)) AS at
FROM paid_line GROUP BY account_id ORDER BY account_id"""


def _trial_lines(timezone: str) -> str:
    return f"""
CREATE TABLE trial_line AS
SELECT id, account_id, valid_from, {ended("l", literal(timezone))} AS valid_to
FROM live_subscriptions l WHERE is_trial AND {ended("l", literal(timezone))} > valid_from
ORDER BY account_id, valid_from"""


# An account, so that whoever may see only some of them hears of those alone.
def _lacking_rate(timezone: str, currency: str) -> str:
    """Each amount that cannot be converted, with the day whose rate it lacks."""
    own = literal(currency)

    def amounts(table: str, amount: str, day: str) -> str:
        return (
            f'SELECT {literal(table)} AS "table", t.id, t.currency, {day} AS day, t.account_id '
            f"FROM live_{table} t {fx_join('t.currency', day)} WHERE t.{amount} IS NOT NULL AND "
            f"NOT {is_own('t.currency', own)} AND fx.rate IS NULL AND {day} IS NOT NULL"
        )

    closed = f"CAST(timezone({literal(timezone)}, t.closed_at) AS DATE)"
    created = f"CAST(timezone({literal(timezone)}, t.created_at) AS DATE)"
    return f"""
CREATE TABLE lacking_rate AS
SELECT 'subscriptions' AS "table", l.id, t.currency, l.rate_day AS day, l.account_id
FROM paid_line l JOIN subscriptions t ON t.id = l.id WHERE l.mrr IS NULL
UNION ALL {amounts("purchases", "amount", "t._day")}
UNION ALL {amounts("deals", "amount", closed)}
UNION ALL {amounts("deals", "amount", created)}
UNION ALL {amounts("contracts", "value", "coalesce(t.signed_on, t.valid_from)")}
UNION ALL {amounts("costs", "amount", '"on"')}
ORDER BY ALL"""


# Who pays to the day on which a trial begins, and for nothing else then, was given free time: the
# account is lost for as long as it lasts.
_PAYER_TRIAL = """
CREATE TABLE payer_trial AS
SELECT t.account_id, t.valid_from, max(t.valid_to) AS valid_to
FROM trial_line t JOIN paid_line p ON p.account_id = t.account_id AND p.valid_from < t.valid_from
GROUP BY t.account_id, t.valid_from HAVING max(p.valid_to) = t.valid_from
ORDER BY ALL"""


def _resolved(spans: str) -> str:
    """Spans `(k, v, f, t, tie)` cut where they overlap; the later start wins while it lasts."""
    # Cutting at every start and end leaves pieces that each span covers whole or not at all. The
    # value travels in a struct, because `arg_max` would pass over one that is unknown, and a known
    # "unknown" must win over what came before. Ties go by value, so that the order of rows decides
    # nothing.
    return f"""
  span AS ({spans}),
  edge AS (SELECT k, f AS d FROM span UNION SELECT k, t FROM span),
  piece AS (SELECT k, d AS f, lead(d) OVER (PARTITION BY k ORDER BY d) AS t FROM edge),
  resolved AS (
    SELECT piece.k, piece.f, piece.t, arg_max({{'v': span.v}}, {{'f': span.f, 'tie': span.tie}}).v
      AS v
    FROM piece JOIN span ON span.k = piece.k AND span.f <= piece.f AND span.t >= piece.t
    GROUP BY ALL)"""


def _attribute_spans(timezone: str) -> str:
    # An attribute that nobody dated is read as it is today, for all time; one dated row makes the
    # dates the truth, and what they do not cover is unknown.
    current = " UNION ALL ".join(
        (
            f"SELECT {literal(name)} AS attribute, id AS account_id, {quoted(name)} AS value FROM "
            "accounts"
        )
        for name in ATTRIBUTES
    )
    spans = """SELECT {'attribute': attribute, 'account': account_id} AS k, value AS v,
      valid_from AS f, valid_to AS t, coalesce(value, '') AS tie
      FROM history"""
    return f"""
CREATE TABLE attribute_span AS
WITH history AS (
    SELECT attribute, account_id, value, valid_from,
      {ended("a", literal(timezone))} AS valid_to FROM account_attributes a
    WHERE {ended("a", literal(timezone))} > valid_from),
  known AS (
    {current}
    UNION ALL
    SELECT entry.key, id, entry.value FROM (SELECT id, unnest(map_entries(_extra)) AS entry
      FROM accounts)),
  {_resolved(spans)}
SELECT k.attribute AS attribute, k.account AS account_id, f AS valid_from, t AS valid_to,
  v AS value, true AS historical FROM resolved
UNION ALL
SELECT attribute, account_id, {BEGIN}, {END}, value, false FROM known
WHERE (attribute, account_id) NOT IN (SELECT (attribute, account_id) FROM history)
ORDER BY 1, 2, 3"""


def _owner_spans(timezone: str) -> str:
    spans = f"""SELECT account_id AS k, user_id AS v, valid_from AS f,
      {ended("o", literal(timezone))} AS t, user_id AS tie
      FROM ownerships o WHERE role = 'account_manager'
        AND {ended("o", literal(timezone))} > valid_from"""
    # The last owner stays until the next comes: an account is not left without a word by whoever
    # leaves the company.
    return f"""
CREATE TABLE owner_span AS
WITH {_resolved(spans)}
SELECT k AS account_id, v AS user_id, f AS valid_from,
  coalesce(lead(f) OVER (PARTITION BY k ORDER BY f), {END}) AS valid_to
FROM resolved ORDER BY 1, 3"""


def _team_spans(timezone: str) -> list[str]:
    spans = f"""SELECT user_id AS k, team_id AS v, valid_from AS f,
      {ended("m", literal(timezone))} AS t, team_id AS tie
      FROM memberships m WHERE {ended("m", literal(timezone))} > valid_from"""
    # Whoever has memberships is in those teams; without one at a date, in the team that the user
    # names, or for figures about employees the employment. The first employment reaches back to
    # the beginning, since nothing else says where somebody was before.
    employed = f"""SELECT user_id, team_id, CASE WHEN row_number() OVER w = 1 THEN {BEGIN} ELSE
      joined_on END AS f,
  coalesce(lead(joined_on) OVER w, {END}) AS t
    FROM employees WINDOW w AS (PARTITION BY user_id ORDER BY joined_on)"""
    fallback = f"SELECT u.id AS user_id, u.team_id, {BEGIN} AS f, {END} AS t FROM users u"
    by_job = f"""SELECT u.id AS user_id, coalesce(e.team_id, u.team_id) AS team_id,
      coalesce(e.f, {BEGIN}) AS f, coalesce(e.t, {END}) AS t
  FROM users u LEFT JOIN ({employed}) e ON e.user_id = u.id"""
    return [
        (
            f"CREATE TABLE membership_span AS WITH {_resolved(spans)} SELECT k AS user_id, v AS "
            "team_id, f AS valid_from, t AS valid_to FROM resolved"
        ),
        f"CREATE TABLE team_span AS {_with_fallback(fallback)}",
        f"CREATE TABLE employee_team_span AS {_with_fallback(by_job)}",
    ]


def _with_fallback(fallback: str) -> str:
    """Memberships, and where there is none at a date the team of `fallback (user_id, team_id, f,
    t)`.
    """
    return f"""
WITH fallback AS ({fallback}),
  edge AS (
    SELECT user_id, f AS d FROM fallback UNION SELECT user_id, t FROM fallback
    UNION SELECT user_id, valid_from FROM membership_span UNION SELECT user_id, valid_to
      FROM membership_span),
  piece AS (SELECT user_id, d AS f, lead(d) OVER (PARTITION BY user_id ORDER BY d) AS t FROM edge)
SELECT piece.user_id, coalesce(m.team_id, b.team_id) AS team_id, piece.f AS valid_from,
  piece.t AS valid_to
FROM piece
LEFT JOIN membership_span m ON m.user_id = piece.user_id AND m.valid_from <= piece.f
  AND m.valid_to >= piece.t
LEFT JOIN fallback b ON b.user_id = piece.user_id AND b.f <= piece.f AND b.t >= piece.t
WHERE piece.t IS NOT NULL AND coalesce(m.team_id, b.team_id) IS NOT NULL
ORDER BY 1, 3"""
