"""Notes beside a number, ready for their panel: who wrote what about what, what the reader may
change, and the form for another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from kampass.access import Role
from kampass.book.accounts import accounts
from kampass.errors import QuestionError
from kampass.library.notes import LONGEST, Note
from kampass.periods import parse
from kampass.render import words
from kampass.server.rules import Call
from kampass.web.parts.links import Link
from kampass.web.rendering import moment
from kampass.workspace.view import Sight


@dataclass(frozen=True)
class NoteItem:
    """One note: who wrote what about what, and whether the reader may change it."""

    id: int
    text: str
    author: str
    about: Sequence[Link]
    period: str
    when: str
    iso: str
    zone: str
    edited: bool
    mine: bool


@dataclass(frozen=True)
class NotesPanel:
    """What people noted, and the form for another note: `hidden` is what it is about, `periods`
    (value, words) what one may choose.
    """

    items: Sequence[NoteItem]
    back: str
    hidden: Mapping[str, str]
    periods: Sequence[tuple[str, str]]
    longest: int = LONGEST


def notes_panel(
    call: Call,
    notes: Sequence[Note],
    *,
    back: str,
    about: Mapping[str, str],
    periods: Sequence[tuple[str, str]] = (),
) -> NotesPanel:
    """The panel: `about` (kpi, account) is what the page, and so another note, is about."""
    hidden = {name: value for name, value in about.items() if value}
    items = [_item(call, note, hidden) for note in notes]
    offered = [*periods, ("", "No period in particular")] if periods else []
    return NotesPanel(items, f"{back}#notes", hidden, offered)


def _item(call: Call, note: Note, here: Mapping[str, str]) -> NoteItem:
    """One note; what the page is about already is not said again."""
    zone, person = call.sight.settings.calendar.timezone, call.person
    about = []
    if note.kpi and note.kpi != here.get("kpi"):
        known = call.sight.catalogue.kpis.get(note.kpi)
        about.append(Link(known.name if known else note.kpi, f"/kpis/{quote(note.kpi, safe='')}"))
    if note.account and note.account != here.get("account"):
        name = _names(call.sight).get(note.account, note.account)
        about.append(Link(name, f"/accounts/{quote(note.account, safe='')}"))
    return NoteItem(
        note.id,
        note.text,
        note.author,
        about,
        period_words(call.sight, note.period),
        moment(note.created_at, zone),
        note.created_at.isoformat(),
        zone,
        edited=note.changed_at is not None,
        mine=person is not None and (person.id == note.author_id or person.role is Role.ADMIN),
    )


def period_words(sight: Sight, text: str | None) -> str:
    """The period of a note for people; as it was written where it is none."""
    try:
        period = parse(text or "", sight.settings.calendar)
    except QuestionError:
        return text or ""
    return words.period(period.start, period.end)


def _names(sight: Sight) -> dict[str, str]:
    return sight.kept(
        "names of accounts", lambda: {account.id: account.name for account in accounts(sight)}
    )
