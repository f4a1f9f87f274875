"""A question in words: what is spelled reads back the same, and its parts appear in every face."""

import asyncio
import inspect
from datetime import UTC, datetime

import pytest
from fastapi.dependencies.utils import get_dependant
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from kampass.cli.app import app
from kampass.client import Client
from kampass.engine import Filter, Question, parse_filter
from kampass.engine.question import ENDS, PARTS, EndWords, Words
from kampass.engine.words import pairs
from kampass.errors import QuestionError
from kampass.mcp.server import make_server
from kampass.mcp.sides import Here
from kampass.server import query_parameters
from kampass.web.parts import question as page
from kampass.workspace import Workspace

WHOLE = Question(
    ("nrr", "csat"),
    "2025",
    "quarter",
    ("segment", "region"),
    (
        Filter("tier", "in", ("a", "b")),
        Filter("region", "!=", (" emea",)),
        Filter("segment", "is unknown"),
        Filter("team", "in_tree", ("sales",)),
    ),
    total=True,
    compare="year-ago",
    known_at=datetime(2026, 1, 3, tzinfo=UTC),
    snapshot="s1",
)
NAMES = st.text("abc_", min_size=1, max_size=5)
VALUES = (
    st.text(min_size=1, max_size=6).map(str.strip).filter(lambda text: text and "," not in text)
)
FILTERS = st.one_of(
    st.builds(Filter, NAMES, st.sampled_from(["=", "!="]), st.tuples(VALUES)),
    st.builds(Filter, NAMES, st.just("in"), st.lists(VALUES, min_size=1).map(tuple)),
    st.builds(Filter, NAMES, st.just("is unknown")),
)


def test_a_question_is_spelled_in_the_words_that_people_use() -> None:
    assert WHOLE.spell() == {
        "kpis": ["nrr", "csat"],
        "period": "2025",
        "grain": "quarter",
        "by": ["segment", "region"],
        "where": ["tier in a,b", "region!= emea", "segment is unknown", "team in_tree sales"],
        "total": True,
        "compare": "year-ago",
        "known_at": "2026-01-03T00:00:00Z",
        "snapshot": "s1",
    }


def test_what_is_spelled_reads_back_the_same_even_from_an_address() -> None:
    words: dict[str, list[str]] = {}
    for name, text in pairs(WHOLE.spell()):
        words.setdefault(name, []).append(text)
    flat = {
        name: values if name == "kpis" or PARTS[name].most else values[0]
        for name, values in words.items()
    }
    assert Question.read(WHOLE.spell()) == Question.read(flat) == WHOLE


@given(FILTERS)
def test_every_filter_reads_back_the_same(condition: Filter) -> None:
    assert parse_filter(str(condition)) == condition


def test_parts_that_say_nothing_are_not_spelled() -> None:
    assert Question(("nrr",), "2025").spell() == {"kpis": ["nrr"], "period": "2025"}
    nothing = {name: None for name in PARTS if name != "period"}
    assert Question.read({"kpis": "nrr", "period": "2025", **nothing}) == Question(("nrr",), "2025")


def test_a_word_that_is_no_part_of_a_question_is_an_error() -> None:
    with pytest.raises(TypeError, match="no part 'wher'"):
        Question.read({"kpis": "nrr", "period": "2025", "wher": "segment=x"})


def test_an_instant_is_read_with_its_offset() -> None:
    read = Question.read({"kpis": "nrr", "period": "2025", "known_at": "2026-01-03T01:00:00+01:00"})
    assert read.known_at == datetime(2026, 1, 3, tzinfo=UTC)
    with pytest.raises(QuestionError, match="has no offset"):
        Question.read({"kpis": "nrr", "period": "2025", "known_at": "2026-01-03"})


def test_the_words_that_python_knows_are_the_parts() -> None:
    assert set(Words.__annotations__) == set(PARTS)
    assert set(ENDS) == set(EndWords.__annotations__)


@pytest.mark.parametrize("owner", [Workspace, Client])
@pytest.mark.parametrize("verb", ["kpi", "explain", "rows"])
def test_python_takes_every_part_as_a_keyword(owner: type, verb: str) -> None:
    taken = inspect.signature(getattr(owner, verb)).parameters
    assert [name for name in taken if name in PARTS] == list(PARTS)
    assert [name for name in inspect.signature(owner.bridge).parameters if name in ENDS] == [*ENDS]


def test_the_command_line_takes_every_part_as_an_option() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for verb, parts in (("kpi", PARTS), ("explain", PARTS), ("bridge", ENDS)):
        options = {option.name: option for option in commands[verb].params}
        assert [name for name in options if name in parts] == list(parts)
        for name in parts:
            assert f"--{name.replace('_', '-')}" in options[name].opts
            assert options[name].help


def test_an_address_takes_every_part_as_a_parameter() -> None:
    for taken, parts in (
        (query_parameters.Question, PARTS),
        (query_parameters.Ends, ENDS),
        (page.Asked, page.PAGE),
    ):
        (depends,) = taken.__metadata__
        dependant = get_dependant(path="/", call=depends.dependency)
        named = [parameter.name for parameter in dependant.query_params]
        assert [name for name in named if name in PARTS] == list(parts)


def test_an_assistant_is_told_of_every_part_that_is_meant_for_it() -> None:
    server = make_server(Here(lambda: None))  # type: ignore[arg-type, return-value]
    tools = {tool.name: tool for tool in asyncio.run(server.list_tools())}
    told = [name for name, part in PARTS.items() if part.told is not None]
    assert list(tools["ask_kpi"].input_schema["properties"]) == ["kpis", *told]
