"""95 % intervals and `detectable`, held against worlds in which the truth is known.

A figure's interval must hold the truth in 93 to 97 of 100 cases, on average over n from 30 to 300
and shares from .1 to .9; `detectable` may be wrong in at most 6 of 100 worlds in which nothing
changed. What can be enumerated is exact. What is simulated has fixed seeds and bounds that leave
room for chance: 3.1 standard errors of the simulation, so that a method that just holds would fail
once in a thousand. KAMPASS_SIMULATIONS multiplies the worlds (1 unless set; `make nightly` sets
20), which narrows the room. `pytest -s` prints what was seen.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import lgamma, log, sqrt

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray

from kampass.catalogue import shipped
from kampass.engine import Engine, Question, Settings
from kampass.engine.figure import Figure
from kampass.engine.intervals import (
    adjusted_wald_difference,
    bootstrap_t,
    clustered_newcombe,
    newcombe,
)
from kampass.insight import ask
from kampass.insight.change.compare import FEWEST_ACCOUNTS
from kampass.periods import Calendar
from kampass.workspace.authoring.worlds import Worlds

TIMES = int(os.environ.get("KAMPASS_SIMULATIONS", "1"))
SIZES = (30, 40, 50, 70, 100, 150, 200, 300)
SHARES = tuple(tenths / 10 for tenths in range(1, 10))
MIXES = [
    (promoters, detractors)
    for promoters in SHARES
    for detractors in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
    if promoters + detractors <= 0.98
]
MOST_PROMOTE = [(0.8, 0.05), (0.8, 0.1), (0.85, 0.1), (0.9, 0.02), (0.9, 0.05), (0.7, 0.1)]
ACCOUNTS = (30, 50, 100, 300)
HELD, WRONG = (0.93, 0.97), 0.06

Array = NDArray[np.float64]
Sides = tuple[Array, Array]


def room(rate: float, worlds: float) -> float:
    """What chance may add to a rate that was counted in so many worlds."""
    return 3.1 * sqrt(rate * (1 - rate) / worlds)


def show(*cells: object) -> None:
    print(
        "  ".join(
            f"{cell:>8.2%}"
            if isinstance(cell, float)
            else f"{cell:<34}"
            if place == 0
            else f"{cell:>9}"
            for place, cell in enumerate(cells)
        )
    )


def binomial(n: int, share: float) -> Array:
    """The probability of each number of successes."""
    return np.array(
        [
            np.exp(
                lgamma(n + 1)
                - lgamma(k + 1)
                - lgamma(n - k + 1)
                + k * log(share)
                + (n - k) * log(1 - share)
            )
            for k in range(n + 1)
        ]
    )


def estimating(method: str) -> list[str]:
    return [kpi.id for kpi in shipped() if kpi.interval == method]


def test_the_kpis_that_estimate_from_answers_are_these() -> None:
    assert set(estimating("wilson")) == {
        "csat",
        "employee_satisfaction",
        "promoters_share",
        "passives_share",
        "detractors_share",
    }
    assert set(estimating("nps")) == {"nps", "enps"}


@pytest.mark.parametrize("kpi_id", estimating("wilson"))
def test_the_interval_of_a_share_holds_the_truth(kpi_id: str) -> None:
    """Exact: every number of successes, weighed by its probability."""
    kpi, held = shipped().get(kpi_id), {}
    for n in SIZES:
        bounds = np.array(
            [Figure(kpi, k, n, n).interval(None, None) for k in range(n + 1)], dtype=np.float64
        )
        for share in SHARES:
            inside = (bounds[:, 0] <= 100 * share) & (100 * share <= bounds[:, 1])
            held[n, share] = float(binomial(n, share)[inside].sum())
        show(
            f"coverage {kpi_id}",
            n,
            "mean",
            float(np.mean([held[n, share] for share in SHARES])),
            "least",
            min(held[n, share] for share in SHARES),
        )
    assert HELD[0] <= np.mean(list(held.values())) <= HELD[1]


@pytest.mark.parametrize("mixes", [MIXES, MOST_PROMOTE], ids=["mixes", "most_promote"])
@pytest.mark.parametrize("kpi_id", estimating("nps"))
def test_the_interval_of_promoters_less_detractors_holds_the_truth(
    kpi_id: str, mixes: list[tuple[float, float]]
) -> None:
    kpi, rng, each = (
        shipped().get(kpi_id),
        np.random.default_rng(1),
        max(1, 1500 * TIMES // len(mixes)),
    )
    held: dict[int, float] = {}
    for n in SIZES:
        inside = 0
        for promoters, detractors in mixes:
            for high, low, _ in rng.multinomial(
                n, [promoters, detractors, 1 - promoters - detractors], size=each
            ):
                bounds = Figure(kpi, float(high - low), float(n), n).interval(
                    float(high), float(low)
                )
                inside += (bounds[0] or 0) <= 100 * (promoters - detractors) <= (bounds[1] or 0)
        held[n] = inside / (each * len(mixes))
        show(
            f"coverage {kpi_id}, {'most promote' if mixes is MOST_PROMOTE else 'all mixes'}",
            n,
            "mean",
            held[n],
        )
    slack = room(0.95, each * len(mixes) * len(SIZES))
    assert HELD[0] - slack <= np.mean(list(held.values())) <= HELD[1] + slack


def judged(
    name: str,
    n: int,
    worlds: int,
    world: Callable[[Generator], tuple[float, float] | None],
    speaks: float = 0.5,
) -> None:
    """Ask many unchanged worlds and let no more be wrong than may be; a world that says nothing is
    not counted.
    """
    rng = np.random.default_rng(n)
    answers = [bounds for _ in range(worlds * TIMES) if (bounds := world(rng)) is not None]
    wrong = sum(low > 0 or high < 0 for low, high in answers) / max(1, len(answers))
    show(f"unchanged {name}", n, f"{len(answers)} of", worlds * TIMES, wrong)
    assert len(answers) >= speaks * worlds * TIMES
    assert wrong <= WRONG + room(WRONG, max(1, len(answers)))


@pytest.mark.parametrize("n", [30, 50, 100, 300])
def test_unchanged_shares_of_independent_units_look_unchanged(n: int) -> None:
    def world(rng: Generator) -> tuple[float, float]:
        share, sizes = rng.uniform(0.05, 0.95), rng.integers(n, 2 * n, size=2)
        now, before = ((float(rng.binomial(size, share)), float(size)) for size in sizes)
        return newcombe(now, before)

    judged("share, independent, newcombe", n, 1500, world)


@pytest.mark.parametrize("n", [30, 50, 100, 300])
def test_unchanged_nps_looks_unchanged(n: int) -> None:
    def world(rng: Generator) -> tuple[float, float]:
        weights, sizes = rng.dirichlet([1, 1, 1]), rng.integers(n, 2 * n, size=2)
        (high, low, _), (high_before, low_before, _) = (
            rng.multinomial(size, weights) for size in sizes
        )
        return adjusted_wald_difference((high, low, sizes[0]), (high_before, low_before, sizes[1]))

    judged("nps, adjusted_wald", n, 1500, world)


def units(rng: Generator, accounts: int, *, alike: bool, stay: float) -> Sides | None:
    """Units of accounts with their successes: a row per account now and before; accounts have rates
    of their own unless `alike`.

    Each account keeps its rate and its size with probability `stay`, and is another one otherwise.
    """
    share, mean, shape = rng.uniform(0.1, 0.9), *((2.0, 2.0) if rng.random() < 0.5 else (10.0, 0.7))
    sides: list[Array] = []
    rates, sizes = np.full(accounts, share), rng.gamma(shape, mean / shape, accounts)
    for _ in range(2):
        other = rng.random(accounts) >= stay
        fresh = (
            np.full(accounts, share) if alike else rng.beta(4 * share, 4 * (1 - share), accounts)
        )
        rates, sizes = (
            np.where(other | (not sides), fresh, rates),
            np.where(other, rng.gamma(shape, mean / shape, accounts), sizes),
        )
        n = rng.poisson(sizes)
        sides.append(np.column_stack([rng.binomial(n, rates), n]).astype(np.float64))
    return (sides[0], sides[1]) if min(side[:, 1].sum() for side in sides) >= 30 else None


@pytest.mark.parametrize("accounts", ACCOUNTS)
@pytest.mark.parametrize(
    ("alike", "stay"),
    [(True, 1.0), (False, 1.0), (False, 0.5), (False, 0.0)],
    ids=["alike", "all_stay", "half_stay", "others"],
)
def test_unchanged_shares_of_units_that_share_accounts_look_unchanged(
    accounts: int, alike: bool, stay: float
) -> None:
    def world(rng: Generator) -> tuple[float, float] | None:
        sides = units(rng, accounts, alike=alike, stay=stay)
        return clustered_newcombe(*sides) if sides else None

    judged(
        f"share, {'alike' if alike else 'unlike'} accounts, {stay:.0%} stay", accounts, 300, world
    )


def test_newcombe_alone_would_call_units_that_share_accounts_changed() -> None:
    """Why shares are widened: ten tickets of one account are not ten independent tickets."""
    rng, wrong = np.random.default_rng(1), []
    for _ in range(400):
        sides = units(rng, 50, alike=False, stay=0.0)
        assert sides is not None
        now, before = (tuple(side.sum(axis=0)) for side in sides)
        low, high = newcombe(now, before)  # type: ignore[arg-type]
        wrong.append(low > 0 or high < 0)
    show("unlike accounts, newcombe alone", 50, "400 of", 400, float(np.mean(wrong)))
    assert np.mean(wrong) > 0.15


def book(rng: Generator, accounts: int) -> tuple[Array, Array, Array]:
    """MRR at three boundaries: lognormal, a tenth expands, a tenth contracts, three in a hundred
    leave and as many come.
    """
    boundaries = [rng.lognormal(5, rng.choice([0.7, 1.0, 1.3]), accounts)]
    for _ in range(2):
        mrr, fate = boundaries[-1].copy(), rng.random(len(boundaries[-1]))
        up, down = fate < 0.1, (fate >= 0.1) & (fate < 0.2)
        mrr[up] *= 1 + rng.exponential(0.2, up.sum())
        mrr[down] *= 1 - rng.uniform(0, 0.4, down.sum())
        mrr[fate > 0.97] = 0
        come = rng.choice(boundaries[0], rng.poisson(0.03 * accounts))
        boundaries = [np.concatenate([boundary, np.zeros(len(come))]) for boundary in boundaries]
        boundaries.append(np.concatenate([mrr, come]))
    return boundaries[0], boundaries[1], boundaries[2]


def lopsided(rng: Generator, accounts: int) -> Sides:
    """Very unequal MRR: one in twenty grows by 80 % on average, eight in twenty shrink by a tenth,
    three in a hundred leave and as many come.
    """
    before, fate = rng.lognormal(5, 1.5, accounts), rng.random(accounts)
    up, down = fate < 0.05, (fate > 0.5) & (fate < 0.9)
    now = np.where(fate > 0.97, 0, before)
    now[up] *= 1 + rng.exponential(0.8, up.sum())
    now[down] *= 1 - rng.uniform(0, 0.2, down.sum())
    come = rng.lognormal(5, 1.5, rng.poisson(0.03 * accounts))
    return np.concatenate([now, come])[:, None], np.concatenate([before, np.zeros(len(come))])[
        :, None
    ]


def revenue(
    part: Callable[[Array, Array], Array], *, ratio: bool
) -> Callable[[Generator, int], Sides]:
    def world(rng: Generator, accounts: int) -> Sides:
        first, second, third = book(rng, accounts)
        now, before = part(second, third), part(first, second)
        return (
            (np.column_stack([now, second]), np.column_stack([before, first]))
            if ratio
            else (now[:, None], before[:, None])
        )

    return world


def service(rng: Generator, accounts: int) -> tuple[Array, Array]:
    """Tickets and their hours, now and before: gamma rates, lognormal hours around each account's
    own, a few come and go.
    """
    rates, level = rng.gamma(0.7, 3, accounts), rng.lognormal(1, 0.6, accounts)
    tickets = rng.poisson(rates * (rng.random((2, accounts)) < 0.93))
    hours = [
        [level[account] * rng.lognormal(0, 1, n).sum() for account, n in enumerate(row)]
        for row in tickets
    ]
    return tickets.astype(np.float64), np.array(hours)


def time_to_resolution(rng: Generator, accounts: int) -> Sides:
    tickets, hours = service(rng, accounts)
    return np.column_stack([hours[0], tickets[0]]), np.column_stack([hours[1], tickets[1]])


def backlog(rng: Generator, accounts: int) -> Sides:
    tickets, _ = service(rng, accounts)
    return tickets[0][:, None], tickets[1][:, None]


def interactions(rng: Generator, accounts: int) -> Sides:
    """Poisson touches at rates that three in ten accounts change by chance."""
    rates = rng.gamma(0.5, 8, accounts)
    later = np.where(rng.random(accounts) < 0.3, rng.gamma(0.5, 8, accounts), rates)
    return rng.poisson(later).astype(np.float64)[:, None], rng.poisson(rates).astype(np.float64)[
        :, None
    ]


def purchase_value(rng: Generator, accounts: int) -> Sides:
    """Lognormal amounts around each account's own, gamma-Poisson purchases."""
    rates, level = rng.gamma(0.8, 1.5, accounts), rng.lognormal(4, 1, accounts)
    sides = []
    for _ in range(2):
        n = rng.poisson(rates)
        sides.append(
            np.column_stack(
                [
                    [
                        level[account] * rng.lognormal(0, 0.8, times).sum()
                        for account, times in enumerate(n)
                    ],
                    n,
                ]
            )
        )
    return sides[0], sides[1]


