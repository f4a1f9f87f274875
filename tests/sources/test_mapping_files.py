"""A file is what the mapping says, or refused in words with its line and the way out."""

import codecs
import json

import duckdb
import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError
from kampass.model.scan import FILE_LINES

PLAIN = "id,name,area\n1,M\u00fcller,x\n2,Bob,y\n"
COLUMNS = '[columns]\nid = "id"\nname = "name"\nregion = "area"'


def accounts(mapped: Mapped, raw: str | bytes, said: str = "", name: str = "c_csv") -> Mapped:
    mapped.write(**{name: raw})
    return mapped.map("accounts", f'file = "{name.replace("_", ".")}"\n{said}\n{COLUMNS}')


def refused(mapped: Mapped) -> DataError:
    with pytest.raises(DataError) as raised:
        mapped.source.scan(mapped.table)
    assert raised.value.hint
    return raised.value


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1252", "latin-1", "utf-32", "cp850"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_declared_encoding_is_read(mapped: Mapped, encoding: str, end: str) -> None:
    accounts(mapped, PLAIN.replace("\n", end).encode(encoding), f'encoding = "{encoding}"')
    assert mapped.column("name") == ["M\u00fcller", "Bob"]
    assert mapped.lines() == [2, 3]


@pytest.mark.parametrize(
    ("raw", "said", "words"),
    [
        (PLAIN.encode("utf-16"), "", "seems to be UTF-16"),
        (PLAIN.encode("utf-16-le"), "", "seems to be UTF-16"),
        (PLAIN.encode("utf-16-be"), 'encoding = "utf-16"', "no byte order mark"),
        (PLAIN.encode(), 'encoding = "windows-1252"', "reads as UTF-8"),
        (PLAIN.encode("utf-16")[:-1], 'encoding = "utf-16"', "line 3: the bytes 0a are no utf-16"),
        ("n\u00e4me,id\n1,2\n".encode("latin-1"), "", "line 1: the header cannot be read"),
        (b"", "", "there is no header"),
        (b"\n\n", "", "there is no"),
        (b"PK\x03\x04", "", "Excel workbook or another zip"),
        (b"\x1f\x8b\x08", "", "packed"),
        (b"<html><table>", "", "web page"),
        (b"%PDF-1", "", "PDF"),
        (b"id;name;area\n1;x;y\n", "", "there is no column 'id'"),
        (b"id,name,name,area\n", "", "holds 'name' 2 times"),
        (b"id,Name,area\n", "", "there is no column 'name'"),
    ],
)
def test_a_file_that_is_something_else_is_refused(
    mapped: Mapped, raw: bytes, said: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        accounts(mapped, raw, said).view()
    assert refused(mapped).message.startswith("c.csv")


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (PLAIN.encode("windows-1252"), ""),
        (PLAIN.replace("\u00fc", "\x81").encode("latin-1"), "windows-1252"),
        (PLAIN.replace("\u00fc", "\x80").encode("latin-1"), "latin-1"),
    ],
)
def test_a_line_with_a_byte_that_does_not_read_is_set_aside_with_its_column(
    mapped: Mapped, raw: bytes, encoding: str
) -> None:
    accounts(mapped, raw, f'encoding = "{encoding}"' if encoding else "")
    assert mapped.column("id") == ["2"]
    (aside,) = mapped.preview().aside
    assert aside.line == 2
    assert "a byte does not read, in column B 'name'" in aside.reason


