"""What happens around the accounts besides billing and service: deals, leads, referrals, feedback,
goals and words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kampass.intake.sample.book import JOINING, PROSPECT, SOURCES
from kampass.intake.sample.lifecycle import Move, World
from kampass.intake.sample.shapes import (
    DAY,
    END,
    FIRST,
    NULL,
    draw,
    ids,
    make,
    office_instant,
    pick,
    rows,
)

_HOUR = DAY // 24
_WISHES = (
    "Dark mode",
    "Bulk export",
    "Single sign-on",
    "Better mobile view",
    "Webhooks",
    "Custom roles",
    "Audit log",
)
_POSTS = (
    "Switched last year, no regrets.",
    "Support answered within the hour.",
    "The price rise hurts.",
    "Solid tool.",
)
_GOALS = (
    ("Weekly active users", "leading", "up", 40.0, 75.0, "usage_per_client"),
    ("Reports built per month", "leading", "up", 10.0, 30.0, None),
    ("Hours spent on reporting", "lagging", "down", 60.0, 35.0, None),
    ("Order errors per thousand", "lagging", "down", 12.0, 6.0, None),
)

_LOSS = {"new": 0.5, "upsell": 0.8, "cross_sell": 0.9, "renewal": 0.0}
"""How many attempts fail for each one that is won."""


@dataclass(frozen=True)
class Deals:
    """The deals as numbers, in the order in which they were created; instants in microseconds."""

    ids: pa.Array
    account: np.ndarray
    owner: np.ndarray
    created: np.ndarray
    closed: np.ndarray
    moves: tuple[Move, ...]


def strike(world: World) -> Deals:
    """A deal for every sale, and the deals that were lost or are still open."""
    rng = world.stream("deals")
    moves = world.ledger.moves + _lost(rng, world) + _open(rng, world)
    account = np.array([move.account for move in moves], dtype=np.int64)
    closing = np.array([move.day for move in moves], dtype=np.int64)
    is_open = closing >= END
    created_on = np.maximum(
        world.book.known_from[account], closing - rng.integers(12, 75, len(moves))
    )
    created = office_instant(rng, created_on)
    closed = np.maximum(office_instant(rng, np.minimum(closing, END - 1)), created + 2 * _HOUR)
    is_new = np.array([move.kind == "new" for move in moves])
    is_sales = is_new | (rng.random(len(moves)) < 0.25)
    owner = np.where(
        is_sales,
        world.firm.on_duty(rng, "sales", created_on),
        world.book.owner_at(account, created_on),
    )
    order = np.argsort(created, kind="stable")
    return Deals(
        ids=ids("deal", len(moves), width=5),
        account=account[order],
        owner=owner[order],
        created=created[order],
        closed=np.where(is_open, NULL, closed)[order],
        moves=tuple(moves[at] for at in order.tolist()),
    )


def _lost(rng: np.random.Generator, world: World) -> list[Move]:
    """Attempts that failed: at prospects, and at customers that later bought or stayed as they
    were.
    """
    book = world.book
    lost = []
    for account in np.flatnonzero(book.standing == PROSPECT).tolist():
        on = int(book.known_from[account]) + int(rng.integers(30, 140))
        if on < END:
            lost.append(Move("new", account, on, int(book.seats[account]) * 30_000, is_won=False))
    for move in world.ledger.moves:
        earlier = move.day - int(rng.integers(5, 80))
        is_tried = move.is_won and rng.random() < _LOSS.get(move.kind, 0.0)
        if is_tried and earlier > book.known_from[move.account] + 3:
            lost.append(Move(move.kind, move.account, earlier, move.amount, is_won=False))
    return lost


def _open(rng: np.random.Generator, world: World) -> list[Move]:
    account, _, ended = world.spans
    current = account[ended == END]
    chosen = current[rng.random(len(current)) < 0.22].tolist()
    kinds = ("upsell", "cross_sell", "renewal", "extension")
    open_moves = []
    for at, who in enumerate(chosen):
        closing = END + int(rng.integers(0, 11))
        open_moves.append(
            Move(kinds[at % 4], who, closing, int(world.book.seats[who]) * 9_000, is_won=False)
        )
    return open_moves


def deal_table(world: World, deals: Deals) -> pa.Table:
    """The deals with their outcome, source and merit."""
    rng = world.stream("deal details")
    count = len(deals.account)
    is_open = deals.closed == NULL
    is_won = np.array([move.is_won for move in deals.moves], dtype=bool) & ~is_open
    is_new = np.array([move.kind == "new" for move in deals.moves])
    merit = {"success": 45, "sales": 33, "support": 16, "marketing": 6}
    seller = draw(rng, {"sales": 75, "marketing": 25}, count)
    return make(
        "deals",
        {
            "id": deals.ids,
            "kind": [move.kind for move in deals.moves],
            "status": pick(("open", "won", "lost"), np.where(is_open, 0, np.where(is_won, 1, 2))),
            "created_at": deals.created,
            "closed_at": deals.closed,
            "account_id": pick(world.book.ids, deals.account),
            "contact_id": pick(world.book.contact_ids, world.book.contact_of(rng, deals.account)),
            "owner_id": pick(world.firm.user_ids, deals.owner),
            "amount": np.array([move.amount for move in deals.moves], dtype=np.int64),
            "currency": pick(world.book.currencies, deals.account),
            "source": draw(rng, SOURCES, count),
            "probability": np.where(
                is_open, np.round(rng.uniform(0.2, 0.8, count), 2), is_won.astype(float)
            ),
            "attributed_to": pc.if_else(is_new, seller, draw(rng, merit, count)),
        },
    )


def tables(world: World) -> dict[str, pa.Table]:
    """Everything else around the accounts."""
    rng = world.stream("relations")
    goals, measurements = _goals(rng, world)
    return {
        "leads": _leads(rng, world),
        "referrals": _referrals(rng, world),
        "references": _references(rng, world),
        "feedback": _feedback(rng, world),
        "mentions": _mentions(rng, world),
        "goals": goals,
        "goal_measurements": measurements,
        "notes": _notes(rng, world),
    }


def _days_within(
    rng: np.random.Generator, world: World, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Accounts and days on which they are customers."""
    account, started, ended = world.spans
    span = rng.choice(len(account), count, p=(ended - started) / (ended - started).sum())
    return account[span], started[span] + ((ended - started)[span] * rng.random(count)).astype(
        np.int64
    )


