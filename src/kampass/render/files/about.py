"""What a file says of its figures beside the figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kampass.catalogue import Kpi
from kampass.engine.answer import Result, instant_text


@dataclass(frozen=True)
class About:
    """What the second sheet says: the question, the clock, and what the figures mean."""

    question: str = ""
    snapshot: str = ""
    known_at: datetime | None = None
    definitions: Mapping[str, str] = field(default_factory=dict)
    link: str = ""

    @classmethod
    def of(
        cls, result: Result, *, question: str = "", kpis: Iterable[Kpi] = (), link: str = ""
    ) -> "About":
        """What stands in the answers themselves, with the definitions in words."""
        words = {kpi.label: f"{kpi.name}: {kpi.question} {kpi.formula}" for kpi in kpis}
        named = {
            answer.definition: words.get(
                answer.definition, result.names.get(answer.kpi, answer.kpi)
            )
            for answer in result
        }
        first = result[0] if len(result) else None
        return cls(
            question,
            first.snapshot if first else "",
            first.known_at if first else None,
            named,
            link,
        )

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Name and text, line by line."""
        lead = {
            "Question": self.question,
            "Snapshot": self.snapshot,
            "Known at (UTC)": instant_text(self.known_at) or "",
            "Link": self.link,
        }
        return [
            *((name, text) for name, text in lead.items() if text),
            *((f"Definition {name}", text) for name, text in self.definitions.items()),
        ]
