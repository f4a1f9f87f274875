"""Who may sign in, and what opens the door for them. All of it stands in the application
database.
"""

from kampass.people.accounts.person import Person
from kampass.people.audit import Entry
from kampass.people.keys.invitations import Ticket
from kampass.people.keys.sessions import Session
from kampass.people.keys.tokens import Token
from kampass.people.people import People

__all__ = ["Entry", "People", "Person", "Session", "Ticket", "Token"]
