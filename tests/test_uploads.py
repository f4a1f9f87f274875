"""Uploads: a file waits under a name of ours, is mapped by what a form says, andloads whole or not
at all.
"""

import io
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from tests.struck import run
from tests.web.small import ANSWERED, MAPPED, MESSY, small_copy

from kampass.access import NotFound
from kampass.errors import DataError, UnknownName
from kampass.intake.mapping.draft.form import readings
from kampass.workspace import Workspace
from kampass.workspace.jobs.jobs import Order
from kampass.workspace.jobs.runner import run_next
from kampass.workspace.loads.uploads import Upload, Uploads, load, look
from kampass.workspace.loads.uploads.choices import by_hand, choices, said_of
from kampass.workspace.loads.uploads.look import begin
from kampass.workspace.loads.uploads.pending import aimed
from kampass.workspace.settings import read


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_copy(tmp_path)


def uploaded(workspace: Workspace, text: str | bytes = MESSY, name: str = "answers.csv") -> Upload:
    """A file that waits, aimed at survey answers."""
    content = text.encode() if isinstance(text, str) else text
    upload = Uploads(workspace.folder).receive(io.BytesIO(content), name, 1)
    return begin(workspace, aimed(upload, workspace.settings.sources, "survey", "responses"))


def said(upload: Upload, fields: dict[str, str], **more: object) -> Upload:
    """The upload as a form says it."""
    return replace(
        upload,
        said=said_of(upload.table, {name: [value] for name, value in fields.items()}, upload.said),
        **more,
    )  # type: ignore[arg-type]


def test_a_file_name_is_shown_and_never_a_path(workspace: Workspace) -> None:
    upload = uploaded(workspace, name="../../..\\etc/pass\nwd <b>.CSV")
    assert upload.shown == "pass?wd <b>.CSV"
    files = [
        file.name for file in (workspace.folder / ".kampass" / "uploads" / upload.id).iterdir()
    ]
    assert "upload.csv" in files and not any("pass" in file for file in files)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"x", "unreadable_file"),
        ("noending", b"x", "unreadable_file"),
        ("a.csv", b"", "no_header"),
    ],
)
def test_what_is_no_table_is_refused_and_leaves_nothing_behind(
    workspace: Workspace, name: str, content: bytes, code: str
) -> None:
    with pytest.raises(DataError) as refused:
        Uploads(workspace.folder).receive(io.BytesIO(content), name, 1)
    assert refused.value.code == code
    assert Uploads(workspace.folder).waiting(1) == []


@pytest.mark.parametrize(
    "name", ["", "../x", "A", "a b", "a/b", "-a", "a-", "x" * 41, "ä", "files"]
)
def test_a_source_is_named_strictly_and_never_like_another(workspace: Workspace, name: str) -> None:
    with pytest.raises(DataError) as refused:
        aimed(uploaded(workspace), workspace.settings.sources, name, "responses")
    assert refused.value.code in {"bad_source_name", "source_taken"}


def test_a_table_that_does_not_exist_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UnknownName):
        aimed(uploaded(workspace), workspace.settings.sources, "survey", "answers")


def test_nobody_finds_the_upload_of_another_person(workspace: Workspace) -> None:
    upload = Uploads(workspace.folder).keep(uploaded(workspace))
    assert Uploads(workspace.folder).find(upload.id, 1).id == upload.id
    for upload_id, person in ((upload.id, 2), ("0" * 32, 1), ("../" + upload.id, 1), ("", 1)):
        with pytest.raises(NotFound):
            Uploads(workspace.folder).find(upload_id, person)


def test_a_person_has_ten_uploads_waiting_at_most(workspace: Workspace) -> None:
    made = [uploaded(workspace).id for _ in range(12)]
    assert [upload.id for upload in Uploads(workspace.folder).waiting(1)] == made[:1:-1]


def test_what_could_be_read_in_two_ways_stays_open_until_it_is_answered(
    workspace: Workspace,
) -> None:
    seen = look(workspace, said(uploaded(workspace), MAPPED))
    assert seen.open == (
        "Am: which is the day, which the month? And in which time zone? (timezone)",
        "Note: are they numbers written so?",
    )
    asked = next(
        choice
        for choice in choices(
            "responses", seen.upload.said, seen.preview.questions if seen.preview else ()
        )
        if choice.question
    )
    assert [(code, shown) for code, shown, _ in asked.readings] == [
        ("timestamp:%d.%m.%Y %H:%M", "2026-04-03; 2026-04-05"),
        ("timestamp:%m.%d.%Y %H:%M", "2026-03-04; 2026-05-04"),
    ]
    dated = look(
        workspace,
        said(uploaded(workspace), MAPPED | {"read.responded_at": "timestamp:%d.%m.%Y %H:%M"}),
    )
    assert dated.open == (
        "Am: which time zone are these in? (any IANA name)",
        "Note: are they numbers written so?",
    )


