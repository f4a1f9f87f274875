"""9,994 order lines of a shop with a byte order mark and m/d/yyyy, mapped as
docs/worked-examples/superstore.md does.
"""

from pathlib import Path

import pytest
from tests.real_data.conftest import FollowExample

from kampass.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(
    reference_data: Path, follow_example: FollowExample, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    return follow_example(
        tmp_path_factory.mktemp("store"),
        "superstore.md",
        reference_data / "repeat",
        "2018-01-01T00:00:00Z",
    )


def test_the_orders_and_what_they_are_worth_are_the_known_ones(workspace: Workspace) -> None:
    (value,) = workspace.kpi("average_purchase_value", period="2014..2017")
    assert (round(value.numerator or 0, 2), value.n, round(value.value or 0, 2)) == (
        2297200.86,
        5009,
        458.61,
    )


def test_793_customers_bought(workspace: Workspace) -> None:
    (often,) = workspace.kpi("purchase_frequency", period="2014..2017")
    assert (often.numerator, often.n) == (5009, 793)


def test_437_of_the_595_customers_of_2014_bought_again_in_2015(workspace: Workspace) -> None:
    (bought,) = workspace.kpi("purchase_frequency", period="2014")
    (first, second) = workspace.kpi("repeat_customer_share", period="2014..2015", grain="year")
    assert (bought.n, second.numerator) == (595, 437)
    assert first.reason == "not_covered", "who bought before the first order is not known"


@pytest.mark.parametrize(
    ("year", "kept", "of"), [(2014, 437, 595), (2015, 452, 573), (2016, 558, 638)]
)
def test_the_customers_kept_from_year_to_year_are_the_known_ones(
    workspace: Workspace, year: int, kept: int, of: int
) -> None:
    cursor = workspace.snapshot().cursor()
    bought = (
        "SELECT DISTINCT account_id FROM purchases WHERE year(timezone('UTC', purchased_at)) = {}"
    )
    (found,) = cursor.execute(
        f"SELECT count(n.account_id), count(*) FROM ({bought.format(year)}) b LEFT JOIN "
        f"({bought.format(year + 1)}) n USING (account_id)"
    ).fetchall()
    cursor.close()
    assert found == (kept, of)


def test_a_purchase_knows_the_line_its_order_begins_on(workspace: Workspace) -> None:
    cursor = workspace.snapshot().cursor()
    found = cursor.execute("SELECT _line FROM purchases WHERE id = 'CA-2016-138688'").fetchall()
    cursor.close()
    assert found == [(4,)]
