"""What one viewer may ask: the workspace's answers within a scope, all of one page from one
snapshot.

Snapshots never change, so an answer is kept under the snapshot, the scope, the rules and the
question, and nothing ever has to be thrown away because it is stale. Whoever asks for what another
is just working out waits for that instead of doing it twice.
"""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from cachetools import LRUCache

from kampass.access import EVERYTHING, NOTHING, Role, Scope
from kampass.catalogue import Catalogue
from kampass.engine import Engine, Question, Result, Settings
from kampass.engine.around import Around
from kampass.engine.backend import Backend
from kampass.engine.budget import ReaderLeft
from kampass.engine.duckdb_backend import DuckDBBackend
from kampass.errors import DataError
from kampass.insight import ask
from kampass.store import Snapshot
from kampass.store.snapshots.scoped import ScopedSnapshot, Window
from kampass.store.turns import Builds
from kampass.workspace.answers import Answers
from kampass.workspace.home import Home, held_loads, settings_of, there
from kampass.workspace.warming.lately import Lately

T = TypeVar("T")
_OTHERS, _ENGINES, _WINDOWS, _SCOPES = 4000, 256, 6, 1000
_ANSWERS = 200_000
"""Answers that are kept; each takes about a kilobyte."""


@dataclass(eq=False)
class _Value(Generic[T]):
    """A value that is made or being made."""

    made: Future[T] = field(default_factory=Future)
    weight: int = 1


