"""The catalogue: the KPI that answers a question is found by it, each is explained with an example,
and only some people switch one on.
"""

import html
import re
from pathlib import Path

import pytest
from tests.web.small import Signed, signed_in, small_copy, small_workspace

from kampass.access import Role
from kampass.catalogue import PACK, shipped
from kampass.web.pages.catalogue import definition
from kampass.web.pages.catalogue.search import search
from kampass.workspace import Workspace

DEFINING = (Role.ANALYST, Role.ADMIN)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_copy(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture
def reader(workspace: Workspace) -> Signed:
    return signed_in(workspace, Role.EXECUTIVE)


def words(page: str) -> str:
    """What a page says."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("are our clients happy", "csat"),
        ("net dollar retention", "nrr"),
        ("NRR", "nrr"),
        ("customer churn", "customer_churn_rate"),
        ("would they recommend us", "nps"),
        ("how long until a ticket is solved", "time_to_resolution"),
        ("first contact resolution", "fcr"),
        ("lost customers", "lost_customers"),
    ],
)
def test_a_question_in_ones_own_words_finds_the_kpi_that_answers_it(
    question: str, answer: str
) -> None:
    assert answer in [found.kpi.id for found in search(shipped(), question)[:5]]


def test_every_synonym_finds_its_kpi_and_says_so() -> None:
    for kpi in shipped():
        for synonym in kpi.synonyms:
            found = {each.kpi.id: each for each in search(shipped(), synonym)}
            assert kpi.id in found, (kpi.id, synonym)


def test_what_nobody_asked_about_is_found_by_nobody() -> None:
    assert not search(shipped(), "zeppelin")


def test_the_list_holds_every_kpi_by_family_and_says_which_table_is_lacking(reader: Signed) -> None:
    page = reader.get("/catalogue").text
    assert {kpi.id for kpi in shipped()} <= set(re.findall(r'href="/catalogue/(\w+)"', page))
    assert f"{len(shipped().kpis)} KPIs are defined, 1 are switched on" in words(page)
    assert "lacks subscriptions" in words(page)
    lacking = reader.get("/catalogue?show=lacking").text
    assert 'href="/catalogue/csat"' not in lacking
    assert 'href="/catalogue/nrr"' in lacking


def test_a_search_that_finds_nothing_says_what_to_do(reader: Signed) -> None:
    assert "Try one word of it" in words(reader.get("/catalogue?q=zeppelin").text)


def test_what_is_looked_for_is_shown_as_it_was_typed_and_is_no_markup(reader: Signed) -> None:
    page = reader.get("/catalogue", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page


def test_every_kpi_of_a_fresh_workspace_has_a_page_that_explains_it(reader: Signed) -> None:
    for kpi_id in PACK:
        kpi = shipped().get(kpi_id)
        page = words(reader.get(f"/catalogue/{kpi_id}").text)
        assert all(
            part in page
            for part in (
                kpi.name,
                kpi.formula,
                "What is counted",
                "What comes out",
                f"id: {kpi_id}",
            )
        ), kpi_id


def test_every_kpi_is_told_in_words_with_an_example_and_its_source() -> None:
    for kpi in shipped():
        counted = definition.counted(kpi)
        assert [row.of for row in counted if not row.of or "_" in row.of] == [], kpi.id
        assert not [row for row in counted if "(" in row.what], (kpi.id, counted)
        assert definition.worked(kpi)
        assert f"- id: {kpi.id}\n" in definition.shipped_source(kpi.place.partition(":")[0], kpi.id)


def test_a_definition_is_told_in_words_with_its_example_and_its_figure(reader: Signed) -> None:
    page = words(reader.get("/catalogue/csat").text)
    assert "kind is csat; satisfied" in page
    assert "80 of 100 answers are satisfied" in page
    assert "Comes with Kampass" in page


def test_a_kpi_that_does_not_exist_is_not_found(reader: Signed) -> None:
    assert reader.get("/catalogue/csta").status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if role not in DEFINING])
def test_who_does_not_define_sees_no_way_to_change_and_has_none(
    workspace: Workspace, role: Role
) -> None:
    client = signed_in(workspace, role)
    for path in ("/catalogue", "/catalogue/csat"):
        page = client.get(path).text
        assert not re.search(r'/switch"|/catalogue/new["?]|/edit"', page)
    assert (
        client.post("/catalogue/csat/switch", data={"csrf": client.csrf, "on": "0"}).status_code
        == 403
    )
    assert "csat" in workspace.enabled


def test_an_analyst_switches_a_kpi_on_and_off_and_the_audit_log_says_who(tmp_path: Path) -> None:
    workspace = small_copy(tmp_path)
    analyst = signed_in(workspace, Role.ANALYST)
    assert (
        analyst.submit("/catalogue/nps/switch", {"on": "1", "back": "/catalogue?show=on"})
        == "/catalogue?show=on"
    )
    assert 'href="/catalogue/nps"' in analyst.get("/catalogue?show=on").text
    analyst.submit("/catalogue/nps/switch", {"on": "0", "back": "//elsewhere.example"})
    assert 'href="/catalogue/nps"' not in analyst.get("/catalogue?show=on").text
    entries = workspace.people.audit.entries(action="catalogue.switch")
    assert [(entry.what, entry.detail["on"], entry.name) for entry in entries] == [
        ("nps", False, "Analyst"),
        ("nps", True, "Analyst"),
    ]


def test_definitions_can_be_read_before_anything_is_loaded(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path, load=False)
    analyst = signed_in(workspace, Role.ANALYST)
    assert analyst.get("/catalogue").status_code == 200
    assert "Nothing has been loaded yet" in words(analyst.get("/catalogue/csat").text)
    assert analyst.get("/catalogue/new").status_code == 200
