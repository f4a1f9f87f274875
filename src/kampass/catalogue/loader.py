"""Reads definitions from YAML: the shipped families, and a workspace's own `kpis/*.yaml` in the
same language.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any

from kampass.catalogue import compiled
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS, OWN_DIMENSIONS, Kpi, Measure
from kampass.errors import DefinitionError, UnknownName
from kampass.facts.fact import WINDOWS
from kampass.model import TABLES

PACK = (
    "mrr_end",
    "nrr",
    "grr",
    "customer_churn_rate",
    "contract_renewal_rate",
    "upsell_revenue",
    "csat",
    "nps",
    "fcr",
    "time_to_resolution",
    "interaction_gap",
    "customer_referral_rate",
)
"""The twelve KPIs that are switched on in a new workspace."""

REQUIRED = {
    "id",
    "name",
    "question",
    "formula",
    "kind",
    "unit",
    "direction",
    "cadence",
    "needs",
    "dimensions",
    "measures",
}
OPTIONAL = {
    "fact",
    "where",
    "numerator",
    "denominator",
    "scale",
    "total",
    "statistic",
    "n",
    "interval",
    "provisional_days",
    "pending",
    "suppress_below",
    "distribution",
    "whole",
    "window_covered",
    "cut_only",
    "version",
    "synonyms",
    "aliases",
    "traps",
    "references",
    "examples",
    "latest_per",
}
CHOICES = {
    "kind": ("activity", "objective", "moneyball"),
    "direction": ("up", "down", "neutral"),
    "interval": ("wilson", "nps"),
    "cut_only": ("in", "out"),
}
MOST = 10_000
_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("cadence", "measures"), dict),
    **dict.fromkeys(
        ("needs", "dimensions", "whole", "synonyms", "aliases", "traps", "references", "examples"),
        list,
    ),
    **dict.fromkeys(("provisional_days", "suppress_below", "version"), int),
    **dict.fromkeys(("fact", "where", "latest_per", "distribution", "pending"), str),
    "scale": (int, float),
}
MEASURE_KEYS = {"of", "fact", "where", "window", "latest_per"}


@dataclass(frozen=True)
class Catalogue:
    """Every KPI by id: the shipped ones, and the workspace's own."""

    kpis: Mapping[str, Kpi]

    def get(self, kpi_id: str) -> Kpi:
        """The KPI of that id; UnknownName with the nearest one."""
        if kpi_id not in self.kpis:
            raise UnknownName(
                "KPI", kpi_id, self.kpis, hint="'kampass catalogue list' shows every KPI."
            )
        return self.kpis[kpi_id]

    def __iter__(self) -> Iterator[Kpi]:
        return iter(self.kpis.values())

    def __len__(self) -> int:
        return len(self.kpis)


@lru_cache(maxsize=1)
def shipped() -> Catalogue:
    """The catalogue that comes with Kampass."""
    return Catalogue({kpi.id: kpi for kpi in compiled.kpis() or read_shipped()})


def read_shipped() -> list[Kpi]:
    """The shipped definitions, read from their files."""
    kpis: dict[str, Kpi] = {}
    for file in sorted(compiled.DEFINITIONS.glob("*.yaml")):
        _add(kpis, read(file.read_text(encoding="utf-8"), file.name))
    return list(kpis.values())


def with_own(folder: Path) -> Catalogue:
    """The shipped catalogue and the definitions in `folder`."""
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        return shipped()
    kpis = dict(shipped().kpis)
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise DefinitionError(f"{file.name} is not UTF-8.", hint="Save it as UTF-8.") from None
        _add(kpis, read(text, file.name, own=True))
    return Catalogue(kpis)


