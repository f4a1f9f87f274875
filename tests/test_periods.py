"""Periods as the contract writes them: every form, cut into grains, the ones before, and the
instants at which days start.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kampass.errors import QuestionError
from kampass.periods import UNITS, Calendar, Period, cut, parse

PLAIN = Calendar()


def dates(text: str, calendar: Calendar = PLAIN) -> tuple[str, str]:
    return written(parse(text, calendar))


def pieces(text: str, grain: str, calendar: Calendar = PLAIN) -> list[str]:
    return [f"{piece.start}/{piece.end}" for piece in cut(parse(text, calendar), grain, calendar)]


def written(period: Period) -> tuple[str, str]:
    return period.start.isoformat(), period.end.isoformat()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-03", "2026-03-01", "2026-04-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2026-W09", "2026-02-23", "2026-03-02"),
        ("2026-03-14", "2026-03-14", "2026-03-15"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        (" 2026-03 ", "2026-03-01", "2026-04-01"),
    ],
)
def test_a_period_is_half_open_in_local_dates(text: str, start: str, end: str) -> None:
    assert dates(text) == (start, end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2026-W53", "2026-12-28", "2027-01-04"),
        ("2020-W53", "2020-12-28", "2021-01-04"),
    ],
)
def test_weeks_are_iso_weeks_and_some_years_have_fifty_three(
    text: str, start: str, end: str
) -> None:
    assert dates(text) == (start, end)


def test_a_week_that_is_asked_for_starts_on_monday_wherever_the_workspace_starts_its_weeks() -> (
    None
):
    assert dates("2026-W09", Calendar(week_start="sunday")) == ("2026-02-23", "2026-03-02")


@pytest.mark.parametrize(
    ("first_month", "year", "quarter"),
    [
        (1, ("2026-01-01", "2027-01-01"), ("2026-01-01", "2026-04-01")),
        (2, ("2025-02-01", "2026-02-01"), ("2025-02-01", "2025-05-01")),
        (4, ("2025-04-01", "2026-04-01"), ("2025-04-01", "2025-07-01")),
        (10, ("2025-10-01", "2026-10-01"), ("2025-10-01", "2026-01-01")),
        (12, ("2025-12-01", "2026-12-01"), ("2025-12-01", "2026-03-01")),
    ],
)
def test_a_fiscal_year_is_named_by_the_year_in_which_it_ends(
    first_month: int, year: tuple[str, str], quarter: tuple[str, str]
) -> None:
    calendar = Calendar(fiscal_start=first_month)
    assert dates("FY2026", calendar) == year
    assert dates("FY2026-Q1", calendar) == quarter
    assert dates("2026", calendar) == ("2026-01-01", "2027-01-01")


@pytest.mark.parametrize(
    ("text", "start", "end", "count"),
    [
        ("2025-01..2025-12", "2025-01-01", "2026-01-01", 12),
        ("2025..2025", "2025-01-01", "2026-01-01", 1),
        ("2025-Q4..2026-Q2", "2025-10-01", "2026-07-01", 3),
        ("2025-W52..2026-W01", "2025-12-22", "2026-01-05", 2),
        ("2024-02-28..2024-03-01", "2024-02-28", "2024-03-02", 3),
        ("FY2025-Q4..FY2026-Q1", "2025-10-01", "2026-04-01", 2),
    ],
)
def test_a_range_includes_both_its_ends(text: str, start: str, end: str, count: int) -> None:
    assert dates(text) == (start, end)
    assert parse(text, PLAIN).count == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26",
        "0999",
        "2026-13",
        "2026-00",
        "2026-3",
        "2026-Q0",
        "2026-Q5",
        "FY2026-Q5",
        "FY26",
        "2026-W00",
        "2025-W53",
        "2026-W54",
        "2026-02-29",
        "2026-3-1",
        "March 2026",
        "2026-01..",
        "..2026-01",
        "2026-01..2026-03..2026-05",
        "2026-01..2026-Q2",
        "2025..FY2026",
        "2026-Q2..2026-Q1",
        "9999",
        "9999-12-31",
        "20\u0662\u0666",
        "2026-\u0660\u0663",
        "2026 -03",
        "2026\n2026",
    ],
)
def test_what_is_no_period_is_an_error_of_its_own(text: str) -> None:
    with pytest.raises(QuestionError) as wrong:
        parse(text, PLAIN)
    assert (wrong.value.code, wrong.value.exit_code) == ("bad_period", 2)
    assert wrong.value.hint


def test_a_year_is_cut_into_its_quarters_and_a_quarter_into_its_months() -> None:
    assert pieces("2026", "quarter") == [
        "2026-01-01/2026-04-01",
        "2026-04-01/2026-07-01",
        "2026-07-01/2026-10-01",
        "2026-10-01/2027-01-01",
    ]
    assert pieces("2026-Q1", "month") == [
        "2026-01-01/2026-02-01",
        "2026-02-01/2026-03-01",
        "2026-03-01/2026-04-01",
    ]
    assert len(pieces("2024-02", "day")) == 29


def test_without_a_grain_all_of_a_period_is_one_piece() -> None:
    assert cut(parse("2025-01..2025-12", PLAIN), None, PLAIN) == [parse("2025-01..2025-12", PLAIN)]


def test_weeks_of_a_month_are_clipped_to_it() -> None:
    assert pieces("2026-04", "week") == [
        "2026-04-01/2026-04-06",
        "2026-04-06/2026-04-13",
        "2026-04-13/2026-04-20",
        "2026-04-20/2026-04-27",
        "2026-04-27/2026-05-01",
    ]
    assert [piece.whole for piece in cut(parse("2026-04", PLAIN), "week", PLAIN)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_weeks_start_on_the_workspaces_first_day() -> None:
    assert pieces("2026-02", "week", Calendar(week_start="sunday")) == [
        "2026-02-01/2026-02-08",
        "2026-02-08/2026-02-15",
        "2026-02-15/2026-02-22",
        "2026-02-22/2026-03-01",
    ]
    assert pieces("2026-02", "week", Calendar(week_start="saturday"))[:2] == [
        "2026-02-01/2026-02-07",
        "2026-02-07/2026-02-14",
    ]


def test_a_fiscal_year_is_cut_into_fiscal_quarters_and_a_calendar_year_into_calendar_ones() -> None:
    february = Calendar(fiscal_start=2)
    assert pieces("FY2026", "quarter", february)[0] == "2025-02-01/2025-05-01"
    assert pieces("2026", "quarter", february)[0] == "2026-01-01/2026-04-01"
    assert pieces("FY2025..FY2026", "year", february) == [
        "2024-02-01/2025-02-01",
        "2025-02-01/2026-02-01",
    ]


@pytest.mark.parametrize(
    ("text", "grain"),
    [
        ("2026-03", "quarter"),
        ("2026-Q1", "year"),
        ("2026-W09", "month"),
        ("2026-03-14", "week"),
        ("2025-01..2025-06", "year"),
        ("2025-01..2025-02", "quarter"),
        ("2025-12..2026-01", "quarter"),
        ("2026-W05..2026-W06", "quarter"),
        ("2026-03", "fortnight"),
    ],
)
def test_a_grain_coarser_than_the_period_or_none_at_all_is_an_error(text: str, grain: str) -> None:
    """Two months are shorter than a quarter, whether or not a quarter ends between them."""
    with pytest.raises(QuestionError) as wrong:
        pieces(text, grain)
    assert wrong.value.code == "bad_grain"


def test_a_range_that_is_long_enough_may_be_cut_into_a_coarser_kind() -> None:
    assert pieces("2025-01..2026-03", "year") == ["2025-01-01/2026-01-01", "2026-01-01/2026-04-01"]
    assert pieces("2026-03-02..2026-03-08", "week") == ["2026-03-02/2026-03-09"]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-03", "2026-02-01", "2026-03-01"),
        ("2026-Q1", "2025-10-01", "2026-01-01"),
        ("2025-01..2025-03", "2024-10-01", "2025-01-01"),
        ("2024-03-01", "2024-02-29", "2024-03-01"),
        ("2027-W01", "2026-12-28", "2027-01-04"),
        ("2026-W10..2026-W11", "2026-02-16", "2026-03-02"),
        ("2026-03-10..2026-03-16", "2026-03-03", "2026-03-10"),
    ],
)
def test_the_previous_period_is_the_one_before_of_the_same_kind(
    text: str, start: str, end: str
) -> None:
    assert written(parse(text, PLAIN).previous()) == (start, end)


def test_the_fiscal_quarter_before_the_first_is_last_years_fourth() -> None:
    july = Calendar(fiscal_start=7)
    assert (
        written(parse("FY2026-Q1", july).previous())
        == dates("FY2025-Q4", july)
        == ("2025-04-01", "2025-07-01")
    )
    assert written(parse("FY2026-Q1", july).year_ago()) == dates("FY2025-Q1", july)


def test_before_a_clipped_piece_lie_as_many_days() -> None:
    first = cut(parse("2026-04", PLAIN), "week", PLAIN)[0]
    assert (first.previous().start, first.previous().end) == (date(2026, 3, 27), date(2026, 4, 1))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2025-01-01", "2026-01-01"),
        ("2024-02", "2023-02-01", "2023-03-01"),
        ("2025-02", "2024-02-01", "2024-03-01"),
        ("2024-02-29", "2023-02-28", "2023-03-01"),
        ("2025-02-28", "2024-02-28", "2024-02-29"),
        ("2025-02-01..2025-02-28", "2024-02-01", "2024-02-29"),
        ("2026-W09", "2025-02-24", "2025-03-03"),
        ("2026-W53", "2025-12-22", "2025-12-29"),
        ("2025-11..2026-02", "2024-11-01", "2025-03-01"),
    ],
)
def test_a_year_ago_is_calendar_arithmetic(text: str, start: str, end: str) -> None:
    """The same dates, or the last that the year before has: a day stays a day beside 29 February,
    and week 53 meets week 52.
    """
    assert written(parse(text, PLAIN).year_ago()) == (start, end)


@pytest.mark.parametrize(
    ("zone", "day", "instant", "hours"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00+00:00", 23),
        ("Asia/Beirut", date(2021, 3, 28), "2021-03-27T22:00:00+00:00", 23),
        ("America/Havana", date(2018, 11, 4), "2018-11-04T04:00:00+00:00", 25),
        ("America/Sao_Paulo", date(2018, 2, 17), "2018-02-17T02:00:00+00:00", 25),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00:00+00:00", 23),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T04:00:00+00:00", 25),
        ("Asia/Kolkata", date(2026, 11, 1), "2026-10-31T18:30:00+00:00", 24),
    ],
)
def test_a_local_day_starts_at_its_first_instant(
    zone: str, day: date, instant: str, hours: int
) -> None:
    """In Sao Paulo and Beirut clocks jump over midnight; in Havana midnight comes twice; days have
    23 to 25 hours.
    """
    calendar = Calendar(zone)
    start = calendar.first_instant(day)
    assert start.isoformat() == instant
    assert calendar.first_instant(day + timedelta(days=1)) - start == timedelta(hours=hours)
    assert calendar.local_date(start) == day
    assert calendar.last_date_before(start) == day - timedelta(days=1)


def test_months_between_firsts_are_whole_and_others_are_days() -> None:
    assert PLAIN.months_between(date(2026, 1, 1), datetime(2026, 4, 1, tzinfo=UTC)) == 3
    assert PLAIN.months_between(date(2024, 2, 1), datetime(2025, 2, 1, tzinfo=UTC)) == 12
    assert PLAIN.months_between(
        date(2026, 3, 1), datetime(2026, 3, 16, 12, tzinfo=UTC)
    ) == pytest.approx(15.5 / 30.4375)
    assert PLAIN.months_between(
        date(2026, 1, 15), datetime(2026, 2, 15, tzinfo=UTC)
    ) == pytest.approx(31 / 30.4375)


def test_a_month_with_a_clock_change_is_one_month() -> None:
    berlin = Calendar("Europe/Berlin")
    assert berlin.months_between(date(2026, 3, 1), berlin.first_instant(date(2026, 4, 1))) == 1


def test_days_up_to_a_skipped_midnight_are_whole() -> None:
    brazil = Calendar("America/Sao_Paulo")
    assert brazil.months_between(
        date(2018, 11, 1), brazil.first_instant(date(2018, 11, 4))
    ) == pytest.approx(3 / 30.4375)


_days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
_single = st.one_of(
    _days.map(lambda day: f"{day:%Y}"),
    _days.map(lambda day: f"{day:%Y}-Q{(day.month + 2) // 3}"),
    _days.map(lambda day: f"{day:%Y-%m}"),
    _days.map(lambda day: f"{day.isocalendar().year}-W{day.isocalendar().week:02d}"),
    _days.map(date.isoformat),
    _days.map(lambda day: f"FY{day:%Y}"),
    _days.map(lambda day: f"FY{day:%Y}-Q{(day.month + 2) // 3}"),
)
_months = st.tuples(_days, st.integers(0, 30)).map(
    lambda two: f"{two[0]:%Y-%m}..{two[0] + timedelta(days=two[1] * 31):%Y-%m}"
)
_calendars = st.builds(
    Calendar, st.just("UTC"), st.sampled_from(["monday", "sunday", "saturday"]), st.integers(1, 12)
)


@given(st.one_of(_single, _months), st.sampled_from(UNITS), _calendars)
@settings(deadline=None, max_examples=150)
def test_the_pieces_of_a_cut_tile_the_period(text: str, grain: str, calendar: Calendar) -> None:
    period = parse(text, calendar)
    try:
        made = cut(period, grain, calendar)
    except QuestionError:
        return
    assert made[0].start == period.start
    assert made[-1].end == period.end
    assert all(left.end == right.start for left, right in pairwise(made))
    assert all(piece.days > 0 for piece in made)


@given(st.one_of(_single, _months), _calendars)
@settings(deadline=None, max_examples=150)
def test_a_period_begins_where_the_one_before_ends(text: str, calendar: Calendar) -> None:
    period = parse(text, calendar)
    earlier = period.previous()
    assert (earlier.end, earlier.unit, earlier.count, earlier.fiscal) == (
        period.start,
        period.unit,
        period.count,
        period.fiscal,
    )
    assert earlier.start < earlier.end


@given(st.one_of(_single, _months), _calendars)
@settings(deadline=None, max_examples=150)
def test_a_period_is_the_range_of_its_days_and_a_range_with_itself(
    text: str, calendar: Calendar
) -> None:
    period = parse(text, calendar)
    days = parse(f"{period.start}..{period.end - timedelta(days=1)}", calendar)
    assert (days.start, days.end, days.count) == (period.start, period.end, period.days)
    assert parse(text, calendar) == period
    if ".." not in text:
        assert parse(f"{text}..{text}", calendar) == period


@given(_days, st.integers(1, 40))
@settings(deadline=None, max_examples=100)
def test_a_year_ago_days_are_as_many_unless_a_leap_day_lies_between(day: date, count: int) -> None:
    period = Period(day, day + timedelta(days=count), "day", count)
    assert abs(period.year_ago().days - count) <= 1
    assert count > 1 or period.year_ago().days == 1
