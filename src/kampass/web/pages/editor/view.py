"""What came of a draft, in words: what to mend, which examples hold, what it would show, which
figures would no longer be the same.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer, Result
from kampass.facts import FACTS
from kampass.insight.restated.redefinition import Redefined
from kampass.insight.restated.restatement import Moved
from kampass.render import words
from kampass.render.display import show_difference, show_value
from kampass.web.pages.catalogue.view import plain
from kampass.web.parts import spans
from kampass.web.parts.tiles import Figure, why_none
from kampass.workspace.authoring import Finding, Look, Outcome, Preview, Spell
from kampass.workspace.view import Sight

_MOST_SLICES: Final = 12


def spell(sight: Sight | None, by: str) -> Spell | None:
    """What a preview shows: the latest month that is over, and the twelve up to it."""
    if sight is None:
        return None
    month = spans.latest(sight, "month")
    return Spell(month, spans.trail(month, sight.settings.calendar)[0], by or None)


def digest(text: str) -> str:
    """What tells one draft from another."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8", "replace")).hexdigest()[:16]


def facts() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """What can be counted: each fact with its columns."""
    return [
        (
            fact.name,
            fact.about,
            [(name, column.kind, column.about) for name, column in fact.columns.items()],
        )
        for fact in FACTS.values()
    ]


@dataclass(frozen=True)
class Told:
    """A look at a draft, ready for the page."""

    look: Look
    sight: Sight | None
    by: str = ""

    @property
    def seen(self) -> str:
        """The draft whose effects stand on the page."""
        return digest(self.look.draft.text)

    @cached_property
    def state(self) -> tuple[str, str]:
        """Whether it can be saved, in one sentence, and its tone."""
        look = self.look
        parts = (
            [_several(len(look.draft.errors), "thing to mend", "things to mend")]
            if look.draft.errors
            else []
        )
        parts += (
            [
                (
                    f"{len(look.failed)} of {_several(len(look.outcomes), 'example', 'examples')} "
                    f"{'does' if len(look.failed) == 1 else 'do'} not hold"
                )
            ]
            if look.failed
            else []
        )
        parts += (
            ["it cannot be worked out on your data"]
            if any(each.trouble for each in look.previews)
            else []
        )
        if parts:
            return f"Not yet: {' and '.join(parts)}.", "warn"
        held = (
            f"{len(look.outcomes)} examples hold"
            if len(look.outcomes) != 1
            else "its example holds"
        )
        if look.moves:
            return (
                f"It can be saved: {held}. Figures that people have seen change: see below.",
                "info",
            )
        return f"It can be saved: {held}.", "good"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, errors first."""
        return tuple(
            sorted(
                self.look.draft.findings, key=lambda finding: (finding.advice, finding.line or 0)
            )
        )

    @property
    def raises(self) -> Finding | None:
        """The version to raise, where that would mend it."""
        return next((finding for finding in self.look.draft.findings if finding.raises), None)

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """The examples, with what was expected and what came out."""
        several = len(self.look.draft.kpis) > 1
        return [_outcome(outcome, several=several) for outcome in self.look.outcomes]

    @property
    def cuts(self) -> list[tuple[str, str]]:
        """By what the preview can be cut."""
        named = dict.fromkeys(name for kpi in self.look.draft.kpis for name in kpi.named_dimensions)
        return [("", "nothing"), *((name, words.dimension(name)) for name in named)]

    @cached_property
    def glimpses(self) -> list[dict[str, Any]]:
        """What each would show."""
        return [_glimpse(self.sight, each) for each in self.look.previews] if self.sight else []

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What becomes of published figures."""
        return [self._change(change) for change in self.look.changes]

    def _change(self, change: Redefined) -> dict[str, Any]:
        currency = self.sight.settings.currency if self.sight else ""
        kpi = next(kpi for kpi in self.look.draft.kpis if kpi.id == change.kpi)
        moved = [figure for figure in change.figures if figure.moved]
        return {
            "kpi": kpi.name,
            "trouble": change.trouble,
            "of": len(change.figures),
            "fields": [name.removeprefix("measures.").replace("_", " ") for name in change.fields],
            "rows": [_moved(figure, kpi, currency) for figure in moved],
        }


