"""Touches and usage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction

from .book import Row
from .dimensions import Cut
from .figures import Figure, count, mean, ratio, total
from .populations import Period
from .times import DAY, hours


def is_real(touch: Row) -> bool:
    """Not automated, not of purpose internal, of outcome completed or null."""
    return (
        not touch.is_automated
        and touch.purpose != "internal"
        and touch.outcome in (None, "completed")
    )


def is_interaction(touch: Row) -> bool:
    """Not automated, not internal, outcome not cancelled or bounced; both directions."""
    return (
        not touch.is_automated
        and touch.purpose != "internal"
        and touch.outcome not in ("cancelled", "bounced")
    )


def _touches(period: Period, cut: Cut, counts: Callable[[Row], bool]) -> list[Row]:
    """The touches in P that count and that the cut keeps."""
    return [row for row in period.rows("touches", "occurred_at", cut) if counts(row)]


def _outbound_of(period: Period, cut: Cut, purpose: str, channel: str | None) -> Figure:
    """Outbound, not automated, not cancelled or bounced, of that purpose and channel."""
    rows = [
        row
        for row in period.rows("touches", "occurred_at", cut)
        if row.direction == "outbound"
        and not row.is_automated
        and row.outcome not in ("cancelled", "bounced")
        and row.purpose == purpose
        and channel in (None, row.channel)
    ]
    return count(len(rows))


def support_emails(period: Period, cut: Cut) -> Figure:
    """Of purpose support, by email."""
    return _outbound_of(period, cut, "support", "email")


def support_calls(period: Period, cut: Cut) -> Figure:
    """Of purpose support, by call."""
    return _outbound_of(period, cut, "support", "call")


def support_touches(period: Period, cut: Cut) -> Figure:
    """Of purpose support."""
    return _outbound_of(period, cut, "support", None)


def success_emails(period: Period, cut: Cut) -> Figure:
    """Of purpose success, by email."""
    return _outbound_of(period, cut, "success", "email")


def success_calls(period: Period, cut: Cut) -> Figure:
    """Of purpose success, by call."""
    return _outbound_of(period, cut, "success", "call")


def success_touches(period: Period, cut: Cut) -> Figure:
    """Of purpose success."""
    return _outbound_of(period, cut, "success", None)


def _is_real_outbound(row: Row) -> bool:
    """A real outbound touch with an account."""
    return is_real(row) and row.direction == "outbound" and row.account_id is not None


def clients_touched(period: Period, cut: Cut) -> Figure:
    """Mean over local days with at least one of the distinct accounts; n counts the days."""
    days: dict[object, set[str]] = {}
    for row in _touches(period, cut, _is_real_outbound):
        days.setdefault(period.zone.local_date(row.occurred_at), set()).add(row.account_id)
    return mean([Fraction(len(accounts)) for accounts in days.values()])


def clients_touched_distinct(period: Period, cut: Cut) -> Figure:
    """The distinct accounts in P."""
    return count(len({row.account_id for row in _touches(period, cut, _is_real_outbound)}))


def customer_interactions(period: Period, cut: Cut) -> Figure:
    """Interactions in P."""
    return count(len(_touches(period, cut, is_interaction)))


def interaction_time(period: Period, cut: Cut) -> Figure:
    """The sum of their minutes / 60."""
    rows = _touches(period, cut, is_interaction)
    return total([row.minutes / 60 for row in rows if row.minutes is not None], len(rows))


def inbound_touch_rate(period: Period, cut: Cut) -> Figure:
    """inbound / customer_interactions."""
    rows = _touches(period, cut, is_interaction)
    inbound = [row for row in rows if row.direction == "inbound"]
    return ratio(len(inbound), len(rows), len(rows))


def _interactions_of(period: Period, accounts: list[str]) -> int:
    """The interactions in P of these accounts."""
    return len(
        [
            row
            for row in period.rows_in("touches", "occurred_at")
            if is_interaction(row) and row.account_id in accounts
        ]
    )


def client_communication_frequency(period: Period, cut: Cut) -> Figure:
    """customer_interactions of S / (S x months)."""
    opening = period.kept_at_start(period.opening, cut)
    interactions = _interactions_of(period, opening)
    return ratio(interactions, len(opening) * period.months, len(opening), scale=1)


def interaction_gap(period: Period, cut: Cut) -> Figure:
    """Mean over accounts of E of the days since the last real touch before u."""
    gaps = []
    for account in period.kept_at_end(period.closing, cut):
        touched = [
            row.occurred_at
            for row in period.known["touches"]
            if row.account_id == account and is_real(row) and row.occurred_at < period.u
        ]
        if touched:
            gaps.append(hours(period.u - max(touched)) / 24)
    return mean(gaps)


def clients_reached(period: Period, cut: Cut) -> Figure:
    """Distinct accounts, never active before the touch, with a real outbound touch in P."""
    reached = {
        row.account_id
        for row in _touches(period, cut, _is_real_outbound)
        if not period.known.active_before(row.account_id, row.occurred_at)
    }
    return count(len(reached))


def acquisition_rate(period: Period, cut: Cut) -> Figure:
    """Prospects first touched in P: active for the first time within 90 days / all."""
    reached, acquired = 0, 0
    for touch in _first_touches(period):
        if not period.contains(touch.occurred_at):
            continue
        if period.known.active_before(touch.account_id, touch.occurred_at):
            continue
        if not cut.keeps(period.at_event("touches", touch, touch.occurred_at)):
            continue
        reached += 1
        if _first_active(period, touch.account_id, touch.occurred_at):
            acquired += 1
    figure = ratio(acquired, reached, reached)
    figure.window_open = period.window_open(90)
    return figure


def _first_touches(period: Period) -> list[Row]:
    """The first real outbound touch ever of each account, ties by the smaller id."""
    key = ("first touches",)
    if key not in period.known.cache:
        first: dict[str, Row] = {}
        for row in period.known["touches"]:
            if not _is_real_outbound(row):
                continue
            held = first.get(row.account_id)
            if held is None or (row.occurred_at, row.id) < (held.occurred_at, held.id):
                first[row.account_id] = row
        period.known.cache[key] = list(first.values())
    return period.known.cache[key]


def _first_active(period: Period, account: str, touched: datetime) -> bool:
    """Whether the account's first paid line begins within 90 days after the touch."""
    lines = period.known.paid_lines.get(account, [])
    if not lines:
        return False
    first = min(line.begins for line in lines)
    return touched <= first <= touched + 90 * DAY


