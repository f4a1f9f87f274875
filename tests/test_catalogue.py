"""The catalogue as it ships: which KPIs there are, that each is complete and proven, and that a
wrong file is refused.
"""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml

from kampass.catalogue import PACK, Catalogue, Kpi, compiled, read, shipped, with_own
from kampass.catalogue.compiling import compiled_text
from kampass.catalogue.loader import misread, read_shipped
from kampass.conditions import LONGEST
from kampass.engine import Engine, Question, Settings
from kampass.engine.planning.plan import Planner, Shape
from kampass.errors import DefinitionError
from kampass.workspace.authoring.definitions import lint, run_examples
from kampass.workspace.authoring.worlds import Worlds

DOCS = Path(__file__).parents[1] / "docs"
PINNED = {
    "contracts": "contract_renewal_rate contract_retention_rate missed_renewals "
    "contract_extension_revenue",
    "costs subscriptions": "cac",
    "deals": (
        "revenue_booked win_rate upsell_success_rate upsell_revenue_share "
        "cross_sell_revenue_share reference_sales_share customer_upsell_revenue "
        "sales_cycle sales_cycle_median average_deal_size open_pipeline"
    ),
    "deals touches": "touches_to_closure",
    "employees": "employee_turnover",
    "feedback": "feedback_implementation_rate feedback_time_to_action "
    "feedback_time_to_action_median",
    "goals goal_measurements": "customer_outcomes",
    "invitations": "survey_response_rate",
    "mentions": "social_mentions",
    "purchases": "sales_growth_rate average_purchase_value purchase_frequency "
    "repeat_customer_share "
    "new_to_repeat_ratio repeat_buyer_share purchase_nrr purchase_grr",
    "purchases costs": "account_profitability",
    "purchases subscriptions": "clv",
    "references subscriptions": "referenceable_clients",
    "referrals subscriptions": "customer_referral_rate referred_customer_rate",
    "responses": "csat nps promoters_share passives_share detractors_share enps "
    "employee_satisfaction",
    "subscriptions": (
        "customers_start customers_end new_customers reactivated_customers transient_customers "
        "lost_customers customer_churn_rate "
        "client_retention_rate client_load_ratio acquisition_source_mix mrr_start mrr_end "
        "new_mrr reactivation_mrr expansion_mrr contraction_mrr "
        "churned_mrr transfer_in_mrr transfer_out_mrr nrr grr revenue_churn_rate account_growth "
        "customer_expansion_revenue_rate trials trial_conversion_rate"
    ),
    "subscriptions products": (
        "upsell_revenue cross_sell_revenue price_increase_revenue unclassified_expansion_revenue "
        "upsell_ratio cross_sell_rate"
    ),
    "tickets": (
        "time_to_resolution time_to_resolution_median time_to_resolution_p90 "
        "time_to_resolution_business time_to_resolution_business_median "
        "time_to_resolution_business_p90 response_time response_time_median response_time_p90 "
        "response_time_business response_time_business_median "
        "response_time_business_p90 touches_to_resolution fcr ticket_backlog "
        "ticket_reopen_rate"
    ),
    "touches": (
        "clients_reached support_emails support_calls support_touches success_emails "
        "success_calls success_touches clients_touched "
        "clients_touched_distinct customer_interactions interaction_time inbound_touch_rate"
    ),
    "touches subscriptions": "acquisition_rate client_communication_frequency interaction_gap",
    "usage_daily": "usage_logins usage_time",
    "usage_daily subscriptions": "usage_per_client",
    "usage_daily touches subscriptions": "client_engagement_level",
}
"""The pinned KPIs by the tables they need: without one of them there is no value."""

SWITCHED_ON = (
    "mrr_end nrr grr customer_churn_rate contract_renewal_rate upsell_revenue csat nps fcr "
    "time_to_resolution interaction_gap customer_referral_rate"
)
FAMILIES = sorted({kpi.family for kpi in shipped()})

SMALL = """
kpis:
  - id: answered
    name: Answered
    question: How many?
    formula: answers
    kind: objective
    unit: count
    direction: up
    cadence: {review: monthly}
    needs: [responses]
    dimensions: [account]
    fact: answers
    where: "score > 3"
    measures:
      answers: "count(*)"
    total: "answers"
"""


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    with Worlds() as built:
        yield built


@pytest.mark.parametrize("family", FAMILIES)
def test_every_worked_example_holds(family: str) -> None:
    failures, count = run_examples(kpi for kpi in shipped() if kpi.family == family)
    assert failures == []
    assert count > 0


