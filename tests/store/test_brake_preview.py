"""What a load that waits would change is said before anybody decides, and saying it changes
nothing.
"""

import pytest
from tests.store.conftest import Desk, day

from kampass.errors import DataError

ACCOUNTS = "id,name\n" + "".join(f"a{number},A\n" for number in range(10))
LINES = "id,account_id,mrr,currency,valid_from\n"
SUBSCRIPTIONS = [f"s{number},a{number},10,USD,2025-01-01\n" for number in range(10)]


def halve(desk: Desk) -> None:
    """Ten lines of 10 a month each; the next load states six of them, one at 15, and a line that
    nobody knew, from November.
    """
    desk.write(accounts=ACCOUNTS, subscriptions=LINES + "".join(SUBSCRIPTIONS))
    desk.workspace.sync(recorded_at=day(10))
    six = "".join(SUBSCRIPTIONS[:6]).replace("s0,a0,10", "s0,a0,15")
    desk.write(subscriptions=LINES + six + "new,a9,100,USD,2025-11-01\n")
    desk.workspace.sync(recorded_at=day(11))


def test_the_rows_and_the_figures_that_would_change_are_named(desk: Desk) -> None:
    """Nothing is deleted before 11 January, so December moves by the changed and the new line
    alone: 100 becomes 205.
    """
    halve(desk)
    (held,) = desk.workspace.held()
    (table,) = held.tables
    assert (held.load, held.why) == (2, "4 of 10 rows of 'subscriptions' would be deleted")
    assert (table.table, table.deleted, table.of, table.added, table.changed) == (
        "subscriptions",
        4,
        10,
        1,
        1,
    )
    assert table.first == ("s6", "s7", "s8", "s9")
    mrr = {
        figure.month: (figure.now, figure.then)
        for figure in held.figures
        if figure.kpi == "mrr_end"
    }
    assert mrr == {"2025-10": (100, 105), "2025-11": (100, 205), "2025-12": (100, 205)}
    assert {figure.kpi for figure in held.figures} == set(desk.workspace.settings.enabled)


def test_looking_changes_nothing(desk: Desk) -> None:
    halve(desk)
    before = (
        desk.workspace.manifest.current(),
        desk.workspace.manifest.snapshots(),
        sorted(desk.workspace.snapshots.folder.iterdir()),
    )
    assert desk.workspace.held() == desk.workspace.held(2)
    assert (
        desk.workspace.manifest.current(),
        desk.workspace.manifest.snapshots(),
        sorted(desk.workspace.snapshots.folder.iterdir()),
    ) == before
    assert [load.state for load in desk.workspace.manifest.loads(states=("complete", "held"))] == [
        "complete",
        "held",
    ]


def test_what_was_said_is_what_happens(desk: Desk) -> None:
    halve(desk)
    (held,) = desk.workspace.held()
    desk.workspace.confirm(2)
    found = desk.workspace.kpi("mrr_end", period="2025-10..2025-12", grain="month")
    assert [answer.value for answer in found] == [
        figure.then for figure in held.figures if figure.kpi == "mrr_end"
    ]
    assert desk.workspace.held() == ()


def test_a_preview_that_was_killed_is_swept_away(desk: Desk) -> None:
    halve(desk)
    left = desk.workspace.snapshots.folder / ".building-preview-1"
    left.write_bytes(b"half")
    desk.workspace.publish()
    assert not left.exists()


def test_only_a_load_that_waits_can_be_looked_at(desk: Desk) -> None:
    halve(desk)
    with pytest.raises(DataError, match="Load 1 is not held"):
        desk.workspace.held(1)
