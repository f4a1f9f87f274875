"""Identities that hold whatever the data: on random worlds, with no second implementation to agree
with.

By default three worlds, one for each time zone; KAMPASS_WORLDS sets how many.
"""

import math
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from tests.loaded_worlds import random_workspace, takers, workspace_of
from tests.worlds import make_world, periods_of
from tests.worlds_draft import KEYS

from kampass.catalogue.loader import shipped
from kampass.engine import Answer, Engine, Question
from kampass.store import Snapshot
from kampass.workspace import Workspace

WORLDS = int(os.environ.get("KAMPASS_WORLDS", "0"))
SEEDS = range(200, 200 + WORLDS) if WORLDS else (200, 202, 207)
CUTS: tuple[tuple[str, ...], ...] = ((), ("segment",), ("team", "account_manager"))
QUARTER = periods_of(SEEDS[0])[1].text
PARTS_OF_EXPANSION = (
    "upsell_revenue",
    "cross_sell_revenue",
    "price_increase_revenue",
    "unclassified_expansion_revenue",
)
Slice = tuple[str | None, ...]
Rows = list[dict[str, str | None]]
Change = Callable[[str, Rows], Rows]


class Book:
    """A random world's answers to every KPI that takes a cut, each question asked once."""

    def __init__(self, seed: int, workspace: Workspace) -> None:
        self.workspace, self.engine = workspace, workspace.engine()
        self.periods = [
            period.text for period in make_world(seed).periods()[seed % 2 : seed % 2 + 2]
        ]
        self._asked: dict[tuple[str, tuple[str, ...]], dict[str, dict[Slice, Answer]]] = {}

    def answers(self, period: str, by: tuple[str, ...]) -> dict[str, dict[Slice, Answer]]:
        """By KPI and slice."""
        if (period, by) not in self._asked:
            self._asked[period, by] = found = {}
            for answer in self.engine.ask(Question(takers(by), period, None, by)):
                found.setdefault(answer.kpi, {})[
                    tuple(answer.dimensions.get(name) for name in by)
                ] = answer
        return self._asked[period, by]

    def value(self, kpi: str, period: str, by: tuple[str, ...], key: Slice) -> float | None:
        """A KPI's value; 0 for a slice that nothing counts in."""
        found = self.answers(period, by).get(kpi, {}).get(key)
        return 0.0 if found is None else found.value

    def slices(self, *kpis: str) -> Iterator[tuple[str, tuple[str, ...], Slice]]:
        """Every period, cut and slice in which one of the KPIs has a row."""
        for period in self.periods:
            for by in CUTS:
                for key in dict.fromkeys(
                    key for kpi in kpis for key in self.answers(period, by).get(kpi, {})
                ):
                    yield period, by, key


@pytest.fixture(scope="module", params=SEEDS)
def book(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Book]:
    workspace = random_workspace(request.param, tmp_path_factory)
    made = Book(request.param, workspace)
    yield made
    made.engine.snapshot.close()
    workspace.close()


def unbalanced(
    book: Book,
    plus: tuple[str, ...],
    minus: tuple[str, ...],
    *,
    cuts: tuple[tuple[str, ...], ...] = CUTS,
) -> list[str]:
    """The slices in which the two sides do not sum to the same."""
    wrong = []
    for period, by, key in book.slices(*plus, *minus):
        left, right = ([book.value(kpi, period, by, key) for kpi in side] for side in (plus, minus))
        if (
            by in cuts
            and None not in left + right
            and not math.isclose(math.fsum(left), math.fsum(right), abs_tol=1e-6, rel_tol=1e-12)
        ):
            wrong.append(f"{period} {by} {key}: {left} against {right}")
    return wrong


def test_opening_mrr_and_what_moved_make_closing_mrr(book: Book) -> None:
    gained = ("mrr_start", "new_mrr", "reactivation_mrr", "expansion_mrr", "transfer_in_mrr")
    assert not unbalanced(
        book, gained, ("mrr_end", "contraction_mrr", "churned_mrr", "transfer_out_mrr")
    )


def test_the_whole_book_has_no_transfers(book: Book) -> None:
    moved = [
        book.value(kpi, period, (), ())
        for kpi in ("transfer_in_mrr", "transfer_out_mrr")
        for period in book.periods
    ]
    assert all(value in {0, None} for value in moved)


def test_opening_customers_and_who_came_and_left_make_closing_customers(book: Book) -> None:
    assert not unbalanced(
        book,
        ("customers_start", "new_customers", "reactivated_customers"),
        ("customers_end", "lost_customers"),
        cuts=((),),
    )