def test_the_preview_shows_the_rows_that_would_be_set_aside_and_loads_nothing(
    workspace: Workspace,
) -> None:
    before = workspace.manifest.current(), (workspace.folder / "kampass.toml").read_text()
    seen = look(workspace, said(uploaded(workspace), ANSWERED))
    assert seen.ready and seen.preview is not None
    assert [(row.line, row.column, row.value) for row in seen.preview.aside] == [
        (3, "Note", "sehr gut"),
        (4, "Am", "31.02.2026 10:00"),
    ]
    assert (workspace.manifest.current(), (workspace.folder / "kampass.toml").read_text()) == before


def test_a_load_writes_the_mapping_and_leaves_the_rest_of_the_settings_as_it_stands(
    workspace: Workspace,
) -> None:
    before = (workspace.folder / "kampass.toml").read_text()
    told: list[str] = []
    found = load(workspace, said(uploaded(workspace), ANSWERED), told.append)
    (report,) = found.reports
    assert [(row.read, row.loaded, row.quarantined) for row in report.tables] == [(4, 2, 2)]
    assert told == ["Loading responses", "Publishing"]
    after = (workspace.folder / "kampass.toml").read_text()
    written = after.partition("[sources.survey]")[2].partition("[calendars.default]")[0]
    assert after.replace("[sources.survey]" + written, "") == before
    assert read(workspace.folder).sources[1].mappings[0].files == ("responses-*.csv",)
    assert Uploads(workspace.folder).waiting(1) == []


def test_a_refused_load_leaves_settings_and_files_as_they_were(workspace: Workspace) -> None:
    load(workspace, said(uploaded(workspace), ANSWERED), lambda _: None)
    folder = workspace.folder / "uploads" / "survey"
    before = (
        (workspace.folder / "kampass.toml").read_text(),
        workspace.manifest.current(),
        [file.name for file in folder.iterdir()],
    )
    with pytest.raises(DataError) as refused:
        load(workspace, said(uploaded(workspace), MAPPED, adds=False), lambda _: None)
    assert refused.value.code == "ambiguous_values"
    assert (
        (workspace.folder / "kampass.toml").read_text(),
        workspace.manifest.current(),
        [file.name for file in folder.iterdir()],
    ) == before


@pytest.mark.parametrize(("adds", "kept"), [(True, ["e1", "e4", "e9"]), (False, ["e9"])])
def test_the_next_file_of_the_same_shape_needs_nothing_but_a_word_on_the_earlier_ones(
    workspace: Workspace, *, adds: bool, kept: list[str]
) -> None:
    load(workspace, said(uploaded(workspace), ANSWERED), lambda _: None)
    again = uploaded(workspace, "Nr;Umfrage;Am;Note;Kunde\n" + "e9;s1;06.05.2026 11:00;5,0;a2\n")
    assert again.known
    seen = look(workspace, again)
    assert seen.open == ("Does this file replace what was uploaded before, or add to it?",)
    load(workspace, replace(again, adds=adds), lambda _: None)
    for held in workspace.manifest.loads(states=("held",)):
        workspace.confirm(held.id)
    rows = (
        workspace.sight()
        .backend.run("SELECT id FROM responses WHERE id LIKE 'e%' ORDER BY 1")
        .all()
    )
    assert [row[0] for row in rows] == kept


NEXT = "Nr;Umfrage;Am;Note;Kunde\n" + "".join(
    f"e{number};s1;0{number}.05.2026 11:00;5,0;a2\n" for number in (1, 4, 9)
)


@pytest.mark.parametrize("point", ["load.batch_open", "load.committed", "publish.pointed"])
@pytest.mark.parametrize("adds", [True, False])
def test_an_upload_whose_load_was_killed_is_loaded_once_by_whoever_comes_next(
    workspace: Workspace, *, adds: bool, point: str
) -> None:
    """A second file is added to the first, or takes its place; the process dies at three moments of
    its load.
    """
    load(workspace, said(uploaded(workspace), ANSWERED), lambda _: None)
    upload = Uploads(workspace.folder).keep(replace(uploaded(workspace, NEXT), adds=adds))
    asked = workspace.jobs.ask(Order("upload", "it", 1, "Ada", {"upload": upload.id, "person": 1}))
    assert run(["run", "--workspace", str(workspace.folder)], fail_at=f"{point}") == -signal.SIGKILL
    while run_next(workspace):
        continue
    job = workspace.jobs.get(asked.id)
    assert job is not None and (job.state, job.tries) == ("done", 2)
    kept = sorted(file.name for file in (workspace.folder / "uploads" / "survey").iterdir())
    assert kept == (
        ["responses-0001.csv", "responses-0002.csv"] if adds else ["responses-0002.csv"]
    )
    rows = (
        workspace.sight()
        .backend.run("SELECT id FROM responses WHERE id LIKE 'e%' ORDER BY 1")
        .all()
    )
    assert [row[0] for row in rows] == ["e1", "e4", "e9"]
    assert Uploads(workspace.folder).waiting(1) == []


