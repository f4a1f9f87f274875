"""Accounts that cannot be what they seem."""

from kampass.insight.plausibility.check import PlausibilityCheck

_REAL = "NOT IN (SELECT id FROM test_account)"
_PLAIN = r"""trim(regexp_replace(regexp_replace(strip_accents(lower(name)), '[^\p{L}\p{N}]+', ' ',
  'g'), ' (gmbh|ag|kg|ug|inc|incorporated|llc|ltd|limited|corp|corporation|plc|sa|sas|sarl|bv|nv|'
  || 'srl|spa|oy|ab|aps|pty)( .*)?$', ''))"""
"""A name without signs and legal forms."""
_MAILBOXES = ", ".join(
    f"'{name}'"
    for name in (
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "proton.me",
        "protonmail.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "orange.fr",
        "free.fr",
        "libero.it",
        "qq.com",
        "163.com",
        "yandex.ru",
        "mail.ru",
    )
)
"""Domains where people of any company have an address."""
_EVENTS = " UNION ALL ".join(
    f"SELECT '{table}' AS \"table\", account_id FROM live_{table} WHERE account_id IS NOT NULL"
    for table in ("purchases", "tickets", "touches", "deals", "responses")
)

CHURNED_BUT_PAYING = PlausibilityCheck(
    "churned_but_paying",
    "Marked as churned, and still paying",
    "account",
    "Set the end of the subscription, or take the mark away: KPIs of churn go by the subscription.",
    ("accounts", "subscriptions"),
    r"""
WITH flag AS (
    SELECT account_id, min(attribute || ' says ' || value) AS said FROM attribute_span
    WHERE valid_from <= $today AND valid_to > $today AND (
      regexp_matches(lower(attribute), 'status|stage|state|lifecycle|churn|phase') AND
      regexp_matches(lower(value), '^(churned|cancell?ed|lost|former|inactive|closed|terminated|'
        || 'gekündigt|verloren|ehemalig|inaktiv|résilié|perdu)([^\p{L}]|$)')
      OR regexp_matches(lower(attribute), 'churn|cancell?ed|inactive|terminated') AND
      lower(value) IN ('yes', 'true', '1', 'y', 'ja', 'oui', 'sí', 'si'))
    GROUP BY 1),
  paying AS (SELECT account_id, sum(mrr) AS mrr, max(valid_from) AS since FROM paid_line
    WHERE valid_from <= $today AND valid_to > $today GROUP BY 1)
SELECT 'accounts' AS "table", a.id AS key, a._source AS source, a._line AS line,
  said || ', and lines of ' || round(mrr, 2)::VARCHAR || ' a month run' AS about
FROM flag JOIN paying USING (account_id) JOIN live_accounts a ON a.id = flag.account_id""",
)

AFTER_THE_END = PlausibilityCheck(
    "events_after_the_end",
    "Active more than a month after the last paid or trial day",
    "account",
    "Look whether a line of the subscription is missing or ends too early.",
    ("subscriptions",),
    f"""
WITH ended AS (
    SELECT account_id, max(valid_to) AS last FROM live_subscriptions
    WHERE account_id {_REAL} GROUP BY 1 HAVING count(*) = count(valid_to)),
  event AS (
    SELECT account_id, _day AS day, 'usage' AS what FROM live_usage_daily
    UNION ALL SELECT account_id, _day, 'a recurring purchase' FROM live_purchases
      WHERE kind = 'recurring' AND amount > 0),
  late AS (
    SELECT account_id, last, count(*) AS n, arg_min(what, day) AS first, min(day) AS day
    FROM event JOIN ended USING (account_id) WHERE day > last + 31 GROUP BY ALL)
SELECT 'accounts' AS "table", a.id AS key, a._source AS source, a._line AS line,
  n::VARCHAR || ' rows after ' || last::VARCHAR || ', the first ' || first || ' on '
  || day::VARCHAR AS about
FROM late JOIN live_accounts a ON a.id = late.account_id""",
)

BEFORE_THE_BEGINNING = PlausibilityCheck(
    "usage_before_the_beginning",
    "Used the product more than a month before the first paid or trial line",
    "account",
    "Look whether earlier lines of the subscription are missing: such an account looks new.",
    ("subscriptions", "usage_daily"),
    f"""
WITH begun AS (SELECT account_id, min(valid_from) AS first FROM live_subscriptions
    WHERE account_id {_REAL} GROUP BY 1),
  early AS (
    SELECT account_id, first, count(*) AS n, min(u._day) AS day
    FROM live_usage_daily u JOIN begun USING (account_id)
    WHERE u._day < first - 31 AND (active_users > 0 OR logins > 0) GROUP BY ALL)
SELECT 'accounts' AS "table", a.id AS key, a._source AS source, a._line AS line,
  n::VARCHAR || ' days of usage before ' || first::VARCHAR || ', the first ' || day::VARCHAR
  AS about
FROM early JOIN live_accounts a ON a.id = early.account_id""",
)

