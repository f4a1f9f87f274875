"""Every fact is declared whole: what its declaration names is there, and it can be counted in every
window.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kampass.catalogue import Catalogue, Measure, shipped
from kampass.engine import Engine, Question, Settings
from kampass.facts import FACTS, Fact
from kampass.facts.fact import WINDOWS, Noun
from kampass.model import TABLES
from kampass.store import Snapshot
from kampass.workspace.authoring.worlds import Worlds

LINE = """id,account_id,mrr,currency,valid_from
l1,a1,100,USD,2020-01-01
"""


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    """One account that has paid 100 a month since 2020."""
    with Worlds() as worlds:
        yield worlds.snapshot({"subscriptions": LINE})


def test_a_fact_can_be_counted_in_every_window(snapshot: Snapshot) -> None:
    """With every column asked for: shared steps have the names under which they are read."""
    for fact in FACTS.values():
        for window in WINDOWS:
            (answer,) = _counted(snapshot, fact, window)
            assert answer["value"] in {0.0, 1.0, 2.0}, (fact.name, window)


def test_of_one_account_that_stays_each_population_has_its_row(snapshot: Snapshot) -> None:
    for name, expected in {
        "opening_accounts": 1.0,
        "closing_accounts": 1.0,
        "transfers": 0.0,  # without a cut nobody moves
        "transient_accounts": 0.0,
        "opening_lines": 1.0,
        "touches": 0.0,
    }.items():
        (answer,) = _counted(snapshot, FACTS[name], "")
        assert answer["value"] == expected, name


def test_what_a_declaration_names_is_there() -> None:
    for fact in FACTS.values():
        origin, columns = fact.origin, fact.columns
        assert set(origin.reads) <= set(TABLES[origin.table].names), fact.name
        assert set(origin.public) <= set(origin.reads), fact.name
        assert fact.derived.keys() <= columns.keys(), fact.name
        assert {column.implies for column in columns.values()} <= {"", *columns}, fact.name
        for piece in origin.evidence:
            assert piece.table in TABLES, fact.name
            assert not piece.behind or set(piece.behind) & set(columns), (fact.name, piece.about)


def test_only_a_fact_of_one_boundary_has_columns_that_reach_beyond_it() -> None:
    for fact in FACTS.values():
        if fact.population is None:
            assert not any(column.beyond for column in fact.columns.values()), fact.name


def test_every_row_has_a_word_for_one_and_for_several() -> None:
    assert FACTS["touches"].noun == Noun("touch", "touches")
    assert all(fact.noun.one != fact.noun.several for fact in FACTS.values())


def _counted(snapshot: Snapshot, fact: Fact, window: str) -> list[dict[str, object]]:
    """How many rows a fact has in March 2025, every column of it read."""
    known = " or ".join(f"{name} is not null" for name in fact.columns)
    measure = Measure("rows", "count(*)", fact.name, f"{known} or true", window)
    kpi = replace(
        shipped().get("customers_start"),
        id="counted",
        measures={"rows": measure},
        value="rows",
        n="rows",
        needs=(),
        suppress_below=5 if fact.origin.hidden else None,
    )
    engine = Engine(snapshot, Catalogue({"counted": kpi}), Settings())
    return engine.ask(Question(("counted",), "2025-03")).to_dicts()