def read(text: str, place: str, *, own: bool = False) -> list[Kpi]:
    """The definitions of one YAML text; DefinitionError says where and what."""
    # The shipped definitions are compiled: few questions need a YAML reader.
    from kampass.catalogue.lined_yaml import parse

    document = parse(text, place)
    if not isinstance(document, dict) or not isinstance(document.get("kpis"), list):
        raise DefinitionError(f"{place} has no list 'kpis'.", hint="See docs/kpi-language.md.")
    family = str(document.get("family", Path(place).stem))
    return [_kpi(entry, family, place, own=own) for entry in document["kpis"]]


def _add(kpis: dict[str, Kpi], fresh: list[Kpi]) -> None:
    for kpi in fresh:
        if kpi.id in kpis:
            raise DefinitionError(
                f"{kpi.place}: the KPI '{kpi.id}' is already defined in {kpis[kpi.id].place}.",
                hint="Give it another id.",
            )
        kpis[kpi.id] = kpi


def _kpi(entry: Any, family: str, place: str, *, own: bool) -> Kpi:  # noqa: ANN401
    where = f"{place}:{getattr(entry, 'line', 1)}"
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise DefinitionError(f"{where}: an entry without an id.")
    where = f"{where} ({entry['id']})"
    entry = {key: value for key, value in entry.items() if value is not None}
    _check_keys(entry, where)
    _check_types(entry, where)
    form, value, denominator = _form(entry, where)
    measures = _measures(entry, where)
    _check_names(entry, measures, where)
    total_or_denominator = denominator if form == "ratio" else value
    return Kpi(
        id=entry["id"],
        name=str(entry["name"]),
        family=family,
        question=str(entry["question"]),
        formula=str(entry["formula"]),
        kind=entry["kind"],
        unit=str(entry["unit"]),
        direction=entry["direction"],
        cadence=dict(entry["cadence"]),
        needs=_tables(entry, where),
        dimensions=_dimensions(entry, where),
        measures=measures,
        form=form,
        value=str(value),
        denominator=None if denominator is None else str(denominator),
        scale=float(entry.get("scale", 1)),
        n=str(entry.get("n", total_or_denominator)),
        interval=entry.get("interval"),
        provisional_days=entry.get("provisional_days"),
        pending=entry.get("pending"),
        suppress_below=entry.get("suppress_below"),
        distribution=entry.get("distribution"),
        whole=tuple(entry.get("whole", ())),
        window_covered=bool(entry.get("window_covered", False)),
        cut_only=entry.get("cut_only"),
        version=int(entry.get("version", 1)),
        synonyms=tuple(entry.get("synonyms") or entry.get("aliases") or ()),
        traps=tuple(entry.get("traps", ())),
        references=tuple(entry.get("references", ())),
        examples=tuple(entry.get("examples", ())),
        own=own,
        place=where,
    )


def _check_keys(entry: dict[str, Any], where: str) -> None:
    for key in entry:
        if key not in REQUIRED | OPTIONAL:
            close = get_close_matches(str(key), REQUIRED | OPTIONAL, n=1)
            raise DefinitionError(
                f"{where}: there is no key '{key}'."
                + (f" Did you mean '{close[0]}'?" if close else "")
            )
    missing = sorted(REQUIRED - entry.keys())
    if missing:
        raise DefinitionError(f"{where}: the key '{missing[0]}' is missing.")
    for key, choices in CHOICES.items():
        if entry.get(key) is not None and entry[key] not in choices:
            raise DefinitionError(
                f"{where}: '{key}' is '{entry[key]}', not one of {', '.join(choices)}."
            )


