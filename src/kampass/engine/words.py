"""How a part of a question is written in words. A field of `Question` carries one `Spelling`;
options of commands, query parameters, an assistant's arguments and Python's keywords are made of
it.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from kampass.engine.answer import instant_text
from kampass.errors import QuestionError

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True)
class Spelling:
    """What every face must know of one part of a question.

    `description` (of a query parameter) and `told` (to an assistant, who is not offered a part
    where it is None) are the help as a phrase unless they say otherwise. `most`: how often it may
    be repeated; 0 where it stands once. `page`: whether a page's address may hold it; `of_cut`:
    whether it speaks of the rows of a cut and of no other figure of a page. `meaning` is what the
    documentation adds.
    """

    help: str
    meaning: str = ""
    flags: tuple[str, ...] = ()
    description: str | None = None
    told: str | None = ""
    longest: int | None = None
    most: int = 0
    choices: tuple[str, ...] = ()
    page: bool = True
    clock: bool = False
    of_cut: bool = False
    read: Callable[[Any], Any] = lambda value: value
    spell: Callable[[Any], Any] = lambda value: value
    default: Any = ...

    @property
    def required(self) -> bool:
        """Whether no question is without it."""
        return self.default is ...

    @property
    def switch(self) -> bool:
        """Whether it says yes or no."""
        return isinstance(self.default, bool)

    @property
    def phrase(self) -> str:
        """What it is, within a sentence."""
        said = self.help[:1].lower() + self.help[1:].removesuffix(".")
        return f"{said}; may be repeated" if self.most else said

    def value(self, words: Any) -> Any:
        """What the words mean; QuestionError where they mean nothing."""
        if self.most:
            return tuple(self.read(each) for each in several(words))
        return words in {True, "true"} if self.switch else self.read(words)

    def words(self, value: Any) -> Any:
        """The words that mean this value."""
        return [self.spell(each) for each in value] if self.most else self.spell(value)


def parts_of(question: Any) -> dict[str, Spelling]:
    """The parts among a value's fields, by name, each with its default."""
    hints = get_type_hints(question, include_extras=True)
    found = {}
    for each in fields(question):
        if get_origin(hints[each.name]) is Annotated:
            written: Spelling = get_args(hints[each.name])[1]
            found[each.name] = (
                written if each.default is MISSING else replace(written, default=each.default)
            )
    return found


def pairs(words: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Words as an address holds them, one pair for each text; what says nothing is left out.

    >>> pairs({"period": "2026", "by": ["segment", "region"], "total": True, "grain": None})
    [('period', '2026'), ('by', 'segment'), ('by', 'region'), ('total', 'true')]
    """
    return [
        (name, _text(each))
        for name, value in words.items()
        for each in (several(value) if not isinstance(value, bool | datetime) else (value,))
        if not (each is None or each is False or each == "")
    ]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return instant_text(value) or ""
    return "true" if value is True else str(value)


def several(names: Any) -> tuple[Any, ...]:
    """One name or many, as many."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        return (names,)
    return tuple(names)


def parse_instant(text: str) -> datetime:
    """An instant with an offset or Z.

    >>> parse_instant("2026-01-03T00:00:00Z").isoformat()
    '2026-01-03T00:00:00+00:00'
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise QuestionError(
            f"'{text}' is no instant.", code="bad_instant", hint="Write 2026-01-03T00:00:00Z."
        ) from None
    raise QuestionError(
        f"'{text}' has no offset.",
        code="bad_instant",
        hint="Write 2026-01-03T00:00:00Z, or +01:00 instead of Z.",
    )


def instant_of(known_at: datetime | str | None) -> datetime | None:
    """The instant, whether given as such or as text."""
    return parse_instant(known_at) if isinstance(known_at, str) else known_at


def parameters(
    parts: Mapping[str, Spelling],
    annotation: Callable[[str, Spelling], Any],
    *,
    none: tuple[()] | None = None,
) -> list[inspect.Parameter]:
    """A keyword for each part, with what a face writes beside it; `none` stands for what may be
    repeated and is not there.
    """
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty
            if part.required
            else none
            if part.most
            else part.default,
            annotation=annotation(name, part),
        )
        for name, part in parts.items()
    ]


def signed(call: C, ordered: Sequence[inspect.Parameter]) -> C:
    """The function, saying of itself that it takes these parameters."""
    own = inspect.signature(call)
    call.__signature__ = own.replace(parameters=ordered)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in ordered} | (
        {}
        if own.return_annotation is inspect.Signature.empty
        else {"return": own.return_annotation}
    )
    return call


def spelled(call: C, made: Sequence[inspect.Parameter]) -> C:
    """The function, saying that it takes these keywords in place of its `**words`, before those of
    its own.
    """
    own = list(inspect.signature(call).parameters.values())
    only = inspect.Parameter.KEYWORD_ONLY
    return signed(
        call,
        [
            *(each for each in own if each.kind < only),
            *made,
            *(each for each in own if each.kind == only),
        ],
    )
