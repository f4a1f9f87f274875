"""A filter's value: what it means, and what is said where it means nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kampass.access import Scope
from kampass.errors import QuestionError
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

TABLES = {
    "accounts": "id,name,segment,plan\na,Alder Ltd,mid_market,Gold\nb,Birch Ltd,SMB,gold\n"
    "c,Cedar Ltd,smb_plus,\n",
    "users": "id,name\nann,Ann Ash\nu2,Sam Elm\nu3,Sam Elm\n",
    "ownerships": "account_id,user_id,role,valid_from\na,ann,account_manager,2025-01-01\n"
    "b,u2,account_manager,2025-01-01\nc,u3,account_manager,2025-01-01\n",
    "subscriptions": "id,account_id,mrr,currency,valid_from\ns,a,10,USD,2025-01-01\n"
    "t,b,20,USD,2025-01-01\nu,c,40,USD,2025-01-01\n",
    "touches": "id,occurred_at,channel,direction,account_id\n"
    "t,2025-05-05T00:00:00Z,call,outbound,a\n",
    "tickets": "id,created_at,account_id,product_area\nk,2025-05-05T00:00:00Z,a,Billing\n"
    "l,2025-05-05T00:00:00Z,b,Login\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("values")
    (folder / "files").mkdir()
    for name, text in TABLES.items():
        (folder / "files" / f"{name}.csv").write_text(text, encoding="utf-8")
    source = SourceSettings("crm", "folder", {"path": str(folder / "files")})
    opened = create(folder / "workspace", WorkspaceSettings(sources=(source,)))
    opened.sync(recorded_at=datetime(2025, 7, 1, tzinfo=UTC))
    yield opened
    opened.close()


def refused(workspace: Workspace, kpi: str, where: str, **words: str) -> QuestionError:
    with pytest.raises(QuestionError) as caught:
        workspace.kpi(kpi, period="2025-05", where=where, **words)
    assert (caught.value.code, caught.value.exit_code) == ("unknown_value", 2)
    return caught.value


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("segment=mid_market", 10),
        ("segment=Mid market", 10),
        ("segment=MID_MARKET", 10),
        ("segment=smb", 20),
        ("segment in Mid Market,Smb plus", 50),
        ("segment!=mid market", 60),
        ("plan=Gold", 10),
        ("plan=gold", 20),
        ("account=a", 10),
        ("account=alder ltd", 10),
        ("account_manager=ann ash", 10),
        ("account_manager=U2", 20),
        ("segment is unknown", 0),
    ],
)
def test_a_value_is_meant_as_it_stands_else_as_pages_show_it(
    workspace: Workspace, where: str, value: float
) -> None:
    (answer,) = workspace.kpi("mrr_end", period="2025-05", where=where)
    assert answer.value == value


def test_a_value_that_nothing_has_is_an_error_with_the_nearest(workspace: Workspace) -> None:
    wrong = refused(workspace, "mrr_end", "segment=mid_markt")
    assert wrong.message == "No segment is 'mid_markt'. Did you mean 'mid_market'?"
    assert wrong.hint == "'--by segment' shows the values there are."
    near = refused(workspace, "mrr_end", "account=Aldr Ltd")
    assert near.message.startswith("No account is 'Aldr Ltd'. Did you mean 'a'")


def test_two_values_that_are_shown_alike_are_not_guessed(workspace: Workspace) -> None:
    for where, values in (
        ("account_manager=Sam Elm", "'u2', 'u3'"),
        ("plan=GOLD", "'Gold', 'gold'"),
    ):
        assert values in refused(workspace, "mrr_end", where).message


def test_a_value_of_a_closed_list_counts_nothing_where_no_row_has_it(workspace: Workspace) -> None:
    (answer,) = workspace.kpi("customer_interactions", period="2025-05", where="channel=email")
    assert answer.value == 0
    assert "'call'" in refused(workspace, "customer_interactions", "channel=cal").message


def test_the_columns_of_rows_have_values_too(workspace: Workspace) -> None:
    for where in ("product_area=Billing", "product_area=billing", "tickets.product_area=billing"):
        (answer,) = workspace.kpi("ticket_backlog", period="2025-05", where=where)
        assert answer.value == 1
    assert "'Billing'" in refused(workspace, "ticket_backlog", "product_area=biling").message


def test_a_viewer_learns_of_no_value_but_their_own(workspace: Workspace) -> None:
    """Of b's account neither the id nor the segment is told to whoever sees a alone."""
    mine = workspace.sight(Scope(frozenset({"a"})))
    for where in ("account=b", "account=Birch Ltd", "segment=SMB", "segment=smb", "plan=gol"):
        with pytest.raises(QuestionError) as caught:
            mine.kpi("mrr_end", period="2025-05", where=where)
        assert caught.value.code == "unknown_value"
        assert "Birch" not in caught.value.message.replace(where.partition("=")[2], "")
        assert "'b'" not in caught.value.message.replace(f"'{where.partition('=')[2]}'", "")
    (answer,) = mine.kpi("mrr_end", period="2025-05", where="plan=gold")
    assert answer.value == 10


def test_every_way_of_asking_understands_the_same(workspace: Workspace) -> None:
    asked = {"period": "2025-05", "where": "account_manager=Ann Ash"}
    (explained,) = workspace.explain("mrr_end", **asked)
    assert (explained.answer.value, explained.adds_up) == (10, True)
    assert [row.amount for row in workspace.rows("mrr_end", **asked)] == [10]
    (between,) = workspace.bridge("mrr_end", "2025-04", "2025-05", where="account_manager=Ann Ash")
    assert between.to_dict()["difference"] == 0
    with pytest.raises(QuestionError, match="No account manager"):
        workspace.bridge("mrr_end", "2025-04", "2025-05", where="account_manager=Nobody")
