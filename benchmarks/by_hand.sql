-- Twenty-one KPIs as somebody who knows DuckDB would write them for one page: 24 months by segment as it was.
-- Written from the definitions, not from the engine's SQL; over the canonical tables without test accounts
-- (live_*) and the prepared spans (attribute_span, paid_line, first_paid). UTC months. Each statement answers
-- (month, segment, value or numerator, denominator). Every statement starts with the steps before the first name.

month AS (SELECT CAST(m AS DATE) AS s, CAST(m + INTERVAL 1 MONTH AS DATE) AS e FROM generate_series(TIMESTAMP '2024-01-01', TIMESTAMP '2025-12-01', INTERVAL 1 MONTH) g(m)),
boundary AS (SELECT s AS day FROM month UNION SELECT e FROM month),
segment AS (SELECT account_id, value AS segment, valid_from, valid_to FROM attribute_span WHERE attribute = 'segment'),
book AS (
  SELECT b.day, l.account_id, sum(l.mrr) AS mrr FROM paid_line l JOIN boundary b ON l.valid_from < b.day AND l.valid_to >= b.day GROUP BY ALL),
opening AS (
  SELECT o.day AS month, o.account_id, g.segment, o.mrr AS open_mrr, c.mrr AS close_mrr
  FROM book o JOIN month m ON m.s = o.day
  LEFT JOIN book c ON c.account_id = o.account_id AND c.day = m.e
  LEFT JOIN segment g ON g.account_id = o.account_id AND o.day >= g.valid_from AND o.day < g.valid_to)

-- name: customers_start
SELECT month, segment, count(*), NULL FROM opening GROUP BY ALL

-- name: customer_churn_rate
SELECT month, segment, count(*) FILTER (WHERE close_mrr IS NULL), count(*) FROM opening GROUP BY ALL

-- name: nrr
SELECT month, segment, coalesce(sum(close_mrr), 0), sum(open_mrr) FROM opening GROUP BY ALL

-- name: grr
SELECT month, segment, coalesce(sum(CASE WHEN close_mrr < open_mrr THEN close_mrr WHEN close_mrr IS NOT NULL THEN open_mrr END), 0), sum(open_mrr)
FROM opening GROUP BY ALL

-- name: mrr_end
SELECT m.s, g.segment, sum(b.mrr), NULL
FROM month m JOIN book b ON b.day = m.e
LEFT JOIN segment g ON g.account_id = b.account_id AND m.e - 1 >= g.valid_from AND m.e - 1 < g.valid_to
GROUP BY ALL

-- name: new_mrr
SELECT m.s, g.segment, sum(b.mrr), NULL
FROM month m JOIN book b ON b.day = m.e JOIN first_paid f ON f.account_id = b.account_id AND f.day >= m.s
LEFT JOIN segment g ON g.account_id = b.account_id AND m.e - 1 >= g.valid_from AND m.e - 1 < g.valid_to
GROUP BY ALL

-- name: win_rate
SELECT date_trunc('month', d.closed_at), g.segment, count(*) FILTER (WHERE d.status = 'won'), count(*)
FROM live_deals d
LEFT JOIN segment g ON g.account_id = d.account_id AND CAST(d.closed_at AS DATE) >= g.valid_from AND CAST(d.closed_at AS DATE) < g.valid_to
WHERE d.status IN ('won', 'lost') AND d.closed_at >= '2024-01-01' AND d.closed_at < '2026-01-01' GROUP BY ALL

-- name: purchase_frequency
SELECT date_trunc('month', p._day), g.segment, count(*), count(DISTINCT p.account_id)
FROM live_purchases p LEFT JOIN segment g ON g.account_id = p.account_id AND p._day >= g.valid_from AND p._day < g.valid_to
WHERE coalesce(p.kind, '') <> 'credit' AND p._day BETWEEN '2024-01-01' AND '2025-12-31' GROUP BY ALL

