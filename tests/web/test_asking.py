"""The question of a page: what stands in its address is what it shows, and what cannot be asked
stays as it was typed.
"""

from datetime import date
from types import SimpleNamespace

import pytest
from tests.served import Served

from kampass.access import EVERYTHING
from kampass.periods import Calendar, Period, add_months, cut, parse
from kampass.web.parts import spans
from kampass.web.parts.question import Asking, QuestionFields


def asking(served: Served, written: QuestionFields, **about: object) -> Asking:
    call = SimpleNamespace(sight=served.workspace.sight(EVERYTHING))
    return Asking.of(call, written, **{"kpis": ("nrr",), **about})


def test_without_a_period_the_latest_quarter_that_is_over_is_asked_for(served: Served) -> None:
    made = asking(served, QuestionFields())
    found = parse(made.period, Calendar())
    assert found.unit == "quarter"
    known = served.workspace.sight().known_at.date()
    assert found.end <= known < add_months(found.end, 3)
    assert made.wrong is None


def test_a_page_of_pieces_asks_for_twelve_of_them(served: Served) -> None:
    made = asking(served, QuestionFields(), pieces="month")
    assert (made.grain, len(cut(parse(made.period, Calendar()), made.grain, Calendar()))) == (
        "month",
        12,
    )


def test_a_question_said_in_words_names_every_part_of_it(served: Served) -> None:
    written = QuestionFields(
        period="2025-Q3",
        by=["segment"],
        where=["segment=enterprise", "region!=EMEA", "tier in gold,silver", "industry is unknown"],
    )
    assert asking(served, written).words("NRR") == (
        "NRR by segment, Q3 2025, enterprise only, without EMEA, gold or silver only, "
        "industry unknown"
    )


def test_a_link_carries_the_whole_question_and_reads_back_the_same(served: Served) -> None:
    from urllib.parse import parse_qs, urlsplit

    made = asking(
        served,
        QuestionFields(
            period="2025-Q3",
            by=["segment"],
            where=["region!=EMEA", "industry=R&D = fun"],
            compare="year-ago",
            known_at="2026-01-01T00:00:00Z",
        ),
    )
    given = parse_qs(urlsplit(made.url("/kpis/nrr")).query)
    again = QuestionFields(
        **{name: values if name in {"by", "where"} else values[0] for name, values in given.items()}
    )
    assert asking(served, again).key == made.key


def test_a_chip_takes_away_its_own_filter_and_no_other(served: Served) -> None:
    made = asking(served, QuestionFields(period="2025", where=["region=EMEA", "tier=gold"]))
    assert made.filters("/x").chips == [
        ("EMEA only", "/x?period=2025&where=tier%3Dgold"),
        ("Gold only", "/x?period=2025&where=region%3DEMEA"),
    ]


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("period", "2025-Q9", "there is no quarter 9"),
        ("grain", "fortnight", "no grain called 'fortnight'"),
        ("by", ["segmnt"], "Did you mean 'segment'?"),
        ("where", ["segmnt=x"], "Did you mean 'segment'?"),
        ("where", ["enterprise"], "is not a filter"),
        ("compare", "tomorrow", "no comparison called 'tomorrow'"),
        ("known_at", "yesterday", "'yesterday' is no instant"),
    ],
)
def test_what_cannot_be_asked_stays_in_its_field_with_the_reason(
    served: Served, name: str, typed: str | list[str], says: str
) -> None:
    made = asking(served, QuestionFields(**{name: typed}))
    assert made.wrong is not None
    assert says in made.wrong.message + made.wrong.hint
    if name != "known_at":  # which no field shows
        marked = [one for one in made.fields(compare=True) if one.error]
        assert [(one.name, one.value) for one in marked] == [
            (name, typed if isinstance(typed, str) else typed[0])
        ]


def test_a_filter_on_an_id_is_said_by_its_name(served: Served) -> None:
    user, name = (
        served.workspace.sight().backend.run("SELECT id, name FROM users ORDER BY id").first()
    )
    assert (
        asking(served, QuestionFields(period="2025", where=[f"account_manager={user}"])).words(
            "NRR"
        )
        == f"NRR, 2025, {name} only"
    )


@pytest.mark.parametrize(
    "text",
    [
        "2025",
        "2025-Q4",
        "2025-12",
        "2025-W09",
        "2025-03-14",
        "2025-01..2025-06",
        "2024..2025",
        "FY2026",
        "FY2026-Q1",
        "FY2025-Q1..FY2026-Q4",
    ],
)
@pytest.mark.parametrize(
    "calendar",
    [Calendar(), Calendar(fiscal_start=4), Calendar(week_start="sunday", fiscal_start=11)],
)
def test_a_period_is_spelled_so_that_it_reads_back_the_same(text: str, calendar: Calendar) -> None:
    assert spans.spelled(parse(text, calendar), calendar) == text


def test_a_trail_ends_with_the_period_and_holds_twelve_of_its_kind() -> None:
    for text in ("2026", "2026-Q1", "2026-03", "2026-W09", "2026-03-14", "FY2026-Q1"):
        calendar = Calendar(fiscal_start=4)
        stretch, grain = spans.trail(text, calendar)
        pieces = cut(parse(stretch, calendar), grain, calendar)
        assert (len(pieces), pieces[-1].start, pieces[-1].end) == (
            12,
            parse(text, calendar).start,
            parse(text, calendar).end,
        )


def test_a_week_that_starts_on_a_sunday_is_spelled_by_its_days() -> None:
    calendar = Calendar(week_start="sunday")
    (week,) = cut(Period(date(2026, 1, 4), date(2026, 1, 11), "day", 7), "week", calendar)
    assert spans.spelled(week, calendar) == "2026-01-04..2026-01-10"
