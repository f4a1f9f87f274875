"""Runs keep their rate, and a grace bridges gaps: small worlds by hand, and a slow loop over random
books.
"""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.store.conftest import Desk, day

from kampass.catalogue.loader import shipped
from kampass.engine import Engine, Question, Settings
from kampass.insight.explain import rows_behind
from kampass.store import Snapshot
from kampass.workspace.authoring.worlds import Worlds

RATES = """currency,valid_from,rate
EUR,2024-01-01,1.0
EUR,2025-01-01,2.0
EUR,2025-04-01,4.0
"""
EUROS = [(date(2024, 1, 1), 1), (date(2025, 1, 1), 2), (date(2025, 4, 1), 4)]
FAR = date(9999, 12, 31)
HEADER = "id,account_id,product_id,mrr,currency,valid_from,valid_to,is_trial"


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    with Worlds() as made:
        yield made


def snapshot(worlds: Worlds, *lines: str) -> Snapshot:
    """The book of these lines, whose silence is true."""
    return worlds.snapshot(
        {
            "subscriptions": "\n".join([HEADER, *lines]),
            "fx_rates": RATES,
            "coverage": "table,covered_from,covered_to\nsubscriptions,2024-01-01,2030-01-01\n",
        }
    )


def value(snapshot: Snapshot, kpi: str, period: str, *, grace: int = 0) -> float | None:
    engine = Engine(snapshot, shipped(), Settings(grace=grace))
    (answer,) = engine.ask(Question((kpi,), period))
    return answer.value


def test_a_renewal_at_the_same_price_is_no_movement(worlds: Worlds) -> None:
    """100 EUR at 2.0 since January; renewed on 1 May, when a euro is worth 4.0."""
    book = snapshot(
        worlds,
        "l1,A,,100,EUR,2025-02-01,2025-05-01,",
        "l2,A,,100,EUR,2025-05-01,,",
    )
    assert value(book, "mrr_end", "2025-05") == 200
    assert value(book, "nrr", "2025-05") == 100
    assert value(book, "expansion_mrr", "2025-05") == 0


def test_a_run_begins_with_its_trial(worlds: Worlds) -> None:
    """A trial since March (2.0), paid since 10 April (4.0): 100 x 2."""
    book = snapshot(
        worlds,
        "t1,A,,0,EUR,2025-03-10,2025-04-10,true",
        "l1,A,,100,EUR,2025-04-10,,",
    )
    assert value(book, "new_mrr", "2025-04") == 200


def test_a_gap_a_product_and_a_currency_make_runs_of_their_own(worlds: Worlds) -> None:
    """Of A one day lies between the lines, B changes the product: both at 4.0; C paid in dollars
    before: 4.0. Overlapping lines of D, the first the longest, keep 2.0 to the end.
    """
    book = snapshot(
        worlds,
        "a1,A,p,100,EUR,2025-02-01,2025-04-30,",
        "a2,A,p,100,EUR,2025-05-01,,",
        "b1,B,p,100,EUR,2025-02-01,2025-05-01,",
        "b2,B,q,100,EUR,2025-05-01,,",
        "c1,C,p,100,USD,2025-02-01,2025-05-01,",
        "c2,C,p,100,EUR,2025-05-01,,",
        "d1,D,p,100,EUR,2025-02-01,2025-06-01,",
        "d2,D,p,10,EUR,2025-03-01,2025-04-01,",
        "d3,D,p,30,EUR,2025-06-01,,",
    )
    for account, expected in {"A": 400, "B": 400, "C": 400, "D": 60}.items():
        engine = Engine(book, shipped(), Settings())
        found = engine.ask(Question(("mrr_end",), "2025-06", None, ("account",)))
        assert {row.dimensions["account"]: row.value for row in found}[account] == expected


def test_a_deletion_cuts_a_run_as_far_as_it_is_known(tmp_path: Path) -> None:
    """l1 runs on, so l2 of 1 May belongs to its run: 150 x 2. The second load says that l1 was
    deleted on 20 April: l2 begins a run of its own, 50 x 4.
    """
    desk = Desk(tmp_path)
    lines = f"{HEADER},deleted_at\nl1,A,,100,EUR,2025-02-01,,,{{}}\nl2,A,,50,EUR,2025-05-01,,,"
    book = {"accounts": "id,name\nA,A", "fx_rates": RATES}
    desk.load(1, **book, subscriptions=lines.format(""))
    desk.load(2, **book, subscriptions=lines.format("2025-04-20T10:00:00Z"))
    with closing(desk.snapshot()) as now, closing(desk.snapshot(known_at=day(1))) as then:
        assert value(then, "mrr_end", "2025-05") == 300
        assert value(now, "mrr_end", "2025-05") == 200
    desk.workspace.close()


def test_a_run_of_which_the_first_day_has_no_rate_has_no_value(worlds: Worlds) -> None:
    """No euro before 2024: the run of December 2023 has none, though it is renewed in 2025."""
    book = snapshot(worlds, "l1,A,,100,EUR,2023-12-01,2025-02-01,", "l2,A,,100,EUR,2025-02-01,,")
    assert value(book, "mrr_end", "2025-02") is None