-- name: csat
SELECT date_trunc('month', r._day), g.segment,
  count(*) FILTER (WHERE r.score >= coalesce(s.satisfied_from,
    CASE s.scale_max - s.scale_min WHEN 10 THEN 9 WHEN 9 THEN 9 WHEN 1 THEN s.scale_max WHEN 2 THEN s.scale_max ELSE s.scale_max - 1 END)),
  count(*)
FROM live_responses r JOIN surveys s ON s.id = r.survey_id AND s.kind = 'csat'
LEFT JOIN segment g ON g.account_id = r.account_id AND r._day >= g.valid_from AND r._day < g.valid_to
WHERE r._day BETWEEN '2024-01-01' AND '2025-12-31' GROUP BY ALL

-- name: nps
SELECT month, segment, count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6), count(*)
FROM (
  SELECT date_trunc('month', r._day) AS month, g.segment, arg_max(r.score, (r.responded_at, r.id)) AS score
  FROM live_responses r JOIN surveys s ON s.id = r.survey_id AND s.kind = 'nps'
  LEFT JOIN segment g ON g.account_id = r.account_id AND r._day >= g.valid_from AND r._day < g.valid_to
  WHERE r._day BETWEEN '2024-01-01' AND '2025-12-31'
  GROUP BY date_trunc('month', r._day), g.segment, coalesce(r.contact_id, r.id))
GROUP BY ALL

-- name: time_to_resolution
SELECT date_trunc('month', t.resolved_at), g.segment, sum(epoch_us(t.resolved_at) - epoch_us(t.created_at)) / 3600000000.0, count(*)
FROM live_tickets t
LEFT JOIN segment g ON g.account_id = t.account_id AND CAST(t.resolved_at AS DATE) >= g.valid_from AND CAST(t.resolved_at AS DATE) < g.valid_to
WHERE t.resolved_at >= '2024-01-01' AND t.resolved_at < '2026-01-01' GROUP BY ALL

-- name: time_to_resolution_median
SELECT date_trunc('month', t.resolved_at), g.segment, median((epoch_us(t.resolved_at) - epoch_us(t.created_at)) / 3600000000.0), NULL
FROM live_tickets t
LEFT JOIN segment g ON g.account_id = t.account_id AND CAST(t.resolved_at AS DATE) >= g.valid_from AND CAST(t.resolved_at AS DATE) < g.valid_to
WHERE t.resolved_at >= '2024-01-01' AND t.resolved_at < '2026-01-01' GROUP BY ALL

-- name: fcr
SELECT date_trunc('month', t.resolved_at), g.segment,
  count(*) FILTER (WHERE t.agent_replies = 1 AND coalesce(t.reopened, 0) = 0 AND NOT EXISTS (
    SELECT 1 FROM live_tickets n WHERE n.account_id = t.account_id AND n.topic = t.topic AND n.id <> t.id
      AND n.created_at > t.resolved_at AND n.created_at <= t.resolved_at + INTERVAL 168 HOUR)),
  count(*)
FROM live_tickets t
LEFT JOIN segment g ON g.account_id = t.account_id AND CAST(t.resolved_at AS DATE) >= g.valid_from AND CAST(t.resolved_at AS DATE) < g.valid_to
WHERE t.agent_replies IS NOT NULL AND t.resolved_at >= '2024-01-01' AND t.resolved_at < '2026-01-01' GROUP BY ALL

-- name: ticket_backlog
SELECT m.s, g.segment, count(*), NULL
FROM month m JOIN live_tickets t ON t.created_at < CAST(m.e AS TIMESTAMPTZ) AND coalesce(t.resolved_at, 'infinity') >= CAST(m.e AS TIMESTAMPTZ)
LEFT JOIN segment g ON g.account_id = t.account_id AND m.e - 1 >= g.valid_from AND m.e - 1 < g.valid_to
GROUP BY ALL

-- name: support_emails
SELECT date_trunc('month', t._day), g.segment, count(*), NULL
FROM live_touches t LEFT JOIN segment g ON g.account_id = t.account_id AND t._day >= g.valid_from AND t._day < g.valid_to
WHERE t._day BETWEEN '2024-01-01' AND '2025-12-31' AND t.direction = 'outbound' AND t.purpose = 'support' AND t.channel = 'email'
  AND t.is_automated IS NOT true AND coalesce(t.outcome, '') NOT IN ('cancelled', 'bounced')
