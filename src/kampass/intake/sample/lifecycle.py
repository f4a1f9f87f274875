"""What accounts buy over time, played through term by term: contracts, subscription lines and the
moves they make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from kampass.intake.sample.book import TRIAL_RUN, Book, open_book
from kampass.intake.sample.firm import PRODUCTS, Firm, hire, price_of
from kampass.intake.sample.lives import LifeStretch, live
from kampass.intake.sample.shapes import END, FIRST, NULL, day, stream
from kampass.intake.sample.stories import STORIES, STORY_ACCOUNTS, Size

_RISE_DAY = day(STORIES.price_rise.on)
_QUIET = (day(date(2025, 3, 1)), day(date(2025, 7, 1)))
"""When the departed manager's accounts buy nothing more."""

_BUSY = 0.5
"""Chance of each of two occasions to buy within a term."""

_SIDE_PRODUCTS = (4, 6, 8, 9, 10)
"""What an account can add to its core product."""

_NEXT_TIER = {0: 1, 1: 2, 2: 3, 4: 5, 6: 7}


@dataclass(frozen=True)
class Move:
    """A sale or the loss of one: what kind, whose, when and its value over a year in cents."""

    kind: str
    account: int
    day: int
    amount: int
    is_won: bool = True


@dataclass(frozen=True)
class Line:
    """One subscription line; money in cents of the account's currency."""

    account: int
    contract: int
    product: int
    quantity: int
    price: int
    started: int
    is_trial: bool = False


