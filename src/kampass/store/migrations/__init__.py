"""Brings an application database to what this program needs, in one transaction.

Imported only when a database is not there yet, so that opening one costs a query and never
Alembic's start. A database without a version holds either nothing or the tables that the first
migration makes; that one makes only what is missing, and so adopts both.
"""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError

from kampass.errors import DataError
from kampass.store.integrity import seal
from kampass.store.server import take_turns


def upgrade(engine: sa.Engine) -> None:
    """Run what is missing, in one transaction; programs that open one database at once take
    turns.
    """
    with engine.begin() as connection:
        take_turns(connection)
        bring_up(connection)


def bring_up(connection: sa.Connection) -> None:
    """The same inside a transaction; DataError where the database was made by a later version of
    Kampass.
    """
    context = MigrationContext.configure(connection)
    run(context, context.get_current_revision())
    seal(connection)


def run(context: MigrationContext, revision: str | None) -> None:
    """Take a database from its version to the head."""
    directory = scripts()
    try:
        steps = [
            step
            for step in directory.iterate_revisions("head", revision or "base")
            if isinstance(step, Script)
        ]
    except RevisionError:
        raise DataError(
            (
                "The application database was made by a later version of Kampass (its version is "
                f"{revision})."
            ),
            code="database_newer",
            hint="Upgrade Kampass: 'pip install --upgrade kampass'. Nothing was changed.",
        ) from None
    with Operations.context(context):
        for step in reversed(steps):
            step.module.upgrade()
    if steps:
        context.stamp(directory, "head")


@cache
def scripts() -> ScriptDirectory:
    """The migrations, in their order."""
    return ScriptDirectory(str(Path(__file__).parent))
