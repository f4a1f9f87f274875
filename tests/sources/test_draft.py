"""`kampass source draft` reads files as they are written: every sheet, any encoding, several at once;
what a person says goes before what is found out.
"""

import gzip
import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from kampass.cli.app import app
from kampass.errors import UnknownName
from kampass.intake.mapping import MappedSource, parse
from kampass.intake.mapping.draft import drafted
from kampass.intake.mapping.draft.answered import answer_of, answered, open_questions
from kampass.intake.preview import preview

ORDERS = "Order ID,Customer,Order date,Amount\n1,Müller,2025-01-13,5.5\n2,Birch,2025-01-14,6.5\n"
TICKETS = "Ticket ID,Organization ID,Organization,Created at\n1,9,Acme,2025-01-13T10:00:00Z\n"


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(app, ["source", "draft", *map(str, arguments)])
    if done.exception:
        raise done.exception
    return done


def said(*arguments: object) -> dict[str, Any]:
    """The sources that a draft says."""
    return tomllib.loads(run(*arguments).stdout)["sources"]


def workbook(file: Path) -> Path:
    book = openpyxl.Workbook()
    deals = book.active
    assert deals is not None
    deals.title = "Deals"
    for row in (
        ["Pipeline of March"],
        [],
        ["Deal ID", "Client", "Stage", "Type", "Created"],
        [1, "Acme", "Closed Won", "New", "2025-01-13"],
        [2, "Birch", "Closed Lost", "New", "2025-01-14"],
    ):
        deals.append(row)
    invoices = book.create_sheet("Invoices")
    for row in (["Invoice No", "Client", "Invoice date", "Net"], [1, "Acme", "2025-01-13", 5.5]):
        invoices.append(row)
    book.create_sheet("Empty")
    book.save(file)
    return file


def test_every_sheet_with_rows_is_drafted_below_its_title(tmp_path: Path) -> None:
    tables = said(workbook(tmp_path / "report.xlsx"))["mine"]["tables"]
    assert set(tables) == {"accounts", "deals", "purchases"}
    assert (tables["deals"]["sheet"], tables["deals"]["header_row"]) == ("Deals", 3)
    assert tables["purchases"]["sheet"] == "Invoices"
    assert tables["purchases"]["columns"]["id"] == "Invoice No"


def test_a_sheet_that_is_wished_is_the_only_one_and_another_is_named(tmp_path: Path) -> None:
    file = workbook(tmp_path / "report.xlsx")
    assert set(said(file, "--sheet", "Invoices")["mine"]["tables"]) == {"accounts", "purchases"}
    with pytest.raises(UnknownName, match="Invoices"):
        run(file, "--sheet", "Invoice")


def test_a_hidden_sheet_is_said_to_be_hidden(tmp_path: Path) -> None:
    file = workbook(tmp_path / "report.xlsx")
    told = '# The sheet "Invoices" is hidden in the workbook.'
    assert told not in run(file).stdout
    book = openpyxl.load_workbook(file)
    book["Invoices"].sheet_state = "hidden"
    book.save(file)
    assert told in run(file).stdout


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", "utf-16"), ("windows-1252", "windows-1252")],
)
def test_any_encoding_is_read(tmp_path: Path, encoding: str, declared: str | None) -> None:
    (tmp_path / "orders.csv").write_bytes(ORDERS.encode(encoding))
    table = said(tmp_path / "orders.csv")["mine"]["tables"]["purchases"]
    assert table.get("encoding") == declared
    assert table["columns"]["amount"] == "Amount"


def test_a_packed_file_is_read_as_the_one_inside(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "orders.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write(ORDERS.replace(",", ";"))
    (source,) = said(tmp_path / "orders.csv.gz", "--name", "shop").values()
    purchases = source["tables"]["purchases"]
    assert (purchases["file"], purchases["delimiter"]) == ("orders.csv.gz", ";")
    assert purchases["columns"]["amount"] == "Amount"


def test_a_parquet_file_needs_no_form(tmp_path: Path) -> None:
    columns = {"Order ID": ["1", "2"], "Customer": ["a", "b"], "Amount": [5.5, 6.5]}
    days = [date(2025, 1, 13), date(2025, 1, 14)]
    pq.write_table(pa.table({**columns, "Order date": days}), tmp_path / "orders.parquet")
    purchases = said(tmp_path / "orders.parquet")["mine"]["tables"]["purchases"]
    assert purchases["columns"]["purchased_at"] == "Order date"
    assert set(purchases) == {"file", "columns"}


def test_the_path_is_told_from_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "orders.csv").write_text(ORDERS)
    found = said(tmp_path / "exports" / "orders.csv", "--workspace", tmp_path / "acme")
    assert found["mine"]["path"] == "../exports"


