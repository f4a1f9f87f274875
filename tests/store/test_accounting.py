"""What a load reads is accounted for: records of files, lines of one key, and a load that keeps
nothing.
"""

import json
from pathlib import Path

import pytest
from tests.sources.conftest import Mapped
from tests.store.conftest import Desk, counts, day

from kampass.cli.app import app
from kampass.intake.mapping import MappedSource
from kampass.intake.preview import preview
from kampass.model.scan import FileCount
from kampass.store import LoadReport

ACCOUNTS = "id,name\na,Ann\n"


def purchases(*lines: str) -> str:
    return "id,account_id,purchased_at,amount,currency\n" + "\n".join(lines)


def bought(number: int, amount: int, on: str = "2026-01-05") -> str:
    return f"p{number},a,{on},{amount},USD"


def load(desk: Desk, number: int, source: MappedSource) -> LoadReport:
    return desk.workspace.journal.load(source, recorded_at=day(number))


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    return Mapped(tmp_path)


def test_lines_of_a_key_that_differ_are_counted_and_equal_ones_are_not(desk: Desk) -> None:
    """p1 thrice, two of them differing from the last; p2 twice, alike."""
    lines = [bought(1, 10), bought(1, 11), bought(1, 12), bought(2, 20), bought(2, 20)]
    table = desk.load(1, accounts=ACCOUNTS, purchases=purchases(*lines))["purchases"]
    assert counts(table) == (5, 2, 0, 3, 0)
    assert table.conflicting == 2
    assert desk.report.state == "complete"


def test_an_updated_at_orders_lines_unless_it_is_the_same(desk: Desk) -> None:
    head = "id,name,updated_at\n"
    ordered = "a,Ann,2026-01-01\na,Anna,2026-01-02\n"
    alike = "b,Bob,2026-01-01\nb,Bobby,2026-01-01\n"
    half = "c,Cy,\nc,Cyd,2026-01-01\n"
    assert desk.load(1, accounts=head + ordered)["accounts"].conflicting == 0
    assert desk.load(2, accounts=head + ordered + alike)["accounts"].conflicting == 1
    assert desk.load(3, accounts=head + ordered + alike + half)["accounts"].conflicting == 2


def test_many_conflicting_lines_wait_for_a_person_and_few_do_not(desk: Desk) -> None:
    """Ten keys twice among 200 lines are 5 %; among 199 they are more."""
    doubled = [bought(n, amount) for n in range(10) for amount in (1, 2)]
    single = [bought(n, 1) for n in range(10, 190)]
    desk.load(1, accounts=ACCOUNTS, purchases=purchases(*doubled, *single))
    assert desk.report.state == "complete"
    desk.load(2, accounts=ACCOUNTS, purchases=purchases(*doubled, *single[1:]))
    assert desk.report.state == "held"
    assert desk.report.why == (
        "10 of 199 lines of 'purchases' differ from another line with the same id, and nothing "
        "says which counts"
    )
    nine = purchases(*doubled[2:], *single[100:])
    desk.load(3, accounts=ACCOUNTS, purchases=nine)
    assert "differ" not in desk.report.why


@pytest.mark.parametrize(("keep", "amount"), [("first", 1), ("last", 2)])
def test_keep_says_which_line_counts(desk: Desk, mapped: Mapped, keep: str, amount: int) -> None:
    lines = [bought(n, amount) for n in range(10) for amount in (1, 2)]
    mapped.write(p_csv=purchases(*lines))
    names = ("id", "account_id", "purchased_at", "amount", "currency")
    columns = "[columns]\n" + "".join(f'{name} = "{name}"\n' for name in names)
    desk.load(1, accounts=ACCOUNTS)
    held = load(desk, 2, mapped.map("purchases", f'file = "p.csv"\n{columns}').source)
    assert held.state == "held"
    mapped.map("purchases", f'file = "p.csv"\nkeep = "{keep}"\n{columns}')
    report = load(desk, 3, mapped.source)
    assert (report.state, report.tables[0].conflicting) == ("complete", 10)
    assert desk.ask("SELECT DISTINCT amount FROM purchases") == [(amount,)]
    assert desk.ask("SELECT count(*) FROM purchases") == [(10,)]


def test_preview_and_load_count_the_same(desk: Desk, mapped: Mapped) -> None:
    """Four lines of p1, one of them no number, and a torn one: two of the other three lose."""
    mapped.write(p_csv="id;name;x\n1;Ann;1\n1;Anna;1\n1;Ann;2\n2;;3\n2;Bob\n2;Bob;4\n")
    mapped.map(
        "accounts",
        'file = "p.csv"\ndelimiter = ";"\n[columns]\nid = "id"\nname = "name"\nextra = ["x"]',
    )
    (table,) = load(desk, 1, mapped.source).tables
    shown = mapped.preview()
    assert (shown.rows, shown.set_aside, shown.conflicting, shown.kept) == (6, 2, 2, 4)
    assert (table.read, table.quarantined, table.conflicting) == (6, 2, 2)
    assert counts(table) == (6, 2, 0, 2, 2)
    assert shown.files == table.files == (FileCount("p.csv", 6),)


