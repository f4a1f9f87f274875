"""Deals won or lost, with the touches that led to the close, and deals still open at the end."""

from kampass.facts.accounts import END_ANCHOR_OF_ROWS
from kampass.facts.amounts import amount_in_base, rates_behind
from kampass.facts.fact import (
    ACCOUNT,
    INSTANT,
    LINEAGE,
    Boundary,
    Evidence,
    Fact,
    FactScope,
    Noun,
    Origin,
    days,
    flag,
    money,
    number,
    text,
)
from kampass.facts.prepared import fx_join


# Touches are counted per deal before they are joined: joined first, each touch would repeat the
# deal's amount.
def _deals_closed(scope: FactScope) -> str:
    day = f"CAST(timezone({scope.zone}, d.closed_at) AS DATE)"
    cycle = "epoch_us(d.closed_at) - epoch_us(d.created_at) AS cycle"
    touches, counted = "", ""
    if scope.uses("touches"):
        counted = ", coalesce(t.touches, 0) AS touches"
        touches = """LEFT JOIN (
  SELECT t.deal_id, count(*) AS touches FROM live_touches t JOIN live_deals d ON d.id = t.deal_id
  WHERE t.channel IN ('email', 'call', 'meeting', 'video')
    AND NOT coalesce(t.is_automated, false) AND coalesce(t.purpose, '') <> 'internal'
    AND coalesce(t.outcome, '') NOT IN ('cancelled', 'bounced') AND t.occurred_at <= d.closed_at
  GROUP BY t.deal_id) t ON t.deal_id = d.id"""
    return f"""
SELECT d.closed_at AS _at, {day} AS _anchor, d.id, d.account_id, d.owner_id AS _actor, d.owner_id,
  d.contact_id, d.kind, d.status, d.source,
  d.attributed_to, {cycle}, d.amount IS NOT NULL AS has_amount,
  {amount_in_base("d", "d.amount")}{counted}
FROM live_deals d {fx_join("d.currency", day)} {touches}
WHERE d.status IN ('won', 'lost')"""


def _closed_at(deal: str) -> str:
    """When a deal was closed (its SQL); that of an open one is only expected."""
    return f"CASE WHEN {deal}.status <> 'open' THEN {deal}.closed_at END"


_CREATED = Boundary("end moved", "d.created_at < p.u", "d.created_at <= p.u")
_NOT_CLOSED = Boundary(
    "end at closing moved", f"{_closed_at('d')} >= p.u", f"{_closed_at('d')} > p.u"
)


# The status is today's: what was open at a past end is read from the two instants.
def _open_deals(scope: FactScope) -> str:
    day = f"CAST(timezone({scope.zone}, d.created_at) AS DATE)"
    return f"""
SELECT p.i, p.last_day AS _anchor, d.id, d.account_id, d.owner_id AS _actor, d.owner_id, d.kind,
  d.source, {amount_in_base("d", "d.amount")}
FROM live_deals d JOIN {scope.period} p ON {_CREATED.sql}
  AND coalesce({_NOT_CLOSED.sql}, true) {fx_join("d.currency", day)}"""


def _deal_touches(_: FactScope) -> str:
    return f"""
SELECT NULL AS i, d.id AS unit, x.id, x.deal_id, x.channel, x.purpose, x.outcome, x.is_automated,
  x.occurred_at, {LINEAGE}
FROM live_touches x JOIN live_deals d ON d.id = x.deal_id
WHERE x.channel IN ('email', 'call', 'meeting', 'video') AND NOT coalesce(x.is_automated, false)
  AND coalesce(x.purpose, '') <> 'internal'
  AND coalesce(x.outcome, '') NOT IN ('cancelled', 'bounced') AND x.occurred_at <= d.closed_at"""


DEALS_CLOSED = Fact(
    "deals_closed",
    "deals won or lost in the period",
    {
        "account_id": ACCOUNT,
        "owner_id": text(),
        "kind": text("new, upsell, cross_sell, renewal, extension"),
        "status": text("won or lost"),
        "source": text(),
        "attributed_to": text("support, success, sales, marketing"),
        "amount": money(),
        "has_amount": flag("an amount is known"),
        "cycle": days("from creation to close; unknown where nobody says when it was created"),
        "touches": number("touches up to the close"),
    },
    _deals_closed,
    Origin(
        "deals",
        (
            "account_id",
            "owner_id",
            "kind",
            "status",
            "source",
            "attributed_to",
            "amount",
            "currency",
            "created_at",
            "closed_at",
        ),
        "was not closed",
        moment="t.closed_at",
        leaves_out=(("is still open", "t.status = 'open'"),),
        evidence=(
            Evidence(
                "fx_rates",
                "the rate at the close",
                rates_behind("live_deals", "CAST(timezone({zone}, t.closed_at) AS DATE)"),
                ("amount",),
            ),
            Evidence("touches", "touches up to the close", _deal_touches, ("touches",)),
        ),
    ),
    Noun("deal", "deals"),
    moment=INSTANT,
    dimensions={"user": "owner_id", "source": "source", "kind": "kind"},
    actor="own",
)
OPEN_DEALS = Fact(
    "open_deals",
    "deals open at the end of the period",
    {
        "account_id": ACCOUNT,
        "owner_id": text(),
        "kind": text("new, upsell, cross_sell, renewal, extension"),
        "source": text(),
        "amount": money("at the rate of the day the deal was created"),
    },
    _open_deals,
    Origin(
        "deals",
        (
            "account_id",
            "owner_id",
            "kind",
            "status",
            "source",
            "amount",
            "currency",
            "created_at",
            "closed_at",
        ),
        "is not open at the end",
        leaves_out=(
            ("nobody says when it was created", "t.created_at IS NULL"),
            ("was created after the end", "t.created_at >= p.u"),
            ("was closed before the end", f"{_closed_at('t')} < p.u"),
        ),
        evidence=(
            Evidence(
                "fx_rates",
                "the rate of the day it was created",
                rates_behind("live_deals", "CAST(timezone({zone}, t.created_at) AS DATE)"),
                ("amount",),
            ),
        ),
    ),
    Noun("deal", "deals"),
    dimensions={"user": "owner_id", "source": "source", "kind": "kind"},
    actor="own",
    own_boundaries=(_CREATED, _NOT_CLOSED, END_ANCHOR_OF_ROWS),
)
