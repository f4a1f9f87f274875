"""A draft of own KPIs: its text, the definitions in it, and everything that is wrong with them,
each with its line.

A finding that is an error keeps the draft from being saved, since a file that cannot be read would
keep everybody from every figure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kampass.catalogue import Catalogue, Kpi, read
from kampass.errors import DefinitionError
from kampass.facts import FACTS
from kampass.insight.restated.redefinition import COUNTS, changed_fields
from kampass.workspace.authoring import bounds, edits, examples
from kampass.workspace.authoring.definitions import lint

PLACE: Final = "draft"
RESERVED: Final = frozenset({"new"})
MOST_KPIS, MOST_MEASURES, LONGEST = 20, 30, 400
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_ADVICE: Final = ("no example with parts.", "no example with tables.")
_LINE: Final = re.compile(r"line (\d+), column")
_HEAD: Final = re.compile(rf"^{PLACE}(?::(?P<line>\d+))?(?: \((?P<id>[^)]*)\))?:? ")
_SNIPPET: Final = re.compile(r"\s*in \"<[^>]*>\", line \d+, column \d+(?::\n.*\n.*\^)?")


@dataclass(frozen=True)
class DraftFinding:
    """One thing that is wrong; `advice` keeps nobody from saving. `raises` is the version that
    would mend it.
    """

    text: str
    line: int | None = None
    hint: str = ""
    advice: bool = False
    kpi: str | None = None
    raises: int | None = None


@dataclass(frozen=True)
class Draft:
    """What somebody wrote, as far as it can be read."""

    text: str
    kpis: tuple[Kpi, ...] = ()
    findings: tuple[DraftFinding, ...] = ()

    @property
    def errors(self) -> tuple[DraftFinding, ...]:
        """What keeps it from being saved."""
        return tuple(finding for finding in self.findings if not finding.advice)


def read_draft(text: str, catalogue: Catalogue, *, file: str | None = None) -> Draft:
    """Read a draft of one of the workspace's files, or of another one; never an error, whatever the
    text.
    """
    text = text.replace("\r\n", "\n")
    try:
        bounds.check(text)
        kpis = tuple(read(text, PLACE, own=True))
    except bounds.Beyond as beyond:
        return Draft(text, (), (DraftFinding(beyond.text, beyond.line),))
    except DefinitionError as wrong:
        return Draft(text, (), (_located(text, wrong.message, wrong.hint),))
    except (TypeError, ValueError, ArithmeticError) as wrong:
        # A value of a kind that the key does not take; the reader names the commonest itself.
        return Draft(
            text,
            (),
            (DraftFinding(f"A value in it is of a kind that its key does not take: {wrong}."),),
        )
    saved = {
        kpi.id: kpi
        for kpi in catalogue
        if kpi.own and file is not None and kpi.place.startswith(f"{file}:")
    }
    found = [
        *_about_ids(text, kpis, catalogue, saved),
        *(finding for kpi in kpis for finding in _about(text, kpi, saved.get(kpi.id))),
    ]
    return Draft(text, kpis, tuple(dict.fromkeys(found)))


def _about_ids(
    text: str, kpis: tuple[Kpi, ...], catalogue: Catalogue, saved: Mapping[str, Kpi]
) -> Iterator[DraftFinding]:
    """Each KPI has an id that is its own, and those that are there stay."""
    if not kpis:
        yield DraftFinding("There is no KPI in it.")
    if len(kpis) > MOST_KPIS:
        yield DraftFinding(f"A file has at most {MOST_KPIS} KPIs.")
    seen: set[str] = set()
    for kpi in kpis:
        there = catalogue.kpis.get(kpi.id)
        if not _ID.fullmatch(kpi.id) or kpi.id in RESERVED:
            yield _at(
                text,
                kpi,
                (
                    "An id has small letters, digits and '_', begins with a letter, has at most 60 "
                    "characters and is not 'new'."
                ),
                about="id:",
            )
        elif kpi.id in seen:
            yield _at(text, kpi, f"The id '{kpi.id}' is there twice.", about="id:")
        elif there is not None and kpi.id not in saved:
            where = (
                f"in the file {there.place.partition(':')[0]}"
                if there.own
                else "which comes with Kampass"
            )
            yield _at(
                text,
                kpi,
                f"There is a KPI '{kpi.id}' already, {where}.",
                hint="Give yours another id.",
                about="id:",
            )
        seen.add(kpi.id)
    for kpi_id in saved.keys() - seen:
        yield DraftFinding(
            f"The KPI '{kpi_id}' is gone from the file.",
            hint="An id stays, since dashboards and links name it. To remove the KPI, use "
            "'Delete'.",
        )


def _about(text: str, kpi: Kpi, before: Kpi | None) -> Iterator[DraftFinding]:
    """Everything about one definition."""
    try:
        for message in lint(
            replace(
                kpi,
                examples=tuple(example for example in kpi.examples if isinstance(example, dict)),
            )
        ):
            yield _located(text, message, advice=bool(kpi.examples) and message.endswith(_ADVICE))
    except RecursionError:
        yield _at(text, kpi, "An expression in it is nested too deeply.")
    if len(kpi.measures) > MOST_MEASURES:
        yield _at(text, kpi, f"It has more than {MOST_MEASURES} measures.", about="measures:")
    if not any(name in kpi.n for name in kpi.measures):
        yield _at(text, kpi, "'n' names no measure.", about="n:")
    if kpi.distribution is None and len(kpi.whole) > 0:
        yield _at(text, kpi, "'whole' needs a 'distribution'.", about="whole:")
    for key, wrong in _words(kpi):
        yield _at(text, kpi, wrong, about=f"{key}:")
    for wrong in examples.wrongly_written(kpi):
        yield _example_at(text, kpi, wrong)
    yield from _about_version(text, kpi, before)


def _words(kpi: Kpi) -> Iterator[tuple[str, str]]:
    """What is read by people is texts, and is there."""
    for key in ("synonyms", "traps", "references"):
        if not all(isinstance(value, str) and value.strip() for value in getattr(kpi, key)):
            yield key, f"'{key}' is a list of texts."
    if (
        not kpi.cadence
        or not all(isinstance(value, str) for pair in kpi.cadence.items() for value in pair)
        or kpi.cadence.keys() - {"collect", "review", "deep_dive"}
    ):
        yield "cadence", "'cadence' says how often to collect, review and deep_dive, each in words."
    for key in ("name", "unit"):
        if not getattr(kpi, key).strip():
            yield key, f"the {key} is empty."
    if (
        any(
            measure.fact in FACTS and FACTS[measure.fact].origin.table not in kpi.needs
            for measure in kpi.measures.values()
        )
        and not kpi.needs
    ):
        yield "needs", "'needs' names the tables that it counts."


def _about_version(text: str, kpi: Kpi, before: Kpi | None) -> Iterator[DraftFinding]:
    """A definition that counts otherwise has a higher version, so that answers can be told
    apart.
    """
    if before is None:
        return
    counts = sorted(
        name for name in changed_fields(before, kpi) if name.partition(".")[0] in COUNTS
    )
    if counts and kpi.version <= before.version:
        what = ", ".join(name.removeprefix("measures.") for name in counts)
        said = (
            f"It counts otherwise than what is saved ({what}) and is still version "
            f"{kpi.version}: raise 'version' to {before.version + 1}, so that answers can be "
            "told apart."
        )
        yield _at(text, kpi, said, about="version:", raises=before.version + 1)
    elif kpi.version < before.version:
        yield _at(
            text,
            kpi,
            f"The version cannot fall: {before.version} is saved.",
            about="version:",
            raises=before.version,
        )


def _located(text: str, message: str, hint: str = "", *, advice: bool = False) -> DraftFinding:
    """A message of the reader or of lint with the line it is about: that of the word it quotes,
    else where its KPI begins.
    """
    head = _HEAD.match(message)
    if head is None:
        return DraftFinding(message, hint=hint, advice=advice)
    said, marked = _short(message[head.end() :]), _LINE.findall(message)
    if head["line"] is None:
        # What is left open is mended where it was opened; everything else where the reader
        # stumbled.
        return DraftFinding(
            f"It {said}",
            int(marked[0 if "a flow" in said or "scalar" in said else -1]) if marked else None,
            hint,
        )
    start = int(head["line"])
    line = (head["id"] and _line_of(text, start, re.findall(r"'([^']+)'", said))) or start
    return DraftFinding(said[:1].upper() + said[1:], line, hint, advice=advice, kpi=head["id"])


def _short(said: str) -> str:
    """A message without what PyYAML quotes of the text, on one line, and no longer than a person
    reads.
    """
    plain = " ".join(_SNIPPET.sub(";", said).split()).rstrip(";")
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def _at(text: str, kpi: Kpi, said: str, *, about: str = "", **more: Any) -> DraftFinding:
    """A finding about a KPI, at the line of what it is about."""
    start = int(kpi.place.partition(":")[2].partition(" ")[0])
    return DraftFinding(
        said[:1].upper() + said[1:], _line_of(text, start, [about]) or start, kpi=kpi.id, **more
    )


def _line_of(text: str, start: int, words: list[str]) -> int | None:
    """The first line of the KPI that begins on line `start` that holds one of the words."""
    lines = text.split("\n")
    later = (
        min((line for line in edits.starts(text).values() if line > start), default=len(lines) + 1)
        if start <= len(lines)
        else start
    )
    for word in filter(None, words):
        found = next(
            (
                number
                for number in range(start, min(later, len(lines) + 1))
                if _holds(lines[number - 1], word)
            ),
            None,
        )
        if found:
            return found
    return None


def _holds(line: str, word: str) -> bool:
    """Whether a line holds a word, or begins with it where it is a key."""
    return line.lstrip(" -").startswith(word) if word.endswith(":") else word in line


def _example_at(text: str, kpi: Kpi, said: str) -> DraftFinding:
    numbered = re.match(r"example (\d+)", said)
    line = edits.example_lines(text, kpi.id).get(int(numbered[1])) if numbered else None
    return (
        DraftFinding(said[:1].upper() + said[1:], line, kpi=kpi.id)
        if line
        else _at(text, kpi, said, about="examples:")
    )
