"""Events and values that come too often, too seldom, too early, or in another unit."""

from collections.abc import Iterable

from kampass.insight.plausibility.check import PlausibilityCheck

_TIMED = (
    ("tickets", "created_at"),
    ("tickets", "first_replied_at"),
    ("tickets", "resolved_at"),
)
_MOMENTS = (
    ("purchases", "purchased_at"),
    ("tickets", "created_at"),
    ("touches", "occurred_at"),
    ("responses", "responded_at"),
)
_CHOICES = (
    ("touches", "channel"),
    ("touches", "purpose"),
    ("tickets", "channel"),
    ("tickets", "priority"),
    ("deals", "kind"),
    ("deals", "source"),
)
_STARTED = (
    "subscriptions",
    "purchases",
    "deals",
    "touches",
    "tickets",
    "responses",
    "feedback",
    "mentions",
    "usage_daily",
)
_SAME = {
    "purchases": "account_id, purchased_at, amount, currency, product_id, kind",
    "touches": "account_id, contact_id, user_id, occurred_at, channel, direction, ticket_id",
    "tickets": "account_id, contact_id, created_at, topic, resolved_at",
    "responses": "survey_id, account_id, contact_id, user_id, responded_at, score",
}


def _each(parts: Iterable[str]) -> str:
    return " UNION ALL ".join(parts)


_DAYS = _each(
    f"SELECT DISTINCT '{table}' AS name, _day AS day FROM live_{table} WHERE _day <= $today"
    for table in _STARTED
)

STOPS = PlausibilityCheck(
    "table_stops_early",
    "Stops long before the other tables",
    "table",
    "Load a newer export, or write coverage: what is younger is not known to be zero.",
    (),
    f"""
WITH day AS ({_DAYS}),
  last AS (SELECT name, max(day) AS newest FROM day GROUP BY 1),
  gap AS (
    SELECT name, newest, day - lag(day) OVER (PARTITION BY name ORDER BY day) AS days
    FROM day JOIN last USING (name) WHERE day > newest - 365),
  reach AS (SELECT name, newest, max(days) AS gap, max(newest) OVER () AS others FROM gap
    GROUP BY name, newest HAVING count(*) >= 20)
SELECT name AS "table", name AS key, NULL::VARCHAR AS source, NULL::BIGINT AS line,
  'newest row of ' || newest::VARCHAR || ', others reach ' || others::VARCHAR AS about
FROM reach WHERE newest < others - greatest(31, 2 * gap)::INTEGER""",
)

FUTURE = PlausibilityCheck(
    "happened_in_the_future",
    "Dated after the day on which it was loaded",
    "row",
    "Look at the order of day and month, and at the century.",
    (),
    _each(
        f"""SELECT '{table}' AS "table", id AS key, _source AS source, _line AS line,
  '{column} is ' || _day::VARCHAR AS about FROM live_{table} WHERE _day > $today + 1"""
        for table, column in _MOMENTS
    ),
)

MIDNIGHT = PlausibilityCheck(
    "all_at_midnight",
    "Times that are all midnight: the file has days, not times",
    "column",
    "Export the time too: response and resolution in hours mean nothing so.",
    ("tickets",),
    _each(
        f"""SELECT '{table}' AS "table", '{column}' AS key, any_value(_source) AS source,
  NULL::BIGINT AS line, count(*)::VARCHAR || ' times, nearly all at 00:00' AS about
FROM live_{table} WHERE {column} IS NOT NULL HAVING count(*) >= 20 AND greatest(
  count(*) FILTER (WHERE timezone($zone, {column})::TIME = TIME '00:00:00'),
  count(*) FILTER (WHERE timezone('UTC', {column})::TIME = TIME '00:00:00')) >= 0.95 * count(*)"""
        for table, column in _TIMED
    ),
)

ONE_MONTH = PlausibilityCheck(
    "value_of_one_month",
    "A value that stands in one month only",
    "value",
    "Look whether the file of that month was written otherwise.",
    (),
    _each(
        f"""SELECT '{table}' AS "table", '{column} ' || value AS key, NULL::VARCHAR AS source,
  NULL::BIGINT AS line, n::VARCHAR || ' rows, all in ' || strftime(month, '%Y-%m') AS about
FROM (
    SELECT {column} AS value, min(date_trunc('month', _day)) AS month,
      count(DISTINCT date_trunc('month', _day)) AS months, count(*) AS n
    FROM live_{table} WHERE {column} IS NOT NULL AND _day <= $today GROUP BY 1)
JOIN (
    SELECT date_trunc('month', _day) AS month, count(*) AS total,
      lead(date_trunc('month', _day)) OVER (ORDER BY date_trunc('month', _day)) AS next,
      count(*) OVER () AS all_months
    FROM live_{table} WHERE _day <= $today GROUP BY 1) USING (month)
WHERE months = 1 AND n >= 10 AND n >= 0.2 * total AND all_months >= 6 AND next IS NOT NULL"""
        for table, column in _CHOICES
    ),
)

