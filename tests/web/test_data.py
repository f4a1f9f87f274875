"""Data, its loads and snapshots through the pages: who sees what, and that every change is a form
with a record.
"""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.web.small import Signed, answers, finished, signed_in, small_copy, small_workspace, words

from kampass.access import Role
from kampass.model.messages import Covered
from kampass.store.events import EventKind
from kampass.store.records import Load, LoadedTable
from kampass.workspace import Workspace, open_workspace
from kampass.workspace.events import Events
from kampass.workspace.jobs.jobs import Came, Order
from kampass.workspace.jobs.runner import as_job
from kampass.workspace.published import cards

SCOPED = (Role.ACCOUNT_MANAGER, Role.TEAM_LEAD)
EVERYTHING = (Role.EXECUTIVE, Role.ANALYST, Role.ADMIN)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_copy(tmp_path)


@pytest.fixture
def admin(workspace: Workspace) -> Signed:
    return signed_in(workspace, Role.ADMIN)


def broken_answer(workspace: Workspace) -> None:
    """Let the source state one answer that cannot be read, and load it."""
    file = answers(workspace)
    file.write_text(file.read_text() + "r9,s1,2026-03-09T10:00:00Z,very secret words,a2\n")
    workspace.sync()


def emptied(workspace: Workspace) -> int:
    """Let most answers vanish from the source; the load that waits because of it."""
    file = answers(workspace)
    file.write_text("\n".join(file.read_text().splitlines()[:2]) + "\n")
    (report,) = workspace.sync()
    assert report.state == "held"
    return report.number


@pytest.mark.parametrize("role", Role)
def test_everybody_sees_how_fresh_and_how_complete_the_data_is(
    workspace: Workspace, role: Role
) -> None:
    page = signed_in(workspace, role, "dana@example.com").get("/data")
    assert page.status_code == 200
    assert (
        "Can the numbers be trusted?" in page.text
        and "assumed" in page.text
        and "Survey answers" in page.text
    )


@pytest.mark.parametrize("role", SCOPED)
def test_who_sees_some_accounts_sees_no_count_over_all_of_them(
    workspace: Workspace, role: Role
) -> None:
    broken_answer(workspace)
    page = signed_in(workspace, role, "dana@example.com").get("/data").text
    assert "set aside" not in page and "superseded" not in page and "very secret words" not in page
    rows = page[page.index(">Accounts</th>") :][:60]
    assert '<td class="num">1</td>' in rows, "Dana Fox looks after one of two accounts"


def test_an_executive_sees_counts_and_never_what_stood_there(workspace: Workspace) -> None:
    broken_answer(workspace)
    client = signed_in(workspace, Role.EXECUTIVE)
    page = client.get("/data").text
    assert "Rows set aside" in page and '<span class="num">10</span> read' in page
    assert "very secret words" not in page and "/data/quarantine" not in page
    assert client.get("/data/quarantine").status_code == 403


def test_an_analyst_sees_why_each_row_is_set_aside_and_which_kpis_lack_it(
    workspace: Workspace,
) -> None:
    broken_answer(workspace)
    page = signed_in(workspace, Role.ANALYST).get("/data/quarantine").text
    assert "very secret words" in page and "Customer Satisfaction" in page and "2026-03" in page
    for by in ("table", "load"):
        assert (
            signed_in(workspace, Role.ANALYST).get(f"/data/quarantine?by={by}").status_code == 200
        )


def test_what_was_set_aside_is_read_again_from_a_corrected_source(
    workspace: Workspace, admin: Signed
) -> None:
    broken_answer(workspace)
    file = answers(workspace)
    file.write_text(file.read_text().replace("very secret words", "5"))
    place = admin.submit("/data/quarantine/replay")
    assert finished(workspace, place).state == "done"
    page = admin.get(place).text
    assert "1 row was mended, none remains set aside" in page and "Mar 2026" in page
    assert workspace.quarantine().total == 0


def test_a_sync_runs_beside_the_page_and_says_what_it_read(
    workspace: Workspace, admin: Signed
) -> None:
    place = admin.submit("/data/sync", {"source": "files"})
    assert finished(workspace, place).state == "done"
    page = admin.get(place).text
    assert "unchanged" in page and "No figure of a closed month is another than before" in page
    assert "data.sync" in {entry.action for entry in workspace.people.audit.entries(10)}


def work_panel(client: Signed) -> str:
    """What the page says of the work on the data; nothing where it has no such part."""
    return words(
        client.get("/data").text.partition('aria-label="Work"')[2].partition("</table>")[0]
    )


