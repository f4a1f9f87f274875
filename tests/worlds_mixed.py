"""Random worlds as other people's data are: several sources of differing age, nothing said of
coverage, prices that drift with the currency, gaps, trials, columns of their own.

Everything is drawn on top of a plain world of the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from tests.worlds import FACTS, Feed, World, frame_of, make_world
from tests.worlds_draft import COLUMNS, DAY, HEADER, MICRO, Draft, Row, months_on

EXTRA = {
    "tickets": ("severity", "region"),
    "deals": ("channel", "plan_colour"),
    "responses": ("wave",),
    "purchases": ("shop",),
    "touches": ("campaign",),
    "contracts": ("plan_colour", "paper"),
    "subscriptions": ("tariff",),
}
"""Columns of their own; some are called like what accounts have, or another table."""


LAST = "9"
"""Later than every day."""
ASKED_ABOUT = {"12,5", "31/12/2025", "2025-03-01T10:00:00"}
"""What a mapping asks about, and so nobody uploads."""


class Mixture:
    """A world in the making: the draws of a plain one, and its tables to be added to."""

    def __init__(self, seed: int) -> None:
        self.world = make_world(seed)
        self.d = Draft(frame_of(seed), None)
        self.d.rng = random.Random(f"mixed {seed}")
        self.tables = {
            table: [dict(row) for row in rows] for table, rows in self.world.tables.items()
        }
        self.tables.pop("coverage", None)
        self.accounts = [
            row["id"] for row in self.tables["accounts"] if row["id"] and row["id"][:4] != "bad-"
        ]

    def ids(self, table: str) -> list[str]:
        """The ids of a table's good rows."""
        found = [row["id"] or "" for row in self.tables.get(table, [])]
        return [text for text in found if text[:4] != "bad-"]

    def add(self, table: str, **cells: object) -> None:
        """Append a row under an id of its own, where there is such a table."""
        if table in self.tables:
            rows = self.tables[table]
            header = list(rows[0]) if rows else HEADER[table]
            said = {"id": f"mixed-{len(rows)}", **cells}
            rows.append({column: self.d.text(said.get(column)) for column in header})


def mixed_world(seed: int) -> World:
    """Make the mixed world of this seed."""
    made = Mixture(seed)
    grace = made.d.pick((0, 0, 3, 10, 30))
    for step in (_runs, _gaps, _trials, _sales, _ends, _columns, _without_contacts, _ages):
        step(made)
    _rates(made)
    feeds = tuple(_feeds(made))
    return replace(
        made.world,
        tables=made.tables,
        feeds=feeds,
        silent=frozenset(table for table in FACTS if made.d.chance(0.1)),
        grace_days=grace,
    )


# -- what is paid -----------------------------------------------------------------------------


def _line(made: Mixture, account: str, begin: date, end: date | None, **cells: object) -> None:
    d = made.d
    said = {
        "mrr": d.money(),
        "currency": d.currencies[0],
        "quantity": d.pick((None, 1, 5)),
        **cells,
    }
    made.add("subscriptions", account_id=account, valid_from=begin, valid_to=end, **said)


