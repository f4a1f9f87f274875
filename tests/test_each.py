"""A loop inside a test tries every case and names each that fails."""

import inspect

import pytest
from tests.each import each


def test_every_case_is_tried_and_every_failure_is_listed() -> None:
    tried = []

    @each("number", range(1, 5))
    def even(number: int) -> None:
        tried.append(number)
        assert number % 2 == 0, f"{number} is odd"

    with pytest.raises(pytest.fail.Exception) as raised:
        even()
    assert tried == [1, 2, 3, 4]
    said = str(raised.value)
    assert said.startswith("2 of 4 cases failed\n--- 1\n")
    assert "1 is odd" in said and "\n--- 3\n" in said and "3 is odd" in said
    assert "--- 2" not in said


def test_other_arguments_stay_fixtures() -> None:
    @each("low, high", [(1, 2), (3, 4)])
    def ordered(limit: int, low: int, high: int) -> None:
        assert low < high < limit

    assert list(inspect.signature(ordered).parameters) == ["limit"]
    ordered(limit=5)
    with pytest.raises(pytest.fail.Exception, match="1 of 2 cases failed\n--- 3 4"):
        ordered(limit=4)


def test_a_class_loops_in_each_of_its_tests() -> None:
    tried = []

    @each("word", ["a", "b"])
    class Both:
        def test_one(self, word: str) -> None:
            tried.append(f"one {word}")

        def test_other(self, word: str) -> None:
            tried.append(f"other {word}")

    Both().test_one()
    Both().test_other()
    assert tried == ["one a", "one b", "other a", "other b"]


def test_a_loop_without_cases_is_refused() -> None:
    with pytest.raises(AssertionError, match="no case of route"):
        each("route", [])
