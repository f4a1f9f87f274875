"""The stories planted in the sample company, and how large the company is; both are plain values
that tests read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime

FIRST_DAY = date(2023, 1, 1)
END_DAY = date(2026, 1, 1)

STORY_ACCOUNTS = range(2, 48, 3)
"""Positions (from zero) of the departed manager's accounts; every size of company has them."""


@dataclass(frozen=True)
class FailingSegment:
    """A segment whose onboarding fails: its customer churn is at least twice every other segment's
    in these years.
    """

    segment: str
    years: tuple[int, ...]


@dataclass(frozen=True)
class Departure:
    """A manager leaves; the accounts pass to a successor who owns no others, and their NRR falls in
    `quarter`.

    The successor owns all of them at the start of that quarter, so `account_manager=successor_id`
    is the same cut as the account ids.
    """

    user_id: str
    successor_id: str
    departed_on: date
    quarter: str
    account_ids: tuple[str, ...]


@dataclass(frozen=True)
class UsageBeforeChurn:
    """Usage fades over this many days before an account churns."""

    days: int


@dataclass(frozen=True)
class PriceRise:
    """Every line of a product family becomes dearer by `percent` on one day, with its quantity
    unchanged.
    """

    family: str
    on: date
    percent: int


@dataclass(frozen=True)
class RestatedQuarter:
    """What was first known about a quarter is later completed, corrected and partly withdrawn."""

    quarter: str
    starts_on: date
    ends_on: date
    known_until: date
    first_recorded_at: datetime
    second_recorded_at: datetime


@dataclass(frozen=True)
class Stories:
    """All planted stories, by the names under which tests look for them."""

    failing_segment: FailingSegment
    departure: Departure
    usage_before_churn: UsageBeforeChurn
    price_rise: PriceRise
    restated_quarter: RestatedQuarter


def account_id(position: int) -> str:
    """The id of the account at a position counted from zero.

    >>> account_id(0)
    'acc-0001'
    """
    return f"acc-{position + 1:04d}"


STORIES = Stories(
    failing_segment=FailingSegment(segment="startup", years=(2024, 2025)),
    departure=Departure(
        user_id="usr-007",
        successor_id="usr-013",
        departed_on=date(2025, 3, 22),
        quarter="2025-Q2",
        account_ids=tuple(account_id(position) for position in STORY_ACCOUNTS),
    ),
    usage_before_churn=UsageBeforeChurn(days=90),
    price_rise=PriceRise(family="Insights", on=date(2024, 10, 1), percent=9),
    restated_quarter=RestatedQuarter(
        quarter="2025-Q3",
        starts_on=date(2025, 7, 1),
        ends_on=date(2025, 10, 1),
        known_until=date(2025, 11, 2),
        first_recorded_at=datetime(2025, 11, 3, 6, tzinfo=UTC),
        second_recorded_at=datetime(2026, 1, 5, 6, tzinfo=UTC),
    ),
)


@dataclass(frozen=True)
class Size:
    """How many accounts the company has and about how many rows its three largest tables."""

    accounts: int
    touches: int
    usage: int
    tickets: int

    @classmethod
    def of(
        cls,
        *,
        scale: float = 1.0,
        touches: int | None = None,
        usage: int | None = None,
        tickets: int | None = None,
    ) -> Size:
        """The size at a scale, with volumes stated outright where they are given.

        Accounts grow with the square root of the scale, and further where a usage volume would not
        fit their days.

        >>> Size.of()
        Size(accounts=200, touches=15000, usage=60000, tickets=3000)
        """
        if scale <= 0:
            raise ValueError(f"The scale of the sample company must be above 0, not {scale}.")
        usage = round(60_000 * scale) if usage is None else usage
        return cls(
            accounts=max(60, round(200 * math.sqrt(scale)), math.ceil(usage / 600)),
            touches=round(15_000 * scale) if touches is None else touches,
            usage=usage,
            tickets=round(3_000 * scale) if tickets is None else tickets,
        )
