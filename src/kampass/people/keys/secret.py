"""Secrets that are handed out once: 256 random bits behind a prefix that scanners and our own log
can recognise.

They are looked up by their SHA-256, which is all that is kept: a copy of the database opens
nothing.
"""

import hashlib
import re
import secrets

API_TOKEN, SESSION, TICKET = "kp_", "ks_", "kt_"
KNOWN = re.compile(r"k[pst]_[A-Za-z0-9_-]{43}")
"""How a secret looks in a text."""

_LONGEST = 100


def make(prefix: str) -> str:
    """A secret that nobody has seen."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str, prefix: str) -> str | None:
    """What is kept of a secret; None for what cannot be one."""
    if not secret.startswith(prefix) or len(secret) > _LONGEST or not secret.isascii():
        return None
    return hashlib.sha256(secret.encode()).hexdigest()
