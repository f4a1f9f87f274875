"""A workspace that Kampass 0.1.0 made opens, answers alike, and goes on.

`fixtures/workspace_of_0_1_0.zip` is that workspace as it stood on disk: three accounts loaded
twice, a subscription whose amount is no number set aside, the first of two snapshots pinned, an
admin with an account manager and a lead, two notes, a saved question, dashboards.
`fixtures/answers_of_0_1_0.json` is what 0.1.0 answered from it. Its snapshots are built again,
since later ones have other tables: they go by other names, and so do statements, notes and digests. Where
a table's own first month begins later than 0.1.0 took it to, there is no value now.
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
    assert len(answers) == len(asked["answers"])
    differing = [
        found for pair in zip(answers, asked["answers"], strict=True) for found in _unlike(*pair)
    ]
    assert differing == []


_OF_A_VERSION = {
    "snapshot",
    "definition",
    "definition_text",
    "settings",
    "sql",
    "notes",
    "coverage",
}


def _unlike(now: Any, then: Any, place: str = "") -> Iterator[str]:
    """Where an answer differs from what 0.1.0 said, in what 0.1.0 said."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in then.keys() - _OF_A_VERSION if now.get("reason") != "not_covered" else ():
            yield from _unlike(now.get(name), then[name], f"{place}.{name}")
    elif isinstance(then, list) and isinstance(now, list) and len(now) == len(then):
        for number, (one, other) in enumerate(zip(now, then, strict=True)):
            yield from _unlike(one, other, f"{place}[{number}]")
    elif now != then:
        yield f"{place}: {now!r} was {then!r}"


def test_a_snapshot_of_then_is_built_again(workspace: Workspace) -> None:
    """Asked for by its name, the published one says what it said: 880 in September."""
    current = workspace.manifest.current()
    (answer,) = workspace.kpi("mrr_end", period="2025-09", snapshot=current)
    assert (answer.value, answer.snapshot == current) == (880, False)


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
