"""Every line that is read is accounted for: read = loaded + unchanged + superseded +
quarantined.
"""

import pytest
from tests.store.conftest import Desk, counts
from tests.worlds import make_world

ACCOUNTS = "id,name\na,Ada\nb,Bob\n"
LINE = "id,account_id,mrr,currency,valid_from,updated_at\n"


@pytest.mark.parametrize("seed", range(2))
def test_every_line_of_a_random_folder_is_counted_once(desk: Desk, seed: int) -> None:
    """The second load meets another half of the lines, shuffled tables and all."""
    world = make_world(seed, accounts=8)
    world.write(desk.files)
    first = desk.load(1)
    for table, rows in world.tables.items():
        assert first[table].read == len(rows), table
    for file in desk.files.iterdir():
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join([lines[0], *lines[2:], *lines[1:2]]))
    for report in (first, desk.load(2), desk.load(3)):
        for table in report.values():
            assert (
                table.read == table.loaded + table.unchanged + table.superseded + table.quarantined
            ), table


def test_the_greater_updated_at_wins_whatever_the_order(desk: Desk) -> None:
    found = desk.load(
        1,
        accounts="""
        id,name,updated_at
        a,newer,2026-01-02
        a,older,2026-01-01
    """,
    )
    assert counts(found["accounts"]) == (2, 1, 0, 1, 0)
    assert desk.ask("SELECT name FROM accounts") == [("newer",)]


@pytest.mark.parametrize(
    "stamps", [("", ""), ("2026-01-01", ""), ("", "2026-01-01"), ("2026-01-01", "2026-01-01")]
)
def test_the_later_line_wins_where_updated_at_does_not_decide(
    desk: Desk, stamps: tuple[str, str]
) -> None:
    desk.load(1, accounts=f"id,name,updated_at\na,first,{stamps[0]}\na,second,{stamps[1]}\n")
    assert desk.ask("SELECT name FROM accounts") == [("second",)]


def test_the_whole_winning_line_counts_also_where_it_is_empty(desk: Desk) -> None:
    desk.load(1, accounts="id,name,region\na,Ada,emea\na,Ada,\n")
    assert desk.ask("SELECT region FROM accounts") == [(None,)]


def test_a_quarantined_line_supersedes_nothing(desk: Desk) -> None:
    found = desk.load(
        1, accounts="id,name,is_test,updated_at\na,Ada,false,2026-01-01\na,Bad,perhaps,2026-01-02\n"
    )
    assert counts(found["accounts"]) == (2, 1, 0, 0, 1)
    assert desk.ask("SELECT name FROM accounts") == [("Ada",)]


def test_a_line_set_aside_at_publishing_supersedes_nothing_in_its_own_load(desk: Desk) -> None:
    """The later line of s refers to no account: the earlier one, 10, stays, and the later one is
    shown with its line.
    """
    found = desk.load(
        1,
        accounts=ACCOUNTS,
        subscriptions=LINE + "s,a,10,USD,2025-01-01,\ns,nowhere,20,USD,2025-01-01,\n",
    )
    assert counts(found["subscriptions"]) == (2, 1, 0, 1, 0)
    assert desk.ask("SELECT mrr FROM subscriptions") == [(10,)]
    assert desk.quarantine() == [
        ("subscriptions", 3, "account_id", "nowhere", "is unknown in accounts")
    ]


def test_an_earlier_line_set_aside_at_publishing_is_shown_although_a_later_line_replaces_it(
    desk: Desk,
) -> None:
    """The first line has the greater updated_at, so nothing beats it; it is set aside, and the
    second line stays.
    """
    desk.load(
        1,
        accounts=ACCOUNTS,
        subscriptions=LINE
        + "s,nowhere,20,USD,2025-01-01,2026-01-02\ns,a,10,USD,2025-01-01,2026-01-01\n",
    )
    assert desk.ask("SELECT mrr FROM subscriptions") == [(10,)]
    assert desk.quarantine() == [
        ("subscriptions", 2, "account_id", "nowhere", "is unknown in accounts")
    ]