class Kept(Generic[T]):
    """The values last used, each worked out once; an error is not kept. `most` is how many, or how
    much of them where they are weighed.
    """

    def __init__(self, most: int, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._lock, self._weigh = threading.Lock(), weigh
        self._found: LRUCache[Hashable, _Value[T]] = LRUCache(most, lambda value: value.weight)

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made unless it is there or somebody is making it."""
        while True:
            with self._lock:
                found = self._found.get(key)
                mine = found is None
                if found is None:
                    found = self._found[key] = _Value()
            if mine:
                self._make(key, found, make)
            try:
                return found.made.result()
            except ReaderLeft:
                if mine:
                    raise  # otherwise it was somebody else who left, and the value is made anew

    def _make(self, key: Hashable, value: "_Value[T]", make: Callable[[], T]) -> None:
        try:
            made = make()
        # Whoever waits for the value gets the error too.
        except BaseException as wrong:  # noqa: BLE001
            with self._lock:
                self._found.pop(key, None)
            value.made.set_exception(wrong)
            return
        value.made.set_result(made)
        weight = self._weigh(made)
        with self._lock:
            if self._found.pop(key, None) is value and weight <= self._found.maxsize:
                value.weight = weight
                self._found[key] = value

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._found.clear()


@dataclass(frozen=True)
class Sight(Answers):
    """The workspace as one viewer sees it at one moment."""

    sights: "Sights"
    scope: Scope
    current: Snapshot
    rules: tuple[str, str]
    held: tuple[int, ...] = ()

    @property
    def home(self) -> Home:
        """The workspace that is asked."""
        return self.sights.workspace

    @property
    def snapshot_id(self) -> str:
        """The snapshot that answers where the question names none."""
        return self.current.id

    @property
    def known_at(self) -> datetime:
        """When that snapshot's latest load was recorded."""
        return self.current.known_at

    @property
    def catalogue(self) -> Catalogue:
        """Every KPI."""
        return self.home.catalogue

    @property
    def settings(self) -> Settings:
        """What the engine knows of the settings."""
        return self.home.settings.engine

    @property
    def version(self) -> str:
        """Changes whenever an answer might: the snapshot, the rules, the scope, the loads that
        wait.
        """
        held = [f"held{number}" for number in self.held]
        return "-".join([self.current.id, *self.rules, self.scope.key, *held])

    @property
    def backend(self) -> Backend:
        """A database that holds the scope's rows of the current snapshot and nothing else."""
        return DuckDBBackend(self.sights.readable(self.current, self.scope))

    def engine(self, *, known_at: datetime | None = None, snapshot: str | None = None) -> Engine:
        """An engine on the snapshot that answers, within the scope."""
        return self.sights.engine(self, known_at, snapshot)

    def ask(self, question: Question) -> Result:
        """The answers, worked out once; what is asked of now is asked again of what is published
        next.
        """
        self.sights.count()
        found = self.answer(question)
        if question == question.timeless:
            self.sights.lately.remember(self.scope, question)
        return found

    def answer(self, question: Question) -> Result:
        """The answers, without a thought of the next publication."""
        engine = self.engine(**question.clock)
        clock = engine.snapshot.id, engine.known_at
        key = (*clock, *self.rules, self.scope.key, self.held, question)
        return self.sights.answers.get(key, lambda: ask(engine, question))

    def kept(self, name: str, make: Callable[[], T], *about: Hashable) -> T:
        """Anything else that follows from the current snapshot and the scope alone, worked out
        once; `name` says what it is.
        """
        key = (name, self.version, *about)
        found: T = self.sights.others.get(key, make)  # type: ignore[assignment]
        return found

    def forget(self) -> None:
        """Let go of every kept snapshot."""
        self.sights.forget()


class Sights:
    """What is kept for all viewers of a workspace; with `builds`, nobody waits long for a snapshot
    that has to be built.
    """

    def __init__(self, workspace: Home) -> None:
        self.workspace = workspace
        self.answers: Kept[Result] = Kept(_ANSWERS, lambda result: 1 + len(result.answers))
        self.lately = Lately()
        self.builds: Builds | None = None
        self.asked = 0
        self.others: Kept[object] = Kept(_OTHERS)
        self._engines: Kept[Engine] = Kept(_ENGINES)
        self._windows: Kept[Window] = Kept(_WINDOWS)
        self._snapshots: Kept[Snapshot] = Kept(_WINDOWS)
        self._scopes: Kept[Scope] = Kept(_SCOPES)
        self._lock = threading.Lock()
        self._files = self._fingerprint()

    def through(self, scope: Scope) -> Sight:
        """What a scope sees of the snapshot that is current now."""
        self._reread()
        pointer = self.workspace.manifest.current()
        if pointer is None:
            self.workspace.journal.refuse_unknown()
            raise DataError(
                "Nothing has been published yet.",
                code="nothing_published",
                hint="Run 'kampass sync', or upload a file on the page Data.",
            )
        rules = (self.workspace.settings_digest, self.workspace.catalogue_digest)
        current = self._snapshots.get(pointer, lambda: self._open(pointer))
        return Sight(self, scope, current, rules, self.workspace.manifest.held())

    def engine(self, sight: Sight, known_at: datetime | None, snapshot: str | None) -> Engine:
        """The engine of a sight for a question's clock."""
        workspace = self.workspace
        found = (
            sight.current
            if known_at is None and snapshot is None
            else self._there_or_built(known_at, snapshot)
        )
        settings = settings_of(workspace, found) if snapshot else workspace.settings.engine
        digests = dict(zip(("settings_digest", "catalogue_digest"), sight.rules, strict=True))
        held = sight.held
        key = (found.id, known_at, snapshot is not None, *sight.rules, sight.scope.key, held)
        return self._engines.get(
            key,
            lambda: Engine(
                self.readable(found, sight.scope),
                workspace.catalogue,
                settings,
                known_at,
                Around(lambda: digests, lambda: held_loads(workspace, known_at) if held else ()),
            ),
        )

    def readable(self, snapshot: Snapshot, scope: Scope) -> Snapshot | ScopedSnapshot:
        """A snapshot as a scope sees it."""
        if scope.everything:
            return snapshot
        return self._windows.get(snapshot.id, lambda: Window(snapshot)).through(scope)

    def scope_of(self, role: Role, user_id: str | None, team_id: str | None) -> Scope:
        """The accounts that a person of this role may see, by who owns them now or owned them
        last.
        """
        if role.sees_everything:
            return EVERYTHING
        whole = self.through(EVERYTHING)
        found = self._scopes.get(
            (whole.snapshot_id, role, user_id, team_id),
            lambda: _scope(whole, role, user_id, team_id),
        )
        self.lately.know(found, (role, user_id, team_id))
        return found

    def place_of(
        self, email: str, user_id: str | None, team_id: str | None
    ) -> tuple[str | None, str | None]:
        """Who a person is in the data, and the team they lead: as an admin said, else by their
        e-mail address and their team now.
        """
        try:
            whole = self.through(EVERYTHING)
        except DataError:
            return user_id, team_id
        return whole.kept(
            "place", lambda: _place(whole, email, user_id, team_id), email, user_id, team_id
        )

    def count(self) -> None:
        """One more question was asked, whether it had to be worked out or not."""
        with self._lock:
            self.asked += 1

    def forget(self) -> None:
        """Let go of every file that is open."""
        for kept in (
            self.answers,
            self.others,
            self._engines,
            self._windows,
            self._snapshots,
            self._scopes,
        ):
            kept.clear()

    def _open(self, snapshot_id: str) -> Snapshot:
        """The published snapshot, whose file nobody removes while it is open; built again where it
        is gone.
        """
        return self.workspace.snapshots.by_id(snapshot_id) or self._there_or_built(None, None)

    def _there_or_built(self, known_at: datetime | None, snapshot: str | None) -> Snapshot:
        """A snapshot; Busy where it is being built for long, and many are served."""
        workspace = self.workspace
        if self.builds is None:
            return workspace.snapshot(known_at=known_at, snapshot=snapshot)
        return there(workspace, known_at, snapshot) or self.builds.get(
            (known_at, snapshot), lambda: workspace.snapshot(known_at=known_at, snapshot=snapshot)
        )

    def _reread(self) -> None:
        """Notice changed settings and definitions, whoever changed them."""
        now = self._fingerprint()
        if now != self._files:
            with self._lock:
                self.workspace.refresh()
                self._files = now

    def _fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        folder, found = self.workspace.folder, []
        for file in (folder / "kampass.toml", *sorted((folder / "kpis").glob("*.yaml"))):
            with suppress(FileNotFoundError):
                stat = file.stat()
                found.append((file.name, stat.st_mtime_ns, stat.st_size))
        return tuple(found)


_LAST_OWNER = """
WITH today AS (SELECT CAST(timezone($zone, $now::TIMESTAMPTZ) AS DATE) AS day),
  owner AS (SELECT account_id, arg_max(user_id, valid_from) AS user_id FROM owner_span, today
    WHERE valid_from <= day GROUP BY 1),
  home AS (SELECT user_id, arg_max(team_id, valid_from) AS team_id FROM team_span, today
    WHERE valid_from <= day GROUP BY 1)
SELECT owner.account_id FROM owner LEFT JOIN home USING (user_id) WHERE owner.user_id = $user"""
_HOME = """
SELECT arg_max(team_id, valid_from) FROM team_span
WHERE user_id = $user AND valid_from <= CAST(timezone($zone, $now::TIMESTAMPTZ) AS DATE)"""
_OF_TEAM = " OR home.team_id IN (SELECT team FROM team_tree WHERE ancestor = $team)"


def _place(
    whole: Sight, email: str, user_id: str | None, team_id: str | None
) -> tuple[str | None, str | None]:
    """The user of that address, unless one is given, and the team that user is in."""
    if user_id is None:
        found = whole.backend.run(
            "SELECT id FROM users WHERE lower(email) = lower($email) ORDER BY id", {"email": email}
        ).all()
        user_id = found[0][0] if len(found) == 1 else None
    if team_id is None and user_id is not None:
        values = {"zone": whole.settings.calendar.timezone, "now": whole.known_at, "user": user_id}
        row = whole.backend.run(_HOME, values).first()
        team_id = row[0] if row else None
    return user_id, team_id


def _scope(whole: Sight, role: Role, user_id: str | None, team_id: str | None) -> Scope:
    """The accounts whose last owner is the user, or one of the team and the teams below it."""
    leads = role is Role.TEAM_LEAD and team_id is not None
    if user_id is None and not leads:
        return NOTHING
    values = {"zone": whole.settings.calendar.timezone, "now": whole.known_at, "user": user_id}
    rows = whole.backend.run(
        _LAST_OWNER + (_OF_TEAM if leads else ""), values | ({"team": team_id} if leads else {})
    ).all()
    return Scope(frozenset(row[0] for row in rows))