def test_the_hints_say_which_delimiter_and_which_header_row(mapped: Mapped) -> None:
    assert 'delimiter = ";"' in refused(accounts(mapped, "id;name;area\n1;x;y\n")).hint
    assert "header_row = 3" in refused(accounts(mapped, "Report\n\nid,name,area\n1,x,y\n")).hint
    assert "'Name' (column B)" in refused(accounts(mapped, "id,Name,area\n1,x,y\n")).hint
    assert '"name (column C)"' in refused(accounts(mapped, "id,name,name,area\n1,x,y,z\n")).hint


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_header_further_down_is_read_with_the_lines_of_the_file(mapped: Mapped, end: str) -> None:
    text = 'Report; "2026\n\nid,name,area\n1,"two\nlines",x\n2,b\n3,c,z\n'.replace("\n", end)
    accounts(mapped, text, "header_row = 3")
    assert mapped.column("id") == ["1", "3"]
    assert mapped.lines() == [4, 7]
    assert [aside.line for aside in mapped.preview().aside] == [6]


def test_quotes_escapes_and_delimiters_are_those_declared(mapped: Mapped) -> None:
    assert accounts(mapped, "id|name|area\n1|'a|b'|x\n", 'delimiter = "|"\nquote = "\'"').column(
        "name"
    ) == ["a|b"]
    assert accounts(mapped, 'id\tname\tarea\n1\t"a\tx\n', 'quote = ""', "c_tsv").column("name") == [
        '"a'
    ]
    assert accounts(mapped, 'id,name,area\n1,"a\\"b",x\n', r'escape = "\\"').column("name") == [
        'a"b'
    ]
    assert accounts(mapped, 'id;name;area\n1;"a;b";x\n', 'delimiter = ";"').column("name") == [
        "a;b"
    ]


def test_columns_with_one_name_are_told_apart_by_their_letter(mapped: Mapped) -> None:
    mapped.write(c_csv="id,name,,name\n1,a,b,c\n")
    mapped.map(
        "accounts",
        'file = "c.csv"\n[columns]\nid = "id"\nname = "name (column D)"\nregion = "(column C)"',
    )
    assert mapped.rows() == [{"id": "1", "name": "c", "region": "b"}]


def test_several_files_are_one_table_and_each_row_knows_its_file(mapped: Mapped) -> None:
    mapped.write(**{"c-1_csv": "id,name,area\n1,a,x\n", "c-2_csv": "area,id,name\nx,2,b\ntorn\n"})
    mapped.map(
        "accounts",
        f'file = "c-*.csv"\n{COLUMNS}\nextra = ["_file"]'.replace(
            'extra = ["_file"]', 'file = "_file"'
        ),
    )
    assert [(row["id"], row["file"]) for row in mapped.rows()] == [
        ("1", "c-1.csv"),
        ("2", "c-2.csv"),
    ]
    scan = mapped.view().scan
    assert mapped.lines() == [2, FILE_LINES + 2]
    assert scan.place_of(FILE_LINES + 2) == ("c-2.csv", 2)
    (aside,) = mapped.preview().aside
    assert (aside.file, aside.line) == ("c-2.csv", 3)


def test_of_several_files_each_needs_the_columns(mapped: Mapped) -> None:
    mapped.write(**{"c-1_csv": "id,name,area\n1,a,x\n", "c-2_csv": "id,name\n2,b\n"})
    mapped.map("accounts", f'file = ["c-1.csv", "c-2.csv"]\n{COLUMNS}')
    assert "c-2.csv, line 1: there is no column 'area'" in refused(mapped).message
    mapped.map("accounts", f'file = ["c-1.csv", "c-3.csv"]\n{COLUMNS}')
    assert refused(mapped).code == "no_file"


def test_a_name_with_wildcards_that_is_a_file_is_that_file(mapped: Mapped) -> None:
    mapped.write(**{"c[1]_csv": PLAIN, "c1_csv": "id,name,area\n9,z,z\n"})
    mapped.map("accounts", f'file = "c[1].csv"\n{COLUMNS}')
    assert mapped.column("id") == ["1", "2"]


def test_ten_thousand_columns_are_read(mapped: Mapped) -> None:
    wide = ",".join(f"c{number}" for number in range(10_000))
    accounts(mapped, f"id,name,area,{wide}\n1,a,x,{wide}\n")
    assert mapped.rows() == [{"id": "1", "name": "a", "region": "x"}]


