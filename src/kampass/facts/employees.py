"""Employees: who left, and how many there were at either end."""

from kampass.facts.accounts import END_ANCHOR_OF_ROWS, START_ANCHOR_OF_ROWS
from kampass.facts.fact import LOCAL_DATE, Fact, FactScope, Noun, Origin, text

_EMPLOYMENT = Noun("employment", "employments")
_KEY = ("user_id", "joined_on")


# `left_on` is the first day not employed, so it is the day the period is looked up by.
def _leavers(_: FactScope) -> str:
    return (
        "SELECT e.left_on AS _on, e.left_on AS _anchor, e.user_id, e.joined_on, e.user_id AS "
        "_actor FROM employees e WHERE e.left_on IS NOT NULL"
    )


# Somebody who left and came back has two employments; a boundary asks which of them holds.
def _headcount(scope: FactScope) -> str:
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


LEAVERS = Fact(
    "leavers",
    "employees who left in the period",
    {"user_id": text()},
    _leavers,
    Origin(
        "employees",
        ("left_on", "team_id"),
        "did not leave in the period",
        _KEY,
        moment="t.left_on",
        leaves_out=(("has not left", "t.left_on IS NULL"),),
    ),
    _EMPLOYMENT,
    moment=LOCAL_DATE,
    has_account=False,
    actor="employee",
)
HEADCOUNT = Fact(
    "headcount",
    "employments at the start and at the end of the period",
    {
        "user_id": text(),
        "employment": text("one employment", noun=_EMPLOYMENT),
        "boundary": text("start or end"),
    },
    _headcount,
    Origin("employees", ("left_on", "team_id"), "employed at neither end", _KEY),
    _EMPLOYMENT,
    has_account=False,
    actor="employee",
    own_boundaries=(
        START_ANCHOR_OF_ROWS,
        END_ANCHOR_OF_ROWS,
    ),
)
