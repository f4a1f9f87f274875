"""What forms are given: a field, and the bar that says what a page asks and changes it; and the page
of a question that cannot be asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import HTMLResponse

from kampass.errors import KampassError
from kampass.server.rules import Call
from kampass.web.parts.question import Asking
from kampass.web.rendering import PageHead, render

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


def fields_of(
    asking: Asking, *, cuts: int = 1, grains: bool = True, compare: bool = False
) -> list[FormField]:
    """The fields of a question; `cuts`: by how many dimensions the page can cut."""
    return [FormField(**one) for one in asking.fields(cuts=cuts, grains=grains, compare=compare)]


def filters_of(
    asking: Asking, path: str, about: str = "", *, cuts: int = 1, grains: bool = True
) -> Filters:
    """The bar of a page that asks about `about`."""
    fields = fields_of(asking, cuts=cuts, grains=grains)
    return Filters(asking.words(about), fields, path, asking.hidden, asking.chips(path))


@dataclass(frozen=True)
class Unasked:
    """A question that cannot be asked, as it was typed, and the reason."""

    filters: Filters
    wrong: KampassError
    usual: str


def cannot_ask(call: Call, asking: Asking, *, title: str, question: str, path: str) -> HTMLResponse:
    """The page of a question that cannot be asked: what is wrong, and the question as it was typed,
    to be mended.
    """
    assert asking.wrong is not None
    fields = fields_of(asking, cuts=max(1, len(asking.by)), compare=asking.compare is not None)
    about = asking.kpis[0].name if len(asking.kpis) == 1 else ""
    filters = Filters(
        asking.words(about), fields, path, asking.hidden, asking.chips(path), open=True
    )
    return render(
        call,
        "parts/page/question.html",
        PageHead(question, title, asking.url(path)),
        Unasked(filters, asking.wrong, path),
        status=asking.wrong.status,
    )
