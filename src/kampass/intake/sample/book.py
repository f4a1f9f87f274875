"""The book of accounts: who they are, their contacts, who looks after them and how their attributes
changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from kampass.intake.sample.firm import Firm, address, person_names
from kampass.intake.sample.shapes import (
    END,
    FIRST,
    NULL,
    day,
    draw,
    draw_codes,
    ids,
    make,
    pick,
    rows,
)
from kampass.intake.sample.stories import STORIES, STORY_ACCOUNTS

SEGMENTS = ("enterprise", "mid_market", "small_business", STORIES.failing_segment.segment)
FAILING = SEGMENTS.index(STORIES.failing_segment.segment)
_PATTERN = (3, 1, 0, 2, 1, 2, 1, 3, 0, 2, 1, 2, 0, 3, 1, 2, 1, 2, 0, 2, 1)
"""Segments of consecutive accounts; the positions of STORY_ACCOUNTS never meet the failing
segment.
"""

FOUNDING, JOINING, PROSPECT, TRIAL_RUN = range(4)
"""How an account stands: there from the first day, won later, never won, or a test account."""

_SEATS = ((120, 420), (35, 110), (8, 30), (5, 16))
_CORE = ((3, 2), (2, 1), (1, 0), (0, 0))
"""The core products (positions) that accounts of a segment start with."""

_TIERS = ("gold", "silver", "bronze")
_REGIONS = {"Americas": 0.45, "EMEA": 0.35, "APAC": 0.17, "NA": 0.03}
_INDUSTRIES = {
    "Manufacturing": 3,
    "Retail": 3,
    "Software": 4,
    "Healthcare": 2,
    "Finance": 3,
    "Logistics": 2,
    "Media": 1,
}
SOURCES = {
    "inbound": 0.3,
    "outbound": 0.25,
    "referral": 0.15,
    "partner": 0.12,
    "event": 0.1,
    "website": 0.08,
}
_PERSONAS = {"Executive sponsor": 2, "Champion": 3, "Administrator": 3, "End user": 5, "Finance": 2}
_JOBS = {"Director": 2, "Manager": 4, "Analyst": 4, "Engineer": 3, "Owner": 1}

_FRONT = [
    "Alder",
    "Amber",
    "Arbor",
    "Ashford",
    "Aurora",
    "Birch",
    "Blue",
    "Brook",
    "Cedar",
    "Cobalt",
    "Copper",
    "Coral",
    "Crown",
    "Delta",
    "Ember",
    "Falcon",
    "Fern",
    "Flint",
    "Forge",
    "Granite",
    "Harbour",
    "Hazel",
    "Helix",
    "Iron",
    "Ivory",
    "Juniper",
    "Kestrel",
    "Lantern",
    "Linden",
    "Lunar",
    "Maple",
    "Marble",
    "Meridian",
    "Mistral",
    "Nordic",
    "North",
    "Oak",
    "Onyx",
    "Opal",
    "Orchard",
    "Pine",
    "Polar",
    "Prairie",
    "Quartz",
    "Raven",
    "Ridge",
    "River",
    "Rowan",
    "Saffron",
    "Sable",
    "Silver",
    "Slate",
    "Solar",
    "Sterling",
    "Summit",
    "Thistle",
    "Tidal",
    "Umber",
    "Valley",
    "Vertex",
    "Violet",
    "Willow",
    "Zephyr",
]
_BACK = [
    "bank",
    "barn",
    "beam",
    "bridge",
    "cast",
    "craft",
    "dale",
    "field",
    "flow",
    "ford",
    "gate",
    "grove",
    "hill",
    "house",
    "lake",
    "land",
    "light",
    "line",
    "loom",
    "mark",
    "mill",
    "path",
    "point",
    "port",
    "reach",
    "rock",
    "shore",
    "spring",
    "stone",
    "stream",
    "vale",
    "view",
    "ward",
    "wave",
    "well",
    "wood",
    "works",
    "yard",
]
_FORMS = ("Ltd", "Inc", "GmbH", "Group", "Partners", "Systems", "Labs", "Holdings")


@dataclass(frozen=True)
class Book:
    """The accounts by position. Days are days since 1970; contacts of an account lie between two
    offsets.
    """

    ids: pa.Array
    names: tuple[str, ...]
    segment: np.ndarray
    standing: np.ndarray
    started: np.ndarray
    known_from: np.ndarray
    seats: np.ndarray
    core: np.ndarray
    is_euro: np.ndarray
    contact_ids: pa.Array
    contact_offsets: np.ndarray
    owner_keys: np.ndarray
    owner_users: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def owner_at(self, accounts: np.ndarray, days: np.ndarray) -> np.ndarray:
        """The position of each account's manager on a day."""
        return self.owner_users[
            np.searchsorted(self.owner_keys, accounts * 100_000 + days, side="right") - 1
        ]

    def contact_of(self, rng: np.random.Generator, accounts: np.ndarray) -> np.ndarray:
        """The position of one of each account's contacts; earlier contacts come up more often."""
        first = self.contact_offsets[accounts]
        held = self.contact_offsets[accounts + 1] - first
        return first + (held * rng.random(len(accounts)) ** 1.5).astype(np.int64)

    @property
    def currencies(self) -> list[str]:
        """The currency of each account."""
        return np.where(self.is_euro, "EUR", "USD").tolist()


