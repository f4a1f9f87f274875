"""Which KPIs answer a question, or have such a name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kampass.catalogue import Catalogue, Kpi

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


@dataclass(frozen=True)
class Fitting:
    """A KPI that may answer what was looked for; `through` is another name that it was found by."""

    kpi: Kpi
    score: int
    through: str = ""


def search(catalogue: Catalogue, text: str) -> list[Fitting]:
    """The KPIs that answer a question or have such a name, the best first."""
    plain = _stems(text)
    wanted = [word for word in plain if word not in _STOPPED] or list(plain)
    found = [each for kpi in catalogue if (each := _fits(kpi, wanted, text.strip().casefold()))]
    best = max((each.score for each in found), default=0)
    return sorted((each for each in found if 3 * each.score >= best), key=lambda each: -each.score)


def _fits(kpi: Kpi, wanted: Sequence[str], phrase: str) -> Fitting | None:
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
    return Fitting(kpi, score, through)


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
