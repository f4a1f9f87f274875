"""Only rows that pass a condition, in every face.

What the accounts pay a month, by region, in March 2025; C starts on the tenth of March:

    emea  A 1, B 2          3, two of them
    apac  C 4, D 8         12, two of them (in February 8)
    none  E 16, F 32, G 64  112, three of them
    all                    127, seven of them
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from starlette.testclient import TestClient
from tests.test_questions import SEEDS, random_workspace, takers
from tests.worlds import make_world

from kampass.access import Role
from kampass.catalogue import shipped
from kampass.cli import main
from kampass.client import Client
from kampass.engine import Engine, Question
from kampass.engine.question import Having, parse_having
from kampass.errors import QuestionError
from kampass.insight import ask
from kampass.mcp.server import make_server
from kampass.mcp.sides import Here
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

REGIONS = {"A": "emea", "B": "emea", "C": "apac", "D": "apac", "E": "", "F": "", "G": ""}
FILES = {
    "accounts": "id,name,region\n" + "".join(f"{a},{a},{r}\n" for a, r in REGIONS.items()),
    "subscriptions": "id,account_id,mrr,currency,valid_from\n"
    + "".join(
        f"{name},{name},{2**index},USD,2025-{'03-10' if name == 'C' else '01-01'}\n"
        for index, name in enumerate(REGIONS)
    ),
}
MARCH = {"period": "2025-03", "by": "region"}
URL = "http://testserver"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("having")
    made = create(folder / "acme", WorkspaceSettings(sources=(write(folder / "files"),)))
    made.sync(recorded_at=datetime(2025, 5, 1, tzinfo=UTC))
    yield made
    made.close()


def write(folder: Path, files: dict[str, str] = FILES) -> SourceSettings:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return SourceSettings("files", "folder", {"path": str(folder)})


@pytest.fixture(scope="module")
def caller(workspace: Workspace) -> TestClient:
    person = workspace.people.accounts.add("eve@example.com", "Eve", Role.EXECUTIVE)
    until = datetime.now(UTC) + timedelta(days=1)
    token, _ = workspace.people.tokens.make(person.id, "test", ("read", "export"), until)
    app = application(workspace, Serving(URL, development=True))
    return TestClient(app, headers={"authorization": f"Bearer {token}"})


def regions(rows: Any) -> dict[str | None, float | None]:
    return {row.dimensions.get("region", "all"): row.value for row in rows}


@pytest.mark.parametrize(
    ("having", "left"),
    [
        ([], {"apac": 12, "emea": 3, None: 112}),
        ("value >= 12", {"apac": 12, None: 112}),
        ("value > 12", {None: 112}),
        ("value < 12", {"emea": 3}),
        ("value<=12", {"apac": 12, "emea": 3}),
        (" value = 12.0 ", {"apac": 12}),
        ("value != 12", {"emea": 3, None: 112}),
        ("n >= 3", {None: 112}),
        ("n = 2", {"apac": 12, "emea": 3}),
        (["value > 3", "n < 3"], {"apac": 12}),
        (["value > 3", "value < 1.2e1"], {}),
    ],
)
def test_only_rows_that_pass_every_condition_stand(
    workspace: Workspace, having: str | list[str], left: dict[str | None, float]
) -> None:
    assert regions(workspace.kpi("mrr_end", **MARCH, having=having)) == left


def test_the_total_stays_whole_whether_it_would_pass_or_not(workspace: Workspace) -> None:
    found = workspace.kpi("mrr_end", **MARCH, total=True, having=["value >= 12", "value < 100"])
    assert regions(found) == {"apac": 12, "all": 127}
    found = workspace.kpi("mrr_end", **MARCH, total=True, having="n > 100")
    assert regions(found) == {"all": 127}


def test_without_a_cut_the_one_row_has_to_pass_too(workspace: Workspace) -> None:
    quarter = {"period": "2025-01..2025-03", "grain": "month"}
    found = workspace.kpi("mrr_end", **quarter, having="value >= 127")
    assert [(row.period_start.month, row.value) for row in found] == [(3, 127)]


def test_a_row_without_a_value_never_passes(tmp_path: Path) -> None:
    """H pays in euros, for which there is no rate: its row has no value, and one account."""
    files = dict(FILES)
    files["accounts"] += "H,H,latam\n"
    files["subscriptions"] += "H,H,5,EUR,2025-01-01\n"
    made = create(tmp_path / "acme", WorkspaceSettings(sources=(write(tmp_path / "f", files),)))
    made.sync(recorded_at=datetime(2025, 5, 1, tzinfo=UTC))
    (latam,) = made.kpi("mrr_end", **MARCH, where="region=latam")
    assert (latam.value, latam.reason, latam.n) == (None, "missing_rate", 1)
    for having in ("n >= 0", "value != 5", "value < 1e99", "value > -1"):
        assert "latam" not in regions(made.kpi("mrr_end", **MARCH, having=having))
    made.close()


def test_the_change_is_that_of_the_whole_cut_for_the_rows_that_stand(workspace: Workspace) -> None:
    whole = workspace.kpi("mrr_end", **MARCH, compare="previous")
    (apac,) = workspace.kpi("mrr_end", **MARCH, compare="previous", having="value = 12")
    assert apac == next(row for row in whole if row.dimensions["region"] == "apac")
    assert (apac.change.value, apac.change.difference) == (8, 4)


def test_rows_pass_by_what_they_are_now_and_not_by_what_they_were(workspace: Workspace) -> None:
    found = workspace.kpi("mrr_end", **MARCH, compare="previous", having="value = 8")
    assert list(found) == []


def test_explaining_and_bridging_ignore_it(workspace: Workspace) -> None:
    for having in ("value > 1000", "n = 2"):
        made = workspace.explain("mrr_end", **MARCH, having=having)
        assert made == workspace.explain("mrr_end", **MARCH)
        rows = list(workspace.rows("mrr_end", **MARCH, having=having))
        assert len(rows) == 7
        ends = ("mrr_end", "2025-02", "2025-03")
        assert workspace.bridge(*ends, having=having) == workspace.bridge(*ends)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("value", "bad_having", "'value' is no condition on a row."),
        ("value ~ 3", "bad_having", "Write 'value >= 90'"),
        ("value > many", "bad_having", "one of > >= < <= = !=, a number"),
        ("value > 1,000", "bad_having", "no condition"),
        ("value > nan", "bad_having", "no condition"),
        ("value > ٣", "bad_having", "no condition"),
        ("value == 3", "bad_having", "no condition"),
        ("", "bad_having", "no condition"),
        ("vlue > 3", "unknown_figure", "Did you mean 'value'?"),
        ("low > 3", "unknown_figure", "One of value, n."),
    ],
)
def test_what_is_no_condition_is_an_error_that_says_how_to_write_one(
    text: str, code: str, says: str
) -> None:
    with pytest.raises(QuestionError) as wrong:
        parse_having(text)
    assert (wrong.value.code, wrong.value.exit_code) == (code, 2)
    assert says in f"{wrong.value.message} {wrong.value.hint}"


@pytest.mark.parametrize("text", ["value >= 90", "n != 30", "value < -0.1", "value = 1e+20"])
def test_a_condition_is_spelled_as_it_is_read(text: str) -> None:
    assert str(parse_having(text)) == text


@pytest.fixture(
    scope="module", params=[SEEDS[0], pytest.param(SEEDS[1], marks=pytest.mark.nightly)]
)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, str]]:
    workspace = random_workspace(request.param, tmp_path_factory)
    made = workspace.engine()
    yield made, make_world(request.param).periods()[1].text
    made.snapshot.close()
    workspace.close()


@pytest.mark.parametrize("by", [(), ("segment",)])
def test_of_every_kpi_those_rows_stand_that_two_other_ways_find(
    engine: tuple[Engine, str], by: tuple[str, ...]
) -> None:
    """One picks from the rows as Python values, one filters the Arrow table; both by conditions
    that lie on the rows' own values.
    """
    asked, period = engine
    kpis = tuple(kpi for kpi in takers(by) if not (by and shipped().get(kpi).distribution))
    whole = Question(kpis, period, by=by, total=bool(by), compare="previous")
    rows = ask(asked, whole)
    known = sorted(row.value for row in rows if row.value is not None)
    bounds = [known[len(known) // 3], known[len(known) // 2]]
    for conditions in (
        [Having("value", ">=", bounds[0])],
        [Having("value", "!=", bounds[1]), Having("n", ">", 2)],
        [Having("value", "<", bounds[1]), Having("n", "<=", 5)],
        [Having("value", "=", bounds[0])],
    ):
        found = ask(asked, Question(**vars(whole) | {"having": tuple(conditions)}))
        assert list(found) == [row for row in rows if is_total(row, by) or picked(row, conditions)]
        table = rows.to_arrow()
        mask = pc.is_valid(table["value"])
        for each in conditions:
            compare = {
                ">=": pc.greater_equal,
                "!=": pc.not_equal,
                ">": pc.greater,
                "<": pc.less,
                "<=": pc.less_equal,
                "=": pc.equal,
            }[each.sign]
            mask = pc.and_(mask, compare(table[each.figure], each.number))
        mask = pc.fill_null(mask, False)
        if by:
            mask = pc.or_(mask, table["total"])
        assert found.to_arrow() == table.filter(mask)
        assert 0 < len(found) < len(rows) or conditions[0].sign == "="


def is_total(row: Any, by: tuple[str, ...]) -> bool:
    return bool(by) and not row.dimensions


def picked(row: Any, conditions: list[Having]) -> bool:
    if row.value is None:
        return False
    for each in conditions:
        left, right = getattr(row, each.figure), each.number
        greater, same = left > right, left == right
        if not {
            ">": greater,
            ">=": greater or same,
            "<": not greater and not same,
            "<=": not greater,
            "=": same,
            "!=": not same,
        }[each.sign]:
            return False
    return True


Run = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Run:
    """Run a command on the workspace in this process."""

    def ran(*words: str) -> tuple[int, bytes, str]:
        monkeypatch.setattr(sys, "argv", ["kampass", *words, "-w", str(workspace.folder)])
        with pytest.raises(SystemExit) as left:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return int(left.value.code or 0), out, err.decode()

    return ran


def test_the_command_line_takes_it_as_often_as_one_likes(run: Run) -> None:
    words = ("kpi", "mrr_end", "--period", "2025-03", "--by", "region", "--format", "json")
    code, out, _ = run(*words, "--having", "value >= 12", "--having", "n < 3")
    assert (code, [row["value"] for row in json.loads(out)]) == (0, [12])
    code, _, err = run(*words, "--having", "vlue >= 12")
    assert code == 2
    assert json.loads(err)["error"]["code"] == "unknown_figure"
    for verb in (
        ("explain", "mrr_end", "-p", "2025-03"),
        ("bridge", "mrr_end", "2025-02", "2025-03"),
    ):
        assert run(*verb, "--having", "value > 1000")[:2] == run(*verb)[:2]


@pytest.mark.parametrize("form", ["table", "json", "csv", "parquet", "xlsx", "svg", "png"])
def test_an_answer_without_rows_can_be_written_in_every_form(
    run: Run, tmp_path: Path, form: str
) -> None:
    words = ["kpi", "mrr_end", "--period", "2025-03", "--by", "region", "--compare", "previous"]
    words += ["--having", "value > 1000", "--format", form]
    words += [] if form == "table" else ["--output", str(tmp_path / form)]
    assert run(*words)[0] == 0


def test_rest_and_the_client_take_it(workspace: Workspace, caller: TestClient) -> None:
    asked = {"period": "2025-03", "by": "region", "having": ["value >= 12", "n < 3"]}
    (row,) = caller.get("/api/v1/kpis/mrr_end", params=asked).json()
    assert (row["dimensions"], row["value"]) == ({"region": "apac"}, 12)
    wrong = caller.get("/api/v1/kpis/mrr_end", params=asked | {"having": "value"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_having")
    ends = {"before": "2025-02", "after": "2025-03"}
    bridge = caller.get("/api/v1/kpis/mrr_end/bridge", params=ends | {"having": "value > 1000"})
    assert bridge.json() == caller.get("/api/v1/kpis/mrr_end/bridge", params=ends).json()
    client = Client(URL, "")
    client._http = caller
    assert list(client.kpi("mrr_end", **asked)) == list(workspace.kpi("mrr_end", **asked))


def test_an_assistant_takes_it(workspace: Workspace) -> None:
    server = make_server(Here(workspace.sight))
    given = {"kpis": ["mrr_end"], "period": "2025-03", "by": ["region"], "having": ["n >= 3"]}
    found = asyncio.run(server.call_tool("ask_kpi", given))
    assert [row["value"] for row in json.loads(found.content[0].text)] == [112]


@pytest.fixture(scope="module")
def browser(workspace: Workspace, caller: TestClient) -> TestClient:
    """Eve's browser, signed in."""
    person = workspace.people.accounts.by_email("eve@example.com")
    assert person is not None
    session, _ = workspace.people.sessions.start(person.id, address="", agent="")
    return TestClient(caller.app, cookies={"kampass": session}, follow_redirects=False)


