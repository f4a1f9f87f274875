"""What was set aside can be mended at its source, or by hand in a CSV; a later load of the file
that is still wrong undoes nothing.
"""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from tests.store.conftest import Desk, counts, day

from kampass.errors import DataError, QuestionError

ACCOUNTS = "id,name\na,Ada\nb,Bob\nc,Cy\nd,Dot\ne,Eve\n"
GOOD = "".join(f"g{number},2025-01-01,1,plain\n" for number in range(9))
HEADER = "id,created_at,reopened,topic\n"
WRONG = HEADER + GOOD + "bad,2025-02-03,1E5,whole\n"


def mend(desk: Desk, number: int, file: Path | None = None, **cells: str) -> Any:
    """Write what is set aside as CSV, put these cells into every row, and replay it on that day."""
    if file is None:
        found = desk.workspace.quarantine(rows=True)
        rows = list(csv.DictReader(io.StringIO(found.to_csv())))
        file = desk.place / "mend.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(row | cells for row in rows)
    return desk.workspace.replay(file=file, recorded_at=day(number))


def sync(desk: Desk, number: int, **tables: str | bytes) -> dict[str, Any]:
    """Write tables, load and publish them on that day; what was counted, by table."""
    desk.write(**tables)
    (report,) = desk.workspace.sync(recorded_at=day(number))
    return {table.table: table for table in report.tables}


def adds_up(desk: Desk) -> bool:
    rows = [table for load in desk.workspace.manifest.loads() for table in load.tables]
    return all(
        row.read == row.loaded + row.unchanged + row.superseded + row.quarantined for row in rows
    )


def test_a_row_that_is_set_aside_is_kept_whole(desk: Desk) -> None:
    sync(desk, 1, accounts=ACCOUNTS, tickets=HEADER + 'bad,2025-02-03,1E5,"two, ""words"""\n')
    (row,) = desk.workspace.quarantine(rows=True).rows
    assert row.row == {
        "id": "bad",
        "created_at": "2025-02-03",
        "reopened": "1E5",
        "topic": 'two, "words"',
    }
    assert (row.line, row.column, row.value, row.load, row.source) == (
        2,
        "reopened",
        "1E5",
        1,
        "files",
    )


def test_a_row_set_aside_at_publishing_is_kept_whole(desk: Desk) -> None:
    sync(
        desk,
        1,
        accounts=ACCOUNTS,
        subscriptions="id,account_id,mrr,currency,valid_from\ns,nowhere,5,USD,2025-01-01\n",
    )
    (row,) = desk.workspace.quarantine(rows=True).rows
    assert row.row is not None
    assert {name: cell for name, cell in row.row.items() if cell} == {
        "id": "s",
        "account_id": "nowhere",
        "mrr": "5.000000",
        "currency": "USD",
        "valid_from": "2025-01-01",
    }


def test_the_summary_says_what_each_kpi_lacks_and_in_which_months(desk: Desk) -> None:
    """Ten tickets, one of them set aside, dated February 2025; and one torn line."""
    sync(desk, 1, tickets=WRONG + "torn\n")
    found = desk.workspace.quarantine()
    assert [(group.table, group.rows, group.lines) for group in found.groups] == [
        ("tickets", 1, (12,)),
        ("tickets", 1, (11,)),
    ]
    effect = next(effect for effect in found.effects if effect.kpi == "fcr")
    assert (effect.on, effect.rows, effect.of, effect.months, effect.undated) == (
        True,
        2,
        11,
        ("2025-02",),
        1,
    )
    assert all(
        "tickets" in desk.workspace.catalogue.get(effect.kpi).needs for effect in found.effects
    )
    switched = [effect.on for effect in found.effects]
    assert switched == sorted(switched, reverse=True)


def test_a_replay_reads_a_file_again_that_has_not_changed(desk: Desk) -> None:
    sync(desk, 1, tickets=WRONG)
    found = desk.workspace.replay(recorded_at=day(2))
    assert (found.mended, [row.value for row in found.remaining]) == (0, ["1E5"])
    assert counts(found.loads[0].tables[0]) == (10, 0, 9, 0, 1)


def test_a_replay_after_the_file_was_mended_empties_the_quarantine(desk: Desk) -> None:
    sync(desk, 1, accounts=ACCOUNTS, tickets=WRONG)
    desk.write(tickets=WRONG.replace("1E5", "5"))
    found = desk.workspace.replay(recorded_at=day(2))
    assert (found.mended, found.remaining) == (1, ())
    assert [table.table for table in found.loads[0].tables] == ["tickets"]
    assert desk.quarantine() == []
    assert desk.workspace.replay(recorded_at=day(3)).loads == ()