@dataclass
class Ledger:
    """Everything sold, as it grows: lines with their ends, contracts and moves."""

    lines: list[Line] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    contracts: list[dict[str, Any]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def open(self, line: Line) -> int:
        """Add a line that goes on; its position."""
        self.lines.append(line)
        self.ends.append(NULL)
        return len(self.lines) - 1


@dataclass
class _Run:
    """One stretch while it is played through: the open line of each product and the running
    contract.
    """

    stretch: LifeStretch
    rate: float
    held: dict[int, int] = field(default_factory=dict)
    contract: int = -1


_Event = Callable[[np.random.Generator, Ledger, _Run, int], None]


def trade(rng: np.random.Generator, book: Book, stretches: list[LifeStretch]) -> Ledger:
    """Play every stretch through, term by term."""
    ledger = Ledger()
    discount = 1 - np.array([0.22, 0.1, 0.03, 0.0])[book.segment] * rng.random(len(book))
    rate = discount * np.where(book.is_euro, 0.92, 1.0)
    for stretch in stretches:
        run = _Run(stretch, float(rate[stretch.account]))
        _begin(rng, book, ledger, run)
        for start, end in stretch.terms:
            _sign(rng, ledger, run, (start, end))
            for on, change in _events(rng, stretch, start, end):
                change(rng, ledger, run, on)
        _finish(ledger, run)
    return _without_empty_lines(ledger)


def _without_empty_lines(ledger: Ledger) -> Ledger:
    kept = [
        pair for pair in zip(ledger.lines, ledger.ends, strict=True) if pair[0].started != pair[1]
    ]
    return Ledger(
        [line for line, _ in kept], [end for _, end in kept], ledger.contracts, ledger.moves
    )


def _begin(rng: np.random.Generator, book: Book, ledger: Ledger, run: _Run) -> None:
    account, started = run.stretch.account, run.stretch.started
    core, seats = int(book.core[account]), int(book.seats[account])
    if started > FIRST + 30 and started - 30 >= book.known_from[account] and rng.random() < 0.4:
        ledger.ends[ledger.open(Line(account, -1, core, seats, 0, started - 30, is_trial=True))] = (
            started
        )
    _change(ledger, run, core, seats, started)
    if rng.random() < 0.5:
        _change(ledger, run, 4, max(2, round(seats * 0.5)), started)


def _change(ledger: Ledger, run: _Run, product: int, quantity: int, on: int) -> None:
    """Let a product run with another quantity (none: no longer) from a day on, at the price of that
    day.
    """
    row = run.held.pop(product, None)
    if row is not None:
        ledger.ends[row] = on
    if quantity:
        price = price_of(product, run.rate, on)
        run.held[product] = ledger.open(
            Line(run.stretch.account, run.contract, product, quantity, price, on)
        )


def _monthly(ledger: Ledger, run: _Run) -> int:
    return sum(ledger.lines[row].quantity * ledger.lines[row].price for row in run.held.values())


def _sign(rng: np.random.Generator, ledger: Ledger, run: _Run, span: tuple[int, int]) -> None:
    """Sign for a term: the first contract of the stretch, or a renewal of the running one."""
    start, end = span
    value = round(_monthly(ledger, run) * (end - start) / 365 * 12)
    kind = "new" if run.contract < 0 else "extension" if rng.random() < 0.06 else "renewal"
    if run.contract >= 0:
        ledger.contracts[run.contract]["outcome"] = "renewed"
    signed = start - int(rng.integers(1, 25))
    if kind == "new" and start != FIRST:
        signed = start - int(rng.integers(0, 6))
    _add_contract(
        ledger,
        run,
        {"kind": kind, "signed_on": signed, "valid_from": start, "valid_to": end, "value": value},
    )
    if start != FIRST:
        ledger.moves.append(Move(kind, run.stretch.account, signed, value))
    ledger.contracts[run.contract]["auto_renew"] = bool(rng.random() < 0.6)
    if kind == "new":
        for row in run.held.values():
            ledger.lines[row] = replace(ledger.lines[row], contract=run.contract)


def _add_contract(ledger: Ledger, run: _Run, values: dict[str, Any]) -> None:
    core = next((product for product in run.held if product < 4), 0)
    previous = run.contract if values["kind"] != "new" else -1
    record = {
        "account": run.stretch.account,
        "product": core,
        "previous": previous,
        "outcome": "pending",
    }
    ledger.contracts.append(record | values)
    if values["kind"] != "amendment":
        run.contract = len(ledger.contracts) - 1


def _events(
    rng: np.random.Generator, stretch: LifeStretch, start: int, end: int
) -> list[tuple[int, _Event]]:
    """What happens within a term, in order; nothing grows in the term in which an account
    leaves.
    """
    last = min(end, stretch.ended)
    is_final = last == stretch.ended != END
    events: list[tuple[int, _Event]] = []
    if start > stretch.started:
        events.append((start, _shrink if is_final and rng.random() < 0.25 else _adjust))
    for _ in range(2):
        on = start + 20 + int(rng.integers(0, max(1, end - start - 30)))
        if not is_final and rng.random() < _BUSY:
            events.append((on, _extend))
    if stretch.shrinks_on is not None:
        events.append((stretch.shrinks_on, _shrink))
    if stretch.started < _RISE_DAY:
        events.append((_RISE_DAY, _reprice))
    quiet = stretch.account in STORY_ACCOUNTS
    return sorted(
        (
            (on, event)
            for on, event in events
            if start <= on < last
            and (event in (_shrink, _reprice) or not (quiet and _QUIET[0] <= on < _QUIET[1]))
        ),
        key=lambda pair: pair[0],
    )


def _reprice(rng: np.random.Generator, ledger: Ledger, run: _Run, on: int) -> None:
    for product, row in list(run.held.items()):
        if PRODUCTS[product].family == STORIES.price_rise.family and ledger.lines[row].started < on:
            _change(ledger, run, product, ledger.lines[row].quantity, on)


def _shrink(rng: np.random.Generator, ledger: Ledger, run: _Run, on: int) -> None:
    for product, row in list(run.held.items()):
        _change(ledger, run, product, max(1, round(ledger.lines[row].quantity * 0.72)), on)


def _adjust(rng: np.random.Generator, ledger: Ledger, run: _Run, on: int) -> None:
    """What an account does at its renewal: mostly grow, sometimes shrink or drop a side product."""
    chance = rng.random()
    core = next(product for product in run.held if product < 4)
    seats = ledger.lines[run.held[core]].quantity
    before = _monthly(ledger, run)
    if chance < 0.55:
        _change(ledger, run, core, seats + max(1, round(seats * rng.uniform(0.05, 0.2))), on)
    elif chance < 0.64:
        _change(ledger, run, core, max(1, round(seats * rng.uniform(0.8, 0.96))), on)
    elif chance < 0.67 and len(run.held) > 1:
        _change(ledger, run, max(run.held), 0, on)
    _record(rng, ledger, run, on, ("upsell", before))


def _extend(rng: np.random.Generator, ledger: Ledger, run: _Run, on: int) -> None:
    """What an account buys within a term: seats, a higher tier or something beside its core
    product.
    """
    chance = rng.random()
    core = next(product for product in run.held if product < 4)
    seats = ledger.lines[run.held[core]].quantity
    before = _monthly(ledger, run)
    spare = [
        product
        for product in _SIDE_PRODUCTS
        if product not in run.held and product + 1 not in run.held
    ]
    kind = "upsell"
    if chance < 0.55:
        _change(ledger, run, core, seats + max(1, round(seats * rng.uniform(0.04, 0.16))), on)
    elif chance < 0.7 and core in _NEXT_TIER:
        _supersede(ledger, run, on)
        _change(ledger, run, core, 0, on)
        _change(ledger, run, _NEXT_TIER[core], seats, on)
    elif spare:
        kind = "cross_sell"
        _change(
            ledger,
            run,
            spare[int(rng.integers(0, len(spare)))],
            max(2, round(seats * rng.uniform(0.3, 0.8))),
            on,
        )
    _record(rng, ledger, run, on, (kind, before))


def _supersede(ledger: Ledger, run: _Run, on: int) -> None:
    old = ledger.contracts[run.contract]
    months_left = (old["valid_to"] - on) / 365 * 12
    old |= {"outcome": "superseded", "ended_on": on}
    value = round(_monthly(ledger, run) * months_left)
    span = {
        "signed_on": on,
        "valid_from": on,
        "valid_to": old["valid_to"],
        "auto_renew": old["auto_renew"],
    }
    _add_contract(ledger, run, {"kind": "renewal", "value": value} | span)


def _record(
    rng: np.random.Generator, ledger: Ledger, run: _Run, on: int, sale: tuple[str, int]
) -> None:
    """Note growth as a sale, some of it with an amendment of the contract."""
    kind, before = sale
    gain = (_monthly(ledger, run) - before) * 12
    if gain <= 0:
        return
    ledger.moves.append(Move(kind, run.stretch.account, on, gain))
    running = ledger.contracts[run.contract]
    if running["valid_from"] < on and rng.random() < 0.3:
        span = {"signed_on": on, "valid_from": on, "valid_to": running["valid_to"], "outcome": None}
        _add_contract(ledger, run, {"kind": "amendment", "value": gain} | span)


def _finish(ledger: Ledger, run: _Run) -> None:
    stretch = run.stretch
    if stretch.reason is None:
        return
    lost = _monthly(ledger, run) * 12
    for row in run.held.values():
        ledger.ends[row] = stretch.ended
    kind = "involuntary" if stretch.reason in ("merger", "budget cut") else "voluntary"
    ledger.contracts[run.contract] |= {
        "outcome": "lost",
        "ended_on": stretch.ended,
        "churn_type": kind,
        "churn_reason": stretch.reason,
    }
    ledger.moves.append(Move("renewal", stretch.account, stretch.ended, lost, is_won=False))


@dataclass(frozen=True)
class World:
    """The company played through: what every table is told from."""

    seed: int
    size: Size
    firm: Firm
    book: Book
    stretches: list[LifeStretch]
    ledger: Ledger

    def stream(self, noun: str) -> np.random.Generator:
        """A noun's own random numbers."""
        return stream(self.seed, noun)

    @cached_property
    def spans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Account, first day and following day of every stretch, test accounts left out."""
        values = np.array(
            [(span.account, span.started, span.ended) for span in self.stretches], dtype=np.int64
        )
        account, started, ended = values[self.book.standing[values[:, 0]] != TRIAL_RUN].T
        return account, started, ended


def found(size: Size, seed: int) -> World:
    """Play the company of a size through its three years."""
    firm = hire(stream(seed, "firm"))
    book = open_book(stream(seed, "book"), size.accounts)
    stretches = live(stream(seed, "lives"), book)
    return World(seed, size, firm, book, stretches, trade(stream(seed, "trade"), book, stretches))
