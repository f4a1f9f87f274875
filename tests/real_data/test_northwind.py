"""A trading company's CRM as its database wrote it, with NULL and midnights, mapped as
docs/worked-examples/northwind.md does.
"""

import tomllib
from pathlib import Path

import duckdb
import pytest
from tests.real_data.conftest import DOCS, FollowExample

from kampass.intake.mapping import MappedSource, parse
from kampass.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(
    reference_data: Path, follow_example: FollowExample, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    return follow_example(
        tmp_path_factory.mktemp("northwind"),
        "northwind.md",
        reference_data / "crm" / "northwind",
        "1998-06-01T00:00:00Z",
    )


def ask(workspace: Workspace, sql: str) -> list[tuple[object, ...]]:
    cursor = workspace.snapshot().cursor()
    try:
        return cursor.execute(sql).fetchall()
    finally:
        cursor.close()


def test_830_orders_of_91_customers_are_read(workspace: Workspace) -> None:
    counted = (
        "SELECT (SELECT count(*) FROM purchases), (SELECT count(*) FROM accounts), (SELECT "
        "count(*) FROM users), (SELECT count(*) FROM products)"
    )
    assert ask(workspace, counted) == [(830, 91, 9, 77)]


def test_the_orders_of_a_customer_and_their_freight_are_the_known_ones(
    workspace: Workspace,
) -> None:
    often, value = workspace.kpi(
        ["purchase_frequency", "average_purchase_value"], period="1996-07..1998-05"
    )
    assert (often.numerator, often.n) == (830, 89)
    assert (round(value.numerator or 0, 2), round(value.value or 0, 2)) == (64942.69, 78.24)


def test_what_the_database_writes_as_null_is_empty(workspace: Workspace) -> None:
    assert ask(workspace, "SELECT id, name FROM users WHERE manager_id IS NULL") == [
        ("2", "Andrew Fuller")
    ]


def test_letters_beyond_ascii_are_kept(workspace: Workspace) -> None:
    assert ask(workspace, "SELECT _extra['city'] FROM accounts WHERE id = 'ANATR'") == [
        ("M\N{LATIN SMALL LETTER E WITH ACUTE}xico D.F.",)
    ]


def test_order_lines_meet_their_orders_without_sql(reference_data: Path, tmp_path: Path) -> None:
    """The sum of price times quantity over the file, added up apart from the mapping."""
    text = (DOCS / "northwind.md").read_text(encoding="utf-8").rpartition("```toml\n")[2]
    said = tomllib.loads(text.partition("```")[0])["sources"]["northwind"]["tables"]["purchases"]
    mapping = parse("[sources.northwind]", "purchases", said)
    folder = reference_data / "crm" / "northwind"
    scan = MappedSource("northwind", folder, (mapping,), tmp_path).scan("purchases")
    with duckdb.connect() as connection:
        counted = (
            "SELECT count(*), count(DISTINCT account_id), CAST(sum(CAST(amount AS DECIMAL(18, 6))) "
            f"AS VARCHAR) FROM ({scan.relation})"
        )
        assert connection.execute(counted).fetchall() == [(2155, 89, "1354458.590000")]