def open_book(rng: np.random.Generator, count: int) -> Book:
    """All accounts with their starting points; the last two are test accounts."""
    segment = np.resize(np.array(_PATTERN), count)
    standing = _standings(rng, segment)
    started, known_from = _starts(rng, standing)
    low, high = np.array(_SEATS)[segment].T
    contacts = 3 + rng.integers(0, 3, count) + (segment == 0) * 2
    offsets = np.concatenate([[0], np.cumsum(contacts)])
    owner_keys, owner_users = _owners(rng, standing, known_from)
    return Book(
        ids=ids("acc", count, width=4),
        names=_company_names(rng, count),
        segment=segment,
        standing=standing,
        started=started,
        known_from=known_from,
        seats=np.round(low * (high / low) ** rng.random(count)).astype(np.int64),
        core=np.array(_CORE)[segment, (rng.random(count) < 0.4).astype(int)],
        is_euro=rng.random(count) < 0.22,
        contact_ids=ids("con", int(offsets[-1]), width=5),
        contact_offsets=offsets,
        owner_keys=owner_keys,
        owner_users=owner_users,
    )


def _standings(rng: np.random.Generator, segment: np.ndarray) -> np.ndarray:
    standing = np.full(len(segment), JOINING)
    story = np.array(STORY_ACCOUNTS)
    for code in range(len(SEGMENTS)):
        members = rng.permutation(np.setdiff1d(np.flatnonzero(segment == code), story))
        standing[members[: round(len(members) * 0.4)]] = FOUNDING
        standing[members[round(len(members) * 0.92) :]] = PROSPECT
    standing[story] = FOUNDING
    standing[-2:] = TRIAL_RUN
    return standing