RESAMPLED: dict[str, Callable[[Generator, int], Sides]] = {
    "nrr": revenue(lambda opening, closing: np.where(opening > 0, closing, 0), ratio=True),
    "grr": revenue(np.minimum, ratio=True),
    "revenue_churn_rate": revenue(
        lambda opening, closing: np.where(closing == 0, opening, 0), ratio=True
    ),
    "mrr_end": revenue(lambda _, closing: closing, ratio=False),
    "expansion_mrr": revenue(
        lambda opening, closing: np.where(opening > 0, np.maximum(closing - opening, 0), 0),
        ratio=False,
    ),
    "customers_end": revenue(lambda _, closing: (closing > 0).astype(np.float64), ratio=False),
    "new_customers": revenue(
        lambda opening, closing: ((opening == 0) & (closing > 0)).astype(np.float64), ratio=False
    ),
    "time_to_resolution": time_to_resolution,
    "ticket_backlog": backlog,
    "customer_interactions": interactions,
    "average_purchase_value": purchase_value,
    "mrr_end, lopsided": lopsided,
}

RARE = {"new_customers", "expansion_mrr"}  # too few accounts have any to say much


@pytest.mark.parametrize(
    ("kpi_id", "accounts"),
    [
        *((kpi_id, accounts) for kpi_id in RESAMPLED for accounts in ACCOUNTS),
        *(
            (kpi_id, accounts)
            for kpi_id in ("nrr", "time_to_resolution", "customer_interactions")
            for accounts in (12, 20)
        ),
    ],
)
def test_an_unchanged_book_looks_unchanged(kpi_id: str, accounts: int) -> None:
    def world(rng: Generator) -> tuple[float, float] | None:
        now, before = RESAMPLED[kpi_id](rng, accounts)
        there = now.any(axis=1) | before.any(axis=1)
        return bootstrap_t(now[there], before[there]) if there.sum() >= FEWEST_ACCOUNTS else None

    judged(f"{kpi_id}, bootstrap", accounts, 30, world, speaks=0.0 if kpi_id in RARE else 0.5)


