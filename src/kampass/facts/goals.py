"""Goals that accounts have set, judged when they are due."""

from kampass.facts.fact import (
    ACCOUNT,
    LINEAGE,
    LOCAL_DATE,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    flag,
    text,
)


# A measurement after the due date says nothing about whether the goal was met in time. A goal
# without any is not missed: nobody looked.
def _goals_due(scope: FactScope) -> str:
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


def _measurements(scope: FactScope) -> str:
    return f"""
SELECT NULL AS i, g.id AS unit, x.goal_id, x.measured_at, x.value, {LINEAGE}
FROM live_goals g JOIN goal_measurements x ON x.goal_id = g.id
  AND CAST(timezone({scope.zone}, x.measured_at) AS DATE) <= g.due_on
QUALIFY row_number() OVER (PARTITION BY g.id ORDER BY x.measured_at DESC) = 1"""


GOALS_DUE = Fact(
    "goals_due",
    "goals due in the period, by their latest measurement up to then",
    {
        "account_id": ACCOUNT,
        "kind": text("leading or lagging"),
        "measured": flag(),
        "met": flag("the target is reached", implies="measured"),
    },
    _goals_due,
    Origin(
        "goals",
        ("account_id", "kind", "direction", "target", "due_on"),
        "is not due in the period",
        moment="t.due_on",
        evidence=(
            Evidence(
                "goal_measurements", "the latest measurement up to the due date", _measurements
            ),
        ),
    ),
    Noun("goal", "goals"),
    moment=LOCAL_DATE,
)
