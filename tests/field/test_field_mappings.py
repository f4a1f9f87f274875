"""Exports as people get them, mapped without SQL, and the answers worked out by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kampass.errors import DataError
from kampass.intake.preview import TablePreview
from kampass.workspace import Workspace, create, parse_instant
from kampass.workspace.settings import WorkspaceSettings

LOADED_AT = "2025-04-15T00:00:00Z"
Case = Callable[..., Workspace]
SURVEY = """
[sources.survey]
kind = "mapped"
path = "@"
[sources.survey.tables.surveys]
file = "NPS_March.csv"
distinct = true
skip_rows = [2, 3]
[sources.survey.tables.surveys.columns]
id = { constant = "nps" }
kind = { constant = "nps" }
scale_min = { constant = 0 }
scale_max = { constant = 10 }
[sources.survey.tables.responses]
file = "NPS_March.csv"
timezone = "America/Denver"
skip_rows = [2, 3]
where = '"Status" <> "Survey Preview" and "Finished" = "True"'
[sources.survey.tables.responses.columns]
id = "ResponseId"
survey_id = { constant = "nps" }
responded_at = { column = "RecordedDate", timestamp = "%Y-%m-%d %H:%M:%S" }
score = { column = "Q1", part = '^(\\d+)' }
contact_id = { column = "RecipientEmail", lower = true }
comment = "Q2"
"""
LINES = """
[sources.billing]
kind = "mapped"
path = "@"
[sources.billing.tables.accounts]
file = "accounts.csv"
[sources.billing.tables.accounts.columns]
id = "id"
name = "name"
[sources.billing.tables.subscriptions]
file = "subscriptions.csv"
[sources.billing.tables.subscriptions.columns]
id = "id"
account_id = "account_id"
mrr = "mrr"
currency = "currency"
valid_from = "valid_from"
valid_to = { column = "valid_to", inclusive = true }
"""


@pytest.fixture
def mapped(field_cases: Path, tmp_path: Path) -> Iterator[Case]:
    """A case under a mapping: one of its own, by its file's name, or another as text; changed where
    a pair of texts says so.
    """
    opened: list[Workspace] = []

    def make(case: str, mapping: str, *changes: tuple[str, str], **settings: Any) -> Workspace:
        folder = field_cases / case
        own = folder / f"{mapping}.toml"
        text = own.read_text(encoding="utf-8") if "\n" not in mapping else mapping
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        place = tmp_path / f"workspace-{len(opened)}"
        create(place, WorkspaceSettings(**settings)).close()
        with (place / "kampass.toml").open("a", encoding="utf-8") as file:
            file.write(text.replace('"@"', f'"{folder}"'))
        opened.append(Workspace(place))
        return opened[-1]

    yield make
    for workspace in opened:
        workspace.close()


def values(workspace: Workspace, period: str, *kpis: str) -> list[float | None]:
    """The figures of a workspace once it is loaded."""
    if not workspace.manifest.loads():
        workspace.sync(recorded_at=parse_instant(LOADED_AT))
    return [
        None if answer.value is None else round(answer.value, 2)
        for answer in workspace.kpi(kpis, period=period)
    ]


def table(workspace: Workspace, name: str) -> TablePreview:
    (found,) = [one for shown in workspace.preview() for one in shown.tables if one.table == name]
    return found


def suggested(shown: TablePreview) -> dict[str, list[str]]:
    """The lines that each question suggests."""
    return {one.column: [way.setting for way in one.readings] for one in shown.questions}


def test_c01_last_days_are_told_and_one_line_mends_them(mapped: Case) -> None:
    """Ash stays; Birch's last day is 31 March, so it is lost on 1 April."""
    plain = mapped("c01-inclusive-end", LINES, (", inclusive = true", ""))
    line = 'valid_to = { column = "valid_to", inclusive = true }'
    assert any(line in notice for notice in table(plain, "subscriptions").notices)
    workspace = mapped("c01-inclusive-end", LINES)
    kpis = ("customer_churn_rate", "lost_customers", "reactivated_customers")
    assert values(workspace, "2025-03", *kpis) == [0, 0, 0]
    assert values(workspace, "2025-04", *kpis) == [33.33, 1, 0]
    assert table(workspace, "subscriptions").notices == ()


