"""A source in a package of its own: a feed of changes, page by page, as many systems hand them out.

The feed is a JSON file. It holds pages in order; a page holds entries, each of which says how one
row is now, or that it is deleted, and when that became so. Nothing in it says that a table is
complete, so absence says nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from kampass.errors import DataError
from kampass.intake.kinds import SourceSettings
from kampass.intake.readers.records import batch
from kampass.model.messages import Covered, Cursor, Deleted, Message


def make(settings: SourceSettings, workspace: Path, scratch: Path) -> "TicketFeed":
    """The feed that `path` names, from the workspace's folder on."""
    return TicketFeed(settings.name, workspace / settings.options["path"])


@dataclass(frozen=True)
class TicketFeed:
    """The feed in a file. The cursor is the number of the last page that was read; that page is
    read again next time, since its system may have added to it.
    """

    name: str
    file: Path

    def read(self, since: str | None) -> Iterator[Message]:
        """Every page from the last one that was read on; DataError where one is cut off."""
        pages = json.loads(self.file.read_text(encoding="utf-8"))
        for number, page in enumerate(pages[int(since or 0) :], start=int(since or 0)):
            if "entries" not in page:
                raise DataError(f"Page {number} of the feed is cut off.", code="unreadable_file")
            yield from _said(number, page["entries"])
            for table, days in page.get("covered", {}).items():
                yield Covered(table, *(date.fromisoformat(day) for day in days))
            yield Cursor(str(number))


def _said(number: int, entries: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    """The entries in their order; neighbours of one table that are rows come as one batch."""
    for (table, deletes), group in groupby(entries, key=lambda e: (e["table"], "deleted" in e)):
        if deletes:
            for entry in group:
                at = datetime.fromisoformat(entry["at"]) if "at" in entry else None
                yield Deleted(table, (tuple(entry["deleted"]),), at)
        else:
            yield batch(table, [entry["row"] for entry in group], f"page {number}")
