"""The contracts, subscription lines, invoices and costs of the accounts, as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kampass.intake.sample.book import Book
from kampass.intake.sample.firm import PRODUCTS
from kampass.intake.sample.lifecycle import Ledger, World
from kampass.intake.sample.shapes import DAY, END, FIRST, NULL, ids, make, office_instant, pick

_PRODUCT_IDS = [product.id for product in PRODUCTS]
_ONBOARDING = len(PRODUCTS) - 1


def tables(world: World) -> dict[str, pa.Table]:
    """The money tables as they stand in the end."""
    book, ledger = world.book, world.ledger
    contract_ids = ids("ctr", len(ledger.contracts), width=5)
    return {
        "contracts": _contracts(book, ledger, contract_ids),
        "subscriptions": _subscriptions(book, ledger, contract_ids),
        "purchases": _purchases(world),
        "costs": _costs(world),
    }


def _contracts(book: Book, ledger: Ledger, contract_ids: pa.Array) -> pa.Table:
    names = (
        "signed_on",
        "valid_from",
        "valid_to",
        "kind",
        "auto_renew",
        "outcome",
        "ended_on",
        "churn_type",
    )
    plain = {
        name: [record.get(name) for record in ledger.contracts]
        for name in (*names, "churn_reason", "value")
    }
    account, product, previous = (
        np.array([record[name] for record in ledger.contracts])
        for name in ("account", "product", "previous")
    )
    return make(
        "contracts",
        plain
        | {
            "id": contract_ids,
            "account_id": pick(book.ids, account),
            "product_id": pick(_PRODUCT_IDS, product),
            "previous_contract_id": pick(contract_ids, previous),
            "currency": pick(book.currencies, account),
        },
    )


def _subscriptions(book: Book, ledger: Ledger, contract_ids: pa.Array) -> pa.Table:
    account, contract, product, quantity, price, started, is_trial = (
        np.array([getattr(line, name) for line in ledger.lines])
        for name in ("account", "contract", "product", "quantity", "price", "started", "is_trial")
    )
    return make(
        "subscriptions",
        {
            "id": ids("sub", len(account), width=5),
            "account_id": pick(book.ids, account),
            "contract_id": pick(contract_ids, contract),
            "product_id": pick(_PRODUCT_IDS, product),
            "quantity": quantity,
            "unit_price": price,
            "mrr": quantity * price,
            "currency": pick(book.currencies, account),
            "valid_from": started,
            "valid_to": ledger.ends,
            "is_trial": is_trial,
        },
    )


@dataclass(frozen=True)
class Balance:
    """Each account's monthly money in cents, ready to be asked for any day."""

    keys: np.ndarray
    totals: np.ndarray

    @classmethod
    def of(cls, ledger: Ledger) -> Balance:
        """The balance of all lines."""
        account = np.array([line.account for line in ledger.lines], dtype=np.int64)
        started = np.array([line.started for line in ledger.lines], dtype=np.int64)
        cents = np.array([line.quantity * line.price for line in ledger.lines], dtype=np.int64)
        ended = np.array([END * 2 if end == NULL else end for end in ledger.ends], dtype=np.int64)
        keys = np.concatenate([account * 100_000 + started, account * 100_000 + ended])
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], np.cumsum(np.concatenate([cents, -cents])[order]))

    def at(self, accounts: np.ndarray, days: np.ndarray) -> np.ndarray:
        """What accounts pay per month on a day, lines that start that day included; all lines end,
        so others cancel.
        """
        return self.totals[np.searchsorted(self.keys, accounts * 100_000 + days, side="right") - 1]


def _invoices(rng: np.random.Generator, world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Account, day and months billed of every recurring invoice; larger accounts mostly pay by the
    year.
    """
    accounts, days, months = [], [], []
    for account, started, ended in zip(*(part.tolist() for part in world.spans), strict=True):
        is_yearly = rng.random() < (0.7, 0.45, 0.25, 0.1)[world.book.segment[account]]
        due = started + np.round(
            np.arange(0, ended - started, 365.25 if is_yearly else 30.4375)
        ).astype(np.int64)
        due = due[due < ended]
        accounts.append(np.full(len(due), account))
        days.append(due)
        months.append(np.full(len(due), 12 if is_yearly else 1))
    return np.concatenate(accounts), np.concatenate(days), np.concatenate(months)


def _purchases(world: World) -> pa.Table:
    rng = world.stream("purchases")
    account, days, months = _invoices(rng, world)
    amount = Balance.of(world.ledger).at(account, days) * months
    credited = np.flatnonzero((rng.random(len(account)) < 0.012) & (days < END - 40))
    joining, started, _ = world.spans
    packages = np.flatnonzero((started > FIRST) & (rng.random(len(joining)) < 0.55))
    extras = rng.choice(len(account), len(account) // 40, replace=False)
    who = np.concatenate([account, account[credited], joining[packages], account[extras]])
    on = np.concatenate([days, days[credited] + 10, started[packages], days[extras] + 3])
    money = [
        amount,
        -(amount[credited] // 5),
        np.full(len(packages), 250_000),
        40_000 + amount[extras] // 10,
    ]
    kind = np.repeat([0, 1, 2, 2], [len(account), len(credited), len(packages), len(extras)])
    product = np.where(kind == 2, _ONBOARDING, np.where(kind == 1, -1, world.book.core[who]))
    at = office_instant(rng, on)
    order = np.argsort(at, kind="stable")
    order = order[at[order] < END * DAY]
    return make(
        "purchases",
        {
            "id": ids("pur", len(order)),
            "account_id": pick(world.book.ids, who[order]),
            "purchased_at": at[order],
            "amount": np.concatenate(money)[order],
            "currency": pick(world.book.currencies, who[order]),
            "product_id": pick(_PRODUCT_IDS, product[order]),
            "kind": pick(("recurring", "credit", "one_off"), kind[order]),
        },
    )


def _costs(world: World) -> pa.Table:
    """Acquisition by month for the whole company, service by quarter and account; all in the
    workspace's currency.
    """
    rng = world.stream("costs")
    months = (
        np.arange("2023-01", "2026-01", dtype="datetime64[M]")
        .astype("datetime64[D]")
        .astype(np.int64)
    )
    acquiring = np.repeat(months, 2) + np.tile([4, 18], len(months))
    account, started, ended = world.spans
    quarters = months[::3] + 60
    serving, quarter = np.nonzero((started[:, None] < quarters) & (quarters < ended[:, None]))
    seats = world.book.seats[account[serving]]
    scale = len(world.book) / 200
    return make(
        "costs",
        {
            "id": ids("cost", len(acquiring) + len(serving)),
            "on": np.concatenate([acquiring, quarters[quarter]]),
            "kind": ["acquisition"] * len(acquiring) + ["service"] * len(serving),
            "amount": np.concatenate(
                [
                    (rng.integers(900_000, 1_600_000, len(acquiring)) * scale).astype(np.int64),
                    15_000 + seats * rng.integers(500, 1_500, len(serving)),
                ]
            ),
            "currency": ["USD"] * (len(acquiring) + len(serving)),
            "account_id": pick(
                world.book.ids, np.concatenate([np.full(len(acquiring), -1), account[serving]])
            ),
        },
    )
