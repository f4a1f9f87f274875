"""Dear work goes a few at a time; whoever comes on top is told when to come again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from kampass.errors import Busy, DataError
from kampass.store.turns import Builds, Turns


def test_two_work_two_wait_and_the_fifth_is_told_to_come_again() -> None:
    turns, go = Turns(2, 2, patience=30), threading.Event()
    at_it: list[int] = []

    def work(number: int) -> int:
        with turns.taken():
            at_it.append(number)
            go.wait(30)
        return number

    with ThreadPoolExecutor(8) as pool:
        four = [pool.submit(work, number) for number in range(4)]
        while len(at_it) < 2:
            threading.Event().wait(0.01)
        while turns._places._value:  # until both who wait have a place
            threading.Event().wait(0.01)
        with pytest.raises(Busy) as busy, turns.taken():
            pass
        assert (busy.value.status, busy.value.retry_after) == (503, 30)
        assert len(at_it) == 2
        go.set()
        assert {done.result() for done in four} == {0, 1, 2, 3}
    with turns.taken():
        pass


def test_nobody_waits_longer_than_patience() -> None:
    turns = Turns(1, 1, patience=0.05)
    with turns.taken(), pytest.raises(Busy), turns.taken():
        pass
    with turns.taken():
        pass


def test_a_turn_is_given_back_whatever_happens() -> None:
    turns = Turns(1, 0, patience=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.taken():
            _ = 1 / 0
    with ExitStack() as stack:
        stack.enter_context(turns.taken())


def test_what_many_ask_for_is_built_once_and_those_who_cannot_wait_come_again() -> None:
    builds, go, built = Builds(patience=0.05), threading.Event(), []

    def make() -> str:
        go.wait(30)
        built.append("x")
        return "snapshot"

    for _ in range(10):
        with pytest.raises(Busy) as busy:
            builds.get("a", make)
        assert busy.value.retry_after == 5
    go.set()
    while not built:
        threading.Event().wait(0.01)
    assert builds.get("a", lambda: "again") in {"snapshot", "again"}
    assert built == ["x"]


def test_the_queue_of_builds_has_an_end() -> None:
    builds, go = Builds(queue=3, patience=0), threading.Event()
    for number in range(5):
        with pytest.raises(Busy):
            builds.get(number, lambda: go.wait(30))
    assert len(builds._under) == 3
    go.set()


def test_an_error_of_what_is_built_is_the_readers_and_is_not_kept() -> None:
    builds = Builds(patience=30)

    def fails() -> None:
        raise DataError("Nothing was known then.", code="not_known_yet")

    with pytest.raises(DataError, match="Nothing was known"):
        builds.get("a", fails)
    assert builds.get("a", lambda: 7) == 7
