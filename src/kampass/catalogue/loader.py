"""Reads definitions from YAML: the shipped families, and a workspace's own `kpis/*.yaml` in the
same language.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from kampass.catalogue import compiled
from kampass.catalogue.definition import Form, Kpi, Measure
from kampass.errors import DefinitionError, UnknownName

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
_FORMS: dict[str, Form] = {"numerator": "ratio", "total": "total", "statistic": "statistic"}
Unless = Callable[[str, Callable[[], None]], None]
"""Runs the check of a text, unless the text has passed it before."""


def _always(_text: str, check: Callable[[], None]) -> None:
    check()


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
    """The catalogue that comes with Kampass; `misread` checks it, before it is shipped."""
    return Catalogue({kpi.id: kpi for kpi in compiled.kpis() or read_shipped()})


def read_shipped() -> list[Kpi]:
    """The shipped definitions, read from their files."""
    kpis: dict[str, Kpi] = {}
    for name, text in _shipped_files():
        _add(kpis, read(text, name, unless=lambda _text, _check: None))
    return list(kpis.values())


def misread() -> list[str]:
    """What is wrong with the files that come with Kampass."""
    found = []
    for name, text in _shipped_files():
        try:
            read(text, name)
        except DefinitionError as wrong:
            found.append(wrong.message)
    return found


def _shipped_files() -> list[tuple[str, str]]:
    files = sorted(compiled.DEFINITIONS.glob("*.yaml"))
    return [(file.name, file.read_text(encoding="utf-8")) for file in files]


def with_own(folder: Path, unless: Unless = _always) -> Catalogue:
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
        _add(kpis, read(text, file.name, own=True, unless=unless))
    return Catalogue(kpis)


def read(text: str, place: str, *, own: bool = False, unless: Unless = _always) -> list[Kpi]:
    """The definitions of one YAML text; DefinitionError says where and what. `unless` knows whether
    a text has been checked before.
    """
    # The shipped definitions are compiled: few questions need a YAML reader.
    from kampass.catalogue.lined_yaml import parse

    document = parse(text, place)
    if not isinstance(document, dict) or not isinstance(document.get("kpis"), list):
        raise DefinitionError(f"{place} has no list 'kpis'.", hint="See docs/kpi-language.md.")
    family = str(document.get("family", Path(place).stem))
    entries = list(_located(document["kpis"], place))
    unless(text, partial(_check, entries))
    return [_kpi(entry, family, where, own=own) for entry, where in entries]


def _add(kpis: dict[str, Kpi], fresh: list[Kpi]) -> None:
    for kpi in fresh:
        if kpi.id in kpis:
            raise DefinitionError(
                f"{kpi.place}: the KPI '{kpi.id}' is already defined in {kpis[kpi.id].place}.",
                hint="Give it another id.",
            )
        kpis[kpi.id] = kpi


def _located(entries: list[Any], place: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Each entry without its empty keys, and where it stands."""
    for entry in entries:
        where = f"{place}:{getattr(entry, 'line', 1)}"
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise DefinitionError(f"{where}: an entry without an id.")
        said = {key: value for key, value in entry.items() if value is not None}
        yield said, f"{where} ({entry['id']})"


def _check(entries: list[tuple[dict[str, Any], str]]) -> None:
    from kampass.catalogue.schema import KpiKeys
    from kampass.validation import trouble

    for entry, where in entries:
        wrong = trouble(KpiKeys, entry, partial(_words, where))
        if wrong:
            raise DefinitionError(wrong[0], hint=wrong[1])


def _words(where: str, loc: tuple[int | str, ...]) -> dict[str, str]:
    return {"place": where, "measure": str(loc[1]) if loc[1:] else ""}


def _kpi(entry: dict[str, Any], family: str, where: str, *, own: bool) -> Kpi:
    form = next(key for key in _FORMS if key in entry)
    value, denominator = entry[form], entry.get("denominator")
    total_or_denominator = denominator if form == "numerator" else value
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
        needs=tuple(entry["needs"]),
        dimensions=tuple(entry["dimensions"]),
        measures=_measures(entry),
        form=_FORMS[form],
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
        window_covered=entry.get("window_covered"),
        cut_only=entry.get("cut_only"),
        version=int(entry.get("version", 1)),
        synonyms=tuple(entry.get("synonyms") or entry.get("aliases") or ()),
        traps=tuple(entry.get("traps", ())),
        references=tuple(entry.get("references", ())),
        examples=tuple(entry.get("examples", ())),
        own=own,
        place=where,
    )


def _measures(entry: dict[str, Any]) -> dict[str, Measure]:
    """The measures; what the KPI says of its own fact holds for those over that fact."""
    measures = {}
    for name, written in entry["measures"].items():
        parts = {"of": written} if isinstance(written, str) else written
        fact = parts.get("fact", entry.get("fact"))
        shared = entry if fact == entry.get("fact") else {}
        conditions = [parts.get("where"), shared.get("where")]
        measures[str(name)] = Measure(
            str(name),
            str(parts["of"]),
            str(fact),
            " and ".join(f"({text})" for text in conditions if text) or None,
            parts.get("window") or "",
            parts.get("latest_per", shared.get("latest_per")),
        )
    return measures