def test_rows_mended_by_hand_leave_the_quarantine_and_nothing_else_changes(desk: Desk) -> None:
    sync(desk, 1, accounts=ACCOUNTS, tickets=WRONG)
    found = mend(desk, 2, reopened="5")
    assert (found.mended, found.remaining) == (1, ())
    assert counts(found.loads[0].tables[0]) == (1, 1, 0, 0, 0)
    assert desk.quarantine() == []
    assert desk.ask("SELECT count(*), max(reopened) FROM tickets") == [(10, 5)]


@pytest.mark.parametrize(
    "text", [WRONG, WRONG.replace("plain", "fancy"), HEADER + "bad,2025-02-03,1E5,whole\n" + GOOD]
)
def test_a_later_load_of_the_line_that_is_still_wrong_undoes_nothing(desk: Desk, text: str) -> None:
    """The same file; other lines changed; the wrong line elsewhere. It is shown as mended, not as
    open.
    """
    sync(desk, 1, tickets=WRONG)
    mend(desk, 2, reopened="5")
    found = sync(desk, 3, tickets=text)["tickets"]
    assert (found.read, found.quarantined, found.deleted) == (10, 1, 0)
    assert desk.ask("SELECT reopened FROM tickets WHERE id = 'bad'") == [(5,)]
    assert desk.quarantine() == []
    shown = desk.workspace.quarantine(rows=True)
    assert (shown.total, shown.mended, [row.mended_by for row in shown.rows]) == (0, 1, [2])
    assert adds_up(desk)


def test_a_key_mended_by_hand_stays_while_the_wrong_line_is_there_and_goes_with_it(
    desk: Desk,
) -> None:
    sync(desk, 1, tickets=WRONG)
    mend(desk, 2, id="other", reopened="5")
    assert sync(desk, 3, tickets=WRONG.replace("plain", "fancy"))["tickets"].deleted == 0
    assert desk.ask("SELECT count(*) FROM tickets WHERE id = 'other'") == [(1,)]
    assert sync(desk, 4, tickets=HEADER + GOOD)["tickets"].deleted == 1
    assert desk.ask("SELECT count(*) FROM tickets WHERE id = 'other'") == [(0,)]


def test_the_file_wins_again_once_its_own_line_is_right(desk: Desk) -> None:
    sync(desk, 1, tickets=WRONG)
    mend(desk, 2, reopened="5")
    sync(desk, 3, tickets=WRONG.replace("1E5", "7"))
    assert desk.ask("SELECT reopened FROM tickets WHERE id = 'bad'") == [(7,)]
    assert desk.workspace.quarantine().mended == 0


def test_another_wrong_cell_in_the_same_line_is_open_again(desk: Desk) -> None:
    sync(desk, 1, tickets=WRONG)
    mend(desk, 2, reopened="5")
    sync(desk, 3, tickets=WRONG.replace("1E5", "1E6"))
    assert [row[3] for row in desk.quarantine()] == ["1E6"]
    assert desk.ask("SELECT reopened FROM tickets WHERE id = 'bad'") == [(5,)]


def test_a_torn_line_can_be_mended(desk: Desk) -> None:
    sync(desk, 1, tickets=HEADER + GOOD + "bad,2025-02-03\n")
    found = mend(desk, 2, id="bad", created_at="2025-02-03", reopened="5")
    assert (found.mended, desk.quarantine()) == (1, [])
    sync(desk, 3, tickets=HEADER + GOOD.replace("plain", "fancy") + "bad,2025-02-03\n")
    assert desk.ask("SELECT count(*) FROM tickets") == [(10,)]
    assert desk.quarantine() == []


def test_a_row_set_aside_at_publishing_can_be_mended(desk: Desk) -> None:
    head = "id,account_id,mrr,currency,valid_from\n"
    good = "".join(f"g{number},a,1,USD,2025-01-01\n" for number in range(9))
    sync(desk, 1, accounts=ACCOUNTS, subscriptions=head + good + "s,nowhere,5,USD,2025-01-01\n")
    assert mend(desk, 2, account_id="a").mended == 1
    assert desk.quarantine() == []
    sync(desk, 3, subscriptions=head + good.replace(",1,", ",2,") + "s,nowhere,5,USD,2025-01-01\n")
    assert desk.ask("SELECT account_id, mrr FROM subscriptions WHERE id = 's'") == [("a", 5)]
    assert desk.quarantine() == []
    assert [row.mended_by for row in desk.workspace.quarantine(rows=True).rows] == [2]
    assert adds_up(desk)


