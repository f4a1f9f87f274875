"""What people write by hand, held against a model: the first thing that is wrong, in the house's
words with its place, its key and the nearest name that there is.

A model says which keys there are, what each means and which values it takes; the pages of the
documentation and the JSON Schemas are made of the same models. Importing pydantic takes longer than
answering a question, so only what must be checked imports this module.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from kampass.errors import KampassError, suggested

_TABLE, _VALUE, _KIND = "table", "value", "kind"
_LATE: Final = 9


class WrittenTable(BaseModel):
    """A table of keys as somebody writes it: no other keys, none left out that is needed, no value
    of another kind.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)
    guide: ClassVar[str] = ""
    """The way out where a value is of another kind."""
    listed: ClassVar[str] = ""
    """The way out where there is no such key."""
    lacking: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """What is said of a key that is needed, where there is more to say than that it is missing."""

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, said: object) -> object:
        if not isinstance(said, dict):
            return said
        known = {field.alias or name: field for name, field in cls.model_fields.items()}
        for key in said if cls.model_config.get("extra") != "allow" else ():
            if key not in known:
                near = suggested(str(key), known)
                raise amiss(
                    "{place}: there is no key '{key}'.{near}", cls.listed, key=key, near=near
                )
        needed = sorted(key for key, field in known.items() if field.is_required())
        missing = [key for key in needed if key not in said]
        if missing:
            say, hint = cls.lacking.get(missing[0], ("{place}: the key '{key}' is missing.", ""))
            raise amiss(say, hint, key=missing[0])
        return said


def key(
    meaning: str,
    default: Any = ...,
    *,
    otherwise: str = "",
    note: str = "",
    **limits: Any,
) -> Any:
    """A key of a table: what it means, and what holds where it is left out, `otherwise` in words.

    `note` is the short word that stands beside it in a file made for somebody.
    """
    extra: JsonDict = {"x-otherwise": otherwise, "x-note": note}
    return Field(default, description=meaning, json_schema_extra=extra, **limits)


def note(model: type[WrittenTable], name: str) -> str:
    """The short word on a key."""
    return str(_extra(model.model_fields[name])["x-note"])


def rows(model: type[WrittenTable]) -> list[str]:
    """A table of the keys for the documentation, as Markdown; a key that is a table has its
    own, and so have those that several tables share.
    """
    return ["| key | default | meaning |", "|---|---|---|"] + [
        f"| `{field.alias or name}` | {_default(field)} | {field.description} |"
        for name, field in model.model_fields.items()
        if name in model.__annotations__ and field.default != {}
    ]


def json_schema(model: type[WrittenTable]) -> dict[str, Any]:
    """The JSON Schema of a file, for editors."""

    def plain(part: Any) -> Any:
        if isinstance(part, list):
            return [plain(each) for each in part]
        if not isinstance(part, dict):
            return part
        return {
            name: plain(each)
            for name, each in part.items()
            if not (name.startswith("x-") or (name, each) == ("default", None))
            and not (name == "title" and isinstance(each, str))
        }

    written = model.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **plain(written)}


def _default(field: FieldInfo) -> str:
    if otherwise := _extra(field)["x-otherwise"]:
        return str(otherwise)
    if field.is_required():
        return "needed"
    return f"`{json.dumps(field.default)}`" if field.default not in (None, "", []) else "none"


def _extra(field: FieldInfo) -> dict[str, Any]:
    return cast("dict[str, Any]", field.json_schema_extra)


def amiss(message: str, hint: str = "", **named: object) -> PydanticCustomError:
    """What is wrong with a table as a whole: `{place}` in it is the table, and what is named."""
    return _said(_TABLE, message, hint, **named)


def wrong(message: str, hint: str = "", **named: object) -> PydanticCustomError:
    """What is wrong with a value: `{value}` in it is the value, `{place}` the table around it."""
    return _said(_VALUE, message, hint, **named)


def unlike(message: str, hint: str) -> tuple[str, str, dict[str, Any]]:
    """For a discriminator: what is wrong with a table that is like none of several."""
    return _TABLE, "{say}", {"say": message, "hint": hint, "named": {}}


def says(message: str = "", hint: str = "", *, kind: type = str) -> WrapValidator:
    """A value that is no `kind`, or that the type before it refuses, is refused in these words."""

    def check(value: Any, inner: Callable[[Any], Any]) -> Any:
        kinds = (int, float) if kind is float else kind
        flag = isinstance(value, bool) and kind in {int, float}
        if flag or not isinstance(value, kinds):
            raise _said(_KIND, "", "")
        try:
            return inner(value)
        except ValidationError:
            raise (wrong(message, hint) if message else _said(_KIND, "", "")) from None

    return WrapValidator(check)


def passes(check: Callable[[Any], object]) -> WrapValidator:
    """A value that `check` lets pass; its error is said as it stands."""

    def run(value: Any, inner: Callable[[Any], Any]) -> Any:
        value = inner(value)
        try:
            check(value)
        except KampassError as error:
            raise _said(_VALUE, "{said}", "{hint}", said=error.message, hint=error.hint) from None
        return value

    return WrapValidator(run)


def trouble(
    model: type[WrittenTable],
    said: object,
    words: Callable[[tuple[int | str, ...]], dict[str, str]],
) -> tuple[str, str] | None:
    """What is wrong with a table as it is written, and the way out; None where nothing is.

    `words` gives the place of a table by the keys that lead to it, and what else its messages name.
    """
    try:
        model.model_validate(said)
    except ValidationError as found:
        return _words(_first(found.errors(include_url=False)), model.guide, words)
    return None


def _first(found: list[ErrorDetails]) -> ErrorDetails:
    """The error to show first: of one table's own keys, those of another kind."""
    first = min(found, key=lambda error: _rank(error) if len(error["loc"]) == 1 else _LATE)
    beside = [error for error in found if error["loc"][:-1] == first["loc"][:-1]]
    return min(beside, key=_rank)


def _rank(error: ErrorDetails) -> int:
    if error["type"] == "literal_error":
        return 0
    return 1 if error["type"] not in {_TABLE, _VALUE} else _LATE


def _words(
    error: ErrorDetails,
    guide: str,
    words: Callable[[tuple[int | str, ...]], dict[str, str]],
) -> tuple[str, str]:
    context, at = error.get("ctx", {}), error["loc"]
    place = words(at if error["type"] == _TABLE else at[:-1])
    if error["type"] in {_TABLE, _VALUE}:
        own = {"value": error["input"], "key": at[-1] if at else ""}
        named = own | context["named"] | place
        return context["say"].format(**named), context["hint"].format(**named)
    if error["type"] == "literal_error":
        choices = context["expected"].replace(" or ", ", ").replace("'", "")
        return f"{place['place']}: '{at[-1]}' is '{error['input']}', not one of {choices}.", ""
    return f"{place['place']}: '{at[-1]}' cannot be {error['input']!r}.", guide


def _said(kind: str, say: str, way_out: str, **named: object) -> PydanticCustomError:
    return PydanticCustomError(
        cast("Any", kind), "{say}", {"say": say, "hint": way_out, "named": named}
    )
