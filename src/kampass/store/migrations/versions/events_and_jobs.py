"""What happened, how far each subscriber has read of it, and the long work that is done or
waits.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add them; what happened before is told to nobody."""
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "at", "about")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event_position",
        sa.Column("subscriber", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Integer, nullable=False),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "title")),
        sa.Column("person_id", sa.Integer, index=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("asked_by", "asked_at")),
        sa.Column("what", sa.Text),
        sa.Column("state", sa.Text, nullable=False, index=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("unit", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("started_at", "finished_at", "before")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("message", "hint", "code")),
        sa.Column("came", sa.Text),
        sqlite_autoincrement=True,
    )