def _sorted_rows(table: str, prefix: str, instant: str, records: list[dict[str, Any]]) -> pa.Table:
    """Records in the order of an instant, with ids counted in that order."""
    ordered = sorted(records, key=lambda record: record[instant])
    named = ids(prefix, len(ordered), width=4).to_pylist()
    return rows(table, [{"id": one, **record} for one, record in zip(named, ordered, strict=True)])


def _leads(rng: np.random.Generator, world: World) -> pa.Table:
    """The forms that future customers and prospects filled in, and some that led nowhere."""
    book = world.book
    records: list[dict[str, Any]] = []
    for account in np.flatnonzero(np.isin(book.standing, (JOINING, PROSPECT))).tolist():
        created = int(book.known_from[account]) * DAY + int(rng.integers(8, 17)) * _HOUR
        converted = int(book.started[account]) * DAY if book.standing[account] == JOINING else NULL
        contact = int(book.contact_offsets[account])
        named = {
            "account_id": book.ids[account].as_py(),
            "contact_id": book.contact_ids[contact].as_py(),
        }
        records.append({**named, "created_at": created, "converted_at": converted})
    stray = office_instant(rng, rng.integers(FIRST, END, len(records) // 2))
    records += [{"created_at": int(at), "converted_at": NULL} for at in stray]
    sources = draw(rng, SOURCES, len(records)).to_pylist()
    filled = [record | {"source": source} for record, source in zip(records, sources, strict=True)]
    return _sorted_rows("leads", "lead", "created_at", filled)


def _referrals(rng: np.random.Generator, world: World) -> pa.Table:
    """Customers that recommend others: some named accounts that joined or did not, some yet without
    a name.
    """
    book = world.book
    referrers, days = _days_within(rng, world, max(30, len(book) * 3 // 10))
    known = np.flatnonzero(np.isin(book.standing, (JOINING, PROSPECT)))
    met = book.known_from[known]
    records: list[dict[str, Any]] = []
    for referrer, on in zip(referrers.tolist(), days.tolist(), strict=True):
        record = {
            "referrer_account_id": book.ids[referrer].as_py(),
            "referred_at": on * DAY + 10 * _HOUR,
        }
        soon = known[(known != referrer) & (met >= on - 5) & (met <= on + 40)]
        status: dict[str, Any] = {
            "status": "pending" if on > END - 90 else "lost" if rng.random() < 0.6 else "qualified"
        }
        if len(soon) and rng.random() < 0.7:
            who = int(soon[rng.integers(0, len(soon))])
            record["referred_at"] = min(on, int(book.known_from[who])) * DAY + 10 * _HOUR
            record["referred_account_id"] = book.ids[who].as_py()
            if book.standing[who] == JOINING:
                status = {"status": "customer", "converted_at": int(book.started[who]) * DAY}
        records.append(record | status)
    return _sorted_rows("referrals", "ref", "referred_at", records)


def _references(rng: np.random.Generator, world: World) -> pa.Table:
    account, started, ended = world.spans
    chosen = np.flatnonzero((rng.random(len(account)) < 0.28) & (ended - started > 300))
    since = started[chosen] + rng.integers(120, 260, len(chosen))
    until = np.where(rng.random(len(chosen)) < 0.15, since + 200, END)
    until = np.minimum(until, ended[chosen])
    ends = np.where(until >= END, NULL, until)
    kept = (since < END) & ((ends == NULL) | (ends > since))
    return make(
        "references",
        {
            "account_id": pick(world.book.ids, account[chosen][kept]),
            "valid_from": since[kept],
            "valid_to": ends[kept],
        },
    )


def _feedback(rng: np.random.Generator, world: World) -> pa.Table:
    count = max(40, round(len(world.book) * 1.6))
    account, days = _days_within(rng, world, count)
    received = np.sort(office_instant(rng, days))
    account = account[np.argsort(days, kind="stable")]
    done = received + (rng.lognormal(3.6, 0.7, count) * DAY).astype(np.int64)
    fate = rng.random(count)
    is_done = (fate < 0.55) & (done < END * DAY)
    status = np.where(
        is_done,
        2,
        np.where(fate > 0.85, 3, np.where((fate < 0.75) & (received < (END - 30) * DAY), 1, 0)),
    )
    told = done + 2 * DAY
    return make(
        "feedback",
        {
            "id": ids("fbk", count, width=5),
            "received_at": received,
            "status": pick(("new", "accepted", "implemented", "rejected"), status),
            "account_id": pick(world.book.ids, account),
            "is_actionable": rng.random(count) < 0.9,
            "implemented_at": np.where(is_done, done, NULL),
            "communicated_at": np.where(
                is_done & (told < END * DAY) & (rng.random(count) < 0.8), told, NULL
            ),
            "text": pick(_WISHES, rng.integers(0, len(_WISHES), count)),
        },
    )


def _mentions(rng: np.random.Generator, world: World) -> pa.Table:
    count = max(60, round(len(world.book) * 1.2))
    account, days = _days_within(rng, world, count)
    order = np.argsort(days, kind="stable")
    named = ids("men", count, width=5)
    sentiment = np.round(np.clip(rng.normal(0.2, 0.4, count), -1, 1), 2)
    return make(
        "mentions",
        {
            "id": named,
            "mentioned_at": np.sort(office_instant(rng, days)),
            "channel": draw(
                rng, {"linkedin": 4, "x": 2, "reddit": 1, "review site": 3, "press": 0.5}, count
            ),
            "account_id": pick(
                world.book.ids, np.where(rng.random(count) < 0.6, account[order], -1)
            ),
            "sentiment": sentiment,
            "text": pick(_POSTS, rng.integers(0, len(_POSTS), count)),
            "url": [f"https://social.example/{one}" for one in named.to_pylist()],
        },
    )


def _goals(rng: np.random.Generator, world: World) -> tuple[pa.Table, pa.Table]:
    """Goals agreed with accounts and the monthly readings towards them; two in three are met."""
    account, started, ended = world.spans
    goals: list[dict[str, Any]] = []
    readings: list[dict[str, Any]] = []
    for who, first, last in zip(account.tolist(), started.tolist(), ended.tolist(), strict=True):
        for name, kind, direction, baseline, target, kpi in _GOALS:
            begins = first + int(rng.integers(20, 420))
            if rng.random() > 0.3 or begins + 60 >= last:
                continue
            goal = f"goal-{len(goals) + 1:04d}"
            plan = {"name": name, "kind": kind, "direction": direction, "kpi": kpi}
            span = {
                "starts_on": begins,
                "due_on": begins + 180,
                "baseline": baseline,
                "target": target,
            }
            goals.append({"id": goal, "account_id": world.book.ids[who].as_py()} | plan | span)
            reach = rng.normal(1.06, 0.15)
            for month in range(1, 7):
                at = (begins + 30 * month - 2) * DAY + 9 * _HOUR
                value = round(baseline + (target - baseline) * reach * month / 6, 1)
                if at < min(last, END) * DAY and rng.random() < 0.9:
                    readings.append({"goal_id": goal, "measured_at": at, "value": value})
    return rows("goals", goals), rows("goal_measurements", readings)


def _notes(rng: np.random.Generator, world: World) -> pa.Table:
    """Words beside the numbers, some on accounts and some from talks with employees."""
    account, days = _days_within(rng, world, 40)
    author = world.book.owner_at(account, days)
    stayed = [who for who in range(13, 20) if world.firm.left[who] == END]
    records: list[dict[str, Any]] = []
    for at, (who, on) in enumerate(zip(account.tolist(), days.tolist(), strict=True)):
        kind = ("note", "note", "story", "interview")[at % 4]
        subject = {"account_id": world.book.ids[who].as_py(), "kpi": ("nrr", "csat", None)[at % 3]}
        text = (
            "Renewal talk went well.",
            "Rollout is behind plan.",
            "They cut reporting time by half.",
        )[at % 3]
        if kind == "interview":
            subject = {
                "user_id": world.firm.user_ids[stayed[at % len(stayed)]],
                "kpi": "employee_satisfaction",
            }
            text = "Enjoys the customers, wishes for calmer Mondays."
        words = {
            "noted_at": on * DAY + 15 * _HOUR,
            "kind": kind,
            "text": text,
            "sentiment": (0.4, -0.3, 0.7)[at % 3],
        }
        records.append({"author_id": world.firm.user_ids[int(author[at])]} | subject | words)
    return _sorted_rows("notes", "note", "noted_at", records)