GROUP BY ALL

-- name: customer_interactions
SELECT date_trunc('month', t._day), g.segment, count(*), NULL
FROM live_touches t LEFT JOIN segment g ON g.account_id = t.account_id AND t._day >= g.valid_from AND t._day < g.valid_to
WHERE t._day BETWEEN '2024-01-01' AND '2025-12-31' AND t.is_automated IS NOT true AND coalesce(t.purpose, '') <> 'internal'
  AND coalesce(t.outcome, '') NOT IN ('cancelled', 'bounced')
GROUP BY ALL

-- name: interaction_time
SELECT date_trunc('month', t._day), g.segment, coalesce(sum(t.minutes), 0) / 60, NULL
FROM live_touches t LEFT JOIN segment g ON g.account_id = t.account_id AND t._day >= g.valid_from AND t._day < g.valid_to
WHERE t._day BETWEEN '2024-01-01' AND '2025-12-31' AND t.is_automated IS NOT true AND coalesce(t.purpose, '') <> 'internal'
  AND coalesce(t.outcome, '') NOT IN ('cancelled', 'bounced')
GROUP BY ALL

-- name: clients_touched
SELECT date_trunc('month', day), segment, sum(clients), count(*)
FROM (
  SELECT t._day AS day, g.segment, count(DISTINCT t.account_id) AS clients
  FROM live_touches t LEFT JOIN segment g ON g.account_id = t.account_id AND t._day >= g.valid_from AND t._day < g.valid_to
  WHERE t._day BETWEEN '2024-01-01' AND '2025-12-31' AND t.account_id IS NOT NULL AND t.direction = 'outbound'
    AND t.is_automated IS NOT true AND coalesce(t.purpose, '') <> 'internal' AND coalesce(t.outcome, 'completed') = 'completed'
  GROUP BY ALL)
GROUP BY ALL

-- name: interaction_gap
SELECT m.s, g.segment, sum(epoch_us(CAST(m.e AS TIMESTAMPTZ)) - epoch_us(t.latest)) / 86400000000.0, count(*)
FROM month m JOIN book b ON b.day = m.e
JOIN (
  SELECT m.s, d.account_id, max(d.latest) AS latest
  FROM month m JOIN (
    SELECT account_id, date_trunc('month', _day) AS month, max(occurred_at) AS latest FROM live_touches
    WHERE is_automated IS NOT true AND coalesce(purpose, '') <> 'internal' AND coalesce(outcome, 'completed') = 'completed' GROUP BY ALL) d
  ON d.month < m.e GROUP BY ALL) t ON t.s = m.s AND t.account_id = b.account_id
LEFT JOIN segment g ON g.account_id = b.account_id AND m.e - 1 >= g.valid_from AND m.e - 1 < g.valid_to
GROUP BY ALL

-- name: usage_per_client
SELECT o.month, o.segment, coalesce(sum(u.days), 0), count(*)
FROM opening o
JOIN (SELECT account_id, min("on") AS day FROM live_usage_daily GROUP BY ALL) f ON f.account_id = o.account_id AND f.day < o.month + INTERVAL 1 MONTH
LEFT JOIN (
  SELECT account_id, date_trunc('month', "on") AS month, count(DISTINCT "on") AS days FROM live_usage_daily
  WHERE (active_users > 0 OR logins > 0) AND "on" BETWEEN '2024-01-01' AND '2025-12-31' GROUP BY ALL) u
ON u.account_id = o.account_id AND u.month = o.month
GROUP BY ALL

-- name: usage_logins
SELECT date_trunc('month', u."on"), g.segment, sum(u.logins), NULL
FROM live_usage_daily u LEFT JOIN segment g ON g.account_id = u.account_id AND u."on" >= g.valid_from AND u."on" < g.valid_to
WHERE u."on" BETWEEN '2024-01-01' AND '2025-12-31' GROUP BY ALL