def test_work_is_listed_with_who_asked_and_what_came_of_it(
    workspace: Workspace, admin: Signed
) -> None:
    """One reading is done, another one failed, and a third waits."""
    finished(workspace, admin.submit("/data/sync"))
    broken = answers(workspace)
    broken.write_text("nothing,of,use\n1,2,3\n")
    finished(workspace, admin.submit("/data/sync", {"source": "files"}))
    admin.submit("/data/sync")
    panel = work_panel(admin)
    assert panel.count("by Admin") == 3 and "Load 2." in panel and "there is no column" in panel
    assert all(state in panel for state in ("waits its turn", "failed", "done"))
    assert panel.index("waits its turn") < panel.index("failed") < panel.index("Load 2."), (
        "the latest comes first"
    )


def test_how_far_work_is_is_said_in_its_own_unit(workspace: Workspace, admin: Signed) -> None:
    with as_job(workspace, Order("sync", "Reading every source")) as doing:
        doing("Loading tickets")
        assert '<progress aria-label="Loading tickets" max="100">' in admin.get("/data").text, (
            "nobody knows yet how much there is"
        )
        doing.count(1_240_000, 12_400_000, "bytes")
        page = admin.get("/data").text
    assert (
        'aria-label="Loading tickets" value="1240000" max="12400000"' in page
        and "1.2 of 12.4 MB" in page
    )
    assert "by the command line" in work_panel(admin)


def test_who_sees_some_accounts_sees_no_work_of_others(workspace: Workspace, admin: Signed) -> None:
    finished(workspace, admin.submit("/data/sync"))
    assert work_panel(signed_in(workspace, Role.ACCOUNT_MANAGER, "dana@example.com")) == ""
    executive = signed_in(workspace, Role.EXECUTIVE)
    assert "by Admin" in work_panel(executive) and "/data/jobs/" not in executive.get("/data").text


def test_what_came_of_work_is_there_after_a_restart(workspace: Workspace, admin: Signed) -> None:
    """An answer that is corrected moves a figure; another process shows the same page of it."""
    file = answers(workspace)
    file.write_text(file.read_text().replace("T10:00:00Z,1,", "T10:00:00Z,5,"))
    place = admin.submit("/data/sync")
    finished(workspace, place)
    with closing(open_workspace(workspace.folder)) as restarted:
        after = signed_in(restarted, Role.ADMIN).get(place).text
    assert "75.0 %" in after and "100.0 %" in after and "Load 2" in after
    restated = [
        event.about
        for event in Events(workspace.manifest.engine).after(0)
        if event.kind is EventKind.RESTATED
    ]
    assert [about["kpis"] for about in restated] == [["csat"]]


def test_work_whose_snapshot_is_gone_is_shown_without_its_figures(
    workspace: Workspace, admin: Signed
) -> None:
    with as_job(workspace, Order("sync", "Reading every source")) as doing:
        doing.came = Came("Load 1.", (1,), before="0" * 16)
    page = admin.get("/data/jobs/1")
    assert (
        page.status_code == 200
        and "can no longer be compared" in page.text
        and "Load 1" in page.text
    )


def test_the_fragment_of_a_finished_job_asks_no_more(workspace: Workspace, admin: Signed) -> None:
    place = admin.submit("/data/sync")
    finished(workspace, place)
    fragment = admin.get(place, headers={"HX-Request": "true"})
    assert (
        "hx-trigger" not in fragment.text
        and "<html" not in fragment.text
        and fragment.headers["hx-refresh"] == "true"
    )


def test_a_sync_that_fails_says_so_and_changes_nothing(workspace: Workspace, admin: Signed) -> None:
    file = answers(workspace)
    file.write_text("nothing,of,use\n1,2,3\n")
    before = workspace.manifest.current()
    place = admin.submit("/data/sync")
    assert finished(workspace, place).state == "failed"
    page = admin.get(place).text
    assert "Nothing was changed" in page and "missing_column" in page
    assert workspace.manifest.current() == before


def test_a_load_shows_what_its_source_vouched_for(workspace: Workspace, admin: Signed) -> None:
    covered = Covered("tickets", date(2025, 1, 1), date(2026, 1, 1))
    table = LoadedTable("tickets", 0, 0, 0, 0, 0, 0, "", changes=True)
    at = datetime(2026, 4, 1, tzinfo=UTC)
    number = workspace.manifest.add_load(
        Load(0, "desk", at, "complete", "", (table,), "7", (covered,))
    )
    page = admin.get(f"/data/loads/{number}").text
    assert "complete for 2025-01-01 to 2026-01-01, says its source" in page
    assert admin.get(f"/api/v1/loads/{number}").json()["coverage"] == [
        {"table": "tickets", "covered_from": "2025-01-01", "covered_to": "2026-01-01"}
    ]
    assert "coverage" not in admin.get("/api/v1/loads/1").json()


