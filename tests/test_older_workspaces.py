"""A workspace that Kampass 0.1.0 made opens, answers alike, and goes on.

`fixtures/workspace_of_0_1_0.zip` is that workspace as it stood on disk: three accounts loaded
twice, a subscription whose amount is no number set aside, the first of two snapshots pinned, an
admin with an account manager and a lead, two notes, a saved question, dashboards.
`fixtures/answers_of_0_1_0.json` is what 0.1.0 answered from it.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import kampass
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace

FIXTURES = Path(__file__).parent / "fixtures"
ANSWERS = json.loads((FIXTURES / "answers_of_0_1_0.json").read_text(encoding="utf-8"))
PASSWORD = "seven herons over the weir"  # noqa: S105 - of the people in the fixture


def _unpacked(folder: Path) -> Workspace:
    with zipfile.ZipFile(FIXTURES / "workspace_of_0_1_0.zip") as packed:
        packed.extractall(folder)
    return kampass.open(folder)


@pytest.fixture(scope="module")
def as_it_stood(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The workspace, unpacked once for those who only ask."""
    opened = _unpacked(tmp_path_factory.mktemp("as-it-stood"))
    yield opened
    opened.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """The workspace, unpacked for one test to change."""
    opened = _unpacked(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "asked", ANSWERS, ids=[f"{number}-{asked['way']}" for number, asked in enumerate(ANSWERS)]
)
def test_it_answers_alike(as_it_stood: Workspace, asked: dict[str, Any]) -> None:
    found = getattr(as_it_stood, asked["way"])(*asked["words"], **asked["options"])
    answers = json.loads(json.dumps([one.to_dict() for one in found], default=str))
    assert list(map(_on_one_line, answers)) == list(map(_on_one_line, asked["answers"]))


def _on_one_line(answer: dict[str, Any]) -> dict[str, Any]:
    """Where the statement of an explanation breaks its lines is paper, not an answer."""
    return answer | ({"sql": " ".join(answer["sql"].split())} if "sql" in answer else {})


def test_it_loads_once_more_and_publishes(workspace: Workspace) -> None:
    """Maple leaves its 310 in December: 450 + 120 stay."""
    file = workspace.folder / "files" / "subscriptions.csv"
    file.write_text(
        file.read_text().replace(
            "s4,maple,310,USD,2025-05-01,", "s4,maple,310,USD,2025-05-01,2025-12-01"
        )
    )
    before = [answer.value for answer in workspace.kpi("mrr_end", period="2025-10")]
    workspace.sync()
    after = [answer.value for answer in workspace.kpi("mrr_end", period="2025-12")]
    assert (before, after) == ([880], [570])
    assert [
        one.value
        for one in workspace.kpi("mrr_end", period="2025-09", known_at="2025-10-15T00:00:00Z")
    ] == [750]


def test_its_people_sign_in_and_find_what_they_made(workspace: Workspace) -> None:
    client = TestClient(
        application(workspace, Serving("http://testserver", development=True)),
        follow_redirects=False,
    )
    answer = client.post("/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    for address, words in (
        ("/notes/1", "Two large accounts left"),
        ("/saved", "NRR by segment"),
        ("/data/snapshots", "the first report"),
        ("/dashboards/1", "<h1"),
        ("/data/quarantine/rows.csv?source=files&table=subscriptions", '"s9","cedar","abc"'),
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert words in page.text
