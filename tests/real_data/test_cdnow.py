"""6,919 purchases of a record shop's log, mapped as docs/worked-examples/cdnow.md does."""

from pathlib import Path

import pytest
from tests.real_data.conftest import FollowExample

from kampass.workspace import Workspace

ALL = "1997-01..1998-06"


@pytest.fixture(scope="module")
def workspace(
    reference_data: Path, follow_example: FollowExample, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    return follow_example(
        tmp_path_factory.mktemp("records"),
        "cdnow.md",
        reference_data / "clv",
        "1998-07-01T00:00:00Z",
    )


def test_2357_customers_bought_6919_times(workspace: Workspace) -> None:
    (often,) = workspace.kpi("purchase_frequency", period=ALL)
    assert (often.numerator, often.n) == (6919, 2357)


def test_no_purchase_is_taken_for_the_one_that_it_repeats(workspace: Workspace) -> None:
    (value,) = workspace.kpi("average_purchase_value", period=ALL)
    assert (round(value.numerator or 0, 2), value.n) == (244091.94, 6919)
