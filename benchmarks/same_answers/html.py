"""A page as what people and programs read of it: visible texts and attributes, in their order."""

import re
from html.parser import HTMLParser

_LOOKS = {"class", "nonce"}
_SECRET = {"csrf", "ticket"}
_BLANK = re.compile(r"\s+")


class _Reader(HTMLParser):
    """Collects what a page holds; pieces of one text that only tags part are kept apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes, sorted by name, without secrets."""
        given = {name: value or "" for name, value in attrs if name not in _LOOKS}
        if given.get("name") in _SECRET or "csrf" in given.get("name", ""):
            given |= {name: "<secret>" for name in ("value", "content") if name in given}
        if given.get("hx-headers"):
            given["hx-headers"] = "<secret>"
        if given:
            words = " ".join(f'{name}="{_plain(value)}"' for name, value in sorted(given.items()))
            self.found.append(f"<{tag} {words}>")

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if text := _plain(data):
            self.found.append(text)


def read(page: str) -> list[str]:
    """The texts and attributes of a page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found


def _plain(text: str) -> str:
    return _BLANK.sub(" ", text).strip()
