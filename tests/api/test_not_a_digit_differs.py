"""Random questions through Python, the command line, REST, its client, an assistant's tools and
every export: not one digit differs.

KAMPASS_QUESTIONS sets how many (6 by default, 300 at night).
"""

import asyncio
import csv
import io
import json
import os
import random
from collections.abc import Sequence
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.served import Served
from typer.testing import CliRunner

from kampass.access import Role
from kampass.catalogue import shipped
from kampass.cli.app import app
from kampass.client import Client
from kampass.engine import Result
from kampass.mcp.server import make_server
from kampass.mcp.sides import Here
from kampass.render.files import write

QUESTIONS = int(os.environ.get("KAMPASS_QUESTIONS", "6"))
FIGURES = ("value", "numerator", "denominator", "low", "high")
PERIODS = (
    ("2025", None),
    ("2025", "quarter"),
    ("2025-Q3", "month"),
    ("2025-Q4", None),
    ("2024-11..2025-02", "month"),
    ("FY2025", None),
    ("2025-W30", "day"),
)
CUTS = ((), (), ("segment",), ("account_manager",), ("team",), ("region", "tier"))
Asked = dict[str, Any]


def question(number: int) -> tuple[list[str], Asked]:
    """A question of the contract, the same for a number every time."""
    rng = random.Random(number)
    kpis = rng.sample(
        [kpi.id for kpi in shipped() if kpi.takes_any_account_dimension and not kpi.distribution],
        rng.choice((1, 1, 2, 4)),
    )
    (period, grain), by = rng.choice(PERIODS), rng.choice(CUTS)
    where = rng.sample(
        ["segment=startup", "region!=EMEA", "tier in gold,silver", "industry is unknown"],
        rng.choice((0, 0, 1, 2)),
    )
    compare = rng.choice((None, None, "previous", "year-ago"))
    return kpis, {
        "period": period,
        "grain": grain,
        "by": list(by),
        "where": where,
        "total": bool(by) and rng.random() < 0.4,
        "compare": compare,
    }


@pytest.mark.parametrize("number", range(QUESTIONS))
def test_every_face_gives_the_same_digits(served: Served, number: int) -> None:
    kpis, asked = question(number)
    result = served.workspace.kpi(kpis, **asked)
    expected = result.to_dicts()
    assert expected or asked["by"]
    assert json.loads(command_line(served, kpis, asked, "json")) == expected
    assert read_csv(command_line(served, kpis, asked, "csv")) == figures(expected)
    rest, files = over_rest(served, kpis, asked)
    assert rest == expected
    for name, found in files.items():
        assert found == figures(expected), name
    assert over_client(served, kpis, asked).to_dicts() == expected
    assert (
        [
            {name: answer[name] for name in shape}
            for answer, shape in zip(assistant(served, kpis, asked), expected, strict=True)
        ]
        == expected
        if not asked["total"]
        else True
    )
    assert [
        (json.loads(write(result, "json").content)),
        read_csv(write(result, "csv").content.decode()),
    ] == [expected, figures(expected)]


def figures(answers: Sequence[Asked]) -> list[tuple[float | None, ...]]:
    return [tuple(answer[name] for name in FIGURES) for answer in answers]


def command_line(served: Served, kpis: list[str], asked: Asked, form: str) -> str:
    options = [
        part for name in ("by", "where") for value in asked[name] for part in (f"--{name}", value)
    ]
    options += ["--total"] if asked["total"] else []
    options += [
        part
        for name in ("period", "grain", "compare")
        if asked[name]
        for part in (f"--{name}", asked[name])
    ]
    found = CliRunner().invoke(
        app,
        ["kpi", *kpis, *options, "--format", form, "--workspace", str(served.workspace.folder)],
        catch_exceptions=False,
    )
    return found.stdout


def over_rest(
    served: Served, kpis: list[str], asked: Asked
) -> tuple[Any, dict[str, list[tuple[float | None, ...]]]]:
    client = served.client(Role.EXECUTIVE)
    asking = {name: value for name, value in asked.items() if value}
    path = f"/api/v1/kpis/{','.join(kpis)}"
    found = {
        form: client.get(path, params={**asking, "format": form})
        for form in ("csv", "parquet", "xlsx")
    }
    table = pq.read_table(io.BytesIO(found["parquet"].content))
    files = {
        "csv": read_csv(found["csv"].text),
        "parquet": list(zip(*(table.column(name).to_pylist() for name in FIGURES), strict=True)),
        "xlsx": read_sheet(found["xlsx"].content),
    }
    return client.get(path, params=asking).json(), files


def over_client(served: Served, kpis: list[str], asked: Asked) -> Result:
    client = Client("http://testserver", "")
    client._http = TestClient(
        served.app, headers={"authorization": f"Bearer {served.token(Role.EXECUTIVE)}"}
    )
    return client.kpi(kpis, **asked)


def assistant(served: Served, kpis: list[str], asked: Asked) -> list[Asked]:
    given = {"kpis": kpis} | {
        name: value for name, value in asked.items() if value and name != "total"
    }
    found = asyncio.run(make_server(Here(served.workspace.sight)).call_tool("ask_kpi", given))
    answers: list[Asked] = json.loads(found.content[0].text)
    return answers


def read_csv(text: str) -> list[tuple[float | None, ...]]:
    return [
        tuple(float(row[name]) if row[name] else None for name in FIGURES)
        for row in csv.DictReader(io.StringIO(text))
    ]


def read_sheet(content: bytes) -> list[tuple[float | None, ...]]:
    head, *rows = (
        openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    )
    places = [next(at for at, name in enumerate(head) if name == wanted) for wanted in FIGURES]
    return [tuple(None if row[at] is None else float(row[at]) for at in places) for row in rows]
