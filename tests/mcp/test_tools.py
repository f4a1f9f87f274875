"""An assistant gets the engine's figures, each with its KPI, period, snapshot and link, within the
rights of whoever it works for.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from starlette.testclient import TestClient
from tests.served import Served

from kampass.access import Role
from kampass.client import Client
from kampass.mcp.server import make_server
from kampass.mcp.sides import Here, There, ToolSide

URL = "http://127.0.0.1:8090"


def ask(side: ToolSide, tool: str, **given: Any) -> Any:
    """What a tool answers."""
    found = asyncio.run(make_server(side).call_tool(tool, given))
    return json.loads(found.content[0].text)


@pytest.fixture(params=["here", "there"])
def manager(served: Served, request: pytest.FixtureRequest) -> ToolSide:
    """An account manager, on this machine and over a server."""
    if request.param == "here":
        return Here(lambda: served.workspace.sight_of("account_manager@example.com"), URL)
    client = Client(URL, "")
    client._http = TestClient(
        served.app, headers={"authorization": f"Bearer {served.token(Role.ACCOUNT_MANAGER)}"}
    )
    return There(client, URL)


def test_a_figure_is_the_engine_s_within_the_caller_s_rights(
    served: Served, manager: ToolSide
) -> None:
    sight = served.workspace.sight_of("account_manager@example.com")
    expected = sight.kpi("mrr_end", period="2025-Q3", by="segment").to_dicts()
    found = ask(manager, "ask_kpi", kpis=["mrr_end"], period="2025-Q3", by=["segment"])
    assert [{name: answer[name] for name in expected[0]} for answer in found] == expected
    assert all(
        answer["link"].startswith(f"{URL}/kpis/mrr_end?period=2025-07-01")
        and answer["snapshot"] in answer["link"]
        for answer in found
    )


def test_kpis_are_found_by_their_words(manager: ToolSide) -> None:
    assert "csat" in {kpi["id"] for kpi in ask(manager, "list_kpis", words="client happiness")}
    assert len(ask(manager, "list_kpis")) > 100


def test_a_figure_is_explained_and_bridged(manager: ToolSide) -> None:
    (why,) = ask(manager, "explain_kpi", kpi="grr", period="2025-Q3")
    assert why["adds_up"]
    assert "/why/grr?" in why["link"]
    (between,) = ask(manager, "bridge_kpi", kpi="mrr_end", before="2025-Q2", after="2025-Q3")
    assert between["residual"] == 0
    assert len(between["effects"]) <= 25


def test_an_account_in_sight_is_summed_up_and_a_foreign_one_is_not_there(
    served: Served, manager: ToolSide
) -> None:
    own = served.workspace.sight_of("account_manager@example.com").scope.accounts or frozenset()
    every = {
        row[0] for row in served.workspace.sight().backend.run("SELECT id FROM accounts").all()
    }
    found = ask(manager, "account_summary", account=min(own), period="2025-Q3")
    assert found["link"] == f"{URL}/accounts/{min(own)}"
    assert found["figures"][0]["kpi"] == "mrr_end"
    with pytest.raises(Exception, match="not_found"):
        ask(manager, "account_summary", account=min(every - own), period="2025-Q3")


def test_an_error_keeps_its_words_and_its_way_out(manager: ToolSide) -> None:
    with pytest.raises(Exception, match="Did you mean"):
        ask(manager, "ask_kpi", kpis=["nrrr"], period="2025")


def test_the_command_speaks_the_protocol(served: Served, tmp_path: Path) -> None:
    """A real client starts `kampass mcp` as a process and asks it."""

    async def talk() -> str:
        arguments = [
            "-m",
            "kampass",
            "mcp",
            "--workspace",
            str(served.workspace.folder),
            "--as",
            "account_manager@example.com",
        ]
        parameters = StdioServerParameters(
            command=sys.executable, args=arguments, env=dict(os.environ), cwd=tmp_path
        )
        async with (
            stdio_client(parameters) as (reading, writing),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            assert {tool.name for tool in (await session.list_tools()).tools} == {
                "list_kpis",
                "ask_kpi",
                "explain_kpi",
                "bridge_kpi",
                "account_summary",
            }
            answer = await session.call_tool("ask_kpi", {"kpis": ["mrr_end"], "period": "2025-Q3"})
            return answer.content[0].text

    value = json.loads(asyncio.run(talk()))[0]["value"]
    assert (
        value
        == served.workspace.sight_of("account_manager@example.com")
        .kpi("mrr_end", period="2025-Q3")[0]
        .value
    )
