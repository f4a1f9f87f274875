"""Who answers an assistant: the workspace on this machine, as one person sees it, or a server with
that person's token.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from kampass.book.account import dossier
from kampass.client import Client
from kampass.engine.answer import Result
from kampass.insight.change.bridge import Bridge
from kampass.insight.explain import Explanation
from kampass.workspace.view import Sight


class ToolSide(Protocol):
    """What the tools need."""

    @property
    def url(self) -> str:
        """Where links lead."""
        ...

    def kpis(self) -> Iterable[dict[str, Any]]:
        """Every KPI: id, name, question, unit, dimensions."""
        ...

    def ask(self, kpis: Sequence[str], **words: Any) -> Result:
        """The answers to a question."""
        ...

    def explain(self, kpi: str, **words: Any) -> list[Explanation]:
        """Figures taken apart."""
        ...

    def bridge(
        self,
        kpi: str,
        before: str,
        after: str,
        **words: Any,
    ) -> list[Bridge]:
        """What lies between two figures."""
        ...

    def account(self, account: str) -> dict[str, Any]:
        """An account whole; NotFound where there is none in sight."""
        ...


@dataclass(frozen=True)
class Here:
    """A workspace on this machine; `sight` gives what the caller may see now."""

    sight: Callable[[], Sight]
    url: str = ""

    def kpis(self) -> Iterable[dict[str, Any]]:
        """Every KPI."""
        sight = self.sight()
        named = sight.engine().named
        return [
            {
                "id": kpi.id,
                "name": kpi.name,
                "question": kpi.question,
                "unit": kpi.unit,
                "dimensions": list(named.listed(kpi)),
            }
            | {"synonyms": list(kpi.synonyms)}
            for kpi in sight.catalogue
        ]

    def ask(self, kpis: Sequence[str], **words: Any) -> Result:
        """The answers."""
        return self.sight().kpi(kpis, **words)

    def explain(self, kpi: str, **words: Any) -> list[Explanation]:
        """Figures taken apart."""
        return self.sight().explain(kpi, **words)

    def bridge(
        self,
        kpi: str,
        before: str,
        after: str,
        **words: Any,
    ) -> list[Bridge]:
        """What lies between."""
        return self.sight().bridge(kpi, before, after, **words)

    def account(self, account: str) -> dict[str, Any]:
        """An account."""
        return asdict(dossier(self.sight(), account))


@dataclass(frozen=True)
class There:
    """A server, asked with a token."""

    client: Client
    url: str

    def kpis(self) -> Iterable[dict[str, Any]]:
        """Every KPI."""
        return self.client.catalogue()

    def ask(self, kpis: Sequence[str], **words: Any) -> Result:
        """The answers."""
        return self.client.kpi(kpis, **words)

    def explain(self, kpi: str, **words: Any) -> list[Explanation]:
        """Figures taken apart."""
        return self.client.explain(kpi, **words)

    def bridge(
        self,
        kpi: str,
        before: str,
        after: str,
        **words: Any,
    ) -> list[Bridge]:
        """What lies between."""
        return self.client.bridge(kpi, before, after, **words)

    def account(self, account: str) -> dict[str, Any]:
        """An account."""
        return dict(self.client.account(account))
