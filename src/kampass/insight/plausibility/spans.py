"""Lines of contracts, subscriptions and owners that cannot stand beside each other."""

from kampass.insight.plausibility.check import PlausibilityCheck

_REAL = "account_id NOT IN (SELECT id FROM test_account)"


def _next_day(table: str, key: str, of: str, more: str = "") -> str:
    """Ends that lie on the day before the next line begins, where hardly any lies on that day; and
    ends on the last of a month, where hardly any lies on a first.
    """
    return f"""
SELECT '{table}' AS "table", {key} AS key, _source AS source, _line AS line,
  CASE WHEN next = valid_to + 1 THEN 'ends on ' || valid_to::VARCHAR || ', the next begins on '
    || next::VARCHAR ELSE 'ends on ' || valid_to::VARCHAR || ', the last of a month' END AS about
FROM (
    SELECT *, count(*) FILTER (WHERE next = valid_to + 1) OVER () AS apart,
      count(*) FILTER (WHERE next = valid_to) OVER () AS touching,
      count(*) FILTER (WHERE day(valid_to + 1) = 1) OVER () AS lasts,
      count(*) FILTER (WHERE day(valid_to) = 1) OVER () AS firsts,
      count(valid_to) OVER () AS ends
    FROM (
        SELECT *, lead(valid_from) OVER (PARTITION BY account_id, {of} ORDER BY valid_from) AS next
        FROM live_{table} WHERE {_REAL}{more}))
WHERE apart > touching AND next = valid_to + 1
  OR ends >= 5 AND lasts >= 0.6 * ends AND firsts <= 0.1 * ends AND day(valid_to + 1) = 1"""


def _empty(table: str, key: str) -> str:
    return f"""
SELECT '{table}' AS "table", {key} AS key, _source AS source, _line AS line,
  'begins on ' || valid_from::VARCHAR || ' and ends on ' || valid_to::VARCHAR AS about
FROM "{table}" WHERE {_REAL} AND deleted_at IS NULL AND valid_to <= valid_from"""


INCLUSIVE_END = PlausibilityCheck(
    "ends_on_the_last_day",
    "Ends on what looks like the last day that counts",
    "line",
    "valid_to is the first day that does not count. If the file has the last one that does, write "
    "inclusive = true on that column of the mapping.",
    (),
    " UNION ALL ".join(
        (
            _next_day("subscriptions", "id", "product_id"),
            _next_day("contracts", "id", "product_id", " AND kind IS DISTINCT FROM 'amendment'"),
            _next_day("ownerships", "account_id || ', ' || user_id", "role"),
        )
    ),
)

EMPTY = PlausibilityCheck(
    "ends_before_it_begins",
    "Ends before it begins, and so counts on no day",
    "line",
    "Look whether the columns of the two days are swapped.",
    (),
    " UNION ALL ".join(
        (
            _empty("subscriptions", "id"),
            _empty("contracts", "id"),
            _empty("ownerships", "account_id || ', ' || user_id"),
        )
    ),
)

OVERLAPPING = PlausibilityCheck(
    "overlapping_lines",
    "Lines of one account and product that overlap, and both count",
    "line",
    "If the later one replaces the earlier, end the earlier one on the day the later begins.",
    ("subscriptions",),
    """
SELECT 'subscriptions' AS "table", s.id AS key, s._source AS source, s._line AS line,
  'overlaps ' || string_agg(DISTINCT other.id, ', ' ORDER BY other.id) AS about
FROM paid_line p
JOIN paid_line other ON other.account_id = p.account_id AND other.id <> p.id
  AND (other.product_id = p.product_id
    OR other.product_id IS NULL AND p.product_id IS NULL AND other.mrr = p.mrr)
  AND other.valid_from < p.valid_to AND p.valid_from < other.valid_to
JOIN live_subscriptions s ON s.id = p.id GROUP BY s.id, s._source, s._line""",
)