def test_what_a_select_leaves_out_is_counted_by_file(desk: Desk, mapped: Mapped) -> None:
    """Of ten lines in two files seven have an even price; one is torn."""
    mapped.write(a1_csv="id,name\n1,a\n2,b\n3,c\n4,d\n", a2_csv="id,name\n5,e\n6,f\n7\n")
    mapped.map(
        "accounts", 'file = "a*.csv"\nselect = "SELECT id, name FROM raw WHERE id::INT % 2 = 0"'
    )
    left = (FileCount("a1.csv", 4, {"select": 2}), FileCount("a2.csv", 3, {"select": 1}))
    assert mapped.preview().files == left
    (table,) = load(desk, 1, mapped.source).tables
    assert table.files == left
    assert [file.used for file in table.files] == [2, 2]
    assert table.read == 4
    (kept,) = desk.workspace.manifest.loads()[0].tables
    assert kept.files == left


def test_a_select_that_groups_without_a_line_leaves_out_nobody_knows_what(mapped: Mapped) -> None:
    mapped.write(a_csv="id,name\n1,a\n1,a\n2,b\n3,c\n")
    grouped = "SELECT id, min(name) AS name{} FROM raw WHERE id <> '3' GROUP BY id"
    mapped.map("accounts", f'file = "a.csv"\nselect = "{grouped.format("")}"')
    assert mapped.preview().files == (FileCount("a.csv", 4, {"select": None}),)
    assert mapped.preview().files[0].used is None
    stated = grouped.format(", min(_line) AS _line")
    mapped.map("accounts", f'file = "a.csv"\nselect = "{stated}"')
    assert mapped.preview().files == (FileCount("a.csv", 4, {"select": 2}),)


def test_a_load_that_keeps_nothing_waits_and_one_that_only_deletes_does_not(desk: Desk) -> None:
    desk.load(1, accounts="id,name\na,\nb,\n")
    assert (desk.report.state, desk.report.why) == (
        "held",
        "none of the 2 rows that were read is kept",
    )
    desk.load(2, accounts="id,name\na,Ann\nb,Bob\n")
    assert desk.report.state == "complete"
    desk.load(3, accounts="id,name\n")
    assert desk.report.why == "2 of 2 rows of 'accounts' would be deleted"


def test_a_held_first_load_says_why_its_rows_are_set_aside(desk: Desk) -> None:
    desk.load(1, accounts="id,name\na,\nb,\n")
    (held,) = desk.workspace.held()
    assert [(reason.reason, reason.rows, reason.line) for reason in held.reasons] == [
        ("is required and empty", 2, 2)
    ]
    assert (held.tables[0].set_aside, held.tables[0].added) == (2, 0)


def test_sync_tells_what_publishing_set_aside(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.write(
        accounts=ACCOUNTS,
        purchases=purchases(bought(1, 5), "p2,nobody,2026-01-05,1,USD", "p3,x,2026-01-05,1,USD"),
    )
    assert run(["sync", "--workspace", str(desk.workspace.folder)]) == 0
    told = capsys.readouterr().err
    assert "purchases: publishing set 2 rows aside: account_id is unknown in accounts" in told


def test_a_preview_and_a_sync_that_keep_nothing_end_with_3(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.write(accounts="id,name\na,\nb,\n")
    place = ["--workspace", str(desk.workspace.folder)]
    assert run(["source", "preview", *place]) == 3
    assert "no row would be kept" in capsys.readouterr().out
    assert run(["source", "preview", "--format", "json", *place]) == 3
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["tables"][0]["files"] == [
        {"file": "accounts.csv", "records": 2, "left_out": {}, "used": 2}
    ]
    assert run(["sync", *place]) == 3
    desk.write(accounts=ACCOUNTS)
    assert run(["source", "preview", *place]) == 0


def run(arguments: list[str]) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        app(arguments)
    return int(ended.value.code or 0)


def test_a_preview_counts_conflicts_of_a_canonical_folder_too(desk: Desk) -> None:
    desk.write(accounts="id,name,town\na,Ann,x\na,Ann,y\nb,Bob,x\n")
    (source,) = desk.workspace.sources()
    (shown,) = preview(source, timezone="UTC").tables
    assert shown.conflicting == 1