def _check_types(entry: dict[str, Any], where: str) -> None:
    for key, kind in _TYPES.items():
        value = entry.get(key)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise DefinitionError(
                f"{where}: '{key}' cannot be {value!r}.", hint="See docs/kpi-language.md."
            )
    if not all(
        isinstance(name, str)
        for key in ("needs", "dimensions", "whole")
        for name in entry.get(key) or ()
    ):
        raise DefinitionError(
            f"{where}: needs, dimensions and whole are lists of names.",
            hint="See docs/kpi-language.md.",
        )
    scale, least = entry.get("scale", 1), {"version": 1, "suppress_below": 2, "provisional_days": 1}
    wrong = [
        key
        for key, low in least.items()
        if entry.get(key) is not None and not low <= entry[key] <= MOST
    ]
    if wrong or not isfinite(scale) or scale == 0:
        raise DefinitionError(
            f"{where}: '{wrong[0] if wrong else 'scale'}' is out of range.",
            hint="See docs/kpi-language.md.",
        )
    if not all(isinstance(written, str | dict) for written in entry["measures"].values()):
        raise DefinitionError(
            f"{where}: a measure is a text, or a mapping with 'of'.",
            hint="See docs/kpi-language.md.",
        )


def _check_names(entry: dict[str, Any], measures: dict[str, Measure], where: str) -> None:
    """Every measure and dimension that a key names is there."""
    named = [*(entry.get("whole") or ()), *([entry["pending"]] if entry.get("pending") else [])]
    named += ["promoters", "detractors"] if entry.get("interval") == "nps" else []
    for name in named:
        if name not in measures:
            raise DefinitionError(
                f"{where}: there is no measure '{name}'.", hint=f"Measures: {', '.join(measures)}."
            )
    distribution = entry.get("distribution")
    cut = entry["dimensions"]
    if (
        distribution
        and distribution not in cut
        and not ("account" in cut and distribution in ACCOUNT_DIMENSIONS)
    ):
        raise DefinitionError(
            f"{where}: the distribution '{distribution}' is none of its dimensions."
        )


def _form(entry: dict[str, Any], where: str) -> tuple[Any, Any, Any]:
    forms = [key for key in ("numerator", "total", "statistic") if key in entry]
    if len(forms) != 1 or ("denominator" in entry) != (forms == ["numerator"]):
        raise DefinitionError(
            f"{where}: give either numerator and denominator, or total, or statistic."
        )
    names = {"numerator": "ratio", "total": "total", "statistic": "statistic"}
    return names[forms[0]], entry[forms[0]], entry.get("denominator")


def _measures(entry: dict[str, Any], where: str) -> dict[str, Measure]:
    measures = {}
    for name, written in entry["measures"].items():
        parts = {"of": written} if isinstance(written, str) else dict(written)
        unknown = sorted(parts.keys() - MEASURE_KEYS)
        if unknown or "of" not in parts:
            raise DefinitionError(
                f"{where}: the measure '{name}' has "
                f"{f'an unknown key {unknown[0]!r}' if unknown else 'no key of'}."
            )
        fact = parts.get("fact", entry.get("fact"))
        if fact is None:
            raise DefinitionError(f"{where}: the measure '{name}' has no fact.")
        conditions = [parts.get("where"), entry.get("where") if fact == entry.get("fact") else None]
        joined = " and ".join(f"({text})" for text in conditions if text)
        latest = parts.get(
            "latest_per", entry.get("latest_per") if fact == entry.get("fact") else None
        )
        window = parts.get("window") or ""
        if window not in WINDOWS:
            raise DefinitionError(
                f"{where}: the measure '{name}' has no window '{window}', only previous or year."
            )
        measures[str(name)] = Measure(
            str(name), str(parts["of"]), str(fact), joined or None, window, latest
        )
    return measures


def _tables(entry: dict[str, Any], where: str) -> tuple[str, ...]:
    for name in entry["needs"]:
        if name not in TABLES:
            raise DefinitionError(f"{where}: '{name}' under needs is no table.")
    return tuple(map(str, entry["needs"]))


def _dimensions(entry: dict[str, Any], where: str) -> tuple[str, ...]:
    known = ("account", "team", *OWN_DIMENSIONS)
    for name in entry["dimensions"]:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            raise DefinitionError(
                f"{where}: '{name}' is no dimension."
                + (f" Did you mean '{close[0]}'?" if close else "")
            )
    return tuple(entry["dimensions"])
