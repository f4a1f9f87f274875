"""What is gone from a file is deleted as of that load; too much at once waits; a load can be taken
back.
"""

from contextlib import closing

import pytest
from tests.store.conftest import Desk, counts, day

from kampass.errors import DataError

ACCOUNTS = "id,name\n" + "".join(f"a{number},A\n" for number in range(10))
FEWER = ACCOUNTS.replace("a9,A\n", "").replace("a8,A\n", "")
TOO_FEW = FEWER.replace("a7,A\n", "")
SPANS = "id,account_id,mrr,currency,valid_from,deleted_at\n"


def fill(count: int) -> str:
    return "".join(f"x{number},a0,1,USD,2025-01-01,\n" for number in range(count))


def test_an_entity_that_is_gone_keeps_its_history_and_name(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    assert desk.load(2, accounts=FEWER)["accounts"].deleted == 2
    found = desk.ask(
        "SELECT id, name, deleted_at::VARCHAR FROM accounts WHERE id >= 'a7' ORDER BY id"
    )
    assert found == [
        ("a7", "A", None),
        ("a8", "A", "2026-01-02 00:00:00+00"),
        ("a9", "A", "2026-01-02 00:00:00+00"),
    ]


def test_a_span_that_is_gone_ends_on_the_local_day_of_its_deletion(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS, subscriptions=SPANS + fill(4) + "s,a1,5,USD,2025-01-01,\n")
    desk.load(2, subscriptions=SPANS + fill(4))
    assert desk.ask("SELECT valid_to::VARCHAR FROM paid_line WHERE id = 's'") == [("2026-01-02",)]


def test_a_deletion_that_was_stated_is_not_put_off_when_the_row_goes_as_well(desk: Desk) -> None:
    """Deleted on 1 December; gone from the file a month later. It still ended on 1 December."""
    desk.load(
        1, accounts=ACCOUNTS, subscriptions=SPANS + fill(4) + "s,a1,5,USD,2025-01-01,2025-12-01\n"
    )
    desk.load(2, subscriptions=SPANS + fill(4))
    assert desk.ask("SELECT valid_to::VARCHAR FROM paid_line WHERE id = 's'") == [("2025-12-01",)]


def test_any_other_row_is_gone_from_what_is_known_after_and_stays_in_what_was_known_before(
    desk: Desk,
) -> None:
    tickets = "id,created_at\n" + "".join(f"t{number},2025-06-01\n" for number in range(5))
    desk.load(1, tickets=tickets)
    desk.load(3, tickets=tickets.replace("t4,2025-06-01\n", ""))
    assert desk.ask("SELECT count(*) FROM tickets") == [(4,)]
    assert desk.ask("SELECT count(*) FROM tickets", known_at=day(2)) == [(5,)]


def test_a_row_that_is_deleted_in_the_future_is_still_there(desk: Desk) -> None:
    desk.load(1, tickets="id,created_at,deleted_at\nt,2025-06-01,2026-01-03\n")
    assert desk.ask("SELECT count(*) FROM tickets") == [(1,)]
    desk.load(4)
    assert desk.ask("SELECT count(*) FROM tickets") == [(0,)]


def test_a_reference_to_a_row_that_is_gone_is_empty_also_within_one_table(desk: Desk) -> None:
    contracts = "id,account_id,valid_from,previous_contract_id,deleted_at\n"
    desk.load(
        1,
        accounts=ACCOUNTS,
        contracts=contracts + "c1,a0,2024-01-01,,2025-12-01\nc2,a0,2025-01-01,c1,\n",
    )
    assert desk.ask("SELECT id, previous_contract_id FROM contracts") == [("c2", None)]


def test_a_row_that_comes_back_lives_again(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    desk.load(2, accounts=FEWER)
    assert counts(desk.load(3, accounts=ACCOUNTS)["accounts"]) == (10, 2, 8, 0, 0)
    assert desk.ask("SELECT count(*) FROM accounts WHERE deleted_at IS NULL") == [(10,)]


def test_a_quarantined_line_still_states_its_key(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    found = desk.load(2, accounts=ACCOUNTS.replace("a9,A", "a9,"))["accounts"]
    assert (found.quarantined, found.deleted) == (1, 0)
    assert desk.ask("SELECT name, deleted_at FROM accounts WHERE id = 'a9'") == [("A", None)]


def test_the_deletion_of_a_row_whose_last_version_was_set_aside_ends_its_good_version(
    desk: Desk,
) -> None:
    """Load 2 moves s to an unknown account, which is set aside; load 3 states s no more. s ended
    with load 3.
    """
    desk.load(1, accounts=ACCOUNTS, subscriptions=SPANS + fill(4) + "s,a1,5,USD,2025-01-01,\n")
    desk.load(2, subscriptions=SPANS + fill(4) + "s,nowhere,5,USD,2025-01-01,\n")
    assert desk.ask("SELECT account_id, deleted_at FROM subscriptions WHERE id = 's'") == [
        ("a1", None)
    ]
    desk.load(3, subscriptions=SPANS + fill(4))
    assert desk.ask(
        "SELECT account_id, deleted_at::DATE::VARCHAR FROM subscriptions WHERE id = 's'"
    ) == [("a1", "2026-01-03")]
    assert desk.quarantine() == []


def test_a_deletion_on_the_line_number_of_a_row_set_aside_is_not_lost(desk: Desk) -> None:
    """Load 1 states s on line 2. Load 2 drops it, and on line 2 stands a row of an unknown
    account.
    """
    desk.load(1, accounts=ACCOUNTS, subscriptions=SPANS + "s,a1,5,USD,2025-01-01,\n" + fill(5))
    desk.load(2, subscriptions=SPANS + "u,nowhere,5,USD,2025-01-01,\n" + fill(5))
    assert desk.ask("SELECT deleted_at::DATE::VARCHAR FROM subscriptions WHERE id = 's'") == [
        ("2026-01-02",)
    ]


def test_a_fifth_may_vanish_and_more_waits_for_a_person(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    before = desk.export()
    desk.load(2, accounts=TOO_FEW)
    assert (desk.report.state, desk.report.why) == (
        "held",
        "3 of 10 rows of 'accounts' would be deleted",
    )
    assert desk.export() == before
    desk.load(3, accounts=FEWER)
    assert desk.report.state == "complete"
    assert [
        load.state for load in desk.workspace.manifest.loads(states=("complete", "held", "dropped"))
    ] == ["complete", "dropped", "complete"]


def test_a_held_load_counts_once_confirmed_and_not_when_dropped(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    desk.load(2, accounts=TOO_FEW)
    desk.workspace.drop(2)
    assert desk.ask("SELECT count(*) FROM accounts WHERE deleted_at IS NULL") == [(10,)]
    desk.load(3)
    desk.workspace.confirm(3)
    assert desk.ask("SELECT count(*) FROM accounts WHERE deleted_at IS NULL") == [(7,)]
    with pytest.raises(DataError, match="not held"):
        desk.workspace.confirm(3)


def test_a_load_that_a_later_one_was_compared_with_cannot_be_dropped(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    desk.load(2)
    with pytest.raises(DataError, match="load 2 of the same source came after it"):
        desk.workspace.drop(1)
    desk.workspace.drop(2)
    assert desk.workspace.drop(1) is None


def test_a_load_that_a_held_one_was_compared_with_cannot_be_dropped(desk: Desk) -> None:
    """Otherwise a confirmed load would hold only what differs from a load that no longer counts."""
    desk.load(1, accounts=ACCOUNTS)
    desk.load(2, accounts=TOO_FEW)
    with pytest.raises(DataError, match="load 2 of the same source came after it"):
        desk.workspace.drop(1)


def test_a_load_cannot_be_recorded_before_an_earlier_one(desk: Desk) -> None:
    desk.load(2, accounts=ACCOUNTS)
    with pytest.raises(DataError, match="would lie before an earlier load's") as refused:
        desk.load(1)
    assert refused.value.code == "recorded_before"
    desk.load(2)


def test_what_was_known_is_not_changed_by_later_loads(desk: Desk) -> None:
    desk.load(1, accounts=ACCOUNTS)
    first = desk.export()
    with closing(desk.snapshot()) as snapshot:
        known = snapshot.id
    desk.load(2, accounts=FEWER + "b,B\n")
    desk.load(3, accounts=FEWER.replace(",A", ",Z"))
    assert desk.export(known_at=day(1)) == first
    assert desk.export(snapshot=known) == first
    with closing(desk.snapshot(known_at=day(1))) as snapshot:
        assert snapshot.id == known
    (desk.workspace.snapshots.folder / f"{known}.duckdb").unlink()
    assert desk.export(snapshot=known) == first
    with pytest.raises(DataError, match="Nothing was known"):
        desk.workspace.snapshot(known_at=day(1).replace(year=2025))


def test_a_load_that_waits_is_dropped_by_the_next_one_and_both_say_so(desk: Desk) -> None:
    everybody = "id,name\n" + "".join(f"a{number},A\n" for number in range(10))
    desk.load(1, accounts=everybody)
    desk.load(2, accounts="id,name\na0,A\n")
    assert desk.report.state == "held"
    waiting = desk.report.number
    desk.load(3, accounts=everybody + "a10,A\n")
    assert any(
        f"load {waiting}, which waited, was dropped" in notice for notice in desk.report.notices
    )
    with pytest.raises(DataError, match=f"Load {waiting} was dropped"):
        desk.workspace.confirm(waiting)
