"""5,000 NPS answers of a retail bank in three countries, with dates as 25/12/21, mapped as
docs/worked-examples/bank-nps.md does.

A customer's name is no contact (names come more than once), so every answer counts. Each country is
an account.
"""

import csv
from pathlib import Path

import pytest
from tests.real_data.conftest import FollowExample

from kampass.errors import DataError
from kampass.intake.mapping import MappedSource, parse
from kampass.workspace import Workspace


@pytest.fixture(scope="module")
def answers(reference_data: Path) -> list[dict[str, str]]:
    with (reference_data / "survey" / "nps_retail_bank.csv").open(
        encoding="utf-8-sig", newline=""
    ) as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def workspace(
    reference_data: Path, follow_example: FollowExample, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    return follow_example(
        tmp_path_factory.mktemp("survey"),
        "bank-nps.md",
        reference_data / "survey",
        "2022-01-01T00:00:00Z",
    )


def test_the_nps_of_the_year_is_11_80(workspace: Workspace) -> None:
    (nps,) = workspace.kpi("nps", period="2021")
    assert (nps.value, nps.numerator, nps.denominator, nps.n) == (
        pytest.approx(11.80),
        2309 - 1719,
        5000,
        5000,
    )
    assert nps.low < 11.80 < nps.high
    assert nps.status == "ok"


def test_promoters_passives_and_detractors_are_counted_apart(workspace: Workspace) -> None:
    shares = workspace.kpi(["promoters_share", "passives_share", "detractors_share"], period="2021")
    assert [answer.numerator for answer in shares] == [2309, 972, 1719]
    assert sum(answer.value for answer in shares) == pytest.approx(100)


def test_the_nps_of_each_quarter_is_the_known_one(workspace: Workspace) -> None:
    quarters = workspace.kpi("nps", period="2021", grain="quarter")
    assert [round(answer.value, 4) for answer in quarters] == [14.1234, 11.5166, 9.9017, 11.7987]
    assert sum(answer.n for answer in quarters) == 5000


@pytest.mark.parametrize("dimension", ["market", "account"])
def test_the_nps_of_each_country_is_the_known_one(workspace: Workspace, dimension: str) -> None:
    """A further column of accounts is an attribute to cut by, as the account itself is."""
    found = {
        answer.dimensions[dimension]: round(answer.value, 4)
        for answer in workspace.kpi("nps", period="2021", by=dimension)
    }
    assert found == {"MEX": 17.1013, "UK": 8.4884, "US": 9.9326}


def test_answers_of_customers_with_one_name_all_count(
    answers: list[dict[str, str]], workspace: Workspace
) -> None:
    assert len({row["Customer Name"] for row in answers}) < len(answers)
    (nps,) = workspace.kpi("nps", period="2021")
    assert nps.n == len(answers)


def test_the_months_of_the_dates_are_those_the_survey_names(
    answers: list[dict[str, str]], workspace: Workspace
) -> None:
    """25/12/21 is in December: day and month are not swapped."""
    months = workspace.kpi("promoters_share", period="2021", grain="month")
    assert [answer.n for answer in months] == [
        sum(int(row["Month"]) == month for row in answers) for month in range(1, 13)
    ]


def test_the_dates_are_asked_about_until_the_mapping_says_what_they_are(
    reference_data: Path,
) -> None:
    mapped = {
        "id": "ID",
        "survey_id": {"constant": "nps"},
        "responded_at": "Survey date",
        "score": "NPS",
    }
    said = parse("[sources.bank]", "responses", {"file": "nps_retail_bank.csv", "columns": mapped})
    source = MappedSource("bank", reference_data / "survey", (said,))
    with pytest.raises(
        DataError,
        match=r"nps_retail_bank\.csv, line 2, column 'Survey date': '01/09/21' could be read in "
        r"two ways",
    ) as raised:
        source.scan("responses")
    assert 'responded_at = { column = "Survey date", date = "%d/%m/%y" }' in raised.value.hint
