"""Amounts of events in the workspace's currency, and the exchange rates that stand behind them."""

from collections.abc import Callable

from kampass.facts.fact import LINEAGE, FactScope
from kampass.facts.prepared import base_amount, fx_join, is_own


def amount_in_base(table: str, amount: str) -> str:
    """An amount in workspace currency at the joined rate, and whether the rate is missing."""
    currency, workspace = f"{table}.currency", "(SELECT currency FROM _settings)"
    # A row without a rate keeps its place: left out, it would make a sum look complete.
    missing = f"{amount} IS NOT NULL AND NOT ({is_own(currency, workspace)}) AND fx.rate IS NULL"
    return f"{base_amount(amount, currency, workspace)} AS amount, {missing} AS amount_missing"


def rates_behind(table: str, day: str) -> Callable[[FactScope], str]:
    """The exchange rate behind each amount of a table, at the local date in `day`."""

    def sql(scope: FactScope) -> str:
        return f"""
SELECT NULL AS i, t.id AS unit, x.currency, x.valid_from, x.rate, {LINEAGE}
FROM {table} t {fx_join("t.currency", day.format(zone=scope.zone))} JOIN fx_rates x
  ON x.currency = fx.currency AND x.valid_from = fx.valid_from
WHERE t.currency <> (SELECT currency FROM _settings)"""

    return sql
