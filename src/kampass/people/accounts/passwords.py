"""Passwords: which are too weak, and their Argon2 hashes.

A password is compared in one Unicode form (NFKC), so that two keyboards type the same one. Whoever
is unknown costs the same hash as somebody who is not.
"""

import unicodedata
from functools import cache

from pwdlib import PasswordHash

from kampass.people.errors import WeakPassword
from kampass.store.turns import Turns

SHORTEST, LONGEST = 12, 1024
HASHING = PasswordHash.recommended()
TURNS = Turns(2, 8, patience=5)
"""A hash is dear on purpose (64 MB and a good part of a second): strangers get a few at once."""
_FEWEST_KINDS = 5
_SHORTEST_NAME = 3
_RUNS = (
    "0123456789012345678901234567890",
    "9876543210987654321098765432109",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
)
_COMMON = frozenset(
    [
        "123456789abc",
        "1234567890ab",
        "1234567890qw",
        "12345678910a",
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6y7u",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "qwerty123456",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwerty1234567",
        "qwer1234qwer",
        "qazwsxedcrfv",
        "asdfghjkl123",
        "zaq12wsxcde3",
        "password1234",
        "password12345",
        "password123!",
        "password1234!",
        "passwordpassword",
        "password2024",
        "password2025",
        "password2026",
        "mypassword12",
        "mypassword123",
        "passw0rd1234",
        "p@ssw0rd1234",
        "p@ssword1234",
        "letmein12345",
        "letmeinletmein",
        "iloveyou1234",
        "iloveyouforever",
        "welcome12345",
        "welcome123456",
        "welcomewelcome",
        "administrator",
        "admin1234567",
        "admin12345678",
        "adminadmin12",
        "adminadminadmin",
        "changeme1234",
        "changemenow1",
        "changemechangeme",
        "trustno1trustno1",
        "correcthorsebatterystaple",
        "sunshine1234",
        "princess1234",
        "football1234",
        "baseball1234",
        "superman1234",
        "dragon123456",
        "monkey123456",
        "master123456",
        "shadow123456",
        "michael12345",
        "abcd12345678",
        "abc123456789",
        "a1b2c3d4e5f6",
        "qweasdzxc123",
        "letmeinplease",
        "kampass12345",
        "kampasskampass",
        "summer2024!!",
        "summer2025!!",
        "summer2026!!",
        "winter2024!!",
        "winter2025!!",
        "winter2026!!",
        "thisisapassword",
        "secretpassword",
        "testtesttest",
        "test12345678",
        "guest1234567",
        "default12345",
        "unknown12345",
    ]
)


def checked(password: str, email: str) -> str:
    """The password in the form that is hashed; WeakPassword unless it is worth keeping."""
    folded = unicodedata.normalize("NFKC", password)
    if not SHORTEST <= len(folded) <= LONGEST or any(
        unicodedata.category(character) in {"Cc", "Cs"} for character in folded
    ):
        raise WeakPassword(
            f"A password has {SHORTEST} to {LONGEST:,} characters.",
            hint="A sentence that only you would write is easy to remember.",
        )
    if _common(folded.casefold()):
        raise WeakPassword(
            "That password is one of the first to be tried.",
            hint="Four or five words that have nothing to do with each other are better.",
        )
    if _names(folded.casefold(), email):
        raise WeakPassword(
            "A password cannot hold your e-mail address or the name in it.",
            hint="Use words that nobody connects with you.",
        )
    return folded


def hashed(password: str) -> str:
    """The hash of a checked password; Busy where too many are at it."""
    with TURNS.taken():
        return HASHING.hash(password)


def matches(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether it is the password of that hash, and a better hash of it where there is one; without
    a hash it takes as long, and is not. Busy where too many are at it.
    """
    nobody = _hash_of_nobody(HASHING)
    folded = unicodedata.normalize("NFKC", password).encode("utf-8", "replace")[: 4 * LONGEST]
    with TURNS.taken():
        right, better = HASHING.verify_and_update(folded, kept or nobody)
    return (right, better) if kept else (False, None)


def _common(folded: str) -> bool:
    return (
        folded in _COMMON or len(set(folded)) < _FEWEST_KINDS or any(folded in run for run in _RUNS)
    )


def _names(folded: str, email: str) -> bool:
    local = email.partition("@")[0]
    return email in folded or (len(local) >= _SHORTEST_NAME and local in folded)


@cache
def _hash_of_nobody(hashing: PasswordHash) -> str:
    return hashing.hash("nobody has this password")
