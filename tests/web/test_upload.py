"""Upload through the pages: seen before it is loaded, refused with a way out, and only by those who
may change data.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.served import on_loopback
from tests.web.small import (
    ANSWERED,
    MAPPED,
    MESSY,
    PASSWORD,
    Signed,
    finished,
    signed_in,
    small_copy,
    words,
)

from kampass.access import Role
from kampass.workspace import Workspace

PATIENCE = 60_000
CHANGING = (Role.ANALYST, Role.ADMIN)
ROUTES = (
    "/data/upload",
    "/data/upload/" + "0" * 32,
    "/data/quarantine",
    "/data/quarantine/rows.csv",
    "/data/quarantine/rows/x",
    "/data/jobs/x",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_copy(tmp_path)


@pytest.fixture
def analyst(workspace: Workspace) -> Signed:
    return signed_in(workspace, Role.ANALYST)


def upload(
    client: Signed, text: str | bytes = MESSY, name: str = "answers.csv", **fields: str
) -> str:
    """Send a file; the page of its mapping."""
    content = text.encode() if isinstance(text, str) else text
    return client.submit(
        "/data/upload",
        {"table": "responses", "source": "survey"} | fields,
        files={"file": (name, content)},
    )


def loaded(workspace: Workspace, client: Signed) -> str:
    """Upload, map and load the messy file; the page of the job."""
    place = upload(client)
    client.submit(place, ANSWERED | {"do": "look"})
    job = client.submit(place, ANSWERED | {"do": "load"})
    assert finished(workspace, job).state == "done"
    return job


@pytest.mark.parametrize("role", [role for role in Role if role not in CHANGING])
def test_only_analysts_and_admins_upload_and_see_what_is_set_aside(
    workspace: Workspace, role: Role
) -> None:
    client = signed_in(workspace, role)
    assert {path: client.get(path).status_code for path in ROUTES} == dict.fromkeys(ROUTES, 403)
    assert (
        client.post(
            "/data/upload",
            data={"csrf": client.csrf, "source": "x", "table": "deals"},
            files={"file": ("a.csv", b"x")},
        ).status_code
        == 403
    )


def test_nothing_is_loaded_before_somebody_has_seen_it_and_said_so(
    workspace: Workspace, analyst: Signed
) -> None:
    place = upload(analyst)
    page = analyst.get(place).text
    assert "Nothing is loaded until you say so" in page and 'value="load"' not in page
    analyst.submit(place, ANSWERED | {"do": "look"})
    seen = analyst.get(place).text
    assert "2 would be set aside" in words(seen) and "sehr gut" in seen and 'value="load"' in seen
    changed = analyst.submit(place, ANSWERED | {"numbers": ",.", "do": "load"})
    assert changed == place, "what was changed with the last click has not been seen"
    assert len(workspace.manifest.loads()) == 1


def test_a_question_left_open_is_said_and_keeps_what_was_chosen(analyst: Signed) -> None:
    place = upload(analyst)
    analyst.submit(place, MAPPED | {"do": "look"})
    answer = analyst.post(place, data={"csrf": analyst.csrf, "do": "load"} | MAPPED)
    assert answer.status_code == 409
    assert "which is the day, which the month?" in answer.text
    assert '<option value=":Note" selected>' in answer.text


def test_the_load_leads_to_what_was_set_aside_and_to_the_figures_that_moved(
    workspace: Workspace, analyst: Signed
) -> None:
    page = analyst.get(loaded(workspace, analyst)).text
    assert "4 read = 2 loaded + 0 unchanged + 0 superseded + 2 set aside" in words(page)
    assert "/data/quarantine?load=2" in page
    entries = {entry.action for entry in workspace.people.audit.entries(50)}
    assert {"data.upload", "data.load"} <= entries


def test_the_next_upload_asks_for_nothing_but_the_file(
    workspace: Workspace, analyst: Signed
) -> None:
    loaded(workspace, analyst)
    assert "Name of the source" not in analyst.get("/data/upload?source=survey").text
    place = upload(analyst, MESSY.replace("e1", "e7"))
    assert "add to it?" in analyst.get(place).text
    analyst.submit(place, ANSWERED | {"adds": "add", "do": "look"})
    assert (
        finished(workspace, analyst.submit(place, ANSWERED | {"adds": "add", "do": "load"})).state
        == "done"
    )


@pytest.mark.parametrize(
    ("name", "content", "fields", "words"),
    [
        ("a.exe", b"MZ", {}, "What kind of file is this?"),
        ("a.csv", b"", {}, "The file is empty"),
        ("a.csv", b"id\n1\n", {"source": "../../etc"}, "is no name for a source"),
        ("a.csv", b"id\n1\n", {"source": "files"}, "not made of uploads"),
        ("a.csv", b"id\n1\n", {"table": "answers"}, "no table called"),
    ],
)
def test_a_file_that_is_not_taken_says_why_and_keeps_what_was_typed(
    analyst: Signed, name: str, content: bytes, fields: dict[str, str], words: str
) -> None:
    typed = {"csrf": analyst.csrf, "source": "survey", "table": "responses"} | fields
    answer = analyst.post(
        "/data/upload", data=typed, files={"file": (name, content)}, follow_redirects=False
    )
    assert 400 <= answer.status_code < 500
    assert words in answer.text and f'value="{typed["source"]}"' in answer.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"not a workbook"),
        ("a.xlsx", b"PK\x03\x04broken"),
        ("a.csv", b"PK\x03\x04zip"),
        ("a.csv", b"%PDF-1.4"),
        ("a.jsonl", b'{"a": 1'),
        ("a.csv", b"\0" * 40),
    ],
)
def test_a_file_that_is_not_what_it_says_is_shown_as_trouble_and_not_as_a_crash(
    analyst: Signed, name: str, content: bytes
) -> None:
    page = analyst.get(upload(analyst, content, name))
    assert page.status_code == 200
    assert "cannot be read like this" in page.text or "be loaded" in page.text


def test_a_file_larger_than_the_limit_is_refused(analyst: Signed) -> None:
    answer = analyst.post(
        "/data/upload",
        headers={
            "content-length": str(300 << 20),
            "content-type": "multipart/form-data; boundary=x",
        },
        content=b"",
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "bad", ["<script>alert(1)</script>.csv", '"><img src=x onerror=alert(1)>.csv']
)
def test_names_headers_and_cells_are_shown_and_never_run(analyst: Signed, bad: str) -> None:
    evil = "<script>alert(2)</script>"
    place = upload(analyst, f"id,{evil}\n1,{evil}\n", bad)
    page = analyst.get(place).text
    assert "<script>alert" not in page and "<img src=x" not in page
    analyst.submit(place, {"from.id": f":{evil}", "do": "look"})
    assert "<script>alert" not in analyst.get(place).text


def test_the_upload_of_another_person_does_not_exist(workspace: Workspace, analyst: Signed) -> None:
    place = upload(analyst)
    other = signed_in(workspace, Role.ADMIN)
    assert other.get(place).status_code == 404
    assert other.post(place, data={"csrf": other.csrf, "do": "discard"}).status_code == 404
    assert analyst.get(place).status_code == 200


@pytest.mark.parametrize("select", ["SELECT * FROM read_csv('/etc/passwd')", "SELECT 1"])
def test_no_select_comes_through_the_form(analyst: Signed, select: str) -> None:
    place = upload(analyst)
    analyst.submit(
        place, ANSWERED | {"select": select, "distinct": "1", "file": "/etc/passwd", "do": "look"}
    )
    page = words(analyst.get(place).text)
    assert "passwd" not in page and "2 would be set aside" in page


def test_a_post_without_the_sessions_secret_is_refused(analyst: Signed) -> None:
    assert (
        analyst.post(
            "/data/upload",
            data={"source": "survey", "table": "responses"},
            files={"file": ("a.csv", b"id\n1\n")},
        ).status_code
        == 403
    )


def test_a_row_is_mended_in_the_page_and_the_page_says_which_kpi_moved(
    workspace: Workspace, analyst: Signed
) -> None:
    loaded(workspace, analyst)
    row = next(row for row in workspace.quarantine(rows=True).rows if row.value == "sehr gut")
    form = analyst.get(f"/data/quarantine/rows/{row.id}").text
    assert 'name="cell.score"' in form and "sehr gut" in form
    cells = {f"cell.{name}": cell or "" for name, cell in (row.row or {}).items()}
    assert (
        analyst.post(
            f"/data/quarantine/rows/{row.id}", data={"csrf": analyst.csrf} | cells
        ).status_code
        == 409
    )
    place = analyst.submit(f"/data/quarantine/rows/{row.id}", cells | {"cell.score": "1"})
    assert finished(workspace, place).state == "done"
    page = analyst.get(place).text
    assert "1 row was mended, 1 remains" in page
    assert workspace.quarantine().mended == 1
    assert analyst.get(f"/data/quarantine/rows/{row.id}").status_code == 404


def test_a_row_that_is_none_is_dismissed_with_one_click_and_stays_away(
    workspace: Workspace, analyst: Signed
) -> None:
    loaded(workspace, analyst)
    row = next(row for row in workspace.quarantine(rows=True).rows if row.value == "sehr gut")
    assert f"/data/quarantine/rows/{row.id}/dismiss" in analyst.get("/data/quarantine").text
    place = analyst.submit(f"/data/quarantine/rows/{row.id}/dismiss")
    assert finished(workspace, place).state == "done"
    assert "nor is it when it comes again" in analyst.get(place).text
    left = workspace.quarantine(rows=True)
    assert left.total == 1
    assert all(one.dismissed for one in left.rows if one.value == "sehr gut")
    assert "no row, says load" in analyst.get("/data/quarantine").text


def test_a_row_still_wrong_is_said_to_remain(workspace: Workspace, analyst: Signed) -> None:
    loaded(workspace, analyst)
    row = next(row for row in workspace.quarantine(rows=True).rows if row.value == "sehr gut")
    cells = {f"cell.{name}": cell or "" for name, cell in (row.row or {}).items()}
    place = analyst.submit(f"/data/quarantine/rows/{row.id}", cells | {"cell.score": "gut"})
    finished(workspace, place)
    assert "0 rows were mended, 2 remain" in analyst.get(place).text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_come_back_from_a_spreadsheet_whatever_it_parts_columns_by(
    workspace: Workspace, analyst: Signed, delimiter: str
) -> None:
    loaded(workspace, analyst)
    taken = analyst.get("/data/quarantine/rows.csv?table=responses&source=survey")
    rows = list(csv.DictReader(io.StringIO(taken.text)))
    assert len(rows) == 2
    for row in rows:
        row |= {"score": "4", "responded_at": "2026-04-13T10:00:00Z"}
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    place = analyst.submit(
        "/data/quarantine/mended", files={"file": ("mend.csv", text.getvalue().encode("utf-8-sig"))}
    )
    assert finished(workspace, place).state == "done"
    assert workspace.quarantine().total == 0


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"a,b\n1\n", b'a,"b\n1,2\n', b"id,score\n1,2\n"]
)
def test_a_mended_file_that_cannot_be_read_changes_nothing(
    workspace: Workspace, analyst: Signed, content: bytes
) -> None:
    loaded(workspace, analyst)
    answer = analyst.post(
        "/data/quarantine/mended",
        data={"csrf": analyst.csrf},
        files={"file": ("m.csv", content)},
        follow_redirects=False,
    )
    assert (
        answer.status_code == 409
        or finished(workspace, answer.headers["location"]).state == "failed"
    )
    assert workspace.quarantine().total == 2


def test_no_cell_of_the_taken_rows_is_a_formula(workspace: Workspace, analyst: Signed) -> None:
    evil = '=HYPERLINK("http://x")'
    place = upload(analyst, MESSY.replace("sehr gut", evil).replace("31.02", "@31.02"))
    analyst.submit(place, ANSWERED | {"do": "look"})
    finished(workspace, analyst.submit(place, ANSWERED | {"do": "load"}))
    text = analyst.get("/data/quarantine/rows.csv").text
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any("HYPERLINK" in cell for cell in cells)


@pytest.fixture
def served(workspace: Workspace) -> Iterator[str]:
    """The address of a server for a browser."""
    with on_loopback(workspace) as found:
        yield found


def test_a_messy_file_is_uploaded_mapped_loaded_mended_and_the_kpi_changes(
    workspace: Workspace, served: str, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "antworten.csv"
    file.write_bytes(MESSY.encode())
    person = workspace.people.accounts.add(
        "ada@example.com", "Ada", Role.ANALYST, password=PASSWORD
    )
    token, _ = workspace.people.sessions.start(person.id, address="", agent="")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "kampass", "value": token, "url": served}])
    page = context.new_page()
    trouble: list[str] = []
    page.on(
        "console", lambda message: trouble.append(message.text) if message.type == "error" else None
    )
    page.goto(f"{served}/data")
    page.get_by_role("link", name="Upload a file").click()
    page.get_by_label("The file").set_input_files(file)
    page.get_by_label("What its rows are").select_option("responses")
    page.get_by_label("Name of the source").fill("survey")
    page.get_by_role("button", name="See what it becomes").click()
    page.wait_for_url(re.compile("/data/upload/[0-9a-f]{32}$"))
    for name, header in (
        ("id", "Nr"),
        ("survey_id", "Umfrage"),
        ("responded_at", "Am"),
        ("score", "Note"),
        ("account_id", "Kunde"),
    ):
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.locator(f"[name='from.{name}']").select_option(label=header)
    page.locator("input[name='read.responded_at']").first.check()
    page.get_by_label("Numbers look like").select_option(label="1234,56")
    page.get_by_label("Clock times are in").fill("Europe/Berlin")
    page.get_by_label("Clock times are in").press("Tab")
    expect(page.get_by_text("2 would be set aside")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_text("What it did to the figures")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="See what was set aside, and mend it").click()
    page.get_by_role("link", name="Mend").first.click()
    page.locator("[name='cell.score']").fill("1")
    page.get_by_role("button", name="Mend it").click()
    expect(page.get_by_text("1 row was mended, 1 remains")).to_be_visible(timeout=PATIENCE)
    context.close()
    assert trouble == []
    (answer,) = workspace.kpi("csat", period="2026-04")
    assert (answer.n, answer.numerator) == (3, 2)
