"""What a filter can name: the dimensions of KPIs, and the values that the viewer's own accounts
have. Nothing else is ever suggested.
"""

from collections.abc import Sequence

from kampass.book.filters import values_of
from kampass.catalogue import Kpi
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS
from kampass.workspace.view import Sight

_MOST = 200


def dimensions_of(sight: Sight, kpis: Sequence[Kpi]) -> tuple[str, ...]:
    """By what any of these KPIs can be cut, the workspace's own attributes with the account's, and
    the columns of their rows; all that accounts have where none is named.
    """
    named = sight.engine().named
    if not kpis:
        return *ACCOUNT_DIMENSIONS, *sorted(named.attributes.difference(ACCOUNT_DIMENSIONS))
    return tuple(dict.fromkeys(name for kpi in kpis for name in named.listed(kpi)))


def suggestions(sight: Sight, dimensions: Sequence[str]) -> list[str]:
    """Filters that lead somewhere, as they are spelled."""
    return [f"{name}={value}" for name in dimensions for value in values_of(sight).get(name, ())][
        :_MOST
    ]
