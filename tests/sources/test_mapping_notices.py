"""What a file says and its mapping does not: told, with the line to write."""

import pytest
from tests.sources.conftest import Mapped

from kampass.intake.spans import read_whole
from kampass.model.messages import Notice

BILLED = "id,who,amt,Interval,a,b\n1,ash,12,{0},2025-01-01,{1}\n2,ash,9,{2},{3},\n"
PLAIN = (
    'file = "t.csv"\n[columns]\nid = "id"\naccount_id = "who"\nmrr = "amt"\nvalid_from = "a"\n'
    'valid_to = {to}\ncurrency = {{ constant = "EUR" }}'
)


def told(mapped: Mapped, *cells: str, to: str = '"b"') -> str:
    """What is told of two lines: the interval and end of one, the interval and begin of the other."""
    mapped.write(t_csv=BILLED.format(*cells))
    mapped.map("subscriptions", PLAIN.format(to=to))
    return " ".join(mapped.preview().notices)


@pytest.mark.parametrize(
    ("end", "begin", "is_told"),
    [
        ("2025-03-31", "2025-04-01", True),
        ("2025-04-01", "2025-04-01", False),
        ("2025-03-30", "2025-04-01", False),
        ("", "2025-04-01", False),
    ],
)
def test_lines_that_end_the_day_before_the_next_are_told_in_preview_and_load(
    mapped: Mapped, end: str, begin: str, is_told: bool
) -> None:
    line = 'valid_to = { column = "b", inclusive = true }'
    assert (line in told(mapped, "month", end, "month", begin)) == is_told
    loaded = [message.text for message in read_whole(mapped.source) if isinstance(message, Notice)]
    assert [line in text for text in loaded] == [True] * is_told


def test_the_line_that_is_told_ends_the_telling(mapped: Mapped) -> None:
    said = '{ column = "b", inclusive = true }'
    assert told(mapped, "month", "2025-03-31", "month", "2025-04-01", to=said) == ""
    assert mapped.column("valid_to") == ["2025-04-01", None]


@pytest.mark.parametrize(
    ("first", "second", "is_told"),
    [
        ("year", "Month", True),
        ("year", "year", True),
        ("month", "monthly", False),
        ("year", "soon", False),
        ("y", "m", False),
        ("", "", False),
    ],
)
def test_an_interval_that_nobody_has_mapped_is_told(
    mapped: Mapped, first: str, second: str, is_told: bool
) -> None:
    line = 'mrr = { column = "amt", per = { column = "Interval" } }'
    assert (line in told(mapped, first, "2025-02-01", second, "2025-03-01")) == is_told


@pytest.mark.parametrize(
    ("quantity", "times", "is_told"),
    [("4", "", True), ("1", "", False), ("", "", False), ("4", ', times = "q"', False)],
)
def test_a_quantity_that_mrr_does_not_multiply_by_is_told(
    mapped: Mapped, quantity: str, times: str, is_told: bool
) -> None:
    mapped.write(t_csv=f"id,who,amt,q,a\n1,ash,12,{quantity},2025-01-01\n")
    mrr = f'{{ column = "amt", per = "year"{times} }}'
    said = PLAIN.format(to='""').replace('mrr = "amt"', f'mrr = {mrr}\nquantity = "q"')
    mapped.map("subscriptions", said.replace('valid_to = ""\n', ""))
    assert any('times = "q"' in notice for notice in mapped.view().notices) == is_told
