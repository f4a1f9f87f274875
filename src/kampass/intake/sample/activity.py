"""Touches and daily usage: the two largest tables, drawn in bulk from who was a customer when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kampass.intake.sample.book import JOINING, PROSPECT
from kampass.intake.sample.firm import PRODUCTS
from kampass.intake.sample.lifecycle import World
from kampass.intake.sample.relations import Deals
from kampass.intake.sample.service import Tickets
from kampass.intake.sample.shapes import (
    DAY,
    END,
    NULL,
    draw,
    draw_codes,
    ids,
    make,
    office_instant,
    pick,
    working_day,
)
from kampass.intake.sample.stories import STORIES

_CHANNELS = {"email": 46, "call": 22, "meeting": 9, "video": 13, "chat": 6, "sms": 2, "other": 2}
_CHANNEL_MINUTES = np.array([4, 14, 48, 34, 9, 1, 10])
_OUTCOMES = {"completed": 86, "no_answer": 7, "bounced": 2, "cancelled": 3, None: 2}
_PURPOSES = ("support", "success", "sales", "internal")
_SUPPORT, _SUCCESS, _SALES, _INTERNAL = range(4)
_FADE_DAYS = STORIES.usage_before_churn.days


@dataclass(frozen=True)
class _Touches:
    """Touches by what sets them apart; a deal or ticket of -1 is none."""

    account: np.ndarray
    at: np.ndarray
    purpose: np.ndarray
    deal: np.ndarray
    ticket: np.ndarray
    user: np.ndarray

    @classmethod
    def joined(cls, parts: list[_Touches]) -> _Touches:
        """All parts in the order of time."""
        order = np.argsort(np.concatenate([part.at for part in parts]), kind="stable")
        names = ("account", "at", "purpose", "deal", "ticket", "user")
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts])[order] for name in names)
        )


def touches(world: World, deals: Deals, tickets: Tickets) -> pa.Table:
    """About as many touches as the size says, in the order of time."""
    rng = world.stream("touches")
    total = world.size.touches
    of_deals = _deal_touches(rng, deals, total // 3)
    of_tickets = _ticket_touches(rng, tickets, min(total // 6, 3 * len(tickets.account)))
    of_prospects = _prospect_touches(rng, world, total // 12)
    rest = max(0, total - len(of_deals.at) - len(of_tickets.at) - len(of_prospects.at))
    every = _Touches.joined(
        [of_deals, of_tickets, of_prospects, _account_touches(rng, world, rest)]
    )
    return _touch_table(rng, world, every, (deals, tickets))


def _deal_touches(rng: np.random.Generator, deals: Deals, most: int) -> _Touches:
    counts = rng.integers(2, 8, len(deals.account))
    deal = np.repeat(np.arange(len(counts)), counts)
    deal = np.sort(rng.choice(deal, min(most, len(deal)), replace=False))
    until = np.where(deals.closed == NULL, END * DAY, deals.closed)[deal]
    span = until - deals.created[deal]
    at = deals.created[deal] + (span * (0.02 + 0.97 * rng.random(len(deal)))).astype(np.int64)
    none = np.full(len(deal), -1)
    return _Touches(
        deals.account[deal], at, np.full(len(deal), _SALES), deal, none, deals.owner[deal]
    )


def _ticket_touches(rng: np.random.Generator, tickets: Tickets, count: int) -> _Touches:
    ticket = (
        rng.integers(0, len(tickets.account), count)
        if len(tickets.account)
        else np.zeros(0, dtype=np.int64)
    )
    resolved = tickets.resolved[ticket]
    until = np.where(
        resolved == NULL, np.minimum(tickets.created[ticket] + DAY, END * DAY - 1), resolved
    )
    at = tickets.created[ticket] + (
        (until - tickets.created[ticket]) * rng.random(len(ticket))
    ).astype(np.int64)
    none = np.full(len(ticket), -1)
    purpose = np.full(len(ticket), _SUPPORT)
    return _Touches(tickets.account[ticket], at, purpose, none, ticket, tickets.assignee[ticket])


def _prospect_touches(rng: np.random.Generator, world: World, count: int) -> _Touches:
    book = world.book
    known = np.flatnonzero(np.isin(book.standing, (JOINING, PROSPECT)))
    account = known[rng.integers(0, len(known), count)]
    first = book.known_from[account]
    last = np.where(
        book.standing[account] == JOINING, book.started[account], np.minimum(first + 150, END)
    )
    days = first + ((last - first) * rng.random(count)).astype(np.int64)
    days = np.minimum(working_day(days), last - 1)
    user = world.firm.on_duty(rng, "sales", days)
    return _unlinked(account, office_instant(rng, days), np.full(count, _SALES), user)


def _unlinked(
    account: np.ndarray, at: np.ndarray, purpose: np.ndarray, user: np.ndarray
) -> _Touches:
    none = np.full(len(account), -1)
    return _Touches(account, at, purpose, none, none, user)


def _account_touches(rng: np.random.Generator, world: World, count: int) -> _Touches:
    account, started, ended = world.spans
    weight = (ended - started) * np.sqrt(world.book.seats[account] + 30)
    span = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(count), side="right")
    span = np.minimum(span, len(account) - 1)
    who, first, last = account[span], started[span], ended[span]
    days = np.minimum(
        working_day(first + ((last - first) * rng.random(count)).astype(np.int64)), last - 1
    )
    purpose = draw_codes(rng, {"support": 24, "success": 58, "sales": 13, "internal": 5}, count)
    user = np.where(
        purpose == _SUPPORT,
        world.firm.on_duty(rng, "support", days),
        world.book.owner_at(who, days),
    )
    return _unlinked(who, office_instant(rng, days), purpose, user)


def _touch_table(
    rng: np.random.Generator, world: World, every: _Touches, linked: tuple[Deals, Tickets]
) -> pa.Table:
    deals, tickets = linked
    count = len(every.at)
    channel = draw_codes(rng, _CHANNELS, count)
    chance_inbound = np.array([0.45, 0.3, 0.25, 0.0])[every.purpose]
    contact = np.where(every.purpose == _INTERNAL, -1, world.book.contact_of(rng, every.account))
    if len(tickets.contact):
        contact = np.where(every.ticket >= 0, tickets.contact[every.ticket], contact)
    outcome = draw(rng, _OUTCOMES, count)
    minutes = np.round(_CHANNEL_MINUTES[channel] * rng.lognormal(0, 0.4, count), 1)
    sentiment = np.round(np.clip(rng.normal(0.25, 0.35, count), -1, 1), 2)
    return make(
        "touches",
        {
            "id": ids("tch", count, width=8),
            "occurred_at": every.at,
            "channel": pick(tuple(_CHANNELS), channel),
            "direction": pick(
                ("inbound", "outbound"), (rng.random(count) >= chance_inbound).astype(np.int64)
            ),
            "purpose": pick(_PURPOSES, every.purpose),
            "user_id": pick(world.firm.user_ids, every.user),
            "account_id": pick(world.book.ids, every.account),
            "contact_id": pick(world.book.contact_ids, contact),
            "deal_id": pick(deals.ids, every.deal),
            "ticket_id": pick(tickets.ids, every.ticket),
            "minutes": pc.if_else(
                pc.equal(pc.fill_null(outcome, "completed"), "completed"), minutes, 0.0
            ),
            "outcome": outcome,
            "sentiment": pa.array(sentiment, mask=rng.random(count) < 0.6),
            "is_automated": (channel == 0) & (every.deal < 0) & (rng.random(count) < 0.06),
        },
    )


def usage(world: World) -> pa.Table:
    """Use on working days of every tiered product an account pays for, fading before the account
    leaves.
    """
    rng = world.stream("usage")
    line, on = _working_days(world)
    shape = _usage_shape(rng, world, line, on)
    presence = 0.35 + 0.65 * np.minimum(1, shape)
    chance = presence * world.size.usage / max(1.0, presence.sum())
    kept = rng.random(len(on)) < chance
    line, on, shape = line[kept], on[kept], shape[kept]
    lines = world.ledger.lines
    account, product, seats = (
        np.array([getattr(one, name) for one in lines], dtype=np.int64)[line]
        for name in ("account", "product", "quantity")
    )
    share = (0.35 + 0.4 * rng.random(len(world.book)))[account]
    active = np.round(
        np.minimum(seats, seats * share * shape * rng.normal(1, 0.12, len(on)).clip(0.6, 1.4))
    )
    logins = np.maximum(1, np.round(active * rng.uniform(1.2, 2.2, len(on))))
    return make(
        "usage_daily",
        {
            "account_id": pick(world.book.ids, account),
            "on": on,
            "product_id": pick([one.id for one in PRODUCTS], product),
            "active_users": np.maximum(1, active).astype(np.int64),
            "seats": seats,
            "logins": logins.astype(np.int64),
            "minutes": np.round(logins * rng.uniform(9, 22, len(on)), 1),
            "key_events": np.round(logins * rng.uniform(1.5, 4, len(on))).astype(np.int64),
        },
    )


def _working_days(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Every working day of every paid line of a tiered product, as line and day."""
    ledger, standing = world.ledger, world.book.standing
    used = [
        at
        for at, line in enumerate(ledger.lines)
        if line.price and PRODUCTS[line.product].tier_rank and standing[line.account] <= PROSPECT
    ]
    started = np.array([ledger.lines[at].started for at in used], dtype=np.int64)
    ended = np.array(
        [END if ledger.ends[at] == NULL else ledger.ends[at] for at in used], dtype=np.int64
    )
    length = ended - started
    place = np.repeat(np.arange(len(used)), length)
    on = started[place] + np.arange(len(place)) - np.repeat(np.cumsum(length) - length, length)
    working = (on + 3) % 7 < 5
    return np.array(used, dtype=np.int64)[place[working]], on[working]


def _usage_shape(
    rng: np.random.Generator, world: World, line: np.ndarray, on: np.ndarray
) -> np.ndarray:
    """How strongly an account uses on a day, around 1: a slow wave of its own, and a fade before it
    leaves.
    """
    account = np.array([one.account for one in world.ledger.lines], dtype=np.int64)[line]
    phase, period = (
        rng.uniform(0, 2 * np.pi, len(world.book)),
        rng.uniform(300, 700, len(world.book)),
    )
    wave = 1 + 0.06 * np.sin(phase[account] + 2 * np.pi * on / period[account])
    who, started, ended = world.spans
    keys = who * 100_000 + started
    left = np.where(ended == END, END * 2, ended)
    to_leaving = left[np.searchsorted(keys, account * 100_000 + on, side="right") - 1] - on
    return wave * np.clip(0.08 + 0.92 * to_leaving / _FADE_DAYS, 0.08, 1)
