"""Writing a KPI in the browser: its test fails, it is mended, it is saved; and nobody's work is
lost on the way.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.drafts import HAPPY, LAUGHS, counting_otherwise
from tests.served import on_loopback
from tests.web.small import PASSWORD, Signed, signed_in, small_copy

from kampass.access import Role
from kampass.workspace import Workspace
from kampass.workspace.authoring import edits

PATHS = ("/catalogue/new", "/catalogue/happy_share/edit", "/catalogue/happy_share/delete")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_copy(tmp_path)


@pytest.fixture
def analyst(workspace: Workspace) -> Signed:
    return signed_in(workspace, Role.ANALYST)


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def hidden(page: str, name: str) -> str:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)[0]


def post(client: Signed, path: str, status: int, **fields: str) -> str:
    """Send the editor's form; the page that comes back."""
    answer = client.post(path, data={"csrf": client.csrf} | fields)
    assert answer.status_code == status, words(answer.text)[:1500]
    return answer.text


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.TEAM_LEAD, Role.EXECUTIVE])
def test_who_does_not_define_reaches_none_of_its_routes(
    workspace: Workspace, analyst: Signed, role: Role
) -> None:
    analyst.submit("/catalogue/new", {"text": HAPPY, "do": "save"})
    client = signed_in(workspace, role)
    for path in PATHS:
        assert client.get(path).status_code == 403
        assert (
            client.post(
                path, data={"csrf": client.csrf, "text": "kpis: []", "base": "", "do": "save"}
            ).status_code
            == 403
        )


def test_a_post_from_elsewhere_is_refused(analyst: Signed, workspace: Workspace) -> None:
    assert analyst.post("/catalogue/new", data={"text": HAPPY, "do": "save"}).status_code == 403
    assert not list((workspace.folder / "kpis").iterdir())


def test_while_it_is_typed_only_what_came_of_it_is_sent(analyst: Signed) -> None:
    answer = analyst.post(
        "/catalogue/new",
        data={"csrf": analyst.csrf, "text": HAPPY, "by": "account"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "It can be saved: 2 examples hold." in words(answer.text)


def test_a_failing_example_keeps_it_from_being_saved_and_says_why(
    analyst: Signed, workspace: Workspace
) -> None:
    page = words(
        post(
            analyst, "/catalogue/new", 422, text=HAPPY.replace("scale: 100", "scale: 10"), do="save"
        )
    )
    assert "2 of 2 examples do not hold" in page
    assert "value 75 7.5" in page
    assert not list((workspace.folder / "kpis").iterdir())


def test_a_saved_kpi_stands_in_the_catalogue_answers_and_is_in_the_audit_log(
    analyst: Signed, workspace: Workspace
) -> None:
    assert (
        analyst.submit("/catalogue/new", {"text": HAPPY, "do": "save"}) == "/catalogue/happy_share"
    )
    assert "Happy share" in words(analyst.get("/catalogue?show=own").text)
    assert "75.0 %" in words(analyst.get("/kpis/happy_share?period=2026-03").text)
    (entry,) = workspace.people.audit.entries(action="catalogue.save")
    assert (entry.what, entry.detail["file"], entry.detail["versions"]) == (
        "happy_share",
        "happy_share.yaml",
        {"happy_share": 1},
    )


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS + "kpis: [{id: x, name: *j}]",
        "[" * 30_000,
        "",
        "x" * 150_000,
        "kpis: [{id: '<script>alert(1)</script>'}]",
        "\x00\ud7ff",
    ],
)
def test_hostile_drafts_end_in_a_finding_and_never_in_markup(analyst: Signed, text: str) -> None:
    page = post(analyst, "/catalogue/new", 422, text=text, do="save")
    assert "thing to mend" in words(page) or "things to mend" in words(page)
    assert "<script>alert" not in page


def test_counting_otherwise_is_offered_a_version_shows_what_it_changes_and_is_saved_when_that_was_seen(
    analyst: Signed, workspace: Workspace
) -> None:
    analyst.submit("/catalogue/new", {"text": HAPPY, "do": "save"})
    path = "/catalogue/happy_share/edit"
    base = hidden(analyst.get(path).text, "base")
    page = post(analyst, path, 422, text=counting_otherwise(HAPPY), base=base, do="save")
    assert "Raise the version to 2" in words(page)
    raised = edits.with_version(counting_otherwise(HAPPY), "happy_share", 2)
    assert raised is not None
    assert html.escape("version: 2") in post(
        analyst, path, 200, text=counting_otherwise(HAPPY), base=base, do="raise"
    )
    page = post(analyst, path, 422, text=raised, base=base, do="save")
    assert "Mar 2026 75.0 % 7.5 %" in words(page)
    assert "version: 1" in (workspace.folder / "kpis" / "happy_share.yaml").read_text(
        encoding="utf-8"
    )
    analyst.submit(path, {"text": raised, "base": base, "do": "save", "seen": hidden(page, "seen")})
    assert workspace.sight().kpi("happy_share", period="2026-03")[0].value == 7.5


