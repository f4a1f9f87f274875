"""What a filter can name: the dimensions of KPIs, and the values that the viewer's own accounts
have. Nothing else is ever suggested.
"""

from collections.abc import Sequence

from kampass.catalogue import Kpi
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS
from kampass.workspace.view import Sight

_MOST = 200
_PEOPLE = """
SELECT 'account_manager' AS dimension, user_id FROM owner_span GROUP BY ALL
UNION SELECT 'team', team_id FROM team_span WHERE user_id IN (SELECT user_id FROM owner_span) GROUP
  BY ALL ORDER BY ALL"""
_ATTRIBUTES = """
SELECT attribute, value FROM attribute_span JOIN live_accounts ON live_accounts.id = account_id
WHERE value IS NOT NULL GROUP BY ALL ORDER BY attribute, count(DISTINCT account_id) DESC, value"""


def dimensions_of(sight: Sight, kpis: Sequence[Kpi]) -> tuple[str, ...]:
    """By what any of these KPIs can be cut, the workspace's own attributes with the account's; all
    that accounts have where none is named.
    """
    names = (
        list(dict.fromkeys(name for kpi in kpis for name in kpi.named_dimensions))
        if kpis
        else list(ACCOUNT_DIMENSIONS)
    )
    if not kpis or any(kpi.takes_any_account_dimension for kpi in kpis):
        names += sorted(sight.engine().attributes - set(names))
    return tuple(names)


def values_of(sight: Sight) -> dict[str, list[str]]:
    """The values of each account dimension among the viewer's accounts, the commonest first; people
    and teams by id.
    """

    def read() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for dimension, value in (
            sight.cursor().execute(f"{_PEOPLE}").fetchall()
            + sight.cursor().execute(_ATTRIBUTES).fetchall()
        ):
            if value is not None:
                found.setdefault(dimension, []).append(value)
        return found

    return sight.kept("filter values", read)


def suggestions(sight: Sight, dimensions: Sequence[str]) -> list[str]:
    """Filters that lead somewhere, as they are spelled."""
    return [f"{name}={value}" for name in dimensions for value in values_of(sight).get(name, ())][
        :_MOST
    ]
