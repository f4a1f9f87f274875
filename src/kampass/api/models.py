"""The shapes of what the API takes and gives, for its description and for checking what comes
in.
"""

import inspect
from collections.abc import Iterator
from types import GenericAlias
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model

from kampass.access import Role
from kampass.engine.answer import Answer, AnswerNote, Change
from kampass.engine.plain import Plain, bare, keys_of
from kampass.insight.change.bridge import Bridge
from kampass.insight.explain.explanation import Explanation, Row
from kampass.server.problems import Problem


class Closed(BaseModel):
    """An object that holds nothing but what is declared."""

    model_config = ConfigDict(extra="forbid")


class Open(BaseModel):
    """An object of which the declared part is promised; more may stand beside it."""

    model_config = ConfigDict(extra="allow")


def described(value: type[Plain]) -> type[BaseModel]:
    """The description of a value that is answered, made of its fields."""
    about = inspect.cleandoc(value.__doc__ or "").split("\n\n")[0]
    shapes: dict[str, Any] = dict(_shapes(value))
    made: type[BaseModel] = create_model(value.__name__, __base__=Open, __doc__=about, **shapes)
    return made


def _shapes(value: type[Plain]) -> Iterator[tuple[str, Any]]:
    for key in keys_of(value):
        inner = bare(key.kind)
        if key.about.flat:
            yield from _shapes(key.kind)
        elif get_origin(inner) is tuple and get_args(inner)[0] in DESCRIBED:
            yield key.name, (_many(get_args(inner)[0]), ...)
        elif get_origin(inner) is tuple and issubclass(get_args(inner)[0], tuple | Plain):
            yield key.name, (list[dict[str, Any]], ...)
        elif get_origin(inner) is tuple:
            yield key.name, (GenericAlias(list, get_args(inner)[:1]), ...)
        elif isinstance(inner, type) and issubclass(inner, Plain):
            kind: Any = DESCRIBED[inner]
            yield key.name, (kind, ...) if inner is key.kind else (kind | None, None)
        elif not key.about.absent:
            yield key.name, (key.kind, ...)


def _many(value: type[Plain]) -> Any:
    return GenericAlias(list, (DESCRIBED[value],))


DESCRIBED: dict[type[Plain], type[BaseModel]] = {}
for _value in (Problem, AnswerNote, Change, Answer, Explanation, Row, Bridge):
    DESCRIBED[_value] = described(_value)

ANSWERS, EXPLANATIONS, BRIDGES = _many(Answer), _many(Explanation), _many(Bridge)


class Page(Open):
    """A piece of a list, all of it from one snapshot; `next` is the address of the piece after
    it.
    """

    items: list[dict[str, Any]]
    snapshot: str | None
    next: str | None


ROWS = create_model("Rows", __base__=Page, __doc__="Source rows.", items=(_many(Row), ...))


class Listed(Open):
    """Things that are listed whole."""

    items: list[dict[str, Any]]


class Thing(Open):
    """One thing, by its fields."""


Text = Annotated[str, Field(min_length=1, max_length=4000)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Id = Annotated[str, Field(max_length=200)]


class NoteWritten(Closed):
    """A note about a KPI, an account, a period, or several of them at once."""

    text: Text
    kpi: Id | None = None
    account: Id | None = None
    period: Annotated[str, Field(max_length=40)] | None = None


class NoteChanged(Closed):
    """A note's text, written again."""

    text: Text


class DashboardWritten(Closed):
    """A dashboard: tiles on a grid, each with what it asks."""

    name: Name
    layout: Annotated[list[dict[str, Any]], Field(max_length=40)]
    shared_with: Annotated[list[Role], Field(max_length=5)] = []


class PersonAdded(Closed):
    """Somebody who may sign in, once they have a password."""

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: Role
    user_id: Id | None = None
    team_id: Id | None = None


class PersonChanged(Closed):
    """What of a person changes; what is not given stays."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    role: Role | None = None
    user_id: Id | None = None
    team_id: Id | None = None
