"""What sources say against each other or against what they said before, and rates that cannot
be.
"""

from kampass.insight.plausibility.check import PlausibilityCheck

_LARGE = "('EUR', 'USD', 'GBP', 'CHF')"
_SMALL = "('JPY', 'KRW', 'IDR', 'VND', 'CLP', 'COP', 'HUF', 'ISK', 'INR')"
_RATES = """SELECT 'fx_rates' AS "table", currency || ', ' || valid_from::VARCHAR AS key,
  _source AS source, _line AS line,
  'one ' || currency || ' is said to be ' || rate::DOUBLE::VARCHAR || ' ' || $currency AS about
FROM live_fx_rates"""

REPLACED = PlausibilityCheck(
    "another_source_s_key",
    "Took the place of another source's row with the same key",
    "row",
    "Only the later load's row counts. If they are different rows, give the ids of one source a "
    'prefix in its mapping, id = { column = "...", prefix = "crm:" }, and the columns that name '
    "them too. If they are one row, let one source state it.",
    (),
    """
SELECT "table", key, source, line, other || CASE WHEN other_line IS NULL THEN ''
  ELSE ', line ' || other_line::VARCHAR || ',' END || ' states another row of this key' AS about
FROM _replaced""",
)

RESCALED = PlausibilityCheck(
    "every_amount_times_twelve",
    "Every mrr that the latest load changed is the same multiple of what it was",
    "source",
    "Look whether the file has amounts a year now, or cents, or had before. A load that is wrong "
    "is taken back by 'kampass data drop'; if it is right, the next changed load ends this.",
    ("subscriptions",),
    """
SELECT "table", source AS key, source, NULL::BIGINT AS line, 'load ' || load::VARCHAR || ' states '
  || lines::VARCHAR || ' lines anew, all with ' || times || CASE WHEN times LIKE '%of' THEN ''
  ELSE ' times' END || ' what they had' AS about
FROM _rescaled""",
)

OWN_RATE = PlausibilityCheck(
    "rate_of_the_own_currency",
    "A rate of the workspace's own currency that is not 1",
    "rate",
    "rate is what one unit is worth in the workspace's currency. Look whether the file's rates are "
    "towards another currency: then all of them are to be divided by this one.",
    ("fx_rates",),
    f"""
{_RATES} WHERE currency = $currency AND rate <> 1""",
)

INVERTED_RATE = PlausibilityCheck(
    "rate_upside_down",
    "A rate that looks upside down",
    "rate",
    "rate is what one unit is worth in the workspace's currency: divide 1 by what the file has.",
    ("fx_rates",),
    f"""
{_RATES}
WHERE currency IN {_SMALL} AND $currency IN {_LARGE} AND rate > 1
  OR currency IN {_LARGE} AND $currency IN {_SMALL} AND rate < 1""",
)

CHECKS = (REPLACED, RESCALED, OWN_RATE, INVERTED_RATE)
