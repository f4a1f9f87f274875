"""Questions: the filter grammar, slices and filters, totals, order, errors, and many KPIs or pieces
asked at once.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.loaded_worlds import random_workspace, takers
from tests.worlds import make_world

from kampass.catalogue.loader import shipped
from kampass.engine import Answer, Engine, Filter, Question, Settings, parse_filter
from kampass.errors import QuestionError, UnknownName
from kampass.workspace import Workspace
from kampass.workspace.authoring.worlds import Worlds

SEEDS = (201, 203)
BOOK = {
    "accounts": """id,name,segment,region
A,A,mid market,emea
B,B,"a,b",emea
C,C,x=y,apac
D,D,,apac
E,E,Zeta,
F,F,alpha,
G,G,Östlich,
""",
    "teams": "id,name,parent_id\nsales,Sales,\neast,East,sales\nfar_east,Far "
    "East,east\nsupport,Support,\n",
    "users": "id,name,team_id\nu1,U1,sales\nu2,U2,east\nu3,U3,far_east\nu4,U4,support\n",
    "ownerships": """account_id,user_id,role,valid_from
A,u1,account_manager,2025-01-01
B,u2,account_manager,2025-01-01
C,u3,account_manager,2025-01-01
D,u4,account_manager,2025-01-01
""",
    "subscriptions": "id,account_id,mrr,currency,valid_from\n"
    + "".join(f"{name},{name},{2**index},USD,2025-01-01\n" for index, name in enumerate("ABCDEFG")),
}
"""Seven accounts that pay 1, 2, 4, 8, 16, 32 and 64, so that a sum says which of them it holds."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Worlds() as worlds:
        yield Engine(worlds.snapshot(BOOK), shipped(), Settings())


@pytest.fixture(
    scope="module", params=[SEEDS[0], pytest.param(SEEDS[1], marks=pytest.mark.nightly)]
)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, list[str]]]:
    workspace: Workspace = random_workspace(request.param, tmp_path_factory)
    made = workspace.engine()
    yield made, [period.text for period in make_world(request.param).periods()]
    made.snapshot.close()
    workspace.close()


def plain(answer: Answer) -> Answer:
    return replace(answer, dimensions={})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("segment=enterprise", Filter("segment", "=", ("enterprise",))),
        ("segment=mid market", Filter("segment", "=", ("mid market",))),
        ("segment = mid market", Filter("segment", "=", ("mid market",))),
        ("segment= lead", Filter("segment", "=", (" lead",))),
        ("segment=a,b", Filter("segment", "=", ("a,b",))),
        ("segment=x=y", Filter("segment", "=", ("x=y",))),
        ("segment=a!=b", Filter("segment", "=", ("a!=b",))),
        ("segment=is unknown", Filter("segment", "=", ("is unknown",))),
        ("segment=tier in a,b", Filter("segment", "=", ("tier in a,b",))),
        ("plan colour=red", Filter("plan colour", "=", ("red",))),
        ("region!=emea", Filter("region", "!=", ("emea",))),
        ("region != emea", Filter("region", "!=", ("emea",))),
        ("segment is unknown", Filter("segment", "is unknown")),
        ("tier in a,b", Filter("tier", "in", ("a", "b"))),
        ("tier in a, mid market , c", Filter("tier", "in", ("a", "mid market", "c"))),
        ("tier in x=y", Filter("tier", "in", ("x=y",))),
        ("team in_tree sales", Filter("team", "in_tree", ("sales",))),
    ],
)
def test_a_filter_is_read_as_the_contract_writes_it(text: str, meant: Filter) -> None:
    assert parse_filter(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "segment",
        "=enterprise",
        "segment in",
        "segment is",
        "segment is nothing",
        "segment in_tree sales",
        "segment > a",
    ],
)
def test_what_is_no_filter_is_an_error(text: str) -> None:
    with pytest.raises(QuestionError) as wrong:
        parse_filter(text)
    assert (wrong.value.code, wrong.value.exit_code) == ("bad_filter", 2)


