"""Account managers: who looks after which accounts now (or did last), and in which team."""

from dataclasses import dataclass

from kampass.access import Role, Viewer
from kampass.book.today import PAID_LINES, rows
from kampass.workspace.view import Sight

OWNER = (
    "(SELECT account_id, arg_max(user_id, valid_from) AS user_id, max(valid_from) AS since "
    "FROM owner_span WHERE valid_from <= $day GROUP BY account_id)"
)
"""Each account's account manager now, or the last one it had."""


@dataclass(frozen=True)
class Manager:
    """An account manager with the accounts in sight. `gone`: has left, and the accounts wait for
    another.
    """

    id: str
    name: str
    team_id: str | None
    team: str | None
    accounts: int
    active: int
    gone: bool


_MANAGERS = f"""
WITH owner AS {OWNER},
  home AS (SELECT user_id, arg_max(team_id, valid_from) AS team_id FROM team_span
    WHERE valid_from <= $day GROUP BY 1),
  paying AS (SELECT DISTINCT account_id FROM {PAID_LINES} WHERE valid_from <= $day_subscriptions
    AND valid_to > $day_subscriptions)
SELECT u.id, coalesce(u.name, u.id) AS name, h.team_id, t.name AS team, count(*) AS accounts,
  count(p.account_id) AS active,
  coalesce(u.active_to <= $day, false) AS gone
FROM owner o JOIN live_accounts a ON a.id = o.account_id JOIN users u ON u.id = o.user_id
LEFT JOIN home h ON h.user_id = u.id LEFT JOIN teams t ON t.id = h.team_id LEFT JOIN paying p
  ON p.account_id = a.id
GROUP BY ALL ORDER BY name, id"""


def managers(sight: Sight) -> list[Manager]:
    """Who looks after the accounts in sight, by name."""
    return sight.kept("managers", lambda: [Manager(**row) for row in rows(sight, _MANAGERS)])


def manager(sight: Sight, user_id: str | None) -> Manager | None:
    """One of them."""
    return next((found for found in managers(sight) if found.id == user_id), None)


def own(sight: Sight, viewer: Viewer) -> list[Manager]:
    """Those whom a viewer may look at side by side: account managers themselves alone, leads their
    team, others everybody.
    """
    if viewer.role is Role.ACCOUNT_MANAGER:
        return [found for found in managers(sight) if found.id == viewer.user_id]
    if viewer.role is Role.TEAM_LEAD:
        below = teams_below(sight, viewer.team_id)
        return [found for found in managers(sight) if found.team_id in below]
    return managers(sight)


def teams_below(sight: Sight, team_id: str | None) -> frozenset[str]:
    """A team and those below it."""
    if team_id is None:
        return frozenset()
    return frozenset(
        row["team"]
        for row in rows(sight, "SELECT team FROM team_tree WHERE ancestor = $team", team=team_id)
    )
