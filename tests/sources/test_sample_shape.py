"""The sample company keeps the canonical shape, and the planted stories can be found again by plain
counting.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kampass.intake.sample import STORIES, SampleLoad, Size, loads
from kampass.intake.sample.shapes import TABLES, arrow_type, columns

BOUNDARIES = [date(year, month, 1) for year in (2023, 2024, 2025) for month in (1, 4, 7, 10)] + [
    date(2026, 1, 1)
]

NATURAL_KEYS = {
    "account_attributes": ("account_id", "attribute", "valid_from"),
    "memberships": ("user_id", "team_id", "valid_from"),
    "ownerships": ("account_id", "user_id", "role", "valid_from"),
    "references": ("account_id", "valid_from"),
    "usage_daily": ("account_id", "on", "product_id"),
    "goal_measurements": ("goal_id", "measured_at"),
    "employees": ("user_id", "joined_on"),
    "fx_rates": ("currency", "valid_from"),
}

CLOSED_LISTS = {
    ("ownerships", "role"): "account_manager csm support",
    ("contracts", "kind"): "new renewal extension amendment",
    ("contracts", "outcome"): "pending renewed lost superseded",
    ("purchases", "kind"): "recurring one_off credit",
    ("deals", "kind"): "new upsell cross_sell renewal extension",
    ("deals", "status"): "open won lost",
    ("deals", "attributed_to"): "support success sales marketing",
    ("touches", "channel"): "email call meeting video chat sms other",
    ("touches", "direction"): "inbound outbound",
    ("touches", "purpose"): "support success sales internal",
    ("touches", "outcome"): "completed no_answer bounced cancelled",
    ("surveys", "kind"): "csat nps enps esat custom",
    ("feedback", "status"): "new accepted implemented rejected",
    ("referrals", "status"): "pending qualified customer lost",
    ("goals", "kind"): "leading lagging",
    ("goals", "direction"): "up down",
    ("costs", "kind"): "acquisition service",
    ("notes", "kind"): "note interview story",
}


@pytest.fixture(scope="module")
def both() -> tuple[SampleLoad, SampleLoad]:
    first, second = loads()
    return first, second


@pytest.fixture(scope="module")
def tables(both: tuple[SampleLoad, SampleLoad]) -> dict[str, pa.Table]:
    return both[1].tables


def keys(name: str, table: pa.Table) -> list[tuple[object, ...]]:
    return list(
        zip(*(table[column].to_pylist() for column in NATURAL_KEYS.get(name, ("id",))), strict=True)
    )


def mrr_at(tables: dict[str, pa.Table], boundary: date) -> dict[str, float]:
    """Each account's MRR just before a day, each line in its own currency, test accounts left
    out.
    """
    is_test = dict(
        zip(*(tables["accounts"][name].to_pylist() for name in ("id", "is_test")), strict=True)
    )
    held: dict[str, float] = defaultdict(float)
    for line in tables["subscriptions"].to_pylist():
        counts = line["valid_from"] < boundary and (
            line["valid_to"] is None or line["valid_to"] >= boundary
        )
        if counts and line["mrr"] > 0 and not line["is_trial"] and not is_test[line["account_id"]]:
            held[line["account_id"]] += float(line["mrr"])
    return held


def nrr(opening: dict[str, float], closing: dict[str, float], accounts: set[str]) -> float:
    return (
        100 * sum(closing.get(who, 0) for who in accounts) / sum(opening[who] for who in accounts)
    )


def churn_by_segment(tables: dict[str, pa.Table], year: int) -> dict[str, float]:
    segment = dict(
        zip(*(tables["accounts"][name].to_pylist() for name in ("id", "segment")), strict=True)
    )
    opening, closing = mrr_at(tables, date(year, 1, 1)), mrr_at(tables, date(year + 1, 1, 1))
    rates = {}
    for name in set(segment.values()):
        cohort = [who for who in opening if segment[who] == name]
        rates[name] = sum(who not in closing for who in cohort) / len(cohort)
    return rates


def last_paid_days(tables: dict[str, pa.Table]) -> dict[str, date]:
    """For each account the day on which its last paid line ends, the day after the business ends
    for an open one.
    """
    last: dict[str, date] = {}
    for line in tables["subscriptions"].to_pylist():
        if not line["is_trial"]:
            end = line["valid_to"] or date(2026, 1, 1)
            last[line["account_id"]] = max(last.get(line["account_id"], end), end)
    return last


def usage_change(tables: dict[str, pa.Table], last: dict[str, date]) -> dict[str, float]:
    """Logins of the last 60 days over those of the 60 before."""
    recent: dict[str, int] = defaultdict(int)
    before: dict[str, int] = defaultdict(int)
    rows = (tables["usage_daily"][name].to_pylist() for name in ("account_id", "on", "logins"))
    for who, on, logins in zip(*rows, strict=True):
        age = (last[who] - on).days
        if 0 < age <= 60:
            recent[who] += logins
        elif 60 < age <= 120:
            before[who] += logins
    return {who: recent[who] / count for who, count in before.items()}


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks with ties at their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def test_the_same_seed_tells_the_same_company(both: tuple[SampleLoad, SampleLoad]) -> None:
    for load, again in zip(both, loads(), strict=True):
        assert load.recorded_at == again.recorded_at
        assert all(load.tables[name].equals(again.tables[name]) for name in TABLES)


def test_another_seed_tells_another_company(tables: dict[str, pa.Table]) -> None:
    *_, other = loads(seed=7)
    assert not tables["accounts"].equals(other.tables["accounts"])


def test_every_table_has_rows_and_its_columns_in_their_types(
    both: tuple[SampleLoad, SampleLoad],
) -> None:
    for load in both:
        assert tuple(load.tables) == TABLES
        for name, table in load.tables.items():
            assert table.num_rows > 0, name
            shape = [(column.name, arrow_type(name, column.name)) for column in columns(name)]
            assert [(entry.name, entry.type) for entry in table.schema] == shape


def test_required_columns_are_filled_and_no_column_is_empty(tables: dict[str, pa.Table]) -> None:
    for name, table in tables.items():
        for column in columns(name):
            empty = table[column.name].null_count
            assert empty == 0 if column.required else empty < table.num_rows, (name, column.name)


@pytest.mark.parametrize("seed", [2026, 11])
def test_no_key_comes_twice_and_every_reference_is_known(seed: int) -> None:
    for load in loads(seed=seed):
        for name, table in load.tables.items():
            found = keys(name, table)
            assert len(set(found)) == len(found), name
            for column in columns(name):
                if column.refers_to:
                    known = pc.is_in(
                        table[column.name].drop_null(),
                        load.tables[column.refers_to]["id"].combine_chunks(),
                    )
                    assert pc.all(known).as_py() in (True, None), (name, column.name)


def test_closed_lists_hold_only_their_values(both: tuple[SampleLoad, SampleLoad]) -> None:
    for load in both:
        for (name, column), allowed in CLOSED_LISTS.items():
            found = set(load.tables[name][column].drop_null().unique().to_pylist())
            assert found <= set(allowed.split()), (name, column)


def test_every_value_of_a_closed_list_occurs(tables: dict[str, pa.Table]) -> None:
    for (name, column), allowed in CLOSED_LISTS.items():
        assert set(tables[name][column].drop_null().unique().to_pylist()) == set(allowed.split()), (
            name,
            column,
        )


def test_spans_and_sequences_run_forwards(both: tuple[SampleLoad, SampleLoad]) -> None:
    pairs = [
        *(
            (name, "valid_from", "valid_to")
            for name in ("account_attributes", "memberships", "ownerships")
        ),
        *(
            (name, "valid_from", "valid_to")
            for name in ("contracts", "subscriptions", "references")
        ),
        ("employees", "joined_on", "left_on"),
        ("goals", "starts_on", "due_on"),
        ("deals", "created_at", "closed_at"),
        ("tickets", "created_at", "first_replied_at"),
        ("tickets", "first_replied_at", "resolved_at"),
        ("responses", "invited_at", "responded_at"),
        ("feedback", "received_at", "implemented_at"),
        ("feedback", "implemented_at", "communicated_at"),
        ("referrals", "referred_at", "converted_at"),
        ("leads", "created_at", "converted_at"),
    ]
    for load in both:
        for name, start, end in pairs:
            table = load.tables[name]
            assert pc.all(pc.less(table[start], table[end])).as_py() in (True, None), (
                name,
                start,
                end,
            )


def test_won_and_lost_deals_are_closed_and_open_ones_are_not(
    both: tuple[SampleLoad, SampleLoad],
) -> None:
    for load in both:
        deals = load.tables["deals"]
        assert (
            pc.equal(deals["status"], "open").to_pylist()
            == pc.is_null(deals["closed_at"]).to_pylist()
        )


def test_mrr_is_quantity_times_price_and_a_trial_pays_nothing(tables: dict[str, pa.Table]) -> None:
    for line in tables["subscriptions"].to_pylist():
        assert line["mrr"] == line["quantity"] * line["unit_price"]
        assert (line["mrr"] == 0) == line["is_trial"]


def test_an_account_pays_for_a_product_on_one_line_at_a_time(tables: dict[str, pa.Table]) -> None:
    spans = defaultdict(list)
    for line in tables["subscriptions"].to_pylist():
        spans[line["account_id"], line["product_id"]].append(
            (line["valid_from"], line["valid_to"] or date.max)
        )
    for held in spans.values():
        held.sort()
        assert all(one[1] <= two[0] for one, two in pairwise(held))


def test_a_renewal_follows_a_contract_of_the_same_account(tables: dict[str, pa.Table]) -> None:
    contracts = {row["id"]: row for row in tables["contracts"].to_pylist()}
    renewals = [row for row in contracts.values() if row["kind"] in ("renewal", "extension")]
    assert renewals
    for row in renewals:
        previous = contracts[row["previous_contract_id"]]
        assert previous["account_id"] == row["account_id"]
        assert previous["outcome"] in ("renewed", "superseded")
        assert previous["valid_from"] < row["valid_from"] <= previous["valid_to"]


def test_touches_lie_between_first_acquaintance_and_last_paid_day(
    tables: dict[str, pa.Table],
) -> None:
    known = {}
    for row in tables["ownerships"].to_pylist():
        if row["role"] == "account_manager":
            known[row["account_id"]] = min(
                known.get(row["account_id"], date.max), row["valid_from"]
            )
    last = last_paid_days(tables)
    for row in tables["touches"].to_pylist():
        assert row["occurred_at"].date() >= known[row["account_id"]]
        if row["account_id"] in last and row["deal_id"] is None and row["ticket_id"] is None:
            assert row["occurred_at"].date() < last[row["account_id"]]


def test_scores_stay_on_their_survey_s_scale(both: tuple[SampleLoad, SampleLoad]) -> None:
    scales = {
        row["id"]: (row["scale_min"], row["scale_max"])
        for row in both[1].tables["surveys"].to_pylist()
    }
    for load in both:
        for row in load.tables["responses"].to_pylist():
            low, high = scales[row["survey_id"]]
            assert low <= row["score"] <= high and row["score"].is_integer()


def test_business_lies_within_the_three_years(tables: dict[str, pa.Table]) -> None:
    start, end = datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    for name, table in tables.items():
        for column in columns(name):
            if column.type == "instant":
                span = pc.min_max(table[column.name]).as_py()
                assert start <= span["min"] and span["max"] < end, (name, column.name)


@pytest.mark.parametrize("seed", [2026, 11, 12])
def test_onboarding_fails_in_one_segment(seed: int) -> None:
    *_, load = loads(seed=seed)
    story = STORIES.failing_segment
    for year in story.years:
        rates = churn_by_segment(load.tables, year)
        failing = rates.pop(story.segment)
        assert failing >= 2 * max(rates.values())


@pytest.mark.parametrize("seed", [2026, 11, 12])
def test_the_accounts_of_a_departed_manager_shrink_in_the_quarter_after(seed: int) -> None:
    *_, load = loads(seed=seed)
    story = STORIES.departure
    opening, closing = mrr_at(load.tables, date(2025, 4, 1)), mrr_at(load.tables, date(2025, 7, 1))
    theirs = set(story.account_ids)
    assert theirs <= set(opening)
    assert nrr(opening, closing, theirs) < 90
    assert nrr(opening, closing, set(opening) - theirs) > 97


def test_the_successor_owns_exactly_the_departed_manager_s_accounts(
    tables: dict[str, pa.Table],
) -> None:
    story = STORIES.departure
    spans = defaultdict(set)
    for row in tables["ownerships"].to_pylist():
        if row["role"] == "account_manager":
            spans[row["user_id"], row["valid_from"], row["valid_to"]].add(row["account_id"])
    assert spans[story.successor_id, story.departed_on, None] == set(story.account_ids)
    departed = [
        held
        for (user, _, until), held in spans.items()
        if user == story.user_id and until == story.departed_on
    ]
    assert departed == [set(story.account_ids)]


def test_usage_falls_before_an_account_churns(tables: dict[str, pa.Table]) -> None:
    last = last_paid_days(tables)
    change = usage_change(tables, last)
    accounts = sorted(change)
    has_left = np.array([last[who] < date(2026, 1, 1) for who in accounts], dtype=float)
    fall = np.array([change[who] for who in accounts])
    assert np.corrcoef(ranks(fall), ranks(has_left))[0, 1] < -0.3


def test_a_price_rise_changes_prices_and_no_quantities(tables: dict[str, pa.Table]) -> None:
    story = STORIES.price_rise
    families = dict(
        zip(*(tables["products"][name].to_pylist() for name in ("id", "family")), strict=True)
    )
    lines = [line for line in tables["subscriptions"].to_pylist() if not line["is_trial"]]
    ended = {(line["account_id"], line["product_id"], line["valid_to"]): line for line in lines}
    rises: dict[date, list[str]] = defaultdict(list)
    for line in lines:
        before = ended.get((line["account_id"], line["product_id"], line["valid_from"]))
        if (
            before
            and line["unit_price"] > before["unit_price"]
            and line["quantity"] == before["quantity"]
        ):
            rises[line["valid_from"]].append(families[line["product_id"]])
            assert float(line["unit_price"] / before["unit_price"]) == pytest.approx(
                1 + story.percent / 100, abs=0.01
            )
    assert set(rises) == {story.on}
    assert len(rises[story.on]) >= 20
    assert set(rises[story.on]) == {story.family}


def test_the_first_load_knows_nothing_of_later_days(both: tuple[SampleLoad, SampleLoad]) -> None:
    story = STORIES.restated_quarter
    first = both[0]
    assert first.recorded_at == story.first_recorded_at
    limit = datetime(
        story.known_until.year, story.known_until.month, story.known_until.day, tzinfo=UTC
    ) + timedelta(1)
    for name, table in first.tables.items():
        for column in columns(name):
            if column.type == "instant" and table[column.name].null_count < table.num_rows:
                assert pc.max(table[column.name]).as_py() < limit, (name, column.name)
    for name in ("subscriptions", "ownerships", "references", "usage_daily"):
        last = pc.max(first.tables[name]["on" if name == "usage_daily" else "valid_from"]).as_py()
        assert last <= story.known_until


def test_the_restated_quarter_has_late_corrected_and_deleted_rows(
    both: tuple[SampleLoad, SampleLoad],
) -> None:
    story = STORIES.restated_quarter
    first, second = (
        {row["id"]: row for row in load.tables["purchases"].to_pylist()} for load in both
    )

    def in_quarter(row: dict[str, object]) -> bool:
        return story.starts_on <= row["purchased_at"].date() < story.ends_on  # type: ignore[attr-defined]

    late = [key for key, row in second.items() if in_quarter(row) and key not in first]
    corrected = [key for key, row in first.items() if key in second and row != second[key]]
    deleted = [key for key in first if key not in second]
    assert late and corrected and deleted
    assert all(in_quarter(first[key]) for key in corrected + deleted)


def test_at_most_one_row_in_twenty_vanishes_from_a_table(
    both: tuple[SampleLoad, SampleLoad],
) -> None:
    for name in TABLES:
        first, second = (set(keys(name, load.tables[name])) for load in both)
        assert len(first - second) <= 0.05 * len(first), name


def test_the_overall_figures_look_like_a_healthy_firm(tables: dict[str, pa.Table]) -> None:
    scores = defaultdict(list)
    for row in tables["responses"].to_pylist():
        scores[row["survey_id"]].append(row["score"])
    csat, nps = np.array(scores["svy-csat"]), np.array(scores["svy-nps"])
    assert 82 <= 100 * (csat >= 4).mean() <= 90
    assert 25 <= 100 * ((nps >= 9).mean() - (nps <= 6).mean()) <= 50
    due = [row for row in tables["contracts"].to_pylist() if row["outcome"] in ("renewed", "lost")]
    assert 80 <= 100 * sum(row["outcome"] == "renewed" for row in due) / len(due) <= 92
    for year in (2024, 2025):
        opening, closing = mrr_at(tables, date(year, 1, 1)), mrr_at(tables, date(year + 1, 1, 1))
        assert 98 <= nrr(opening, closing, set(opening)) <= 112


def test_scale_and_volumes_steer_the_number_of_rows() -> None:
    *_, load = loads(scale=0.5, touches=40_000, usage=50_000, tickets=5_000)
    assert load.tables["touches"].num_rows == 40_000
    assert load.tables["tickets"].num_rows == 5_000
    assert load.tables["usage_daily"].num_rows == pytest.approx(50_000, rel=0.05)
    assert load.tables["accounts"].num_rows == 141


@pytest.mark.parametrize("scale", [0.01, 0.3])
def test_a_small_company_still_fills_every_table(scale: float) -> None:
    for load in loads(scale=scale):
        assert all(table.num_rows for table in load.tables.values())


def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Size.of(scale=0)


def test_importing_the_sample_loads_neither_numpy_nor_pyarrow() -> None:
    from kampass.intake import sample

    code = (
        "import sys; before = set(sys.modules); import kampass.intake.sample.stories;"
        " print(sorted({'numpy', 'pyarrow', 'pandas'} & (set(sys.modules) - before)))"
    )
    root = sample.__file__.rsplit("/kampass/", 1)[0]
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"
