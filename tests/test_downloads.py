"""Files of answers and tables: the same doubles in every form, texts that stay texts, names that
are safe.
"""

import csv
import io
import json
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds import make_world

from kampass.catalogue import shipped
from kampass.engine import Answer, Result
from kampass.errors import QuestionError, UnknownName
from kampass.render.charts import trend
from kampass.render.files import (
    FORMS,
    PICTURES,
    ROW_COLUMNS,
    About,
    file_name,
    row_cells,
    sheet,
    write,
    write_chart,
    write_table,
)
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

KNOWN_AT = datetime(2026, 1, 3, 5, 30, tzinfo=UTC)
NUMBERS = ("value", "numerator", "denominator", "low", "high")
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",  # noqa: RUF001
    '=HYPERLINK("http://x")',
    "=cmd|' /C calc'!A0",
]
Cells = dict[str, list[Any]]


def answer(value: float | None, **more: Any) -> Answer:
    fields = {
        "kpi": "nrr",
        "dimensions": {"segment": "large"},
        "unit": "percent",
        "reason": None,
        "numerator": value,
        "denominator": 1.0,
    } | more
    return Answer(
        period_start=date(2025, 10, 1),
        period_end=date(2026, 1, 1),
        through=KNOWN_AT,
        value=value,
        n=3,
        low=None,
        high=None,
        status="ok",
        definition="nrr@1",
        snapshot="abc",
        known_at=KNOWN_AT,
        **fields,
    )


def result(*answers: Answer) -> Result:
    return Result(answers, ("segment",), names={"nrr": "Net revenue retention"})


def read_csv(content: bytes) -> Cells:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    return {
        name: [None if row[at] == "" else row[at] for row in rows[1:]]
        for at, name in enumerate(rows[0])
    }


def read_xlsx(content: bytes, page: str = "Figures") -> Cells:
    rows = list(openpyxl.load_workbook(io.BytesIO(content))[page].iter_rows(values_only=True))
    return {str(name): [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}


def read_json(content: bytes) -> Cells:
    objects = json.loads(content)
    return {name: [each.get(name) for each in objects] for name in objects[0]}


READERS: dict[str, Callable[[bytes], Cells]] = {
    "csv": read_csv,
    "xlsx": read_xlsx,
    "json": read_json,
    "parquet": lambda content: pq.read_table(io.BytesIO(content)).to_pydict(),
}


def bits(value: Any) -> bytes | None:
    """A double by its bits; nothing as nothing."""
    return None if value is None else struct.pack("<d", float(value))


@pytest.fixture(scope="module", params=[11, 12])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Workspace, list[str]]]:
    """A random company, and the periods that its rows crowd around."""
    made, folder = make_world(request.param), tmp_path_factory.mktemp("world")
    made.write(folder / "files")
    source = SourceSettings("files", "folder", {"path": str(folder / "files")})
    workspace = create(
        folder / "workspace",
        WorkspaceSettings(timezone=made.timezone, currency=made.currency, sources=(source,)),
    )
    workspace.sync(recorded_at=made.recorded_at)
    yield workspace, [period for period, _, _ in made.periods()][:2]
    workspace.close()


def test_random_answers_are_the_same_doubles_in_every_form(
    world: tuple[Workspace, list[str]],
) -> None:
    workspace, months = world
    seen = 0
    for month in months:
        asked = workspace.kpi([kpi.id for kpi in shipped()], period=month)
        forms = {form: READERS[form](write(asked, form).content) for form in FORMS}
        for name in NUMBERS:
            expected = [bits(getattr(each, name)) for each in asked]
            seen += sum(each is not None for each in expected)
            for form, columns in forms.items():
                assert [bits(cell) for cell in columns[name]] == expected, (form, name)
    assert seen > 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_any_double_survives_every_form(values: list[float]) -> None:
    made = result(*map(answer, values))
    for form in FORMS:
        assert [bits(cell) for cell in READERS[form](write(made, form).content)["value"]] == [
            bits(value) for value in values
        ], form


@pytest.mark.parametrize("form", FORMS)
def test_numbers_of_tables_are_the_same_doubles(form: str) -> None:
    amounts = [
        Decimal("0.1"),
        Fraction(1, 3),
        1e300,
        0.1 + 0.2,
        Decimal("123456789.123456789"),
        None,
    ]
    cells = READERS[form](
        write_table(
            ["id", "amount"], [[f"r{at}", amount] for at, amount in enumerate(amounts)], form
        ).content
    )
    assert [bits(cell) for cell in cells["amount"]] == [
        None if amount is None else bits(float(amount)) for amount in amounts
    ]


