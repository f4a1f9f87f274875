"""What the viewer's own accounts can be filtered by: the values that they have, and no other."""

from kampass.workspace.view import Sight

_PEOPLE = """
SELECT 'account_manager' AS dimension, user_id FROM owner_span GROUP BY ALL
UNION SELECT 'team', team_id FROM team_span WHERE user_id IN (SELECT user_id FROM owner_span) GROUP
  BY ALL ORDER BY ALL"""
_ATTRIBUTES = """
SELECT attribute, value FROM attribute_span JOIN live_accounts ON live_accounts.id = account_id
WHERE value IS NOT NULL GROUP BY ALL ORDER BY attribute, count(DISTINCT account_id) DESC, value"""


def values_of(sight: Sight) -> dict[str, list[str]]:
    """The values of each account dimension among the viewer's accounts, the commonest first; people
    and teams by id.
    """

    def read() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for dimension, value in (
            sight.backend.run(_PEOPLE).all() + sight.backend.run(_ATTRIBUTES).all()
        ):
            if value is not None:
                found.setdefault(dimension, []).append(value)
        return found

    return sight.kept("filter values", read)
