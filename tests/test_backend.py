"""What the engine asks of a database, of DuckDB's over a table of three rows, and that nobody goes
round it.
"""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest

import kampass
from kampass.engine.backend import Backend
from kampass.engine.duckdb_backend import DuckDBBackend, scratch

HOME = Path(kampass.__file__).parent
CONNECTION = {"cursor", "execute", "fetchone", "fetchall", "fetchmany", "fetchnumpy"}
FACES = ("api", "web", "client", "mcp", "cli")
SQL = re.compile(
    r"\bSELECT\b.*\bFROM\b|^\s*(SELECT|INSERT INTO|DELETE FROM|UPDATE \w+ SET|CREATE|DROP|ATTACH)\s",
    re.DOTALL,
)


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A table `line`: a pays 0.10, b 0.20, c nothing that is known."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE line AS SELECT * FROM (VALUES ('a', 0.10), ('b', 0.20), ('c', NULL)) "
            "v(id, mrr)"
        )
        yield DuckDBBackend(connection)


def test_a_statement_takes_its_values_by_name(backend: Backend) -> None:
    found = backend.run("SELECT id FROM line WHERE list_contains($ids, id)", {"ids": ["c", "d"]})
    assert found.all() == [("c",)]


def test_rows_can_be_taken_in_every_form(backend: Backend) -> None:
    sql = "SELECT id, mrr FROM line ORDER BY id"
    rows = [("a", Decimal("0.10")), ("b", Decimal("0.20")), ("c", None)]
    assert backend.run(sql).names == ("id", "mrr")
    assert backend.run(sql).all() == rows
    assert backend.run(sql).first() == rows[0]
    assert list(backend.run(sql).each()) == rows
    assert [tuple(row.values()) for row in backend.run(sql).arrow().to_pylist()] == rows
    columns = backend.run("SELECT id, CAST(mrr AS DOUBLE) AS mrr FROM line ORDER BY id").numpy()
    assert np.ma.getmaskarray(columns["mrr"]).tolist() == [False, False, True]
    assert columns["mrr"][:2].tolist() == [0.1, 0.2]


def test_of_nothing_there_is_no_first_row(backend: Backend) -> None:
    assert backend.run("SELECT id FROM line WHERE false").first() is None
    assert list(backend.run("SELECT id FROM line WHERE false").each()) == []


def test_two_statements_are_read_side_by_side(backend: Backend) -> None:
    """Each has a cursor of its own, so that one does not end the other."""
    first, second = (backend.run("SELECT id FROM line ORDER BY id").each() for _ in range(2))
    assert next(first) == next(second) == ("a",)
    assert next(first) == next(second) == ("b",)


def test_it_says_what_it_is_and_what_it_holds(backend: Backend) -> None:
    assert backend.dialect == "duckdb"
    assert backend.tables() == {"line"}


def test_a_statement_that_fails_raises_what_was_announced(backend: Backend) -> None:
    with pytest.raises(backend.errors) as caught:
        backend.run("SELECT nothing FROM line")
    assert not isinstance(caught.value, backend.unreadable)


def test_an_expression_needs_no_table() -> None:
    with scratch() as backend:
        assert backend.run("SELECT CAST(7 AS DOUBLE) / nullif(2, 0)").first() == (3.5,)
        assert backend.tables() == frozenset()


def test_no_face_holds_sql() -> None:
    """A face shows what the rooms below it read."""
    held = [
        f"{file.relative_to(HOME)}, line {line}: {text[:60]}"
        for face in FACES
        for file in (HOME / face).rglob("*.py")
        for line, text in _texts(file)
        if SQL.search(text)
    ]
    assert held == []


def test_nobody_who_reads_a_book_holds_a_connection() -> None:
    """Engine, insight, book and the faces know `Backend.run`; DuckDB's own backend alone has
    cursors.
    """
    held = [
        f"{file.relative_to(HOME)}, line {node.lineno}: .{node.attr}"
        for room in ("engine", "insight", "book", *FACES)
        for file in (HOME / room).rglob("*.py")
        if file.name != "duckdb_backend.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in CONNECTION
    ]
    assert held == []


def test_a_text_of_sql_is_known_from_words_about_it() -> None:
    assert SQL.search('\nSELECT "table", count(*)\nFROM _quarantine')
    assert SQL.search("SELECT id, name FROM ")
    assert SQL.search("DELETE FROM notes")
    assert not SQL.search("Select a KPI from the list")
    assert not SQL.search("a mapping's single SELECT, on a connection of its own")


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """Every literal text of a module but its docstrings, formatted ones as far as they are plain."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.lineno, node.value
