"""Which rows of a file count, what stands beside them, and what several blocks make of one file."""

import gzip
import io
import zipfile

import duckdb
import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError
from kampass.intake.mapping.mapping import parse_all

REPORT = (
    "Ticket,Opened,Status\n1,2025-03-01,Solved\n2,2025-03-02,Open\n3,2025-03-03,\n"
    "Total: 3 tickets\nprinted,2025-04-01,x,y\n"
)
TICKETS = '[columns]\nid = "Ticket"\ncreated_at = "Opened"'


def test_rows_are_kept_by_a_condition_and_the_others_counted(mapped: Mapped) -> None:
    """An empty cell is the empty text: it differs from Solved."""
    mapped.write(t_csv=REPORT.partition("Total")[0])
    mapped.map("tickets", f"file = 't.csv'\nwhere = '\"Status\" <> \"Solved\"'\n{TICKETS}")
    assert mapped.column("id") == ["2", "3"]
    assert mapped.lines() == [3, 4]
    (count,) = mapped.view().scan.counts
    assert (count.records, dict(count.left_out), count.used) == (3, {"condition": 1}, 2)
    assert "Status" not in mapped.view().unmapped


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ('"Progress" > 50', ["a"]),  # 7 is less than 50 as a number, and more as a text
        ('"Progress" between 5 and 10', ["b"]),
        ('"Progress" is null', ["c"]),
        ('"Progress" = ""', ["c"]),
        ('"Progress" + 1 = 8', ["b"]),
        ('"Progress" in (7, 100)', ["a", "b"]),
        ('"N" in (\'a\', "c") and not "Progress" = \'100\'', ["c"]),
        ("lower(\"N\") = 'b' or _line = 4", ["b", "c"]),
    ],
)
def test_a_condition_reads_numbers_texts_and_what_is_empty(
    mapped: Mapped, where: str, kept: list[str]
) -> None:
    mapped.write(t_csv="N,Progress\na,100\nb,7\nc,\nd,none\n")
    mapped.map("teams", f"file = 't.csv'\nwhere = '''{where}'''\n[columns]\nid = 'N'\nname = 'N'")
    assert mapped.column("id") == kept


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ('"Statu" = "Open"', "Did you mean 'Status'"),
        ("1 = 1", "names no header"),
        ("\"Status\" = (SELECT 'Open')", "is not allowed"),
        ("getenv(\"Status\") = 'x'", "is not allowed"),
        ('"Status" =', "cannot be read"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(mapped: Mapped, where: str, words: str) -> None:
    mapped.write(t_csv=REPORT)
    with pytest.raises(DataError) as raised:
        mapped.map("tickets", f"file = 't.csv'\nwhere = '''{where}'''\n{TICKETS}").view()
    assert words in raised.value.message


def test_a_footer_takes_the_rest_of_the_file_torn_lines_too(mapped: Mapped) -> None:
    """Line 5 has one field and line 6 four: both are torn, and neither is set aside."""
    mapped.write(t_csv=REPORT)
    mapped.map("tickets", f'file = "t.csv"\nfooter = "^Total"\n{TICKETS}')
    view = mapped.view()
    assert (mapped.column("id"), view.scan.rejects) == (["1", "2", "3"], ())
    (count,) = view.scan.counts
    assert (count.records, dict(count.left_out), count.used) == (5, {"footer": 2}, 3)


def test_a_torn_line_above_the_footer_is_still_set_aside(mapped: Mapped) -> None:
    mapped.write(t_csv="Ticket,Opened\n1,2025-03-01\n2\n,Sum 2\n9,2025-03-09\n")
    mapped.map("tickets", f'file = "t.csv"\nfooter = "^Sum"\n{TICKETS}')
    view = mapped.view()
    assert mapped.column("id") == ["1"]
    assert [reject.line for reject in view.scan.rejects] == [3]
    assert view.scan.counts[0].used == 2


def test_each_of_several_files_has_its_own_footer(mapped: Mapped) -> None:
    mapped.write(
        a_csv="Ticket,Opened\n1,2025-03-01\nTotal,\n8,2025-03-08\n",
        b_csv="Ticket,Opened\n2,2025-03-01\n3,2025-03-01\n",
    )
    mapped.map("tickets", f'file = ["a.csv", "b.csv"]\nfooter = "^Total$"\n{TICKETS}')
    assert mapped.column("id") == ["1", "2", "3"]
    assert [count.used for count in mapped.view().scan.counts] == [1, 2]


def test_lines_that_are_no_rows_are_no_records(mapped: Mapped) -> None:
    """A header of three lines, the third with a field too many."""
    mapped.write(t_csv='Ticket,Opened\n"Ticket\nNo",Opened At\na,b,c\n1,2025-03-01\n')
    mapped.map("tickets", f'file = "t.csv"\nskip_rows = [2, 4]\n{TICKETS}')
    view = mapped.view()
    assert (mapped.column("id"), mapped.lines(), view.scan.rejects) == (["1"], [5], ())
    assert (view.scan.counts[0].records, view.scan.counts[0].used) == (1, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_a_file_without_a_header_has_numbered_columns(mapped: Mapped, encoding: str) -> None:
    text = '"1","Müller\nGmbH",x\r\n2,Öko,y\r\n'
    mapped.write(t_csv=text.encode(encoding))
    declared = "" if encoding.startswith("utf-8") else f'encoding = "{encoding}"\n'
    mapped.map(
        "accounts",
        f'file = "t.csv"\nheader_row = 0\n{declared}[columns]\nid = "1"\nname = "2"',
    )
    assert mapped.column("name") == ["Müller\nGmbH", "Öko"]
    assert mapped.lines() == [1, 3]
    assert mapped.view().unmapped == ("3",)


def test_an_empty_file_without_a_header_says_so(mapped: Mapped) -> None:
    mapped.write(t_csv="")
    with pytest.raises(DataError, match=r"t\.csv is empty"):
        mapped.map("teams", 'file = "t.csv"\nheader_row = 0\n[columns]\nid = "1"').view()


PLANS = "Name,Price\nBasic,10\nPro,50\n,7\n,8\n"
SUBS = (
    "No,Customer,Plan,From\n1,ash,Pro,2025-01-01\n2,birch,Gold,2025-01-01\n3,elm,Basic,2025-02-01\n"
)
JOIN = 'join = { file = "plans.csv", on = { "Plan" = "Name" } }'
LINES = (
    '[columns]\nid = "No"\naccount_id = "Customer"\nmrr = "plans.Price"\nvalid_from = "From"\n'
    'currency = { constant = "EUR" }'
)


def test_a_second_file_stands_beside_each_row(mapped: Mapped) -> None:
    """Gold has no price there: its row stands, without one, and a word says so."""
    mapped.write(subs_csv=SUBS, plans_csv=PLANS)
    mapped.map("subscriptions", f'file = "subs.csv"\n{JOIN}\n{LINES}')
    assert mapped.column("mrr") == ["50", None, "10"]
    assert mapped.lines() == [2, 3, 4]
    view = mapped.view()
    assert view.notices == ("a row meets none in plans.csv, the first with 'Gold'",)
    assert view.unmapped == ()


def test_a_key_that_stands_twice_in_the_second_file_is_refused(mapped: Mapped) -> None:
    mapped.write(subs_csv=SUBS, plans_csv=PLANS + "Pro,60\n")
    mapped.map("subscriptions", f'file = "subs.csv"\n{JOIN}\n{LINES}')
    with pytest.raises(DataError, match="'Pro' stands on line 3 and again on line 6"):
        mapped.view()


def test_another_price_in_the_second_file_is_another_table(mapped: Mapped) -> None:
    digests = []
    for plans in (PLANS, PLANS.replace("50", "60")):
        mapped.write(subs_csv=SUBS, plans_csv=plans)
        mapped.map("subscriptions", f'file = "subs.csv"\n{JOIN}\n{LINES}')
        digests.append(mapped.view().scan.digest)
    assert digests[0] != digests[1]


def test_a_condition_reads_the_second_file_too(mapped: Mapped) -> None:
    mapped.write(subs_csv=SUBS, plans_csv=PLANS)
    mapped.map(
        "subscriptions", f"file = 'subs.csv'\n{JOIN}\nwhere = '\"plans.Price\" > 20'\n{LINES}"
    )
    assert mapped.column("id") == ["1"]


def several(mapped: Mapped, table: str, *blocks: dict[str, object]) -> Mapped:
    found = parse_all("[sources.shop]", table, list(blocks))
    mapped.source = type(mapped.source)("shop", mapped.folder, found, mapped.source.scratch)
    return mapped


def test_one_line_becomes_two_rows(mapped: Mapped) -> None:
    """An upgrade on a date: the old price until then, the new one from then on."""
    mapped.write(
        t_csv="No,From,Upgraded,Old,New\n1,2025-01-01,2025-03-01,10,20\n2,2025-02-01,,5,\n"
    )
    fixed = {"account_id": "No", "currency": {"constant": "EUR"}}
    before = {"id": "No", "mrr": "Old", "valid_from": "From", "valid_to": "Upgraded"}
    after = {
        "id": {"columns": ["No", "Upgraded"], "join": "/"},
        "mrr": "New",
        "valid_from": "Upgraded",
    }
    several(
        mapped,
        "subscriptions",
        {"file": "t.csv", "columns": before | fixed},
        {"file": "t.csv", "where": "\"Upgraded\" <> ''", "columns": after | fixed},
    )
    assert mapped.column("id") == ["1", "2", "1/2025-03-01"]
    assert mapped.column("valid_to") == ["2025-03-01", None, None]
    view = mapped.view()
    assert view.unmapped == ()
    assert [view.scan.place_of(line) for line in mapped.lines()] == [
        ("t.csv", 2),
        ("t.csv", 3),
        ("t.csv", 2),
    ]
    assert [count.used for count in view.scan.counts] == [2, 1]
    assert mapped.preview().rows == 3


def test_several_files_fill_one_table_each_in_its_way(mapped: Mapped) -> None:
    mapped.write(a_csv="id,name\n1,Ash\n2\n", b_csv="No;Name\n3;Birch\n")
    several(
        mapped,
        "teams",
        {"file": "a.csv", "columns": {"id": "id", "name": "name"}},
        {"file": "b.csv", "delimiter": ";", "columns": {"id": "No", "name": "Name"}},
    )
    view = mapped.view()
    assert mapped.column("name") == ["Ash", "Birch"]
    assert [view.scan.place_of(reject.line) for reject in view.scan.rejects] == [("a.csv", 3)]
    assert view.scan.place_of(mapped.lines()[1]) == ("b.csv", 2)


def test_a_wrong_key_of_a_block_is_said_with_its_place(mapped: Mapped) -> None:
    with pytest.raises(DataError, match=r"\[sources.shop.tables.teams\]: there is no key 'fil'"):
        several(mapped, "teams", {"file": "a.csv", "columns": {"id": "id"}}, {"fil": "b.csv"})


def test_parquet_is_read_with_the_types_it_has(mapped: Mapped) -> None:
    target = mapped.folder / "t.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 7 AS no, DATE '2025-03-01' AS day, TIMESTAMPTZ '2025-03-01 10:00:00+01' "
            f"AS at, 1.25::DOUBLE AS a, 'x' AS t UNION ALL SELECT 8, NULL, NULL, 2, NULL) TO '{target}'"
        )
    mapped.map(
        "deals",
        'file = "t.parquet"\n[columns]\nid = "no"\ncreated_at = "at"\nclosed_at = "day"\n'
        'amount = "a"\nsource = "t"',
    )
    assert mapped.rows() == [
        {
            "id": "7",
            "created_at": "2025-03-01T09:00:00.000000Z",
            "closed_at": "2025-03-01",
            "amount": "1.250000000",
            "source": "x",
        },
        {"id": "8", "created_at": None, "closed_at": None, "amount": "2.000000000", "source": None},
    ]
    assert mapped.lines() == [1, 2]
    assert mapped.view().scan.counts[0].records == 2


def packed(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr("__MACOSX/._x", b"")
    return target.getvalue()


TEAMS = '[columns]\nid = "id"\nname = "name"'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.gz", gzip.compress(b"id,name\n1,Ash\n2\n", mtime=0)),
        ("t.zip", packed("inner/t.csv", b"id,name\n1,Ash\n2\n")),
    ],
)
def test_a_packed_file_is_read_under_its_own_name(
    mapped: Mapped, name: str, content: bytes
) -> None:
    (mapped.folder / name).write_bytes(content)
    mapped.map("teams", f'file = "{name}"\n{TEAMS}')
    view = mapped.view()
    assert mapped.column("name") == ["Ash"]
    assert view.scan.place_of(view.scan.rejects[0].line) == (name, 3)
    assert view.scan.counts[0].file == name


BOMB = b"id,name\n" + b"0" * (40 << 20)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv.gz", gzip.compress(BOMB, mtime=0), "unpacks to more than 32 MB"),
        ("t.zip", packed("t.csv", BOMB), "unpacks to more than 32 MB"),
        ("t.csv.gz", gzip.compress(b"id,name\n1,Ash\n", mtime=0)[:-6], "is damaged"),
        ("t.zip", b"PK\x03\x04no zip", "is damaged"),
        ("t.zip", packed("a.csv", b"x")[:0], "is damaged"),
    ],
)
def test_a_packed_file_that_is_a_bomb_or_damaged_is_refused(
    mapped: Mapped, name: str, content: bytes, words: str
) -> None:
    (mapped.folder / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        mapped.map("teams", f'file = "{name}"\n{TEAMS}').view()


def test_a_zip_of_two_files_says_so(mapped: Mapped) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", b"x")
        archive.writestr("b.csv", b"x")
    (mapped.folder / "t.zip").write_bytes(target.getvalue())
    with pytest.raises(DataError, match="holds 2 files, and a mapping reads one"):
        mapped.map("teams", f'file = "t.zip"\n{TEAMS}').view()