@pytest.mark.parametrize("table", ["tickets", "subscriptions"])
def test_a_row_that_is_still_wrong_stays_open_once(desk: Desk, table: str) -> None:
    """Nothing was mended in the file of mended rows."""
    text = (
        WRONG
        if table == "tickets"
        else "id,account_id,mrr,currency,valid_from\ns,nowhere,5,USD,2025-01-01\n"
    )
    sync(desk, 1, accounts=ACCOUNTS, **{table: text})
    found = mend(desk, 2)
    assert (found.mended, len(found.remaining)) == (0, 1)
    assert len(desk.quarantine()) == 1
    assert adds_up(desk)


def test_a_mending_that_is_dropped_opens_its_row_again(desk: Desk) -> None:
    sync(desk, 1, tickets=WRONG)
    mend(desk, 2, reopened="5")
    desk.workspace.drop(2)
    assert [row[3] for row in desk.quarantine()] == ["1E5"]
    assert desk.ask("SELECT count(*) FROM tickets") == [(9,)]


def test_before_the_mending_the_row_was_unknown(desk: Desk) -> None:
    sync(desk, 1, tickets=WRONG)
    mend(desk, 3, reopened="5")
    assert desk.ask(
        "SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM _quarantine)", known_at=day(2)
    ) == [(9, 1)]


def test_mended_rows_do_not_make_the_rest_of_the_table_seem_read_again(desk: Desk) -> None:
    """Assumed coverage ends with the last load of the whole table."""
    sync(desk, 1, tickets=WRONG)
    mend(desk, 3, reopened="5")
    assert desk.ask("SELECT loaded_at::VARCHAR FROM _filled WHERE \"table\" = 'tickets'") == [
        ("2026-01-01 00:00:00+00",)
    ]


def test_loads_are_replayed_in_order(desk: Desk) -> None:
    sync(desk, 5, tickets=WRONG)
    with pytest.raises(DataError, match="lie before"):
        mend(desk, 4, reopened="5")
    with pytest.raises(DataError, match="lie before"):
        desk.workspace.replay(recorded_at=day(4))


def test_a_file_of_mended_rows_must_come_from_the_quarantine(desk: Desk) -> None:
    sync(desk, 1, accounts=ACCOUNTS + ",\n", tickets=WRONG)
    file = desk.place / "mine.csv"
    with pytest.raises(DataError, match="no file"):
        mend(desk, 2, file)
    for text, what in (
        ("id\nx\n", "no column '_id'"),
        ("id,_id\n\nx,guess\n", "line 3: no row"),
        ("id,_id\nx\n", "line 2: has 1 fields"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=what):
            mend(desk, 2, file)
    with pytest.raises(QuestionError, match="accounts from files, tickets from files"):
        desk.workspace.quarantine(rows=True).to_csv()
    assert [load.id for load in desk.workspace.manifest.loads()] == [1]


def test_one_row_cannot_be_mended_into_two(desk: Desk) -> None:
    sync(desk, 1, accounts=ACCOUNTS, tickets=WRONG)
    head, line = desk.workspace.quarantine(rows=True).to_csv().splitlines()
    file = desk.place / "mend.csv"
    file.write_text("\n".join([head, line, line.replace("bad", "other")]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="lines 2 and 3: both mend"):
        mend(desk, 2, file)
    assert len(desk.workspace.manifest.loads()) == 1


def test_the_quarantine_can_be_narrowed(desk: Desk) -> None:
    sync(desk, 1, accounts=ACCOUNTS + ",x\n", tickets=WRONG + "t,soon,1,\n")
    ask = desk.workspace.quarantine
    assert [
        ask(**wish).total
        for wish in (
            {},
            {"table": "tickets"},
            {"reason": "WHOLE number"},
            {"load": 2},
            {"source": "files"},
        )
    ] == [3, 2, 1, 0, 3]  # type: ignore[arg-type]
    assert [(group.table, group.reason, group.rows) for group in ask(by="table").groups] == [
        ("accounts", None, 1),
        ("tickets", None, 2),
    ]
    with pytest.raises(QuestionError, match="tickets"):
        ask(table="tickts")
