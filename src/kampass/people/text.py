"""What people type, checked before it is kept: lengths, and no character that hides or reorders the
others.

E-mail addresses are plain ASCII, because two addresses that differ only in how Unicode folds them
must never be one person.
"""

import re
import unicodedata

from kampass.people.errors import BadEmail, BadField

_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_LONGEST_EMAIL = 254
_LONGEST_NAME = 200
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_REORDERING = frozenset(chr(point) for point in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def email(text: str) -> str:
    """An address as it is kept.

    >>> email("  Ann.Lee@Example.COM ")
    'ann.lee@example.com'
    """
    stripped = text.strip()
    folded = stripped.casefold()
    if not stripped.isascii() or len(folded) > _LONGEST_EMAIL or not _EMAIL.fullmatch(folded):
        raise BadEmail
    return folded


def line(text: str, what: str, *, longest: int = _LONGEST_NAME) -> str:
    """One line of at least one character, without space around it."""
    stripped = text.strip()
    if not stripped or len(stripped) > longest or not plain(stripped):
        raise BadField(
            f"The {what} is not right.", hint=f"Write 1 to {longest} characters on one line."
        )
    return stripped


def line_or_none(text: str | None, what: str) -> str | None:
    """The same, where nothing may be said."""
    return line(text, what) if text and text.strip() else None


def paragraphs(text: str, what: str, *, longest: int) -> str:
    """Text of several lines, with line ends as Unix writes them."""
    told = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not told or len(told) > longest or not plain(told.replace("\n", " ").replace("\t", " ")):
        raise BadField(f"The {what} is not right.", hint=f"Write 1 to {longest:,} characters.")
    return told


def plain(text: str) -> bool:
    """Whether every character is seen where it stands."""
    return not any(
        unicodedata.category(character) in _UNSEEN or character in _REORDERING for character in text
    )


def cut(text: str, longest: int) -> str:
    """What a machine says, made fit to be kept: unseen characters replaced, the rest cut off."""
    seen = "".join(
        character if unicodedata.category(character) not in _UNSEEN else "\N{REPLACEMENT CHARACTER}"
        for character in text[: longest + 1]
    )
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}…"
