"""Several exports are uploaded at once: what each fills is shown, what they leave open is asked, and
they are loaded when nothing is open; all without a script.
"""

import re
from pathlib import Path

import pytest
from tests.web.small import Signed, finished, signed_in, small_copy, words

from kampass.access import Role
from kampass.workspace import Workspace

DEALS = (
    "Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Create Date,Deal Type,"
    "Associated Company\n"
    "901,Acme seats,Closed Won,2025-03-14 10:00,Ada Park,1200,2025-01-07 09:12,New Business,Acme\n"
    "902,Birch plan,Closed Lost,2025-04-02 16:30,Bo Lind,800,2025-02-11 11:00,New Business,Birch\n"
)
ANSWERS = (
    "Timestamp,Email Address,Company,How likely are you to recommend us to a colleague?\n"
    "3/14/2025 10:14:01,pat@acme.example,Acme,10\n4/24/2025 10:14:01,lee@birch.example,Birch,4\n"
)
ZONES = {"deals.deals.timezone": "UTC", "answers.responses.timezone": "UTC"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_copy(tmp_path)


@pytest.fixture
def analyst(workspace: Workspace) -> Signed:
    return signed_in(workspace, Role.ANALYST)


def upload(client: Signed, *more: tuple[str, str]) -> str:
    files = [("deals.csv", DEALS), ("answers.csv", ANSWERS), *more]
    return client.submit("/data/uploads", files=[("files", (name, text)) for name, text in files])


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.ACCOUNT_MANAGER])
def test_only_analysts_and_admins_upload_files(workspace: Workspace, role: Role) -> None:
    client = signed_in(workspace, role)
    files = [("files", ("deals.csv", DEALS))]
    refused = client.post("/data/uploads", data={"csrf": client.csrf}, files=files)
    assert refused.status_code == 403
    assert client.get("/data/uploads/" + "0" * 32).status_code == 403
    assert not (workspace.folder / ".kampass" / "batches").exists()


def test_what_each_file_fills_is_shown_and_what_is_open_is_asked(analyst: Signed) -> None:
    assert 'name="files"' in analyst.get("/data/upload").text
    page = words(analyst.get(upload(analyst)).text)
    assert "HubSpot deals" in page and "Google Forms answers" in page
    assert page.count("In which time zone are these?") == 2 and "Load them" not in page


def test_answered_files_are_loaded_and_their_kpis_become_possible(
    workspace: Workspace, analyst: Signed
) -> None:
    place = upload(analyst)
    analyst.submit(place, ZONES | {"do": "answer"})
    page = analyst.get(place).text
    assert "Load them" in page and "In which time zone" not in page
    job = analyst.submit(place, {"do": "load"})
    assert finished(workspace, job).state == "done"
    assert "Win rate" in words(analyst.get(job).text)
    workspace.refresh()
    found = workspace.kpi(["win_rate", "revenue_booked"], period="2025-03..2025-04")
    assert [answer.value for answer in found] == [50, 1200]
    assert analyst.get(place).status_code == 404


def test_what_was_answered_answers_again(analyst: Signed) -> None:
    place = upload(analyst)
    analyst.submit(place, ZONES | {"do": "answer"})
    (written,) = re.findall(r"<pre>(.*?)</pre>", analyst.get(place).text, re.DOTALL)
    again = upload(analyst, ("answers.toml", written.replace("&#34;", '"').replace("&#39;", "'")))
    assert "Load them" in analyst.get(again).text


def test_what_is_no_answer_is_said_and_nothing_is_loaded_before_all_is_answered(
    workspace: Workspace, analyst: Signed
) -> None:
    place = upload(analyst)
    for fields in ({"free.deals.deals.timezone": "Nowhere/Land"}, {"do": "load"}):
        refused = analyst.post(place, data={"csrf": analyst.csrf, "do": "answer"} | fields)
        assert refused.status_code == 409, refused.text[:300]
    assert len(workspace.manifest.loads()) == 1


def test_the_next_export_of_the_same_name_takes_the_place_of_the_first(
    workspace: Workspace, analyst: Signed
) -> None:
    for text in (DEALS, DEALS.replace(",1200,", ",1500,")):
        files = [("files", ("deals.csv", text))]
        place = analyst.submit("/data/uploads", files=files)
        analyst.submit(place, ZONES | {"do": "answer"})
        assert finished(workspace, analyst.submit(place, {"do": "load"})).state == "done"
    workspace.refresh()
    (found,) = workspace.kpi("revenue_booked", period="2025-03")
    assert found.value == 1500
    assert [path.name for path in (workspace.folder / "uploads" / "deals").iterdir()] == [
        "export.csv"
    ]


def test_the_files_of_another_person_do_not_exist(workspace: Workspace, analyst: Signed) -> None:
    place = upload(analyst)
    other = signed_in(workspace, Role.ADMIN)
    assert other.get(place).status_code == 404
    assert other.post(place, data={"csrf": other.csrf, "do": "discard"}).status_code == 404


@pytest.mark.parametrize("bad", ["<script>alert(1)</script>.csv", "../../kampass.csv"])
def test_names_and_cells_are_shown_and_never_run_nor_a_path(
    workspace: Workspace, analyst: Signed, bad: str
) -> None:
    evil = "<script>alert(2)</script>"
    place = upload(analyst, (bad, f"Deal ID,{evil},Stage\n1,{evil},{evil}\n2,x,Closed Won\n"))
    assert "<script>alert" not in analyst.get(place).text
    kept = workspace.folder / ".kampass" / "batches"
    assert all(re.fullmatch(r"[a-z0-9-]+\.(csv|json)", file.name) for file in kept.glob("*/*"))


def test_a_file_of_another_kind_is_refused(analyst: Signed) -> None:
    files = [("files", ("a.exe", b"MZ"))]
    refused = analyst.post("/data/uploads", data={"csrf": analyst.csrf}, files=files)
    assert refused.status_code >= 400 and "What kind of file is this?" in refused.text
