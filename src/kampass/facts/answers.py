"""Answers to surveys, of accounts and of employees, and the invitations to them.

What an employee answered is counted and never shown: answers of employees are a fact of their own
whose rows are hidden, and an invitation to their surveys shows nothing about a person.
"""

from kampass.facts.fact import (
    ACCOUNT,
    INSTANT,
    LINEAGE,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    flag,
    number,
    text,
)

# A scale that says nothing else counts its top as satisfied: the highest of two or three points,
# the two highest of a longer one, 9 and 10 where it has ten or eleven.
_SATISFIED = """r.score >= coalesce(s.satisfied_from,
    CASE WHEN s.scale_min = 1 AND s.scale_max IN (2, 3) THEN s.scale_max WHEN s.scale_max -
      s.scale_min IN (9, 10) THEN 9
      ELSE s.scale_max - 1 END)"""
_OF_EMPLOYEES = "{0}.survey_id IN (SELECT s.id FROM surveys s WHERE s.kind IN ('enps', 'esat'))"
_ANSWER = Noun("answer", "answers")


# An agent acts in a csat answer alone: other surveys ask about the account, whoever is named there.
def _answers(_: FactScope) -> str:
    return f"""
SELECT r.responded_at AS _at, r._day AS _anchor, r.id, r.account_id, r.contact_id, r.agent_id,
  r.survey_id, s.kind, r.score,
  CASE WHEN s.kind = 'csat' THEN r.agent_id END AS _actor, {_SATISFIED} AS satisfied
FROM live_responses r JOIN surveys s ON s.id = r.survey_id
WHERE s.kind NOT IN ('enps', 'esat')"""


def _employee_answers(_: FactScope) -> str:
    return f"""
SELECT r.responded_at AS _at, r._day AS _anchor, r.id, r.user_id, r.user_id AS _actor, s.kind,
  r.score, {_SATISFIED} AS satisfied
FROM live_responses r JOIN surveys s ON s.id = r.survey_id
WHERE s.kind IN ('enps', 'esat')"""


# Without a response of its own, an invitation is answered by the first of that contact to that
# survey afterwards; 30 days are 720 hours. Delivery that nobody reported is taken to have happened.
def _invitations(_: FactScope) -> str:
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


def _surveys(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, r.id AS unit, x.id, x.kind, x.scale_min, x.scale_max, x.satisfied_from, {LINEAGE}
FROM live_responses r JOIN surveys x ON x.id = r.survey_id"""


def _replies(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, n.id AS unit, x.id, x.survey_id, x.contact_id, x.responded_at, {LINEAGE}
FROM live_invitations n JOIN live_responses x
  ON x.id = n.response_id OR (n.response_id IS NULL AND x.survey_id = n.survey_id
    AND x.contact_id = n.contact_id AND x.responded_at >= n.invited_at)
WHERE NOT {_OF_EMPLOYEES.format("x")} AND NOT {_OF_EMPLOYEES.format("n")}
QUALIFY row_number() OVER (PARTITION BY n.id ORDER BY x.responded_at, x.id) = 1"""


ANSWERS = Fact(
    "answers",
    "answers of accounts to surveys",
    {
        "account_id": ACCOUNT,
        "contact_id": text(),
        "agent_id": text(),
        "survey_id": text(),
        "kind": text("csat, nps, custom"),
        "score": number(),
        "satisfied": flag("at or above the survey's satisfied_from, else in the top of its scale"),
    },
    _answers,
    Origin(
        "responses",
        ("survey_id", "account_id", "contact_id", "agent_id", "score", "responded_at"),
        "was not given in the period",
        moment="t.responded_at",
        evidence=(Evidence("surveys", "the survey", _surveys),),
        apart=_OF_EMPLOYEES.format("t"),
    ),
    _ANSWER,
    moment=INSTANT,
    dimensions={"survey": "survey_id", "agent": "agent_id"},
    has_contact=True,
    actor="or_manager",
)
EMPLOYEE_ANSWERS = Fact(
    "employee_answers",
    "answers of employees to surveys",
    {
        "kind": text("enps, esat"),
        "score": number(),
        "satisfied": flag(),
    },
    _employee_answers,
    Origin("responses", (), "is no answer of an employee in the period", hidden=True),
    _ANSWER,
    moment=INSTANT,
    has_account=False,
    actor="employee",
)
INVITATIONS = Fact(
    "invitations",
    "invitations to surveys",
    {
        "account_id": ACCOUNT,
        "contact_id": text(),
        "survey_id": text(),
        "delivered": flag("not known to have failed"),
        "answered": flag("answered within 30 days"),
    },
    _invitations,
    Origin(
        "invitations",
        ("survey_id", "account_id", "contact_id", "delivered", "response_id", "invited_at"),
        "was not sent in the period",
        moment="t.invited_at",
        evidence=(Evidence("responses", "the answer", _replies, ("answered",)),),
        private=_OF_EMPLOYEES.format("t"),
        public=("survey_id", "delivered"),
    ),
    Noun("invitation", "invitations"),
    moment=INSTANT,
    dimensions={"survey": "survey_id"},
    has_contact=True,
)
