"""Readers leave: what was being worked out for one alone is stopped then."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kampass.engine.budget import BUDGET, Bounds, Budget, ReaderLeft
from kampass.store.turns import Turns

LARGE = Turns(1, 6, patience=20)
"""Large questions of a server: one at a time."""


class Budgets:
    """Gives each request a budget, and ends it where its reader leaves before the answer."""

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self.app, self.bounds = app, bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer within a budget."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        budget = Budget(self.bounds)
        token = BUDGET.set(budget)
        try:
            if scope["method"] in {"GET", "HEAD"}:
                await self._watched(scope, receive, send, budget)
            else:
                await self.app(scope, receive, send)
        finally:
            BUDGET.reset(token)
            budget.close()

    async def _watched(self, scope: Scope, receive: Receive, send: Send, budget: Budget) -> None:
        """The same, while a second pair of ears hears whether the reader is still there."""
        heard: asyncio.Queue[Message] = asyncio.Queue()

        async def listen() -> None:
            while True:
                message = await receive()
                heard.put_nowait(message)
                if message["type"] == "http.disconnect":
                    budget.end(ReaderLeft("The reader has left."))
                    return

        listening = asyncio.create_task(listen())
        try:
            await self.app(scope, heard.get, send)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


BOUNDS = Bounds(turn=LARGE.taken)
"""The bounds of a server."""
