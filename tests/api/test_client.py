"""The client asks a server as Python asks a workspace: the same values come back."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from tests.served import Served

from kampass.access import Role
from kampass.client import Client, ServerError
from kampass.insight.explain.explanation import plain


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    """A client of an executive, over the application itself."""
    made = Client("http://testserver", served.token(Role.EXECUTIVE))
    made._http = TestClient(served.app, headers=dict(made._http.headers))
    with made:
        yield made


def test_answers_come_back_with_names_and_labels(served: Served, client: Client) -> None:
    asked = {
        "period": "2025-Q2..2025-Q3",
        "grain": "quarter",
        "by": ["account_manager"],
        "total": True,
        "compare": "year-ago",
    }
    here, there = (
        served.workspace.kpi(["nrr", "csat"], **asked),
        client.kpi(["nrr", "csat"], **asked),
    )
    assert there.to_dicts() == here.to_dicts()
    assert (there.dimensions, there.currency, there.total, there.compare) == (
        here.dimensions,
        here.currency,
        here.total,
        here.compare,
    )
    assert there.labels == here.labels
    assert there.names["nrr"] == here.names["nrr"]
    assert there.to_arrow() == here.to_arrow()


def test_explanations_and_bridges_come_back_whole(served: Served, client: Client) -> None:
    here, there = (
        served.workspace.explain("grr", period="2025-Q3"),
        client.explain("grr", period="2025-Q3"),
    )
    assert [made.to_dict() for made in there] == [made.to_dict() for made in here]
    for kpi in ("nrr", "mrr_end", "time_to_resolution"):
        ends = (
            served.workspace.bridge(kpi, "2025-Q2", "2025-Q3"),
            client.bridge(kpi, "2025-Q2", "2025-Q3"),
        )
        assert [made.to_dict() for made in ends[1]] == [made.to_dict() for made in ends[0]]


def test_rows_come_back_in_pieces_of_one_list(served: Served, client: Client) -> None:
    here = [
        plain(row.to_dict()) for row in served.workspace.rows("fcr", "denominator", period="2025")
    ]
    assert [
        plain(row.to_dict()) for row in client.rows("fcr", "denominator", period="2025")
    ] == here
    assert len(list(client.rows("fcr", "denominator", period="2025", limit=3))) == 3


def test_accounts_are_those_of_the_token_s_person(served: Served, client: Client) -> None:
    count = served.workspace.sight().backend.run("SELECT count(*) FROM live_accounts").first()
    assert (len(list(client.accounts())),) == count


def test_an_error_keeps_its_code_and_its_way_out(client: Client) -> None:
    with pytest.raises(ServerError, match="Did you mean") as raised:
        client.kpi("chrun_rate_customer", period="2025")
    assert (raised.value.code, raised.value.exit_code, bool(raised.value.hint)) == (
        "unknown_kpi",
        2,
        True,
    )


def test_a_server_that_is_not_there_is_said_so() -> None:
    with (
        Client("http://127.0.0.1:9", "kp_none") as nobody,
        pytest.raises(ServerError, match="cannot be reached"),
    ):
        nobody.kpi("nrr", period="2025")
