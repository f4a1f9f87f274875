"""What may be said of a figure: each status and reason, their precedence, the exact boundaries, and
the intervals.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from kampass.catalogue.loader import shipped
from kampass.engine import Answer, Engine, Question, Settings, parse_filter
from kampass.engine.parts import figure_of
from kampass.periods import Calendar
from kampass.workspace.authoring.worlds import Worlds

Tables = dict[str, str]
Ask = Callable[..., list[Answer]]
SUBSCRIPTIONS = "id,account_id,mrr,currency,valid_from,valid_to\n"
TICKETS = "id,created_at,account_id,topic,resolved_at,agent_replies\n"
COVERAGE = "table,covered_from,covered_to\n"
FLAT = SUBSCRIPTIONS + "".join(f"s{number},A{number},10,USD,2025-01-01,\n" for number in range(30))
"""Thirty accounts that pay 10 each, from 1 January 2025 on."""
RESOLVED = TICKETS + "".join(
    f"t{number},2026-02-01T00:00:00Z,A{number},login,2026-02-10T00:00:00Z,1\n"
    for number in range(30)
)
"""Thirty tickets, each resolved on 10 February with one reply."""
EMPLOYEES = "id,name,team_id\n" + "".join(
    f"e{number},E,{'east' if number < 4 else 'west'}\n" for number in range(9)
)
SURVEYS = "id,kind,scale_min,scale_max\ncare,enps,0,10\nmood,esat,1,5\n"


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Ask one KPI of a world that was loaded at an instant."""
    with Worlds() as worlds:

        def asked(
            tables: Tables,
            kpi: str,
            period: str,
            *,
            at: str = "2026-06-01T00:00:00Z",
            known_at: str | None = None,
            **cut: str,
        ) -> list[Answer]:
            zone = cut.get("timezone", "UTC")
            snapshot = worlds.snapshot(
                tables, timezone=zone, recorded_at=datetime.fromisoformat(at)
            )
            engine = Engine(
                snapshot,
                shipped(),
                Settings(Calendar(zone)),
                datetime.fromisoformat(known_at) if known_at else None,
            )
            where = (parse_filter(cut["where"]),) if "where" in cut else ()
            return list(
                engine.ask(
                    Question(
                        (kpi,), period, cut.get("grain"), (cut["by"],) if "by" in cut else (), where
                    )
                )
            )

        yield asked


def said(answers: list[Answer]) -> tuple[float | None, str, str | None]:
    (answer,) = answers
    return answer.value, answer.status, answer.reason


def test_a_figure_of_thirty_whose_period_is_over_is_ok(ask: Ask) -> None:
    assert said(ask({"subscriptions": FLAT}, "nrr", "2026-02")) == (100, "ok", None)


def test_a_ratio_of_fewer_than_thirty_is_low_n_and_a_sum_never_is(ask: Ask) -> None:
    few = {"subscriptions": FLAT.rpartition("s29")[0]}
    assert said(ask(few, "nrr", "2026-02")) == (100, "low_n", None)
    assert said(ask(few, "mrr_end", "2026-02")) == (290, "ok", None)
    assert said(ask(few, "customers_end", "2026-02")) == (29, "ok", None)


def test_a_median_of_few_is_not_low_n_and_a_mean_is(ask: Ask) -> None:
    """Nine days, once: the mean is low_n; a median has no denominator to be low."""
    one = {"tickets": TICKETS + "t,2026-02-01T00:00:00Z,A,login,2026-02-10T00:00:00Z,1\n"}
    assert said(ask(one, "time_to_resolution", "2026-02")) == (216, "low_n", None)
    assert said(ask(one, "time_to_resolution_median", "2026-02")) == (216, "ok", None)


def test_a_period_that_is_not_over_is_partial_before_it_is_low_n(ask: Ask) -> None:
    few = {"subscriptions": SUBSCRIPTIONS + "s,A,10,USD,2025-01-01,\n"}
    (answer,) = ask(few, "nrr", "2026-02", at="2026-02-28T23:59:59Z")
    assert (answer.value, answer.status) == (100, "partial")
    assert answer.through == datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert said(ask(few, "nrr", "2026-02", at="2026-03-01T00:00:00Z")) == (100, "low_n", None)