TWICE = PlausibilityCheck(
    "rows_that_stand_twice",
    "The same row under another id",
    "row",
    "Look whether two exports overlap, or whether the key is the line and not the record.",
    (),
    _each(
        f"""SELECT '{table}' AS "table", id AS key, _source AS source, _line AS line,
  'the same as ' || first AS about
FROM (SELECT *, min(id) OVER same AS first, row_number() OVER (PARTITION BY {columns} ORDER BY id)
    AS place, count(*) OVER () AS n FROM live_{table}
    WINDOW same AS (PARTITION BY {columns}))
WHERE place > 1 QUALIFY count(*) OVER () >= greatest(5, 0.05 * n)"""
        for table, columns in _SAME.items()
    ),
)

SCALE = PlausibilityCheck(
    "half_of_the_scale",
    "Answers that use the lower half of their scale only",
    "survey",
    "Look whether the scores are of another scale, such as 1 to 5 in a survey of 0 to 10.",
    ("responses", "surveys"),
    """
SELECT 'surveys' AS "table", s.id AS key, s._source AS source, s._line AS line,
  count(*)::VARCHAR || ' answers, none above ' || max(r.score)::VARCHAR || ' of '
  || s.scale_max::VARCHAR AS about
FROM live_responses r JOIN live_surveys s ON s.id = r.survey_id
GROUP BY s.id, s._source, s._line, s.scale_min, s.scale_max
HAVING count(*) >= 30 AND max(r.score) <= (s.scale_min + s.scale_max) / 2""",
)

DURATIONS = PlausibilityCheck(
    "durations_of_another_unit",
    "Durations that nobody believes",
    "column",
    "Look at the unit (seconds, minutes, hours) and at the time zones of the two times.",
    (),
    f"""
SELECT 'tickets' AS "table", key, NULL::VARCHAR AS source, NULL::BIGINT AS line,
  'the median of ' || n::VARCHAR || ' is ' || round(seconds / 3600, 2)::VARCHAR || ' hours' AS about
FROM ({
        _each(
            f'''SELECT '{column}' AS key, count(*) AS n,
    median(epoch({column}) - epoch(created_at)) AS seconds
  FROM live_tickets WHERE {column} IS NOT NULL'''
            for _, column in _TIMED[1:]
        )
    })
WHERE n >= 20 AND (seconds > 180 * 86400 OR seconds < 1)
UNION ALL
SELECT 'touches', 'minutes', NULL, NULL, 'the median of ' || count(minutes)::VARCHAR
  || ' is ' || round(median(minutes))::VARCHAR || ' minutes'
FROM live_touches HAVING count(minutes) >= 20 AND median(minutes) > 240
UNION ALL
SELECT 'usage_daily', account_id, any_value(_source), min(_line),
  count(*)::VARCHAR || ' days with more than 24 hours a person'
FROM live_usage_daily WHERE minutes > 1440 * greatest(coalesce(active_users, logins, 1), 1)
GROUP BY account_id HAVING count(*) >= 3""",
)

REPLIED_LATE = PlausibilityCheck(
    "replied_after_resolved",
    "Resolved before anybody replied, more often than not is believable",
    "ticket",
    "Look whether the two columns are swapped, or the unit of the first reply is another one.",
    ("tickets",),
    """
SELECT 'tickets' AS "table", id AS key, _source AS source, _line AS line,
  'replied on ' || first_replied_at::VARCHAR || ', resolved on ' || resolved_at::VARCHAR AS about
FROM (SELECT *, count(*) OVER () AS n FROM live_tickets
    WHERE first_replied_at IS NOT NULL AND resolved_at IS NOT NULL)
WHERE first_replied_at > resolved_at QUALIFY count(*) OVER () >= greatest(10, 0.1 * n)""",
)

PROBABLY = PlausibilityCheck(
    "probability_in_per_cent",
    "A probability above 1",
    "deal",
    "probability goes from 0 to 1: divide what is in per cent by a hundred.",
    ("deals",),
    """
SELECT 'deals' AS "table", id AS key, _source AS source, _line AS line,
  'probability ' || probability::VARCHAR AS about
FROM live_deals WHERE probability > 1""",
)

SEATS = PlausibilityCheck(
    "more_users_than_seats",
    "More people active than there are seats, more often than not is believable",
    "row",
    "Look whether the two columns are swapped.",
    ("usage_daily",),
    """
SELECT 'usage_daily' AS "table", account_id || ', ' || "on"::VARCHAR AS key, _source AS source,
  _line AS line, active_users::VARCHAR || ' active, ' || seats::VARCHAR || ' seats' AS about
FROM (SELECT *, count(*) OVER () AS n FROM live_usage_daily
    WHERE active_users IS NOT NULL AND seats > 0)
WHERE active_users > seats QUALIFY count(*) OVER () >= greatest(10, 0.2 * n)""",
)

NO_CURRENCY = PlausibilityCheck(
    "currency_left_out",
    "No currency, where other rows of the table name a foreign one",
    "row",
    "Name the currency: without one it is the workspace's.",
    (),
    _each(
        f"""SELECT '{table}' AS "table", id AS key, _source AS source, _line AS line,
  'taken as ' || $currency AS about
FROM live_{table} WHERE currency IS NULL AND {amount} IS NOT NULL
  AND EXISTS (FROM live_{table} WHERE currency <> $currency)"""
        for table, amount in (("deals", "amount"), ("contracts", "value"))
    ),
)

CHECKS = (
    STOPS,
    FUTURE,
    MIDNIGHT,
    ONE_MONTH,
    TWICE,
    SCALE,
    DURATIONS,
    REPLIED_LATE,
    PROBABLY,
    SEATS,
    NO_CURRENCY,
)