def test_a_csv_for_programs_holds_the_data_and_one_for_spreadsheets_defuses_texts_only() -> None:
    made = result(*(answer(-5.0, dimensions={"segment": text}) for text in FORMULAS))
    plain, safe = (
        read_csv(write(made, "csv", for_spreadsheets=choice).content) for choice in (False, True)
    )
    assert plain["dim.segment"] == FORMULAS
    assert safe["dim.segment"] == [f"'{text}" for text in FORMULAS]
    assert plain["value"] == safe["value"]
    assert float(safe["value"][0]) == -5.0


def test_a_table_for_spreadsheets_defuses_heads_and_texts_and_leaves_numbers() -> None:
    content = write_table(
        ["=head", "n"], [[text, -1] for text in FORMULAS], "csv", for_spreadsheets=True
    ).content
    cells = read_csv(content)
    assert list(cells) == ["'=head", "n"]
    assert cells["'=head"] == [f"'{text}" for text in FORMULAS]
    assert set(cells["n"]) == {"-1"}


@pytest.mark.parametrize(
    "text",
    [
        *FORMULAS,
        "https://example.org",
        "mailto:a@b.c",
        "0123",
        "1e5",
        "_x0041_",
        "  padded  ",
        "a\nb",
        "{=1}",
    ],
)
def test_a_text_in_a_workbook_is_that_text_and_no_formula_no_link_no_number(text: str) -> None:
    content = write_table(["text"], [[text]], "xlsx").content
    cell = openpyxl.load_workbook(io.BytesIO(content))["Figures"]["A2"]
    assert cell.data_type in {"s", "inlineStr"}
    assert cell.hyperlink is None
    assert openpyxl.utils.escape.unescape(cell.value) == text


def test_what_xml_forbids_is_replaced_and_what_no_cell_holds_is_cut() -> None:
    cells = read_xlsx(
        write_table(["text"], [["a\x00b\x1f\ud800\uffffc"], ["long" * 20_000]], "xlsx").content
    )
    assert cells["text"][0] == "a\ufffdb\ufffd\ufffd\ufffdc"
    assert len(cells["text"][1]) <= 32_767
    assert cells["text"][1].endswith("…")


def test_a_workbook_has_real_dates_instants_in_utc_a_frozen_head_and_formats_by_unit() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(write(result(answer(104.2), answer(5.0, unit="money")), "xlsx").content)
    )
    page = book["Figures"]
    at = {cell.value: cell.column for cell in page[1]}
    assert page.freeze_panes == "A2"
    assert page.cell(2, at["period_start"]).value == datetime(2025, 10, 1)
    assert page.cell(2, at["period_start"]).number_format == "yyyy-mm-dd"
    assert page.cell(2, at["known_at"]).value == datetime(2026, 1, 3, 5, 30)
    assert page.cell(2, at["value"]).number_format == '#,##0.0" %"'
    assert page.cell(3, at["value"]).number_format == "#,##0.00"
    assert page.column_dimensions["A"].width > 12


def test_a_workbook_says_where_its_figures_come_from() -> None:
    made = result(answer(104.2))
    about = About.of(
        made,
        question="nrr, 2025-Q4, by segment",
        kpis=[kpi for kpi in shipped() if kpi.id == "nrr"],
        link="/kpis/nrr?period=2025-Q4",
    )
    rows = dict(
        openpyxl.load_workbook(io.BytesIO(write(made, "xlsx", about=about).content))[
            "About"
        ].iter_rows(values_only=True)
    )
    assert rows["Question"] == "nrr, 2025-Q4, by segment"
    assert (rows["Snapshot"], rows["Known at (UTC)"]) == ("abc", "2026-01-03T05:30:00Z")
    assert rows["Definition nrr@1"].startswith("Net Revenue Retention")
    assert rows["Link"] == "/kpis/nrr?period=2025-Q4"


def test_ids_have_their_names_beside_them_in_a_workbook() -> None:
    made = replace(result(answer(1.0)), labels={("segment", "large"): "Large accounts"})
    assert read_xlsx(write(made, "xlsx").content)["segment name"] == ["Large accounts"]


def test_equal_answers_make_equal_files() -> None:
    made = result(answer(104.2), answer(None, reason="not_covered"))
    for form in (*FORMS, "svg"):
        assert write(made, form).content == write(made, form).content


