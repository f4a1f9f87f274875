"""A table that is read otherwise than before is stated anew: nothing of the old meaning stays."""

from pathlib import Path

import pytest
from tests.sources.conftest import Mapped
from tests.store.conftest import Desk, day

from kampass.intake.readers.records import batch
from kampass.model.messages import Batch, Cursor, Message
from kampass.store import LoadReport

COLUMNS = 'file = "a.csv"\n[columns]\nid = "No"\nname = "Name"\nregion = "{}"\n'
FILE = "No,Name,Area,Zone\n1,Ann,north,n\n2,Bob,south,s\n3,Cy,,\n"


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    found = Mapped(tmp_path)
    found.write(a_csv=FILE)
    return found


def load(desk: Desk, number: int, mapped: Mapped, settings: str) -> LoadReport:
    source = mapped.map("accounts", settings).source
    return desk.workspace.journal.load(source, recorded_at=day(number))


def test_the_same_settings_written_otherwise_read_the_same(desk: Desk, mapped: Mapped) -> None:
    load(desk, 1, mapped, COLUMNS.format("Area"))
    other = (
        'file = ["a.csv"]\nkeep = "last"\n[columns]\nregion = { column = "Area" }\n'
        'name = "Name"\nid = "No"\n'
    )
    report = load(desk, 2, mapped, other)
    assert (report.tables[0].unchanged, report.tables[0].anew) == (3, False)
    assert report.notices == ()


def test_a_changed_reading_states_the_table_anew(desk: Desk, mapped: Mapped) -> None:
    load(desk, 1, mapped, COLUMNS.format("Area"))
    report = load(desk, 2, mapped, COLUMNS.format("Zone"))
    (table,) = report.tables
    assert (table.loaded, table.unchanged, table.deleted, table.anew) == (3, 0, 0, True)
    assert "read otherwise than before" in report.notices[0]
    assert desk.ask("SELECT id, region FROM accounts ORDER BY id") == [
        ("1", "n"),
        ("2", "s"),
        ("3", None),
    ]


def test_a_key_whose_line_is_set_aside_has_no_older_version(desk: Desk, mapped: Mapped) -> None:
    """Under the second reading the name of 3 is its empty area; 1 and 2 have other names."""
    extra = "".join(f"{n},N{n},A,Z\n" for n in range(10, 30))
    mapped.write(a_csv=FILE + extra)
    load(desk, 1, mapped, COLUMNS.format("Area"))
    report = load(desk, 2, mapped, 'file = "a.csv"\n[columns]\nid = "No"\nname = "Area"\n')
    assert (report.state, report.tables[0].quarantined) == ("complete", 1)
    assert report.tables[0].deleted == 1
    assert desk.ask("SELECT id, name FROM accounts WHERE id IN ('1', '2', '3')") == [
        ("1", "north"),
        ("2", "south"),
    ]
    same_again = load(desk, 3, mapped, 'file = "a.csv"\n[columns]\nid = "No"\nname = "Area"\n')
    assert (same_again.tables[0].anew, same_again.tables[0].unchanged) == (False, 22)
    assert desk.ask("SELECT count(*) FROM accounts") == [(22,)]


def test_too_many_keys_that_are_not_stated_anew_wait_for_a_person(
    desk: Desk, mapped: Mapped
) -> None:
    load(desk, 1, mapped, COLUMNS.format("Area"))
    desk.workspace.publish()
    settings = 'file = "a.csv"\n[columns]\nid = "Name"\nname = "Name"\n'
    report = load(desk, 2, mapped, settings)
    assert report.why == "3 of 3 rows of 'accounts' would be deleted"
    (held,) = desk.workspace.held()
    assert (held.tables[0].deleted, held.tables[0].first) == (3, ("1", "2", "3"))
    desk.workspace.confirm(2)
    assert desk.ask("SELECT id FROM accounts ORDER BY id") == [("Ann",), ("Bob",), ("Cy",)]
    desk.workspace.drop(2)
    assert desk.ask("SELECT id FROM accounts ORDER BY id") == [("1",), ("2",), ("3",)]


def test_what_was_known_before_the_reading_changed_stays_as_it_was(
    desk: Desk, mapped: Mapped
) -> None:
    load(desk, 1, mapped, COLUMNS.format("Area"))
    load(desk, 2, mapped, COLUMNS.format("Zone"))
    before = desk.ask("SELECT region FROM accounts WHERE id = '1'", known_at=day(1))
    assert before == [("north",)]


class Feed:
    """A source of changes that goes on at its cursor."""

    name = "feed"

    def __init__(self, *records: dict[str, str]) -> None:
        self.records, self.asked = records, ""

    def read(self, since: str | None) -> list[Message]:
        self.asked = since or "the beginning"
        return [Batch(batch("accounts", self.records, "page").scan), Cursor("page 2")]


def test_a_cursor_is_bound_to_the_meaning_it_was_said_under(desk: Desk) -> None:
    journal = desk.workspace.journal
    feed = Feed({"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"})
    asked = []
    for number, meaning in enumerate(("x", "x", "y", "y"), start=1):
        report = journal.load(feed, recorded_at=day(number), meaning=meaning)
        asked.append((feed.asked, report.tables[0].anew))
    assert asked == [
        ("the beginning", False),
        ("page 2", False),
        ("the beginning", True),
        ("page 2", False),
    ]
