"""Facts about what accounts and employees say: answers, invitations, feedback, goals, mentions,
employments.
"""

from kampass.facts.fact import Fact, Scope, columns

_SATISFIED = """r.score >= coalesce(s.satisfied_from,
    CASE WHEN s.scale_min = 1 AND s.scale_max IN (2, 3) THEN s.scale_max WHEN s.scale_max -
      s.scale_min IN (9, 10) THEN 9
      ELSE s.scale_max - 1 END)"""


def _answers(_: Scope) -> str:
    return f"""
SELECT r.responded_at AS _at, r._day AS _anchor, r.id, r.account_id, r.contact_id, r.agent_id,
  r.survey_id, s.kind, r.score,
  CASE WHEN s.kind = 'csat' THEN r.agent_id END AS _actor, {_SATISFIED} AS satisfied
FROM live_responses r JOIN surveys s ON s.id = r.survey_id
WHERE s.kind NOT IN ('enps', 'esat')"""


def _employee_answers(_: Scope) -> str:
    return f"""
SELECT r.responded_at AS _at, r._day AS _anchor, r.id, r.user_id, r.user_id AS _actor, s.kind,
  r.score, {_SATISFIED} AS satisfied
FROM live_responses r JOIN surveys s ON s.id = r.survey_id
WHERE s.kind IN ('enps', 'esat')"""


def _invitations(_: Scope) -> str:
    return """
SELECT n.invited_at AS _at, n._day AS _anchor, n.id, n.account_id, n.contact_id, n.survey_id,
  coalesce(n.delivered, true) AS delivered,
  CASE WHEN n.response_id IS NOT NULL THEN coalesce(own.responded_at >= n.invited_at
    AND own.responded_at <= n.invited_at + INTERVAL 720 HOUR, false)
    ELSE coalesce(next.at <= n.invited_at + INTERVAL 720 HOUR, false) END AS answered
FROM live_invitations n LEFT JOIN live_responses own ON own.id = n.response_id
LEFT JOIN (
  SELECT n.id, min(r.responded_at) AS at FROM live_invitations n
  JOIN live_responses r ON r.survey_id = n.survey_id AND r.contact_id = n.contact_id
    AND r.responded_at >= n.invited_at
  WHERE n.response_id IS NULL GROUP BY n.id
) next ON next.id = n.id"""


def _feedback_received(_: Scope) -> str:
    return """
SELECT f.received_at AS _at, f._day AS _anchor, f.id, f.account_id, f.status,
  coalesce(f.is_actionable, true) AS is_actionable,
  coalesce(f.implemented_at >= f.received_at AND f.implemented_at <= f.received_at + INTERVAL 2160
    HOUR, false) AS implemented
FROM live_feedback f"""


def _feedback_implemented(scope: Scope) -> str:
    return f"""
SELECT f.implemented_at AS _at, CAST(timezone({scope.zone}, f.implemented_at) AS DATE) AS _anchor,
  f.id, f.account_id, f.status,
  epoch_us(f.implemented_at) - epoch_us(f.received_at) AS hours
FROM live_feedback f WHERE f.implemented_at IS NOT NULL"""


def _goals_due(scope: Scope) -> str:
    return f"""
SELECT g.due_on AS _on, g.due_on AS _anchor, g.id, g.account_id, g.kind,
  m.value IS NOT NULL AS measured,
  coalesce(CASE g.direction WHEN 'up' THEN m.value >= g.target ELSE m.value <= g.target END, false)
    AS met
FROM live_goals g LEFT JOIN (
  SELECT m.goal_id, arg_max(m.value, m.measured_at) AS value FROM goal_measurements m
    JOIN live_goals g ON g.id = m.goal_id
  WHERE CAST(timezone({scope.zone}, m.measured_at) AS DATE) <= g.due_on GROUP BY m.goal_id
) m ON m.goal_id = g.id"""


def _mentions(_: Scope) -> str:
    return (
        "SELECT m.mentioned_at AS _at, m._day AS _anchor, m.id, m.account_id, m.channel, "
        "m.sentiment FROM live_mentions m"
    )


def _leavers(_: Scope) -> str:
    return (
        "SELECT e.left_on AS _on, e.left_on AS _anchor, e.user_id, e.joined_on, e.user_id AS "
        "_actor FROM employees e WHERE e.left_on IS NOT NULL"
    )


def _headcount(scope: Scope) -> str:
    """Employments at the start and at the end: one row for each end at which somebody was
    employed.
    """

    def at(day: str, anchor: str, boundary: str) -> str:
        return f"""
SELECT p.i, p.{anchor} AS _anchor, e.user_id, e.joined_on, e.user_id AS _actor,
  e.user_id || ' ' || e.joined_on AS employment, '{boundary}' AS boundary
FROM employees e JOIN {scope.period} p ON e.joined_on <= p.{day}
  AND (e.left_on IS NULL OR e.left_on > p.{day})"""

    return f"{at('before', 'first_day', 'start')} UNION ALL {at('last_day', 'last_day', 'end')}"


_EMPLOYEE = {"has_account": False, "actor": "employee"}

FACTS = (
    Fact("answers", "answers of accounts to surveys", "_at", columns(
        account_id="text", contact_id="text", agent_id="text", survey_id="text", kind="text: csat, nps, custom", score="number",
        satisfied="flag: at or above the survey's satisfied_from, else in the top of its scale"),
         _answers, dimensions={"survey": "survey_id", "agent": "agent_id"}, has_contact=True, actor="or_manager"),
    Fact("employee_answers", "answers of employees to surveys", "_at", columns(
        kind="text: enps, esat", score="number", satisfied="flag"), _employee_answers, **_EMPLOYEE),  # type: ignore[arg-type]
    Fact("invitations", "invitations to surveys", "_at", columns(
        account_id="text", contact_id="text", survey_id="text", delivered="flag: not known to have " "failed", answered="flag: answered within 30 " "days"),
         _invitations, dimensions={"survey": "survey_id"}, has_contact=True),
    Fact("feedback_received", "feedback received in the period", "_at", columns(
        account_id="text", status="text: new, accepted, implemented, rejected", is_actionable="flag", implemented="flag: within 90 days"),
         _feedback_received),
    Fact("feedback_implemented", "feedback implemented in the period", "_at", columns(
        account_id="text", status="text", hours="hours: from receipt to implementation"), _feedback_implemented),
    Fact("goals_due", "goals due in the period, by their latest measurement up to then", "_on", columns(
        account_id="text", kind="text: leading or lagging", measured="flag", met="flag: the target is reached"), _goals_due),
    Fact("mentions", "public mentions", "_at", columns(account_id="text", channel="text", sentiment="number"), _mentions,
         dimensions={"channel": "channel"}),
    Fact("leavers", "employees who left in the period", "_on", columns(user_id="text"), _leavers, **_EMPLOYEE),  # type: ignore[arg-type]
    Fact("headcount", "employments at the start and at the end of the period", None, columns(
        user_id="text", employment="text: one employment", boundary="text: start or end"), _headcount, **_EMPLOYEE),  # type: ignore[arg-type]
)  # fmt: skip