def test_more_rows_than_a_sheet_holds_are_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS", 3)
    assert write_table(["n"], [[at] for at in range(3)], "xlsx").content
    with pytest.raises(QuestionError, match="1,048,576 rows") as refused:
        write_table(["n"], ([at] for at in range(4)), "xlsx")
    assert refused.value.code == "too_many_rows"
    assert "CSV or Parquet" in refused.value.hint


@pytest.mark.parametrize("form", FORMS)
def test_a_result_of_nothing_has_its_columns(form: str) -> None:
    content = write(result(), form).content
    assert json.loads(content) == [] if form == "json" else "dim.segment" in READERS[form](content)


@pytest.mark.parametrize("form", [*FORMS, *PICTURES])
def test_a_file_is_named_by_question_only(form: str) -> None:
    made = result(answer(1.0, dimensions={"segment": "../../=evil\r\n"}))
    assert write(made, form).name == f"nrr_2025-Q4_by-segment.{form}"


def test_file_names_are_short_safe_ascii() -> None:
    many = result(*(answer(1.0, kpi=f"kpi_{number}") for number in range(9)))
    assert file_name(many, "csv") == "kpi_0-kpi_1-kpi_2-and-6-more_2025-Q4_by-segment.csv"
    assert file_name(result(), "csv") == "answers_by-segment.csv"
    assert write_table(["a"], [], "csv", name='a"b/../c\r\nd é').name == "a-b-c-d.csv"


def test_a_form_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownName, match="no form called 'xls'"):
        write(result(), "xls")
    with pytest.raises(UnknownName):
        write_table(["a"], [], "png")


@pytest.mark.parametrize(("form", "begins"), [("png", b"\x89PNG\r\n"), ("svg", b"<svg ")])
def test_a_picture_is_a_picture(form: str, begins: bytes) -> None:
    assert write(
        result(answer(1.0), answer(2.0, dimensions={"segment": "<script>alert(1)</script>"})), form
    ).content.startswith(begins)
    assert write_chart(trend(result(answer(1.0))), form, "trend", look="dark").content.startswith(
        begins
    )


def test_a_picture_escapes_what_people_typed() -> None:
    drawn = write(
        result(answer(1.0, dimensions={"segment": "<script>alert(1)</script>"})), "svg"
    ).content
    assert b"<script" not in drawn


def test_a_picture_reads_no_address() -> None:
    chart = trend(result(answer(1.0)))
    chart["data"] = {"url": "http://127.0.0.1:9/data.json"}
    with pytest.raises(ValueError, match="not allowed"):
        write_chart(chart, "svg", "trend")


def test_source_rows_are_written_with_what_stands_behind_them(
    world: tuple[Workspace, list[str]],
) -> None:
    workspace, months = world
    rows = [
        row
        for month in months
        for row in workspace.rows("time_to_resolution", "numerator", period=month)
    ]
    assert rows
    for form in FORMS:
        cells = READERS[form](write_table(ROW_COLUMNS, row_cells(rows), form).content)
        amounts = [
            amount
            for amount, behind in zip(cells["amount"], cells["behind"], strict=True)
            if not behind
        ]
        assert [bits(amount) for amount in amounts] == [bits(row.amount) for row in rows], form


def test_the_sum_of_a_sheet_is_the_sum_of_the_answers() -> None:
    values = [0.1] * 10 + [1e16, -1e16]
    assert math.fsum(
        read_xlsx(write(result(*map(answer, values)), "xlsx").content)["value"]
    ) == math.fsum(values)


def test_the_command_line_writes_files(
    tmp_path: Path, world: tuple[Workspace, list[str]], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from kampass.cli.views.show import show_result

    workspace, months = world
    asked = workspace.kpi("customers_end", period=months[0], by="segment")
    for form in (*FORMS, "svg"):
        show_result(asked, form, tmp_path / f"file.{form}")
        assert (tmp_path / f"file.{form}").read_bytes() == write(asked, form).content
        capfdbinary.readouterr()
        show_result(asked, form)
        assert capfdbinary.readouterr().out == write(asked, form).content


def test_a_table_for_people_is_no_file_and_a_file_needs_a_folder(tmp_path: Path) -> None:
    from kampass.cli.views.show import show_result

    with pytest.raises(QuestionError) as refused:
        show_result(result(answer(1.0)), "table", tmp_path / "x")
    assert refused.value.code == "needs_form"
    with pytest.raises(QuestionError) as refused:
        show_result(result(answer(1.0)), "csv", tmp_path / "nowhere" / "x.csv")
    assert refused.value.code == "bad_output"
