"""Many cases inside one test: `@each("route", ROUTES)` stands where `parametrize` would and the test
below it is written for a single case.

Every case is tried, however many fail, and the failure lists all of them with their assertions. It
is for cases that share their fixtures and leave nothing behind: what takes fixtures of its own for
every case (a folder, a monkeypatch that changes something) stays with `parametrize`.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., Any])
IN_FULL = 20


def each(
    names: str | Sequence[str], cases: Iterable[Any], *, ids: Callable[[Any], str] = str
) -> Callable[[Test], Test]:
    """Give a test, or every test of a class, each of the cases in turn."""
    wanted = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    chosen = list(cases)
    assert chosen, f"there is no case of {', '.join(wanted)} to try"

    def loop(test: Test) -> Test:
        if inspect.isclass(test):
            for name in [name for name in vars(test) if name.startswith("test_")]:
                setattr(test, name, loop(vars(test)[name]))
            return test
        return _looped(test, wanted, chosen, ids)

    return loop


def _looped(
    test: Test, names: Sequence[str], cases: Sequence[Any], ids: Callable[[Any], str]
) -> Test:
    """The test without those arguments, which it gets from one case after the other."""

    @wraps(test)
    def tried(*args: Any, **fixtures: Any) -> None:
        failures = []
        for case in cases:
            values = (case,) if len(names) == 1 else tuple(case)
            try:
                test(*args, **fixtures, **dict(zip(names, values, strict=True)))
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - all are listed
                failures.append((" ".join(ids(value) for value in values), error))
        if failures:
            pytest.fail(_listed(failures, len(cases)), pytrace=False)

    signature = inspect.signature(test)
    kept = [given for name, given in signature.parameters.items() if name not in names]
    assert len(kept) + len(names) == len(signature.parameters), f"{test} does not take {names}"
    tried.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return tried  # type: ignore[return-value]


def _listed(failures: Sequence[tuple[str, BaseException]], count: int) -> str:
    """Each failed case with where and why; those beyond the first twenty in a line each."""
    parts = [f"{len(failures)} of {count} cases failed"]
    for place, (label, error) in enumerate(failures):
        said = str(error).partition("\n")[0]
        parts.append(
            f"--- {label}\n{_told(error)}" if place < IN_FULL else f"--- {label}: {said[:200]}"
        )
    return "\n".join(parts)


def _told(error: BaseException) -> str:
    """The error as pytest shows it, from the test's own line on."""
    found: pytest.ExceptionInfo[BaseException] = pytest.ExceptionInfo.from_exception(error)
    found.traceback = type(found.traceback)(found.traceback[1:])
    return str(found.getrepr(style="short"))
