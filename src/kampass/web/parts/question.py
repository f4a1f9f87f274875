"""A page's question: read from the address, checked by the engine's own parser, said in words,
written back into links.

What cannot be asked is kept as it was typed, beside the reason, and no figure is shown for it: a
page that answers another question than its address asks would be worse than none.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Annotated, Any, Final, TypedDict, Unpack, cast, get_args
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.responses import HTMLResponse

from kampass.catalogue import Kpi
from kampass.engine.question import PARTS, Comparison, Filter, Question, Words, parse_filter
from kampass.engine.words import pairs, parameters, several, signed
from kampass.errors import KampassError, QuestionError
from kampass.periods import UNITS, Unit, cut, parse
from kampass.render import words
from kampass.server.rules import Call
from kampass.web.parts import spans
from kampass.web.parts.choices import dimensions_of, suggestions
from kampass.web.parts.forms import Filters, FormField, Options
from kampass.web.rendering import PageHead, render
from kampass.workspace.view import Sight

COMPARISONS: Final = {"previous": "the period before", "year-ago": "a year ago"}
PAGE: Final = {name: part for name, part in PARTS.items() if part.page}
"""What of a question an address may hold."""
_CONDITIONS = tuple(name for name, part in PAGE.items() if part.most and name != "by")
_GRAINS = [("", "As one period"), *((unit, f"Every {unit}") for unit in UNITS)]
_AGAINST = [
    ("", "Nothing"),
    *((key, text[:1].upper() + text[1:]) for key, text in COMPARISONS.items()),
]
_HINT = "Such as segment=enterprise, region!=emea, tier in a,b or segment is unknown"
_SHOWN = {"period", "grain", "by", "where", "compare"}
_Text = Annotated[str | None, Query(max_length=64)]
_Texts = Annotated[list[Annotated[str, Query(max_length=4000)]] | None, Query(max_length=20)]


class QuestionFields:
    """The question as the address spells it, unread: `Asking.of` reads it. An empty field counts as
    none.
    """

    def __init__(self, **words: Any) -> None:
        self.one: dict[str, str | None] = {
            name: words.get(name) for name, part in PAGE.items() if not part.most
        }
        self.many: dict[str, tuple[str, ...]] = {
            name: tuple(
                dict.fromkeys(text.strip() for text in words.get(name) or () if text.strip())
            )
            for name, part in PAGE.items()
            if part.most
        }


def _written(**words: Any) -> QuestionFields:
    return QuestionFields(**words)


_PARAMETERS = parameters(PAGE, lambda _, part: _Texts if part.most else _Text)
Asked = Annotated[
    QuestionFields, Depends(signed(_written, [each.replace(default=None) for each in _PARAMETERS]))
]


class LinkChanges(TypedDict, total=False):
    """What a link changes of a question; `also` adds a filter, `without` takes a condition away."""

    period: str
    grain: str | None
    by: str | Sequence[str]
    where: Sequence[str]
    compare: str | None
    known_at: str | None
    snapshot: str | None
    also: str
    without: str


@dataclass(frozen=True)
class Asking:
    """The question of a page, as its address gives it. `wrong` is the error in it, `at` the field
    that it is in; without one, everything here can be asked.
    """

    sight: Sight = field(repr=False)
    kpis: tuple[Kpi, ...]
    given: Mapping[str, Any]
    wrong: KampassError | None = None
    at: str = ""

    @classmethod
    def of(
        cls,
        call: Call,
        written: QuestionFields,
        *,
        kpis: Sequence[str] = (),
        grain: Unit = "quarter",
        pieces: Unit | None = None,
    ) -> "Asking":
        """The question of an address about these KPIs; UnknownName where one does not exist.

        Where it names no period: the latest one of `grain` that is over, or, with `pieces`, the
        twelve up to it, cut into them.
        """
        sight = call.sight
        given = {name: (value or "").strip() or None for name, value in written.one.items()}
        if given["period"] is None:
            start = spans.latest(sight, pieces or grain)
            given["period"] = spans.trail(start, sight.settings.calendar)[0] if pieces else start
            given["grain"] = given["grain"] or pieces
        named = tuple(sight.catalogue.get(kpi) for kpi in kpis)
        return cls(sight, named, given | written.many).checked()

    @property
    def period(self) -> str:
        """The period, as it was typed."""
        return str(self.given["period"])

    @property
    def grain(self) -> str | None:
        """What it is cut into."""
        return self._text("grain")

    @property
    def by(self) -> tuple[str, ...]:
        """The dimensions that it is cut by."""
        return tuple(self.given.get("by") or ())

    @property
    def where(self) -> tuple[str, ...]:
        """The filters, as they were typed."""
        return tuple(self.given.get("where") or ())

    @property
    def compare(self) -> str | None:
        """What it is compared with."""
        return self._text("compare")

    @property
    def known_at(self) -> str | None:
        """The instant at which it is known."""
        return self._text("known_at")

    @property
    def snapshot(self) -> str | None:
        """The snapshot that is asked."""
        return self._text("snapshot")

    def _text(self, name: str) -> str | None:
        return self.given.get(name)

    @property
    def clock(self) -> dict[str, Any]:
        """When it is known, for `sight.kpi` and its like."""
        return {name: self.given.get(name) for name, part in PAGE.items() if part.clock}

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What tells this question from another, for `sight.kept`."""
        return (
            tuple(kpi.id for kpi in self.kpis),
            *(self.given.get(name) or None for name in PAGE),
        )

    def spelled(self, **changes: Unpack[LinkChanges]) -> Words:
        """The question for `sight.kpi`, `explain` and `rows`, without its clock."""
        new = self.changed(**changes)
        words = {
            name: new.given.get(name)
            for name, part in PAGE.items()
            if not part.clock and (new.by or not part.of_cut)
        }
        return cast("Words", words)

    def changed(self, **changes: Unpack[LinkChanges]) -> "Asking":
        """The same question but for these parts, not checked again."""
        given = {**self.given, **changes}
        also, without = given.pop("also", None), given.pop("without", None)
        for name, part in PAGE.items():
            if part.most:
                given[name] = several(given.get(name) or ())
        given["where"] = tuple(dict.fromkeys([*given["where"], *([also] if also else [])]))
        for name in _CONDITIONS:
            given[name] = tuple(text for text in given[name] if text != without)
        # In the order of the parts, so that one question has one address.
        in_order = {name: given[name] for name in PAGE if name in given}
        return replace(self, given=in_order | given)

    def url(
        self, path: str, *, more: Mapping[str, object] | None = None, **changes: Unpack[LinkChanges]
    ) -> str:
        """A link that carries the whole question, and `more` of the page's own."""
        own = [(name, value) for name, value in (more or {}).items() if value not in {None, ""}]
        said = [*pairs(self.changed(**changes).given), *own]
        return f"{path}?{urlencode(said, errors='surrogatepass')}"

    @cached_property
    def period_words(self) -> str:
        """The period for people; as it was typed where it is none."""
        try:
            found = parse(self.period, self.sight.settings.calendar)
        except QuestionError:
            return self.period
        return (
            self.period.replace("..", " to ")
            if found.fiscal
            else words.period(found.start, found.end)
        )

    @cached_property
    def conditions(self) -> list[tuple[str, str]]:
        """Each condition in words, and as it is spelled."""
        return [
            (self._condition(name, text), text)
            for name in _CONDITIONS
            for text in self.given.get(name) or ()
        ]

    def words(self, about: str = "") -> str:
        """The question in words: "NRR by segment, Q3 2026, enterprise only"."""
        by = " and ".join(words.dimension(name).lower() for name in self.by)
        lead = " ".join(part for part in (about, f"by {by}" if by else "") if part)
        grain = f"by {self.grain}" if self.grain else ""
        period = " ".join(part for part in (self.period_words, grain) if part)
        against = f"against {COMPARISONS[self.compare]}" if self.compare in COMPARISONS else ""
        clock = f"as known at {self.known_at}" if self.known_at else ""
        shot = f"from snapshot {self.snapshot}" if self.snapshot else ""
        said = ", ".join(
            part
            for part in (
                lead,
                period,
                *(words for words, _ in self.conditions),
                against,
                clock,
                shot,
            )
            if part
        )
        return said[:1].upper() + said[1:]

    def filters(self, path: str, about: str = "", *, cuts: int = 1, grains: bool = True) -> Filters:
        """The question of a page about `about` in words, and the form that changes it."""
        chips = [
            (said[:1].upper() + said[1:], self.url(path, without=text))
            for said, text in self.conditions
        ]
        fields = self.fields(cuts=cuts, grains=grains)
        return Filters(self.words(about), fields, path, self.hidden, chips)

    def fields(
        self, *, cuts: int = 1, grains: bool = True, compare: bool = False
    ) -> list[FormField]:
        """The fields of its form. `cuts`: by how many dimensions the page can cut."""
        listed = spans.offered(self.sight)
        made = [FormField("period", "Period", self.period, listed=listed)]
        if grains:
            made.append(_choice("grain", "Cut into", self.grain, _GRAINS))
        made += self._cuts(cuts)
        if compare:
            made.append(_choice("compare", "Compare with", self.compare, _AGAINST))
        return self._marked([*made, *self._filters()])

    def _cuts(self, most: int) -> Iterator[FormField]:
        offered = [("", "No cut"), *((name, words.dimension(name)) for name in self.dimensions)]
        for place, value in enumerate([*self.by, *[""] * most][:most]):
            made = _choice("by", "And by" if place else "By", value, offered)
            yield replace(made, id=f"field-by-{place}")

    def _filters(self) -> Iterator[FormField]:
        """A field for each filter, and one for another."""
        listed = suggestions(self.sight, self.dimensions)
        for place, text in enumerate([*self.where, ""]):
            label = f"Filter {place + 1}" if text else ("Add a filter" if place else "Filter")
            hint, key = None if text else _HINT, f"field-where-{place}"
            yield FormField("where", label, text, hint=hint, listed=listed, id=key)

    @property
    def hidden(self) -> dict[str, Any]:
        """What the form of ui.filters keeps of the question without showing it."""
        return {
            name: self.given[name] for name in PAGE if name not in _SHOWN and self.given.get(name)
        }

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """By what the page's figures can be cut: what any of its KPIs can."""
        return dimensions_of(self.sight, self.kpis)

    def takes(self, kpi: Kpi) -> bool:
        """Whether a KPI can be cut and filtered as this question does."""
        known = dimensions_of(self.sight, (kpi,))
        return all(
            name in known
            for name in (*self.by, *(parse_filter(text).dimension for text in self.where))
        )

    def _condition(self, name: str, text: str) -> str:
        try:
            found = PAGE[name].read(text)
        except QuestionError:
            return text
        if not isinstance(found, Filter):
            return str(found)
        shown = self.sight.engine().labels({found.dimension: set(found.values)})
        return words.condition(
            found, tuple(shown.get((found.dimension, value), value) for value in found.values)
        )

    def _marked(self, made: list[FormField]) -> list[FormField]:
        """The fields with the error at the one it is in."""
        if self.wrong is None:
            return made
        name, _, value = self.at.partition(":")
        error = f"{self.wrong.message} {self.wrong.hint}".strip()
        return [
            replace(one, error=error) if one.name == name and value in {"", one.value} else one
            for one in made
        ]

    def checked(self) -> "Asking":
        """The question with the first error in it, if any, and the field where it is."""
        for at, read in self._readings():
            try:
                read()
            except QuestionError as wrong:
                return replace(self, wrong=wrong, at=at)
        return self

    def _readings(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Each field that is filled, and what finds the error in it."""
        calendar = self.sight.settings.calendar
        against = cast("Comparison | None", self.compare)
        yield "period", lambda: parse(self.period, calendar)
        yield "grain", lambda: cut(parse(self.period, calendar), self.grain, calendar)
        yield "compare", lambda: Question((), self.period, compare=against)
        for name, text in self.clock.items():
            yield name, partial(PAGE[name].read, text)
        for name in self.by:
            yield f"by:{name}", partial(self._cut_by, name)
        for name in _CONDITIONS:
            for text in self.given.get(name) or ():
                yield f"{name}:{text}", partial(self._hold, name, text)

    def _hold(self, name: str, text: str) -> None:
        """QuestionError where a condition says nothing, or nothing of the page's figures."""
        found = PAGE[name].read(text)
        if isinstance(found, Filter):
            self._cut_by(found.dimension)

    def _cut_by(self, name: str) -> None:
        """UnknownName where no KPI of the page can be cut by that."""
        if name not in self.dimensions:
            ids = tuple(kpi.id for kpi in self.kpis[:1])
            self.sight.engine().check(Question(ids, self.period, by=(name,)))
            raise QuestionError(
                f"Nothing here can be cut by '{name}'.",
                code="bad_filter",
                hint=f"One of {', '.join(self.dimensions)}.",
            )


def conditions_of(asking: Asking) -> tuple[Filter, ...]:
    """The filters as the engine's values."""
    return tuple(parse_filter(text) for text in asking.where)


def _choice(name: str, label: str, value: str | None, options: Options) -> FormField:
    """A field to choose from, with what was typed even where it is none of the options."""
    typed = [] if value is None or value in dict(options) else [(value, value)]
    return FormField(name, label, value or "", options=[*options, *typed])


assert set(COMPARISONS) == set(get_args(Comparison))


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
    about = asking.kpis[0].name if len(asking.kpis) == 1 else ""
    fields = asking.fields(cuts=max(1, len(asking.by)), compare=asking.compare is not None)
    filters = replace(asking.filters(path, about), fields=fields, open=True)
    page = PageHead(question, title, asking.url(path))
    view, status = Unasked(filters, asking.wrong, path), asking.wrong.status
    return render(call, "parts/page/question.html", page, view, status=status)