def test_the_pinned_kpis_ship_and_no_others_and_each_needs_its_tables() -> None:
    expected = {
        kpi_id: set(tables.split()) for tables, ids in PINNED.items() for kpi_id in ids.split()
    }
    assert len(expected) == 111
    assert {kpi.id: set(kpi.needs) for kpi in shipped()} == expected


def test_twelve_kpis_are_switched_on_in_a_new_workspace() -> None:
    assert tuple(SWITCHED_ON.split()) == PACK
    assert len(PACK) == 12
    assert set(PACK) <= set(shipped().kpis)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_definition_is_complete(family: str) -> None:
    for kpi in shipped():
        if kpi.family == family:
            assert all(
                text.strip()
                for text in (kpi.name, kpi.question, kpi.formula, kpi.unit, kpi.direction)
            ), kpi.id
            assert kpi.cadence, kpi.id
            assert kpi.traps or kpi.references, kpi.id
            assert any("parts" in example for example in kpi.examples), kpi.id
            assert any("tables" in example for example in kpi.examples), kpi.id


def test_lint_finds_nothing() -> None:
    assert [finding for kpi in shipped() for finding in lint(kpi)] == []


@pytest.mark.parametrize(
    "tables",
    [{}, {"accounts": "id,name,segment\nA,A,small\n"}],
    ids=["an empty store", "accounts only"],
)
def test_every_kpi_says_that_its_tables_are_not_connected(
    tables: dict[str, str], worlds: Worlds
) -> None:
    engine = Engine(worlds.snapshot(tables), shipped(), Settings())
    answers = engine.ask(Question(tuple(kpi.id for kpi in shipped()), "2026-01")).to_dicts()
    assert len(answers) == len(shipped())
    assert {(row["value"], row["status"], row["reason"], row["n"]) for row in answers} == {
        (None, "no_value", "not_connected", 0)
    }


def broken(old: str, new: str) -> Kpi:
    """The small definition with one word exchanged."""
    assert old in SMALL
    (kpi,) = read(SMALL.replace(old, new), "own.yaml", own=True)
    return kpi


def test_the_small_definition_is_right(worlds: Worlds) -> None:
    plan = Planner([broken("Answered", "Answered")], Shape((), (), "UTC")).plan()
    assert "count(*)" in plan.sql


def test_every_shipped_file_holds_the_language() -> None:
    assert misread() == []


def test_the_schema_for_editors_takes_every_shipped_file() -> None:
    schema = json.loads((DOCS / "kpi.schema.json").read_text(encoding="utf-8"))
    files = sorted((resources.files("kampass.catalogue") / "definitions").iterdir(), key=str)
    assert files
    for file in files:
        jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    unit: count", "    unit: count\n    denominatr: 3", "Did you mean 'denominator'"),
        ("direction: up", "direction: upwards", "not one of up, down, neutral"),
        ("dimensions: [account]", "dimensions: [accont]", "Did you mean 'account'"),
        ("needs: [responses]", "needs: [answers]", "is no table"),
        ("    name: Answered\n", "", "'name' is missing"),
        ("dimensions: [account]", "dimensions: account", "'dimensions' cannot be 'account'"),
        ("dimensions: [account]", "dimensions: [3]", "are lists of names"),
        ("    unit: count", "    unit: count\n    version: 0", "'version' is out of range"),
        ("    unit: count", "    unit: count\n    scale: .nan", "'scale' is out of range"),
        ("    unit: count", "    unit: count\n    pending: gone", "no measure 'gone'"),
        ("    unit: count", "    unit: count\n    interval: nps", "no measure 'promoters'"),
        ("    unit: count", "    unit: count\n    statistic: n", "give either numerator and"),
        ("    unit: count", "    unit: count\n    distribution: user", "none of its dimensions"),
    ],
)
def test_a_wrong_key_or_word_is_refused_when_the_file_is_read(
    old: str, new: str, says: str
) -> None:
    with pytest.raises(DefinitionError, match=says) as raised:
        broken(old, new)
    assert raised.value.message.startswith("own.yaml:3 (answered)")