# -- usage ------------------------------------------------------------------------------------


def _active_days(period: Period, accounts: list[str]) -> int:
    """Distinct (account, day) in P with active_users or logins above 0."""
    return len(
        {
            (row.account_id, row.on)
            for row in period.rows_in("usage_daily", "on")
            if row.account_id in accounts and ((row.active_users or 0) > 0 or (row.logins or 0) > 0)
        }
    )


def usage_per_client(period: Period, cut: Cut) -> Figure:
    """Active days of accounts of S with any usage row before u / those accounts."""
    first = period.zone.first_instant
    key = ("with usage before", period.u)
    if key not in period.known.cache:
        period.known.cache[key] = {
            row.account_id for row in period.known["usage_daily"] if first(row.on) < period.u
        }
    with_usage = period.known.cache[key]
    opening = period.kept_at_start(period.opening, cut)
    accounts = [account for account in opening if account in with_usage]
    return ratio(_active_days(period, accounts), len(accounts), len(accounts), scale=1)


def usage_logins(period: Period, cut: Cut) -> Figure:
    """The sum of logins; n counts the rows."""
    rows = period.rows("usage_daily", "on", cut)
    return total([row.logins for row in rows if row.logins is not None], len(rows))


def usage_time(period: Period, cut: Cut) -> Figure:
    """The sum of minutes / 60; n counts the rows."""
    rows = period.rows("usage_daily", "on", cut)
    return total([row.minutes / 60 for row in rows if row.minutes is not None], len(rows))


def client_engagement_level(period: Period, cut: Cut) -> Figure:
    """(distinct usage days + customer_interactions of S) / (S x months)."""
    opening = period.kept_at_start(period.opening, cut)
    engaged = _active_days(period, opening) + _interactions_of(period, opening)
    return ratio(engaged, len(opening) * period.months, len(opening), scale=1)
