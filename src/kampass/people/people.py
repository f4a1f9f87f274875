"""People, their keys and the audit log, behind one object."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from kampass.people.accounts.accounts import Accounts
from kampass.people.audit import Audit
from kampass.people.database import PeopleDatabase
from kampass.people.keys.invitations import Invitations
from kampass.people.keys.sessions import Sessions
from kampass.people.keys.tokens import Tokens


class People:
    """Everybody who may sign in, what opens the door for them, and what they did."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        database = PeopleDatabase(engine, clock)
        self.accounts = Accounts(database)
        self.sessions = Sessions(database)
        self.tokens = Tokens(database)
        self.invitations = Invitations(database)
        self.audit = Audit(database)