@pytest.mark.parametrize(
    ("filters", "mrr"),
    [
        (["segment=mid market"], 1),
        (["segment=a,b"], 2),
        (["segment=x=y"], 4),
        (["segment is unknown"], 8),
        (["segment!=alpha"], 1 + 2 + 4 + 16 + 64),
        (["segment in alpha,Zeta"], 16 + 32),
        (["segment=Alpha"], 32),
        (["segment=alpha", "segment=Zeta"], 0),
        (["region=emea", "segment=a,b"], 2),
        (["region is unknown", "segment!=alpha"], 16 + 64),
        (["team=sales"], 1),
        (["team in_tree sales"], 1 + 2 + 4),
        (["team in_tree east"], 2 + 4),
        (["team in_tree far_east"], 4),
        (["team is unknown"], 16 + 32 + 64),
        (["team in_tree sales", "region!=emea"], 4),
        (["account in A,G"], 1 + 64),
        (["account_manager=u4"], 8),
    ],
)
def test_filters_hold_together_and_not_equal_speaks_of_known_values_only(
    engine: Engine, filters: list[str], mrr: int
) -> None:
    (answer,) = engine.ask(
        Question(("mrr_end",), "2025-03", where=tuple(map(parse_filter, filters)))
    )
    assert (answer.value, answer.dimensions) == (mrr, {})


@pytest.mark.parametrize(
    "condition", ["segment in alpha, nowhere", "segment=nowhere", "team in_tree nowhere"]
)
def test_a_value_that_nothing_has_is_no_question(engine: Engine, condition: str) -> None:
    """It was 0 once, which reads like an answer."""
    with pytest.raises(QuestionError) as refused:
        engine.ask(Question(("mrr_end",), "2025-03", where=(parse_filter(condition),)))
    assert refused.value.code == "unknown_value"


def test_values_come_by_code_point_and_the_unknown_last(engine: Engine) -> None:
    segments = [
        answer.dimensions["segment"]
        for answer in engine.ask(Question(("mrr_end",), "2025-03", by=("segment",)))
    ]
    assert segments == ["Zeta", "a,b", "alpha", "mid market", "x=y", "Östlich", None]


def test_two_dimensions_are_ordered_one_after_the_other(engine: Engine) -> None:
    rows = [
        tuple(answer.dimensions.values())
        for answer in engine.ask(Question(("mrr_end",), "2025-03", by=("region", "segment")))
    ]
    assert rows == [
        ("apac", "x=y"),
        ("apac", None),
        ("emea", "a,b"),
        ("emea", "mid market"),
        (None, "Zeta"),
        (None, "alpha"),
        (None, "Östlich"),
    ]


def test_rows_come_by_kpi_as_asked_then_by_period_then_by_slice_and_the_total_last(
    engine: Engine,
) -> None:
    question = Question(("nrr", "mrr_end"), "2025-02..2025-03", "month", ("region",), total=True)
    rows = [
        (answer.kpi, answer.period_start.month, answer.dimensions.get("region", "total"))
        for answer in engine.ask(question)
    ]
    assert rows == [
        (kpi, month, region)
        for kpi in ("nrr", "mrr_end")
        for month in (2, 3)
        for region in ("apac", "emea", None, "total")
    ]


def test_a_total_is_computed_on_the_union_and_not_summed_from_the_rows(engine: Engine) -> None:
    *rows, total = engine.ask(Question(("nrr",), "2025-03", by=("region",), total=True))
    assert [row.value for row in rows] == [100, 100, 100]
    assert (total.dimensions, total.value, total.numerator, total.denominator, total.n) == (
        {},
        100,
        127,
        127,
        7,
    )


def test_a_total_keeps_the_filters(engine: Engine) -> None:
    rows = engine.ask(
        Question(
            ("mrr_end",),
            "2025-03",
            by=("region",),
            where=(parse_filter("region!=emea"),),
            total=True,
        )
    )
    assert [(row.dimensions, row.value) for row in rows] == [({"region": "apac"}, 12), ({}, 12)]


def test_without_a_cut_there_is_one_row_and_no_second_one_for_the_total(engine: Engine) -> None:
    assert len(engine.ask(Question(("mrr_end",), "2025-03", total=True))) == 1