@pytest.mark.parametrize(
    ("kpi_id", "factor"),
    [("nrr", 0.9), ("time_to_resolution", 1.5), ("customer_interactions", 1.5)],
)
def test_a_book_that_changed_is_seen_to_have_changed(kpi_id: str, factor: float) -> None:
    """With 300 accounts a clear change shows in at least nine worlds of ten; an interval that says
    nothing would hold, too.
    """
    rng, seen = np.random.default_rng(1), 0
    for _ in range(40):
        now, before = RESAMPLED[kpi_id](rng, 300)
        low, high = bootstrap_t(np.column_stack([factor * now[:, 0], *now.T[1:]]), before) or (
            0.0,
            0.0,
        )
        seen += low > 0 or high < 0
    show(f"changed {kpi_id}, x {factor}", 300, "seen", seen / 40)
    assert seen >= 36


MONTHS = [date(2023 + month // 12, month % 12 + 1, 1) for month in range(25)]
WHOLE_ENGINE = {
    "csat": "newcombe",
    "nps": "adjusted_wald",
    "survey_response_rate": "newcombe",
    "fcr": "newcombe",
    "customer_churn_rate": "newcombe",
    "nrr": "bootstrap",
}


@dataclass(frozen=True)
class Billed:
    """What an account pays since when, and how many touches and tickets it has in a month."""

    mrr: float
    touches: float
    tickets: float
    since: date


class Firm:
    """Segments of accounts whose ways never change, month after month; each has rates of its own.
    Written as canonical tables.
    """

    def __init__(self, segments: int) -> None:
        self.rng = np.random.default_rng(20)
        self.tables: dict[str, list[str]] = {
            "accounts": ["id,name,segment"],
            "subscriptions": ["id,account_id,mrr,currency,valid_from,valid_to"],
            "touches": ["id,occurred_at,channel,direction,account_id"],
            "tickets": ["id,created_at,account_id,topic,resolved_at,agent_replies,reopened"],
            "surveys": ["id,kind,scale_min,scale_max", "csat,csat,1,5", "nps,nps,0,10"],
            "responses": ["id,survey_id,responded_at,score,account_id"],
            "invitations": ["id,survey_id,invited_at,account_id,response_id"],
        }
        for segment in range(segments):
            self._segment(f"s{segment:03}")

    def _add(self, table: str, *cells: object) -> str:
        key = f"{table[0]}{len(self.tables[table])}"
        self.tables[table].append(
            ",".join("" if cell is None else str(cell) for cell in (key, *cells))
        )
        return key

    def _segment(self, segment: str) -> None:
        rng, size = self.rng, int(self.rng.integers(40, 60))
        likely, promotes, answers, fixed = (
            rng.uniform(0.1, 0.9),
            rng.dirichlet([3, 2, 1.5]),
            rng.uniform(0.5, 0.9),
            rng.uniform(0.3, 0.9),
        )
        book: dict[str, Billed] = {}
        for month in MONTHS:
            self._bill(segment, month, book, size)
            for account, billed in book.items():
                for _ in range(rng.poisson(billed.touches)):
                    self._add("touches", self._moment(month), "call", "outbound", account)
                for _ in range(rng.poisson(billed.tickets)):
                    self._ticket(account, self._moment(month), fixed)
            listed = list(book)
            for place in rng.integers(len(listed), size=rng.integers(70, 100)):
                self._answer(
                    "csat", month, 5 if rng.random() < likely else 2, listed[place], answers
                )
                self._answer(
                    "nps",
                    month,
                    int(rng.choice([10, 7, 3], p=promotes)),
                    listed[-1 - place],
                    answers,
                )
        for account, billed in book.items():
            self._add("subscriptions", account, f"{billed.mrr:.2f}", "USD", billed.since, None)

    def _moment(self, month: date) -> str:
        return f"{month + timedelta(days=int(self.rng.integers(0, 28)))}T{self.rng.integers(0, 24):02}:00:00Z"

    def _bill(self, segment: str, month: date, book: dict[str, Billed], size: int) -> None:
        """Three in a hundred leave, as many come on average, fifteen change what they pay."""
        rng = self.rng
        for account, billed in list(book.items()):
            fate = rng.random()
            if fate < 0.18:
                self._add("subscriptions", account, f"{billed.mrr:.2f}", "USD", billed.since, month)
                del book[account]
            if 0.03 <= fate < 0.18:
                book[account] = replace(billed, mrr=billed.mrr * rng.lognormal(0, 0.2), since=month)
        for _ in range(rng.poisson(0.03 * size) if book else size):
            account = self._add("accounts", f"A {len(self.tables['accounts'])}", segment)
            book[account] = Billed(
                rng.lognormal(5, 0.8), rng.gamma(0.7, 2), rng.gamma(0.7, 2), month
            )

    def _ticket(self, account: str, moment: str, fixed: float) -> None:
        """Each account has a share of its own that is solved at once, around the segment's."""
        own = min(0.95, max(0.05, fixed + (int(account[1:]) % 5 - 2) / 8))
        topic = f"topic {len(self.tables['tickets'])}"
        self._add("tickets", moment, account, topic, moment, 1 if self.rng.random() < own else 3, 0)

    def _answer(self, survey: str, month: date, score: int, account: str, answered: float) -> None:
        moment = self._moment(month)
        response = (
            self._add("responses", survey, moment, score, account)
            if self.rng.random() < answered
            else None
        )
        if survey == "csat":
            self._add("invitations", survey, moment, account, response)


@pytest.fixture(scope="module")
def firm() -> Iterator[Engine]:
    tables = {name: "\n".join(lines) + "\n" for name, lines in Firm(4 * TIMES).tables.items()}
    with Worlds() as worlds:
        snapshot = worlds.snapshot(tables, recorded_at=datetime(2026, 6, 1, tzinfo=UTC))
        yield Engine(snapshot, shipped(), Settings(Calendar("UTC")))


@pytest.mark.parametrize("kpi_id", WHOLE_ENGINE)
def test_a_firm_that_never_changes_is_not_said_to_change(firm: Engine, kpi_id: str) -> None:
    """Every month of two years against the month before, segment by segment, from canonical tables
    to the answer.

    A month is in two comparisons, so the room for chance counts half of them.
    """
    answers = ask(
        firm,
        Question((kpi_id,), "2023-03..2024-12", "month", by=("segment",), compare="previous"),
    )
    changes = [answer.change for answer in answers if answer.change and answer.n >= 30]
    said = [change.detectable for change in changes if change.detectable is not None]
    wrong = sum(said) / len(said)
    show(f"whole engine, {kpi_id}", "n >= 30", f"{len(said)} of", len(changes), wrong)
    assert {change.method for change in changes if change.detectable is not None} == {
        WHOLE_ENGINE[kpi_id]
    }
    assert len(said) > 0.8 * len(changes) > 0
    assert wrong <= WRONG + room(WRONG, len(said) / 2)
