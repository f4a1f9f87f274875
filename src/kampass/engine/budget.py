"""What a question may cost where many are served: figures before it is worked out, seconds while it
is; and that it ends when its reader leaves.

A command line has none: it is its own person's machine. A server sets one for each request, and the
thread that answers the request finds it here.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field

from kampass.errors import KampassError, QuestionError

_NARROW = "Name fewer KPIs, a shorter period, a coarser grain or fewer ways to cut."


class TooLarge(QuestionError):  # noqa: N818 - reads as a sentence at the raise
    """A question asks for more than is answered at once."""

    code = "question_too_large"


class ReaderLeft(KampassError):  # noqa: N818 - reads as a sentence at the raise
    """Nobody waits for the answer any more."""

    status = 400
    code = "cut_off"


@dataclass(frozen=True)
class Bounds:
    """The `figures` and `periods` of one question, the `seconds` of one request, and what is
    `large`: those questions wait for a turn, so that small ones never wait for them.
    """

    figures: int = 1_000_000
    periods: int = 1_500
    seconds: float = 30.0
    large: int = 2_000
    turn: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass
class Budget:
    """What one request has left; `end` ends it from any thread."""

    bounds: Bounds = Bounds()
    _why: KampassError | None = None
    _running: set[Callable[[], object]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _timer: threading.Timer | None = None
    _has_turn: bool = False

    @contextmanager
    def admitted(self, periods: int, figures: int) -> Iterator[None]:
        """A turn for a question of about so many figures; TooLarge where it has too many."""
        for number, most, what in (
            (figures, self.bounds.figures, "figures"),
            (periods, self.bounds.periods, "periods"),
        ):
            if number > most:
                raise TooLarge(
                    f"That is about {number:,} {what}, and {most:,} are worked out at once.",
                    hint=_NARROW,
                )
        if figures <= self.bounds.large or self._has_turn:
            yield
            return
        with self.bounds.turn():
            self._has_turn = True
            try:
                yield
            finally:
                self._has_turn = False

    @contextmanager
    def running(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """A statement that is interrupted when the budget ends; whatever ended it is raised."""
        with self._lock:
            if self._why is not None:
                raise self._why
            if self._timer is None:
                self._timer = threading.Timer(self.bounds.seconds, self._spent)
                self._timer.daemon = True
                self._timer.start()
            self._running.add(interrupt)
        try:
            yield
        except Exception as wrong:
            if self._why is not None:
                raise self._why from wrong
            raise
        finally:
            with self._lock:
                self._running.discard(interrupt)

    def end(self, why: KampassError) -> None:
        """Stop what runs, and let nothing else begin."""
        with self._lock:
            self._why = self._why or why
            running = list(self._running)
        for interrupt in running:
            interrupt()

    def close(self) -> None:
        """The request is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _spent(self) -> None:
        self.end(
            TooLarge(
                f"That takes longer than {self.bounds.seconds:g} seconds.",
                hint=_NARROW,
            )
        )


BUDGET: ContextVar[Budget | None] = ContextVar("budget", default=None)
"""The budget of the request that is being answered."""


def admitted(periods: int, figures: Callable[[], int]) -> AbstractContextManager[None]:
    """A turn for a question, where there is a budget; only then its figures are estimated."""
    budget = BUDGET.get()
    return nullcontext() if budget is None else budget.admitted(periods, figures())


def running(interrupt: Callable[[], object]) -> AbstractContextManager[None]:
    """A statement within the budget, where there is one."""
    budget = BUDGET.get()
    return nullcontext() if budget is None else budget.running(interrupt)
