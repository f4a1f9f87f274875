"""What makes a test a slow one is found by what its code reaches."""

import pytest
from starlette.testclient import TestClient
from tests.quick import reached
from tests.sample import sample_company
from tests.worlds import make_world


def of_the_company(factory: pytest.TempPathFactory) -> object:
    return sample_company(factory, "quick", scale=0.1)


class Asking:
    """A helper whose method calls an application."""

    @property
    def client(self) -> TestClient:
        return TestClient(lambda *_: None)


@pytest.fixture
def random_world() -> object:
    return make_world(1)


def test_what_is_called_by_what_is_called_counts() -> None:
    assert reached(of_the_company) == "the sample company"
    assert reached(lambda factory: [of_the_company(factory)]) == "the sample company"
    assert reached(lambda: Asking().client) == "a served application"


def test_what_an_inner_function_calls_counts() -> None:
    def test() -> None:
        def seed(number: int) -> object:
            return [make_world(number)]

        seed(1)

    assert reached(test) == "random worlds"


def test_plain_arithmetic_is_quick() -> None:
    assert reached(lambda: sum([1, 2])) == ""


def test_a_mark_says_so(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("quick") is not None


def test_a_fixture_that_takes_long_makes_its_tests_slow(
    request: pytest.FixtureRequest, random_world: object
) -> None:
    assert request.node.get_closest_marker("quick") is None
