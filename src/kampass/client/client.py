"""A connection to a server: questions go there with a token, and come back as the engine's own
values.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, Self, Unpack
from urllib.parse import quote

import httpx

from kampass.engine.answer import Answer, Result
from kampass.engine.question import ENDS, EndWords, Words, keywords
from kampass.engine.words import pairs
from kampass.errors import KampassError
from kampass.insight.change.bridge import Bridge
from kampass.insight.explain import Explanation, Row

_PATIENCE = 120.0
_AT_ONCE = 1000


class ServerError(KampassError):
    """What a server said, or that it cannot be reached: its code, words and way out."""

    code = "server"

    def __init__(self, message: str, *, hint: str = "", code: str = "", status: int = 502) -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = status
        self.exit_code = 2 if status in {404, 422} else 3


def connect(url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> "Client":
    """A client of the server at that address."""
    return Client(url, token, transport)


class Client:
    """Asks as `Workspace` does. Names behind ids and the currency are fetched once."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        self._http = httpx.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=_PATIENCE, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """The workspace: currency, time zone, the KPIs switched on, the snapshot that answers."""
        found: Mapping[str, Any] = self._get("/api/v1/workspace")
        return found

    @property
    def enabled(self) -> tuple[str, ...]:
        """The KPIs that are switched on."""
        return tuple(self.about["enabled"])

    @keywords()
    def kpi(self, kpis: str | Iterable[str], **words: Unpack[Words]) -> Result:
        """Ask for one or more KPIs, as `Workspace.kpi` does."""
        answers = tuple(
            Answer.from_dict(found) for found in self._get(f"/api/v1/kpis/{_several(kpis)}", words)
        )
        dimensions = tuple(dict.fromkeys(name for answer in answers for name in answer.dimensions))
        asked_for = tuple(dict.fromkeys([*_listed(words.get("by") or ()), *dimensions]))
        values = {name: {answer.dimensions.get(name) for answer in answers} for name in asked_for}
        total = bool(words.get("total")) and bool(_listed(words.get("by") or ()))
        return Result(
            answers,
            asked_for,
            self.about["currency"],
            self._names,
            self._labels(values),
            words.get("compare"),
            total,
        )

    @keywords()
    def explain(self, kpis: str | Iterable[str], **words: Unpack[Words]) -> list[Explanation]:
        """Take figures apart, as `Workspace.explain` does."""
        found = self._get(f"/api/v1/kpis/{_several(kpis)}/explanation", words)
        return [Explanation.from_dict(made, currency=self.about["currency"]) for made in found]

    @keywords()
    def rows(
        self,
        kpis: str | Iterable[str],
        part: str = "numerator",
        *,
        limit: int | None = None,
        **words: Unpack[Words],
    ) -> Iterator[Row]:
        """The source rows of figures, all of them from one snapshot; at most `limit` for each
        KPI.
        """
        for kpi in _listed(kpis):
            yield from islice(self._rows(kpi, {**words, "part": part, "limit": _AT_ONCE}), limit)

    @keywords(ENDS)
    def bridge(
        self,
        kpi: str,
        before: str,
        after: str,
        *,
        before_known_at: datetime | str | None = None,
        before_snapshot: str | None = None,
        **words: Unpack[EndWords],
    ) -> list[Bridge]:
        """What lies between a KPI's figures of two periods, as `Workspace.bridge` says it."""
        own = {"before_known_at": before_known_at, "before_snapshot": before_snapshot}
        ends = {**words, **own, "before": before, "after": after}
        found = self._get(f"/api/v1/kpis/{kpi}/bridge", ends)
        values: dict[str, set[str | None]] = {}
        for effect in (effect for made in found for effect in made["effects"]):
            for name, value in effect.get("dimensions", {}).items():
                values.setdefault(name, set()).add(value)
        labels = self._labels(values)
        return [
            Bridge.from_dict(made, currency=self.about["currency"], labels=labels) for made in found
        ]

    def accounts(self, words: str = "") -> Iterator[Mapping[str, Any]]:
        """The accounts that are the token's person's to see, by name."""
        return self._pieces("/api/v1/accounts", {"q": words, "limit": _AT_ONCE})

    def account(self, account: str) -> Mapping[str, Any]:
        """An account whole: people, contracts, lines, goals, tickets, answers."""
        found: Mapping[str, Any] = self._get(f"/api/v1/accounts/{quote(account, safe='')}")
        return found

    def catalogue(self) -> list[dict[str, Any]]:
        """Every KPI's card."""
        found: list[dict[str, Any]] = self._get("/api/v1/catalogue")["items"]
        return found

    @cached_property
    def _names(self) -> dict[str, str]:
        return {kpi["id"]: kpi["name"] for kpi in self.catalogue()}

    def _labels(self, values: Mapping[str, Iterable[str | None]]) -> dict[tuple[str, str], str]:
        labels: dict[tuple[str, str], str] = {}
        for dimension, found in values.items():
            if dimension in self.about["labelled"]:
                given = self._get(f"/api/v1/labels/{dimension}")
                labels |= {
                    (dimension, key): given[key]
                    for key in found
                    if key is not None and key in given
                }
        return labels

    def _rows(self, kpi: str, asked: Mapping[str, Any]) -> Iterator[Row]:
        return (Row.from_dict(found) for found in self._pieces(f"/api/v1/kpis/{kpi}/rows", asked))

    def _pieces(self, path: str, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        page = self._get(path, asked)
        yield from page["items"]
        while page["next"]:
            page = self._get(page["next"])
            yield from page["items"]

    def _get(self, path: str, asked: Mapping[str, Any] | None = None) -> Any:
        """What a server answers; ServerError with what it says is wrong."""
        try:
            response = self._http.get(path, params=(*pairs(asked or {}),) or None)
        except httpx.HTTPError as wrong:
            raise ServerError(
                f"The server {self._http.base_url} cannot be reached: {wrong}.",
                hint="Is 'kampass serve' running there?",
            ) from None
        try:
            found = response.json()
        except json.JSONDecodeError:
            raise ServerError(
                f"{self._http.base_url} answers, but not as Kampass does.",
                hint="Look at the address.",
            ) from None
        if response.is_success:
            return found
        raise ServerError(
            found.get("detail", response.reason_phrase),
            hint=found.get("hint", ""),
            code=found.get("code", ""),
            status=response.status_code,
        )


def _listed(names: str | Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _several(kpis: str | Iterable[str]) -> str:
    return ",".join(_listed(kpis))
