"""Tickets, and the surveys that accounts and employees answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kampass.intake.sample.book import FAILING
from kampass.intake.sample.lifecycle import World
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
    working_day,
)

_HOUR = DAY // 24
_TOPICS = {
    "how-to": 5,
    "bug": 5,
    "integration": 3,
    "billing": 2,
    "access": 3,
    "performance": 2,
    "data import": 2,
}
_CSAT = np.array([0.03, 0.04, 0.07, 0.34, 0.52])
_CSAT_FAILING = np.array([0.12, 0.13, 0.2, 0.3, 0.25])
_NPS = np.array([1, 1, 1, 2, 2, 3, 6, 13, 21, 27, 23]) / 100
_NPS_FAILING = np.array([6, 4, 5, 6, 6, 9, 14, 18, 16, 9, 7]) / 100
_ENPS = np.array([1, 0, 1, 2, 2, 5, 10, 17, 25, 22, 15]) / 100
_ESAT = np.array([3, 6, 16, 45, 30]) / 100
_EFFORT = np.array([2, 4, 7, 13, 24, 30, 20]) / 100
_PRAISE = (
    "Quick and friendly.",
    "Solved on the spot.",
    "Great product, keep going.",
    "Our team relies on it.",
)
_BLAME = (
    "Took too long.",
    "Still not clear how to set it up.",
    "Too expensive for what we use.",
    "Nobody called back.",
)


@dataclass(frozen=True)
class Tickets:
    """The tickets as numbers, in the order in which they came; instants in microseconds."""

    ids: pa.Array
    account: np.ndarray
    contact: np.ndarray
    assignee: np.ndarray
    created: np.ndarray
    replied: np.ndarray
    resolved: np.ndarray


def open_tickets(world: World) -> Tickets:
    """As many tickets as the size says, mostly raised in office hours and answered in them."""
    rng = world.stream("tickets")
    count = world.size.tickets
    account, started, ended = world.spans
    weight = (ended - started) * np.sqrt(world.book.seats[account] + 20)
    span = np.minimum(
        np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(count)), len(account) - 1
    )
    days = started[span] + ((ended - started)[span] * rng.random(count)).astype(np.int64)
    days = np.where(rng.random(count) < 0.7, np.minimum(working_day(days), ended[span] - 1), days)
    created = office_instant(rng, days) + (rng.random(count) < 0.06) * rng.integers(
        0, 5 * _HOUR, count
    )
    order = np.argsort(created, kind="stable")
    created, who = created[order], account[span][order]
    replied = _in_office(created + (rng.lognormal(0.1, 0.8, count) * _HOUR).astype(np.int64))
    resolved = _in_office(replied + (rng.lognormal(1.6, 1.2, count) * _HOUR).astype(np.int64))
    resolved = np.where(rng.random(count) < 0.008, NULL, resolved)
    return Tickets(
        ids=ids("tkt", count, width=7),
        account=who,
        contact=world.book.contact_of(rng, who),
        assignee=world.firm.on_duty(rng, "support", created // DAY),
        created=created,
        replied=np.where(replied < END * DAY, replied, NULL),
        resolved=np.where(resolved < END * DAY, resolved, NULL),
    )


def _in_office(instants: np.ndarray) -> np.ndarray:
    """Instants outside Monday to Friday, 8:00 to 18:00, put off to the next morning in the
    office.
    """
    days, clock = np.divmod(instants, DAY)
    is_late = clock >= 18 * _HOUR
    opens = working_day(days + is_late)
    is_closed = is_late | (opens != days) | (clock < 8 * _HOUR)
    return np.where(is_closed, opens * DAY + 8 * _HOUR + clock % (3 * _HOUR // 2), instants)


def ticket_table(world: World, tickets: Tickets) -> pa.Table:
    """The tickets with their topics and counts."""
    rng = world.stream("ticket details")
    count = len(tickets.account)
    is_solved_at_once = rng.random(count) < 0.68
    replies = np.where(is_solved_at_once, 1, 1 + rng.geometric(0.5, count))
    is_onboarding = (world.book.segment[tickets.account] == FAILING) & (rng.random(count) < 0.5)
    topic = np.where(
        is_onboarding, len(_TOPICS), rng.choice(len(_TOPICS), count, p=_shares(_TOPICS.values()))
    )
    return make(
        "tickets",
        {
            "id": tickets.ids,
            "created_at": tickets.created,
            "account_id": pick(world.book.ids, tickets.account),
            "contact_id": pick(world.book.contact_ids, tickets.contact),
            "assignee_id": pick(world.firm.user_ids, tickets.assignee),
            "channel": draw(rng, {"email": 6, "chat": 3, "phone": 2, "portal": 3}, count),
            "priority": draw(rng, {"low": 3, "normal": 6, "high": 2, "urgent": 0.6}, count),
            "topic": pick((*_TOPICS, "onboarding"), topic),
            "first_replied_at": tickets.replied,
            "resolved_at": tickets.resolved,
            "reopened": np.where(tickets.resolved == NULL, 0, rng.random(count) < 0.05).astype(
                np.int64
            ),
            "agent_replies": np.where(tickets.replied == NULL, 0, replies),
            "customer_messages": 1
            + np.where(is_solved_at_once, rng.random(count) < 0.3, rng.geometric(0.5, count)),
        },
    )


def _shares(weights: Iterable[float]) -> np.ndarray:
    values = np.array(list(weights), dtype=float)
    return values / values.sum()


@dataclass(frozen=True)
class _Asked:
    """Questions put to people; position -1 is nobody, a score of -1 no answer."""

    survey: str
    at: np.ndarray
    score: np.ndarray
    answered: np.ndarray
    account: np.ndarray
    contact: np.ndarray
    ticket: np.ndarray
    agent: np.ndarray
    employee: np.ndarray


def surveys(world: World, tickets: Tickets) -> dict[str, pa.Table]:
    """Invitations and responses of all surveys."""
    rng = world.stream("surveys")
    parts = [
        _after_tickets(rng, world, tickets),
        _relationship(rng, world),
        _onboarding(rng, world),
    ]
    parts += [_employees(rng, world, "svy-enps", _ENPS), _employees(rng, world, "svy-esat", _ESAT)]
    counts = [int((part.score >= 0).sum()) for part in parts]
    response_ids = ids("rsp", sum(counts), width=7)
    first = np.concatenate([[0], np.cumsum(counts)])
    responses = [
        _responses(rng, world, tickets, part, response_ids.slice(first[at], counts[at]))
        for at, part in enumerate(parts)
    ]
    return {
        "responses": pa.concat_tables(responses).combine_chunks(),
        "invitations": _invitations(rng, world, parts[:3], response_ids),
    }


def _scores(rng: np.random.Generator, chances: np.ndarray, count: int, lowest: int) -> np.ndarray:
    codes = np.searchsorted(np.cumsum(chances) / chances.sum(), rng.random(count), side="right")
    return np.minimum(codes, len(chances) - 1) + lowest


def _answers(
    rng: np.random.Generator, asked: np.ndarray, score: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and instants of those who answer within four weeks and the three years; the rest have
    a score of -1.
    """
    delay = (np.minimum(rng.lognormal(2.6, 1.3, len(asked)), 650) * _HOUR).astype(np.int64)
    is_answer = (rng.random(len(asked)) < share) & (asked + delay < END * DAY)
    return np.where(is_answer, score, -1), asked + delay


