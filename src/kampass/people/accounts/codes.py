"""The six digits of an authenticator (TOTP, RFC 6238): half a minute each, the one before and the
one after accepted too.
"""

from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

_DIGITS = 6
_WINDOW = 1


def offer(email: str) -> tuple[str, str]:
    """A secret, and the address that an authenticator reads from a picture of it."""
    secret = pyotp.random_base32()
    return secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Kampass")


def step(secret: str, typed: str, now: datetime) -> int | None:
    """The half minute that a code belongs to; None where it is not a code of now."""
    digits = "".join(typed.split())
    if len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(
            digits, for_time=now, valid_window=_WINDOW
        )
    except OTPVerificationError:
        return None
