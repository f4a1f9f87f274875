"""A line that is no row (a torn footer, a row of totals) is dismissed once, and never asked about
again.
"""

import pytest
from tests.store.conftest import Desk, day
from tests.store.test_accounting import run

from kampass.cli.app import app
from kampass.errors import DataError, QuestionError

HEAD = "id,account_id,purchased_at,amount,currency\n"
ACCOUNTS = "id,name\na,Ann\n"


def export(*amounts: int, footer: str = "", total: str = "") -> str:
    rows = [f"p{n},a,2026-01-05,{amount},USD" for n, amount in enumerate(amounts, start=1)]
    return HEAD + "\n".join([*rows, *([total] if total else []), *([footer] if footer else [])])


def open_rows(desk: Desk) -> list[tuple[str, int | None]]:
    found = desk.workspace.quarantine(rows=True).rows
    return [(row.reason, row.line) for row in found if row.mended_by is None]


def begin(desk: Desk, **parts: str) -> None:
    desk.load(1, accounts=ACCOUNTS, purchases=export(1, 2, 3, **parts))
    desk.workspace.publish()


@pytest.mark.parametrize(
    "parts",
    [
        (
            {"footer": "Exported 2026-01-06 09:30, 3 rows"},
            {"footer": "Exported 2026-02-06 10:01, 4 rows"},
        ),
        ({"total": "Total,,,6.00,"}, {"total": "Total,,,10.00,"}),
        ({"total": ",,,Grand total: 6,"}, {"total": ",,,Grand total: 10,"}),
    ],
)
def test_a_footer_is_dismissed_for_good_whatever_its_figures(
    desk: Desk, parts: tuple[dict[str, str], dict[str, str]]
) -> None:
    first, then = parts
    begin(desk, **first)
    assert len(open_rows(desk)) == 1
    (row,) = desk.workspace.dismiss(table="purchases", recorded_at=day(2))
    assert row.line == 5
    assert open_rows(desk) == []
    table = desk.load(3, purchases=export(1, 2, 3, 4, **then))["purchases"]
    assert (table.read, table.loaded, table.unchanged, table.quarantined, table.dismissed) == (
        5,
        1,
        3,
        1,
        1,
    )
    desk.workspace.publish()
    found = desk.workspace.quarantine(rows=True)
    assert (found.total, found.dismissed, found.mended) == (0, 1, 0)
    assert [(row.dismissed, row.line) for row in found.rows] == [(True, 6)]


def test_a_dismissed_line_keeps_no_deleted_row_alive(desk: Desk) -> None:
    """Where a line is torn nobody can say which key is gone; a footer has none."""
    footer = "Exported, 6 rows"
    rows = {"footer": footer}
    desk.load(1, accounts=ACCOUNTS, purchases=export(1, 2, 3, 4, 5, 6, **rows))
    assert desk.load(2, purchases=export(1, 2, 3, 4, 5, **rows))["purchases"].deleted == 0
    desk.workspace.publish()
    desk.workspace.dismiss(table="purchases", recorded_at=day(3))
    assert desk.load(4, purchases=export(1, 2, 3, 4, 5, 7, **rows))["purchases"].deleted == 0
    assert desk.load(5, purchases=export(1, 2, 3, 4, 5, **rows))["purchases"].deleted == 1
    torn = export(1, 2, 3, 4, 5, **rows) + "\np9,a"
    assert desk.load(6, purchases=torn.replace("p5,", "p6,"))["purchases"].deleted == 0


def test_a_row_of_data_is_known_by_all_that_stands_in_it(desk: Desk) -> None:
    """The same torn account with another amount is another row."""
    begin(desk, total="p8,a,2026-01-05,ten,USD")
    desk.workspace.dismiss(table="purchases", recorded_at=day(2))
    assert open_rows(desk) == []
    desk.load(3, purchases=export(1, 2, 3, total="p9,a,2026-01-05,ten,USD"))
    desk.workspace.publish()
    assert len(open_rows(desk)) == 1


def test_dropping_a_dismissal_takes_it_back_also_after_later_loads(desk: Desk) -> None:
    begin(desk, footer="Exported, 3 rows")
    desk.workspace.dismiss(table="purchases", recorded_at=day(2))
    desk.load(3, purchases=export(1, 2, 3, 4, footer="Exported, 4 rows"))
    desk.workspace.drop(2)
    assert len(open_rows(desk)) == 1


def test_a_dismissal_is_of_its_source_and_table_and_known_since_its_day(desk: Desk) -> None:
    begin(desk, footer="Exported, 3 rows")
    with pytest.raises(DataError, match="Nothing that is set aside fits"):
        desk.workspace.dismiss(table="accounts")
    desk.workspace.dismiss(table="purchases", recorded_at=day(2))
    assert desk.ask("SELECT count(*) FROM _quarantine", known_at=day(1)) == [(1,)]


def test_the_command_says_what_it_dismissed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    begin(desk, footer="Exported, 3 rows")
    place = ["--workspace", str(desk.workspace.folder)]
    with pytest.raises(QuestionError, match="What is to be dismissed"):
        app(["data", "dismiss", *place])
    assert run(["data", "dismiss", "--reason", "fields", *place]) == 0
    assert "line 5: Exported, 3 rows" in capsys.readouterr().err
    assert run(["data", "quarantine", *place]) == 0
    assert "1 more lines were dismissed" in capsys.readouterr().out


def test_a_torn_row_of_data_stands_for_no_other(desk: Desk) -> None:
    """Torn rows of shops, which differ in their figures alone."""
    begin(desk, footer="Shop 12,a,2026-01-05,1,USD,x")
    desk.workspace.dismiss(table="purchases", recorded_at=day(2))
    desk.load(3, purchases=export(1, 2, footer="Shop 13,a,2026-01-05,1,USD,x"))
    desk.workspace.publish()
    assert len(open_rows(desk)) == 1
