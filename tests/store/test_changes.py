"""Loads of changes: absence says nothing, a deletion is a version of its key, and what was set aside
stays until something else is said of its key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path

import pytest
from tests.store.conftest import Desk, counts, day

from kampass.errors import DataError, UnknownName
from kampass.intake.readers.records import batch
from kampass.model.messages import (
    Batch,
    Complete,
    Covered,
    Cursor,
    Deleted,
    Message,
    Notice,
    Source,
)
from kampass.store import LoadReport


@dataclass(frozen=True)
class Says:
    """A source that says these messages, whatever it is asked."""

    messages: Sequence[Message]
    name: str = "feed"

    def read(self, _: str | None) -> Iterator[Message]:
        yield from self.messages


def rows(table: str, *lines: str) -> Batch:
    """Rows as CSV lines, the first of them the header; an empty cell is null."""
    names, *cells = [line.split(",") for line in lines]
    records = [dict(zip(names, [cell or None for cell in row], strict=True)) for row in cells]
    return batch(table, records, "the feed")


def names(*accounts: str) -> Batch:
    """Accounts as `id,name,updated_at`."""
    return rows("accounts", "id,name,updated_at", *accounts)


def gone(key: str, at: int | None = None) -> Deleted:
    return Deleted("accounts", ((key,),), None if at is None else day(at))


def hear(desk: Desk, number: int, *messages: Message, name: str = "feed") -> LoadReport:
    source: Source = Says(messages, name)
    return desk.workspace.journal.load(source, recorded_at=day(number))


def accounts(desk: Desk) -> list[tuple[str, str, date | None]]:
    """Id, name and the day of the deletion."""
    found = desk.ask("SELECT id, name, deleted_at FROM accounts ORDER BY id")
    return [(key, name, at and at.astimezone(UTC).date()) for key, name, at in found]


def test_what_a_feed_does_not_mention_stays(desk: Desk) -> None:
    hear(desk, 1, names("a,Ada,", "b,Bob,", "c,Cid,"))
    report = hear(desk, 2, names("b,Bert,", "c,Cid,"))
    (table,) = report.tables
    assert counts(table) == (2, 1, 1, 0, 0)
    assert (table.deleted, table.changes) == (0, True)
    assert accounts(desk) == [("a", "Ada", None), ("b", "Bert", None), ("c", "Cid", None)]


def test_a_feed_that_says_nothing_is_heard_all_the_same(desk: Desk) -> None:
    """Its load dates what its tables are known to."""
    hear(desk, 1, names("a,Ada,"))
    report = hear(desk, 3)
    assert [(table.table, table.read, table.file) for table in report.tables] == [
        ("accounts", 0, None)
    ]
    ((loaded_at,),) = desk.ask("SELECT loaded_at FROM _connected")
    assert loaded_at.astimezone(UTC) == day(3)


def test_a_deletion_ends_a_row_on_the_day_it_names_or_that_of_its_load(desk: Desk) -> None:
    """No brake: the source says it, nobody concludes it."""
    hear(desk, 1, names("a,Ada,", "b,Bob,", "c,Cid,"))
    report = hear(desk, 5, gone("a", 3), gone("b"))
    (table,) = report.tables
    assert (report.state, counts(table), table.deleted) == ("complete", (0, 0, 0, 0, 0), 2)
    assert accounts(desk) == [
        ("a", "Ada", date(2026, 1, 3)),
        ("b", "Bob", date(2026, 1, 5)),
        ("c", "Cid", None),
    ]


def test_a_deletion_said_again_says_nothing(desk: Desk) -> None:
    hear(desk, 1, names("a,Ada,"))
    hear(desk, 2, gone("a"))
    report = hear(desk, 7, gone("a"))
    assert (report.tables[0].deleted, report.tables[0].file) == (0, None)
    assert accounts(desk) == [("a", "Ada", date(2026, 1, 2))]


def test_what_came_and_went_between_two_loads_keeps_its_history(desk: Desk) -> None:
    report = hear(desk, 4, names("a,Ada,"), names("a,Adam,"), gone("a", 3))
    assert counts(report.tables[0]) == (2, 0, 0, 2, 0)
    assert accounts(desk) == [("a", "Adam", date(2026, 1, 3))]


def test_within_a_load_the_later_word_wins_where_nothing_is_dated(desk: Desk) -> None:
    hear(desk, 1, names("a,Ada,", "b,Bob,"))
    hear(desk, 2, gone("a"), names("a,Ada,"), names("b,Bert,"), gone("b"))
    assert accounts(desk) == [("a", "Ada", None), ("b", "Bert", date(2026, 1, 2))]


CHANGES: tuple[Message, ...] = (
    names("a,Ada,2025-01-01"),
    names("a,Adam,2025-01-02"),
    gone("a", 3),
    names("a,Adele,2026-01-05"),
)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
@pytest.mark.parametrize("last", [3, 4])
def test_dated_changes_may_come_in_any_order_and_number_of_loads(
    order: tuple[int, ...], last: int, desk: Desk, tmp_path: Path
) -> None:
    """Without the last change the account is deleted on the third; with it, it is back."""
    told = [CHANGES[number] for number in order if number < last]
    for number, message in enumerate(told, start=10):
        hear(desk, number, message)
    other = Desk(tmp_path / "other")
    hear(other, 20, *told)
    ends = ("a", "Adele", None) if last == 4 else ("a", "Adam", date(2026, 1, 3))
    assert accounts(desk) == accounts(other) == [ends]
    assert desk.export() == other.export()
    other.workspace.close()


def test_a_feed_deletes_no_row_of_another_source(desk: Desk) -> None:
    hear(desk, 1, names("a,Ada,"), name="crm")
    report = hear(desk, 2, gone("a"))
    assert report.tables[0].deleted == 0
    assert accounts(desk) == [("a", "Ada", None)]


def test_a_key_that_cannot_be_read_is_refused(desk: Desk) -> None:
    with pytest.raises(DataError, match="a row of 'accounts' is deleted, and its key"):
        hear(desk, 1, Deleted("accounts", (("",),)))


def test_what_was_set_aside_stays_until_something_is_said_of_its_key(desk: Desk) -> None:
    header = "id,created_at,account_id"
    hear(desk, 1, rows("tickets", header, "t,soon,", "u,later,", "v,2025-01-01,"))
    hear(desk, 2, rows("tickets", header, "v,2025-01-02,"))
    assert [value for _, _, _, value, _ in desk.set_aside()] == ["soon", "later"]
    hear(desk, 3, rows("tickets", header, "t,2025-01-01,", "u,never,"))
    assert [value for _, _, _, value, _ in desk.set_aside()] == ["never"]


def test_a_row_of_a_feed_mended_by_hand_stays_until_the_feed_says_more(
    desk: Desk, tmp_path: Path
) -> None:
    header = "id,created_at,account_id"
    hear(desk, 1, rows("tickets", header, "t,soon,", "u,2025-01-01,"))
    desk.workspace.publish()
    file = tmp_path / "mend.csv"
    said = desk.workspace.quarantine(rows=True).to_csv()
    file.write_text(said.replace("soon", "2025-02-01", 1), encoding="utf-8")
    assert desk.workspace.replay(file=file, recorded_at=day(2)).mended == 1
    days = "SELECT id, CAST(created_at AS DATE) FROM tickets ORDER BY id"
    hear(desk, 3, rows("tickets", header, "u,2025-01-02,"))
    assert desk.ask(days) == [("t", date(2025, 2, 1)), ("u", date(2025, 1, 2))]
    assert desk.quarantine() == []
    hear(desk, 4, rows("tickets", header, "t,2025-03-01,"))
    assert desk.ask(days) == [("t", date(2025, 3, 1)), ("u", date(2025, 1, 2))]


def test_a_feed_that_states_a_whole_table_deletes_by_absence_with_the_brake(desk: Desk) -> None:
    everything = [f"{number},Name," for number in range(10)]
    hear(desk, 1, names(*everything))
    report = hear(desk, 2, names(*everything[:9]), Complete("accounts"))
    assert (report.tables[0].deleted, report.tables[0].changes) == (1, False)
    report = hear(desk, 3, names(*everything[:7]), Complete("accounts"))
    assert (report.state, report.why) == ("held", "2 of 9 rows of 'accounts' would be deleted")


def test_the_same_whole_table_is_read_again_after_changes(desk: Desk) -> None:
    hear(desk, 1, names("a,Ada,"), Complete("accounts"))
    hear(desk, 2, names("a,Adam,"))
    report = hear(desk, 3, names("a,Ada,"), Complete("accounts"))
    assert counts(report.tables[0]) == (1, 1, 0, 0, 0)
    assert accounts(desk) == [("a", "Ada", None)]
    report = hear(desk, 4, names("a,Ada,"), Complete("accounts"))
    assert (counts(report.tables[0]), report.tables[0].file) == ((1, 0, 1, 0, 0), None)


def test_a_whole_table_may_come_in_several_batches(desk: Desk) -> None:
    hear(desk, 1, names("a,Ada,"), names("b,Bob,"), names("c,Cid,", "c,Cyd,"), Complete("accounts"))
    assert accounts(desk) == [("a", "Ada", None), ("b", "Bob", None), ("c", "Cyd", None)]


def test_cursor_coverage_and_notices_are_kept_with_the_load(desk: Desk) -> None:
    covered = Covered("accounts", date(2025, 1, 1), date(2026, 1, 1))
    report = hear(desk, 1, Cursor("1"), names("a,Ada,"), covered, Notice("careful"), Cursor("2"))
    (load,) = desk.workspace.manifest.loads()
    assert (load.cursor, load.coverage, report.notices) == ("2", (covered,), ("careful",))
    hear(desk, 2)
    assert desk.workspace.manifest.loads()[1].cursor is None


def test_a_table_that_nobody_knows_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownName, match="acounts"):
        hear(desk, 1, Deleted("acounts", (("a",),)))


def test_a_source_is_asked_from_the_cursor_of_its_own_last_load_that_counts(desk: Desk) -> None:
    """The last load waits, since all accounts are gone from it."""
    asked: list[str | None] = []

    class Asked(Says):
        def read(self, since: str | None) -> Iterator[Message]:
            asked.append(since)
            return super().read(since)

    def load(number: int, name: str, *messages: Message) -> None:
        desk.workspace.journal.load(Asked(messages, name), recorded_at=day(number))

    load(1, "feed", Cursor("one"))
    load(2, "other", Cursor("else"))
    load(3, "feed")
    load(4, "feed", Cursor("two"), names("a,Ada,"), Complete("accounts"))
    load(5, "feed", Cursor("three"), names("b,Bob,"), Complete("accounts"))
    load(6, "feed", names("a,Ada,"), Complete("accounts"))
    assert asked == [None, None, "one", "one", "two", "two"]
