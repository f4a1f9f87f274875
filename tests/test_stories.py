"""The stories planted in the sample company, found again by asking for KPIs as anybody would."""

from collections.abc import Iterator
from datetime import date

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.sample import sample_company

from kampass.engine import Answer
from kampass.intake.sample import STORIES, loads
from kampass.periods import add_months
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

BETWEEN_THE_LOADS = "2025-12-01T00:00:00Z"
RESTATED = STORIES.restated_quarter.quarter
YEARS = "2023-01..2025-12"


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The sample company, as `kampass init --sample` makes it."""
    workspace = sample_company(tmp_path_factory, "stories", scale=1.0)
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def first_load_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Another workspace that never saw the second load: the first one's tables as Parquet files."""
    folder = tmp_path_factory.mktemp("first_load")
    load = next(loads())
    files = folder / "files"
    files.mkdir()
    for name, rows in load.tables.items():
        pq.write_table(rows, files / f"{name}.parquet")
    workspace = create(
        folder / "workspace",
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    )
    workspace.sync(recorded_at=load.recorded_at)
    yield workspace
    workspace.close()


@pytest.mark.parametrize("year", STORIES.failing_segment.years)
def test_one_segment_churns_at_least_twice_as_much_as_every_other(
    sample: Workspace, year: int
) -> None:
    rates = {
        answer.dimensions["segment"]: answer.value
        for answer in sample.kpi("customer_churn_rate", period=str(year), by="segment")
    }
    failing = rates.pop(STORIES.failing_segment.segment)
    assert len(rates) >= 3
    assert failing >= 2 * max(rates.values())


def test_the_accounts_of_a_departed_manager_shrink_in_the_quarter_after(sample: Workspace) -> None:
    story = STORIES.departure
    assert story.quarter == "2025-Q2"
    by_manager = {
        answer.dimensions["account_manager"]: answer
        for answer in sample.kpi("nrr", period=story.quarter, by="account_manager")
    }
    theirs = by_manager.pop(story.successor_id)
    assert theirs.n == len(story.account_ids)
    assert theirs.value < 90
    others_open, others_close = (
        sum(getattr(answer, part) for answer in by_manager.values())
        for part in ("denominator", "numerator")
    )
    assert 100 * others_close / others_open > 97


def test_the_same_accounts_by_their_ids_shrink_as_much_and_had_not_the_quarter_before(
    sample: Workspace,
) -> None:
    """The successor's cut and the accounts themselves are one cohort; under their old manager they
    were stable.
    """
    story = STORIES.departure
    ids = f"account in {','.join(story.account_ids)}"
    (as_accounts,) = sample.kpi("nrr", period=story.quarter, where=ids)
    (as_successor,) = sample.kpi(
        "nrr", period=story.quarter, where=f"account_manager={story.successor_id}"
    )
    assert (as_accounts.value, as_accounts.n) == (as_successor.value, as_successor.n)
    (before,) = sample.kpi("nrr", period="2025-Q1", where=ids)
    assert before.value > as_accounts.value + 10


def test_usage_falls_before_an_account_churns(sample: Workspace) -> None:
    """Logins of the last whole month against those three months earlier, and whether the account
    then left.

    An account that stayed is read at the end of the three years, one that left at the month that
    lost it.
    """
    logins = {
        (who(answer), answer.period_start): answer.value or 0
        for answer in sample.kpi("usage_logins", period=YEARS, grain="month", by="account")
    }
    lost: dict[str, date] = {}
    for answer in sample.kpi("lost_customers", period=YEARS, grain="month", by="account"):
        if answer.value:
            lost[who(answer)] = max(lost.get(who(answer), date.min), answer.period_start)
    stayed = {
        who(answer)
        for answer in sample.kpi("customers_end", period="2025-12", by="account")
        if answer.value
    }
    rows = []
    for account in stayed | lost.keys():
        reference = date(2026, 1, 1) if account in stayed else lost[account]
        earlier, last = (
            logins.get((account, add_months(reference, -months)), 0) for months in (4, 1)
        )
        if earlier:
            rows.append((last / earlier - 1, account not in stayed))
    change = pd.DataFrame(rows, columns=["change", "has_left"]).astype(float)
    assert change["has_left"].sum() >= 20
    assert change["change"].rank().corr(change["has_left"].rank()) < -0.3
    assert change[change["has_left"] == 1]["change"].median() < -0.3


