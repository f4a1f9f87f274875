"""A draft knows the files that twelve systems write: what it fills it fills rightly."""

import tomllib
from pathlib import Path

import pytest
from tests.sources.exports import SHAPES, Shape

from kampass.intake.mapping import MappedSource, parse
from kampass.intake.mapping.draft import drafted, written
from kampass.intake.mapping.draft.draft import TableDraft
from kampass.intake.preview import preview

LEAST = 0.9


def filled(draft: TableDraft) -> dict[str, str]:
    """The header that fills each column; nothing where all rows have the same."""
    return {guess.column: next(iter(guess.headers), "") for guess in draft.guesses}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.system)
def test_an_export_is_recognised_and_filled_rightly(shape: Shape, tmp_path: Path) -> None:
    (tmp_path / shape.name).write_text(shape.text)
    found = drafted(tmp_path / shape.name)
    assert found.system.startswith(shape.system)
    (main,) = [one for one in found.tables if one.table == shape.table]
    got = filled(main)
    rightly = {column for column, header in got.items() if shape.right.get(column) == header}
    assert set(got) - rightly == set(), "filled wrongly"
    assert len(rightly) >= LEAST * len(shape.right), set(shape.right) - rightly
    assert all(guess.sure or guess.why.endswith("empty so far") for guess in main.guesses)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.system)
def test_the_same_export_without_its_most_telling_headers_is_not_filled_wrongly(
    shape: Shape, tmp_path: Path
) -> None:
    """A person took columns out: no system is recognised, and names and values decide."""
    head, _, rest = shape.text.partition("\n")
    (tmp_path / shape.name).write_text(f"{head.replace('Deal - ', '').replace('id', 'ID')}\n{rest}")
    found = drafted(tmp_path / shape.name)
    for main in [one for one in found.tables if one.table == shape.table]:
        for column, header in filled(main).items():
            right = shape.right.get(column, "").replace("Deal - ", "").replace("id", "ID")
            assert header.replace("id", "ID") == right, column


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.system)
def test_a_draft_loads_as_it_stands_but_for_what_it_asks(shape: Shape, tmp_path: Path) -> None:
    (tmp_path / shape.name).write_text(shape.text)
    text = written(drafted(tmp_path / shape.name), tmp_path)
    said = tomllib.loads(text)["sources"]["export"]
    assert said["path"] == "."
    mappings = tuple(parse("[sources.export]", *pair) for pair in said["tables"].items())
    source = MappedSource("export", tmp_path, mappings)
    for table in preview(source, timezone="UTC").tables:
        if table.missing:
            assert all(f"# {column} = " in text for column in table.missing)
