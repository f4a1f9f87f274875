"""The catalogue in words: which KPI answers a question, what each counts, whether it can be worked
out from what is connected.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from kampass.catalogue import Catalogue, Kpi, Measure
from kampass.catalogue.expressions import conjuncts, filter_of
from kampass.errors import DefinitionError
from kampass.facts import FACTS
from kampass.web.parts.wording import table_word
from kampass.workspace.authoring import edits

_WORD: Final = re.compile(r"[a-z0-9]+")
_EMPTY: Final = (
    "a an and are as at be by do does for from have how i in is it long many me much my of on or "
    "our per than that the their they to us was we what "
    "when which who why with you your client clients customer customers account accounts kpi"
)
_WEIGHTS: Final = (
    ("id", 5),
    ("name", 5),
    ("synonyms", 5),
    ("question", 3),
    ("formula", 1),
    ("family", 2),
)
_ENDINGS: Final = ("ation", "ing", "ed", "es", "er", "s", "y", "e")
_STEM: Final = 4
KINDS: Final = {"activity": "Activity", "objective": "Objective", "moneyball": "Moneyball"}
DIRECTIONS: Final = {
    "up": "More is better",
    "down": "Less is better",
    "neutral": "Neither more nor less is better by itself",
}
_WINDOWS: Final = {
    "": "",
    "previous": "in the period before",
    "year": "in the twelve months up to the end",
}
_UNITS: Final = {
    "count": "a number",
    "percent": "%",
    "money": "money",
    "points": "points",
    "hours": "hours",
    "days": "days",
    "ratio": "a ratio",
}
_MOST_LINES: Final = 12


@dataclass(frozen=True)
class Found:
    """A KPI that may answer what was looked for; `through` is another name that it was found by."""

    kpi: Kpi
    score: int
    through: str = ""


def search(catalogue: Catalogue, text: str) -> list[Found]:
    """The KPIs that answer a question or have such a name, the best first."""
    plain = _stems(text)
    wanted = [word for word in plain if word not in _STOPPED] or list(plain)
    found = [each for kpi in catalogue if (each := _fits(kpi, wanted, text.strip().casefold()))]
    best = max((each.score for each in found), default=0)
    return sorted((each for each in found if 3 * each.score >= best), key=lambda each: -each.score)


def _fits(kpi: Kpi, wanted: Sequence[str], phrase: str) -> Found | None:
    """How well a KPI fits; a whole name goes before words that are scattered."""
    score = 0
    for word in wanted:
        score += max(
            (
                weight
                for field, weight in _WEIGHTS
                if any(_same(word, stem) for stem in _stems(_field(kpi, field)))
            ),
            default=0,
        )
    names = [kpi.id.replace("_", " "), kpi.id, kpi.name, *kpi.synonyms]
    whole = [name for name in names if phrase and phrase in name.casefold()]
    score += 10 if whole else 0
    if not score:
        return None
    through = next(
        (
            name
            for name in kpi.synonyms
            if name in whole
            or all(any(_same(word, stem) for stem in _stems(name)) for word in wanted)
        ),
        "",
    )
    return Found(kpi, score, through)


def _field(kpi: Kpi, name: str) -> str:
    value = getattr(kpi, name)
    return " ".join(value) if isinstance(value, tuple) else str(value).replace("_", " ")


@lru_cache(maxsize=4096)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(_stem(word) for word in _WORD.findall(text.casefold()))


def _stem(word: str) -> str:
    ending = next(
        (end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= _STEM), ""
    )
    return word.removesuffix(ending) if ending else word


_STOPPED: Final = frozenset(map(_stem, _WORD.findall(_EMPTY)))


def _same(wanted: str, stem: str) -> bool:
    # "a" begins too much.
    return stem.startswith(wanted) if len(wanted) > 2 else stem == wanted  # noqa: PLR2004


def lacking(kpi: Kpi, connected: frozenset[str]) -> list[str]:
    """The tables that it needs and that nothing has been loaded into, for people."""
    return [table_word(name) for name in kpi.needs if name not in connected]


def cadence(kpi: Kpi) -> list[tuple[str, str]]:
    """How often to do what with it."""
    return [
        (
            {"collect": "Collect", "review": "Review", "deep_dive": "Deep dive"}.get(name, name),
            often,
        )
        for name, often in kpi.cadence.items()
    ]


def unit(kpi: Kpi) -> str:
    """Its unit for people."""
    return _UNITS.get(kpi.unit, kpi.unit)


def counted(kpi: Kpi) -> list[dict[str, str]]:
    """What is counted, measure by measure."""
    return [
        {
            "name": name.replace("_", " ").capitalize(),
            "what": _aggregate(measure),
            "of": FACTS[measure.fact].about if measure.fact in FACTS else measure.fact,
            "only": "; ".join(_conditions(measure)),
            "when": _WINDOWS[measure.window],
        }
        for name, measure in kpi.measures.items()
    ]


def _aggregate(measure: Measure) -> str:
    text = measure.counted[0].strip()
    inner = text[text.find("(") + 1 : text.rfind(")")].strip()
    named = _spoken(inner.removeprefix("distinct ").strip("() "))
    if text.lower().startswith("count"):
        return (
            f"how many different {' and '.join(part.strip() for part in named.split(','))}"
            if "distinct" in text.lower()
            else "how many"
        )
    kinds = {
        "sum": f"the sum of {named}",
        "max": f"the largest {named}",
        "median": f"the middle value of {named}",
    }
    if text.lower().startswith("quantile"):
        column, _, share = named.partition(",")
        return f"the value of {column} that {share.strip()} of them stay below"
    return next((words for start, words in kinds.items() if text.lower().startswith(start)), text)


def _conditions(measure: Measure) -> Iterator[str]:
    try:
        yield from (_spoken(part) for part in conjuncts(measure.where))
        yield from (_spoken(part) for part in conjuncts(filter_of(measure.of)))
    except DefinitionError:
        yield measure.of
    if measure.latest_per:
        yield f"the latest for each {_spoken(measure.latest_per)}"


_SPOKEN: Final = (
    (r" IS NOT NULL", " is known"),
    (r" IS NULL", " is not known"),
    (r" NOT IN ", " is none of "),
    (r" IN ", " is one of "),
    (r"<>|!=", "is not"),
    (r">=", "is at least"),
    (r"<=", "is at most"),
    (r">", "is more than"),
    (r"<", "is less than"),
    (r"=", "is"),
    (r"\bCOALESCE\(([^(),]+), ([^(),]+)\)", r"\1 (\2 where not known)"),
)


def _spoken(condition: str) -> str:
    """A condition in words, as near to it as words get.

    >>> _spoken("kind = 'csat'"), _spoken("resolved_at IS NOT NULL AND hours > 4"), _spoken("account_id")
    ('kind is csat', 'resolved at is known and hours is more than 4', 'account')
    """
    for pattern, words in _SPOKEN:
        condition = re.sub(pattern, words, condition)
    condition = re.sub(
        r"\b(AND|OR|NOT|BETWEEN|TRUE|FALSE)\b", lambda word: word[0].lower(), condition
    )
    return re.sub(r"_id\b", "", condition).replace("'", "").replace("_", " ")


def source(kpi: Kpi, files: Mapping[str, str] | None = None) -> str:
    """The text of a file that holds only this KPI; `files` are the workspace's own by name."""
    name = kpi.place.partition(":")[0]
    if not kpi.own:
        return _shipped(name, kpi.id)
    text = (files or {}).get(name)
    return "" if text is None else edits.alone(text, kpi.id)