FORBIDDEN = [
    "satisfied = (select true)",
    "score in (select 1)",
    "exists (select 1)",
    "current_setting('access_mode') = 'x'",
    "pg_sleep(10) is null",
    "score > 3; drop table responses",
    "getenv('HOME') = 'x'",
    "row_number() over () = 1",
    "cast(score as varchar) = '3'",
    "score::varchar = '3'",
    "list_filter([1], x -> x > 0) is not null",
    "{'a': 1}.a = 1",
    "read_csv('/etc/passwd') is not null",
    "f.score > 3",
    "answers.score > 3",
    "$v0 = 1",
    "score > 3 union select 1",
    "random() > 0",
    "kind like '%x%'",
    "kind similar to 'x'",
    "[1][1] = 1",
    "score > 3 -- and kind = 'nps'",
    "score > 3 /* and more */",
    "/* {period} */ score > 3",
    "score / 2 > 1",
    "score < 1e999",
    "score > -1e17",
]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_a_condition_beyond_the_language_never_reaches_the_database(
    text: str, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(broken('"score > 3"', repr_yaml(text)), worlds, monkeypatch)


@pytest.mark.parametrize(
    "text",
    [
        "read_csv('/etc/passwd')",
        "count((select 1))",
        "sum(score) over ()",
        "string_agg(kind)",
        "sum(getenv('HOME'))",
        "count(*); select 1",
        "max(score, 5)",
        "count(*, score)",
        "max()",
        "quantile(score, 1e999)",
    ],
)
def test_a_measure_beyond_the_language_never_reaches_the_database(
    text: str, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(broken('"count(*)"', repr_yaml(text)), worlds, monkeypatch)


@pytest.mark.parametrize(
    "text",
    [
        "(select 1)",
        "answers; select 1",
        "current_setting('x')",
        "answers + getenv('HOME')",
        "answers::varchar",
        "answer",
        "scan_1.a1",
        "answers * 1e999",
        "answers + 99999999999999999999",
    ],
)
def test_a_formula_beyond_the_language_never_reaches_the_database(
    text: str, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(broken('total: "answers"', f"total: {repr_yaml(text)}"), worlds, monkeypatch)


def test_an_expression_that_is_too_long_is_refused(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(
        broken('"score > 3"', repr_yaml("score > 3" + " or score > 3" * LONGEST)),
        worlds,
        monkeypatch,
        "longer than",
    )


def test_an_unknown_column_is_refused_with_the_nearest_one(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(broken('"score > 3"', '"scor > 3"'), worlds, monkeypatch, "Did you mean 'score'")


def test_an_id_that_is_taken_is_refused(tmp_path: Any) -> None:
    (tmp_path / "own.yaml").write_text(SMALL.replace("id: answered", "id: csat"), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"already defined in satisfaction\.yaml") as raised:
        with_own(tmp_path)
    assert raised.value.hint == "Give it another id."


def repr_yaml(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def refused(kpi: Kpi, worlds: Worlds, monkeypatch: pytest.MonkeyPatch, says: str = ".") -> None:
    """The engine refuses the definition, with a way out, before it runs a statement."""
    snapshot = worlds.snapshot(
        {
            "surveys": "id,kind,scale_min,scale_max\ns,csat,1,5\n",
            "responses": "id,survey_id,responded_at,score\nr,s,2026-01-05T10:00:00Z,4\n",
        }
    )
    engine = Engine(snapshot, Catalogue({kpi.id: kpi}), Settings())
    monkeypatch.setattr(engine, "snapshot", Untouchable())
    with pytest.raises(DefinitionError, match=says) as raised:
        engine.ask(Question((kpi.id,), "2026-01"))
    words = ("Did you mean", "cannot be read", "Columns:")
    assert raised.value.hint or any(word in raised.value.message for word in words)


class Untouchable:
    """Stands where the database would be."""

    def __getattr__(self, name: str) -> duckdb.DuckDBPyConnection:
        message = f"the database was asked to {name}"
        raise AssertionError(message)


def test_what_was_compiled_is_what_the_definitions_say() -> None:
    """`python -m docs.check --write` writes it anew."""
    assert compiled.FILE.read_text(encoding="utf-8") == compiled_text()
    kept = compiled.kpis()
    assert kept is not None
    assert [vars(kpi) for kpi in kept] == [vars(kpi) for kpi in read_shipped()]


def test_a_compiled_condition_holds_for_columns_of_the_same_kinds_only() -> None:
    kinds = {"response_hours": "hours"}
    entry = {"sql": "(f.x)", "columns": ["response_hours"], "kinds": kinds}
    assert compiled.fitting([entry], kinds | {"other": "text"}) == entry
    assert compiled.fitting([entry], {"response_hours": "number"}) is None
    assert compiled.fitting([entry], {"other": "text"}) is None
