"""Values as JSON and back again, key by key what their fields are.

A field says of itself what JSON calls it and how it is written where its type does not say so;
whoever writes, describes or restores a value asks here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin, get_type_hints

Way = Callable[[Any], Any]


@dataclass(frozen=True)
class Json:
    """What JSON makes of a field, beside the field's type.

    `kind`: the type that it has there. A `flat` value's keys stand among those of the value that
    holds it; what is `absent` where it says nothing is not promised; `hidden` is no key at all;
    what is `made` follows from the other fields. Keys stand by their `place`, then as the fields
    do.
    """

    name: str = ""
    write: Way | None = None
    read: Way | None = None
    kind: Any = None
    flat: bool = False
    absent: bool = False
    hidden: bool = False
    made: Way | None = None
    place: int = 0


@dataclass(frozen=True)
class Key:
    """One key of a value's JSON."""

    attribute: str
    name: str
    kind: Any
    write: Way | None
    read: Way | None
    about: Json


class Plain:
    """A frozen value that is written as JSON by its fields, and made again from that."""

    def __post_init__(self) -> None:
        """Fill in what follows from the other fields."""
        own: Any = type(self)
        for key in _keys(own)[1]:
            assert key.about.made is not None
            object.__setattr__(self, key.attribute, key.about.made(self))

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        shown: dict[str, Any] = {}
        for key in keys_of(type(self)):
            value = getattr(self, key.attribute)
            if key.about.flat:
                shown |= value.to_dict()
            elif value or not key.about.absent:
                shown[key.name] = value if key.write is None else key.write(value)
        return shown

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], **given: Any) -> Self:
        """The value that JSON says; `given` holds what it does not."""
        values = given
        for key in keys_of(cls):
            if key.about.flat:
                values[key.attribute] = key.kind.from_dict(found)
            elif key.about.made is None and key.attribute not in given and key.name in found:
                value = found[key.name]
                values[key.attribute] = value if key.read is None else key.read(value)
        return cls(**values)


def keys_of(kind: Any) -> tuple[Key, ...]:
    """The keys of a value's JSON, in their order."""
    return _keys(kind)[0]


@cache
def _keys(kind: Any) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """Every key in its order, and those that follow from other fields."""
    hints = get_type_hints(kind, include_extras=True)
    every = [_key(each.name, hints[each.name]) for each in fields(kind)]
    shown = sorted((key for key in every if not key.about.hidden), key=lambda key: key.about.place)
    return tuple(shown), tuple(key for key in shown if key.about.made)


def _key(attribute: str, hint: Any) -> Key:
    about, kind = Json(), hint
    if get_origin(hint) is Annotated:
        kind, about = get_args(hint)[:2]
    write, read = _ways(kind)
    return Key(
        attribute,
        about.name or attribute,
        kind if about.kind is None else about.kind,
        about.write or write,
        about.read or read,
        about,
    )


def _ways(hint: Any) -> tuple[Way | None, Way | None]:
    """How values of a type are written and read; None where they are what JSON knows."""
    inner = bare(hint)
    write: Way | None = None
    read: Way | None = None
    if get_origin(inner) is tuple:
        ways = _ways(get_args(inner)[0])
        write, read = partial(_each, list, ways[0]), partial(_each, tuple, ways[1])
    elif inner is datetime:
        write, read = instant_text, datetime.fromisoformat
    elif inner is date:
        write, read = date.isoformat, date.fromisoformat
    elif isinstance(inner, type) and issubclass(inner, Plain):
        write, read = inner.to_dict, inner.from_dict
    if inner is hint:
        return write, read
    return _or_none(write), _or_none(read)


def _each(kind: Callable[[Any], Any], way: Way | None, values: Any) -> Any:
    return kind(values if way is None else map(way, values))


def _or_none(way: Way | None) -> Way | None:
    return None if way is None else lambda value: None if value is None else way(value)


def bare(hint: Any) -> Any:
    """A type without the "or nothing"."""
    if get_origin(hint) in {Union, UnionType}:
        rest = [each for each in get_args(hint) if each is not NoneType]
        return rest[0] if len(rest) == 1 else hint
    return hint


def instant_text(moment: datetime | None) -> str | None:
    """An instant as the contract writes it."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Cells as JSON knows them: decimals and fractions as numbers, instants and dates as the
    contract writes them.
    """
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal | Fraction):
        return int(value) if value == int(value) and isinstance(value, Fraction) else float(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
