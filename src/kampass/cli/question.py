"""The options of a command that asks a question: one for each part of it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import Parameter, signature
from typing import Annotated, Any, Literal, TypeVar

import typer

from kampass.engine.question import PARTS
from kampass.engine.words import Spelling, parameters, signed

C = TypeVar("C", bound=Callable[..., Any])


def complete_dimension(incomplete: str) -> list[str]:
    """Dimensions for the shell's completion."""
    from kampass.catalogue import shipped

    names = {name for kpi in shipped() for name in kpi.named_dimensions}
    return sorted(name for name in names if name.startswith(incomplete))


_COMPLETIONS = {"by": complete_dimension}


def asks(parts: Mapping[str, Spelling] = PARTS, **helps: str) -> Callable[[C], C]:
    """A command that takes the parts of a question in place of its `**words`: what must be given
    first, the rest behind the workspace. `helps`: other words for some of them.
    """
    written = {**parts} | {name: replace(parts[name], help=text) for name, text in helps.items()}
    made = parameters(written, _option)

    def told(command: C) -> C:
        own = [each for each in signature(command).parameters.values() if each.name != "words"]
        at = [each.name for each in own].index("workspace") + 1
        return signed(
            command,
            [
                own[0],
                *(each for each in made if each.default is Parameter.empty),
                *map(_keyword, own[1:at]),
                *(each for each in made if each.default is not Parameter.empty),
                *map(_keyword, own[at:]),
            ],
        )

    return told


def _keyword(given: Parameter) -> Parameter:
    """Commands are called by keyword, so what must be given may stand behind what need not."""
    return given.replace(kind=Parameter.KEYWORD_ONLY)


def _option(name: str, part: Spelling) -> Any:
    flags = (f"--{name.replace('_', '-')}", *part.flags) if part.flags or part.switch else ()
    option = typer.Option(*flags, help=part.help, autocompletion=_COMPLETIONS.get(name))
    kind: Any = Literal[part.choices] if part.choices else bool if part.switch else str
    kind = list[kind] if part.most else kind
    return Annotated[kind if part.required or part.switch else kind | None, option]