OWNERS = PlausibilityCheck(
    "overlapping_owners",
    "Two people own one account in one role at the same time",
    "line",
    "End the first one's line on the day the other begins: until then the later one counts.",
    ("ownerships",),
    f"""
SELECT 'ownerships' AS "table", o.account_id || ', ' || o.user_id AS key, o._source AS source,
  o._line AS line, 'as ' || o.role || ' beside '
  || string_agg(DISTINCT other.user_id, ', ' ORDER BY other.user_id) AS about
FROM live_ownerships o
JOIN live_ownerships other ON other.account_id = o.account_id AND other.role = o.role
  AND other.user_id <> o.user_id
  AND other.valid_from < coalesce(o.valid_to, DATE '9999-12-31')
  AND o.valid_from < coalesce(other.valid_to, DATE '9999-12-31')
WHERE o.{_REAL} GROUP BY o.account_id, o.user_id, o.role, o._source, o._line""",
)

YEARLY = PlausibilityCheck(
    "yearly_among_monthly",
    "About twelve times what lines of its kind cost: a yearly amount among monthly ones",
    "line",
    'mrr is an amount a month. Divide it, or say per = { column = "Interval" } in the mapping.',
    ("subscriptions",),
    f"""
WITH line AS (
    SELECT *, coalesce(product_id, '') AS product,
      mrr / coalesce(nullif(quantity, 0), 1) AS price FROM live_subscriptions
    WHERE {_REAL} AND mrr > 0 AND NOT coalesce(is_trial, false)),
  usual AS (SELECT product, currency, median(price) AS price FROM line
    GROUP BY ALL HAVING count(*) >= 5 AND (product <> ''
      OR quantile_cont(line.price, 0.25) >= median(line.price) / 1.5
      AND quantile_cont(line.price, 0.75) <= median(line.price) * 1.5)),
  asked AS (SELECT DISTINCT currency, round(price, 2) FROM line WHERE product = ''),
  beside AS (SELECT id, lag(mrr) OVER w AS before, lead(mrr) OVER w AS next FROM line
    WINDOW w AS (PARTITION BY account_id, product_id, currency ORDER BY valid_from, id)),
  times AS (
    SELECT line.*, CASE WHEN product <> '' AND line.price / usual.price BETWEEN 11.4 AND 12.6
        THEN 'lines of ' || product || ' cost ' || round(usual.price, 2)::VARCHAR
      WHEN line.price / usual.price BETWEEN 11.4 AND 12.6
          AND (line.currency, round(line.price / 12, 2)) IN (FROM asked)
        THEN 'lines without a product cost ' || round(line.price / 12, 2)::VARCHAR
      WHEN mrr / before BETWEEN 11.9 AND 12.1 THEN 'the line before has ' || before::VARCHAR
      WHEN mrr / next BETWEEN 11.9 AND 12.1 THEN 'the next line has ' || next::VARCHAR END AS why
    FROM line JOIN beside USING (id) LEFT JOIN usual USING (product, currency))
SELECT 'subscriptions' AS "table", id AS key, _source AS source, _line AS line,
  mrr::VARCHAR || ' a month, and ' || why AS about
FROM times WHERE why IS NOT NULL""",
)

