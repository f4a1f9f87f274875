"""What people make and keep, behind one object."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from kampass.library.dashboards import Dashboards
from kampass.library.notes import Notes
from kampass.library.saved import SavedQuestions
from kampass.people.database import PeopleDatabase


class Library:
    """Notes, saved questions and dashboards; whose they are, people say."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        database = PeopleDatabase(engine, clock)
        self.notes = Notes(database)
        self.saved = SavedQuestions(database)
        self.dashboards = Dashboards(database)
