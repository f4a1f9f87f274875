"""Which snapshots keep their files: the last ten, one a day for a month, one a month for ever,
every pinned one, the current one.
"""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.conftest import Desk, day

from kampass.store.snapshots import retention
from kampass.store.snapshots.retention import DAYS, LAST, Aged, kept
from kampass.workspace import open_workspace
from kampass.workspace.published import cards, pin, unpin

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2020, 1, 1, tzinfo=UTC)
BUILT = datetime(2030, 1, 1, tzinfo=UTC)
ACCOUNTS = "id,name\nA,{}\n"

hours = st.lists(st.integers(0, 6 * 365 * 24), max_size=200)


def aged(numbers: list[int]) -> list[Aged]:
    return [
        Aged(f"{place}", START + timedelta(hours=number), BUILT)
        for place, number in enumerate(numbers)
    ]


@given(hours)
def test_the_last_ten_stay(numbers: list[int]) -> None:
    snapshots = aged(numbers)
    latest = sorted((snapshot.known_at for snapshot in snapshots), reverse=True)[:LAST]
    stay = [snapshot.known_at for snapshot in snapshots if snapshot.id in kept(snapshots, BERLIN)]
    assert sorted(stay, reverse=True)[: len(latest)] == latest


@given(hours)
def test_every_month_keeps_its_last_one_and_so_does_every_day_of_the_last_month(
    numbers: list[int],
) -> None:
    snapshots = aged(numbers)
    stay = kept(snapshots, BERLIN)
    local = {snapshot.id: snapshot.known_at.astimezone(BERLIN) for snapshot in snapshots}
    newest = max(local.values(), default=START)
    for snapshot in snapshots:
        moment = local[snapshot.id]
        same_month = [
            other
            for other in snapshots
            if (local[other.id].year, local[other.id].month) == (moment.year, moment.month)
        ]
        assert any(
            other.id in stay
            for other in same_month
            if local[other.id] == max(local[one.id] for one in same_month)
        )
        if (newest.date() - moment.date()).days < DAYS:
            same_day = [other for other in snapshots if local[other.id].date() == moment.date()]
            assert any(
                other.id in stay
                for other in same_day
                if local[other.id] == max(local[one.id] for one in same_day)
            )


@given(hours)
def test_no_more_stay_than_ten_and_a_month_of_days_and_the_months_there_were(
    numbers: list[int],
) -> None:
    snapshots = aged(numbers)
    months = {
        (snapshot.known_at.astimezone(BERLIN).year, snapshot.known_at.astimezone(BERLIN).month)
        for snapshot in snapshots
    }
    assert len(kept(snapshots, BERLIN)) <= LAST + DAYS + len(months)


@given(hours)
def test_letting_go_twice_lets_nothing_more_go(numbers: list[int]) -> None:
    snapshots = aged(numbers)
    stay = kept(snapshots, BERLIN)
    assert kept([snapshot for snapshot in snapshots if snapshot.id in stay], BERLIN) == stay


def test_a_day_is_a_local_one() -> None:
    """In Berlin 23:30 UTC of 1 March is 2 March already, so the two are the last of two days there,
    and of one day in UTC.
    """
    late = [
        Aged("a", datetime(2026, 3, 1, 12, tzinfo=UTC), BUILT),
        Aged("b", datetime(2026, 3, 1, 23, 30, tzinfo=UTC), BUILT),
    ]
    after = [Aged(f"n{n}", datetime(2026, 3, 20, n, tzinfo=UTC), BUILT) for n in range(LAST)]
    assert {"a", "b"} <= kept(late + after, BERLIN)
    assert kept(late + after, ZoneInfo("UTC")) & {"a", "b"} == {"b"}


