"""Tickets: resolution, response, first contact, backlog."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from .book import Row
from .dimensions import Cut, team_of_user
from .figures import Figure, count, mean, quantile, ratio
from .populations import Period
from .times import Calendar, business_hours, hours

DEFAULT_CALENDAR = Calendar()


def _resolved(period: Period, cut: Cut) -> list[Row]:
    """The tickets resolved in P."""
    return period.rows("tickets", "resolved_at", cut)


def _lengths(period: Period, cut: Cut, column: str) -> list[Fraction]:
    """Hours from created_at to the column's instant, of tickets where it lies in P."""
    return [
        hours(getattr(row, column) - row.created_at) for row in period.rows("tickets", column, cut)
    ]


def _business_lengths(period: Period, cut: Cut, column: str) -> list[Fraction]:
    """The same in business hours."""
    lengths = []
    for row in period.rows("tickets", column, cut):
        key = ("business hours", id(row), column)
        if key not in period.cache:
            finish = getattr(row, column)
            calendar = _calendar(period, row, period.zone.local_date(finish))
            period.cache[key] = business_hours(period.zone, calendar, row.created_at, finish)
        lengths.append(period.cache[key])
    return lengths


def _calendar(period: Period, ticket: Row, day: date) -> Calendar:
    """The calendar of the agent's team, else the workspace's (under None), else the default."""
    team = team_of_user(period.known, ticket.assignee_id, day)
    if team is not None and team in period.calendars:
        return period.calendars[team]
    return period.calendars.get(None, DEFAULT_CALENDAR)


def time_to_resolution(period: Period, cut: Cut) -> Figure:
    """resolved_at - created_at of tickets resolved in P: mean."""
    return mean(_lengths(period, cut, "resolved_at"))


def time_to_resolution_median(period: Period, cut: Cut) -> Figure:
    """The median."""
    return quantile(_lengths(period, cut, "resolved_at"), Fraction(1, 2))


def time_to_resolution_p90(period: Period, cut: Cut) -> Figure:
    """The 90th percentile."""
    return quantile(_lengths(period, cut, "resolved_at"), Fraction(9, 10))


def time_to_resolution_business(period: Period, cut: Cut) -> Figure:
    """The mean in business hours."""
    return mean(_business_lengths(period, cut, "resolved_at"))


def time_to_resolution_business_median(period: Period, cut: Cut) -> Figure:
    """The median in business hours."""
    return quantile(_business_lengths(period, cut, "resolved_at"), Fraction(1, 2))


def time_to_resolution_business_p90(period: Period, cut: Cut) -> Figure:
    """The 90th percentile in business hours."""
    return quantile(_business_lengths(period, cut, "resolved_at"), Fraction(9, 10))


def response_time(period: Period, cut: Cut) -> Figure:
    """first_replied_at - created_at of tickets first replied in P: mean."""
    return mean(_lengths(period, cut, "first_replied_at"))


def response_time_median(period: Period, cut: Cut) -> Figure:
    """The median."""
    return quantile(_lengths(period, cut, "first_replied_at"), Fraction(1, 2))


def response_time_p90(period: Period, cut: Cut) -> Figure:
    """The 90th percentile."""
    return quantile(_lengths(period, cut, "first_replied_at"), Fraction(9, 10))


def response_time_business(period: Period, cut: Cut) -> Figure:
    """The mean in business hours."""
    return mean(_business_lengths(period, cut, "first_replied_at"))


def response_time_business_median(period: Period, cut: Cut) -> Figure:
    """The median in business hours."""
    return quantile(_business_lengths(period, cut, "first_replied_at"), Fraction(1, 2))


def response_time_business_p90(period: Period, cut: Cut) -> Figure:
    """The 90th percentile in business hours."""
    return quantile(_business_lengths(period, cut, "first_replied_at"), Fraction(9, 10))


def touches_to_resolution(period: Period, cut: Cut) -> Figure:
    """(agent_replies + customer_messages) / tickets resolved in P with one of the two known."""
    tickets = [
        row
        for row in _resolved(period, cut)
        if row.agent_replies is not None or row.customer_messages is not None
    ]
    touches = sum((row.agent_replies or 0) + (row.customer_messages or 0) for row in tickets)
    return ratio(touches, len(tickets), len(tickets), scale=1)


def ticket_reopen_rate(period: Period, cut: Cut) -> Figure:
    """Resolved in P with reopened above 0 / resolved in P with reopened known."""
    tickets = [row for row in _resolved(period, cut) if row.reopened is not None]
    reopened = [row for row in tickets if row.reopened > 0]
    return ratio(len(reopened), len(tickets), len(tickets))


def fcr(period: Period, cut: Cut) -> Figure:
    """One reply, not reopened, nothing more within 7 days / resolved with agent_replies known."""
    tickets = [row for row in _resolved(period, cut) if row.agent_replies is not None]
    first_contact = [
        row
        for row in tickets
        if row.agent_replies == 1 and row.reopened in (None, 0) and not _asked_again(period, row)
    ]
    figure = ratio(len(first_contact), len(tickets), len(tickets))
    figure.window_open = period.window_open(7)
    return figure


def _asked_again(period: Period, ticket: Row) -> bool:
    """Another ticket of the same known account and topic within 7 days after the resolution."""
    if ticket.account_id is None or ticket.topic is None:
        return False
    window_ends = ticket.resolved_at + timedelta(hours=7 * 24)
    return any(
        other.id != ticket.id
        and other.account_id == ticket.account_id
        and other.topic == ticket.topic
        and ticket.resolved_at < other.created_at <= window_ends
        for other in period.known["tickets"]
    )


def ticket_backlog(period: Period, cut: Cut) -> Figure:
    """Created before u, not resolved before u; anchored just before u."""
    waiting = 0
    for row in period.known["tickets"]:
        if row.created_at >= period.u:
            continue
        if row.resolved_at is not None and row.resolved_at < period.u:
            continue
        if cut.keeps(period.at_event("tickets", row, period.last_day)):
            waiting += 1
    return count(waiting)
