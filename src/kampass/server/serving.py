"""How a server is reached: its address, the names it answers to, how often, and the identity
provider that may vouch for people.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kampass.server.limits import UNLIMITED, Limits

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Identity:
    """An OpenID Connect provider; `domains` are those whose verified addresses may sign in (none:
    only people who were invited).
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str = "single sign-on"
    domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Serving:
    """What the faces must know of the server they run on. `url` is how people reach it, without a
    slash at the end.
    """

    url: str = "http://127.0.0.1:8090"
    identity: Identity | None = None
    development: bool = False
    limits: Limits | None = None
    metrics_token: str = field(default="", repr=False)

    @property
    def allowed(self) -> Limits:
        """How often somebody may call; while it is being developed, as often as they like."""
        return self.limits or (UNLIMITED if self.development else Limits())

    @property
    def secure(self) -> bool:
        """Whether people reach it over TLS: then cookies travel no other way."""
        return self.url.startswith("https://")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names it answers to; a page elsewhere that resolves to this machine gets nothing."""
        own = urlsplit(self.url).hostname or ""
        return tuple(
            dict.fromkeys(
                [
                    f"[{own}]" if ":" in own else own,
                    *(_LOOPBACK if own in {"localhost", "127.0.0.1", "::1"} else ()),
                ]
            )
        )

    @property
    def cookie(self) -> str:
        """The session cookie's name; the prefix makes browsers refuse one that a neighbour sets."""
        return "__Host-kampass" if self.secure else "kampass"