def test_a_dollar_is_asked_about_in_a_workspace_of_euros(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(
        "Deal ID,Customer,Type,Status,Created,Amount\n1,a,New,Won,2025-01-13,$5\n"
    )
    (tmp_path / "kampass.toml").write_text('currency = "EUR"\ntimezone = "UTC"\n')
    told = "# Amount: in which currency are they?"
    assert told in run(tmp_path / "deals.csv", "--workspace", tmp_path).stdout
    (tmp_path / "kampass.toml").write_text("currency = \n")
    assert told not in run(tmp_path / "deals.csv", "--workspace", tmp_path).stdout


def test_what_a_person_says_goes_first(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(f"Order ID,Customer\nx,y\n{ORDERS}")
    options = ("--header-row", 3, "--table", "purchases", "--name", "shop")
    found = said(tmp_path / "orders.csv", *options)["shop"]["tables"]["purchases"]
    assert found["header_row"] == 3 and found["columns"]["purchased_at"] == "Order date"


def test_several_files_are_sources_under_their_names(tmp_path: Path) -> None:
    (tmp_path / "Orders 2025.csv").write_text(ORDERS)
    (tmp_path / "tickets.csv").write_text(TICKETS)
    found = said(tmp_path / "Orders 2025.csv", tmp_path / "tickets.csv")
    assert set(found) == {"orders-2025", "tickets"}
    assert found["orders-2025"]["tables"]["purchases"]["file"] == "Orders 2025.csv"


@pytest.mark.parametrize(
    ("customer", "header"), [("Acme", "Organization"), ("9", "Organization ID")]
)
def test_of_ids_and_names_of_accounts_those_count_that_the_files_share(
    tmp_path: Path, customer: str, header: str
) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS.replace("Birch", customer))
    (tmp_path / "tickets.csv").write_text(TICKETS)
    found = said(tmp_path / "orders.csv", tmp_path / "tickets.csv")["tickets"]["tables"]
    assert found["tickets"]["columns"]["account_id"] == header
    assert found["accounts"]["columns"]["id"] == header


def test_a_file_of_accounts_goes_before_accounts_that_rows_name(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "customers.csv").write_text(
        "Customer No,Name,Industry\nMüller,M,Trade\nBirch,B,IT\n"
    )
    found = said(tmp_path / "orders.csv", tmp_path / "customers.csv")
    assert set(found["orders"]["tables"]) == {"purchases"}
    assert found["customers"]["tables"]["accounts"]["columns"]["id"] == "Customer No"


def test_a_program_gets_how_sure_each_column_is_and_why(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (found,) = json.loads(run(tmp_path / "orders.csv", "--format", "json").stdout)
    (purchases,) = [one for one in found["tables"] if one["table"] == "purchases"]
    guess = {one["column"]: one for one in purchases["guesses"]}["amount"]
    assert guess["sure"] and guess["why"] == "the name says it; the values are numbers"
    assert [one["what"] for one in purchases["questions"]] == ["in which currency are the amounts?"]


def test_a_file_of_which_nothing_says_what_it_is_is_named(tmp_path: Path) -> None:
    (tmp_path / "weather.csv").write_text("Station,Temperature\nA,3.5\nB,4.5\n")
    done = run(tmp_path / "weather.csv")
    assert "Nothing says what the rows of weather.csv are." in done.stderr
    assert tomllib.loads(done.stdout)["sources"]["mine"]["path"]


QUALTRICS = (
    "StartDate,EndDate,Status,Finished,RecordedDate,ResponseId,RecipientEmail,Q1,Q2\n"
    "Start,End,Response Type,Finished,Recorded,Response ID,Email,Would you recommend us?,Why?\n"
    '"{""ImportId"":""a""}","{""ImportId"":""b""}","{""ImportId"":""c""}","{""ImportId"":""d""}",'
    '"{""ImportId"":""e"",""timeZone"":""America/Denver""}","{""ImportId"":""f""}",'
    '"{""ImportId"":""g""}","{""ImportId"":""h""}","{""ImportId"":""i""}"\n'
    "2025-03-03 22:00:00,2025-03-03 22:05:00,IP Address,True,2025-03-03 22:05:01,R_1,Pat@a.example,"
    '10 - Extremely likely,"Great,\nreally"\n'
    "2025-03-04 09:00:00,2025-03-04 09:04:00,IP Address,True,2025-03-04 09:04:02,R_2,kim@a.example,"
    "3,slow\n"
    "2025-03-05 09:00:00,2025-03-05 09:04:00,Survey Preview,True,2025-03-05 09:04:02,R_3,,10,test\n"
    "2025-03-06 09:00:00,2025-03-06 09:01:00,IP Address,False,2025-03-06 09:01:02,R_4,,,\n"
)


def test_lines_of_headers_previews_and_unfinished_answers_are_no_rows(tmp_path: Path) -> None:
    (tmp_path / "nps.csv").write_text(QUALTRICS)
    found = said(tmp_path / "nps.csv")["mine"]["tables"]
    responses = found["responses"]
    assert responses["skip_rows"] == [2, 3] and responses["timezone"] == "America/Denver"
    mappings = tuple(parse("[sources.mine]", table, keys) for table, keys in found.items())
    source = MappedSource("mine", tmp_path, mappings)
    (shown,) = preview(source, "responses", timezone="UTC").tables
    assert (shown.rows, shown.set_aside, shown.questions) == (2, 0, ())
    score, contact = (
        next(column for column in shown.columns if column.column == name)
        for name in ("score", "contact_id")
    )
    assert score.examples == (("10 - Extremely likely", "10"), ("3", "3"))
    assert contact.examples[0] == ("Pat@a.example", "pat@a.example")


def test_an_answer_brings_what_the_rows_then_name(tmp_path: Path) -> None:
    """Which of two questions counts was asked; once it is said, its survey is there as well."""
    (tmp_path / "answers.csv").write_text(
        "Response ID,Submitted,How satisfied are you with us?,How satisfied are you with it?\n"
        "1,2025-01-13,5,4\n2,2025-01-14,2,3\n"
    )
    draft = drafted(tmp_path / "answers.csv")
    ((_, question),) = open_questions([draft])
    assert question.key == "responses.score" and [one.table for one in draft.tables] == [
        "responses"
    ]
    chosen = answer_of(question, "How satisfied are you with it?")
    assert chosen.becomes == ("4", "3")
    after = answered(draft, question, chosen)
    surveys = next(one for one in after.tables if one.table == "surveys")
    assert surveys.columns["kind"] == {"constant": "csat"}
    assert list(open_questions([after])) == []


def test_a_line_of_totals_at_the_end_is_a_footer_and_one_among_rows_is_none(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(f"{ORDERS}Total:,,,12.0\n")
    assert said(tmp_path / "orders.csv")["mine"]["tables"]["purchases"]["footer"] == "^Total:$"
    (tmp_path / "orders.csv").write_text(f"{ORDERS}Total:,,,12.0\n3,Acme,2025-01-15,1.5\n")
    assert "footer" not in said(tmp_path / "orders.csv")["mine"]["tables"]["purchases"]


def test_rows_without_an_id_are_called_by_their_file_and_line(tmp_path: Path) -> None:
    """Two exports of a form, and two files of one name."""
    form = "Timestamp,Email Address,How satisfied are you with our support?\n"
    row = "3/14/2025 10:14:01,pat@acme.example,5\n"
    files = [tmp_path / "a" / "march.csv", tmp_path / "a" / "april.csv", tmp_path / "b/march.csv"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(form + row)
    found = said(*files)
    assert {
        name: source["tables"]["responses"]["columns"]["id"] for name, source in found.items()
    } == {name: {"column": "_line", "prefix": f"{name}:"} for name in ("march", "april", "march-2")}
    (alone,) = said(files[0], "--name", "forms").values()
    prefix = alone["tables"]["responses"]["columns"]["id"]["prefix"]
    assert prefix == "forms-march:"
