"""The forms of coming in."""

from collections.abc import Mapping
from dataclasses import dataclass

from kampass.errors import KampassError


@dataclass(frozen=True)
class SignInForm:
    """E-mail and password, or a provider; `to` is where to go then."""

    email: str
    to: str
    wrong: KampassError | None
    provider: str | None


@dataclass(frozen=True)
class CodeForm:
    """The second step: the code of the authenticator."""

    to: str
    wrong: KampassError | None


@dataclass(frozen=True)
class PasswordForm:
    """A link by which somebody sets a password, and perhaps says their name; `wrong` are messages
    by field, `holds_tokens` whether there are API tokens to end or spare.
    """

    ticket: str
    email: str
    wrong: Mapping[str, str]
    name: str = ""
    holds_tokens: bool = False


@dataclass(frozen=True)
class Forgotten:
    """A forgotten password; `asked` where the address was left."""

    asked: bool
