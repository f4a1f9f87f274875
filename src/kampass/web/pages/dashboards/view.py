"""What the pages of dashboards say: the list, one read, one arranged, one of its tiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kampass.access import Role
from kampass.library.dashboards import LONGEST_NAME, Dashboard
from kampass.server.rules import Call
from kampass.web.pages.dashboards.board import KINDS, Board
from kampass.web.pages.dashboards.faces import Face, faces
from kampass.web.pages.dashboards.relative import offered, resolved
from kampass.web.pages.dashboards.starters import Starter, for_role
from kampass.web.pages.dashboards.tile_form import TileForm
from kampass.web.parts.forms import Filters, FormField
from kampass.web.parts.question import Asking, QuestionFields
from kampass.web.rendering import moment

PATH = "/dashboards"
_NAMED = 4


@dataclass(frozen=True)
class Opened:
    """One dashboard as somebody asks for it; `period` is what the address or the dashboard says,
    perhaps a period that moves.
    """

    call: Call
    dashboard: Dashboard
    board: Board
    asking: Asking
    period: str

    @classmethod
    def of(cls, call: Call, number: int, asked: QuestionFields | None = None) -> "Opened":
        """NotFound where there is none for this viewer."""
        assert call.person is not None
        one = call.library.dashboards.get(number, call.person)
        board, written = Board.of(one.layout), asked or QuestionFields()
        period = (written.one["period"] or "").strip() or board.period
        written.one |= {"period": resolved(call.sight, period), "grain": None, "compare": None}
        written.many["by"] = ()
        kpis = tuple(
            dict.fromkeys(tile.kpi for tile in board.tiles if tile.kpi in call.sight.catalogue.kpis)
        )
        return cls(call, one, board, Asking.of(call, written, kpis=kpis), period)

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{PATH}/{self.dashboard.id}"

    @property
    def mine(self) -> bool:
        """Whether the viewer may change it."""
        assert self.call.person is not None
        return self.dashboard.changed_by(self.call.person)

    @property
    def filters(self) -> Filters:
        """Its question in words, with the period as it moves, and the form that changes it."""
        moving = self.period if self.period != self.asking.period else ""
        made = self.asking.filters(self.path, cuts=0, grains=False)
        first, *rest = made.fields
        hint = "Words such as 'latest quarter' move with the data"
        own = replace(first, value=self.period, listed=offered(self.call.sight), hint=hint)
        words = ", ".join(part for part in (moving.capitalize(), made.question) if part)
        return replace(made, question=words, fields=[own, *rest])


@dataclass(frozen=True)
class DashboardCard:
    """A dashboard in the list; `about` names some of its tiles, `shared` those who may read it."""

    href: str
    name: str
    owner: str
    mine: bool
    shared: str
    changed: str
    iso: str
    zone: str
    count: int
    about: str


@dataclass(frozen=True)
class StarterCard:
    """A dashboard to begin with, and the names of the figures on it."""

    starter: Starter
    figures: Sequence[str]


@dataclass(frozen=True)
class DashboardList:
    """All that the viewer may open, and those to begin with."""

    own: Sequence[DashboardCard]
    shared: Sequence[DashboardCard]
    starters: Sequence[StarterCard]
    longest: int = LONGEST_NAME


@dataclass(frozen=True)
class DashboardPage:
    """One dashboard, read."""

    path: str
    lead: str
    mine: bool
    filters: Filters
    faces: Sequence[Face]


@dataclass(frozen=True)
class ArrangePage:
    """One dashboard with everything that changes it; who may read it is ticked."""

    path: str
    name: str
    shared: bool
    faces: Sequence[Face]
    period: FormField
    roles: Sequence[tuple[str, str, bool]]
    longest: int = LONGEST_NAME


@dataclass(frozen=True)
class TilePage:
    """One tile that is being written, and how it looks."""

    path: str
    form: TileForm
    face: Face | None
    kinds: Mapping[str, str]


def dashboard_list(call: Call) -> DashboardList:
    """Everything that whoever is signed in may open."""
    assert call.person is not None
    visible = call.library.dashboards.visible(call.person)
    mine = call.person.id
    return DashboardList(
        [_card(call, one) for one in visible if one.owner_id == mine],
        [_card(call, one) for one in visible if one.owner_id != mine],
        [_starter(call, one) for one in for_role(call.person.role)],
    )


def _card(call: Call, one: Dashboard) -> DashboardCard:
    """What the list says of a dashboard."""
    assert call.person is not None
    board, zone = Board.of(one.layout), call.sight.settings.calendar.timezone
    kpis = call.sight.catalogue.kpis
    names = [
        kpis[tile.kpi].name if tile.kpi in kpis else tile.title or tile.kpi for tile in board.tiles
    ]
    return DashboardCard(
        f"{PATH}/{one.id}",
        one.name,
        one.owner,
        one.changed_by(call.person),
        _roles(one),
        moment(one.changed_at, zone),
        one.changed_at.isoformat(),
        zone,
        len(board.tiles),
        " · ".join(list(dict.fromkeys(filter(None, names)))[:_NAMED]),
    )


def _starter(call: Call, one: Starter) -> StarterCard:
    kpis = call.sight.catalogue.kpis
    return StarterCard(
        one,
        [
            kpis[tile.kpi].name if tile.kpi in kpis else tile.kpi
            for tile in one.board.tiles
            if tile.kpi and tile.kind == "figure"
        ],
    )


def _roles(one: Dashboard) -> str:
    return ", ".join(f"{role.label.lower()}s" for role in Role if role in one.shared_with)


def dashboard_page(opened: Opened) -> DashboardPage:
    """One dashboard, within the rights of whoever reads it."""
    one = opened.dashboard
    by = "" if opened.mine else f"Made by {one.owner}. "
    whole = opened.call.sight.scope.everything
    seen = "all accounts" if whole else "the accounts that you look after"
    shared = f" Shared with {_roles(one)}." if opened.mine and one.shared_with else ""
    return DashboardPage(
        opened.path,
        f"{by}Figures of {opened.asking.period_words}, of {seen}.{shared}",
        opened.mine,
        opened.filters,
        faces(opened.call, opened.board, opened.asking),
    )


def arrange_page(opened: Opened) -> ArrangePage:
    """One dashboard, for its owner."""
    one = opened.dashboard
    return ArrangePage(
        opened.path,
        one.name,
        bool(one.shared_with),
        faces(opened.call, opened.board, opened.asking),
        replace(opened.filters.fields[0], value=opened.board.period),
        [(role.value, f"{role.label}s", role in one.shared_with) for role in Role],
    )


def tile_page(opened: Opened, form: TileForm) -> TilePage:
    """A tile as its form holds it."""
    board = Board((form.tile,))
    shown = faces(opened.call, board, opened.asking) if form.shown else []
    return TilePage(opened.path, form, shown[0] if shown else None, KINDS)