def test_what_happens_after_the_data_ends_does_not_count_yet(ask: Ask) -> None:
    """The second account leaves on 20 February; on the 15th that is a plan, and on the 21st a
    fact.
    """
    leaving = {
        "subscriptions": SUBSCRIPTIONS
        + "s,A,10,USD,2025-01-01,\nt,B,10,USD,2025-01-01,2026-02-20\n"
    }
    assert said(ask(leaving, "lost_customers", "2026-02", known_at="2026-02-15T00:00:00Z")) == (
        0,
        "partial",
        None,
    )
    assert said(ask(leaving, "lost_customers", "2026-02", known_at="2026-02-21T00:00:00Z")) == (
        1,
        "partial",
        None,
    )
    assert said(ask(leaving, "lost_customers", "2026-02")) == (1, "ok", None)


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-02-28T23:59:59Z", "partial"),
        ("2026-03-01T00:00:00Z", "provisional"),
        ("2026-03-07T23:59:59Z", "provisional"),
        ("2026-03-08T00:00:00Z", "ok"),
    ],
)
def test_fcr_is_provisional_until_exactly_seven_days_after_the_end(
    ask: Ask, at: str, status: str
) -> None:
    assert said(ask({"tickets": RESOLVED}, "fcr", "2026-02", at=at)) == (100, status, None)


@pytest.mark.parametrize(
    ("at", "status"), [("2026-03-30T23:59:59Z", "provisional"), ("2026-03-31T00:00:00Z", "ok")]
)
def test_a_response_rate_is_provisional_until_exactly_thirty_days_after_the_end(
    ask: Ask, at: str, status: str
) -> None:
    invited = "id,survey_id,invited_at,delivered\n" + "".join(
        f"i{number},care,2026-02-10T00:00:00Z,true\n" for number in range(30)
    )
    tables = {
        "invitations": invited,
        "surveys": "id,kind,scale_min,scale_max\ncare,csat,1,5\n",
        "responses": "id,survey_id,responded_at,score\n",
    }
    assert said(ask(tables, "survey_response_rate", "2026-02", at=at)) == (0, status, None)


def test_a_renewal_rate_is_provisional_while_any_contract_is_pending(ask: Ask) -> None:
    """Due on 1 March, no successor: pending until 31 March, then lost."""
    contracts = {
        "contracts": "id,account_id,valid_from,valid_to,kind\nc,A,2025-03-01,2026-03-01,new\n"
    }
    assert said(ask(contracts, "contract_renewal_rate", "2026-03", at="2026-04-01T00:00:00Z")) == (
        0,
        "low_n",
        None,
    )
    february = {
        "contracts": "id,account_id,valid_from,valid_to,kind\nc,A,2025-03-31,2026-03-31,new\n"
    }
    assert said(ask(february, "contract_renewal_rate", "2026-03", at="2026-04-01T00:00:00Z")) == (
        0,
        "provisional",
        None,
    )


def test_a_missing_table_is_not_connected_and_comes_before_every_other_reason(ask: Ask) -> None:
    (answer,) = ask({"tickets": RESOLVED}, "nrr", "1999")
    assert (answer.value, answer.status, answer.reason, answer.n, answer.through) == (
        None,
        "no_value",
        "not_connected",
        0,
        None,
    )
    assert (answer.numerator, answer.denominator, answer.low, answer.high) == (
        None,
        None,
        None,
        None,
    )


def test_a_cut_of_what_is_not_connected_has_no_rows(ask: Ask) -> None:
    assert ask({"tickets": RESOLVED}, "nrr", "2026-02", by="segment") == []


def test_before_the_earliest_month_and_after_the_load_nothing_is_covered(ask: Ask) -> None:
    """Coverage is assumed from the first day of the month of the earliest start to the load."""
    tickets = {"tickets": RESOLVED.replace("2026-02-01T", "2026-02-05T")}
    assert said(ask(tickets, "ticket_backlog", "2026-01")) == (None, "no_value", "not_covered")
    assert said(ask(tickets, "ticket_backlog", "2026-02-01")) == (0, "ok", None)
    assert said(ask(tickets, "ticket_backlog", "2026-05-31")) == (0, "ok", None)
    assert said(ask(tickets, "ticket_backlog", "2026-06-01")) == (None, "no_value", "not_covered")


