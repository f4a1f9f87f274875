"""Checks that the generated pages say what the code says, and that no link leads nowhere.

`python -m docs.check --write` writes them anew.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from kampass.catalogue import Kpi, shipped
from kampass.catalogue import schema as kpi_schema
from kampass.catalogue.compiling import compiled_text
from kampass.engine.question import PARTS
from kampass.engine.words import Spelling
from kampass.facts import FACTS
from kampass.insight.plausibility.checks import CHECKS
from kampass.intake.mapping import column_schema
from kampass.intake.mapping import schema as mapping_schema
from kampass.model import TABLES
from kampass.validation import WrittenTable, json_schema, rows
from kampass.workspace import settings_schema
from kampass.workspace.loads.template import explanation

ROOT = Path(__file__).parent
KEYS = re.compile(r"(<!-- keys: (\w+) -->)\n.*?(<!-- end -->)", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    return {
        "asking.md": _asking(),
        "facts.md": _facts(),
        "kpis.md": _kpis(),
        "plausibility.md": _plausibility(),
        "tables.md": _tables(),
        "../src/kampass/catalogue/compiled.json": compiled_text(),
        "kpi-language.md": _filled("kpi-language.md", kpi_schema),
        "kpi.schema.json": _schema(kpi_schema.DefinitionsFile),
        "mapping.md": _filled("mapping.md", mapping_schema, column_schema),
        "settings.md": _filled("settings.md", settings_schema),
        "settings.schema.json": _schema(settings_schema.SettingsFile),
    }


def _plausibility() -> str:
    lines = [
        "# Does this look right?",
        "",
        (
            "`kampass doctor` and the page Data look for rows that contradict each other or common "
            "sense, and show them with the file and the line that they came from. No figure is "
            "changed or withheld for it: somebody who knows the customer decides. Generated from "
            "`src/kampass/insight/plausibility`."
        ),
        "",
        "| check | what it finds | what to do |",
        "|---|---|---|",
        *(f"| `{check.id}` | {check.title} | {check.advice} |" for check in CHECKS),
    ]
    return "\n".join(lines) + "\n"


def _asking() -> str:
    lines = [
        "# Asking",
        "",
        (
            "The parts of a question, the same everywhere: `kampass kpi nrr --period 2025-Q4 --by "
            'segment`, `workspace.kpi("nrr", period="2025-Q4", by="segment")`, '
            "`/api/v1/kpis/nrr?period=2025-Q4&by=segment`, and the address of a page. Generated "
            "from `src/kampass/engine/question.py`."
        ),
        "",
        "| part | option | what |",
        "|---|---|---|",
        *(_part(name, part) for name, part in PARTS.items()),
    ]
    return "\n".join(lines) + "\n"


def _part(name: str, part: Spelling) -> str:
    option = ", ".join(f"`{flag}`" for flag in (f"--{name.replace('_', '-')}", *part.flags))
    more = [
        part.meaning,
        f"One of {', '.join(part.choices)}." if part.choices else "",
        "May be repeated." if part.most else "",
    ]
    return f"| `{name}` | {option} | {' '.join(text for text in (part.help, *more) if text)} |"


def _filled(page: str, *models: ModuleType) -> str:
    """A page whose tables of keys stand between marks: `<!-- keys: Model -->`."""
    known = {name: model for module in reversed(models) for name, model in vars(module).items()}

    def table(mark: re.Match[str]) -> str:
        return "\n".join([mark[1], *rows(known[mark[2]]), mark[3]])

    return KEYS.sub(table, (ROOT / page).read_text(encoding="utf-8"))


def _schema(model: type[WrittenTable]) -> str:
    return json.dumps(json_schema(model), indent=1) + "\n"


def _facts() -> str:
    lines = [
        "# Facts",
        "",
        "What KPI definitions count (`docs/kpi-language.md`). Generated from `src/kampass/facts`.",
        "",
    ]
    for fact in FACTS.values():
        kind = "row fact" if fact.moment else "period fact"
        lines += [
            f"## {fact.name}",
            "",
            f"{fact.about[0].upper()}{fact.about[1:]} ({kind}).",
            "",
            "| column | kind | meaning |",
            "|---|---|---|",
        ]
        lines += [
            f"| `{name}` | {column.kind} | {column.about} |"
            for name, column in fact.columns.items()
        ]
        lines += [""]
    return "\n".join(lines)


def _kpis() -> str:
    lines = [
        "# KPIs",
        "",
        "Every KPI of the catalogue. Generated from `src/kampass/catalogue/definitions/*.yaml`.",
        "",
    ]
    family = ""
    for kpi in shipped():
        if kpi.family != family:
            family = kpi.family
            lines += [f"## {family.replace('_', ' ').capitalize()}", ""]
        lines += _kpi(kpi)
    return "\n".join(lines)


def _kpi(kpi: Kpi) -> Iterator[str]:
    cadence = ", ".join(f"{name.replace('_', ' ')} {when}" for name, when in kpi.cadence.items())
    yield from (f"### {kpi.name} (`{kpi.id}`)", "", f"*{kpi.question}* {kpi.formula}.", "")
    yield f"- {kpi.kind}, {kpi.unit}, better {kpi.direction}; {cadence}"
    yield f"- needs {', '.join(kpi.needs)}; cut by {', '.join(kpi.named_dimensions) or 'nothing'}"
    yield from (f"- Trap: {trap}" for trap in kpi.traps)
    if kpi.references:
        yield f"- References: {'; '.join(kpi.references)}"
    yield ""


def _tables() -> str:
    lines = [
        "# Tables",
        "",
        (
            "The canonical folder: one CSV or Parquet file per table. Generated from "
            "`src/kampass/model/tables.py`."
        ),
        "",
    ]
    for table in TABLES.values():
        lines += [f"## {table.name}", "", "```", explanation(table), "```", ""]
    return "\n".join(lines)


def stale() -> list[str]:
    """Generated pages that differ from what the code says."""
    return [
        name
        for name, text in pages().items()
        if not (ROOT / name).exists() or (ROOT / name).read_text(encoding="utf-8") != text
    ]


def broken_links() -> list[str]:
    """Relative links that lead nowhere."""
    found = []
    for page in [*ROOT.rglob("*.md"), ROOT.parent / "README.md"]:
        targets = LINK.findall(page.read_text(encoding="utf-8"))
        found += [
            f"{page.name}: {target}" for target in targets if not (page.parent / target).exists()
        ]
    return found


def main() -> int:
    """Check, or write with --write; the exit code."""
    if "--write" in sys.argv:
        for name, text in pages().items():
            (ROOT / name).write_text(text, encoding="utf-8")
    wrong = [f"docs/{name} is stale: run python -m docs.check --write" for name in stale()] + [
        f"broken link in {link}" for link in broken_links()
    ]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