def test_a_load_that_is_refused_after_it_was_killed_leaves_settings_and_files_as_they_were(
    workspace: Workspace,
) -> None:
    """The first try died with the earlier file hidden and the mapping written; the second one finds
    that the file cannot be read.
    """
    load(workspace, said(uploaded(workspace), ANSWERED), lambda _: None)
    before = (workspace.folder / "kampass.toml").read_text()
    upload = Uploads(workspace.folder).keep(
        said(uploaded(workspace, NEXT), ANSWERED | {"trim": "1"}, adds=False)
    )
    workspace.jobs.ask(Order("upload", "it", 1, "Ada", {"upload": upload.id, "person": 1}))
    assert (
        run(["run", "--workspace", str(workspace.folder)], fail_at="load.batch_open")
        == -signal.SIGKILL
    )
    assert (workspace.folder / "kampass.toml").read_text() != before
    (Uploads(workspace.folder).place(upload) / upload.file).write_bytes(b"\0\0\0")
    workspace.refresh()
    while run_next(workspace):
        continue
    assert "failed" in {job.state for job in workspace.jobs.listed(10)}
    assert (workspace.folder / "kampass.toml").read_text() == before
    assert [file.name for file in (workspace.folder / "uploads" / "survey").iterdir()] == [
        "responses-0001.csv"
    ]


def test_a_file_that_is_no_utf8_shows_how_it_would_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("id,name\n1,Müller\n".encode("windows-1252"))
    assert ("windows-1252", "1,Müller") in readings(file)
    file.write_bytes("id,name\n1,Müller\n".encode())
    assert readings(file) == ()


def test_an_encoding_is_asked_for_and_then_taken(workspace: Workspace) -> None:
    text = MESSY.removeprefix("\ufeff").replace("a1", "müller").encode("windows-1252")
    asked = look(workspace, said(uploaded(workspace, text), ANSWERED))
    assert "Which encoding does the file have?" in asked.open
    assert look(
        workspace, said(uploaded(workspace, text), ANSWERED | {"encoding": "windows-1252"})
    ).ready


def test_what_a_form_says_is_what_it_shows_again() -> None:
    fields = {
        "from.id": ":No",
        "from.kind": ":Art",
        "values.kind": "Neu = new; Alt = renewal",
        "from.account_id": ":A",
        "from.auto_renew": ":Auto",
        "true.auto_renew": "ja",
        "false.auto_renew": "nein, ",
        "from.value": ":Wert",
        "read.value": "number:,.",
        "from.currency": "=",
        "constant.currency": "EUR",
        "from.valid_from": ":Von",
        "read.valid_from": "date:%d.%m.%Y",
        "null": "NULL, -",
        "trim": "1",
        "header_row": "3",
    }
    made = said_of("contracts", {name: [value] for name, value in fields.items()}, {})
    assert made["header_row"] == 3 and made["null"] == ["NULL", "-"] and made["trim"] is True
    assert not by_hand(made)
    shown = {choice.column.name: choice for choice in choices("contracts", made)}
    assert (shown["kind"].values, shown["auto_renew"].true, shown["auto_renew"].false) == (
        "Neu = new; Alt = renewal",
        "ja",
        "nein",
    )
    assert (shown["value"].read, shown["valid_from"].read, shown["currency"].constant) == (
        "number:,.",
        "date:%d.%m.%Y",
        "EUR",
    )
    assert by_hand({"select": "SELECT 1", "columns": {}}) and by_hand(
        {"columns": {"id": {"columns": ["a", "b"], "join": "-"}}}
    )


def test_an_answer_that_takes_signs_off_is_said_and_read_again() -> None:
    said = {
        "columns": {
            "amount": {"column": "Sum", "remove": ["$"], "negative": "brackets", "thousands": ","}
        }
    }
    amount = next(choice for choice in choices("deals", said) if choice.column.name == "amount")
    fields = {"from.amount": [":Sum"], "read.amount": [amount.read]}
    assert said_of("deals", fields, {})["columns"] == said["columns"]
    assert said_of("deals", fields | {"read.amount": ["signs:{"]}, {})["columns"] == {
        "amount": "Sum"
    }
