"""A random world told otherwise: what must change nothing, and what must change exactly itself."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from tests.loaded_worlds import random_workspace, takers, workspace_of
from tests.worlds import make_world, periods_of
from tests.worlds_draft import KEYS

from kampass.catalogue.loader import shipped
from kampass.engine import Engine, Question
from kampass.store import Snapshot
from kampass.workspace import Workspace

SEED = 200
QUARTER = periods_of(SEED)[1].text
PARTS_OF_EXPANSION = (
    "upsell_revenue",
    "cross_sell_revenue",
    "price_increase_revenue",
    "unclassified_expansion_revenue",
)
Rows = list[dict[str, str | None]]
Change = Callable[[str, Rows], Rows]


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
    workspace = random_workspace(SEED, tmp_path_factory)
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
    world = make_world(SEED)
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
        for pair in compared(random_workspace(SEED, tmp_path_factory), other)
        if not same(*pair)
    ]


def test_saying_every_line_twice_changes_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = changed(tmp_path, lambda _, rows: rows + rows)
    assert not [
        pair
        for pair in compared(random_workspace(SEED, tmp_path_factory), other)
        if not same(*pair)
    ]


def test_a_renewal_written_as_a_new_line_moves_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Lines in two, the second of which begins where the first ends."""

    def renewed(name: str, rows: Rows) -> Rows:
        if name != "subscriptions":
            return rows
        said = Counter(row["id"] for row in rows)
        return [half for row in rows for half in (halves(row) if said[row["id"]] == 1 else [row])]

    lines = make_world(SEED).tables["subscriptions"]
    assert len(renewed("subscriptions", lines)) > 1.5 * len(lines)
    assert not [
        pair
        for pair in compared(random_workspace(SEED, tmp_path_factory), changed(tmp_path, renewed))
        if not same(*pair)
    ]


def halves(row: dict[str, str | None]) -> Rows:
    """A line and its renewal after 40 days, where it lasts as long and can be read."""
    try:
        begin = date.fromisoformat(row["valid_from"] or "")
        end = date.fromisoformat(row["valid_to"] or "9999-01-01")
    except ValueError:
        return [row]
    middle = begin + timedelta(days=40)
    if middle >= end:
        return [row]
    turn = middle.isoformat()
    return [row | {"valid_to": turn}, row | {"id": f"{row['id']}-2", "valid_from": turn}]


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

    pairs = list(compared(random_workspace(SEED, tmp_path_factory), changed(tmp_path, tenfold)))
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
        for row in make_world(SEED).tables["subscriptions"]
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
            "currency": make_world(SEED).currency,
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
    one, two = random_workspace(SEED, tmp_path_factory), changed(tmp_path, add)
    for period in make_world(SEED).periods():
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