def test_touching_coverage_rows_join_and_a_gap_ends_what_is_covered(ask: Ask) -> None:
    rows = "tickets,2026-01-01,2026-02-15\ntickets,2026-02-15,2026-03-01\ntickets,2026-03-10,2026-05-01\n"
    tables = {"tickets": RESOLVED, "coverage": COVERAGE + rows}
    (answer,) = ask(tables, "ticket_backlog", "2026-02")
    assert (answer.status, answer.through) == ("ok", datetime(2026, 3, 1, tzinfo=UTC))
    assert said(ask(tables, "ticket_backlog", "2026-02..2026-03")) == (0, "partial", None)
    assert said(ask(tables, "ticket_backlog", "2026-03")) == (None, "no_value", "not_covered")
    assert said(ask(tables, "ticket_backlog", "2026-03-10")) == (0, "ok", None)
    assert said(ask(tables, "ticket_backlog", "2025-12..2026-02")) == (
        None,
        "no_value",
        "not_covered",
    )
    assert said(ask(tables, "ticket_backlog", "2026-05")) == (None, "no_value", "not_covered")


def test_coverage_days_are_local_days(ask: Ask) -> None:
    tables = {"tickets": RESOLVED, "coverage": COVERAGE + "tickets,2026-01-01,2026-03-01\n"}
    (answer,) = ask(tables, "ticket_backlog", "2026-02", timezone="America/New_York")
    assert (answer.status, answer.through) == ("ok", datetime(2026, 3, 1, 5, tzinfo=UTC))


def test_a_connected_table_without_rows_says_zero_where_it_is_covered(ask: Ask) -> None:
    assert said(
        ask(
            {"tickets": TICKETS, "coverage": COVERAGE + "tickets,2026-01-01,2026-03-01\n"},
            "ticket_backlog",
            "2026-02",
        )
    ) == (0, "ok", None)


def test_the_table_that_ends_first_says_how_far_the_data_reaches(ask: Ask) -> None:
    """Renewals need contracts alone; the frequency of touches needs two tables, and one ends in the
    middle of the month.
    """
    touches = (
        "id,occurred_at,channel,direction,account_id\n1,2026-02-02T00:00:00Z,call,outbound,A1\n"
    )
    tables = {
        "subscriptions": FLAT,
        "touches": touches,
        "coverage": COVERAGE
        + "touches,2026-01-01,2026-02-16\nsubscriptions,2025-01-01,2026-03-01\n",
    }
    (answer,) = ask(tables, "client_communication_frequency", "2026-02")
    assert (answer.status, answer.through) == ("partial", datetime(2026, 2, 16, tzinfo=UTC))
    assert answer.value == pytest.approx(1 / (30 * 15 / 30.4375))


def test_known_at_in_the_middle_of_a_period_cuts_it_there_and_before_it_there_is_nothing(
    ask: Ask,
) -> None:
    (answer,) = ask({"subscriptions": FLAT}, "mrr_end", "2026-02", known_at="2026-02-10T12:00:00Z")
    assert (answer.status, answer.through, answer.known_at) == (
        "partial",
        answer.known_at,
        datetime(2026, 2, 10, 12, tzinfo=UTC),
    )
    assert said(
        ask({"subscriptions": FLAT}, "mrr_end", "2026-02", known_at="2026-02-01T00:00:00Z")
    ) == (None, "no_value", "not_covered")
    rows = ask(
        {"subscriptions": FLAT},
        "mrr_end",
        "2026-Q1",
        known_at="2026-02-10T12:00:00Z",
        grain="month",
    )
    assert [(row.status, row.reason) for row in rows] == [
        ("ok", None),
        ("partial", None),
        ("no_value", "not_covered"),
    ]


def test_a_line_without_a_rate_leaves_no_value_and_only_where_it_counts(ask: Ask) -> None:
    tables = {
        "accounts": "id,name,segment\nA,A,small\nB,B,large\n",
        "subscriptions": SUBSCRIPTIONS + "s,A,10,USD,2025-01-01,\nt,B,10,EUR,2025-01-01,\n",
    }
    (answer,) = ask(tables, "mrr_end", "2026-02")
    assert (answer.value, answer.numerator, answer.status, answer.reason) == (
        None,
        None,
        "no_value",
        "missing_rate",
    )
    assert said(ask(tables, "customers_end", "2026-02")) == (2, "ok", None)
    assert [(row.value, row.reason) for row in ask(tables, "mrr_end", "2026-02", by="segment")] == [
        (None, "missing_rate"),
        (10, None),
    ]
    rated = tables | {"fx_rates": "currency,valid_from,rate\nEUR,2024-01-01,1.5\n"}
    assert said(ask(rated, "mrr_end", "2026-02")) == (25, "ok", None)


