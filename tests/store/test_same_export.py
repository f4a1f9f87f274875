"""Equal data gives equal bytes, whatever the order, the format or the number of loads; an export
can be loaded again.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from tests.store.conftest import Desk, contents, day
from tests.worlds import World, make_world

SEEDS = (5, pytest.param(3, marks=pytest.mark.nightly))


@contextmanager
def desk_of(place: Path, world: World) -> Iterator[Desk]:
    made = Desk(place, timezone=world.timezone, currency=world.currency)
    yield made
    made.workspace.close()


def load(desk: Desk, world: World, *, later: int = 0) -> None:
    (source,) = desk.workspace.sources()
    desk.workspace.journal.load(source, recorded_at=world.recorded_at + timedelta(seconds=later))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_and_number_of_loads_and_the_format_change_nothing(
    seed: int, tmp_path: Path
) -> None:
    """Once; twice; a table at a time in random order; as Parquet; and from the export itself."""
    world = make_world(seed, accounts=8)
    with desk_of(tmp_path / "once", world) as desk:
        world.write(desk.files)
        load(desk, world)
        once = desk.export()
        load(desk, world, later=1)
        assert desk.export() == once
    parts = contents(desk.files)
    with desk_of(tmp_path / "grown", world) as desk:
        for name in random.Random(seed).sample(sorted(parts), len(parts)):
            (desk.files / name).write_bytes(parts[name])
            load(desk, world)
        assert desk.export() == once
    with desk_of(tmp_path / "parquet", world) as desk:
        for name in parts:
            _as_parquet(tmp_path / "once" / "files" / name, desk.files)
        load(desk, world)
        assert desk.export() == once
    with desk_of(tmp_path / "again", world) as desk:
        for name, raw in once.items():
            (desk.files / name).write_bytes(raw)
        load(desk, world)
        assert desk.export() == once


def _as_parquet(file: Path, folder: Path) -> None:
    read = (
        f"read_csv('{file}', all_varchar = true, header = true, delim = ',', quote = '\"', "
        "escape = '\"', null_padding = false)"
    )
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM {read}) TO '{folder / file.stem}.parquet' (FORMAT parquet)")


def test_a_folder_that_grows_file_by_file_is_published_after_each(desk: Desk) -> None:
    """The ticket knows its account and the subscription its product only once their files are
    there.
    """
    tables = {
        "tickets": "id,created_at,account_id\nt,2025-01-01,a\n",
        "subscriptions": "id,account_id,product_id,mrr,currency,valid_from\ns,a,p,10,USD,2025-01-01\n",
        "accounts": "id,name\na,Ada\n",
        "products": "id,name,family\np,Pro,core\n",
    }
    for table, text in tables.items():
        desk.write(**{table: text})
        desk.workspace.sync(recorded_at=day(1))
    grown = desk.export()
    assert desk.ask("SELECT id, account_id, product_id FROM subscriptions") == [("s", "a", "p")]
    other = Desk(desk.place / "other")
    other.load(1, **tables)
    assert other.export() == grown
    other.workspace.close()


def test_typed_parquet_gives_the_export_of_the_text_it_stands_for(tmp_path: Path) -> None:
    types = "x AS id, CAST(created AS {instant}) AS created_at, CAST('3' AS {whole}) AS reopened"
    exports = []
    for number, kinds in enumerate(
        [
            ("VARCHAR", "VARCHAR"),
            ("TIMESTAMPTZ", "BIGINT"),
            ("TIMESTAMPTZ", "DOUBLE"),
            ("TIMESTAMPTZ", "DECIMAL(9, 2)"),
        ]
    ):
        desk = Desk(tmp_path / str(number))
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            cells = types.format(instant=kinds[0], whole=kinds[1])
            file = desk.files / "tickets.parquet"
            connection.execute(
                f"COPY (SELECT {cells} FROM (VALUES ('t', '2025-01-01T10:00:00Z')) v(x, "
                f"created)) TO '{file}' (FORMAT parquet)"
            )
        assert desk.load(1)["tickets"].loaded == 1
        exports.append(desk.export())
        desk.workspace.close()
    assert all(found == exports[0] for found in exports)