UNLIKE_WHAT_IS_PAID = PlausibilityCheck(
    "mrr_unlike_what_is_paid",
    "mrr that fits neither the contracts' values nor what was invoiced",
    "table",
    "Look whether mrr is an amount a year or a quarter, or in cents.",
    ("subscriptions",),
    f"""
WITH line AS (SELECT * FROM live_subscriptions
    WHERE {_REAL} AND mrr > 0 AND NOT coalesce(is_trial, false)),
  signed AS (
    SELECT c.id, c.value / (sum(s.mrr) * greatest(1, datediff('day', c.valid_from, c.valid_to)
      / 30.4375)) AS ratio
    FROM live_contracts c JOIN line s ON s.contract_id = c.id
      AND s.currency = coalesce(c.currency, $currency)
    WHERE c.value > 0 AND c.valid_to > c.valid_from
    GROUP BY c.id, c.value, c.valid_from, c.valid_to),
  paying AS (SELECT account_id, avg(mrr) AS mrr FROM line
    GROUP BY 1 HAVING count(*) = 1 OR max(mrr) <= 2 * min(mrr)),
  invoiced AS (
    SELECT p.account_id, sum(p.amount) / count(DISTINCT date_trunc('month', p._day)) AS month
    FROM live_purchases p WHERE p.kind = 'recurring' AND p.amount > 0 GROUP BY 1
    HAVING count(DISTINCT date_trunc('month', p._day)) >= 3),
  paid AS (SELECT month / mrr AS ratio FROM paying JOIN invoiced USING (account_id))
SELECT 'subscriptions' AS "table", what AS key, NULL::VARCHAR AS source, NULL::BIGINT AS line,
  'the middle one of ' || n::VARCHAR || ' ' || what || ' is ' || round(ratio, 2)::VARCHAR
  || ' times what mrr says' AS about
FROM (SELECT 'contracts' AS what, count(*) AS n, median(ratio) AS ratio FROM signed
  UNION ALL SELECT 'accounts', count(*), median(ratio) FROM paid)
WHERE n >= 5 AND (ratio < 0.2 OR ratio > 5)""",
)

CURRENCIES = PlausibilityCheck(
    "mixed_currencies",
    "Pays in several currencies at the same time",
    "account",
    "Look whether a currency column was left out or filled by a constant.",
    ("subscriptions",),
    f"""
WITH line AS (SELECT account_id, currency, valid_from,
    coalesce(valid_to, DATE '9999-12-31') AS valid_to FROM live_subscriptions
    WHERE {_REAL} AND mrr > 0 AND NOT coalesce(is_trial, false)),
  pair AS (SELECT DISTINCT one.account_id, one.currency FROM line one JOIN line other
    ON other.account_id = one.account_id AND other.currency <> one.currency
    AND other.valid_from < one.valid_to AND one.valid_from < other.valid_to)
SELECT 'accounts' AS "table", a.id AS key, a._source AS source, a._line AS line,
  'its lines are in ' || string_agg(pair.currency, ', ' ORDER BY pair.currency) AS about
FROM pair JOIN live_accounts a ON a.id = pair.account_id GROUP BY ALL""",
)

STILL_PAYS = PlausibilityCheck(
    "lost_contract_still_paid",
    "Lost by contract, and its subscription goes on",
    "contract",
    "Set the end of the subscription, or the outcome of the contract.",
    ("contracts", "subscriptions"),
    f"""
SELECT 'contracts' AS "table", c.id AS key, c._source AS source, c._line AS line,
  'lost, ended on ' || coalesce(c.ended_on, c.valid_to)::VARCHAR || '; line '
  || min(s.id) || ' runs ' || coalesce('to ' || max(s.valid_to)::VARCHAR, 'on') AS about
FROM live_contracts c
JOIN live_subscriptions s ON s.contract_id = c.id AND s.mrr > 0
  AND coalesce(s.valid_to, $today + 1) > coalesce(c.ended_on, c.valid_to) + 31
WHERE c.{_REAL} AND c.outcome = 'lost' AND coalesce(c.ended_on, c.valid_to) + 31 < $today
GROUP BY c.id, c._source, c._line, c.ended_on, c.valid_to""",
)

SOMEBODY_ELSES = PlausibilityCheck(
    "renews_another_accounts_contract",
    "Names another account's contract as the one before",
    "contract",
    "Correct previous_contract_id, or the account: it is counted as a renewal.",
    ("contracts",),
    f"""
SELECT 'contracts' AS "table", c.id AS key, c._source AS source, c._line AS line,
  'of ' || c.account_id || ' names ' || before.id || ' of ' || before.account_id AS about
FROM live_contracts c JOIN live_contracts before ON before.id = c.previous_contract_id
WHERE c.{_REAL} AND before.account_id <> c.account_id""",
)

CHECKS = (
    INCLUSIVE_END,
    EMPTY,
    OVERLAPPING,
    OWNERS,
    YEARLY,
    UNLIKE_WHAT_IS_PAID,
    CURRENCIES,
    STILL_PAYS,
    SOMEBODY_ELSES,
)