def test_of_two_that_know_the_same_the_later_built_stays() -> None:
    old = [Aged("first", START, BUILT), Aged("second", START, BUILT + timedelta(hours=1))]
    after = [Aged(f"n{n}", START + timedelta(days=200, hours=n), BUILT) for n in range(LAST)]
    assert kept(old + after, BERLIN) & {"first", "second"} == {"second"}


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last three instead of ten, so that a few loads show the point."""
    monkeypatch.setattr(retention, "LAST", 3)


@pytest.mark.usefixtures("three")
def test_files_go_rows_stay_and_what_went_comes_back_under_its_name_with_its_answers(
    desk: Desk,
) -> None:
    """Six loads of one day: the first three are neither among the last three nor the last of their
    day; one of them is pinned.
    """
    ids = fill(desk, 2)
    pin(desk.workspace, ids[1], "board report", "ada", day(2))
    ids += fill(desk, 4, first=2)
    assert files(desk) == sorted([ids[1], *ids[3:]])
    found = {card.id: card for card in cards(desk.workspace)}
    assert len(found) == 6
    assert [card.pinned for card in found.values() if card.pinned is not None] == ["board report"]
    assert found[ids[0]].size is None
    assert found[ids[0]].rebuilds
    assert found[ids[5]].current
    assert desk.ask("SELECT name FROM accounts", snapshot=ids[2]) == [("name 2",)]
    with closing(desk.snapshot(snapshot=ids[2])) as again:
        assert again.id == ids[2]
    assert ids[2] in files(desk)
    unpin(desk.workspace, ids[1])
    pin(desk.workspace, ids[0], "auditors", "ada", day(2))
    assert ids[0] in files(desk), "a pin brings the file back"
    unpin(desk.workspace, ids[0])
    desk.workspace.publish()
    assert files(desk) == sorted(ids[3:])


@pytest.mark.usefixtures("three")
def test_what_a_question_about_the_past_built_is_let_go_like_any_other(desk: Desk) -> None:
    ids = fill(desk, 5)
    with closing(desk.snapshot(known_at=moment(0))) as asked:
        assert asked.id == ids[0]
    assert ids[0] in files(desk)
    desk.workspace.publish()
    assert files(desk) == sorted(ids[2:])


@pytest.mark.usefixtures("three")
def test_the_file_of_a_reader_stays_and_goes_with_the_next_publish_after_it(desk: Desk) -> None:
    ids = fill(desk, 2)
    with (
        closing(desk.snapshot(snapshot=ids[0])) as reading,
        closing(open_workspace(desk.workspace.folder)) as other,
    ):
        for number in range(2, 6):
            write(desk, number)
            other.sync(recorded_at=moment(number))
        assert ids[0] in files(desk)
        assert ids[1] not in files(desk)
        assert reading.cursor().execute("SELECT name FROM accounts").fetchall() == [("name 0",)]
    desk.workspace.publish()
    assert ids[0] not in files(desk)


@pytest.mark.usefixtures("three")
def test_the_current_snapshot_stays_even_when_others_know_more(desk: Desk) -> None:
    """Four loads are taken back again, and what is current is older than all that was built from
    them.
    """
    ids = fill(desk, 5)
    for number in range(5, 1, -1):
        desk.workspace.drop(number)
    assert desk.workspace.manifest.current() == ids[0]
    assert ids[0] in files(desk)


def test_a_file_that_no_row_names_goes_with_the_next_publish(desk: Desk) -> None:
    fill(desk, 1)
    orphan = desk.workspace.snapshots.folder / "0123456789abcdef.duckdb"
    orphan.write_bytes(b"left by a killed build")
    desk.workspace.publish()
    assert not orphan.exists()


def test_a_snapshot_comes_back_although_its_load_was_taken_back_or_the_time_zone_changed(
    desk: Desk,
) -> None:
    ids = fill(desk, 2)
    desk.workspace.drop(2)
    settings = desk.workspace.folder / "kampass.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace(
            'timezone = "UTC"', 'timezone = "Asia/Kolkata"'
        ),
        encoding="utf-8",
    )
    (desk.workspace.snapshots.folder / f"{ids[1]}.duckdb").unlink()
    with (
        closing(open_workspace(desk.workspace.folder)) as changed,
        closing(changed.snapshot(snapshot=ids[1])) as again,
    ):
        assert again.id == ids[1]
        assert again.settings.timezone == "UTC"
        assert changed.engine(snapshot=ids[1]).settings.calendar.timezone == "UTC"
        assert changed.engine().settings.calendar.timezone == "Asia/Kolkata"
        assert again.cursor().execute("SELECT name FROM accounts").fetchall() == [("name 1",)]


def fill(desk: Desk, count: int, *, first: int = 0) -> list[str]:
    """Load so many times on one day, each load with another name, and publish each; the snapshots'
    ids.
    """
    found = []
    for number in range(first, first + count):
        write(desk, number)
        desk.workspace.sync(recorded_at=moment(number))
        found.append(desk.workspace.manifest.current() or "")
    return found


def write(desk: Desk, number: int) -> None:
    desk.write(accounts=ACCOUNTS.format(f"name {number}"))


def moment(number: int) -> datetime:
    return datetime(2026, 1, 5, 1, tzinfo=UTC) + timedelta(minutes=number)


def files(desk: Desk) -> list[str]:
    return sorted(file.stem for file in desk.workspace.snapshots.folder.glob("*.duckdb"))