@lru_cache(maxsize=256)
def _shipped(name: str, kpi_id: str) -> str:
    return edits.alone(
        (resources.files("kampass.catalogue") / "definitions" / name).read_text(encoding="utf-8"),
        kpi_id,
    )


@dataclass(frozen=True)
class Worked:
    """An example to look at: what is given, as small tables, and what comes out."""

    about: str
    given: tuple[tuple[str, list[str], list[list[str]]], ...]
    asked: str
    expected: tuple[list[str], list[list[str]]]
    more: int = 0

    @property
    def long(self) -> bool:
        """Whether what is given is more than a glance."""
        return self.more > 0 or sum(len(rows) for _, _, rows in self.given) > _MOST_LINES


def worked(kpi: Kpi) -> list[Worked]:
    """One example of numbers in the formula and one of rows, as far as there are."""
    chosen = [
        next((example for example in kpi.examples if key in example), None)
        for key in ("parts", "tables")
    ]
    return [shown(example) for example in chosen if example]


def shown(example: Mapping[str, Any]) -> Worked:
    """One example."""
    if "parts" in example:
        given = [
            (
                "Given",
                ["Measure", "Number"],
                [
                    [str(name).replace("_", " "), f"{value}"]
                    for name, value in example["parts"].items()
                ],
            )
        ]
        more = 0
    else:
        read = [
            (table_word(name).capitalize(), list(csv.reader(io.StringIO(text))))
            for name, text in example["tables"].items()
        ]
        given = [(name, rows[0], rows[1 : _MOST_LINES + 1]) for name, rows in read if rows]
        more = sum(max(0, len(rows) - 1 - _MOST_LINES) for _, rows in read)
    asked = [f"period {example['period']}"] if "period" in example else []
    asked += [
        f"{word} {_listed(example[key])}"
        for key, word in (("by", "by"), ("where", "only"), ("timezone", "clocks of"))
        if key in example
    ]
    about = str(example.get("about") or "")
    return Worked(
        about[:1].upper() + about[1:],
        tuple(given),
        ", ".join(asked),
        _expected(example["expect"]),
        more,
    )


def _expected(expect: Any) -> tuple[list[str], list[list[str]]]:  # noqa: ANN401
    rows = expect if isinstance(expect, list) else [expect]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return [key.replace("_", " ") for key in keys], [
        [plain(row.get(key)) for key in keys] for row in rows
    ]


def plain(value: Any) -> str:  # noqa: ANN401 - whatever an example may hold
    """A value of an example for people."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def _listed(value: Any) -> str:  # noqa: ANN401
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
