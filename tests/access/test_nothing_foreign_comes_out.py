"""Whatever an account manager asks (KAMPASS_EXPLAIN=all: every KPI by every dimension; else one for
each fact), nothing about another's account comes out: not a figure, a row, a count, a label, a
reason.

Two derivations. A figure within a scope is the figure filtered to its accounts, for every KPI; and
no text of any answer holds an identifier or a name of a foreign account or of a row that belongs to
one.
"""

import json
import os
from collections.abc import Iterator

import pytest

from kampass.access import Role, Scope
from kampass.catalogue import shipped
from kampass.errors import QuestionError
from kampass.model import TABLES
from kampass.workspace import Workspace
from kampass.workspace.view import Sight

PERIODS = ("2025-11", pytest.param("2025-Q3", marks=pytest.mark.nightly))
EVERY = os.environ.get("KAMPASS_EXPLAIN") == "all"
KPIS = [kpi.id for kpi in shipped()]
OF_ACCOUNTS = [kpi.id for kpi in shipped() if kpi.takes_any_account_dimension]


def one_for_each_fact() -> Iterator[str]:
    """KPIs that read every fact between them, as few as it takes in the catalogue's order."""
    seen: set[str] = set()
    for kpi in shipped():
        facts = {measure.fact for measure in kpi.measures.values()}
        if not facts <= seen:
            seen |= facts
            yield kpi.id


@pytest.fixture(scope="session")
def mine(company: Workspace) -> Sight:
    """The sight of the account manager with the most accounts."""
    users = [
        row[0] for row in company.sight().backend.run("SELECT id FROM users ORDER BY id").all()
    ]
    scope = max(
        (company.sights.scope_of(Role.ACCOUNT_MANAGER, user, None) for user in users),
        key=lambda found: len(found.accounts or ()),
    )
    assert len(scope.accounts or ()) >= 3
    return company.sight(scope)


@pytest.fixture(scope="session")
def foreign(company: Workspace, mine: Sight) -> frozenset[str]:
    """Ids of foreign accounts and of all rows that belong to one, and the names of those accounts
    and their contacts.
    """
    backend = company.sight().backend
    own = list(mine.scope.accounts or ())
    words: set[str] = set()
    for table in TABLES.values():
        if table.account_column and table.has("id"):
            words |= {
                row[0]
                for row in backend.run(
                    (
                        f'SELECT id FROM "{table.name}" WHERE NOT list_contains($own, '
                        f"{table.account_column})"
                    ),
                    {"own": own},
                ).all()
            }
    words |= {
        row[0]
        for row in backend.run(
            "SELECT name FROM accounts WHERE NOT list_contains($own, id)", {"own": own}
        ).all()
    }
    shared = {
        row[0]
        for row in backend.run(
            "SELECT name FROM accounts WHERE list_contains($own, id)", {"own": own}
        ).all()
    }
    assert len(words) > 1000
    return frozenset(words - shared)


@pytest.mark.parametrize("period", PERIODS)
def test_every_figure_within_a_scope_is_the_figure_filtered_to_its_accounts(
    company: Workspace, mine: Sight, period: str
) -> None:
    where = f"account in {','.join(sorted(mine.scope.accounts or ()))}"
    scoped, filtered = (
        mine.kpi(OF_ACCOUNTS, period=period),
        company.sight().kpi(OF_ACCOUNTS, period=period, where=where),
    )
    for one, other in zip(scoped, filtered, strict=True):
        assert one.to_dict() == other.to_dict()


def test_figures_about_no_account_are_not_for_an_account_manager(mine: Sight) -> None:
    asked = mine.kpi([kpi for kpi in KPIS if kpi not in OF_ACCOUNTS], period="2025")
    assert len(asked) == len(KPIS) - len(OF_ACCOUNTS)
    assert all(answer.value in {None, 0} and answer.n == 0 for answer in asked)


@pytest.mark.parametrize("kpi", KPIS if EVERY else list(one_for_each_fact()))
def test_no_cut_explanation_row_or_bridge_names_anything_foreign(
    mine: Sight, foreign: frozenset[str], kpi: str
) -> None:
    for text in said(mine, kpi):
        assert not set(_strings(json.loads(text))) & foreign, text[:300]


def test_the_rows_that_may_be_read_directly_are_the_scope_s_own(
    mine: Sight, foreign: frozenset[str]
) -> None:
    backend = mine.backend
    for table in TABLES:
        for name in (table, f"live_{table}"):
            rows = backend.run(f'SELECT * FROM "{name}"').all()
            assert not {cell for row in rows for cell in row if isinstance(cell, str)} & foreign, (
                name
            )


def test_what_was_set_aside_is_not_shown_within_a_scope(mine: Sight) -> None:
    for table in ("_quarantine", "_notice", "_mended", "_reconciliation", "_replaced"):
        assert mine.backend.run(f'SELECT count(*) FROM "{table}"').first() == (0,)


def test_a_filter_for_a_foreign_account_answers_as_one_that_does_not_exist(
    company: Workspace, mine: Sight
) -> None:
    other = (
        company.sight()
        .backend.run(
            "SELECT id FROM accounts WHERE NOT list_contains($own, id)",
            {"own": list(mine.scope.accounts or ())},
        )
        .first()[0]
    )
    told = []
    for name in (other, "x" * len(other)):
        with pytest.raises(QuestionError) as refused:
            mine.kpi(OF_ACCOUNTS, period="2025-Q3", where=f"account={name}")
        told.append((refused.value.code, refused.value.message.partition(".")[0].replace(name, "")))
    assert told[0] == told[1]


def test_two_scopes_never_share_an_answer(company: Workspace, mine: Sight) -> None:
    some = company.sight(Scope(frozenset(sorted(mine.scope.accounts or ())[:1])))
    figures = {
        sight.kpi("mrr_end", period="2025-Q3")[0].value for sight in (company.sight(), mine, some)
    }
    assert len(figures) == 3


def said(sight: Sight, kpi: str) -> Iterator[str]:
    """Everything that can be asked about a KPI, as JSON."""
    definition = sight.catalogue.get(kpi)
    yield json.dumps(sight.kpi(kpi, period="2025", compare="previous").to_dicts())
    for dimension in (
        definition.named_dimensions
        if EVERY
        else [name for name in ("account", "team") if name in definition.named_dimensions]
    ):
        result = sight.kpi(kpi, period="2025", by=dimension, total=True)
        yield json.dumps([result.to_dicts(), list(result.labels.values())])
    yield json.dumps([made.to_dict() for made in sight.explain(kpi, period="2025")], default=str)
    for part in ("numerator", "denominator", "excluded"):
        try:
            yield json.dumps(
                [row.to_dict() for row in sight.rows(kpi, part, period="2025")], default=str
            )
        except QuestionError as refused:
            # The refusal is one of two that are right.
            assert refused.code in {"rows_hidden", "no_denominator"}  # noqa: PT017
    yield json.dumps(
        [made.to_dict() for made in sight.bridge(kpi, "2025-Q2", "2025-Q3")], default=str
    )


def _strings(found: object) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from (str(key), *_strings(value))
    elif isinstance(found, list):
        for value in found:
            yield from _strings(value)