def _after_tickets(rng: np.random.Generator, world: World, tickets: Tickets) -> _Asked:
    asked_about = (tickets.resolved != NULL) & (tickets.resolved < END * DAY - 3 * _HOUR)
    ticket = np.flatnonzero(asked_about & (rng.random(len(tickets.account)) < 0.75))
    at = tickets.resolved[ticket] + _HOUR
    account = tickets.account[ticket]
    failing = world.book.segment[account] == FAILING
    score = np.where(
        failing, _scores(rng, _CSAT_FAILING, len(at), 1), _scores(rng, _CSAT, len(at), 1)
    )
    score, answered = _answers(rng, at, score, 0.38)
    nobody = np.full(len(at), -1)
    contact, agent = tickets.contact[ticket], tickets.assignee[ticket]
    return _Asked("svy-csat", at, score, answered, account, contact, ticket, agent, nobody)


def _relationship(rng: np.random.Generator, world: World) -> _Asked:
    """Every quarter, half of the contacts of every account that is a customer then."""
    account, started, ended = world.spans
    months = (
        np.arange("2023-02", "2026-01", 3, dtype="datetime64[M]")
        .astype("datetime64[D]")
        .astype(np.int64)
    )
    span, wave = np.nonzero((started[:, None] < months + 8) & (months + 8 < ended[:, None]))
    first, last = (
        world.book.contact_offsets[account[span]],
        world.book.contact_offsets[account[span] + 1],
    )
    length = last - first
    row = np.repeat(np.arange(len(span)), length)
    contact = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    chosen = rng.random(len(row)) < 0.55
    row, contact = row[chosen], contact[chosen]
    who = account[span[row]]
    at = office_instant(rng, working_day(months[wave[row]] + 8))
    failing = world.book.segment[who] == FAILING
    score = np.where(
        failing, _scores(rng, _NPS_FAILING, len(at), 0), _scores(rng, _NPS, len(at), 0)
    )
    score, answered = _answers(rng, at, score, 0.33)
    nobody = np.full(len(at), -1)
    return _Asked("svy-nps", at, score, answered, who, contact, nobody, nobody, nobody)


