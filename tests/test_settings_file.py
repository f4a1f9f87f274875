"""What is wrong with `kampass.toml` is said with its table, its key and the way out."""

from pathlib import Path

import pytest

from kampass.errors import DataError
from kampass.workspace import settings
from kampass.workspace.passed import Passed

SAYS = "See docs/settings.md."
WRONG = [
    ('curency = "USD"', "kampass.toml: there is no key 'curency'. Did you mean 'currency'?", SAYS),
    ("timezone = 3", "kampass.toml: 'timezone' cannot be 3.", SAYS),
    ("fiscal_start = true", "kampass.toml: 'fiscal_start' cannot be True.", SAYS),
    (
        "fiscal_start = 13",
        "A fiscal year cannot start in month 13.",
        "Write a month from 1 to 12.",
    ),
    ('currency = "eur"', "'eur' is no currency.", "Write an ISO 4217 code such as USD."),
    (
        'week_start = "friday"',
        "A week cannot start on 'friday'.",
        "monday, sunday or saturday.",
    ),
    (
        'timezone = "{place}"',
        "There is no time zone '{place}'.",
        "Write an IANA name such as Europe/Berlin.",
    ),
    ("[sources]\ncrm = 3", "[sources.crm] needs a kind: folder, mapped or sample.", None),
    ('[sources.crm]\nkind = "folder"', "[sources.crm] needs a path.", 'Write path = "exports".'),
    (
        '[sources.crm]\nkind = "sample"\nsede = 1',
        "[sources.crm]: there is no key 'sede'. Did you mean 'seed'?",
        SAYS,
    ),
    (
        '[sources."a b"]\nkind = "mapped"',
        "[sources.a b] maps no table.",
        (
            'Write [sources."a b".tables.accounts] and below it what fills it; docs/mapping.md '
            "shows how."
        ),
    ),
    (
        '[sources.crm]\nkind = "folder"\npath = "x"\ncoverage = "always"',
        "[sources.crm]: coverage is \"up_to_load\", not 'always'.",
        "Leave it out where an old file says nothing of the days after it.",
    ),
    (
        '[sources.crm]\nkind = "folder"\npath = "x"\n[sources.crm.tables.deal]\ncoverage = ""',
        "[sources.crm.tables.deal]: there is no table 'deal'. Did you mean 'deals'?",
        None,
    ),
    (
        '[sources.crm]\nkind = "folder"\npath = "x"\nlink = "crm.example/{id}"',
        "'crm.example/{id}' is no address of a row.",
        "Write https://crm.example/{table}/{id}.",
    ),
    (
        '[sources.crm]\nkind = "folder"\npath = "x"\nids = "short"',
        "[sources.crm]: ids is \"bare\", not 'short'.",
        "Leave it out where ids are prefixed.",
    ),
    ("[calendars]\nnight = 3", "[calendars.night] is not a table.", SAYS),
    (
        '[calendars.night]\ndays = ["monday", "funday"]',
        "[calendars.night]: 'funday' is no day.",
        None,
    ),
    ("[calendars.night]\ndays = [3]", "[calendars.night]: 'days' cannot be [3].", SAYS),
    (
        '[calendars.night]\nhours = ["22:00-06:00"]',
        "'22:00-06:00' are no business hours.",
        "Write 09:00-17:00.",
    ),
    (
        '[calendars.night]\nholidays = ["2026-02-30"]',
        "[calendars.night]: '2026-02-30' is no date.",
        "Write 2026-12-25.",
    ),
    ("kpis = 3", "kampass.toml: 'kpis' cannot be 3.", SAYS),
    ('[kpis]\nenabled = "nrr"', "[kpis]: 'enabled' cannot be 'nrr'.", SAYS),
]


def refused(folder: Path, text: str) -> DataError:
    (folder / settings.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        settings.read(folder)
    assert raised.value.code == "bad_settings"
    return raised.value


@pytest.mark.parametrize(("text", "message", "hint"), WRONG)
def test_what_is_wrong_is_said_with_its_place_and_the_way_out(
    tmp_path: Path, text: str, message: str, hint: str | None
) -> None:
    error = refused(tmp_path, text)
    assert error.message == message
    assert error.hint == hint or (hint is None and error.hint)


def test_a_key_that_does_not_exist_is_said_before_anything_else(tmp_path: Path) -> None:
    error = refused(tmp_path, 'currency = "eur"\nzzz = 1\n[calendars]\nnight = 3')
    assert error.message == "kampass.toml: there is no key 'zzz'."


def test_of_one_table_a_value_of_another_kind_is_said_first(tmp_path: Path) -> None:
    error = refused(tmp_path, '[calendars.night]\ndays = ["funday"]\nteams = 3')
    assert error.message == "[calendars.night]: 'teams' cannot be 3."


def test_a_text_that_passed_is_checked_again_only_when_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / ".kampass").mkdir()
    checked: list[str] = []
    for text in ("a", "a", "b", "a"):
        Passed(tmp_path).unless(text, lambda text=text: checked.append(text))
    assert checked == ["a", "b"]


def test_a_text_that_is_refused_is_refused_every_time(tmp_path: Path) -> None:
    (tmp_path / ".kampass").mkdir()
    for _ in range(2):
        refused(tmp_path, "zzz = 1")


def test_where_nothing_can_be_noted_every_text_is_checked(tmp_path: Path) -> None:
    (tmp_path / ".kampass" / "checked").mkdir(parents=True)
    checked: list[str] = []
    for text in ("a", "a"):
        Passed(tmp_path).unless(text, lambda text=text: checked.append(text))
    assert checked == ["a", "a"]


EVERY_KIND = """
[sources.crm]
kind = "folder"
path = "x"
ended = true
link = "https://crm.example/{table}/{id}"
ids = "bare"
[sources.crm.tables.deals]
coverage = "up_to_load"
[sources.demo]
kind = "sample"
coverage = "up_to_load"
[sources.desk]
kind = "mapped"
[sources.desk.tables.tickets]
file = "tickets.csv"
coverage = "up_to_load"
[sources.desk.tables.tickets.columns]
id = "No"
"""


def test_a_source_of_any_kind_says_whether_it_ended_and_whose_silence_is_true(
    tmp_path: Path,
) -> None:
    (tmp_path / settings.FILE).write_text(EVERY_KIND, encoding="utf-8")
    crm, demo, desk = settings.read(tmp_path).sources
    assert (crm.ended, demo.ended, crm.ids) == (True, False, "bare")
    assert crm.link == "https://crm.example/{table}/{id}"
    assert (crm.up_to_load("deals"), crm.up_to_load("touches")) == (True, False)
    assert demo.up_to_load("deals")
    assert (desk.up_to_load("tickets"), desk.up_to_load("accounts")) == (True, False)
    assert crm.options == {"path": "x"}


def test_what_a_source_of_any_kind_says_is_written_as_it_was_read(tmp_path: Path) -> None:
    text = EVERY_KIND.partition("[sources.desk]")[0]
    (tmp_path / settings.FILE).write_text(text, encoding="utf-8")
    said = settings.read(tmp_path)
    settings.write(tmp_path, said)
    assert settings.read(tmp_path).sources == said.sources


def test_whose_silence_is_true_is_no_part_of_how_a_table_is_read(tmp_path: Path) -> None:
    written = []
    for text in (EVERY_KIND, EVERY_KIND.replace('csv"\ncoverage = "up_to_load"', 'csv"')):
        (tmp_path / settings.FILE).write_text(text, encoding="utf-8")
        written.append(settings.read(tmp_path).sources[2].mappings[0].written)
    assert written[0] == written[1]
