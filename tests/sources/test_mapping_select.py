"""A SELECT reads its own file and nothing else, whatever is tried: first by parsing it, then by
where it runs.
"""

from pathlib import Path

import duckdb
import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError
from kampass.intake.mapping.select import locked
from kampass.model.scan import NO_LINE

FILE = "id,who,on,price\n1,a,2026-03-01,1.5\n2,b,2026-03-02,2.5\n3,a,2026-03-03,4.5\n"
SECRET = "the secret"  # noqa: S105 - what must not be read
SELECT = (
    "SELECT id, who AS account_id, \"on\" AS purchased_at, price AS amount, 'EUR' AS currency "
    "FROM raw"
)


def purchases(mapped: Mapped, select: str) -> Mapped:
    mapped.write(orders_csv=FILE)
    quoted = select.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return mapped.map("purchases", f'file = "orders.csv"\nselect = "{quoted}"')


def test_each_column_of_the_select_goes_by_its_name(mapped: Mapped) -> None:
    rows = purchases(mapped, SELECT + " WHERE who = 'a'").rows()
    assert rows[1] == {
        "id": "3",
        "account_id": "a",
        "purchased_at": "2026-03-03",
        "amount": "4.5",
        "currency": "EUR",
    }


def test_a_row_keeps_the_line_it_stands_on_although_others_are_left_out(mapped: Mapped) -> None:
    assert purchases(mapped, SELECT + " WHERE who = 'a'").lines() == [2, 4]


def test_rows_that_are_grouped_stand_on_no_line_and_the_preview_says_so(mapped: Mapped) -> None:
    grouped = (
        'SELECT who AS id, who AS account_id, min("on") AS purchased_at, sum(CAST(price AS '
        "DECIMAL(9, 2))) AS amount, 'EUR' AS currency FROM raw GROUP BY who"
    )
    purchases(mapped, grouped)
    assert all(line > NO_LINE for line in mapped.lines())
    assert any("min(_line) AS _line" in notice for notice in mapped.preview().notices)
    purchases(
        mapped, grouped.replace(" FROM", ", min(_line) AS _line FROM") + " ORDER BY min(_line)"
    )
    assert mapped.lines() == [2, 3]


def test_what_sql_has_typed_is_not_read_by_the_signs_declared(mapped: Mapped) -> None:
    mapped.write(orders_csv=FILE)
    select = SELECT.replace("price AS amount", "CAST(price AS DOUBLE) AS amount")
    mapped.map(
        "purchases",
        f"file = \"orders.csv\"\ndecimal = \",\"\nthousands = \".\"\nselect = '''{select}'''",
    )
    assert [float(amount) for amount in mapped.column("amount")] == [1.5, 2.5, 4.5]


def test_a_timestamp_of_the_select_needs_a_zone(mapped: Mapped) -> None:
    mapped.write(orders_csv=FILE)
    select = SELECT.replace(
        '"on" AS purchased_at', "strptime(\"on\", '%Y-%m-%d') + INTERVAL 9 HOUR AS purchased_at"
    )
    with pytest.raises(DataError, match="which time zone"):
        mapped.map("purchases", f"file = \"orders.csv\"\nselect = '''{select}'''").rows()
    mapped.map(
        "purchases", f"file = \"orders.csv\"\ntimezone = \"Europe/Berlin\"\nselect = '''{select}'''"
    )
    assert mapped.column("purchased_at")[0] == "2026-03-01T08:00:00.000000Z"


OUTSIDE = [
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM '{secret}'",
    'SELECT * FROM "{secret}"',
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM raw, read_text('{secret}')",
    "SELECT (SELECT content FROM read_text('{secret}')) FROM raw",
    "SELECT * FROM raw WHERE id IN (SELECT content FROM read_text('{secret}'))",
    "WITH x AS (SELECT * FROM read_text('{secret}')) SELECT * FROM x",
    "SELECT * FROM raw UNION ALL SELECT * FROM read_text('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM read_json_auto('{secret}')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT getenv('HOME') AS id FROM raw",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT current_setting('memory_limit') FROM raw",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('raw')",
    "SELECT * FROM mine",
    "SELECT * FROM pragma_version()",
    "FROM read_text('{secret}') SELECT content",
    "SELECT * FROM raw POSITIONAL JOIN read_text('{secret}')",
    "SELECT * FROM (VALUES (1)) v, LATERAL (SELECT * FROM read_text('{secret}'))",
    "SELECT * FROM which_secret('x', 's3')",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM main.other",
]
STATEMENTS = [
    "COPY raw TO '{folder}/out.csv'",
    "COPY (SELECT * FROM raw) TO '{folder}/out.csv'",
    "ATTACH '{folder}/other.db' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA version",
    "SET memory_limit = '10GB'",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "CREATE TABLE t AS SELECT 1",
    "DROP TABLE raw",
    "INSERT INTO raw VALUES (1)",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "CALL pragma_version()",
    "CREATE MACRO m() AS 1",
    "CHECKPOINT",
    "UPDATE raw SET id = 1",
    "DELETE FROM raw",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY raw TO '{folder}/out.csv'",
    "EXPLAIN ANALYZE SELECT 1",
    "USE memory",
    "DETACH memory",
    "VACUUM",
    "EXECUTE x",
    "PREPARE x AS SELECT 1",
    "SHOW TABLES",
    "DESCRIBE raw",
    "CREATE SECRET s (TYPE s3)",
    "SELECT * INTO t FROM raw",
    "",
    "  ",
    ";",
    "hello",
    "-- nothing",
]


