"""The preview says what each column becomes and what would be set aside, as loading then does it;
it loads nothing itself.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sources.conftest import Mapped
from typer.testing import CliRunner

from kampass.cli.app import app
from kampass.errors import DataError
from kampass.intake.mapping import parse
from kampass.intake.mapping.draft import draft
from kampass.intake.mapping.mapping import parse_all
from kampass.intake.preview import preview
from kampass.intake.sources.company import SampleSource
from kampass.workspace import Workspace, create
from kampass.workspace.settings import WorkspaceSettings

DOCS = Path(__file__).parents[2] / "docs"
ORDERS = "No;Kunde;Am;Netto;Art\n1;a;01.02.2026;1.234,50;R\n2;a;31.02.2026;12,5;R\n3;b;03.04.2026;12.5;R\n4;b;03.04.2026;7;X\ntorn\n5;\u200bc;03.04.2026;-;R\n"
MAPPING = """
[sources.shop]
kind = "mapped"
path = "{folder}"
[sources.shop.tables.purchases]
file = "orders.csv"
delimiter = ";"
decimal = ","
thousands = "."
null = ["-"]
[sources.shop.tables.purchases.columns]
id = "No"
account_id = "Kunde"
purchased_at = {{ column = "Am", date = "%d.%m.%Y" }}
amount = "Netto"
currency = {{ constant = "EUR" }}
kind = {{ column = "Art", values = {{ R = "one_off" }} }}
"""
RUN = CliRunner()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose one source is mapped."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "orders.csv").write_text(ORDERS, encoding="utf-8")
    create(tmp_path / "ws", WorkspaceSettings()).close()
    with (tmp_path / "ws" / "kampass.toml").open("a") as settings:
        settings.write(MAPPING.format(folder=tmp_path / "files"))
    workspace = Workspace(tmp_path / "ws")
    yield workspace
    workspace.close()


def test_every_column_is_shown_before_and_after(shop: Workspace) -> None:
    (shown,) = shop.preview("shop", "purchases")[0].tables
    columns = {column.column: column for column in shown.columns}
    assert columns["purchased_at"].examples == (
        ("01.02.2026", "2026-02-01"),
        ("31.02.2026", None),
        ("03.04.2026", "2026-04-03"),
    )
    assert columns["amount"].examples == (("1.234,50", "1234.50"), ("12,5", "12.5"), ("12.5", None))
    amount = columns["amount"]
    assert (amount.source, amount.format) == ("Netto", "decimal , thousands '.'")
    assert (amount.empty, amount.nulls) == (0, (("-", 1),))
    assert columns["currency"].source == "the constant EUR"
    assert shown.unfilled == ("product_id", "updated_at", "deleted_at")
    assert shown.missing == ()


def test_what_the_preview_would_set_aside_is_what_loading_sets_aside_in_the_file_s_own_words(
    shop: Workspace,
) -> None:
    expected = [
        (3, "Am", "31.02.2026", "is no date as %d.%m.%Y"),
        (4, "Netto", "12.5", "is not a number with decimal sign , and thousands sign '.'"),
        (5, "Art", "X", "is none of the values that are listed"),
        (6, "", "torn", "has 1 fields, the header has 5"),
        (
            7,
            "Kunde",
            "\u200bc",
            "holds an invisible character (zero-width, a no-break space at an end, or NUL)",
        ),
    ]
    (shown,) = shop.preview("shop")[0].tables
    assert [
        (aside.line, aside.column, aside.value, aside.reason) for aside in shown.aside
    ] == expected
    assert (shown.rows, shown.torn, shown.set_aside) == (6, 1, 5)
    (report,) = shop.sync()
    assert [(table.read, table.loaded, table.quarantined) for table in report.tables] == [(6, 1, 5)]
    cursor = shop.snapshot().cursor()
    found = cursor.execute(
        'SELECT line, "column", value, reason FROM _quarantine WHERE reason NOT LIKE \'is '
        "unknown%' ORDER BY line"
    ).fetchall()
    cursor.close()
    assert [
        (line, column or "", value, reason) for line, column, value, reason in found
    ] == expected


def test_nothing_is_loaded_by_looking(shop: Workspace) -> None:
    shop.preview()
    assert shop.manifest.loads() == []
    assert not list((shop.folder / ".kampass" / "journal").iterdir())
    assert not list((shop.folder / ".kampass" / "scratch").glob("*"))


def test_what_could_be_read_in_two_ways_is_asked_and_refused_and_what_was_loaded_stays(
    shop: Workspace,
) -> None:
    shop.sync()
    settings = shop.folder / "kampass.toml"
    settings.write_text(
        settings.read_text().replace('{ column = "Am", date = "%d.%m.%Y" }', '"Am"')
    )
    again = Workspace(shop.folder)
    (question,) = again.preview()[0].tables[0].questions
    assert (question.header, question.examples) == ("Am", ((2, "01.02.2026"), (4, "03.04.2026")))
    assert [reading.values[0] for reading in question.readings] == ["2026-02-01", "2026-01-02"]
    with pytest.raises(
        DataError,
        match=r"orders\.csv, line 2, column 'Am': '01\.02\.2026' could be read in two ways",
    ) as raised:
        again.sync()
    for reading in question.readings:
        assert reading.setting in raised.value.hint
        tomllib.loads(reading.setting)
    assert len(again.manifest.loads()) == 1
    again.close()


@pytest.mark.parametrize(
    ("column", "values", "settings"),
    [
        ("amount", ["1.234"], ['decimal = ",", thousands = "."', 'decimal = "."']),
        ("amount", ["1,234"], ['decimal = ".", thousands = ","', 'decimal = ","']),
        ("amount", ["1.234", "12.5"], []),
        ("amount", ["1.234", "0.125"], []),
        ("amount", ["1,234", "12.5"], ['decimal = ".", thousands = ","', 'decimal = ","']),
        ("amount", ["1234", "-5"], []),
        ("purchased_at", ["03/04/2026"], ['date = "%d/%m/%Y"', 'date = "%m/%d/%Y"']),
        ("purchased_at", ["25/12/2026"], ['date = "%d/%m/%Y"']),
        ("purchased_at", ["25/12/26", "3/4/26"], ["%d/%m/%y", "%m/%d/%y", "%y/%m/%d"]),
        ("purchased_at", ["2026-03-04"], []),
        ("purchased_at", ["03.04.2026 10:00"], ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"]),
        ("purchased_at", ["2026-03-04T10:00:00"], ["UTC", "Berlin"]),
        ("purchased_at", ["2026-03-04T10:00:00Z"], []),
    ],
)
def test_only_what_is_open_is_asked(
    mapped: Mapped, column: str, values: list[str], settings: list[str]
) -> None:
    mapped.write(
        o_csv="x,k\n" + "".join(f'"{value}",k{number}\n' for number, value in enumerate(values))
    )
    other = {
        "amount": 'purchased_at = { constant = "2026-01-01" }',
        "purchased_at": "amount = { constant = 1 }",
    }[column]
    mapped.map(
        "purchases",
        (
            f'file = "o.csv"\n[columns]\nid = "k"\naccount_id = "k"\n{column} = '
            f'"x"\n{other}\ncurrency = {{ constant = "EUR" }}'
        ),
    )
    readings = [
        reading.setting for question in mapped.preview().questions for reading in question.readings
    ]
    assert len(readings) == len(settings)
    assert all(said in reading for said, reading in zip(settings, readings, strict=True))


def test_a_canonical_folder_is_previewed_too(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "tickets.csv").write_text(
        "id,created_at,reopened,colour\na,2026-01-01,1,x\nb,soon,1,x\n"
    )
    create(tmp_path / "ws", WorkspaceSettings()).close()
    with (tmp_path / "ws" / "kampass.toml").open("a") as settings:
        settings.write(f'\n[sources.files]\nkind = "folder"\npath = "{tmp_path / "files"}"\n')
    workspace = Workspace(tmp_path / "ws")
    (shown,) = workspace.preview()[0].tables
    assert (shown.rows, shown.set_aside, shown.unmapped) == (2, 1, ())
    assert [(aside.line, aside.column, aside.value) for aside in shown.aside] == [
        (3, "created_at", "soon")
    ]
    workspace.close()


def test_the_command_line_shows_the_same(shop: Workspace) -> None:
    where = ["--workspace", str(shop.folder)]
    listed = RUN.invoke(app, ["source", "list", *where, "--format", "json"])
    assert json.loads(listed.stdout)[0]["tables"] == ["purchases"]
    shown = RUN.invoke(app, ["source", "preview", "shop", "--table", "purchases", *where])
    assert "5 of 6 rows would be set aside" in shown.stdout
    as_json = RUN.invoke(app, ["source", "preview", *where, "--format", "json", "--rows", "1"])
    table = json.loads(as_json.stdout)[0]["tables"]
    assert [aside["line"] for aside in table[0]["aside"]] == [3]
    assert table == json.loads(json.dumps(shop.preview(rows=1)[0].to_dict()["tables"]))


def test_a_draft_fills_in_what_is_certain_and_asks_the_rest(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        'ID;Account ID;Purchased at;Amount;Net "x"\n1;a;03/04/2026;1.5;2\n'
    )
    text = draft(tmp_path / "orders.csv", "purchases")
    assert 'delimiter = ";"' in text
    assert 'id = "ID"\naccount_id = "Account ID"\n' in text
    assert (
        '# purchased_at = { column = "Purchased at", date = "%d/%m/%Y" }   # 03/04/2026 is '
        "2026-04-03"
    ) in text
    assert '# currency = ""   # text, required' in text
    said = tomllib.loads(text)["sources"]["mine"]["tables"]["purchases"]
    assert parse("[sources.mine]", "purchases", said).fillings[0].columns == ("ID",)


def test_the_mapping_page_s_examples_are_read_as_they_stand() -> None:
    page = (DOCS / "mapping.md").read_text(encoding="utf-8")
    found = []
    for text in re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        for source, said in tomllib.loads(text).get("sources", {}).items():
            for table, blocks in said["tables"].items():
                whole = [{"columns": {"id": "id"}} | block for block in _blocks(blocks)]
                found += parse_all(f"[sources.{source}]", table, whole)
    assert [mapping.table for mapping in found] == [
        "accounts",
        "purchases",
        "responses",
        "subscriptions",
        "subscriptions",
        "subscriptions",
    ]


def _blocks(said: object) -> list[dict[str, object]]:
    return said if isinstance(said, list) else [said]  # type: ignore[list-item]


def test_the_mapping_page_explains_every_key() -> None:
    from kampass.intake.mapping.column_schema import ColumnKeys
    from kampass.intake.mapping.schema import ColumnsTable, TableKeys

    page = (DOCS / "mapping.md").read_text(encoding="utf-8")
    keys = {key for model in (TableKeys, ColumnKeys, ColumnsTable) for key in model.model_fields}
    assert {"file", "pivot", "otherwise", "extra"} <= keys
    for key in keys - {"columns"}:
        assert f"`{key}`" in page, key


def test_the_sample_company_is_previewed_as_other_sources_are() -> None:
    source = SampleSource("sample", scale=0.02, touches=50, usage=50, tickets=20)
    found = preview(source, timezone="UTC")
    assert [table.table for table in found.tables] == source.tables()
    assert all(table.rows for table in found.tables if table.table in {"accounts", "tickets"})


def test_empty_cells_words_for_nothing_and_what_does_not_read_are_counted_apart(
    mapped: Mapped,
) -> None:
    """Of eight amounts two are empty, NA stands twice, - once, and two do not read."""
    amounts = ("1", "", "NA", "soon", "-", "", "NA", "soon")
    mapped.write(
        t_csv="id,at,n\n" + "".join(f"{n},2026-01-01,{a}\n" for n, a in enumerate(amounts))
    )
    mapped.map(
        "tickets",
        'file = "t.csv"\n[columns]\nid = "id"\ncreated_at = "at"\n'
        'reopened = { column = "n", null = ["NA", "-"] }',
    )
    shown = next(one for one in mapped.preview().columns if one.column == "reopened")
    assert (shown.empty, shown.nulls) == (2, (("NA", 2), ("-", 1)))
    assert (shown.set_aside, shown.unread) == (2, (("soon", 2),))


def test_an_empty_cell_that_is_required_is_called_so(shop: Workspace) -> None:
    file = Path(shop.settings.sources[0].options["path"]) / "orders.csv"
    file.write_text(ORDERS.splitlines()[0] + "\n;;;;\n", encoding="utf-8")
    ended = RUN.invoke(app, ["source", "preview", "--workspace", str(shop.folder)])
    assert ended.exit_code == 3
    assert "None" not in ended.stdout