def test_the_second_of_two_who_edit_sees_both_versions_and_loses_nothing(
    analyst: Signed, workspace: Workspace
) -> None:
    analyst.submit("/catalogue/new", {"text": HAPPY, "do": "save"})
    path = "/catalogue/happy_share/edit"
    base = hidden(analyst.get(path).text, "base")
    first, second = (HAPPY.replace("Happy share", name) for name in ("First", "Second"))
    signed_in(workspace, Role.ADMIN).submit(path, {"text": first, "base": base, "do": "save"})
    page = post(analyst, path, 409, text=second, base=base, do="save")
    assert "Somebody else has changed this file" in words(page)
    assert "- name: First + name: Second" in words(page)
    assert "name: First" in (workspace.folder / "kpis" / "happy_share.yaml").read_text(
        encoding="utf-8"
    )
    analyst.submit(path, {"text": second, "base": hidden(page, "base"), "do": "save"})
    assert "name: Second" in (workspace.folder / "kpis" / "happy_share.yaml").read_text(
        encoding="utf-8"
    )


def test_a_draft_of_what_was_deleted_meanwhile_is_kept(
    analyst: Signed, workspace: Workspace
) -> None:
    analyst.submit("/catalogue/new", {"text": HAPPY, "do": "save"})
    base = hidden(analyst.get("/catalogue/happy_share/edit").text, "base")
    signed_in(workspace, Role.ADMIN).submit("/catalogue/happy_share/delete", {"base": base})
    page = post(analyst, "/catalogue/happy_share/edit", 409, text=HAPPY, base=base, do="save")
    assert "Somebody else has deleted this file" in words(page)
    assert "id: happy_share" in page
    assert hidden(page, "base") == ""
    assert [entry.what for entry in workspace.people.audit.entries(action="catalogue.delete")] == [
        "happy_share"
    ]


def test_deleting_asks_first_and_refuses_where_it_has_changed_since(
    analyst: Signed, workspace: Workspace
) -> None:
    analyst.submit("/catalogue/new", {"text": HAPPY, "do": "save"})
    page = analyst.get("/catalogue/happy_share/delete").text
    assert "Delete Happy share?" in words(page)
    analyst.submit(
        "/catalogue/happy_share/edit",
        {"text": HAPPY.replace("Happy share", "Other"), "base": hidden(page, "base"), "do": "save"},
    )
    assert (
        analyst.post(
            "/catalogue/happy_share/delete",
            data={"csrf": analyst.csrf, "base": hidden(page, "base")},
        ).status_code
        == 409
    )
    assert (workspace.folder / "kpis" / "happy_share.yaml").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/catalogue/nrr/edit",
        "/catalogue/nrr/delete",
        "/catalogue/no_such_kpi/edit",
        "/catalogue/new?from=no_such_kpi",
    ],
)
def test_what_comes_with_kampass_or_does_not_exist_is_not_edited(
    analyst: Signed, path: str
) -> None:
    assert analyst.get(path).status_code == 404


@pytest.fixture
def address(workspace: Workspace) -> Iterator[str]:
    """The address of a server for a browser."""
    with on_loopback(workspace) as found:
        yield found


def test_a_kpi_is_copied_broken_mended_and_saved_by_keyboard_alone(
    workspace: Workspace, address: str, browser: Browser
) -> None:
    person = workspace.people.accounts.add(
        "ada@example.com", "Ada", Role.ANALYST, password=PASSWORD
    )
    token, _ = workspace.people.sessions.start(person.id, address="", agent="")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(120_000)
    context.add_cookies([{"name": "kampass", "value": token, "url": address}])
    page = context.new_page()
    trouble: list[str] = []
    page.on(
        "console", lambda message: trouble.append(message.text) if message.type == "error" else None
    )
    page.goto(f"{address}/catalogue/csat")
    page.get_by_role("link", name="Copy", exact=True).press("Enter")
    draft = page.get_by_label("Definition", exact=True)
    state = (
        page.get_by_role("status")
        .filter(has_text="saved")
        .or_(page.get_by_role("status").filter(has_text="Not yet"))
        .first
    )
    expect(state).to_contain_text("It can be saved", timeout=120_000)
    text = draft.input_value()
    assert "id: csat_copy" in text
    draft.fill(text.replace("numerator: satisfied", "numerator: answers"))
    expect(page.locator("#checked")).to_contain_text("do not hold", timeout=120_000)
    failed = page.locator(".outcome").filter(has_text="80 of 100 answers are satisfied")
    expect(failed.locator("tbody tr").first).to_contain_text("80")
    expect(failed.locator("tbody tr").first).to_contain_text("100")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("It is not saved")
    draft.fill(
        page.get_by_label("Definition", exact=True)
        .input_value()
        .replace("numerator: answers", "numerator: satisfied")
    )
    expect(page.locator("#checked")).to_contain_text("It can be saved", timeout=120_000)
    draft.press("Tab")
    assert draft.evaluate("field => field === document.activeElement")
    draft.press("Backspace")
    draft.press("Backspace")
    draft.press("Escape")
    draft.press("Tab")
    assert not draft.evaluate("field => field === document.activeElement")
    page.get_by_role("button", name="Save").press("Enter")
    page.wait_for_url(f"{address}/catalogue/csat_copy")
    expect(page.get_by_role("heading", level=1)).to_contain_text("(copy)")
    page.goto(f"{address}/kpis/csat_copy?period=2026-03")
    expect(page.locator(".tile-value").first).to_have_text("75.0 %")
    assert not [text for text in trouble if "422" not in text]
    context.close()
