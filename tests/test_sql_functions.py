"""The closed list of SQL functions: what each gives on a tiny table, and that no statement of the
catalogue calls another.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from sqlglot import tokenize
from sqlglot.tokens import Token, TokenType

from kampass.catalogue import Kpi, shipped
from kampass.catalogue.expressions import condition
from kampass.engine.planning.functions import FUNCTIONS
from kampass.engine.planning.hours import BusinessCalendar, stretches_sql, team_calendars_sql
from kampass.engine.planning.plan import Planner, Shape
from kampass.facts import FACTS, FactScope

ROWS = """(VALUES
  (1, 'a', 10, 0.10::DECIMAL(9, 2), true),
  (2, 'a', NULL, 0.20::DECIMAL(9, 2), NULL),
  (3, 'b', 40, NULL, false),
  (4, NULL, 10, 0.30::DECIMAL(9, 2), NULL)) t(id, slice, score, amount, met)"""
"""Four rows, in each column but the first a gap; `id` is their order."""

GIVES: dict[str, dict[str, Any]] = {
    "abs": {"abs(-2.50)": Decimal("2.50"), "abs(0)": 0, "abs(CAST(NULL AS INTEGER))": None},
    "arg_max": {
        f"(SELECT arg_max(slice, score) FROM {ROWS})": "b",
        f"(SELECT arg_max(slice, id) FROM {ROWS})": "b",  # row 4 has no slice
        f"(SELECT arg_max(id, {{'at': score, 'id': id}}) FROM {ROWS} WHERE id IN (1, 4))": 4,
        f"(SELECT arg_max(id, score) FROM {ROWS} WHERE false)": None,
    },
    "arg_min": {
        f"(SELECT arg_min(id, {{'at': score, 'id': id}}) FROM {ROWS})": 1,  # ties by id
        f"(SELECT arg_min(slice, amount) FROM {ROWS})": "a",
        f"(SELECT arg_min(id, score) FROM {ROWS} WHERE id = 2)": None,
    },
    "bool_and": {
        f"(SELECT bool_and(met) FROM {ROWS})": False,
        f"(SELECT bool_and(met) FROM {ROWS} WHERE id < 3)": True,
        f"(SELECT bool_and(met) FROM {ROWS} WHERE false)": None,
    },
    "bool_or": {
        f"(SELECT bool_or(met) FROM {ROWS})": True,
        f"(SELECT bool_or(met) FROM {ROWS} WHERE id = 2)": None,
        f"(SELECT bool_or(met) FROM {ROWS} WHERE id > 2)": False,
    },
    "coalesce": {
        "coalesce(NULL, 2, 3)": 2,
        "coalesce(0, 1)": 0,
        "coalesce('', 'a')": "",
        "coalesce(CAST(NULL AS INTEGER), NULL)": None,
    },
    "count": {
        f"(SELECT count(*) FROM {ROWS})": 4,
        f"(SELECT count(score) FROM {ROWS})": 3,
        f"(SELECT count(DISTINCT score) FROM {ROWS})": 2,
        f"(SELECT count(DISTINCT (slice, score)) FROM {ROWS})": 4,  # a pair with a gap is a pair
        f"(SELECT count(*) FILTER (WHERE met) FROM {ROWS})": 1,
        f"(SELECT count(*) FROM {ROWS} WHERE false)": 0,
    },
    "date_trunc": {
        "date_trunc('day', TIMESTAMP '2025-03-30 23:59:59')": datetime(2025, 3, 30),
        "date_trunc('day', TIMESTAMP '1960-02-29 00:00:00')": datetime(1960, 2, 29),
        "date_trunc('day', CAST(NULL AS TIMESTAMP))": None,
    },
    "epoch_us": {
        "epoch_us(TIMESTAMPTZ '1970-01-01 00:00:01.000002+00')": 1_000_002,
        "epoch_us(TIMESTAMPTZ '1970-01-01 01:00:00+01')": 0,
        "epoch_us(TIMESTAMPTZ '1969-12-31 23:59:59.999999+00')": -1,
        "epoch_us(CAST(NULL AS TIMESTAMPTZ))": None,
    },
    "generate_series": {
        "len(generate_series(DATE '2025-02-27', DATE '2025-03-01', INTERVAL 1 DAY))": 3,
        "generate_series(DATE '2024-02-29', DATE '2024-02-29', INTERVAL 1 DAY)[1]": datetime(
            2024, 2, 29
        ),
        "len(generate_series(DATE '2025-03-02', DATE '2025-03-01', INTERVAL 1 DAY))": 0,
    },
    "greatest": {
        "greatest(1, 3, 2)": 3,
        "greatest(NULL, 1)": 1,
        "greatest(CAST(NULL AS INTEGER), NULL)": None,
    },
    "isodow": {"isodow(DATE '2025-03-31')": 1, "isodow(TIMESTAMP '2025-03-30 23:59:59')": 7},
    "lag": {
        f"(SELECT lag(score) OVER (ORDER BY id) FROM {ROWS} ORDER BY id LIMIT 1)": None,
        f"(SELECT list(before ORDER BY id) FROM (SELECT id, lag(score) OVER (ORDER BY id) AS "
        f"before FROM {ROWS}))": [None, 10, None, 40],
    },
    "least": {
        "least(2, 1, 3)": 1,
        "least(DATE '9999-12-31', NULL)": date(9999, 12, 31),
        "least(CAST(NULL AS INTEGER), NULL)": None,
    },
    "list_contains": {
        "list_contains(CAST(['a', 'b'] AS VARCHAR[]), 'b')": True,
        "list_contains(CAST(['a'] AS VARCHAR[]), 'A')": False,
        "list_contains(CAST([] AS VARCHAR[]), 'a')": False,
        "list_contains(CAST(['a'] AS VARCHAR[]), NULL)": None,
    },
    "lower": {"lower('ÄBC')": "äbc", "lower('')": "", "lower(CAST(NULL AS VARCHAR))": None},
    "max": {
        f"(SELECT max(score) FROM {ROWS})": 40,
        f"(SELECT max(score) FROM {ROWS} WHERE id = 2)": None,
    },
    "min": {
        f"(SELECT min(amount) FROM {ROWS})": Decimal("0.10"),
        f"(SELECT min(amount) FROM {ROWS} WHERE false)": None,
    },
    "nullif": {"nullif(0, 0)": None, "nullif(2, 0)": 2, "nullif(CAST(NULL AS INTEGER), 0)": None},
    "quantile_cont": {
        f"(SELECT quantile_cont(CAST(id AS DOUBLE), 0.5) FROM {ROWS})": 2.5,
        f"(SELECT quantile_cont(CAST(id AS DOUBLE), 0.9) FROM {ROWS} WHERE id < 3)": 1.9,
        f"(SELECT quantile_cont(CAST(score AS DOUBLE), 0.5) FROM {ROWS})": 10.0,  # 10, 10, 40
        f"(SELECT quantile_cont(CAST(id AS DOUBLE), 0.0) FROM {ROWS})": 1.0,
        f"(SELECT quantile_cont(CAST(id AS DOUBLE), 1.0) FROM {ROWS})": 4.0,
        f"(SELECT quantile_cont(CAST(id AS DOUBLE), 0.5) FROM {ROWS} WHERE false)": None,
    },
    "round": {
        "round(CAST(0.5 AS DOUBLE), 0)": 1.0,
        "round(CAST(-0.5 AS DOUBLE), 0)": -1.0,
        "round(CAST(2.0000000004 AS DOUBLE), 9)": 2.0,
        "round(CAST(NULL AS DOUBLE), 9)": None,
    },
    "row_number": {
        f"(SELECT list(place ORDER BY id) FROM (SELECT id, row_number() OVER (PARTITION BY slice "
        f"ORDER BY id DESC) AS place FROM {ROWS}))": [2, 1, 1, 1],
    },
    "sum": {
        f"(SELECT sum(amount) FROM {ROWS})": Decimal("0.60"),
        f"(SELECT sum(score) FROM {ROWS} WHERE id = 2)": None,
        f"(SELECT sum(score) FILTER (WHERE met) FROM {ROWS})": 10,
    },
    "timezone": {
        # On 2025-03-30 the clock goes from 2 to 3, on 2025-10-26 from 3 back to 2.
        "timezone('Europe/Berlin', TIMESTAMPTZ '2025-03-30 01:30:00+00')": datetime(
            2025, 3, 30, 3, 30
        ),
        "timezone('Europe/Berlin', TIMESTAMP '2025-03-30 02:30:00')": datetime(
            2025, 3, 30, 1, 30, tzinfo=UTC
        ),
        "timezone('Europe/Berlin', TIMESTAMP '2025-10-26 02:30:00')": datetime(
            2025, 10, 26, 1, 30, tzinfo=UTC
        ),
        "timezone('UTC', CAST(NULL AS TIMESTAMPTZ))": None,
    },
    "to_minutes": {
        "TIMESTAMP '2025-03-01 00:00:00' + to_minutes(1439)": datetime(2025, 3, 1, 23, 59),
        "TIMESTAMP '2025-03-01 00:00:00' + to_minutes(1440)": datetime(2025, 3, 2),
        "to_minutes(CAST(NULL AS INTEGER))": None,
    },
    "unnest": {
        "(SELECT sum(x) FROM (SELECT unnest([1, 2, NULL]) AS x))": 3,
        "(SELECT count(*) FROM (SELECT unnest([1, 2, NULL])))": 3,
        "(SELECT count(*) FROM (SELECT unnest(CAST([] AS INTEGER[]))))": 0,
    },
    "upper": {"upper('äbc')": "ÄBC", "upper(CAST(NULL AS VARCHAR))": None},
}
"""For each function what some expressions give, worked out by hand."""

OPERATORS = (("=", "!=", "in", "is unknown"), ("in_tree",))
_FORMS = {"cast", "decimal"}
"""What takes parentheses and is no function."""
CALENDARS = (
    BusinessCalendar(holidays=(date(2025, 1, 1),)),
    BusinessCalendar("late", (0, 5), ((720, 1440),), (), "Asia/Tokyo", ("t1",)),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with nothing in it, in UTC."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def test_every_listed_function_has_its_examples_and_no_other() -> None:
    assert GIVES.keys() == FUNCTIONS.keys()
    assert list(FUNCTIONS) == sorted(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives(name: str, connection: duckdb.DuckDBPyConnection) -> None:
    for expression, expected in GIVES[name].items():
        assert name in _called([expression])
        row = connection.execute(f"SELECT {expression}").fetchone()
        assert row == (expected,), expression


def test_the_catalogue_calls_no_other_function() -> None:
    """Every KPI by each of its dimensions and under each filter; statements are read step by step,
    each step once.
    """
    steps = {
        f"-- {step}"
        for kpi in shipped()
        for sql in _statements(kpi)
        for step in sql.removeprefix("WITH\n-- ").split(",\n-- ")
    }
    called = _called(steps)
    assert called <= FUNCTIONS.keys()
    assert FUNCTIONS.keys() - called == {"lower", "upper"}, "listed, and written by nobody"


def test_neither_evidence_nor_an_unused_column_brings_another_function_in() -> None:
    texts = []
    for fact in FACTS.values():
        scope = FactScope("period", "'UTC'", frozenset(fact.columns))
        texts += [fact.sql(scope), *(relation.sql(scope) for relation in fact.relations)]
        texts += [piece.sql(scope) for piece in fact.origin.evidence]
    assert _called(texts) <= FUNCTIONS.keys()


def test_what_a_definition_may_call_is_listed() -> None:
    said = "coalesce(abs(a), least(a, 1), greatest(a, 2)) > 1 and lower(b) = upper(b)"
    assert _called([condition(said, {"a": "number", "b": "text"}).sql]) == {
        "coalesce",
        "abs",
        "least",
        "greatest",
        "lower",
        "upper",
    }


def test_a_call_is_told_from_what_only_looks_like_one() -> None:
    sql = "WITH p(i) AS (VALUES (1)) SELECT sum(i) FROM p, (VALUES (1)) v(x) WHERE i IN (1, 2)"
    assert _called([sql]) == {"sum"}
    assert _called(["SELECT CAST(Sum(a) AS DECIMAL(38, 9)), x.list_contains(a, 1)"]) == {
        "sum",
        "list_contains",
    }


def _statements(kpi: Kpi) -> Iterator[str]:
    """The statements of a KPI: whole, by each dimension, filtered by each in every way."""
    calendars = stretches_sql(CALENDARS, "Europe/Berlin"), team_calendars_sql(CALENDARS)

    def written(by: tuple[str, ...], filters: tuple[tuple[str, str], ...]) -> str:
        return Planner([kpi], Shape(by, filters, "Europe/Berlin", *calendars)).plan().sql

    yield written((), ())
    for dimension in kpi.named_dimensions:
        yield written((dimension,), ())
        plain, nested = OPERATORS
        for operator in plain + (nested if dimension == "team" else ()):
            yield written((), ((dimension, operator),))


def _called(texts: Iterable[str]) -> set[str]:
    """The functions that statements call, by their names as written."""
    return {name for text in texts for name in _calls(tokenize(text, dialect="duckdb"))}


def _calls(tokens: list[Token]) -> Iterator[str]:
    """A call is a name with a parenthesis right behind it, if it names neither a step's columns
    nor those of a list of values.
    """
    for place, token in enumerate(tokens[:-1]):
        after = tokens[place + 1]
        if after.token_type is not TokenType.L_PAREN or after.start != token.end + 1:
            continue
        before = tokens[place - 1].token_type if place else None
        if before is TokenType.R_PAREN or _is_step(tokens, place):
            continue
        if token.text.isidentifier() and token.text.lower() not in _FORMS:
            yield token.text.lower()


def _is_step(tokens: list[Token], place: int) -> bool:
    """Whether the parenthesis behind a name holds a step's columns: `AS (` follows it."""
    depth = 0
    for index in range(place + 1, len(tokens) - 2):
        kind = tokens[index].token_type
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(kind, 0)
        if depth == 0:
            following = [token.token_type for token in tokens[index + 1 : index + 3]]
            return following == [TokenType.ALIAS, TokenType.L_PAREN]
    return False