POOL = PlausibilityCheck(
    "one_account_is_many",
    "One account that is many: a pool of anonymous customers",
    "account",
    "Leave these rows without an account, or mark the account as is_test.",
    ("accounts",),
    rf"""
WITH event AS ({_EVENTS}),
  share AS (
    SELECT "table", account_id, count(*) AS n, sum(count(*)) OVER w AS total,
      count(*) OVER w AS accounts, row_number() OVER (PARTITION BY "table" ORDER BY count(*) DESC)
        AS place,
      lead(count(*)) OVER (PARTITION BY "table" ORDER BY count(*) DESC) AS next
    FROM event WHERE account_id {_REAL} GROUP BY 1, 2 WINDOW w AS (PARTITION BY "table")),
  pool AS (
    SELECT account_id, string_agg(n::VARCHAR || ' of ' || total::VARCHAR || ' ' || "table", ', '
      ORDER BY "table") AS about
    FROM share WHERE place = 1 AND accounts >= 10 AND n >= 100 AND n > 0.2 * total
      AND n > 10 * next
    GROUP BY 1
    UNION ALL
    SELECT account_id, 'is called ' || a.name || ' and has ' || sum(n)::VARCHAR || ' rows'
    FROM share JOIN live_accounts a ON a.id = account_id
    WHERE regexp_matches(lower(trim(a.name)), '^(unknown|anonymous|guest|guests|n/?a|none|null|'
      || 'default|misc|miscellaneous|other|others|walk-?in|cash customer|unbekannt|gast|diverse|'
      || 'inconnu|divers|unassigned|-+)( (account|customer|client|company|user)s?)?$')
    GROUP BY account_id, a.name HAVING sum(n) >= 20)
SELECT 'accounts' AS "table", a.id AS key, a._source AS source, a._line AS line,
  min(pool.about) AS about
FROM pool JOIN live_accounts a ON a.id = pool.account_id GROUP BY ALL""",
)

SAME_NAME = PlausibilityCheck(
    "accounts_of_one_name",
    "Accounts of the same name",
    "account",
    "If they are one customer, give their rows one id: now one of them may look lost and the other "
    "new.",
    ("accounts",),
    f"""
WITH named AS (
    SELECT id, name, parent_id, _source, _line, {_PLAIN} AS plain FROM live_accounts
    WHERE id {_REAL}),
  twin AS (SELECT plain, string_agg(id, ', ' ORDER BY id) AS ids FROM named WHERE plain <> ''
    GROUP BY 1 HAVING count(*) > 1 AND count(*) > count(parent_id) + 1)
SELECT 'accounts' AS "table", id AS key, _source AS source, _line AS line,
  name || ' stands under ' || ids AS about
FROM named JOIN twin USING (plain)""",
)

SAME_DOMAIN = PlausibilityCheck(
    "accounts_of_one_domain",
    "Accounts whose contacts share an e-mail domain",
    "account",
    "If they are one customer, give their rows one id, or name the parent in parent_id.",
    ("accounts", "contacts"),
    f"""
WITH address AS (
    SELECT DISTINCT lower(split_part(email, '@', 2)) AS domain, account_id FROM live_contacts
    WHERE account_id IS NOT NULL AND account_id {_REAL} AND email LIKE '%@%.%'),
  shared AS (
    SELECT domain, string_agg(account_id, ', ' ORDER BY account_id) AS ids, count(*) AS n,
      count(DISTINCT coalesce(a.parent_id, a.id)) AS families
    FROM address JOIN live_accounts a ON a.id = account_id WHERE domain NOT IN ({_MAILBOXES})
    GROUP BY 1 HAVING n BETWEEN 2 AND 5 AND families > 1 AND families = n)
SELECT 'accounts' AS "table", a.id AS key, a._source AS source, a._line AS line,
  string_agg(domain || ' is shared by ' || ids, '; ' ORDER BY domain) AS about
FROM shared JOIN address USING (domain) JOIN live_accounts a ON a.id = address.account_id
GROUP BY ALL""",
)

WITHOUT_OWNER = PlausibilityCheck(
    "paying_without_owner",
    "Pays, and nobody is its account manager",
    "account",
    "Give the account an owner: it stands on nobody's list and in nobody's figures.",
    ("ownerships", "subscriptions"),
    f"""
SELECT 'accounts' AS "table", a.id AS key, a._source AS source, a._line AS line,
  'pays, and has had no account manager' AS about
FROM live_accounts a
WHERE a.id {_REAL} AND a.id NOT IN (SELECT account_id FROM owner_span WHERE valid_from <= $today)
  AND a.id IN (SELECT account_id FROM paid_line WHERE valid_from <= $today AND valid_to > $today)
  AND EXISTS (FROM owner_span)""",
)

CHECKS = (
    CHURNED_BUT_PAYING,
    AFTER_THE_END,
    BEFORE_THE_BEGINNING,
    POOL,
    SAME_NAME,
    SAME_DOMAIN,
    WITHOUT_OWNER,
)
