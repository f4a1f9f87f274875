"""The list of what a draft knows is well formed: whoever extends it is told what does not hold."""

from collections import Counter

import pytest

from kampass.intake.mapping.draft.known import ExportSection, choices, known, names, plain
from kampass.intake.mapping.mapping import parse
from kampass.model import TABLES

KNOWN = known()
SYSTEMS = (
    "HubSpot Salesforce Zendesk Stripe Chargebee Intercom SurveyMonkey Qualtrics Pipedrive Jira "
    "LimeSurvey Google"
).split()


def test_every_table_and_column_that_is_listed_is_one() -> None:
    for table, section in KNOWN.tables.items():
        assert set(section.columns) | set(section.values) <= set(TABLES[table].names), table


def test_every_value_that_is_listed_is_one_of_its_closed_list() -> None:
    for table, section in KNOWN.tables.items():
        for column, values in section.values.items():
            assert set(values) <= set(TABLES[table].column(column).choices), f"{table}.{column}"


def test_names_are_plain_and_stand_once_in_a_table() -> None:
    for table, section in KNOWN.tables.items():
        listed = Counter(name for words in section.columns.values() for name in words)
        assert [name for name, often in listed.items() if often > 1] == [], table
        assert [name for name in listed if plain(name) != name] == [], table


def test_a_word_means_one_value() -> None:
    for table, section in KNOWN.tables.items():
        for column, values in section.values.items():
            words = Counter(word for listed in values.values() for word in listed)
            assert [word for word, often in words.items() if often > 1] == [], f"{table}.{column}"
            assert set(choices(table, column).values()) == set(TABLES[table].column(column).choices)


@pytest.mark.parametrize("export", KNOWN.exports, ids=lambda export: export.name)
def test_an_export_fills_columns_in_the_language_of_a_mapping(export: ExportSection) -> None:
    assert export.seen.startswith("https://") and (export.marks or export.first)
    columns = {
        column: source[0] if isinstance(source, list) else _first(source)
        for column, source in export.columns.items()
    }
    parse("[sources.x]", export.table, {"file": "x.csv", **export.said, "columns": columns})
    assert set(export.accounts) <= {"id", "name"}


def _first(source: object) -> object:
    if isinstance(source, dict) and isinstance(source["column"], list):
        return {**source, "column": source["column"][0]}
    return source


def test_the_twelve_systems_are_known_and_no_two_exports_have_the_same_marks() -> None:
    for system in SYSTEMS:
        assert any(export.name.startswith(system) for export in KNOWN.exports), system
    marks = Counter((*sorted(export.marks), *export.first) for export in KNOWN.exports)
    assert max(marks.values()) == 1


def test_names_of_the_five_languages_are_known() -> None:
    for word in ("Kunde", "Kundennr", "société", "Empresa", "klantnummer", "Account Name"):
        assert plain(word) in names("deals", "account_id"), word