@pytest.mark.parametrize(
    ("question", "code", "message"),
    [
        (
            Question(("chrun_rate", "nrr"), "2025"),
            "unknown_kpi",
            "There is no KPI called 'chrun_rate'.",
        ),
        (
            Question(("customer_chrun_rate",), "2025"),
            "unknown_kpi",
            "Did you mean 'customer_churn_rate'?",
        ),
        (
            Question(("nrr",), "2025", by=("segmnet",)),
            "unknown_dimension",
            "Did you mean 'segment'?",
        ),
        (
            Question(("nrr",), "2025", where=(Filter("regoin", "=", ("emea",)),)),
            "unknown_dimension",
            "Did you mean 'region'?",
        ),
        (
            Question(("nrr",), "2025", by=("agent",)),
            "unknown_dimension",
            "There is no dimension called 'agent'.",
        ),
        (
            Question(("cac",), "2025", by=("segment",)),
            "unknown_dimension",
            "There is no dimension called 'segment'.",
        ),
        (Question(("nrr",), "2025-13"), "bad_period", "not in the calendar"),
        (Question(("nrr",), "last month"), "bad_period", "is not a period"),
        (Question(("nrr",), "2025-03", "year"), "bad_grain", "coarser"),
        (Question(("nrr",), "2025-03", "fortnight"), "bad_grain", "fortnight"),
    ],
)
def test_a_question_that_cannot_be_asked_says_what_was_meant(
    engine: Engine, question: Question, code: str, message: str
) -> None:
    with pytest.raises(QuestionError) as wrong:
        engine.ask(question)
    assert (wrong.value.code, wrong.value.exit_code) == (code, 2)
    assert message in wrong.value.message
    assert isinstance(wrong.value, UnknownName) == code.startswith("unknown")


@pytest.mark.parametrize("dimension", ["segment", "team"])
def test_a_slice_is_what_its_filter_answers(
    world: tuple[Engine, list[str]], dimension: str
) -> None:
    """For every KPI, n and status too, the unknown among others; a slice that counts nothing has no
    row, and its filter counts nothing.
    """
    engine, periods = world
    kpis = tuple(kpi for kpi in takers((dimension,)) if shipped().get(kpi).distribution is None)
    sliced = engine.ask(Question(kpis, periods[1], by=(dimension,)))
    values = dict.fromkeys(row.dimensions[dimension] for row in sliced)
    assert len(values) > 2
    for value in list(values)[-5:]:
        condition = parse_filter(
            f"{dimension} is unknown" if value is None else f"{dimension}={value}"
        )
        rows = {row.kpi: plain(row) for row in sliced if row.dimensions[dimension] == value}
        for answer in engine.ask(Question(kpis, periods[1], where=(condition,))):
            if answer.kpi in rows:
                assert rows[answer.kpi] == answer
            else:
                assert answer.n == 0


@pytest.mark.parametrize("by", [(), ("segment",)])
def test_many_kpis_at_once_answer_as_each_alone(
    world: tuple[Engine, list[str]], by: tuple[str, ...]
) -> None:
    engine, periods = world
    together = list(engine.ask(Question(takers(by), periods[1], by=by)))
    assert len({answer.kpi for answer in together}) > 50
    for kpi in takers(by):
        assert list(engine.ask(Question((kpi,), periods[1], by=by))) == [
            answer for answer in together if answer.kpi == kpi
        ]


def test_every_kpi_can_be_asked_at_once(world: tuple[Engine, list[str]]) -> None:
    engine, periods = world
    every = tuple(kpi.id for kpi in shipped())
    assert list(
        dict.fromkeys(answer.kpi for answer in engine.ask(Question(every, periods[0])))
    ) == list(every)


def test_the_months_of_a_quarter_answer_as_each_month_alone(
    world: tuple[Engine, list[str]],
) -> None:
    engine, periods = world
    every = tuple(kpi.id for kpi in shipped())
    together = list(engine.ask(Question(every, periods[1], "month")))
    for month in dict.fromkeys(answer.period_start for answer in together):
        assert list(engine.ask(Question(every, f"{month:%Y-%m}"))) == [
            answer for answer in together if answer.period_start == month
        ]


def test_the_weeks_of_a_month_answer_as_the_same_days_alone(
    world: tuple[Engine, list[str]],
) -> None:
    """The first and the last are clipped to the month."""
    engine, periods = world
    every = tuple(kpi.id for kpi in shipped())
    together = list(engine.ask(Question(every, periods[0], "week")))
    spans = list(dict.fromkeys((answer.period_start, answer.period_end) for answer in together))
    assert len(spans) in {4, 5, 6}
    for start, end in (spans[0], spans[1], spans[-1]):
        days = f"{start}..{end.fromordinal(end.toordinal() - 1)}"
        assert list(engine.ask(Question(every, days))) == [
            answer for answer in together if answer.period_start == start
        ]
