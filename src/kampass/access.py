"""Who may see which accounts. Everything that answers takes a `Scope`; no face decides for itself
what to leave out.

Account managers see the accounts they own now or owned last (so that the accounts they lost stay
theirs), team leads those of their team and the teams below it, everybody else all of them.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from kampass.errors import KampassError


class Role(StrEnum):
    """What a person is here for."""

    ACCOUNT_MANAGER = "account_manager"
    TEAM_LEAD = "team_lead"
    EXECUTIVE = "executive"
    ANALYST = "analyst"
    ADMIN = "admin"

    @property
    def sees_everything(self) -> bool:
        """Whether no account is foreign to this role."""
        return self in {Role.EXECUTIVE, Role.ANALYST, Role.ADMIN}

    @property
    def label(self) -> str:
        """The role in words."""
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Scope:
    """The accounts that may be seen; None: every one, and what belongs to none."""

    accounts: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.accounts is None

    @cached_property
    def key(self) -> str:
        """A short name that two scopes share only where they see the same: what is kept for one is
        never served to another.
        """
        if self.accounts is None:
            return "all"
        digest = hashlib.sha256()
        for account in sorted(self.accounts):
            digest.update(f"{len(account)}:{account}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:32]

    def sees(self, account: str | None) -> bool:
        """Whether an account may be seen; what belongs to no account is for those who see
        everything.
        """
        return self.accounts is None or (account is not None and account in self.accounts)


EVERYTHING = Scope()
NOTHING = Scope(frozenset())


@dataclass(frozen=True)
class Viewer:
    """Who asks: a signed-in person, what they are here for, and what they may see. `user_id` and
    `team_id` are theirs in the data.
    """

    person_id: int
    email: str
    name: str
    role: Role
    scope: Scope
    user_id: str | None = None
    team_id: str | None = None

    def may(self, *roles: Role) -> bool:
        """Whether the viewer has one of these roles."""
        return self.role in roles


class NotSignedIn(KampassError):  # noqa: N818 - reads as a sentence at the raise
    """Nobody is signed in, or the token does not count."""

    status = 401
    code = "not_signed_in"


class NotAllowed(KampassError):  # noqa: N818
    """The role, or the token's scope, does not allow it."""

    status = 403
    code = "not_allowed"


class NotFound(KampassError):  # noqa: N818
    """It does not exist, or is not the viewer's to see: nobody can tell which."""

    status = 404
    code = "not_found"