def _starts(rng: np.random.Generator, standing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First paid day (NULL for prospects) and the first day on which the account was known."""
    count = len(standing)
    started = np.full(count, FIRST, dtype=np.int64)
    joining = rng.permutation(np.flatnonzero(standing == JOINING))
    spread = (np.arange(len(joining)) + rng.random(len(joining))) / max(1, len(joining))
    started[joining] = FIRST + 32 + (spread * (END - FIRST - 45)).astype(np.int64)
    met = np.maximum(FIRST, started - rng.integers(30, 120, count))
    met = np.where(standing == PROSPECT, rng.integers(FIRST, END - 40, count), met)
    return np.where(standing == PROSPECT, NULL, started), met


def _company_names(rng: np.random.Generator, count: int) -> tuple[str, ...]:
    ways = len(_FRONT) * len(_BACK)
    order = rng.permutation(max(ways, count))[:count] % ways
    forms = rng.integers(0, len(_FORMS), count)
    pairs = zip(order.tolist(), forms.tolist(), strict=True)
    return tuple(
        f"{_FRONT[way // len(_BACK)]}{_BACK[way % len(_BACK)]} {_FORMS[form]}"
        for way, form in pairs
    )


def _owners(
    rng: np.random.Generator, standing: np.ndarray, known_from: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Spans of ownership as sorted keys (account and first day) and the manager's position."""
    departure = STORIES.departure
    departed, successor = (int(who[-3:]) - 1 for who in (departure.user_id, departure.successor_id))
    others = np.array([who for who in range(12) if who != departed])
    accounts = np.arange(len(standing))
    manager = others[rng.permutation(len(standing)) % len(others)]
    story = np.array(STORY_ACCOUNTS)
    manager[story] = departed
    changes = np.flatnonzero(
        (rng.random(len(standing)) < 0.12) & (manager != departed) & (known_from < END - 200)
    )
    changed_on = known_from[changes] + (
        (END - 60 - known_from[changes]) * (0.2 + 0.8 * rng.random(len(changes)))
    ).astype(np.int64)
    account = np.concatenate([accounts, changes, story])
    since = np.concatenate(
        [known_from, changed_on, np.full(len(story), day(departure.departed_on))]
    )
    user = np.concatenate(
        [manager, others[(manager[changes] + 3) % len(others)], np.full(len(story), successor)]
    )
    keys = account * 100_000 + since
    order = np.argsort(keys)
    return keys[order], user[order]


def tables(rng: np.random.Generator, book: Book, firm: Firm) -> dict[str, pa.Table]:
    """The tables that describe accounts."""
    tier = np.clip(book.segment + rng.integers(-1, 2, len(book)), 0, 2)
    changes = _attribute_changes(rng, book, tier)
    return {
        "accounts": _accounts(rng, book, tier, changes),
        "account_attributes": rows("account_attributes", _attribute_spans(book, changes)),
        "contacts": _contacts(rng, book),
        "ownerships": _ownerships(rng, book, firm),
    }


def _attribute_changes(
    rng: np.random.Generator, book: Book, tier: np.ndarray
) -> list[tuple[int, str, str, str, int]]:
    """Changes as (account, attribute, value before, value after, day), never into or out of the
    failing segment.
    """
    last = day(date(2025, 9, 1))
    changes = []
    for account in range(len(book) - 2):
        span = last - int(book.known_from[account])
        if span < 200:
            continue
        on = int(book.known_from[account]) + 100 + int(rng.integers(0, span - 150))
        chance = rng.random()
        if chance < 0.04 and 1 <= book.segment[account] < FAILING and account not in STORY_ACCOUNTS:
            code = book.segment[account]
            changes.append((account, "segment", SEGMENTS[code], SEGMENTS[code - 1], on))
        elif chance > 0.86:
            after = (tier[account] + 1) % 3 if tier[account] == 0 else tier[account] - 1
            changes.append((account, "tier", _TIERS[tier[account]], _TIERS[after], on))
    return changes


def _attribute_spans(
    book: Book, changes: list[tuple[int, str, str, str, int]]
) -> list[dict[str, object]]:
    records: list[dict[str, object]] = []
    for account, attribute, before, after, on in changes:
        who = {"account_id": book.ids[account].as_py(), "attribute": attribute}
        records.append(
            {**who, "value": before, "valid_from": book.known_from[account], "valid_to": on}
        )
        records.append({**who, "value": after, "valid_from": on})
    return records


def _accounts(
    rng: np.random.Generator,
    book: Book,
    tier: np.ndarray,
    changes: list[tuple[int, str, str, str, int]],
) -> pa.Table:
    count = len(book)
    current = {
        "segment": [SEGMENTS[code] for code in book.segment],
        "tier": [_TIERS[code] for code in tier],
    }
    for account, attribute, _, after, _ in changes:
        current[attribute][account] = after
    acquired = np.where(
        book.standing == FOUNDING, FIRST - rng.integers(10, 1700, count), book.started
    )
    parent = np.where(
        (rng.random(count) < 0.06) & (np.arange(count) > 20), rng.integers(0, 20, count), -1
    )
    region = draw_codes(rng, _REGIONS, count)
    return make(
        "accounts",
        {
            "id": book.ids,
            "name": list(book.names),
            "parent_id": pick(book.ids, parent),
            "segment": current["segment"],
            "industry": draw(rng, _INDUSTRIES, count),
            "region": pick(tuple(_REGIONS), np.where(book.is_euro, 1, region)),
            "tier": current["tier"],
            "acquisition_source": draw(rng, SOURCES, count),
            "acquired_on": acquired,
            "is_test": book.standing == TRIAL_RUN,
        },
    )


def _contacts(rng: np.random.Generator, book: Book) -> pa.Table:
    count = len(book.contact_ids)
    account = np.repeat(np.arange(len(book)), np.diff(book.contact_offsets))
    rank = np.arange(count) - book.contact_offsets[account]
    names = person_names(rng, count)
    domains = [name.split()[0].lower() for name in book.names]
    return make(
        "contacts",
        {
            "id": book.contact_ids,
            "account_id": pick(book.ids, account),
            "name": names,
            "email": [
                address(name, f"{domains[at]}.example")
                for name, at in zip(names, account.tolist(), strict=True)
            ],
            "persona": draw(rng, _PERSONAS, count),
            "role": draw(rng, _JOBS, count),
            "is_key": rank < 2,
            "is_primary": rank == 0,
        },
    )


def _ownerships(rng: np.random.Generator, book: Book, firm: Firm) -> pa.Table:
    account, since = np.divmod(book.owner_keys, 100_000)
    until = np.where(
        np.append(account[1:] == account[:-1], False), np.append(since[1:], NULL), NULL
    )
    csm = np.flatnonzero(rng.random(len(book)) < np.where(book.segment == 0, 0.8, 0.15))
    support = np.flatnonzero(rng.random(len(book)) < 0.1)
    users = [book.owner_users, firm.people("csm")[csm % 3], firm.people("support")[support % 7]]
    extra = np.concatenate([csm, support])
    roles = ["account_manager"] * len(account) + ["csm"] * len(csm) + ["support"] * len(support)
    return make(
        "ownerships",
        {
            "account_id": pick(book.ids, np.concatenate([account, extra])),
            "user_id": pick(firm.user_ids, np.concatenate(users)),
            "role": roles,
            "valid_from": np.concatenate([since, book.known_from[extra]]),
            "valid_to": np.concatenate([until, np.full(len(extra), NULL)]),
        },
    )