def test_the_rate_of_a_run_stands_behind_its_rows(worlds: Worlds) -> None:
    """The rate of 1 January behind the line of May, for the line and for its account."""
    book = snapshot(worlds, "l1,A,,100,EUR,2025-02-01,2025-05-01,", "l2,A,,100,EUR,2025-05-01,,")
    for kpi, amount in {"mrr_end": "mrr", "account_growth": "close_mrr"}.items():
        engine = Engine(book, shipped(), Settings())
        (row, *_) = rows_behind(engine, Question((kpi,), "2025-06"), "numerator")
        rates = {piece.fields["rate"] for piece in row.evidence if piece.table == "fx_rates"}
        assert rates == {Decimal(2)}, kpi
        assert kpi == "account_growth" or row.computed[amount] == 200


def test_a_grace_counts_a_gap_as_paid(worlds: Worlds) -> None:
    """A pays until 26 February and again from 8 March, ten days later: with a grace of ten days no
    churn and no reactivation, with nine both. B's other line ends earlier and is not carried on.
    """
    book = snapshot(
        worlds,
        "a1,A,,100,USD,2025-01-01,2025-02-26,",
        "a2,A,,100,USD,2025-03-08,,",
        "b1,B,,100,USD,2025-01-01,2025-02-26,",
        "b2,B,,40,USD,2025-01-01,2025-02-20,",
        "b3,B,,100,USD,2025-03-08,,",
    )
    for grace, lost in {0: 2, 9: 2, 10: 0}.items():
        assert value(book, "lost_customers", "2025-02", grace=grace) == lost
        assert value(book, "reactivated_customers", "2025-03", grace=grace) == lost
    assert value(book, "mrr_end", "2025-02", grace=10) == 200
    assert value(book, "new_customers", "2025-03", grace=10) == 0


@dataclass(frozen=True)
class Line:
    """A subscription of a random book."""

    account: str
    product: str
    currency: str
    mrr: int
    begins: date
    ends: date
    trial: bool

    @property
    def text(self) -> str:
        until = "" if self.ends == FAR else self.ends.isoformat()
        trial = str(self.trial).lower()
        cells = (self.account, self.product, self.mrr, self.currency, self.begins, until, trial)
        return ",".join(map(str, cells))

    @property
    def paid(self) -> bool:
        return self.mrr > 0 and not self.trial


def begins(line: Line, lines: list[Line]) -> date:
    """The first day of a line's run: back from line to line as long as one reaches the day."""
    group = (line.account, line.product, line.currency)
    there = [other for other in lines if (other.account, other.product, other.currency) == group]
    first = line.begins
    while True:
        earlier = [other.begins for other in there if other.begins < first <= other.ends]
        if not earlier:
            return first
        first = min(earlier)


def mrr_on(on: date, lines: list[Line], grace: int) -> int:
    """What is paid for a day: by lines that hold it, and in a gap by those that ended last."""
    total = 0
    for account in {line.account for line in lines}:
        paid = [line for line in lines if line.account == account and line.paid]
        held = [line for line in paid if line.begins <= on < line.ends]
        ended = max((line.ends for line in paid if line.ends <= on), default=None)
        resumes = min((line.begins for line in paid if line.begins > on), default=None)
        if not held and ended and resumes and (resumes - ended).days <= grace:
            held = [line for line in paid if line.ends == ended]
        for line in held:
            day = begins(line, lines)
            rate = 1 if line.currency == "USD" else max((f, r) for f, r in EUROS if f <= day)[1]
            total += line.mrr * rate
    return total


def some_lines(chance: random.Random) -> list[Line]:
    lines = []
    for account in "ABCD":
        for _ in range(chance.randint(1, 8)):
            start = date(2024, 12, 1) + timedelta(days=chance.randint(0, 300))
            length = chance.choice((5, 30, 31, 60, 90, 400))
            # Beginnings and ends meet often: they lie on few days.
            start -= timedelta(days=start.day % 5)
            end = FAR if length == 400 else start + timedelta(days=length)
            product, currency = chance.choice("pq"), chance.choice(("EUR", "EUR", "USD"))
            amount = chance.choice((0, 10, 25, 70))
            lines.append(
                Line(account, product, currency, amount, start, end, chance.random() < 0.2)
            )
    return lines


@pytest.mark.parametrize("seed", range(4))
def test_random_books_agree_with_a_loop_over_days_and_lines(worlds: Worlds, seed: int) -> None:
    chance = random.Random(seed)
    lines = some_lines(chance)
    book = snapshot(worlds, *(f"l{number},{line.text}" for number, line in enumerate(lines)))
    months = Question(("mrr_end",), "2025-01..2025-12", "month")
    for grace in (0, 3, 14):
        answers = Engine(book, shipped(), Settings(grace=grace)).ask(months)
        for answer in answers:
            last = answer.period_end - timedelta(days=1)
            assert answer.value == mrr_on(last, lines, grace), (grace, last)
