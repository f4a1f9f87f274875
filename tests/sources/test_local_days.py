"""An instant in a column of days is the day in the workspace's time zone, and a day stays a day.

In Berlin it is 1 April when it is half past ten in the evening of 31 March in UTC.
"""

from pathlib import Path

import duckdb
import pytest
from tests.sources.conftest import Mapped

from kampass.intake.mapping import parse
from kampass.intake.mapping.draft import draft
from kampass.workspace.settings import read

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
COLUMNS = (
    '[columns]\nid = "id"\naccount_id = "who"\nmrr = "amt"\ncurrency = { constant = "EUR" }\n'
    "valid_from = "
)


def begins(mapped: Mapped, cell: str, said: str, zone: str) -> object:
    """What a cell becomes as the first day of a subscription."""
    mapped.write(t_csv=f"id,who,amt,from\n1,ash,12,{cell}\n")
    mapped.map("subscriptions", f'file = "t.csv"\n{COLUMNS}{{ column = "from", {said} }}', zone)
    (day,) = mapped.column("valid_from")
    return day


@pytest.mark.parametrize(
    ("cell", "zone", "day"),
    [
        ("2026-03-31T22:30:00+0000", BERLIN, "2026-04-01"),
        ("2026-03-31T22:30:00Z", BERLIN, "2026-04-01"),
        ("2026-03-31T22:30:00+02:00", BERLIN, "2026-03-31"),
        ("2026-03-31T22:30:00+0000", "UTC", "2026-03-31"),
        ("2026-03-31T22:30:00+0000", "", "2026-03-31"),
        ("2026-04-01T03:30:00+0000", NEW_YORK, "2026-03-31"),
        ("2026-03-31T22:00:00Z", BERLIN, "2026-04-01"),
        (
            "2026-04-01T00:00:00Z",
            NEW_YORK,
            "2026-04-01",
        ),  # a day that a program wrote as an instant
    ],
)
def test_a_format_with_an_offset_says_the_local_day(
    mapped: Mapped, cell: str, zone: str, day: str
) -> None:
    assert begins(mapped, cell, 'date = "%Y-%m-%dT%H:%M:%S%z"', zone) == day


@pytest.mark.parametrize(
    ("cell", "hung", "day"),
    [
        ("2026-03-31 22:30", "UTC", "2026-04-01"),
        ("2026-03-31 22:30", BERLIN, "2026-03-31"),
        ("2026-03-31 00:00", NEW_YORK, "2026-03-31"),
    ],
)
def test_a_clock_that_hung_in_another_zone_says_the_local_day(
    mapped: Mapped, cell: str, hung: str, day: str
) -> None:
    said = f'date = "%Y-%m-%d %H:%M", timezone = "{hung}"'
    assert begins(mapped, cell, said, BERLIN) == day


def test_a_clock_of_no_declared_zone_says_its_own_day(mapped: Mapped) -> None:
    assert begins(mapped, "2026-03-31 22:30", 'date = "%Y-%m-%d %H:%M"', BERLIN) == "2026-03-31"


@pytest.mark.parametrize(("zone", "day"), [(BERLIN, "2026-04-01"), ("UTC", "2026-03-31")])
def test_a_timestamp_with_time_zone_of_parquet_is_its_local_day(
    mapped: Mapped, zone: str, day: str
) -> None:
    with duckdb.connect() as connection:
        instant = "TIMESTAMPTZ '2026-03-31 22:30:00Z' AS \"from\""
        file = mapped.folder / "t.parquet"
        connection.execute(
            f"COPY (SELECT '1' AS id, 'ash' AS who, 12 AS amt, {instant}) TO '{file}'"
        )
    mapped.map("subscriptions", f'file = "t.parquet"\n{COLUMNS}"from"', zone)
    assert mapped.column("valid_from") == [day]


def test_a_draft_says_where_the_clocks_of_a_header_hung(tmp_path: Path) -> None:
    file = tmp_path / "subs.csv"
    file.write_text(
        "id,Customer,Amount,Start Date (UTC)\ns1,ash,12,2026-03-31 22:30\ns2,elm,9,2026-04-02 10:15\n"
    )
    (line,) = [
        one for one in draft(file, "subscriptions").splitlines() if one.startswith("valid_from")
    ]
    assert 'timezone = "UTC"' in line


def test_the_settings_of_a_workspace_say_whose_day_it_is(tmp_path: Path) -> None:
    (tmp_path / "kampass.toml").write_text(
        'timezone = "Europe/Berlin"\n[sources.s]\nkind = "mapped"\n[sources.s.tables.teams]\n'
        'file = "t.csv"\n[sources.s.tables.teams.columns]\nid = "N"\nname = "N"\n'
    )
    (source,) = read(tmp_path).sources
    assert source.mappings[0].zone == BERLIN


@pytest.mark.parametrize(
    ("said", "readings"),
    [
        ({"date": "%d.%m.%Y"}, 1),
        ({"date": "%Y-%m-%d %H:%M"}, 1),
        ({"date": "%Y-%m-%d %H:%M", "timezone": "UTC"}, 3),
        ({"date": "%Y-%m-%dT%H:%M:%S%z"}, 3),
    ],
)
def test_how_a_file_is_read_changes_with_the_zone_only_where_its_clocks_say_theirs(
    said: dict[str, str], readings: int
) -> None:
    columns = {"valid_from": {"column": "from", **said}}
    mapping = parse("[sources.s]", "subscriptions", {"file": "t.csv", "columns": columns})
    assert len({mapping.in_zone(zone).reading for zone in ("", "UTC", BERLIN)}) == readings