def test_the_price_rise_shows_in_its_month(sample: Workspace) -> None:
    story = STORIES.price_rise
    months = {
        answer.period_start: answer
        for answer in sample.kpi("price_increase_revenue", period=YEARS, grain="month")
    }
    risen = months.pop(story.on)
    assert risen.value > 1.5 * max(answer.value for answer in months.values())
    assert risen.n >= 20 > 5 * max(answer.n for answer in months.values())
    (opening,) = sample.kpi("mrr_start", period=f"{story.on:%Y-%m}", where=f"family={story.family}")
    assert 0 < risen.value <= opening.value * story.percent / 100 * 1.01


def test_among_accounts_that_pay_in_the_own_currency_prices_rose_in_that_month_alone(
    sample: Workspace,
) -> None:
    """Elsewhere a line that succeeds another takes the rate of its own first day, which changes its
    price a little.
    """
    cursor = sample.snapshot().cursor()
    found = cursor.execute(
        "SELECT account_id FROM subscriptions GROUP BY 1 HAVING bool_and(currency = 'USD') ORDER "
        "BY 1"
    ).fetchall()
    cursor.close()
    own = f"account in {','.join(account for (account,) in found)}"
    months = sample.kpi("price_increase_revenue", period=YEARS, grain="month", where=own)
    assert [answer.period_start for answer in months if answer.value] == [STORIES.price_rise.on]


def test_the_restated_quarter_reads_otherwise_as_it_was_first_known(sample: Workspace) -> None:
    """At least three KPIs of the pack, and of the others, have moved since."""
    every = [kpi.id for kpi in sample.catalogue]
    now = figures(sample, every)
    then = figures(sample, every, known_at=BETWEEN_THE_LOADS)
    moved = {kpi for kpi in every if now[kpi] != then[kpi]}
    assert {
        "csat",
        "time_to_resolution",
        "customer_interactions",
        "average_purchase_value",
        "usage_logins",
    } <= moved
    assert "mrr_start" not in moved


def test_what_was_known_then_is_what_the_first_load_alone_says(
    sample: Workspace, first_load_alone: Workspace
) -> None:
    every = [kpi.id for kpi in sample.catalogue]
    assert figures(sample, every, known_at=BETWEEN_THE_LOADS) == figures(first_load_alone, every)


def test_known_at_and_the_snapshot_of_the_first_load_answer_alike(sample: Workspace) -> None:
    every = [kpi.id for kpi in sample.catalogue]
    then = sample.kpi(every, period=RESTATED, known_at=BETWEEN_THE_LOADS)
    (snapshot,) = {answer.snapshot for answer in then}
    as_published = sample.kpi(every, period=RESTATED, snapshot=snapshot)
    assert snapshot != sample.snapshot().id
    assert [parts(answer) for answer in then] == [parts(answer) for answer in as_published]


def figures(
    workspace: Workspace, kpis: list[str], *, known_at: str | None = None
) -> dict[str, list[tuple[object, ...]]]:
    """Every KPI's figures for the restated quarter (a distribution has several)."""
    found: dict[str, list[tuple[object, ...]]] = {kpi: [] for kpi in kpis}
    for answer in workspace.kpi(kpis, period=RESTATED, known_at=known_at):
        found[answer.kpi].append(parts(answer))
    return found


def parts(answer: Answer) -> tuple[object, ...]:
    return (
        *answer.dimensions.items(),
        answer.value,
        answer.numerator,
        answer.denominator,
        answer.n,
        answer.low,
        answer.high,
        answer.status,
        answer.reason,
    )


def who(answer: Answer) -> str:
    account = answer.dimensions["account"]
    assert account is not None
    return account
