"""Notes beside a number, ready for their panel: who wrote what about what, what the reader may
change, and the form for another one.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from kampass.access import Role
from kampass.book.accounts import accounts
from kampass.errors import QuestionError
from kampass.library.notes import LONGEST, Note
from kampass.periods import parse
from kampass.server.rules import Call
from kampass.web.parts import spans
from kampass.web.rendering import moment
from kampass.workspace.view import Sight


def noted(
    call: Call,
    notes: Sequence[Note],
    *,
    back: str,
    about: Mapping[str, str],
    periods: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """The parameters of `pages/notes.html`: `about` (kpi, account) is what the page, and so a new
    note, is about; `periods` (value, words) what one may choose.
    """
    hidden = {name: value for name, value in about.items() if value}
    return {
        "items": [_item(call, note, hidden) for note in notes],
        "back": f"{back}#notes",
        "hidden": hidden,
        "periods": [*periods, ("", "No period in particular")] if periods else [],
        "longest": LONGEST,
    }


def _item(call: Call, note: Note, here: Mapping[str, str]) -> dict[str, Any]:
    """One note; what the page is about already is not said again."""
    zone, person = call.sight.settings.calendar.timezone, call.person
    about = []
    if note.kpi and note.kpi != here.get("kpi"):
        known = call.sight.catalogue.kpis.get(note.kpi)
        about.append(
            {"text": known.name if known else note.kpi, "href": f"/kpis/{quote(note.kpi, safe='')}"}
        )
    if note.account and note.account != here.get("account"):
        about.append(
            {
                "text": _names(call.sight).get(note.account, note.account),
                "href": f"/accounts/{quote(note.account, safe='')}",
            }
        )
    return {
        "id": note.id,
        "text": note.text,
        "author": note.author,
        "about": about,
        "period": period_words(call.sight, note.period),
        "when": moment(note.created_at, zone),
        "iso": note.created_at.isoformat(),
        "zone": zone,
        "edited": note.changed_at is not None,
        "mine": person is not None and (person.id == note.author_id or person.role is Role.ADMIN),
    }


def period_words(sight: Sight, text: str | None) -> str:
    """The period of a note for people; as it was written where it is none."""
    try:
        period = parse(text or "", sight.settings.calendar)
    except QuestionError:
        return text or ""
    return spans.said(period.start, period.end)


def _names(sight: Sight) -> dict[str, str]:
    return sight.kept(
        "names of accounts", lambda: {account.id: account.name for account in accounts(sight)}
    )
