"""A definition in words: what it counts, measure by measure, its examples worked out, its text."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from kampass.catalogue import Kpi, Measure
from kampass.catalogue.expressions import conjuncts, filter_of
from kampass.errors import DefinitionError
from kampass.facts import FACTS
from kampass.render import words
from kampass.workspace import Workspace, authoring
from kampass.workspace.authoring import edits

_WINDOWS: Final = {
    "": "",
    "previous": "in the period before",
    "year": "in the twelve months up to the end",
}
_MOST_LINES: Final = 12


@dataclass(frozen=True)
class Counted:
    """A measure in words."""

    name: str
    what: str
    of: str
    only: str
    when: str


def counted(kpi: Kpi) -> list[Counted]:
    """What is counted, measure by measure."""
    return [
        Counted(
            words.dimension(name),
            _aggregate(measure),
            FACTS[measure.fact].about if measure.fact in FACTS else measure.fact,
            "; ".join(_conditions(measure)),
            _WINDOWS[measure.window],
        )
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
    return next((said for start, said in kinds.items() if text.lower().startswith(start)), text)


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

    >>> conditions = "kind = 'csat'", "resolved_at IS NOT NULL AND hours > 4", "account_id"
    >>> tuple(_spoken(text) for text in conditions)
    ('kind is csat', 'resolved at is known and hours is more than 4', 'account')
    """
    for pattern, spoken in _SPOKEN:
        condition = re.sub(pattern, spoken, condition)
    condition = re.sub(
        r"\b(AND|OR|NOT|BETWEEN|TRUE|FALSE)\b", lambda word: word[0].lower(), condition
    )
    return re.sub(r"_id\b", "", condition).replace("'", "").replace("_", " ")


def definition_text(kpi: Kpi, workspace: Workspace) -> str:
    """The text of a file that holds only this KPI."""
    if kpi.own:
        return edits.alone(authoring.file_of(workspace, kpi).text, kpi.id)
    return shipped_source(kpi.place.partition(":")[0], kpi.id)


@lru_cache(maxsize=256)
def shipped_source(name: str, kpi_id: str) -> str:
    """The same of a KPI that comes with Kampass, from its file there."""
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
            (words.table(name).capitalize(), list(csv.reader(io.StringIO(text))))
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


def _expected(expect: Any) -> tuple[list[str], list[list[str]]]:
    rows = expect if isinstance(expect, list) else [expect]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return [key.replace("_", " ") for key in keys], [
        [plain(row.get(key)) for key in keys] for row in rows
    ]


def plain(value: Any) -> str:
    """A value of an example for people."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
