"""Contracts: due for renewal in a period, and signed in it.

A contract counts as lost only when its 30 days of grace are over; until then it is pending, and
what is said of the period is provisional.
"""

from kampass.facts.amounts import amount_in_base, rates_behind
from kampass.facts.fact import (
    ACCOUNT,
    LINEAGE,
    LOCAL_DATE,
    Boundary,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    Relation,
    flag,
    money,
    text,
)
from kampass.facts.prepared import fx_join
from kampass.facts.revenue import PRODUCT_DIMENSIONS

_CONTRACT = Noun("contract", "contracts")
_DUE_FROM = Boundary("start moved", "c.valid_to >= p.first_day", "c.valid_to > p.first_day")
_DUE_UNTIL = Boundary("end moved", "c.valid_to <= p.last_day", "c.valid_to <= p.last_day + 1")


# An outcome that somebody wrote down stands; the successor is only looked for where there is none.
# `valid_to` is the first day without the contract, so the last instant before it lies on the day
# before, and that day is the anchor. Superseded contracts were replaced, not up for renewal.
def _contracts_due(scope: FactScope) -> str:
    grace = f"timezone({scope.zone}, CAST(c.valid_to + 30 AS TIMESTAMP))"
    return f"""
SELECT *, NOT renewed AND NOT lost AS pending FROM (
  SELECT p.i, c.id, c.account_id, c.valid_to - 1 AS _anchor, c.product_id, own.family,
    coalesce(c.outcome, 'pending') = 'renewed'
      OR (coalesce(c.outcome, 'pending') <> 'lost' AND s.id IS NOT NULL) AS renewed,
    coalesce(c.outcome, 'pending') = 'lost'
      OR (coalesce(c.outcome, 'pending') <> 'renewed' AND s.id IS NULL AND p.through >= {grace}) AS
        lost
  FROM live_contracts c JOIN {scope.period} p ON c.valid_to >= p.first_day
    AND c.valid_to <= p.last_day
  LEFT JOIN products own ON own.id = c.product_id
  LEFT JOIN successor{scope.suffix} s ON s.id = c.id
  WHERE coalesce(c.kind, 'new') <> 'amendment'
    AND coalesce(c.outcome, 'pending') <> 'superseded')"""


# Said (`previous_contract_id`) or seen: of the same account, beginning within the grace, reaching
# further. One that names another family continues something else; without a known product on
# either side the benefit of the doubt is given. No window of the period: a successor may be signed
# at any time.
def _successor(_: FactScope) -> str:
    return """
SELECT n.previous_contract_id AS id FROM live_contracts n
  WHERE coalesce(n.kind, 'new') <> 'amendment' AND n.previous_contract_id <> n.id
UNION
SELECT c.id FROM live_contracts c
JOIN live_contracts n ON n.account_id = c.account_id AND n.id <> c.id
  AND n.valid_from > c.valid_from AND n.valid_from <= c.valid_to + 30
  AND (n.valid_to IS NULL OR n.valid_to > c.valid_to)
LEFT JOIN products a ON a.id = c.product_id LEFT JOIN products b ON b.id = n.product_id
WHERE coalesce(n.kind, 'new') <> 'amendment' AND
  (a.family IS NULL OR b.family IS NULL OR a.family = b.family)"""


SUCCESSOR = Relation("successor", "Contracts that another contract continues", _successor)


def _contracts_signed(_: FactScope) -> str:
    return f"""
SELECT c.signed_on AS _on, c.signed_on AS _anchor, c.id, c.account_id, c.product_id, p.family,
  c.kind, {amount_in_base("c", "c.value")}
FROM live_contracts c LEFT JOIN products p ON p.id = c.product_id
  {fx_join("c.currency", "c.signed_on")}
WHERE c.signed_on IS NOT NULL"""


def _continuing(_: FactScope) -> str:
    """Pairs of a contract and one that continues it."""
    return """
SELECT c.id AS unit, n.id FROM live_contracts c JOIN live_contracts n ON n.id <> c.id
  AND coalesce(n.kind, 'new') <> 'amendment'
LEFT JOIN products a ON a.id = c.product_id LEFT JOIN products b ON b.id = n.product_id
WHERE n.previous_contract_id = c.id
  OR (n.account_id = c.account_id AND n.valid_from > c.valid_from
    AND n.valid_from <= c.valid_to + 30
    AND (n.valid_to IS NULL OR n.valid_to > c.valid_to)
      AND (a.family IS NULL OR b.family IS NULL OR a.family = b.family))"""


def _successors(scope: FactScope) -> str:
    return f"""
SELECT NULL AS i, n.unit, x.id, x.account_id, x.previous_contract_id, x.product_id, x.kind,
  x.valid_from, x.valid_to, {LINEAGE}
FROM ({_continuing(scope)}) n JOIN live_contracts x ON x.id = n.id"""


def _contract_products(scope: FactScope) -> str:
    return f"""
SELECT NULL AS i, c.unit, x.id, x.family, {LINEAGE}
FROM (SELECT id AS unit, id FROM live_contracts UNION ({_continuing(scope)})) c
JOIN live_contracts n ON n.id = c.id JOIN products x ON x.id = n.product_id"""


CONTRACTS_DUE = Fact(
    "contracts_due",
    "contracts whose renewal is due in the period",
    {
        "account_id": ACCOUNT,
        "renewed": flag(),
        "lost": flag(),
        "pending": flag("neither yet"),
    },
    _contracts_due,
    Origin(
        "contracts",
        (
            "account_id",
            "product_id",
            "kind",
            "outcome",
            "previous_contract_id",
            "valid_from",
            "valid_to",
        ),
        "is not due",
        leaves_out=(
            ("is an amendment", "t.kind = 'amendment'"),
            ("was superseded", "t.outcome = 'superseded'"),
            ("has no end", "t.valid_to IS NULL"),
            ("ends before the period", "t.valid_to < p.first_day"),
            ("ends after the period, or after the data ends", "t.valid_to > p.last_day"),
        ),
        evidence=(
            Evidence("contracts", "the contract that continues it", _successors),
            Evidence("products", "what the contracts are for", _contract_products),
        ),
    ),
    _CONTRACT,
    dimensions=PRODUCT_DIMENSIONS,
    relations=(SUCCESSOR,),
    own_boundaries=(_DUE_FROM, _DUE_UNTIL),
)
CONTRACTS_SIGNED = Fact(
    "contracts_signed",
    "contracts signed in the period",
    {
        "account_id": ACCOUNT,
        "kind": text("new, renewal, extension, amendment"),
        "amount": money("the contract's value"),
    },
    _contracts_signed,
    Origin(
        "contracts",
        ("account_id", "product_id", "kind", "signed_on", "value", "currency"),
        "was not signed in the period",
        moment="t.signed_on",
        leaves_out=(("has no signing date", "t.signed_on IS NULL"),),
        evidence=(
            Evidence(
                "fx_rates",
                "the rate at signing",
                rates_behind("live_contracts", "t.signed_on"),
                ("amount",),
            ),
        ),
    ),
    _CONTRACT,
    moment=LOCAL_DATE,
    dimensions=PRODUCT_DIMENSIONS,
)