def test_a_page_keeps_it_says_it_and_shows_the_slices_that_pass(browser: TestClient) -> None:
    """The figure at the top is the whole book's; a chip takes the condition away again."""
    path = "/kpis/mrr_end?period=2025-03&by=region"
    html = browser.get(f"{path}&having=value+%3E%3D+12").text
    assert "MRR at the end by region, Mar 2025, value &gt;= 12</span>" in html
    assert '<input type="hidden" name="having" value="value &gt;= 12">' in html
    assert f'<a class="chip-off" href="{path.replace("&", "&amp;")}">' in html
    slices = html.split('id="slices-table"')[1].split("</table>")[0]
    assert [name in slices for name in ("Unknown", "Apac", "Emea", "All")] == [
        True,
        True,
        False,
        True,
    ]
    assert slices.count("127 USD") == 1
    exported = browser.get("/kpis/mrr_end/export" + path[13:] + "&having=n+%3E+2&format=json")
    assert [row["value"] for row in exported.json()] == [112]


def test_a_page_says_what_is_wrong_with_it(browser: TestClient) -> None:
    wrong = browser.get("/kpis/mrr_end?period=2025-03&having=vlue+%3E+3")
    assert (wrong.status_code, "Did you mean &#39;value&#39;?" in wrong.text) == (404, True)


@pytest.mark.parametrize(
    "page", ["overview", "why/mrr_end", "bridge/mrr_end", "team", "accounts", "kpis/mrr_end"]
)
def test_no_page_breaks_where_nothing_passes(browser: TestClient, page: str) -> None:
    asked = f"/{page}?period=2025-03&by=region&having=value+%3E+1000"
    assert browser.get(asked).status_code == 200


def test_a_saved_question_keeps_it(workspace: Workspace) -> None:
    owner = workspace.people.accounts.by_email("eve@example.com")
    query = "/kpis/mrr_end?period=2025-03&by=region&having=value+%3E%3D+12"
    assert owner is not None
    assert workspace.library.saved.add(owner, "Large regions", query).query == query
