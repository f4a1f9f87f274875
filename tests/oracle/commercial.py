"""Contracts, deals, purchases and costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction

from .book import Row, day_before
from .dimensions import Cut, family
from .figures import (
    Figure,
    count,
    has_gap,
    mean,
    missing_rate,
    money_total,
    plus,
    quantile,
    ratio,
)
from .populations import Period
from .times import hours, previous_period, twelve_months_before

# -- contracts --------------------------------------------------------------------------------


def due_contracts(period: Period, cut: Cut) -> list[Row]:
    """valid_to in P, kind not amendment, outcome not superseded; anchored just before valid_to."""
    due = []
    for row in period.rows_in("contracts", "valid_to"):
        if row.kind == "amendment" or row.outcome == "superseded":
            continue
        if cut.keeps(period.at_event("contracts", row, day_before(row.valid_to))):
            due.append(row)
    return due


def state_of(period: Period, contract: Row) -> str:
    """renewed, lost or pending."""
    if contract.outcome in ("renewed", "lost"):
        return contract.outcome
    grace_ends = contract.valid_to + timedelta(days=30)
    for other in period.known["contracts"]:
        if other.id == contract.id or other.kind == "amendment":
            continue
        if other.previous_contract_id == contract.id:
            return "renewed"
        if (
            other.account_id == contract.account_id
            and _same_family(period, contract, other)
            and contract.valid_from < other.valid_from <= grace_ends
            and (other.valid_to is None or other.valid_to > contract.valid_to)
        ):
            return "renewed"
    if period.through < period.zone.first_instant(grace_ends):
        return "pending"
    return "lost"


def _same_family(period: Period, one: Row, other: Row) -> bool:
    """Same family where both have a product."""
    if one.product_id is None or other.product_id is None:
        return True
    return family(period.known, one.product_id) == family(period.known, other.product_id)


def contract_renewal_rate(period: Period, cut: Cut) -> Figure:
    """renewed / due; provisional while any is pending."""
    states = [state_of(period, contract) for contract in due_contracts(period, cut)]
    figure = ratio(states.count("renewed"), len(states), len(states))
    figure.window_open = "pending" in states
    return figure


def contract_retention_rate(period: Period, cut: Cut) -> Figure:
    """renewed / (renewed + lost); provisional while any is pending."""
    states = [state_of(period, contract) for contract in due_contracts(period, cut)]
    decided = states.count("renewed") + states.count("lost")
    figure = ratio(states.count("renewed"), decided, decided)
    figure.window_open = "pending" in states
    return figure


def missed_renewals(period: Period, cut: Cut) -> Figure:
    """Due and pending."""
    states = [state_of(period, contract) for contract in due_contracts(period, cut)]
    figure = count(states.count("pending"))
    figure.window_open = "pending" in states
    return figure


def contract_extension_revenue(period: Period, cut: Cut) -> Figure:
    """value of kind renewal or extension, signed_on in P."""
    rows = [
        row
        for row in period.rows("contracts", "signed_on", cut)
        if row.kind in ("renewal", "extension")
    ]
    amounts = [
        period.known.money(row.value, row.currency, row.signed_on)
        for row in rows
        if row.value is not None
    ]
    return money_total(amounts, len(rows))


# -- deals ------------------------------------------------------------------------------------


def _won_amounts(period: Period, deals: list[Row]) -> list[Fraction | None]:
    """The amounts of the deals at the rate of their closing day; a deal without one adds none."""
    return [
        period.known.money(row.amount, row.currency, period.zone.local_date(row.closed_at))
        for row in deals
        if row.amount is not None
    ]


def _won(period: Period, cut: Cut) -> list[Row]:
    return [row for row in period.rows("deals", "closed_at", cut) if row.status == "won"]


def revenue_booked(period: Period, cut: Cut) -> Figure:
    """Amount of won deals closed in P."""
    won = _won(period, cut)
    return money_total(_won_amounts(period, won), len(won))


def win_rate(period: Period, cut: Cut) -> Figure:
    """won / (won + lost), closed in P."""
    closed = [
        row for row in period.rows("deals", "closed_at", cut) if row.status in ("won", "lost")
    ]
    won = [row for row in closed if row.status == "won"]
    return ratio(len(won), len(closed), len(closed))


def upsell_success_rate(period: Period, cut: Cut) -> Figure:
    """win_rate of kinds upsell and cross_sell."""
    closed = [
        row
        for row in period.rows("deals", "closed_at", cut)
        if row.status in ("won", "lost") and row.kind in ("upsell", "cross_sell")
    ]
    won = [row for row in closed if row.status == "won"]
    return ratio(len(won), len(closed), len(closed))


def _share_of_won(period: Period, won: list[Row], part: list[Row]) -> Figure:
    everything = _won_amounts(period, won)
    if has_gap(everything):
        return missing_rate(len(won))
    return ratio(plus(_won_amounts(period, part)), plus(everything), len(won))


def upsell_revenue_share(period: Period, cut: Cut) -> Figure:
    """Won amount of kind upsell / won amount."""
    won = _won(period, cut)
    return _share_of_won(period, won, [row for row in won if row.kind == "upsell"])


def cross_sell_revenue_share(period: Period, cut: Cut) -> Figure:
    """Won amount of kind cross_sell / won amount."""
    won = _won(period, cut)
    return _share_of_won(period, won, [row for row in won if row.kind == "cross_sell"])


def reference_sales_share(period: Period, cut: Cut) -> Figure:
    """Won amount with source referral / won amount."""
    won = _won(period, cut)
    return _share_of_won(period, won, [row for row in won if row.source == "referral"])


def customer_upsell_revenue(period: Period, cut: Cut) -> Figure:
    """Won amount of kinds upsell, cross_sell, extension attributed to support or success."""
    rows = [
        row
        for row in _won(period, cut)
        if row.kind in ("upsell", "cross_sell", "extension")
        and row.attributed_to in ("support", "success")
    ]
    return money_total(_won_amounts(period, rows), len(rows))


def touches_to_closure(period: Period, cut: Cut) -> Figure:
    """Touches of the deal up to its closing, of deals won in P / those deals with at least one."""
    touches, deals = 0, 0
    for deal in _won(period, cut):
        of_deal = [
            touch
            for touch in period.known["touches"]
            if touch.deal_id == deal.id
            and touch.channel in ("email", "call", "meeting", "video")
            and not touch.is_automated
            and touch.purpose != "internal"
            and touch.outcome not in ("cancelled", "bounced")
            and touch.occurred_at <= deal.closed_at
        ]
        if of_deal:
            touches += len(of_deal)
            deals += 1
    return ratio(touches, deals, deals, scale=1)


def average_deal_size(period: Period, cut: Cut) -> Figure:
    """amount / deals won in P with a known amount."""
    won = [row for row in _won(period, cut) if row.amount is not None]
    amounts = _won_amounts(period, won)
    if has_gap(amounts):
        return missing_rate(len(won))
    return ratio(plus(amounts), len(won), len(won), scale=1)


def _cycles(period: Period, cut: Cut) -> list[Fraction]:
    """The days from created_at to closed_at of deals won in P where created_at is known."""
    return [
        hours(row.closed_at - row.created_at) / 24
        for row in _won(period, cut)
        if row.created_at is not None
    ]


def sales_cycle(period: Period, cut: Cut) -> Figure:
    """(closed_at - created_at) / 24 h: mean."""
    return mean(_cycles(period, cut))


def sales_cycle_median(period: Period, cut: Cut) -> Figure:
    """The median."""
    return quantile(_cycles(period, cut), Fraction(1, 2))


def open_pipeline(period: Period, cut: Cut) -> Figure:
    """Amount of deals created before u and not closed before u, at the rate of the day they were
    created; anchored just before u. What a deal that is still open says of its closing is an
    expectation.
    """
    waiting = []
    for row in period.known["deals"]:
        if row.created_at is None or row.created_at >= period.u:
            continue
        if row.status != "open" and row.closed_at < period.u:
            continue
        if cut.keeps(period.at_event("deals", row, period.last_day)):
            waiting.append(row)
    amounts = [
        period.known.money(row.amount, row.currency, period.zone.local_date(row.created_at))
        for row in waiting
        if row.amount is not None
    ]
    return money_total(amounts, len(waiting))


# -- purchases and costs ----------------------------------------------------------------------


def _signed_amount(period: Period, row: Row) -> Fraction | None:
    """The amount of a purchase; a credit is minus its absolute amount."""
    amount = -abs(row.amount) if row.kind == "credit" else row.amount
    return period.known.money(amount, row.currency, period.zone.local_date(row.purchased_at))


def _purchases(period: Period, cut: Cut) -> list[Row]:
    """The purchases in P that are no credits."""
    return [row for row in period.rows("purchases", "purchased_at", cut) if row.kind != "credit"]


def sales_growth_rate(period: Period, cut: Cut) -> Figure:
    """(amount in P - amount in the previous period) / amount in the previous period."""
    start, end = previous_period(period.start, period.end)
    before = Period(period.known, start, end, period.zone.first_instant(end))
    now_rows = period.rows("purchases", "purchased_at", cut)
    before_rows = before.rows("purchases", "purchased_at", cut)
    now = [_signed_amount(period, row) for row in now_rows]
    then = [_signed_amount(period, row) for row in before_rows]
    if has_gap(now) or has_gap(then):
        return missing_rate(len(before_rows))
    figure = ratio(plus(now) - plus(then), plus(then), len(before_rows))
    if plus(then) <= 0:
        figure.value = None
    return figure


def average_purchase_value(period: Period, cut: Cut) -> Figure:
    """amount / purchases."""
    rows = _purchases(period, cut)
    amounts = [_signed_amount(period, row) for row in rows]
    if has_gap(amounts):
        return missing_rate(len(rows))
    return ratio(plus(amounts), len(rows), len(rows), scale=1)


def purchase_frequency(period: Period, cut: Cut) -> Figure:
    """purchases / accounts purchasing."""
    rows = _purchases(period, cut)
    accounts = {row.account_id for row in rows}
    return ratio(len(rows), len(accounts), len(accounts), scale=1)


def _purchased_before(period: Period) -> set[str]:
    """The accounts with a purchase before s; history is never filtered by the cut."""
    return {
        row.account_id
        for row in period.known["purchases"]
        if row.kind != "credit" and row.purchased_at < period.s
    }


def repeat_customer_share(period: Period, cut: Cut) -> Figure:
    """Accounts purchasing in P with a purchase before s / accounts purchasing in P."""
    accounts = {row.account_id for row in _purchases(period, cut)}
    return ratio(len(accounts & _purchased_before(period)), len(accounts), len(accounts))


def new_to_repeat_ratio(period: Period, cut: Cut) -> Figure:
    """Amount from accounts without a purchase before s / amount from the others."""
    rows = _purchases(period, cut)
    earlier = _purchased_before(period)
    repeating = {row.account_id for row in rows if row.account_id in earlier}
    if has_gap([_signed_amount(period, row) for row in rows]):
        return missing_rate(len(repeating))
    new = plus(_signed_amount(period, row) for row in rows if row.account_id not in earlier)
    repeat = plus(_signed_amount(period, row) for row in rows if row.account_id in earlier)
    return ratio(new, repeat, len(repeating), scale=1)


def repeat_buyer_share(period: Period, cut: Cut) -> Figure:
    """Accounts with purchases at two or more instants in P / accounts purchasing in P."""
    instants: dict[str, set[datetime]] = {}
    for row in _purchases(period, cut):
        instants.setdefault(row.account_id, set()).add(row.purchased_at)
    again = [account for account, when in instants.items() if len(when) >= 2]
    return ratio(len(again), len(instants), len(instants))


def _net_amounts(period: Period, within: Period) -> dict[str, Fraction | None]:
    """What each account bought within a period, less its credits; None without a rate."""
    amounts: dict[str, list[Fraction | None]] = {}
    for row in within.rows_in("purchases", "purchased_at"):
        amounts.setdefault(row.account_id, []).append(_signed_amount(period, row))
    return {account: None if has_gap(found) else plus(found) for account, found in amounts.items()}


def _kept_sales(period: Period, cut: Cut, keep: Callable[[Fraction, Fraction], Fraction]) -> Figure:
    """What is kept of the accounts that bought for more than nothing in the previous period."""
    start, end = previous_period(period.start, period.end)
    before = Period(period.known, start, end, period.zone.first_instant(end))
    then, now = _net_amounts(period, before), _net_amounts(period, period)
    accounts = period.kept_at_start(
        {account for account, net in then.items() if net is None or net > 0}, cut
    )
    pairs = [(then[account], now.get(account, Fraction(0))) for account in accounts]
    if any(has_gap(pair) for pair in pairs):
        return missing_rate(len(accounts))
    kept = [keep(earlier, max(Fraction(0), later)) for earlier, later in pairs]
    return ratio(plus(kept), plus(earlier for earlier, _ in pairs), len(accounts))


def purchase_nrr(period: Period, cut: Cut) -> Figure:
    """Their net amount in P, not below 0 each / that of the previous period."""
    return _kept_sales(period, cut, lambda _, later: later)


def purchase_grr(period: Period, cut: Cut) -> Figure:
    """The lesser of the two each / that of the previous period."""
    return _kept_sales(period, cut, min)


def clv(period: Period, cut: Cut) -> Figure:
    """Over the 12 months to u: average purchase value x purchase frequency x 1 / churn."""
    year = _twelve_months_to_u(period)
    rows = _purchases(year, cut)
    opening = year.kept_at_start(year.opening, cut)
    lost = [account for account in opening if account in year.lost]
    amounts = [_signed_amount(year, row) for row in rows]
    if has_gap(amounts):
        return missing_rate(len(opening))
    if not rows or not lost:
        return Figure(len(opening), None)
    value = plus(amounts) / len(rows)
    frequency = Fraction(len(rows), len({row.account_id for row in rows}))
    churn = Fraction(len(lost), len(opening))
    return Figure(len(opening), value * frequency / churn)


def _twelve_months_to_u(period: Period) -> Period:
    """[u - 12 months, u): the same clock time of the day 12 months earlier."""
    key = ("twelve months", period.u)
    if key not in period.known.cache:
        begin = twelve_months_before(period.zone, period.u)
        year = Period(period.known, period.zone.local_date(begin), period.end, period.u)
        year.s = begin
        period.known.cache[key] = year
    return period.known.cache[key]


def account_profitability(period: Period, cut: Cut) -> Figure:
    """Amount, credits negative, - service costs, in P; n counts the rows."""
    purchases = period.rows("purchases", "purchased_at", cut)
    costs = [row for row in period.rows("costs", "on", cut) if row.kind == "service"]
    amounts = [_signed_amount(period, row) for row in purchases]
    amounts += [period.known.money(-row.amount, row.currency, row.on) for row in costs]
    return money_total(amounts, len(purchases) + len(costs))
