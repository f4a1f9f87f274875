"""When accounts start, leave and return: quotas per segment and year, so that churn is realistic at
every size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from kampass.intake.sample.book import FAILING, FOUNDING, JOINING, TRIAL_RUN, Book
from kampass.intake.sample.shapes import END, FIRST, day
from kampass.intake.sample.stories import STORIES, STORY_ACCOUNTS

_EPOCH = date(1970, 1, 1).toordinal()
YEARS = (2023, 2024, 2025)
_CHURN = (0.09, 0.13, 0.155, 0.5)
"""Share of a segment's accounts that leaves within a year."""

_STORY_RANKS = (4, 6, 8)
_SHRINKING_RANKS = (1, 3)
"""Ranks by size of the departed manager's accounts that leave, and of those that shrink, in the
quarter after.
"""

_REASONS = ("price", "competitor", "missing feature", "budget cut", "merger", "poor support")


@dataclass(frozen=True)
class LifeStretch:
    """An unbroken time as a customer, in days; `ended` is END for one that goes on."""

    account: int
    started: int
    ended: int
    reason: str | None
    anniversary: tuple[int, int]
    shrinks_on: int | None = None

    @property
    def terms(self) -> list[tuple[int, int]]:
        """First and following day of each yearly term; the first runs to the first anniversary, 45
        days or more on.
        """
        edges = [self.started]
        year = date.fromordinal(_EPOCH + self.started).year
        while edges[-1] < self.ended:
            due = day(date(year, *self.anniversary))
            if due >= self.started + 45:
                edges.append(due)
            year += 1
        return list(pairwise(edges))


@dataclass(frozen=True)
class _Customer:
    started: int
    anniversary: tuple[int, int]


def live(rng: np.random.Generator, book: Book) -> list[LifeStretch]:
    """Every account's times as a customer, by account and start."""
    story = sorted(STORY_ACCOUNTS, key=lambda at: -int(book.seats[at]) * (int(book.core[at]) + 1))
    leaving = {
        story[rank]: day(date(2025, 4, 14) + timedelta(days=23 * at))
        for at, rank in enumerate(_STORY_RANKS)
    }
    shrinking = {
        story[rank]: day(date(2025, 5, 6 + 9 * at)) for at, rank in enumerate(_SHRINKING_RANKS)
    }
    customers = _first_customers(rng, book, leaving)
    done: list[LifeStretch] = []
    for year in YEARS:
        departures = _departures(rng, book, customers, year) | (
            leaving if year == max(YEARS) else {}
        )
        for account, ended in departures.items():
            reason = _reason(rng, int(book.segment[account]))
            held = customers.pop(account)
            done.append(LifeStretch(account, held.started, ended, reason, held.anniversary))
            if reason != "onboarding" and rng.random() < 0.25:
                _return(rng, customers, account, ended)
    open_ended = [
        LifeStretch(who, held.started, END, None, held.anniversary, shrinking.get(who))
        for who, held in customers.items()
    ]
    return sorted(done + open_ended, key=lambda stretch: (stretch.account, stretch.started))


def _first_customers(
    rng: np.random.Generator, book: Book, leaving: dict[int, int]
) -> dict[int, _Customer]:
    customers = {}
    for account in np.flatnonzero(np.isin(book.standing, (FOUNDING, JOINING, TRIAL_RUN))).tolist():
        started = int(book.started[account])
        anniversary = _month_and_day(leaving.get(account, started))
        if started == FIRST and account not in leaving:
            anniversary = (int(rng.integers(1, 13)), int(rng.integers(2, 29)))
        customers[account] = _Customer(started, anniversary)
    return customers


def _month_and_day(days: int) -> tuple[int, int]:
    on = date.fromordinal(_EPOCH + days)
    return on.month, min(on.day, 28)


def _departures(
    rng: np.random.Generator, book: Book, customers: dict[int, _Customer], year: int
) -> dict[int, int]:
    """Who leaves in a year by quota, and when; the departed manager's accounts stay outside the
    draw.
    """
    opening = day(date(year, 1, 1))
    leaving: dict[int, int] = {}
    for segment, share in enumerate(_CHURN):
        members = [
            account
            for account, held in customers.items()
            if book.segment[account] == segment
            and (held.started < opening or held.started == FIRST == opening)
            and book.standing[account] != TRIAL_RUN
        ]
        open_to_draw = [
            account
            for account in members
            if account not in STORY_ACCOUNTS and not _would_blur(segment, year, customers[account])
        ]
        quota = (
            math.ceil(share * len(members))
            if segment == FAILING
            else math.floor(share * len(members))
        )
        smallest = sorted(open_to_draw, key=lambda account: int(book.seats[account]))
        pool = (
            smallest if segment == FAILING else smallest[: max(quota, round(0.6 * len(smallest)))]
        )
        for account in rng.choice(pool, min(quota, len(pool)), replace=False).tolist():
            leaving[account] = _last_day(rng, customers[account], year, is_early=segment == FAILING)
    return leaving


def _would_blur(segment: int, year: int, held: _Customer) -> bool:
    """Whether a large account would leave beside the departed manager's, and hide that theirs alone
    fall.
    """
    departed_on = STORIES.departure.departed_on
    return (
        segment == 0
        and year == departed_on.year
        and 0 < held.anniversary[0] - departed_on.month <= 3
    )


def _last_day(rng: np.random.Generator, held: _Customer, year: int, *, is_early: bool) -> int:
    due = day(date(year, *held.anniversary))
    earliest = max(day(date(year, 1, 15)), held.started + 75)
    if is_early and earliest < due:
        return int(rng.integers(earliest, due))
    return max(due, held.started + 45)


def _reason(rng: np.random.Generator, segment: int) -> str:
    if segment == FAILING:
        return "onboarding"
    return _REASONS[int(rng.integers(0, len(_REASONS)))]


def _return(
    rng: np.random.Generator, customers: dict[int, _Customer], account: int, ended: int
) -> None:
    started = ended + int(rng.integers(100, 260))
    if started < END - 30:
        customers[account] = _Customer(started, _month_and_day(started))