def test_m01_amounts_for_intervals_become_mrr(mapped: Case) -> None:
    """1200 / 12 + 90 / 3 + 15 x 4 + 7 x 52 / 12 = 220.33."""
    naive = mapped("m01-billing-intervals", "mapping-1-naive")
    (notice,) = table(naive, "subscriptions").notices
    per = 'per = { column = "Interval", count = "Interval Count" }'
    assert "'Interval' holds month, week, year" in notice
    assert per in notice
    workspace = mapped(
        "m01-billing-intervals",
        "mapping-1-naive",
        ('mrr = "Amount"', f'mrr = {{ column = "Amount", times = "Quantity", {per} }}'),
        ('valid_to = "Ends on"', 'valid_to = { column = "Ends on", inclusive = true }'),
    )
    assert values(workspace, "2025-03", "mrr_end") == [220.33]


def test_m02_everything_is_asked_in_one_preview(mapped: Case) -> None:
    asked = suggested(table(mapped("m02-german-csv", "mapping-1-naive"), "deals"))
    assert asked["encoding"][0] == 'encoding = "windows-1252"'
    assert asked["created_at"][0] == 'created_at = { column = "Angelegt am", date = "%d.%m.%Y" }'
    assert asked["amount"] == ['amount = { column = "Betrag", decimal = ",", thousands = "." }']
    workspace = mapped("m02-german-csv", "mapping-2-answered", currency="EUR")
    assert values(workspace, "2025-03", "revenue_booked", "win_rate") == [13734.56, 66.67]


def test_m03_money_is_asked_about_once_and_what_is_left_is_counted(mapped: Case) -> None:
    asked = suggested(table(mapped("m03-money-text", "mapping-1-naive"), "deals"))
    ((line,), (percent,)) = asked["amount"], asked["probability"]
    workspace = mapped(
        "m03-money-text",
        "mapping-1-naive",
        ('"Closed Lost" = "lost" }', '"Closed Lost" = "lost", Negotiation = "open" }'),
        ('amount = "Amount"', line),
        ('probability = "Probability (%)"', percent),
    )
    assert values(workspace, "2025-02", "win_rate") == [75.0]
    shown = table(workspace, "deals")
    assert [(one.value, shown.set_aside) for one in shown.aside] == [("$12.5k", 1)]


@pytest.mark.parametrize("mapping", ["mapping-1-naive", "mapping-2-answered"])
def test_m04_the_encoding_is_named_and_then_read(mapped: Case, mapping: str) -> None:
    """2.5 and 24 hours."""
    workspace = mapped("m04-utf16", mapping)
    if mapping == "mapping-1-naive":
        with pytest.raises(DataError) as raised:
            workspace.preview()
        assert 'encoding = "utf-16"' in (raised.value.hint or "")
    else:
        assert values(workspace, "2025-03", "time_to_resolution") == [13.25]


def test_m04b_a_byte_order_mark_is_no_letter_of_the_header(
    field_cases: Path, tmp_path: Path
) -> None:
    from kampass.workspace.settings import SourceSettings

    source = SourceSettings("files", "folder", {"path": str(field_cases / "m04b-bom")})
    workspace = create(tmp_path / "workspace", WorkspaceSettings(sources=(source,)))
    assert values(workspace, "2025-03", "ticket_backlog") == [1]
    workspace.close()


def test_m05_serial_days_are_asked_and_read(mapped: Case) -> None:
    asked = suggested(table(mapped("m05-serial-dates", "mapping-1-naive"), "contracts"))
    assert asked["valid_from"] == [
        'valid_from = { column = "Start", date = "excel" }',
        'valid_from = { column = "Start", date = "excel1904" }',
    ]
    workspace = mapped(
        "m05-serial-dates",
        "mapping-1-naive",
        ('valid_from = "Start"', asked["valid_from"][0]),
        ('valid_to = "End"', asked["valid_to"][0]),
    )
    columns = {one.column: one for one in table(workspace, "contracts").columns}
    assert columns["valid_from"].examples == (("45292", "2024-01-01"), ("45323", "2024-02-01"))
    assert columns["valid_to"].examples == (("45658", "2025-01-01"), ("45689", "2025-02-01"))


