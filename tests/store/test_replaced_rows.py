"""Two sources that share ids: the later load's row counts, and what it replaced is kept by source
and line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.store.conftest import day

from kampass.workspace import create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

HEADER = "id,account_id,mrr,currency,valid_from\n"
ACCOUNTS = "id,name\na,A\nb,B\nc,C\n"
TICKETS = "id,created_at,subject,updated_at\n"


class TwoSources:
    """Folders `x` and `y`, and the workspace that loads them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        sources = []
        for name in ("x", "y"):
            (place / name).mkdir(parents=True)
            sources.append(SourceSettings(name, "folder", {"path": str(place / name)}))
        self.workspace = create(place / "workspace", WorkspaceSettings(sources=tuple(sources)))

    def load(self, number: int, source: str, **tables: str) -> None:
        """Write tables of a source and load it on that day of January."""
        for table, text in tables.items():
            (self.place / source / f"{table}.csv").write_text(text, encoding="utf-8")
        self.workspace.sync(source, recorded_at=day(number))

    @property
    def replaced(self) -> list[tuple[Any, ...]]:
        """What the snapshot keeps of it."""
        cursor = self.workspace.snapshot().cursor()
        return cursor.execute("SELECT * FROM _replaced ORDER BY ALL").fetchall()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoSources]:
    made = TwoSources(tmp_path)
    made.load(1, "x", accounts=ACCOUNTS, subscriptions=f"{HEADER}1,a,100,USD,2025-01-01\n")
    yield made
    made.workspace.close()


def lines(*rows: str) -> str:
    return HEADER + "".join(f"{row},USD,2025-01-01\n" for row in rows)


def test_a_row_that_took_another_sources_id_is_kept_with_both_lines(two: TwoSources) -> None:
    two.load(2, "y", subscriptions=lines("3,c,20", "1,c,700"))
    assert two.replaced == [("subscriptions", "1", "y", 3, "x", 2)]


def test_two_sources_that_state_a_row_alike_share_it(two: TwoSources) -> None:
    two.load(2, "y", subscriptions=lines("1,a,100", "3,c,20"), accounts=ACCOUNTS)
    assert two.replaced == []


def test_a_source_that_no_longer_states_the_row_replaced_nothing(two: TwoSources) -> None:
    two.load(2, "y", subscriptions=lines("1,c,700"))
    two.load(3, "x", subscriptions=lines("2,a,100"))
    assert two.replaced == []


def test_the_later_load_counts_whichever_came_first(two: TwoSources) -> None:
    two.load(2, "y", subscriptions=lines("1,c,700", "3,c,20"))
    two.load(3, "x", subscriptions=lines("1,a,110"))
    assert two.replaced == [("subscriptions", "1", "x", 2, "y", 2)]


def test_an_unchanged_load_says_it_still(two: TwoSources) -> None:
    two.load(2, "y", subscriptions=lines("1,c,700"))
    two.load(3, "x")
    two.load(4, "y")
    assert two.replaced == [("subscriptions", "1", "y", 2, "x", 2)]


def test_a_source_that_ends_a_row_replaces_none(two: TwoSources) -> None:
    two.load(2, "y", subscriptions=lines("1,c,700", *(f"{k},c,1" for k in range(10, 20))))
    two.load(3, "y", subscriptions=lines(*(f"{k},c,1" for k in range(10, 20))))
    assert two.replaced == []


def test_a_ticket_that_was_written_later_is_the_same_ticket_and_another_is_not(
    two: TwoSources,
) -> None:
    """Ticket 1 went on from x to y; ticket 2 of y was created at another time."""
    two.load(
        2,
        "x",
        tickets=f"{TICKETS}1,2025-01-01T10:00:00Z,old,2025-01-02T10:00:00Z\n"
        "2,2025-01-01T10:00:00Z,old,2025-01-02T10:00:00Z\n",
    )
    two.load(
        3,
        "y",
        tickets=f"{TICKETS}1,2025-01-01T10:00:00Z,on,2025-01-03T10:00:00Z\n"
        "2,2025-01-03T10:00:00Z,new,2025-01-03T10:00:00Z\n",
    )
    assert two.replaced == [("tickets", "2", "y", 3, "x", 3)]


def test_the_next_export_of_a_system_under_another_name_replaces_nothing(two: TwoSources) -> None:
    """Of ten tickets all went on; one is open again."""
    head, at = "id,created_at,topic,resolved_at\n", "2025-01-01T10:00:00Z"
    before = [f"{k},{at},old,{'' if k else at}\n" for k in range(10)]
    after = [f"{k},{at},new,{at if k else ''}\n" for k in range(10)]
    two.load(2, "x", tickets=head + "".join(before))
    two.load(3, "y", tickets=head + "".join(after))
    assert two.replaced == []


def test_a_source_that_knows_less_of_the_same_rows_has_replaced_them(two: TwoSources) -> None:
    """y has no regions, and one account's name is written otherwise."""
    two.load(2, "x", accounts="id,name,region\na,A,north\nb,B,north\nc,C,\n")
    two.load(3, "y", accounts="id,name\na,A\nb,Bee\nc,C\n")
    assert [row[1] for row in two.replaced] == ["a", "b"]


def test_amounts_of_one_day_from_two_sources_are_told(two: TwoSources) -> None:
    two.load(2, "x", usage_daily="account_id,on,logins\na,2025-01-01,3\nb,2025-01-01,3\n")
    two.load(3, "y", usage_daily="account_id,on,logins\na,2025-01-01,4\nc,2025-01-01,3\n")
    assert two.replaced == [("usage_daily", "a, 2025-01-01", "y", 2, "x", 2)]


def test_how_far_two_sources_reach_is_no_row_of_one_of_them(two: TwoSources) -> None:
    for number, end in ((2, "01"), (3, "02")):
        text = f"table,covered_from,covered_to\ntickets,2025-01-01,2025-{end}-15\n"
        two.load(number, "xy"[number - 2], coverage=text)
    assert two.replaced == []
