"""A wrong fill is worse than none: what is filled of a file that nobody knows is right, and what is
right by its name alone is not filled.
"""

import tomllib
from pathlib import Path

import pytest
from tests.sources.strangers import STRANGERS, Stranger

from kampass.intake.mapping.draft import drafted, written
from kampass.intake.mapping.draft.draft import FileDraft


def draft_of(stranger: Stranger, folder: Path) -> FileDraft:
    encoding = "iso-8859-1" if stranger.name.startswith("latin") else "utf-8"
    (folder / stranger.name).write_bytes(stranger.text.encode(encoding))
    return drafted(folder / stranger.name)


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: stranger.name)
def test_what_is_filled_is_right_and_the_rest_is_asked(stranger: Stranger, tmp_path: Path) -> None:
    found = draft_of(stranger, tmp_path)
    mains = [one for one in found.tables if one.stated and one.table != "surveys"]
    assert [one.table for one in mains] == ([stranger.table] if stranger.table else [])
    assert bool(found.unknown) == (not stranger.table)
    for main in mains:
        guesses = {guess.column: guess.headers[0] for guess in main.guesses if guess.headers}
        assert guesses == stranger.filled
    surveys = [one for one in found.tables if one.table == "surveys"]
    asked = [question.key.partition(".")[2] for one in mains for question in one.questions]
    asked += [question.key for one in surveys for question in one.questions]
    assert asked == list(stranger.asked)
    tomllib.loads(written(found, tmp_path))


def test_a_right_name_over_wrong_values_is_left_with_its_reason(tmp_path: Path) -> None:
    (stranger,) = [one for one in STRANGERS if one.name == "status_text.csv"]
    (deals,) = draft_of(stranger, tmp_path).tables
    left = dict(deals.left)
    assert left["Amount"] == "as amount: 'see contract', 'tbd' are no numbers"
    assert left["Status"] == "as status: 'Active', 'Inactive' are no words for open, won, lost"