def test_a_line_set_aside_at_publishing_supersedes_nothing_across_loads(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS, subscriptions=LINE + "s,a,10,USD,2025-01-01,\n")
    desk.load(2, subscriptions=LINE + "s,nowhere,20,USD,2025-01-01,\n")
    assert desk.ask("SELECT mrr FROM subscriptions") == [(10,)]
    assert [row[1] for row in desk.quarantine()] == [2]
    desk.load(3, accounts=ACCOUNTS + "nowhere,Found\n")
    assert desk.ask("SELECT mrr FROM subscriptions") == [(20,)]
    assert desk.quarantine() == []


def test_an_older_line_wins_after_all_when_the_newer_one_is_set_aside_at_publishing(
    desk: Desk,
) -> None:
    """Load 2 states an older version than the one that refers to no account: it is superseded, and
    yet it answers.
    """
    desk.load(1, accounts=ACCOUNTS, subscriptions=LINE + "s,nowhere,20,USD,2025-01-01,2026-01-02\n")
    found = desk.load(2, subscriptions=LINE + "s,a,10,USD,2025-01-01,2026-01-01\n")
    assert counts(found["subscriptions"]) == (1, 0, 0, 1, 0)
    assert desk.ask("SELECT mrr FROM subscriptions") == [(10,)]


def test_a_good_line_beside_a_known_bad_one_is_not_lost(desk: Desk) -> None:
    """Load 2 repeats the bad version unchanged and adds a good line before it."""
    desk.load(1, accounts=ACCOUNTS, subscriptions=LINE + "s,nowhere,20,USD,2025-01-01,\n")
    found = desk.load(
        2, subscriptions=LINE + "s,a,10,USD,2025-01-01,\ns,nowhere,20,USD,2025-01-01,\n"
    )
    assert counts(found["subscriptions"]) == (2, 0, 1, 1, 0)
    assert desk.ask("SELECT mrr FROM subscriptions") == [(10,)]


def test_across_loads_the_later_load_wins_unless_its_updated_at_is_older(desk: Desk) -> None:
    desk.load(
        1, accounts="id,name,updated_at\na,one,2026-01-02\nb,one,2026-01-02\nc,one,2026-01-02\n"
    )
    found = desk.load(
        2, accounts="id,name,updated_at\na,two,2026-01-01\nb,two,2026-01-02\nc,two,\n"
    )
    assert counts(found["accounts"]) == (3, 2, 0, 1, 0)
    assert desk.ask("SELECT id, name FROM accounts ORDER BY id") == [
        ("a", "one"),
        ("b", "two"),
        ("c", "two"),
    ]


def test_an_identical_file_stores_nothing_and_its_load_is_recorded(desk: Desk) -> None:
    text = "id,name\na,Ada\na,Ada II\nb,\n"
    assert counts(desk.load(1, accounts=text)["accounts"]) == (3, 1, 0, 1, 1)
    found = desk.load(2)["accounts"]
    assert counts(found) == (3, 0, 1, 1, 1)
    assert found.file is None
    assert [load.id for load in desk.workspace.manifest.loads()] == [1, 2]
    assert desk.ask("SELECT known_at::VARCHAR FROM _settings") == [("2026-01-02 00:00:00+00",)]
    assert len(desk.quarantine()) == 1


def test_the_same_rows_in_another_order_are_unchanged(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    found = desk.load(2, accounts="name,id\nBob,b\nAda,a\n")["accounts"]
    assert counts(found) == (2, 0, 2, 0, 0)
    assert found.file is None


def test_rows_that_come_from_another_source_now_belong_to_it(desk: Desk) -> None:
    """The source is renamed: its rows are loaded under the new name, so that it can delete them."""
    text = "id,name\n" + "".join(f"a{number},A\n" for number in range(5))
    desk.load(1, accounts=text)
    settings = desk.workspace.folder / "kampass.toml"
    settings.write_text(settings.read_text().replace("sources.files", "sources.crm"))
    desk.workspace.close()
    desk.workspace = type(desk.workspace)(desk.workspace.folder)
    assert desk.load(2)["accounts"].loaded == 5
    assert desk.load(3, accounts=text.replace("a4,A\n", ""))["accounts"].deleted == 1
