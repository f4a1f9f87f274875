"""Which snapshots keep their files: the last ten, one a day for a month, one a month for ever.

Counted by what a snapshot knows (its `known_at`), because that is how people ask for one later ("as
we knew it at the end of March"); when it was built says nothing about that. Back from the newest
snapshot, not from today: a workspace that slept for a year loses nothing by waking. Pins and the
current snapshot are the caller's; everything that goes can be built again from the journal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

LAST = 10
DAYS = 31


@dataclass(frozen=True)
class Aged:
    """A snapshot as retention sees it: what it knows, and when it was built (of two that know the
    same, the later one stands).
    """

    id: str
    known_at: datetime
    built_at: datetime


def kept(snapshots: Sequence[Aged], zone: ZoneInfo) -> frozenset[str]:
    """The ids whose files stay; a day and a month are local ones, and each keeps its last snapshot.

    >>> from datetime import UTC
    >>> march, april = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    >>> hours = [Aged(f"{n:02}", march + timedelta(hours=n), april) for n in range(48)]
    >>> sorted(kept(hours, ZoneInfo("UTC")))
    ['23', '38', '39', '40', '41', '42', '43', '44', '45', '46', '47']
    """
    newest_first = sorted(
        snapshots,
        key=lambda snapshot: (snapshot.known_at, snapshot.built_at, snapshot.id),
        reverse=True,
    )
    if not newest_first:
        return frozenset()
    days = [snapshot.known_at.astimezone(zone).date() for snapshot in newest_first]
    recent = [day for day in days if day > days[0] - timedelta(days=DAYS)]
    last = range(min(LAST, len(days)))
    daily = _firsts(recent)
    monthly = _firsts(day.replace(day=1) for day in days)
    return frozenset(newest_first[number].id for number in {*last, *daily, *monthly})


def _firsts(days: Iterable[date]) -> list[int]:
    """Where each day stands first."""
    places: dict[date, int] = {}
    for number, day in enumerate(days):
        places.setdefault(day, number)
    return list(places.values())
