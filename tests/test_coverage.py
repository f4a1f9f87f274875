"""How far each table is known to reach: which rows and loads say it, which do not, and what stands
where the file is plainly older than its load.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kampass.engine.planning.coverage import Filled, SourceTerms, Stretch, assume
from kampass.periods import Calendar
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

ACCOUNTS = "id,name\na,A\n"
TICKETS = "id,created_at,account_id,resolved_at\n"
SUBSCRIPTIONS = "id,account_id,mrr,currency,valid_from,valid_to\n"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def filled(source: str, loaded: str, first: str, newest: str = "", dates: int = 1) -> Filled:
    """What one source shows: dates a day apart."""
    last = date.fromisoformat(newest or first)
    return Filled("tickets", source, at(loaded), date.fromisoformat(first), last, dates, 1)


def made_of(*sources: Filled, **terms: SourceTerms) -> Stretch:
    found = assume(sources, terms, Calendar())
    assert found is not None
    return found


def made(folder: Path, timezone: str = "UTC", **sources: dict[str, str]) -> Workspace:
    """A workspace with a folder of files for each source."""
    listed = []
    for name, tables in sources.items():
        (folder / name).mkdir()
        for table, text in tables.items():
            (folder / name / f"{table}.csv").write_text(text, encoding="utf-8")
        listed.append(SourceSettings(name, "folder", {"path": str(folder / name)}))
    return create(folder / "workspace", WorkspaceSettings(timezone, sources=tuple(listed)))


def covered(workspace: Workspace, table: str, **clock: datetime) -> list[tuple[str, str, str]]:
    """The stretches of a table as the engine has them, with the source that is old."""
    zone = ZoneInfo(workspace.settings.timezone)
    return [
        (f"{each.start.astimezone(zone):%F %R}", f"{each.end.astimezone(zone):%F %R}", each.stale)
        for each in workspace.engine(**clock).coverage.stretches.get(table, ())
    ]


def daily(first: str, days: int, step: int = 1) -> str:
    """A ticket every `step` days."""
    start = date.fromisoformat(first)
    return TICKETS + "".join(
        f"t{number},{start + timedelta(days=number * step)}T09:00:00Z,a,\n"
        for number in range(days)
    )


def test_each_table_begins_with_the_month_of_its_own_first_row(tmp_path: Path) -> None:
    """Two tables of one load: what one holds says nothing of the other."""
    tables = {
        "accounts": ACCOUNTS,
        "tickets": TICKETS + "t,2025-11-20T10:00:00Z,a,\n",
        "subscriptions": SUBSCRIPTIONS
        + "s,a,10,USD,2025-03-15,\nempty,a,10,USD,2024-01-01,2024-01-01\n",
    }
    workspace = made(tmp_path, files=tables)
    workspace.sync(recorded_at=at("2026-01-10T12:00"))
    assert covered(workspace, "tickets") == [("2025-11-01 00:00", "2026-01-10 12:00", "")]
    assert covered(workspace, "subscriptions") == [("2025-03-01 00:00", "2026-01-10 12:00", "")]
    (answer,) = workspace.kpi("ticket_backlog", period="2025-10")
    assert (answer.value, answer.reason) == (None, "not_covered")
    workspace.close()


def test_months_begin_in_the_workspace_s_zone_and_a_test_account_counts(tmp_path: Path) -> None:
    """23:30 UTC on 31 January is February in Berlin."""
    tables = {
        "accounts": "id,name,is_test\na,A,true\n",
        "tickets": TICKETS + "t,2026-01-31T23:30:00Z,a,\n",
    }
    workspace = made(tmp_path, "Europe/Berlin", files=tables)
    workspace.sync(recorded_at=at("2026-03-01T00:00"))
    assert covered(workspace, "tickets") == [("2026-02-01 00:00", "2026-03-01 01:00", "")]
    workspace.close()


def test_a_table_ends_with_the_source_that_is_furthest_behind(tmp_path: Path) -> None:
    row = TICKETS + "{0},2026-01-0{1}T10:00:00Z,a,\n"
    workspace = made(
        tmp_path,
        desk={"accounts": ACCOUNTS, "tickets": row.format("d1", 5)},
        chat={"tickets": row.format("c1", 2)},
    )
    workspace.sync("desk", recorded_at=at("2026-01-10T00:00"))
    workspace.sync("chat", recorded_at=at("2026-01-12T00:00"))
    assert covered(workspace, "tickets") == [("2026-01-01 00:00", "2026-01-10 00:00", "")]
    workspace.sync("desk", recorded_at=at("2026-02-01T00:00"))
    assert covered(workspace, "tickets") == [("2026-01-01 00:00", "2026-01-12 00:00", "")]
    # Before the second source had said anything, there was one.
    known = at("2026-01-11T00:00")
    assert covered(workspace, "tickets", known_at=known) == [
        ("2026-01-01 00:00", "2026-01-10 00:00", "")
    ]
    workspace.close()


def test_a_source_whose_rows_are_all_set_aside_is_waited_for_and_one_without_rows_is_not(
    tmp_path: Path,
) -> None:
    good, bad = "d1,2026-01-05T10:00:00Z,a,\n", "c1,yesterday,a,\n"
    workspace = made(
        tmp_path,
        desk={"accounts": ACCOUNTS, "tickets": TICKETS + good},
        chat={"accounts": ACCOUNTS, "tickets": TICKETS + bad},
        mail={"accounts": ACCOUNTS, "tickets": TICKETS},
    )
    for day, source in ((8, "mail"), (10, "chat"), (20, "desk")):
        workspace.sync(source, recorded_at=at(f"2026-01-{day:02}T00:00"))
    assert covered(workspace, "tickets") == [("2026-01-01 00:00", "2026-01-10 00:00", "")]
    workspace.close()


def test_whoever_has_ended_or_was_uploaded_is_not_waited_for() -> None:
    desk = filled("desk", "2026-03-01T00:00", "2026-01-05")
    old = filled("old", "2025-01-01T00:00", "2024-05-05")
    assert made_of(desk, old).end == at("2025-01-01T00:00")
    for terms in (SourceTerms(ended=True), SourceTerms(upload=True)):
        found = made_of(desk, old, old=terms)
        assert (found.start, found.end) == (at("2024-05-01T00:00"), at("2026-03-01T00:00"))
        late = filled("old", "2026-04-01T00:00", "2024-05-05")
        assert made_of(desk, late, old=terms).end == at("2026-03-01T00:00")


def test_a_table_of_uploads_alone_ends_with_the_latest() -> None:
    first = filled("one", "2026-01-01T00:00", "2025-05-05")
    second = filled("two", "2026-02-01T00:00", "2025-06-05")
    upload = SourceTerms(upload=True)
    assert made_of(first, second, one=upload, two=upload).end == at("2026-02-01T00:00")
    over = SourceTerms(upload=True, ended=True)
    assert made_of(first, second, one=upload, two=over).end == at("2026-01-01T00:00")


def test_rows_that_people_typed_begin_a_table_and_never_end_it() -> None:
    typed = Filled("tickets", "typed", None, date(2024, 12, 5), None, 0, 0)
    desk = filled("desk", "2026-01-01T00:00", "2025-05-05")
    found = made_of(desk, typed)
    assert (found.start, found.end) == (at("2024-12-01T00:00"), at("2026-01-01T00:00"))
    assert assume([typed], {}, Calendar()) is None


@pytest.mark.parametrize(
    ("dates", "gap", "silent", "stale"),
    [
        (20, 1, 31, False),
        (20, 1, 32, True),
        (19, 1, 500, False),
        (20, 16, 32, False),
        (20, 16, 33, True),
    ],
)
def test_a_file_is_old_where_its_silence_is_longer_than_twice_any_before(
    dates: int, gap: int, silent: int, stale: bool
) -> None:
    newest = date(2026, 1, 5)
    shown = Filled("tickets", "desk", at("2026-09-01T00:00"), date(2025, 1, 1), newest, dates, gap)
    assert shown.is_stale(newest + timedelta(days=silent)) is stale


def test_an_old_export_ends_where_its_rows_end(tmp_path: Path) -> None:
    """25 tickets, one every other day from 1 January to 18 February; loaded in October."""
    workspace = made(tmp_path, files={"accounts": ACCOUNTS, "tickets": daily("2026-01-01", 25, 2)})
    workspace.sync(recorded_at=at("2026-10-01T08:00"))
    assert covered(workspace, "tickets") == [("2026-01-01 00:00", "2026-02-19 00:00", "files")]
    (answer,) = workspace.kpi("ticket_backlog", period="2026-09")
    assert (answer.value, answer.reason) == (None, "not_covered")
    (answer,) = workspace.kpi("ticket_backlog", period="2026-02")
    assert (answer.value, answer.status) == (25, "partial")
    workspace.close()


def test_a_later_resolution_is_news_and_what_is_planned_is_none(tmp_path: Path) -> None:
    """Resolved on 20 September, a day in every column counts; the planned 1 December lies after the
    load.
    """
    late = daily("2026-01-01", 25, 2) + "u,2026-01-02T09:00:00Z,a,2026-09-20T09:00:00Z\n"
    workspace = made(tmp_path, files={"accounts": ACCOUNTS, "tickets": late})
    workspace.sync(recorded_at=at("2026-10-01T08:00"))
    assert covered(workspace, "tickets")[0][1:] == ("2026-10-01 08:00", "")
    planned = late.replace("2026-09-20", "2026-12-01")
    (tmp_path / "files" / "tickets.csv").write_text(planned, encoding="utf-8")
    workspace.sync(recorded_at=at("2026-10-02T08:00"))
    assert covered(workspace, "tickets")[0][1:] == ("2026-02-19 00:00", "files")
    workspace.close()


def test_only_the_year_before_the_newest_row_says_how_long_a_source_is_silent(
    tmp_path: Path,
) -> None:
    """A hole of 200 days lies more than a year before the newest: the gap is 2, and 40 days of
    silence are too long. Within the year it would be the gap.
    """
    rows = daily("2026-01-01", 25, 2)
    older = rows + "u,2024-06-01T09:00:00Z,a,\n"
    workspace = made(tmp_path, files={"accounts": ACCOUNTS, "tickets": older})
    workspace.sync(recorded_at=at("2026-04-01T00:00"))
    assert covered(workspace, "tickets")[0][2] == "files"
    within = rows + "u,2025-03-01T09:00:00Z,a,\n"
    (tmp_path / "files" / "tickets.csv").write_text(within, encoding="utf-8")
    workspace.sync(recorded_at=at("2026-04-02T00:00"))
    assert covered(workspace, "tickets")[0][2] == ""
    workspace.close()


def test_a_source_says_that_its_silence_is_true(tmp_path: Path) -> None:
    workspace = made(tmp_path, files={"accounts": ACCOUNTS, "tickets": daily("2026-01-01", 25, 2)})
    workspace.sync(recorded_at=at("2026-10-01T08:00"))
    file = tmp_path / "workspace" / "kampass.toml"
    text = file.read_text(encoding="utf-8")
    for said, end in (
        ('coverage = "up_to_load"\n', "2026-10-01 08:00"),
        ('[sources.files.tables.tickets]\ncoverage = "up_to_load"\n', "2026-10-01 08:00"),
        ('[sources.files.tables.deals]\ncoverage = "up_to_load"\n', "2026-02-19 00:00"),
    ):
        head, path, rest = text.partition(f'path = "{tmp_path / "files"}"\n')
        file.write_text(head + path + said + rest, encoding="utf-8")
        before = workspace.settings_digest
        workspace.refresh()
        assert workspace.settings_digest != before
        assert covered(workspace, "tickets")[0][1] == end
    workspace.close()


def test_what_coverage_says_stands_and_nothing_is_assumed_beside_it(tmp_path: Path) -> None:
    said = "table,covered_from,covered_to\ntickets,2026-01-01,2026-09-01\n"
    tables = {"accounts": ACCOUNTS, "tickets": daily("2026-01-01", 25, 2), "coverage": said}
    workspace = made(tmp_path, files=tables)
    workspace.sync(recorded_at=at("2026-10-01T08:00"))
    assert covered(workspace, "tickets") == [("2026-01-01 00:00", "2026-09-01 00:00", "")]
    workspace.close()