def _runs(made: Mixture) -> None:
    """Renewals as new lines, mostly at the same price, in currencies whose rates drift."""
    d = made.d
    for account in d.rng.sample(made.accounts, len(made.accounts) // 3):
        currency, product = d.pick(d.currencies[1:]), d.pick([*made.ids("products"), None])
        price, begin = d.money(), d.day(d.start - 300 * DAY, d.end)
        for turn in range(d.pick((2, 3, 4, 6))):
            end = begin + d.pick((28, 30, 31, 90, 180)) * DAY
            _line(
                made,
                account,
                begin,
                None if d.chance(0.05) else end,
                product_id=product if d.chance(0.9) else None,
                currency=d.pick((currency, currency, currency.lower())),
                mrr=price if d.chance(0.8) else d.money(),
                is_trial=turn == 0 and d.chance(0.3),
            )
            begin = max(begin + DAY, end + d.pick((0, 0, 0, 0, 1, 5, -3)) * DAY)


def _rates(made: Mixture) -> None:
    """A rate for every month, each a little beside the last; in some worlds they begin late."""
    d = made.d
    late = d.chance(0.15)
    for currency in d.currencies[1:]:
        rate = Decimal(d.pick(("0.5", "1.0837", "1.25", "0.012")))
        for month in range(-14 if not late else 2, 16):
            rate *= Decimal(d.pick(("0.97", "1", "1.02", "1.1")))
            made.add(
                "fx_rates",
                currency=d.pick((currency, currency.lower())),
                valid_from=months_on(d.start, month) + d.pick((1, 2, 16)) * DAY,
                rate=rate.quantize(Decimal("0.000001")),
            )


def _gaps(made: Mixture) -> None:
    """Lines with so many days between them as a grace may reach, or not quite."""
    d = made.d
    for account in d.rng.sample(made.accounts, len(made.accounts) // 3):
        end = d.day(d.start, d.end)
        _line(made, account, end - d.pick((31, 90, 400)) * DAY, end)
        if d.chance(0.3):
            _line(made, account, end - 20 * DAY, end)
        begin = end + d.pick((1, 2, 3, 4, 9, 10, 11, 29, 30, 31)) * DAY
        _line(made, account, begin, d.maybe(begin + d.pick((5, 40)) * DAY, 0.6))


def _trials(made: Mixture) -> None:
    """Trials that convert within 90 days, or a day late, or never; payers whose month is one."""
    d = made.d
    for account in d.rng.sample(made.accounts, len(made.accounts) // 3):
        begin = d.day(d.start, d.end)
        end = begin + d.pick((7, 14, 30, 31, 400)) * DAY
        _line(made, account, begin, d.maybe(end, 0.9), is_trial=True, mrr=d.pick((0, d.money())))
        if d.chance(0.4):
            _line(made, account, begin - d.pick((1, 30, 200)) * DAY, begin)
        if d.chance(0.6):
            paid = begin + d.pick((0, 7, 14, 30, 89, 90, 91)) * DAY
            _line(made, account, paid, d.maybe(paid + 60 * DAY, 0.4))


# -- what is sold, and what cannot be -------------------------------------------------------------


def _sales(made: Mixture) -> None:
    """Deals that do not say when they were created, or expect to close; credits without a kind."""
    d = made.d
    for row in made.tables.get("deals", []):
        if d.chance(0.15) and "created_at" in row:
            row["created_at"] = None
        if row["status"] == "open" and d.chance(0.5):
            row["closed_at"] = d.text(d.moment())
        if row.get("currency") and d.chance(0.1):
            row["currency"] = str(row["currency"]).lower()
    for n in range(d.rng.randint(3, 12)):
        account, when = d.pick(made.accounts), d.moment()
        cells = {"account_id": account, "currency": d.pick(d.currencies).lower()}
        amount = -d.money()
        made.add("purchases", purchased_at=when, amount=amount, **cells)
        again = d.pick((when, when + MICRO, when + 31 * DAY, when - 31 * DAY))
        made.add("purchases", purchased_at=again, amount=-2 * amount, **cells)
        kind = d.pick(("recurring", "one_off"))
        made.add("purchases", id=f"bad-{n}", purchased_at=when, amount=amount, kind=kind, **cells)


def _ends(made: Mixture) -> None:
    """Rows that end before they begin: set aside; one that is open only expects to."""
    d = made.d
    for n in range(d.rng.randint(1, 4)):
        begin, account = d.moment(), d.pick(made.accounts)
        end, who = begin - d.pick((MICRO, DAY)), {"account_id": account}
        name = d.pick(("first_replied_at", "resolved_at"))
        made.add("tickets", id=f"bad-e{n}", created_at=begin, **{name: end}, **who)
        made.add(
            "feedback",
            id=f"bad-e{n}",
            received_at=begin,
            implemented_at=end,
            status="implemented",
            **who,
        )
        sold = {"kind": "new", "amount": d.money(), "created_at": begin, "closed_at": end}
        made.add("deals", id=f"bad-e{n}", status=d.pick(("won", "lost")), **sold, **who)
        made.add("deals", id=f"early-{n}", status="open", **sold, **who)


def _columns(made: Mixture) -> None:
    """Columns of other people's: words, blanks, names that an account's attribute has too."""
    d = made.d
    for table, names in EXTRA.items():
        for name in names if d.chance(0.7) else ():
            for row in made.tables.get(table, []):
                row[name] = d.pick(("high", "low", "NA", "ä, b", None))


def _without_contacts(made: Mixture) -> None:
    """In some worlds contacts are only named by what they answered."""
    if made.d.chance(0.2):
        made.tables.pop("contacts", None)


# -- how old, and from where ------------------------------------------------------------------


def _ages(made: Mixture) -> None:
    """Some tables begin late, others years ago."""
    d = made.d
    for table in FACTS:
        column, rows = _starting(table), made.tables.get(table)
        if not rows or not column:
            continue
        if d.chance(0.2):
            young = d.day(d.start, months_on(d.start, 8)).isoformat()
            rows[:] = [row for row in rows if (row.get(column) or "9")[:10] >= young] or rows
        elif d.chance(0.2):
            first = next((row for row in rows if row.get(column)), rows[0])
            moved = {column: str(d.start - d.pick((200, 400, 1500)) * DAY)}
            if "id" in first:
                moved["id"] = f"old-{table}"
            rows.append(first | moved)


def _starting(table: str) -> str:
    """The column with which rows of a table begin; empty where it is part of a key."""
    named = [part.split("=")[0] for part in COLUMNS[table].split() if part.endswith("!")]
    names = ("valid_from", "created_at", "purchased_at", "occurred_at", "responded_at", "on")
    return next((name for name in names if f"{name}!" in named), "")


def _feeds(made: Mixture) -> Iterator[Feed]:
    """A second source of some tables, one that has only what is old, and what somebody uploads."""
    d = made.d
    young = str(months_on(d.start, 7))
    shares = (
        ("second", 0.5, LAST, False),
        ("before", 0.3, young, False),
        ("hand", 0.4, LAST, True),
    )
    for turn, (name, probability, until, upload) in enumerate(shares):
        names = [table for table in FACTS if table in made.tables and d.chance(probability)]
        tables = {table: _taken(made, table, until, upload) for table in names}
        tables = {table: rows for table, rows in tables.items() if rows}
        recorded = made.world.recorded_at + d.pick((-90, -40, -9, -1, 1, 9, 40, 90)) * DAY
        recorded = recorded.replace(microsecond=0) + timedelta(minutes=turn)
        ended = name == "before" and d.chance(0.5) and set(tables) <= set(made.tables)
        silent = frozenset(table for table in tables if d.chance(0.1) and not upload)
        if tables and d.chance(0.75):
            yield Feed(name, recorded, tables, upload, ended, silent)


def _taken(made: Mixture, table: str, until: str, upload: bool) -> list[Row]:
    """Rows of a table that another source tells instead; sometimes an upload tells all of it."""
    d, column, rows = made.d, _starting(table), made.tables[table]
    everything = upload and d.chance(0.3)
    moved = [
        row
        for row in rows
        if (row.get(column) or "")[:10] < until
        and not (upload and ASKED_ABOUT & set(row.values()))
        and (everything or d.chance(0.4))
    ]
    chosen = {id(row) for row in moved}
    left = [row for row in rows if id(row) not in chosen]
    if everything and moved:
        del made.tables[table]
    elif left:
        made.tables[table] = left
    else:
        return []
    return moved
