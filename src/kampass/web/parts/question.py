"""A page's question: read from the address, checked by the engine's own parser, said in words,
written back into links.

What cannot be asked is kept as it was typed, beside the reason, and no figure is shown for it: a
page that answers another question than its address asks would be worse than none.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Final, TypedDict, Unpack, cast, get_args
from urllib.parse import urlencode

from fastapi import Depends, Query

from kampass.catalogue import Kpi
from kampass.engine.question import Comparison, Filter, Question, parse_filter
from kampass.errors import KampassError, QuestionError
from kampass.periods import UNITS, Unit, cut, parse
from kampass.render import words
from kampass.server.rules import Call
from kampass.web.parts import spans
from kampass.web.parts.choices import dimensions_of, suggestions
from kampass.workspace.asking import Asking as Spelled
from kampass.workspace.asking import instant_of
from kampass.workspace.view import Sight

COMPARISONS: Final = {"previous": "the period before", "year-ago": "a year ago"}
_Text = Annotated[str | None, Query(max_length=64)]
_Texts = Annotated[list[Annotated[str, Query(max_length=4000)]] | None, Query(max_length=20)]


class Written:
    """The question as the address spells it, unread: `Asking.of` reads it. An empty field counts as
    none.
    """

    def __init__(  # noqa: PLR0913 - the question, spelled as the contract spells it
        self,
        *,
        period: _Text = None,
        grain: _Text = None,
        by: _Texts = None,
        where: _Texts = None,
        compare: _Text = None,
        known_at: _Text = None,
        snapshot: _Text = None,
    ) -> None:
        self.one = {
            "period": period,
            "grain": grain,
            "compare": compare,
            "known_at": known_at,
            "snapshot": snapshot,
        }
        self.by = tuple(dict.fromkeys(name for name in by or () if name))
        self.where = tuple(dict.fromkeys(text.strip() for text in where or () if text.strip()))


Asked = Annotated[Written, Depends(Written)]


class Changes(TypedDict, total=False):
    """What a link changes of a question; `also` and `without` add a filter and take one away."""

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
    """The question of a page. `wrong` is the error in it, `at` the field that it is in; without
    one, everything here can be asked.
    """

    sight: Sight = field(repr=False)
    kpis: tuple[Kpi, ...]
    period: str
    grain: str | None = None
    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    compare: str | None = None
    known_at: str | None = None
    snapshot: str | None = None
    wrong: KampassError | None = None
    at: str = ""

    @classmethod
    def of(
        cls,
        call: Call,
        written: Written,
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
        made = cls(
            sight, named, by=written.by, where=written.where, **cast("dict[str, Any]", given)
        )
        return made._checked()

    @property
    def clock(self) -> dict[str, str | None]:
        """When it is known, for `sight.kpi` and its like."""
        return {"known_at": self.known_at, "snapshot": self.snapshot}

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What tells this question from another, for `sight.kept`."""
        return (
            tuple(kpi.id for kpi in self.kpis),
            self.period,
            self.grain,
            self.by,
            self.where,
            self.compare,
            self.known_at,
            self.snapshot,
        )

    def spelled(self, **changes: Unpack[Changes]) -> Spelled:
        """The question for `sight.kpi`, `explain` and `rows`, without its clock."""
        new = self.changed(**changes)
        return {
            "period": new.period,
            "grain": new.grain,
            "by": new.by,
            "where": new.where,
            "compare": cast("Comparison | None", new.compare),
        }

    def changed(self, **changes: Unpack[Changes]) -> "Asking":
        """The same question but for these parts, not checked again."""
        given = dict(changes)
        also, without = given.pop("also", None), given.pop("without", None)
        where = tuple(cast("Sequence[str]", given.pop("where", self.where)))
        where = tuple(text for text in where if text != without)
        by = given.pop("by", self.by)
        own = {
            "where": tuple(dict.fromkeys([*where, *([str(also)] if also else [])])),
            "by": (by,) if isinstance(by, str) else tuple(cast("Sequence[str]", by)),
        }
        return replace(self, **cast("dict[str, Any]", given | own))

    def url(
        self, path: str, *, more: Mapping[str, object] | None = None, **changes: Unpack[Changes]
    ) -> str:
        """A link that carries the whole question, and `more` of the page's own."""
        new = self.changed(**changes)
        pairs: list[tuple[str, object]] = [
            ("period", new.period),
            ("grain", new.grain),
            *(("by", name) for name in new.by),
        ]
        pairs += [("where", text) for text in new.where]
        pairs += [
            ("compare", new.compare),
            ("known_at", new.known_at),
            ("snapshot", new.snapshot),
            *(more or {}).items(),
        ]
        return f"{path}?{urlencode([(name, value) for name, value in pairs if value not in {None, ''}], errors='surrogatepass')}"

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
        """Each filter in words, and as it is spelled."""
        return [(self._condition(text), text) for text in self.where]

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

    def chips(self, path: str) -> list[tuple[str, str]]:
        """What is filtered, each with the link without it, for ui.filters."""
        return [
            (words[:1].upper() + words[1:], self.url(path, without=text))
            for words, text in self.conditions
        ]

    def fields(
        self, *, cuts: int = 1, grains: bool = True, compare: bool = False
    ) -> list[dict[str, Any]]:
        """The fields of ui.filters. `cuts`: by how many dimensions the page can cut."""
        offered = [("", "No cut"), *((name, words.dimension(name)) for name in self.dimensions)]
        made: list[dict[str, Any]] = [
            {
                "name": "period",
                "label": "Period",
                "value": self.period,
                "listed": spans.offered(self.sight),
            }
        ]
        if grains:
            options = [("", "As one period"), *((unit, f"Every {unit}") for unit in UNITS)]
            made.append(
                {
                    "name": "grain",
                    "label": "Cut into",
                    "value": self.grain or "",
                    "options": _with(options, self.grain),
                }
            )
        for place in range(cuts):
            value = self.by[place] if place < len(self.by) else ""
            made.append(
                {
                    "name": "by",
                    "label": "By" if not place else "And by",
                    "id": f"field-by-{place}",
                    "value": value,
                    "options": _with(offered, value),
                }
            )
        if compare:
            options = [
                ("", "Nothing"),
                *((key, text[:1].upper() + text[1:]) for key, text in COMPARISONS.items()),
            ]
            made.append(
                {
                    "name": "compare",
                    "label": "Compare with",
                    "value": self.compare or "",
                    "options": _with(options, self.compare),
                }
            )
        listed = suggestions(self.sight, self.dimensions)
        for place, text in enumerate([*self.where, ""]):
            label = f"Filter {place + 1}" if text else ("Add a filter" if place else "Filter")
            made.append(
                {
                    "name": "where",
                    "label": label,
                    "id": f"field-where-{place}",
                    "value": text,
                    "listed": listed,
                }
            )
        made[-1]["hint"] = (
            "Such as segment=enterprise, region!=emea, tier in a,b or segment is unknown"
        )
        return self._marked(made)

    @property
    def hidden(self) -> dict[str, str]:
        """What the form of ui.filters keeps of the question without showing it."""
        return {name: value for name, value in self.clock.items() if value}

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

    def _condition(self, text: str) -> str:
        try:
            found = parse_filter(text)
        except QuestionError:
            return text
        shown = self.sight.engine().labels({found.dimension: set(found.values)})
        return words.condition(
            found, tuple(shown.get((found.dimension, value), value) for value in found.values)
        )

    def _marked(self, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The fields with the error at the one it is in."""
        name, _, value = self.at.partition(":")
        for item in made:
            if self.wrong and item["name"] == name and value in {"", item["value"]}:
                item["error"] = f"{self.wrong.message} {self.wrong.hint}".strip()
        return made

    def _checked(self) -> "Asking":
        """The question with the first error in it, if any, and the field where it is."""
        at = ""
        try:
            at = "period"
            period = parse(self.period, self.sight.settings.calendar)
            at = "grain"
            cut(period, self.grain, self.sight.settings.calendar)
            at = "compare"
            Question((), self.period, compare=cast("Comparison | None", self.compare))
            at = "known_at"
            instant_of(self.known_at)
            for name in self.by:
                at = f"by:{name}"
                self._cut_by(name)
            for text in self.where:
                at = f"where:{text}"
                self._cut_by(parse_filter(text).dimension)
        except QuestionError as wrong:
            return replace(self, wrong=wrong, at=at)
        return self

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


def _with(options: list[tuple[str, str]], value: str | None) -> list[tuple[str, str]]:
    """The options, and what was typed even where it is none of them."""
    return (
        options
        if value is None or any(key == value for key, _ in options)
        else [*options, (value, value)]
    )


assert set(COMPARISONS) == set(get_args(Comparison))