def _moved(figure: Moved, kpi: Kpi, currency: str) -> dict[str, str]:
    before, after = (
        show_value(answer.value, kpi.unit, currency) if answer.value is not None else "no value"
        for answer in (figure.before, figure.after)
    )
    about = ", ".join(str(value) for value in figure.after.dimensions.values())
    period = words.period(figure.period.start, figure.period.end)
    change = (
        show_difference(figure.difference, kpi.unit, currency)
        if figure.difference
        else f"{_state(figure.before)}, then {_state(figure.after)}"
    )
    return {
        "period": f"{period} {about}".strip(),
        "before": before,
        "after": after,
        "change": change,
    }


def _state(answer: Answer) -> str:
    return {"ok": "settled", "low_n": "few"}.get(answer.status, answer.status.replace("_", " "))


def _outcome(outcome: Outcome, *, several: bool) -> dict[str, Any]:
    named = (
        f"{outcome.kpi.id}, example {outcome.number}" if several else f"Example {outcome.number}"
    )
    rows = [
        {
            "what": f"{difference.key.replace('_', ' ')}{_of(difference.row)}",
            "expected": _exact(difference.wanted),
            "got": _exact(difference.found),
        }
        for difference in outcome.differences
    ]
    return {
        "name": named,
        "about": outcome.about,
        "passed": outcome.passed,
        "trouble": outcome.trouble,
        "rows": rows,
        "expects": ", ".join(_expects(outcome)),
    }


def _of(row: dict[str, Any] | None) -> str:
    return f" of {', '.join(plain(value) for value in row.values())}" if row else ""


def _expects(outcome: Outcome) -> Iterator[str]:
    expect = outcome.example.get("expect")
    if isinstance(expect, dict):
        yield from (
            f"{str(key).replace('_', ' ')} {_exact(value)}" for key, value in expect.items()
        )
    elif isinstance(expect, list):
        yield _several(len(expect), "row", "rows")


def _exact(value: Any) -> str:  # noqa: ANN401 - a cell of an answer
    """A number to ten digits, so that one that is nearly right shows that it is not."""
    return f"{value:.10g}" if isinstance(value, float) else plain(value)


def _glimpse(sight: Sight, each: Preview) -> dict[str, Any]:
    """One KPI as it would look."""
    made: dict[str, Any] = {
        "name": each.kpi.name,
        "trouble": each.trouble,
        "value": None,
        "slices": [],
        "spark": None,
    }
    if each.now is None:
        return made
    result, first = each.now, each.now[0] if len(each.now) else None
    made["currency"] = result.currency
    if each.kpi.distribution:
        return made | {
            "period": words.period(first.period_start, first.period_end) if first else "",
            "slices": _slices(sight, each.kpi, result),
            "cut": each.kpi.distribution,
        }
    assert first is not None
    trend = tuple(each.trend or ())
    made |= {
        "period": words.period(first.period_start, first.period_end),
        "n": words.counted(each.kpi, first.n),
        "value": _shown(sight, each.kpi, first, result.currency),
        "spark": Figure(each.kpi, first, first, trend, result.currency).spark,
        "none": first.value is None,
    }
    return made | (
        {"slices": _slices(sight, each.kpi, each.slices), "cut": each.slices.dimensions[0]}
        if each.slices is not None
        else {}
    )


def _slices(sight: Sight, kpi: Kpi, result: Result) -> list[dict[str, str]]:
    """The slices, the largest first, as far as a glimpse goes."""
    order = sorted(result, key=lambda answer: (answer.value is None, -(answer.value or 0.0)))
    return [
        {
            "name": ", ".join(result.shown(answer, name) for name in answer.dimensions),
            "value": _shown(sight, kpi, answer, result.currency),
            "n": words.counted(kpi, answer.n),
        }
        for answer in order[:_MOST_SLICES]
    ]


def _shown(sight: Sight, kpi: Kpi, answer: Answer, currency: str) -> str:
    return (
        why_none(sight, kpi, answer)
        if answer.value is None
        else show_value(answer.value, kpi.unit, currency)
    )


def _several(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
