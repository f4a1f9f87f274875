"""What no two recordings share, replaced: a random id by its number in order of appearance.

A placeholder stands for one value throughout a recording, so that a mixed-up id still shows.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_STATIC = re.compile(r"/static/[0-9a-f]+/")
_RANDOM = re.compile(
    r"\bkp_[\w-]{20,}|(?<=ticket=)[\w-]{20,}|(?<=tiles/)[0-9a-f]{12}\b"
    r"|(?<![0-9a-zA-Z])[0-9a-f]{32}(?![0-9a-zA-Z])|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?")
_SIZE = re.compile(r'("(?:size|bytes)": ?)\d+')
_AHEAD = (0, 1, 7, 90)
"""Days from today that Kampass proposes by itself: links and tokens end then."""


@dataclass
class Masks:
    """The masks of one recording, and what they have replaced so far."""

    paths: dict[str, str] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _ids: dict[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """The text without what differs each time."""
        for path, name in self.paths.items():
            text = text.replace(path, name)
        text = _STATIC.sub("/static/…/", text)
        text = _RANDOM.sub(self._numbered, text)
        text = _SIZE.sub(r"\1-1", text)
        text = _INSTANT.sub(self._instant, text)
        for pattern, write in self._days():
            text = pattern.sub(write, text)
        return text

    def _numbered(self, found: re.Match[str]) -> str:
        return self._ids.setdefault(found[0], f"<id {len(self._ids) + 1}>")

    def _instant(self, found: re.Match[str]) -> str:
        """`<now>` where the instant lies within the recording (to the hour, for other zones)."""
        try:
            moment = datetime.fromisoformat(found[0].replace(" ", "T"))
        except ValueError:
            return found[0]
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        near = self.began - timedelta(hours=14) <= moment <= datetime.now(UTC) + timedelta(hours=14)
        return "<now>" if near else found[0]

    def _days(self) -> list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]]:
        """The days of the recording as pages write them, with the time of day behind them."""
        patterns: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = []
        for ahead in _AHEAD:
            day = (self.began + timedelta(days=ahead)).date()
            name = "<today>" if ahead == 0 else f"<today+{ahead}>"
            words = f"{day.day} {day:%b} {day.year}|{day.day} {day:%B} {day.year}|{day.isoformat()}"
            patterns.append((re.compile(rf"\b(?:{words})(?:,? \d\d:\d\d)?"), name))
        return patterns