@pytest.mark.parametrize(
    "shares",
    [
        ("customer_churn_rate", "client_retention_rate"),
        ("promoters_share", "passives_share", "detractors_share"),
    ],
)
def test_complements_make_a_hundred(book: Book, shares: tuple[str, ...]) -> None:
    found = [[book.value(kpi, *place) for kpi in shares] for place in book.slices(*shares)]
    assert all(math.fsum(values) == pytest.approx(100) for values in found if None not in values)


def test_nps_is_promoters_less_detractors(book: Book) -> None:
    assert not unbalanced(book, ("nps", "detractors_share"), ("promoters_share",))


def test_the_four_parts_of_expansion_make_expansion(book: Book) -> None:
    assert not unbalanced(book, PARTS_OF_EXPANSION, ("expansion_mrr",))


def test_slices_of_what_adds_up_make_the_total_with_the_unknown_ones(book: Book) -> None:
    """Sums and counts of rows; not those that count distinct accounts or depend on the slice."""
    apart = {"clients_touched_distinct", "clients_reached", "transfer_in_mrr", "transfer_out_mrr"}
    additive = {kpi.id for kpi in shipped() if kpi.form == "total"} - apart
    wrong = []
    for period in book.periods:
        for by in CUTS[1:]:
            for kpi in additive & set(takers(by)):
                total, rows = (
                    book.value(kpi, period, (), ()),
                    [row.value for row in book.answers(period, by).get(kpi, {}).values()],
                )
                if total is not None and not math.isclose(
                    math.fsum(rows), total, abs_tol=1e-6, rel_tol=1e-12
                ):
                    wrong.append(f"{kpi} {period} {by}: {rows} against {total}")
    assert len(additive) > 30
    assert not wrong


def test_no_number_that_is_not_finite_ever_leaves(book: Book) -> None:
    for period in book.periods:
        for by in CUTS:
            for answer in (
                row for rows in book.answers(period, by).values() for row in rows.values()
            ):
                numbers = (
                    answer.value,
                    answer.numerator,
                    answer.denominator,
                    answer.low,
                    answer.high,
                )
                assert all(number is None or math.isfinite(number) for number in numbers), answer
                assert (
                    (answer.value is None)
                    == (answer.status == "no_value")
                    == (answer.reason is not None)
                ), answer


def test_a_ratio_is_its_scaled_parts_and_an_interval_holds_it(book: Book) -> None:
    for period in book.periods:
        for answer in (
            row
            for by in CUTS
            for rows in book.answers(period, by).values()
            for row in rows.values()
        ):
            kpi = shipped().get(answer.kpi)
            if answer.value is not None and kpi.form == "ratio":
                assert answer.value == pytest.approx(
                    kpi.scale * answer.numerator / answer.denominator
                )
            if answer.low is not None and kpi.interval == "wilson":
                assert answer.low - 1e-9 <= answer.value <= answer.high + 1e-9


class Row(NamedTuple):
    """What an answer says, whatever snapshot it comes from."""

    kpi: str
    dimensions: tuple[tuple[str, str | None], ...]
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int
    low: float | None
    high: float | None
    status: str
    reason: str | None


def figures(engine: Engine, period: str, by: tuple[str, ...] = ()) -> list[Row]:
    rows = engine.ask(Question(takers(by), period, None, by))
    return [
        Row(
            a.kpi,
            tuple(a.dimensions.items()),
            a.value,
            a.numerator,
            a.denominator,
            a.n,
            a.low,
            a.high,
            a.status,
            a.reason,
        )
        for a in rows
    ]


class Threaded:
    """A snapshot that is read with so many threads."""

    def __init__(self, snapshot: Snapshot, threads: int) -> None:
        self.id, self.known_at = snapshot.id, snapshot.known_at
        self.connection = duckdb.connect(
            str(snapshot.file), read_only=True, config={"threads": threads}
        )

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """As a snapshot gives one."""
        return self.connection.cursor()


