"""What forms are given: a field, and the bar that says what a page asks and changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FormField:
    """One thing to fill in: `options` (value, words) make a select, `rows` a text area, `listed`
    are suggestions for a text.
    """

    name: str
    label: str
    value: str | Sequence[str] = ""
    kind: str = "text"
    hint: str | None = None
    error: str | None = None
    required: bool = False
    options: Options | None = None
    rows: int | None = None
    listed: Sequence[str] | None = None
    id: str | None = None
    attrs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Filters:
    """What is asked, in words, and the form that changes it; `chips` are the filters in force, each
    with the link without it.
    """

    question: str
    fields: Sequence[FormField]
    action: str = ""
    hidden: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    chips: Sequence[tuple[str, str]] = ()
    open: bool = False
    submit: str = "Ask"