@pytest.mark.parametrize(
    ("decision", "words", "rows"), [("confirm", "counts now", 1), ("drop", "was dropped", 4)]
)
def test_a_load_that_waits_shows_what_it_would_change_and_is_decided_here(
    workspace: Workspace, admin: Signed, decision: str, words: str, rows: int
) -> None:
    number = emptied(workspace)
    assert "A load waits for a person" in admin.get("/data").text
    page = admin.get(f"/data/loads/{number}").text
    assert f"Shall load {number} count?" in page and "r2, r3, r4" in page
    place = admin.submit(f"/data/loads/{number}/{decision}")
    assert finished(workspace, place).state == "done"
    assert words in admin.get(place).text
    assert workspace.sight().backend.run("SELECT count(*) FROM responses").first() == (rows,)
    assert (
        admin.post(
            f"/data/loads/{number}/{decision}", data={"csrf": admin.csrf}, follow_redirects=False
        ).status_code
        == 409
    )


@pytest.mark.parametrize("role", [*SCOPED, Role.EXECUTIVE])
@pytest.mark.parametrize(
    "path",
    [
        "/data/sync",
        "/data/loads/1/confirm",
        "/data/loads/1/drop",
        "/data/quarantine/replay",
        "/data/snapshots/x/pin",
    ],
)
def test_only_analysts_and_admins_change_data(workspace: Workspace, role: Role, path: str) -> None:
    client = signed_in(workspace, role)
    assert client.post(path, data={"csrf": client.csrf}, follow_redirects=False).status_code == 403


def test_a_snapshot_is_pinned_with_a_reason_and_unpinned(
    workspace: Workspace, admin: Signed
) -> None:
    (card,) = cards(workspace)
    admin.submit(f"/data/snapshots/{card.id}/pin", {"why": " "})
    assert cards(workspace)[0].pinned is None
    admin.submit(f"/data/snapshots/{card.id}/pin", {"why": "board report <b>"})
    assert "board report &lt;b&gt;" in admin.get("/data/snapshots").text
    admin.submit(f"/data/snapshots/{card.id}/unpin")
    assert cards(workspace)[0].pinned is None
    assert {"data.pin", "data.unpin"} <= {
        entry.action for entry in workspace.people.audit.entries(10)
    }


def test_two_snapshots_tell_which_figures_moved_and_because_of_which_rows(
    workspace: Workspace, admin: Signed
) -> None:
    file = answers(workspace)
    file.write_text(file.read_text() + "r9,s1,2026-03-09T10:00:00Z,1,a2\n")
    workspace.sync()
    before, after = (card.id for card in cards(workspace))
    page = admin.get(f"/data/snapshots/compare?a={before}&b={after}").text
    assert "75.0 %" in page and "60.0 %" in page and "survey answers r9 came late (load 2)" in page
    assert f"/why/csat?period=2026-03&amp;snapshot={before}" in page


@pytest.mark.parametrize("query", ["a=zz&b=zz", "a=0&b=1&period=soon"])
def test_snapshots_that_cannot_be_compared_keep_the_question(admin: Signed, query: str) -> None:
    page = admin.get(f"/data/snapshots/compare?{query}")
    assert page.status_code in {404, 422}
    assert "These cannot be compared" in page.text


@pytest.mark.parametrize("role", SCOPED)
@pytest.mark.parametrize(
    "path", ["/data/snapshots", "/data/snapshots/compare", "/data/definitions", "/data/loads/1"]
)
def test_who_sees_some_accounts_sees_no_snapshot_of_all(
    workspace: Workspace, role: Role, path: str
) -> None:
    assert signed_in(workspace, role).get(path).status_code == 403


def test_a_changed_definition_shows_what_it_does(workspace: Workspace, admin: Signed) -> None:
    assert "Every definition is as it was published" in admin.get("/data/definitions").text


@pytest.mark.parametrize("role", Role)
def test_a_workspace_without_a_load_says_what_to_do_next(tmp_path: Path, role: Role) -> None:
    client = signed_in(small_workspace(tmp_path, load=False), role)
    assert "Nothing has been loaded yet" in client.get("/data").text
    if role in EVERYTHING:
        assert "No snapshot yet" in client.get("/data/snapshots").text
