"""What the palette and the search page find: accounts, KPIs, pages, dashboards, saved questions;
nothing that the viewer may not open.

What begins with the words comes before what has a word that does, and that before what holds them
anywhere.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

from kampass.access import Role
from kampass.book.accounts import accounts
from kampass.catalogue import Catalogue
from kampass.engine.answer import worded
from kampass.errors import DataError
from kampass.server.rules import ADMINS, Call
from kampass.web.parts.links import Found, FoundGroup
from kampass.web.rendering import NAV
from kampass.workspace.view import Sight

MOST, LONGEST = 8, 200
_NOWHERE: Final = 9
_EVERYBODY: Final = frozenset(Role)
_FURTHER: Final = (
    ("Saved questions", "/saved", "star", _EVERYBODY),
    ("Rows set aside (quarantine)", "/data/quarantine", "data", _EVERYBODY),
    ("Snapshots", "/data/snapshots", "data", _EVERYBODY),
    ("Add a file", "/data/upload", "upload", frozenset({Role.ANALYST, Role.ADMIN})),
    ("People and roles", "/settings/people", "person", ADMINS),
    ("API tokens", "/settings/tokens", "lock", _EVERYBODY),
    ("Everybody's sessions and API tokens", "/settings/access", "lock", ADMINS),
    ("Audit log", "/settings/audit", "lock", ADMINS),
)


@dataclass(frozen=True)
class Findable:
    """Something to open; `names` are what else it is called by, folded."""

    title: str
    href: str
    icon: str
    note: str | None = None
    names: tuple[str, ...] = field(default=(), repr=False)

    def rank(self, words: str) -> int:
        """How well folded words fit, the less the better: the title counts before other names of
        the same fit.
        """
        return min(
            [2 * _fit(self.plain, words), *(2 * _fit(name, words) + 1 for name in self.names)]
        )

    @cached_property
    def plain(self) -> str:
        """The title as it is compared."""
        return folded(self.title)


@dataclass(frozen=True)
class SearchPage:
    """What was typed, and the groups of what fits."""

    typed: str
    groups: Sequence[FoundGroup]

    @property
    def count(self) -> int:
        """How much fits."""
        return sum(len(group.items) for group in self.groups)


def search_page(call: Call, typed: str) -> SearchPage:
    """The answer to what was typed."""
    return SearchPage(typed, _groups(call, typed))


def _groups(call: Call, typed: str) -> list[FoundGroup]:
    """The groups of what fits, the best first; without words, where one can go."""
    words = folded(typed)
    if not words:
        return [
            _group(label, things)
            for label, things in (
                ("Pages", _pages(call)),
                ("Dashboards", _dashboards(call)),
                ("Saved questions", _saved(call)),
            )
            if things
        ]
    groups = (
        ("KPIs", _kpis(call)),
        ("Accounts", _accounts(call)),
        ("Pages", _pages(call)),
        ("Dashboards", _dashboards(call)),
        ("Saved questions", _saved(call)),
    )
    ranked = [(label, _ranked(things, words)) for label, things in groups]
    return [
        _group(label, [thing for _, thing in best])
        for label, best in sorted(ranked, key=lambda each: each[1][0][0] if each[1] else 0)
        if best
    ]


def folded(text: str) -> str:
    """Text as it is compared: without capitals, accents and spaces around it.

    >>> folded("  Ångström  GmbH ")
    'angstrom gmbh'
    """
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(letter)
    )
    return " ".join(bare.casefold().split())


def _fit(name: str, words: str) -> int:
    """0 the same, 1 at the beginning, 2 at the beginning of a word, 3 every word begins one, 4
    somewhere.
    """
    if words not in name:
        starts = re.split(r"[^\w]+", name)
        return (
            3
            if all(any(start.startswith(word) for start in starts) for word in words.split())
            else _NOWHERE
        )
    if name.startswith(words):
        return 0 if name == words else 1
    return 2 if _begins(words).search(name) else 4


@lru_cache(maxsize=256)
def _begins(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(words)}")


def _ranked(things: Iterable[Findable], words: str) -> list[tuple[int, Findable]]:
    fits = [(rank, thing) for thing in things if (rank := thing.rank(words)) < 2 * _NOWHERE]
    return sorted(fits, key=lambda each: (each[0], each[1].plain, each[1].href))[:MOST]


def _group(label: str, things: Sequence[Findable]) -> FoundGroup:
    return FoundGroup(
        label, [Found(one.title, one.href, one.note, one.icon) for one in things[:MOST]]
    )


def _sight(call: Call) -> Sight | None:
    """What the viewer may ask; None before anything is loaded, when pages alone can be found."""
    try:
        return call.sight
    except DataError:
        return None


def _accounts(call: Call) -> Sequence[Findable]:
    sight = _sight(call)
    return [] if sight is None else sight.kept("accounts to find", lambda: list(_listed(sight)))


def _listed(sight: Sight) -> Iterator[Findable]:
    for account in accounts(sight):
        note = {"lost": "lost", "prospect": "never paid"}.get(account.state) or (
            worded(account.segment) if account.segment else None
        )
        yield Findable(
            account.name, f"/accounts/{account.id}", "accounts", note, (folded(account.id),)
        )


def _kpis(call: Call) -> Sequence[Findable]:
    sight = _sight(call)
    return (
        list(_defined(call.workspace.catalogue))
        if sight is None
        else sight.kept("KPIs to find", lambda: list(_defined(sight.catalogue)))
    )


def _defined(catalogue: Catalogue) -> Iterator[Findable]:
    for kpi in catalogue:
        yield Findable(
            kpi.name,
            f"/kpis/{kpi.id}",
            "kpis",
            kpi.id,
            (folded(kpi.id), folded(kpi.id.replace("_", " ")), *map(folded, kpi.synonyms)),
        )


def _pages(call: Call) -> list[Findable]:
    assert call.person is not None
    return [
        Findable(title, href, icon)
        for title, href, icon, roles in (*NAV, *_FURTHER)
        if call.person.role in roles
    ]


def _dashboards(call: Call) -> list[Findable]:
    assert call.person is not None
    visible = call.library.dashboards.visible(call.person)
    return [
        Findable(
            one.name,
            f"/dashboards/{one.id}",
            "dashboards",
            None if one.owner_id == call.person.id else f"by {one.owner}",
        )
        for one in visible
    ]


def _saved(call: Call) -> list[Findable]:
    assert call.person is not None
    return [Findable(one.name, one.query, "star") for one in call.library.saved.all(call.person)]
