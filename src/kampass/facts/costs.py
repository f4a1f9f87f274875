"""Costs of winning and of serving accounts."""

from kampass.facts.amounts import amount_in_base, rates_behind
from kampass.facts.fact import (
    ACCOUNT,
    LOCAL_DATE,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    money,
    text,
)
from kampass.facts.prepared import fx_join


def _costs(_: FactScope) -> str:
    amount = amount_in_base("c", "c.amount")
    return f"""
SELECT c."on" AS _on, c."on" AS _anchor, c.id, c.account_id, c.kind, {amount}
FROM live_costs c {fx_join("c.currency", 'c."on"')}"""


COSTS = Fact(
    "costs",
    "costs of the period",
    {
        "account_id": ACCOUNT,
        "kind": text("acquisition or service"),
        "amount": money(),
    },
    _costs,
    Origin(
        "costs",
        ("account_id", "kind", "amount", "currency", "on"),
        "did not arise in the period",
        moment='t."on"',
        evidence=(
            Evidence(
                "fx_rates",
                "the rate of the day",
                rates_behind("live_costs", 't."on"'),
                ("amount",),
            ),
        ),
    ),
    Noun("cost", "costs"),
    moment=LOCAL_DATE,
)