@pytest.mark.parametrize("case", ["m06-qualtrics", "m06b-qualtrics-no-linebreak"])
def test_m06_three_header_lines_previews_and_unfinished_answers(mapped: Case, case: str) -> None:
    """Pat's last answer is an 8 and Kim's a 3; Max answers in April by UTC: -1 of 2."""
    workspace = mapped(case, SURVEY)
    assert values(workspace, "2025-03", "nps") == [-50]
    (count,) = table(workspace, "responses").files
    assert (count.records, dict(count.left_out), count.used) == (6, {"condition": 2}, 4)


def test_m07_the_suggested_form_reads_half_days(mapped: Case) -> None:
    """9, 0 and 7."""
    second = ('timezone = "UTC"', 'timezone = "UTC"\nskip_rows = [2]')
    shown = table(mapped("m07-surveymonkey", "mapping-1-naive", second), "responses")
    lines = {way.setting: way.unread for one in shown.questions for way in one.readings}
    line = 'responded_at = { column = "End Date", timestamp = "%m/%d/%Y %I:%M:%S %p" }'
    assert lines[line] == 0
    workspace = mapped(
        "m07-surveymonkey", "mapping-1-naive", second, ('responded_at = "End Date"', line)
    )
    assert values(workspace, "2025-03", "nps") == [0]
    assert table(workspace, "responses").set_aside == 0


def test_m10_minutes_after_an_instant_and_a_status_that_reopens(mapped: Case) -> None:
    """30, 1,440 and 15 minutes are 8.25 hours; 4 and 48 hours are 26; one ticket is open again."""
    first, solved = '"First reply time (min)"', '{ column = "Ticket solved - Timestamp",'
    minutes = ', unit = "minutes", after = "created_at", decimal = ".", thousands = "," }'
    holds = """{ where = '"Ticket status" in ("Solved", "Closed")',"""
    workspace = mapped(
        "m10-zendesk-minutes",
        "mapping-1-naive",
        (first, f"{{ column = {first}{minutes}"),
        (solved, solved.replace("{", holds, 1)),
    )
    kpis = ("response_time", "time_to_resolution", "ticket_backlog")
    assert values(workspace, "2025-03", *kpis) == [8.25, 26, 1]


def test_m13_an_e_mail_in_any_letter_case_is_one_person(mapped: Case) -> None:
    """Pat's 9 follows a 2 and Kim's 10 a 9; 6.5 and 11 are no answers: 2 of 2."""
    workspace = mapped(
        "m13-nps-email",
        "mapping-1-naive",
        ('contact_id = "Email"', 'contact_id = { column = "Email", lower = true }'),
    )
    assert values(workspace, "2025-03", "nps") == [100]
    (answer,) = workspace.kpi("nps", period="2025-03")
    assert answer.n == 2


def test_m14_a_day_that_cannot_be_is_asked_about_or_set_aside(mapped: Case) -> None:
    shown = table(mapped("m14-impossible-dates", "mapping-1-naive"), "touches")
    assert {way.setting: way.unread for way in shown.questions[0].readings} == {
        'occurred_at = { column = "When", date = "%d/%m/%Y" }': 1,
        'occurred_at = { column = "When", date = "%m/%d/%Y" }': 1,
    }
    shown = table(mapped("m14-impossible-dates", "mapping-2-wrong-format"), "touches")
    assert [(one.line, one.value) for one in shown.aside] == [(2, "07/30/2023")]


def test_m16_a_report_in_excel_names_what_it_cannot_say(mapped: Case) -> None:
    with pytest.raises(DataError) as raised:
        mapped("m16-excel-report", "mapping-1-naive").preview()
    assert 'sheet = "Q1 contracts"' in (raised.value.hint or "")
    shown = table(mapped("m16-excel-report", "mapping-2-sheet"), "contracts")
    assert (
        'valid_from = { column = "Start", date = ["excel", "%d/%m/%Y"] }'
        in (suggested(shown)["valid_from"])
    )
    assert "merged cell" in shown.aside[0].reason