def test_the_answers_are_the_same_on_one_two_and_four_threads(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    workspace = random_workspace(SEEDS[0], tmp_path_factory)
    found = []
    for threads in (1, 2, 4):
        snapshot = Threaded(workspace.snapshot(), threads)
        engine = Engine(snapshot, shipped(), workspace.settings.engine)
        found.append([figures(engine, QUARTER, by) for by in ((), ("segment",))])
        snapshot.connection.close()
    workspace.close()
    assert found[0] == found[1] == found[2]


def changed(folder: Path, change: Change) -> Workspace:
    """The first world with its rows changed."""
    world = make_world(SEEDS[0])
    tables = {name: change(name, rows) for name, rows in world.tables.items()}
    return workspace_of(replace(world, tables=tables), folder)


def compared(plain: Workspace, other: Workspace) -> Iterator[tuple[Row, Row]]:
    """The answers to a quarter's questions before and after, side by side; both workspaces are
    closed.
    """
    one, two = plain.engine(), other.engine()
    for by in ((), ("segment",)):
        yield from zip(figures(one, QUARTER, by), figures(two, QUARTER, by), strict=True)
    for engine, workspace in ((one, plain), (two, other)):
        engine.snapshot.close()
        workspace.close()


def same(one: Row, other: Row) -> bool:
    return all(
        a == b or (isinstance(a, float) and a == pytest.approx(b, rel=1e-12, abs=1e-9))
        for a, b in zip(one, other, strict=True)
    )


def test_the_answers_are_the_same_in_every_order_of_rows(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Only tables that state each key once are shuffled: of two lines with one key the later
    wins.
    """
    rng = random.Random(1)
    shuffled = []

    def shuffle(name: str, rows: Rows) -> Rows:
        keys = [tuple(row.get(column) for column in KEYS[name]) for row in rows]
        if len(set(keys)) < len(keys):
            return rows
        shuffled.append(name)
        return rng.sample(rows, len(rows))

    other = changed(tmp_path, shuffle)
    assert len(shuffled) > 10
    assert not [
        pair
        for pair in compared(random_workspace(SEEDS[0], tmp_path_factory), other)
        if not same(*pair)
    ]


def test_saying_every_line_twice_changes_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = changed(tmp_path, lambda _, rows: rows + rows)
    assert not [
        pair
        for pair in compared(random_workspace(SEEDS[0], tmp_path_factory), other)
        if not same(*pair)
    ]


def test_ten_times_the_money_is_ten_times_every_sum_of_money_and_no_other_figure(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    money = {
        "subscriptions": ("mrr", "unit_price"),
        "purchases": ("amount",),
        "deals": ("amount",),
        "contracts": ("value",),
        "costs": ("amount",),
    }

    def tenfold(name: str, rows: Rows) -> Rows:
        return [
            {
                column: ten_times(cell) if column in money.get(name, ()) else cell
                for column, cell in row.items()
            }
            for row in rows
        ]

    pairs = list(compared(random_workspace(SEEDS[0], tmp_path_factory), changed(tmp_path, tenfold)))
    scaled = [(one, other) for one, other in pairs if shipped().get(str(one.kpi)).unit == "money"]
    assert len(scaled) > 50
    for one, other in pairs:
        factor = 10 if shipped().get(one.kpi).unit == "money" else 1
        assert other.n == one.n
        assert (other.value is None) == (one.value is None)
        assert one.value is None or other.value == pytest.approx(
            factor * one.value, rel=1e-9, abs=1e-6
        ), one.kpi


def test_one_flat_account_more_adds_exactly_itself(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It pays 100 from the earliest day on; a test account and a trial beside it count nowhere."""
    earliest = min(
        str(row["valid_from"])
        for row in make_world(SEEDS[0]).tables["subscriptions"]
        if str(row["valid_from"])[:2] == "20"
    )

    def add(name: str, rows: Rows) -> Rows:
        if name == "accounts":
            return [
                *rows,
                *(
                    dict.fromkeys(rows[0]) | {"id": new, "name": new, "is_test": test}
                    for new, test in (("flat", None), ("test", "true"))
                ),
            ]
        if name != "subscriptions":
            return rows
        line = dict.fromkeys(rows[0]) | {
            "mrr": "100",
            "currency": make_world(SEEDS[0]).currency,
            "valid_from": earliest,
        }
        own = {"flat": ("flat", None), "trial": ("flat", "true"), "test": ("test", None)}
        return [
            *rows,
            *(
                line | {"id": f"line-{new}", "account_id": account, "is_trial": trial}
                for new, (account, trial) in own.items()
            ),
        ]

    added = {"customers_start": 1, "customers_end": 1, "mrr_start": 100, "mrr_end": 100}
    unmoved = (
        "lost_customers",
        "new_customers",
        "new_mrr",
        "expansion_mrr",
        "contraction_mrr",
        "churned_mrr",
        "account_growth",
        *PARTS_OF_EXPANSION,
    )
    one, two = random_workspace(SEEDS[0], tmp_path_factory), changed(tmp_path, add)
    for period in make_world(SEEDS[0]).periods():
        before, after = (
            workspace.kpi([*added, *unmoved], period=period.text) for workspace in (one, two)
        )
        for left, right in zip(before, after, strict=True):
            assert left.value is not None
            assert right.value == pytest.approx(left.value + added.get(left.kpi, 0), abs=1e-6), (
                left.kpi
            )
            assert right.n == left.n + (left.kpi in {*added, "account_growth"})
    one.close()
    two.close()


def ten_times(cell: str | None) -> str | None:
    try:
        return None if cell is None else f"{10 * Decimal(cell):f}"
    except InvalidOperation:
        return cell
