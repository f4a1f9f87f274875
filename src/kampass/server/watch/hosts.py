"""Which host names are answered: those of `--url`, and for a probe any.

Whoever watches a server calls it by whatever address it has inside: what it hears names nobody, or
needs a token that no page elsewhere has.
"""

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Scope, Send

from kampass.server.rules import MEASURES

PROBED = frozenset({"/health", "/healthz", "/ready", MEASURES})


class KnownHosts(TrustedHostMiddleware):
    """Answers its own host names; what is probed, under any."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's answer, or a refusal."""
        if scope["type"] == "http" and scope["path"] in PROBED:
            await self.app(scope, receive, send)
            return
        await super().__call__(scope, receive, send)
