"""Who may sign in, and what people make: notes, saved questions, dashboards. All of it stands in
the application database.
"""

from kampass.library.dashboards import Dashboard
from kampass.library.notes import Note
from kampass.library.saved import Saved
from kampass.people.accounts.person import Person
from kampass.people.audit import Entry
from kampass.people.keys.invitations import Ticket
from kampass.people.keys.sessions import Session
from kampass.people.keys.tokens import Token
from kampass.people.people import People

__all__ = ["Dashboard", "Entry", "Note", "People", "Person", "Saved", "Session", "Ticket", "Token"]
