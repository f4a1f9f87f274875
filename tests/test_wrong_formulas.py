"""A wrong formula must break a worked example: every definition is broken on purpose, and its
examples notice.

Smallest case: `customers_start` counts lines with `valid_from <= before`; moved by a day it counts
a client that began on the first day of the period, and the example with such a client fails.
"""

from typing import get_args

import pytest

from kampass.catalogue import shipped
from kampass.engine.planning.plan import Planner, Shape
from kampass.errors import DefinitionError
from kampass.facts import FACTS, FactScope
from kampass.facts.fact import BoundaryKind
from kampass.workspace.authoring.mutants.equivalents import _REASONS
from kampass.workspace.authoring.mutants.mutants import Survey, mutants, survey

SAMPLE = (
    "nrr",
    "transfer_in_mrr",
    "contract_renewal_rate",
    "nps",
    "enps",
    "sales_growth_rate",
    "acquisition_source_mix",
    "fcr",
    "touches_to_closure",
)
LEAST_OF_EACH_BOUNDARY = 10


def test_no_wrong_formula_of_a_sample_survives() -> None:
    found = survey([shipped().get(kpi_id) for kpi_id in SAMPLE])
    say(found)
    assert found.made.total() >= 60
    assert not [line for line in found.table() if line.startswith("survived")]


@pytest.mark.nightly
def test_no_wrong_formula_survives() -> None:
    found = survey(shipped())
    say(found)
    assert not [line for line in found.table() if line.startswith("survived")]
    assert {(mutant.kpi.id, mutant.kind, mutant.what) for mutant, _ in found.equivalent} == set(
        _REASONS
    ), "a reason for a mutant that is not made"


def test_every_boundary_that_a_fact_declares_stands_in_its_sql() -> None:
    """A condition that was written anew beside its declaration could no longer be moved."""
    scope = FactScope("period", "'UTC'")
    for fact in FACTS.values():
        texts = [fact.sql(scope), *(relation.sql(scope) for relation in fact.relations)]
        moments = [fact.moment.since, fact.moment.until] if fact.moment else []
        for boundary in set(fact.boundaries) - set(moments):
            assert any(boundary.sql in text for text in texts), (fact.name, boundary)


def test_every_kind_of_boundary_is_moved_in_many_definitions() -> None:
    made = dict.fromkeys(get_args(BoundaryKind), 0)
    for kpi in shipped():
        for mutant in mutants(kpi):
            if mutant.kind in made:
                made[mutant.kind] += 1
    assert {kind: count for kind, count in made.items() if count < LEAST_OF_EACH_BOUNDARY} == {}


def test_every_wrong_formula_can_be_compiled() -> None:
    """A mutant that the language refuses would be caught for nothing, but for the floor under
    employees' answers, which is a refusal.
    """
    shape = Shape((), (), "UTC")
    refused = []
    for mutant in [mutant for kpi in shipped() for mutant in mutants(kpi)]:
        try:
            Planner([mutant.kpi], shape).plan()
        except DefinitionError as wrong:
            refused.append(wrong.message)
    assert all("suppress_below" in message for message in refused)


def say(found: Survey) -> None:
    print("\n" + "\n".join(found.table()))