def _onboarding(rng: np.random.Generator, world: World) -> _Asked:
    account, started, ended = world.spans
    due = working_day(started + 45)
    asked = (started > FIRST) & (due < np.minimum(ended, END - 2))
    who, at = account[asked], office_instant(rng, due[asked])
    score = _scores(rng, _EFFORT, len(at), 1) - 2 * (world.book.segment[who] == FAILING)
    score, answered = _answers(rng, at, np.maximum(1, score), 0.6)
    nobody = np.full(len(at), -1)
    contact = world.book.contact_of(rng, who)
    return _Asked("svy-onboarding", at, score, answered, who, contact, nobody, nobody, nobody)


def _employees(rng: np.random.Generator, world: World, survey: str, chances: np.ndarray) -> _Asked:
    """Twice a year, everybody employed then."""
    waves = np.array(
        [f"{year}-{month}" for year in (2023, 2024, 2025) for month in ("05-15", "11-13")],
        dtype="M8[D]",
    )
    days = waves.astype(np.int64)
    firm = world.firm
    wave, employee = np.nonzero(
        (firm.joined[None, :] < days[:, None]) & (days[:, None] < firm.left[None, :])
    )
    at = office_instant(rng, working_day(days[wave]))
    lowest = 0 if len(chances) == 11 else 1
    score, answered = _answers(rng, at, _scores(rng, chances, len(at), lowest), 0.82)
    nobody = np.full(len(at), -1)
    return _Asked(survey, at, score, answered, nobody, nobody, nobody, nobody, employee)


def _responses(
    rng: np.random.Generator, world: World, tickets: Tickets, asked: _Asked, response_ids: pa.Array
) -> pa.Table:
    given = np.flatnonzero(asked.score >= 0)
    score = asked.score[given]
    top = {"svy-nps": 10, "svy-enps": 10, "svy-onboarding": 7}.get(asked.survey, 5)
    words: Sequence[str] = _PRAISE + _BLAME
    remark = rng.integers(0, len(_PRAISE), len(given)) + np.where(
        score >= 0.7 * top, 0, len(_PRAISE)
    )
    is_silent = (rng.random(len(given)) < 0.7) | (asked.employee[given] >= 0)
    return make(
        "responses",
        {
            "id": response_ids,
            "survey_id": pick((asked.survey,), np.zeros(len(given), dtype=np.int64)),
            "responded_at": asked.answered[given],
            "score": score.astype(float),
            "account_id": pick(world.book.ids, asked.account[given]),
            "contact_id": pick(world.book.contact_ids, asked.contact[given]),
            "user_id": pick(world.firm.user_ids, asked.employee[given]),
            "agent_id": pick(world.firm.user_ids, asked.agent[given]),
            "ticket_id": pick(tickets.ids, asked.ticket[given]),
            "invited_at": asked.at[given],
            "comment": pick(words, np.where(is_silent, -1, remark)),
        },
    )


def _invitations(
    rng: np.random.Generator, world: World, parts: list[_Asked], response_ids: pa.Array
) -> pa.Table:
    """Invitations to contacts; those of employees are not kept, and who answered was reached."""
    at, score, account, contact = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("at", "score", "account", "contact")
    )
    answered = score >= 0
    response = np.where(answered, np.cumsum(answered) - 1, -1)
    survey = np.repeat(np.arange(len(parts)), [len(part.at) for part in parts])
    return make(
        "invitations",
        {
            "id": ids("inv", len(at), width=7),
            "survey_id": pick([part.survey for part in parts], survey),
            "invited_at": at,
            "account_id": pick(world.book.ids, account),
            "contact_id": pick(world.book.contact_ids, contact),
            "delivered": answered | (rng.random(len(at)) < 0.96),
            "response_id": pick(response_ids, response),
        },
    )