@pytest.mark.parametrize("select", [*OUTSIDE, *STATEMENTS])
def test_a_select_that_reaches_further_is_refused(
    mapped: Mapped, tmp_path: Path, select: str
) -> None:
    # What a replacement scan would find.
    mine = duckdb.sql("SELECT 'a variable of Python' AS id")  # noqa: F841
    (tmp_path / "secret.csv").write_text(SECRET)
    with pytest.raises(DataError) as raised:
        purchases(mapped, select.format(secret=tmp_path / "secret.csv", folder=tmp_path)).view()
    assert raised.value.code == "bad_select"
    assert SECRET not in raised.value.message
    assert not (tmp_path / "out.csv").exists() and not (tmp_path / "out").exists()


def test_where_it_runs_nothing_else_can_be_reached_either(tmp_path: Path) -> None:
    """The same without any parsing: no file is read or written, no setting changes."""
    # What a replacement scan would find.
    mine = duckdb.sql("SELECT 'a variable of Python' AS id")  # noqa: F841
    (tmp_path / "secret.csv").write_text(SECRET)
    with duckdb.connect(str(tmp_path / "raw.duckdb")) as connection:
        connection.execute("CREATE TABLE raw AS SELECT '1' AS id")
    for sql in [text for text in [*OUTSIDE, *STATEMENTS] if text.strip(" ;-")]:
        with locked(tmp_path / "raw.duckdb") as connection:
            try:
                answer = connection.execute(
                    sql.format(secret=tmp_path / "secret.csv", folder=tmp_path)
                )
                found = str(answer.fetchall()) if answer else ""
            except duckdb.Error as wrong:
                found = str(wrong)
            assert SECRET not in found and "a variable of Python" not in found, sql
            for again in (
                "SET enable_external_access = true",
                f"SELECT * FROM read_text('{tmp_path / 'secret.csv'}')",
            ):
                with pytest.raises(duckdb.Error):
                    connection.execute(again)
    assert sorted(file.name for file in tmp_path.iterdir() if file.name != "spill") == [
        "raw.duckdb",
        "secret.csv",
    ]


def test_an_error_names_the_line_of_the_setting_where_the_select_stands(tmp_path: Path) -> None:
    from kampass.workspace import Workspace, create
    from kampass.workspace.settings import WorkspaceSettings

    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "orders.csv").write_text(FILE)
    create(tmp_path / "ws", WorkspaceSettings()).close()
    settings = tmp_path / "ws" / "kampass.toml"
    before = settings.read_text().count("\n")
    mapping = (
        '\n[sources.shop]\nkind = "mapped"\npath = '
        f'"{tmp_path / "files"}"\n[sources.shop.tables.purchases]\nfile = "orders.csv"\nselect '
        '= """\nSELECT id\nFROM nowhere\n"""\n'
    )
    settings.write_text(settings.read_text() + mapping)
    workspace = Workspace(tmp_path / "ws")
    with pytest.raises(
        DataError,
        match=f"kampass.toml, line {before + 8}, .sources.shop.tables.purchases. select: it reads "
        "'nowhere'",
    ):
        workspace.preview("shop")
    workspace.close()


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ("SELECT nothing FROM raw", "nothing"),
        ("SELECT id, id FROM raw", "it selects 'id"),
        ("SELECT CAST(who AS INTEGER) AS id FROM raw", "Could not convert"),
        ("SELECT id FROM raw WHERE", "cannot be parsed"),
        ("SELECT id FROM raw GROUP BY who", "GROUP BY"),
    ],
)
def test_a_select_that_is_wrong_is_refused_in_words(
    mapped: Mapped, select: str, words: str
) -> None:
    with pytest.raises(DataError, match=words) as raised:
        purchases(mapped, select).view()
    assert raised.value.code == "bad_select"
