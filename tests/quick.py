"""Which tests are quick: those that reach no browser, no server, no sample company, no random world
and no process of their own.

Nobody keeps a list. A test reaches what its own code, its fixtures and the functions and classes of
the tests that these call name; whoever writes a test that opens a browser has written a slow one.
"""

import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import playwright.sync_api
import pytest
import uvicorn
from starlette.testclient import TestClient
from tests.sample import sample_folder
from tests.struck import run, start
from tests.worlds import make_world

from kampass.web.app import application

SLOW: dict[object, str] = {
    playwright.sync_api.sync_playwright: "a browser",
    uvicorn: "a server",
    application: "a served application",
    TestClient: "a served application",
    sample_folder: "the sample company",
    make_world: "random worlds",
    subprocess: "processes",
    subprocess.Popen: "processes",
    run: "processes",
    start: "processes",
}
"""What takes long, by the object that gives it."""
OURS = tuple(f"{Path(__file__).parents[1] / name}/" for name in ("tests", "benchmarks"))
ON_A_SERVER = "postgresql"
"""The parameter of what runs on SQLite and on a server."""


def slow(item: pytest.Item) -> str:
    """Why a test is not quick; empty where it is."""
    if not isinstance(item, pytest.Function):
        return ""
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    if ON_A_SERVER in (value for value in given if isinstance(value, str)):
        return "a database server"
    fixtures = item._fixtureinfo.name2fixturedefs
    if "postgresql_server" in fixtures:
        return "a database server"
    used = (item.function, *(defined[-1].func for defined in fixtures.values()))
    return next(filter(None, map(reached, used)), "")


@cache
def reached(function: Callable[..., Any]) -> str:
    """The slow thing that a function or class reaches, through whatever of ours it names."""
    seen: set[object] = set()
    waiting: list[object] = [function]
    while waiting:
        thing = waiting.pop()
        for found in _named(thing):
            if _hashable(found) and found in SLOW:
                return SLOW[found]
            if _ours(found) and found not in seen:
                seen.add(found)
                waiting.append(found)
    return ""


def _named(thing: object) -> Iterator[object]:
    """The objects that the code of a function, or of every method of a class, names."""
    if isinstance(thing, type):
        for value in vars(thing).values():
            yield from _named(value)
        return
    function = thing.fget if isinstance(thing, property) else thing
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if isinstance(function, types.FunctionType):
        for name in _names(function.__code__):
            if name in function.__globals__:
                yield function.__globals__[name]


def _names(code: types.CodeType) -> set[str]:
    """Every name in a piece of code and in the functions inside it."""
    inner = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _ours(found: object) -> bool:
    """Whether it is a function or class of the tests or benchmarks."""
    if not isinstance(found, types.FunctionType | type):
        return False
    file = getattr(sys.modules.get(found.__module__), "__file__", None)
    return file is not None and file.startswith(OURS)


def _hashable(found: object) -> bool:
    return isinstance(found, types.FunctionType | types.ModuleType | type)
