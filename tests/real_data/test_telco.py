"""7,043 customers of a telephone company and who of them left, mapped as
docs/worked-examples/telco.md does.
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
        tmp_path_factory.mktemp("telco"),
        "telco.md",
        reference_data / "churn",
        "2020-02-03T00:00:00Z",
    )


def test_1869_of_the_7043_customers_left(workspace: Workspace) -> None:
    (left,) = workspace.kpi("customer_churn_rate", period="2020-01")
    assert (left.numerator, left.denominator, round(left.value, 3)) == (1869, 7043, 26.537)


def test_they_left_more_often_the_shorter_their_contract(workspace: Workspace) -> None:
    found = {
        answer.dimensions["contract"]: round(answer.value, 3)
        for answer in workspace.kpi("customer_churn_rate", period="2020-01", by="contract")
    }
    assert found == {"Month-to-month": 42.710, "One year": 11.270, "Two year": 2.832}


def test_what_they_took_with_them_is_the_known_share(workspace: Workspace) -> None:
    (lost,) = workspace.kpi("revenue_churn_rate", period="2020-01")
    assert (lost.numerator, lost.denominator) == (
        pytest.approx(139130.85),
        pytest.approx(456116.60),
    )
    assert round(lost.value, 3) == 30.503