def test_one_to_four_answers_of_employees_are_never_shown_nor_by_team(ask: Ask) -> None:
    """Four answers from the east and five from the west; then the four alone."""

    def answered(people: int) -> Tables:
        rows = "".join(
            f"r{e},care,2026-02-10T00:00:00Z,10,e{e}\nm{e},mood,2026-02-10T00:00:00Z,5,e{e}\n"
            for e in range(people)
        )
        return {
            "users": EMPLOYEES,
            "teams": "id,name\neast,East\nwest,West\n",
            "surveys": SURVEYS,
            "employees": "user_id,joined_on\n" + "".join(f"e{e},2025-01-01\n" for e in range(9)),
            "responses": "id,survey_id,responded_at,score,user_id\n" + rows,
        }

    for kpi in ("enps", "employee_satisfaction"):
        assert said(ask(answered(9), kpi, "2026-02")) == (100, "low_n", None)
        east, west = ask(answered(9), kpi, "2026-02", by="team")
        assert (
            east.dimensions,
            east.value,
            east.numerator,
            east.denominator,
            east.low,
            east.high,
        ) == ({"team": "east"}, None, None, None, None, None)
        assert (east.n, east.status, east.reason) == (4, "no_value", "suppressed_small_n")
        assert (west.value, west.n, west.status) == (100, 5, "low_n")
        assert said(ask(answered(9), kpi, "2026-02", where="team=east")) == (
            None,
            "no_value",
            "suppressed_small_n",
        )
        assert said(ask(answered(4), kpi, "2026-02", at="2026-02-11T00:00:00Z")) == (
            None,
            "no_value",
            "suppressed_small_n",
        )
        assert said(ask(answered(9), kpi, "2026-03")) == (None, "no_value", "zero_denominator")


def test_nothing_to_divide_by_is_no_value_and_its_parts_are_shown(ask: Ask) -> None:
    (answer,) = ask({"subscriptions": FLAT}, "nrr", "2025-01")
    assert (answer.value, answer.status, answer.reason) == (None, "no_value", "zero_denominator")
    assert (answer.numerator, answer.denominator, answer.n) == (0, 0, 0)


def test_no_value_comes_before_partial(ask: Ask) -> None:
    assert said(
        ask({"subscriptions": FLAT}, "nrr", "2025-01", known_at="2025-01-15T00:00:00Z")
    ) == (None, "no_value", "zero_denominator")


def test_a_median_of_nothing_has_no_value(ask: Ask) -> None:
    assert said(ask({"tickets": RESOLVED}, "time_to_resolution_median", "2026-03")) == (
        None,
        "no_value",
        "zero_denominator",
    )


@pytest.mark.parametrize(
    ("satisfied", "answers", "low", "high"),
    [
        (80, 100, 71.117, 86.663),
        (5, 100, 2.154, 11.175),
        (4, 5, 37.553, 96.378),
        (5, 5, 56.552, 100.0),
        (0, 5, 0.0, 43.448),
        (20, 200, 6.567, 14.941),
    ],
)
def test_a_share_has_a_wilson_interval(
    satisfied: int, answers: int, low: float, high: float
) -> None:
    figure = figure_of(shipped().get("csat"), {"satisfied": satisfied, "answers": answers})
    assert figure["value"] == pytest.approx(100 * satisfied / answers)
    assert (figure["low"], figure["high"]) == (
        pytest.approx(low, abs=5e-4),
        pytest.approx(high, abs=5e-4),
    )


@pytest.mark.parametrize(
    ("parts", "nps", "low", "high"),
    [
        ((60, 20, 100), 40.0, 38.834951 - 15.455071, 38.834951 + 15.455071),
        ((5, 0, 5), 100.0, 17.491453, 100.0),
    ],
)
def test_nps_has_an_adjusted_wald_interval(
    parts: tuple[int, int, int], nps: float, low: float, high: float
) -> None:
    """Promoters, detractors and answers; the bounds lie round the adjusted centre and are clipped
    at 100.
    """
    figure = figure_of(
        shipped().get("nps"), dict(zip(("promoters", "detractors", "answers"), parts, strict=True))
    )
    assert figure["value"] == nps
    assert (figure["low"], figure["high"]) == (
        pytest.approx(low, abs=1e-6),
        pytest.approx(high, abs=1e-6),
    )


def test_only_figures_that_estimate_from_answers_have_intervals() -> None:
    estimating = {kpi.id for kpi in shipped() if kpi.interval}
    assert estimating == {
        "csat",
        "nps",
        "enps",
        "employee_satisfaction",
        "promoters_share",
        "passives_share",
        "detractors_share",
    }