def test_a_changed_mapping_reads_an_unchanged_file_anew(mapped: Mapped) -> None:
    first = accounts(mapped, PLAIN).view().scan.digest
    assert accounts(mapped, PLAIN).view().scan.digest == first
    assert accounts(mapped, PLAIN, 'null = ["x"]').view().scan.digest != first
    assert accounts(mapped, PLAIN + "3,c,z\n").view().scan.digest != first


def test_nothing_is_left_behind_when_a_scan_is_let_go(mapped: Mapped) -> None:
    accounts(mapped, PLAIN.encode("utf-16"), 'encoding = "utf-16"')
    scan = mapped.source.scan("accounts")
    assert mapped.source.scratch is not None
    assert list(mapped.source.scratch.iterdir())
    with duckdb.connect() as connection:
        assert len(connection.execute(scan.relation).fetchall()) == 2
    del scan
    assert list(mapped.source.scratch.iterdir()) == []


def objects(mapped: Mapped, *lines: object, said: str = "") -> Mapped:
    mapped.write(
        c_jsonl="".join(
            f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines
        )
    )
    columns = (
        'id = "id"\naccount_id = "who.id"\npurchased_at = "at"\namount = "amount"\ncurrency = { '
        'constant = "EUR" }'
    )
    return mapped.map("purchases", f'file = "c.jsonl"\n{said}\n[columns]\n{columns}')


def test_json_lines_keep_their_digits_and_are_addressed_by_paths(mapped: Mapped) -> None:
    objects(
        mapped,
        '{"id": 12345678901234567890, "who": {"id": 7}, "at": "2026-01-01", "amount": 1.10}',
        '{"id": "007", "at": null, "amount": 1e3, "more": [1, {"a": 2}]}',
    )
    assert [row["id"] for row in mapped.rows()] == ["12345678901234567890", "007"]
    assert mapped.column("amount") == ["1.10", "1000"]
    assert mapped.column("account_id") == ["7", None]
    assert mapped.view().unmapped == ("more",)


def test_a_number_of_json_is_not_read_by_the_signs_declared_for_text(mapped: Mapped) -> None:
    objects(
        mapped,
        {"id": 1, "who": {"id": "a"}, "at": "2026-01-01", "amount": 1.234},
        {"id": 2, "amount": "1.234"},
        said='decimal = ","\nthousands = "."',
    )
    assert mapped.column("amount") == ["1.234", "1234"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1, "id": 2}', "says 'id' twice"),
        ('{"a.b": 1, "a": {"b": 2}}', "says 'a.b' twice"),
        ('{"id": 1', "is no JSON"),
        ("[1]", "is no object"),
        ("7", "is no object"),
        ('{"id": NaN}', "holds NaN, which is no number"),
        ('{"id": "\\ud800"}', "half a letter"),
        ('{"a":' * 50_000, "is nested too deeply"),
        ('{"id": 1} x', "is no JSON"),
    ],
)
def test_a_line_that_is_no_object_is_set_aside(mapped: Mapped, line: str, reason: str) -> None:
    good = '{"id": 1, "who": {"id": "a"}, "at": "2026-01-01", "amount": 1}'
    objects(mapped, good, line, good)
    (aside,) = mapped.preview().aside
    assert aside.line == 2
    assert reason in aside.reason
    assert len(mapped.rows()) == 2


@pytest.mark.parametrize("raw", ["[\n{}\n]", '[{"id": 1}]', '{\n"id": 1\n}', "", "\n"])
def test_json_that_is_not_in_lines_is_refused_with_the_way_out(mapped: Mapped, raw: str) -> None:
    mapped.write(c_jsonl=codecs.BOM_UTF8 + raw.encode())
    mapped.map("accounts", f'file = "c.jsonl"\n{COLUMNS}')
    assert refused(mapped).message.startswith("c.jsonl")
