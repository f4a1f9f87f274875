"""Identities that hold whatever the data: on random worlds, with no second implementation to agree
with.

By default three worlds, one for each time zone, the last one mixed; KAMPASS_WORLDS sets how many.
"""

import math
import os
from collections.abc import Iterator

import pytest
from tests.loaded_worlds import random_workspace, takers
from tests.worlds import make_world, periods_of
from tests.worlds_mixed import mixed_world

from kampass.catalogue.loader import shipped
from kampass.engine import Answer, Question
from kampass.workspace import Workspace

WORLDS = int(os.environ.get("KAMPASS_WORLDS", "0"))
SEEDS = range(200, 200 + WORLDS) if WORLDS else (200, 202, 207)
CUTS: tuple[tuple[str, ...], ...] = ((), ("segment",), ("team", "account_manager"))
PARTS_OF_EXPANSION = (
    "upsell_revenue",
    "cross_sell_revenue",
    "price_increase_revenue",
    "unclassified_expansion_revenue",
)
Slice = tuple[str | None, ...]


class Book:
    """A random world's answers to every KPI that takes a cut, each question asked once."""

    def __init__(self, seed: int, workspace: Workspace) -> None:
        self.workspace, self.engine = workspace, workspace.engine()
        self.periods = [period.text for period in periods_of(seed)[seed % 2 : seed % 2 + 2]]
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
    make = mixed_world if request.param == SEEDS[-1] else make_world
    workspace = random_workspace(request.param, tmp_path_factory, make)
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


def test_what_was_booked_is_the_average_deal_as_often_as_it_counts(book: Book) -> None:
    for period, by, key in book.slices("average_deal_size"):
        found = book.answers(period, by)
        average, booked = found["average_deal_size"][key], found["revenue_booked"][key]
        assert booked.value is None or average.numerator == pytest.approx(booked.value)
        assert average.n <= booked.n


def test_what_is_kept_of_earlier_buyers_is_no_more_than_all_they_buy(book: Book) -> None:
    for place in book.slices("purchase_grr"):
        kept, bought = (book.value(kpi, *place) for kpi in ("purchase_grr", "purchase_nrr"))
        assert (kept is None) == (bought is None)
        assert kept is None or -1e-9 <= kept <= min(100, bought) + 1e-9


def test_nobody_is_on_trial_and_pays(book: Book) -> None:
    for period in book.periods:
        found = book.answers(period, ("account",))
        trying, paying = (
            {key for key, answer in found.get(kpi, {}).items() if answer.value}
            for kpi in ("trials", "customers_end")
        )
        assert not trying & paying


@pytest.mark.parametrize(
    "share", ["repeat_buyer_share", "ticket_reopen_rate", "trial_conversion_rate"]
)
def test_a_share_of_a_count_lies_within_it(book: Book, share: str) -> None:
    values = [book.value(share, *place) for place in book.slices(share)]
    assert all(-1e-9 <= value <= 100 + 1e-9 for value in values if value is not None)


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
